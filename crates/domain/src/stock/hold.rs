//! Holds: free units put aside for the queue of one place until an allocation run decides.
//!
//! `ItemBook::enter_available` is the one function through which units become free: what the queue could use is put
//! aside first (architecture.md, the way of an order, 4). Over-holding is allowed, under-holding never. Nothing is put aside for
//! demand whose groups may not take it.

use jiff::Timestamp;

use crate::ids::{HoldId, LocationId, derived_uuid};
use crate::quantity::Quantity;

use super::book::{ItemBook, Units};
use super::context::CommandContext;
use super::error::{StockError, minus, plus, sum};
use super::movement::Place;
use super::rows::Row;
use super::state::StockState;

/// Free units put aside, with what made them free.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Its id, derived from the command that made it.
    pub id: HoldId,
    /// Where the units are.
    pub location: LocationId,
    /// Base units still held; 0 when the hold is closed. A closed hold is never opened again.
    pub quantity: Quantity,
    /// What made the units free.
    pub cause: String,
    /// When they were put aside.
    pub created_at: Timestamp,
    /// Counts the commands that changed the hold; 0 before its first write.
    pub version: i64,
}

impl Row for Hold {
    fn version(&self) -> i64 {
        self.version
    }

    fn set_version(&mut self, version: i64) {
        self.version = version;
    }
}

impl ItemBook {
    /// Makes units free at a location, from the state in which they are now. Of them, what eligible lines wait for there,
    /// alone or in sets, and HELD does not cover yet goes to HELD as a new hold; only the rest becomes AVAILABLE.
    ///
    /// `from` may be HELD of the same location: then the caller has taken the units out of their hold rows before. A run has
    /// decided then, so nothing stays held for sets: what they could not use is free.
    pub(super) fn enter_available(
        &mut self,
        ctx: &CommandContext,
        location: &LocationId,
        from: &Place,
        units: &Units<'_>,
    ) -> Result<(), StockError> {
        let held_place = Place::at(location, StockState::Held);
        let leaving_hold = if *from == held_place { units.quantity } else { Quantity::ZERO };
        let held_for_queue = minus(self.position(location)?.held, leaving_hold, "position.held")?;
        let position = self.position(location)?;
        let entering = minus(units.quantity, leaving_hold, "units that become free")?;
        let awaited = self.takeable_by_queue(location, sum([position.available, position.held, entering])?)?;
        let in_sets = if leaving_hold.is_zero() { awaited.in_sets } else { Quantity::ZERO };
        let missing = plus(awaited.alone, in_sets)?.saturating_sub(held_for_queue);
        let kept = missing.min(units.quantity);
        let freed = minus(units.quantity, kept, "units that become free")?;
        self.move_units(ctx, from, &Place::at(location, StockState::Available), &units.with_quantity(freed))?;
        if leaving_hold.is_zero() {
            self.move_units(ctx, from, &held_place, &units.with_quantity(kept))?;
        }
        self.add_hold(ctx, location, kept, units.cause);
        Ok(())
    }

    /// Puts AVAILABLE units aside where more eligible quantity waits alone than is held, which happens when a claim begins to
    /// wait, or becomes eligible, at a place that has free units.
    pub(super) fn hold_what_is_awaited(
        &mut self,
        ctx: &CommandContext,
        location: &LocationId,
    ) -> Result<(), StockError> {
        let position = self.position(location)?;
        let missing = self.takeable_now(location)?.alone.saturating_sub(position.held);
        let kept = missing.min(position.available);
        let available = Place::at(location, StockState::Available);
        let held = Place::at(location, StockState::Held);
        self.move_units(ctx, &available, &held, &Units::of(kept, &ctx.cause))?;
        self.add_hold(ctx, location, kept, &ctx.cause);
        Ok(())
    }

    /// Takes units out of hold rows, the named holds first to last, and answers how many were there to take. The
    /// position is the caller's to change.
    pub(super) fn take_from_holds(&mut self, holds: &[HoldId], wanted: Quantity) -> Result<Quantity, StockError> {
        let mut rest = wanted;
        for id in holds {
            let Some(hold) = self.holds.get(id).filter(|hold| !hold.quantity.is_zero() && !rest.is_zero()) else {
                continue;
            };
            let taken = hold.quantity.min(rest);
            let quantity = minus(hold.quantity, taken, "hold")?;
            let changed = Hold { quantity, ..hold.clone() };
            self.holds.put(self.command_number, id.clone(), changed);
            rest = minus(rest, taken, "hold")?;
        }
        minus(wanted, rest, "hold")
    }

    /// The open holds of a location, newest first: the order in which lost units are taken out of them.
    pub(super) fn holds_newest_first(&self, location: &LocationId) -> Vec<HoldId> {
        let mut open: Vec<&Hold> =
            self.holds.iter().filter(|hold| hold.location == *location && !hold.quantity.is_zero()).collect();
        open.sort_by_key(|hold| std::cmp::Reverse((hold.created_at, &hold.id)));
        open.into_iter().map(|hold| hold.id.clone()).collect()
    }

    /// The sum of the loaded open holds of a location.
    pub(super) fn held_in_holds(&self, location: &LocationId) -> Result<Quantity, StockError> {
        sum(self.holds.iter().filter(|hold| hold.location == *location).map(|hold| hold.quantity))
    }

    pub(super) fn add_hold(&mut self, ctx: &CommandContext, location: &LocationId, quantity: Quantity, cause: &str) {
        if quantity.is_zero() {
            return;
        }
        self.holds_made += 1;
        let version = self.positions.get(location).map_or(0, |position| position.version);
        let step = format!("hold/{}/{location}/{version}/{}", self.item, self.holds_made);
        let id = HoldId::from_uuid(derived_uuid(ctx.command_id, &step));
        let hold = Hold {
            id: id.clone(),
            location: location.clone(),
            quantity,
            cause: cause.to_owned(),
            created_at: ctx.now,
            version: 0,
        };
        self.holds.put(self.command_number, id, hold);
    }
}
