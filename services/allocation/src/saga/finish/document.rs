//! What became of a warehouse's document when its step is at its end.

use backorder_proto::{
    allocation::v1 as pb,
    common::v1::{DocumentLineResult, ErrorReason},
};
use backorder_service_kit::problem::reason_name;

use crate::{
    order::picked::{differences, unfit},
    saga::{CallAnswer, Step, call::Kind},
};

/// The outcome of a shipment confirmation: what the step planned, but for the lines of calls that inventory refused, and for
/// units that are booked in the place of those that were seen, or are not what the line asks for.
pub(super) fn outcome(step: &Step, answers: &[CallAnswer], lines: Vec<pb::OrderLine>) -> pb::ConfirmShipmentResponse {
    let planned = step.plan.document.clone().unwrap_or_default();
    let mut results = planned.results.clone();
    name_differences(step, answers, &lines, &mut results);
    let calls = || answers.iter().zip(&planned.calls);
    let was_taken = |line: i32| {
        calls().any(|(answer, call)| !matches!(answer, CallAnswer::Refused(_)) && call.lines.contains(&line))
    };
    for (answer, call) in calls() {
        let CallAnswer::Refused(refused) = answer else { continue };
        for result in results.iter_mut().filter(|result| call.lines.contains(&result.line)) {
            result.taken = was_taken(result.line);
            result.reason.clone_from(&refused.reason);
            let before = if result.detail.is_empty() { String::new() } else { format!("{}; ", result.detail) };
            result.detail = format!("{before}what was not found could not be taken: {}", refused.detail);
        }
    }
    let has_left = answers.iter().any(|answer| matches!(answer, CallAnswer::Posted(_)));
    let shipment = if has_left { format!("shipments/{}", step.id) } else { String::new() };
    pb::ConfirmShipmentResponse { results, shipment, lines }
}

/// Names the lines of which other units are booked than were seen, and those of which others left than they ask for.
fn name_differences(step: &Step, answers: &[CallAnswer], asked: &[pb::OrderLine], results: &mut [DocumentLineResult]) {
    let of_calls = step.plan.document.iter().flat_map(|document| &document.calls);
    for ((call, answer), of_call) in step.plan.calls.iter().zip(answers).zip(of_calls) {
        let (Some(Kind::Post(request)), CallAnswer::Posted(posted)) = (&call.kind, answer) else { continue };
        let differences = differences(&request.lines, &posted.posted);
        let unfit = unfit(asked, &posted.posted);
        // The units of a line stand together, in the order of the document.
        let mut lines: Vec<&str> = request.lines.iter().map(|line| line.line.as_str()).collect();
        lines.dedup();
        for (line, number) in lines.into_iter().zip(&of_call.lines) {
            let Some(result) = results.iter_mut().find(|result| result.line == *number) else { continue };
            let found = [
                (ErrorReason::InsufficientStock, differences.get(line)),
                (ErrorReason::BatchWishNotMet, unfit.get(line)),
            ];
            for (reason, detail) in found {
                let Some(detail) = detail else { continue };
                reason_name(reason).clone_into(&mut result.reason);
                let before = if result.detail.is_empty() { String::new() } else { format!("{}; ", result.detail) };
                result.detail = format!("{before}{detail}");
            }
        }
    }
}
