//! What a carrier says of shipments, shaped like X12 214: all of it is kept, and shipments follow it by its own time.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use backorder_domain::order::carrier::{CarrierEvent, CarrierStatus};
use backorder_proto::{
    allocation::v1 as pb,
    common::v1::{DocumentLineResult, DocumentRef},
    convert::encode,
};
use backorder_storage::{Batch, StorageError, WriteTx, columns};
use prost::Message as _;
use uuid::Uuid;

use super::{Document, begin_in_tx, refused, taken};
use crate::{
    error::{Error, Kind},
    order::shipment::{arrive, message, progress, put_progress, status_message, status_of},
    saga::{Planned, StepCommand, StepKind},
    store::{
        carrier_events,
        entity::carrier_event,
        orders::load_lines_in_tx,
        shipments::{self, SHIPPED, WholeShipment},
    },
    use_cases::{
        UseCases,
        shipments::{Arrivals, Recording},
    },
    write::{Who, Write},
};

/// Events of one shipment that are listed at most.
const LISTED_MAX: u64 = 1_000;

/// What a carrier reports.
#[derive(Debug, Clone)]
pub struct ReportCarrierStatus {
    /// The document.
    pub document: Document,
    /// The events.
    pub events: Vec<Reported>,
    /// Who does it and why.
    pub who: Who,
}

/// One event.
#[derive(Debug, Clone)]
pub struct Reported {
    /// Its place in the document.
    pub number: i32,
    /// Of what.
    pub what: What,
    /// What happened.
    pub event: CarrierEvent,
    /// A note for people.
    pub note: String,
}

/// How an event names its shipment.
#[derive(Debug, Clone)]
pub enum What {
    /// By our id.
    Shipment(String),
    /// By the carrier's tracking number.
    Tracked(String),
}

impl UseCases {
    /// Takes events of a carrier. Those of unknown shipments are refused, the others kept.
    ///
    /// # Errors
    /// Those of the contract.
    pub async fn report_carrier_status(
        self,
        write: Write<ReportCarrierStatus>,
    ) -> Result<pb::ReportCarrierStatusResponse, Error> {
        let who = write.command.who.clone().or_caller(&write.key.caller);
        let traceparent = write.traceparent.clone();
        let command = StatusCommand { use_cases: &self, report: &write.command, who, traceparent };
        self.run_step(&write, &command).await
    }

    /// The latest events of a shipment, by their own time.
    ///
    /// # Errors
    /// [`Error::Missing`] when no shipment has the id.
    pub async fn list_carrier_events(&self, shipment: &str) -> Result<Vec<pb::CarrierEvent>, Error> {
        let reader = self.store().reader();
        if shipments::find(reader, shipment).await?.is_none() {
            return Err(no_shipment(shipment));
        }
        let rows = carrier_events::of_shipment(reader, shipment, LISTED_MAX).await?;
        Ok(rows.iter().map(event_message).collect::<Result<_, _>>()?)
    }
}

fn no_shipment(id: &str) -> Error {
    Error::missing(Kind::Shipment, format!("shipments/{id}"))
}

struct StatusCommand<'a> {
    use_cases: &'a UseCases,
    report: &'a ReportCarrierStatus,
    who: Who,
    traceparent: Option<String>,
}

/// The events of a document by the ids of their shipments.
type ByShipment<'a> = BTreeMap<String, Vec<&'a Reported>>;

#[async_trait]
impl StepCommand for StatusCommand<'_> {
    fn kind(&self) -> StepKind {
        StepKind::Ship
    }

    async fn begin_in_tx(&self, tx: &WriteTx<'_>, step: Uuid, _batch: &mut Batch) -> Result<Planned, Error> {
        let document = &self.report.document;
        let now = self.use_cases.now();
        if let Some(outcome) = begin_in_tx(tx, document, "", "", now).await? {
            return Ok(Planned::Done(outcome));
        }
        let (by_shipment, results) = self.find_in_tx(tx).await?;
        let keys = self.keys_in_tx(tx, &by_shipment).await?;
        // Whatever changes a shipment locks its orders before.
        let mut book = load_lines_in_tx(tx, &keys).await?;
        let mut arrivals = Arrivals::default();
        let mut answer = pb::ReportCarrierStatusResponse { results, shipments: Vec::new() };
        for (id, events) in &by_shipment {
            let mut shipment = shipments::find(tx, id).await?.ok_or_else(|| no_shipment(id))?;
            let delivered = follow(&mut shipment, events)?;
            answer.shipments.push(message(&shipment)?);
            arrivals.shipments.push((shipment, delivered));
        }
        let recording = Recording { step, who: &self.who, traceparent: self.traceparent.clone() };
        self.use_cases.record_arrivals_in_tx(tx, recording, &mut book, arrivals).await?;
        let outcome = answer.encode_to_vec();
        let mut batch = Batch::new(tx);
        carrier_events::insert(&mut batch, self.rows(&by_shipment));
        batch.end_document(&document.key, &outcome);
        batch.run(tx).await?;
        Ok(Planned::Done(outcome))
    }
}

/// Brings a shipment to where its carrier's events say it is; answers whether it has arrived with them.
fn follow(shipment: &mut WholeShipment, events: &[&Reported]) -> Result<bool, StorageError> {
    let mut at = progress(&shipment.row)?;
    events.iter().for_each(|reported| at.take(&reported.event));
    let is_new = put_progress(&mut shipment.row, &at);
    let delivered =
        events.iter().map(|reported| reported.event).filter(|event| event.status == CarrierStatus::Delivered);
    let delivered = delivered.max_by_key(|event| event.at).filter(|_| shipment.row.state == SHIPPED);
    if let Some(event) = delivered {
        for line in &mut shipment.lines {
            line.accepted = line.quantity;
        }
        arrive(shipment, event.at, pb::DocumentState::Unspecified);
    } else if is_new {
        shipment.row.version += 1;
    }
    Ok(delivered.is_some())
}

impl StatusCommand<'_> {
    async fn find_in_tx(&self, tx: &WriteTx<'_>) -> Result<(ByShipment<'_>, Vec<DocumentLineResult>), Error> {
        let mut by_shipment = ByShipment::new();
        let mut results = Vec::with_capacity(self.report.events.len());
        for reported in &self.report.events {
            let found = match &reported.what {
                What::Shipment(id) => shipments::find(tx, id).await?.map(|found| found.row.id),
                What::Tracked(number) => carrier_events::tracked(tx, number).await?,
            };
            match (found, &reported.what) {
                (Some(id), _) => {
                    by_shipment.entry(id).or_default().push(reported);
                    results.push(taken(reported.number));
                }
                (None, What::Shipment(id)) => results.push(refused(reported.number, no_shipment(id))?),
                (None, What::Tracked(number)) => {
                    let mut result = refused(reported.number, no_shipment(number))?;
                    result.detail = format!("no shipment has the tracking number {number}");
                    results.push(result);
                }
            }
        }
        Ok((by_shipment, results))
    }

    /// The lines of a shipment never change, so they may be read before their orders are locked.
    async fn keys_in_tx(
        &self,
        tx: &WriteTx<'_>,
        by_shipment: &ByShipment<'_>,
    ) -> Result<BTreeSet<(String, i32)>, Error> {
        let mut keys = BTreeSet::new();
        for id in by_shipment.keys() {
            let shipment = shipments::find(tx, id).await?.ok_or_else(|| no_shipment(id))?;
            keys.extend(shipment.lines.into_iter().map(|line| (line.order_id, line.line_number)));
        }
        Ok(keys)
    }

    fn rows(&self, by_shipment: &ByShipment<'_>) -> Vec<carrier_event::Model> {
        let key = &self.report.document.key;
        let recorded_at = columns::micros(self.use_cases.now());
        let row = |shipment: &String, reported: &Reported| carrier_event::Model {
            sender: key.sender.clone(),
            number: key.number.clone(),
            line: reported.number,
            shipment_id: shipment.clone(),
            status: reported.event.status.as_str().to_owned(),
            happened_at: columns::micros(reported.event.at),
            expected_delivery_at: reported.event.expected.map(columns::micros),
            note: reported.note.clone(),
            recorded_at,
        };
        by_shipment.iter().flat_map(|(id, events)| events.iter().map(move |reported| row(id, reported))).collect()
    }
}

fn event_message(row: &carrier_event::Model) -> Result<pb::CarrierEvent, StorageError> {
    const TABLE: &str = "carrier_event";
    let time = |micros| columns::instant(micros, TABLE).map(encode::timestamp);
    let status = status_of(&row.status, TABLE)?.map_or(pb::CarrierStatus::Unspecified, status_message);
    Ok(pb::CarrierEvent {
        shipment: format!("shipments/{}", row.shipment_id),
        document: Some(DocumentRef { sender: row.sender.clone(), number: row.number.clone() }),
        status: status.into(),
        event_time: Some(time(row.happened_at)?),
        expected_delivery_time: row.expected_delivery_at.map(time).transpose()?,
        note: row.note.clone(),
        record_time: Some(time(row.recorded_at)?),
    })
}
