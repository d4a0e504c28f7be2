//! All services in this process: one SQLite file each in a data folder, the embedded bus between them, and one channel
//! straight into their routes. The same as in production otherwise: nothing in a service knows how it is composed.

use std::{
    fs::{self, File, TryLockError},
    net::SocketAddr,
    path::Path,
    sync::Arc,
    time::Duration,
};

use backorder_domain::{ids::IdProvider, time::Clock};
use backorder_messaging::EmbeddedBus;
use backorder_service_kit::{
    clients::{InventoryClients, ServiceChannel, in_process},
    jobs::Jobs,
    readiness::Readiness,
    server::{BoundServer, ServerBuilder, ServerSettings, ServiceSet, run_until_stopped},
    shutdown::Shutdown,
};
use backorder_storage::{Store, StoreOptions};

use crate::{
    client::{CALLER, Clients},
    failure::Failure,
};

/// How long jobs and writes may take to end.
const STOP_PATIENCE: Duration = Duration::from_secs(20);
/// A call inside this process may take as long as its transaction waits for the disk.
const CALL_DEADLINE: Duration = Duration::from_secs(120);

/// The services of this process.
pub struct Cluster {
    inventory: backorder_inventory::App,
    allocation: backorder_allocation::App,
    jobs: Jobs,
    clients: Clients,
    /// Keeps other processes out of the folder for as long as this one lives.
    _lock: File,
}

/// What the services are given from outside.
pub struct Providers {
    /// Business time.
    pub clock: Arc<dyn Clock>,
    /// Ids for inventory.
    pub inventory_ids: Arc<dyn IdProvider>,
    /// Ids for allocation.
    pub allocation_ids: Arc<dyn IdProvider>,
}

impl Cluster {
    /// Opens the data folder, brings the schemas up to date and starts the jobs of every service.
    ///
    /// # Errors
    /// [`Failure`] when the folder cannot be used, another process uses it, or a store cannot be opened.
    pub async fn open(folder: &Path, providers: Providers) -> Result<Self, Failure> {
        let lock = lock(folder)?;
        let bus = EmbeddedBus::new();
        let inventory_store = store(folder, backorder_inventory::SOURCE).await?;
        let allocation_store = store(folder, backorder_allocation::SOURCE).await?;
        bus.register(backorder_inventory::SOURCE, inventory_store.clone());
        bus.register(backorder_allocation::SOURCE, allocation_store.clone());
        let bus = Arc::new(bus);
        let inventory = backorder_inventory::App::build(
            backorder_inventory::Config::default(),
            inventory_store,
            Arc::clone(&providers.clock),
            providers.inventory_ids,
            bus.clone(),
        )
        .await
        .map_err(store_failure)?;
        let inventory_channel = channel(|services| inventory.add_services(services));
        let allocation = backorder_allocation::App::build(
            backorder_allocation::Config::default(),
            allocation_store,
            providers.clock,
            providers.allocation_ids,
            bus,
            InventoryClients::new(inventory_channel.clone().with_caller(backorder_allocation::SOURCE)),
        )
        .await
        .map_err(store_failure)?;
        let allocation_channel = channel(|services| allocation.add_services(services));
        let clients = Clients::over(&inventory_channel.with_caller(CALLER), &allocation_channel.with_caller(CALLER));
        let jobs = Jobs::new();
        inventory.spawn_jobs(&jobs);
        allocation.spawn_jobs(&jobs);
        Ok(Self { inventory, allocation, jobs, clients, _lock: lock })
    }

    /// Clients straight into the services.
    #[must_use]
    pub const fn clients(&self) -> &Clients {
        &self.clients
    }

    /// Takes a port for all services.
    ///
    /// # Errors
    /// [`Failure`] when the address cannot be taken.
    pub async fn bind(
        &self,
        address: SocketAddr,
        settings: ServerSettings,
    ) -> Result<(BoundServer, Readiness), Failure> {
        let readiness = Readiness::new();
        self.inventory.add_readiness(&readiness);
        self.allocation.add_readiness(&readiness);
        let add = |services: &mut ServiceSet| {
            self.inventory.add_services(services);
            self.allocation.add_services(services);
        };
        let bound = ServerBuilder::new(settings).readiness(readiness.clone()).register(add).bind(address).await;
        let bound =
            bound.map_err(|error| Failure::new(error.to_string()).next("name another address with --listen"))?;
        Ok((bound, readiness))
    }

    /// Serves until the wish to stop, then ends calls, writes and jobs, and closes the stores.
    ///
    /// # Errors
    /// [`Failure`] when serving failed or a store cannot be closed.
    pub async fn serve(self, server: BoundServer, shutdown: &Shutdown) -> Result<(), Failure> {
        let tasks = [self.allocation.tasks(), self.inventory.tasks()];
        let served = run_until_stopped(server, &tasks, &self.jobs, shutdown).await;
        self.close_stores().await?;
        served.map_err(|error| Failure::new(error.to_string()))
    }

    /// The token that ends with the services' jobs, for what runs beside them.
    #[must_use]
    pub const fn jobs(&self) -> &Jobs {
        &self.jobs
    }

    /// Ends writes and jobs, and closes the stores.
    ///
    /// # Errors
    /// [`Failure`] when a store cannot be closed.
    pub async fn close(self) -> Result<(), Failure> {
        for tasks in [self.allocation.tasks(), self.inventory.tasks()] {
            tasks.drain(STOP_PATIENCE).await;
        }
        self.jobs.stop(STOP_PATIENCE).await;
        self.close_stores().await
    }

    async fn close_stores(&self) -> Result<(), Failure> {
        self.allocation.store().close().await.map_err(store_failure)?;
        self.inventory.store().close().await.map_err(store_failure)
    }
}

fn channel(add: impl FnOnce(&mut ServiceSet)) -> ServiceChannel {
    let mut services = ServiceSet::new();
    add(&mut services);
    in_process(services).with_deadline_default(CALL_DEADLINE)
}

async fn store(folder: &Path, service: &str) -> Result<Store, Failure> {
    let url = format!("sqlite:{}", folder.join(format!("{service}.sqlite")).display());
    Store::connect(StoreOptions::from_url(url).with_application_name(service)).await.map_err(store_failure)
}

fn store_failure(error: backorder_storage::StorageError) -> Failure {
    Failure::new(error.to_string()).next("check that the data folder is on a local disk with room, and may be written")
}

/// Makes the folder and keeps other processes out of it.
fn lock(folder: &Path) -> Result<File, Failure> {
    fs::create_dir_all(folder)?;
    let file = File::create(folder.join("lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Failure::new(format!("another process uses {}", folder.display()))
            .next("stop it, or name another folder with --data")),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[test]
    fn a_folder_serves_one_process_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let held = lock(folder.path()).unwrap();
        assert!(lock(folder.path()).unwrap_err().to_string().contains("another process uses"));
        drop(held);
        assert!(lock(folder.path()).is_ok());
    }
}
