//! One item's loaded scope, and the few primitives through which every command changes it.
//!
//! The commands themselves stand in files of their own (`reserve`, `release`, `receive` …); this one must not decide
//! anything, only keep the sums right and take a failed command back.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::ids::{BatchId, HoldId, ItemId, LineId, LocationId, SupplyId};
use crate::quantity::Quantity;

use super::awaited::Awaited;
use super::batch::{BatchInfo, BatchPlace, BatchScope, BatchStock, Bound};
use super::changes::StockChanges;
use super::claim::{Claim, ClaimKey};
use super::context::CommandContext;
use super::error::{StockError, plus, sum};
use super::groups::{GroupScope, Groups};
use super::hold::Hold;
use super::movement::{Movement, Place};
use super::peg::sort_pegs;
use super::position::Position;
use super::receipt::{ReceiptKey, ReceivedLine};
use super::rows::Rows;
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
    /// The item's groups, if it has any.
    pub groups: Option<GroupScope>,
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
    /// What the item's groups may take; `None` for an item without groups.
    pub(super) groups: Option<Groups>,
    today: BTreeMap<LocationId, Date>,
    pub(super) awaited: Rows<LocationId, Awaited>,
    pub(super) total_waiting: Quantity,
    pub(super) movements: Vec<Movement>,
    /// Locations where a claim began to wait, or units became free or left HELD, during the present command.
    pub(super) unsettled: BTreeSet<LocationId>,
    /// Claims that ask something of their units and began to wait for more during the present command.
    pub(super) unsettled_wishes: BTreeSet<ClaimKey>,
    /// Checkpoints that may still be rolled back to.
    pub(super) open_checkpoints: usize,
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
            groups: scope.groups.map(Groups::load).transpose()?,
        })
    }

    /// What the commands since loading changed.
    #[must_use]
    pub fn into_changes(self) -> StockChanges {
        let Self {
            item, positions, claims, holds, supplies, receipts, movements, batch_stock, batches, groups, ..
        } = self;
        let mut changes = StockChanges::collect(item, positions, claims, holds, supplies, receipts, movements);
        changes.batch_stock = batch_stock.into_changed().map(|changed| changed.row).collect();
        changes.batches = batches.into_changed().map(|changed| changed.row).collect();
        changes.groups = groups.map(Groups::into_changes);
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
        if self.groups.is_some() {
            // What one group takes or gives back anywhere changes what the others may take.
            self.unsettled.extend(self.positions.iter().map(|position| position.location.clone()));
        }
        for location in std::mem::take(&mut self.unsettled) {
            self.hold_what_is_awaited(ctx, &location)?;
        }
        for key in std::mem::take(&mut self.unsettled_wishes) {
            self.hold_what_fits(ctx, &key)?;
        }
        Ok(())
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

    pub(super) fn put_supply(&mut self, supply: Supply) {
        self.supplies.put(self.command_number, supply.id.clone(), supply);
    }
}
