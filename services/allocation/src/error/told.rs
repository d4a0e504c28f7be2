//! Refusals that name what stands in the way: a pin, a decision that another has to make.

use backorder_proto::{common::v1::ErrorReason, convert::allocation::line_name};
use backorder_service_kit::problem::Problem;

pub(super) fn pinned(order: &str, line: i32, pin: &str) -> Problem {
    let name = line_name(order, line);
    Problem::failed_precondition(ErrorReason::LinePinned, format!("{name} gives nothing while it is pinned"))
        .with("order", format!("orders/{order}"))
        .with("override", format!("overrides/{pin}"))
        .with("line", &name)
        .with_resource("line", name)
}

pub(super) fn same_person(name: String, actor: String) -> Problem {
    let text = format!("{actor} asked for {name}: another person has to decide it");
    Problem::failed_precondition(ErrorReason::SecondPersonRequired, text)
        .with("actor", actor)
        .with("override", &name)
        .with_resource("override", name)
}
