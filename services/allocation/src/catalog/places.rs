//! The copies of locations, and with them the working calendars and lanes by which they ship.

use std::{collections::HashMap, sync::Arc};

use backorder_domain::{
    calendar::{DayCount, Lane, ShipSchedule, WorkingCalendar},
    ids::LocationId,
    time::{civil_date_in, time_zone},
};
use backorder_proto::{
    convert::{Violations, decode, encode},
    inventory::v1 as pb,
};
use backorder_storage::{StorageError, columns};
use jiff::{
    Timestamp,
    civil::{Date, Time},
    tz::TimeZone,
};

use super::shipping::{CalendarCopy, LaneCopy, Way};
use crate::store::entity::location_copy;

/// What kind of place a location is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaceKind {
    /// A warehouse of the company.
    Warehouse,
    /// A store that also ships.
    Store,
    /// A supplier who ships to the customer.
    DropShipSupplier,
}

/// The copy of a location.
#[derive(Debug, Clone)]
pub struct Place {
    /// The location's id.
    pub id: LocationId,
    /// What kind of place it is.
    pub kind: PlaceKind,
    /// The zone in which its dates are read.
    pub zone: TimeZone,
    /// The zone's IANA name.
    pub zone_name: String,
    /// Lower ranks are used first.
    pub rank: i32,
    /// The id of its working calendar; `None` means every day.
    pub calendar: Option<String>,
    /// The local time at which it is too late to count on a day.
    pub order_cut_off: Option<Time>,
    /// Working days from the arrival of a supply until its units can be picked.
    pub dock_to_stock_days: DayCount,
    /// Working days from then until the goods leave.
    pub handling_days: DayCount,
    /// The version of the location.
    pub version: i64,
}

/// Copies of locations, working calendars and lanes.
#[derive(Debug, Clone, Default)]
pub struct PlaceCopies {
    /// Of locations.
    pub places: Vec<Place>,
    /// Of working calendars.
    pub calendars: Vec<CalendarCopy>,
    /// Of lanes.
    pub lanes: Vec<LaneCopy>,
}

/// All known locations, with the calendars and lanes by which they ship.
#[derive(Debug, Clone, Default)]
pub struct Places {
    by_id: HashMap<String, Place>,
    calendars: HashMap<String, CalendarCopy>,
    lanes: HashMap<Way, LaneCopy>,
    /// Warehouses and stores, by rank and id.
    serving: Vec<LocationId>,
}

impl Place {
    /// The copy of a location; `None` when its name, kind or zone is not known.
    #[must_use]
    pub fn of_message(location: &pb::Location) -> Option<Self> {
        let kind = match location.kind() {
            pb::LocationKind::Warehouse => PlaceKind::Warehouse,
            pb::LocationKind::Store => PlaceKind::Store,
            pb::LocationKind::DropShipSupplier => PlaceKind::DropShipSupplier,
            pb::LocationKind::Unspecified => return None,
        };
        Some(Self {
            id: LocationId::try_new(location.name.strip_prefix("locations/")?).ok()?,
            kind,
            zone: time_zone(&location.time_zone).ok()?,
            zone_name: location.time_zone.clone(),
            rank: location.rank,
            calendar: location.calendar.strip_prefix("calendars/").map(str::to_owned),
            order_cut_off: decode::time_of_day_if_set(location.order_cut_off.as_ref(), "", &mut Violations::new())?,
            dock_to_stock_days: DayCount::try_from(location.dock_to_stock_days).ok()?,
            handling_days: DayCount::try_from(location.handling_days).ok()?,
            version: location.etag.parse().unwrap_or_default(),
        })
    }

    fn serves_by_default(&self) -> bool {
        self.kind != PlaceKind::DropShipSupplier
    }
}

impl PlaceCopies {
    /// Whether there is no copy at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty() && self.calendars.is_empty() && self.lanes.is_empty()
    }
}

impl Places {
    /// What the copies say.
    #[must_use]
    pub fn new(copies: PlaceCopies) -> Self {
        let PlaceCopies { places, calendars, lanes } = copies;
        let mut serving: Vec<(i32, LocationId)> = places
            .iter()
            .filter(|place| place.serves_by_default())
            .map(|place| (place.rank, place.id.clone()))
            .collect();
        serving.sort();
        Self {
            by_id: places.into_iter().map(|place| (place.id.to_string(), place)).collect(),
            calendars: calendars.into_iter().map(|calendar| (calendar.id.clone(), calendar)).collect(),
            lanes: lanes.into_iter().map(|lane| (lane.way.clone(), lane)).collect(),
            serving: serving.into_iter().map(|(_, id)| id).collect(),
        }
    }

    /// These with newer copies. An older version of what is known changes nothing.
    #[must_use]
    pub fn with(&self, copies: PlaceCopies) -> Self {
        let mut known = self.clone();
        for place in copies.places {
            if known.get(place.id.as_str()).is_none_or(|old| old.version <= place.version) {
                known.by_id.insert(place.id.to_string(), place);
            }
        }
        for calendar in copies.calendars {
            if known.calendars.get(&calendar.id).is_none_or(|old| old.version <= calendar.version) {
                known.calendars.insert(calendar.id.clone(), calendar);
            }
        }
        for lane in copies.lanes {
            if known.lanes.get(&lane.way).is_none_or(|old| old.version <= lane.version) {
                known.lanes.insert(lane.way.clone(), lane);
            }
        }
        Self::new(PlaceCopies {
            places: known.by_id.into_values().collect(),
            calendars: known.calendars.into_values().collect(),
            lanes: known.lanes.into_values().collect(),
        })
    }

    fn calendar(&self, id: Option<&String>) -> Arc<WorkingCalendar> {
        // Events tell of a calendar before they tell of what names it.
        let known = id.and_then(|id| self.calendars.get(id));
        known.map_or_else(|| Arc::new(WorkingCalendar::every_day()), |calendar| Arc::clone(&calendar.days))
    }

    /// How a location ships; one that is not known ships on every day at once, in the zone `otherwise`.
    #[must_use]
    pub fn schedule_of(&self, location: &LocationId, otherwise: &TimeZone) -> ShipSchedule {
        let Some(place) = self.get(location.as_str()) else { return ShipSchedule::every_day(otherwise.clone()) };
        ShipSchedule {
            zone: place.zone.clone(),
            calendar: self.calendar(place.calendar.as_ref()),
            cut_off: place.order_cut_off,
            dock_to_stock_days: place.dock_to_stock_days,
            handling_days: place.handling_days,
        }
    }

    /// Whether any lane is known.
    #[must_use]
    pub fn has_lanes(&self) -> bool {
        !self.lanes.is_empty()
    }

    /// The lane of a way.
    #[must_use]
    pub fn lane_of(&self, way: &Way) -> Option<Lane> {
        let copy = self.lanes.get(way)?;
        copy.over(self.calendar(copy.calendar.as_ref()))
    }

    /// Whether no location is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// A location.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Place> {
        self.by_id.get(id)
    }

    /// All locations, in no order.
    pub fn all(&self) -> impl Iterator<Item = &Place> {
        self.by_id.values()
    }

    /// The location that serves first where nobody names candidates.
    #[must_use]
    pub fn first_serving(&self) -> Option<&LocationId> {
        self.serving.first()
    }

    /// The IANA name of a location's zone.
    #[must_use]
    pub fn zone_name_of(&self, location: &LocationId) -> Option<&str> {
        self.get(location.as_str()).map(|place| place.zone_name.as_str())
    }

    /// The zone of a name that was checked when it was taken in; UTC when the database of zones has lost it since.
    #[must_use]
    pub fn zone_named(&self, name: &str) -> TimeZone {
        let known = self.by_id.values().find(|place| place.zone_name == name);
        known.map_or_else(|| time_zone(name).unwrap_or(TimeZone::UTC), |place| place.zone.clone())
    }

    /// The civil day at a location; in `otherwise` when the location is not known.
    #[must_use]
    pub fn today_at(&self, location: &LocationId, now: Timestamp, otherwise: &TimeZone) -> Date {
        civil_date_in(now, self.get(location.as_str()).map_or(otherwise, |place| &place.zone))
    }
}

impl From<&Place> for location_copy::Model {
    fn from(place: &Place) -> Self {
        let kind = match place.kind {
            PlaceKind::Warehouse => pb::LocationKind::Warehouse,
            PlaceKind::Store => pb::LocationKind::Store,
            PlaceKind::DropShipSupplier => pb::LocationKind::DropShipSupplier,
        };
        Self {
            id: place.id.to_string(),
            kind: kind.as_str_name().to_owned(),
            time_zone: place.zone_name.clone(),
            rank: place.rank,
            calendar_id: place.calendar.clone(),
            order_cut_off: place.order_cut_off.map(columns::time_text),
            dock_to_stock_days: i32::from(place.dock_to_stock_days),
            handling_days: i32::from(place.handling_days),
            version: place.version,
        }
    }
}

impl TryFrom<location_copy::Model> for Place {
    type Error = StorageError;

    fn try_from(row: location_copy::Model) -> Result<Self, StorageError> {
        let message = pb::Location {
            name: format!("locations/{}", row.id),
            kind: pb::LocationKind::from_str_name(&row.kind).unwrap_or_default().into(),
            time_zone: row.time_zone,
            rank: row.rank,
            calendar: row.calendar_id.map(|id| format!("calendars/{id}")).unwrap_or_default(),
            order_cut_off: columns::optional_time(row.order_cut_off.as_deref(), "location_copy")?
                .map(encode::time_of_day),
            dock_to_stock_days: row.dock_to_stock_days,
            handling_days: row.handling_days,
            etag: row.version.to_string(),
            ..pb::Location::default()
        };
        Self::of_message(&message).ok_or_else(|| StorageError::InvalidRow {
            table: "location_copy",
            detail: format!("{} has no known kind or zone", row.id),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    fn place(id: &str, kind: pb::LocationKind, rank: i32) -> Place {
        Place::of_message(&pb::Location {
            name: format!("locations/{id}"),
            kind: kind.into(),
            time_zone: "Asia/Tokyo".to_owned(),
            rank,
            etag: "1".to_owned(),
            ..pb::Location::default()
        })
        .unwrap()
    }

    fn copies(places: Vec<Place>) -> PlaceCopies {
        PlaceCopies { places, ..PlaceCopies::default() }
    }

    fn of(places: Vec<Place>) -> Places {
        Places::new(copies(places))
    }

    #[test]
    fn the_first_warehouse_or_store_by_rank_serves_first() {
        let places = of(vec![
            place("supplier", pb::LocationKind::DropShipSupplier, 0),
            place("west", pb::LocationKind::Warehouse, 2),
            place("east", pb::LocationKind::Store, 1),
        ]);
        assert_eq!(places.first_serving().unwrap().as_str(), "east");
        let changed =
            places.with(copies(vec![Place { rank: 0, version: 2, ..place("west", pb::LocationKind::Warehouse, 2) }]));
        assert_eq!(changed.first_serving().unwrap().as_str(), "west");
        let late = changed.with(copies(vec![place("west", pb::LocationKind::Warehouse, 9)]));
        assert_eq!(late.first_serving().unwrap().as_str(), "west", "an older version changes nothing");
    }

    #[test]
    fn today_is_read_where_the_location_is() {
        let places = of(vec![place("tokyo", pb::LocationKind::Warehouse, 0)]);
        let now: Timestamp = "2026-11-23T20:00:00Z".parse().unwrap();
        let today = |id: &str| places.today_at(&LocationId::try_new(id).unwrap(), now, &TimeZone::UTC).to_string();
        assert_eq!((today("tokyo").as_str(), today("elsewhere").as_str()), ("2026-11-24", "2026-11-23"));
    }

    #[test]
    fn a_copy_survives_the_store() {
        let west = place("west", pb::LocationKind::Warehouse, 2);
        let west = Place {
            calendar: Some("uk".to_owned()),
            order_cut_off: Some(Time::constant(14, 30, 0, 0)),
            dock_to_stock_days: 1,
            handling_days: 2,
            ..west
        };
        let row = location_copy::Model::from(&west);
        let back = Place::try_from(row.clone()).unwrap();
        assert_eq!(location_copy::Model::from(&back), row);
    }
}
