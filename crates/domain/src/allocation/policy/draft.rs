//! A policy as somebody writes it, and the checks that make a policy of it.

use super::{
    AllocationPolicy, ExceptionBehaviour, FallbackScope, LineScope, PROMOTION_DAYS_MAX, SEGMENT_NAME_BYTES_MAX,
    SEGMENTS_MAX, SORT_KEYS_MAX, Segment, SortBy, SortKey, Strategy,
    problem::{InvalidField, InvalidPolicy, PolicyProblem},
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

/// Everything that is wrong so far.
#[derive(Default)]
struct Faults(Vec<InvalidField>);

impl Faults {
    fn add(&mut self, field: impl Into<String>, problem: PolicyProblem) {
        self.0.push(InvalidField { field: field.into(), problem });
    }

    /// What was made, or nothing and the fault of the field.
    fn of<T, P: Into<PolicyProblem>>(&mut self, field: impl Into<String>, made: Result<T, P>) -> Option<T> {
        made.map_err(|problem| self.add(field, problem.into())).ok()
    }
}

pub(super) fn checked(draft: PolicyDraft) -> Result<AllocationPolicy, InvalidPolicy> {
    let mut faults = Faults::default();
    let id = faults.of("id", PolicyId::try_new(draft.id));
    let fallback = draft.fallback.and_then(|fallback| faults.of("fallback", PolicyId::try_new(fallback)));
    if fallback.is_some() && fallback == id {
        faults.add("fallback", PolicyProblem::Itself);
    }
    let nothing = (ExceptionBehaviour::StopCompletely, FallbackScope::FailedCombinations);
    if (draft.exception_behaviour, draft.fallback_scope) == nothing {
        faults.add("fallback_scope", PolicyProblem::NothingFailedAlone);
    }
    names("tiers", &draft.tiers, &mut faults);
    names("channels", &draft.channels, &mut faults);
    let global = draft.global.map(|scope| line_scope("global", &scope, &mut faults));
    let policy = id.map(|id| AllocationPolicy {
        id,
        global,
        segments: segments(draft.segments, &mut faults),
        exception_behaviour: draft.exception_behaviour,
        fallback_scope: draft.fallback_scope,
        fallback,
        promotion_days: draft.promotion_days,
        tiers: draft.tiers,
        channels: draft.channels,
    });
    if let Some(policy) = &policy {
        sorts(policy, &mut faults);
        promotion(policy, &mut faults);
    }
    policy.filter(|_| faults.0.is_empty()).ok_or(InvalidPolicy(faults.0))
}

fn name(field: &str, name: &str, bytes_max: usize, faults: &mut Faults) {
    if name.trim().is_empty() {
        faults.add(field, PolicyProblem::Empty);
    } else if name.len() > bytes_max {
        faults.add(field, PolicyProblem::TooLong { found: name.len(), max: bytes_max });
    } else if let Some(character) = name.chars().find(|character| character.is_control()) {
        faults.add(field, PolicyProblem::Character(character));
    }
}

/// Names in the order in which they are served.
fn names(field: &str, listed: &[String], faults: &mut Faults) {
    if listed.len() > NAMES_MAX {
        return faults.add(field, PolicyProblem::TooMany { found: listed.len(), max: NAMES_MAX });
    }
    let mut places = std::collections::HashMap::with_capacity(listed.len());
    for (place, text) in listed.iter().enumerate() {
        let here = format!("{field}[{place}]");
        name(&here, text, ID_BYTES_MAX, faults);
        if let Some(other) = places.insert(text, place) {
            faults.add(here, PolicyProblem::Taken { what: format!("{text:?}"), other: format!("{field}[{other}]") });
        }
    }
}

fn line_scope(field: &str, scope: &ScopeDraft, faults: &mut Faults) -> LineScope {
    let mut filter = |side: &str, source: &str| {
        let is_written = !source.trim().is_empty();
        is_written.then(|| faults.of(format!("{field}.{side}"), Filter::try_new(source))).flatten()
    };
    LineScope { include: filter("include", &scope.include), exclude: filter("exclude", &scope.exclude) }
}

fn segments(drafts: Vec<SegmentDraft>, faults: &mut Faults) -> Vec<Segment> {
    if drafts.is_empty() {
        faults.add("segments", PolicyProblem::NoSegment);
    }
    if drafts.len() > SEGMENTS_MAX {
        faults.add("segments", PolicyProblem::TooMany { found: drafts.len(), max: SEGMENTS_MAX });
    }
    let mut segments: Vec<Segment> = Vec::with_capacity(drafts.len().min(SEGMENTS_MAX));
    for draft in drafts.into_iter().take(SEGMENTS_MAX) {
        let field = format!("segments[{}]", segments.len());
        name(&format!("{field}.name"), &draft.name, SEGMENT_NAME_BYTES_MAX, faults);
        let segment = Segment {
            scope: line_scope(&field, &draft.scope, faults),
            name: draft.name,
            strategy: draft.strategy,
            evaluation_seq: draft.evaluation_seq,
            check_seq: draft.check_seq,
            sort: draft.sort,
        };
        distinct(&field, &segment, &segments, faults);
        segments.push(segment);
    }
    segments
}

/// What two segments may not share: the name, the place among those that are asked, the place among those of one strategy
/// that are served.
fn distinct(field: &str, segment: &Segment, others: &[Segment], faults: &mut Faults) {
    for (place, other) in others.iter().enumerate() {
        let mut taken = |side: &str, what: String| {
            let other = format!("segments[{place}]");
            faults.add(format!("{field}.{side}"), PolicyProblem::Taken { what, other });
        };
        if segment.name == other.name {
            taken("name", format!("{:?}", segment.name));
        }
        if segment.evaluation_seq == other.evaluation_seq {
            taken("evaluation_seq", segment.evaluation_seq.to_string());
        }
        let one_strategy = segment.strategy == other.strategy && segment.strategy.runs();
        if one_strategy && segment.check_seq == other.check_seq {
            taken("check_seq", segment.check_seq.to_string());
        }
    }
}

fn sorts(policy: &AllocationPolicy, faults: &mut Faults) {
    for (place, segment) in policy.segments.iter().enumerate() {
        let field = format!("segments[{place}].sort");
        if segment.sort.len() > SORT_KEYS_MAX {
            faults.add(field, PolicyProblem::TooMany { found: segment.sort.len(), max: SORT_KEYS_MAX });
            continue;
        }
        for (key_place, key) in segment.sort.iter().enumerate() {
            let here = format!("{field}[{key_place}]");
            let earlier = segment.sort[..key_place].iter().position(|other| key.by.decides_as(&other.by));
            match earlier {
                Some(other) => {
                    let what = key.by.word().to_owned();
                    faults.add(here, PolicyProblem::Taken { what, other: format!("{field}[{other}]") });
                }
                None => sort_key(&here, key, policy, faults),
            }
        }
    }
}

fn sort_key(field: &str, key: &SortKey, policy: &AllocationPolicy, faults: &mut Faults) {
    match &key.by {
        SortBy::Tier if policy.tiers.is_empty() => faults.add(field, PolicyProblem::NeedsOrder("tiers")),
        SortBy::Channel if policy.channels.is_empty() => faults.add(field, PolicyProblem::NeedsOrder("channels")),
        SortBy::Sequence { attribute, .. } if attribute.kind() != AttributeKind::Text => {
            faults.add(format!("{field}.attribute"), PolicyProblem::NotText(*attribute));
        }
        SortBy::Sequence { values, .. } if values.is_empty() => {
            faults.add(format!("{field}.values"), PolicyProblem::Empty);
        }
        SortBy::Sequence { values, .. } => names(&format!("{field}.values"), values, faults),
        SortBy::Tier
        | SortBy::Channel
        | SortBy::RequestedDate
        | SortBy::PromisedDate
        | SortBy::Age
        | SortBy::OrderTime
        | SortBy::Queue
        | SortBy::Margin
        | SortBy::Value
        | SortBy::ValueAtRisk
        | SortBy::CostOfDelay => {}
    }
}

fn promotion(policy: &AllocationPolicy, faults: &mut Faults) {
    let Some(days) = policy.promotion_days else { return };
    let field = "promotion_days";
    if days == 0 || days > PROMOTION_DAYS_MAX {
        faults.add(field, PolicyProblem::Days(days));
    }
    if policy.tiers.is_empty() {
        return faults.add(field, PolicyProblem::NeedsOrder("tiers"));
    }
    let served_tier = |(_, read): &(String, Attribute)| *read == Attribute::LineTier;
    if !policy.reads().iter().any(served_tier) {
        faults.add(field, PolicyProblem::Unread);
    }
}
