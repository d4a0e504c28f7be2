//! Lines that replace units which came back: the same item, price and wishes as a new line of the order.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use backorder_domain::{
    ids::{InvalidId, ItemId, LocationId},
    money::{CurrencyCode, Money},
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
    prepare::{Basis, Placing, reserve_line},
    take_back::ReturnedUnits,
};
use crate::{
    catalog::{ItemCopy, Places},
    error::Error,
    order::{Book, LineRecord, key::LINE_NUMBER_MAX, shortage, texts, wishes},
    rules::RuleSet,
    saga::{Call, PlannedLine, call::Kind},
    store::{
        entity::{customer_order, order_line},
        orders::{insert_lines, last_line_numbers_in_tx, lines_by_key},
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
        // The item of a line never changes. A line that is not there is refused when the orders are locked.
        let lines = lines_by_key(self.store().reader(), &keys).await?;
        let items = lines.values().map(|line| (line.item_id.as_str(), String::new())).collect();
        Ok(Some(Again {
            items: self.catalog().items(&items).await?,
            places: self.catalog().places().await?,
            rules: self.rules().current().await?,
            now: self.now(),
        }))
    }
}

impl Again {
    /// The lines that replace what comes back, in the order of the request.
    pub(super) async fn lines_in_tx(
        &self,
        tx: &WriteTx<'_>,
        book: &Book,
        returned: &[ReturnedUnits],
    ) -> Result<Vec<order_line::Model>, Error> {
        let orders: BTreeSet<&str> = returned.iter().map(|line| line.order.as_str()).collect();
        let mut last: BTreeMap<String, i32> = last_line_numbers_in_tx(tx, &orders).await?;
        let mut lines = Vec::new();
        for (index, returned) in returned.iter().enumerate().filter(|(_, returned)| returned.replace) {
            let order = book.orders.get(&returned.order).ok_or_else(|| Error::no_order(&returned.order))?;
            let no_line = || Error::no_line(&returned.order, returned.line);
            let replaced = order.lines.get(&returned.line).ok_or_else(no_line)?;
            let number = last.entry(returned.order.clone()).or_default();
            *number += 1;
            if *number > LINE_NUMBER_MAX {
                return Err(Error::invalid(
                    format!("lines[{index}].replace"),
                    "the order has no number left for a line",
                ));
            }
            lines.push(self.line(&order.row, &replaced.row, *number, returned.quantity, index)?);
        }
        Ok(lines)
    }

    fn line(
        &self,
        order: &customer_order::Model,
        replaced: &order_line::Model,
        number: i32,
        quantity: Quantity,
        index: usize,
    ) -> Result<order_line::Model, Error> {
        let draft = same_again(order, replaced, number, quantity)?;
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
        row.updated_at = columns::micros(self.now);
        Ok(row)
    }
}

/// The same wishes again, from today on. It goes by itself: what went with the line before has left.
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
pub(super) fn call(added: &[order_line::Model], at: Timestamp, who: &Who) -> Option<Call> {
    let request = inventory::ReserveStockRequest {
        lines: added.iter().map(|row| reserve_line(row, Placing::Firm)).collect(),
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
