//! Requests of `DropShipService`.

use backorder_proto::{
    allocation::v1 as pb,
    convert::{Violations, decode},
};
use jiff::SignedDuration;

use super::{order::line_of, release::id_of, shipment::details};
use crate::{
    store::takes::{CANCELLED, CONFIRMED, EXPIRED, PENDING, REFUSED, SHIPPED},
    use_cases::drop_ship::{Answer, AnswerTake, ShipTake, Take},
    write::Who,
};

const TAKES: &str = "dropShipTakes";
const SUPPLIER_BYTES_MAX: usize = 200;
const REFERENCE_BYTES_MAX: usize = 200;
/// For how long a supplier may think when nobody says.
const ANSWER_HOURS_DEFAULT: i32 = 24;
/// Thirty days.
const ANSWER_HOURS_MAX: i32 = 720;

/// What is asked for.
pub fn take(r: &pb::TakeFromDropShipRequest, violations: &mut Violations) -> Option<Take> {
    let line = line_of(&r.line, "line", violations);
    let quantity = decode::quantity_or_zero(r.quantity, "quantity", violations);
    let unit = unit_of(&r.unit, r.quantity, violations);
    let supplier = decode::required_text(&r.supplier, SUPPLIER_BYTES_MAX, "supplier", violations);
    let hours = if r.answer_hours == 0 { ANSWER_HOURS_DEFAULT } else { r.answer_hours };
    if !(1..=ANSWER_HOURS_MAX).contains(&hours) {
        violations.push("answer_hours", format!("must be between 1 and {ANSWER_HOURS_MAX}"));
    }
    let who = Who::decode(r.context.as_ref(), violations);
    let (order, line) = line?;
    let answer_within = SignedDuration::from_hours(hours.into());
    let (quantity, unit) = (quantity?, unit?);
    Some(Take { order, line, quantity, unit, supplier: supplier?, answer_within, who: who? })
}

/// The unit of a quantity, which must not stand alone.
fn unit_of(unit: &str, quantity: i64, violations: &mut Violations) -> Option<String> {
    if !unit.is_empty() && quantity == 0 {
        violations.push("unit", "must be empty without a quantity");
    }
    decode::text(unit, super::UNIT_BYTES_MAX, "unit", violations)
}

/// The supplier ships.
pub fn confirm(r: &pb::ConfirmTakeRequest, violations: &mut Violations) -> Option<AnswerTake> {
    let take = id_of(&r.name, TAKES, violations);
    let confirmed = decode::quantity_or_zero(r.confirmed, "confirmed", violations);
    let unit = unit_of(&r.unit, r.confirmed, violations);
    let ship_date = decode::date_if_set(r.ship_date.as_ref(), "ship_date", violations);
    let who = Who::decode(r.context.as_ref(), violations);
    Some(AnswerTake { take: take?, answer: Answer::Confirms(confirmed?, ship_date?), unit: unit?, who: who? })
}

/// The supplier does not ship.
pub fn refuse(r: &pb::RefuseTakeRequest, violations: &mut Violations) -> Option<AnswerTake> {
    let take = id_of(&r.name, TAKES, violations);
    let who = Who::decode(r.context.as_ref(), violations);
    Some(AnswerTake { take: take?, answer: Answer::Refuses, unit: String::new(), who: who? })
}

/// The take is taken back.
pub fn cancel(r: &pb::CancelTakeRequest, violations: &mut Violations) -> Option<AnswerTake> {
    let take = id_of(&r.name, TAKES, violations);
    let who = Who::decode_with_reason(r.context.as_ref(), violations);
    Some(AnswerTake { take: take?, answer: Answer::TakenBack, unit: String::new(), who: who? })
}

/// The supplier shipped.
pub fn ship(r: &pb::ConfirmDropShipmentRequest, violations: &mut Violations) -> Option<ShipTake> {
    let take = id_of(&r.name, TAKES, violations);
    let quantity = decode::quantity_or_zero(r.quantity, "quantity", violations);
    let unit = unit_of(&r.unit, r.quantity, violations);
    let ship_time = decode::timestamp_if_set(r.ship_time.as_ref(), "ship_time", violations);
    let reference = decode::text(&r.reference, REFERENCE_BYTES_MAX, "reference", violations);
    let details = details(r.details.as_ref(), violations);
    let who = Who::decode(r.context.as_ref(), violations);
    Some(ShipTake {
        take: take?,
        quantity: quantity?,
        unit: unit?,
        ship_time: ship_time?,
        reference: reference?,
        details: details?,
        who: who?,
    })
}

/// The state and the supplier of the takes that are listed; none and empty mean all.
pub fn list(r: &pb::ListDropShipTakesRequest, violations: &mut Violations) -> Option<(Option<&'static str>, String)> {
    let state = match decode::known_enum::<pb::DropShipTakeState>(r.state, "state", violations)? {
        pb::DropShipTakeState::Unspecified => None,
        pb::DropShipTakeState::Pending => Some(PENDING),
        pb::DropShipTakeState::Confirmed => Some(CONFIRMED),
        pb::DropShipTakeState::Refused => Some(REFUSED),
        pb::DropShipTakeState::Expired => Some(EXPIRED),
        pb::DropShipTakeState::Cancelled => Some(CANCELLED),
        pb::DropShipTakeState::Shipped => Some(SHIPPED),
    };
    Some((state, decode::text(&r.supplier, SUPPLIER_BYTES_MAX, "supplier", violations)?))
}
