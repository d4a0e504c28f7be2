//! What a policy may be, and what it makes of a few lines.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use jiff::civil::Date;

use super::*;
use crate::allocation::filter::{
    Attribute, EvaluationFailure, Facts,
    facts::{Column, NO_DAY, day_number},
};

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn segment(name: &str, strategy: Strategy, include: &str, seq: u32) -> SegmentDraft {
    SegmentDraft {
        name: name.to_owned(),
        scope: ScopeDraft { include: include.to_owned(), exclude: String::new() },
        strategy,
        evaluation_seq: seq,
        check_seq: seq,
        sort: Vec::new(),
    }
}

fn draft(segments: Vec<SegmentDraft>) -> PolicyDraft {
    PolicyDraft {
        id: "spring".to_owned(),
        global: None,
        segments,
        exception_behaviour: ExceptionBehaviour::StopFailedCombinations,
        fallback_scope: FallbackScope::FailedCombinations,
        fallback: None,
        promotion_days: None,
        tiers: texts(&["PLAT", "GOLD", "STD"]),
        channels: texts(&["store", "web"]),
    }
}

fn one_segment() -> PolicyDraft {
    draft(vec![segment("all", Strategy::Improve, "", 1)])
}

#[track_caller]
fn refused(draft: PolicyDraft, message: &str) {
    assert_eq!(AllocationPolicy::try_new(draft).unwrap_err().to_string(), message);
}

#[test]
fn a_wrong_filter_is_refused_with_its_field_and_place() {
    let mut segments = vec![segment("a", Strategy::Win, "", 1), segment("b", Strategy::Gain, "", 2)];
    segments[1].scope.exclude = "true &&\n  line.open".to_owned();
    refused(draft(segments), r#"segments[1].exclude: 1:6: "&&" takes true or false on each side, not a number"#);
    let global = Some(ScopeDraft { include: "today".to_owned(), exclude: String::new() });
    refused(
        PolicyDraft { global, ..one_segment() },
        "global.include: 1:1: a filter is true or false, this one is a date",
    );
}

#[test]
fn a_run_that_stops_completely_has_no_failed_combinations() {
    use ExceptionBehaviour::{StopCompletely, StopFailedCombinations};
    use FallbackScope::{FailedCombinations, Unrestricted};
    let valid = |exception_behaviour, fallback_scope| {
        AllocationPolicy::try_new(PolicyDraft { exception_behaviour, fallback_scope, ..one_segment() }).is_ok()
    };
    assert!(!valid(StopCompletely, FailedCombinations));
    assert!(valid(StopCompletely, Unrestricted));
    assert!(valid(StopFailedCombinations, FailedCombinations));
    assert!(valid(StopFailedCombinations, Unrestricted));
}

#[test]
fn an_exception_reaches_its_combination_or_all_of_them() {
    use ExceptionBehaviour::{StopCompletely, StopFailedCombinations};
    use FallbackScope::{FailedCombinations, Unrestricted};
    let after = |exception_behaviour, fallback_scope, fallback: Option<&str>| {
        let fallback = fallback.map(str::to_owned);
        let draft = PolicyDraft { exception_behaviour, fallback_scope, fallback, ..one_segment() };
        let policy = AllocationPolicy::try_new(draft).unwrap();
        let of = |here, anywhere| {
            let after = policy.after_exceptions(here, anywhere);
            (after.discards, after.falls_back)
        };
        assert_eq!(of(false, false), (false, false), "nothing failed");
        (of(true, true), of(false, true), policy.exceptions_reach_others())
    };
    // Where it failed, elsewhere, and whether elsewhere is concerned: (discards, falls back).
    let other = Some("other");
    assert_eq!(after(StopFailedCombinations, FailedCombinations, None), ((true, false), (false, false), false));
    assert_eq!(after(StopFailedCombinations, FailedCombinations, other), ((true, true), (false, false), false));
    assert_eq!(after(StopFailedCombinations, Unrestricted, other), ((true, true), (false, true), true));
    assert_eq!(after(StopFailedCombinations, Unrestricted, None), ((true, false), (false, false), false));
    assert_eq!(after(StopCompletely, Unrestricted, None), ((true, false), (true, false), true));
    assert_eq!(after(StopCompletely, Unrestricted, other), ((true, true), (true, true), true));
}

#[test]
fn a_policy_does_not_fall_back_to_itself() {
    let fallback = |id: &str| PolicyDraft { fallback: Some(id.to_owned()), ..one_segment() };
    refused(fallback("spring"), "fallback: a policy cannot fall back to itself");
    refused(fallback(""), "fallback: id is empty");
    assert_eq!(AllocationPolicy::try_new(fallback("plain")).unwrap().fallback().unwrap().as_str(), "plain");
}

#[test]
fn segments_differ_by_name_and_by_both_sequences() {
    let with = |change: &dyn Fn(&mut SegmentDraft)| {
        let mut second = segment("b", Strategy::Win, "", 2);
        change(&mut second);
        draft(vec![segment("a", Strategy::Win, "", 1), second])
    };
    assert!(AllocationPolicy::try_new(with(&|_| {})).is_ok());
    refused(with(&|second| second.name = "a".to_owned()), r#"segments[1].name: "a" is that of segments[0] already"#);
    refused(with(&|second| second.evaluation_seq = 1), "segments[1].evaluation_seq: 1 is that of segments[0] already");
    refused(with(&|second| second.check_seq = 1), "segments[1].check_seq: 1 is that of segments[0] already");
    let other_strategy = with(&|second| {
        second.check_seq = 1;
        second.strategy = Strategy::Gain;
    });
    assert!(AllocationPolicy::try_new(other_strategy).is_ok(), "the check sequence orders segments of one strategy");
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let mut segments = vec![segment("a", Strategy::Win, "line.weight > 1", 1), segment("a", Strategy::Gain, "1", 1)];
    segments[1].sort = vec![SortKey::usual(SortBy::Channel)];
    let InvalidPolicy(faults) =
        AllocationPolicy::try_new(PolicyDraft { promotion_days: Some(0), channels: vec![], ..draft(segments) })
            .unwrap_err();
    let fields: Vec<_> = faults.iter().map(|fault| fault.field.as_str()).collect();
    let expected = [
        "segments[0].include",
        "segments[1].include",
        "segments[1].name",
        "segments[1].evaluation_seq",
        "segments[1].sort[0]",
        "promotion_days",
        "promotion_days",
    ];
    assert_eq!(fields, expected);
}

#[test]
fn what_a_policy_reads_is_told_with_its_field() {
    let mut all = segment("all", Strategy::Improve, "item.category == 'china' && line.tier == 'GOLD'", 1);
    all.sort = vec![SortKey::usual(SortBy::Queue), SortKey::usual(SortBy::Margin)];
    let policy = PolicyDraft { promotion_days: Some(30), ..draft(vec![all]) };
    let reads = AllocationPolicy::try_new(policy).unwrap().reads();
    let reads: Vec<_> = reads.iter().map(|(field, attribute)| (field.as_str(), attribute.path())).collect();
    let expected = [
        ("segments[0].include", "item.category"),
        ("segments[0].include", "line.tier"),
        ("segments[0].sort[1]", "line.margin"),
        ("promotion_days", "customer.tier"),
        ("promotion_days", "line.waiting_since"),
    ];
    assert_eq!(reads, expected);
}

#[test]
fn a_policy_is_bounded() {
    refused(draft(vec![]), "segments: there must be a segment, and at most 100");
    let number = |number: usize| u32::try_from(number).unwrap();
    let many =
        |count: usize| draft((0..count).map(|n| segment(&n.to_string(), Strategy::Win, "", number(n))).collect());
    assert!(AllocationPolicy::try_new(many(SEGMENTS_MAX)).is_ok());
    refused(many(SEGMENTS_MAX + 1), "segments: 101 are too many, at most 100 are allowed");
    refused(draft(vec![segment(" ", Strategy::Win, "", 1)]), "segments[0].name: it is empty");
    refused(
        draft(vec![segment("\n!", Strategy::Win, "", 1)]),
        r"segments[0].name: it holds the character '\n', which is not allowed",
    );
    let long = "x".repeat(SEGMENT_NAME_BYTES_MAX + 1);
    refused(
        draft(vec![segment(&long, Strategy::Win, "", 1)]),
        "segments[0].name: it is 101 bytes long, at most 100 are allowed",
    );
    let tiers = (0..1_001).map(|tier| tier.to_string()).collect();
    refused(PolicyDraft { tiers, ..one_segment() }, "tiers: 1001 are too many, at most 1000 are allowed");
    refused(
        PolicyDraft { channels: texts(&["web", "shop", "web"]), ..one_segment() },
        r#"channels[2]: "web" is that of channels[0] already"#,
    );
    refused(PolicyDraft { id: String::new(), ..one_segment() }, "id: id is empty");
}

fn sorted_by(keys: Vec<SortBy>) -> PolicyDraft {
    let mut all = segment("all", Strategy::Improve, "", 1);
    all.sort = keys.into_iter().map(SortKey::usual).collect();
    draft(vec![all])
}

fn sequence(attribute: Attribute, values: &[&str]) -> SortBy {
    SortBy::Sequence { attribute, values: texts(values) }
}

#[test]
fn a_sort_key_that_cannot_decide_is_refused() {
    let without = |keys| PolicyDraft { tiers: vec![], channels: vec![], ..sorted_by(keys) };
    refused(
        without(vec![SortBy::Value, SortBy::Tier]),
        "segments[0].sort[1]: it needs the order of tiers, which the policy does not name",
    );
    refused(
        without(vec![SortBy::Channel]),
        "segments[0].sort[0]: it needs the order of channels, which the policy does not name",
    );
    refused(
        sorted_by(vec![SortBy::Age, SortBy::Age]),
        "segments[0].sort[1]: order.date is that of segments[0].sort[0] already",
    );
    refused(
        sorted_by(vec![sequence(Attribute::LineOpen, &["1"])]),
        "segments[0].sort[0].attribute: line.open has no texts, only texts can be put in a sequence",
    );
    refused(sorted_by(vec![sequence(Attribute::ItemCategory, &[])]), "segments[0].sort[0].values: it is empty");
    refused(
        sorted_by(vec![sequence(Attribute::ItemCategory, &["a", "a"])]),
        r#"segments[0].sort[0].values[1]: "a" is that of segments[0].sort[0].values[0] already"#,
    );
    let twice = "segments[0].sort[1]: the place in the queue is that of segments[0].sort[0] already";
    refused(sorted_by(vec![SortBy::Queue, SortBy::Queue]), twice);
    let many = vec![SortBy::Queue; SORT_KEYS_MAX + 1];
    refused(sorted_by(many), "segments[0].sort: 9 are too many, at most 8 are allowed");
}

#[test]
fn a_promotion_needs_tiers_days_and_somebody_who_reads_it() {
    let promoting = |days, keys| PolicyDraft { promotion_days: Some(days), ..sorted_by(keys) };
    assert!(AllocationPolicy::try_new(promoting(30, vec![SortBy::Tier])).is_ok());
    refused(promoting(0, vec![SortBy::Tier]), "promotion_days: 0 days; 1 to 3650 are allowed");
    refused(promoting(3_651, vec![SortBy::Tier]), "promotion_days: 3651 days; 1 to 3650 are allowed");
    refused(
        promoting(30, vec![SortBy::Value]),
        "promotion_days: no filter reads line.tier and no sort is by tier, so a promotion would change nothing",
    );
    refused(
        PolicyDraft { tiers: vec![], ..promoting(30, vec![]) },
        "promotion_days: it needs the order of tiers, which the policy does not name",
    );
}

const TODAY: Date = jiff::civil::date(2026, 11, 28);

/// Lines of one item by tier and days of waiting, all requested today.
fn arranged(policy: PolicyDraft, lines: &[(&str, Option<i32>)]) -> Arrangement {
    let today = day_number(TODAY);
    let waiting = lines.iter().map(|(_, days)| days.map_or(NO_DAY, |days| today - days)).collect::<Vec<_>>();
    let facts = Facts::try_new(lines.len())
        .unwrap()
        .with(Attribute::CustomerTier, Column::of_texts(lines.iter().map(|(tier, _)| Some(*tier))))
        .unwrap()
        .with(Attribute::LineWaitingSince, Column::Days(waiting.into()))
        .unwrap();
    let numbers: Vec<_> = (0..u32::try_from(lines.len()).unwrap()).collect();
    let lines = Lines {
        facts: &facts,
        items: &vec![0; lines.len()],
        item_count: 1,
        created_at: &vec![0; lines.len()],
        queue: &vec![0; lines.len()],
        requirements: &numbers,
    };
    AllocationPolicy::try_new(policy).unwrap().arrange(&lines, TODAY).unwrap()
}

#[test]
fn strategies_are_served_in_their_order_whatever_claims_first() {
    let segments = vec![
        segment("lose", Strategy::Lose, "customer.tier == 'A'", 1),
        segment("fill", Strategy::Fill, "customer.tier == 'B'", 2),
        segment("redistribute", Strategy::Redistribute, "customer.tier == 'C'", 3),
        segment("improve", Strategy::Improve, "customer.tier == 'D'", 4),
        segment("gain", Strategy::Gain, "customer.tier == 'E'", 5),
        segment("win", Strategy::Win, "customer.tier == 'F'", 6),
        segment("skip", Strategy::Skip, "customer.tier == 'G'", 7),
    ];
    let lines = ["A", "B", "C", "D", "E", "F", "G", "H"].map(|tier| (tier, None));
    let arrangement = arranged(draft(segments), &lines);
    assert_eq!(arrangement.lines_of(0), [5, 4, 3, 2, 1, 0]);
    assert_eq!(arrangement.claim(0), Claim::Segment(0));
    assert_eq!(arrangement.claim(6), Claim::Skipped(6));
    assert_eq!(arrangement.claim(7), Claim::Unclaimed);
}

#[test]
fn the_check_sequence_orders_segments_of_one_strategy_and_the_evaluation_sequence_claims() {
    let mut gold = segment("gold", Strategy::Win, "customer.tier == 'GOLD'", 2);
    let mut all = segment("all", Strategy::Win, "", 3);
    (gold.check_seq, all.check_seq) = (20, 10);
    let arrangement = arranged(draft(vec![all, gold]), &[("GOLD", None), ("STD", None)]);
    assert_eq!(arrangement.claim(0), Claim::Segment(1), "asked first");
    assert_eq!(arrangement.lines_of(0), [1, 0], "served last");
}

#[test]
fn a_line_outside_the_global_segment_is_not_in_the_run() {
    let global = Some(ScopeDraft { include: String::new(), exclude: "customer.tier == 'STD'".to_owned() });
    let arrangement = arranged(PolicyDraft { global, ..one_segment() }, &[("GOLD", None), ("STD", None)]);
    assert_eq!(arrangement.claim(1), Claim::OutsideGlobal);
    assert_eq!(arrangement.lines_of(0), [0]);
    assert_eq!(arrangement.strategy(1), None);
}

#[test]
fn a_line_is_promoted_by_one_tier_after_its_wait_and_never_above_the_best() {
    let policy = PolicyDraft { promotion_days: Some(30), ..sorted_by(vec![SortBy::Tier]) };
    let lines = [
        ("STD", Some(30)),
        ("STD", Some(29)),
        ("GOLD", Some(5)),
        ("GOLD", Some(400)),
        ("PLAT", Some(400)),
        ("new", Some(31)),
        ("", None),
    ];
    let arrangement = arranged(policy, &lines);
    let promoted: Vec<_> = (0..7).map(|line| arrangement.is_promoted(line)).collect();
    assert_eq!(promoted, [true, false, false, true, false, true, false]);
    // Best tier: 3 and 4; gold: 0 and 2; standard: 1 and 5, whose tier has no place of its own; then who has none.
    assert_eq!(arrangement.lines_of(0), [3, 4, 0, 2, 1, 5, 6]);
    let waits: Vec<_> =
        arrangement.waits().iter().map(|wait| (wait.tier.as_str(), wait.longest, wait.promoted)).collect();
    let expected = [
        ("PLAT", Some((400, 4)), 0),
        ("GOLD", Some((400, 3)), 1),
        ("STD", Some((30, 0)), 1),
        ("new", Some((31, 5)), 1),
        ("", None, 0),
    ];
    assert_eq!(waits, expected);
}

#[test]
fn a_filter_may_ask_for_the_customers_tier_or_for_that_of_the_line() {
    let segments = vec![
        segment("served as gold", Strategy::Win, "line.tier == 'GOLD' && customer.tier != 'GOLD'", 1),
        segment("others", Strategy::Improve, "", 2),
    ];
    let policy = PolicyDraft { promotion_days: Some(30), ..draft(segments) };
    let arrangement = arranged(policy, &[("STD", Some(31)), ("GOLD", Some(0)), ("STD", Some(0))]);
    let claims: Vec<_> = (0..3).map(|line| arrangement.claim(line)).collect();
    assert_eq!(claims, [Claim::Segment(0), Claim::Segment(1), Claim::Segment(1)]);
}

#[test]
fn an_exclude_filter_that_has_no_answer_excludes_nothing_and_is_counted() {
    let mut all = segment("all", Strategy::Improve, "", 1);
    all.scope.exclude = "today - line.waiting_since > 3".to_owned();
    let arrangement = arranged(draft(vec![all]), &[("STD", Some(4)), ("STD", None), ("STD", Some(3))]);
    assert_eq!(arrangement.lines_of(0), [1, 2]);
    assert_eq!(arrangement.failures().len(), 1);
    let failure = &arrangement.failures()[0];
    assert_eq!(failure.field, "segments[0].exclude");
    assert_eq!(failure.failures.lines, 1);
    assert_eq!(failure.failures.first, EvaluationFailure::Missing(Attribute::LineWaitingSince));
}

#[test]
fn lines_that_do_not_fit_together_are_refused_by_name() {
    let facts = Facts::try_new(2).unwrap();
    let policy = AllocationPolicy::try_new(draft(vec![segment("a", Strategy::Win, "line.open > 1", 1)])).unwrap();
    let lines = Lines {
        facts: &facts,
        items: &[0, 1],
        item_count: 2,
        created_at: &[0, 0],
        queue: &[0, 0],
        requirements: &[0, 1],
    };
    let message = |lines: Lines<'_>| policy.arrange(&lines, TODAY).unwrap_err().to_string();
    assert_eq!(message(lines), "segments[0].include reads line.open, of which there is no column");
    assert_eq!(message(Lines { items: &[0], ..lines }), "items has 1 values for 2 lines");
    assert_eq!(message(Lines { created_at: &[], ..lines }), "created_at has 0 values for 2 lines");
    assert_eq!(message(Lines { requirements: &[], ..lines }), "requirements has 0 values for 2 lines");
    let count = usize::MAX;
    let many = format!("item_count is {count}, at most 2147483648 are allowed");
    assert_eq!(message(Lines { item_count: count, ..lines }), many);
    assert_eq!(message(Lines { item_count: 1, ..lines }), "line 1 has the item 1, of 1 items");
    let sorted = AllocationPolicy::try_new(sorted_by(vec![SortBy::Value])).unwrap();
    let error = sorted.arrange(&lines, TODAY).unwrap_err().to_string();
    assert_eq!(error, "segments[0].sort[0] reads line.value, of which there is no column");
    let promoting = PolicyDraft { promotion_days: Some(3), ..sorted_by(vec![SortBy::Tier]) };
    let error = AllocationPolicy::try_new(promoting).unwrap().arrange(&lines, TODAY).unwrap_err().to_string();
    assert_eq!(error, "promotion_days reads customer.tier, of which there is no column");
}

#[test]
fn no_lines_are_arranged_to_nothing() {
    let arrangement = arranged(one_segment(), &[]);
    assert_eq!((arrangement.items(), arrangement.lines_of(0).len()), (1, 0));
    assert!(arrangement.waits().is_empty());
}
