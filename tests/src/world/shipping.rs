//! Working calendars, lanes, what locations state of them, and releases of items.

use backorder_proto::{
    common::v1::TimeOfDay,
    inventory::v1::{
        CreateLaneRequest, CreateWorkingCalendarRequest, Item, ItemRelease, Lane, Location, UpdateItemRequest,
        UpdateLocationRequest, WorkingCalendar,
    },
};
use jiff::civil;
use prost_types::FieldMask;

use crate::world::{World, ZONE, date, request_id};

impl World {
    /// A calendar on which every day counts but the given ones.
    pub async fn calendar_without(&self, calendar: &str, holidays: &[civil::Date]) -> String {
        let name = format!("calendars/{}", self.id(calendar));
        let request = CreateWorkingCalendarRequest {
            request_id: request_id(),
            working_calendar: Some(WorkingCalendar {
                name: name.clone(),
                working_days: (1..=7).collect(),
                holidays: holidays.iter().map(|day| date(*day)).collect(),
                ..Default::default()
            }),
        };
        self.inventory.catalog.clone().create_working_calendar(request).await.expect("create a calendar");
        name
    }

    /// A location that states how it ships; waits until everyone knows.
    pub async fn ships_by(&self, location: &str, stated: Location) {
        let fields = ["calendar", "order_cut_off", "dock_to_stock_days", "handling_days"];
        let request = UpdateLocationRequest {
            request_id: request_id(),
            location: Some(Location { name: self.location_name(location), ..stated }),
            update_mask: Some(FieldMask { paths: fields.map(str::to_owned).to_vec() }),
        };
        self.inventory.catalog.clone().update_location(request).await.expect("update a location");
        self.idle().await;
    }

    /// An item with release dates; waits until everyone knows.
    pub async fn releases(&self, item: &str, releases: Vec<ItemRelease>) {
        let request = UpdateItemRequest {
            request_id: request_id(),
            item: Some(Item { name: self.item_name(item), releases, ..Default::default() }),
            update_mask: Some(FieldMask { paths: vec!["releases".to_owned()] }),
        };
        self.inventory.catalog.clone().update_item(request).await.expect("update an item");
        self.idle().await;
    }

    /// An item for which stock is reserved only so many days ahead; waits until everyone knows.
    pub async fn reserves_ahead(&self, item: &str, days: Option<i32>) {
        let item = Item { name: self.item_name(item), reservation_horizon_days: days, ..Default::default() };
        let request = UpdateItemRequest {
            request_id: request_id(),
            item: Some(item),
            update_mask: Some(FieldMask { paths: vec!["reservation_horizon_days".to_owned()] }),
        };
        self.inventory.catalog.clone().update_item(request).await.expect("update an item");
        self.idle().await;
    }

    /// A lane from a location to a zone of this story, in the zone of the locations; waits until everyone knows.
    pub async fn lane(&self, location: &str, zone: &str, transit_days: i32) {
        let request = CreateLaneRequest {
            request_id: request_id(),
            lane: Some(Lane {
                name: format!("lanes/{}-{zone}", self.id(location)),
                location: self.location_name(location),
                destination_zone: zone.to_owned(),
                destination_time_zone: ZONE.to_owned(),
                transit_days,
                ..Default::default()
            }),
        };
        self.inventory.catalog.clone().create_lane(request).await.expect("create a lane");
        self.idle().await;
    }
}

/// A time of the day.
pub fn time(hours: i32, minutes: i32) -> Option<TimeOfDay> {
    Some(TimeOfDay { hours, minutes })
}
