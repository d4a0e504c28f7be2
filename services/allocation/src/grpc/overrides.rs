//! `OverrideService`.

use backorder_proto::allocation::v1::{self as pb, override_service_server::OverrideService};
use tonic::{Request, Response, Status, async_trait};

use super::{
    damaged_token,
    decode::{order::order_place, overrides as decode},
    page, read, write,
};
use crate::{error::Error, use_cases::UseCases};

/// The service.
pub struct Overrides(pub UseCases);

#[async_trait]
impl OverrideService for Overrides {
    async fn assign_by_hand(
        &self,
        request: Request<pb::AssignByHandRequest>,
    ) -> Result<Response<pb::Override>, Status> {
        write(&self.0, request, decode::assign_by_hand, UseCases::assign_by_hand).await
    }

    async fn change_queue_time(
        &self,
        request: Request<pb::ChangeQueueTimeRequest>,
    ) -> Result<Response<pb::Override>, Status> {
        write(&self.0, request, decode::change_queue_time, UseCases::change_queue_time).await
    }

    async fn pin_confirmation(
        &self,
        request: Request<pb::PinConfirmationRequest>,
    ) -> Result<Response<pb::Override>, Status> {
        write(&self.0, request, decode::pin_confirmation, UseCases::pin_confirmation).await
    }

    async fn end_override(&self, request: Request<pb::EndOverrideRequest>) -> Result<Response<pb::Override>, Status> {
        write(&self.0, request, decode::end_override, UseCases::end_override).await
    }

    async fn decide_override(
        &self,
        request: Request<pb::DecideOverrideRequest>,
    ) -> Result<Response<pb::Override>, Status> {
        write(&self.0, request, decode::decide_override, UseCases::decide_override).await
    }

    async fn get_override(&self, request: Request<pb::GetOverrideRequest>) -> Result<Response<pb::Override>, Status> {
        let id = read(&request, |r, violations| decode::id(&r.name, violations))?;
        Ok(Response::new(self.0.get_override(&id).await?))
    }

    async fn list_overrides(
        &self,
        request: Request<pb::ListOverridesRequest>,
    ) -> Result<Response<pb::ListOverridesResponse>, Status> {
        let filter = read(&request, decode::filter)?;
        let r = request.get_ref();
        let (page, binding) = page(&request, r.page_size, &r.page_token, |r| {
            r.page_size = 0;
            r.page_token.clear();
        })?;
        let after = page.after.as_deref().map(|key| order_place(key).ok_or_else(damaged_token)).transpose()?;
        let found = self.0.list_overrides(&filter, after, page.query_limit()).await;
        let mut found = found.map_err(Error::from)?;
        let next_page_token = page.cut(&mut found, &binding, |(place, _)| place.clone());
        let overrides = found.into_iter().map(|(_, one)| one).collect();
        Ok(Response::new(pb::ListOverridesResponse { overrides, next_page_token }))
    }
}
