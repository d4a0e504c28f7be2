//! All services in this process, each on a database of its own, with a clock that the story moves.

use std::{sync::Arc, time::Duration};

use backorder_messaging::EmbeddedBus;
use backorder_service_kit::{
    clients::{self, AllocationClients, InventoryClients, ServiceChannel},
    ids::RandomIds,
    jobs::Jobs,
    readiness::Readiness,
    server::{ServerBuilder, ServiceSet},
    time::{ManualClock, SystemClock},
};
use backorder_storage::{Store, StoreOptions};
use backorder_testkit::{Backend, FreshDatabase, fresh_url};

use crate::world::World;

const STOP_PATIENCE: Duration = Duration::from_secs(20);

/// The services and their databases.
pub struct InProcess {
    inventory: backorder_inventory::App,
    allocation: backorder_allocation::App,
    channel: ServiceChannel,
    jobs: Jobs,
    clock: Arc<ManualClock>,
    databases: [FreshDatabase; 2],
}

impl InProcess {
    pub async fn start(backend: Backend) -> Self {
        Self::start_with(backend, backorder_allocation::Config::default()).await
    }

    /// Starts allocation with another configuration.
    pub async fn start_with(backend: Backend, allocation: backorder_allocation::Config) -> Self {
        let databases = [fresh_url(backend).await, fresh_url(backend).await];
        let clock = Arc::new(ManualClock::new(backorder_domain::time::Clock::now(&SystemClock)));
        Self::on(databases, clock, allocation).await
    }

    async fn on(
        databases: [FreshDatabase; 2],
        clock: Arc<ManualClock>,
        allocation: backorder_allocation::Config,
    ) -> Self {
        let [inventory_store, allocation_store] = [open(&databases[0]).await, open(&databases[1]).await];
        let bus = EmbeddedBus::new();
        bus.register(backorder_inventory::SOURCE, inventory_store.clone());
        bus.register(backorder_allocation::SOURCE, allocation_store.clone());
        let bus = Arc::new(bus);
        let inventory = backorder_inventory::App::build(
            backorder_inventory::Config::default(),
            inventory_store,
            Arc::clone(&clock) as _,
            Arc::new(RandomIds),
            Arc::clone(&bus) as _,
        )
        .await
        .expect("inventory is built");
        let to_inventory = channel(|services| inventory.add_services(services));
        let allocation = backorder_allocation::App::build(
            allocation,
            allocation_store,
            Arc::clone(&clock) as _,
            Arc::new(RandomIds),
            bus,
            InventoryClients::new(to_inventory.with_caller(backorder_allocation::SOURCE)),
        )
        .await
        .expect("allocation is built");
        let channel = channel(|services| {
            inventory.add_services(services);
            allocation.add_services(services);
        });
        let jobs = Jobs::new();
        inventory.spawn_jobs(&jobs);
        allocation.spawn_jobs(&jobs);
        Self { inventory, allocation, channel, jobs, clock, databases }
    }

    pub fn world(&self, story: &str) -> World {
        let clients = (InventoryClients::new(self.channel.clone()), AllocationClients::new(self.channel.clone()));
        World::new(clients.0, clients.1, Some(Arc::clone(&self.clock)), story)
    }

    /// Adds all services to a server.
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

    /// Stops the services and starts them again on the same databases, as after a crash of their machine.
    #[must_use]
    pub async fn restart_with(self, allocation: backorder_allocation::Config) -> Self {
        let (databases, clock) = self.halt().await;
        Self::on(databases, clock, allocation).await
    }

    pub async fn stop(self) {
        drop(self.halt().await);
    }

    async fn halt(self) -> ([FreshDatabase; 2], Arc<ManualClock>) {
        for tasks in [self.allocation.tasks(), self.inventory.tasks()] {
            tasks.drain(STOP_PATIENCE).await;
        }
        self.jobs.stop(STOP_PATIENCE).await;
        for store in [self.allocation.store(), self.inventory.store()] {
            store.close().await.expect("the store closes");
        }
        (self.databases, self.clock)
    }
}

async fn open(database: &FreshDatabase) -> Store {
    // A small pool: many clusters of a test run share one PostgreSQL.
    let options = StoreOptions::from_url(database.url()).with_pool_size(8);
    Store::connect(options).await.expect("the store opens")
}

fn channel(add: impl FnOnce(&mut ServiceSet)) -> ServiceChannel {
    let mut services = ServiceSet::new();
    add(&mut services);
    clients::in_process(services)
}
