//! Receipts that were booked wrongly, taken back whole or in part.
//!
//! The units may be sold by now: they are lost as in a count, and who loses is told (domain.md 2.13).

use crate::ids::{LocationId, SupplyId};
use crate::quantity::Quantity;

use super::book::{ItemBook, Units};
use super::claim::ClaimKey;
use super::context::CommandContext;
use super::error::{StockError, check_quantity, minus, plus};
use super::loss::{TakenAway, add_taken};
use super::movement::Place;
use super::receipt::{Booked, ReceiptKey, ReceivedLine};
use super::state::StockState;
use super::supply::SupplyKind;

/// Units of a receipt's line to take back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reversal {
    /// The line.
    pub key: ReceiptKey,
    /// The units, by the state into which they were booked; `None` means all that are left.
    pub parts: Option<Booked>,
    /// Whether they are expected from their supply again; else they will not come.
    pub reopens_supply: bool,
}

/// What a reversal did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReversalAnswer {
    /// Units taken back.
    pub reversed: Booked,
    /// Units that are open under the supply again.
    pub reopened: Quantity,
    /// Claims that lost reserved units, in the order in which they lost them.
    pub taken_away: Vec<TakenAway>,
    /// Claims whose pegs changed.
    pub repegged: Vec<ClaimKey>,
}

impl ItemBook {
    /// Takes units of a receipt back out of the stock. Accepted ones are lost as in a count: free ones first, then held
    /// ones, then reserved ones from the end of the queue. Those booked into quality control come out of it or, when they
    /// were released since, out of what can be sold; damaged ones out of DAMAGED. Of a transfer, what is reopened is on its
    /// way again. When the line that is taken back last closed its supply, reopening brings back what it closed, except of
    /// transfers and shipment notices, where that was accounted for elsewhere.
    ///
    /// Needs loaded: the line, all lines in review at its location, and as for [`count`](Self::count); with a supply also
    /// that supply, all waiting claims, open supplies and their locations.
    ///
    /// # Errors
    /// [`StockError::ReceiptNotFound`]; [`StockError::BeyondReceipt`] for more than is left of it;
    /// [`StockError::InsufficientStock`] when the units are not there.
    pub fn reverse_receipt(&mut self, ctx: &CommandContext, reversal: &Reversal) -> Result<ReversalAnswer, StockError> {
        let old = self.received_line_or_refuse(&reversal.key)?.clone();
        let parts = reversal.parts.unwrap_or(old.left);
        let (asked, left) = (parts.total()?, old.left.total()?);
        let beyond = || StockError::BeyondReceipt { line: old.key.clone(), asked, left };
        if left.is_zero() {
            return Err(beyond());
        }
        check_quantity(asked)?;
        let rest = old.left.checked_sub(parts).ok_or_else(beyond)?;
        self.command(ctx, |book| {
            let mut line = ReceivedLine { left: rest, ..old.clone() };
            line.in_review = old.in_review.min(rest.quality);
            let supply = line.supply.clone().filter(|_| line.blind.is_none());
            let mut answer = ReversalAnswer { reversed: parts, ..ReversalAnswer::default() };
            if let Some(id) = &supply {
                answer.reopened = book.give_back_to_supply(id, &mut line, asked, reversal.reopens_supply)?;
            }
            let on_the_way = match supply.as_ref().and_then(|id| book.supply(id)) {
                Some(supply) if supply.kind == SupplyKind::Transfer => answer.reopened,
                Some(_) | None => Quantity::ZERO,
            };
            book.put_received_line(line.clone());
            answer.taken_away = book.take_received_out(ctx, &line, parts, on_the_way)?;
            if supply.is_some() {
                // Who lost may be served from units that are free elsewhere: those are held for it before it is pegged.
                book.settle(ctx)?;
                answer.repegged = book.repeg_all()?;
            }
            Ok(answer)
        })
    }

    /// Lowers what was received from a supply. Answers the units that are open again.
    fn give_back_to_supply(
        &mut self,
        id: &SupplyId,
        line: &mut ReceivedLine,
        quantity: Quantity,
        reopens: bool,
    ) -> Result<Quantity, StockError> {
        let mut supply = self.supply_or_refuse(id)?.clone();
        let open_before = supply.open();
        supply.received = minus(supply.received, quantity, "supply.received")?;
        if !reopens {
            let not_coming = minus(supply.open(), open_before, "open units")?;
            self.put_supply(supply);
            self.close_open_units(id, not_coming)?;
            return Ok(Quantity::ZERO);
        }
        let can_reopen = matches!(supply.kind, SupplyKind::PurchaseOrderLine | SupplyKind::Production);
        if can_reopen && line.left.total()?.is_zero() {
            supply.cancelled = minus(supply.cancelled, line.closed, "supply.cancelled")?;
            line.closed = Quantity::ZERO;
        }
        let reopened = minus(supply.open(), open_before, "open units")?;
        self.put_supply(supply);
        Ok(reopened)
    }

    /// Moves units of a received line out of the states in which they are now, the first `on_the_way` of them back into
    /// IN_TRANSIT, the others outside.
    fn take_received_out(
        &mut self,
        ctx: &CommandContext,
        line: &ReceivedLine,
        parts: Booked,
        on_the_way: Quantity,
    ) -> Result<Vec<TakenAway>, StockError> {
        let location = &line.location;
        let (batch, owner) = (line.batch.as_ref(), line.owner.as_str());
        let all = Units { quantity: Quantity::ZERO, batch, owner, cause: &ctx.cause };
        let in_quality = if line.blind.is_some() {
            parts.quality
        } else {
            self.quality_without_review(location)?.min(parts.quality)
        };
        let released = minus(parts.quality, in_quality, "units in quality control")?;
        let mut sink = Sink { location, on_the_way };
        for (state, quantity) in [(StockState::QualityControl, in_quality), (StockState::Damaged, parts.damaged)] {
            for (to, quantity) in sink.places_for(quantity)? {
                self.move_units(ctx, &Place::at(location, state), &to, &all.with_quantity(quantity))?;
            }
        }
        let mut taken_away = Vec::new();
        for (to, quantity) in sink.places_for(plus(parts.accepted, released)?)? {
            for taken in self.lose(ctx, location, &to, &all.with_quantity(quantity))? {
                add_taken(&mut taken_away, taken)?;
            }
        }
        Ok(taken_away)
    }
}

/// Where units go that are taken back.
struct Sink<'a> {
    location: &'a LocationId,
    on_the_way: Quantity,
}

impl Sink<'_> {
    fn places_for(&mut self, quantity: Quantity) -> Result<[(Place, Quantity); 2], StockError> {
        let back = quantity.min(self.on_the_way);
        self.on_the_way = minus(self.on_the_way, back, "units on their way")?;
        let gone = minus(quantity, back, "units taken back")?;
        Ok([(Place::at(self.location, StockState::InTransit), back), (Place::EXTERNAL, gone)])
    }
}
