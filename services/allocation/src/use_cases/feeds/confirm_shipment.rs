//! What a warehouse says it shipped and did not find, shaped like X12 945: one step, so that it has one effect also when
//! the service stops on the way.

use std::collections::BTreeSet;

use async_trait::async_trait;
use backorder_domain::{
    order::{line::LineError, ship_set::Gate},
    quantity::Quantity,
};
use backorder_proto::{
    allocation::v1 as pb, common::v1::DocumentLineResult, convert::encode, inventory::v1 as inventory,
};
use backorder_storage::{Batch, WriteTx, columns};
use jiff::Timestamp;
use prost::Message as _;
use uuid::Uuid;

use super::{Document, begin_in_tx, refused, taken};
use crate::{
    error::Error,
    order::{
        Book,
        key::demand_line,
        picked::{Picked, post_lines},
        sets::check_complete,
        shipment::PlannedShipment,
        shortage::may_leave,
    },
    saga::{
        Call, LinesOfCall, Plan, Planned, PlannedDocument, PlannedLine, StepCommand, StepKind, call::Kind, mark_busy,
    },
    store::orders::load_lines_in_tx,
    use_cases::{
        UseCases,
        holds::on_hold_in_tx,
        orders::{allowed_line, balances},
    },
    write::{Who, Write},
};

/// The reason of units that were not found, where the document names none.
const SHORT_PICK_REASON: &str = "short-pick";

/// What a warehouse did.
#[derive(Debug, Clone)]
pub struct ConfirmShipment {
    /// The document.
    pub document: Document,
    /// The warehouse.
    pub location: String,
    /// What it did with each line, each once.
    pub lines: Vec<Confirmed>,
    /// When the goods left; `None` means now.
    pub ship_time: Option<Timestamp>,
    /// The warehouse's reference.
    pub reference: String,
    /// How the goods go.
    pub details: Option<pb::ShipmentDetails>,
    /// Who does it and why.
    pub who: Who,
}

/// What a warehouse did with one line.
#[derive(Debug, Clone)]
pub struct Confirmed {
    /// Its place in the document.
    pub number: i32,
    /// The order's id.
    pub order: String,
    /// The line's number.
    pub line: i32,
    /// Units that left.
    pub shipped: Quantity,
    /// Units that were not found.
    pub not_found: Quantity,
    /// Units that are damaged.
    pub damaged: Quantity,
    /// Of what those were that left, as far as it is told: at most as many.
    pub picked: Vec<Picked>,
}

impl UseCases {
    /// Takes over what a warehouse shipped and did not find. Lines that do not fit are refused, the others taken together.
    ///
    /// # Errors
    /// Those of the contract; [`Error::Unanswered`] when inventory does not answer, and the document is finished later.
    pub async fn confirm_shipment(self, write: Write<ConfirmShipment>) -> Result<pb::ConfirmShipmentResponse, Error> {
        let now = self.now();
        let who = write.command.who.clone().or_caller(&write.key.caller);
        let at = write.command.ship_time.unwrap_or(now);
        let command = ConfirmCommand { confirm: &write.command, who, at, now };
        self.run_step(&write, &command).await
    }
}

struct ConfirmCommand<'a> {
    confirm: &'a ConfirmShipment,
    who: Who,
    at: Timestamp,
    now: Timestamp,
}

#[async_trait]
impl StepCommand for ConfirmCommand<'_> {
    fn kind(&self) -> StepKind {
        StepKind::ShipmentAdvice
    }

    async fn begin_in_tx(&self, tx: &WriteTx<'_>, step: Uuid, batch: &mut Batch) -> Result<Planned, Error> {
        let confirm = self.confirm;
        let first = confirm.lines.first().map(|line| line.order.as_str()).unwrap_or_default();
        if let Some(outcome) = begin_in_tx(tx, &confirm.document, &step.to_string(), first, self.now).await? {
            return Ok(Planned::Done(outcome));
        }
        let keys: BTreeSet<_> = confirm.lines.iter().map(|line| (line.order.clone(), line.line)).collect();
        let book = load_lines_in_tx(tx, &keys).await?;
        let mut results: Vec<DocumentLineResult> = Vec::with_capacity(confirm.lines.len());
        let mut fitting = Vec::with_capacity(confirm.lines.len());
        for line in &confirm.lines {
            match self.check(&book, line) {
                Ok(Fit::OnHold) => {
                    let error = on_hold_in_tx(tx, &book, &line.order, line.line).await?;
                    results.push(refused(line.number, error)?);
                }
                Ok(Fit::Fits) => {
                    fitting.push(line);
                    results.push(taken(line.number));
                }
                Err(error) => results.push(refused(line.number, error)?),
            }
        }
        if fitting.is_empty() {
            let outcome = pb::ConfirmShipmentResponse { results, ..pb::ConfirmShipmentResponse::default() };
            let outcome = outcome.encode_to_vec();
            let mut ended = Batch::new(tx);
            ended.end_document(&confirm.document.key, &outcome);
            ended.run(tx).await?;
            return Ok(Planned::Done(outcome));
        }
        let mut book = only(book, &fitting);
        mark_busy(batch, &mut book, step)?;
        let plan = self.plan(&book, &fitting, results)?;
        Ok(Planned::Step(Box::new(plan), book))
    }
}

/// The orders of refused lines have no part in the step.
fn only(mut book: Book, lines: &[&Confirmed]) -> Book {
    let ids: BTreeSet<&str> = lines.iter().map(|line| line.order.as_str()).collect();
    book.orders.retain(|id, _| ids.contains(id.as_str()));
    book
}

/// How a line fits the orders.
enum Fit {
    /// It can be taken.
    Fits,
    /// A hold keeps it, and it was never handed over.
    OnHold,
}

impl ConfirmCommand<'_> {
    fn check(&self, book: &Book, line: &Confirmed) -> Result<Fit, Error> {
        let record = allowed_line(book, &line.order, line.line, StepKind::ShipmentAdvice)?;
        let conflict = |error: LineError| Error::Line { order: line.order.clone(), line: line.line, error };
        let vector = record.vector()?;
        let short = sum([line.not_found, line.damaged]);
        let all = sum([line.shipped, short]);
        if !short.is_zero() {
            // What ships is taken out of the warehouse's hands first, so all of it must be there.
            vector.may_be_short(all).map_err(conflict)?;
        } else {
            vector.may_ship(line.shipped).map_err(conflict)?;
        }
        // What was handed over has passed the customer's wishes at the gate.
        if line.shipped > vector.parts().released {
            check_complete(book, &line.order, &record.row)?;
            may_leave(record, Gate::Ship, line.shipped)?;
            if !record.barriers()?.may_be_released() {
                return Ok(Fit::OnHold);
            }
        }
        let reserved = record.copies()?.into_iter().flat_map(|claim| claim.reservations);
        let here = reserved.filter(|reserved| reserved.location.as_str() == self.confirm.location);
        let here = sum(here.map(|reserved| reserved.quantity));
        if here < all {
            return Err(conflict(LineError::TooFew { kind: "reserved", present: here, wanted: all }));
        }
        Ok(Fit::Fits)
    }

    fn plan(&self, book: &Book, lines: &[&Confirmed], results: Vec<DocumentLineResult>) -> Result<Plan, Error> {
        let confirm = self.confirm;
        let planned: Vec<PlannedLine> = lines.iter().map(|line| planned(line)).collect();
        let has_left = planned.iter().any(|line| line.quantity > 0);
        let (calls, of_calls) = self.calls(book, lines, &planned)?.into_iter().unzip();
        let key = &confirm.document.key;
        Ok(Plan {
            calls,
            lines: planned,
            context: Some(self.who.message()),
            shipment: has_left.then(|| PlannedShipment {
                details: confirm.details.clone(),
                reference: confirm.reference.clone(),
                shipped_at: columns::micros(self.at),
                supplier: String::new(),
            }),
            document: Some(PlannedDocument {
                sender: key.sender.clone(),
                kind: key.kind.clone(),
                number: key.number.clone(),
                results,
                calls: of_calls,
            }),
            ..Plan::default()
        })
    }

    /// What left, with the balances that it ends, before what was not found. Each with the numbers of its lines.
    fn calls(
        &self,
        book: &Book,
        lines: &[&Confirmed],
        planned: &[PlannedLine],
    ) -> Result<Vec<(Call, LinesOfCall)>, Error> {
        let mut calls = Vec::new();
        let numbers = |part: fn(&Confirmed) -> Quantity| -> Vec<i32> {
            lines.iter().filter(|line| !part(line).is_zero()).map(|line| line.number).collect()
        };
        let shipped = numbers(|line| line.shipped);
        if !shipped.is_empty() {
            calls.push((Call::new(Kind::Post(self.post(lines))), LinesOfCall { lines: shipped }));
            let shipped: Vec<PlannedLine> = planned.iter().filter(|line| line.quantity > 0).cloned().collect();
            let balances = balances(book, &shipped, &self.who, self.at)?;
            calls.extend(balances.map(|call| (call, LinesOfCall::default())));
        }
        for (is_damaged, part) in [(false, not_found as fn(&Confirmed) -> Quantity), (true, damaged)] {
            let short = numbers(part);
            if !short.is_empty() {
                let call = Call::new(Kind::ShortPick(self.short_pick(lines, is_damaged, part)));
                calls.push((call, LinesOfCall { lines: short }));
            }
        }
        Ok(calls)
    }

    fn post(&self, lines: &[&Confirmed]) -> inventory::PostReservationsRequest {
        let location = encode_location(&self.confirm.location);
        let units = lines.iter().filter(|line| !line.shipped.is_zero()).flat_map(|line| {
            let all = inventory::PostLine {
                line: demand_line(&line.order, line.line, false),
                location: location.clone(),
                quantity: line.shipped.get(),
                ..inventory::PostLine::default()
            };
            let told = line.picked.iter().map(|picked| (picked, location.clone()));
            post_lines(&all, told, true).unwrap_or_else(|| vec![all])
        });
        inventory::PostReservationsRequest {
            lines: units.collect(),
            effective_time: Some(encode::timestamp(self.at)),
            context: Some(self.who.message()),
            ..inventory::PostReservationsRequest::default()
        }
    }

    fn short_pick(
        &self,
        lines: &[&Confirmed],
        is_damaged: bool,
        part: fn(&Confirmed) -> Quantity,
    ) -> inventory::ReportShortPickRequest {
        let short = lines.iter().filter(|line| !part(line).is_zero()).map(|line| inventory::ShortPickLine {
            line: demand_line(&line.order, line.line, false),
            part: 0,
            location: encode_location(&self.confirm.location),
            quantity: part(line).get(),
            damaged: is_damaged,
        });
        let mut context = self.who.message();
        if context.reason_code.is_empty() {
            SHORT_PICK_REASON.clone_into(&mut context.reason_code);
        }
        inventory::ReportShortPickRequest {
            lines: short.collect(),
            effective_time: Some(encode::timestamp(self.at)),
            context: Some(context),
            ..inventory::ReportShortPickRequest::default()
        }
    }
}

fn planned(line: &Confirmed) -> PlannedLine {
    PlannedLine { order: line.order.clone(), line: line.line, part: 0, quantity: line.shipped.get() }
}

fn not_found(line: &Confirmed) -> Quantity {
    line.not_found
}

fn damaged(line: &Confirmed) -> Quantity {
    line.damaged
}

fn encode_location(id: &str) -> String {
    format!("locations/{id}")
}

/// The sum; more than a line can ever have where it overflows.
fn sum(quantities: impl IntoIterator<Item = Quantity>) -> Quantity {
    Quantity::checked_sum(quantities).unwrap_or(Quantity::COMMAND_MAX)
}
