//! Orders to a warehouse: what it is asked to ship or to give back, with what it has to know of the lines.

use std::collections::BTreeMap;

use backorder_domain::ids::derived_uuid;
use backorder_proto::{
    allocation::v1 as pb,
    common::v1::{DateBasis, WriteContext},
    convert::{
        allocation::{line_name, zoned_date},
        encode,
    },
};
use backorder_storage::{StorageError, columns};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    order::{Book, key::of_resource_name, texts},
    store::{
        entity::{recall, warehouse_order, warehouse_order_line},
        warehouse_orders::{RECALL, RELEASE, WholeWarehouseOrder},
    },
};

/// Units of a line that one warehouse is asked for.
#[derive(Debug, Clone)]
pub struct AskedUnits {
    /// The order's id.
    pub order: String,
    /// The line's number.
    pub line: i32,
    /// The warehouse.
    pub location: String,
    /// Base units.
    pub quantity: i64,
    /// The recall's id; empty when the units are to be shipped.
    pub recall: String,
    /// Of which batches the line is bound to some of them.
    pub bound: Vec<Bound>,
}

/// Units of one batch that a line is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// The batch.
    pub batch: String,
    /// Base units.
    pub quantity: i64,
}

/// What was handed to warehouses, as they are asked for it: the units of a line at one place together.
#[must_use]
pub fn handed_over(units: Vec<pb::ShippedUnits>) -> Vec<AskedUnits> {
    let mut asked: Vec<AskedUnits> = Vec::new();
    for units in units {
        let Some((order, line)) = of_resource_name(&units.line) else { continue };
        let location = units.location.strip_prefix("locations/").unwrap_or(&units.location);
        let same =
            asked.last_mut().filter(|last| last.order == order && last.line == line && last.location == location);
        let bound = (!units.batch.is_empty()).then_some(Bound { batch: units.batch, quantity: units.quantity });
        if let Some(same) = same {
            same.quantity += units.quantity;
            same.bound.extend(bound);
        } else {
            asked.push(AskedUnits {
                order: order.to_owned(),
                line,
                location: location.to_owned(),
                quantity: units.quantity,
                recall: String::new(),
                bound: bound.into_iter().collect(),
            });
        }
    }
    asked
}

/// Units of lines with the warehouses to which they were handed, the last one first.
pub type Handed = BTreeMap<(String, i32), Vec<(String, i64)>>;

/// Units that a recall asks back, at the warehouses that have them: where they were handed last first. Where nothing is
/// known of that, the warehouse of the line's reservation is asked.
///
/// # Errors
/// [`StorageError::InvalidRow`] for a claim that was not written here.
pub fn asked_back(book: &Book, recalls: &[recall::Model], handed: &Handed) -> Result<Vec<AskedUnits>, StorageError> {
    let mut asked = Vec::with_capacity(recalls.len());
    for recall in recalls {
        let mut units = |location: &str, quantity: i64| {
            asked.push(AskedUnits {
                order: recall.order_id.clone(),
                line: recall.line_number,
                location: location.to_owned(),
                quantity,
                recall: recall.id.clone(),
                bound: Vec::new(),
            });
        };
        let mut left = recall.quantity;
        let of_line = handed.get(&(recall.order_id.clone(), recall.line_number));
        for (location, quantity) in of_line.into_iter().flatten() {
            let from_here = left.min(*quantity);
            if from_here > 0 {
                units(location, from_here);
                left -= from_here;
            }
        }
        if left == 0 {
            continue;
        }
        let Some(line) = book.line(&recall.order_id, recall.line_number) else { continue };
        let reserved = line.copies()?.into_iter().flat_map(|claim| claim.reservations).next();
        if let Some(reserved) = reserved {
            units(reserved.location.as_str(), left);
        }
    }
    Ok(asked)
}

/// The orders of a write, one for each warehouse.
#[must_use]
pub fn orders_of(
    write: Uuid,
    who: &WriteContext,
    now: Timestamp,
    book: &Book,
    asked: Vec<AskedUnits>,
) -> Vec<WholeWarehouseOrder> {
    let mut by_location: BTreeMap<(bool, String), Vec<AskedUnits>> = BTreeMap::new();
    for units in asked {
        by_location.entry((!units.recall.is_empty(), units.location.clone())).or_default().push(units);
    }
    let whole = |((is_recall, location), units): ((bool, String), Vec<AskedUnits>)| {
        let kind = if is_recall { RECALL } else { RELEASE };
        let id = derived_uuid(write, &format!("warehouse order {kind} {location}")).to_string();
        let lines = (1..).zip(&units).filter_map(|(number, units)| line(&id, number, units, book)).collect();
        let row = warehouse_order::Model {
            id,
            location_id: location,
            kind: kind.to_owned(),
            created_at: columns::micros(now),
            acknowledged_at: None,
            acknowledge_reference: String::new(),
            actor: who.actor.clone(),
            reason_code: who.reason_code.clone(),
            note: who.note.clone(),
        };
        WholeWarehouseOrder { row, lines }
    };
    by_location.into_iter().map(whole).collect()
}

fn line(id: &str, number: i32, units: &AskedUnits, book: &Book) -> Option<warehouse_order_line::Model> {
    let order = book.orders.get(&units.order)?;
    let row = &order.lines.get(&units.line)?.row;
    Some(warehouse_order_line::Model {
        warehouse_order_id: id.to_owned(),
        number,
        order_id: units.order.clone(),
        line_number: units.line,
        item_id: row.item_id.clone(),
        quantity: units.quantity,
        ordered_unit: row.ordered_unit.clone(),
        base_units_per_unit: row.base_units_per_unit,
        ship_to: order.row.ship_to.clone(),
        destination_zone: order.row.destination_zone.clone(),
        service: order.row.service.clone(),
        requested_date: row.requested_date.clone(),
        requested_basis: row.requested_basis.clone(),
        promised_date: row.current_promised_date.clone(),
        time_zone: row.time_zone.clone(),
        promised_zone: row.promised_zone.clone(),
        ship_set: row.ship_set.clone(),
        recall_id: units.recall.clone(),
        batch: row.batch.clone(),
        shelf_life_days: row.shelf_life_days,
        bound: texts::bound(&units.bound),
    })
}

/// The version of an order: it changes once, when it is acknowledged.
#[must_use]
pub const fn version(row: &warehouse_order::Model) -> i64 {
    if row.acknowledged_at.is_some() { 2 } else { 1 }
}

/// An order with its lines.
///
/// # Errors
/// [`StorageError::InvalidRow`] for a row that was not written here.
pub fn message(order: &WholeWarehouseOrder) -> Result<pb::WarehouseOrder, StorageError> {
    let lines = order.lines.iter().map(line_message).collect::<Result<_, _>>()?;
    head(&order.row, lines)
}

/// An order with the given lines.
///
/// # Errors
/// [`StorageError::InvalidRow`] for a row that was not written here.
pub fn head(
    row: &warehouse_order::Model,
    lines: Vec<pb::WarehouseOrderLine>,
) -> Result<pb::WarehouseOrder, StorageError> {
    const TABLE: &str = "warehouse_order";
    let time = |micros| columns::instant(micros, TABLE).map(encode::timestamp);
    let kind = match row.kind.as_str() {
        RELEASE => pb::WarehouseOrderKind::Release,
        RECALL => pb::WarehouseOrderKind::Recall,
        other => return Err(StorageError::InvalidRow { table: TABLE, detail: format!("{other:?} is no kind") }),
    };
    Ok(pb::WarehouseOrder {
        name: name(&row.id),
        location: format!("locations/{}", row.location_id),
        kind: kind.into(),
        lines,
        create_time: Some(time(row.created_at)?),
        acknowledge_time: row.acknowledged_at.map(time).transpose()?,
        acknowledge_reference: row.acknowledge_reference.clone(),
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
    format!("warehouseOrders/{id}")
}

fn line_message(row: &warehouse_order_line::Model) -> Result<pb::WarehouseOrderLine, StorageError> {
    const TABLE: &str = "warehouse_order_line";
    let basis = DateBasis::from_str_name(&row.requested_basis).unwrap_or(DateBasis::Ship);
    let requested = columns::date(&row.requested_date, TABLE)?;
    let promised = columns::optional_date(row.promised_date.as_deref(), TABLE)?;
    let bound = texts::bound_of(&row.bound)?.into_iter();
    let per_unit = row.base_units_per_unit;
    let is_whole = per_unit > 0 && row.quantity % per_unit == 0;
    Ok(pb::WarehouseOrderLine {
        line: line_name(&row.order_id, row.line_number),
        item: format!("items/{}", row.item_id),
        quantity: row.quantity,
        ordered_unit: row.ordered_unit.clone(),
        base_units_per_unit: per_unit,
        ordered_unit_quantity: if is_whole { row.quantity / per_unit } else { 0 },
        ship_to: row.ship_to.clone(),
        destination_zone: row.destination_zone.clone(),
        service: row.service.clone(),
        requested_date: Some(zoned_date(requested, basis, &row.time_zone)),
        promised_date: promised.map(|date| zoned_date(date, DateBasis::Ship, &row.promised_zone)),
        ship_set: row.ship_set.clone(),
        recall: if row.recall_id.is_empty() { String::new() } else { format!("recalls/{}", row.recall_id) },
        batch: row.batch.clone(),
        min_remaining_shelf_life_days: row.shelf_life_days,
        bound: bound.map(|Bound { batch, quantity }| pb::BoundUnits { batch, quantity }).collect(),
    })
}
