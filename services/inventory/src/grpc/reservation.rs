//! `ReservationService`.

use backorder_proto::{
    convert::decode as basic,
    inventory::v1::{self as pb, reservation_service_server::ReservationService},
};
use backorder_service_kit::{
    context::{RequestContext, current_scope, in_scope},
    paging::PageLimits,
    problem::packed,
};
use futures::{StreamExt as _, TryStreamExt as _, stream::BoxStream};
use tonic::{Request, Response, Status, Streaming, async_trait};

use super::{
    decode::{reservation as decode, serving},
    page, read, write,
};
use crate::{error::Error, use_cases::UseCases, write::Write};

const PAGES: PageLimits = PageLimits { default: 1_000, max: 1_000 };

/// The service.
pub struct Reservations(pub UseCases);

/// Requests of one stream that are under way at most.
const UNDER_WAY_MAX: usize = 256;
/// A request of a stream is the same write as one of its own: its id is kept under the same method.
const RESERVE_STOCK: &str = "/backorder.inventory.v1.ReservationService/ReserveStock";

/// One request of a stream, with its answer or its error.
async fn reserve_one(
    use_cases: &UseCases,
    context: RequestContext,
    request: pb::ReserveStockRequest,
) -> pb::StreamReservationsResponse {
    use pb::stream_reservations_response::Outcome;
    let now = use_cases.now();
    let write = Write::decode(context, &request, |r, v| decode::reserve(r, now, v)).map_err(Error::Invalid);
    let answered = match write {
        Ok(write) => use_cases.tasks().run_begun(|| use_cases.clone().begin(write)).await,
        Err(error) => Err(error),
    };
    let outcome = match answered {
        Ok(answer) => Outcome::Reserved(answer),
        Err(error) => Outcome::Error(packed(&Status::from(error))),
    };
    pb::StreamReservationsResponse { request_id: request.request_id, outcome: Some(outcome) }
}

#[async_trait]
impl ReservationService for Reservations {
    type StreamReservationsStream = BoxStream<'static, Result<pb::StreamReservationsResponse, Status>>;

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
        let filter = read(&request, decode::list_waiting)?;
        let r = request.get_ref();
        let (page, binding) = page(&request, PAGES, r.page_size, &r.page_token, |r| {
            r.page_size = 0;
            r.page_token.clear();
        })?;
        let (claims, next_page_token) = self.0.list_waiting_claims(&page, &binding, &filter).await?;
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
        write(&self.0, request, |r, v| decode::reserve(r, now, v), UseCases::begin).await
    }

    async fn stream_reservations(
        &self,
        request: Request<Streaming<pb::StreamReservationsRequest>>,
    ) -> Result<Response<Self::StreamReservationsStream>, Status> {
        let context = RequestContext { method: RESERVE_STOCK.to_owned(), ..RequestContext::from_request(&request) };
        let scope = current_scope().unwrap_or_default();
        let use_cases = self.0.clone();
        let answers = request.into_inner().map_ok(move |request| {
            let (use_cases, context) = (use_cases.clone(), context.clone());
            let request = request.request.unwrap_or_default();
            in_scope(scope.clone(), async move { Ok(reserve_one(&use_cases, context, request).await) })
        });
        Ok(Response::new(answers.try_buffered(UNDER_WAY_MAX).boxed()))
    }

    async fn post_reservations(
        &self,
        request: Request<pb::PostReservationsRequest>,
    ) -> Result<Response<pb::PostReservationsResponse>, Status> {
        write(&self.0, request, decode::post, UseCases::begin).await
    }

    async fn release_claims(
        &self,
        request: Request<pb::ReleaseClaimsRequest>,
    ) -> Result<Response<pb::ReleaseClaimsResponse>, Status> {
        write(&self.0, request, decode::release, UseCases::begin).await
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
        write(&self.0, request, serving::assign_by_hand, UseCases::execute).await
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
        write(&self.0, request, serving::preview_serving, UseCases::execute).await
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
        write(&self.0, request, decode::apply_allocation, UseCases::apply_allocation).await
    }

    async fn commit_run(
        &self,
        request: Request<pb::CommitRunRequest>,
    ) -> Result<Response<pb::CommitRunResponse>, Status> {
        write(&self.0, request, serving::commit_run, UseCases::execute).await
    }

    async fn cover_sets(
        &self,
        request: Request<pb::CoverSetsRequest>,
    ) -> Result<Response<pb::CoverSetsResponse>, Status> {
        write(&self.0, request, serving::cover_sets, UseCases::execute).await
    }
}
