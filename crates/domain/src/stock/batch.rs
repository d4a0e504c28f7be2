//! Which batch units are of, and whose they are.
//!
//! Promises are made of the position, so units move between free, held, reserved and released without anybody saying which
//! batch they are of. A batch matters where units come, go, or change their condition: there each movement says it. So the
//! balance is kept per shelf, a group of states between which nothing physical happens. Units of no named batch that are
//! the company's own have no row: they are what the position has beyond its named units.

use std::collections::BTreeMap;
use std::str::FromStr;

use jiff::civil::Date;

use crate::ids::{BatchId, LocationId};
use crate::quantity::Quantity;

use super::book::{ItemBook, Units};
use super::claim::Claim;
use super::context::CommandContext;
use super::error::{StockError, minus, plus, sum};
use super::movement::Place;
use super::position::Position;
use super::rows::Row;
use super::state::StockState;

/// States between which units move without a change of batch or owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shelf {
    /// What can be sold, whatever it is reserved or held for.
    Sellable,
    /// Waiting for a quality decision.
    QualityControl,
    /// Damaged.
    Damaged,
    /// On the way to the location.
    InTransit,
}

impl Shelf {
    /// Every shelf.
    pub const ALL: [Self; 4] = [Self::Sellable, Self::QualityControl, Self::Damaged, Self::InTransit];

    /// The shelf of a state; `None` for the outside.
    #[must_use]
    pub const fn of(state: StockState) -> Option<Self> {
        match state {
            StockState::External => None,
            StockState::Available | StockState::Reserved | StockState::Released | StockState::Held => {
                Some(Self::Sellable)
            }
            StockState::QualityControl => Some(Self::QualityControl),
            StockState::Damaged => Some(Self::Damaged),
            StockState::InTransit => Some(Self::InTransit),
        }
    }

    /// The units of a position on this shelf.
    #[must_use]
    pub fn units(self, position: &Position) -> Quantity {
        on_shelf(position, self).unwrap_or_default()
    }

    /// The name that tables use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sellable => "SELLABLE",
            Self::QualityControl => "QUALITY_CONTROL",
            Self::Damaged => "DAMAGED",
            Self::InTransit => "IN_TRANSIT",
        }
    }
}

/// A text that names no shelf.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a shelf")]
pub struct UnknownShelf(pub String);

impl FromStr for Shelf {
    type Err = UnknownShelf;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|shelf| shelf.as_str() == text).ok_or_else(|| UnknownShelf(text.to_owned()))
    }
}

/// Where units of a batch or an owner are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BatchPlace {
    /// Where.
    pub location: LocationId,
    /// In which states.
    pub shelf: Shelf,
    /// The batch; `None` for consigned units of no named batch.
    pub batch: Option<BatchId>,
    /// Whose units they are; empty for the company's own.
    pub owner: String,
}

/// Units of a batch or an owner at one place. Base units; a row of none is deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchStock {
    /// Where.
    pub place: BatchPlace,
    /// How many.
    pub quantity: Quantity,
    /// Above 0 when the row was loaded.
    pub version: i64,
}

impl Row for BatchStock {
    fn version(&self) -> i64 {
        self.version
    }
    fn set_version(&mut self, version: i64) {
        self.version = version;
    }
}

/// What is known of a batch of the item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchInfo {
    /// The batch.
    pub batch: BatchId,
    /// The last day on which it may be sold.
    pub best_before: Option<Date>,
    /// What the supplier calls it; may be empty.
    pub supplier_lot: String,
    /// Above 0 when the row was loaded.
    pub version: i64,
}

impl Row for BatchInfo {
    fn version(&self) -> i64 {
        self.version
    }
    fn set_version(&mut self, version: i64) {
        self.version = version;
    }
}

/// Units that reservations bind to one batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Bound(pub(super) Quantity);

impl Row for Bound {
    fn version(&self) -> i64 {
        0
    }
    fn set_version(&mut self, _: i64) {}
}

/// What a store loads of batches: nothing for an item that has no named units and none named in the command.
#[derive(Debug, Clone, Default)]
pub struct BatchScope {
    /// Named units, of all locations of the item.
    pub stock: Vec<BatchStock>,
    /// What is known of batches.
    pub known: Vec<BatchInfo>,
    /// Reserved units that are bound to a batch, over all claims of the item, loaded or not.
    pub bound: Vec<(LocationId, BatchId, Quantity)>,
}

/// Units of one batch and owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) batch: Option<BatchId>,
    pub(super) owner: String,
    pub(super) quantity: Quantity,
}

impl Piece {
    fn is_named(&self) -> bool {
        self.batch.is_some() || !self.owner.is_empty()
    }
}

struct Candidate {
    piece: Piece,
    best_before: Date,
}

impl ItemBook {
    /// Notes what is known of a batch.
    ///
    /// # Errors
    /// None of its own.
    pub fn put_batch(&mut self, ctx: &CommandContext, info: BatchInfo) -> Result<(), StockError> {
        self.command(ctx, |book| {
            book.batches.put(book.command_number, info.batch.clone(), info);
            Ok(())
        })
    }

    /// Notes the best-before date of a batch that arrives; what else is known of it stays.
    pub(super) fn note_best_before(&mut self, batch: Option<&BatchId>, best_before: Option<Date>) {
        let Some((batch, date)) = batch.zip(best_before) else { return };
        let known = self.batches.get(batch).cloned();
        let info =
            known.unwrap_or(BatchInfo { batch: batch.clone(), best_before, supplier_lot: String::new(), version: 0 });
        self.batches.put(self.command_number, batch.clone(), BatchInfo { best_before: Some(date), ..info });
    }

    /// What is known of a loaded batch.
    #[must_use]
    pub fn batch(&self, batch: &BatchId) -> Option<&BatchInfo> {
        self.batches.get(batch)
    }

    /// Units of a batch at one place, over all owners.
    ///
    /// # Errors
    /// [`StockError::Overflow`].
    pub fn units_of_batch(&self, location: &LocationId, shelf: Shelf, batch: &BatchId) -> Result<Quantity, StockError> {
        let rows = self.batch_stock.iter().filter(|row| {
            row.place.location == *location && row.place.shelf == shelf && row.place.batch.as_ref() == Some(batch)
        });
        sum(rows.map(|row| row.quantity))
    }

    fn bound_to(&self, location: &LocationId, batch: &BatchId) -> Quantity {
        self.bound.get(&(location.clone(), batch.clone())).map(|bound| bound.0).unwrap_or_default()
    }

    /// Units of a batch that can be sold at a location and that no reservation is bound to.
    pub(super) fn unbound_of(&self, location: &LocationId, batch: &BatchId) -> Result<Quantity, StockError> {
        Ok(self.units_of_batch(location, Shelf::Sellable, batch)?.saturating_sub(self.bound_to(location, batch)))
    }

    /// Units of a batch, of an owner, or of both, that can be sold at a location and that no reservation is bound to.
    pub(super) fn unbound_units(
        &self,
        location: &LocationId,
        batch: Option<&BatchId>,
        owner: &str,
    ) -> Result<Quantity, StockError> {
        if let Some(batch) = batch.filter(|_| owner.is_empty()) {
            return self.unbound_of(location, batch);
        }
        let mut there = Quantity::ZERO;
        for row in self.batch_stock.iter() {
            let BatchPlace { location: at, shelf, batch: of, owner: whose } = &row.place;
            if at != location
                || *shelf != Shelf::Sellable
                || whose != owner
                || (batch.is_some() && of.as_ref() != batch)
            {
                continue;
            }
            let unbound = match of {
                Some(of) => row.quantity.min(self.unbound_of(location, of)?),
                None => row.quantity,
            };
            there = plus(there, unbound)?;
        }
        Ok(there)
    }

    /// Refuses to take units of a named batch of which fewer are there, or are bound to reservations.
    pub(super) fn check_batch(&self, from: &Place, units: &Units<'_>, may_break: bool) -> Result<(), StockError> {
        let (Some(batch), Some(location), Some(shelf)) = (units.batch, &from.location, Shelf::of(from.state)) else {
            return Ok(());
        };
        let there = if shelf == Shelf::Sellable && !may_break {
            self.unbound_of(location, batch)?
        } else {
            self.units_of_batch(location, shelf, batch)?
        };
        if units.quantity <= there {
            return Ok(());
        }
        let (location, state, asked) = (location.clone(), from.state, units.quantity);
        Err(StockError::InsufficientStock { location, state, asked, there })
    }

    /// The part of lost units of a batch that reservations bound to it have to lose.
    pub(super) fn bound_to_lose(&self, location: &LocationId, units: &Units<'_>) -> Result<Quantity, StockError> {
        let Some(batch) = units.batch else { return Ok(Quantity::ZERO) };
        let beyond = units.quantity.saturating_sub(self.unbound_of(location, batch)?);
        Ok(beyond.min(self.bound_to(location, batch)))
    }

    /// Of which batches and owners the units of a movement are. Where they only come or stay on their shelf it is what the
    /// command says. Else it is what is there: the named batch and owner first, then what has to go first: the earliest
    /// best-before date, own units before consigned ones. Units that are bound to reservations stay.
    pub(super) fn pieces(&self, from: &Place, to: &Place, units: &Units<'_>) -> Result<Vec<Piece>, StockError> {
        let all = |batch: Option<&BatchId>, owner: &str| {
            vec![Piece { batch: batch.cloned(), owner: owner.to_owned(), quantity: units.quantity }]
        };
        let (Some(location), Some(shelf)) = (&from.location, Shelf::of(from.state)) else {
            return Ok(all(units.batch, units.owner));
        };
        if to.location == from.location && Shelf::of(to.state) == Some(shelf) {
            return Ok(all(units.batch, units.owner));
        }
        let position = self.position(location)?;
        if position.named.is_zero() {
            return Ok(all(None, ""));
        }
        let mut rest = units.quantity;
        let mut pieces = Vec::new();
        for candidate in self.candidates(position, shelf, units)? {
            let quantity = candidate.piece.quantity.min(rest);
            rest = minus(rest, quantity, "units of batches")?;
            if !quantity.is_zero() {
                pieces.push(Piece { quantity, ..candidate.piece });
            }
        }
        if !rest.is_zero() {
            // Fewer are there than are asked for: whoever takes them off the position refuses.
            pieces.push(Piece { batch: None, owner: String::new(), quantity: rest });
        }
        Ok(pieces)
    }

    fn candidates(&self, position: &Position, shelf: Shelf, units: &Units<'_>) -> Result<Vec<Candidate>, StockError> {
        let here = |row: &&BatchStock| row.place.location == position.location && row.place.shelf == shelf;
        let rows: Vec<&BatchStock> = self.batch_stock.iter().filter(here).collect();
        let named = sum(rows.iter().map(|row| row.quantity))?;
        let unnamed = minus(on_shelf(position, shelf)?, named, "units of no batch")?;
        let mut candidates = vec![Candidate {
            piece: Piece { batch: None, owner: String::new(), quantity: unnamed },
            best_before: Date::MAX,
        }];
        for row in rows {
            let batch = row.place.batch.clone();
            let known = batch.as_ref().and_then(|batch| self.batches.get(batch)).and_then(|info| info.best_before);
            let piece = Piece { batch, owner: row.place.owner.clone(), quantity: row.quantity };
            candidates.push(Candidate { piece, best_before: known.unwrap_or(Date::MAX) });
        }
        candidates.sort_by_cached_key(|Candidate { piece, best_before }| {
            let is_other_batch = units.batch.is_some() && piece.batch.as_ref() != units.batch;
            let is_other_owner = !units.owner.is_empty() && piece.owner != units.owner;
            let is_consigned = !piece.owner.is_empty();
            (is_other_batch, is_other_owner, *best_before, is_consigned, piece.batch.clone(), piece.owner.clone())
        });
        if shelf == Shelf::Sellable {
            self.leave_bound(&position.location, &mut candidates);
        }
        Ok(candidates)
    }

    /// Takes the units off that reservations are bound to, from the last to go. Whoever takes units out of a bound
    /// reservation has written the claim before.
    fn leave_bound(&self, location: &LocationId, candidates: &mut [Candidate]) {
        let mut bound: BTreeMap<BatchId, Quantity> = BTreeMap::new();
        for Candidate { piece, .. } in candidates.iter_mut().rev() {
            let Some(batch) = piece.batch.as_ref() else { continue };
            let left = bound.entry(batch.clone()).or_insert_with(|| self.bound_to(location, batch));
            let kept = piece.quantity.min(*left);
            *left = left.saturating_sub(kept);
            piece.quantity = piece.quantity.saturating_sub(kept);
        }
    }

    /// Keeps the balance of batches in step with units that moved.
    pub(super) fn move_piece(&mut self, from: &Place, to: &Place, piece: &Piece) -> Result<(), StockError> {
        let is_same_shelf = from.location == to.location && Shelf::of(from.state) == Shelf::of(to.state);
        if !piece.is_named() || is_same_shelf {
            return Ok(());
        }
        self.change_piece(from, piece, |there| minus(there, piece.quantity, "units of a batch"))?;
        self.change_piece(to, piece, |there| plus(there, piece.quantity))
    }

    fn change_piece(
        &mut self,
        at: &Place,
        piece: &Piece,
        change: impl Fn(Quantity) -> Result<Quantity, StockError>,
    ) -> Result<(), StockError> {
        let (Some(location), Some(shelf)) = (&at.location, Shelf::of(at.state)) else { return Ok(()) };
        let (batch, owner) = (piece.batch.clone(), piece.owner.clone());
        let place = BatchPlace { location: location.clone(), shelf, batch, owner };
        let there = self.batch_stock.get(&place).map(|row| row.quantity).unwrap_or_default();
        let row = BatchStock { place: place.clone(), quantity: change(there)?, version: 0 };
        self.batch_stock.put(self.command_number, place, row);
        let mut position = self.position(location)?.clone();
        position.named = change(position.named)?;
        self.positions.put(self.command_number, location.clone(), position);
        Ok(())
    }

    /// Keeps the units that reservations bind to batches in step with a claim that changes.
    pub(super) fn change_bound(&mut self, old: Option<&Claim>, new: &Claim) -> Result<(), StockError> {
        let bound_by = |claim: Option<&Claim>| {
            let mut bound: BTreeMap<(LocationId, BatchId), Quantity> = BTreeMap::new();
            for reservation in claim.iter().flat_map(|claim| &claim.reservations) {
                let Some(batch) = &reservation.batch else { continue };
                let there = bound.entry((reservation.location.clone(), batch.clone())).or_default();
                *there = plus(*there, reservation.quantity)?;
            }
            Ok::<_, StockError>(bound)
        };
        let (before, after) = (bound_by(old)?, bound_by(Some(new))?);
        let keys: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).cloned().collect();
        for key in keys {
            let all = self.bound.get(&key).copied().unwrap_or_default().0;
            let others = all.saturating_sub(before.get(&key).copied().unwrap_or_default());
            let bound = Bound(plus(others, after.get(&key).copied().unwrap_or_default())?);
            self.bound.put(self.command_number, key, bound);
        }
        Ok(())
    }
}

fn on_shelf(position: &Position, shelf: Shelf) -> Result<Quantity, StockError> {
    match shelf {
        Shelf::Sellable => sum([position.available, position.held, position.reserved, position.released]),
        Shelf::QualityControl => Ok(position.quality_control),
        Shelf::Damaged => Ok(position.damaged),
        Shelf::InTransit => Ok(position.in_transit),
    }
}
