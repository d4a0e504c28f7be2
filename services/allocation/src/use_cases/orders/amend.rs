//! Changes the quantity or the requested date of a line.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use async_trait::async_trait;
use backorder_domain::{
    order::kit::units_of,
    quantity::Quantity,
    time::{civil_date_in, time_zone},
    units::in_base_units,
};
use backorder_proto::{allocation::v1 as pb, convert::encode, inventory::v1 as inventory};
use backorder_storage::{Batch, WriteTx, columns};
use jiff::{Timestamp, tz::TimeZone};
use uuid::Uuid;

use super::{
    RequestedDate,
    cancel::kept_free,
    prepare::{Placing, characteristics_of, queue_key, reserve_line},
    ship::allowed_line,
};
use crate::{
    catalog::{ItemCopy, Places},
    error::Error,
    order::{Book, LineRecord, Routes, key::demand_line, kits},
    rules::RuleSet,
    saga::{Amendment, Call, Plan, Planned, PlannedKits, PlannedLine, StepCommand, StepKind, call::Kind, mark_busy},
    store::{
        entity::order_line,
        orders::{find_order, lines_by_key, load_orders_in_tx},
    },
    use_cases::UseCases,
    write::{Who, Write},
};

/// What changes of a line.
#[derive(Debug, Clone)]
pub struct Amend {
    /// The order's id.
    pub order: String,
    /// The line's number.
    pub line: i32,
    /// The new requested quantity in `unit`; `None` when it stays.
    pub quantity: Option<Quantity>,
    /// The unit, by its code or GTIN; empty for base units.
    pub unit: String,
    /// The new requested date; `None` when it stays.
    pub requested: Option<RequestedDate>,
    /// Who does it and why.
    pub who: Who,
}

impl UseCases {
    /// Changes a line: more joins the queue anew, less gives up what waits first.
    ///
    /// # Errors
    /// Those of the contract; [`Error::Unanswered`] when inventory does not answer, and it is finished later.
    pub async fn amend_order_line(self, write: Write<Amend>) -> Result<pb::AmendOrderLineResponse, Error> {
        let who = write.command.who.clone().or_caller(&write.key.caller);
        let rules = self.rules().current().await?;
        let places = self.catalog().places().await?;
        let item = self.item_with_units(&write.command).await?;
        let (amend, now) = (&write.command, self.now());
        let command = AmendCommand { amend, who, now, rules: &rules, places: &places, item };
        self.run_step(&write, &command).await
    }

    /// The item of the line or kit, where the amendment names a unit of it. What the unit holds is read when it is known that
    /// the request is new.
    async fn item_with_units(&self, amend: &Amend) -> Result<Option<Arc<ItemCopy>>, Error> {
        if amend.unit.is_empty() {
            return Ok(None);
        }
        let (reader, key) = (self.store().reader(), (amend.order.clone(), amend.line));
        let order = find_order(reader, &amend.order).await?.ok_or_else(|| Error::no_order(&amend.order))?;
        let kit = kits::of(&order)?.into_iter().find(|kit| kit.number == amend.line).map(|kit| kit.item);
        let line = lines_by_key(reader, &BTreeSet::from([key.clone()])).await?.remove(&key);
        let item = kit.or(line.map(|line| line.item_id)).ok_or_else(|| Error::no_line(&amend.order, amend.line))?;
        Ok(self.catalog().items(&BTreeMap::from([(item.as_str(), String::new())])).await?.remove(&item))
    }
}

/// The quantity that an amendment asks for, in base units, and as it was said.
#[derive(Debug, Clone, Copy)]
struct Asked<'a> {
    base: Quantity,
    unit: &'a str,
    quantity: Quantity,
    base_units: i64,
}

struct AmendCommand<'a> {
    amend: &'a Amend,
    who: Who,
    now: Timestamp,
    rules: &'a RuleSet,
    places: &'a Places,
    item: Option<Arc<ItemCopy>>,
}

#[async_trait]
impl StepCommand for AmendCommand<'_> {
    fn kind(&self) -> StepKind {
        StepKind::Amend
    }

    async fn begin_in_tx(&self, tx: &WriteTx<'_>, step: Uuid, batch: &mut Batch) -> Result<Planned, Error> {
        let (id, number) = (&self.amend.order, self.amend.line);
        let mut book = load_orders_in_tx(tx, &BTreeSet::from([id.clone()])).await?;
        let asked = self.asked()?;
        let mut plan = self.plan(&book, &self.lines(&book, id, number, asked)?)?;
        plan.kits.extend(self.kits(&book, asked)?);
        mark_busy(batch, &mut book, step)?;
        Ok(Planned::Step(Box::new(plan), book))
    }
}

impl AmendCommand<'_> {
    fn asked(&self) -> Result<Option<Asked<'_>>, Error> {
        let Some(quantity) = self.amend.quantity else { return Ok(None) };
        let Some(item) = &self.item else {
            return Ok(Some(Asked { base: quantity, unit: "", quantity, base_units: 1 }));
        };
        let found = item.unit(&self.amend.unit).map_err(|unknown| Error::invalid("unit", unknown.to_string()));
        let (unit, base_units) = found?;
        let too_many = || Error::invalid("quantity", format!("must be at most {} base units", Quantity::COMMAND_MAX));
        let base = in_base_units(quantity, base_units).ok_or_else(too_many)?;
        Ok(Some(Asked { base, unit, quantity, base_units }))
    }

    /// The lines that change, each with its new quantity: a kit is changed in all its components.
    fn lines<'b>(
        &'b self,
        book: &'b Book,
        id: &str,
        number: i32,
        asked: Option<Asked<'b>>,
    ) -> Result<Vec<(&'b LineRecord, Option<Asked<'b>>)>, Error> {
        let order = book.orders.get(id).ok_or_else(|| Error::no_order(id))?;
        if !kits::is_kit(order, number)? {
            let line = allowed_line(book, id, number, StepKind::Amend)?;
            kits::refuse_component(&line.row)?;
            return Ok(vec![(line, asked)]);
        }
        let mut lines = Vec::new();
        for (component, part) in kits::components(order, number) {
            let line = allowed_line(book, id, component, StepKind::Amend)?;
            let units = |asked: Asked<'_>| units_of(asked.base, part.row.kit_units).ok_or_else(too_many);
            let units = asked.map(units).transpose()?;
            lines.push((line, units.map(|base| Asked { base, unit: "", quantity: base, base_units: 1 })));
        }
        Ok(lines)
    }

    /// The kits of the order, in which the one that is amended stands as it was said; `None` when no kit is ordered anew.
    fn kits(&self, book: &Book, asked: Option<Asked<'_>>) -> Result<Option<PlannedKits>, Error> {
        let (Some(asked), Some(order)) = (asked, book.orders.get(&self.amend.order)) else { return Ok(None) };
        let mut all = kits::of(&order.row)?;
        let Some(kit) = all.iter_mut().find(|kit| kit.number == self.amend.line) else { return Ok(None) };
        asked.unit.clone_into(&mut kit.unit);
        (kit.unit_quantity, kit.base_units) = (asked.quantity.get(), asked.base_units);
        Ok(Some(PlannedKits { order: self.amend.order.clone(), kits: kits::text(&all) }))
    }

    fn plan(&self, book: &Book, lines: &[(&LineRecord, Option<Asked<'_>>)]) -> Result<Plan, Error> {
        let mut plan = Plan { context: Some(self.who.message()), ..Plan::default() };
        let mut calls = Calls::default();
        for (line, asked) in lines {
            let mut amendment = self.amendment(line, *asked)?;
            // The row as it will be, for the place in the queue.
            let row = self.row_after(book, line, &amendment)?;
            let part = row.parts + 1;
            if amendment.raised > 0 {
                calls.raised.push(self.raise(book, &row, part, amendment.raised)?);
            } else if amendment.reduced > 0 {
                calls.reduced.push(release(&row, amendment.reduced));
            }
            if !amendment.requested_date.is_empty() {
                amendment.queue_key = self.key(book, &row, columns::instant(row.queue_time, "order_line")?)?;
                calls.requeued.extend(self.requeue(book, line, &row)?);
            }
            plan.lines.push(PlannedLine {
                order: row.order_id.clone(),
                line: row.line_number,
                part: if amendment.raised > 0 { part } else { 0 },
                quantity: amendment.raised.max(amendment.reduced),
            });
            plan.amendments.push(amendment);
        }
        plan.calls = calls.into_calls(self.now, &self.who);
        Ok(plan)
    }

    fn row_after(&self, book: &Book, line: &LineRecord, amendment: &Amendment) -> Result<order_line::Model, Error> {
        let mut row = line.row.clone();
        if !amendment.requested_date.is_empty() {
            row.requested_date.clone_from(&amendment.requested_date);
            row.requested_basis.clone_from(&amendment.requested_basis);
            row.time_zone.clone_from(&amendment.time_zone);
            let order = book.orders.get(&row.order_id).ok_or_else(|| Error::no_order(&row.order_id))?;
            let zone = time_zone(&row.time_zone).unwrap_or(TimeZone::UTC);
            let latest = Routes::of(&order.row, self.places, &zone).latest_ship_date(&row, None)?;
            row.latest_ship_date = latest.map(columns::date_text);
        }
        row.ordered += amendment.raised - amendment.reduced;
        Ok(row)
    }

    fn amendment(&self, line: &LineRecord, asked: Option<Asked<'_>>) -> Result<Amendment, Error> {
        let number = line.row.line_number;
        let conflict = |error| Error::Line { order: self.amend.order.clone(), line: number, error };
        let vector = line.vector()?;
        let before = vector.requested().map_err(conflict)?;
        let after = asked.map_or(before, |asked| asked.base);
        let reduced = before.saturating_sub(after);
        if !reduced.is_zero() {
            vector.may_reduce(reduced).map_err(conflict)?;
            kept_free(line, &vector, reduced).map_err(conflict)?;
        }
        let mut amendment =
            Amendment { raised: after.saturating_sub(before).get(), reduced: reduced.get(), ..Amendment::default() };
        if let Some(asked) = asked {
            asked.unit.clone_into(&mut amendment.unit);
            (amendment.unit_quantity, amendment.base_units) = (asked.quantity.get(), asked.base_units);
        }
        if let Some(requested) = &self.amend.requested {
            if line.row.shelf_life_days > 0 {
                let text = "must stay for a line that asks for a remaining shelf life: cancel it and order anew";
                return Err(Error::invalid("requested_date", text));
            }
            let zone = &requested.time_zone;
            amendment.requested_date = columns::date_text(requested.date);
            requested.basis.as_str_name().clone_into(&mut amendment.requested_basis);
            amendment.time_zone = if zone.is_empty() { line.row.time_zone.clone() } else { zone.clone() };
        }
        Ok(amendment)
    }

    /// What is added joins the queue now, as a part of its own.
    fn raise(
        &self,
        book: &Book,
        row: &order_line::Model,
        part: i32,
        quantity: i64,
    ) -> Result<inventory::ReserveLine, Error> {
        Ok(inventory::ReserveLine {
            part,
            quantity,
            queue_key: self.key(book, row, self.now)?,
            queue_time: Some(encode::timestamp(self.now)),
            characteristics: book
                .orders
                .get(&row.order_id)
                .map(|order| characteristics_of(&order.row))
                .unwrap_or_default(),
            ..reserve_line(row, Placing::Firm)
        })
    }

    /// The parts that wait get the place that the new date gives them.
    fn requeue(
        &self,
        book: &Book,
        line: &LineRecord,
        row: &order_line::Model,
    ) -> Result<Vec<inventory::QueueChange>, Error> {
        let mut changes = Vec::new();
        for claim in line.claims.values().filter(|claim| claim.waiting > 0) {
            let queue_time = columns::instant(claim.queue_time, "line_claim")?;
            changes.push(inventory::QueueChange {
                line: demand_line(&claim.order_id, claim.line_number, false),
                part: claim.part,
                eligible: None,
                in_set: None,
                queue_key: Some(self.key(book, row, queue_time)?),
                queue_time: None,
            });
        }
        Ok(changes)
    }

    fn key(&self, book: &Book, row: &order_line::Model, queue_time: Timestamp) -> Result<String, Error> {
        let order = book.orders.get(&row.order_id).ok_or_else(|| Error::no_order(&row.order_id))?;
        let zone = time_zone(&row.time_zone).unwrap_or(TimeZone::UTC);
        let order_date = civil_date_in(columns::instant(order.row.ordered_at, "customer_order")?, &zone);
        let requested = columns::date(&row.requested_date, "order_line")?;
        Ok(queue_key(&self.rules.sequence, &order.row, row, requested, queue_time, order_date))
    }
}

fn too_many() -> Error {
    Error::invalid("quantity", format!("must be at most {} base units of each component", Quantity::COMMAND_MAX))
}

fn release(row: &order_line::Model, quantity: i64) -> inventory::ReleaseLine {
    inventory::ReleaseLine {
        line: demand_line(&row.order_id, row.line_number, false),
        quantity,
        ..inventory::ReleaseLine::default()
    }
}

/// What is asked of inventory for all lines.
#[derive(Default)]
struct Calls {
    raised: Vec<inventory::ReserveLine>,
    reduced: Vec<inventory::ReleaseLine>,
    requeued: Vec<inventory::QueueChange>,
}

impl Calls {
    fn into_calls(self, now: Timestamp, who: &Who) -> Vec<Call> {
        let mut calls = Vec::new();
        let (effective_time, context) = (Some(encode::timestamp(now)), Some(who.message()));
        if !self.raised.is_empty() {
            calls.push(Call::new(Kind::Reserve(inventory::ReserveStockRequest {
                lines: self.raised,
                effective_time,
                context: context.clone(),
                ..inventory::ReserveStockRequest::default()
            })));
        }
        if !self.reduced.is_empty() {
            calls.push(Call::new(Kind::Release(inventory::ReleaseClaimsRequest {
                lines: self.reduced,
                effective_time,
                context: context.clone(),
                ..inventory::ReleaseClaimsRequest::default()
            })));
        }
        if !self.requeued.is_empty() {
            let changes = self.requeued;
            let request =
                inventory::UpdateQueueRequest { changes, context, ..inventory::UpdateQueueRequest::default() };
            calls.push(Call::new(Kind::UpdateQueue(request)));
        }
        calls
    }
}
