//! An availability service that answers what it sees of its call, and the two shapes in which it is called.

use std::{pin::Pin, sync::Arc, time::Duration};

use backorder_proto::inventory::v1::{
    BatchGetAvailabilityRequest, BatchGetAvailabilityResponse, GetAvailabilityProfileRequest,
    GetAvailabilityProfileResponse, GetResumeTokenRequest, GetResumeTokenResponse, ReadItemsRequest, ReadItemsResponse,
    WatchAvailabilityRequest, WatchAvailabilityResponse,
    availability_service_client::AvailabilityServiceClient,
    availability_service_server::{AvailabilityService, AvailabilityServiceServer},
};
use backorder_service_kit::{
    clients::{self, ServiceChannel},
    context::{RequestContext, time_left},
    problem::Problem,
    readiness::Readiness,
    server::{BoundServer, ServeError, ServerBuilder, ServerSettings, ServiceSet},
    shutdown::Shutdown,
    tasks::OwnedTasks,
    trace::current_traceparent,
    violations::Violations,
};
use futures::{Stream, StreamExt as _, stream};
use tokio::{sync::Notify, task::JoinHandle};
use tonic::{Request, Response, Status};

pub type Client = AvailabilityServiceClient<ServiceChannel>;

/// What the echo saw of its call, in the order of its fields: caller, method, trace, milliseconds left.
#[derive(Debug)]
pub struct Seen {
    pub caller: String,
    pub method: String,
    pub traceparent: String,
    pub left_ms: u64,
}

impl Seen {
    pub fn read(text: &str) -> Self {
        let parts: Vec<&str> = text.split('|').collect();
        Self {
            caller: parts[0].to_owned(),
            method: parts[1].to_owned(),
            traceparent: parts[2].to_owned(),
            left_ms: parts[3].parse().unwrap(),
        }
    }
}

#[derive(Clone)]
pub struct Echo {
    pub begun: Arc<Notify>,
    pub go_on: Arc<Notify>,
    pub tasks: OwnedTasks,
    /// The next service of a chain of calls.
    next: Option<Client>,
}

impl Echo {
    pub fn new() -> Self {
        Self { begun: Arc::default(), go_on: Arc::default(), tasks: OwnedTasks::new(16), next: None }
    }

    pub fn before(next: Client) -> Self {
        Self { next: Some(next), ..Self::new() }
    }

    pub fn services(&self) -> ServiceSet {
        let mut services = ServiceSet::new();
        services.add(AvailabilityServiceServer::new(self.clone()));
        services
    }

    fn seen<T>(request: &Request<T>) -> String {
        let context = RequestContext::from_request(request);
        let left = time_left().map_or(0, |left| left.as_millis());
        let trace = current_traceparent().unwrap_or_default();
        format!("{}|{}|{trace}|{left}", context.caller, context.method)
    }

    async fn nested(&self) -> Result<String, Status> {
        let mut next = self.next.clone().expect("a chain");
        let answer = self.tasks.run(async move { next.get_resume_token(GetResumeTokenRequest {}).await }).await?;
        Ok(answer.into_inner().resume_token)
    }
}

#[tonic::async_trait]
impl AvailabilityService for Echo {
    type WatchAvailabilityStream = Pin<Box<dyn Stream<Item = Result<WatchAvailabilityResponse, Status>> + Send>>;
    type ReadItemsStream = stream::Empty<Result<ReadItemsResponse, Status>>;

    async fn batch_get_availability(
        &self,
        request: Request<BatchGetAvailabilityRequest>,
    ) -> Result<Response<BatchGetAvailabilityResponse>, Status> {
        let mut violations = Violations::new();
        for (index, pair) in request.get_ref().pairs.iter().enumerate() {
            if pair.item.is_empty() {
                violations.push(format!("pairs[{index}].item"), "must be set");
            }
        }
        violations.finish().map_err(Problem::from)?;
        Ok(Response::new(BatchGetAvailabilityResponse::default()))
    }

    async fn get_availability_profile(
        &self,
        request: Request<GetAvailabilityProfileRequest>,
    ) -> Result<Response<GetAvailabilityProfileResponse>, Status> {
        let time_zone = match request.get_ref().item.as_str() {
            "items/panic" => panic!("the secret of the panic"),
            "items/slow" => std::future::pending().await,
            "items/bare" => return Err(Status::internal("the secret of the store")),
            "items/gate" => {
                self.begun.notify_one();
                self.go_on.notified().await;
                "through the gate".to_owned()
            }
            "items/nested" => self.nested().await?,
            _ => Self::seen(&request),
        };
        Ok(Response::new(GetAvailabilityProfileResponse { time_zone, ..Default::default() }))
    }

    async fn watch_availability(
        &self,
        request: Request<WatchAvailabilityRequest>,
    ) -> Result<Response<Self::WatchAvailabilityStream>, Status> {
        let panics = request.get_ref().resume_token == "panic";
        let first = WatchAvailabilityResponse { resume_token: Self::seen(&request), ..Default::default() };
        let rest = stream::once(async move {
            // The transport sends what is there before it waits for more.
            tokio::task::yield_now().await;
            assert!(!panics, "the secret of the stream");
            std::future::pending().await
        });
        Ok(Response::new(stream::iter([Ok(first)]).chain(rest).boxed()))
    }

    async fn get_resume_token(
        &self,
        request: Request<GetResumeTokenRequest>,
    ) -> Result<Response<GetResumeTokenResponse>, Status> {
        Ok(Response::new(GetResumeTokenResponse { resume_token: Self::seen(&request) }))
    }

    async fn read_items(&self, _request: Request<ReadItemsRequest>) -> Result<Response<Self::ReadItemsStream>, Status> {
        Ok(Response::new(stream::empty()))
    }
}

pub fn profile_of(item: &str) -> GetAvailabilityProfileRequest {
    GetAvailabilityProfileRequest { item: item.to_owned(), ..Default::default() }
}

/// A server on a port of its own.
pub struct Running {
    pub address: String,
    pub shutdown: Shutdown,
    pub served: JoinHandle<Result<(), ServeError>>,
}

impl Running {
    pub async fn start(echo: &Echo, settings: ServerSettings, readiness: Readiness) -> Self {
        let set = echo.services();
        let names = set.names().to_vec();
        assert_eq!(names, ["backorder.inventory.v1.AvailabilityService"]);
        let server: BoundServer = ServerBuilder::new(settings)
            .register(|services| {
                services.add(AvailabilityServiceServer::new(echo.clone()));
            })
            .readiness(readiness)
            .bind("127.0.0.1:0".parse().unwrap())
            .await
            .unwrap();
        let address = format!("http://{}", server.local_addr());
        let shutdown = Shutdown::new();
        let wish = shutdown.clone();
        let served = tokio::spawn(async move { server.serve(&wish).await });
        Self { address, shutdown, served }
    }

    pub async fn quick(echo: &Echo) -> Self {
        Self::start(echo, quick_drain(), Readiness::new()).await
    }

    pub fn channel(&self) -> ServiceChannel {
        clients::connect(&self.address).unwrap().with_caller("tests").with_target("echo")
    }

    pub fn client(&self) -> Client {
        Client::new(self.channel())
    }

    pub async fn stop(self) {
        self.shutdown.request();
        self.served.await.unwrap().unwrap();
    }
}

pub fn quick_drain() -> ServerSettings {
    ServerSettings { drain_grace: Duration::ZERO, drain_max: Duration::from_secs(10), ..ServerSettings::default() }
}

/// Runs a test over a socket and in-process.
pub async fn in_both_shapes<F: Future<Output = ()>>(echo: Echo, test: impl Fn(Client) -> F) {
    let running = Running::quick(&echo).await;
    test(running.client()).await;
    running.stop().await;
    test(in_process(&echo)).await;
}

pub fn in_process(echo: &Echo) -> Client {
    Client::new(clients::in_process(echo.services()).with_caller("tests").with_target("echo"))
}
