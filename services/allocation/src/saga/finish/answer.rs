//! The caller's answer at the end of a step.

use backorder_proto::{allocation::v1 as pb, convert::allocation::line_name};
use prost::Message as _;

use super::{Work, document, drop_ship};
use crate::{
    error::Error,
    order::{Book, LineKey, import, message, overrides, recall},
    saga::{CallAnswer, PlannedLine, Step, StepKind},
};

pub(super) fn encode(step: &Step, answers: &[CallAnswer], book: &Book, work: &Work<'_>) -> Result<Vec<u8>, Error> {
    let lost_demand: Vec<pb::LostDemand> = work.lost.iter().map(message::lost_demand).collect();
    Ok(match step.kind {
        StepKind::Place => pb::PlaceOrderResponse { order: Some(order(step, book)?), lost_demand }.encode_to_vec(),
        StepKind::Quote => pb::QuoteOrderResponse { order: Some(order(step, book)?), lost_demand }.encode_to_vec(),
        StepKind::Confirm => pb::ConfirmQuoteResponse { order: Some(order(step, book)?), lost_demand }.encode_to_vec(),
        StepKind::Amend => pb::AmendOrderLineResponse { order: Some(order(step, book)?), lost_demand }.encode_to_vec(),
        StepKind::Cancel if step.plan.ending.is_some() => {
            let asked = work.changes.questions.first();
            let record = asked.and_then(|asked| book.orders.get(&asked.order_id));
            record
                .zip(asked)
                .map(|(record, asked)| message::recorded(record, asked))
                .transpose()?
                .unwrap_or_default()
                .encode_to_vec()
        }
        StepKind::Cancel => {
            let recalls = work.changes.recalls.iter().map(recall::message).collect::<Result<_, _>>()?;
            pb::CancelOrderLinesResponse { order: Some(order(step, book)?), recalls }.encode_to_vec()
        }
        StepKind::Release => {
            pb::ReleaseLinesResponse { lines: lines(step, book)?, released: places(answers) }.encode_to_vec()
        }
        StepKind::Recall => {
            let recall = work.changes.recalls.first().map(recall::message).transpose()?;
            pb::AnswerRecallResponse { recall, line: lines(step, book)?.pop() }.encode_to_vec()
        }
        StepKind::ShortPick => {
            let recalls = work.asked_back.iter().map(recall::message).collect::<Result<_, _>>()?;
            pb::ReportShortPickResponse { lines: lines(step, book)?, recalls }.encode_to_vec()
        }
        StepKind::Consent => pb::ConsentToShortShipmentResponse { order: Some(order(step, book)?) }.encode_to_vec(),
        StepKind::Ship => {
            let shipment = format!("shipments/{}", step.id);
            pb::ShipOrderLinesResponse { lines: lines(step, book)?, shipped: places(answers), shipment }.encode_to_vec()
        }
        StepKind::ShipmentAdvice => document::outcome(step, answers, lines(step, book)?).encode_to_vec(),
        StepKind::Override => {
            let done = work.changes.overrides.first().map(overrides::message).transpose()?;
            done.unwrap_or_default().encode_to_vec()
        }
        StepKind::Return => {
            let replacements = messages(&step.plan.added, book)?;
            pb::ReturnOrderLinesResponse { lines: lines(step, book)?, replacements, lost_demand }.encode_to_vec()
        }
        StepKind::Substitute => substituted(step, book)?.encode_to_vec(),
        StepKind::Import => {
            let mut results = step.plan.import_results.clone();
            import::name_shortages(&mut results, &work.changes.imported);
            pb::ImportOpenOrdersResponse { results }.encode_to_vec()
        }
        StepKind::DropShip => {
            drop_ship::answer(step, work.changes.takes.first(), lines(step, book)?.pop())?.encode_to_vec()
        }
    })
}

fn substituted(step: &Step, book: &Book) -> Result<pb::SubstituteLineResponse, Error> {
    let (line, substitute) = (lines(step, book)?.pop(), messages(&step.plan.added, book)?.pop());
    let currency = line.as_ref().and_then(|line| line.unit_price.as_ref()).map(|price| price.currency_code.clone());
    let exchanged = step.plan.substitution.as_ref().map(|planned| pb::SubstituteChoice {
        item: format!("items/{}", planned.item),
        original_quantity: step.plan.lines.first().map_or(0, |line| line.quantity),
        substitute_quantity: step.plan.added.first().map_or(0, |line| line.quantity),
        free: planned.free,
        unit_price: substitute.as_ref().and_then(|line| line.unit_price.clone()),
        refund: message::money(&currency.unwrap_or_default(), Some(planned.refund_nanos).filter(|nanos| *nanos > 0)),
        why_not: String::new(),
    });
    Ok(pb::SubstituteLineResponse { line, substitute, exchanged, choices: Vec::new() })
}

fn order(step: &Step, book: &Book) -> Result<pb::Order, Error> {
    let id = step.plan.lines.first().map(|line| line.order.as_str()).unwrap_or_default();
    let record = book.orders.get(id).ok_or_else(|| Error::no_order(id))?;
    Ok(message::whole_order(record)?)
}

fn lines(step: &Step, book: &Book) -> Result<Vec<pb::OrderLine>, Error> {
    messages(&step.plan.lines, book)
}

fn messages(lines: &[PlannedLine], book: &Book) -> Result<Vec<pb::OrderLine>, Error> {
    lines
        .iter()
        .map(|planned| {
            let record = book.orders.get(&planned.order).ok_or_else(|| Error::no_order(&planned.order))?;
            let line = record.lines.get(&planned.line).ok_or_else(|| Error::no_line(&planned.order, planned.line))?;
            Ok(message::line(&record.row.currency_code, &line.row, Vec::new())?)
        })
        .collect()
}

/// Where the units of each line were: parts of a line are one to the customer.
pub(super) fn places(answers: &[CallAnswer]) -> Vec<pb::ShippedUnits> {
    let mut places: Vec<pb::ShippedUnits> = Vec::new();
    let moved = answers.iter().flat_map(|answer| match answer {
        CallAnswer::Posted(response) => response.posted.as_slice(),
        CallAnswer::AtWarehouse(response) => response.moved.as_slice(),
        CallAnswer::Reserved(_)
        | CallAnswer::Released(_)
        | CallAnswer::Requeued(_)
        | CallAnswer::TakenBack
        | CallAnswer::Refused(_)
        | CallAnswer::Unreserved(_) => &[],
    });
    for units in moved {
        let Some(key) = LineKey::of_claim(&units.line, units.part) else { continue };
        let line = line_name(&key.order, key.line);
        match places.last_mut() {
            Some(last)
                if last.line == line
                    && last.location == units.location
                    && last.batch == units.batch
                    && last.owner == units.owner =>
            {
                last.quantity += units.quantity;
            }
            Some(_) | None => places.push(pb::ShippedUnits {
                line,
                location: units.location.clone(),
                quantity: units.quantity,
                batch: units.batch.clone(),
                owner: units.owner.clone(),
            }),
        }
    }
    places
}
