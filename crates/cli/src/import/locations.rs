//! Imports locations. The same file again changes nothing; a changed row updates the location.

use std::sync::Arc;

use backorder_domain::ids::IdProvider;
use backorder_proto::inventory::v1::{CreateLocationRequest, Location, LocationKind, UpdateLocationRequest};
use prost_types::FieldMask;
use tonic::{Code, Status};

use super::{
    drive::RowImport,
    report::{Outcome, Refusal},
    rows::Row,
};
use crate::{client::Clients, output::text::named};

/// The columns, as the help prints them.
pub const COLUMNS: &str = "location (required), kind (required: warehouse, store, drop_ship_supplier), time_zone (required, e.g. Europe/London), display_name, rank, calendar, order_cut_off (14:30), dock_to_stock_days, handling_days (these four stay as they are where the field is empty)";

/// Columns that a file cannot do without.
pub const REQUIRED: [&str; 3] = ["location", "kind", "time_zone"];

/// The words for kinds of locations.
pub const KINDS: [(&str, i32); 3] = [
    ("warehouse", LocationKind::Warehouse as i32),
    ("store", LocationKind::Store as i32),
    ("drop_ship_supplier", LocationKind::DropShipSupplier as i32),
];

/// Fields that a row always states.
const ALWAYS: [&str; 4] = ["display_name", "kind", "time_zone", "rank"];
/// Fields that a row states where they are not empty: a file may be older than what was stated since.
const SHIPPING: [&str; 4] = ["calendar", "order_cut_off", "dock_to_stock_days", "handling_days"];

/// A location, and which of its fields the row states.
#[derive(Clone)]
pub struct LocationRow {
    location: Location,
    fields: Vec<String>,
}

/// The import of locations.
pub struct LocationImport {
    /// The services.
    pub clients: Clients,
    /// The source of request ids: a write of the same content is harmless, so they need not repeat.
    pub ids: Arc<dyn IdProvider>,
}

impl RowImport for LocationImport {
    type Parsed = LocationRow;
    const ROWS_PER_CALL: usize = 1;

    fn parse(&self, row: &Row) -> Result<LocationRow, Refusal> {
        let mut fields = row.fields();
        let rank = fields.whole("rank", 0);
        let (dock_to_stock, handling) = (fields.whole("dock_to_stock_days", 0), fields.whole("handling_days", 0));
        let location = Location {
            name: named("locations", &fields.required("location")),
            display_name: fields.text("display_name"),
            kind: fields.one_of("kind", &KINDS, LocationKind::Unspecified.into()),
            time_zone: fields.required("time_zone"),
            rank: i32::try_from(rank).unwrap_or(i32::MAX),
            calendar: fields.named_if_set("calendar", "calendars"),
            order_cut_off: fields.time("order_cut_off"),
            dock_to_stock_days: i32::try_from(dock_to_stock).unwrap_or(i32::MAX),
            handling_days: i32::try_from(handling).unwrap_or(i32::MAX),
            ..Location::default()
        };
        fields.required("kind");
        fields.finish()?;
        let stated = SHIPPING.iter().filter(|column| !row.text(column).is_empty());
        let fields = ALWAYS.iter().chain(stated).map(|field| (*field).to_owned()).collect();
        Ok(LocationRow { location, fields })
    }

    async fn send(&self, rows: &[LocationRow]) -> Result<Vec<Outcome>, Status> {
        let mut outcomes = Vec::with_capacity(rows.len());
        for row in rows {
            outcomes.push(self.put(row).await?);
        }
        Ok(outcomes)
    }
}

impl LocationImport {
    async fn put(&self, row: &LocationRow) -> Result<Outcome, Status> {
        let LocationRow { location, fields } = row;
        let request_id = self.ids.next_uuid().to_string();
        let create = CreateLocationRequest { request_id, location: Some(location.clone()) };
        match self.clients.catalog.clone().create_location(create).await {
            Ok(_) => return Ok(Outcome::Applied),
            Err(status) if status.code() == Code::AlreadyExists => {}
            Err(status) => return Err(status),
        }
        let request_id = self.ids.next_uuid().to_string();
        let update_mask = Some(FieldMask { paths: fields.clone() });
        let update = UpdateLocationRequest { request_id, location: Some(location.clone()), update_mask };
        self.clients.catalog.clone().update_location(update).await?;
        Ok(Outcome::Applied)
    }
}
