//! All services in this process, composed as the program composes them, each on a database of its own, with a clock that
//! the story moves.

use std::sync::Arc;

use backorder_cli::services::{Configs, Providers, Services, Stores};
use backorder_service_kit::{
    clients::{AllocationClients, InventoryClients},
    ids::RandomIds,
    server::ServerBuilder,
    time::{ManualClock, SystemClock},
};
use backorder_storage::{Store, StoreOptions};
use backorder_testkit::{Backend, FreshDatabase, fresh_url};

use crate::world::World;

/// The services and their databases.
pub struct InProcess {
    services: Services,
    clock: Arc<ManualClock>,
    databases: [FreshDatabase; 2],
}

impl InProcess {
    pub async fn start(backend: Backend) -> Self {
        Self::start_with(backend, backorder_allocation::Config::default()).await
    }

    /// Starts allocation with another configuration.
    pub async fn start_with(backend: Backend, allocation: backorder_allocation::Config) -> Self {
        Self::start_configured(backend, Configs { allocation, ..Configs::default() }).await
    }

    /// Starts the services with other configurations.
    pub async fn start_configured(backend: Backend, configs: Configs) -> Self {
        let databases = [fresh_url(backend).await, fresh_url(backend).await];
        let clock = Arc::new(ManualClock::new(backorder_domain::time::Clock::now(&SystemClock)));
        Self::on(databases, clock, configs).await
    }

    async fn on(databases: [FreshDatabase; 2], clock: Arc<ManualClock>, configs: Configs) -> Self {
        let stores = Stores { inventory: open(&databases[0]).await, allocation: open(&databases[1]).await };
        let providers = Providers {
            clock: Arc::clone(&clock) as _,
            inventory_ids: Arc::new(RandomIds),
            allocation_ids: Arc::new(RandomIds),
        };
        let services = Services::start(stores, configs, providers).await.expect("the services start");
        Self { services, clock, databases }
    }

    pub fn world(&self, story: &str) -> World {
        let inventory = InventoryClients::new(self.services.inventory_channel().clone());
        let allocation = AllocationClients::new(self.services.allocation_channel().clone());
        World::new(inventory, allocation, Some(Arc::clone(&self.clock)), story)
    }

    /// Adds all services to a server.
    #[must_use]
    pub fn register(&self, server: ServerBuilder) -> ServerBuilder {
        self.services.register(server)
    }

    /// Stops the services and starts them again on the same databases, as after a crash of their machine.
    #[must_use]
    pub async fn restart_with(self, allocation: backorder_allocation::Config) -> Self {
        let Self { services, clock, databases } = self;
        services.stop().await.expect("the services stop");
        Self::on(databases, clock, Configs { allocation, ..Configs::default() }).await
    }

    pub async fn stop(self) {
        self.services.stop().await.expect("the services stop");
    }
}

async fn open(database: &FreshDatabase) -> Store {
    // A small pool: many clusters of a test run share one PostgreSQL.
    let options = StoreOptions::from_url(database.url()).with_pool_size(8);
    Store::connect(options).await.expect("the store opens")
}
