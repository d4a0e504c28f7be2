//! An item as it is at one moment: what is there, what comes, and every claim on it, in numbers.

use std::{collections::HashMap, sync::Arc};

use backorder_domain::{
    allocation::sequence::{LineAttributes, ServingSequence, Worth},
    ids::LocationId,
    order::{eligibility::Barriers, state::OrderState},
    time::{civil_date_in, time_zone},
};
use backorder_proto::{
    allocation::v1::RunLeftOutCause,
    common::v1 as common,
    convert::{Violations, decode},
    inventory::v1 as pb,
};
use backorder_storage::{StorageError, columns};
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::{
    catalog::Places,
    error::Error,
    order::{LineKey, Routes, key::QUOTE_PART, routes::line_dates, shortage},
    store::entity::{customer_order, order_line},
};

/// An item with all that decides who gets it. Places and supplies are named by their index.
#[derive(Debug, Clone, Default)]
pub struct LiveItem {
    /// The item's id.
    pub item: String,
    /// Its category; empty where it has none, or no rule asks for it.
    pub category: String,
    /// Its places.
    pub places: Vec<LivePlace>,
    /// Its open supplies.
    pub supplies: Vec<LiveSupply>,
    /// The claims on it.
    pub claims: Vec<LiveClaim>,
    /// Places by the name of their location.
    by_location: HashMap<String, u32>,
    /// Supplies by name.
    by_name: HashMap<String, u32>,
}

/// The item at a location.
#[derive(Debug, Clone)]
pub struct LivePlace {
    /// The location.
    pub location: LocationId,
    /// Units that are free or held for the queue.
    pub free: i64,
}

/// Units that come.
#[derive(Debug, Clone)]
pub struct LiveSupply {
    /// `supplies/{supply}`.
    pub name: String,
    /// Where.
    pub place: u32,
    /// How many.
    pub open: i64,
    /// The day on which they are expected; `None` when none is known.
    pub expected: Option<Date>,
}

/// A claim.
#[derive(Debug, Clone)]
pub struct LiveClaim {
    /// The demand line.
    pub line: String,
    /// Its part.
    pub part: i32,
    /// The version that was read.
    pub version: i64,
    /// Its place in inventory's queue.
    pub queue_key: String,
    /// When it joined the queue, in microseconds.
    pub queue_time: i64,
    /// Units that are reserved and not in the warehouse's hands, by place.
    pub reserved: Vec<(u32, i64)>,
    /// Units that wait.
    pub waiting: i64,
    /// What they are pegged to, by supply.
    pub pegs: Vec<(u32, i64)>,
    /// The places that may serve it, first choice first.
    pub places: Vec<u32>,
    /// Whether it may take stock.
    pub eligible: bool,
    /// Whether it takes stock only together with others.
    pub in_set: bool,
    /// Whether it asks something of its units, or they are bound.
    pub is_bound: bool,
    /// What its order knows; `None` for quotes and the demand of others.
    pub facts: Option<Arc<LineFacts>>,
}

/// What an order knows of a line.
#[derive(Debug, Clone)]
pub struct LineFacts {
    /// The customer.
    pub customer: Arc<str>,
    /// The customer's tier.
    pub tier: Arc<str>,
    /// The sales channel.
    pub channel: Arc<str>,
    /// The order's id.
    pub order: String,
    /// The line's number.
    pub number: i32,
    /// The day on which it has to leave its first location to be in time.
    pub due: Date,
    /// The day that the customer was promised.
    pub promised: Option<Date>,
    /// Whether it comes from one location only.
    pub one_location: bool,
    /// The fewest units from one location.
    pub minimum: i64,
    /// Whether its confirmation is pinned.
    pub is_pinned: bool,
    /// Whether suppliers are asked to ship units of it.
    pub is_asked: bool,
    /// Whether it goes together with others.
    pub in_set: bool,
    /// Whether something bars it from taking stock; inventory may not have been told yet.
    pub is_barred: bool,
    /// The day that the line asks for.
    pub requested: Date,
    /// The day of the order.
    pub ordered_on: Date,
    /// The day from which the customer waits.
    pub waiting_since: Date,
    /// Base units ordered.
    pub ordered: i64,
    /// What the line is worth.
    pub worth: Worth,
    /// What its open units are worth, in nano-units of company currency; `None` without a price.
    pub risk_nanos: Option<i64>,
    /// Where the order goes.
    pub ship_to: Box<str>,
    /// The zone that it goes to.
    pub destination_zone: Box<str>,
    /// The carrier's service that was asked for.
    pub service: Box<str>,
    /// The line's ship set.
    pub ship_set: Box<str>,
    /// The code of the buyer's instruction on shortage.
    pub shortage_instruction: &'static str,
}

impl LineFacts {
    /// What the rows say; `None` when the order is not accepted.
    ///
    /// # Errors
    /// [`StorageError::InvalidRow`] for rows that were not written here.
    pub fn of(
        order: &customer_order::Model,
        row: &order_line::Model,
        places: &Places,
        now: Timestamp,
    ) -> Result<Option<Self>, StorageError> {
        const TABLE: &str = "order_line";
        if order.state != OrderState::Open.as_str() {
            return Ok(None);
        }
        let zone = places.zone_named(&row.time_zone);
        let routes = Routes::of(order, places, &zone);
        let route = |location: &LocationId| routes.from(location);
        let dates = line_dates(row, now, &zone, &route)?;
        let due = routes.first_location(row).map_or(dates.requested, |location| dates.due(&location));
        let ordered_zone = time_zone(&row.time_zone).unwrap_or(TimeZone::UTC);
        let units = row.ordered.saturating_add(row.refused);
        let day_of = |micros| Ok::<_, StorageError>(civil_date_in(columns::instant(micros, TABLE)?, &ordered_zone));
        Ok(Some(Self {
            customer: order.customer.as_str().into(),
            tier: order.customer_tier.as_str().into(),
            channel: order.channel.as_str().into(),
            order: order.id.clone(),
            number: row.line_number,
            due,
            promised: columns::optional_date(row.current_promised_date.as_deref(), TABLE)?,
            one_location: !row.split_allowed,
            minimum: row.minimum_per_location.max(1),
            is_pinned: !row.pin.is_empty(),
            is_asked: row.drop_ship_pending.saturating_add(row.drop_ship_confirmed) > 0,
            in_set: !row.set_name.is_empty(),
            is_barred: row.barriers & Barriers::ALLOCATION_BITS != 0,
            requested: dates.requested,
            ordered_on: day_of(order.ordered_at)?,
            waiting_since: day_of(row.wait_started_at)?,
            ordered: row.ordered,
            worth: Worth::of(row.price_nanos, row.cost_nanos, order.company_rate_nanos, units),
            risk_nanos: row.price_nanos.map(|_| row.risk_nanos),
            ship_to: order.ship_to.as_str().into(),
            destination_zone: order.destination_zone.as_str().into(),
            service: order.service.as_str().into(),
            ship_set: row.ship_set.as_str().into(),
            shortage_instruction: shortage::instruction(row)?.code(),
        }))
    }

    /// The line's place in a queue by a sequence, when it joined at a time in microseconds.
    #[must_use]
    pub fn queue_key(&self, sequence: &ServingSequence, queue_time: i64) -> String {
        sequence.queue_key(&LineAttributes {
            tier: &self.tier,
            channel: &self.channel,
            requested_date: self.requested,
            queue_time: Timestamp::from_microsecond(queue_time).unwrap_or(Timestamp::UNIX_EPOCH),
            order_date: self.ordered_on,
            worth: self.worth,
        })
    }
}

impl LiveClaim {
    /// Units that a run may decide about.
    #[must_use]
    pub fn units(&self) -> i64 {
        let reserved = self.reserved.iter().map(|(_, units)| *units);
        reserved.fold(self.waiting, i64::saturating_add)
    }

    /// Why no run decides about the claim, whatever its scope and rules.
    #[must_use]
    pub fn left_out(&self, facts: &LineFacts) -> Option<RunLeftOutCause> {
        if self.units() <= 0 {
            Some(RunLeftOutCause::Released)
        } else if self.in_set || facts.in_set {
            Some(RunLeftOutCause::ShipSet)
        } else if self.is_bound {
            Some(RunLeftOutCause::BoundUnits)
        } else if facts.is_pinned {
            Some(RunLeftOutCause::Pinned)
        } else if !self.eligible || facts.is_barred || facts.is_asked {
            Some(RunLeftOutCause::Barred)
        } else {
            None
        }
    }

    /// The order and line, and the part, of an order's claim.
    #[must_use]
    pub fn key(&self) -> Option<LineKey> {
        LineKey::of_claim(&self.line, self.part).filter(|key| key.part != QUOTE_PART)
    }
}

impl LiveItem {
    /// Nothing is known of the item yet.
    #[must_use]
    pub fn new(item: &str) -> Self {
        Self { item: item.to_owned(), ..Self::default() }
    }

    /// Takes over a position.
    ///
    /// # Errors
    /// [`Error::Contract`].
    pub fn take_position(&mut self, position: &pb::Position) -> Result<(), Error> {
        let place = self.place(&position.location)?;
        self.places[place as usize].free = position.available.saturating_add(position.held).max(0);
        Ok(())
    }

    /// Takes over an open supply.
    ///
    /// # Errors
    /// [`Error::Contract`].
    pub fn take_supply(&mut self, supply: &pb::Supply) -> Result<(), Error> {
        let expected = supply.expected_date.as_ref().map(|date| date_of(date, "expected_date")).transpose()?;
        self.add_supply(&supply.name, &supply.location, supply.open, expected)
    }

    /// Adds units that come.
    ///
    /// # Errors
    /// [`Error::Contract`] for a location that has no name.
    pub fn add_supply(&mut self, name: &str, location: &str, open: i64, expected: Option<Date>) -> Result<(), Error> {
        let place = self.place(location)?;
        self.by_name.insert(name.to_owned(), index(self.supplies.len()));
        self.supplies.push(LiveSupply { name: name.to_owned(), place, open: open.max(0), expected });
        Ok(())
    }

    /// Takes over a claim. Supplies come before.
    ///
    /// # Errors
    /// [`Error::Contract`].
    pub fn take_claim(&mut self, claim: pb::Claim) -> Result<(), Error> {
        let mut violations = Violations::new();
        let queue_time = decode::timestamp(claim.queue_time.as_ref(), "queue_time", &mut violations);
        let queue_time = violations.finish_with(queue_time).map_err(|wrong| Error::Contract(wrong.to_string()))?;
        let mut reserved = Vec::with_capacity(claim.reservations.len());
        for part in &claim.reservations {
            let units = part.quantity.saturating_sub(part.released);
            if units > 0 {
                reserved.push((self.place(&part.location)?, units));
            }
        }
        let places = claim.locations.iter().map(|location| self.place(location)).collect::<Result<_, _>>()?;
        let pegs = claim.pegs.iter().filter_map(|peg| Some((*self.by_name.get(&peg.supply)?, peg.quantity)));
        let is_soft_or_hard = matches!(claim.strength(), pb::ReservationStrength::Soft | pb::ReservationStrength::Hard);
        self.claims.push(LiveClaim {
            reserved,
            places,
            pegs: pegs.collect(),
            is_bound: is_soft_or_hard
                || claim.wish.is_some()
                || claim.reservations.iter().any(|part| !part.batch.is_empty()),
            line: claim.line,
            part: claim.part,
            version: claim.version,
            queue_key: claim.queue_key,
            queue_time: columns::micros(queue_time),
            waiting: claim.waiting.max(0),
            eligible: claim.eligible,
            in_set: claim.in_set,
            facts: None,
        });
        Ok(())
    }

    /// The index of a place.
    #[must_use]
    pub fn place_named(&self, location: &str) -> Option<u32> {
        self.by_location.get(location).copied()
    }

    /// The places that may serve a claim, and after them those at which it has something anyway.
    #[must_use]
    pub fn places_of(&self, claim: &LiveClaim) -> Vec<u32> {
        let pegged = claim.pegs.iter().map(|(supply, _)| self.supplies[*supply as usize].place);
        let has = claim.reserved.iter().map(|(place, _)| *place).chain(pegged);
        let mut places = claim.places.clone();
        for place in has {
            if !places.contains(&place) {
                places.push(place);
            }
        }
        places
    }

    /// The locations of these places.
    pub fn locations_of(&self, claim: &LiveClaim) -> impl Iterator<Item = &LocationId> {
        self.places_of(claim).into_iter().map(|place| &self.places[place as usize].location)
    }

    /// The index of a supply.
    #[must_use]
    pub fn supply_named(&self, name: &str) -> Option<u32> {
        self.by_name.get(name).copied()
    }

    /// The place of a location, made when it is new.
    fn place(&mut self, name: &str) -> Result<u32, Error> {
        if let Some(place) = self.by_location.get(name) {
            return Ok(*place);
        }
        let id = name.strip_prefix("locations/").and_then(|id| LocationId::try_new(id).ok());
        let location = id.ok_or_else(|| Error::Contract(format!("{name:?} is no location")))?;
        let place = index(self.places.len());
        self.places.push(LivePlace { location, free: 0 });
        self.by_location.insert(name.to_owned(), place);
        Ok(place)
    }
}

fn date_of(date: &common::Date, field: &str) -> Result<Date, Error> {
    let mut violations = Violations::new();
    let date = decode::date(Some(date), field, &mut violations);
    violations.finish_with(date).map_err(|wrong| Error::Contract(wrong.to_string()))
}

/// Places, supplies and claims of one item are counted in 32 bits.
pub fn index(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
