//! Adjustments that a warehouse made, shaped like X12 947.

use backorder_proto::{
    common::v1::{DocumentLineResult, DocumentRef},
    convert::encode,
    inventory::v1::{AdjustmentLine, AdviseAdjustmentRequest, StockState},
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
pub const COLUMNS: &str = "document, item, location, from, to, quantity, reason (required), unit (in which quantity counts: code or GTIN), batch, sender; of the whole document: adjusted_time. from and to are external, available, quality or damaged";
/// Columns that a file cannot do without.
pub const REQUIRED: [&str; 7] = ["document", "item", "location", "from", "to", "quantity", "reason"];

/// The words for states.
pub(super) const STATES: [(&str, i32); 3] = [
    ("available", StockState::Available as i32),
    ("quality", StockState::QualityControl as i32),
    ("damaged", StockState::Damaged as i32),
];
const STATES_AND_OUTSIDE: [(&str, i32); 4] =
    [STATES[0], STATES[1], STATES[2], ("external", StockState::External as i32)];

/// Adjustments.
pub struct Adjust(pub Clients);

impl Feed for Adjust {
    type Head = Option<Timestamp>;
    type Line = AdjustmentLine;

    fn parse(&self, row: &Row) -> Result<(Option<Timestamp>, AdjustmentLine), Refusal> {
        let mut fields = row.fields();
        let adjusted = fields.instant("adjusted_time");
        let line = AdjustmentLine {
            item: named("items", &fields.required("item")),
            location: named("locations", &fields.required("location")),
            from_state: fields.one_of("from", &STATES_AND_OUTSIDE, 0),
            to_state: fields.one_of("to", &STATES_AND_OUTSIDE, 0),
            quantity: fields.required_whole("quantity"),
            reason_code: fields.required("reason"),
            unit: fields.text("unit"),
            batch: fields.text("batch"),
        };
        fields.finish()?;
        Ok((adjusted, line))
    }

    async fn send(
        &self,
        request_id: String,
        document: DocumentRef,
        head: &Option<Timestamp>,
        lines: &[AdjustmentLine],
    ) -> Result<Vec<DocumentLineResult>, Status> {
        let request = AdviseAdjustmentRequest {
            request_id,
            document: Some(document),
            lines: lines.to_vec(),
            effective_time: head.map(encode::timestamp),
            context: Some(requests::context("warehouse", "")),
        };
        Ok(self.0.warehouse_feed.clone().advise_adjustment(request).await?.into_inner().results)
    }
}
