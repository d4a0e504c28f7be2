//! Imports lanes. The same file again changes nothing; a changed row updates the lane.

use std::sync::Arc;

use backorder_domain::ids::IdProvider;
use backorder_proto::inventory::v1::{CreateLaneRequest, Lane, UpdateLaneRequest};
use tonic::{Code, Status};

use super::{
    drive::RowImport,
    report::{Outcome, Refusal},
    rows::Row,
};
use crate::{client::Clients, output::text::named};

/// The columns, as the help prints them.
pub const COLUMNS: &str = "lane (required), location (required), destination_zone (required), destination_time_zone (required, e.g. Europe/Berlin), transit_days (required), service, calendar, pickup_time (12:00)";

/// Columns that a file cannot do without.
pub const REQUIRED: [&str; 5] = ["lane", "location", "destination_zone", "destination_time_zone", "transit_days"];

/// The import of lanes.
pub struct LaneImport {
    /// The services.
    pub clients: Clients,
    /// The source of request ids: a write of the same content is harmless, so they need not repeat.
    pub ids: Arc<dyn IdProvider>,
}

impl RowImport for LaneImport {
    type Parsed = Lane;
    const ROWS_PER_CALL: usize = 1;

    fn parse(&self, row: &Row) -> Result<Lane, Refusal> {
        let mut fields = row.fields();
        let transit_days = fields.required_whole("transit_days");
        let lane = Lane {
            name: named("lanes", &fields.required("lane")),
            location: named("locations", &fields.required("location")),
            destination_zone: fields.required("destination_zone"),
            service: fields.text("service"),
            destination_time_zone: fields.required("destination_time_zone"),
            transit_days: i32::try_from(transit_days).unwrap_or(i32::MAX),
            calendar: fields.named_if_set("calendar", "calendars"),
            pickup_time: fields.time("pickup_time"),
            ..Lane::default()
        };
        fields.finish()?;
        Ok(lane)
    }

    async fn send(&self, rows: &[Lane]) -> Result<Vec<Outcome>, Status> {
        let mut outcomes = Vec::with_capacity(rows.len());
        for lane in rows {
            outcomes.push(self.put(lane).await?);
        }
        Ok(outcomes)
    }
}

impl LaneImport {
    async fn put(&self, lane: &Lane) -> Result<Outcome, Status> {
        let request_id = self.ids.next_uuid().to_string();
        let create = CreateLaneRequest { request_id, lane: Some(lane.clone()) };
        let refused = match self.clients.catalog.clone().create_lane(create).await {
            Ok(_) => return Ok(Outcome::Applied),
            Err(status) if status.code() == Code::AlreadyExists => status,
            Err(status) => return Err(status),
        };
        let request_id = self.ids.next_uuid().to_string();
        let update = UpdateLaneRequest { request_id, lane: Some(lane.clone()), update_mask: None };
        let changed = match self.clients.catalog.clone().update_lane(update).await {
            Ok(changed) => changed.into_inner(),
            // Another lane goes this way already.
            Err(status) if status.code() == Code::NotFound => return Err(refused),
            Err(status) => return Err(status),
        };
        let way = |lane: &Lane| (lane.location.clone(), lane.destination_zone.clone(), lane.service.clone());
        // The way of a lane never changes, so a row that wants another one is refused.
        if way(&changed) == way(lane) { Ok(Outcome::Applied) } else { Err(refused) }
    }
}
