//! Reading items, locations, working calendars and lanes.

use backorder_domain::ids::{CalendarId, ItemId, LaneId, LocationId};
use backorder_proto::{common::v1::ErrorReason, convert::encode};
use backorder_service_kit::{paging::PageRequest, problem::Problem};

use super::super::UseCases;
use crate::{
    catalog::{Calendar, Item, Lane, Location, Stored},
    error::{Error, Kind},
    store::{catalog as table, places, shipping},
};

impl UseCases {
    /// One item.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn get_item(&self, id: &ItemId) -> Result<Stored<Item>, Error> {
        let found = table::find_items(self.store().reader(), &[id]).await?;
        found.into_iter().next().ok_or_else(|| Error::missing(Kind::Item, encode::item_name(id), ""))
    }

    /// Items by id, one more than the page holds.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn list_items(&self, page: &PageRequest, category: &str) -> Result<Vec<Stored<Item>>, Error> {
        let reader = self.store().reader();
        Ok(table::list_items(reader, page.after.as_deref(), category, page.query_limit()).await?)
    }

    /// One location.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn get_location(&self, id: &LocationId) -> Result<Stored<Location>, Error> {
        let found = places::find_location(self.store().reader(), id).await?;
        found.ok_or_else(|| Error::missing(Kind::Location, encode::location_name(id), ""))
    }

    /// Locations by rank and id, one more than the page holds. The page's key is `rank/id`.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn list_locations(&self, page: &PageRequest) -> Result<Vec<Stored<Location>>, Error> {
        let after = page.after.as_deref().map(rank_and_id).transpose()?;
        Ok(places::list_locations(self.store().reader(), after, page.query_limit()).await?)
    }

    /// One working calendar.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn get_calendar(&self, id: &CalendarId) -> Result<Stored<Calendar>, Error> {
        let found = shipping::find_calendar(self.store().reader(), id).await?;
        found.ok_or_else(|| Error::missing(Kind::Calendar, encode::calendar_name(id), ""))
    }

    /// Working calendars by id, one more than the page holds.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn list_calendars(&self, page: &PageRequest) -> Result<Vec<Stored<Calendar>>, Error> {
        Ok(shipping::list_calendars(self.store().reader(), page.after.as_deref(), page.query_limit()).await?)
    }

    /// One lane.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn get_lane(&self, id: &LaneId) -> Result<Stored<Lane>, Error> {
        let found = shipping::find_lane(self.store().reader(), id).await?;
        found.ok_or_else(|| Error::missing(Kind::Lane, encode::lane_name(id), ""))
    }

    /// Lanes by id, one more than the page holds.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn list_lanes(&self, page: &PageRequest) -> Result<Vec<Stored<Lane>>, Error> {
        Ok(shipping::list_lanes(self.store().reader(), page.after.as_deref(), page.query_limit()).await?)
    }
}

fn rank_and_id(key: &str) -> Result<(i32, &str), Error> {
    let parts = key.split_once('/').and_then(|(rank, id)| Some((rank.parse().ok()?, id)));
    parts.ok_or_else(|| page_token_invalid().into())
}

/// A page token whose key is not one of this list. Its seal was right, so another version of the service made it.
pub fn page_token_invalid() -> Problem {
    Problem::invalid_field(ErrorReason::PageTokenInvalid, "page_token", "must be the next_page_token of this list")
}
