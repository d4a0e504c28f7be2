//! Orders to a warehouse as rows of a file, shaped like X12 940.

use std::io::{self, Write};

use backorder_proto::{
    allocation::v1::{WarehouseOrder, WarehouseOrderKind, WarehouseOrderLine},
    common::v1::DateBasis,
};
use serde_json::{Map, Value};

use crate::{failure::Failure, output::text, picked};

/// The columns, as the help prints them and the file has them.
pub const COLUMNS: [&str; 22] = [
    "document",
    "kind",
    "location",
    "create_time",
    "order",
    "line",
    "item",
    "quantity",
    "unit",
    "base_units_per_unit",
    "unit_quantity",
    "ship_to",
    "destination_zone",
    "service",
    "requested_date",
    "requested_basis",
    "promised_date",
    "ship_set",
    "recall",
    "batch",
    "min_remaining_shelf_life_days",
    "bound",
];

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// CSV with a header.
    Csv,
    /// One JSON object per line.
    JsonLines,
}

/// Writes orders, one row per line of each.
///
/// # Errors
/// [`Failure`] when they cannot be written.
pub fn write(to: impl Write, format: Format, orders: &[WarehouseOrder]) -> Result<(), Failure> {
    let rows = orders.iter().flat_map(|order| order.lines.iter().map(move |line| row(order, line)));
    match format {
        Format::Csv => csv_rows(to, rows),
        Format::JsonLines => Ok(json_rows(to, rows)?),
    }
}

fn csv_rows(to: impl Write, rows: impl Iterator<Item = [String; COLUMNS.len()]>) -> Result<(), Failure> {
    let failed = |error: csv::Error| Failure::new(format!("cannot write the file: {error}"));
    let mut writer = csv::Writer::from_writer(to);
    writer.write_record(COLUMNS).map_err(failed)?;
    for row in rows {
        writer.write_record(row).map_err(failed)?;
    }
    Ok(writer.flush()?)
}

fn json_rows(mut to: impl Write, rows: impl Iterator<Item = [String; COLUMNS.len()]>) -> io::Result<()> {
    for row in rows {
        let fields: Map<String, Value> =
            COLUMNS.iter().map(|name| (*name).to_owned()).zip(row.map(Value::from)).collect();
        writeln!(to, "{}", Value::Object(fields))?;
    }
    to.flush()
}

fn row(order: &WarehouseOrder, line: &WarehouseOrderLine) -> [String; COLUMNS.len()] {
    let kind = match order.kind() {
        WarehouseOrderKind::Unspecified => "",
        WarehouseOrderKind::Release => "release",
        WarehouseOrderKind::Recall => "recall",
    };
    let basis = match line.requested_date.as_ref().map(backorder_proto::common::v1::ZonedDate::basis) {
        Some(DateBasis::Deliver) => "deliver",
        Some(DateBasis::Ship) => "ship",
        Some(DateBasis::Unspecified) | None => "",
    };
    let (name, number) = line.line.rsplit_once("/lines/").unwrap_or((&line.line, ""));
    let known = |date: String| if date == "-" { String::new() } else { date };
    [
        text::id(&order.name).to_owned(),
        kind.to_owned(),
        text::id(&order.location).to_owned(),
        text::time(order.create_time.as_ref()),
        text::id(name).to_owned(),
        number.to_owned(),
        text::id(&line.item).to_owned(),
        line.quantity.to_string(),
        line.ordered_unit.clone(),
        line.base_units_per_unit.to_string(),
        line.ordered_unit_quantity.to_string(),
        line.ship_to.clone(),
        line.destination_zone.clone(),
        line.service.clone(),
        known(text::zoned_date(line.requested_date.as_ref())),
        basis.to_owned(),
        known(text::zoned_date(line.promised_date.as_ref())),
        line.ship_set.clone(),
        text::id(&line.recall).to_owned(),
        line.batch.clone(),
        line.min_remaining_shelf_life_days.to_string(),
        picked::bound(&line.bound),
    ]
}
