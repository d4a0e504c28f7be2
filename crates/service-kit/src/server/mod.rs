//! The one server builder: routes, health with real readiness, reflection, every bound, the layer, and the drain.

mod incoming;
mod run;

use std::{io, net::SocketAddr, time::Duration};

use http::Request;
use tokio::net::TcpListener;
use tonic::{
    body::Body,
    server::NamedService,
    service::{Routes, RoutesBuilder},
};
use tower::Service;

use crate::{
    layer::{RpcLayer, RpcSettings},
    readiness::Readiness,
};

pub use run::{BoundServer, ServeError, run_until_stopped};

/// gRPC services by name. What a service's library hands out: for a server, or for a channel in this process.
#[derive(Debug, Clone, Default)]
pub struct ServiceSet {
    routes: RoutesBuilder,
    names: Vec<&'static str>,
}

impl ServiceSet {
    /// No service yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a generated server.
    pub fn add<S>(&mut self, service: S) -> &mut Self
    where
        S: Service<Request<Body>, Response = http::Response<Body>, Error = std::convert::Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
    {
        self.routes.add_service(service);
        self.names.push(S::NAME);
        self
    }

    /// The full names of the services.
    #[must_use]
    pub fn names(&self) -> &[&'static str] {
        &self.names
    }
}

impl From<ServiceSet> for Routes {
    fn from(set: ServiceSet) -> Self {
        set.routes.routes()
    }
}

/// Every bound of a server, with its default.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// Bounds of calls: deadlines and how many may be under way.
    pub rpc: RpcSettings,
    /// Connections at once (1,024); more are closed as they come.
    pub connections_max: usize,
    /// Calls at once on one connection (1,024); more wait at the client.
    pub streams_per_connection_max: u32,
    /// The headers of one call in bytes (16 KiB).
    pub header_list_bytes_max: u32,
    /// After this time a connection is asked to come again elsewhere (30 min), so that new instances get their share.
    pub connection_age_max: Duration,
    /// After this time without traffic a peer is asked whether it is still there (30 s).
    pub keepalive_interval: Duration,
    /// A peer that does not answer within this time is gone (10 s).
    pub keepalive_timeout: Duration,
    /// From not ready to GOAWAY (5 s), so that balancers notice.
    pub drain_grace: Duration,
    /// From GOAWAY to the end of the last call (20 s); what runs longer is cut.
    pub drain_max: Duration,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            rpc: RpcSettings::default(),
            connections_max: 1_024,
            streams_per_connection_max: 1_024,
            header_list_bytes_max: 16 * 1_024,
            connection_age_max: Duration::from_secs(30 * 60),
            keepalive_interval: Duration::from_secs(30),
            keepalive_timeout: Duration::from_secs(10),
            drain_grace: Duration::from_secs(5),
            drain_max: Duration::from_secs(20),
        }
    }
}

impl ServerSettings {
    /// The defaults with what `get` (usually the environment) says: `BACKORDER_DRAIN_GRACE_SECONDS` (0 to 60), for places
    /// where no balancer has to notice.
    ///
    /// # Errors
    /// Words for people when a value cannot be used.
    pub fn from_settings(get: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        const GRACE: &str = "BACKORDER_DRAIN_GRACE_SECONDS";
        let mut settings = Self::default();
        if let Some(text) = get(GRACE) {
            let seconds = text.parse().ok().filter(|seconds| *seconds <= 60);
            let seconds = seconds.ok_or_else(|| format!("{GRACE}: {text:?} is not a whole number from 0 to 60"))?;
            settings.drain_grace = Duration::from_secs(seconds);
        }
        Ok(settings)
    }
}

/// Builds a server of one or several services.
#[derive(Debug)]
pub struct ServerBuilder {
    settings: ServerSettings,
    services: ServiceSet,
    readiness: Readiness,
}

impl ServerBuilder {
    /// A server without services.
    #[must_use]
    pub fn new(settings: ServerSettings) -> Self {
        Self { settings, services: ServiceSet::new(), readiness: Readiness::new() }
    }

    /// Adds services: `builder.register(|services| app.register(services))`.
    #[must_use]
    pub fn register(mut self, add: impl FnOnce(&mut ServiceSet)) -> Self {
        add(&mut self.services);
        self
    }

    /// Uses this readiness, to which the services added their checks.
    #[must_use]
    pub fn readiness(mut self, readiness: Readiness) -> Self {
        self.readiness = readiness;
        self
    }

    /// Takes the port, without answering yet.
    ///
    /// # Errors
    /// [`ServeError`] when the address cannot be taken or the descriptors are broken.
    pub async fn bind(self, address: SocketAddr) -> Result<BoundServer, ServeError> {
        let listener = TcpListener::bind(address).await.map_err(|source| ServeError::Bind { address, source })?;
        self.listen(listener)
    }

    /// Uses a listener that was made elsewhere.
    ///
    /// # Errors
    /// [`ServeError`] when the descriptors are broken.
    pub fn listen(mut self, listener: TcpListener) -> Result<BoundServer, ServeError> {
        self.readiness.set_services(self.services.names().to_vec());
        self.add_reflection()?;
        self.services.routes.add_service(self.readiness.health_server());
        let layer = RpcLayer::new(self.settings.rpc.clone());
        let address = listener.local_addr().map_err(ServeError::Accept)?;
        tracing::info!(%address, services = ?self.services.names(), "listening");
        Ok(BoundServer {
            settings: self.settings,
            routes: self.services.into(),
            readiness: self.readiness,
            layer,
            listener,
            address,
        })
    }

    /// Reflection in both versions, of the services that are really served. Older clients know v1alpha only.
    fn add_reflection(&mut self) -> Result<(), ServeError> {
        const OWN: [&str; 3] = [
            "grpc.health.v1.Health",
            "grpc.reflection.v1.ServerReflection",
            "grpc.reflection.v1alpha.ServerReflection",
        ];
        let configured = || {
            let builder = tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(backorder_proto::FILE_DESCRIPTOR_SET)
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
                .register_encoded_file_descriptor_set(tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET)
                .register_encoded_file_descriptor_set(tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET);
            OWN.iter().chain(&self.services.names).fold(builder, |builder, name| builder.with_service_name(*name))
        };
        let (v1, v1alpha) = (configured().build_v1()?, configured().build_v1alpha()?);
        self.services.routes.add_service(v1).add_service(v1alpha);
        Ok(())
    }
}

/// Takes a free port of this machine: for tests and for servers whose address is told by other means.
///
/// # Errors
/// The operating system's.
pub async fn listener_on_free_port() -> io::Result<TcpListener> {
    TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await
}
