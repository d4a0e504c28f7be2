//! `CatalogService`.

use backorder_proto::{
    convert::decode as basic,
    inventory::v1::{self as pb, catalog_service_server::CatalogService},
};
use tonic::{Request, Response, Status, async_trait};

use super::{
    SMALL_PAGES,
    decode::{catalog as decode, places, shipping},
    encode::{calendar_message, item_message, lane_message, location_message},
    page, read, write,
};
use crate::use_cases::UseCases;

/// The service.
pub struct Catalog(pub UseCases);

#[async_trait]
impl CatalogService for Catalog {
    async fn get_item(&self, request: Request<pb::GetItemRequest>) -> Result<Response<pb::Item>, Status> {
        let id = read(&request, |r, violations| basic::item_name(&r.name, "name", violations))?;
        let item = self.0.get_item(&id).await?;
        Ok(Response::new(item_message(&item)))
    }

    async fn list_items(
        &self,
        request: Request<pb::ListItemsRequest>,
    ) -> Result<Response<pb::ListItemsResponse>, Status> {
        let r = request.get_ref();
        let (page, binding) = page(&request, SMALL_PAGES, r.page_size, &r.page_token, |r| {
            r.page_size = 0;
            r.page_token.clear();
        })?;
        let mut items = self.0.list_items(&page, &r.category).await?;
        let next_page_token = page.cut(&mut items, &binding, |item| item.value.id.to_string());
        Ok(Response::new(pb::ListItemsResponse { items: items.iter().map(item_message).collect(), next_page_token }))
    }

    async fn create_item(&self, request: Request<pb::CreateItemRequest>) -> Result<Response<pb::Item>, Status> {
        write(&self.0, request, decode::create_item, UseCases::create_item).await
    }

    async fn update_item(&self, request: Request<pb::UpdateItemRequest>) -> Result<Response<pb::Item>, Status> {
        write(&self.0, request, decode::update_item, UseCases::update_item).await
    }

    async fn batch_put_items(
        &self,
        request: Request<pb::BatchPutItemsRequest>,
    ) -> Result<Response<pb::BatchPutItemsResponse>, Status> {
        write(&self.0, request, decode::put_items, UseCases::put_items).await
    }

    async fn get_location(&self, request: Request<pb::GetLocationRequest>) -> Result<Response<pb::Location>, Status> {
        let id = read(&request, |r, violations| basic::location_name(&r.name, "name", violations))?;
        let location = self.0.get_location(&id).await?;
        Ok(Response::new(location_message(&location)))
    }

    async fn list_locations(
        &self,
        request: Request<pb::ListLocationsRequest>,
    ) -> Result<Response<pb::ListLocationsResponse>, Status> {
        let r = request.get_ref();
        let (page, binding) = page(&request, SMALL_PAGES, r.page_size, &r.page_token, |r| {
            r.page_size = 0;
            r.page_token.clear();
        })?;
        let mut found = self.0.list_locations(&page).await?;
        let next_page_token = page.cut(&mut found, &binding, |l| format!("{}/{}", l.value.rank, l.value.id));
        let locations = found.iter().map(location_message).collect();
        Ok(Response::new(pb::ListLocationsResponse { locations, next_page_token }))
    }

    async fn create_location(
        &self,
        request: Request<pb::CreateLocationRequest>,
    ) -> Result<Response<pb::Location>, Status> {
        write(&self.0, request, places::create_location, UseCases::create_record).await
    }

    async fn update_location(
        &self,
        request: Request<pb::UpdateLocationRequest>,
    ) -> Result<Response<pb::Location>, Status> {
        write(&self.0, request, places::update_location, UseCases::update_record).await
    }

    async fn get_working_calendar(
        &self,
        request: Request<pb::GetWorkingCalendarRequest>,
    ) -> Result<Response<pb::WorkingCalendar>, Status> {
        let id = read(&request, |r, violations| basic::calendar_name(&r.name, "name", violations))?;
        let found = self.0.get_calendar(&id).await?;
        Ok(Response::new(calendar_message(&found)))
    }

    async fn list_working_calendars(
        &self,
        request: Request<pb::ListWorkingCalendarsRequest>,
    ) -> Result<Response<pb::ListWorkingCalendarsResponse>, Status> {
        let r = request.get_ref();
        let (page, binding) = page(&request, SMALL_PAGES, r.page_size, &r.page_token, |r| {
            r.page_size = 0;
            r.page_token.clear();
        })?;
        let mut found = self.0.list_calendars(&page).await?;
        let next_page_token = page.cut(&mut found, &binding, |found| found.value.id.to_string());
        let working_calendars = found.iter().map(calendar_message).collect();
        Ok(Response::new(pb::ListWorkingCalendarsResponse { working_calendars, next_page_token }))
    }

    async fn create_working_calendar(
        &self,
        request: Request<pb::CreateWorkingCalendarRequest>,
    ) -> Result<Response<pb::WorkingCalendar>, Status> {
        write(&self.0, request, shipping::create_calendar, UseCases::create_record).await
    }

    async fn update_working_calendar(
        &self,
        request: Request<pb::UpdateWorkingCalendarRequest>,
    ) -> Result<Response<pb::WorkingCalendar>, Status> {
        write(&self.0, request, shipping::update_calendar, UseCases::update_record).await
    }

    async fn get_lane(&self, request: Request<pb::GetLaneRequest>) -> Result<Response<pb::Lane>, Status> {
        let id = read(&request, |r, violations| basic::lane_name(&r.name, "name", violations))?;
        let found = self.0.get_lane(&id).await?;
        Ok(Response::new(lane_message(&found)))
    }

    async fn list_lanes(
        &self,
        request: Request<pb::ListLanesRequest>,
    ) -> Result<Response<pb::ListLanesResponse>, Status> {
        let r = request.get_ref();
        let (page, binding) = page(&request, SMALL_PAGES, r.page_size, &r.page_token, |r| {
            r.page_size = 0;
            r.page_token.clear();
        })?;
        let mut found = self.0.list_lanes(&page).await?;
        let next_page_token = page.cut(&mut found, &binding, |found| found.value.id.to_string());
        let lanes = found.iter().map(lane_message).collect();
        Ok(Response::new(pb::ListLanesResponse { lanes, next_page_token }))
    }

    async fn create_lane(&self, request: Request<pb::CreateLaneRequest>) -> Result<Response<pb::Lane>, Status> {
        write(&self.0, request, shipping::create_lane, UseCases::create_record).await
    }

    async fn update_lane(&self, request: Request<pb::UpdateLaneRequest>) -> Result<Response<pb::Lane>, Status> {
        write(&self.0, request, shipping::update_lane, UseCases::update_record).await
    }
}
