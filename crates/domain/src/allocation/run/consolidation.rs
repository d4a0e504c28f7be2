//! Deliveries to one ship-to go together: one cheap unit does not ship alone.
//!
//! A delivery is what leaves one location for one ship-to on one day. One that is worth less than the smallest value waits
//! for the next to the same ship-to that goes within the window, and goes with it. Where none does, it goes alone on the last
//! day of the window. Units only move to later days, which no other requirement can feel: what is confirmed by any day gets
//! less, and supply does not change.
//!
//! Quotas were consumed in the period of the day before: who consumes them for good takes the days of the plan as it is then.
//!
//! Nothing moves behind what it has a right to: not after its last acceptable day, nor after the day for which it is
//! confirmed already, so that a run on every day does not put it off for ever. What was promised for the requested day
//! (`Win`), goes together with other requirements, or goes whole from several places stays where it is.

use super::{
    day::Day,
    demand::{Delivery, Demand, NO_SET, Strategy},
    plan::{Plan, Reason},
    profile,
};

/// No ship-to: the requirement's deliveries go with no others, and wait for none.
pub const NO_SHIP_TO: u32 = u32::MAX;

/// What decides about deliveries that go together.
#[derive(Debug, Clone, Copy)]
pub struct Consolidation<'c> {
    /// How many days a delivery may wait for another, at least 0.
    pub window_days: i32,
    /// The value of a delivery, in nano-units of company currency, that waits for none.
    pub value_min_nanos: i128,
    /// The ship-to of each requirement, or [`NO_SHIP_TO`].
    pub ship_to: &'c [u32],
    /// The value of one unit of each requirement, in nano-units of company currency.
    pub unit_value_nanos: &'c [i64],
    /// The location of each place.
    pub location: &'c [u32],
}

/// A peg as a part of a delivery.
#[derive(Debug, Clone, Copy)]
struct Part {
    ship_to: u32,
    location: u32,
    day: Day,
    peg: u32,
    requirement: u32,
}

/// Puts the deliveries of a plan of today together.
pub fn consolidate(demand: &Demand, plan: &mut Plan, today: Day, consolidation: &Consolidation<'_>) {
    let mut parts = Vec::new();
    for (requirement, outcome) in (0_u32..).zip(&plan.outcomes) {
        let ship_to = consolidation.ship_to[requirement as usize];
        if ship_to == NO_SHIP_TO {
            continue;
        }
        parts.extend((outcome.pegs.0..outcome.pegs.1).map(|peg| {
            let of_peg = &plan.pegs[peg as usize];
            let location = consolidation.location[of_peg.place as usize];
            Part { ship_to, location, day: of_peg.day, peg, requirement }
        }));
    }
    parts.sort_unstable_by_key(|part| (part.ship_to, part.location, part.day, part.peg));
    for together in parts.chunk_by(|a, b| (a.ship_to, a.location) == (b.ship_to, b.location)) {
        put_together(demand, plan, consolidation, together);
    }
    for part in &parts {
        if plan.pegs[part.peg as usize].day > part.day {
            let requirement = &demand.requirements[part.requirement as usize];
            let asked = requirement.requested.max(today);
            let reason = Reason::of(demand.confirmed_of(requirement), plan.pegs_of(part.requirement), asked);
            plan.outcomes[part.requirement as usize].reason = reason;
        }
    }
}

/// Decides about all deliveries from one location to one ship-to, the earliest first.
fn put_together(demand: &Demand, plan: &mut Plan, consolidation: &Consolidation<'_>, parts: &[Part]) {
    let mut waiting: Vec<Part> = Vec::new();
    let mut days = parts.chunk_by(|a, b| a.day == b.day).peekable();
    while let Some(today) = days.next() {
        let day = today[0].day;
        // What waits has moved to this day already.
        waiting.extend_from_slice(today);
        let value: i128 = waiting.iter().map(|part| value(plan, consolidation, part)).sum();
        if value >= consolidation.value_min_nanos {
            waiting.clear();
            continue;
        }
        let bound = waiting.iter().map(|part| latest_day(demand, plan, part)).min().unwrap_or(day);
        // The window is that of the delivery that waits longest.
        let opened = waiting.iter().map(|part| part.day).min().unwrap_or(day);
        let until = opened.plus(consolidation.window_days).min(bound).max(day);
        let next = days.peek().map(|next| next[0].day).filter(|next| *next <= until);
        for part in &waiting {
            plan.pegs[part.peg as usize].day = next.unwrap_or(until);
        }
        if next.is_none() {
            waiting.clear();
        }
    }
}

fn value(plan: &Plan, consolidation: &Consolidation<'_>, part: &Part) -> i128 {
    let units = plan.pegs[part.peg as usize].quantity;
    i128::from(units) * i128::from(consolidation.unit_value_nanos[part.requirement as usize])
}

/// The last day to which a part of a delivery may move.
fn latest_day(demand: &Demand, plan: &Plan, part: &Part) -> Day {
    let requirement = &demand.requirements[part.requirement as usize];
    let pegs = plan.pegs_of(part.requirement);
    let peg = &plan.pegs[part.peg as usize];
    let is_from_several = pegs.iter().any(|other| other.place != peg.place);
    let goes_whole = demand.terms_of(requirement).delivery != Delivery::Proposal && is_from_several;
    if requirement.strategy == Strategy::Win || requirement.set != NO_SET || goes_whole {
        return peg.day;
    }
    let confirmed = demand.confirmed_of(requirement);
    let units = profile::by(pegs, peg.day).min(profile::total(confirmed));
    let confirmed_day = if units > 0 { profile::day_of(confirmed, units) } else { Day::MAX };
    requirement.latest.min(confirmed_day).max(peg.day)
}

#[cfg(test)]
mod tests {
    use super::{
        super::{rule_tests::Scene, *},
        Consolidation, consolidate,
    };

    /// Deliveries of each requirement as (day, units), all from one location to one ship-to, worth one nano-unit a unit.
    fn together(scene: &Scene, window_days: i32, value_min_nanos: i128) -> Vec<Vec<(i32, i64)>> {
        let mut plan = scene.run();
        let many = vec![0; scene.demand.requirements.len()];
        let consolidation = Consolidation {
            window_days,
            value_min_nanos,
            ship_to: &many,
            unit_value_nanos: &vec![1; many.len()],
            location: &[0; 8],
        };
        consolidate(&scene.demand, &mut plan, Day(0), &consolidation);
        (0..).take(many.len()).map(|index| scene.confirmed(&plan, index)).collect()
    }

    #[test]
    fn a_cheap_delivery_goes_with_the_next_one() {
        let scene = Scene::new(&[(0, 0, 1), (1, 3, 9)]).wanted(1).wanted(9).from(&[1]);
        assert_eq!(together(&scene, 5, 5), [[(3, 1)], [(3, 9)]]);
        assert_eq!(together(&scene, 5, 1), [[(0, 1)], [(3, 9)]], "it is worth its own way");
        assert_eq!(together(&scene, 2, 5), [[(2, 1)], [(3, 9)]], "the next one comes after the window");
    }

    #[test]
    fn cheap_deliveries_gather_until_they_are_worth_it_or_the_window_ends() {
        let scene = Scene::new(&[(0, 0, 1), (0, 2, 1), (0, 4, 1), (0, 9, 1)]).wanted(4);
        assert_eq!(together(&scene, 5, 3), [[(4, 3), (14, 1)]]);
    }

    #[test]
    fn nothing_moves_behind_what_it_has_a_right_to() {
        let winner = Scene::new(&[(0, 0, 1)]).line(Strategy::Win, 1, &[]);
        assert_eq!(together(&winner, 5, 9), [[(0, 1)]]);
        let confirmed = Scene::new(&[(0, 0, 1)]).line(Strategy::Improve, 1, &[(2, 1)]);
        let mut plan = confirmed.run();
        let consolidation =
            Consolidation { window_days: 5, value_min_nanos: 9, ship_to: &[0], unit_value_nanos: &[1], location: &[0] };
        consolidate(&confirmed.demand, &mut plan, Day(0), &consolidation);
        assert_eq!(plan.outcomes[0].reason, Reason::Unchanged);
        assert_eq!(together(&confirmed, 5, 9), [[(2, 1)]], "for that day it is confirmed already");
        let bounded = Scene::new(&[(0, 0, 1)]).wanted(1).latest(1);
        assert_eq!(together(&bounded, 5, 9), [[(1, 1)]]);
        let set = Scene::new(&[(0, 0, 1)]).wanted(1).set(1);
        assert_eq!(together(&set, 5, 9), [[(0, 1)]]);
    }

    #[test]
    fn other_locations_are_other_deliveries() {
        let scene = Scene::new(&[(0, 0, 1), (1, 3, 9)]).wanted(1).wanted(9).from(&[1]);
        let mut plan = scene.run();
        let consolidation = Consolidation {
            window_days: 5,
            value_min_nanos: 5,
            ship_to: &[0, 0],
            unit_value_nanos: &[1, 1],
            location: &[0, 1],
        };
        consolidate(&scene.demand, &mut plan, Day(0), &consolidation);
        assert_eq!(scene.confirmed(&plan, 0), [(5, 1)]);
    }
}
