//! The copies of locations: their kinds, their ranks and their time zones.

use std::collections::HashMap;

use backorder_domain::{
    ids::LocationId,
    time::{civil_date_in, time_zone},
};
use backorder_proto::inventory::v1 as pb;
use backorder_storage::StorageError;
use jiff::{Timestamp, civil::Date, tz::TimeZone};

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
    /// The version of the location.
    pub version: i64,
}

/// All known locations.
#[derive(Debug, Clone, Default)]
pub struct Places {
    by_id: HashMap<String, Place>,
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
            version: location.etag.parse().unwrap_or_default(),
        })
    }

    fn serves_by_default(&self) -> bool {
        self.kind != PlaceKind::DropShipSupplier
    }
}

impl Places {
    /// The given locations.
    #[must_use]
    pub fn new(places: Vec<Place>) -> Self {
        let mut serving: Vec<(i32, LocationId)> = places
            .iter()
            .filter(|place| place.serves_by_default())
            .map(|place| (place.rank, place.id.clone()))
            .collect();
        serving.sort();
        Self {
            by_id: places.into_iter().map(|place| (place.id.to_string(), place)).collect(),
            serving: serving.into_iter().map(|(_, id)| id).collect(),
        }
    }

    /// These and one more, or one changed. An older version of a known one changes nothing.
    #[must_use]
    pub fn with(&self, place: Place) -> Self {
        if self.get(place.id.as_str()).is_some_and(|known| known.version > place.version) {
            return self.clone();
        }
        let mut places: Vec<Place> = self.by_id.values().filter(|known| known.id != place.id).cloned().collect();
        places.push(place);
        Self::new(places)
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

    #[test]
    fn the_first_warehouse_or_store_by_rank_serves_first() {
        let places = Places::new(vec![
            place("supplier", pb::LocationKind::DropShipSupplier, 0),
            place("west", pb::LocationKind::Warehouse, 2),
            place("east", pb::LocationKind::Store, 1),
        ]);
        assert_eq!(places.first_serving().unwrap().as_str(), "east");
        let changed = places.with(Place { rank: 0, version: 2, ..place("west", pb::LocationKind::Warehouse, 2) });
        assert_eq!(changed.first_serving().unwrap().as_str(), "west");
        let late = changed.with(place("west", pb::LocationKind::Warehouse, 9));
        assert_eq!(late.first_serving().unwrap().as_str(), "west", "an older version changes nothing");
    }

    #[test]
    fn today_is_read_where_the_location_is() {
        let places = Places::new(vec![place("tokyo", pb::LocationKind::Warehouse, 0)]);
        let now: Timestamp = "2026-11-23T20:00:00Z".parse().unwrap();
        let today = |id: &str| places.today_at(&LocationId::try_new(id).unwrap(), now, &TimeZone::UTC).to_string();
        assert_eq!((today("tokyo").as_str(), today("elsewhere").as_str()), ("2026-11-24", "2026-11-23"));
    }

    #[test]
    fn a_copy_survives_the_store() {
        let row = location_copy::Model::from(&place("west", pb::LocationKind::Warehouse, 2));
        let back = Place::try_from(row.clone()).unwrap();
        assert_eq!(location_copy::Model::from(&back), row);
    }
}
