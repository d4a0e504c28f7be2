//! What becomes of a blind receipt: units that came under a supply which is unknown, closed or expected elsewhere. They
//! wait in quality control until somebody decides (domain.md 2.13).

use crate::ids::{LocationId, SupplyId};
use crate::quantity::Quantity;

use super::book::{ItemBook, Units};
use super::claim::ClaimKey;
use super::context::CommandContext;
use super::error::{StockError, check_quantity, minus, plus};
use super::movement::Place;
use super::receipt::{Booked, ReceiptKey, ReceivedLine};
use super::state::StockState;
use super::supply::SupplyKind;

/// What is done with units of a blind receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// They are ours without any supply: they become free, or are held for the queue.
    Accept,
    /// They belong to an open supply of the item and location, and are received from it now.
    Attach(SupplyId),
    /// They are thrown away.
    Scrap,
    /// They go back to whoever sent them.
    ReturnToSupplier,
}

/// What a resolution did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolutionAnswer {
    /// Units decided about.
    pub quantity: Quantity,
    /// The receipt as which accepted and attached units are booked from now on; `None` for units that left.
    pub receipt: Option<ReceiptKey>,
    /// Claims whose pegs changed.
    pub repegged: Vec<ClaimKey>,
}

impl ItemBook {
    /// Decides about units of a blind receipt; `None` means all that are in review. Units that stay become a receipt of
    /// their own, line 1 of this command, which can be reversed as any other.
    ///
    /// Needs loaded: the line, its location, and to attach the supply, all waiting claims, open supplies and their
    /// locations.
    ///
    /// # Errors
    /// [`StockError::ReceiptNotFound`]; [`StockError::BeyondReceipt`] for more than is in review;
    /// [`StockError::SupplyNotFound`], [`StockError::SupplyElsewhere`], [`StockError::SupplyClosed`] and
    /// [`StockError::SupplyQuantityConflict`] for a supply under which so many are not open.
    pub fn resolve_blind_receipt(
        &mut self,
        ctx: &CommandContext,
        key: &ReceiptKey,
        quantity: Option<Quantity>,
        resolution: &Resolution,
    ) -> Result<ResolutionAnswer, StockError> {
        let line = self.received_line_or_refuse(key)?.clone();
        let asked = quantity.unwrap_or(line.in_review);
        if asked > line.in_review || line.in_review.is_zero() {
            return Err(StockError::BeyondReceipt { line: key.clone(), asked, left: line.in_review });
        }
        check_quantity(asked)?;
        if let Resolution::Attach(supply) = resolution {
            self.check_attachable(supply, &line, asked)?;
        }
        self.command(ctx, |book| book.resolve(ctx, line, asked, resolution))
    }

    /// Takes units out of review at a location that are not there, of the newest receipt first.
    pub(super) fn lose_in_review(&mut self, location: &LocationId, quantity: Quantity) -> Result<(), StockError> {
        let mut lines: Vec<ReceivedLine> =
            self.received_lines().filter(|line| line.location == *location).cloned().collect();
        lines.sort_by(|a, b| (b.effective_at, &b.key).cmp(&(a.effective_at, &a.key)));
        let mut rest = quantity;
        for mut line in lines {
            let lost = line.in_review.min(rest);
            rest = minus(rest, lost, "units in review")?;
            line.in_review = minus(line.in_review, lost, "units in review")?;
            line.left.quality = minus(line.left.quality, lost, "units left of a receipt")?;
            self.put_received_line(line);
        }
        if rest.is_zero() { Ok(()) } else { Err(self.not_loaded("receipts in review at", location)) }
    }

    fn check_attachable(&self, id: &SupplyId, line: &ReceivedLine, asked: Quantity) -> Result<(), StockError> {
        let supply = self.supply_or_refuse(id)?;
        let open = supply.open();
        if supply.location != line.location {
            Err(StockError::SupplyElsewhere { supply: id.clone(), location: supply.location.clone() })
        } else if open.is_zero() {
            Err(StockError::SupplyClosed(id.clone()))
        } else if asked > open {
            Err(StockError::SupplyQuantityConflict { supply: id.clone(), asked, open })
        } else {
            Ok(())
        }
    }

    fn resolve(
        &mut self,
        ctx: &CommandContext,
        mut line: ReceivedLine,
        quantity: Quantity,
        resolution: &Resolution,
    ) -> Result<ResolutionAnswer, StockError> {
        line.in_review = minus(line.in_review, quantity, "units in review")?;
        line.left.quality = minus(line.left.quality, quantity, "units left of a receipt")?;
        self.put_received_line(line.clone());
        let (batch, owner) = (line.batch.as_ref(), line.owner.as_str());
        let units = Units { quantity, batch, owner, cause: &ctx.cause };
        let quality = Place::at(&line.location, StockState::QualityControl);
        let mut answer = ResolutionAnswer { quantity, receipt: None, repegged: Vec::new() };
        match resolution {
            Resolution::Accept => answer.receipt = Some(self.rebook(ctx, &line, quantity, None)),
            Resolution::Attach(supply) => {
                self.receive_attached(ctx, supply, &line, quantity)?;
                answer.receipt = Some(self.rebook(ctx, &line, quantity, Some(supply)));
            }
            Resolution::Scrap | Resolution::ReturnToSupplier => {
                self.move_units(ctx, &quality, &Place::EXTERNAL, &units)?;
                return Ok(answer);
            }
        }
        self.enter_available(ctx, &line.location, &quality, &units)?;
        if matches!(resolution, Resolution::Attach(_)) {
            answer.repegged = self.repeg_all()?;
        }
        Ok(answer)
    }

    /// Counts units as received from a supply. Those of a transfer are on their way no longer: they are in the books since
    /// the blind receipt.
    fn receive_attached(
        &mut self,
        ctx: &CommandContext,
        id: &SupplyId,
        line: &ReceivedLine,
        quantity: Quantity,
    ) -> Result<(), StockError> {
        let mut supply = self.supply_or_refuse(id)?.clone();
        supply.received = plus(supply.received, quantity)?;
        let is_transfer = supply.kind == SupplyKind::Transfer;
        self.put_supply(supply);
        if is_transfer {
            let in_transit = Place::at(&line.location, StockState::InTransit);
            self.move_units(ctx, &in_transit, &Place::EXTERNAL, &Units::of(quantity, id.as_str()))?;
        }
        Ok(())
    }

    /// Keeps units that stay as a receipt of this command.
    fn rebook(
        &mut self,
        ctx: &CommandContext,
        blind: &ReceivedLine,
        quantity: Quantity,
        supply: Option<&SupplyId>,
    ) -> ReceiptKey {
        let booked = Booked { accepted: quantity, ..Booked::default() };
        let line = ReceivedLine {
            supply: supply.cloned(),
            booked,
            left: booked,
            document: blind.document.clone(),
            batch: blind.batch.clone(),
            owner: blind.owner.clone(),
            ..ReceivedLine::new(ctx, 1, &blind.location)
        };
        let key = line.key.clone();
        self.put_received_line(line);
        key
    }
}
