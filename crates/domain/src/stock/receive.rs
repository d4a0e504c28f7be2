//! Units that come in: receipts, with or without a dated supply, and returns from customers.

use jiff::civil::Date;

use crate::ids::{BatchId, LocationId, SupplyId};
use crate::quantity::Quantity;
use crate::units::{Entered, in_base_units};

use super::book::{ItemBook, Units};
use super::claim::ClaimKey;
use super::context::CommandContext;
use super::error::{StockError, check_quantity, minus, plus, sum};
use super::movement::Place;
use super::receipt::{BlindReason, Booked, OverReceiptTolerance, ReceivedLine};
use super::state::StockState;
use super::supply::SupplyKind;

/// One line of a receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Its number in the receipt: 1, 2, 3 …
    pub number: i32,
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
    /// Units that went straight back. They are not booked, and still expected from the supply.
    pub refused: Quantity,
    /// Their batch.
    pub batch: Option<BatchId>,
    /// The best-before date of the batch; `None` leaves what is known.
    pub best_before: Option<Date>,
    /// Whose stock it is; empty for the company's own.
    pub owner: String,
    /// Whether nothing more comes from the supply though less than ordered arrived.
    pub closes_supply: bool,
    /// When what is still open is expected now; `None` leaves the day as it is.
    pub rest_expected: Option<Date>,
    /// How much more than ordered is booked as it arrived, where the supply has no tolerance of its own.
    pub tolerance: OverReceiptTolerance,
    /// All units of the line as they were entered; `None` when in base units.
    pub entered: Option<Entered>,
}

impl Receipt {
    /// The receipt in base units, of one whose quantities count a unit that holds `base_units` of them; `None` when they
    /// are too many.
    #[must_use]
    pub fn in_unit(self, unit: &str, base_units: i64) -> Option<Self> {
        let all = Quantity::checked_sum([self.accepted, self.damaged, self.quality_hold, self.refused])?;
        in_base_units(all, base_units)?;
        let base = |quantity| in_base_units(quantity, base_units);
        Some(Self {
            accepted: base(self.accepted)?,
            damaged: base(self.damaged)?,
            quality_hold: base(self.quality_hold)?,
            refused: base(self.refused)?,
            entered: Entered::of(unit, all, base_units),
            ..self
        })
    }
}

/// What a receipt did to its supply.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReceiptAnswer {
    /// Units beyond what was open: booked all the same.
    pub over_receipt: Quantity,
    /// Good units beyond the tolerance: they wait in quality control.
    pub quarantined: Quantity,
    /// Units that are still expected from the supply.
    pub still_open: Quantity,
    /// Why the line could not be booked against the supply that it names; then its units wait in review.
    pub blind: Option<BlindReason>,
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
    /// Books units that arrived, and keeps the line of the receipt. Accepted ones become free or are held for the queue.
    /// Those of a transfer come out of IN_TRANSIT, all others from outside. What is more than expected is booked as it
    /// arrived within the tolerance; good units beyond it wait in quality control. Units that name a supply which is
    /// unknown, closed or expected elsewhere are booked blind: they wait in quality control until somebody decides.
    ///
    /// Needs loaded: the location and the supply; with a supply also all waiting claims, open supplies and their
    /// locations, because the claims are pegged anew.
    ///
    /// # Errors
    /// [`StockError::ZeroQuantity`], [`StockError::QuantityTooLarge`].
    pub fn receive(&mut self, ctx: &CommandContext, receipt: &Receipt) -> Result<ReceiptAnswer, StockError> {
        check_quantity(sum([receipt.accepted, receipt.damaged, receipt.quality_hold, receipt.refused])?)?;
        self.command(ctx, |book| match &receipt.supply {
            Some(supply) => match book.why_blind(receipt, supply) {
                Some(reason) => book.receive_blind(ctx, receipt, reason),
                None => book.receive_from_supply(ctx, receipt, supply),
            },
            None => {
                let booked = book.book_arrived(ctx, receipt, Quantity::ZERO, Quantity::ZERO)?;
                book.keep_receipt(ctx, receipt, booked, &ReceiptAnswer::default());
                Ok(ReceiptAnswer::default())
            }
        })
    }

    fn why_blind(&self, receipt: &Receipt, id: &SupplyId) -> Option<BlindReason> {
        match self.supplies.get(id) {
            None => Some(BlindReason::Unknown),
            Some(supply) if supply.location != receipt.location => Some(BlindReason::Elsewhere),
            Some(supply) => supply.open().is_zero().then_some(BlindReason::Closed),
        }
    }

    fn receive_blind(
        &mut self,
        ctx: &CommandContext,
        receipt: &Receipt,
        reason: BlindReason,
    ) -> Result<ReceiptAnswer, StockError> {
        let booked = self.book_arrived(ctx, receipt, Quantity::ZERO, receipt.accepted)?;
        let answer = ReceiptAnswer { blind: Some(reason), ..ReceiptAnswer::default() };
        self.keep_receipt(ctx, receipt, booked, &answer);
        Ok(answer)
    }

    fn receive_from_supply(
        &mut self,
        ctx: &CommandContext,
        receipt: &Receipt,
        id: &SupplyId,
    ) -> Result<ReceiptAnswer, StockError> {
        let mut supply = self.supply_or_refuse(id)?.clone();
        let open = supply.open();
        let arrived = sum([receipt.accepted, receipt.damaged, receipt.quality_hold])?;
        let over_receipt = arrived.saturating_sub(open);
        let allowed = supply.over_receipt.unwrap_or(receipt.tolerance).allowed(supply.ordered);
        let quarantined = over_receipt.saturating_sub(allowed).min(receipt.accepted);
        let is_transfer = supply.kind == SupplyKind::Transfer;
        supply.received = plus(supply.received, arrived)?;
        let rest = supply.open();
        let rest_date = receipt.rest_expected.filter(|date| !rest.is_zero() && supply.expected_date != Some(*date));
        supply.expected_date = rest_date.or(supply.expected_date);
        self.put_supply(supply);
        let in_transit = if is_transfer { arrived.min(open) } else { Quantity::ZERO };
        let booked = self.book_arrived(ctx, receipt, in_transit, quarantined)?;
        let closed = if receipt.closes_supply { rest } else { Quantity::ZERO };
        if !closed.is_zero() {
            self.close_open_units(id, closed)?;
            if is_transfer {
                // Units that left and never arrived are gone.
                let in_transit = Place::at(&receipt.location, StockState::InTransit);
                self.move_units(ctx, &in_transit, &Place::EXTERNAL, &Units::of(closed, id.as_str()))?;
            }
        }
        let repegged = if rest_date.is_some() { self.repeg_all_with_moved(id)? } else { self.repeg_all()? };
        let still_open = minus(rest, closed, "open units")?;
        let answer = ReceiptAnswer { over_receipt, quarantined, still_open, blind: None, closed, repegged };
        self.keep_receipt(ctx, receipt, booked, &answer);
        Ok(answer)
    }

    /// Keeps a line of a receipt as it was booked.
    fn keep_receipt(&mut self, ctx: &CommandContext, receipt: &Receipt, booked: Booked, answer: &ReceiptAnswer) {
        let in_review = if answer.blind.is_some() { booked.quality } else { Quantity::ZERO };
        self.put_received_line(ReceivedLine {
            supply: receipt.supply.clone(),
            blind: answer.blind,
            booked,
            left: booked,
            refused: receipt.refused,
            over_receipt: answer.over_receipt,
            quarantined: answer.quarantined,
            closed: answer.closed,
            in_review,
            document: ctx.cause.clone(),
            batch: receipt.batch.clone(),
            owner: receipt.owner.clone(),
            entered: receipt.entered.clone(),
            ..ReceivedLine::new(ctx, receipt.number, &receipt.location)
        });
    }

    /// Books the units of a receipt, `in_transit` of them out of IN_TRANSIT, the others from outside; `quarantined` of the
    /// accepted ones into quality control.
    fn book_arrived(
        &mut self,
        ctx: &CommandContext,
        receipt: &Receipt,
        in_transit: Quantity,
        quarantined: Quantity,
    ) -> Result<Booked, StockError> {
        let booked = Booked {
            accepted: minus(receipt.accepted, quarantined, "accepted units")?,
            quality: plus(receipt.quality_hold, quarantined)?,
            damaged: receipt.damaged,
        };
        self.note_best_before(receipt.batch.as_ref(), receipt.best_before);
        let location = &receipt.location;
        let cause = match &receipt.supply {
            Some(supply) if ctx.cause.is_empty() => supply.as_str(),
            Some(_) | None => &ctx.cause,
        };
        let all = Units { quantity: Quantity::ZERO, batch: receipt.batch.as_ref(), owner: &receipt.owner, cause };
        let on_the_way = Place::at(location, StockState::InTransit);
        let mut left = in_transit;
        let parts = [
            (StockState::Available, booked.accepted),
            (StockState::QualityControl, booked.quality),
            (StockState::Damaged, booked.damaged),
        ];
        for (state, quantity) in parts {
            let arrived = quantity.min(left);
            left = minus(left, arrived, "units in transit")?;
            let outside = minus(quantity, arrived, "received units")?;
            for (from, quantity) in [(&on_the_way, arrived), (&Place::EXTERNAL, outside)] {
                self.enter(ctx, location, state, from, &all.with_quantity(quantity))?;
            }
        }
        Ok(booked)
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
        (batch, owner): (Option<&BatchId>, &str),
    ) -> Result<(), StockError> {
        check_quantity(quantity)?;
        let state = match disposition {
            ReturnDisposition::Restock => StockState::Available,
            ReturnDisposition::Quarantine => StockState::QualityControl,
            ReturnDisposition::Scrap => StockState::Damaged,
        };
        let units = Units { batch, owner, ..Units::of(quantity, &ctx.cause) };
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
