//! Ends of a claim beside its shipment: given back (released), expired. Each unit ends once. Shipments stand in `post`.

use crate::ids::{BatchId, LineId, LocationId};
use crate::quantity::Quantity;

use super::book::{ItemBook, Units};
use super::claim::{Claim, ClaimKey, Strength, Taken};
use super::context::CommandContext;
use super::error::{StockError, check_quantity, minus, plus};
use super::movement::Place;
use super::state::StockState;

/// Reserved units of a line that a command is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineUnits {
    /// The demand line.
    pub line: LineId,
    /// The part; `None` means all parts, first part first.
    pub part: Option<i32>,
    /// Only units of this location; `None` means any, first choice first.
    pub location: Option<LocationId>,
    /// Base units, at least 1.
    pub quantity: Quantity,
}

/// Units of one claim at one location that a command moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimUnits {
    /// The claim.
    pub key: ClaimKey,
    /// Where they were.
    pub location: LocationId,
    /// Base units.
    pub quantity: Quantity,
}

/// What of a claim is given back first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReleaseOrder {
    /// Waiting units, then reserved ones.
    WaitingFirst,
    /// Reserved units, then waiting ones.
    ReservedFirst,
    /// Only waiting units: reserved ones stay, and fewer that wait are no error.
    WaitingOnly,
}

/// Units of a line that are given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The demand line.
    pub line: LineId,
    /// The part; `None` means all parts, last part first.
    pub part: Option<i32>,
    /// Base units, at least 1; `None` means all that are reserved or wait.
    pub quantity: Option<Quantity>,
    /// What goes first.
    pub order: ReleaseOrder,
}

/// Units of one claim that were given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Released {
    /// The claim.
    pub key: ClaimKey,
    /// Units that waited.
    pub waiting: Quantity,
    /// Units that were reserved.
    pub reserved: Quantity,
}

/// Units that were taken out of a claim and are still in state RESERVED.
pub(super) struct Freed {
    /// What made them free.
    pub(super) cause: String,
    pub(super) location: LocationId,
    pub(super) batch: Option<BatchId>,
    pub(super) quantity: Quantity,
}

impl ItemBook {
    /// Does something with up to `quantity` units of the claims `keys`, place by place in the order in which they are
    /// chosen, as far as `there` says that units are there. Answers the units for which there were none.
    pub(super) fn each_place(
        &mut self,
        named: &LineUnits,
        keys: &[ClaimKey],
        quantity: Quantity,
        there: impl Fn(&Claim, &LocationId) -> Quantity,
        mut act: impl FnMut(&mut Self, ClaimUnits) -> Result<(), StockError>,
    ) -> Result<Quantity, StockError> {
        let mut rest = quantity;
        for key in keys {
            for location in self.reserved_locations(key, named.location.as_ref())? {
                let quantity = there(self.claim_or_refuse(key)?, &location).min(rest);
                if !quantity.is_zero() {
                    rest = minus(rest, quantity, "units of a line")?;
                    act(self, ClaimUnits { key: key.clone(), location, quantity })?;
                }
            }
        }
        Ok(rest)
    }

    /// Moves units of a claim, batch by batch.
    pub(super) fn move_taken(
        &mut self,
        ctx: &CommandContext,
        key: &ClaimKey,
        from: &Place,
        to: &Place,
        taken: &Taken,
    ) -> Result<(), StockError> {
        let cause = key.to_string();
        for (batch, quantity) in taken {
            let units = Units { batch: batch.as_ref(), ..Units::of(*quantity, &cause) };
            self.move_units(ctx, from, to, &units)?;
        }
        Ok(())
    }

    /// Gives units back: waiting ones wait no more, reserved ones become free or are held for the queue. Units in the
    /// warehouse's hands stay there.
    ///
    /// Needs loaded: the parts of the line with their candidate locations and pegged supplies.
    ///
    /// # Errors
    /// [`StockError::ClaimNotFound`] or [`StockError::LineNotFound`]; [`StockError::InsufficientWaiting`] when fewer units
    /// wait or are reserved in all.
    pub fn release(&mut self, ctx: &CommandContext, release: &Release) -> Result<Vec<Released>, StockError> {
        let mut keys = self.parts_named(&release.line, release.part)?;
        keys.reverse();
        let mut there = Quantity::ZERO;
        for key in &keys {
            let claim = self.claim_or_refuse(key)?;
            there = plus(there, claim.waiting)?;
            if release.order != ReleaseOrder::WaitingOnly {
                there = plus(there, claim.unreleased())?;
            }
        }
        let mut wanted = release.quantity.unwrap_or(there);
        if release.quantity.is_some() {
            check_quantity(wanted)?;
        }
        if release.order == ReleaseOrder::WaitingOnly {
            wanted = wanted.min(there);
        }
        if wanted > there {
            let claim = keys.pop().unwrap_or_else(|| ClaimKey { line: release.line.clone(), part: 1 });
            return Err(StockError::InsufficientWaiting { claim, asked: wanted, waiting: there });
        }
        self.command(ctx, |book| book.release_parts(ctx, release.order, wanted, &keys))
    }

    fn release_parts(
        &mut self,
        ctx: &CommandContext,
        order: ReleaseOrder,
        wanted: Quantity,
        keys: &[ClaimKey],
    ) -> Result<Vec<Released>, StockError> {
        let mut released: Vec<Released> = keys
            .iter()
            .map(|key| Released { key: key.clone(), waiting: Quantity::ZERO, reserved: Quantity::ZERO })
            .collect();
        let mut rest = wanted;
        let mut freed = Vec::new();
        let phases: &[bool] = match order {
            ReleaseOrder::WaitingFirst => &[true, false],
            ReleaseOrder::ReservedFirst => &[false, true],
            ReleaseOrder::WaitingOnly => &[true],
        };
        for &is_waiting in phases {
            for part in &mut released {
                let claim = self.claim_or_refuse(&part.key)?;
                let quantity = rest.min(if is_waiting { claim.waiting } else { claim.unreleased() });
                if is_waiting {
                    self.release_waiting(&part.key, quantity)?;
                    part.waiting = quantity;
                } else {
                    freed.extend(self.unreserve(&part.key, quantity)?);
                    part.reserved = quantity;
                }
                rest = minus(rest, quantity, "released units")?;
            }
        }
        self.free(ctx, &freed)?;
        released.retain(|part| !part.waiting.is_zero() || !part.reserved.is_zero());
        Ok(released)
    }

    /// Ends a soft claim whose time has come: its reserved units become free, its waiting units wait no more. A claim
    /// that was taken over, released or made firm meanwhile is left alone, and the answer is `false`.
    ///
    /// Needs loaded: the claim with its candidate locations and pegged supplies.
    ///
    /// # Errors
    /// [`StockError::ClaimNotFound`].
    pub fn expire(&mut self, ctx: &CommandContext, key: &ClaimKey) -> Result<bool, StockError> {
        let claim = self.claim_or_refuse(key)?;
        let is_due = claim.expires_at.is_some_and(|at| at <= ctx.now);
        if claim.strength != Strength::Soft || !is_due || claim.is_resolved() {
            return Ok(false);
        }
        let (waiting, reserved) = (claim.waiting, claim.reserved);
        self.command(ctx, |book| {
            book.release_waiting(key, waiting)?;
            let freed = book.unreserve(key, reserved)?;
            book.free(ctx, &freed)
        })?;
        Ok(true)
    }

    /// Makes a soft claim firm or hard, with all that it has: nothing is counted twice.
    ///
    /// # Errors
    /// [`StockError::ClaimNotFound`]; [`StockError::NotSoft`]; [`StockError::SoftReservationGone`] when nothing is left of
    /// it; [`StockError::ExpiryMismatch`] when it would stay soft.
    pub fn confirm(&mut self, ctx: &CommandContext, key: &ClaimKey, strength: Strength) -> Result<(), StockError> {
        let mut claim = self.claim_or_refuse(key)?.clone();
        if claim.strength != Strength::Soft {
            return Err(StockError::NotSoft(key.clone()));
        }
        if claim.is_resolved() {
            return Err(StockError::SoftReservationGone(key.line.clone()));
        }
        if strength == Strength::Soft {
            return Err(StockError::ExpiryMismatch(key.clone()));
        }
        claim.strength = strength;
        claim.expires_at = None;
        self.command(ctx, |book| book.put_claim(claim))
    }

    fn release_waiting(&mut self, key: &ClaimKey, quantity: Quantity) -> Result<(), StockError> {
        if quantity.is_zero() {
            return Ok(());
        }
        let left = minus(self.claim_or_refuse(key)?.waiting, quantity, "claim.waiting")?;
        self.trim_pegs(key, left)?;
        let mut claim = self.claim_or_refuse(key)?.clone();
        claim.waiting = left;
        self.put_claim(claim)
    }

    /// Takes reserved units out of a claim, those of its last choice of location first. They are still RESERVED.
    pub(super) fn unreserve(&mut self, key: &ClaimKey, quantity: Quantity) -> Result<Vec<Freed>, StockError> {
        let mut rest = quantity;
        let mut freed = Vec::new();
        let mut claim = self.claim_or_refuse(key)?.clone();
        for location in self.reserved_locations(key, None)?.into_iter().rev() {
            let there = claim.reserved_at(&location).min(rest);
            for (batch, quantity) in claim.take_reserved(&location, there)? {
                freed.push(Freed { cause: key.to_string(), location: location.clone(), batch, quantity });
            }
            rest = minus(rest, there, "released units")?;
        }
        self.put_claim(claim)?;
        Ok(freed)
    }

    /// Makes units free that no claim has any more. It comes after all changes of claims, so that no unit is held for
    /// quantity that the same command takes out of the queue.
    pub(super) fn free(&mut self, ctx: &CommandContext, freed: &[Freed]) -> Result<(), StockError> {
        for Freed { cause, location, batch, quantity } in freed {
            let units = Units { batch: batch.as_ref(), ..Units::of(*quantity, cause) };
            self.enter_available(ctx, location, &Place::at(location, StockState::Reserved), &units)?;
        }
        Ok(())
    }

    /// The parts of a line that a command names: the one, or all that are loaded, first part first.
    pub(super) fn parts_named(&self, line: &LineId, part: Option<i32>) -> Result<Vec<ClaimKey>, StockError> {
        let Some(part) = part else {
            let keys = self.parts_of(line);
            return if keys.is_empty() { Err(StockError::LineNotFound(line.clone())) } else { Ok(keys) };
        };
        let key = ClaimKey { line: line.clone(), part };
        self.claim_or_refuse(&key)?;
        Ok(vec![key])
    }

    /// The locations at which a claim has units reserved, each once, first choice first.
    fn reserved_locations(&self, key: &ClaimKey, only: Option<&LocationId>) -> Result<Vec<LocationId>, StockError> {
        let mut locations: Vec<LocationId> = Vec::new();
        for reservation in &self.claim_or_refuse(key)?.reservations {
            let is_wanted = only.is_none_or(|location| *location == reservation.location);
            if is_wanted && !locations.contains(&reservation.location) {
                locations.push(reservation.location.clone());
            }
        }
        Ok(locations)
    }
}

/// Refuses a command that found fewer units than it names.
pub(super) fn refuse_rest(named: &LineUnits, keys: &[ClaimKey], rest: Quantity) -> Result<(), StockError> {
    match keys.first() {
        Some(first) if !rest.is_zero() => Err(StockError::InsufficientReservation {
            claim: first.clone(),
            asked: named.quantity,
            reserved: minus(named.quantity, rest, "units of a line")?,
        }),
        Some(_) | None => Ok(()),
    }
}
