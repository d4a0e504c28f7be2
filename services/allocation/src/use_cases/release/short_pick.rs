//! Takes over that the warehouse did not find units that it was to pick.

use std::collections::BTreeSet;

use async_trait::async_trait;
use backorder_domain::quantity::Quantity;
use backorder_proto::{allocation::v1 as pb, convert::encode, inventory::v1 as inventory};
use backorder_storage::{Batch, WriteTx};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    error::Error,
    order::key::demand_line,
    saga::{Call, Plan, Planned, PlannedLine, StepCommand, StepKind, call::Kind, mark_busy},
    store::orders::load_lines_in_tx,
    use_cases::{UseCases, orders::allowed_line},
    write::{Who, Write},
};

/// Units of a line that were not found.
#[derive(Debug, Clone)]
pub struct Short {
    /// The order's id.
    pub order: String,
    /// The line's number.
    pub line: i32,
    /// Base units.
    pub quantity: Quantity,
    /// Whether they are there, but damaged.
    pub is_damaged: bool,
}

/// What was not found.
#[derive(Debug, Clone)]
pub struct ShortPick {
    /// The units, each line once.
    pub lines: Vec<Short>,
    /// When it was not found; `None` means now.
    pub report_time: Option<Timestamp>,
    /// Who does it and why.
    pub who: Who,
}

impl UseCases {
    /// Takes over that units were not found: all lines or none. Their lines wait again at their old place.
    ///
    /// # Errors
    /// Those of the contract; [`Error::Unanswered`] when inventory does not answer, and it is finished later.
    pub async fn report_short_pick(self, write: Write<ShortPick>) -> Result<pb::ReportShortPickResponse, Error> {
        let who = write.command.who.clone().or_caller(&write.key.caller);
        let at = write.command.report_time.unwrap_or_else(|| self.now());
        let command = ShortPickCommand { short: &write.command, who, at };
        self.run_step(&write, &command).await
    }
}

struct ShortPickCommand<'a> {
    short: &'a ShortPick,
    who: Who,
    at: Timestamp,
}

#[async_trait]
impl StepCommand for ShortPickCommand<'_> {
    fn kind(&self) -> StepKind {
        StepKind::ShortPick
    }

    async fn begin_in_tx(&self, tx: &WriteTx<'_>, step: Uuid, batch: &mut Batch) -> Result<Planned, Error> {
        let keys: BTreeSet<_> = self.short.lines.iter().map(|line| (line.order.clone(), line.line)).collect();
        let mut book = load_lines_in_tx(tx, &keys).await?;
        let mut planned = Vec::with_capacity(self.short.lines.len());
        for short in &self.short.lines {
            let vector = allowed_line(&book, &short.order, short.line, StepKind::ShortPick)?.vector()?;
            let may = vector.may_be_short(short.quantity);
            may.map_err(|error| Error::Line { order: short.order.clone(), line: short.line, error })?;
            let (order, quantity) = (short.order.clone(), short.quantity.get());
            planned.push(PlannedLine { order, line: short.line, part: 0, quantity });
        }
        mark_busy(batch, &mut book, step)?;
        let context = Some(self.who.message());
        let request = inventory::ReportShortPickRequest {
            lines: self.short.lines.iter().map(short_pick_line).collect(),
            effective_time: Some(encode::timestamp(self.at)),
            context: context.clone(),
            ..inventory::ReportShortPickRequest::default()
        };
        let calls = vec![Call::new(Kind::ShortPick(request))];
        Ok(Planned::Step(Box::new(Plan { calls, lines: planned, context, ..Plan::default() }), book))
    }
}

fn short_pick_line(short: &Short) -> inventory::ShortPickLine {
    inventory::ShortPickLine {
        line: demand_line(&short.order, short.line, false),
        part: 0,
        location: String::new(),
        quantity: short.quantity.get(),
        damaged: short.is_damaged,
    }
}
