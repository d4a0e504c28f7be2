//! Rules of one requirement and of ship sets, each by an example. Days are counted from today; the places of an example
//! are 0, 1, 2 …

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
use super::*;

/// An example: supplies, and requirements in the order in which they are checked.
#[derive(Debug)]
pub(super) struct Scene {
    pub demand: Demand,
    pub supplies: Vec<Supply>,
    pub outside: Vec<Outside>,
}

impl Scene {
    /// Supplies as (place, day, units).
    pub fn new(supplies: &[(u32, i32, i64)]) -> Self {
        let supply =
            |(place, day, quantity): &(u32, i32, i64)| Supply { place: *place, day: Day(*day), quantity: *quantity };
        let demand = Demand { terms: vec![Terms::default()], ..Demand::default() };
        Self { demand, supplies: supplies.iter().map(supply).collect(), outside: Vec::new() }
    }

    /// A requirement for today from place 0, with its present confirmations as (day, units).
    pub fn line(mut self, strategy: Strategy, quantity: i64, confirmed: &[(i32, i64)]) -> Self {
        let begin = u32::try_from(self.demand.confirmed.len()).unwrap();
        self.demand.confirmed.extend(confirmed.iter().map(|(day, quantity)| Confirmation {
            day: Day(*day),
            place: 0,
            quantity: *quantity,
        }));
        let confirmed = (begin, u32::try_from(self.demand.confirmed.len()).unwrap());
        self.demand.requirements.push(Requirement {
            quantity,
            requested: Day(0),
            latest: Day::MAX,
            strategy,
            terms: 0,
            places: (0, 0),
            own_places: 0,
            confirmed,
            group: NO_GROUP,
            set: NO_SET,
            share: NO_SHARE,
            lends_days: NOT_LENDING,
        });
        self.from(&[0])
    }

    /// What can be had, for the first in the queue.
    pub fn wanted(self, quantity: i64) -> Self {
        self.line(Strategy::Redistribute, quantity, &[])
    }

    fn last(&mut self) -> &mut Requirement {
        self.demand.requirements.last_mut().unwrap()
    }

    /// The places of the last requirement.
    pub fn from(mut self, places: &[u32]) -> Self {
        let begin = u32::try_from(self.demand.places.len()).unwrap();
        self.demand.places.extend(places);
        let end = u32::try_from(self.demand.places.len()).unwrap();
        self.last().places = (begin, end);
        self.last().own_places = end - begin;
        self
    }

    /// Only the first so many places of the last requirement are of its own item.
    pub fn own(mut self, places: u32) -> Self {
        self.last().own_places = places;
        self
    }

    pub fn set(mut self, set: u32) -> Self {
        self.last().set = set;
        self
    }

    /// The last requirement shares with those before and after it of the same block.
    pub fn shares(mut self, sharing: Sharing) -> Self {
        self.demand.shares = vec![sharing];
        self.last().share = 0;
        self
    }

    pub fn lends(mut self, days: i32) -> Self {
        self.last().lends_days = days;
        self
    }

    pub fn requested(mut self, day: i32) -> Self {
        self.last().requested = Day(day);
        self
    }

    pub fn latest(mut self, day: i32) -> Self {
        self.last().latest = Day(day);
        self
    }

    pub fn terms(mut self, terms: Terms) -> Self {
        self.demand.terms.push(terms);
        self.last().terms = u32::try_from(self.demand.terms.len() - 1).unwrap();
        self
    }

    pub fn promised_outside(mut self, place: u32, day: i32, quantity: i64) -> Self {
        self.outside.push(Outside { place, day: Day(day), quantity });
        self
    }

    /// The allocation group of the last requirement.
    pub fn group(mut self, group: u32) -> Self {
        self.last().group = group;
        self
    }

    pub fn run(&self) -> Plan {
        self.run_within(&mut NoLimits)
    }

    pub fn run_within(&self, limits: &mut impl Limits) -> Plan {
        let places = self.demand.places.iter().copied().chain(self.supplies.iter().map(|supply| supply.place));
        let places = places.chain(self.outside.iter().map(|demand| demand.place));
        let mut supplies = Supplies::try_new(places.max().map_or(0, |place| place + 1), &self.supplies).unwrap();
        supplies.promise_outside(&self.outside).unwrap();
        let order: Vec<u32> = (0..u32::try_from(self.demand.requirements.len()).unwrap()).collect();
        let input = Input { demand: &self.demand, supplies: &supplies, today: Day(0) };
        run_pool(&input, &order, limits)
    }

    /// What a requirement is confirmed, as (day, units).
    pub fn confirmed(&self, plan: &Plan, requirement: u32) -> Vec<(i32, i64)> {
        let parts = plan.confirmed(&self.demand, requirement);
        parts.iter().map(|part| (part.day.0, part.quantity)).collect()
    }

    /// The same as (place, day, units).
    pub fn deliveries(&self, requirement: u32) -> Vec<(u32, i32, i64)> {
        let parts = self.run().confirmed(&self.demand, requirement);
        parts.iter().map(|part| (part.place, part.day.0, part.quantity)).collect()
    }

    fn binding(&self, requirement: usize) -> Option<Constraint> {
        self.run().outcomes[requirement].binding
    }
}

#[test]
fn a_later_need_leaves_what_comes_early_to_an_earlier_one() {
    let scene = Scene::new(&[(0, 0, 10), (0, 5, 10)]).wanted(10).requested(6).wanted(10);
    assert_eq!(scene.deliveries(0), [(0, 6, 10)]);
    assert_eq!(scene.deliveries(1), [(0, 0, 10)]);
}

#[test]
fn what_others_are_promised_is_not_given_away() {
    let scene = Scene::new(&[(0, 0, 10), (0, 5, 10)]).wanted(20).promised_outside(0, 3, 8);
    assert_eq!(scene.deliveries(0), [(0, 0, 2), (0, 5, 10)]);
    // What others are owed and no supply covers in time is taken from what comes next.
    let owed = Scene::new(&[(0, 0, 5), (0, 5, 10)]).wanted(20).promised_outside(0, 0, 8);
    assert_eq!(owed.deliveries(0), [(0, 5, 7)]);
}

#[test]
fn units_that_stay_with_others_are_withheld_of_the_very_supply() {
    let scene = Scene::new(&[(0, 5, 4), (0, 0, 3), (0, 1, 2)]);
    let mut supplies = Supplies::try_new(1, &scene.supplies).unwrap();
    supplies.withhold(&[(1, 2), (0, 9)].into());
    assert_eq!((supplies.days(), supplies.units()), (&[Day(0), Day(1), Day(5)][..], &[1, 2, 0][..]));
}

#[test]
fn what_only_the_second_plan_looked_at_and_discarded_is_told_so() {
    let scene = Scene::new(&[(0, 0, 1)]).line(Strategy::Win, 5, &[]);
    let nothing = Plan { outcomes: vec![Outcome::default()], ..Plan::default() };
    let both = nothing.followed_by(scene.run(), &scene.demand, Day(0));
    assert_eq!((both.outcomes[0].reason, both.exceptions.len()), (Reason::Discarded, 1));
}

#[test]
fn what_is_requested_for_a_past_day_is_confirmed_from_today_on() {
    let scene = Scene::new(&[(0, 0, 5)]).line(Strategy::Win, 5, &[(-3, 5)]).requested(-9);
    assert_eq!(scene.deliveries(0), [(0, 0, 5)]);
    assert_eq!(scene.run().outcomes[0].reason, Reason::Unchanged);
}

#[test]
fn nothing_is_confirmed_after_the_last_acceptable_day() {
    let scene = Scene::new(&[(0, 0, 4), (0, 5, 9)]).wanted(9).latest(4);
    assert_eq!(scene.deliveries(0), [(0, 0, 4)]);
    assert_eq!(scene.binding(0), Some(Constraint::LatestDay));
}

#[test]
fn a_delivery_that_does_not_complete_is_whole_packs_and_large_enough() {
    let packs = Terms { pack: 6, ..Terms::default() };
    let scene = Scene::new(&[(0, 0, 8), (0, 3, 1), (0, 5, 20)]).wanted(20).terms(packs);
    assert_eq!(scene.deliveries(0), [(0, 0, 6), (0, 5, 14)]);
    let smallest = Terms { shipment_min: 10, ..Terms::default() };
    let scene = Scene::new(&[(0, 0, 8), (0, 5, 4), (0, 9, 20)]).wanted(15).terms(smallest);
    assert_eq!(scene.deliveries(0), [(0, 5, 12), (0, 9, 3)]);
    let scene = Scene::new(&[(0, 0, 8)]).wanted(15).terms(smallest);
    assert_eq!((scene.deliveries(0), scene.binding(0)), (vec![], Some(Constraint::ShipmentMin)));
    let scene = Scene::new(&[(0, 0, 5)]).wanted(15).terms(packs);
    assert_eq!((scene.deliveries(0), scene.binding(0)), (vec![], Some(Constraint::Pack)));
}

#[test]
fn the_last_delivery_that_may_be_is_the_one_that_completes_or_the_largest() {
    let two = Terms { deliveries_max: 2, ..Terms::default() };
    let scene = Scene::new(&[(0, 0, 5), (0, 3, 5), (0, 6, 5), (0, 9, 5)]).wanted(15).terms(two);
    assert_eq!(scene.deliveries(0), [(0, 0, 5), (0, 6, 10)]);
    let never = Scene::new(&[(0, 0, 5), (0, 3, 5)]).wanted(15).terms(Terms { deliveries_max: 1, ..two });
    assert_eq!((never.deliveries(0), never.binding(0)), (vec![(0, 3, 10)], Some(Constraint::Deliveries)));
}

#[test]
fn what_goes_only_whole_waits_for_all_of_it() {
    let complete = Terms { delivery: Delivery::Complete, ..Terms::default() };
    let scene = Scene::new(&[(0, 0, 5), (0, 3, 5)]).wanted(8).terms(complete).wanted(5);
    assert_eq!(scene.deliveries(0), [(0, 3, 8)]);
    assert_eq!(scene.deliveries(1), [(0, 0, 2)]);
    let never = Scene::new(&[(0, 0, 5)]).wanted(8).terms(complete);
    assert_eq!((never.deliveries(0), never.binding(0)), (vec![], Some(Constraint::Whole)));
    let once = Terms { delivery: Delivery::OneTime, ..Terms::default() };
    let most = Scene::new(&[(0, 0, 5), (0, 3, 5)]).wanted(12).terms(once);
    assert_eq!(most.deliveries(0), [(0, 3, 10)]);
}

#[test]
fn one_place_that_has_all_is_better_than_the_first_choice_in_part() {
    let scene = Scene::new(&[(0, 0, 3), (1, 0, 5)]).wanted(5).from(&[0, 1]);
    assert_eq!(scene.deliveries(0), [(1, 0, 5)]);
    let parts = Scene::new(&[(0, 0, 3), (1, 0, 4)]).wanted(5).from(&[0, 1]);
    assert_eq!(parts.deliveries(0), [(0, 0, 3), (1, 0, 2)]);
}

#[test]
fn the_building_rule_chooses_among_places() {
    let supplies = [(0, 0, 6), (1, 2, 10), (2, 0, 3)];
    let by = |building| Terms { building, ..Terms::default() };
    let scene = |building| Scene::new(&supplies).wanted(10).from(&[2, 0, 1]).terms(by(building));
    assert_eq!(scene(Building::MostOnRequestedDay).deliveries(0), [(0, 0, 6), (2, 0, 3), (1, 2, 1)]);
    assert_eq!(scene(Building::Whole).deliveries(0), [(1, 2, 10)]);
    // Nine are there at once; the place with most of them gives first.
    let plan = Scene::new(&supplies).wanted(7).from(&[2, 0, 1]).terms(by(Building::MostEarliest));
    assert_eq!(plan.deliveries(0), [(0, 0, 6), (2, 0, 1)]);
}

#[test]
fn a_requirement_that_may_not_be_split_comes_from_the_place_that_does_most() {
    let alone = Terms { places_max: 1, ..Terms::default() };
    let scene = Scene::new(&[(0, 0, 3), (1, 0, 4), (1, 6, 9)]).wanted(9).from(&[0, 1]).terms(alone);
    assert_eq!(scene.deliveries(0), [(1, 0, 4), (1, 6, 5)]);
    let short = Scene::new(&[(0, 0, 3), (1, 0, 4)]).wanted(9).from(&[0, 1]).terms(alone);
    assert_eq!((short.deliveries(0), short.binding(0)), (vec![(1, 0, 4)], Some(Constraint::Places)));
}

#[test]
fn substitutes_serve_only_when_the_own_item_does_not() {
    let enough = Scene::new(&[(0, 0, 5), (1, 0, 5)]).wanted(5).from(&[0, 1]).own(1);
    assert_eq!(enough.deliveries(0), [(0, 0, 5)]);
    let late = Scene::new(&[(0, 4, 5), (1, 0, 5)]).wanted(5).from(&[0, 1]).own(1);
    assert_eq!(late.deliveries(0), [(1, 0, 5)]);
    let whole = Terms { building: Building::Whole, ..Terms::default() };
    let patient = Scene::new(&[(0, 4, 5), (1, 0, 5)]).wanted(5).from(&[0, 1]).own(1).terms(whole);
    assert_eq!(patient.deliveries(0), [(0, 4, 5)]);
}

#[test]
fn a_ship_set_goes_on_the_day_on_which_all_of_it_is_there_and_holds_nothing_before() {
    let scene = Scene::new(&[(0, 0, 5), (1, 4, 5)]);
    let scene = scene.wanted(5).set(1).wanted(5).from(&[1]).set(1).wanted(5);
    assert_eq!(scene.deliveries(0), [(0, 4, 5)]);
    assert_eq!(scene.deliveries(1), [(1, 4, 5)]);
    assert_eq!(scene.deliveries(2), []);
    let never = Scene::new(&[(0, 0, 5)]).wanted(5).set(1).wanted(5).from(&[1]).set(1).wanted(5);
    assert_eq!((never.deliveries(0), never.deliveries(2)), (vec![], vec![(0, 0, 5)]));
    assert_eq!((never.binding(0), never.binding(1)), (Some(Constraint::ShipSet), Some(Constraint::Supply)));
}

#[test]
fn a_ship_set_takes_early_supply_only_where_late_supply_does_not_do() {
    // Both members want the place of which 5 come late: what comes by then serves them, the latest first.
    let scene = Scene::new(&[(0, 0, 5), (0, 4, 5), (1, 4, 1)]);
    let scene = scene.wanted(3).set(1).wanted(1).from(&[1]).set(1).wanted(5);
    assert_eq!(scene.deliveries(0), [(0, 4, 3)]);
    assert_eq!(scene.deliveries(2), [(0, 0, 5)]);
}

#[test]
fn a_ship_set_whose_gainer_would_lose_is_an_exception() {
    let scene = Scene::new(&[(0, 0, 5), (1, 4, 5)]);
    let scene = scene.line(Strategy::Gain, 5, &[(0, 5)]).set(1).wanted(5).from(&[1]).set(1);
    let exception = scene.run().exceptions[0];
    assert_eq!((exception.requirement, exception.kind, exception.missing), (0, ExceptionKind::Gain, 5));
}

#[test]
fn a_gainer_keeps_what_its_wishes_would_not_give_it_today() {
    let complete = Terms { delivery: Delivery::Complete, ..Terms::default() };
    let scene = Scene::new(&[(0, 0, 5), (0, 7, 5)]).line(Strategy::Gain, 10, &[(0, 5)]).terms(complete);
    let plan = scene.run();
    assert!(plan.exceptions.is_empty());
    assert_eq!(scene.confirmed(&plan, 0)[0], (0, 5));
}

#[test]
fn a_fill_line_that_loses_its_day_may_come_later_but_never_sooner() {
    let scene = Scene::new(&[(0, 0, 4), (0, 9, 9)]).wanted(4).line(Strategy::Fill, 8, &[(2, 5)]);
    assert_eq!(scene.deliveries(1), [(0, 9, 5)]);
    let sooner = Scene::new(&[(0, 0, 9)]).line(Strategy::Fill, 8, &[(2, 5)]);
    assert_eq!(sooner.deliveries(0), [(0, 2, 5)]);
}

#[test]
fn equals_share_by_their_rule_in_whole_units() {
    let claims = [62, 10, 30, 48];
    let shared = |sharing| {
        let scene = claims.iter().fold(Scene::new(&[(0, 0, 100)]), |scene, claim| scene.wanted(*claim).shares(sharing));
        (0..4).map(|index| scene.deliveries(index).iter().map(|part| part.2).sum::<i64>()).collect::<Vec<_>>()
    };
    assert_eq!(shared(Sharing::Proportional), [41, 7, 20, 32]);
    assert_eq!(shared(Sharing::UniformGains), [30, 10, 30, 30]);
    assert_eq!(shared(Sharing::UniformLosses), [49, 0, 17, 34]);
}

#[test]
fn what_comes_later_is_shared_among_those_who_still_lack() {
    let scene = Scene::new(&[(0, 0, 10), (0, 5, 10)]);
    let scene =
        scene.wanted(10).shares(Sharing::UniformGains).wanted(10).shares(Sharing::UniformGains).requested(5).wanted(9);
    assert_eq!(scene.deliveries(0), [(0, 0, 10)]);
    assert_eq!(scene.deliveries(1), [(0, 5, 10)]);
    assert_eq!(scene.deliveries(2), []);
}

#[test]
fn what_does_not_fill_a_pack_of_one_goes_to_another() {
    let packs = Terms { pack: 6, ..Terms::default() };
    let scene = Scene::new(&[(0, 0, 11)]);
    let scene = scene.wanted(12).shares(Sharing::Proportional).terms(packs).wanted(12).shares(Sharing::Proportional);
    assert_eq!(scene.deliveries(0)[0].2 + scene.deliveries(1)[0].2, 11);
    assert_eq!(scene.deliveries(0)[0].2 % 6, 0);
}

#[test]
fn a_later_order_lends_and_is_repaid_in_time() {
    let lender = |days| {
        let scene =
            Scene::new(&[(0, 0, 5), (0, 12, 5)]).line(Strategy::Improve, 5, &[(10, 5)]).requested(10).lends(days);
        scene.wanted(5).line(Strategy::Redistribute, 1, &[]).requested(20)
    };
    let repaid = lender(3);
    assert_eq!(repaid.deliveries(1), [(0, 0, 5)]);
    assert_eq!(repaid.deliveries(0), [(0, 12, 5)]);
    let too_late = lender(1);
    assert_eq!(too_late.deliveries(0), [(0, 10, 5)]);
    assert_eq!(too_late.deliveries(1), [(0, 12, 5)]);
    let not_needed = Scene::new(&[(0, 0, 5), (0, 12, 5)]);
    let not_needed = not_needed.line(Strategy::Gain, 5, &[(10, 5)]).requested(10).lends(3).wanted(5).requested(12);
    assert_eq!(not_needed.deliveries(0), [(0, 10, 5)]);
    assert!(lending::may_lend(Day(10), Day(0), 7) && !lending::may_lend(Day(7), Day(0), 7));
}

#[test]
fn supplies_that_cannot_be_are_named() {
    let bad = Supplies::try_new(1, &[Supply { place: 0, day: Day(0), quantity: -1 }]);
    assert_eq!(bad.unwrap_err().to_string(), "supplies[0].quantity is -1, it must not be negative");
    let bad = Supplies::try_new(1, &[Supply { place: 1, day: Day(0), quantity: 1 }]);
    assert_eq!(bad.unwrap_err().to_string(), "supplies[0].place is 1, the places are 0 to 0");
    let outside = [Outside { place: 7, day: Day(0), quantity: 1 }];
    let bad = Supplies::try_new(1, &[]).unwrap().promise_outside(&outside);
    assert_eq!(bad.unwrap_err().to_string(), "outside[0].place is 7, the places are 0 to 0");
}
