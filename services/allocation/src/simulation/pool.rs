//! The numbers of an item for the engine.
//!
//! All in-run claims give back what they have; what others have reserved, and the supply that they are pegged to, is not
//! there. Days are days of leaving, so that a day here is a day of a promise.

use std::collections::HashMap;

use backorder_domain::{
    allocation::run::{
        Confirmation, Day, Demand, NO_GROUP, NO_SET, NO_SHARE, NOT_LENDING, Requirement, Strategy, Supplies, Supply,
        Terms, profile,
    },
    ids::LocationId,
    time::civil_date_in,
};
use backorder_proto::allocation::v1::RunLeftOutCause as Cause;
use jiff::tz::TimeZone;

use super::{
    decided::Context,
    live::{LiveClaim, LiveItem, index},
};
use crate::error::Error;

/// Where units come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The stock of a place, by its index.
    Stock(u32),
    /// A supply of the item, by its index.
    Supply(u32),
}

/// Units by the source that they come from: its index among those of the item.
pub type Units = Vec<(u32, i64)>;

/// The days from which units of places and supplies can leave; `None` where they do not count.
struct Days {
    stock: Vec<Option<Day>>,
    supply: Vec<Option<Day>>,
}

impl Days {
    fn of(live: &LiveItem, context: Context<'_>) -> Self {
        let schedule = |location: &LocationId| context.places.schedule_of(location, &TimeZone::UTC);
        let schedules: Vec<_> = live.places.iter().map(|place| schedule(&place.location)).collect();
        let stock = schedules.iter().map(|schedule| schedule.stock_ships(context.now).map(|day| Day::of(day.ship)));
        let supply = live.supplies.iter().map(|supply| {
            let schedule = &schedules[supply.place as usize];
            let is_past_due = |day: &jiff::civil::Date| *day < civil_date_in(context.now, &schedule.zone);
            let expected = supply.expected.filter(|day| !is_past_due(day))?;
            Some(Day::of(schedule.supply_ships(expected, context.now)?.ship))
        });
        Self { stock: stock.collect(), supply: supply.collect() }
    }
}

/// Makes the numbers of an item.
pub struct Maker<'a> {
    live: &'a LiveItem,
    context: Context<'a>,
    days: Days,
    /// The requirements so far.
    pub demand: Demand,
    /// The terms that are known, by what they say.
    terms: HashMap<(bool, i64), u32>,
}

impl<'a> Maker<'a> {
    /// No requirement of an item yet.
    #[must_use]
    pub fn new(live: &'a LiveItem, context: Context<'a>) -> Self {
        Self { days: Days::of(live, context), live, context, demand: Demand::default(), terms: HashMap::new() }
    }

    /// Why a claim is not decided about, whatever policies say.
    #[must_use]
    pub fn cause_of(&self, claim: &LiveClaim) -> Option<Cause> {
        let Some(facts) = claim.facts.as_deref() else { return Some(Cause::NoOrder) };
        if !self.context.scope.has(facts, self.live.locations_of(claim)) {
            return Some(Cause::Scope);
        }
        claim.left_out(facts)
    }

    /// Adds the requirement of a claim. Its strategy is given by the policy that is run.
    pub fn add(&mut self, claim: &LiveClaim) {
        let Some(facts) = claim.facts.as_deref() else { return };
        let places = self.live.places_of(claim);
        let can_leave = places.first().and_then(|place| self.days.stock[*place as usize]);
        let due = Day::of(facts.due);
        let requested = can_leave.map_or(due, |day| day.max(due));
        let confirmed = self.confirmed(claim, requested);
        let span = |begin: usize, end: usize| (index(begin), index(end));
        let places_begin = self.demand.places.len();
        self.demand.places.extend(&places);
        let confirmed_begin = self.demand.confirmed.len();
        self.demand.confirmed.extend(confirmed);
        let known = &mut self.demand.terms;
        let terms = *self.terms.entry((facts.one_location, facts.minimum)).or_insert_with(|| {
            let places_max = if facts.one_location { 1 } else { u32::MAX };
            known.push(Terms { shipment_min: facts.minimum, places_max, ..Terms::default() });
            index(known.len() - 1)
        });
        self.demand.requirements.push(Requirement {
            quantity: claim.units(),
            requested,
            latest: Day::MAX,
            strategy: Strategy::Improve,
            terms,
            places: span(places_begin, self.demand.places.len()),
            own_places: index(places.len()),
            confirmed: span(confirmed_begin, self.demand.confirmed.len()),
            group: NO_GROUP,
            set: NO_SET,
            share: NO_SHARE,
            lends_days: NOT_LENDING,
        });
    }

    /// What a claim is confirmed now, by day and place.
    fn confirmed(&self, claim: &LiveClaim, requested: Day) -> Vec<Confirmation> {
        let part = |day: Option<Day>, place, quantity| {
            day.map(|day| Confirmation { day: day.max(requested), place, quantity })
        };
        let reserved =
            claim.reserved.iter().filter_map(|(place, units)| part(self.days.stock[*place as usize], *place, *units));
        let pegged = claim.pegs.iter().filter_map(|(supply, units)| {
            let place = self.live.supplies[*supply as usize].place;
            part(self.days.supply[*supply as usize], place, *units)
        });
        let mut confirmed: Vec<Confirmation> = reserved.chain(pegged).filter(|part| part.quantity > 0).collect();
        confirmed.sort();
        confirmed.dedup_by(|next, kept| {
            let is_same = next.day == kept.day && next.place == kept.place;
            if is_same {
                kept.quantity = kept.quantity.saturating_add(next.quantity);
            }
            is_same
        });
        confirmed
    }

    /// What there is to give, with where it comes from: free and held units and what in-run claims have reserved, and
    /// supply but for what others are pegged to.
    ///
    /// # Errors
    /// [`Error::Contract`] for numbers of inventory that cannot be.
    pub fn supplies(&self, in_run: &[u32]) -> Result<(Supplies, Vec<Source>), Error> {
        let mut stock: Vec<i64> = self.live.places.iter().map(|place| place.free).collect();
        let mut open: Vec<i64> = self.live.supplies.iter().map(|supply| supply.open).collect();
        let mut in_run = in_run.iter().copied().peekable();
        for (number, claim) in (0_u32..).zip(&self.live.claims) {
            if in_run.next_if_eq(&number).is_some() {
                for (place, units) in &claim.reserved {
                    stock[*place as usize] = stock[*place as usize].saturating_add(*units);
                }
            } else {
                for (supply, units) in &claim.pegs {
                    open[*supply as usize] = open[*supply as usize].saturating_sub(*units).max(0);
                }
            }
        }
        let stock = (0_u32..)
            .zip(stock)
            .map(|(place, quantity)| (self.days.stock[place as usize], place, quantity, Source::Stock(place)));
        let supply = (0_u32..).zip(open).map(|(supply, quantity)| {
            let place = self.live.supplies[supply as usize].place;
            (self.days.supply[supply as usize], place, quantity, Source::Supply(supply))
        });
        let given = stock
            .chain(supply)
            .filter_map(|(day, place, quantity, source)| Some((Supply { place, day: day?, quantity }, source)));
        let (given, sources): (Vec<Supply>, Vec<Source>) = given.unzip();
        let supplies = Supplies::try_new(index(self.live.places.len()), &given)
            .map_err(|wrong| Error::Contract(format!("items/{}: {wrong}", self.live.item)))?;
        Ok((supplies, sources))
    }

    /// What a claim has now of the sources, which stand by place and by supply.
    #[must_use]
    pub fn holds(&self, claim: &LiveClaim, sources: &[Source]) -> Units {
        let reserved = claim.reserved.iter().map(|(place, units)| (Source::Stock(*place), *units));
        let pegged = claim.pegs.iter().map(|(supply, units)| (Source::Supply(*supply), *units));
        let known = |(source, units)| Some((index(sources.binary_search(&source).ok()?), units));
        reserved.chain(pegged).filter_map(known).collect()
    }
}

/// How well confirmations meet a day: units by it, units in all, and units times days after it.
#[must_use]
pub fn punctuality(confirmed: &[Confirmation], due: Day) -> (i64, i64, i64) {
    let late = confirmed.iter().map(|part| {
        let days = i64::from(part.day.0).saturating_sub(i64::from(due.0)).max(0);
        part.quantity.saturating_mul(days)
    });
    (profile::by(confirmed, due), profile::total(confirmed), late.fold(0, i64::saturating_add))
}
