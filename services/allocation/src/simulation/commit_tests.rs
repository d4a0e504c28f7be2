//! What is committed of decisions: by example, and of any decision.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use backorder_domain::allocation::sequence::Worth;
use backorder_proto::{
    allocation::v1::RunLineOutcome as Outcome,
    inventory::v1::{Position, RunUnits},
};
use jiff::civil::Date;
use proptest::prelude::*;

use super::{
    commit::{Decision, ItemCommit, Moves},
    live::{LineFacts, LiveClaim, LiveItem},
};

const PLACES: usize = 3;

fn facts() -> LineFacts {
    LineFacts {
        customer: "c".into(),
        tier: "".into(),
        channel: "".into(),
        order: "o".to_owned(),
        number: 1,
        due: Date::MIN,
        promised: None,
        one_location: false,
        minimum: 1,
        is_pinned: false,
        is_asked: false,
        in_set: false,
        is_barred: false,
        requested: Date::MIN,
        ordered_on: Date::MIN,
        waiting_since: Date::MIN,
        ordered: 1,
        worth: Worth::of(None, None, 1, 1),
        risk_nanos: None,
        ship_to: "".into(),
        destination_zone: "".into(),
        service: "".into(),
        ship_set: "".into(),
        shortage_instruction: "",
    }
}

/// Places with so many free units.
fn item(free: [i64; PLACES]) -> LiveItem {
    let mut live = LiveItem::new("mug");
    for (place, units) in free.into_iter().enumerate() {
        live.take_position(&Position {
            item: "items/mug".to_owned(),
            location: format!("locations/l{place}"),
            available: units,
            ..Default::default()
        })
        .unwrap();
    }
    live
}

/// A line that has some units and is to have others; it waits for as many as it is to have more.
fn line(live: &mut LiveItem, now: [i64; PLACES], then: [i64; PLACES]) -> Decision {
    let number = live.claims.len() + 1;
    let by_place = |units: [i64; PLACES]| units.into_iter().enumerate().filter(|(_, units)| *units > 0);
    live.claims.push(LiveClaim {
        line: format!("orders/o-{number}/lines/1"),
        part: 1,
        version: 7,
        queue_key: String::new(),
        queue_time: 0,
        reserved: by_place(now).map(|(place, units)| (u32::try_from(place).unwrap(), units)).collect(),
        waiting: (then.iter().sum::<i64>() - now.iter().sum::<i64>()).max(0),
        pegs: Vec::new(),
        places: vec![0, 1, 2],
        eligible: true,
        in_set: false,
        is_bound: false,
        facts: Some(Arc::new(facts())),
    });
    Decision {
        line: format!("orders/o-{number}/lines/1"),
        part: 1,
        place: i64::try_from(number).unwrap(),
        claim_version: 7,
        stock: by_place(then).map(|(place, units)| (format!("locations/l{place}"), units)).collect(),
    }
}

/// Units as (line, location, quantity).
fn told(units: &[RunUnits]) -> Vec<(i64, &str, i64)> {
    let number = |line: &str| line.trim_start_matches("orders/o-").trim_end_matches("/lines/1").parse().unwrap();
    units.iter().map(|one| (number(&one.line), one.location.as_str(), one.quantity)).collect()
}

#[test]
fn who_is_served_first_gets_what_others_give_and_only_as_much_is_taken() {
    let mut live = item([1, 0, 0]);
    let first = line(&mut live, [0, 0, 0], [4, 0, 0]);
    let second = line(&mut live, [5, 0, 0], [2, 0, 0]);
    let third = line(&mut live, [3, 0, 0], [0, 0, 0]);
    let commit = ItemCommit::new(&[first, second, third], &live, 1_000);
    assert_eq!(commit.calls.len(), 1);
    assert_eq!(told(&commit.calls[0].gains), [(1, "locations/l0", 4)]);
    assert_eq!(told(&commit.calls[0].reductions), [(3, "locations/l0", 3)], "the last in the order gives first");
    assert_eq!(commit.settled, [(1, Outcome::Kept)]);
}

#[test]
fn a_line_keeps_no_rest_that_is_too_small_to_be_sent() {
    let mut live = item([0, 0, 0]);
    let first = line(&mut live, [0, 0, 0], [2, 0, 0]);
    let second = line(&mut live, [5, 0, 0], [0, 0, 0]);
    live.claims[1].facts = Some(Arc::new(LineFacts { minimum: 4, ..facts() }));
    let commit = ItemCommit::new(&[first, second], &live, 1_000);
    assert_eq!(told(&commit.calls[0].reductions), [(2, "locations/l0", 5)]);
    assert_eq!(told(&commit.calls[0].gains), [(1, "locations/l0", 2)]);
}

#[test]
fn a_line_that_changed_stays_and_who_lived_on_its_units_gets_none() {
    let mut live = item([0, 0, 0]);
    let gains = line(&mut live, [0, 0, 0], [3, 0, 0]);
    let moves = line(&mut live, [0, 3, 0], [0, 0, 3]);
    let takes = line(&mut live, [0, 0, 0], [0, 3, 0]);
    let giver = line(&mut live, [3, 0, 3], [0, 0, 0]);
    live.claims[3].version += 1;
    let commit = ItemCommit::new(&[gains, moves, takes, giver], &live, 1_000);
    assert!(commit.calls.is_empty(), "{commit:?}");
    let expected = [(0, Outcome::NoCover), (1, Outcome::NoCover), (2, Outcome::NoCover), (3, Outcome::Stale)];
    assert_eq!(commit.settled, expected, "nobody leaves a place for one that is not free");
}

#[test]
fn what_bars_a_line_now_is_told() {
    let mut live = item([9, 0, 0]);
    let decisions: Vec<Decision> = (0..5).map(|_| line(&mut live, [0, 0, 0], [1, 0, 0])).collect();
    live.claims[0].facts = Some(Arc::new(LineFacts { is_pinned: true, ..facts() }));
    live.claims[1].facts = Some(Arc::new(LineFacts { is_barred: true, ..facts() }));
    live.claims[2].in_set = true;
    live.claims[3].facts = None;
    let gone = live.claims.pop().unwrap();
    let expected_only = Decision { stock: Vec::new(), ..line(&mut live, [0, 0, 0], [0, 0, 0]) };
    live.claims[4].waiting = 2;
    assert_eq!(gone.line, expected_only.line, "the fifth line is another one now");
    let decisions = [&decisions[..4], &[expected_only]].concat();
    let commit = ItemCommit::new(&decisions, &live, 1_000);
    assert!(commit.calls.is_empty());
    let outcomes = [Outcome::Pinned, Outcome::Barred, Outcome::NotForRuns, Outcome::Stale, Outcome::ExpectedOnly];
    assert_eq!(commit.settled, outcomes.into_iter().enumerate().collect::<Vec<_>>());
}

/// What an item would be after calls that are all done: free units by place, and the claims' by line.
fn done(live: &LiveItem, calls: &[Moves]) -> Result<Vec<i64>, String> {
    let mut free: Vec<i64> = live.places.iter().map(|place| place.free).collect();
    for call in calls {
        for units in &call.reductions {
            free[live.place_named(&units.location).unwrap() as usize] += units.quantity;
        }
        for units in &call.gains {
            let place = live.place_named(&units.location).unwrap() as usize;
            free[place] -= units.quantity;
            if free[place] < 0 {
                return Err(format!("{} is given more than is there", units.line));
            }
        }
    }
    Ok(free)
}

type Lines = Vec<([i64; PLACES], [i64; PLACES], bool)>;

fn lines() -> impl Strategy<Value = Lines> {
    let units = || prop::array::uniform3(0_i64..4);
    prop::collection::vec((units(), units(), prop::bool::weighted(0.1)), 0..24)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(backorder_testkit::counts::cases("run_commits")))]

    /// Whatever was planned and whatever changed since: no call gives what is not there, each claim is in one call, and what is
    /// taken is given.
    #[test]
    fn calls_are_covered_and_take_only_what_is_given(
        lines in lines(),
        free in prop::array::uniform3(0_i64..6),
        max in 1_usize..9,
    ) {
        let mut live = item(free);
        let decisions: Vec<Decision> = lines.iter().map(|(now, then, _)| line(&mut live, *now, *then)).collect();
        for (claim, (.., changed)) in live.claims.iter_mut().zip(&lines) {
            claim.version += i64::from(*changed);
        }
        let whole = ItemCommit::new(&decisions, &live, 1_000);
        let left = done(&live, &whole.calls).map_err(TestCaseError::fail)?;
        for (place, (left, free)) in left.iter().zip(free).enumerate() {
            let location = format!("locations/l{place}");
            let only_gives = |units: &RunUnits| {
                units.location == location && !whole.calls[0].gains.iter().any(|gain| gain.line == units.line)
            };
            let is_given_up = whole.calls.iter().flat_map(|call| &call.reductions).any(only_gives);
            prop_assert!(!is_given_up || *left == 0 && free >= 0, "units were taken that nobody gets");
        }
        let named = whole.calls.iter().flat_map(|call| call.reductions.iter().chain(&call.gains));
        let named: BTreeSet<&str> = named.map(|units| units.line.as_str()).collect();
        prop_assert_eq!(named.len() + whole.settled.len(), decisions.len(), "each line is told of once");

        let chunked = ItemCommit::new(&decisions, &live, max);
        prop_assert_eq!(&chunked.settled, &whole.settled);
        let mut of_lines = HashMap::new();
        for (number, call) in chunked.calls.iter().enumerate() {
            for units in call.reductions.iter().chain(&call.gains) {
                prop_assert_eq!(*of_lines.entry(units.line.as_str()).or_insert(number), number, "one call per claim");
            }
        }
        let sorted = |calls: &[Moves]| {
            let mut all: Vec<_> = calls.iter().flat_map(|call| call.reductions.iter().chain(&call.gains)).cloned().collect();
            all.sort_by(|a, b| (&a.line, &a.location).cmp(&(&b.line, &b.location)));
            all
        };
        prop_assert_eq!(sorted(&chunked.calls), sorted(&whole.calls), "together they are the same");
    }
}
