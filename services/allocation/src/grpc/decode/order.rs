//! Requests of `OrderService`.

use std::collections::BTreeSet;

use backorder_domain::{ids::OrderId, quantity::Quantity};
use backorder_proto::{
    allocation::v1 as pb,
    convert::{Violations, allocation::order_state_of, decode},
};
use jiff::SignedDuration;

pub use super::draft::draft;
use super::draft::requested_date;
use crate::{
    order::key,
    store::orders::ListFilter,
    use_cases::orders::{
        Amend, Cancel, Confirm, Consent, LineAmount, PickedOfLine, Place, Quote, ReturnedApart, ReturnedUnits, Ship,
        Substitute, TakeBack,
    },
    write::Who,
};

/// Lines in one shipment at most.
const SHIPPED_MAX: usize = 2_000;
/// Lines in one cancellation at most: those of an order.
const CANCELLED_MAX: usize = 2_000;
/// Lines in one return at most.
const RETURNED_MAX: usize = 1_000;
/// As long as an owner of stock may be.
const OWNER_BYTES_MAX: usize = 200;
/// The longest text of how a customer agreed.
const CONSENT_BYTES_MAX: usize = 500;
/// The longest life of a quote in seconds: 90 days.
const QUOTE_SECONDS_MAX: i64 = 90 * 24 * 60 * 60;

/// The order's id.
pub fn get(r: &pb::GetOrderRequest, violations: &mut Violations) -> Option<OrderId> {
    decode::order_name(&r.name, "name", violations)
}

/// Which orders are listed.
pub fn list(r: &pb::ListOrdersRequest, violations: &mut Violations) -> Option<ListFilter> {
    let state = decode::known_enum::<pb::OrderState>(r.state, "state", violations);
    let customer = decode::text(&r.customer, 200, "customer", violations);
    Some(ListFilter { state: order_state_of(state?).map(|state| state.as_str()), customer: customer? })
}

/// The place after which a page of orders begins.
pub fn order_place(key: &str) -> Option<(i64, &str)> {
    let (time, id) = key.split_once(' ')?;
    Some((time.parse().ok()?, id))
}

/// An order to place.
pub fn place(r: &pb::PlaceOrderRequest, violations: &mut Violations) -> Option<Place> {
    let draft = draft(r.order.as_ref(), violations);
    let who = Who::decode(r.context.as_ref(), violations);
    Some(Place { draft: draft?, who: who? })
}

/// An order to quote.
pub fn quote(r: &pb::QuoteOrderRequest, violations: &mut Violations) -> Option<Quote> {
    let draft = draft(r.order.as_ref(), violations);
    let time_to_live = decode::required(r.time_to_live.as_ref(), "time_to_live", violations);
    let time_to_live = time_to_live.and_then(|duration| {
        let whole = (0..1_000_000_000).contains(&duration.nanos).then_some(duration.seconds);
        let lasts = whole.filter(|seconds| {
            (1..QUOTE_SECONDS_MAX).contains(seconds) || (*seconds == QUOTE_SECONDS_MAX && duration.nanos == 0)
        });
        if lasts.is_none() {
            violations.push("time_to_live", "must be between 1 second and 90 days");
        }
        // Instants are kept in whole microseconds.
        lasts.map(|seconds| SignedDuration::new(seconds, duration.nanos / 1_000 * 1_000))
    });
    let who = Who::decode(r.context.as_ref(), violations);
    Some(Quote { draft: draft?, time_to_live: time_to_live?, who: who? })
}

/// A quote to confirm.
pub fn confirm(r: &pb::ConfirmQuoteRequest, violations: &mut Violations) -> Option<Confirm> {
    let order = decode::order_name(&r.name, "name", violations);
    let who = Who::decode(r.context.as_ref(), violations);
    Some(Confirm { order: order?.into_string(), who: who? })
}

/// What changes of a line.
pub fn amend(r: &pb::AmendOrderLineRequest, violations: &mut Violations) -> Option<Amend> {
    let line = line_of(&r.name, "name", violations);
    let quantity = match r.quantity {
        None => Some(None),
        Some(quantity) => decode::quantity(quantity, "quantity", violations).map(Some),
    };
    let requested = requested_date(r.requested_date.as_ref(), "requested_date", violations);
    if r.quantity.is_none() && r.requested_date.is_none() {
        violations.push("quantity", "must be set unless requested_date is");
    }
    let unit = decode::text(&r.unit, super::UNIT_BYTES_MAX, "unit", violations);
    if r.quantity.is_none() && !r.unit.is_empty() {
        violations.push("unit", "must be empty where no quantity is given");
    }
    let who = Who::decode(r.context.as_ref(), violations);
    let (order, line) = line?;
    Some(Amend { order, line, quantity: quantity?, unit: unit?, requested: requested?, who: who? })
}

/// What is cancelled.
pub fn cancel(r: &pb::CancelOrderLinesRequest, violations: &mut Violations) -> Option<Cancel> {
    let order = decode::order_name(&r.name, "name", violations);
    if r.lines.len() > CANCELLED_MAX {
        violations.push("lines", format!("must have at most {CANCELLED_MAX} elements"));
        return None;
    }
    let lines = amounts(&r.lines, violations);
    let who = Who::decode_with_reason(r.context.as_ref(), violations);
    let (order, lines) = (order?.into_string(), lines?);
    if let Some(index) = lines.iter().position(|line| line.order != order) {
        violations.push(decode::path("lines", index, "name"), format!("must be a line of orders/{order}"));
    }
    Some(Cancel { order, lines, who: who? })
}

/// What ships.
pub fn ship(r: &pb::ShipOrderLinesRequest, violations: &mut Violations) -> Option<Ship> {
    if !decode::count(r.lines.len(), SHIPPED_MAX, "lines", violations) {
        return None;
    }
    let lines = amounts(&r.lines, violations);
    let ship_time = decode::timestamp_if_set(r.ship_time.as_ref(), "ship_time", violations);
    let reference = decode::text(&r.reference, 200, "reference", violations);
    let details = super::shipment::details(r.details.as_ref(), violations);
    let picked = picked_lines(r, violations);
    let who = Who::decode(r.context.as_ref(), violations);
    Some(Ship {
        lines: lines?,
        picked: picked?,
        ship_time: ship_time?,
        reference: reference?,
        details: details?,
        who: who?,
    })
}

fn picked_lines(r: &pb::ShipOrderLinesRequest, violations: &mut Violations) -> Option<Vec<PickedOfLine>> {
    if r.lines.len() + r.picked.len() > SHIPPED_MAX {
        violations.push("picked", format!("must have at most {SHIPPED_MAX} elements with lines"));
        return None;
    }
    let decoded = r.picked.iter().enumerate().map(|(index, picked)| {
        let at = |field: &str| decode::path("picked", index, field);
        let line = line_of(&picked.name, &at("name"), violations);
        let location = super::if_set(&picked.location, |name| decode::location_name(name, &at("location"), violations));
        let units = decode::required(picked.units.as_ref(), &at("units"), violations)?;
        let units = super::shipment::picked(units, &|field| format!("{}.{field}", at("units")), violations);
        Some(PickedOfLine { line: line?, location: location?, units: units? })
    });
    let decoded: Vec<_> = decoded.collect();
    decoded.into_iter().collect()
}

/// Quantities of lines, each line once.
pub fn amounts(lines: &[pb::LineQuantity], violations: &mut Violations) -> Option<Vec<LineAmount>> {
    let mut seen = BTreeSet::new();
    let mut amounts = Vec::with_capacity(lines.len());
    for (index, line) in lines.iter().enumerate() {
        let name = line_of(&line.name, &decode::path("lines", index, "name"), violations);
        let quantity = decode::quantity_or_zero(line.quantity, &decode::path("lines", index, "quantity"), violations);
        let Some(((order, number), quantity)) = name.zip(quantity) else { continue };
        if !seen.insert((order.clone(), number)) {
            violations.push(decode::path("lines", index, "name"), "must not be named twice");
        }
        amounts.push(LineAmount { order, line: number, quantity });
    }
    (amounts.len() == lines.len()).then_some(amounts)
}

/// What comes back.
pub fn take_back(r: &pb::ReturnOrderLinesRequest, violations: &mut Violations) -> Option<TakeBack> {
    if !decode::count(r.lines.len(), RETURNED_MAX, "lines", violations) {
        return None;
    }
    let mut lines = Vec::with_capacity(r.lines.len());
    for (index, line) in r.lines.iter().enumerate() {
        lines.extend(returned(line, index, violations));
    }
    let return_time = decode::timestamp_if_set(r.return_time.as_ref(), "return_time", violations);
    let who = Who::decode_with_reason(r.context.as_ref(), violations);
    Some(TakeBack { lines, return_time: return_time?, who: who? })
}

fn returned(line: &pb::ReturnedLine, index: usize, violations: &mut Violations) -> Option<ReturnedUnits> {
    let at = |field: &str| decode::path("lines", index, field);
    let name = line_of(&line.name, &at("name"), violations);
    let quantity: Option<Quantity> = decode::quantity(line.quantity, &at("quantity"), violations);
    let location = decode::location_name(&line.location, &at("location"), violations);
    let disposition = decode::required_enum(line.disposition, &at("disposition"), violations);
    let batch = super::shipment::batch_or_none(&line.batch, &at("batch"), violations);
    let owner = decode::text(&line.owner, OWNER_BYTES_MAX, &at("owner"), violations);
    let unit = decode::text(&line.unit, super::UNIT_BYTES_MAX, &at("unit"), violations);
    let (order, number) = name?;
    let mut apart = Vec::with_capacity(line.components.len());
    for (place, component) in line.components.iter().enumerate() {
        apart.extend(returned_apart(component, &order, (index, place), violations));
    }
    Some(ReturnedUnits {
        order,
        line: number,
        quantity: quantity?,
        unit: unit?,
        location: location?,
        disposition: disposition?,
        replace: line.replace,
        batch: batch?,
        owner: owner?,
        apart,
    })
}

fn returned_apart(
    component: &pb::ReturnedComponent,
    order: &str,
    (index, place): (usize, usize),
    violations: &mut Violations,
) -> Option<ReturnedApart> {
    let at = |field: &str| decode::path("lines", index, &decode::path("components", place, field));
    let named = line_of(&component.name, &at("name"), violations);
    let quantity = decode::quantity_or_zero(component.quantity, &at("quantity"), violations);
    let location = super::if_set(&component.location, |name| decode::location_name(name, &at("location"), violations));
    let disposition = decode::required_enum(component.disposition, &at("disposition"), violations);
    let (own, line) = named?;
    if own != order {
        violations.push(at("name"), format!("must be a component of the kit in orders/{order}"));
        return None;
    }
    Some(ReturnedApart { line, quantity: quantity?, location: location?, disposition: disposition? })
}

/// What is sent for a line.
pub fn substitute(r: &pb::SubstituteLineRequest, violations: &mut Violations) -> Option<Substitute> {
    let line = line_of(&r.name, "name", violations);
    let item = super::if_set(&r.substitute, |name| decode::item_name(name, "substitute", violations));
    let quantity = decode::quantity_or_zero(r.quantity, "quantity", violations);
    let consent = match &r.consent {
        None => Some(None),
        Some(consent) => {
            let time = decode::timestamp_if_set(consent.consent_time.as_ref(), "consent.consent_time", violations);
            let note = decode::required_text(&consent.note, CONSENT_BYTES_MAX, "consent.note", violations);
            time.zip(note).map(|(time, note)| Some(Consent { time, note }))
        }
    };
    let who = Who::decode(r.context.as_ref(), violations);
    let (order, line) = line?;
    Some(Substitute {
        order,
        line,
        substitute: item?,
        quantity: quantity?,
        may_wait: r.may_wait,
        consent: consent?,
        validate_only: r.validate_only,
        who: who?,
    })
}

/// The order's id and the number in a line's name.
pub fn line_of(name: &str, field: &str, violations: &mut Violations) -> Option<(String, i32)> {
    let named =
        key::of_resource_name(name).and_then(|(order, line)| Some((OrderId::try_new(order).ok()?.into_string(), line)));
    if named.is_none() {
        violations.push(field, "must have the form orders/{order}/lines/{line}");
    }
    named
}
