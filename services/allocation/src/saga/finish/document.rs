//! What became of a warehouse's document when its step is at its end.

use backorder_proto::allocation::v1 as pb;

use crate::saga::{CallAnswer, Step};

/// The outcome of a shipment confirmation: what the step planned, but for the lines of calls that inventory refused.
pub(super) fn outcome(step: &Step, answers: &[CallAnswer], lines: Vec<pb::OrderLine>) -> pb::ConfirmShipmentResponse {
    let planned = step.plan.document.clone().unwrap_or_default();
    let mut results = planned.results;
    let calls = || answers.iter().zip(&planned.calls);
    let was_taken = |line: i32| {
        calls().any(|(answer, call)| !matches!(answer, CallAnswer::Refused(_)) && call.lines.contains(&line))
    };
    for (answer, call) in calls() {
        let CallAnswer::Refused(refused) = answer else { continue };
        for result in results.iter_mut().filter(|result| call.lines.contains(&result.line)) {
            result.taken = was_taken(result.line);
            result.reason.clone_from(&refused.reason);
            result.detail = format!("what was not found could not be taken: {}", refused.detail);
        }
    }
    let has_left = answers.iter().any(|answer| matches!(answer, CallAnswer::Posted(_)));
    let shipment = if has_left { format!("shipments/{}", step.id) } else { String::new() };
    pb::ConfirmShipmentResponse { results, shipment, lines }
}
