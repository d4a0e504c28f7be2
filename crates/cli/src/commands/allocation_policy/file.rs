//! A policy of allocation runs as a file: the format of the demo's policies, with segments.
//!
//! It reads and refuses what it cannot read. What a policy may be, filters among it, is the business of the service.

use std::{fs, path::Path};

use backorder_proto::allocation::v1::{
    AllocationPolicy, ExceptionBehaviour, FallbackScope, LineScope, RunStrategy, Segment, SegmentSort, SegmentSortKey,
    SortDirection,
};
use serde_json::Value;

use crate::{failure::Failure, json_fields::Fields, output::text::named};

/// The collection of policies.
pub const COLLECTION: &str = "allocationPolicies";

const FIELDS: [&str; 10] = [
    "name",
    "keys",
    "tier_order",
    "channel_order",
    "segments",
    "global",
    "exceptions",
    "fallback",
    "fallback_scope",
    "promotion_days",
];
const SEGMENT_FIELDS: [&str; 7] = ["name", "strategy", "include", "exclude", "keys", "evaluation_seq", "check_seq"];
const SCOPE_FIELDS: [&str; 2] = ["include", "exclude"];
const KEY_FIELDS: [&str; 3] = ["by", "direction", "values"];

/// Strategies as a file and the tables name them.
pub const STRATEGIES: [(&str, RunStrategy); 7] = [
    ("win", RunStrategy::Win),
    ("gain", RunStrategy::Gain),
    ("improve", RunStrategy::Improve),
    ("redistribute", RunStrategy::Redistribute),
    ("fill", RunStrategy::Fill),
    ("lose", RunStrategy::Lose),
    ("skip", RunStrategy::Skip),
];
/// Keys as a file and the tables name them.
pub const KEYS: [(&str, SegmentSortKey); 11] = [
    ("tier", SegmentSortKey::Tier),
    ("requested_date", SegmentSortKey::RequestedDate),
    ("promised_date", SegmentSortKey::PromisedDate),
    ("order_time", SegmentSortKey::OrderTime),
    ("channel", SegmentSortKey::Channel),
    ("margin", SegmentSortKey::Margin),
    ("value", SegmentSortKey::Value),
    ("value_at_risk", SegmentSortKey::ValueAtRisk),
    ("cost_of_delay", SegmentSortKey::CostOfDelay),
    ("age", SegmentSortKey::Age),
    ("queue", SegmentSortKey::Queue),
];
const DIRECTIONS: [(&str, SortDirection); 2] =
    [("ascending", SortDirection::Ascending), ("descending", SortDirection::Descending)];
/// What exceptions stop, as a file and the tables name it.
pub const EXCEPTIONS: [(&str, ExceptionBehaviour); 2] =
    [("stop-failed", ExceptionBehaviour::StopFailedCombinations), ("stop-all", ExceptionBehaviour::StopCompletely)];
/// What a fallback is run over, as a file and the tables name it.
pub const SCOPES: [(&str, FallbackScope); 2] =
    [("failed", FallbackScope::FailedCombinations), ("all", FallbackScope::Unrestricted)];

/// Reads a file.
///
/// # Errors
/// [`Failure`] that names the file, the field and what is allowed there.
pub fn read(path: &Path) -> Result<AllocationPolicy, Failure> {
    let refused = |told: String| Failure::new(format!("{}: {told}", path.display()));
    let bytes = fs::read(path).map_err(|error| refused(format!("cannot be read: {error}")))?;
    parse(&bytes).map_err(|told| refused(told).next("`backorder allocation-policy put --help` shows such a file"))
}

fn parse(bytes: &[u8]) -> Result<AllocationPolicy, String> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| format!("is not JSON: {error}"))?;
    let fields = Fields::of(&value, "", &FIELDS)?;
    let keys = keys(&fields, "")?;
    let segments = fields.list("segments")?;
    let segments = segments.iter().enumerate().map(|(place, value)| segment(value, place, &keys));
    let segments: Vec<Segment> = segments.collect::<Result<_, _>>()?;
    let all = || Segment {
        name: "all".to_owned(),
        strategy: RunStrategy::Improve.into(),
        evaluation_seq: 1,
        check_seq: 1,
        sort: keys.clone(),
        ..Segment::default()
    };
    let global = match fields.get("global") {
        None => None,
        Some(scope) => {
            let scope = Fields::of(scope, "global.", &SCOPE_FIELDS)?;
            Some(LineScope { include: scope.text("include")?, exclude: scope.text("exclude")? })
        }
    };
    let fallback = fields.text("fallback")?;
    Ok(AllocationPolicy {
        name: named(COLLECTION, &fields.name("name")?),
        global,
        segments: if segments.is_empty() { vec![all()] } else { segments },
        exception_behaviour: fields.word("exceptions", &EXCEPTIONS)?.unwrap_or_default().into(),
        fallback_scope: fields.word("fallback_scope", &SCOPES)?.unwrap_or_default().into(),
        fallback: if fallback.is_empty() { fallback } else { named(COLLECTION, &fallback) },
        promotion_days: fields.whole("promotion_days")?,
        tiers: fields.texts("tier_order")?,
        channels: fields.texts("channel_order")?,
    })
}

/// Segments are asked and served in the order of the file, unless they say otherwise, and sorted by the keys of the file.
fn segment(value: &Value, place: usize, keys_of_file: &[SegmentSort]) -> Result<Segment, String> {
    let at = format!("segments[{place}].");
    let fields = Fields::of(value, &at, &SEGMENT_FIELDS)?;
    let strategy = fields.word("strategy", &STRATEGIES)?;
    let strategy = strategy
        .ok_or_else(|| format!("{at}strategy: is required, one of {}", STRATEGIES.map(|(word, _)| word).join(", ")))?;
    let number = i32::try_from(place).unwrap_or(i32::MAX).saturating_add(1);
    Ok(Segment {
        name: fields.text("name")?,
        include: fields.text("include")?,
        exclude: fields.text("exclude")?,
        strategy: strategy.into(),
        evaluation_seq: fields.whole("evaluation_seq")?.unwrap_or(number),
        check_seq: fields.whole("check_seq")?.unwrap_or(number),
        sort: if fields.get("keys").is_some() { keys(&fields, &at)? } else { keys_of_file.to_vec() },
    })
}

/// Keys: a word, or an object with a direction, or with the values of an attribute in their order.
fn keys(fields: &Fields<'_>, at: &str) -> Result<Vec<SegmentSort>, String> {
    let list = fields.list("keys")?.iter().enumerate();
    list.map(|(place, value)| key(value, &format!("{at}keys[{place}]"))).collect()
}

fn key(value: &Value, at: &str) -> Result<SegmentSort, String> {
    if let Value::String(word) = value {
        let key = known_key(word).ok_or_else(|| format!("{at}: {word:?} is none of {}", key_words()))?;
        return Ok(SegmentSort { key: key.into(), ..SegmentSort::default() });
    }
    let inside = format!("{at}.");
    let fields = Fields::of(value, &inside, &KEY_FIELDS)?;
    let (by, values) = (fields.text("by")?, fields.texts("values")?);
    let direction = fields.word("direction", &DIRECTIONS)?.unwrap_or_default().into();
    match known_key(&by) {
        Some(key) if values.is_empty() => Ok(SegmentSort { key: key.into(), direction, ..SegmentSort::default() }),
        Some(_) => Err(format!("{inside}values: goes only with an attribute, such as item.category")),
        None if values.is_empty() => {
            Err(format!("{inside}by: {by:?} is none of {}, nor an attribute with its values in order", key_words()))
        }
        None => Ok(SegmentSort { key: SegmentSortKey::Sequence.into(), direction, attribute: by, values }),
    }
}

fn known_key(word: &str) -> Option<SegmentSortKey> {
    KEYS.iter().find(|(known, _)| *known == word).map(|(_, key)| *key)
}

fn key_words() -> String {
    KEYS.map(|(word, _)| word).join(", ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[test]
    fn segments_stand_in_their_order_and_take_the_keys_of_the_file() {
        let text = r#"{"name": "spring", "keys": ["tier", {"by": "value", "direction": "ascending"}], "tier_order": ["GOLD"],
            "exceptions": "stop-all", "fallback": "plain", "promotion_days": 30,
            "segments": [{"name": "late", "strategy": "win", "include": "line.requested_date < today"},
                         {"name": "rest", "strategy": "fill", "check_seq": 7,
                          "keys": [{"by": "item.category", "values": ["china", "glass"]}]}]}"#;
        let policy = parse(text.as_bytes()).unwrap();
        assert_eq!(
            (policy.name.as_str(), policy.fallback.as_str()),
            ("allocationPolicies/spring", "allocationPolicies/plain")
        );
        assert_eq!(policy.exception_behaviour(), ExceptionBehaviour::StopCompletely);
        let segments: Vec<_> =
            policy.segments.iter().map(|one| (&*one.name, one.strategy(), one.evaluation_seq, one.check_seq)).collect();
        assert_eq!(segments, [("late", RunStrategy::Win, 1, 1), ("rest", RunStrategy::Fill, 2, 7)]);
        let keys: Vec<_> = policy.segments[0].sort.iter().map(|key| (key.key(), key.direction())).collect();
        let value = (SegmentSortKey::Value, SortDirection::Ascending);
        assert_eq!(keys, [(SegmentSortKey::Tier, SortDirection::Unspecified), value]);
        assert_eq!(policy.segments[1].sort[0].attribute, "item.category");
    }

    #[test]
    fn the_policies_of_the_demo_are_policies_of_runs() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
        for name in ["first-come", "tier", "margin", "gold-first"] {
            let policy = read(&folder.join(format!("{name}.json"))).unwrap();
            assert!(!policy.segments.is_empty(), "{name}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_field_and_what_is_allowed() {
        let cases = [
            ("[]", "the file: must be an object with name, keys"),
            (r#"{"name": "a", "rules": 1}"#, "rules: is not known; allowed are name, keys"),
            (r#"{"name": "a", "keys": ["profit"]}"#, "keys[0]: \"profit\" is none of tier, requested_date"),
            (r#"{"name": "a", "segments": [{"name": "x"}]}"#, "segments[0].strategy: is required, one of win, gain"),
            (r#"{"name": "a", "segments": [{"strategy": "best"}]}"#, "segments[0].strategy: \"best\" is none of win"),
            (r#"{"name": "a", "segments": [{"strategy": "win", "filter": "x"}]}"#, "segments[0].filter: is not known"),
            (
                r#"{"name": "a", "segments": [{"strategy": "win", "keys": [{"by": "item.category"}]}]}"#,
                "segments[0].keys[0].by: \"item.category\" is none of",
            ),
            (
                r#"{"name": "a", "keys": [{"by": "age", "values": ["x"]}]}"#,
                "keys[0].values: goes only with an attribute",
            ),
            (r#"{"name": "a", "promotion_days": -1}"#, "promotion_days: must be a whole number"),
            (r#"{"name": "a", "exceptions": "go on"}"#, "exceptions: \"go on\" is none of stop-failed, stop-all"),
        ];
        for (text, expected) in cases {
            let told = parse(text.as_bytes()).unwrap_err();
            assert!(told.contains(expected), "{text}: {told}");
        }
    }
}
