//! The first leg of a transfer between two locations. The second is a receipt of the supply that it makes.

use jiff::civil::Date;

use crate::ids::{BatchId, LocationId, SupplyId};
use crate::quantity::Quantity;

use super::book::{ItemBook, Units};
use super::claim::ClaimKey;
use super::context::CommandContext;
use super::error::{StockError, check_quantity};
use super::movement::Place;
use super::state::StockState;
use super::supply::{NewSupply, Supply, SupplyKind, new_supply};

/// Free units to send to another location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// The id of the supply that the destination will receive.
    pub supply: SupplyId,
    /// Who sends.
    pub from: LocationId,
    /// Who will receive; another location.
    pub to: LocationId,
    /// Base units, at least 1.
    pub quantity: Quantity,
    /// The day on which they are expected, in the destination's time zone.
    pub expected_date: Date,
    /// Their batch.
    pub batch: Option<BatchId>,
}

impl ItemBook {
    /// Sends free units on their way: AVAILABLE of the sender -> IN_TRANSIT on the destination's position, where they are
    /// dated supply until they are received. Answers the claims whose pegs changed.
    ///
    /// Needs loaded: both locations, all waiting claims, open supplies and their locations.
    ///
    /// # Errors
    /// [`StockError::SameLocation`], [`StockError::SupplyExists`], [`StockError::InsufficientStock`].
    pub fn send_transfer(&mut self, ctx: &CommandContext, transfer: &Transfer) -> Result<Vec<ClaimKey>, StockError> {
        check_quantity(transfer.quantity)?;
        if transfer.from == transfer.to {
            return Err(StockError::SameLocation(transfer.from.clone()));
        }
        if self.supplies.get(&transfer.supply).is_some() {
            return Err(StockError::SupplyExists(transfer.supply.clone()));
        }
        let supply = new_supply(&NewSupply {
            id: transfer.supply.clone(),
            location: transfer.to.clone(),
            kind: SupplyKind::Transfer,
            ordered: transfer.quantity,
            agreed_date: Some(transfer.expected_date),
            expected_date: Some(transfer.expected_date),
            supplier: String::new(),
            reference: String::new(),
            over_receipt: None,
            entered: None,
        });
        self.command(ctx, |book| {
            let from = Place::at(&transfer.from, StockState::Available);
            let to = Place::at(&transfer.to, StockState::InTransit);
            let units =
                Units { batch: transfer.batch.as_ref(), ..Units::of(transfer.quantity, transfer.supply.as_str()) };
            book.check_batch(&from, &units, false)?;
            book.move_units(ctx, &from, &to, &units)?;
            book.put_supply(Supply { sent_from: Some(transfer.from.clone()), ..supply });
            book.repeg_all()
        })
    }
}
