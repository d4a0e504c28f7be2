//! `InventoryOperationsService`.

use std::sync::Arc;

use backorder_messaging::RelayProgress;
use backorder_proto::inventory::v1::{self as pb, inventory_operations_service_server::InventoryOperationsService};
use tonic::{Request, Response, Status, async_trait};

use super::{SMALL_PAGES, page};
use crate::use_cases::UseCases;

/// The service.
pub struct Operations {
    /// What it calls.
    pub use_cases: UseCases,
    /// How far the relay is.
    pub relay: Arc<dyn Fn() -> RelayProgress + Send + Sync>,
}

#[async_trait]
impl InventoryOperationsService for Operations {
    async fn get_activity(
        &self,
        _request: Request<pb::GetActivityRequest>,
    ) -> Result<Response<pb::GetActivityResponse>, Status> {
        let activity = self.use_cases.activity(&(self.relay)()).await?;
        Ok(Response::new(pb::GetActivityResponse { activity: Some(activity) }))
    }

    async fn verify_books(
        &self,
        request: Request<pb::VerifyBooksRequest>,
    ) -> Result<Response<pb::VerifyBooksResponse>, Status> {
        Ok(Response::new(self.use_cases.verify_books(request.get_ref().digest).await?))
    }

    async fn list_dead_letters(
        &self,
        request: Request<pb::ListDeadLettersRequest>,
    ) -> Result<Response<pb::ListDeadLettersResponse>, Status> {
        let r = request.get_ref();
        page(&request, SMALL_PAGES, r.page_size, &r.page_token, |r| {
            r.page_size = 0;
            r.page_token.clear();
        })?;
        // This service consumes no events, so none is ever parked.
        Ok(Response::new(pb::ListDeadLettersResponse::default()))
    }

    async fn redrive_dead_letter(
        &self,
        request: Request<pb::RedriveDeadLetterRequest>,
    ) -> Result<Response<pb::RedriveDeadLetterResponse>, Status> {
        self.use_cases.redrive(&request.get_ref().event_id)?;
        Ok(Response::new(pb::RedriveDeadLetterResponse {}))
    }
}
