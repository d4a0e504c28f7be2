//! What a line's row says about shortage, as `domain` knows it.

use backorder_domain::{
    order::{
        policy::ShortageInstruction,
        ship_set::Gate,
        shortage::{NotAgreed, ShortWish},
    },
    quantity::Quantity,
};
use backorder_proto::{
    allocation::v1 as pb,
    convert::{Violations, allocation::shortage_instruction_of},
};
use backorder_storage::StorageError;

use crate::{error::Error, order::LineRecord, store::entity::order_line};

/// What the customer wants when not all is there.
///
/// # Errors
/// [`StorageError::InvalidRow`] for a name that is no instruction.
pub fn instruction(row: &order_line::Model) -> Result<ShortageInstruction, StorageError> {
    let named = pb::ShortageInstruction::from_str_name(&row.shortage_instruction);
    let known = named.and_then(|named| shortage_instruction_of(named.into(), "", &mut Violations::new()));
    known.ok_or_else(|| StorageError::InvalidRow {
        table: "order_line",
        detail: format!("{:?} is no instruction on shortage", row.shortage_instruction),
    })
}

/// Whether so many units of a line may pass a gate, by the customer's wish to be asked before less leaves.
///
/// # Errors
/// [`Error::ShortNotAgreed`] when units would stay behind and nobody has agreed.
pub fn may_leave(line: &LineRecord, gate: Gate, leaving: Quantity) -> Result<(), Error> {
    let row = &line.row;
    let wish = ShortWish { asks_first: row.notify_before_short, has_agreed: row.short_agreed_at.is_some() };
    if !wish.asks_first {
        return Ok(());
    }
    let vector = line.vector()?;
    let parts = vector.parts();
    let gone = match gate {
        Gate::Release => parts.shipped.checked_add(parts.released).unwrap_or(parts.ordered),
        Gate::Ship => parts.shipped,
    };
    let refused =
        |NotAgreed { missing }| Error::ShortNotAgreed { order: row.order_id.clone(), line: row.line_number, missing };
    wish.check(&vector, gone, leaving).map_err(refused)
}
