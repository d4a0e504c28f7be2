//! `AvailabilityService`.

use backorder_proto::inventory::v1::{self as pb, availability_service_server::AvailabilityService};
use futures::stream::{self, Iter};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, async_trait};

use super::{decode::availability as decode, read};
use crate::use_cases::{UseCases, watch::WatchLimits};

/// The service.
pub struct Availability {
    /// What it calls.
    pub use_cases: UseCases,
    /// How its watches end.
    pub watches: WatchLimits,
}

#[async_trait]
impl AvailabilityService for Availability {
    type WatchAvailabilityStream = ReceiverStream<Result<pb::WatchAvailabilityResponse, Status>>;
    type ReadItemsStream = Iter<std::vec::IntoIter<Result<pb::ReadItemsResponse, Status>>>;

    async fn batch_get_availability(
        &self,
        request: Request<pb::BatchGetAvailabilityRequest>,
    ) -> Result<Response<pb::BatchGetAvailabilityResponse>, Status> {
        let query = read(&request, decode::query)?;
        Ok(Response::new(self.use_cases.read_availability(&query).await?))
    }

    async fn get_availability_profile(
        &self,
        request: Request<pb::GetAvailabilityProfileRequest>,
    ) -> Result<Response<pb::GetAvailabilityProfileResponse>, Status> {
        let query = read(&request, decode::profile)?;
        Ok(Response::new(self.use_cases.availability_profile(&query).await?))
    }

    async fn watch_availability(
        &self,
        request: Request<pb::WatchAvailabilityRequest>,
    ) -> Result<Response<Self::WatchAvailabilityStream>, Status> {
        let filter = read(&request, decode::watch)?;
        let token = &request.get_ref().resume_token;
        let messages = self.use_cases.watch(token, filter, self.watches.clone()).await?;
        Ok(Response::new(ReceiverStream::new(messages)))
    }

    async fn get_resume_token(
        &self,
        _request: Request<pb::GetResumeTokenRequest>,
    ) -> Result<Response<pb::GetResumeTokenResponse>, Status> {
        let resume_token = self.use_cases.present_token().await?;
        Ok(Response::new(pb::GetResumeTokenResponse { resume_token }))
    }

    async fn read_items(
        &self,
        request: Request<pb::ReadItemsRequest>,
    ) -> Result<Response<Self::ReadItemsStream>, Status> {
        let items = read(&request, decode::items)?;
        let messages: Vec<_> = self.use_cases.read_items(&items).await?.into_iter().map(Ok).collect();
        Ok(Response::new(stream::iter(messages)))
    }
}
