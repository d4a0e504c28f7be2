//! `FulfilmentFeedService`.

use backorder_proto::allocation::v1::{self as pb, fulfilment_feed_service_server::FulfilmentFeedService};
use backorder_service_kit::paging::PageLimits;
use tonic::{Request, Response, Status, async_trait};

use super::{
    damaged_token,
    decode::{feed as decode, order::order_place},
    page_of, read, write,
};
use crate::{error::Error, use_cases::UseCases};

/// Orders to warehouses are large.
const PAGES: PageLimits = PageLimits { default: 50, max: 200 };

/// The service.
pub struct FulfilmentFeed(pub UseCases);

#[async_trait]
impl FulfilmentFeedService for FulfilmentFeed {
    async fn list_warehouse_orders(
        &self,
        request: Request<pb::ListWarehouseOrdersRequest>,
    ) -> Result<Response<pb::ListWarehouseOrdersResponse>, Status> {
        let filter = read(&request, decode::list)?;
        let r = request.get_ref();
        let (page, binding) = page_of(&request, PAGES, r.page_size, &r.page_token, |r| {
            r.page_size = 0;
            r.page_token.clear();
        })?;
        let after = page.after.as_deref().map(|key| order_place(key).ok_or_else(damaged_token)).transpose()?;
        let found = self.0.list_warehouse_orders(&filter, after, page.query_limit()).await;
        let mut found = found.map_err(Error::from)?;
        let next_page_token = page.cut(&mut found, &binding, |(place, _)| place.clone());
        Ok(Response::new(pb::ListWarehouseOrdersResponse {
            warehouse_orders: found.into_iter().map(|(_, order)| order).collect(),
            next_page_token,
        }))
    }

    async fn acknowledge_warehouse_orders(
        &self,
        request: Request<pb::AcknowledgeWarehouseOrdersRequest>,
    ) -> Result<Response<pb::AcknowledgeWarehouseOrdersResponse>, Status> {
        write(&self.0, request, decode::acknowledge, UseCases::acknowledge_warehouse_orders).await
    }

    async fn confirm_shipment(
        &self,
        request: Request<pb::ConfirmShipmentRequest>,
    ) -> Result<Response<pb::ConfirmShipmentResponse>, Status> {
        write(&self.0, request, decode::confirm_shipment, UseCases::confirm_shipment).await
    }

    async fn report_carrier_status(
        &self,
        request: Request<pb::ReportCarrierStatusRequest>,
    ) -> Result<Response<pb::ReportCarrierStatusResponse>, Status> {
        write(&self.0, request, decode::carrier_status, UseCases::report_carrier_status).await
    }

    async fn list_carrier_events(
        &self,
        request: Request<pb::ListCarrierEventsRequest>,
    ) -> Result<Response<pb::ListCarrierEventsResponse>, Status> {
        let shipment = read(&request, decode::shipment_events)?;
        let events = self.0.list_carrier_events(&shipment).await?;
        Ok(Response::new(pb::ListCarrierEventsResponse { events }))
    }
}
