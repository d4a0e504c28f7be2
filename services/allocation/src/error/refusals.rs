//! How a caller sees that an order or a line does not take a command.

use backorder_domain::{
    order::{line::LineError, ship_set::SetBroken, state::StateConflict, substitute::NotSubstitutable},
    quantity::Quantity,
};
use backorder_proto::{common::v1::ErrorReason, convert::allocation::line_name};
use backorder_service_kit::problem::Problem;
use backorder_storage::columns;

use crate::order::hold::Hold;

pub(super) fn state_conflict(order: &str, conflict: StateConflict) -> Problem {
    let name = format!("orders/{order}");
    Problem::failed_precondition(ErrorReason::OrderStateConflict, format!("{name}: {conflict}"))
        .with("state", conflict.state)
        .with("command", conflict.command)
        .with("order", &name)
        .with_resource("order", name)
}

pub(super) fn line_conflict(order: &str, line: i32, error: LineError) -> Problem {
    let name = line_name(order, line);
    match error {
        LineError::TooFew { kind, present, wanted } => {
            Problem::failed_precondition(ErrorReason::LineQuantityConflict, format!("{name}: {error}"))
                .with("order", format!("orders/{order}"))
                .with("present", present)
                .with("wanted", wanted)
                .with("takes", kind)
                .with("line", &name)
                .with_resource("line", name)
        }
        LineError::Overflow => Problem::quantity_overflow(),
        LineError::ClaimsDisagree { .. } | LineError::NotBalanced => Problem::internal(error).context(name),
    }
}

pub(super) fn short_not_agreed(order: &str, line: i32, missing: Quantity) -> Problem {
    let name = line_name(order, line);
    let text = format!("{missing} units of {name} would stay behind, and its customer wants to be asked before");
    Problem::failed_precondition(ErrorReason::ShortShipmentNotAgreed, text)
        .with("order", format!("orders/{order}"))
        .with("missing", missing)
        .with("line", &name)
        .with_resource("line", name)
}

pub(super) fn not_released(order: &str, line: i32, release: jiff::civil::Date) -> Problem {
    let name = line_name(order, line);
    let text = format!("{name}: its item is not released before {release}");
    Problem::failed_precondition(ErrorReason::ItemNotReleased, text)
        .with("order", format!("orders/{order}"))
        .with("line", &name)
        .with("release_date", release)
        .with_resource("line", name)
}

pub(super) fn on_hold(order: &str, line: i32, hold: Option<&Hold>) -> Problem {
    let name = line_name(order, line);
    let text = match hold {
        Some(hold) => format!("{name}: a {} hold of {} keeps it from the warehouse", hold.word(), hold.actor),
        None => format!("{name}: a hold keeps it from the warehouse"),
    };
    let mut problem = Problem::failed_precondition(ErrorReason::LineOnHold, text)
        .with("order", format!("orders/{order}"))
        .with("line", &name)
        .with_resource("line", name);
    if let Some(hold) = hold {
        problem = problem
            .with("hold", hold.word())
            .with("on", hold.target.name())
            .with("actor", &hold.actor)
            .with("reason_code", &hold.reason_code);
        if let Some(until) = hold.until_at.and_then(|until| columns::instant(until, "line_hold").ok()) {
            problem = problem.with("until", until);
        }
    }
    problem
}

pub(super) fn set_broken(order: &str, line: i32, set: &str, broken: SetBroken) -> Problem {
    let name = line_name(order, line);
    let (what, units) = match broken {
        SetBroken::Waits(units) => ("waiting", units),
        SetBroken::StaysBehind(units) => ("staying_behind", units),
    };
    Problem::failed_precondition(
        ErrorReason::ShipSetIncomplete,
        format!("{name} goes with others of its order: {broken}"),
    )
    .with("order", format!("orders/{order}"))
    .with("ship_set", set)
    .with(what, units)
    .with("line", &name)
    .with_resource("line", name)
}

pub(super) fn in_kit(order: &str, line: i32, kit: i32) -> Problem {
    let (name, kit) = (line_name(order, line), line_name(order, kit));
    Problem::failed_precondition(
        ErrorReason::LineInKit,
        format!("{name} is a component of {kit}, which is changed as a whole: name {kit}"),
    )
    .with("order", format!("orders/{order}"))
    .with("kit", kit)
    .with("line", &name)
    .with_resource("line", name)
}

pub(super) fn not_substitutable(order: &str, line: i32, substitute: &str, why: NotSubstitutable) -> Problem {
    let name = line_name(order, line);
    let problem = Problem::failed_precondition(ErrorReason::LineNotSubstitutable, format!("{name}: {why}"))
        .with("order", format!("orders/{order}"))
        .with("why", why.as_str())
        .with("line", &name)
        .with_resource("line", name);
    if substitute.is_empty() { problem } else { problem.with("substitute", format!("items/{substitute}")) }
}
