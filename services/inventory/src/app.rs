//! The service put together: the only place that knows every concrete part.
//!
//! `backorder serve`, the service's own binary and the tests all compose the same [`App`].

use std::sync::Arc;

use backorder_domain::{ids::IdProvider, time::Clock};
use backorder_messaging::{EventBus, Relay, RelayProgress};
use backorder_proto::inventory::v1::{
    catalog_service_server::CatalogServiceServer, reservation_service_server::ReservationServiceServer,
    stock_service_server::StockServiceServer, supply_service_server::SupplyServiceServer,
};
use backorder_service_kit::{jobs::Jobs, readiness::Readiness, server::ServiceSet, tasks::OwnedTasks};
use backorder_storage::{StorageError, Store};

use crate::{
    config::Config,
    grpc::{Catalog, Reservations, Stock, Supplies},
    store::migration::Migrator,
    use_cases::UseCases,
};

/// The name under which other services know this one's events.
pub const SOURCE: &str = "inventory";

/// The service: its routes and its jobs on one store.
#[derive(Clone)]
pub struct App {
    config: Config,
    use_cases: UseCases,
    bus: Arc<dyn EventBus>,
    clock: Arc<dyn Clock>,
    relay_progress: RelayProgress,
}

impl App {
    /// Brings the store's schema up to date and builds the service on it. Nothing runs yet.
    ///
    /// # Errors
    /// [`StorageError`] when the store cannot be migrated.
    pub async fn build(
        config: Config,
        store: Store,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdProvider>,
        bus: Arc<dyn EventBus>,
    ) -> Result<Self, StorageError> {
        store.migrate::<Migrator>().await?;
        let relay_progress = Relay::new(store.clone(), Arc::clone(&bus), SOURCE).progress();
        let use_cases = UseCases::new(&config, store, Arc::clone(&clock), ids);
        Ok(Self { config, use_cases, bus, clock, relay_progress })
    }

    /// Adds the gRPC services.
    pub fn add_services(&self, services: &mut ServiceSet) {
        services
            .add(CatalogServiceServer::new(Catalog(self.use_cases.clone())))
            .add(StockServiceServer::new(Stock(self.use_cases.clone())))
            .add(SupplyServiceServer::new(Supplies(self.use_cases.clone())))
            .add(ReservationServiceServer::new(Reservations(self.use_cases.clone())));
    }

    /// Adds the checks without which the service is not ready.
    pub fn add_readiness(&self, readiness: &Readiness) {
        let store = self.use_cases.store().clone();
        readiness.add_check("inventory store", move || {
            let store = store.clone();
            async move {
                match store.is_migrated::<Migrator>().await {
                    Ok(true) => Ok(()),
                    Ok(false) => Err("the schema is not up to date".to_owned()),
                    Err(error) => Err(error.to_string()),
                }
            }
        });
    }

    /// Starts the background jobs.
    pub fn spawn_jobs(&self, jobs: &Jobs) {
        let (store, bus, clock, keep) =
            (self.use_cases.store().clone(), Arc::clone(&self.bus), Arc::clone(&self.clock), self.config.retention);
        jobs.spawn("inventory_relay", move |shutdown| {
            let relay = Relay::new(store.clone(), Arc::clone(&bus), SOURCE).with_retention(Arc::clone(&clock), keep);
            async move {
                relay.run(shutdown).await;
                Ok(())
            }
        });
    }

    /// The tasks in which writes run, for the drain at the end.
    #[must_use]
    pub fn tasks(&self) -> OwnedTasks {
        self.use_cases.tasks().clone()
    }

    /// The store, for a bus that reads its feed.
    #[must_use]
    pub fn store(&self) -> &Store {
        self.use_cases.store()
    }
}
