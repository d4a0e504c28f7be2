//! Units that come in: receipts, with or without a dated supply, and returns from customers.

use crate::ids::{BatchId, LocationId, SupplyId};
use crate::quantity::Quantity;

use super::book::{ItemBook, Units};
use super::claim::ClaimKey;
use super::context::CommandContext;
use super::error::{StockError, check_quantity, minus, plus, sum};
use super::movement::Place;
use super::state::StockState;
use super::supply::SupplyKind;

/// One line of a receipt. Refused units are not booked, so they are not named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Where the units arrived.
    pub location: LocationId,
    /// The supply that they were expected from; `None` for units that nobody announced.
    pub supply: Option<SupplyId>,
    /// Good units.
    pub accepted: Quantity,
    /// Units that arrived damaged.
    pub damaged: Quantity,
    /// Units that wait for a quality decision.
    pub quality_hold: Quantity,
    /// Their batch.
    pub batch: Option<BatchId>,
    /// Whose stock it is; empty for the company's own.
    pub owner: String,
    /// Whether nothing more comes from the supply though less than ordered arrived.
    pub closes_supply: bool,
}

/// What a receipt did to its supply.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReceiptAnswer {
    /// Units beyond what was open: booked all the same.
    pub over_receipt: Quantity,
    /// Units that will not come, when the receipt closed the supply.
    pub closed: Quantity,
    /// Claims whose pegs changed.
    pub repegged: Vec<ClaimKey>,
}

/// What is done with units that came back from a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReturnDisposition {
    /// As good as new: they become free.
    Restock,
    /// They wait for a quality decision.
    Quarantine,
    /// They are damaged and stay so.
    Scrap,
}

impl ItemBook {
    /// Books units that arrived. Accepted ones become free or are held for the queue. Those of a transfer come out of
    /// IN_TRANSIT, all others from outside; what is more than expected is booked as it arrived.
    ///
    /// Needs loaded: the location and the supply; with a supply also all waiting claims, open supplies and their
    /// locations, because the claims are pegged anew.
    ///
    /// # Errors
    /// [`StockError::SupplyNotFound`], [`StockError::SupplyClosed`], [`StockError::SupplyElsewhere`],
    /// [`StockError::ZeroQuantity`].
    pub fn receive(&mut self, ctx: &CommandContext, receipt: &Receipt) -> Result<ReceiptAnswer, StockError> {
        check_quantity(sum([receipt.accepted, receipt.damaged, receipt.quality_hold])?)?;
        self.command(ctx, |book| match &receipt.supply {
            Some(supply) => book.receive_from_supply(ctx, receipt, supply),
            None => {
                book.book_arrived(ctx, receipt, Quantity::ZERO)?;
                Ok(ReceiptAnswer::default())
            }
        })
    }

    fn receive_from_supply(
        &mut self,
        ctx: &CommandContext,
        receipt: &Receipt,
        id: &SupplyId,
    ) -> Result<ReceiptAnswer, StockError> {
        let mut supply = self.supply_or_refuse(id)?.clone();
        if supply.location != receipt.location {
            return Err(StockError::SupplyElsewhere { supply: id.clone(), location: supply.location });
        }
        let open = supply.open();
        if open.is_zero() {
            return Err(StockError::SupplyClosed(id.clone()));
        }
        let arrived = sum([receipt.accepted, receipt.damaged, receipt.quality_hold])?;
        let is_transfer = supply.kind == SupplyKind::Transfer;
        supply.received = plus(supply.received, arrived)?;
        let rest = supply.open();
        self.put_supply(supply);
        self.book_arrived(ctx, receipt, if is_transfer { arrived.min(open) } else { Quantity::ZERO })?;
        let closed = if receipt.closes_supply { rest } else { Quantity::ZERO };
        if !closed.is_zero() {
            self.close_open_units(id, closed)?;
            if is_transfer {
                // Units that left and never arrived are gone.
                let in_transit = Place::at(&receipt.location, StockState::InTransit);
                self.move_units(ctx, &in_transit, &Place::EXTERNAL, &Units::of(closed, id.as_str()))?;
            }
        }
        let repegged = self.repeg_all()?;
        Ok(ReceiptAnswer { over_receipt: arrived.saturating_sub(open), closed, repegged })
    }

    /// Books the units of a receipt, `in_transit` of them out of IN_TRANSIT, the others from outside.
    fn book_arrived(
        &mut self,
        ctx: &CommandContext,
        receipt: &Receipt,
        in_transit: Quantity,
    ) -> Result<(), StockError> {
        let location = &receipt.location;
        let cause = match &receipt.supply {
            Some(supply) if ctx.cause.is_empty() => supply.as_str(),
            Some(_) | None => &ctx.cause,
        };
        let all = Units { quantity: Quantity::ZERO, batch: receipt.batch.as_ref(), owner: &receipt.owner, cause };
        let on_the_way = Place::at(location, StockState::InTransit);
        let mut left = in_transit;
        let parts = [
            (StockState::Available, receipt.accepted),
            (StockState::QualityControl, receipt.quality_hold),
            (StockState::Damaged, receipt.damaged),
        ];
        for (state, quantity) in parts {
            let arrived = quantity.min(left);
            left = minus(left, arrived, "units in transit")?;
            let outside = minus(quantity, arrived, "received units")?;
            for (from, quantity) in [(&on_the_way, arrived), (&Place::EXTERNAL, outside)] {
                self.enter(ctx, location, state, from, &all.with_quantity(quantity))?;
            }
        }
        Ok(())
    }

    /// Books units that came back from a customer.
    ///
    /// Needs loaded: the location.
    ///
    /// # Errors
    /// [`StockError::ZeroQuantity`], [`StockError::QuantityTooLarge`].
    pub fn receive_return(
        &mut self,
        ctx: &CommandContext,
        location: &LocationId,
        quantity: Quantity,
        disposition: ReturnDisposition,
        batch: Option<&BatchId>,
    ) -> Result<(), StockError> {
        check_quantity(quantity)?;
        let state = match disposition {
            ReturnDisposition::Restock => StockState::Available,
            ReturnDisposition::Quarantine => StockState::QualityControl,
            ReturnDisposition::Scrap => StockState::Damaged,
        };
        let units = Units { batch, ..Units::of(quantity, &ctx.cause) };
        self.command(ctx, |book| book.enter(ctx, location, state, &Place::EXTERNAL, &units))
    }

    /// Moves units into a state of a location; into AVAILABLE through the one function that serves the queue first.
    pub(super) fn enter(
        &mut self,
        ctx: &CommandContext,
        location: &LocationId,
        state: StockState,
        from: &Place,
        units: &Units<'_>,
    ) -> Result<(), StockError> {
        if state == StockState::Available {
            self.enter_available(ctx, location, from, units)
        } else {
            self.move_units(ctx, from, &Place::at(location, state), units)
        }
    }
}
