//! Lines that replace units which came back: the same item, price and wishes as a new line of the order, or a new kit.

use std::collections::{BTreeMap, BTreeSet, HashMap, btree_map::Entry};
use std::sync::Arc;

use backorder_domain::{
    ids::{InvalidId, ItemId, LocationId},
    money::{CurrencyCode, Money},
    order::{kit::units_of, ship_set},
    quantity::Quantity,
};
use backorder_proto::{
    convert::{Violations, encode},
    inventory::v1 as inventory,
};
use backorder_storage::{Batch, StorageError, WriteTx, columns};
use jiff::Timestamp;

use super::{
    DraftLine, TakeBack,
    prepare::{Basis, Placing, characteristics_of, reserve_line},
    returned::ReturnedUnits,
};
use crate::{
    catalog::{ItemCopy, Places},
    error::Error,
    order::{
        Book, LineRecord,
        key::LINE_NUMBER_MAX,
        kits::{self, Kit, Part},
        shortage, texts, wishes,
    },
    rules::RuleSet,
    saga::{Call, PlannedKits, PlannedLine, call::Kind},
    store::{
        entity::{customer_order, order_line},
        orders::{components_by_kit, find_orders, insert_lines, last_line_numbers_in_tx, lines_by_key},
    },
    use_cases::UseCases,
    write::Who,
};

/// What lines that are added are made of, read before the orders are locked.
pub(super) struct Again {
    items: HashMap<String, Arc<ItemCopy>>,
    places: Arc<Places>,
    rules: Arc<RuleSet>,
    now: Timestamp,
}

impl UseCases {
    /// Reads what is needed to replace what comes back; `None` when nothing is to be replaced.
    pub(super) async fn what_is_needed_again(&self, returned: &TakeBack) -> Result<Option<Again>, Error> {
        let replaced = returned.lines.iter().filter(|line| line.replace);
        let keys: BTreeSet<_> = replaced.map(|line| (line.order.clone(), line.line)).collect();
        if keys.is_empty() {
            return Ok(None);
        }
        // The item of a line or kit never changes. A line that is not there is refused when the orders are locked.
        let reader = self.store().reader();
        let mut lines: Vec<_> = lines_by_key(reader, &keys).await?.into_values().collect();
        let components = components_by_kit(reader, &keys).await?;
        let of_kits: BTreeSet<String> = components.iter().map(|line| line.order_id.clone()).collect();
        let kits: Vec<Kit> =
            find_orders(reader, &of_kits).await?.iter().map(kits::of).collect::<Result<Vec<_>, _>>()?.concat();
        lines.extend(components);
        let items = lines.iter().map(|line| &line.item_id).chain(kits.iter().map(|kit| &kit.item));
        let items = items.map(|item| (item.as_str(), String::new())).collect();
        Ok(Some(Again {
            items: self.catalog().items(&items).await?,
            places: self.catalog().places().await?,
            rules: self.rules().current().await?,
            now: self.now(),
        }))
    }
}

/// What is added to orders.
#[derive(Default)]
pub(super) struct Added {
    /// The lines, in the order of the request.
    pub(super) lines: Vec<order_line::Model>,
    /// The kits of those orders of which a kit is replaced.
    pub(super) kits: Vec<PlannedKits>,
}

impl Again {
    /// The lines that replace what comes back, in the order of the request. A kit is replaced by a kit of the same components.
    pub(super) async fn lines_in_tx(
        &self,
        tx: &WriteTx<'_>,
        book: &Book,
        returned: &[ReturnedUnits],
    ) -> Result<Added, Error> {
        let orders: BTreeSet<&str> = returned.iter().map(|line| line.order.as_str()).collect();
        let mut last: BTreeMap<String, i32> = last_line_numbers_in_tx(tx, &orders).await?;
        let mut kits: BTreeMap<&str, Vec<Kit>> = BTreeMap::new();
        let mut lines = Vec::new();
        for (index, returned) in returned.iter().enumerate().filter(|(_, returned)| returned.replace) {
            let order = book.orders.get(&returned.order).ok_or_else(|| Error::no_order(&returned.order))?;
            let mut next = || next_number(&mut last, &returned.order, index);
            let Some(kit) = kits::of(&order.row)?.into_iter().find(|kit| kit.number == returned.line) else {
                let no_line = || Error::no_line(&returned.order, returned.line);
                let replaced = order.lines.get(&returned.line).ok_or_else(no_line)?;
                lines.push(self.line(&order.row, &replaced.row, (next()?, None), returned.quantity, index)?);
                continue;
            };
            let again = Kit { number: next()?, ..kit.of_base_units(returned.quantity) };
            for (_, component) in kits::components(order, returned.line) {
                let row = &component.row;
                let (number, part) = (next()?, part_again(row, &again)?);
                let quantity = units_of(returned.quantity, row.kit_units).unwrap_or_default();
                lines.push(self.line(&order.row, row, (number, Some(part)), quantity, index)?);
            }
            let all = match kits.entry(&returned.order) {
                Entry::Vacant(vacant) => vacant.insert(kits::of(&order.row)?),
                Entry::Occupied(occupied) => occupied.into_mut(),
            };
            all.push(again);
        }
        let kits =
            kits.into_iter().map(|(order, kits)| PlannedKits { order: order.to_owned(), kits: kits::text(&kits) });
        Ok(Added { lines, kits: kits.collect() })
    }

    fn line(
        &self,
        order: &customer_order::Model,
        replaced: &order_line::Model,
        (number, part): (i32, Option<Part>),
        quantity: Quantity,
        index: usize,
    ) -> Result<order_line::Model, Error> {
        let set = part.as_ref().map(|part| ship_set::of_kit(part.kit)).unwrap_or_default();
        let draft = DraftLine { part, ..same_again(order, replaced, number, quantity)? };
        let (places, rules) = (&*self.places, &*self.rules);
        let barriers = rules.held_customers.get(&order.customer).copied().unwrap_or_default();
        let basis = Basis {
            barriers,
            order,
            items: &self.items,
            places,
            rules,
            quantities_stand: true,
            ordered_at: self.now,
            now: self.now,
        };
        let mut violations = Violations::new();
        let row = basis.line_row(&draft, index, &mut violations);
        violations.finish()?;
        let mut row = row.ok_or_else(|| Error::no_line(&order.id, replaced.line_number))?;
        row.replaces_line = Some(replaced.line_number);
        row.set_name = set;
        row.updated_at = columns::micros(self.now);
        Ok(row)
    }
}

fn next_number(last: &mut BTreeMap<String, i32>, order: &str, index: usize) -> Result<i32, Error> {
    let number = last.entry(order.to_owned()).or_default();
    *number += 1;
    if *number > LINE_NUMBER_MAX {
        return Err(Error::invalid(format!("lines[{index}].replace"), "the order has no number left for a line"));
    }
    Ok(*number)
}

/// What a component is of the kit that replaces its own.
fn part_again(replaced: &order_line::Model, kit: &Kit) -> Result<Part, Error> {
    let item = ItemId::try_new(&kit.item).map_err(invalid)?;
    Ok(Part { kit: kit.number, item, units: replaced.kit_units, price_nanos: replaced.kit_price_nanos })
}

/// The same wishes again, from today on. It goes by itself, or with its kit: what went with the line before has left.
fn same_again(
    order: &customer_order::Model,
    replaced: &order_line::Model,
    number: i32,
    quantity: Quantity,
) -> Result<DraftLine, Error> {
    let money = |nanos: Option<i64>, currency: &str| {
        nanos.zip(CurrencyCode::try_new(currency).ok()).map(|(nanos, currency)| Money { currency, nanos })
    };
    let locations = texts::locations_of(&replaced.locations).map(LocationId::try_new).collect::<Result<_, _>>();
    Ok(DraftLine {
        number,
        item: item_of(replaced)?,
        unit: String::new(),
        quantity,
        locations: locations.map_err(invalid)?,
        requested: None,
        price: money(replaced.price_nanos, &order.currency_code),
        cost: money(replaced.cost_nanos, &replaced.cost_currency),
        instruction: shortage::instruction(replaced)?,
        ship_set: String::new(),
        substitution_allowed: replaced.substitution_allowed,
        notify_before_short: replaced.notify_before_short,
        part: None,
        wish: wishes::of(replaced)?,
    })
}

fn item_of(line: &order_line::Model) -> Result<ItemId, Error> {
    Ok(ItemId::try_new(&line.item_id).map_err(invalid)?)
}

fn invalid(error: InvalidId) -> StorageError {
    StorageError::InvalidRow { table: "order_line", detail: error.to_string() }
}

/// The lines as a plan names them.
pub(super) fn planned_lines(added: &[order_line::Model]) -> Vec<PlannedLine> {
    let planned = |row: &order_line::Model| PlannedLine {
        order: row.order_id.clone(),
        line: row.line_number,
        part: 1,
        quantity: row.ordered,
    };
    added.iter().map(planned).collect()
}

/// The call for stock for lines that are added; `None` when there are none.
pub(super) fn call(added: &[order_line::Model], book: &Book, at: Timestamp, who: &Who) -> Option<Call> {
    let line = |row: &order_line::Model| inventory::ReserveLine {
        characteristics: book.orders.get(&row.order_id).map(|order| characteristics_of(&order.row)).unwrap_or_default(),
        ..reserve_line(row, Placing::Firm)
    };
    let request = inventory::ReserveStockRequest {
        lines: added.iter().map(line).collect(),
        effective_time: Some(encode::timestamp(at)),
        context: Some(who.message()),
        ..inventory::ReserveStockRequest::default()
    };
    (!added.is_empty()).then(|| Call::new(Kind::Reserve(request)))
}

/// Adds lines to the book, and to what is written.
pub(super) fn add(batch: &mut Batch, book: &mut Book, added: Vec<order_line::Model>) {
    for row in &added {
        if let Some(order) = book.orders.get_mut(&row.order_id) {
            order.lines.insert(row.line_number, LineRecord::new(row.clone()));
        }
    }
    if !added.is_empty() {
        insert_lines(batch, added);
    }
}
