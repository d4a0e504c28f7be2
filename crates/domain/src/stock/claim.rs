//! What one part of a demand line has a claim on: units reserved on hand, and units that wait.
//!
//! Reservations and pegs stand inside their claim and change only with it, so the claim's version covers them.

use std::fmt;
use std::str::FromStr;

use jiff::{Timestamp, civil::Date};

use crate::ids::{BatchId, LineId, LocationId, SupplyId};
use crate::quantity::Quantity;

use super::error::{StockError, minus, plus};
use super::post::Told;
use super::rows::Row;
use super::wish::Wish;

/// A part of a demand line. Unique per item for ever.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClaimKey {
    /// The demand line.
    pub line: LineId,
    /// The part: 1, and one more for every later increase, because what is added queues anew.
    pub part: i32,
}

impl fmt::Display for ClaimKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/parts/{}", self.line, self.part)
    }
}

/// How strong a reservation is (domain.md 2.6). In the position all of them are RESERVED.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Strength {
    /// For a cart or a quote: it ends by itself.
    Soft,
    /// Backed by an accepted order.
    Firm,
    /// Bound to a location, and to a batch where one is named.
    Hard,
}

impl Strength {
    /// Every strength, weakest first.
    pub const ALL: [Self; 3] = [Self::Soft, Self::Firm, Self::Hard];

    /// The name that tables use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Soft => "SOFT",
            Self::Firm => "FIRM",
            Self::Hard => "HARD",
        }
    }
}

/// A text that names no strength.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a strength of a reservation")]
pub struct UnknownStrength(pub String);

impl FromStr for Strength {
    type Err = UnknownStrength;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|s| s.as_str() == text).ok_or_else(|| UnknownStrength(text.to_owned()))
    }
}

/// Units of one location (and batch) reserved for a claim. At least 1 unit; a reservation of none is deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// Where the units are.
    pub location: LocationId,
    /// The batch, for hard reservations.
    pub batch: Option<BatchId>,
    /// Base units, those in the warehouse's hands among them.
    pub quantity: Quantity,
    /// The part of `quantity` that is handed to the warehouse: in state RELEASED, the rest in state RESERVED.
    pub released: Quantity,
}

impl Reservation {
    /// The units in state RESERVED.
    #[must_use]
    pub fn unreleased(&self) -> Quantity {
        self.quantity.saturating_sub(self.released)
    }
}

/// Units of reservations that a command took or changed, by batch.
pub(super) type Taken = Vec<(Option<BatchId>, Quantity)>;

/// Waiting units of a claim expected from one dated supply. At least 1 unit; a peg of none is deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peg {
    /// The supply.
    pub supply: SupplyId,
    /// Base units.
    pub quantity: Quantity,
}

/// A claim with its reservations and pegs. Quantities are base units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The part of the demand line.
    pub key: ClaimKey,
    /// Units reserved, handed to the warehouse or not: the sum of `reservations`.
    pub reserved: Quantity,
    /// Units accepted and not reserved.
    pub waiting: Quantity,
    /// The part of `waiting` that is pegged: the sum of `pegs`.
    pub pegged: Quantity,
    /// Units shipped so far.
    pub posted: Quantity,
    /// How strong its reservations are.
    pub strength: Strength,
    /// When a soft claim ends by itself; `None` for the others.
    pub expires_at: Option<Timestamp>,
    /// Whether what waits may take stock now.
    pub eligible: bool,
    /// Whether what waits takes stock only together with the other lines of its set: runs pass over it.
    pub in_set: bool,
    /// Its place in the queue: bytewise smaller is served first.
    pub queue_key: String,
    /// When the quantity joined the queue; decides among equal keys.
    pub queue_time: Timestamp,
    /// The locations that may serve it, first choice first, as they were asked for.
    pub candidates: Vec<LocationId>,
    /// Whether its units may come from several locations.
    pub split_allowed: bool,
    /// The fewest units that one location gives when the line is split. The allocation run keeps to it too.
    pub min_per_location: Quantity,
    /// The day on which the demand wants the goods, in the zone of the place that serves it.
    pub requested_date: Option<Date>,
    /// What it asks of the units: then its reservations are bound to batches that fit.
    pub wish: Wish,
    /// The last day on which all units fit that are reserved for it and not handed over, as far as anything bounds it.
    pub fits_until: Option<Date>,
    /// Where units are reserved, first choice first, then by batch.
    pub reservations: Vec<Reservation>,
    /// Where waiting units are expected from, earliest first, then by supply.
    pub pegs: Vec<Peg>,
    /// Counts the commands that changed the claim; 0 before its first write.
    pub version: i64,
}

/// The order of the queue, the same everywhere: key, time, line, part. Smaller is served first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct QueuePlace<'a> {
    queue_key: &'a str,
    queue_time: Timestamp,
    key: &'a ClaimKey,
}

impl Claim {
    /// Its place in the queue.
    #[must_use]
    pub fn queue_place(&self) -> QueuePlace<'_> {
        QueuePlace { queue_key: &self.queue_key, queue_time: self.queue_time, key: &self.key }
    }

    /// The locations at which the waiting quantity waits: all candidates, or, for a claim that may not be split and has
    /// units reserved somewhere, only that place.
    #[must_use]
    pub fn waits_at(&self) -> &[LocationId] {
        let bound = if self.split_allowed { None } else { self.reservations.first().map(|r| &r.location) };
        match bound {
            Some(location) => std::slice::from_ref(location),
            None => &self.candidates,
        }
    }

    /// Whether runs may give it any units: it stands in no set, and asks nothing of them.
    #[must_use]
    pub const fn is_served_alone(&self) -> bool {
        !self.in_set && self.wish.is_none()
    }

    /// The units that count against the free stock of each of [`waits_at`](Self::waits_at): all that wait when the
    /// claim is eligible and served alone, else none.
    #[must_use]
    pub fn eligible_waiting(&self) -> Quantity {
        if self.eligible && self.is_served_alone() { self.waiting } else { Quantity::ZERO }
    }

    /// The units that wait together with others, or for units that fit: what becomes free is put aside for them until
    /// somebody has decided, what is free already is not.
    #[must_use]
    pub fn waiting_in_set(&self) -> Quantity {
        if self.eligible && !self.is_served_alone() { self.waiting } else { Quantity::ZERO }
    }

    /// Whether its waiting units may be expected from dated supply: nobody knows of which batches that will be.
    #[must_use]
    pub const fn may_be_pegged(&self) -> bool {
        self.wish.batch.is_none()
    }

    /// The part of `waiting` for which no supply is known.
    #[must_use]
    pub fn unpegged(&self) -> Quantity {
        self.waiting.saturating_sub(self.pegged)
    }

    /// Whether nothing is reserved and nothing waits.
    #[must_use]
    pub const fn is_resolved(&self) -> bool {
        self.reserved.is_zero() && self.waiting.is_zero()
    }

    /// The units in state RESERVED at one location, over all batches.
    #[must_use]
    pub fn reserved_at(&self, location: &LocationId) -> Quantity {
        let there = self.reservations.iter().filter(|r| r.location == *location).map(Reservation::unreleased);
        Quantity::checked_sum(there).unwrap_or(self.reserved)
    }

    /// The units in state RELEASED at one location, over all batches.
    #[must_use]
    pub fn released_at(&self, location: &LocationId) -> Quantity {
        let there = self.reservations.iter().filter(|r| r.location == *location).map(|r| r.released);
        Quantity::checked_sum(there).unwrap_or(self.reserved)
    }

    /// The part of `reserved` that is handed to the warehouse.
    #[must_use]
    pub fn released(&self) -> Quantity {
        Quantity::checked_sum(self.reservations.iter().map(|r| r.released)).unwrap_or(self.reserved)
    }

    /// The part of `reserved` that is not handed to the warehouse: only it can be given back or to somebody else.
    #[must_use]
    pub fn unreleased(&self) -> Quantity {
        self.reserved.saturating_sub(self.released())
    }

    pub(super) fn add_reserved(
        &mut self,
        location: &LocationId,
        batch: Option<&BatchId>,
        quantity: Quantity,
    ) -> Result<(), StockError> {
        if quantity.is_zero() {
            return Ok(());
        }
        self.reserved = plus(self.reserved, quantity)?;
        let same = |r: &&mut Reservation| r.location == *location && r.batch.as_ref() == batch;
        match self.reservations.iter_mut().find(same) {
            Some(reservation) => reservation.quantity = plus(reservation.quantity, quantity)?,
            None => {
                let (location, batch) = (location.clone(), batch.cloned());
                self.reservations.push(Reservation { location, batch, quantity, released: Quantity::ZERO });
                self.sort_reservations();
            }
        }
        Ok(())
    }

    /// Puts the reservations in the order that the field states, so that it does not depend on how they were stored.
    pub(super) fn sort_reservations(&mut self) {
        let candidates = &self.candidates;
        let choice = |location: &LocationId| candidates.iter().position(|candidate| candidate == location);
        let order = |r: &Reservation| (choice(&r.location).unwrap_or(usize::MAX), r.location.clone(), r.batch.clone());
        self.reservations.sort_by_cached_key(order);
    }

    /// The units at one location in state RESERVED, or RELEASED, that can be taken: those of one batch where `only` names it.
    pub(super) fn there(&self, location: &LocationId, is_released: bool, only: Option<&BatchId>) -> Quantity {
        let here = self.reservations.iter().filter(|r| r.location == *location && is_of(r, only));
        let there = here.map(|r| if is_released { r.released } else { r.unreleased() });
        Quantity::checked_sum(there).unwrap_or(self.reserved)
    }

    /// Takes such units away, and says of which batches they were.
    pub(super) fn take(
        &mut self,
        location: &LocationId,
        is_released: bool,
        only: Option<&BatchId>,
        quantity: Quantity,
    ) -> Result<Taken, StockError> {
        let Some(batch) = only else {
            let take = if is_released { Self::take_released } else { Self::take_reserved };
            return take(self, location, quantity);
        };
        let mut rest = quantity;
        for reservation in self.reservations.iter_mut().filter(|r| r.location == *location && is_of(r, only)) {
            let there = if is_released { reservation.released } else { reservation.unreleased() };
            let piece = there.min(rest);
            rest = minus(rest, piece, "reservation")?;
            reservation.quantity = minus(reservation.quantity, piece, "reservation")?;
            if is_released {
                reservation.released = minus(reservation.released, piece, "reservation.released")?;
            }
        }
        let taken = minus(quantity, rest, "reservation")?;
        self.forget_empty(taken)?;
        Ok(vec![(Some(batch.clone()), taken)])
    }

    /// Takes units in state RESERVED, or RELEASED, of one location away: those that are bound to the told batch, then those
    /// bound to none, then, where somebody saw the batch, others. Says of which batches they were to be.
    pub(super) fn take_told(
        &mut self,
        location: &LocationId,
        is_released: bool,
        told: &Told,
        quantity: Quantity,
    ) -> Result<Taken, StockError> {
        let Some(batch) = &told.batch else {
            let take = if is_released { Self::take_released } else { Self::take_reserved };
            return take(self, location, quantity);
        };
        let rank = |reservation: &Reservation| match &reservation.batch {
            Some(bound) if bound == batch => Some(0),
            None => Some(1),
            Some(_) => told.seen.then_some(2),
        };
        let mut rest = quantity;
        let mut taken = Vec::new();
        for wanted in 0..3 {
            let fits = |r: &&mut Reservation| r.location == *location && rank(r) == Some(wanted);
            for reservation in self.reservations.iter_mut().filter(fits) {
                let there = if is_released { reservation.released } else { reservation.unreleased() };
                let piece = there.min(rest);
                if piece.is_zero() {
                    continue;
                }
                rest = minus(rest, piece, "reservation")?;
                reservation.quantity = minus(reservation.quantity, piece, "reservation")?;
                if is_released {
                    reservation.released = minus(reservation.released, piece, "reservation.released")?;
                }
                taken.push((reservation.batch.clone(), piece));
            }
        }
        if !rest.is_zero() {
            return Err(StockError::InsufficientBatch {
                location: location.clone(),
                batch: Some(batch.clone()),
                owner: told.owner.clone(),
                asked: quantity,
                there: minus(quantity, rest, "reservation")?,
            });
        }
        self.forget_empty(quantity)?;
        Ok(taken)
    }

    /// Takes units in state RESERVED of one location away, and says of which batches they were.
    pub(super) fn take_reserved(&mut self, location: &LocationId, quantity: Quantity) -> Result<Taken, StockError> {
        let taken = self.change_reservations(location, quantity, Reservation::unreleased, |reservation, piece| {
            reservation.quantity = minus(reservation.quantity, piece, "reservation")?;
            Ok(())
        })?;
        self.forget_empty(quantity)?;
        Ok(taken)
    }

    /// Takes units in state RELEASED of one location away, and says of which batches they were.
    pub(super) fn take_released(&mut self, location: &LocationId, quantity: Quantity) -> Result<Taken, StockError> {
        let taken = self.change_reservations(
            location,
            quantity,
            |reservation| reservation.released,
            |reservation, piece| {
                reservation.released = minus(reservation.released, piece, "reservation.released")?;
                reservation.quantity = minus(reservation.quantity, piece, "reservation")?;
                Ok(())
            },
        )?;
        self.forget_empty(quantity)?;
        Ok(taken)
    }

    /// Notes that reserved units of one location are in the warehouse's hands now.
    pub(super) fn release(&mut self, location: &LocationId, quantity: Quantity) -> Result<Taken, StockError> {
        self.change_reservations(location, quantity, Reservation::unreleased, |reservation, piece| {
            reservation.released = plus(reservation.released, piece)?;
            Ok(())
        })
    }

    /// Notes that the warehouse gave units of one location out of its hands.
    pub(super) fn recall(&mut self, location: &LocationId, quantity: Quantity) -> Result<Taken, StockError> {
        self.change_reservations(
            location,
            quantity,
            |reservation| reservation.released,
            |reservation, piece| {
                reservation.released = minus(reservation.released, piece, "reservation.released")?;
                Ok(())
            },
        )
    }

    /// Changes the reservations of one location in their order, as far as `there` says that they can, until `quantity`
    /// units are changed. Answers how many of which batch.
    fn change_reservations(
        &mut self,
        location: &LocationId,
        quantity: Quantity,
        there: impl Fn(&Reservation) -> Quantity,
        change: impl Fn(&mut Reservation, Quantity) -> Result<(), StockError>,
    ) -> Result<Taken, StockError> {
        let mut rest = quantity;
        let mut taken = Vec::new();
        for reservation in self.reservations.iter_mut().filter(|r| r.location == *location) {
            let piece = there(reservation).min(rest);
            if !piece.is_zero() {
                change(reservation, piece)?;
                rest = minus(rest, piece, "reservation")?;
                taken.push((reservation.batch.clone(), piece));
            }
        }
        if rest.is_zero() {
            return Ok(taken);
        }
        let reserved = quantity.saturating_sub(rest);
        Err(StockError::InsufficientReservation { claim: self.key.clone(), asked: quantity, reserved })
    }

    fn forget_empty(&mut self, taken: Quantity) -> Result<(), StockError> {
        self.reservations.retain(|r| !r.quantity.is_zero());
        self.reserved = minus(self.reserved, taken, "claim.reserved")?;
        Ok(())
    }
}

fn is_of(reservation: &Reservation, only: Option<&BatchId>) -> bool {
    only.is_none_or(|batch| reservation.batch.as_ref() == Some(batch))
}

impl Row for Claim {
    fn version(&self) -> i64 {
        self.version
    }

    fn set_version(&mut self, version: i64) {
        self.version = version;
    }
}
