//! Runs against a naive model that tries requirements one by one on plain arrays: supply and confirmations by day, and the
//! availability with look-ahead by its formula.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
use proptest::{
    prelude::{Strategy as Generated, *},
    test_runner::RngSeed,
};

use super::{rule_tests::Scene, *};

const DAYS: i32 = 8;
const PLACES: u32 = 3;
/// Days for which anything may be confirmed: lenders are served later.
const SPAN: i32 = DAYS + 4;

/// The model: a day's supply and what is confirmed for it, per place.
struct Model {
    supply: Vec<Vec<i64>>,
    promised: Vec<Vec<i64>>,
}

impl Model {
    /// The lowest of supply less promises, both cumulated, from a day on.
    fn available(&self, place: u32, day: i32) -> i64 {
        let sum = |days: &[i64], to: i32| days[..=usize::try_from(to).unwrap()].iter().sum::<i64>();
        let place = place as usize;
        (day..DAYS).map(|to| sum(&self.supply[place], to) - sum(&self.promised[place], to)).min().unwrap().max(0)
    }

    fn promise(&mut self, place: u32, day: i32, units: i64) {
        self.promised[place as usize][usize::try_from(day).unwrap()] += units;
    }

    /// The best that can be had: one place that has all on the first day, or the places by rank, day by day.
    fn best(&mut self, places: &[u32], days: std::ops::RangeInclusive<i32>, wanted: &dyn Fn(i32) -> i64) -> Vec<i64> {
        let mut confirmed = vec![0; usize::try_from(DAYS).unwrap()];
        let first = *days.start();
        let all = wanted(DAYS - 1);
        let whole = places.iter().find(|place| wanted(first) == all && self.available(**place, first) >= all);
        let places = whole.map_or(places, std::slice::from_ref);
        for day in days {
            for place in places {
                let open = wanted(day) - confirmed.iter().sum::<i64>();
                let units = open.min(self.available(*place, day)).max(0);
                self.promise(*place, day, units);
                confirmed[usize::try_from(day).unwrap()] += units;
            }
        }
        confirmed
    }

    /// What was confirmed, taken again part by part: even after the last acceptable day, since it was accepted.
    fn keep(&mut self, places: &[u32], confirmed: &[Confirmation], first: i32) -> Vec<i64> {
        let mut kept = vec![0; usize::try_from(DAYS).unwrap()];
        for part in confirmed {
            let day = part.day.0.max(first);
            let mut open = part.quantity;
            let own = places.iter().filter(|place| **place == part.place);
            for place in own.chain(places.iter().filter(|place| **place != part.place)) {
                let units = open.min(self.available(*place, day));
                self.promise(*place, day, units);
                kept[usize::try_from(day).unwrap()] += units;
                open -= units;
            }
        }
        kept
    }

    /// Decides about one requirement; `None` is an exception.
    fn decide(&mut self, scene: &Scene, requirement: &Requirement) -> Option<Vec<i64>> {
        let places = scene.demand.places_of(requirement);
        let confirmed = scene.demand.confirmed_of(requirement);
        let had = |day: i32| confirmed.iter().filter(|part| part.day.0 <= day).map(|part| part.quantity).sum::<i64>();
        let first = requirement.requested.0;
        let last = requirement.latest.0.min(DAYS - 1);
        let all = |_: i32| requirement.quantity;
        match requirement.strategy {
            super::Strategy::Win => {
                let got = self.best(places, first..=first.min(last), &all);
                (got.iter().sum::<i64>() == requirement.quantity).then_some(got)
            }
            super::Strategy::Redistribute => Some(self.best(places, first..=last, &all)),
            super::Strategy::Gain | super::Strategy::Improve => {
                let is_behind = |got: &[i64]| {
                    (first..DAYS).any(|day| got[..=usize::try_from(day).unwrap()].iter().sum::<i64>() < had(day))
                };
                let before = self.promised.clone();
                let best = self.best(places, first..=last, &all);
                if !is_behind(&best) {
                    return Some(best);
                }
                self.promised.clone_from(&before);
                let kept = self.keep(places, confirmed, first);
                if !is_behind(&kept) {
                    let open = requirement.quantity - kept.iter().sum::<i64>();
                    let more = self.best(places, first..=last, &|_| open);
                    return Some(kept.iter().zip(more).map(|(kept, more)| kept + more).collect());
                }
                self.promised = before;
                (requirement.strategy == super::Strategy::Improve).then(|| self.best(places, first..=last, &all))
            }
            super::Strategy::Fill => Some(self.best(places, first..=last, &|day| had(day).min(requirement.quantity))),
            super::Strategy::Lose => Some(vec![0; usize::try_from(DAYS).unwrap()]),
        }
    }
}

type Line = (super::Strategy, i64, i32, Option<i32>, Vec<(i32, i64)>, Vec<u32>);

fn line() -> impl Generated<Value = Line> {
    let confirmed = prop::collection::vec((0..DAYS, 1..6_i64), 0..3);
    let places = prop::sample::subsequence((0..PLACES).collect::<Vec<_>>(), 1..=PLACES as usize).prop_shuffle();
    let strategy = prop::sample::select(super::Strategy::ALL.to_vec());
    (strategy, 1..12_i64, 0..DAYS, prop::option::of(0..DAYS), confirmed, places)
}

fn scene() -> impl Generated<Value = Scene> {
    let supplies = prop::collection::vec((0..PLACES, 0..DAYS, 0..15_i64), 0..8);
    let outside = prop::collection::vec((0..PLACES, 0..DAYS, 1..5_i64), 0..3);
    (supplies, outside, prop::collection::vec(line(), 1..8)).prop_map(|(supplies, outside, mut lines)| {
        let mut scene = Scene::new(&supplies);
        lines.sort_by_key(|line| line.0);
        for (strategy, quantity, requested, latest, confirmed, places) in lines {
            // Confirmations that can be: none before the requested day, not more than wanted, by day.
            let mut left = quantity;
            let mut parts: Vec<(i32, i64)> =
                confirmed.iter().map(|(day, units)| (*day.max(&requested), *units)).collect();
            parts.sort_unstable();
            for part in &mut parts {
                part.1 = part.1.min(left);
                left -= part.1;
            }
            parts.retain(|part| part.1 > 0);
            scene = scene.line(strategy, quantity, &parts).from(&places).requested(requested);
            if let Some(latest) = latest {
                scene = scene.latest(latest);
            }
        }
        for (place, day, quantity) in outside {
            scene = scene.promised_outside(place, day, quantity);
        }
        scene
    })
}

/// Wishes that make a search look for more than the plain best.
fn terms() -> impl Generated<Value = Terms> {
    let delivery = prop::sample::select(vec![Delivery::Proposal, Delivery::OneTime, Delivery::Complete]);
    let building = prop::sample::select(vec![Building::MostOnRequestedDay, Building::Whole, Building::MostEarliest]);
    let few = prop::sample::select(vec![1_u32, 2, u32::MAX]);
    (1..4_i64, 1..4_i64, few.clone(), few, delivery, building).prop_map(
        |(shipment_min, pack, deliveries_max, places_max, delivery, building)| Terms {
            shipment_min,
            pack,
            deliveries_max,
            places_max,
            delivery,
            building,
        },
    )
}

fn with_wishes() -> impl Generated<Value = Scene> {
    let sharing = vec![Sharing::Proportional, Sharing::UniformGains, Sharing::UniformLosses];
    let alone =
        (prop::option::weighted(0.3, 0..2_u32), prop::bool::weighted(0.4), prop::option::weighted(0.4, 0..4_i32));
    let wishes = prop::collection::vec((terms(), alone), 8);
    (scene(), prop::sample::select(sharing), wishes).prop_map(|(mut scene, sharing, wishes)| {
        scene.demand.shares = vec![sharing];
        for (requirement, (terms, (set, is_sharing, lends))) in scene.demand.requirements.iter_mut().zip(wishes) {
            scene.demand.terms.push(terms);
            requirement.terms = u32::try_from(scene.demand.terms.len() - 1).unwrap();
            requirement.set = set.unwrap_or(NO_SET);
            let may_share = requirement.strategy == super::Strategy::Redistribute && set.is_none();
            requirement.share = if may_share && is_sharing { 0 } else { NO_SHARE };
            requirement.lends_days = if set.is_none() { lends.unwrap_or(NOT_LENDING) } else { NOT_LENDING };
        }
        scene
    })
}

fn by_day(confirmed: &[Confirmation]) -> Vec<i64> {
    let mut days = vec![0; usize::try_from(DAYS).unwrap()];
    for part in confirmed {
        days[usize::try_from(part.day.0).unwrap()] += part.quantity;
    }
    days
}

/// What must be true of every plan, whatever the wishes.
fn hold(scene: &Scene) -> Result<(), TestCaseError> {
    let plan = scene.run();
    prop_assert_eq!(&plan, &scene.run(), "the same input, the same plan");
    let is_discarded = !plan.exceptions.is_empty();
    let mut given = vec![vec![0_i64; usize::try_from(SPAN).unwrap()]; PLACES as usize];
    for (index, requirement) in (0_u32..).zip(&scene.demand.requirements) {
        let outcome = plan.outcomes[index as usize];
        prop_assert_eq!(outcome.reason == Reason::Discarded, is_discarded);
        let before = scene.demand.confirmed_of(requirement);
        let after = plan.confirmed(&scene.demand, index);
        if is_discarded {
            prop_assert_eq!(&after, before);
            continue;
        }
        let places = scene.demand.places_of(requirement);
        prop_assert!(profile::total(&after) <= requirement.quantity);
        for part in &after {
            prop_assert!(places.contains(&part.place) && part.day >= requirement.requested);
            given[part.place as usize][usize::try_from(part.day.0).unwrap()] += part.quantity;
        }
        let (lost, won) = (
            profile::shortfall(before, &after, requirement.requested),
            profile::shortfall(&after, before, requirement.requested),
        );
        match requirement.strategy {
            super::Strategy::Win => {
                prop_assert_eq!(profile::by(&after, requirement.requested), requirement.quantity);
            }
            super::Strategy::Gain if requirement.lends_days == NOT_LENDING => prop_assert_eq!(lost, 0),
            super::Strategy::Gain => {
                let later = |part: &Confirmation| Confirmation { day: part.day.plus(requirement.lends_days), ..*part };
                let right: Vec<Confirmation> = before.iter().map(later).collect();
                prop_assert_eq!(profile::shortfall(&right, &after, requirement.requested), 0);
            }
            super::Strategy::Fill => prop_assert_eq!(won, 0),
            super::Strategy::Lose => prop_assert_eq!(after.len(), 0),
            super::Strategy::Improve | super::Strategy::Redistribute => {}
        }
    }
    for place in 0..PLACES {
        for day in 0..SPAN {
            let supply: i64 =
                scene.supplies.iter().filter(|s| s.place == place && s.day.0 <= day).map(|s| s.quantity).sum();
            let outside: i64 =
                scene.outside.iter().filter(|o| o.place == place && o.day.0 <= day).map(|o| o.quantity).sum();
            let given: i64 = given[place as usize][..=usize::try_from(day).unwrap()].iter().sum();
            prop_assert!(given + outside <= supply.max(outside), "place {place}, day {day}");
        }
    }
    Ok(())
}

/// The same with the plan as what is confirmed: as after a commit.
fn committed(scene: &Scene, plan: &Plan) -> Scene {
    let mut demand = Demand { confirmed: Vec::new(), ..scene.demand.clone() };
    for index in 0..demand.requirements.len() {
        let begin = u32::try_from(demand.confirmed.len()).unwrap();
        demand.confirmed.extend(plan.confirmed(&scene.demand, u32::try_from(index).unwrap()));
        demand.requirements[index].confirmed = (begin, u32::try_from(demand.confirmed.len()).unwrap());
    }
    Scene { demand, supplies: scene.supplies.clone(), outside: scene.outside.clone() }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: backorder_testkit::counts::cases("allocation_runs"),
        rng_seed: RngSeed::Fixed(backorder_testkit::seed()),
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_run_gives_what_trying_one_by_one_gives(scene in scene()) {
        let plan = scene.run();
        let mut model = Model {
            supply: vec![vec![0; usize::try_from(DAYS).unwrap()]; PLACES as usize],
            promised: vec![vec![0; usize::try_from(DAYS).unwrap()]; PLACES as usize],
        };
        for supply in &scene.supplies {
            model.supply[supply.place as usize][usize::try_from(supply.day.0).unwrap()] += supply.quantity;
        }
        for outside in &scene.outside {
            model.promise(outside.place, outside.day.0, outside.quantity);
        }
        let decided: Vec<_> = scene.demand.requirements.iter().map(|line| model.decide(&scene, line)).collect();
        prop_assert_eq!(plan.exceptions.is_empty(), decided.iter().all(Option::is_some));
        if plan.exceptions.is_empty() {
            for (index, decided) in (0..).zip(decided) {
                prop_assert_eq!(by_day(&plan.confirmed(&scene.demand, index)), decided.unwrap(), "requirement {}", index);
            }
        }
    }

    #[test]
    fn no_plan_breaks_what_every_plan_must_keep(scene in scene()) {
        hold(&scene)?;
    }

    #[test]
    fn wishes_and_ship_sets_break_nothing_of_it(scene in with_wishes()) {
        hold(&scene)?;
        let plan = scene.run();
        if !plan.exceptions.is_empty() {
            return Ok(());
        }
        for (index, requirement) in (0_u32..).zip(&scene.demand.requirements) {
            let after = plan.confirmed(&scene.demand, index);
            if requirement.set != NO_SET && !after.is_empty() {
                let members = (0_u32..).zip(&scene.demand.requirements).filter(|(_, other)| other.set == requirement.set);
                for (member, other) in members {
                    let of_member = plan.confirmed(&scene.demand, member);
                    prop_assert_eq!(profile::by(&of_member, after[0].day), other.quantity, "all of the set on one day");
                    prop_assert!(of_member.iter().all(|part| part.day == after[0].day));
                }
            }
        }
    }

    #[test]
    fn a_run_after_its_commit_changes_nothing(scene in scene()) {
        let plan = scene.run();
        let again = committed(&scene, &plan).run();
        if plan.exceptions.is_empty() {
            prop_assert!(again.exceptions.is_empty());
            for outcome in &again.outcomes {
                prop_assert_eq!(outcome.reason, Reason::Unchanged);
            }
        }
    }
}
