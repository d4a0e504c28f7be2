//! Broken rules of stock as problems.

use backorder_domain::{
    ids::ItemId,
    stock::{claim::ClaimKey, error::StockError},
};
use backorder_proto::{common::v1::ErrorReason, convert::encode};
use backorder_service_kit::{problem::Problem, violations::Violations};
use tonic::Code;

/// The problem that a caller sees when the book of an item refuses.
pub fn problem(item: &ItemId, error: StockError) -> Problem {
    match error {
        StockError::ClaimExists(key) => {
            let text = format!("a claim stands under line {} part {}", key.line, key.part);
            of_claim(Problem::new(Code::AlreadyExists, ErrorReason::ClaimExists, text), &key)
        }
        StockError::ClaimNotFound(key) => {
            of_claim(Problem::not_found(ErrorReason::ClaimNotFound, "line", key.line.as_str()), &key)
        }
        StockError::LineNotFound(line) => {
            Problem::not_found(ErrorReason::ClaimNotFound, "line", line.as_str()).with("part", 0)
        }
        StockError::SoftReservationGone(line) => {
            Problem::failed_precondition(ErrorReason::SoftReservationGone, "the soft claim is expired or converted")
                .with("line", line)
        }
        StockError::VersionMismatch { what, expected, actual } => {
            Problem::aborted(ErrorReason::VersionMismatch, format!("{what} was changed meanwhile"))
                .with("resource", what)
                .with("expected", expected)
                .with("actual", actual)
        }
        too_few @ (StockError::InsufficientReservation { .. }
        | StockError::InsufficientWaiting { .. }
        | StockError::InsufficientBatch { .. }
        | StockError::InsufficientStock { .. }) => too_few_problem(item, too_few),
        supply @ (StockError::SupplyNotFound(_)
        | StockError::SupplyExists(_)
        | StockError::SupplyClosed(_)
        | StockError::SupplyQuantityConflict { .. }
        | StockError::TransferUnderWay(_)) => supply_problem(supply),
        StockError::ReceiptNotFound(key) => {
            Problem::not_found(ErrorReason::ReceiptNotFound, "receipt", format!("receipts/{key}"))
        }
        StockError::BeyondReceipt { line, asked, left } => {
            let text = format!("receipts/{line} has {left} left, {asked} wanted");
            Problem::failed_precondition(ErrorReason::ReceiptQuantityConflict, text)
                .with("receipt", format!("receipts/{}", line.receipt))
                .with("line", line.line)
                .with("left", left)
                .with("wanted", asked)
        }
        malformed @ (StockError::ZeroQuantity
        | StockError::QuantityTooLarge(_)
        | StockError::NoCandidates(_)
        | StockError::DuplicateCandidate { .. }
        | StockError::ExpiryMismatch(_)
        | StockError::NotSoft(_)
        | StockError::StateNotAdjustable(_)
        | StockError::SameClaim(_)
        | StockError::NotACandidate { .. }
        | StockError::SupplyElsewhere { .. }
        | StockError::SupplyKindNotCreated(_)
        | StockError::SameLocation(_)) => malformed_problem(malformed),
        StockError::Overflow => Problem::quantity_overflow(),
        fault @ (StockError::NotLoaded { .. } | StockError::Inconsistent(_)) => Problem::internal(fault),
    }
}

fn too_few_problem(item: &ItemId, error: StockError) -> Problem {
    let text = error.to_string();
    if let StockError::InsufficientReservation { claim, asked, reserved } = &error {
        return of_claim(Problem::failed_precondition(ErrorReason::InsufficientReservation, text), claim)
            .with("reserved", reserved)
            .with("wanted", asked);
    }
    if let StockError::InsufficientWaiting { claim, asked, waiting } = &error {
        return of_claim(Problem::failed_precondition(ErrorReason::InsufficientWaiting, text), claim)
            .with("waiting", waiting)
            .with("wanted", asked);
    }
    if let StockError::InsufficientBatch { location, batch, owner, asked, there } = &error {
        return Problem::failed_precondition(ErrorReason::InsufficientStock, text)
            .with("item", encode::item_name(item))
            .with("location", encode::location_name(location))
            .with("batch", batch.as_ref().map(ToString::to_string).unwrap_or_default())
            .with("owner", owner)
            .with("present", there)
            .with("wanted", asked);
    }
    if let StockError::InsufficientStock { location, state, asked, there } = &error {
        return Problem::failed_precondition(ErrorReason::InsufficientStock, text)
            .with("item", encode::item_name(item))
            .with("location", encode::location_name(location))
            .with("state", state)
            .with("present", there)
            .with("wanted", asked);
    }
    Problem::internal(error)
}

fn of_claim(problem: Problem, key: &ClaimKey) -> Problem {
    problem.with("line", &key.line).with("part", key.part).with_resource("claim", key.to_string())
}

fn supply_name(id: &backorder_domain::ids::SupplyId) -> String {
    format!("supplies/{id}")
}

fn supply_problem(error: StockError) -> Problem {
    let text = error.to_string();
    if let StockError::SupplyNotFound(id) = &error {
        return Problem::not_found(ErrorReason::SupplyNotFound, "supply", supply_name(id));
    }
    if let StockError::SupplyExists(id) = &error {
        return Problem::already_exists(ErrorReason::AlreadyExists, "supply", supply_name(id));
    }
    if let StockError::SupplyClosed(id) = &error {
        return Problem::failed_precondition(ErrorReason::SupplyClosed, text)
            .with("supply", supply_name(id))
            .with("state", "closed");
    }
    if let StockError::TransferUnderWay(id) = &error {
        return Problem::failed_precondition(ErrorReason::SupplyClosed, text)
            .with("supply", supply_name(id))
            .with("state", "in transit");
    }
    if let StockError::SupplyQuantityConflict { supply, asked, open } = &error {
        return Problem::failed_precondition(ErrorReason::SupplyQuantityConflict, text)
            .with("supply", supply_name(supply))
            .with("open", open)
            .with("wanted", asked);
    }
    Problem::internal(error)
}

/// What should have been refused when the request was decoded, or names things that do not belong together.
fn malformed_problem(error: StockError) -> Problem {
    let mut violations = Violations::new();
    violations.push(field_of(&error), error.to_string());
    Problem::invalid(violations)
}

fn field_of(error: &StockError) -> &'static str {
    if matches!(error, StockError::NotSoft(_)) {
        "lines.takes_over_line"
    } else if matches!(error, StockError::NotACandidate { .. } | StockError::SupplyElsewhere { .. }) {
        "location"
    } else if matches!(error, StockError::StateNotAdjustable(_)) {
        "state"
    } else if matches!(error, StockError::SameLocation(_)) {
        "to_location"
    } else {
        ""
    }
}
