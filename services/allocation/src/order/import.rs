//! Lines that are taken over from another system: what a step keeps of them, and the rows that tell of their past.

use backorder_domain::ids::derived_uuid;
use backorder_domain::order::promise::PromiseReason;
use backorder_proto::{allocation::v1 as pb, common::v1::WriteContext, convert::allocation as convert};
use backorder_storage::{StorageError, columns};
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    key::{HISTORY_PART, demand_line},
    shipment::{self, Left, PlannedShipment},
};
use crate::store::{
    entity::{imported_line, line_claim, order_line, promise},
    go_live::{LIVE, WAITING},
    shipments::WholeShipment,
};

/// The name space of the ids of shipments that left in another system.
const SHIPMENTS: Uuid = Uuid::from_u128(0x51c8_0f7e_2b94_4d3a_9e61_7ab0_c4d2_8f15);
/// The reference of shipments that left in another system.
const REFERENCE: &str = "before go-live";

/// What a step keeps of a line that it takes over, beside its row.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct PlannedImport {
    /// The order's id.
    #[prost(string, tag = "1")]
    pub order: String,
    /// The line's number.
    #[prost(int32, tag = "2")]
    pub line: i32,
    /// Units that the other system had reserved.
    #[prost(int64, tag = "3")]
    pub reserved_before: i64,
    /// Units that it says were reserved at once.
    #[prost(int64, optional, tag = "4")]
    pub filled_at_once: Option<i64>,
    /// Units that it says were backordered.
    #[prost(int64, optional, tag = "5")]
    pub backordered: Option<i64>,
    /// When units left last, in microseconds since the epoch; 0 when none did.
    #[prost(int64, tag = "6")]
    pub shipped_at: i64,
    /// From where they left; empty when it is not known.
    #[prost(string, tag = "7")]
    pub shipped_from: String,
}

/// The copy of a claim that never was: what left in another system. With it the claims of a line account for all of it.
#[must_use]
pub fn history_claim(row: &order_line::Model) -> line_claim::Model {
    line_claim::Model {
        order_id: row.order_id.clone(),
        line_number: row.line_number,
        part: HISTORY_PART,
        reserved: 0,
        released: 0,
        waiting: 0,
        pegged: 0,
        posted: row.shipped,
        queue_key: row.queue_key.clone(),
        queue_time: row.queue_time,
        reservations: String::new(),
        pegs: String::new(),
        eligible: true,
        version: 1,
    }
}

/// The promises that another system had made: the first one, and the last one where it is another day.
#[must_use]
pub fn promises(row: &order_line::Model, ordered_at: i64, now: Timestamp) -> Vec<promise::Model> {
    let mut made = Vec::new();
    if row.original_promised_date.is_some() {
        made.push((ordered_at, row.original_promised_date.clone()));
    }
    if row.current_promised_date != row.original_promised_date {
        made.push((columns::micros(now), row.current_promised_date.clone()));
    }
    let promise = |(revision, (promised_at, promised_date))| promise::Model {
        order_id: row.order_id.clone(),
        line_number: row.line_number,
        revision,
        promised_at,
        promised_date,
        time_zone: row.promised_zone.clone(),
        confirmations: String::new(),
        reason: convert::promise_reason(PromiseReason::Imported).as_str_name().to_owned(),
        cause: "promised by the system from which the line was taken over".to_owned(),
    };
    (1..).zip(made).map(promise).collect()
}

/// The row that says how far the going live of a line is. A line of which nothing is open is live.
#[must_use]
pub fn imported(row: &order_line::Model, import: &str, planned: &PlannedImport) -> imported_line::Model {
    let open = row.open + row.reserved + row.released;
    imported_line::Model {
        order_id: row.order_id.clone(),
        line_number: row.line_number,
        import_id: import.to_owned(),
        item_id: row.item_id.clone(),
        state: if open > 0 { WAITING } else { LIVE }.to_owned(),
        open,
        reserved_before: planned.reserved_before,
        reserved: row.reserved,
        cancelled: row.cancelled,
        returned: row.returned,
    }
}

/// What left of an order in another system, as one shipment. `None` when nothing did.
///
/// # Errors
/// [`StorageError::InvalidRow`] never: a shipment without freight has no amount.
pub fn shipment_before<'a>(
    order: &str,
    lines: impl Iterator<Item = (&'a PlannedImport, i64)>,
    who: &WriteContext,
) -> Result<Option<WholeShipment>, StorageError> {
    let left: Vec<(&PlannedImport, String, i64)> = lines
        .filter(|(_, quantity)| *quantity > 0)
        .map(|(planned, quantity)| (planned, demand_line(order, planned.line, false), quantity))
        .collect();
    let Some(shipped_at) = left.iter().map(|(planned, ..)| planned.shipped_at).max() else { return Ok(None) };
    let planned =
        PlannedShipment { details: None, reference: REFERENCE.to_owned(), shipped_at, supplier: String::new() };
    let units =
        left.iter().map(|(planned, line, quantity)| Left::of_no_batch(line, 1, &planned.shipped_from, *quantity));
    shipment::left(derived_uuid(SHIPMENTS, order), &planned, who, units).map(Some)
}

/// Names the lines of the results of which not all that was reserved before is there.
pub fn name_shortages(results: &mut [pb::OpenOrderResult], lines: &[imported_line::Model]) {
    for line in lines.iter().filter(|line| line.reserved < line.reserved_before) {
        let order = format!("orders/{}", line.order_id);
        if let Some(result) = results.iter_mut().find(|result| result.order == order) {
            result.shortages.push(pb::ReservationShortage {
                line: convert::line_name(&line.order_id, line.line_number),
                reserved_before: line.reserved_before,
                reserved: line.reserved,
            });
        }
    }
}

/// The import of a step that was not written here has no name.
///
/// # Errors
/// [`StorageError::InvalidRow`].
pub fn import_of(name: &str) -> Result<&str, StorageError> {
    if name.is_empty() {
        return Err(StorageError::InvalidRow { table: "unfinished_step", detail: "no import".to_owned() });
    }
    Ok(name)
}
