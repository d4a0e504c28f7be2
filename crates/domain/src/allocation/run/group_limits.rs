//! Quotas and protections of allocation groups as bounds of a run.
//!
//! A requirement's group is a number of [`GroupLimits::new`]'s demand keys: requirements with the same characteristics
//! have the same. What the run confirms is consumed of both: of the quotas in the period of the confirmed day, and of the
//! protection that is kept for the group at the place. What requirements of the run consumed before the run must not be in
//! the quotas and protections that come in: the run releases all of it.

use std::collections::HashMap;

use super::{day::Day, limits::Limits, plan::Constraint};
use crate::{
    allocation::group::{
        key::{DemandKey, GroupIndex},
        protection::Protections,
        quota::{Consumption, Quotas, Route},
    },
    quantity::Quantity,
};

/// What is kept for groups at one place.
#[derive(Debug, Clone)]
pub struct PlaceProtections {
    /// Which group a demand belongs to.
    pub index: GroupIndex,
    /// What is kept for each.
    pub protections: Protections,
}

/// An item at a location, as quotas number them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PlaceOf {
    /// The item.
    pub item: u32,
    /// The location.
    pub location: u32,
}

/// Quotas and protections with what the run consumes of them.
#[derive(Debug, Clone)]
pub struct GroupLimits {
    quotas: Quotas,
    demands: Vec<DemandKey>,
    places: Vec<PlaceOf>,
    protections: HashMap<u32, PlaceProtections>,
    routes: HashMap<(u32, u32), Route>,
    /// Whether anything bounds somebody at a place.
    is_bounded: Vec<bool>,
    consumed: HashMap<(u32, u32, Day), Vec<Consumption>>,
}

impl GroupLimits {
    /// The bounds of a run: `demands` are the characteristics of each group of requirements, `places` says what each place
    /// is, `protections` are those of the places that have any.
    #[must_use]
    pub fn new(
        quotas: Quotas,
        demands: Vec<DemandKey>,
        places: Vec<PlaceOf>,
        protections: HashMap<u32, PlaceProtections>,
    ) -> Self {
        let is_bounded = (0_u32..).zip(&places);
        let is_bounded = is_bounded
            .map(|(place, of)| protections.contains_key(&place) || quotas.concern(of.item, of.location))
            .collect();
        Self { quotas, demands, places, protections, routes: HashMap::new(), is_bounded, consumed: HashMap::new() }
    }

    /// What is left of quotas and protections after the run.
    #[must_use]
    pub const fn quotas(&self) -> &Quotas {
        &self.quotas
    }

    fn protected_group(&self, group: u32, place: u32) -> Option<u32> {
        self.protections.get(&place)?.index.find(self.demands.get(group as usize)?)
    }
}

/// The quotas of a group at a place, which are looked for once.
fn route<'r>(
    routes: &'r mut HashMap<(u32, u32), Route>,
    (quotas, demands, places): (&Quotas, &[DemandKey], &[PlaceOf]),
    group: u32,
    place: u32,
) -> &'r Route {
    routes.entry((group, place)).or_insert_with(|| {
        let of = demands.get(group as usize).zip(places.get(place as usize));
        of.map(|(demand, of)| quotas.route(of.item, of.location, demand)).unwrap_or_default()
    })
}

impl Limits for GroupLimits {
    fn concerns(&self, place: u32) -> bool {
        // Of any group and of none: a demand of no group is outranked by every protection.
        self.is_bounded.get(place as usize).copied().unwrap_or(false)
    }

    fn allowed(&mut self, group: u32, place: u32, day: Day, wanted: i64, available: i64) -> (i64, Constraint) {
        let asked = wanted.min(available).max(0);
        let route = route(&mut self.routes, (&self.quotas, &self.demands, &self.places), group, place);
        let quota = self.quotas.available(route, day.0).map_or(i64::MAX, Quantity::get);
        let within_quota = asked.min(quota);
        let granted = self.protections.get(&place).map_or(within_quota, |place_protections| {
            let quantity = |units| Quantity::try_new(units).unwrap_or_default();
            let protected = self.protected_group(group, place);
            place_protections.protections.grant(protected, quantity(within_quota), quantity(available)).total().get()
        });
        let bound = if granted < within_quota {
            Constraint::Protection
        } else if within_quota < asked {
            Constraint::Quota
        } else {
            Constraint::Supply
        };
        (granted, bound)
    }

    fn take(&mut self, group: u32, place: u32, day: Day, units: i64) {
        let units = Quantity::try_new(units).unwrap_or_default();
        let route = route(&mut self.routes, (&self.quotas, &self.demands, &self.places), group, place);
        if let Ok(consumption) = self.quotas.consume(route, day.0, units) {
            self.consumed.entry((group, place, day)).or_default().push(consumption);
        }
        if let Some(protected) = self.protected_group(group, place)
            && let Some(place_protections) = self.protections.get_mut(&place)
        {
            let consumed = place_protections.protections.consume(protected, units);
            debug_assert!(consumed.is_ok(), "the group was found among the protections");
        }
    }

    fn give_back(&mut self, group: u32, place: u32, day: Day, units: i64) {
        let mut rest = Quantity::try_new(units).unwrap_or_default();
        if let Some(protected) = self.protected_group(group, place)
            && let Some(place_protections) = self.protections.get_mut(&place)
        {
            let released = place_protections.protections.release(protected, rest);
            debug_assert!(released.is_ok(), "what is given back was taken");
        }
        let Some(consumptions) = self.consumed.get_mut(&(group, place, day)) else { return };
        while let Some(last) = consumptions.last_mut().filter(|_| !rest.is_zero()) {
            let piece = last.quantity().min(rest);
            rest = rest.saturating_sub(piece);
            let released = self.quotas.release(last, piece);
            debug_assert!(released.is_ok(), "what is given back was taken");
            if last.quantity().is_zero() {
                consumptions.pop();
            }
        }
    }

    fn next_day(&self, group: u32, place: u32, day: Day) -> Day {
        let route = self.routes.get(&(group, place));
        route.and_then(|route| self.quotas.next_change(route, day.0)).map_or(Day::MAX, Day)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::{
        super::{rule_tests::Scene, *},
        *,
    };
    use crate::allocation::group::{
        key::Characteristics,
        protection::{OutsideProtection, ProtectedGroup},
        quota::{GroupQuota, Object, Period, QuotaPlan},
    };

    fn units(units: i64) -> Quantity {
        Quantity::try_new(units).unwrap()
    }

    /// Bounds for one item at one location by tier: A is group 0 of requirements, B is group 1.
    fn limits(quota_of_b: &[(i32, i32, i64)], protected: Option<(i64, i64)>) -> GroupLimits {
        let mut tiers = Characteristics::try_new(vec!["tier".to_owned()]).unwrap();
        let (a, b) = (tiers.combination(&["A"]).unwrap(), tiers.combination(&["B"]).unwrap());
        let period = |(from_day, until_day, maximum): &(i32, i32, i64)| Period {
            from_day: *from_day,
            until_day: *until_day,
            maximum: units(*maximum),
            consumed: Quantity::ZERO,
        };
        let periods = quota_of_b.iter().map(period).collect();
        let mut quotas = Quotas::default();
        let groups = vec![GroupQuota { combination: b, periods }];
        let plan = QuotaPlan { groups, backward_periods: 0, forward_periods: 0 };
        quotas.add(Object { item: 0, location: None }, vec![plan]).unwrap();
        let protections = protected.map(|(of_a, of_b)| {
            let group = |priority, protected| ProtectedGroup { core: 0, priority, protected: units(protected) };
            let groups = vec![group(1, of_a), group(2, of_b)];
            let protections = Protections::try_new(groups, OutsideProtection::AllProtections).unwrap();
            (0, PlaceProtections { index: GroupIndex::try_new(&[a, b]).unwrap(), protections })
        });
        let demands = vec![tiers.demand(&["A"]).unwrap(), tiers.demand(&["B"]).unwrap()];
        let place = PlaceOf { item: 0, location: 0 };
        GroupLimits::new(quotas, demands, vec![place], protections.into_iter().collect())
    }

    /// What each requirement is confirmed, as (day, units).
    type Confirmed = Vec<Vec<(i32, i64)>>;

    fn confirmed(scene: &Scene, limits: &mut GroupLimits) -> (Confirmed, Vec<Option<Constraint>>) {
        let plan = scene.run_within(limits);
        let many = u32::try_from(scene.demand.requirements.len()).unwrap();
        let confirmed = (0..many).map(|index| scene.confirmed(&plan, index)).collect();
        (confirmed, plan.outcomes.iter().map(|outcome| outcome.binding).collect())
    }

    #[test]
    fn what_is_protected_for_a_higher_group_is_not_given_to_a_lower_one() {
        let scene = Scene::new(&[(0, 0, 100)]).wanted(50).group(1).wanted(90).group(0);
        let (confirmed, bindings) = confirmed(&scene, &mut limits(&[], Some((80, 50))));
        assert_eq!(confirmed, [[(0, 20)], [(0, 80)]]);
        assert_eq!(bindings, [Some(Constraint::Protection), Some(Constraint::Supply)]);
    }

    #[test]
    fn who_belongs_to_no_group_gets_what_nobody_is_protected_for() {
        let scene = Scene::new(&[(0, 0, 100), (0, 4, 60)]).wanted(50);
        let (confirmed, _) = confirmed(&scene, &mut limits(&[], Some((80, 50))));
        assert_eq!(confirmed, [[(4, 30)]]);
    }

    #[test]
    fn a_quota_bounds_each_period_and_moves_the_rest_to_the_next() {
        let scene = Scene::new(&[(0, 0, 100)]).wanted(50).group(1).wanted(70).group(0);
        let mut limits = limits(&[(0, 10, 30), (10, 20, 15)], None);
        let (confirmed, bindings) = confirmed(&scene, &mut limits);
        // Day 20 is in no period, so nothing bounds it.
        assert_eq!(confirmed, [vec![(0, 30), (10, 15), (20, 5)], vec![(0, 50)]]);
        assert_eq!(bindings[0], Some(Constraint::Quota));
        assert_eq!(limits.quotas().period(0).map(|period| period.consumed.get()), Some(30));
    }

    #[test]
    fn what_a_discarded_pool_took_is_given_back() {
        let scene = Scene::new(&[(0, 0, 90)]).wanted(30).group(1).line(Strategy::Win, 20, &[]).group(1);
        let mut limits = limits(&[(0, 10, 40)], Some((5, 10)));
        let plan = scene.run_within(&mut limits);
        assert_eq!((plan.exceptions.len(), plan.exceptions[0].binding), (1, Constraint::Quota));
        assert_eq!(limits.quotas().period(0).map(|period| period.consumed), Some(Quantity::ZERO));
        assert_eq!(limits.protections[&0].protections.remaining(1), units(10));
    }

    #[test]
    fn equals_share_within_their_quota() {
        let share = Sharing::Proportional;
        let scene = Scene::new(&[(0, 0, 40)]).wanted(40).shares(share).group(1).wanted(40).shares(share).group(0);
        let (confirmed, _) = confirmed(&scene, &mut limits(&[(0, 99, 5)], None));
        assert_eq!(confirmed, [vec![(0, 5)], vec![(0, 35)]]);
    }
}
