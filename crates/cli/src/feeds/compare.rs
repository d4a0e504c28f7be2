//! Daily stock comparisons of a warehouse, shaped like X12 846.

use std::sync::{Mutex, PoisonError};

use backorder_proto::{
    common::v1::{DocumentLineResult, DocumentRef},
    convert::encode,
    inventory::v1::{CompareStockRequest, ComparedLine, StockDifference, StockState},
};
use jiff::Timestamp;
use tonic::Status;

use super::{adjust::STATES, drive::Feed};
use crate::{
    client::{Clients, requests},
    import::{report::Refusal, rows::Row},
    output::text::named,
};

/// The columns, as the help prints them.
pub const COLUMNS: &str = "document, location, item, quantity (required), unit (in which quantity counts: code or GTIN), state, sender; of the whole document: whole, as_of_time. state is available, quality or damaged; whole is true when the rows are all that the warehouse has";
/// Columns that a file cannot do without.
pub const REQUIRED: [&str; 4] = ["document", "location", "item", "quantity"];

/// Comparisons, with the differences that they showed.
pub struct Compare {
    /// The services.
    pub clients: Clients,
    /// What was found so far.
    pub found: Mutex<Vec<StockDifference>>,
}

/// What all rows of a comparison say of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    location: String,
    is_whole: bool,
    as_of: Option<Timestamp>,
}

impl Feed for Compare {
    type Head = Head;
    type Line = ComparedLine;

    fn parse(&self, row: &Row) -> Result<(Head, ComparedLine), Refusal> {
        let mut fields = row.fields();
        let head = Head {
            location: named("locations", &fields.required("location")),
            is_whole: fields.flag("whole"),
            as_of: fields.instant("as_of_time"),
        };
        let line = ComparedLine {
            item: named("items", &fields.required("item")),
            state: fields.one_of("state", &STATES, StockState::Available.into()),
            quantity: fields.required_whole("quantity"),
            unit: fields.text("unit"),
        };
        fields.finish()?;
        Ok((head, line))
    }

    async fn send(
        &self,
        request_id: String,
        document: DocumentRef,
        head: &Head,
        lines: &[ComparedLine],
    ) -> Result<Vec<DocumentLineResult>, Status> {
        let request = CompareStockRequest {
            request_id,
            document: Some(document),
            location: head.location.clone(),
            lines: lines.to_vec(),
            whole: head.is_whole,
            as_of_time: head.as_of.map(encode::timestamp),
            context: Some(requests::context("warehouse", "")),
        };
        let answer = self.clients.warehouse_feed.clone().compare_stock(request).await?.into_inner();
        self.found.lock().unwrap_or_else(PoisonError::into_inner).extend(answer.differences);
        Ok(answer.results)
    }
}
