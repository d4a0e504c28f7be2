//! What left of named batches and of other owners' stock, as a file: for recalls, and to settle with owners.

use std::path::Path;

use backorder_proto::allocation::v1::{LeftUnits, ListShippedBatchesRequest};

use super::{money, timestamp, unwritable};
use crate::{
    client::Session,
    commands::shipped_batches,
    failure::Failure,
    output::{Output, text},
};

/// The columns, in their order.
const COLUMNS: [&str; 12] = [
    "shipment",
    "ship_time",
    "order",
    "line",
    "item",
    "location",
    "batch",
    "owner",
    "quantity",
    "returned",
    "unit_cost",
    "currency",
];

/// Writes the file.
///
/// # Errors
/// [`Failure`] when the file cannot be written, or the service refuses.
pub(super) async fn write(path: &Path, session: &Session, output: Output) -> Result<(), Failure> {
    let units = shipped_batches::all(&ListShippedBatchesRequest::default(), 0, session).await?;
    let mut file = csv::Writer::from_path(path).map_err(|error| unwritable(path, &error))?;
    file.write_record(COLUMNS).map_err(|error| unwritable(path, &error))?;
    for left in &units {
        file.write_record(row(left)).map_err(|error| unwritable(path, &error))?;
    }
    file.flush()?;
    let rows = units.len();
    if output.is_json() {
        output.value(&serde_json::json!({"file": path.display().to_string(), "rows": rows}));
    } else {
        output.text(&format!("{rows} rows written to {}", path.display()));
    }
    Ok(())
}

fn row(left: &LeftUnits) -> [String; 12] {
    let units = left.units.clone().unwrap_or_default();
    let line = text::line(&left.line);
    let (order, line) = line.split_once('/').unwrap_or((&line, ""));
    [
        text::id(&left.shipment).to_owned(),
        timestamp(left.ship_time.as_ref()).map(|time| time.to_string()).unwrap_or_default(),
        order.to_owned(),
        line.to_owned(),
        text::id(&left.item).to_owned(),
        text::id(&left.location).to_owned(),
        units.batch,
        units.owner,
        units.quantity.to_string(),
        left.returned.to_string(),
        money(left.unit_cost.as_ref()),
        left.unit_cost.as_ref().map(|cost| cost.currency_code.clone()).unwrap_or_default(),
    ]
}
