//! Takes: what suppliers are asked to ship themselves, and how that ends.

use backorder_proto::{
    allocation::v1 as pb,
    common::v1::WriteContext,
    convert::{allocation::line_name, encode},
};
use backorder_storage::{StorageError, columns};
use jiff::Timestamp;

use crate::store::{
    entity::drop_ship_take,
    takes::{CANCELLED, CONFIRMED, EXPIRED, PENDING, REFUSED, SHIPPED},
};

/// How the units of a line that suppliers are asked for change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moved {
    /// Units that await an answer, more or fewer.
    pub pending: i64,
    /// Units that are confirmed and not shipped, more or fewer.
    pub confirmed: i64,
    /// Units that suppliers shipped, more.
    pub shipped: i64,
}

/// Units that the supplier confirmed and has still to ship.
#[must_use]
pub fn to_ship(take: &drop_ship_take::Model) -> i64 {
    if take.state == CONFIRMED { take.confirmed - take.shipped } else { 0 }
}

/// Ends the wait for an answer with a state.
pub fn answer(take: &mut drop_ship_take::Model, state: &str, confirmed: i64, now: Timestamp) -> Moved {
    let moved = Moved { pending: -take.quantity, confirmed, shipped: 0 };
    take.confirmed = confirmed;
    state.clone_into(&mut take.state);
    take.answered_at = Some(columns::micros(now));
    take.version += 1;
    moved
}

/// Takes back what was not shipped.
pub fn cancel(take: &mut drop_ship_take::Model, now: Timestamp) -> Moved {
    if take.state == PENDING {
        return answer(take, CANCELLED, 0, now);
    }
    let moved = Moved { confirmed: -to_ship(take), ..Moved::default() };
    take.confirmed = take.shipped;
    CANCELLED.clone_into(&mut take.state);
    take.version += 1;
    moved
}

/// The supplier shipped units of what it confirmed.
pub fn ship(take: &mut drop_ship_take::Model, units: i64) -> Moved {
    take.shipped += units;
    if take.shipped == take.confirmed {
        SHIPPED.clone_into(&mut take.state);
    }
    take.version += 1;
    Moved { pending: 0, confirmed: -units, shipped: units }
}

/// A take.
///
/// # Errors
/// [`StorageError::InvalidRow`] for a row that was not written here.
pub fn message(row: &drop_ship_take::Model) -> Result<pb::DropShipTake, StorageError> {
    const TABLE: &str = "drop_ship_take";
    let time = |micros| columns::instant(micros, TABLE).map(encode::timestamp);
    let state = match row.state.as_str() {
        PENDING => pb::DropShipTakeState::Pending,
        CONFIRMED => pb::DropShipTakeState::Confirmed,
        REFUSED => pb::DropShipTakeState::Refused,
        EXPIRED => pb::DropShipTakeState::Expired,
        CANCELLED => pb::DropShipTakeState::Cancelled,
        SHIPPED => pb::DropShipTakeState::Shipped,
        other => return Err(StorageError::InvalidRow { table: TABLE, detail: format!("{other:?} is no state") }),
    };
    Ok(pb::DropShipTake {
        name: name(&row.id),
        line: line_name(&row.order_id, row.line_number),
        item: format!("items/{}", row.item_id),
        supplier: row.supplier.clone(),
        quantity: row.quantity,
        confirmed: row.confirmed,
        shipped: row.shipped,
        state: state.into(),
        create_time: Some(time(row.asked_at)?),
        answer_by_time: Some(time(row.answer_by)?),
        answer_time: row.answered_at.map(time).transpose()?,
        ship_date: columns::optional_date(row.ship_date.as_deref(), TABLE)?.map(encode::date),
        context: Some(WriteContext {
            actor: row.actor.clone(),
            reason_code: row.reason_code.clone(),
            note: row.note.clone(),
        }),
    })
}

/// The resource name.
#[must_use]
pub fn name(id: &str) -> String {
    format!("dropShipTakes/{id}")
}
