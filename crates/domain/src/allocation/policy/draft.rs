//! A policy as somebody writes it, and the checks that make a policy of it.

use super::{
    AllocationPolicy, ExceptionBehaviour, FallbackScope, LineScope, PROMOTION_DAYS_MAX, SEGMENT_NAME_BYTES_MAX,
    SEGMENTS_MAX, SORT_KEYS_MAX, Segment, SortBy, SortKey, Strategy,
    problem::{InvalidPolicy, PolicyProblem},
};
use crate::{
    allocation::{
        filter::{Attribute, Filter, attribute::AttributeKind},
        sequence::NAMES_MAX,
    },
    ids::{ID_BYTES_MAX, PolicyId},
};

/// Filters as they are written. A blank `include` means all lines, a blank `exclude` none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScopeDraft {
    /// Which lines.
    pub include: String,
    /// Which of them not.
    pub exclude: String,
}

/// A segment as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentDraft {
    /// Its name.
    pub name: String,
    /// Which lines it claims.
    pub scope: ScopeDraft,
    /// What they are owed.
    pub strategy: Strategy,
    /// Its place among those that are asked who claims a line.
    pub evaluation_seq: u32,
    /// Its place among those of its strategy that are served.
    pub check_seq: u32,
    /// In which order its lines are served.
    pub sort: Vec<SortKey>,
}

/// A policy as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyDraft {
    /// Its id.
    pub id: String,
    /// The global segment.
    pub global: Option<ScopeDraft>,
    /// The segments.
    pub segments: Vec<SegmentDraft>,
    /// What ends on an exception.
    pub exception_behaviour: ExceptionBehaviour,
    /// What the fallback is run over.
    pub fallback_scope: FallbackScope,
    /// The policy that is run after an exception.
    pub fallback: Option<String>,
    /// After how many days of waiting a line is served one tier better.
    pub promotion_days: Option<u32>,
    /// The tiers, best first.
    pub tiers: Vec<String>,
    /// The channels, first served first.
    pub channels: Vec<String>,
}

fn refused<T>(field: impl Into<String>, problem: impl Into<PolicyProblem>) -> Result<T, InvalidPolicy> {
    Err(InvalidPolicy { field: field.into(), problem: problem.into() })
}

pub(super) fn checked(draft: PolicyDraft) -> Result<AllocationPolicy, InvalidPolicy> {
    let id = PolicyId::try_new(draft.id).or_else(|error| refused("id", error))?;
    let fallback = draft.fallback.map(PolicyId::try_new).transpose().or_else(|error| refused("fallback", error))?;
    if fallback.as_ref() == Some(&id) {
        return refused("fallback", PolicyProblem::Itself);
    }
    let nothing = (ExceptionBehaviour::StopCompletely, FallbackScope::FailedCombinations);
    if (draft.exception_behaviour, draft.fallback_scope) == nothing {
        return refused("fallback_scope", PolicyProblem::NothingFailedAlone);
    }
    names("tiers", &draft.tiers)?;
    names("channels", &draft.channels)?;
    let global = draft.global.map(|scope| line_scope("global", &scope)).transpose()?;
    let policy = AllocationPolicy {
        id,
        global,
        segments: segments(draft.segments)?,
        exception_behaviour: draft.exception_behaviour,
        fallback_scope: draft.fallback_scope,
        fallback,
        promotion_days: draft.promotion_days,
        tiers: draft.tiers,
        channels: draft.channels,
    };
    sorts(&policy)?;
    promotion(&policy)?;
    Ok(policy)
}

fn name(field: &str, name: &str, bytes_max: usize) -> Result<(), InvalidPolicy> {
    if name.trim().is_empty() {
        return refused(field, PolicyProblem::Empty);
    }
    if name.len() > bytes_max {
        return refused(field, PolicyProblem::TooLong { found: name.len(), max: bytes_max });
    }
    match name.chars().find(|character| character.is_control()) {
        Some(character) => refused(field, PolicyProblem::Character(character)),
        None => Ok(()),
    }
}

/// Names in the order in which they are served.
fn names(field: &str, listed: &[String]) -> Result<(), InvalidPolicy> {
    if listed.len() > NAMES_MAX {
        return refused(field, PolicyProblem::TooMany { found: listed.len(), max: NAMES_MAX });
    }
    let mut places = std::collections::HashMap::with_capacity(listed.len());
    for (place, text) in listed.iter().enumerate() {
        let here = format!("{field}[{place}]");
        name(&here, text, ID_BYTES_MAX)?;
        if let Some(other) = places.insert(text, place) {
            return refused(
                here,
                PolicyProblem::Taken { what: format!("{text:?}"), other: format!("{field}[{other}]") },
            );
        }
    }
    Ok(())
}

fn line_scope(field: &str, scope: &ScopeDraft) -> Result<LineScope, InvalidPolicy> {
    let filter = |side: &str, source: &str| {
        if source.trim().is_empty() {
            return Ok(None);
        }
        Filter::try_new(source).map(Some).or_else(|error| refused(format!("{field}.{side}"), error))
    };
    Ok(LineScope { include: filter("include", &scope.include)?, exclude: filter("exclude", &scope.exclude)? })
}

fn segments(drafts: Vec<SegmentDraft>) -> Result<Vec<Segment>, InvalidPolicy> {
    if drafts.is_empty() {
        return refused("segments", PolicyProblem::NoSegment);
    }
    if drafts.len() > SEGMENTS_MAX {
        return refused("segments", PolicyProblem::TooMany { found: drafts.len(), max: SEGMENTS_MAX });
    }
    let mut segments: Vec<Segment> = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let field = format!("segments[{}]", segments.len());
        name(&format!("{field}.name"), &draft.name, SEGMENT_NAME_BYTES_MAX)?;
        let segment = Segment {
            scope: line_scope(&field, &draft.scope)?,
            name: draft.name,
            strategy: draft.strategy,
            evaluation_seq: draft.evaluation_seq,
            check_seq: draft.check_seq,
            sort: draft.sort,
        };
        distinct(&field, &segment, &segments)?;
        segments.push(segment);
    }
    Ok(segments)
}

/// What two segments may not share: the name, the place among those that are asked, the place among those of one strategy
/// that are served.
fn distinct(field: &str, segment: &Segment, others: &[Segment]) -> Result<(), InvalidPolicy> {
    for (place, other) in others.iter().enumerate() {
        let taken = |side: &str, what: String| {
            refused(format!("{field}.{side}"), PolicyProblem::Taken { what, other: format!("segments[{place}]") })
        };
        if segment.name == other.name {
            return taken("name", format!("{:?}", segment.name));
        }
        if segment.evaluation_seq == other.evaluation_seq {
            return taken("evaluation_seq", segment.evaluation_seq.to_string());
        }
        let one_strategy = segment.strategy == other.strategy && segment.strategy.runs();
        if one_strategy && segment.check_seq == other.check_seq {
            return taken("check_seq", segment.check_seq.to_string());
        }
    }
    Ok(())
}

fn sorts(policy: &AllocationPolicy) -> Result<(), InvalidPolicy> {
    for (place, segment) in policy.segments.iter().enumerate() {
        let field = format!("segments[{place}].sort");
        if segment.sort.len() > SORT_KEYS_MAX {
            return refused(field, PolicyProblem::TooMany { found: segment.sort.len(), max: SORT_KEYS_MAX });
        }
        for (key_place, key) in segment.sort.iter().enumerate() {
            let here = format!("{field}[{key_place}]");
            let earlier = segment.sort[..key_place].iter().position(|other| other.by.attribute() == key.by.attribute());
            if let Some(other) = earlier {
                let what = key.by.attribute().map_or("the order time", Attribute::path).to_owned();
                return refused(here, PolicyProblem::Taken { what, other: format!("{field}[{other}]") });
            }
            sort_key(&here, key, policy)?;
        }
    }
    Ok(())
}

fn sort_key(field: &str, key: &SortKey, policy: &AllocationPolicy) -> Result<(), InvalidPolicy> {
    match &key.by {
        SortBy::Tier if policy.tiers.is_empty() => refused(field, PolicyProblem::NeedsOrder("tiers")),
        SortBy::Channel if policy.channels.is_empty() => refused(field, PolicyProblem::NeedsOrder("channels")),
        SortBy::Sequence { attribute, .. } if attribute.kind() != AttributeKind::Text => {
            refused(format!("{field}.attribute"), PolicyProblem::NotText(*attribute))
        }
        SortBy::Sequence { values, .. } if values.is_empty() => {
            refused(format!("{field}.values"), PolicyProblem::Empty)
        }
        SortBy::Sequence { values, .. } => names(&format!("{field}.values"), values),
        SortBy::Tier
        | SortBy::Channel
        | SortBy::RequestedDate
        | SortBy::PromisedDate
        | SortBy::Age
        | SortBy::OrderTime
        | SortBy::Margin
        | SortBy::Value
        | SortBy::ValueAtRisk
        | SortBy::CostOfDelay => Ok(()),
    }
}

fn promotion(policy: &AllocationPolicy) -> Result<(), InvalidPolicy> {
    let Some(days) = policy.promotion_days else { return Ok(()) };
    let field = "promotion_days";
    if days == 0 || days > PROMOTION_DAYS_MAX {
        return refused(field, PolicyProblem::Days(days));
    }
    if policy.tiers.is_empty() {
        return refused(field, PolicyProblem::NeedsOrder("tiers"));
    }
    let scopes = policy.global.iter().chain(policy.segments.iter().map(|segment| &segment.scope));
    let mut filters = scopes.flat_map(|scope| scope.include.iter().chain(&scope.exclude));
    let filtered = filters.any(|filter| filter.reads().contains(&Attribute::LineTier));
    let sorted = policy.segments.iter().flat_map(|segment| &segment.sort);
    if filtered || sorted.map(|key| key.by.attribute()).any(|by| by == Some(Attribute::LineTier)) {
        return Ok(());
    }
    refused(field, PolicyProblem::Unread)
}
