//! Imports dated supply. Supply ids are natural keys: a supply that is there already is left as it is.

use std::sync::Arc;

use backorder_domain::ids::IdProvider;
use backorder_proto::inventory::v1::{BatchCreateSuppliesRequest, Supply, SupplyKind};
use tonic::Status;

use super::{
    drive::RowImport,
    report::{Outcome, Refusal},
    rows::Row,
};
use crate::{client::Clients, client::requests, output::text::named};

/// The columns, as the help prints them.
pub const COLUMNS: &str = "supply (required, unique for ever), item (required), location (required), quantity (required), expected_date (required, YYYY-MM-DD), agreed_date, unit (in which quantity counts: code or GTIN), kind (purchase_order_line, production), supplier, reference";

/// Columns that a file cannot do without.
pub const REQUIRED: [&str; 5] = ["supply", "item", "location", "quantity", "expected_date"];

const ROWS_PER_CALL: usize = 500;

/// The words for kinds of supply that may be created.
pub const KINDS: [(&str, i32); 2] =
    [("purchase_order_line", SupplyKind::PurchaseOrderLine as i32), ("production", SupplyKind::Production as i32)];

/// The import of dated supply.
pub struct SupplyImport {
    /// The services.
    pub clients: Clients,
    /// The source of request ids: supply ids are natural keys, so they need not repeat.
    pub ids: Arc<dyn IdProvider>,
    /// The document's name, kept as the note of the write.
    pub document: String,
}

impl RowImport for SupplyImport {
    type Parsed = Supply;
    const ROWS_PER_CALL: usize = ROWS_PER_CALL;

    fn parse(&self, row: &Row) -> Result<Supply, Refusal> {
        let mut fields = row.fields();
        let supply = Supply {
            name: named("supplies", &fields.required("supply")),
            item: named("items", &fields.required("item")),
            location: named("locations", &fields.required("location")),
            kind: fields.one_of("kind", &KINDS, SupplyKind::PurchaseOrderLine.into()),
            ordered: fields.required_whole("quantity"),
            ordered_unit: fields.text("unit"),
            agreed_date: fields.date("agreed_date"),
            expected_date: fields.date("expected_date"),
            supplier: fields.text("supplier"),
            reference: fields.text("reference"),
            ..Supply::default()
        };
        fields.required("expected_date");
        fields.finish()?;
        Ok(supply)
    }

    async fn send(&self, rows: &[Supply]) -> Result<Vec<Outcome>, Status> {
        let request = BatchCreateSuppliesRequest {
            request_id: self.ids.next_uuid().to_string(),
            supplies: rows.to_vec(),
            context: Some(requests::context("import", &self.document)),
        };
        let answer = self.clients.supply.clone().batch_create_supplies(request).await?.into_inner();
        let is_new = |supply: &Supply| supply.version == 1 && supply.received == 0;
        let outcome = |supply| if is_new(supply) { Outcome::Applied } else { Outcome::Unchanged };
        Ok(answer.supplies.iter().map(outcome).collect())
    }
}
