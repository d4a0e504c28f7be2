//! `DropShipService`.

use backorder_proto::allocation::v1::{self as pb, drop_ship_service_server::DropShipService};
use tonic::{Request, Response, Status, async_trait};

use super::{
    damaged_token,
    decode::{drop_ship as decode, order::order_place},
    page, read, write,
};
use crate::{error::Error, use_cases::UseCases};

/// The service.
pub struct DropShips(pub UseCases);

#[async_trait]
impl DropShipService for DropShips {
    async fn take_from_drop_ship(
        &self,
        request: Request<pb::TakeFromDropShipRequest>,
    ) -> Result<Response<pb::DropShipTakeResponse>, Status> {
        write(&self.0, request, decode::take, UseCases::take_from_drop_ship).await
    }

    async fn confirm_take(
        &self,
        request: Request<pb::ConfirmTakeRequest>,
    ) -> Result<Response<pb::DropShipTakeResponse>, Status> {
        write(&self.0, request, decode::confirm, UseCases::answer_take).await
    }

    async fn refuse_take(
        &self,
        request: Request<pb::RefuseTakeRequest>,
    ) -> Result<Response<pb::DropShipTakeResponse>, Status> {
        write(&self.0, request, decode::refuse, UseCases::answer_take).await
    }

    async fn cancel_take(
        &self,
        request: Request<pb::CancelTakeRequest>,
    ) -> Result<Response<pb::DropShipTakeResponse>, Status> {
        write(&self.0, request, decode::cancel, UseCases::answer_take).await
    }

    async fn confirm_drop_shipment(
        &self,
        request: Request<pb::ConfirmDropShipmentRequest>,
    ) -> Result<Response<pb::ConfirmDropShipmentResponse>, Status> {
        write(&self.0, request, decode::ship, UseCases::confirm_drop_shipment).await
    }

    async fn list_drop_ship_takes(
        &self,
        request: Request<pb::ListDropShipTakesRequest>,
    ) -> Result<Response<pb::ListDropShipTakesResponse>, Status> {
        let (state, supplier) = read(&request, decode::list)?;
        let r = request.get_ref();
        let (page, binding) = page(&request, r.page_size, &r.page_token, |r| {
            r.page_size = 0;
            r.page_token.clear();
        })?;
        let after = page.after.as_deref().map(|key| order_place(key).ok_or_else(damaged_token)).transpose()?;
        let found = self.0.list_takes((state, &supplier), after, page.query_limit()).await;
        let mut found = found.map_err(Error::from)?;
        let next_page_token = page.cut(&mut found, &binding, |(place, _)| place.clone());
        let takes = found.into_iter().map(|(_, take)| take).collect();
        Ok(Response::new(pb::ListDropShipTakesResponse { takes, next_page_token }))
    }
}
