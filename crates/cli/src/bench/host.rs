//! A service of this process behind a real socket of the loopback address, as a pod would serve it.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use backorder_inventory::{App, Config, SOURCE};
use backorder_messaging::EmbeddedBus;
use backorder_service_kit::{
    clients::{ServiceChannel, connect},
    ids::RandomIds,
    jobs::Jobs,
    server::{ServerBuilder, ServerSettings, run_until_stopped},
    shutdown::Shutdown,
    time::SystemClock,
};
use backorder_storage::{Store, StoreOptions};
use tokio::task::JoinHandle;

use crate::{client::CALLER, failure::Failure};

/// Enough for the proof of the books after a long run.
const DEADLINE: Duration = Duration::from_secs(60);

/// The inventory service, serving.
pub struct Inventory {
    address: String,
    shutdown: Shutdown,
    serving: JoinHandle<Result<(), Failure>>,
}

impl Inventory {
    /// Opens the store at `url`, starts the jobs and takes a port.
    ///
    /// # Errors
    /// [`Failure`] when the store cannot be opened or no port is free.
    pub async fn start(url: &str) -> Result<Self, Failure> {
        let failed = |error: backorder_storage::StorageError| Failure::new(format!("the store: {error}"));
        let store = Store::connect(StoreOptions::from_url(url).with_application_name(SOURCE)).await.map_err(failed)?;
        let bus = EmbeddedBus::new();
        bus.register(SOURCE, store.clone());
        let (clock, ids) = (Arc::new(SystemClock), Arc::new(RandomIds));
        let app = App::build(Config::default(), store, clock, ids, Arc::new(bus)).await.map_err(failed)?;
        let jobs = Jobs::new();
        let settings = ServerSettings { drain_grace: Duration::ZERO, ..ServerSettings::default() };
        let builder = ServerBuilder::new(settings).register(|services| app.add_services(services));
        let server = builder.bind(SocketAddr::from(([127, 0, 0, 1], 0))).await;
        let server = server.map_err(|error| Failure::new(error.to_string()))?;
        let address = format!("http://{}", server.local_addr());
        app.spawn_jobs(&jobs);
        let shutdown = Shutdown::new();
        let wish = shutdown.clone();
        let serving = tokio::spawn(async move {
            let served = run_until_stopped(server, &[app.tasks()], &jobs, &wish).await;
            app.store().close().await.map_err(failed)?;
            served.map_err(|error| Failure::new(error.to_string()))
        });
        Ok(Self { address, shutdown, serving })
    }

    /// Where it answers.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Ends calls, writes and jobs, and closes the store.
    ///
    /// # Errors
    /// [`Failure`] when serving had failed.
    pub async fn stop(self) -> Result<(), Failure> {
        self.shutdown.request();
        self.serving.await.map_err(|broken| Failure::new(format!("the service broke: {broken}")))?
    }
}

/// Connections to one address, each made by its first call.
///
/// # Errors
/// [`Failure`] when the address is none.
pub fn connections(address: &str, count: usize) -> Result<Vec<ServiceChannel>, Failure> {
    let channel = || Ok(connect(address)?.with_caller(CALLER).with_deadline_default(DEADLINE));
    (0..count.max(1)).map(|_| channel()).collect()
}
