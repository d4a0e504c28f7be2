//! Hands reserved units to the warehouse.

use std::collections::BTreeSet;

use async_trait::async_trait;
use backorder_domain::{order::ship_set::Gate, quantity::Quantity};
use backorder_proto::{allocation::v1 as pb, convert::encode, inventory::v1 as inventory};
use backorder_storage::{Batch, WriteTx};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    error::Error,
    order::{Book, key::demand_line, release_day, sets, shortage},
    saga::{Call, Plan, Planned, PlannedLine, StepCommand, StepKind, call::Kind, mark_busy},
    store::orders::load_lines_in_tx,
    use_cases::{
        UseCases,
        holds::on_hold_in_tx,
        orders::{LineAmount, allowed_line, of_components},
    },
    write::{Who, Write},
};

/// What is handed over.
#[derive(Debug, Clone)]
pub struct ReleaseLines {
    /// The lines, each once.
    pub lines: Vec<LineAmount>,
    /// Who does it and why.
    pub who: Who,
}

impl UseCases {
    /// Hands reserved units to the warehouse: all lines or none.
    ///
    /// # Errors
    /// Those of the contract; [`Error::Unanswered`] when inventory does not answer, and it is finished later.
    pub async fn release_lines(self, write: Write<ReleaseLines>) -> Result<pb::ReleaseLinesResponse, Error> {
        let who = write.command.who.clone().or_caller(&write.key.caller);
        let command = ReleaseCommand { lines: &write.command.lines, who, at: self.now() };
        self.run_step(&write, &command).await
    }
}

struct ReleaseCommand<'a> {
    lines: &'a [LineAmount],
    who: Who,
    at: Timestamp,
}

#[async_trait]
impl StepCommand for ReleaseCommand<'_> {
    fn kind(&self) -> StepKind {
        StepKind::Release
    }

    async fn begin_in_tx(&self, tx: &WriteTx<'_>, step: Uuid, batch: &mut Batch) -> Result<Planned, Error> {
        let keys: BTreeSet<_> = self.lines.iter().map(|line| (line.order.clone(), line.line)).collect();
        let mut book = load_lines_in_tx(tx, &keys).await?;
        let lines = of_components(&book, self.lines)?;
        let mut planned_lines = Vec::with_capacity(lines.len());
        for line in &lines {
            let planned = planned(&book, line, self.at)?;
            let Some(planned) = planned else { return Err(on_hold_in_tx(tx, &book, &line.order, line.line).await?) };
            planned_lines.push(planned);
        }
        let planned = planned_lines;
        sets::check_whole(&book, &planned, Gate::Release)?;
        mark_busy(batch, &mut book, step)?;
        let context = Some(self.who.message());
        let hand_over = inventory::ReleaseToWarehouseRequest {
            lines: planned.iter().map(warehouse_line).collect(),
            effective_time: Some(encode::timestamp(self.at)),
            context: context.clone(),
            ..inventory::ReleaseToWarehouseRequest::default()
        };
        let calls = vec![Call::new(Kind::HandOver(hand_over))];
        Ok(Planned::Step(Box::new(Plan { calls, lines: planned, context, ..Plan::default() }), book))
    }
}

/// The line as it is handed over; `None` when a hold keeps it.
fn planned(book: &Book, wanted: &LineAmount, at: Timestamp) -> Result<Option<PlannedLine>, Error> {
    let line = allowed_line(book, &wanted.order, wanted.line, StepKind::Release)?;
    if !line.barriers()?.may_be_released() {
        return Ok(None);
    }
    sets::check_complete(book, &wanted.order, &line.row)?;
    let vector = line.vector()?;
    let all = vector.parts().reserved.max(Quantity::try_new(1).unwrap_or_default());
    let quantity = if wanted.quantity.is_zero() { all } else { wanted.quantity };
    let may = vector.may_release(quantity);
    may.map_err(|error| Error::Line { order: wanted.order.clone(), line: wanted.line, error })?;
    release_day::check(line, at)?;
    shortage::may_leave(line, Gate::Release, quantity)?;
    let quantity = quantity.get();
    Ok(Some(PlannedLine { order: wanted.order.clone(), line: wanted.line, part: 0, quantity }))
}

/// A planned line as inventory is asked about it.
pub(super) fn warehouse_line(planned: &PlannedLine) -> inventory::WarehouseLine {
    inventory::WarehouseLine {
        line: demand_line(&planned.order, planned.line, false),
        part: 0,
        location: String::new(),
        quantity: planned.quantity,
    }
}
