//! Asks a supplier for units of a line.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use backorder_domain::{order::line::LineError, quantity::Quantity};
use backorder_proto::{allocation::v1 as pb, inventory::v1::DropShipStock};
use backorder_storage::{Batch, StorageError, WriteTx, columns};
use jiff::{SignedDuration, Timestamp};
use prost::Message as _;
use uuid::Uuid;

use super::Recorded;
use crate::{
    catalog::ItemCopy,
    error::Error,
    order::{Book, kits, sets, take::Moved, wishes},
    saga::{Planned, StepCommand, StepKind},
    store::{
        entity::{drop_ship_take as row, order_line},
        orders::load_lines_in_tx,
        takes::{self, PENDING},
    },
    use_cases::{UseCases, holds::on_hold_in_tx, named_units::base_units, orders::allowed_line},
    write::{Who, Write},
};

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Take {
    /// The order's id.
    pub order: String,
    /// The line's number.
    pub line: i32,
    /// Units of `unit`; zero means all that is open and not asked for.
    pub quantity: Quantity,
    /// The unit, by its code or GTIN; empty for base units.
    pub unit: String,
    /// The supplier.
    pub supplier: String,
    /// For how long it may think.
    pub answer_within: SignedDuration,
    /// Who does it and why.
    pub who: Who,
}

impl UseCases {
    /// Asks a supplier for units of a line.
    ///
    /// # Errors
    /// Those of the contract; [`Error::Unanswered`] when inventory does not say what was reported.
    pub async fn take_from_drop_ship(self, write: Write<Take>) -> Result<pb::DropShipTakeResponse, Error> {
        let wanted = &write.command;
        let item = takes::item_of_line(self.store().reader(), &wanted.order, wanted.line).await?;
        let with_units = self.item_if_named(item.clone(), &wanted.unit).await?;
        let report = match item {
            Some(item) => {
                let report = self.inventory().drop_ship_stock(&format!("items/{item}"), &wanted.supplier).await;
                report.map_err(Error::Unanswered)?
            }
            None => None,
        };
        let who = wanted.who.clone().or_caller(&write.key.caller);
        let traceparent = write.traceparent.clone();
        let command = TakeCommand { use_cases: &self, wanted, report, with_units, who, traceparent };
        self.run_step(&write, &command).await
    }
}

struct TakeCommand<'a> {
    use_cases: &'a UseCases,
    wanted: &'a Take,
    /// What the supplier reported of the item.
    report: Option<DropShipStock>,
    /// The item, where a unit is named.
    with_units: Option<Arc<ItemCopy>>,
    who: Who,
    traceparent: Option<String>,
}

#[async_trait]
impl StepCommand for TakeCommand<'_> {
    fn kind(&self) -> StepKind {
        StepKind::DropShip
    }

    async fn begin_in_tx(&self, tx: &WriteTx<'_>, step: Uuid, _batch: &mut Batch) -> Result<Planned, Error> {
        let Take { order, line, supplier, .. } = self.wanted;
        let mut book = load_lines_in_tx(tx, &BTreeSet::from([(order.clone(), *line)])).await?;
        refuse_kit(&book, order, *line)?;
        let found = allowed_line(&book, order, *line, StepKind::DropShip)?;
        kits::refuse_component(&found.row)?;
        if !found.barriers()?.may_be_released() {
            return Err(on_hold_in_tx(tx, &book, order, *line).await?);
        }
        let found = &found.row;
        if wishes::asks(found) {
            let text = "must not ask for a batch or a shelf life: nobody knows what the supplier sends";
            return Err(Error::invalid("line", text));
        }
        let quantity = self.quantity(found)?;
        // What a supplier ships comes apart from the rest.
        sets::check_complete(&book, order, found)?;
        let item = found.item_id.clone();
        self.check_report_in_tx(tx, &item, quantity).await?;
        let now = self.use_cases.now();
        let take = row::Model {
            id: step.to_string(),
            order_id: order.clone(),
            line_number: *line,
            item_id: item,
            supplier: supplier.clone(),
            quantity,
            confirmed: 0,
            shipped: 0,
            state: PENDING.to_owned(),
            asked_at: columns::micros(now),
            answer_by: columns::micros(self.answer_by(now)?),
            answered_at: None,
            ship_date: None,
            actor: self.who.actor.clone(),
            reason_code: self.who.reason_code.clone(),
            note: self.who.note.clone(),
            version: 1,
        };
        let moved = Moved { pending: quantity, ..Moved::default() };
        let (text, who, traceparent) = ("asked of a supplier", &self.who, self.traceparent.clone());
        let recorded = Recorded { write: step, text, who, traceparent, take, moved };
        let answer = self.use_cases.record_take_in_tx(tx, &mut book, recorded).await?;
        Ok(Planned::Done(answer.encode_to_vec()))
    }
}

/// What a supplier ships comes apart from the rest, and no half of a kit leaves.
fn refuse_kit(book: &Book, order: &str, line: i32) -> Result<(), Error> {
    match book.orders.get(order) {
        Some(record) if kits::is_kit(record, line)? => Err(Error::invalid(
            "line",
            "must be no kit: what suppliers ship comes apart from the rest, and a kit leaves whole",
        )),
        Some(_) | None => Ok(()),
    }
}

impl TakeCommand<'_> {
    /// What is asked for: at most what is open and no other take asks for.
    fn quantity(&self, line: &order_line::Model) -> Result<i64, Error> {
        let free = (line.open - line.drop_ship_pending - line.drop_ship_confirmed).max(0);
        let (item, fields) = (self.with_units.as_deref(), ["unit", "quantity"].map(str::to_owned));
        let wanted = base_units(item, &self.wanted.unit, self.wanted.quantity, fields)?;
        let wanted = if wanted.is_zero() { free.max(1) } else { wanted.get() };
        if wanted <= free {
            return Ok(wanted);
        }
        let units = |number| Quantity::try_new(number).unwrap_or_default();
        let error = LineError::TooFew { kind: "open and not asked for", present: units(free), wanted: units(wanted) };
        Err(Error::Line { order: line.order_id.clone(), line: line.line_number, error })
    }

    /// The report must hold, and have so many that nobody asked for.
    async fn check_report_in_tx(&self, tx: &WriteTx<'_>, item: &str, wanted: i64) -> Result<(), Error> {
        let (item_name, supplier) = (format!("items/{item}"), self.wanted.supplier.clone());
        let report = self.report.as_ref().filter(|report| !report.stale && report.item == item_name);
        let Some(report) = report else { return Err(Error::ReportStale { item: item_name, supplier }) };
        let as_of = report
            .as_of_time
            .as_ref()
            .and_then(|time| Timestamp::new(time.seconds, time.nanos).ok().map(columns::micros));
        let asked = takes::asked_of_in_tx(tx, item, &supplier, as_of.unwrap_or_default()).await?;
        let present = (report.quantity - asked).max(0);
        if wanted > present {
            return Err(Error::ReportTooSmall { item: item_name, supplier, present, wanted });
        }
        Ok(())
    }

    fn answer_by(&self, now: Timestamp) -> Result<Timestamp, Error> {
        let by = now.checked_add(self.wanted.answer_within);
        by.map_err(|error| StorageError::Settings(error.to_string()).into())
    }
}
