//! What a refusal of inventory means to the caller of an order's command.

use backorder_domain::{order::line::LineError, quantity::Quantity};
use backorder_proto::common::v1::ErrorReason;
use backorder_service_kit::problem::{Problem, reason_of};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::{
    error::Error,
    order::LineKey,
    saga::{Step, StepKind},
};

/// The error of a step that inventory refused.
#[must_use]
pub fn refusal(step: &Step, status: Status) -> Error {
    let first_order = step.plan.lines.first().map(|line| line.order.clone()).unwrap_or_default();
    match reason_of(&status) {
        // A person decides about inventory's own terms.
        Some(_) if step.kind == StepKind::Override => Error::Refused(status),
        Some(ErrorReason::SoftReservationGone) => Error::QuoteGone { order: first_order },
        Some(ErrorReason::ClaimNotFound) if step.kind == StepKind::Confirm => Error::QuoteGone { order: first_order },
        Some(ErrorReason::InsufficientReservation | ErrorReason::InsufficientWaiting) => too_few(step, &status),
        Some(ErrorReason::ItemNotFound | ErrorReason::LocationNotFound | ErrorReason::QuantityOverflow) => {
            Error::Refused(status)
        }
        // Of a batch, or an owner, that the shipment names.
        Some(ErrorReason::InsufficientStock) if step.kind == StepKind::Ship => Error::Refused(status),
        _ if status.code() == Code::NotFound => Error::Refused(status),
        _ => Error::Kit(Problem::internal(status).context("inventory refused a call that it should take")),
    }
}

/// The copy of the claim was older than inventory's truth: the line has fewer units than the command takes.
fn too_few(step: &Step, status: &Status) -> Error {
    let metadata = status.get_details_error_info().map(|info| info.metadata).unwrap_or_default();
    let number = |key: &str| metadata.get(key).and_then(|text| text.parse().ok()).unwrap_or(0);
    let units = |number: i64| Quantity::try_new(number).unwrap_or_default();
    let named = metadata.get("line").and_then(|line| LineKey::of_claim(line, 1));
    let (order, line) = match (named, step.plan.lines.first()) {
        (Some(key), _) => (key.order, key.line),
        (None, Some(planned)) => (planned.order.clone(), planned.line),
        (None, None) => (String::new(), 0),
    };
    let present = units(number("reserved").max(number("waiting")));
    Error::Line { order, line, error: LineError::TooFew { kind: "reserved", present, wanted: units(number("wanted")) } }
}
