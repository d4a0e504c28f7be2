//! What a line asks of the units that it gets: a batch, or days for which they can still be sold.

use backorder_domain::{ids::BatchId, stock::wish::Wish};
use backorder_proto::{
    convert::{Violations, decode},
    inventory::v1 as inventory,
};
use backorder_storage::StorageError;

use crate::{store::entity::order_line, use_cases::orders::DraftLine};

const TABLE: &str = "order_line";

/// The wish of a row.
///
/// # Errors
/// [`StorageError::InvalidRow`] for a row that was not written here.
pub fn of(row: &order_line::Model) -> Result<Wish, StorageError> {
    let invalid = |detail: String| StorageError::InvalidRow { table: TABLE, detail };
    let batch = if row.batch.is_empty() {
        None
    } else {
        Some(BatchId::try_new(row.batch.as_str()).map_err(|error| invalid(error.to_string()))?)
    };
    let shelf_life_days = u16::try_from(row.shelf_life_days).map_err(|error| invalid(error.to_string()))?;
    Ok(Wish { batch, shelf_life_days })
}

/// Whether the line asks anything.
#[must_use]
pub fn asks(row: &order_line::Model) -> bool {
    !row.batch.is_empty() || row.shelf_life_days > 0
}

/// The wish as inventory takes it.
#[must_use]
pub fn message(row: &order_line::Model) -> Option<inventory::BatchWish> {
    asks(row)
        .then(|| inventory::BatchWish { batch: row.batch.clone(), min_remaining_shelf_life_days: row.shelf_life_days })
}

/// Refuses a wish that is not kept: of a kit, of which nobody knows for which component it is meant, and of a line that goes
/// together with others or whole, because what fits it may come in parts. `rows` are the rows of the order.
pub fn check(line: &DraftLine, index: usize, is_kit: bool, rows: &[order_line::Model], violations: &mut Violations) {
    let in_set =
        !line.ship_set.is_empty() || rows.iter().any(|row| row.line_number == line.number && !row.set_name.is_empty());
    if line.wish.is_none() || !(is_kit || in_set) {
        return;
    }
    let field = if line.wish.batch.is_some() { "batch" } else { "min_remaining_shelf_life_days" };
    let text = if is_kit {
        "must not be asked of a kit: order its components"
    } else {
        "must not be asked of a line that ships complete or together with others"
    };
    violations.push(decode::path("order.lines", index, field), text);
}
