//! Whatever the policy and the lines: the order is that of a naive comparator of plain values, whatever the order in
//! which the lines come, and the first segment by evaluation sequence claims each line.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::cmp::Ordering;

use jiff::civil::Date;
use proptest::{collection::vec, prelude::*, strategy::Strategy as Draws};

use super::{Strategy, *};
use crate::allocation::filter::{
    Attribute, Facts, Value,
    facts::{Column, NO_DAY, NO_NUMBER, day_number},
};

const FILTERS: [&str; 12] = [
    "",
    r#"customer.tier == "GOLD""#,
    r#"line.tier == "PLAT""#,
    r#"line.tier != "STD""#,
    "line.requested_date < today + duration_days(2)",
    "line.value >= 3 || order.channel == 'web'",
    "has(line.promised_date)",
    "line.promised_date - line.requested_date > 1",
    "today - line.waiting_since > 6",
    "order.channel in ['web', 'store'] && line.value < 5",
    "line.value * 2 > line.margin + 1.5",
    "false",
];
const TIERS: [&str; 5] = ["PLAT", "GOLD", "STD", "", "ODD"];
const CHANNELS: [&str; 4] = ["store", "web", "phone", ""];

#[derive(Debug, Clone)]
struct Line {
    item: u32,
    created_at: i64,
    requirement: u32,
    tier: Option<&'static str>,
    channel: Option<&'static str>,
    /// Requested, promised, waiting since, of the order: days from today.
    days: [Option<i32>; 4],
    /// Value, margin, at risk, cost of delay: micro-units.
    amounts: [Option<i64>; 4],
}

const DAYS: [Attribute; 4] =
    [Attribute::LineRequestedDate, Attribute::LinePromisedDate, Attribute::LineWaitingSince, Attribute::OrderDate];
const AMOUNTS: [Attribute; 4] =
    [Attribute::LineValue, Attribute::LineMargin, Attribute::LineValueAtRisk, Attribute::LineCostOfDelay];

fn today() -> Date {
    jiff::civil::date(2026, 11, 28)
}

fn line() -> impl Draws<Value = Line> {
    let day = || prop::option::of(-9..5_i32);
    let amount = || prop::option::of(prop_oneof![6 => -2..9_i64, 1 => Just(i64::MAX / 1_000_000 - 1)]);
    let tier = prop::option::of(prop::sample::select(TIERS.to_vec()));
    let channel = prop::option::of(prop::sample::select(CHANNELS.to_vec()));
    let days = [day(), day(), day(), day()];
    let amounts = [amount(), amount(), amount(), amount()];
    (0..3_u32, -2..2_i64, tier, channel, days, amounts).prop_map(|(item, created_at, tier, channel, days, amounts)| {
        let amounts = amounts.map(|units| units.map(|units| units * 1_000_000));
        Line { item, created_at, requirement: 0, tier, channel, days, amounts }
    })
}

fn lines() -> impl Draws<Value = Vec<Line>> {
    vec(line(), 0..30).prop_flat_map(|lines| {
        let requirements: Vec<_> = (0..u32::try_from(lines.len()).unwrap()).collect();
        (Just(lines), Just(requirements).prop_shuffle()).prop_map(|(mut lines, requirements)| {
            for (line, requirement) in lines.iter_mut().zip(requirements) {
                line.requirement = requirement;
            }
            lines
        })
    })
}

fn sort_key() -> impl Draws<Value = SortKey> {
    let sequence = |attribute, values: &[&str]| SortBy::Sequence {
        attribute,
        values: values.iter().map(|text| (*text).to_owned()).collect(),
    };
    let keys = vec![
        SortBy::Tier,
        SortBy::Channel,
        SortBy::RequestedDate,
        SortBy::PromisedDate,
        SortBy::Age,
        SortBy::OrderTime,
        SortBy::Queue,
        SortBy::Margin,
        SortBy::Value,
        SortBy::ValueAtRisk,
        SortBy::CostOfDelay,
        sequence(Attribute::CustomerTier, &["STD", "ODD"]),
    ];
    let direction = prop::sample::select(vec![Direction::Ascending, Direction::Descending]);
    (prop::sample::select(keys), direction).prop_map(|(by, direction)| SortKey { by, direction })
}

fn segment() -> impl Draws<Value = SegmentDraft> {
    let filter = || prop::sample::select(FILTERS.to_vec());
    let strategy = prop::sample::select(Strategy::ALL.to_vec());
    (filter(), filter(), any::<bool>(), strategy, vec(sort_key(), 0..4)).prop_map(
        |(include, exclude, excludes, strategy, mut sort)| {
            let mut seen = Vec::new();
            sort.retain(|key| {
                let is_new = !seen.iter().any(|other| key.by.decides_as(other));
                seen.push(key.by.clone());
                is_new
            });
            let exclude = if excludes && !exclude.is_empty() { exclude } else { "" };
            SegmentDraft {
                name: String::new(),
                scope: ScopeDraft { include: include.to_owned(), exclude: exclude.to_owned() },
                strategy,
                evaluation_seq: 0,
                check_seq: 0,
                sort,
            }
        },
    )
}

fn policy() -> impl Draws<Value = AllocationPolicy> {
    let numbers = |count: usize| (0..u32::try_from(count).unwrap()).collect::<Vec<_>>();
    let segments = vec(segment(), 1..6).prop_flat_map(move |segments| {
        let numbers = numbers(segments.len());
        (Just(segments), Just(numbers.clone()).prop_shuffle(), Just(numbers).prop_shuffle())
    });
    let global = prop::option::of(prop::sample::select(FILTERS.to_vec()));
    (segments, global, prop::option::of(1..9_u32)).prop_map(|((mut segments, evaluation, check), global, days)| {
        for (number, segment) in segments.iter_mut().enumerate() {
            segment.name = format!("segment {number}");
            segment.evaluation_seq = evaluation[number];
            segment.check_seq = check[number] * 10;
        }
        let draft = PolicyDraft {
            id: "drawn".to_owned(),
            global: global.map(|include| ScopeDraft { include: include.to_owned(), exclude: String::new() }),
            segments,
            exception_behaviour: ExceptionBehaviour::StopFailedCombinations,
            fallback_scope: FallbackScope::FailedCombinations,
            fallback: None,
            promotion_days: days,
            tiers: TIERS[..3].iter().map(|tier| (*tier).to_owned()).collect(),
            channels: CHANNELS[..2].iter().map(|channel| (*channel).to_owned()).collect(),
        };
        // A promotion that nothing reads is refused.
        AllocationPolicy::try_new(draft.clone())
            .or_else(|_| AllocationPolicy::try_new(PolicyDraft { promotion_days: None, ..draft }))
            .unwrap()
    })
}

fn arranged(policy: &AllocationPolicy, lines: &[Line]) -> Arrangement {
    let of_day = |days: Option<i32>| days.map_or(NO_DAY, |days| day_number(today()) + days);
    let mut facts = Facts::try_new(lines.len())
        .unwrap()
        .with(Attribute::CustomerTier, Column::of_texts(lines.iter().map(|line| line.tier)))
        .unwrap()
        .with(Attribute::OrderChannel, Column::of_texts(lines.iter().map(|line| line.channel)))
        .unwrap();
    for place in 0..4 {
        let days: Vec<_> = lines.iter().map(|line| of_day(line.days[place])).collect();
        let amounts: Vec<_> = lines.iter().map(|line| line.amounts[place].unwrap_or(NO_NUMBER)).collect();
        facts = facts.with(DAYS[place], Column::Days(days.into())).unwrap();
        facts = facts.with(AMOUNTS[place], Column::Numbers(amounts.into())).unwrap();
    }
    let items: Vec<_> = lines.iter().map(|line| line.item).collect();
    let created_at: Vec<_> = lines.iter().map(|line| line.created_at).collect();
    let requirements: Vec<_> = lines.iter().map(|line| line.requirement).collect();
    let queue: Vec<_> = lines.iter().map(|line| -i64::from(line.requirement)).collect();
    let input = Lines {
        facts: &facts,
        items: &items,
        item_count: 3,
        created_at: &created_at,
        queue: &queue,
        requirements: &requirements,
    };
    policy.arrange(&input, today()).unwrap()
}

/// The naive model: one line at a time, on plain values.
struct Model<'a> {
    policy: &'a AllocationPolicy,
}

impl Model<'_> {
    fn waited(line: &Line) -> Option<u32> {
        line.days[2].map(|since| u32::try_from(-since).unwrap_or(0))
    }

    /// The tier in which the line is served, when it is another than the customer's.
    fn better_tier(&self, line: &Line) -> Option<&'static str> {
        let waited_long = Self::waited(line)? >= self.policy.promotion_days()?;
        let place = TIERS[..3].iter().position(|tier| Some(*tier) == line.tier).unwrap_or(3);
        if waited_long && place > 0 { Some(TIERS[place - 1]) } else { None }
    }

    fn tier(&self, line: &Line) -> Option<&'static str> {
        self.better_tier(line).or(line.tier)
    }

    fn value(&self, line: &Line, attribute: Attribute) -> Value<'static> {
        let text = |text: Option<&'static str>| text.map_or(Value::Missing, Value::Text);
        let number = |number: Option<i64>| number.map_or(Value::Missing, Value::Number);
        if let Some(place) = DAYS.iter().position(|known| *known == attribute) {
            return number(line.days[place].map(|days| i64::from(days + day_number(today()))));
        }
        if let Some(place) = AMOUNTS.iter().position(|known| *known == attribute) {
            return number(line.amounts[place]);
        }
        match attribute.path() {
            "customer.tier" => text(line.tier),
            "line.tier" => text(self.tier(line)),
            _ => text(line.channel),
        }
    }

    fn in_scope(&self, scope: &LineScope, line: &Line) -> bool {
        let matches = |filter: &crate::allocation::filter::Filter| {
            filter.evaluate(|attribute| self.value(line, attribute), day_number(today())) == Ok(true)
        };
        scope.include().is_none_or(matches) && !scope.exclude().is_some_and(matches)
    }

    fn claim(&self, line: &Line) -> Claim {
        if self.policy.global().is_some_and(|global| !self.in_scope(global, line)) {
            return Claim::OutsideGlobal;
        }
        let claiming = (0..self.policy.segments().len())
            .filter(|place| self.in_scope(self.policy.segments()[*place].scope(), line))
            .min_by_key(|place| self.policy.segments()[*place].evaluation_seq());
        match claiming {
            None => Claim::Unclaimed,
            Some(place) if self.policy.segments()[place].strategy() == Strategy::Skip => Claim::Skipped(place),
            Some(place) => Claim::Segment(place),
        }
    }

    fn by_key(&self, key: &SortKey, a: &Line, b: &Line) -> Ordering {
        let placed = |names: &[&str], text: Option<&str>| {
            let place = names.iter().position(|name| Some(*name) == text);
            place.map(|place| i64::try_from(place).unwrap())
        };
        let value = |line: &Line| match &key.by {
            SortBy::Tier => placed(&TIERS[..3], self.tier(line)),
            SortBy::Channel => placed(&CHANNELS[..2], line.channel),
            SortBy::RequestedDate => line.days[0].map(i64::from),
            SortBy::PromisedDate => line.days[1].map(i64::from),
            SortBy::Age => line.days[3].map(|day| -i64::from(day)),
            SortBy::OrderTime => Some(line.created_at),
            SortBy::Queue => Some(-i64::from(line.requirement)),
            SortBy::Value => line.amounts[0],
            SortBy::Margin => line.amounts[1],
            SortBy::ValueAtRisk => line.amounts[2],
            SortBy::CostOfDelay => line.amounts[3],
            SortBy::Sequence { .. } => placed(&["STD", "ODD"], line.tier),
        };
        match (value(a), value(b), key.direction) {
            (Some(a), Some(b), Direction::Ascending) => a.cmp(&b),
            (Some(a), Some(b), Direction::Descending) => b.cmp(&a),
            (a, b, _) => a.is_none().cmp(&b.is_none()),
        }
    }

    /// Which of two lines, claimed by the segments at these places, is served first.
    fn compare(&self, (a, a_place): (&Line, usize), (b, b_place): (&Line, usize)) -> Ordering {
        let segments = self.policy.segments();
        let served = |place: usize| (segments[place].strategy(), segments[place].check_seq());
        let mut order = served(a_place).cmp(&served(b_place));
        if a_place == b_place {
            for key in segments[a_place].sort() {
                order = order.then_with(|| self.by_key(key, a, b));
            }
        }
        let requested = SortKey { by: SortBy::RequestedDate, direction: Direction::Ascending };
        order
            .then_with(|| self.by_key(&requested, a, b))
            .then_with(|| (a.created_at, a.requirement).cmp(&(b.created_at, b.requirement)))
    }
}

fn in_run(claim: Claim) -> Option<usize> {
    match claim {
        Claim::Segment(place) => Some(place),
        Claim::Skipped(_) | Claim::Unclaimed | Claim::OutsideGlobal => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: backorder_testkit::counts::cases("allocation_policy"),
        rng_seed: proptest::test_runner::RngSeed::Fixed(backorder_testkit::seed()),
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_first_segment_by_evaluation_sequence_claims_a_line(policy in policy(), lines in lines()) {
        let (model, arrangement) = (Model { policy: &policy }, arranged(&policy, &lines));
        for (number, line) in lines.iter().enumerate() {
            let claim = model.claim(line);
            prop_assert_eq!(arrangement.claim(number), claim);
            let strategy = in_run(claim).map(|place| policy.segments()[place].strategy());
            prop_assert_eq!(arrangement.strategy(number), strategy);
        }
    }

    #[test]
    fn lines_of_a_run_are_in_the_order_of_plain_comparisons(policy in policy(), lines in lines()) {
        let (model, arrangement) = (Model { policy: &policy }, arranged(&policy, &lines));
        let place_of = |number: usize| in_run(arrangement.claim(number));
        let mut running: Vec<_> = (0..lines.len()).filter(|number| place_of(*number).is_some()).collect();
        for a in &running {
            for b in &running {
                let (one, other) = ((&lines[*a], place_of(*a).unwrap()), (&lines[*b], place_of(*b).unwrap()));
                prop_assert_eq!(arrangement.compare(*a, *b), model.compare(one, other), "{:?} and {:?}", one, other);
            }
        }
        running.sort_by(|a, b| model.compare((&lines[*a], place_of(*a).unwrap()), (&lines[*b], place_of(*b).unwrap())));
        for item in 0..3_u32 {
            let expected: Vec<_> = running.iter().copied().filter(|number| lines[*number].item == item).collect();
            let served: Vec<_> = arrangement.lines_of(item as usize).iter().map(|line| *line as usize).collect();
            prop_assert_eq!(served, expected);
        }
    }

    #[test]
    fn the_order_does_not_depend_on_the_order_in_which_the_lines_come(policy in policy(), lines in lines(), turn in 0..30_usize) {
        let mut turned = lines.clone();
        turned.reverse();
        turned.rotate_left(turn % lines.len().max(1));
        let (one, other) = (arranged(&policy, &lines), arranged(&policy, &turned));
        for item in 0..3 {
            let ids = |arrangement: &Arrangement, lines: &[Line]| -> Vec<u32> {
                arrangement.lines_of(item).iter().map(|line| lines[*line as usize].requirement).collect()
            };
            prop_assert_eq!(ids(&one, &lines), ids(&other, &turned));
        }
        let tiers = |arrangement: &Arrangement| -> Vec<_> {
            let waits = arrangement.waits().iter();
            waits.map(|wait| (wait.tier.clone(), wait.lines, wait.longest.map(|longest| longest.0))).collect()
        };
        prop_assert_eq!(tiers(&one), tiers(&other));
    }

    #[test]
    fn who_waits_long_enough_is_served_one_tier_better_and_each_longest_wait_shows(policy in policy(), lines in lines()) {
        let (model, arrangement) = (Model { policy: &policy }, arranged(&policy, &lines));
        for (number, line) in lines.iter().enumerate() {
            prop_assert_eq!(arrangement.is_promoted(number), model.better_tier(line).is_some());
        }
        for wait in arrangement.waits() {
            let of_tier: Vec<_> = lines.iter().filter(|line| line.tier.unwrap_or_default() == wait.tier).collect();
            let longest = of_tier.iter().filter_map(|line| Model::waited(line)).max();
            prop_assert_eq!(wait.longest.map(|longest| longest.0), longest);
            prop_assert_eq!(wait.lines, of_tier.len() as u64);
            let promoted = of_tier.iter().filter(|line| model.better_tier(line).is_some()).count();
            prop_assert_eq!(wait.promoted, promoted as u64);
        }
        prop_assert_eq!(arrangement.waits().iter().map(|wait| wait.lines).sum::<u64>(), lines.len() as u64);
    }

    #[test]
    fn lines_that_a_filter_has_no_answer_for_are_counted(lines in lines()) {
        let segment = |include: &str, evaluation_seq: u32| SegmentDraft {
            name: evaluation_seq.to_string(),
            scope: ScopeDraft { include: include.to_owned(), exclude: String::new() },
            strategy: Strategy::Improve,
            evaluation_seq,
            check_seq: evaluation_seq,
            sort: Vec::new(),
        };
        let draft = PolicyDraft {
            id: "counting".to_owned(),
            global: None,
            segments: vec![segment("line.promised_date < today", 2), segment("line.requested_date < today", 1)],
            exception_behaviour: ExceptionBehaviour::StopCompletely,
            fallback_scope: FallbackScope::Unrestricted,
            fallback: None,
            promotion_days: None,
            tiers: Vec::new(),
            channels: Vec::new(),
        };
        let arrangement = arranged(&AllocationPolicy::try_new(draft).unwrap(), &lines);
        let counted = |field: &str| {
            let found = arrangement.failures().iter().find(|failure| failure.field == field);
            found.map_or(0, |failure| failure.failures.lines)
        };
        let unclaimed = |line: &&Line| line.days[0].is_none_or(|day| day >= 0);
        let expected = lines.iter().filter(unclaimed).filter(|line| line.days[1].is_none()).count();
        prop_assert_eq!(counted("segments[0].include"), expected as u64, "asked only about what nobody claimed before");
        let expected = lines.iter().filter(|line| line.days[0].is_none()).count();
        prop_assert_eq!(counted("segments[1].include"), expected as u64);
    }
}
