//! `ShipmentService`.

use backorder_proto::allocation::v1::{self as pb, shipment_service_server::ShipmentService};
use backorder_service_kit::paging::PageLimits;
use tonic::{Request, Response, Status, async_trait};

use super::{
    damaged_token,
    decode::{order::order_place, shipment as decode},
    page_of, read, write,
};
use crate::{error::Error, use_cases::UseCases};

/// Shipments are large.
const PAGES: PageLimits = PageLimits { default: 50, max: 200 };

/// The service.
pub struct Shipments(pub UseCases);

#[async_trait]
impl ShipmentService for Shipments {
    async fn get_shipment(&self, request: Request<pb::GetShipmentRequest>) -> Result<Response<pb::Shipment>, Status> {
        let id = read(&request, decode::get)?;
        Ok(Response::new(self.0.get_shipment(&id).await?))
    }

    async fn list_shipments(
        &self,
        request: Request<pb::ListShipmentsRequest>,
    ) -> Result<Response<pb::ListShipmentsResponse>, Status> {
        let order = read(&request, decode::list)?;
        let r = request.get_ref();
        let (page, binding) = page_of(&request, PAGES, r.page_size, &r.page_token, |r| {
            r.page_size = 0;
            r.page_token.clear();
        })?;
        let after = page.after.as_deref().map(|key| order_place(key).ok_or_else(damaged_token)).transpose()?;
        let found = self.0.list_shipments(&order, after, page.query_limit()).await;
        let mut found = found.map_err(Error::from)?;
        let next_page_token = page.cut(&mut found, &binding, |(place, _)| place.clone());
        Ok(Response::new(pb::ListShipmentsResponse {
            shipments: found.into_iter().map(|(_, shipment)| shipment).collect(),
            next_page_token,
        }))
    }

    async fn list_shipped_batches(
        &self,
        request: Request<pb::ListShippedBatchesRequest>,
    ) -> Result<Response<pb::ListShippedBatchesResponse>, Status> {
        let filter = read(&request, decode::left_filter)?;
        let r = request.get_ref();
        let (page, binding) = page_of(&request, PAGES, r.page_size, &r.page_token, |r| {
            r.page_size = 0;
            r.page_token.clear();
        })?;
        let after = page.after.as_deref().map(|key| decode::left_place(key).ok_or_else(damaged_token)).transpose()?;
        let found = self.0.list_shipped_batches(&filter, after, page.query_limit()).await;
        let mut found = found.map_err(Error::from)?;
        let next_page_token = page.cut(&mut found, &binding, |(place, _)| place.clone());
        let units = found.into_iter().map(|(_, units)| units).collect();
        Ok(Response::new(pb::ListShippedBatchesResponse { units, next_page_token }))
    }

    async fn summarize_shipped_owners(
        &self,
        request: Request<pb::SummarizeShippedOwnersRequest>,
    ) -> Result<Response<pb::SummarizeShippedOwnersResponse>, Status> {
        let time = read(&request, |r, v| decode::left_time(r.from_time.as_ref(), r.until_time.as_ref(), v))?;
        Ok(Response::new(self.0.summarize_shipped_owners(time).await?))
    }

    async fn confirm_delivery(
        &self,
        request: Request<pb::ConfirmDeliveryRequest>,
    ) -> Result<Response<pb::Shipment>, Status> {
        write(&self.0, request, decode::confirm_delivery, UseCases::confirm_delivery).await
    }
}
