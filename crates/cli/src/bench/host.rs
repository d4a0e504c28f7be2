//! Services of this process behind a real socket of the loopback address, as a pod would serve them.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use backorder_inventory::{App, Config};
use backorder_messaging::EmbeddedBus;
use backorder_service_kit::{
    clients::{ServiceChannel, connect},
    ids::RandomIds,
    jobs::Jobs,
    layer::RpcSettings,
    server::{BoundServer, ServerBuilder, ServerSettings, run_until_stopped},
    shutdown::Shutdown,
    tasks::OwnedTasks,
    time::SystemClock,
};
use backorder_storage::{StorageError, Store, StoreOptions};
use tokio::task::JoinHandle;

use crate::{
    client::CALLER,
    failure::Failure,
    services::{Configs, Providers, Services, Stores},
};

/// Enough for the proof of the books after a long run.
const DEADLINE: Duration = Duration::from_secs(60);
/// The proof of the books of a grown store reads them all, which takes longer than a server allows otherwise.
pub const PROVEN_WITHIN: Duration = Duration::from_secs(3_600);

/// Services that serve.
pub struct Served {
    address: String,
    shutdown: Shutdown,
    serving: JoinHandle<Result<(), Failure>>,
}

impl Served {
    /// Inventory alone on the store at `url`.
    ///
    /// # Errors
    /// [`Failure`] when the store cannot be opened or no port is free.
    pub async fn inventory(url: &str) -> Result<Self, Failure> {
        let store = open(url, backorder_inventory::SOURCE).await?;
        let bus = EmbeddedBus::new();
        bus.register(backorder_inventory::SOURCE, store.clone());
        let (clock, ids) = (Arc::new(SystemClock), Arc::new(RandomIds));
        let app = App::build(Config::default(), store.clone(), clock, ids, Arc::new(bus)).await.map_err(failed)?;
        let server = bind(builder().register(|services| app.add_services(services))).await?;
        let jobs = Jobs::new();
        app.spawn_jobs(&jobs);
        Ok(Self::serve(server, [app.tasks()], jobs, move || async move { store.close().await }))
    }

    /// Inventory and allocation, each on a store of its own.
    ///
    /// # Errors
    /// As [`Served::inventory`].
    pub async fn both(inventory_url: &str, allocation_url: &str) -> Result<Self, Failure> {
        let stores = Stores {
            inventory: open(inventory_url, backorder_inventory::SOURCE).await?,
            allocation: open(allocation_url, backorder_allocation::SOURCE).await?,
        };
        let providers = Providers {
            clock: Arc::new(SystemClock),
            inventory_ids: Arc::new(RandomIds),
            allocation_ids: Arc::new(RandomIds),
        };
        let services = Services::start(stores, Configs::default(), providers).await.map_err(failed)?;
        let server = bind(services.register(builder())).await?;
        let (tasks, jobs) = (services.tasks(), services.jobs().clone());
        Ok(Self::serve(server, tasks, jobs, move || async move { services.close_stores().await }))
    }

    fn serve<const N: usize, F>(
        server: BoundServer,
        tasks: [OwnedTasks; N],
        jobs: Jobs,
        close: impl FnOnce() -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = Result<(), StorageError>> + Send,
    {
        let address = format!("http://{}", server.local_addr());
        let shutdown = Shutdown::new();
        let wish = shutdown.clone();
        let serving = tokio::spawn(async move {
            let served = run_until_stopped(server, &tasks, &jobs, &wish).await;
            close().await.map_err(failed)?;
            served.map_err(|error| Failure::new(error.to_string()))
        });
        Self { address, shutdown, serving }
    }

    /// Where they answer.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Ends calls, writes and jobs, and closes the stores.
    ///
    /// # Errors
    /// [`Failure`] when serving had failed.
    pub async fn stop(self) -> Result<(), Failure> {
        self.shutdown.request();
        self.serving.await.map_err(|broken| Failure::new(format!("the service broke: {broken}")))?
    }
}

async fn open(url: &str, service: &str) -> Result<Store, Failure> {
    Store::connect(StoreOptions::from_url(url).with_application_name(service)).await.map_err(failed)
}

fn builder() -> ServerBuilder {
    let rpc = RpcSettings { deadline_max: PROVEN_WITHIN, ..RpcSettings::default() };
    ServerBuilder::new(ServerSettings { rpc, drain_grace: Duration::ZERO, ..ServerSettings::default() })
}

async fn bind(builder: ServerBuilder) -> Result<BoundServer, Failure> {
    let server = builder.bind(SocketAddr::from(([127, 0, 0, 1], 0))).await;
    server.map_err(|error| Failure::new(error.to_string()))
}

fn failed(error: StorageError) -> Failure {
    Failure::new(format!("the store: {error}"))
}

/// Connections to one address, each made by its first call.
///
/// # Errors
/// [`Failure`] when the address is none.
pub fn connections(address: &str, count: usize) -> Result<Vec<ServiceChannel>, Failure> {
    let channel = || Ok(connect(address)?.with_caller(CALLER).with_deadline_default(DEADLINE));
    (0..count.max(1)).map(|_| channel()).collect()
}
