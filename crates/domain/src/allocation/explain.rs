//! Why a plan gives a requirement no more: who stands before it and took what it lacks, and the smallest change that would give
//! it all of its units on the requested day.
//!
//! It looks at one pool after its run and decides nothing. Figures are exact for requirements of one place that ask for
//! one day; where requirements share several places, what those before lack is counted at each of them.

use std::{cmp::Reverse, collections::HashMap};

use super::run::{Constraint, Day, Input, Peg, Plan, Reason, Requirement, profile};

/// Buckets of a place that are looked through for one requirement at most, the last ones first.
const BUCKETS_MAX: usize = 64;

/// A requirement that stands before another one and took what that lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Competitor {
    /// The requirement.
    pub requirement: u32,
    /// Base units that it took of what the other could have had.
    pub units: i64,
}

/// A change that would give a requirement all of its units on the requested day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fix {
    /// More units at a place.
    MoreUnits {
        /// The requirement's first place.
        place: u32,
        /// The day by which they have to be there.
        day: Day,
        /// Base units for the requirement itself.
        units: i64,
        /// Base units beside them that requirements before it lack there and would take first.
        units_before: i64,
    },
    /// The one supply that is late for it comes earlier.
    EarlierSupply {
        /// Its bucket.
        bucket: u32,
        /// By so many days, at least 1.
        days: i32,
    },
    /// Enough is there: the wish, or the strategy, stands in the way.
    Drop(Constraint),
}

/// Units that a requirement took of a bucket.
struct Take {
    bucket: u32,
    position: u32,
    requirement: u32,
    quantity: i64,
    /// What was taken of the bucket up to and with this.
    so_far: i64,
}

/// Explains the plan of one pool.
pub struct Explainer<'p> {
    input: Input<'p>,
    plan: &'p Plan,
    /// The place of each requirement in the order in which they were checked.
    positions: Vec<u32>,
    /// By bucket, then in the order in which they were checked.
    takes: Vec<Take>,
    /// What those before each requirement lack on their days at its first place.
    lack_before: Vec<i64>,
}

impl<'p> Explainer<'p> {
    /// Prepares the explanations of a pool whose requirements were checked in this order.
    #[must_use]
    pub fn new(input: Input<'p>, order: &[u32], plan: &'p Plan) -> Self {
        let requirements = input.demand.requirements.len();
        let (mut positions, mut lack_before) = (vec![u32::MAX; requirements], vec![0; requirements]);
        let mut takes = Vec::with_capacity(plan.pegs.len());
        let mut lacking: HashMap<u32, i64> = HashMap::new();
        for (position, index) in (0_u32..).zip(order) {
            positions[*index as usize] = position;
            let requirement = &input.demand.requirements[*index as usize];
            let places = input.demand.places_of(requirement);
            lack_before[*index as usize] = places.first().and_then(|place| lacking.get(place)).copied().unwrap_or(0);
            let pegs = plan.pegs_of(*index);
            takes.extend(pegs.iter().map(|peg| Take {
                bucket: peg.bucket,
                position,
                requirement: *index,
                quantity: peg.quantity,
                so_far: 0,
            }));
            let lack = lack_of(&input, plan, *index);
            for place in places.iter().filter(|_| lack > 0) {
                let there = lacking.entry(*place).or_default();
                *there = there.saturating_add(lack);
            }
        }
        takes.sort_by_key(|take| (take.bucket, take.position));
        let mut before: Option<(u32, i64)> = None;
        for take in &mut takes {
            let so_far = before.filter(|(bucket, _)| *bucket == take.bucket).map_or(0, |(_, so_far)| so_far);
            take.so_far = so_far.saturating_add(take.quantity);
            before = Some((take.bucket, take.so_far));
        }
        Self { input, plan, positions, takes, lack_before }
    }

    /// The place of a requirement in the order in which they were checked, from 0; `None` when it is not in the pool.
    #[must_use]
    pub fn position(&self, requirement: u32) -> Option<u32> {
        self.positions.get(requirement as usize).copied().filter(|position| *position != u32::MAX)
    }

    /// The requirements that stand before one and took what it could have had sooner, the nearest one first. None for a
    /// requirement that has all on its day.
    #[must_use]
    pub fn competitors(&self, requirement: u32, max: usize) -> Vec<Competitor> {
        let Some(position) = self.position(requirement) else { return Vec::new() };
        if self.plan.outcomes[requirement as usize].binding.is_none() {
            return Vec::new();
        }
        let asked = &self.input.demand.requirements[requirement as usize];
        let pegs = self.plan.pegs_of(requirement);
        // Where all of it is confirmed, what comes on its last day or later would not have helped.
        let before =
            if profile::total(pegs) < asked.quantity { Day::MAX } else { profile::day_of(pegs, asked.quantity) };
        let mut found: Vec<(u32, Competitor)> = Vec::new();
        for place in self.input.demand.places_of(asked) {
            let buckets = self.input.supplies.buckets(*place);
            let sooner = |bucket: &usize| self.input.supplies.days()[*bucket] < before;
            for bucket in buckets.rev().filter(sooner).take(BUCKETS_MAX) {
                let (from, to) = self.taken_before(index(bucket), position);
                let nearest = self.takes[from..to].iter().rev().take(max);
                found.extend(
                    nearest.map(|take| {
                        (take.position, Competitor { requirement: take.requirement, units: take.quantity })
                    }),
                );
            }
        }
        found.sort_by_key(|(position, _)| Reverse(*position));
        found.dedup_by(|(next, other), (kept, competitor)| {
            let is_same = next == kept;
            if is_same {
                competitor.units = competitor.units.saturating_add(other.units);
            }
            is_same
        });
        found.truncate(max);
        found.into_iter().map(|(_, competitor)| competitor).collect()
    }

    /// The smallest change that would give a requirement all of its units on the requested day. `None` when it has them, is
    /// not in the pool, or has no place.
    #[must_use]
    pub fn fix(&self, requirement: u32) -> Option<Fix> {
        let position = self.position(requirement)?;
        let binding = self.plan.outcomes[requirement as usize].binding?;
        let asked = &self.input.demand.requirements[requirement as usize];
        let place = *self.input.demand.places_of(asked).first()?;
        let day = asked.requested.max(self.input.today);
        let missing = asked.quantity.saturating_sub(profile::by(self.plan.pegs_of(requirement), day));
        let units_before = self.lack_before[requirement as usize];
        let more = |units| Fix::MoreUnits { place, day, units, units_before };
        Some(match binding {
            Constraint::Strategy => Fix::Drop(binding),
            Constraint::Places if self.available(asked, position, day) >= asked.quantity => Fix::Drop(binding),
            Constraint::Places => more(asked.quantity.saturating_sub(self.available_at(place, position, day))),
            Constraint::Deliveries | Constraint::Whole | Constraint::Pack | Constraint::ShipmentMin
                if self.available(asked, position, day) >= asked.quantity =>
            {
                Fix::Drop(binding)
            }
            Constraint::Supply if units_before == 0 => {
                self.late_bucket(asked, self.plan.pegs_of(requirement), day).unwrap_or_else(|| more(missing))
            }
            Constraint::Supply
            | Constraint::LatestDay
            | Constraint::ShipmentMin
            | Constraint::Pack
            | Constraint::Deliveries
            | Constraint::Whole
            | Constraint::ShipSet
            | Constraint::Quota
            | Constraint::Protection => more(missing),
        })
    }

    /// The one bucket that brings everything that is late, where nothing is missing for good.
    fn late_bucket(&self, asked: &Requirement, pegs: &[Peg], day: Day) -> Option<Fix> {
        if profile::total(pegs) < asked.quantity {
            return None;
        }
        let mut late = pegs.iter().filter(|peg| peg.day > day);
        let bucket = late.next()?.bucket;
        let days = self.input.supplies.days()[bucket as usize].0.saturating_sub(day.0);
        (days > 0 && late.all(|peg| peg.bucket == bucket)).then_some(Fix::EarlierSupply { bucket, days })
    }

    /// Units that were left by a day at all places of a requirement when its turn came.
    fn available(&self, asked: &Requirement, position: u32, day: Day) -> i64 {
        let places = self.input.demand.places_of(asked).iter();
        places.map(|place| self.available_at(*place, position, day)).fold(0, i64::saturating_add)
    }

    fn available_at(&self, place: u32, position: u32, day: Day) -> i64 {
        let mut units = 0_i64;
        for bucket in self.input.supplies.buckets(place) {
            if self.input.supplies.days()[bucket] > day {
                break;
            }
            let (from, to) = self.taken_before(index(bucket), position);
            let taken = if from == to { 0 } else { self.takes[to - 1].so_far };
            units = units.saturating_add(self.input.supplies.units()[bucket].saturating_sub(taken));
        }
        units
    }

    /// The takes of a bucket by those who stand before a position: a range of the takes.
    fn taken_before(&self, bucket: u32, position: u32) -> (usize, usize) {
        let from = self.takes.partition_point(|take| take.bucket < bucket);
        let to = self.takes.partition_point(|take| (take.bucket, take.position) < (bucket, position));
        (from, to)
    }
}

/// Units that a requirement lacks on its day. What was discarded lacks nothing that a change would bring.
fn lack_of(input: &Input<'_>, plan: &Plan, requirement: u32) -> i64 {
    let outcome = &plan.outcomes[requirement as usize];
    if matches!(outcome.reason, Reason::Discarded | Reason::NotInRun) || outcome.binding == Some(Constraint::Strategy) {
        return 0;
    }
    let asked = &input.demand.requirements[requirement as usize];
    let day = asked.requested.max(input.today);
    asked.quantity.saturating_sub(profile::by(plan.pegs_of(requirement), day))
}

/// Buckets are counted in 32 bits.
fn index(bucket: usize) -> u32 {
    u32::try_from(bucket).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use proptest::prelude::{Strategy as _, prop, prop_assert, prop_assert_eq, proptest};

    use super::super::run::{
        Confirmation, Demand, NO_GROUP, NO_SET, NO_SHARE, NOT_LENDING, NoLimits, Strategy, Supplies, Supply, Terms,
        run_pool,
    };
    use super::*;

    /// Requirements for day 0, checked in their order, each as (units, places, terms).
    fn demand(asked: &[(i64, &[u32], Terms)]) -> Demand {
        let mut demand = Demand::default();
        for (quantity, places, terms) in asked {
            let begin = u32::try_from(demand.places.len()).unwrap();
            demand.places.extend(*places);
            demand.terms.push(*terms);
            demand.requirements.push(Requirement {
                quantity: *quantity,
                requested: Day(0),
                latest: Day::MAX,
                strategy: Strategy::Redistribute,
                terms: u32::try_from(demand.terms.len() - 1).unwrap(),
                places: (begin, u32::try_from(demand.places.len()).unwrap()),
                own_places: u32::try_from(places.len()).unwrap(),
                confirmed: (0, 0),
                group: NO_GROUP,
                set: NO_SET,
                share: NO_SHARE,
                lends_days: NOT_LENDING,
            });
        }
        demand
    }

    /// Asks about a run with supplies as (place, day, units).
    fn explained<T>(demand: &Demand, supplies: &[(u32, i32, i64)], ask: impl FnOnce(&Explainer<'_>) -> T) -> T {
        let supply =
            |(place, day, quantity): &(u32, i32, i64)| Supply { place: *place, day: Day(*day), quantity: *quantity };
        let supplies: Vec<Supply> = supplies.iter().map(supply).collect();
        let supplies = Supplies::try_new(3, &supplies).unwrap();
        let input = Input { demand, supplies: &supplies, today: Day(0) };
        let order: Vec<u32> = (0..u32::try_from(demand.requirements.len()).unwrap()).collect();
        let plan = run_pool(&input, &order, &mut NoLimits);
        ask(&Explainer::new(input, &order, &plan))
    }

    fn at_one_place(units: &[i64]) -> Demand {
        demand(&units.iter().map(|units| (*units, &[0][..], Terms::default())).collect::<Vec<_>>())
    }

    #[test]
    fn who_stands_before_and_took_what_is_lacking_is_named_the_nearest_first() {
        let demand = at_one_place(&[4, 3, 5, 9]);
        let supplies = [(0, 0, 10), (0, 5, 20)];
        let taken = |requirement, max| {
            explained(&demand, &supplies, |explainer| explainer.competitors(requirement, max))
                .into_iter()
                .map(|competitor| (competitor.requirement, competitor.units))
                .collect::<Vec<_>>()
        };
        assert_eq!(taken(0, 10), []);
        assert_eq!(taken(2, 10), [(1, 3), (0, 4)]);
        assert_eq!(taken(3, 10), [(2, 3), (1, 3), (0, 4)]);
        assert_eq!(taken(3, 1), [(2, 3)]);
    }

    #[test]
    fn what_is_late_by_one_supply_needs_that_supply_earlier() {
        let late = explained(&at_one_place(&[4, 3]), &[(0, 0, 5), (0, 9, 5)], |explainer| explainer.fix(1));
        assert_eq!(late, Some(Fix::EarlierSupply { bucket: 1, days: 9 }));
        let in_time = explained(&at_one_place(&[4]), &[(0, 0, 5)], |explainer| explainer.fix(0));
        assert_eq!(in_time, None);
    }

    #[test]
    fn what_those_before_lack_is_needed_as_well() {
        let fix = explained(&at_one_place(&[8, 6]), &[(0, 0, 5)], |explainer| explainer.fix(1));
        assert_eq!(fix, Some(Fix::MoreUnits { place: 0, day: Day(0), units: 6, units_before: 3 }));
    }

    #[test]
    fn a_wish_is_to_be_dropped_only_where_that_is_enough() {
        let alone = Terms { places_max: 1, ..Terms::default() };
        let wish = demand(&[(9, &[0, 1], alone)]);
        let enough = explained(&wish, &[(0, 0, 4), (1, 0, 5)], |explainer| explainer.fix(0));
        assert_eq!(enough, Some(Fix::Drop(Constraint::Places)));
        let short = explained(&wish, &[(0, 0, 4), (1, 0, 4)], |explainer| explainer.fix(0));
        assert_eq!(short, Some(Fix::MoreUnits { place: 0, day: Day(0), units: 5, units_before: 0 }));
    }

    #[test]
    fn who_loses_by_strategy_needs_another_one() {
        let mut demand = at_one_place(&[9, 9]);
        demand.confirmed.push(Confirmation { day: Day(0), place: 0, quantity: 2 });
        demand.requirements[0].strategy = Strategy::Fill;
        demand.requirements[0].confirmed = (0, 1);
        let fixes = explained(&demand, &[(0, 0, 5)], |explainer| (explainer.fix(0), explainer.fix(1)));
        assert_eq!(fixes.0, Some(Fix::Drop(Constraint::Strategy)));
        let more = Fix::MoreUnits { place: 0, day: Day(0), units: 6, units_before: 0 };
        assert_eq!(fixes.1, Some(more), "what the one before may not have is lacking to nobody");
    }

    proptest! {
        #![proptest_config(proptest::test_runner::Config {
            cases: backorder_testkit::counts::cases("allocation_explanation"),
            rng_seed: proptest::test_runner::RngSeed::Fixed(backorder_testkit::seed()),
            ..proptest::test_runner::Config::default()
        })]

        #[test]
        fn so_many_units_more_and_no_fewer_give_a_line_all_of_it(
            asked in prop::collection::vec(1..9_i64, 1..8),
            supplies in prop::collection::vec((0..4_i32, 0..12_i64), 0..5)
                .prop_map(|drawn| drawn.into_iter().map(|(day, units)| (0, day, units)).collect::<Vec<_>>()),
        ) {
            let demand = at_one_place(&asked);
            for requirement in 0..u32::try_from(asked.len()).unwrap() {
                let needed = match explained(&demand, &supplies, |explainer| explainer.fix(requirement)) {
                    None => 0,
                    Some(Fix::MoreUnits { units, units_before, .. }) => units + units_before,
                    Some(Fix::EarlierSupply { bucket, days }) => {
                        let mut ordered = supplies.clone();
                        ordered.retain(|(_, _, units)| *units > 0);
                        ordered.sort_by_key(|(_, day, _)| *day);
                        ordered[bucket as usize].1 -= days;
                        let earlier = explained(&demand, &ordered, |explainer| explainer.fix(requirement));
                        prop_assert_eq!(earlier, None);
                        continue;
                    }
                    Some(Fix::Drop(binding)) => {
                        prop_assert!(false, "{binding:?} binds nobody here");
                        continue;
                    }
                };
                let with = |more: i64| {
                    let mut supplies = supplies.clone();
                    supplies.push((0, 0, more));
                    explained(&demand, &supplies, |explainer| explainer.fix(requirement))
                };
                prop_assert_eq!(with(needed), None);
                prop_assert!(needed == 0 || with(needed - 1).is_some());
            }
        }
    }
}
