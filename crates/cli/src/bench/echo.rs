//! The baseline of reads: a server that only answers, the same message each time. What is left is the wire.

use std::net::SocketAddr;

use backorder_proto::inventory::v1::{
    self as pb,
    availability_service_server::{AvailabilityService, AvailabilityServiceServer},
};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_stream::{Empty, wrappers::TcpListenerStream};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, async_trait, transport::Server};

use crate::failure::Failure;

/// A server on a free port of this machine, until it is dropped.
pub struct Echo {
    address: String,
    serving: JoinHandle<()>,
    shutdown: CancellationToken,
}

impl Echo {
    /// Answers every `BatchGetAvailability` with `answer`.
    ///
    /// # Errors
    /// [`Failure`] when no port is free.
    pub async fn start(answer: pb::BatchGetAvailabilityResponse) -> Result<Self, Failure> {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let address = format!("http://{}", listener.local_addr()?);
        let shutdown = CancellationToken::new();
        let router = Server::builder().tcp_nodelay(true).add_service(AvailabilityServiceServer::new(Answering(answer)));
        let ended = shutdown.clone().cancelled_owned();
        let served = router.serve_with_incoming_shutdown(TcpListenerStream::new(listener), ended);
        let serving = tokio::spawn(async move {
            // Whoever calls a server that broke is told by its call.
            let _ = served.await;
        });
        Ok(Self { address, serving, shutdown })
    }

    /// Where it answers.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.shutdown.cancel();
        self.serving.abort();
    }
}

struct Answering(pb::BatchGetAvailabilityResponse);

#[async_trait]
impl AvailabilityService for Answering {
    type WatchAvailabilityStream = Empty<Result<pb::WatchAvailabilityResponse, Status>>;
    type ReadItemsStream = Empty<Result<pb::ReadItemsResponse, Status>>;

    async fn batch_get_availability(
        &self,
        _request: Request<pb::BatchGetAvailabilityRequest>,
    ) -> Result<Response<pb::BatchGetAvailabilityResponse>, Status> {
        Ok(Response::new(self.0.clone()))
    }

    async fn get_availability_profile(
        &self,
        _request: Request<pb::GetAvailabilityProfileRequest>,
    ) -> Result<Response<pb::GetAvailabilityProfileResponse>, Status> {
        Err(Status::unimplemented("an echo only"))
    }

    async fn watch_availability(
        &self,
        _request: Request<pb::WatchAvailabilityRequest>,
    ) -> Result<Response<Self::WatchAvailabilityStream>, Status> {
        Err(Status::unimplemented("an echo only"))
    }

    async fn get_resume_token(
        &self,
        _request: Request<pb::GetResumeTokenRequest>,
    ) -> Result<Response<pb::GetResumeTokenResponse>, Status> {
        Err(Status::unimplemented("an echo only"))
    }

    async fn read_items(
        &self,
        _request: Request<pb::ReadItemsRequest>,
    ) -> Result<Response<Self::ReadItemsStream>, Status> {
        Err(Status::unimplemented("an echo only"))
    }
}
