//! Refusals that name what stands in the way: a pin, a decision that another has to make, a supplier's report.

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

pub(super) fn report_stale(item: String, supplier: String) -> Problem {
    let text = format!("no report of {supplier} about {item} holds");
    Problem::failed_precondition(ErrorReason::DropShipStockStale, text).with("item", item).with("supplier", supplier)
}

pub(super) fn report_too_small(item: String, supplier: String, present: i64, wanted: i64) -> Problem {
    let text = format!("{supplier} has {present} of {item} left that it reported, not {wanted}");
    Problem::failed_precondition(ErrorReason::DropShipStockInsufficient, text)
        .with("item", item)
        .with("supplier", supplier)
        .with("present", present)
        .with("wanted", wanted)
}
