//! Imports items. The same file again changes nothing; a changed row replaces the item.

use std::sync::Arc;

use backorder_domain::ids::IdProvider;
use backorder_proto::inventory::v1::{BatchPutItemsRequest, Item, PackRounding};
use tonic::Status;

use super::{
    drive::RowImport,
    parts,
    report::{Outcome, Refusal},
    rows::Row,
};
use crate::{client::Clients, client::requests, demand::CatalogueItem, output::text::named};

/// The columns, as the help prints them.
pub const COLUMNS: &str = "item (required), description, base_unit, pack_size, pack_rounding (refuse, up, down), units (CASE=24/sell+buy/GTIN|BOX=6/sell|...), category, unit_cost, unit_price, currency (GBP), safety_stock, substitutes (item|item=N/M|item=N/M:keep_lower|item=N/M:new_price|item=N/M:ask:2026-01-01..2026-06-30:!customer,customer, best first), components (item=units|item=units|... of a kit), reservation_horizon_days, releases (2027-01-15|web=2027-01-20|web@EU=2027-01-25|@EU=2027-02-01)";

/// The words for what happens to quantities of no whole number of packs.
pub const PACK_ROUNDINGS: [(&str, i32); 3] =
    [("refuse", PackRounding::Refuse as i32), ("up", PackRounding::Up as i32), ("down", PackRounding::Down as i32)];

/// Columns that a file cannot do without.
pub const REQUIRED: [&str; 1] = ["item"];

const ROWS_PER_CALL: usize = 500;

/// The import of items.
pub struct ItemImport {
    /// The services.
    pub clients: Clients,
    /// The source of request ids: a put of the same content is harmless, so they need not repeat.
    pub ids: Arc<dyn IdProvider>,
}

impl RowImport for ItemImport {
    type Parsed = Item;
    const ROWS_PER_CALL: usize = ROWS_PER_CALL;

    fn parse(&self, row: &Row) -> Result<Item, Refusal> {
        let mut fields = row.fields();
        let item = Item {
            name: named("items", &fields.required("item")),
            description: fields.text("description"),
            base_unit: fields.text("base_unit"),
            pack_size: fields.whole("pack_size", 1),
            pack_rounding: fields.one_of("pack_rounding", &PACK_ROUNDINGS, 0),
            units: fields.units("units"),
            category: fields.text("category"),
            unit_cost: fields.money("unit_cost", "currency", "GBP"),
            unit_price: fields.money("unit_price", "currency", "GBP"),
            substitutes: fields.several("substitutes", parts::substitute, parts::SUBSTITUTE),
            components: fields.several("components", parts::component, parts::COMPONENT),
            safety_stock: fields.whole("safety_stock", 0),
            releases: fields.releases("releases"),
            reservation_horizon_days: fields.optional_whole("reservation_horizon_days"),
            ..Item::default()
        };
        fields.finish()?;
        Ok(item)
    }

    async fn send(&self, rows: &[Item]) -> Result<Vec<Outcome>, Status> {
        let request = BatchPutItemsRequest { request_id: self.ids.next_uuid().to_string(), items: rows.to_vec() };
        let answer = self.clients.catalog.clone().batch_put_items(request).await?.into_inner();
        let unchanged = usize::try_from(answer.unchanged).unwrap_or(0).min(rows.len());
        let applied = std::iter::repeat_n(Outcome::Applied, rows.len() - unchanged);
        Ok(applied.chain(std::iter::repeat_n(Outcome::Unchanged, unchanged)).collect())
    }
}

/// An item of a demand file as master data. Its cost is unknown and left out.
#[must_use]
pub fn of_catalogue(item: &CatalogueItem, category: &str, currency: &str) -> Item {
    Item {
        name: named("items", &item.code),
        description: item.description.clone(),
        pack_size: 1,
        category: category.to_owned(),
        unit_price: Some(requests::money(currency, item.price_nanos)),
        ..Item::default()
    }
}
