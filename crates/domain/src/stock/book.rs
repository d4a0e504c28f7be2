//! One item's loaded scope, and the few primitives through which every command changes it.
//!
//! The commands themselves stand in files of their own (`reserve`, `release`, `receive` …); this one must not decide
//! anything, only keep the sums right and take a failed command back.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::ids::{BatchId, HoldId, ItemId, LineId, LocationId, SupplyId};
use crate::quantity::Quantity;

use super::batch::{BatchInfo, BatchPlace, BatchScope, BatchStock, Bound};
use super::changes::StockChanges;
use super::claim::{Claim, ClaimKey};
use super::context::CommandContext;
use super::error::{StockError, minus, plus, sum};
use super::hold::Hold;
use super::movement::{Movement, Place};
use super::peg::sort_pegs;
use super::position::Position;
use super::receipt::{ReceiptKey, ReceivedLine};
use super::rows::{Row, Rows};
use super::state::StockState;
use super::supply::Supply;

/// What a store loads of one location before a command that touches it.
#[derive(Debug, Clone)]
pub struct LocationScope {
    /// The locked balance row; [`Position::empty`] when there is none.
    pub position: Position,
    /// What waits there, over all claims of the item with this location in [`Claim::waits_at`], loaded or not. Enough is
    /// what the loaded ones wait for where the commands do no more than to give units to eligible ones of them.
    pub awaited: Awaited,
    /// The civil date now in the location's time zone. Supply expected before it is past due.
    pub today: Date,
}

/// What a store loads of one item. Which rows a command needs stands on the command; what is missing is refused as
/// [`StockError::NotLoaded`].
#[derive(Debug, Clone)]
pub struct ItemScope {
    /// The item.
    pub item: ItemId,
    /// The locations that commands may touch: those that they name, and all candidates of claims that may begin to wait.
    pub locations: Vec<LocationScope>,
    /// Claims, each with all its reservations and pegs.
    pub claims: Vec<Claim>,
    /// Open holds.
    pub holds: Vec<Hold>,
    /// Supplies: the open ones, and those that loaded claims are pegged to.
    pub supplies: Vec<Supply>,
    /// Lines of receipts: those that commands name, and those in review where units may leave quality control.
    pub receipts: Vec<ReceivedLine>,
    /// What there is of batches and owners.
    pub batches: BatchScope,
    /// The sum of `waiting` over all claims of the item, loaded or not.
    pub total_waiting: Quantity,
    /// Whether every claim of the item with `waiting` > 0 is among `claims`. Commands that peg anew need it.
    pub all_waiting_loaded: bool,
}

/// One item's stock, claims and supply, changed by commands and flushed by the store.
#[derive(Debug, Clone)]
pub struct ItemBook {
    pub(super) item: ItemId,
    pub(super) positions: Rows<LocationId, Position>,
    pub(super) claims: Rows<ClaimKey, Claim>,
    pub(super) holds: Rows<HoldId, Hold>,
    pub(super) supplies: Rows<SupplyId, Supply>,
    pub(super) receipts: Rows<ReceiptKey, ReceivedLine>,
    pub(super) batch_stock: Rows<BatchPlace, BatchStock>,
    pub(super) batches: Rows<BatchId, BatchInfo>,
    pub(super) bound: Rows<(LocationId, BatchId), Bound>,
    pub(super) command_number: u64,
    pub(super) holds_made: u64,
    pub(super) all_waiting_loaded: bool,
    today: BTreeMap<LocationId, Date>,
    awaited: Rows<LocationId, Awaited>,
    total_waiting: Quantity,
    movements: Vec<Movement>,
    /// Locations where a claim began to wait, or units became free or left HELD, during the present command.
    unsettled: BTreeSet<LocationId>,
    /// Claims that ask something of their units and began to wait for more during the present command.
    unsettled_wishes: BTreeSet<ClaimKey>,
    /// Checkpoints that may still be rolled back to.
    open_checkpoints: usize,
}

/// Eligible quantity that waits at a location.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Awaited {
    /// The sum of [`Claim::eligible_waiting`].
    pub alone: Quantity,
    /// The sum of [`Claim::waiting_in_set`].
    pub in_sets: Quantity,
}

impl Awaited {
    /// Adds what a claim waits for at one of its places. A sum that would be too large stays as it is.
    pub fn add(&mut self, claim: &Claim) {
        let sum = |sum: Quantity, more: Quantity| sum.checked_add(more).unwrap_or(sum);
        let of_claim = Self::by(claim);
        *self = Self { alone: sum(self.alone, of_claim.alone), in_sets: sum(self.in_sets, of_claim.in_sets) };
    }

    /// What one claim waits for at each of its places.
    fn by(claim: &Claim) -> Self {
        Self { alone: claim.eligible_waiting(), in_sets: claim.waiting_in_set() }
    }
}

impl Row for Awaited {
    fn version(&self) -> i64 {
        0
    }
    fn set_version(&mut self, _: i64) {}
}

/// A state of the book to which it can return.
#[derive(Debug)]
pub(super) struct Checkpoint {
    positions: usize,
    claims: usize,
    holds: usize,
    supplies: usize,
    receipts: usize,
    batch_stock: usize,
    batches: usize,
    bound: usize,
    awaited: usize,
    movements: usize,
    total_waiting: Quantity,
    holds_made: u64,
}

/// Units that move, and what they are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Units<'a> {
    pub(super) quantity: Quantity,
    pub(super) batch: Option<&'a BatchId>,
    pub(super) owner: &'a str,
    pub(super) cause: &'a str,
}

impl<'a> Units<'a> {
    /// The company's own units, of no named batch.
    pub(super) const fn of(quantity: Quantity, cause: &'a str) -> Self {
        Self { quantity, batch: None, owner: "", cause }
    }

    pub(super) const fn with_quantity(self, quantity: Quantity) -> Self {
        Self { quantity, ..self }
    }
}

impl ItemBook {
    /// Makes a book of what was loaded.
    ///
    /// # Errors
    /// [`StockError::Inconsistent`] when a claim's sums differ from its reservations and pegs.
    pub fn load(mut scope: ItemScope) -> Result<Self, StockError> {
        let supplies = Rows::loaded(scope.supplies.into_iter().map(|supply| (supply.id.clone(), supply)));
        for claim in &mut scope.claims {
            claim.sort_reservations();
            sort_pegs(&supplies, &mut claim.pegs);
            let reserved = sum(claim.reservations.iter().map(|r| r.quantity))?;
            let pegged = sum(claim.pegs.iter().map(|p| p.quantity))?;
            if reserved != claim.reserved || pegged != claim.pegged || pegged > claim.waiting {
                let what = format!("claim {} against its {reserved} reserved, {pegged} pegged", claim.key);
                return Err(StockError::Inconsistent(what));
            }
        }
        let today = scope.locations.iter().map(|s| (s.position.location.clone(), s.today)).collect();
        let awaited = scope.locations.iter().map(|s| (s.position.location.clone(), s.awaited));
        Ok(Self {
            item: scope.item,
            today,
            awaited: Rows::loaded(awaited),
            positions: Rows::loaded(scope.locations.iter().map(|s| (s.position.location.clone(), s.position.clone()))),
            claims: Rows::loaded(scope.claims.into_iter().map(|claim| (claim.key.clone(), claim))),
            holds: Rows::loaded(scope.holds.into_iter().map(|hold| (hold.id.clone(), hold))),
            supplies,
            receipts: Rows::loaded(scope.receipts.into_iter().map(|line| (line.key.clone(), line))),
            batch_stock: Rows::loaded(scope.batches.stock.into_iter().map(|row| (row.place.clone(), row))),
            batches: Rows::loaded(scope.batches.known.into_iter().map(|info| (info.batch.clone(), info))),
            bound: Rows::loaded(scope.batches.bound.into_iter().map(|(at, batch, units)| ((at, batch), Bound(units)))),
            total_waiting: scope.total_waiting,
            all_waiting_loaded: scope.all_waiting_loaded,
            command_number: 0,
            holds_made: 0,
            movements: Vec::new(),
            unsettled: BTreeSet::new(),
            unsettled_wishes: BTreeSet::new(),
            open_checkpoints: 0,
        })
    }

    /// What the commands since loading changed.
    #[must_use]
    pub fn into_changes(self) -> StockChanges {
        let Self { item, positions, claims, holds, supplies, receipts, movements, batch_stock, batches, .. } = self;
        let mut changes = StockChanges::collect(item, positions, claims, holds, supplies, receipts, movements);
        changes.batch_stock = batch_stock.into_changed().map(|changed| changed.row).collect();
        changes.batches = batches.into_changed().map(|changed| changed.row).collect();
        changes
    }

    /// The item.
    #[must_use]
    pub const fn item(&self) -> &ItemId {
        &self.item
    }

    /// The position at a location.
    ///
    /// # Errors
    /// [`StockError::NotLoaded`] when the location was not loaded.
    pub fn position(&self, location: &LocationId) -> Result<&Position, StockError> {
        self.positions.get(location).ok_or_else(|| self.not_loaded("location", location))
    }

    /// Every loaded position, by location.
    pub fn positions(&self) -> impl Iterator<Item = &Position> {
        self.positions.iter()
    }

    /// A loaded claim.
    #[must_use]
    pub fn claim(&self, key: &ClaimKey) -> Option<&Claim> {
        self.claims.get(key)
    }

    /// Every loaded claim, by line and part.
    pub fn claims(&self) -> impl Iterator<Item = &Claim> {
        self.claims.iter()
    }

    /// Every loaded hold, by id, closed ones among them.
    pub fn holds(&self) -> impl Iterator<Item = &Hold> {
        self.holds.iter()
    }

    /// A loaded supply.
    #[must_use]
    pub fn supply(&self, id: &SupplyId) -> Option<&Supply> {
        self.supplies.get(id)
    }

    /// Every loaded supply, by id.
    pub fn supplies(&self) -> impl Iterator<Item = &Supply> {
        self.supplies.iter()
    }

    /// The movements since loading, in the order in which they happened.
    #[must_use]
    pub fn movements(&self) -> &[Movement] {
        &self.movements
    }

    /// All that waits for the item, over all claims, in base units.
    #[must_use]
    pub const fn total_waiting(&self) -> Quantity {
        self.total_waiting
    }

    /// The eligible quantity that waits at a location, over all claims, in base units.
    ///
    /// # Errors
    /// [`StockError::NotLoaded`] when the location was not loaded.
    pub fn awaited_at(&self, location: &LocationId) -> Result<Awaited, StockError> {
        self.awaited.get(location).copied().ok_or_else(|| self.not_loaded("location", location))
    }

    /// The civil date now at a location.
    ///
    /// # Errors
    /// [`StockError::NotLoaded`] when the location was not loaded.
    pub fn today(&self, location: &LocationId) -> Result<Date, StockError> {
        self.today.get(location).copied().ok_or_else(|| self.not_loaded("location", location))
    }

    /// The keys of the loaded parts of a line, first part first.
    pub(super) fn parts_of(&self, line: &LineId) -> Vec<ClaimKey> {
        let first = ClaimKey { line: line.clone(), part: i32::MIN };
        let parts = self.claims.range_from(&first).take_while(|claim| claim.key.line == *line);
        parts.map(|claim| claim.key.clone()).collect()
    }

    pub(super) fn claim_or_refuse(&self, key: &ClaimKey) -> Result<&Claim, StockError> {
        self.claims.get(key).ok_or_else(|| StockError::ClaimNotFound(key.clone()))
    }

    pub(super) fn not_loaded(&self, what: &'static str, id: &impl ToString) -> StockError {
        StockError::NotLoaded { what, id: id.to_string(), item: self.item.clone() }
    }

    /// Runs one command: all of it, or, when it fails, nothing of it. At its end no eligible line waits beside free units.
    pub(super) fn command<T>(
        &mut self,
        ctx: &CommandContext,
        work: impl FnOnce(&mut Self) -> Result<T, StockError>,
    ) -> Result<T, StockError> {
        let checkpoint = self.open_checkpoint();
        self.command_number += 1;
        let result = work(self).and_then(|answer| self.settle(ctx).map(|()| answer));
        match result {
            Ok(answer) => {
                self.keep(checkpoint);
                Ok(answer)
            }
            Err(error) => {
                self.roll_back(checkpoint);
                Err(error)
            }
        }
    }

    /// Holds what is awaited wherever the present command may have left it free.
    pub(super) fn settle(&mut self, ctx: &CommandContext) -> Result<(), StockError> {
        for location in std::mem::take(&mut self.unsettled) {
            self.hold_what_is_awaited(ctx, &location)?;
        }
        for key in std::mem::take(&mut self.unsettled_wishes) {
            self.hold_what_fits(ctx, &key)?;
        }
        Ok(())
    }

    pub(super) fn open_checkpoint(&mut self) -> Checkpoint {
        self.open_checkpoints += 1;
        Checkpoint {
            positions: self.positions.mark(),
            claims: self.claims.mark(),
            holds: self.holds.mark(),
            supplies: self.supplies.mark(),
            receipts: self.receipts.mark(),
            batch_stock: self.batch_stock.mark(),
            batches: self.batches.mark(),
            bound: self.bound.mark(),
            awaited: self.awaited.mark(),
            movements: self.movements.len(),
            total_waiting: self.total_waiting,
            holds_made: self.holds_made,
        }
    }

    /// Gives the checkpoint up: what happened since stays.
    pub(super) fn keep(&mut self, _checkpoint: Checkpoint) {
        self.open_checkpoints -= 1;
        if self.open_checkpoints == 0 {
            self.positions.forget_undo();
            self.claims.forget_undo();
            self.holds.forget_undo();
            self.supplies.forget_undo();
            self.receipts.forget_undo();
            self.batch_stock.forget_undo();
            self.batches.forget_undo();
            self.bound.forget_undo();
            self.awaited.forget_undo();
        }
    }

    /// Takes back all that happened since the checkpoint.
    pub(super) fn roll_back(&mut self, checkpoint: Checkpoint) {
        self.positions.roll_back(checkpoint.positions);
        self.claims.roll_back(checkpoint.claims);
        self.holds.roll_back(checkpoint.holds);
        self.supplies.roll_back(checkpoint.supplies);
        self.receipts.roll_back(checkpoint.receipts);
        self.batch_stock.roll_back(checkpoint.batch_stock);
        self.batches.roll_back(checkpoint.batches);
        self.bound.roll_back(checkpoint.bound);
        self.awaited.roll_back(checkpoint.awaited);
        self.movements.truncate(checkpoint.movements);
        self.total_waiting = checkpoint.total_waiting;
        self.holds_made = checkpoint.holds_made;
        self.unsettled.clear();
        self.unsettled_wishes.clear();
        self.open_checkpoints -= 1;
    }

    /// Moves units from one state to another and writes a movement for each batch and owner. Moving none does nothing.
    pub(super) fn move_units(
        &mut self,
        ctx: &CommandContext,
        from: &Place,
        to: &Place,
        units: &Units<'_>,
    ) -> Result<(), StockError> {
        if units.quantity.is_zero() || from == to {
            return Ok(());
        }
        let pieces = self.pieces(from, to, units)?;
        self.take_units(from, units.quantity)?;
        self.add_units(to, units.quantity)?;
        for piece in pieces {
            self.move_piece(from, to, &piece)?;
            self.movements.push(Movement {
                command_id: ctx.command_id,
                from: from.clone(),
                to: to.clone(),
                quantity: piece.quantity,
                batch: piece.batch,
                owner: piece.owner,
                cause: units.cause.to_owned(),
                reason_code: ctx.reason_code.clone(),
                note: ctx.note.clone(),
                actor: ctx.actor.clone(),
                effective_at: ctx.effective_at,
            });
        }
        Ok(())
    }

    fn take_units(&mut self, from: &Place, quantity: Quantity) -> Result<(), StockError> {
        let Some(location) = &from.location else { return Ok(()) };
        let mut position = self.position(location)?.clone();
        if let Some(units) = position.in_state_mut(from.state) {
            *units = units.checked_sub(quantity).ok_or_else(|| StockError::InsufficientStock {
                location: location.clone(),
                state: from.state,
                asked: quantity,
                there: *units,
            })?;
        }
        if from.state == StockState::Held {
            // A run may give held units to a line that is not eligible; others then wait with less held for them.
            self.unsettled.insert(location.clone());
        }
        self.positions.put(self.command_number, location.clone(), position);
        Ok(())
    }

    fn add_units(&mut self, to: &Place, quantity: Quantity) -> Result<(), StockError> {
        let Some(location) = &to.location else { return Ok(()) };
        let mut position = self.position(location)?.clone();
        if let Some(units) = position.in_state_mut(to.state) {
            *units = plus(*units, quantity)?;
        }
        if to.state == StockState::Available {
            self.unsettled.insert(location.clone());
        }
        self.positions.put(self.command_number, location.clone(), position);
        Ok(())
    }

    /// Writes a claim, and keeps what waits in all and at each location in step with it.
    pub(super) fn put_claim(&mut self, claim: Claim) -> Result<(), StockError> {
        let mut waits: BTreeMap<LocationId, (Awaited, Awaited)> = BTreeMap::new();
        if let Some(old) = self.claims.get(&claim.key) {
            self.total_waiting = minus(self.total_waiting, old.waiting, "waiting in all")?;
            waits.extend(old.waits_at().iter().map(|at| (at.clone(), (Awaited::by(old), Awaited::default()))));
        }
        self.total_waiting = plus(self.total_waiting, claim.waiting)?;
        for location in claim.waits_at() {
            waits.entry(location.clone()).or_default().1 = Awaited::by(&claim);
        }
        for (location, (before, after)) in waits {
            self.change_awaited(location, before, after)?;
        }
        let old = self.claims.get(&claim.key);
        let waits_fitting = |claim: &Claim| if claim.wish.is_none() { Quantity::ZERO } else { claim.waiting_in_set() };
        if waits_fitting(&claim) > old.map(waits_fitting).unwrap_or_default() {
            self.unsettled_wishes.insert(claim.key.clone());
        }
        let is_bound = |claim: &Claim| claim.reservations.iter().any(|reservation| reservation.batch.is_some());
        if is_bound(&claim) || old.is_some_and(is_bound) {
            let old = old.cloned();
            self.change_bound(old.as_ref(), &claim)?;
        }
        self.claims.put(self.command_number, claim.key.clone(), claim);
        Ok(())
    }

    fn change_awaited(&mut self, location: LocationId, before: Awaited, after: Awaited) -> Result<(), StockError> {
        let is_less = after.alone <= before.alone && after.in_sets <= before.in_sets;
        if before == after || (is_less && self.awaited.get(&location).is_none()) {
            // Where fewer units are awaited nothing has to be held, so such a place need not be loaded.
            return Ok(());
        }
        let sum = self.awaited_at(&location)?;
        let others = |sum, before| minus(sum, before, "waiting at a place");
        let awaited = Awaited {
            alone: plus(others(sum.alone, before.alone)?, after.alone)?,
            in_sets: plus(others(sum.in_sets, before.in_sets)?, after.in_sets)?,
        };
        if after.alone > before.alone {
            self.unsettled.insert(location.clone());
        }
        self.awaited.put(self.command_number, location, awaited);
        Ok(())
    }

    pub(super) fn put_supply(&mut self, supply: Supply) {
        self.supplies.put(self.command_number, supply.id.clone(), supply);
    }
}
