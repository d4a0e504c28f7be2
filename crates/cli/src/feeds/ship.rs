//! Shipment confirmations of a warehouse, shaped like X12 945.

use backorder_proto::{
    allocation::v1::{ConfirmShipmentRequest, ConfirmedLine, ShipmentDetails},
    common::v1::{DocumentLineResult, DocumentRef},
    convert::encode,
};
use jiff::Timestamp;
use tonic::Status;

use super::drive::Feed;
use crate::{
    client::{Clients, requests},
    import::{report::Refusal, rows::Row},
    output::text::named,
    picked,
};

/// The columns, as the help prints them.
pub const COLUMNS: &str = "document, location, order, line (required), shipped, not_found, damaged, picked, sender; of the whole document: ship_time, reference, carrier, service, tracking, freight, currency, expedited";
/// Columns that a file cannot do without.
pub const REQUIRED: [&str; 4] = ["document", "location", "order", "line"];

/// Shipment confirmations.
pub struct Ship(pub Clients);

/// What all rows of a confirmation say of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    location: String,
    ship_time: Option<Timestamp>,
    reference: String,
    details: ShipmentDetails,
}

impl Feed for Ship {
    type Head = Head;
    type Line = ConfirmedLine;

    fn parse(&self, row: &Row) -> Result<(Head, ConfirmedLine), Refusal> {
        let mut fields = row.fields();
        let head = Head {
            location: named("locations", &fields.required("location")),
            ship_time: fields.instant("ship_time"),
            reference: fields.text("reference"),
            details: ShipmentDetails {
                carrier: fields.text("carrier"),
                service: fields.text("service"),
                tracking_number: fields.text("tracking"),
                freight_cost: fields.money("freight", "currency", ""),
                expedited: fields.flag("expedited"),
            },
        };
        let order = named("orders", &fields.required("order"));
        let picked = picked::parse_all(row.text("picked"));
        let line = ConfirmedLine {
            line: format!("{order}/lines/{}", fields.required_whole("line")),
            shipped: fields.whole("shipped", 0),
            not_found: fields.whole("not_found", 0),
            damaged: fields.whole("damaged", 0),
            picked: fields.parsed("picked", picked, "a list like BATCH=UNITS; BATCH@OWNER=UNITS").unwrap_or_default(),
        };
        fields.finish()?;
        Ok((head, line))
    }

    async fn send(
        &self,
        request_id: String,
        document: DocumentRef,
        head: &Head,
        lines: &[ConfirmedLine],
    ) -> Result<Vec<DocumentLineResult>, Status> {
        let request = ConfirmShipmentRequest {
            request_id,
            document: Some(document),
            location: head.location.clone(),
            lines: lines.to_vec(),
            ship_time: head.ship_time.map(encode::timestamp),
            reference: head.reference.clone(),
            details: Some(head.details.clone()),
            context: Some(requests::context("warehouse", "")),
        };
        Ok(self.0.fulfilment_feed.clone().confirm_shipment(request).await?.into_inner().results)
    }
}
