//! The numbers of an item for the engine, and what it makes of them.
//!
//! All in-run claims give back what they have; what others have reserved, and the supply that they are pegged to, is not
//! there. Days are days of leaving, so that a day here is a day of a promise.

use std::collections::{BTreeMap, HashMap};

use backorder_domain::{
    allocation::run::{
        Confirmation, Day, Demand, Input, NO_GROUP, NO_SET, NO_SHARE, NOT_LENDING, NoLimits, Plan, Requirement,
        Supplies, Supply, Terms, profile, run_pool,
    },
    ids::LocationId,
    time::civil_date_in,
};
use backorder_proto::allocation::v1 as pb;
use jiff::{Timestamp, tz::TimeZone};

use super::{
    live::{LineFacts, LiveClaim, LiveItem, index},
    rules::{Rules, Scope},
};
use crate::{catalog::Places, error::Error};

/// What a run decides on beside the item.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// By which rules.
    pub rules: &'a Rules,
    /// About which lines.
    pub scope: &'a Scope,
    /// How locations ship.
    pub places: &'a Places,
    /// The business time.
    pub now: Timestamp,
}

/// Where units come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The stock of a place.
    Stock,
    /// A supply of the item, by its index.
    Supply(u32),
}

/// Claims and units that were left as they are, by cause.
pub type LeftOut = BTreeMap<pb::RunLeftOutCause, (i64, i64)>;

/// An item that a run has decided about.
#[derive(Debug)]
pub struct Decided {
    /// The item.
    pub live: LiveItem,
    /// The requirements.
    pub demand: Demand,
    /// What there was to give.
    pub supplies: Supplies,
    /// Where each supply that was given to the engine comes from.
    pub sources: Vec<Source>,
    /// The claim of each requirement, by its index.
    pub claims: Vec<u32>,
    /// The requirements in the order in which they were decided about.
    pub order: Vec<u32>,
    /// The decision.
    pub plan: Plan,
    /// What was not decided about.
    pub left_out: LeftOut,
}

impl Decided {
    /// Decides about an item.
    ///
    /// # Errors
    /// [`Error::Contract`] for numbers of inventory that cannot be.
    pub fn new(live: LiveItem, context: Context<'_>) -> Result<Self, Error> {
        let mut maker = Maker { days: Days::of(&live, context), live: &live, context, demand: Demand::default() };
        let (mut claims, mut sorted, mut left_out) = (Vec::new(), Vec::new(), LeftOut::new());
        let mut terms = HashMap::new();
        for (number, claim) in live.claims.iter().enumerate() {
            match maker.strategy_of(claim) {
                Err(cause) => {
                    let (count, units) = left_out.entry(cause).or_default();
                    *count += 1;
                    *units = units.saturating_add(claim.units());
                }
                Ok((facts, strategy)) => {
                    let requirement = maker.requirement(claim, facts, strategy, &mut terms);
                    let key = context.rules.queue_key(claim, facts);
                    sorted.push((
                        strategy,
                        key,
                        claim.queue_time,
                        claim.line.as_str(),
                        claim.part,
                        index(claims.len()),
                    ));
                    maker.demand.requirements.push(requirement);
                    claims.push(index(number));
                }
            }
        }
        sorted.sort();
        let order: Vec<u32> = sorted.into_iter().map(|(.., requirement)| requirement).collect();
        let (given, sources) = maker.supplies(&claims);
        let Maker { demand, .. } = maker;
        let supplies = Supplies::try_new(index(live.places.len()), &given)
            .map_err(|wrong| Error::Contract(format!("items/{}: {wrong}", live.item)))?;
        let input = Input { demand: &demand, supplies: &supplies, today: Day::MIN };
        let plan = run_pool(&input, &order, &mut NoLimits);
        Ok(Self { demand, supplies, sources, claims, order, plan, left_out, live })
    }

    /// The input of the engine, for explanations.
    #[must_use]
    pub fn input(&self) -> Input<'_> {
        Input { demand: &self.demand, supplies: &self.supplies, today: Day::MIN }
    }

    /// The claim of a requirement.
    #[must_use]
    pub fn claim(&self, requirement: u32) -> &LiveClaim {
        &self.live.claims[self.claims[requirement as usize] as usize]
    }

    /// What a requirement is confirmed now.
    #[must_use]
    pub fn before(&self, requirement: u32) -> &[Confirmation] {
        self.demand.confirmed_of(&self.demand.requirements[requirement as usize])
    }

    /// What a requirement would be confirmed.
    #[must_use]
    pub fn after(&self, requirement: u32) -> Vec<Confirmation> {
        self.plan.confirmed(&self.demand, requirement)
    }

    /// Where the units of a bucket come from.
    #[must_use]
    pub fn source(&self, bucket: u32) -> Source {
        self.sources[self.supplies.source(bucket) as usize]
    }
}

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
struct Maker<'a> {
    live: &'a LiveItem,
    context: Context<'a>,
    days: Days,
    demand: Demand,
}

type Strategy = backorder_domain::allocation::run::Strategy;

impl<'a> Maker<'a> {
    /// By which strategy a claim is decided about, or why it is not.
    fn strategy_of(&self, claim: &'a LiveClaim) -> Result<(&'a LineFacts, Strategy), pb::RunLeftOutCause> {
        use pb::RunLeftOutCause as Cause;
        let facts = claim.facts.as_deref().ok_or(Cause::NoOrder)?;
        let locations = self.places_of(claim).into_iter();
        if !self.context.scope.has(facts, locations.map(|place| &self.live.places[place as usize].location)) {
            return Err(Cause::Scope);
        }
        if let Some(cause) = claim.left_out(facts) {
            return Err(cause);
        }
        let strategy = self.context.rules.strategy_of(&facts.tier).ok_or(Cause::Skipped)?;
        Ok((facts, strategy))
    }

    /// The places that may serve a claim, and after them those at which it has something anyway.
    fn places_of(&self, claim: &LiveClaim) -> Vec<u32> {
        let pegged = claim.pegs.iter().map(|(supply, _)| self.live.supplies[*supply as usize].place);
        let has = claim.reserved.iter().map(|(place, _)| *place).chain(pegged);
        let mut places = claim.places.clone();
        for place in has {
            if !places.contains(&place) {
                places.push(place);
            }
        }
        places
    }

    fn requirement(
        &mut self,
        claim: &LiveClaim,
        facts: &LineFacts,
        strategy: Strategy,
        terms: &mut HashMap<(bool, i64), u32>,
    ) -> Requirement {
        let places = self.places_of(claim);
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
        let terms = *terms.entry((facts.one_location, facts.minimum)).or_insert_with(|| {
            let places_max = if facts.one_location { 1 } else { u32::MAX };
            known.push(Terms { shipment_min: facts.minimum, places_max, ..Terms::default() });
            index(known.len() - 1)
        });
        Requirement {
            quantity: claim.units(),
            requested,
            latest: Day::MAX,
            strategy,
            terms,
            places: span(places_begin, self.demand.places.len()),
            own_places: index(places.len()),
            confirmed: span(confirmed_begin, self.demand.confirmed.len()),
            group: NO_GROUP,
            set: NO_SET,
            share: NO_SHARE,
            lends_days: NOT_LENDING,
        }
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
    fn supplies(&self, in_run: &[u32]) -> (Vec<Supply>, Vec<Source>) {
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
            .map(|(place, quantity)| (self.days.stock[place as usize], place, quantity, Source::Stock));
        let supply = (0_u32..).zip(open).map(|(supply, quantity)| {
            let place = self.live.supplies[supply as usize].place;
            (self.days.supply[supply as usize], place, quantity, Source::Supply(supply))
        });
        let given = stock
            .chain(supply)
            .filter_map(|(day, place, quantity, source)| Some((Supply { place, day: day?, quantity }, source)));
        given.unzip()
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
