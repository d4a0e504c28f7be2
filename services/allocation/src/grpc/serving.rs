//! `ServingService`.

use backorder_proto::allocation::v1::{self as pb, serving_service_server::ServingService};
use tonic::{Request, Response, Status, async_trait};

use super::{decode::serving as decode, write};
use crate::{error::Error, use_cases::UseCases};

/// The service.
pub struct Serving(pub UseCases);

#[async_trait]
impl ServingService for Serving {
    async fn list_serving_modes(
        &self,
        _request: Request<pb::ListServingModesRequest>,
    ) -> Result<Response<pb::ListServingModesResponse>, Status> {
        Ok(Response::new(self.0.list_serving_modes().await.map_err(Error::from)?))
    }

    async fn set_serving_mode(
        &self,
        request: Request<pb::SetServingModeRequest>,
    ) -> Result<Response<pb::ServingMode>, Status> {
        write(&self.0, request, decode::set_mode, UseCases::set_serving_mode).await
    }

    async fn commit_held(
        &self,
        request: Request<pb::CommitHeldRequest>,
    ) -> Result<Response<pb::CommitHeldResponse>, Status> {
        write(&self.0, request, decode::commit, UseCases::commit_held).await
    }
}
