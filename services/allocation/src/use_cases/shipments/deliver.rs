//! Takes over what arrived of a shipment.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use backorder_domain::{order::state::OrderCommand, quantity::Quantity};
use backorder_proto::allocation::v1 as pb;
use backorder_storage::{Batch, WriteTx};
use jiff::Timestamp;
use prost::Message as _;
use uuid::Uuid;

use crate::{
    error::{Error, Kind},
    order::{
        Book, Cause, Changes, Command, Moment, WriteNote,
        shipment::{arrive, message},
    },
    saga::{Planned, StepCommand, StepKind},
    store::{
        orders::load_lines_in_tx,
        shipments::{self, SHIPPED, WholeShipment},
    },
    use_cases::UseCases,
    write::{Who, Write},
};

/// What became of one line at the customer.
#[derive(Debug, Clone)]
pub struct Arrived {
    /// The order's id.
    pub order: String,
    /// The line's number.
    pub line: i32,
    /// The location that it left; empty for the only one.
    pub location: String,
    /// Units that arrived in order.
    pub accepted: Quantity,
    /// Units that arrived damaged.
    pub damaged: Quantity,
    /// Units that the customer did not take.
    pub refused: Quantity,
}

/// What arrived.
#[derive(Debug, Clone)]
pub struct ConfirmDelivery {
    /// The shipment's id.
    pub shipment: String,
    /// When; `None` means now.
    pub delivery_time: Option<Timestamp>,
    /// Whether the documents were right.
    pub documents: pb::DocumentState,
    /// Lines of which not all arrived in order, each with its place in the request.
    pub lines: Vec<Arrived>,
    /// Who does it and why.
    pub who: Who,
}

impl UseCases {
    /// Records what arrived of a shipment: once, for all of it.
    ///
    /// # Errors
    /// Those of the contract.
    pub async fn confirm_delivery(self, write: Write<ConfirmDelivery>) -> Result<pb::Shipment, Error> {
        let at = write.command.delivery_time.unwrap_or_else(|| self.now());
        let traceparent = write.traceparent.clone();
        let who = write.command.who.clone().or_caller(&write.key.caller);
        let command = DeliverCommand { use_cases: &self, delivery: &write.command, who, at, traceparent };
        self.run_step(&write, &command).await
    }
}

struct DeliverCommand<'a> {
    use_cases: &'a UseCases,
    delivery: &'a ConfirmDelivery,
    who: Who,
    at: Timestamp,
    traceparent: Option<String>,
}

#[async_trait]
impl StepCommand for DeliverCommand<'_> {
    fn kind(&self) -> StepKind {
        StepKind::Ship
    }

    async fn begin_in_tx(&self, tx: &WriteTx<'_>, step: Uuid, _batch: &mut Batch) -> Result<Planned, Error> {
        // The lines of a shipment never change, so they may be read before their orders are locked.
        let keys: BTreeSet<(String, i32)> =
            self.find(tx).await?.lines.into_iter().map(|line| (line.order_id, line.line_number)).collect();
        let mut book = load_lines_in_tx(tx, &keys).await?;
        let mut shipment = self.find(tx).await?;
        if shipment.row.state != SHIPPED {
            let name = format!("shipments/{}", shipment.row.id);
            return Err(Error::Closed { kind: Kind::Shipment, name, state: shipment.row.state });
        }
        self.put_arrived(&mut shipment)?;
        arrive(&mut shipment, self.at, self.delivery.documents);
        let answer = message(&shipment)?;
        let recording = Recording { step, who: &self.who, traceparent: self.traceparent.clone() };
        let arrivals = Arrivals { shipments: vec![(shipment, true)] };
        self.use_cases.record_arrivals_in_tx(tx, recording, &mut book, arrivals).await?;
        Ok(Planned::Done(answer.encode_to_vec()))
    }
}

impl DeliverCommand<'_> {
    async fn find(&self, tx: &WriteTx<'_>) -> Result<WholeShipment, Error> {
        let id = &self.delivery.shipment;
        let found = shipments::find(tx, id).await?;
        found.ok_or_else(|| Error::missing(Kind::Shipment, format!("shipments/{id}")))
    }

    /// What the request does not name arrived in order.
    fn put_arrived(&self, shipment: &mut WholeShipment) -> Result<(), Error> {
        for line in &mut shipment.lines {
            line.accepted = line.quantity;
        }
        let mut seen = BTreeSet::new();
        for (index, arrived) in self.delivery.lines.iter().enumerate() {
            let field = |name: &str| format!("lines[{index}].{name}");
            let mut there = shipment.lines.iter_mut().filter(|line| {
                let is_there = arrived.location.is_empty() || line.location_id == arrived.location;
                is_there && line.order_id == arrived.order && line.line_number == arrived.line
            });
            let Some(line) = there.next() else {
                return Err(Error::invalid(field("line"), "must be a line of the shipment from that location"));
            };
            if there.next().is_some() {
                return Err(Error::invalid(field("location"), "must be set: the line left several locations"));
            }
            if !seen.insert((line.order_id.clone(), line.line_number, line.location_id.clone())) {
                return Err(Error::invalid(field("line"), "must not be named twice"));
            }
            let parts = [arrived.accepted, arrived.damaged, arrived.refused];
            if Quantity::checked_sum(parts).map(Quantity::get) != Some(line.quantity) {
                let text = format!("must add up to the {} units that left, with damaged and refused", line.quantity);
                return Err(Error::invalid(field("accepted"), text));
            }
            [line.accepted, line.damaged, line.refused] = parts.map(Quantity::get);
        }
        Ok(())
    }
}

/// Shipments of which something became known, each with whether all of it has arrived with that.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    /// The shipments, which have what arrived already.
    pub shipments: Vec<(WholeShipment, bool)>,
}

/// Which write records arrivals.
#[derive(Debug)]
pub(crate) struct Recording<'a> {
    /// The write's step.
    pub step: Uuid,
    /// Who does it and why.
    pub who: &'a Who,
    /// The trace of the caller.
    pub traceparent: Option<String>,
}

impl UseCases {
    /// Records shipments whose orders the book holds, locked, and that lines of those that arrived are delivered.
    ///
    /// # Errors
    /// [`Error::Busy`] when an order of which something arrived has a step under way.
    pub(crate) async fn record_arrivals_in_tx(
        &self,
        tx: &WriteTx<'_>,
        recording: Recording<'_>,
        book: &mut Book,
        arrivals: Arrivals,
    ) -> Result<(), Error> {
        let mut delivered: BTreeMap<(String, i32), i64> = BTreeMap::new();
        for line in
            arrivals.shipments.iter().filter(|(_, is_there)| *is_there).flat_map(|(shipment, _)| &shipment.lines)
        {
            let units = delivered.entry((line.order_id.clone(), line.line_number)).or_default();
            *units += line.accepted + line.damaged;
        }
        let places = self.catalog().places_in_tx(tx).await?;
        let moment = Moment { now: self.now(), places: &places };
        let mut events = self.events(moment.now, recording.traceparent);
        let mut changes = Changes::default();
        let cause = Cause { reason: None, text: "delivered".to_owned() };
        let note = WriteNote { step: recording.step, kind: "deliver", context: &recording.who.message() };
        let orders: BTreeSet<String> = delivered.keys().map(|(id, _)| id.clone()).collect();
        for ((id, number), units) in delivered {
            let order = book.orders.get_mut(&id).ok_or_else(|| Error::no_order(&id))?;
            if let Some(step) = &order.row.busy_step {
                return Err(Error::Busy { order: id, step: step.clone() });
            }
            let command = Command::Deliver(crate::order::recall::units(units)?);
            changes.settle_line(order, number, command, &cause, moment, &mut events)?;
        }
        for order in book.orders.values_mut().filter(|order| orders.contains(&order.row.id)) {
            changes.note(&order.row.id, note, moment);
            changes.settle_order(order, OrderCommand::Deliver, "delivered", moment, &mut events)?;
        }
        for (shipment, _) in arrivals.shipments {
            changes.shipment(shipment, &mut events)?;
        }
        self.record_in_tx(tx, Batch::new(tx), changes, events).await?;
        Ok(())
    }
}
