//! The kits of an order, as its row keeps them, and what they make of its lines.

use backorder_domain::{
    ids::ItemId,
    order::kit::{self, Component, KitFigures},
    quantity::Quantity,
};
use backorder_proto::{allocation::v1 as pb, common::v1 as common, convert::allocation::line_name};
use backorder_storage::StorageError;

use super::{LineRecord, OrderRecord, message::money};
use crate::{
    error::Error,
    store::entity::{customer_order, order_line},
};

/// A kit as the customer ordered it. How many are ordered now its components tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kit {
    /// The number of the customer's line.
    pub number: i32,
    /// The kit's id.
    pub item: String,
    /// The unit in which it was ordered; empty means the base unit.
    pub unit: String,
    /// The quantity in that unit.
    pub unit_quantity: i64,
    /// Kits in one unit.
    pub base_units: i64,
    /// The price of one kit in the order's currency.
    pub price_nanos: Option<i64>,
}

impl Kit {
    /// So many of the same kit, said in its base unit.
    #[must_use]
    pub fn of_base_units(&self, quantity: Quantity) -> Self {
        Self { unit: String::new(), unit_quantity: quantity.get(), base_units: 1, ..self.clone() }
    }
}

/// A line of which a component of a kit is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The number of the kit.
    pub kit: i32,
    /// The kit's item, whose policies apply.
    pub item: ItemId,
    /// Base units in each kit.
    pub units: i64,
    /// The part of the kit's price that they have.
    pub price_nanos: Option<i64>,
}

/// Kits as text: a line for each, its fields between tabs, which none of them holds.
#[must_use]
pub fn text(kits: &[Kit]) -> String {
    let entry = |kit: &Kit| {
        let price = kit.price_nanos.map_or_else(String::new, |price| price.to_string());
        format!("{}\t{}\t{}\t{}\t{}\t{price}", kit.number, kit.item, kit.unit, kit.unit_quantity, kit.base_units)
    };
    kits.iter().map(entry).collect::<Vec<_>>().join("\n")
}

/// The kits of an order.
///
/// # Errors
/// [`StorageError::InvalidRow`] for a text that was not written here.
pub fn of(order: &customer_order::Model) -> Result<Vec<Kit>, StorageError> {
    of_text(&order.id, &order.kits)
}

/// The kits of a text of an order's row.
///
/// # Errors
/// As [`of`].
pub fn of_text(order: &str, kits: &str) -> Result<Vec<Kit>, StorageError> {
    kits.lines().map(|entry| read(order, entry)).collect()
}

fn read(order: &str, entry: &str) -> Result<Kit, StorageError> {
    let fields: Vec<&str> = entry.split('\t').collect();
    let read = || {
        let [number, item, unit, unit_quantity, base_units, price] = fields.as_slice() else { return None };
        Some(Kit {
            number: number.parse().ok()?,
            item: (*item).to_owned(),
            unit: (*unit).to_owned(),
            unit_quantity: unit_quantity.parse().ok()?,
            base_units: base_units.parse().ok()?,
            price_nanos: if price.is_empty() { None } else { Some(price.parse().ok()?) },
        })
    };
    read().ok_or_else(|| StorageError::InvalidRow {
        table: "customer_order",
        detail: format!("{order}: {entry:?} is no kit"),
    })
}

/// Whether a number of the order is a kit's.
///
/// # Errors
/// As [`of`].
pub fn is_kit(order: &OrderRecord, number: i32) -> Result<bool, StorageError> {
    Ok(of(&order.row)?.iter().any(|kit| kit.number == number))
}

/// The lines that a kit is made of.
pub fn components(order: &OrderRecord, kit: i32) -> impl Iterator<Item = (i32, &LineRecord)> {
    let of_kit = move |(_, line): &(&i32, &LineRecord)| line.row.kit_line == Some(kit);
    order.lines.iter().filter(of_kit).map(|(number, line)| (*number, line))
}

/// How many kits are what.
#[must_use]
pub fn figures(order: &OrderRecord, kit: i32) -> KitFigures {
    KitFigures::of(&components(order, kit).map(|(_, line)| component(&line.row)).collect::<Vec<_>>())
}

/// Units of a component in the warehouse's hands or gone that make no whole kit with the others; 0 for what is no component.
#[must_use]
pub fn surplus_of(order: &OrderRecord, number: i32) -> i64 {
    let Some(kit) = order.lines.get(&number).and_then(|line| line.row.kit_line) else { return 0 };
    let (mut own, mut parts) = (0, Vec::new());
    for (place, (component, line)) in components(order, kit).enumerate() {
        let (in_hands, posted) = line
            .claims
            .values()
            .fold((0, 0), |(released, posted), claim| (released + claim.released, posted + claim.posted));
        let (per_kit, left) = (line.row.kit_units, posted + line.row.drop_shipped);
        parts.push(kit::Passed { per_kit, in_hands, left, cancelled: line.row.cancelled });
        if component == number {
            own = place;
        }
    }
    kit::surplus_of_passed(&parts).get(own).copied().unwrap_or_default()
}

/// The part of a component's surplus that is neither asked back nor came back.
#[must_use]
pub const fn unmended(row: &order_line::Model) -> i64 {
    let left = row.kit_surplus - row.recalling - row.returned;
    if left > 0 { left } else { 0 }
}

/// Units of a component that no whole kit can be made of any more, as the others are gone; `leaving` are those of a line that
/// are cancelled when the warehouse gives them back.
#[must_use]
pub fn left_over(order: &OrderRecord, number: i32, leaving: impl Fn(i32) -> i64) -> i64 {
    let Some(kit) = order.lines.get(&number).and_then(|line| line.row.kit_line) else { return 0 };
    let there = |(line, part): (i32, &LineRecord)| {
        let row = &part.row;
        (line, (row.kit_units, row.open + row.reserved + row.released - leaving(line)))
    };
    let (lines, parts): (Vec<i32>, Vec<(i64, i64)>) = components(order, kit).map(there).unzip();
    lines.iter().position(|line| *line == number).map_or(0, |own| kit::left_over(&parts, own))
}

/// How many kits wait whole; `None` when none does, or components are out of proportion.
#[must_use]
pub fn wait_whole<'r>(parts: impl Iterator<Item = &'r order_line::Model>) -> Option<i64> {
    kit::waits_whole(&parts.map(|row| (row.kit_units, row.open - row.drop_ship_confirmed)).collect::<Vec<_>>())
}

/// Refuses a command that would change a component of a kit and leave the others.
///
/// # Errors
/// [`Error::InKit`].
pub fn refuse_component(row: &order_line::Model) -> Result<(), Error> {
    match row.kit_line {
        Some(kit) => Err(Error::InKit { order: row.order_id.clone(), line: row.line_number, kit }),
        None => Ok(()),
    }
}

/// What units of a line are worth in nano-units of the order's currency. `None` without a price.
#[must_use]
pub fn worth(row: &order_line::Model, units: i64) -> Option<i128> {
    match row.kit_price_nanos {
        Some(share) => kit::value(share, row.kit_units, units).map(i128::from),
        None => row.price_nanos.map(|price| i128::from(price) * i128::from(units)),
    }
}

/// The quantities of a component's row.
#[must_use]
pub const fn component(row: &order_line::Model) -> Component {
    Component {
        per_kit: row.kit_units,
        ordered: row.ordered,
        covered: row.reserved + row.released,
        shipped: row.shipped,
        returned: row.returned,
        cancelled: row.cancelled,
        refused: row.refused,
        filled_at_once: row.filled_at_once,
        backordered: row.backordered,
    }
}

/// The kits of an order in view of its lines. None when the lines were not asked for.
///
/// # Errors
/// As [`of`].
pub fn messages(order: &customer_order::Model, lines: &[pb::OrderLine]) -> Result<Vec<pb::OrderKit>, StorageError> {
    if order.kits.is_empty() || lines.is_empty() {
        return Ok(Vec::new());
    }
    Ok(of(order)?.iter().map(|kit| message(order, kit, lines)).collect())
}

fn message(order: &customer_order::Model, kit: &Kit, lines: &[pb::OrderLine]) -> pb::OrderKit {
    let name = line_name(&order.id, kit.number);
    let parts: Vec<&pb::OrderLine> = lines.iter().filter(|line| line.kit == name).collect();
    let figures = KitFigures::of(&parts.iter().map(|line| component_of(line)).collect::<Vec<_>>());
    pb::OrderKit {
        item: format!("items/{}", kit.item),
        ordered_unit: kit.unit.clone(),
        ordered_unit_quantity: kit.unit_quantity,
        base_units_per_unit: kit.base_units,
        requested: figures.requested,
        ordered: figures.ordered,
        open: figures.open,
        covered: figures.covered,
        shipped: figures.shipped,
        returned: figures.returned,
        cancelled: figures.cancelled,
        refused: figures.refused,
        filled_at_once: figures.filled_at_once,
        backordered: figures.backordered,
        unit_price: money(&order.currency_code, kit.price_nanos),
        unit_cost: cost(&parts),
        components: parts.iter().map(|line| line.name.clone()).collect(),
        requested_date: parts.first().and_then(|line| line.requested_date.clone()),
        original_promised_date: last(&parts, |line| line.original_promised_date.as_ref()),
        current_promised_date: last(&parts, |line| line.current_promised_date.as_ref()),
        name,
    }
}

const fn component_of(line: &pb::OrderLine) -> Component {
    Component {
        per_kit: line.units_per_kit,
        ordered: line.ordered,
        covered: line.reserved + line.released,
        shipped: line.shipped,
        returned: line.returned,
        cancelled: line.cancelled,
        refused: line.refused,
        filled_at_once: line.filled_at_once,
        backordered: line.backordered,
    }
}

/// What the components of one kit cost; `None` when it is not known of one, or their currencies differ.
fn cost(parts: &[&pb::OrderLine]) -> Option<common::Money> {
    let mut sum: Option<(i128, &str)> = None;
    for line in parts {
        let cost = line.unit_cost.as_ref()?;
        let nanos = i128::from(cost.units) * 1_000_000_000 + i128::from(cost.nanos);
        let (so_far, currency) = sum.unwrap_or((0, &cost.currency_code));
        if currency != cost.currency_code {
            return None;
        }
        sum = Some((so_far + nanos * i128::from(line.units_per_kit), currency));
    }
    let (nanos, currency) = sum?;
    money(currency, i64::try_from(nanos).ok())
}

/// The latest day of all parts; `None` when it is not known of one.
fn last<'a>(
    parts: &[&'a pb::OrderLine],
    day: impl Fn(&'a pb::OrderLine) -> Option<&'a common::ZonedDate>,
) -> Option<common::ZonedDate> {
    let days = parts.iter().map(|line| day(line)).collect::<Option<Vec<_>>>()?;
    let key = |zoned: &&common::ZonedDate| zoned.date.map(|date| (date.year, date.month, date.day));
    days.into_iter().max_by_key(key).cloned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[test]
    fn kits_survive_the_row_of_their_order() {
        let kit = |number, price_nanos| Kit {
            number,
            item: "set:tea|for two".to_owned(),
            unit: "CASE OF 2".to_owned(),
            unit_quantity: 3,
            base_units: 2,
            price_nanos,
        };
        let kits = vec![kit(1, Some(10_000_000_001)), kit(7, None)];
        let order = customer_order::Model { kits: text(&kits), ..customer_order::Model::default() };
        assert_eq!(of(&order).unwrap(), kits);
        assert!(of(&customer_order::Model { kits: "1\tset".to_owned(), ..order }).is_err());
        assert!(of(&customer_order::Model::default()).unwrap().is_empty());
    }
}
