//! The best confirmation of one requirement: from which places, for which days, under its wishes and bounds.

use std::cmp::Reverse;

use super::{
    day::Day,
    demand::{Building, Confirmation, Delivery, Requirement, Terms},
    limits::Limits,
    plan::{Constraint, Peg},
    profile,
    takes::Takes,
};

/// The search for one requirement's confirmation. What it finds is taken.
pub(super) struct Search<'r, 's, L> {
    /// The requirement.
    pub requirement: &'r Requirement,
    /// Its wishes.
    pub terms: &'r Terms,
    /// Its places, first choice first.
    pub places: &'r [u32],
    /// The requested day, or today when that is past: its present confirmations count from then on.
    pub asked: Day,
    /// The first day on which it may be delivered.
    pub first: Day,
    /// The last one.
    pub last: Day,
    /// What it is not to exceed by any day; `None` for no such bound.
    pub ceiling: Option<&'r [Confirmation]>,
    /// Where the takes of this requirement begin.
    pub begin: usize,
    /// The units that there are.
    pub takes: &'r mut Takes<'s>,
    /// What else bounds it.
    pub limits: &'r mut L,
    /// What kept it from more, last.
    pub binding: Constraint,
}

/// How much a place does: a larger one is better. Two amounts, the more important one first, and the day of the last unit.
type Merit = (i64, i64, Reverse<Day>);

/// Where a delivery may come from: one of the places, or all of them.
#[derive(Clone, Copy)]
struct Among<'p> {
    places: &'p [u32],
    by_most: bool,
}

impl<L: Limits> Search<'_, '_, L> {
    /// Takes the best that there is. Own places first; others when these do not do.
    pub fn best(&mut self) {
        let own = self.requirement.own_places as usize;
        let places = self.places;
        if own == 0 || own >= places.len() {
            return self.best_among(places);
        }
        let mark = self.takes.mark();
        self.best_among(&places[..own]);
        if self.is_enough() {
            return;
        }
        self.back_to(mark);
        self.best_among(places);
    }

    /// Whether places of its own item do: all of it in time, or at all where a single place is sought.
    fn is_enough(&self) -> bool {
        match self.terms.building {
            Building::Whole => self.open() == 0,
            Building::MostOnRequestedDay | Building::MostEarliest => {
                profile::by(self.own_takes(), self.first) == self.requirement.quantity
            }
        }
    }

    fn best_among(&mut self, places: &[u32]) {
        if self.first > self.last {
            self.binding = Constraint::LatestDay;
            return;
        }
        let is_bounded = places.iter().any(|place| self.limits.concerns(*place));
        if self.terms.are_none() && self.ceiling.is_none() && !is_bounded {
            return self.plain(places);
        }
        match self.terms.delivery {
            Delivery::Proposal => self.propose(places),
            Delivery::OneTime | Delivery::Complete => self.on_one_day(places),
        }
    }

    /// Without wishes: one place that has all in time, or the places by rank, then what comes, day by day.
    fn plain(&mut self, places: &[u32]) {
        let mut open = self.open();
        let first = self.first;
        let whole = places.iter().find(|place| self.takes.available(**place, first) >= open);
        for place in whole.map_or(places, std::slice::from_ref) {
            open -= self.takes.take(*place, first, open);
            if open == 0 {
                return;
            }
        }
        self.binding = Constraint::Supply;
        let mut day = first;
        while open > 0 {
            let next = places.iter().map(|place| self.takes.next_day(*place, day)).min().unwrap_or(Day::MAX);
            if next > self.last || next == Day::MAX {
                self.note_later(next);
                return;
            }
            for place in places {
                open -= self.takes.take(*place, next, open);
            }
            day = next;
        }
    }

    /// In several deliveries.
    fn propose(&mut self, places: &[u32]) {
        let most = usize::try_from(self.terms.places_max).unwrap_or(usize::MAX);
        if let Some(place) = self.whole_place(places) {
            return self.proceed(Among { places: &[place], by_most: false });
        }
        let by_most = self.terms.building != Building::MostOnRequestedDay;
        if most >= places.len() {
            return self.proceed(Among { places, by_most });
        }
        let mut used = Vec::with_capacity(most);
        while used.len() < most && self.open() > 0 {
            let left: Vec<u32> = places.iter().copied().filter(|place| !used.contains(place)).collect();
            let Some(place) = self.best_place(&left) else { break };
            self.proceed(Among { places: &[place], by_most });
            used.push(place);
        }
        if self.open() > 0 && used.len() == most {
            self.binding = Constraint::Places;
        }
    }

    /// The one place that has all of it: on the first day, or for [`Building::Whole`] at its earliest.
    fn whole_place(&mut self, places: &[u32]) -> Option<u32> {
        let mut best: Option<(Day, u32)> = None;
        for place in places {
            let open = self.open();
            let day = match self.terms.building {
                Building::Whole => self.day_of_all(*place),
                Building::MostOnRequestedDay | Building::MostEarliest => {
                    (self.piece(*place, self.first, open) == open).then_some(self.first)
                }
            };
            if let Some(day) = day.filter(|day| best.is_none_or(|(earliest, _)| *day < earliest)) {
                best = Some((day, *place));
            }
        }
        best.map(|(_, place)| place)
    }

    /// The day by which a place alone can have delivered all of it.
    fn day_of_all(&mut self, place: u32) -> Option<Day> {
        let mark = self.takes.mark();
        self.proceed(Among { places: &[place], by_most: false });
        let day = (self.open() == 0).then(|| profile::day_of(self.own_takes(), self.requirement.quantity));
        self.back_to(mark);
        day
    }

    /// The place that does most: on the first day or, if so asked, early; then in all; then the first choice.
    fn best_place(&mut self, places: &[u32]) -> Option<u32> {
        let mut best: Option<(Merit, u32)> = None;
        for place in places {
            let mark = self.takes.mark();
            self.proceed(Among { places: &[*place], by_most: false });
            let taken = &self.takes.pegs[mark..];
            let (in_time, in_all) = (profile::by(taken, self.first), profile::total(taken));
            let done = Reverse(profile::day_of(taken, in_all));
            let merit = if self.terms.building == Building::MostOnRequestedDay {
                (in_time, in_all, done)
            } else {
                (in_all, in_time, done)
            };
            self.back_to(mark);
            if in_all > 0 && best.as_ref().is_none_or(|(most, _)| merit > *most) {
                best = Some((merit, *place));
            }
        }
        best.map(|(_, place)| place)
    }

    /// Day by day, as much as may be.
    fn proceed(&mut self, among: Among<'_>) {
        let mut day = self.first;
        loop {
            for place in self.ranked(among, day) {
                let open = self.open();
                match self.deliveries_left() {
                    _ if open == 0 => return,
                    0 => {
                        self.binding = Constraint::Deliveries;
                        return;
                    }
                    1 => return self.last_delivery(among.places, day),
                    _ => {
                        let piece = self.piece(place, day, open);
                        self.deliver(place, day, piece);
                    }
                }
            }
            if self.open() == 0 {
                return;
            }
            let next = self.next_day(among.places, day);
            if next > self.last || next == Day::MAX {
                return self.note_later(next);
            }
            day = next;
        }
    }

    /// The last delivery that it may have: the earliest that completes it, otherwise the largest.
    fn last_delivery(&mut self, places: &[u32], from: Day) {
        let open = self.open();
        let mut largest: Option<(i64, Day, u32)> = None;
        let mut day = from;
        while day <= self.last && day != Day::MAX {
            for place in places {
                let piece = self.piece(*place, day, open);
                if piece > largest.map_or(0, |(most, _, _)| most) {
                    largest = Some((piece, day, *place));
                }
            }
            if largest.is_some_and(|(most, _, _)| most == open) {
                break;
            }
            day = self.next_day(places, day);
        }
        if let Some((piece, day, place)) = largest {
            self.deliver(place, day, piece);
        }
        if self.open() > 0 {
            self.binding = Constraint::Deliveries;
        }
    }

    /// All on one day: the first on which all of it can be had, otherwise the day of the most, or nothing.
    fn on_one_day(&mut self, places: &[u32]) {
        let mark = self.takes.mark();
        let wanted = self.open();
        let mut most = (0, self.first);
        let mut day = self.first;
        while day <= self.last && day != Day::MAX {
            self.on_day(places, day);
            let got = wanted - self.open();
            if got == wanted {
                return;
            }
            self.back_to(mark);
            if got > most.0 {
                most = (got, day);
            }
            day = self.next_day(places, day);
        }
        if self.terms.delivery == Delivery::OneTime && most.0 > 0 {
            self.on_day(places, most.1);
        }
        self.binding = Constraint::Whole;
    }

    /// As much as may be on one day, from one place if it has all, otherwise from those with most.
    fn on_day(&mut self, places: &[u32], day: Day) {
        let open = self.open();
        for place in places {
            if self.piece(*place, day, open) == open {
                return self.deliver(*place, day, open);
            }
        }
        let by_most = self.terms.places_max < u32::MAX || self.terms.building != Building::MostOnRequestedDay;
        let places_max = self.terms.places_max.min(self.deliveries_left()) as usize;
        for place in self.ranked(Among { places, by_most }, day).into_iter().take(places_max) {
            let open = self.open();
            let piece = self.piece(place, day, open);
            self.deliver(place, day, piece);
        }
    }

    fn ranked(&mut self, among: Among<'_>, day: Day) -> Vec<u32> {
        let mut places = among.places.to_vec();
        if among.by_most && places.len() > 1 {
            let open = self.open();
            let mut pieces: Vec<(i64, u32)> =
                places.iter().map(|place| (self.piece(*place, day, open), *place)).collect();
            // A stable sort: equal ones stay in the order of rank.
            pieces.sort_by_key(|(piece, _)| Reverse(*piece));
            places = pieces.into_iter().map(|(_, place)| place).collect();
        }
        places
    }

    /// The delivery that a place can make on a day: all that is open, or whole packs, at least the smallest delivery.
    fn piece(&mut self, place: u32, day: Day, open: i64) -> i64 {
        if open == 0 {
            return 0;
        }
        self.piece_of(place, day, open, open.min(self.below_ceiling(day)))
    }

    /// The same with at most `wanted` of the open units.
    pub fn piece_of(&mut self, place: u32, day: Day, open: i64, wanted: i64) -> i64 {
        if wanted <= 0 {
            self.binding = Constraint::Strategy;
            return 0;
        }
        let available = self.takes.available(place, day);
        let group = self.requirement.group;
        let (allowed, bound) = if self.limits.concerns(place) {
            self.limits.allowed(group, place, day, wanted, available)
        } else {
            (wanted.min(available), Constraint::Supply)
        };
        if allowed >= open {
            return open;
        }
        self.binding = if allowed < wanted { bound } else { Constraint::Strategy };
        let packs = allowed - allowed % self.terms.pack.max(1);
        if allowed > 0 && packs == 0 {
            self.binding = Constraint::Pack;
        } else if packs > 0 && packs < self.terms.shipment_min {
            self.binding = Constraint::ShipmentMin;
            return 0;
        }
        packs
    }

    /// What may still be confirmed for a day without exceeding the ceiling by then.
    fn below_ceiling(&self, day: Day) -> i64 {
        let Some(ceiling) = self.ceiling else { return i64::MAX };
        let is_by_then = |part: &&Confirmation| part.day.max(self.asked) <= day;
        let by_then: i64 = ceiling.iter().filter(is_by_then).map(|part| part.quantity).sum();
        by_then - self.own_units()
    }

    /// The next day on which the places, or what bounds it, may give more.
    pub fn next_day(&self, places: &[u32], day: Day) -> Day {
        let group = self.requirement.group;
        let of_place = |place: &u32| {
            let supply = self.takes.next_day(*place, day);
            if self.limits.concerns(*place) { supply.min(self.limits.next_day(group, *place, day)) } else { supply }
        };
        let of_ceiling = self.ceiling.unwrap_or_default().iter().map(|part| part.day).filter(|later| *later > day);
        places.iter().map(of_place).chain(of_ceiling).min().unwrap_or(Day::MAX)
    }

    /// Takes a delivery.
    pub fn deliver(&mut self, place: u32, day: Day, piece: i64) {
        if piece == 0 {
            return;
        }
        let taken = self.takes.take(place, day, piece);
        debug_assert_eq!(taken, piece, "a delivery is made of what is there");
        let group = self.requirement.group;
        if self.limits.concerns(place) {
            self.limits.take(group, place, day, taken);
        }
    }

    /// Gives back what was taken since a mark.
    pub fn back_to(&mut self, mark: usize) {
        self.takes.back_to(mark, self.requirement.group, self.limits);
    }

    /// What this requirement has taken.
    pub fn own_takes(&self) -> &[Peg] {
        &self.takes.pegs[self.begin..]
    }

    /// Units that it has taken.
    pub fn own_units(&self) -> i64 {
        profile::total(self.own_takes())
    }

    /// Units that it lacks.
    pub fn open(&self) -> i64 {
        self.requirement.quantity - self.own_units()
    }

    fn deliveries_left(&self) -> u32 {
        if self.terms.deliveries_max == u32::MAX {
            return u32::MAX;
        }
        let mut deliveries: Vec<(Day, u32)> = self.own_takes().iter().map(|peg| (peg.day, peg.place)).collect();
        deliveries.sort_unstable();
        deliveries.dedup();
        self.terms.deliveries_max.saturating_sub(u32::try_from(deliveries.len()).unwrap_or(u32::MAX))
    }

    fn note_later(&mut self, next: Day) {
        let is_last_acceptable = self.last == self.requirement.latest;
        if next != Day::MAX && next > self.last && is_last_acceptable {
            self.binding = Constraint::LatestDay;
        }
    }
}
