//! `ReservationService`.

use backorder_proto::{
    convert::decode as basic,
    inventory::v1::{self as pb, reservation_service_server::ReservationService},
};
use backorder_service_kit::paging::PageLimits;
use tonic::{Request, Response, Status, async_trait};

use super::{decode::reservation as decode, page, read, write};
use crate::use_cases::UseCases;

const PAGES: PageLimits = PageLimits { default: 1_000, max: 1_000 };

/// The service.
pub struct Reservations(pub UseCases);

#[async_trait]
impl ReservationService for Reservations {
    async fn batch_get_claims(
        &self,
        request: Request<pb::BatchGetClaimsRequest>,
    ) -> Result<Response<pb::BatchGetClaimsResponse>, Status> {
        let lines = read(&request, decode::claim_lines)?;
        let claims = self.0.claims_of(&lines).await?;
        Ok(Response::new(pb::BatchGetClaimsResponse { claims }))
    }

    async fn list_waiting_claims(
        &self,
        request: Request<pb::ListWaitingClaimsRequest>,
    ) -> Result<Response<pb::ListWaitingClaimsResponse>, Status> {
        let (item, location) = read(&request, decode::list_waiting)?;
        let r = request.get_ref();
        let (page, binding) = page(&request, PAGES, r.page_size, &r.page_token, |r| {
            r.page_size = 0;
            r.page_token.clear();
        })?;
        let (claims, next_page_token) = self.0.list_waiting_claims(&page, &binding, &item, location.as_ref()).await?;
        Ok(Response::new(pb::ListWaitingClaimsResponse { claims, next_page_token }))
    }

    async fn list_open_claims(
        &self,
        request: Request<pb::ListOpenClaimsRequest>,
    ) -> Result<Response<pb::ListOpenClaimsResponse>, Status> {
        let r = request.get_ref();
        let (page, binding) = page(&request, PAGES, r.page_size, &r.page_token, |r| {
            r.page_size = 0;
            r.page_token.clear();
        })?;
        let (claims, next_page_token) = self.0.list_open_claims(&page, &binding).await?;
        Ok(Response::new(pb::ListOpenClaimsResponse { claims, next_page_token }))
    }

    async fn list_holds(
        &self,
        request: Request<pb::ListHoldsRequest>,
    ) -> Result<Response<pb::ListHoldsResponse>, Status> {
        let item = read(&request, |r, v| super::decode::if_set(&r.item, |name| basic::item_name(name, "item", v)))?;
        let r = request.get_ref();
        let (page, binding) = page(&request, PAGES, r.page_size, &r.page_token, |r| {
            r.page_size = 0;
            r.page_token.clear();
        })?;
        let (holds, next_page_token) = self.0.list_holds(&page, &binding, item.as_ref()).await?;
        Ok(Response::new(pb::ListHoldsResponse { holds, next_page_token }))
    }

    async fn reserve_stock(
        &self,
        request: Request<pb::ReserveStockRequest>,
    ) -> Result<Response<pb::ReserveStockResponse>, Status> {
        let now = self.0.now();
        write(&self.0, request, |r, v| decode::reserve(r, now, v), UseCases::reserve).await
    }

    async fn post_reservations(
        &self,
        request: Request<pb::PostReservationsRequest>,
    ) -> Result<Response<pb::PostReservationsResponse>, Status> {
        write(&self.0, request, decode::post, UseCases::execute).await
    }

    async fn release_claims(
        &self,
        request: Request<pb::ReleaseClaimsRequest>,
    ) -> Result<Response<pb::ReleaseClaimsResponse>, Status> {
        write(&self.0, request, decode::release, UseCases::execute).await
    }

    async fn reassign_reservation(
        &self,
        request: Request<pb::ReassignReservationRequest>,
    ) -> Result<Response<pb::ReassignReservationResponse>, Status> {
        write(&self.0, request, decode::reassign, UseCases::execute).await
    }

    async fn assign_by_hand(
        &self,
        request: Request<pb::AssignByHandRequest>,
    ) -> Result<Response<pb::AssignByHandResponse>, Status> {
        write(&self.0, request, decode::assign_by_hand, UseCases::execute).await
    }

    async fn update_queue(
        &self,
        request: Request<pb::UpdateQueueRequest>,
    ) -> Result<Response<pb::UpdateQueueResponse>, Status> {
        write(&self.0, request, decode::update_queue, UseCases::execute).await
    }

    async fn preview_serving(
        &self,
        request: Request<pb::PreviewServingRequest>,
    ) -> Result<Response<pb::PreviewServingResponse>, Status> {
        write(&self.0, request, decode::preview_serving, UseCases::execute).await
    }

    async fn repeg_items(
        &self,
        request: Request<pb::RepegItemsRequest>,
    ) -> Result<Response<pb::RepegItemsResponse>, Status> {
        write(&self.0, request, decode::repeg_items, UseCases::execute).await
    }

    async fn apply_allocation(
        &self,
        request: Request<pb::ApplyAllocationRequest>,
    ) -> Result<Response<pb::ApplyAllocationResponse>, Status> {
        write(&self.0, request, decode::apply_allocation, UseCases::execute).await
    }

    async fn cover_sets(
        &self,
        request: Request<pb::CoverSetsRequest>,
    ) -> Result<Response<pb::CoverSetsResponse>, Status> {
        write(&self.0, request, decode::cover_sets, UseCases::execute).await
    }
}
