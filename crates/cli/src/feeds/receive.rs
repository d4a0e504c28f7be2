//! Receipt advices of a warehouse, shaped like X12 944.

use backorder_proto::{
    common::v1::{DocumentLineResult, DocumentRef},
    convert::encode,
    inventory::v1::{AdviseReceiptRequest, ReceiptLine},
};
use jiff::Timestamp;
use tonic::Status;

use super::drive::Feed;
use crate::{
    client::{Clients, requests},
    import::{report::Refusal, rows::Row},
    output::text::named,
};

/// The columns, as the help prints them.
pub const COLUMNS: &str = "document, item, location (required), supply, accepted, damaged, quality_hold, refused, unit (in which the quantities count: code or GTIN), batch, best_before, owner, closes_supply, rest_expected_date, sender; of the whole document: received_time";
/// Columns that a file cannot do without.
pub const REQUIRED: [&str; 3] = ["document", "item", "location"];

/// Receipt advices.
pub struct Receive(pub Clients);

impl Feed for Receive {
    type Head = Option<Timestamp>;
    type Line = ReceiptLine;

    fn parse(&self, row: &Row) -> Result<(Option<Timestamp>, ReceiptLine), Refusal> {
        let mut fields = row.fields();
        let received = fields.instant("received_time");
        let line = ReceiptLine {
            item: named("items", &fields.required("item")),
            location: named("locations", &fields.required("location")),
            supply: fields.named_if_set("supply", "supplies"),
            accepted: fields.whole("accepted", 0),
            damaged: fields.whole("damaged", 0),
            quality_hold: fields.whole("quality_hold", 0),
            refused: fields.whole("refused", 0),
            unit: fields.text("unit"),
            batch: fields.text("batch"),
            best_before: fields.date("best_before"),
            owner: fields.text("owner"),
            closes_supply: fields.flag("closes_supply"),
            rest_expected_date: fields.date("rest_expected_date"),
        };
        fields.finish()?;
        Ok((received, line))
    }

    async fn send(
        &self,
        request_id: String,
        document: DocumentRef,
        head: &Option<Timestamp>,
        lines: &[ReceiptLine],
    ) -> Result<Vec<DocumentLineResult>, Status> {
        let request = AdviseReceiptRequest {
            request_id,
            document: Some(document),
            lines: lines.to_vec(),
            effective_time: head.map(encode::timestamp),
            context: Some(requests::context("warehouse", "")),
        };
        Ok(self.0.warehouse_feed.clone().advise_receipt(request).await?.into_inner().results)
    }
}
