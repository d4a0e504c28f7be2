//! Imports stock: as counts (set to what was counted) or as receipts (added). Each row of a document is booked once for
//! as long as the service keeps request ids: its write is named after the document and the row.

use backorder_proto::inventory::v1::{CountLine, CountStockRequest, ReceiptLine, ReceiveStockRequest};
use tonic::Status;

use super::{
    drive::RowImport,
    import_id,
    report::{Outcome, Refusal},
    rows::Row,
};
use crate::{client::Clients, client::requests, output::text::named};

/// The columns, as the help prints them.
pub const COLUMNS: &str = "item (required), location (required), quantity (required), unit (in which the quantities count: code or GTIN), batch; for receipts also best_before (of the batch, YYYY-MM-DD), supply, damaged, quality_hold, refused, owner, closes_supply, rest_expected_date";

/// Columns that a file cannot do without.
pub const REQUIRED: [&str; 3] = ["item", "location", "quantity"];

/// What the quantities of the file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum StockImportKind {
    /// What was counted: the stock is set to it.
    Count,
    /// What arrived: it is added to the stock.
    Receipt,
}

/// A row of the file.
#[derive(Debug, Clone)]
pub struct StockRow {
    line: u64,
    receipt: ReceiptLine,
}

/// The import of stock.
pub struct StockImport {
    /// The services.
    pub clients: Clients,
    /// What the quantities are.
    pub kind: StockImportKind,
    /// The document's name, the same when the same file is imported again.
    pub document: String,
}

impl RowImport for StockImport {
    type Parsed = StockRow;
    const ROWS_PER_CALL: usize = 1;

    fn parse(&self, row: &Row) -> Result<StockRow, Refusal> {
        let mut fields = row.fields();
        let supply = fields.text("supply");
        let receipt = ReceiptLine {
            item: named("items", &fields.required("item")),
            location: named("locations", &fields.required("location")),
            supply: if supply.is_empty() { supply } else { named("supplies", &supply) },
            accepted: fields.required_whole("quantity"),
            damaged: fields.whole("damaged", 0),
            quality_hold: fields.whole("quality_hold", 0),
            batch: fields.text("batch"),
            best_before: fields.date("best_before"),
            owner: fields.text("owner"),
            closes_supply: fields.flag("closes_supply"),
            refused: fields.whole("refused", 0),
            unit: fields.text("unit"),
            rest_expected_date: fields.date("rest_expected_date"),
        };
        fields.finish()?;
        Ok(StockRow { line: row.line, receipt })
    }

    async fn send(&self, rows: &[StockRow]) -> Result<Vec<Outcome>, Status> {
        for row in rows {
            match self.kind {
                StockImportKind::Count => self.count(row).await?,
                StockImportKind::Receipt => self.receive(row).await?,
            }
        }
        Ok(vec![Outcome::Applied; rows.len()])
    }
}

impl StockImport {
    fn request_id(&self, row: &StockRow) -> String {
        import_id(&["stock", &self.document, &row.line.to_string()]).to_string()
    }

    async fn count(&self, row: &StockRow) -> Result<(), Status> {
        let receipt = row.receipt.clone();
        let line = CountLine {
            item: receipt.item,
            location: receipt.location,
            counted: receipt.accepted,
            batch: receipt.batch,
            unit: receipt.unit,
            ..CountLine::default()
        };
        let request = CountStockRequest {
            request_id: self.request_id(row),
            lines: vec![line],
            effective_time: None,
            context: Some(requests::context("import", &self.document)),
        };
        self.clients.stock.clone().count_stock(request).await.map(drop)
    }

    async fn receive(&self, row: &StockRow) -> Result<(), Status> {
        let request = ReceiveStockRequest {
            request_id: self.request_id(row),
            lines: vec![row.receipt.clone()],
            document: format!("{}:{}", self.document, row.line),
            effective_time: None,
            context: Some(requests::context("import", &self.document)),
        };
        self.clients.stock.clone().receive_stock(request).await.map(drop)
    }
}
