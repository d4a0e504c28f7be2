//! An order as a customer gives it.

use std::collections::BTreeSet;

use backorder_domain::{
    ids::{BatchId, LocationId, OrderId},
    money::NANOS_PER_UNIT,
    stock::wish::Wish,
    time::time_zone,
};
use backorder_proto::{
    allocation::v1 as pb,
    common::v1::{DateBasis, ZonedDate},
    convert::{Violations, allocation as convert, decode, inventory::SHELF_LIFE_DAYS_MAX},
};

use super::if_set;

use crate::{
    order::key::LINE_NUMBER_MAX,
    use_cases::orders::{Draft, DraftHold, DraftLine, RequestedDate},
};

/// Bytes in an order's id at most.
const ORDER_ID_BYTES_MAX: usize = 150;
/// Lines of an order at most.
const LINES_MAX: usize = 2_000;
/// Candidate locations of a line at most.
const LOCATIONS_MAX: usize = 50;

/// The draft of a request.
pub fn draft(order: Option<&pb::OrderDraft>, violations: &mut Violations) -> Option<Draft> {
    let order = decode::required(order, "order", violations)?;
    let order_id = order_id(&order.order_id, violations);
    let customer = decode::text(&order.customer, 200, "order.customer", violations);
    let tier = decode::text(&order.customer_tier, 50, "order.customer_tier", violations);
    let channel = decode::text(&order.channel, 50, "order.channel", violations);
    let ship_to = decode::text(&order.ship_to, 200, "order.ship_to", violations);
    let zone = decode::text(&order.destination_zone, 50, "order.destination_zone", violations);
    let service = decode::text(&order.service, 100, "order.service", violations);
    let order_time = decode::timestamp_if_set(order.order_time.as_ref(), "order.order_time", violations);
    if order.company_rate_nanos < 0 {
        violations.push("order.company_rate_nanos", "must not be negative");
    }
    let rate = if order.company_rate_nanos == 0 { NANOS_PER_UNIT } else { order.company_rate_nanos };
    let lines = lines(&order.lines, violations);
    let holds = holds(&order.holds, violations);
    Some(Draft {
        order_id: order_id?,
        customer: customer?,
        tier: tier?,
        channel: channel?,
        ship_to: ship_to?,
        destination_zone: zone?,
        service: service?,
        order_time: order_time?,
        company_rate_nanos: rate,
        lines: lines?,
        quantities_stand: false,
        holds: holds?,
        message: order.clone(),
    })
}

#[expect(clippy::option_option, reason = "outside: decoded or refused, inside: given or absent")]
fn order_id(id: &str, violations: &mut Violations) -> Option<Option<OrderId>> {
    if id.is_empty() {
        return Some(None);
    }
    if id.len() > ORDER_ID_BYTES_MAX {
        violations.push("order.order_id", format!("must be at most {ORDER_ID_BYTES_MAX} bytes"));
        return None;
    }
    decode::checked(OrderId::try_new(id), "order.order_id", violations).map(Some)
}

fn holds(holds: &[pb::HoldDraft], violations: &mut Violations) -> Option<Vec<DraftHold>> {
    let mut seen = BTreeSet::new();
    let decoded: Vec<Option<DraftHold>> = holds
        .iter()
        .enumerate()
        .map(|(index, hold)| {
            let at = |field: &str| decode::path("order.holds", index, field);
            let hold_type = convert::hold_type_of(hold.r#type, &at("type"), violations);
            let until = decode::timestamp_if_set(hold.until_time.as_ref(), &at("until_time"), violations);
            let hold_type = hold_type?;
            if !seen.insert(hold_type) {
                violations.push(at("type"), "must not be given twice");
            }
            let blocks_allocation = hold.blocks_allocation.unwrap_or_else(|| hold_type.blocks_allocation());
            Some(DraftHold { hold_type, blocks_allocation, until: until? })
        })
        .collect();
    decoded.into_iter().collect()
}

fn lines(lines: &[pb::OrderLineDraft], violations: &mut Violations) -> Option<Vec<DraftLine>> {
    if !decode::count(lines.len(), LINES_MAX, "order.lines", violations) {
        return None;
    }
    let mut numbers = BTreeSet::new();
    let mut currency = None;
    let mut decoded = Vec::with_capacity(lines.len());
    for (index, line) in lines.iter().enumerate() {
        let Some(line) = draft_line(line, index, violations) else { continue };
        if !numbers.insert(line.number) {
            let field = decode::path("order.lines", index, "line_number");
            violations.push(field, format!("{} must not stand twice", line.number));
        }
        if let Some(price) = line.price
            && *currency.get_or_insert(price.currency) != price.currency
        {
            let field = decode::path("order.lines", index, "unit_price.currency_code");
            violations.push(field, "must be the currency of the other prices");
        }
        decoded.push(line);
    }
    (decoded.len() == lines.len()).then_some(decoded)
}

fn draft_line(line: &pb::OrderLineDraft, index: usize, violations: &mut Violations) -> Option<DraftLine> {
    let at = |field: &str| decode::path("order.lines", index, field);
    let number = line_number(line.line_number, index, violations);
    let item = decode::item_name(&line.item, &at("item"), violations);
    let unit = decode::text(&line.ordered_unit, super::UNIT_BYTES_MAX, &at("ordered_unit"), violations);
    let quantity = decode::quantity(line.quantity, &at("quantity"), violations);
    let locations = locations(&line.locations, index, violations);
    let requested = requested_date(line.requested_date.as_ref(), &at("requested_date"), violations);
    let price = match &line.unit_price {
        None => Some(None),
        price => decode::price(price.as_ref(), &at("unit_price"), violations).map(Some),
    };
    let cost = match &line.unit_cost {
        None => Some(None),
        cost => decode::price(cost.as_ref(), &at("unit_cost"), violations).map(Some),
    };
    let instruction =
        convert::shortage_instruction_of(line.shortage_instruction, &at("shortage_instruction"), violations);
    let ship_set = decode::text(&line.ship_set, 50, &at("ship_set"), violations);
    let wish = wish(line, &at, violations);
    Some(DraftLine {
        number: number?,
        item: item?,
        unit: unit?,
        quantity: quantity?,
        locations: locations?,
        requested: requested?,
        price: price?,
        cost: cost?,
        instruction: instruction?,
        ship_set: ship_set?,
        substitution_allowed: line.substitution_allowed,
        notify_before_short: line.notify_before_short,
        part: None,
        wish: wish?,
    })
}

/// What the customer asks of the units. Nobody knows it of what would be sent in their place.
fn wish(line: &pb::OrderLineDraft, at: &dyn Fn(&str) -> String, violations: &mut Violations) -> Option<Wish> {
    let batch = if_set(&line.batch, |batch| decode::checked(BatchId::try_new(batch), &at("batch"), violations));
    let field = at("min_remaining_shelf_life_days");
    let days = u16::try_from(line.min_remaining_shelf_life_days).ok().filter(|days| *days <= SHELF_LIFE_DAYS_MAX);
    if days.is_none() {
        violations.push(field, format!("must be between 0 and {SHELF_LIFE_DAYS_MAX}"));
    }
    let wish = Wish { batch: batch?, shelf_life_days: days? };
    if !wish.is_none() && line.substitution_allowed {
        violations.push(at("substitution_allowed"), "must not be set for a line that asks for a batch or a shelf life");
    }
    Some(wish)
}

fn line_number(number: i32, index: usize, violations: &mut Violations) -> Option<i32> {
    match number {
        0 => i32::try_from(index + 1).ok(),
        1..=LINE_NUMBER_MAX => Some(number),
        _ => {
            let field = decode::path("order.lines", index, "line_number");
            violations.push(field, format!("must be between 1 and {LINE_NUMBER_MAX}"));
            None
        }
    }
}

fn locations(names: &[String], index: usize, violations: &mut Violations) -> Option<Vec<LocationId>> {
    let field = decode::path("order.lines", index, "locations");
    if names.len() > LOCATIONS_MAX {
        violations.push(field, format!("must have at most {LOCATIONS_MAX} elements"));
        return None;
    }
    let mut decoded: Vec<LocationId> = Vec::with_capacity(names.len());
    for (place, name) in names.iter().enumerate() {
        let path = decode::path(&field, place, "");
        let location = decode::location_name(name, &path, violations)?;
        if decoded.contains(&location) {
            violations.push(path, "must not be named twice");
            return None;
        }
        decoded.push(location);
    }
    Some(decoded)
}

/// A date that a customer wants the goods on, if one is given.
#[expect(clippy::option_option, reason = "outside: decoded or refused, inside: given or absent")]
pub fn requested_date(
    date: Option<&ZonedDate>,
    field: &str,
    violations: &mut Violations,
) -> Option<Option<RequestedDate>> {
    let Some(zoned) = date else { return Some(None) };
    let date = decode::date(zoned.date.as_ref(), &format!("{field}.date"), violations);
    let basis = decode::known_enum::<DateBasis>(zoned.basis, &format!("{field}.basis"), violations);
    if !zoned.time_zone.is_empty() {
        decode::checked(time_zone(&zoned.time_zone), &format!("{field}.time_zone"), violations)?;
    }
    let basis = match basis? {
        DateBasis::Unspecified | DateBasis::Ship => DateBasis::Ship,
        DateBasis::Deliver => DateBasis::Deliver,
    };
    Some(Some(RequestedDate { date: date?, basis, time_zone: zoned.time_zone.clone() }))
}
