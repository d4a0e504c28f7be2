//! Takes open orders of another system over.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use backorder_domain::{
    ids::{LocationId, OrderId},
    order::{
        eligibility::Barrier,
        go_live::{History, HistoryDates},
        state::OrderState,
    },
    quantity::Quantity,
    time::civil_date_in,
};
use backorder_proto::{
    allocation::v1 as pb,
    convert::{Violations, decode::path, encode},
    inventory::v1 as inventory,
};
use backorder_service_kit::idempotency::command_hash;
use backorder_storage::{Batch, WriteTx, columns};
use jiff::{Timestamp, civil::Date};
use prost::Message as _;
use uuid::Uuid;

use crate::{
    catalog::Places,
    error::Error,
    order::{
        Book, LineRecord, OrderRecord, barriers_of,
        import::{PlannedImport, history_claim, promises},
        key::HISTORY_PART,
    },
    saga::{Call, Plan, Planned, PlannedLine, StepCommand, StepKind, call::Kind},
    store::{
        entity::{line_claim, order_line},
        go_live::{self, OPEN},
        holds,
        orders::{find_order, insert_history, insert_lines, insert_order_in_tx},
    },
    use_cases::{
        UseCases,
        orders::{Draft, Placing, Prepared, characteristics_of, queue_key, reserve_line},
    },
    write::{Who, Write},
};

/// Lines of all orders of a call at most: as many as one call to inventory takes.
const LINES_MAX: usize = 2_000;

/// Open orders to take over.
#[derive(Debug, Clone)]
pub struct ImportOpenOrders {
    /// The import's id.
    pub import: String,
    /// The orders, each decoded for itself.
    pub orders: Vec<Taken>,
    /// Who does it and why.
    pub who: Who,
}

/// An order of the request: what was read of it, or everything that is wrong with it.
#[derive(Debug, Clone)]
pub struct Taken {
    /// The id as it was given.
    pub id: String,
    /// The order.
    pub order: Result<Box<OpenOrder>, Violations>,
}

/// An open order.
#[derive(Debug, Clone)]
pub struct OpenOrder {
    /// The id.
    pub id: OrderId,
    /// What the customer ordered.
    pub draft: Draft,
    /// What became of its lines, one for each line of the draft, in its order.
    pub lines: Vec<OpenLine>,
    /// The message, whose hash tells whether the same order is taken over again.
    pub message: pb::OpenOrder,
}

/// What became of a line.
#[derive(Debug, Clone)]
pub struct OpenLine {
    /// Its place in the request's `lines`.
    pub index: usize,
    /// The quantities in `unit`, of a kit in kits; `ordered` is not known yet.
    pub history: History,
    /// The unit, by its code or GTIN; empty for base units.
    pub unit: String,
    /// When it joined the queue; `None` means with the order.
    pub queue_time: Option<Timestamp>,
    /// The first day promised.
    pub original_promised: Option<Date>,
    /// The day promised last; `None` means the first one.
    pub promised: Option<Date>,
    /// The day on which units left last.
    pub shipped: Option<Date>,
    /// From where they left; `None` means the first location.
    pub shipped_from: Option<LocationId>,
}

/// An order that is ready to be written.
struct Ready {
    prepared: Prepared,
    imports: Vec<PlannedImport>,
    /// The copies of claims of what left before.
    history: Vec<line_claim::Model>,
    /// Units of each line that were reserved before, with what it asks for.
    call: Vec<inventory::ReserveLine>,
}

impl UseCases {
    /// Takes open orders over: each that is free of faults.
    ///
    /// # Errors
    /// Those of the contract; [`Error::Unanswered`] when inventory does not answer, and it is finished later.
    pub async fn import_open_orders(
        self,
        write: Write<ImportOpenOrders>,
    ) -> Result<pb::ImportOpenOrdersResponse, Error> {
        let who = write.command.who.clone().or_caller(&write.key.caller);
        let mut orders = Vec::with_capacity(write.command.orders.len());
        let mut lines = 0;
        for taken in &write.command.orders {
            let ready = match &taken.order {
                Ok(order) => self.ready(order, &who).await.and_then(|ready| fits(ready, &mut lines)),
                Err(violations) => Err(Error::Invalid(violations.clone())),
            };
            orders.push(match ready {
                Ok(ready) => Ok(ready),
                Err(error) => Err(refused(&taken.id, error)?),
            });
        }
        let command = ImportCommand { import: &write.command.import, orders, who, now: self.now() };
        self.run_step(&write, &command).await
    }

    /// Makes the rows of an open order and what it asks inventory for.
    async fn ready(&self, order: &OpenOrder, who: &Who) -> Result<Ready, Error> {
        let mut prepared = self.prepare(&order.draft, order.id.as_str(), Placing::Firm, who).await?;
        let histories = self.histories(order).await?;
        let places = self.catalog().places_with(&shipped_from(order)).await?;
        let rules = self.rules().current().await?;
        let now = self.now();
        prepared.order.draft_hash = command_hash(&order.message, |_| {});
        let mut violations = Violations::new();
        let by_number: BTreeMap<i32, (&OpenLine, History)> = order
            .draft
            .lines
            .iter()
            .zip(order.lines.iter().zip(histories))
            .map(|(line, open)| (line.number, open))
            .collect();
        let (mut imports, mut history, mut call) = (Vec::new(), Vec::new(), Vec::new());
        let mut at_fault = BTreeSet::new();
        for row in &mut prepared.lines {
            // What is said of a kit is said of each component, in proportion.
            let number = row.kit_line.unwrap_or(row.line_number);
            let Some((open, of_line)) = by_number.get(&number) else { continue };
            let ordered_at = columns::instant(prepared.order.ordered_at, "customer_order")?;
            let times = (ordered_at, now);
            if at_fault.contains(&number) {
                // All components of a kit have the same faults.
                continue;
            }
            let Some(planned) = take_over(row, open, *of_line, times, &places, &mut violations)? else {
                at_fault.insert(number);
                continue;
            };
            let requested = columns::date(&row.requested_date, "order_line")?;
            let queued_at = columns::instant(row.queue_time, "order_line")?;
            let order_day = civil_date_in(ordered_at, &places.zone_named(&row.time_zone));
            row.queue_key = queue_key(&rules.sequence, &prepared.order, row, requested, queued_at, order_day);
            if row.shipped > 0 {
                history.push(history_claim(row));
            }
            if row.open > 0 {
                call.push(asked_for(row, planned.reserved_before));
            }
            imports.push(planned);
        }
        violations.finish()?;
        prepared.order.lines_active = count(&prepared.lines, |row| row.open > 0);
        prepared.order.lines_shipped = count(&prepared.lines, |row| row.shipped > 0);
        Ok(Ready { prepared, imports, history, call })
    }

    /// What became of each line in base units, of a kit in kits.
    async fn histories(&self, order: &OpenOrder) -> Result<Vec<History>, Error> {
        let items = self.catalog().items(&order.draft.items()).await?;
        let mut violations = Violations::new();
        let mut histories = Vec::with_capacity(order.lines.len());
        for (line, open) in order.draft.lines.iter().zip(&order.lines) {
            let Some(item) = items.get(line.item.as_str()) else { continue };
            let at = |field: &str| path("lines", open.index, field);
            match item.unit(&open.unit) {
                Err(unknown) => violations.push(at("unit"), unknown.to_string()),
                Ok((_, base_units)) => match open.history.in_parts(base_units) {
                    Some(history) => histories.push(history),
                    None => violations.push(at("unit"), "must be a unit of which a line can have so many"),
                },
            }
        }
        violations.finish()?;
        Ok(histories)
    }
}

/// Refuses an order for which the call has no room any more, when the components of kits are counted.
fn fits(ready: Ready, lines: &mut usize) -> Result<Ready, Error> {
    if *lines + ready.prepared.lines.len() > LINES_MAX {
        let text =
            format!("the call has more than {LINES_MAX} lines with the components of kits: send it in another one");
        return Err(Error::invalid("order.lines", text));
    }
    *lines += ready.prepared.lines.len();
    Ok(ready)
}

fn count(lines: &[order_line::Model], is_counted: impl Fn(&order_line::Model) -> bool) -> i64 {
    i64::try_from(lines.iter().filter(|row| is_counted(row)).count()).unwrap_or(i64::MAX)
}

fn shipped_from(order: &OpenOrder) -> BTreeMap<&str, String> {
    let named = order.lines.iter().filter_map(|line| Some((line.shipped_from.as_ref()?, line.index)));
    named.map(|(location, index)| (location.as_str(), path("lines", index, "shipped_from"))).collect()
}

/// Puts what became of the line into its row, which is that of a new line; `None` when it contradicts itself.
fn take_over(
    row: &mut order_line::Model,
    open: &OpenLine,
    history: History,
    (ordered_at, now): (Timestamp, Timestamp),
    places: &Places,
    violations: &mut Violations,
) -> Result<Option<PlannedImport>, Error> {
    let zone = places.zone_named(&row.time_zone);
    let per_kit = if row.kit_line.is_some() { row.kit_units.max(1) } else { 1 };
    let history = History { ordered: Quantity::try_new(row.ordered / per_kit).unwrap_or_default(), ..history };
    let queued_at = open.queue_time.unwrap_or(ordered_at);
    let promised = open.promised.or(open.original_promised);
    let dates = HistoryDates {
        ordered_at,
        queued_at,
        now,
        order_day: civil_date_in(ordered_at, &zone),
        today: civil_date_in(now, &zone),
        original_promised: open.original_promised,
        promised,
        shipped: open.shipped,
    };
    let faults = history.faults(&dates);
    for fault in &faults {
        violations.push(path("lines", open.index, fault.field()), fault.to_string());
    }
    // No component has more units than were ordered of it.
    let Some(history) = history.in_parts(per_kit).filter(|_| faults.is_empty()) else { return Ok(None) };
    row.open = history.open().get();
    (row.shipped, row.cancelled) = (history.shipped.get(), history.cancelled.get());
    row.returned = history.returned.get();
    row.queue_time = columns::micros(queued_at);
    row.original_promised_date = open.original_promised.map(columns::date_text);
    row.current_promised_date = promised.map(columns::date_text);
    row.promise_revision = i32::try_from(promises(row, 0, now).len()).unwrap_or_default();
    let left_at = open.shipped.and_then(|day| zone.to_timestamp(day.at(12, 0, 0, 0)).ok());
    let left_at = left_at.map(|at| columns::micros(at.min(now)));
    if row.open > 0 {
        row.barriers = barriers_of(row)?.set(Barrier::GoLive, true).bits();
    } else {
        row.filled_at = left_at;
        row.actual_ship_date = open.shipped.map(columns::date_text);
    }
    let first = crate::order::texts::locations_of(&row.locations).next().map(str::to_owned);
    let first = first.or_else(|| places.first_serving().map(ToString::to_string));
    let shipped_from = open.shipped_from.as_ref().map(ToString::to_string).or(first).unwrap_or_default();
    Ok(Some(PlannedImport {
        order: row.order_id.clone(),
        line: row.line_number,
        reserved_before: history.reserved.get(),
        filled_at_once: history.filled_at_once.map(Quantity::get),
        backordered: history.backordered.map(Quantity::get),
        shipped_at: left_at.unwrap_or_default(),
        shipped_from,
    }))
}

/// What the open units of a line ask inventory for: those that were reserved before, and a place in the queue for the
/// rest. What the other system accepted waits, whatever the policies here say.
fn asked_for(row: &order_line::Model, reserved_before: i64) -> inventory::ReserveLine {
    inventory::ReserveLine {
        quantity: row.open,
        shortfall: inventory::Shortfall::Backorder.into(),
        eligible: false,
        waiting_limit: None,
        take_at_most: Some(reserved_before),
        ..reserve_line(row, Placing::Firm)
    }
}

/// The refusal of one order, where it is the order's fault.
fn refused(id: &str, error: Error) -> Result<pb::OpenOrderResult, Error> {
    use backorder_proto::common::v1::ErrorReason;
    let fault = |reason: ErrorReason, field: String, description: String| pb::OpenOrderFault {
        field,
        reason: reason.into(),
        description,
    };
    let faults = if let Error::Invalid(violations) = error {
        let violations = violations.into_list().into_iter();
        violations.map(|one| fault(ErrorReason::InvalidRequest, one.field, one.description)).collect()
    } else if let Error::Missing { kind, name, field } = error {
        vec![fault(kind.reason(), field, format!("{name} is not there"))]
    } else {
        return Err(error);
    };
    Ok(result(id, pb::OpenOrderOutcome::Refused, faults))
}

fn result(id: &str, outcome: pb::OpenOrderOutcome, faults: Vec<pb::OpenOrderFault>) -> pb::OpenOrderResult {
    pb::OpenOrderResult { order: format!("orders/{id}"), outcome: outcome.into(), faults, shortages: Vec::new() }
}

struct ImportCommand<'a> {
    import: &'a str,
    orders: Vec<Result<Ready, pb::OpenOrderResult>>,
    who: Who,
    now: Timestamp,
}

#[async_trait]
impl StepCommand for ImportCommand<'_> {
    fn kind(&self) -> StepKind {
        StepKind::Import
    }

    async fn begin_in_tx(&self, tx: &WriteTx<'_>, step: Uuid, batch: &mut Batch) -> Result<Planned, Error> {
        let import = go_live::begin_in_tx(tx, self.import, columns::micros(self.now)).await?;
        if import.state != OPEN {
            let (kind, name) = (crate::error::Kind::BacklogImport, format!("imports/{}", self.import));
            return Err(Error::Closed { kind, name, state: import.state });
        }
        let context = Some(self.who.message());
        let mut plan = Plan { context, import: self.import.to_owned(), ..Plan::default() };
        let mut book = Book::default();
        let mut wanted = Vec::new();
        // Rows are locked in ascending order.
        let ready = self.orders.iter().filter_map(|order| order.as_ref().ok());
        let by_id: BTreeMap<&str, &Ready> = ready.map(|ready| (ready.prepared.order.id.as_str(), ready)).collect();
        let mut outcomes = BTreeMap::new();
        for (id, ready) in by_id {
            let outcome = self.begin_order_in_tx(tx, step, ready, (&mut plan, &mut book), batch).await?;
            if outcome.outcome() == pb::OpenOrderOutcome::Imported {
                let characteristics = characteristics_of(&ready.prepared.order);
                let of_order = ready.call.iter().cloned();
                wanted.extend(
                    of_order.map(|line| inventory::ReserveLine { characteristics: characteristics.clone(), ..line }),
                );
            }
            outcomes.insert(id, outcome);
        }
        let results = self.orders.iter().map(|order| match order {
            Ok(ready) => outcomes.get(ready.prepared.order.id.as_str()).cloned().unwrap_or_default(),
            Err(refused) => refused.clone(),
        });
        plan.import_results = results.collect();
        if plan.lines.is_empty() {
            let answer = pb::ImportOpenOrdersResponse { results: plan.import_results };
            return Ok(Planned::Done(answer.encode_to_vec()));
        }
        // The first in the queue get what is there of the units that were reserved before.
        wanted.sort_by(|a, b| (&a.queue_key, seconds(a), &a.line).cmp(&(&b.queue_key, seconds(b), &b.line)));
        if !wanted.is_empty() {
            let request = inventory::ReserveStockRequest {
                lines: wanted,
                effective_time: Some(encode::timestamp(self.now)),
                context: Some(self.who.message()),
                ..inventory::ReserveStockRequest::default()
            };
            plan.calls.push(Call::new(Kind::Reserve(request)));
        }
        Ok(Planned::Step(Box::new(plan), book))
    }
}

fn seconds(line: &inventory::ReserveLine) -> Option<(i64, i32)> {
    line.queue_time.as_ref().map(|time| (time.seconds, time.nanos))
}

impl ImportCommand<'_> {
    /// Writes an order that is new; one that is there is compared.
    async fn begin_order_in_tx(
        &self,
        tx: &WriteTx<'_>,
        step: Uuid,
        ready: &Ready,
        (plan, book): (&mut Plan, &mut Book),
        batch: &mut Batch,
    ) -> Result<pb::OpenOrderResult, Error> {
        use pb::OpenOrderOutcome as Outcome;
        let mut order = ready.prepared.order.clone();
        order.busy_step = Some(step.to_string());
        OrderState::Reserving.as_str().clone_into(&mut order.state);
        if !insert_order_in_tx(tx, order.clone()).await? {
            return self.there_before_in_tx(tx, ready).await;
        }
        insert_lines(batch, ready.prepared.lines.clone());
        holds::put(batch, &ready.prepared.holds);
        insert_history(batch, ready.history.clone());
        let lines = ready.prepared.lines.iter().map(|row| {
            let copy = ready.history.iter().find(|copy| copy.line_number == row.line_number);
            let claims = copy.map(|copy| (HISTORY_PART, copy.clone())).into_iter().collect();
            (row.line_number, LineRecord { claims, ..LineRecord::new(row.clone()) })
        });
        let id = order.id.clone();
        book.orders.insert(id.clone(), OrderRecord { lines: lines.collect(), ..OrderRecord::new(order) });
        plan.lines.extend(ready.prepared.lines.iter().map(|row| PlannedLine {
            order: row.order_id.clone(),
            line: row.line_number,
            part: i32::from(row.open > 0),
            quantity: row.open,
        }));
        plan.imported.extend(ready.imports.iter().cloned());
        Ok(result(&id, Outcome::Imported, Vec::new()))
    }

    async fn there_before_in_tx(&self, tx: &WriteTx<'_>, ready: &Ready) -> Result<pb::OpenOrderResult, Error> {
        use backorder_proto::common::v1::ErrorReason;
        let wanted = &ready.prepared.order;
        let there = find_order(tx, &wanted.id).await?;
        if let Some(there) = &there
            && let Some(step) = &there.busy_step
        {
            return Err(Error::Busy { order: there.id.clone(), step: step.clone() });
        }
        if there.is_some_and(|there| there.draft_hash == wanted.draft_hash) {
            return Ok(result(&wanted.id, pb::OpenOrderOutcome::Unchanged, Vec::new()));
        }
        let fault = pb::OpenOrderFault {
            field: "order.order_id".to_owned(),
            reason: ErrorReason::AlreadyExists.into(),
            description: format!("orders/{} is there with other content", wanted.id),
        };
        Ok(result(&wanted.id, pb::OpenOrderOutcome::Refused, vec![fault]))
    }
}
