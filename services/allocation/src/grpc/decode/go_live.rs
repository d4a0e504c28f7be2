//! Requests of `GoLiveService`.

use std::collections::{BTreeMap, BTreeSet};

use backorder_domain::{ids::OrderId, order::go_live::History, quantity::Quantity};
use backorder_proto::{
    allocation::v1 as pb,
    convert::{
        Violations,
        decode::{self, path},
    },
};

use super::draft::draft;
use crate::{
    use_cases::{
        go_live::{ConfirmGoLive, ImportOpenOrders, OpenLine, OpenOrder, Taken},
        orders::Draft,
    },
    write::Who,
};

/// Orders in one call at most.
const ORDERS_MAX: usize = 500;
/// Lines of all orders of a call at most.
const LINES_MAX: usize = 2_000;
/// Bytes in the id of an import at most.
const IMPORT_BYTES_MAX: usize = 100;

/// The id of an import.
pub fn import_id(name: &str, field: &str, violations: &mut Violations) -> Option<String> {
    let id = name.strip_prefix("imports/").filter(|id| {
        let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && c != '/';
        !id.is_empty() && id.len() <= IMPORT_BYTES_MAX && id.chars().all(is_plain)
    });
    if id.is_none() {
        let form = "must have the form imports/{id}, the id of 1 to 100 bytes without white space and slashes";
        violations.push(field, form);
    }
    id.map(str::to_owned)
}

/// The confirmation of go-live.
pub fn confirm_go_live(r: &pb::ConfirmGoLiveRequest, violations: &mut Violations) -> Option<ConfirmGoLive> {
    let import = import_id(&r.name, "name", violations);
    let who = Who::decode_with_reason(r.context.as_ref(), violations);
    Some(ConfirmGoLive { import: import?, who: who? })
}

/// Open orders, each for itself: what is wrong with one is no fault of the request.
pub fn import_open_orders(r: &pb::ImportOpenOrdersRequest, violations: &mut Violations) -> Option<ImportOpenOrders> {
    let import = import_id(&r.import, "import", violations);
    let who = Who::decode(r.context.as_ref(), violations);
    if !decode::count(r.orders.len(), ORDERS_MAX, "orders", violations) {
        return None;
    }
    let lines: usize = r.orders.iter().map(|order| order.lines.len()).sum();
    if lines > LINES_MAX {
        violations.push("orders", format!("must have at most {LINES_MAX} lines in all"));
        return None;
    }
    let mut seen = BTreeSet::new();
    let orders = r.orders.iter().map(|order| {
        let id = order.order.as_ref().map(|draft| draft.order_id.clone()).unwrap_or_default();
        let mut faults = Violations::new();
        if !seen.insert(id.clone()) {
            faults.push("order.order_id", "must not stand twice in a request");
        }
        let decoded = open_order(order, &mut faults);
        Taken { id, order: faults.finish_with(decoded).map(Box::new) }
    });
    Some(ImportOpenOrders { orders: orders.collect(), import: import?, who: who? })
}

fn open_order(message: &pb::OpenOrder, violations: &mut Violations) -> Option<OpenOrder> {
    let order = draft(message.order.as_ref(), violations);
    let id = message.order.as_ref().map(|draft| draft.order_id.as_str()).unwrap_or_default();
    if id.is_empty() {
        violations.push("order.order_id", "must be set");
    }
    let has_time = message.order.as_ref().is_some_and(|draft| draft.order_time.is_some());
    if !has_time {
        violations.push("order.order_time", "must be set");
    }
    let lines: Vec<Option<(i32, OpenLine)>> =
        message.lines.iter().enumerate().map(|(index, line)| open_line(index, line, violations)).collect();
    let lines: Vec<(i32, OpenLine)> = lines.into_iter().collect::<Option<_>>()?;
    let order = Draft { quantities_stand: true, ..order? };
    let lines = lines_of(&order, lines, violations);
    Some(OpenOrder { id: OrderId::try_new(id).ok()?, draft: order, lines, message: message.clone() })
}

/// The open lines in the order of the lines of the draft, each of which has one.
fn lines_of(order: &Draft, lines: Vec<(i32, OpenLine)>, violations: &mut Violations) -> Vec<OpenLine> {
    let known: BTreeSet<i32> = order.lines.iter().map(|line| line.number).collect();
    let mut by_number: BTreeMap<i32, OpenLine> = BTreeMap::new();
    for (number, line) in lines {
        let field = path("lines", line.index, "line_number");
        if !known.contains(&number) {
            violations.push(field, format!("{number} is no line of the order"));
        } else if by_number.insert(number, line).is_some() {
            violations.push(field, format!("{number} must not stand twice"));
        }
    }
    for number in known.iter().filter(|number| !by_number.contains_key(number)) {
        violations.push("lines", format!("line {number} of the order is missing"));
    }
    order.lines.iter().filter_map(|line| by_number.remove(&line.number)).collect()
}

fn open_line(index: usize, line: &pb::OpenLine, violations: &mut Violations) -> Option<(i32, OpenLine)> {
    let at = |field: &str| path("lines", index, field);
    let mut units = |units: i64, field: &str| decode::quantity_or_zero(units, &at(field), violations);
    let shipped = units(line.shipped, "shipped");
    let cancelled = units(line.cancelled, "cancelled");
    let reserved = units(line.reserved, "reserved");
    let returned = units(line.returned, "returned");
    let waiting = line.waiting.map(|number| units(number, "waiting"));
    let filled_at_once = line.filled_at_once.map(|number| units(number, "filled_at_once"));
    let backordered = line.backordered.map(|number| units(number, "backordered"));
    let queue_time = decode::timestamp_if_set(line.queue_time.as_ref(), &at("queue_time"), violations);
    let mut day = |date, field: &str| decode::date_if_set(date, &at(field), violations);
    let original_promised = day(line.original_promised_date.as_ref(), "original_promised_date");
    let promised = day(line.promised_date.as_ref(), "promised_date");
    let shipped_on = day(line.ship_date.as_ref(), "ship_date");
    let shipped_from = if line.shipped_from.is_empty() {
        Some(None)
    } else {
        decode::location_name(&line.shipped_from, &at("shipped_from"), violations).map(Some)
    };
    let unit = decode::text(&line.unit, super::UNIT_BYTES_MAX, &at("unit"), violations);
    let history = History {
        ordered: Quantity::ZERO,
        shipped: shipped?,
        cancelled: cancelled?,
        reserved: reserved?,
        waiting: said(waiting)?,
        returned: returned?,
        filled_at_once: said(filled_at_once)?,
        backordered: said(backordered)?,
    };
    let open = OpenLine {
        index,
        history,
        unit: unit?,
        queue_time: queue_time?,
        original_promised: original_promised?,
        promised: promised?,
        shipped: shipped_on?,
        shipped_from: shipped_from?,
    };
    Some((line.line_number, open))
}

/// A number that may be given: `None` when it is given and wrong.
#[expect(clippy::option_option, reason = "inside: given or not, outside: right or wrong")]
fn said(number: Option<Option<Quantity>>) -> Option<Option<Quantity>> {
    match number {
        None => Some(None),
        Some(number) => number.map(Some),
    }
}
