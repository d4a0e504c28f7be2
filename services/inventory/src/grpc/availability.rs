//! `AvailabilityService`.

use backorder_proto::inventory::v1::{self as pb, availability_service_server::AvailabilityService};
use backorder_service_kit::paging::{resume_position, resume_token};
use futures::{Stream, StreamExt, stream::BoxStream};
use tonic::{Request, Response, Status, async_trait};

use super::{
    decode::availability as decode,
    encode::{AVAILABILITY_STREAM, availability_message, profile_message, watch_message},
    read,
};
use crate::{
    error::Error,
    use_cases::{
        UseCases,
        availability::{WatchMessage, WatchSettings},
    },
};

/// The service.
pub struct Availability {
    /// The use cases.
    pub use_cases: UseCases,
    /// How watches behave.
    pub watch: WatchSettings,
}

#[async_trait]
impl AvailabilityService for Availability {
    async fn batch_get_availability(
        &self,
        request: Request<pb::BatchGetAvailabilityRequest>,
    ) -> Result<Response<pb::BatchGetAvailabilityResponse>, Status> {
        let pairs = read(&request, decode::pairs)?;
        let found = self.use_cases.availability(&pairs).await?;
        let availabilities = found.iter().map(availability_message).collect();
        Ok(Response::new(pb::BatchGetAvailabilityResponse { availabilities }))
    }

    async fn get_availability_profile(
        &self,
        request: Request<pb::GetAvailabilityProfileRequest>,
    ) -> Result<Response<pb::GetAvailabilityProfileResponse>, Status> {
        let question = read(&request, decode::profile)?;
        let answer = self.use_cases.availability_profile(&question).await?;
        Ok(Response::new(profile_message(answer)))
    }

    type WatchAvailabilityStream = BoxStream<'static, Result<pb::WatchAvailabilityResponse, Status>>;

    async fn watch_availability(
        &self,
        request: Request<pb::WatchAvailabilityRequest>,
    ) -> Result<Response<Self::WatchAvailabilityStream>, Status> {
        let filter = read(&request, decode::watch_filter)?;
        let after = resume_position(AVAILABILITY_STREAM, &request.get_ref().resume_token)?;
        let changes = self.use_cases.watch_availability(after, filter, self.watch).await?;
        Ok(Response::new(messages(changes)))
    }

    async fn get_resume_token(
        &self,
        _request: Request<pb::GetResumeTokenRequest>,
    ) -> Result<Response<pb::GetResumeTokenResponse>, Status> {
        let head = self.use_cases.feed_head().await?;
        Ok(Response::new(pb::GetResumeTokenResponse { resume_token: resume_token(AVAILABILITY_STREAM, head) }))
    }
}

fn messages(
    changes: impl Stream<Item = Result<WatchMessage, Error>> + Send + 'static,
) -> BoxStream<'static, Result<pb::WatchAvailabilityResponse, Status>> {
    changes.map(|change| change.map(watch_message).map_err(Status::from)).boxed()
}
