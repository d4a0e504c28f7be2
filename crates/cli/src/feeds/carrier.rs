//! Status messages of a carrier, shaped like X12 214.

use backorder_proto::{
    allocation::v1::{CarrierStatus, ReportCarrierStatusRequest, ReportedEvent},
    common::v1::{DocumentLineResult, DocumentRef},
    convert::encode,
};
use tonic::Status;

use super::drive::Feed;
use crate::{
    client::{Clients, requests},
    import::{report::Refusal, rows::Row},
};

/// The columns, as the help prints them.
pub const COLUMNS: &str = "document, status, event_time (required), tracking or shipment (one of them), expected_delivery_time, note, sender. status is picked_up, in_transit, estimated, exception or delivered";
/// Columns that a file cannot do without.
pub const REQUIRED: [&str; 3] = ["document", "status", "event_time"];

const STATUSES: [(&str, i32); 5] = [
    ("picked_up", CarrierStatus::PickedUp as i32),
    ("in_transit", CarrierStatus::InTransit as i32),
    ("estimated", CarrierStatus::Estimated as i32),
    ("exception", CarrierStatus::Exception as i32),
    ("delivered", CarrierStatus::Delivered as i32),
];

/// Status messages.
pub struct Carrier(pub Clients);

impl Feed for Carrier {
    type Head = ();
    type Line = ReportedEvent;

    fn parse(&self, row: &Row) -> Result<((), ReportedEvent), Refusal> {
        let mut fields = row.fields();
        fields.required("status");
        fields.required("event_time");
        let event = ReportedEvent {
            shipment: fields.named_if_set("shipment", "shipments"),
            tracking_number: fields.text("tracking"),
            status: fields.one_of("status", &STATUSES, 0),
            event_time: fields.instant("event_time").map(encode::timestamp),
            expected_delivery_time: fields.instant("expected_delivery_time").map(encode::timestamp),
            note: fields.text("note"),
        };
        fields.finish()?;
        Ok(((), event))
    }

    async fn send(
        &self,
        request_id: String,
        document: DocumentRef,
        (): &(),
        events: &[ReportedEvent],
    ) -> Result<Vec<DocumentLineResult>, Status> {
        let request = ReportCarrierStatusRequest {
            request_id,
            document: Some(document),
            events: events.to_vec(),
            context: Some(requests::context("carrier", "")),
        };
        Ok(self.0.fulfilment_feed.clone().report_carrier_status(request).await?.into_inner().results)
    }
}
