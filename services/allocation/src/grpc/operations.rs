//! `AllocationOperationsService`.

use std::sync::Arc;

use backorder_messaging::RelayProgress;
use backorder_proto::{
    allocation::v1::{self as pb, allocation_operations_service_server::AllocationOperationsService},
    convert::decode::checked,
};
use tonic::{Request, Response, Status, async_trait};
use uuid::Uuid;

use super::{damaged_token, page, read};
use crate::use_cases::UseCases;

/// The service.
pub struct Operations {
    /// What it calls.
    pub use_cases: UseCases,
    /// How far the relay is.
    pub relay: Arc<dyn Fn() -> RelayProgress + Send + Sync>,
}

#[async_trait]
impl AllocationOperationsService for Operations {
    async fn get_activity(
        &self,
        _request: Request<pb::GetActivityRequest>,
    ) -> Result<Response<pb::GetActivityResponse>, Status> {
        let activity = self.use_cases.activity(&(self.relay)()).await?;
        Ok(Response::new(pb::GetActivityResponse { activity: Some(activity) }))
    }

    async fn verify_orders(
        &self,
        _request: Request<pb::VerifyOrdersRequest>,
    ) -> Result<Response<pb::VerifyOrdersResponse>, Status> {
        Ok(Response::new(self.use_cases.verify_orders().await?))
    }

    async fn get_order_totals(
        &self,
        _request: Request<pb::GetOrderTotalsRequest>,
    ) -> Result<Response<pb::GetOrderTotalsResponse>, Status> {
        Ok(Response::new(self.use_cases.order_totals().await?))
    }

    async fn list_dead_letters(
        &self,
        request: Request<pb::ListDeadLettersRequest>,
    ) -> Result<Response<pb::ListDeadLettersResponse>, Status> {
        let r = request.get_ref();
        let (page, binding) = page(&request, r.page_size, &r.page_token, |r| {
            r.page_size = 0;
            r.page_token.clear();
        })?;
        let after = page.after.as_deref().map(|key| key.parse().map_err(|_| damaged_token())).transpose()?;
        let mut letters = self.use_cases.list_dead_letters(after.unwrap_or(0), page.size + 1).await?;
        let next_page_token = page.cut(&mut letters, &binding, |(id, _)| id.to_string());
        let dead_letters = letters.into_iter().map(|(_, letter)| letter).collect();
        Ok(Response::new(pb::ListDeadLettersResponse { dead_letters, next_page_token }))
    }

    async fn redrive_dead_letter(
        &self,
        request: Request<pb::RedriveDeadLetterRequest>,
    ) -> Result<Response<pb::RedriveDeadLetterResponse>, Status> {
        let event_id = read(&request, |r, violations| checked(Uuid::try_parse(&r.event_id), "event_id", violations))?;
        self.use_cases.redrive_dead_letter(event_id).await?;
        Ok(Response::new(pb::RedriveDeadLetterResponse {}))
    }
}
