//! Policies, their versions and what is in force for people.

use backorder_proto::{
    allocation::v1::{
        AllocationPolicy, AllocationPolicyInForce, AllocationPolicyVersion, Segment, SegmentSort, SegmentSortKey,
        SortDirection,
    },
    common::v1::WriteContext,
};

use super::file::{EXCEPTIONS, KEYS, SCOPES, STRATEGIES};
use crate::output::{
    table::{
        Column::{Number, Words},
        pairs, render,
    },
    text,
};

fn word<T: PartialEq>(words: &[(&'static str, T)], meant: &T) -> &'static str {
    words.iter().find(|(_, known)| known == meant).map_or("-", |(word, _)| word)
}

fn or_dash(text: &str) -> String {
    if text.is_empty() { "-".to_owned() } else { text.to_owned() }
}

/// A key in words: `value`, `value ascending`, `item.category (china, glass)`.
fn key(key: &SegmentSort) -> String {
    let named = if key.key() == SegmentSortKey::Sequence {
        format!("{} ({})", key.attribute, key.values.join(", "))
    } else {
        word(&KEYS, &key.key()).to_owned()
    };
    match key.direction() {
        SortDirection::Unspecified => named,
        SortDirection::Ascending => format!("{named} ascending"),
        SortDirection::Descending => format!("{named} descending"),
    }
}

fn filters(include: &str, exclude: &str) -> String {
    match (include, exclude) {
        ("", "") => "all".to_owned(),
        (include, "") => include.to_owned(),
        ("", exclude) => format!("not: {exclude}"),
        (include, exclude) => format!("{include}\nbut not: {exclude}"),
    }
}

fn segments(segments: &[Segment]) -> String {
    let columns =
        [Words("segment"), Words("strategy"), Number("asked"), Number("served"), Words("lines"), Words("sorted by")];
    render(
        &columns,
        segments.iter().map(|one| {
            vec![
                one.name.clone(),
                word(&STRATEGIES, &one.strategy()).to_owned(),
                one.evaluation_seq.to_string(),
                one.check_seq.to_string(),
                filters(&one.include, &one.exclude),
                or_dash(&one.sort.iter().map(key).collect::<Vec<_>>().join(", ")),
            ]
        }),
    )
}

/// One version with what it says.
pub(super) fn version(version: &AllocationPolicyVersion) -> String {
    let policy = version.policy.clone().unwrap_or_default();
    let context = version.context.clone().unwrap_or_default();
    let mut rows = vec![
        ("policy".to_owned(), text::id(&policy.name).to_owned()),
        ("version".to_owned(), version.etag.clone()),
        ("holds from".to_owned(), text::time(version.effective_time.as_ref())),
        ("by".to_owned(), context.actor.clone()),
        ("reason".to_owned(), why(&context)),
    ];
    if version.retires {
        rows.push(("retired".to_owned(), "from then on there is no such policy".to_owned()));
        return pairs(rows);
    }
    rows.extend(head(&policy));
    format!("{}\n{}", pairs(rows), segments(&policy.segments))
}

fn head(policy: &AllocationPolicy) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    let mut add = |name: &str, value: String| rows.push((name.to_owned(), value));
    if let Some(global) = &policy.global {
        add("only lines", filters(&global.include, &global.exclude));
    }
    add("exceptions", word(&EXCEPTIONS, &policy.exception_behaviour()).to_owned());
    if !policy.fallback.is_empty() {
        let scope = word(&SCOPES, &policy.fallback_scope());
        add("fallback", format!("{}, over {scope}", text::id(&policy.fallback)));
    }
    if let Some(days) = policy.promotion_days {
        add("promoted by a tier", format!("after {days} days"));
    }
    if !policy.tiers.is_empty() {
        add("tiers", policy.tiers.join(", "));
    }
    if !policy.channels.is_empty() {
        add("channels", policy.channels.join(", "));
    }
    rows
}

fn why(context: &WriteContext) -> String {
    if context.note.is_empty() {
        context.reason_code.clone()
    } else {
        format!("{}: {}", context.reason_code, context.note)
    }
}

/// Versions as a table.
pub(super) fn versions(versions: &[AllocationPolicyVersion]) -> String {
    let columns = [
        Words("policy"),
        Number("version"),
        Words("holds from"),
        Number("segments"),
        Words("written"),
        Words("by"),
        Words("reason"),
    ];
    render(
        &columns,
        versions.iter().map(|version| {
            let policy = version.policy.clone().unwrap_or_default();
            let context = version.context.clone().unwrap_or_default();
            vec![
                text::id(&policy.name).to_owned(),
                version.etag.clone(),
                text::time(version.effective_time.as_ref()),
                if version.retires { "retired".to_owned() } else { policy.segments.len().to_string() },
                text::time(version.create_time.as_ref()),
                context.actor.clone(),
                why(&context),
            ]
        }),
    )
}

/// Which policy is in force.
pub(super) fn in_force(decisions: &[AllocationPolicyInForce]) -> String {
    let columns = [Words("in force"), Words("from"), Words("decided"), Words("by"), Words("reason")];
    render(
        &columns,
        decisions.iter().map(|decision| {
            let context = decision.context.clone().unwrap_or_default();
            let policy = text::id(&decision.policy);
            vec![
                if policy.is_empty() { "none: each line keeps what it has".to_owned() } else { policy.to_owned() },
                text::time(decision.effective_time.as_ref()),
                text::time(decision.create_time.as_ref()),
                context.actor.clone(),
                why(&context),
            ]
        }),
    )
}
