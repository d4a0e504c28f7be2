//! Shipments: what left together, and what became of it at the customer.

use std::collections::BTreeMap;

use backorder_domain::order::carrier::{CarrierProgress, CarrierStatus};
use backorder_proto::{
    allocation::v1 as pb,
    common::v1::WriteContext,
    convert::{Violations, encode},
    convert::{allocation::line_name, decode},
    inventory::v1::PostedUnits,
};
use backorder_storage::{StorageError, columns};
use jiff::Timestamp;
use uuid::Uuid;

use super::message::money;
use crate::{
    order::{Book, LineKey},
    store::{
        entity::{shipment, shipment_line, shipped_batch},
        shipments::{DELIVERED, SHIPPED, WholeShipment},
    },
};

/// What a write knows of a shipment before it has left.
#[derive(Clone, PartialEq, prost::Message)]
pub struct PlannedShipment {
    /// How the goods go.
    #[prost(message, optional, tag = "1")]
    pub details: Option<pb::ShipmentDetails>,
    /// The carrier's or warehouse's reference.
    #[prost(string, tag = "2")]
    pub reference: String,
    /// When they leave, in microseconds since the epoch.
    #[prost(int64, tag = "3")]
    pub shipped_at: i64,
    /// The supplier that ships itself; empty when the goods leave a location of ours.
    #[prost(string, tag = "130")]
    pub supplier: String,
}

/// Units of a claim, batch and owner that left a location.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Left<'a> {
    /// The claim's line.
    pub line: &'a str,
    /// Its part.
    pub part: i32,
    /// The location.
    pub location: &'a str,
    /// The batch; empty for none.
    pub batch: &'a str,
    /// Whose they were; empty for the company's own.
    pub owner: &'a str,
    /// Base units.
    pub quantity: i64,
    /// Whether they are not what the line asks for.
    pub unfit: bool,
}

impl<'a> Left<'a> {
    /// Own units of no named batch.
    #[must_use]
    pub const fn of_no_batch(line: &'a str, part: i32, location: &'a str, quantity: i64) -> Self {
        Self { line, part, location, batch: "", owner: "", quantity, unfit: false }
    }

    /// Units that inventory says have left.
    #[must_use]
    pub fn posted(units: &'a PostedUnits) -> Self {
        let PostedUnits { line, part, location, quantity, batch, owner, unfit } = units;
        Self { line, part: *part, location, batch, owner, quantity: *quantity, unfit: *unfit }
    }
}

/// The shipment of a write, which names it.
///
/// # Errors
/// [`StorageError::InvalidRow`] for a freight cost that is no amount of money.
pub fn left<'a>(
    write: Uuid,
    planned: &PlannedShipment,
    who: &WriteContext,
    units: impl Iterator<Item = Left<'a>>,
) -> Result<WholeShipment, StorageError> {
    let id = write.to_string();
    let (lines, batches) = what_left(&id, planned.shipped_at, units);
    let details = planned.details.clone().unwrap_or_default();
    let freight = freight(&details)?;
    Ok(WholeShipment {
        row: shipment::Model {
            id,
            reference: planned.reference.clone(),
            carrier: details.carrier,
            service: details.service,
            tracking_number: details.tracking_number,
            freight_nanos: freight.as_ref().map(|(nanos, _)| *nanos),
            freight_currency: freight.map(|(_, currency)| currency).unwrap_or_default(),
            expedited: details.expedited,
            state: SHIPPED.to_owned(),
            shipped_at: planned.shipped_at,
            delivered_at: None,
            documents: String::new(),
            actor: who.actor.clone(),
            reason_code: who.reason_code.clone(),
            note: who.note.clone(),
            version: 1,
            carrier_status: String::new(),
            carrier_status_at: None,
            expected_delivery_at: None,
            estimated_at: None,
            supplier: planned.supplier.clone(),
        },
        lines,
        batches,
    })
}

/// The lines of a shipment, and the units of named batches and owners among them.
fn what_left<'a>(
    id: &str,
    shipped_at: i64,
    units: impl Iterator<Item = Left<'a>>,
) -> (Vec<shipment_line::Model>, Vec<shipped_batch::Model>) {
    let mut by_line: BTreeMap<(String, i32, String), (i64, i64, i64)> = BTreeMap::new();
    let mut by_batch: BTreeMap<(String, i32, String, &str, &str), i64> = BTreeMap::new();
    for Left { line, part, location, batch, owner, quantity, unfit } in units {
        let Some(key) = LineKey::of_claim(line, part) else { continue };
        let location = location.strip_prefix("locations/").unwrap_or(location).to_owned();
        let is_named = !batch.is_empty() || !owner.is_empty();
        let (all, named, not_asked) = by_line.entry((key.order.clone(), key.line, location.clone())).or_default();
        *all += quantity;
        *not_asked += if unfit { quantity } else { 0 };
        if is_named {
            *named += quantity;
            *by_batch.entry((key.order, key.line, location, batch, owner)).or_default() += quantity;
        }
    }
    let line = |((order_id, line_number, location_id), (quantity, named, unfit))| shipment_line::Model {
        shipment_id: id.to_owned(),
        order_id,
        line_number,
        location_id,
        quantity,
        accepted: 0,
        damaged: 0,
        refused: 0,
        named,
        unfit,
    };
    let batches =
        (1..).zip(by_batch).map(|(ordinal, ((order_id, line_number, location_id, batch, owner), quantity))| {
            let (batch, owner) = (batch.to_owned(), owner.to_owned());
            shipped_batch::Model {
                shipment_id: id.to_owned(),
                ordinal,
                order_id,
                line_number,
                location_id,
                item_id: String::new(),
                batch,
                owner,
                quantity,
                returned: 0,
                cost_nanos: None,
                cost_currency: String::new(),
                shipped_at,
            }
        });
    (by_line.into_iter().map(line).collect(), batches.collect())
}

/// What the lines froze of the units of named batches and owners: their items, and what they cost.
pub fn freeze(shipment: &mut WholeShipment, book: &Book) {
    for units in &mut shipment.batches {
        if let Some(line) = book.line(&units.order_id, units.line_number) {
            units.item_id.clone_from(&line.row.item_id);
            units.cost_nanos = line.row.cost_nanos;
            units.cost_currency.clone_from(&line.row.cost_currency);
        }
    }
}

fn freight(details: &pb::ShipmentDetails) -> Result<Option<(i64, String)>, StorageError> {
    let Some(cost) = &details.freight_cost else { return Ok(None) };
    let mut violations = Violations::new();
    let decoded = decode::money(Some(cost), "freight_cost", &mut violations);
    let decoded = violations.finish_with(decoded);
    let money = decoded
        .map_err(|violations| StorageError::InvalidRow { table: "unfinished_step", detail: violations.to_string() })?;
    Ok(Some((money.nanos, money.currency.to_string())))
}

/// The arrival of a shipment. The lines have what arrived already.
pub fn arrive(shipment: &mut WholeShipment, at: Timestamp, documents: pb::DocumentState) {
    let row = &mut shipment.row;
    DELIVERED.clone_into(&mut row.state);
    row.delivered_at = Some(columns::micros(at));
    documents_name(documents).clone_into(&mut row.documents);
    row.version += 1;
}

const fn documents_name(documents: pb::DocumentState) -> &'static str {
    match documents {
        pb::DocumentState::Unspecified => "",
        pb::DocumentState::Correct => "CORRECT",
        pb::DocumentState::Wrong => "WRONG",
    }
}

/// How far a shipment is, by its carrier.
///
/// # Errors
/// [`StorageError::InvalidRow`] for a row that was not written here.
pub fn progress(row: &shipment::Model) -> Result<CarrierProgress, StorageError> {
    const TABLE: &str = "shipment";
    let time = |micros| columns::instant(micros, TABLE);
    let (status, at) = (status_of(&row.carrier_status, TABLE)?, row.carrier_status_at.map(time).transpose()?);
    let expected = row.expected_delivery_at.map(time).transpose()?;
    let estimated_at = row.estimated_at.map(time).transpose()?;
    Ok(CarrierProgress { latest: at.zip(status), estimate: estimated_at.zip(expected) })
}

/// Writes how far a shipment is into its row; answers whether that is new.
pub fn put_progress(row: &mut shipment::Model, progress: &CarrierProgress) -> bool {
    let before = row.clone();
    if let Some((at, status)) = progress.latest {
        status.as_str().clone_into(&mut row.carrier_status);
        row.carrier_status_at = Some(columns::micros(at));
    }
    if let Some((at, expected)) = progress.estimate {
        row.expected_delivery_at = Some(columns::micros(expected));
        row.estimated_at = Some(columns::micros(at));
    }
    *row != before
}

/// The status of a column; none for an empty one.
///
/// # Errors
/// [`StorageError::InvalidRow`] for a name that is no status.
pub fn status_of(name: &str, table: &'static str) -> Result<Option<CarrierStatus>, StorageError> {
    if name.is_empty() {
        return Ok(None);
    }
    let status = CarrierStatus::from_name(name);
    status.map(Some).ok_or_else(|| StorageError::InvalidRow { table, detail: format!("{name:?} is no status") })
}

/// A status on the wire.
#[must_use]
pub const fn status_message(status: CarrierStatus) -> pb::CarrierStatus {
    match status {
        CarrierStatus::PickedUp => pb::CarrierStatus::PickedUp,
        CarrierStatus::InTransit => pb::CarrierStatus::InTransit,
        CarrierStatus::Estimated => pb::CarrierStatus::Estimated,
        CarrierStatus::Exception => pb::CarrierStatus::Exception,
        CarrierStatus::Delivered => pb::CarrierStatus::Delivered,
    }
}

fn batches_of(shipment: &WholeShipment, line: &shipment_line::Model) -> Vec<pb::ShippedBatch> {
    let of_line = |units: &&shipped_batch::Model| {
        units.order_id == line.order_id
            && units.line_number == line.line_number
            && units.location_id == line.location_id
    };
    shipment.batches.iter().filter(of_line).map(batch_message).collect()
}

/// Units of one batch and owner.
#[must_use]
pub fn batch_message(units: &shipped_batch::Model) -> pb::ShippedBatch {
    pb::ShippedBatch { batch: units.batch.clone(), owner: units.owner.clone(), quantity: units.quantity }
}

/// A shipment with its lines.
///
/// # Errors
/// [`StorageError::InvalidRow`] for a row that was not written here.
pub fn message(shipment: &WholeShipment) -> Result<pb::Shipment, StorageError> {
    let row = &shipment.row;
    let invalid = |detail| StorageError::InvalidRow { table: "shipment", detail };
    let time = |micros| columns::instant(micros, "shipment").map(encode::timestamp);
    let state = match row.state.as_str() {
        SHIPPED => pb::ShipmentState::Shipped,
        DELIVERED => pb::ShipmentState::Delivered,
        other => return Err(invalid(format!("{other:?} is no state"))),
    };
    let documents = match row.documents.as_str() {
        "" => pb::DocumentState::Unspecified,
        "CORRECT" => pb::DocumentState::Correct,
        "WRONG" => pb::DocumentState::Wrong,
        other => return Err(invalid(format!("{other:?} is no state of documents"))),
    };
    let status = status_of(&row.carrier_status, "shipment")?;
    let lines = shipment.lines.iter().map(|line| pb::ShipmentLine {
        line: line_name(&line.order_id, line.line_number),
        location: if line.location_id.is_empty() { String::new() } else { format!("locations/{}", line.location_id) },
        quantity: line.quantity,
        accepted: line.accepted,
        damaged: line.damaged,
        refused: line.refused,
        batches: batches_of(shipment, line),
        unfit: line.unfit,
    });
    Ok(pb::Shipment {
        name: format!("shipments/{}", row.id),
        details: Some(pb::ShipmentDetails {
            carrier: row.carrier.clone(),
            service: row.service.clone(),
            tracking_number: row.tracking_number.clone(),
            freight_cost: money(&row.freight_currency, row.freight_nanos),
            expedited: row.expedited,
        }),
        reference: row.reference.clone(),
        lines: lines.collect(),
        state: state.into(),
        ship_time: Some(time(row.shipped_at)?),
        delivery_time: row.delivered_at.map(time).transpose()?,
        documents: documents.into(),
        context: Some(WriteContext {
            actor: row.actor.clone(),
            reason_code: row.reason_code.clone(),
            note: row.note.clone(),
        }),
        etag: row.version.to_string(),
        supplier: row.supplier.clone(),
        carrier_status: status.map_or(pb::CarrierStatus::Unspecified, status_message).into(),
        carrier_status_time: row.carrier_status_at.map(time).transpose()?,
        expected_delivery_time: row.expected_delivery_at.map(time).transpose()?,
    })
}
