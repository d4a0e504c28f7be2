//! Ships reserved units of lines of one or more orders.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use backorder_domain::{
    ids::LocationId,
    order::{line::LineError, ship_set::Gate},
    quantity::Quantity,
};
use backorder_proto::{allocation::v1 as pb, convert::encode, inventory::v1 as inventory};
use backorder_storage::{Batch, WriteTx, columns};
use jiff::Timestamp;
use uuid::Uuid;

use super::kits::of_components;
use crate::{
    error::Error,
    order::{
        Book, LineRecord,
        key::demand_line,
        picked::{self, Picked},
        release_day, sets,
        shipment::PlannedShipment,
        shortage,
    },
    saga::{Call, Plan, Planned, PlannedLine, StepCommand, StepKind, call::Kind, mark_busy},
    store::orders::load_lines_in_tx,
    use_cases::{UseCases, holds::on_hold_in_tx},
    write::{Who, Write},
};

/// A quantity of a line.
#[derive(Debug, Clone)]
pub struct LineAmount {
    /// The order's id.
    pub order: String,
    /// The line's number.
    pub line: i32,
    /// Base units; zero means all that the command can take.
    pub quantity: Quantity,
}

/// Of what units of a line that ships are to be.
#[derive(Debug, Clone)]
pub struct PickedOfLine {
    /// The order's id and the line's number.
    pub line: (String, i32),
    /// Where they leave; `None` means any location.
    pub location: Option<LocationId>,
    /// Batch, owner and units.
    pub units: Picked,
}

/// What ships.
#[derive(Debug, Clone)]
pub struct Ship {
    /// The lines, each once.
    pub lines: Vec<LineAmount>,
    /// Of what units of them are to be.
    pub picked: Vec<PickedOfLine>,
    /// When the goods left; `None` means now.
    pub ship_time: Option<Timestamp>,
    /// The carrier's or warehouse's reference.
    pub reference: String,
    /// How the goods go.
    pub details: Option<pb::ShipmentDetails>,
    /// Who does it and why.
    pub who: Who,
}

impl UseCases {
    /// Ships reserved units, those in the warehouse's hands first: all lines or none.
    ///
    /// # Errors
    /// Those of the contract; [`Error::Unanswered`] when inventory does not answer, and the shipment is finished later.
    pub async fn ship_order_lines(self, write: Write<Ship>) -> Result<pb::ShipOrderLinesResponse, Error> {
        let command = ShipCommand {
            ship: &write.command,
            who: write.command.who.clone().or_caller(&write.key.caller),
            at: write.command.ship_time.unwrap_or_else(|| self.now()),
        };
        self.run_step(&write, &command).await
    }
}

struct ShipCommand<'a> {
    ship: &'a Ship,
    who: Who,
    at: Timestamp,
}

#[async_trait]
impl StepCommand for ShipCommand<'_> {
    fn kind(&self) -> StepKind {
        StepKind::Ship
    }

    async fn begin_in_tx(&self, tx: &WriteTx<'_>, step: Uuid, batch: &mut Batch) -> Result<Planned, Error> {
        let keys: BTreeSet<_> = self.ship.lines.iter().map(|line| (line.order.clone(), line.line)).collect();
        let mut book = load_lines_in_tx(tx, &keys).await?;
        let lines = of_components(&book, &self.ship.lines)?;
        let mut planned_lines = Vec::with_capacity(lines.len());
        for line in &lines {
            let planned = planned(&book, line, self.at)?;
            let Some(planned) = planned else { return Err(on_hold_in_tx(tx, &book, &line.order, line.line).await?) };
            planned_lines.push(planned);
        }
        let planned = planned_lines;
        sets::check_whole(&book, &planned, Gate::Ship)?;
        mark_busy(batch, &mut book, step)?;
        let context = Some(self.who.message());
        let post = inventory::PostReservationsRequest {
            lines: post_lines(&planned, &self.ship.picked)?,
            effective_time: Some(encode::timestamp(self.at)),
            context: context.clone().map(|mut context| {
                if !self.ship.reference.is_empty() && context.note.is_empty() {
                    context.note.clone_from(&self.ship.reference);
                }
                context
            }),
            ..inventory::PostReservationsRequest::default()
        };
        let mut calls = vec![Call::new(Kind::Post(post))];
        calls.extend(balances(&book, &planned, &self.who, self.at)?);
        let shipment = Some(PlannedShipment {
            details: self.ship.details.clone(),
            reference: self.ship.reference.clone(),
            shipped_at: columns::micros(self.at),
            supplier: String::new(),
        });
        Ok(Planned::Step(Box::new(Plan { calls, lines: planned, context, shipment, ..Plan::default() }), book))
    }
}

/// Gives up what waits of shipped lines whose customers want no back order: with the shipment their balance is cancelled.
/// It comes after the shipment, so inventory has what is given up even when it was reserved meanwhile.
pub(crate) fn balances(book: &Book, shipped: &[PlannedLine], who: &Who, at: Timestamp) -> Result<Option<Call>, Error> {
    let mut lines = Vec::new();
    for planned in shipped {
        let Some(line) = book.line(&planned.order, planned.line) else { continue };
        if line.row.open > 0 && !shortage::instruction(&line.row)?.waits() {
            let name = demand_line(&planned.order, planned.line, false);
            let quantity = line.row.open;
            lines.push(inventory::ReleaseLine { line: name, quantity, ..inventory::ReleaseLine::default() });
        }
    }
    let release = inventory::ReleaseClaimsRequest {
        lines,
        effective_time: Some(encode::timestamp(at)),
        context: Some(who.message()),
        ..inventory::ReleaseClaimsRequest::default()
    };
    Ok((!release.lines.is_empty()).then(|| Call::new(Kind::Release(release))))
}

/// The line of an order in which the command is allowed.
pub(crate) fn allowed_line<'b>(
    book: &'b Book,
    order: &str,
    line: i32,
    kind: StepKind,
) -> Result<&'b LineRecord, Error> {
    let record = book.orders.get(order).ok_or_else(|| Error::no_order(order))?;
    if let Some(step) = &record.row.busy_step {
        return Err(Error::Busy { order: order.to_owned(), step: step.clone() });
    }
    let found = record.lines.get(&line).ok_or_else(|| Error::no_line(order, line))?;
    let allowed = record.state()?.check(kind.command());
    allowed.map_err(|conflict| Error::State { order: order.to_owned(), conflict })?;
    Ok(found)
}

/// The line as it ships; `None` when a hold keeps it. What is in the warehouse's hands ships from behind a hold too.
fn planned(book: &Book, wanted: &LineAmount, at: Timestamp) -> Result<Option<PlannedLine>, Error> {
    let line = allowed_line(book, &wanted.order, wanted.line, StepKind::Ship)?;
    sets::check_complete(book, &wanted.order, &line.row)?;
    let conflict = |error: LineError| Error::Line { order: wanted.order.clone(), line: wanted.line, error };
    let vector = line.vector()?;
    let one = Quantity::try_new(1).unwrap_or_default();
    let is_free = line.barriers()?.may_be_released();
    let all = if is_free { vector.shippable() } else { vector.parts().released }.max(one);
    let quantity = if wanted.quantity.is_zero() { all } else { wanted.quantity };
    if !is_free && quantity > vector.parts().released {
        return Ok(None);
    }
    vector.may_ship(quantity).map_err(conflict)?;
    if quantity > vector.parts().released {
        release_day::check(line, at)?;
    }
    shortage::may_leave(line, Gate::Ship, quantity)?;
    let quantity = quantity.get();
    Ok(Some(PlannedLine { order: wanted.order.clone(), line: wanted.line, part: 0, quantity }))
}

/// The units of the lines, each with what is told of them.
fn post_lines(planned: &[PlannedLine], picked: &[PickedOfLine]) -> Result<Vec<inventory::PostLine>, Error> {
    let mut told: BTreeMap<(&str, i32), Vec<(usize, &PickedOfLine)>> = BTreeMap::new();
    for (index, picked) in picked.iter().enumerate() {
        told.entry((&picked.line.0, picked.line.1)).or_default().push((index, picked));
    }
    let mut lines = Vec::with_capacity(planned.len() + picked.len());
    for planned in planned {
        let all = post_line(planned);
        let Some(told) = told.remove(&(planned.order.as_str(), planned.line)) else {
            lines.push(all);
            continue;
        };
        let location = |of: &PickedOfLine| of.location.as_ref().map(encode::location_name).unwrap_or_default();
        let units = told.iter().map(|(_, of)| (&of.units, location(of)));
        let Some(told_lines) = picked::post_lines(&all, units, false) else {
            let last = told.last().map_or(0, |(index, _)| *index);
            let text = format!("must add up to at most the {} units that ship of the line", planned.quantity);
            return Err(Error::invalid(format!("picked[{last}].units.quantity"), text));
        };
        lines.extend(told_lines);
    }
    match told.into_values().flatten().next() {
        Some((index, _)) => {
            Err(Error::invalid(format!("picked[{index}].name"), "must be one of the lines that ship, and no kit"))
        }
        None => Ok(lines),
    }
}

fn post_line(planned: &PlannedLine) -> inventory::PostLine {
    inventory::PostLine {
        line: demand_line(&planned.order, planned.line, false),
        quantity: planned.quantity,
        ..inventory::PostLine::default()
    }
}
