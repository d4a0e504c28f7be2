//! All services composed in one process: each on a store of its own, the embedded bus between them, and channels straight
//! into their routes. The same as in production otherwise: nothing in a service knows how it is composed.
//!
//! It must not choose where the data is, nor what time it is.

use std::{sync::Arc, time::Duration};

use backorder_domain::{ids::IdProvider, time::Clock};
use backorder_messaging::EmbeddedBus;
use backorder_service_kit::{
    clients::{InventoryClients, ServiceChannel, in_process},
    jobs::Jobs,
    readiness::Readiness,
    server::{ServerBuilder, ServiceSet},
    tasks::OwnedTasks,
};
use backorder_storage::{StorageError, Store};

/// How long jobs and writes may take to end.
const STOP_PATIENCE: Duration = Duration::from_secs(20);
/// A call inside this process may take as long as its transaction waits for the disk.
const CALL_DEADLINE: Duration = Duration::from_secs(120);

/// What the services are given from outside.
pub struct Providers {
    /// Business time.
    pub clock: Arc<dyn Clock>,
    /// Ids for inventory.
    pub inventory_ids: Arc<dyn IdProvider>,
    /// Ids for allocation.
    pub allocation_ids: Arc<dyn IdProvider>,
}

/// The store of each service.
pub struct Stores {
    /// Inventory's.
    pub inventory: Store,
    /// Allocation's.
    pub allocation: Store,
}

/// The configuration of each service.
#[derive(Default)]
pub struct Configs {
    /// Inventory's.
    pub inventory: backorder_inventory::Config,
    /// Allocation's.
    pub allocation: backorder_allocation::Config,
}

/// The services of this process, with their jobs running.
pub struct Services {
    inventory: backorder_inventory::App,
    allocation: backorder_allocation::App,
    jobs: Jobs,
    inventory_channel: ServiceChannel,
    allocation_channel: ServiceChannel,
}

impl Services {
    /// Brings the schemas up to date and starts the jobs of every service.
    ///
    /// # Errors
    /// [`StorageError`] when a store cannot be migrated.
    pub async fn start(stores: Stores, configs: Configs, providers: Providers) -> Result<Self, StorageError> {
        let bus = EmbeddedBus::new();
        bus.register(backorder_inventory::SOURCE, stores.inventory.clone());
        bus.register(backorder_allocation::SOURCE, stores.allocation.clone());
        let bus = Arc::new(bus);
        let Providers { clock, inventory_ids, allocation_ids } = providers;
        let inventory = backorder_inventory::App::build(
            configs.inventory,
            stores.inventory,
            Arc::clone(&clock),
            inventory_ids,
            bus.clone(),
        )
        .await?;
        let inventory_channel = channel(|services| inventory.add_services(services));
        let to_inventory = inventory_channel.clone().with_caller(backorder_allocation::SOURCE);
        let allocation = backorder_allocation::App::build(
            configs.allocation,
            stores.allocation,
            clock,
            allocation_ids,
            bus,
            InventoryClients::new(to_inventory),
        )
        .await?;
        let allocation_channel = channel(|services| allocation.add_services(services));
        let jobs = Jobs::new();
        inventory.spawn_jobs(&jobs);
        allocation.spawn_jobs(&jobs);
        Ok(Self { inventory, allocation, jobs, inventory_channel, allocation_channel })
    }

    /// A channel into inventory's routes.
    #[must_use]
    pub const fn inventory_channel(&self) -> &ServiceChannel {
        &self.inventory_channel
    }

    /// A channel into allocation's routes.
    #[must_use]
    pub const fn allocation_channel(&self) -> &ServiceChannel {
        &self.allocation_channel
    }

    /// Adds all services to a server, which is ready when all of them are.
    #[must_use]
    pub fn register(&self, server: ServerBuilder) -> ServerBuilder {
        let readiness = Readiness::new();
        self.inventory.add_readiness(&readiness);
        self.allocation.add_readiness(&readiness);
        server.readiness(readiness).register(|services| {
            self.inventory.add_services(services);
            self.allocation.add_services(services);
        })
    }

    /// The background jobs, whose token ends with them.
    #[must_use]
    pub const fn jobs(&self) -> &Jobs {
        &self.jobs
    }

    /// The tasks in which writes run, in the order in which they end: those that call others first.
    #[must_use]
    pub fn tasks(&self) -> [OwnedTasks; 2] {
        [self.allocation.tasks(), self.inventory.tasks()]
    }

    /// Ends writes and jobs, and closes the stores.
    ///
    /// # Errors
    /// [`StorageError`] when a store cannot be closed.
    pub async fn stop(self) -> Result<(), StorageError> {
        for tasks in self.tasks() {
            tasks.drain(STOP_PATIENCE).await;
        }
        self.jobs.stop(STOP_PATIENCE).await;
        self.close_stores().await
    }

    /// Closes the stores of services whose writes and jobs have ended.
    ///
    /// # Errors
    /// [`StorageError`] when a store cannot be closed.
    pub async fn close_stores(&self) -> Result<(), StorageError> {
        self.allocation.store().close().await?;
        self.inventory.store().close().await
    }
}

fn channel(add: impl FnOnce(&mut ServiceSet)) -> ServiceChannel {
    let mut services = ServiceSet::new();
    add(&mut services);
    in_process(services).with_deadline_default(CALL_DEADLINE)
}
