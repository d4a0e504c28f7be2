//! Imports locations. The same file again changes nothing; a changed row updates the location.

use std::sync::Arc;

use backorder_domain::ids::IdProvider;
use backorder_proto::inventory::v1::{CreateLocationRequest, Location, LocationKind, UpdateLocationRequest};
use tonic::{Code, Status};

use super::{
    drive::RowImport,
    report::{Outcome, Refusal},
    rows::Row,
};
use crate::{client::Clients, output::text::named};

/// The columns, as the help prints them.
pub const COLUMNS: &str = "location (required), kind (required: warehouse, store, drop_ship_supplier), time_zone (required, e.g. Europe/London), display_name, rank";

/// Columns that a file cannot do without.
pub const REQUIRED: [&str; 3] = ["location", "kind", "time_zone"];

/// The words for kinds of locations.
pub const KINDS: [(&str, i32); 3] = [
    ("warehouse", LocationKind::Warehouse as i32),
    ("store", LocationKind::Store as i32),
    ("drop_ship_supplier", LocationKind::DropShipSupplier as i32),
];

/// The import of locations.
pub struct LocationImport {
    /// The services.
    pub clients: Clients,
    /// The source of request ids: a write of the same content is harmless, so they need not repeat.
    pub ids: Arc<dyn IdProvider>,
}

impl RowImport for LocationImport {
    type Parsed = Location;
    const ROWS_PER_CALL: usize = 1;

    fn parse(&self, row: &Row) -> Result<Location, Refusal> {
        let mut fields = row.fields();
        let rank = fields.whole("rank", 0);
        let location = Location {
            name: named("locations", &fields.required("location")),
            display_name: fields.text("display_name"),
            kind: fields.one_of("kind", &KINDS, LocationKind::Unspecified.into()),
            time_zone: fields.required("time_zone"),
            rank: i32::try_from(rank).unwrap_or(i32::MAX),
            ..Location::default()
        };
        fields.required("kind");
        fields.finish()?;
        Ok(location)
    }

    async fn send(&self, rows: &[Location]) -> Result<Vec<Outcome>, Status> {
        let mut outcomes = Vec::with_capacity(rows.len());
        for location in rows {
            outcomes.push(self.put(location).await?);
        }
        Ok(outcomes)
    }
}

impl LocationImport {
    async fn put(&self, location: &Location) -> Result<Outcome, Status> {
        let request_id = self.ids.next_uuid().to_string();
        let create = CreateLocationRequest { request_id, location: Some(location.clone()) };
        match self.clients.catalog.clone().create_location(create).await {
            Ok(_) => return Ok(Outcome::Applied),
            Err(status) if status.code() == Code::AlreadyExists => {}
            Err(status) => return Err(status),
        }
        let request_id = self.ids.next_uuid().to_string();
        let update = UpdateLocationRequest { request_id, location: Some(location.clone()), update_mask: None };
        self.clients.catalog.clone().update_location(update).await?;
        Ok(Outcome::Applied)
    }
}
