//! The service put together: the only place that knows every concrete part.
//!
//! `backorder serve`, the service's own binary and the tests all compose the same [`App`].

use std::sync::{Arc, PoisonError, RwLock};

use backorder_domain::{ids::IdProvider, time::Clock};
use backorder_messaging::{EventBus, Relay, RelayProgress};
use backorder_proto::inventory::v1::{
    availability_service_server::AvailabilityServiceServer, catalog_service_server::CatalogServiceServer,
    drop_ship_stock_service_server::DropShipStockServiceServer, group_service_server::GroupServiceServer,
    inventory_operations_service_server::InventoryOperationsServiceServer,
    receipt_service_server::ReceiptServiceServer, reservation_service_server::ReservationServiceServer,
    stock_service_server::StockServiceServer, supply_service_server::SupplyServiceServer,
    warehouse_feed_service_server::WarehouseFeedServiceServer, warehouse_service_server::WarehouseServiceServer,
};
use backorder_service_kit::{jobs::Jobs, readiness::Readiness, server::ServiceSet, tasks::OwnedTasks};
use backorder_storage::{StorageError, Store};
use tokio_util::sync::CancellationToken;

use crate::{
    config::Config,
    grpc::{
        Availability, Catalog, DropShipStocks, Groups, Operations, Receipts, Reservations, Stock, Supplies, Warehouse,
        WarehouseFeed,
    },
    index::keep_index,
    jobs::keep_up_with_time,
    store::migration::Migrator,
    use_cases::{UseCases, watch::WatchLimits},
};

/// The name under which other services know this one's events.
pub const SOURCE: &str = "inventory";

/// The service: its routes and its jobs on one store. Clones share everything.
#[derive(Clone)]
pub struct App {
    config: Config,
    use_cases: UseCases,
    bus: Arc<dyn EventBus>,
    clock: Arc<dyn Clock>,
    /// The progress of the relay that runs now; a relay that is started anew replaces it.
    relay: Arc<RwLock<RelayProgress>>,
    watches_end: CancellationToken,
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
        let relay = Relay::new(store.clone(), Arc::clone(&bus), SOURCE).progress();
        let use_cases = UseCases::new(&config, store, Arc::clone(&clock), ids);
        let watches_end = CancellationToken::new();
        Ok(Self { config, use_cases, bus, clock, relay: Arc::new(RwLock::new(relay)), watches_end })
    }

    /// Adds the gRPC services.
    pub fn add_services(&self, services: &mut ServiceSet) {
        let use_cases = || self.use_cases.clone();
        let watches = WatchLimits {
            age_max: self.config.watch_age_max,
            tick: self.config.watch_tick,
            end: self.watches_end.clone(),
        };
        let relay = Arc::clone(&self.relay);
        let relay = Arc::new(move || relay.read().unwrap_or_else(PoisonError::into_inner).clone());
        services
            .add(CatalogServiceServer::new(Catalog(use_cases())))
            .add(StockServiceServer::new(Stock(use_cases())))
            .add(ReceiptServiceServer::new(Receipts(use_cases())))
            .add(SupplyServiceServer::new(Supplies(use_cases())))
            .add(ReservationServiceServer::new(Reservations(use_cases())))
            .add(WarehouseServiceServer::new(Warehouse(use_cases())))
            .add(WarehouseFeedServiceServer::new(WarehouseFeed(use_cases())))
            .add(DropShipStockServiceServer::new(DropShipStocks(use_cases())))
            .add(GroupServiceServer::new(Groups(use_cases())))
            .add(AvailabilityServiceServer::new(Availability { use_cases: use_cases(), watches }))
            .add(InventoryOperationsServiceServer::new(Operations { use_cases: use_cases(), relay }));
    }

    /// Adds the check without which the service is not ready: its store answers and has the schema it needs.
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

    /// Starts the background jobs: the relay of events, what time makes due (`expire_reservations`, `repeg_past_due`), and
    /// keeping the index of positions complete. Old events and request ids are forgotten by the relay.
    pub fn spawn_jobs(&self, jobs: &Jobs) {
        let app = self.clone();
        jobs.spawn("inventory_relay", move |shutdown| {
            let (store, bus, clock) = (app.use_cases.store().clone(), Arc::clone(&app.bus), Arc::clone(&app.clock));
            let relay = Relay::new(store, bus, SOURCE).with_retention(clock, app.config.retention);
            *app.relay.write().unwrap_or_else(PoisonError::into_inner) = relay.progress();
            async move {
                relay.run(shutdown).await;
                Ok(())
            }
        });
        let (use_cases, tick) = (self.use_cases.clone(), self.config.job_tick);
        jobs.spawn("inventory_upkeep", move |shutdown| {
            let use_cases = use_cases.clone();
            async move { Ok(keep_up_with_time(use_cases, tick, shutdown).await?) }
        });
        if self.config.index_positions_max > 0 {
            let (use_cases, tick) = (self.use_cases.clone(), self.config.index_tick.min(self.config.index_age_max / 4));
            jobs.spawn("inventory_index", move |shutdown| {
                let (index, store) = (Arc::clone(use_cases.index()), use_cases.store().clone());
                async move { Ok(keep_index(index, store, tick, shutdown).await?) }
            });
        }
    }

    /// Ends all watches, so that a server that stops need not wait for them. New ones end at once.
    pub fn end_watches(&self) {
        self.watches_end.cancel();
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
