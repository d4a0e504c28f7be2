//! The service put together: the only place that knows every concrete part.
//!
//! `backorder serve`, the service's own binary and the tests all compose the same [`App`].

use std::sync::{Arc, PoisonError, RwLock};

use backorder_domain::{ids::IdProvider, time::Clock};
use backorder_messaging::{ConsumerRunner, EventBus, Relay, RelayProgress};
use backorder_proto::allocation::v1::{
    allocation_operations_service_server::AllocationOperationsServiceServer,
    allocation_policy_service_server::AllocationPolicyServiceServer,
    allocation_run_service_server::AllocationRunServiceServer, backlog_service_server::BacklogServiceServer,
    consent_service_server::ConsentServiceServer, drop_ship_service_server::DropShipServiceServer,
    exception_service_server::ExceptionServiceServer, figure_period_service_server::FigurePeriodServiceServer,
    figure_service_server::FigureServiceServer, figure_target_service_server::FigureTargetServiceServer,
    fulfilment_feed_service_server::FulfilmentFeedServiceServer, go_live_service_server::GoLiveServiceServer,
    hold_service_server::HoldServiceServer, order_service_server::OrderServiceServer,
    override_service_server::OverrideServiceServer, policy_service_server::PolicyServiceServer,
    refund_service_server::RefundServiceServer, release_service_server::ReleaseServiceServer,
    serving_service_server::ServingServiceServer, shipment_service_server::ShipmentServiceServer,
    shortage_service_server::ShortageServiceServer,
};
use backorder_service_kit::{
    clients::InventoryClients,
    group::GroupLoad,
    jobs::{Jobs, Wake, Woken},
    readiness::Readiness,
    server::ServiceSet,
    tasks::OwnedTasks,
    trace::span_from_traceparent,
};
use backorder_storage::{StorageError, Store};
use tokio_util::sync::CancellationToken;

use crate::{
    config::Config,
    error::Error,
    grpc::{
        AllocationPolicies, Backlog, Consents, DropShips, Exceptions, FigurePeriods, FigureTargets, Figures,
        FulfilmentFeed, GoLives, Holds, Operations, Orders, Overrides, Policies, Refunds, Releases, Runs, Serving,
        Shipments, Shortages,
    },
    inventory::Inventory,
    jobs::{
        FollowInventory, commit_runs, cover_sets, end_holds, expire_takes, go_live, judge_targets, keep_eligibility,
        requeue_lines, resume_steps, review_promises, run_allocations, schedule_runs, simulate_runs, subscription,
        watch_waits,
    },
    store::migration::Migrator,
    use_cases::{UseCases, backlog::WatchLimits},
};

/// The name under which other services know this one's events.
pub const SOURCE: &str = "allocation";

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
        inventory: InventoryClients,
    ) -> Result<Self, StorageError> {
        store.migrate::<Migrator>().await?;
        let relay = Relay::new(store.clone(), Arc::clone(&bus), SOURCE).progress();
        let inventory = Inventory::new(inventory);
        let use_cases = UseCases::new(config.clone(), store, Arc::clone(&clock), ids, inventory);
        let watches_end = CancellationToken::new();
        let app = Self { config, use_cases, bus, clock, relay: Arc::new(RwLock::new(relay)), watches_end };
        // From now on the bus keeps events for this consumer, though it does not run yet.
        drop(app.consumer());
        Ok(app)
    }

    fn consumer(&self) -> ConsumerRunner {
        let handler = Arc::new(FollowInventory(self.use_cases.clone()));
        let (store, bus, clock) = (self.use_cases.store().clone(), Arc::clone(&self.bus), Arc::clone(&self.clock));
        ConsumerRunner::new(store, bus, subscription(), handler, clock).with_span_linker(|span, event| {
            span_from_traceparent(span, event.traceparent.as_deref());
        })
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
            .add(OrderServiceServer::new(Orders(use_cases())))
            .add(BacklogServiceServer::new(Backlog { use_cases: use_cases(), watches: watches.clone() }))
            .add(AllocationRunServiceServer::new(Runs { use_cases: use_cases(), watches }))
            .add(GoLiveServiceServer::new(GoLives(use_cases())))
            .add(OverrideServiceServer::new(Overrides(use_cases())))
            .add(HoldServiceServer::new(Holds(use_cases())))
            .add(ReleaseServiceServer::new(Releases(use_cases())))
            .add(ShipmentServiceServer::new(Shipments(use_cases())))
            .add(ShortageServiceServer::new(Shortages(use_cases())))
            .add(ServingServiceServer::new(Serving(use_cases())))
            .add(ExceptionServiceServer::new(Exceptions(use_cases())))
            .add(ConsentServiceServer::new(Consents(use_cases())))
            .add(RefundServiceServer::new(Refunds(use_cases())))
            .add(DropShipServiceServer::new(DropShips(use_cases())))
            .add(FulfilmentFeedServiceServer::new(FulfilmentFeed(use_cases())))
            .add(FigureServiceServer::new(Figures(use_cases())))
            .add(FigurePeriodServiceServer::new(FigurePeriods(use_cases())))
            .add(FigureTargetServiceServer::new(FigureTargets(use_cases())))
            .add(PolicyServiceServer::new(Policies(use_cases())))
            .add(AllocationPolicyServiceServer::new(AllocationPolicies(use_cases())))
            .add(AllocationOperationsServiceServer::new(Operations { use_cases: use_cases(), relay }));
    }

    /// Adds the check without which the service is not ready: its store answers and has the schema it needs.
    pub fn add_readiness(&self, readiness: &Readiness) {
        let store = self.use_cases.store().clone();
        readiness.add_check("allocation store", move || {
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

    /// Starts the background jobs, each of which says in its own module what it does.
    pub fn spawn_jobs(&self, jobs: &Jobs) {
        self.spawn_relay(jobs);
        self.spawn_consumer(jobs);
        self.spawn(jobs, "allocation_resume_steps", resume_steps);
        self.spawn(jobs, "allocation_runs", run_allocations);
        self.spawn(jobs, "allocation_simulate_runs", simulate_runs);
        self.spawn(jobs, "allocation_commit_runs", commit_runs);
        self.spawn(jobs, "allocation_schedule_runs", schedule_runs);
        self.spawn(jobs, "allocation_judge_targets", judge_targets);
        self.spawn(jobs, "allocation_requeue_lines", requeue_lines);
        self.spawn(jobs, "allocation_cover_sets", cover_sets);
        self.spawn(jobs, "allocation_keep_eligibility", keep_eligibility);
        self.spawn(jobs, "allocation_end_holds", end_holds);
        self.spawn(jobs, "allocation_go_live", go_live);
        self.spawn(jobs, "allocation_expire_takes", expire_takes);
        self.spawn(jobs, "allocation_review_promises", review_promises);
        self.spawn(jobs, "allocation_watch_waits", watch_waits);
    }

    fn spawn<F>(&self, jobs: &Jobs, name: &'static str, job: fn(UseCases, CancellationToken) -> F)
    where
        F: Future<Output = Result<(), Error>> + Send + 'static,
    {
        let use_cases = self.use_cases.clone();
        jobs.spawn(name, move |shutdown| {
            let doing = job(use_cases.clone(), shutdown);
            async move { Ok(doing.await?) }
        });
    }

    fn spawn_relay(&self, jobs: &Jobs) {
        let app = self.clone();
        jobs.spawn("allocation_relay", move |shutdown| {
            let (store, bus, clock) = (app.use_cases.store().clone(), Arc::clone(&app.bus), Arc::clone(&app.clock));
            let relay = Relay::new(store, bus, SOURCE).with_retention(clock, app.config.retention);
            *app.relay.write().unwrap_or_else(PoisonError::into_inner) = relay.progress();
            async move {
                relay.run(shutdown).await;
                Ok(())
            }
        });
    }

    fn spawn_consumer(&self, jobs: &Jobs) {
        let app = self.clone();
        jobs.spawn("allocation_follow_inventory", move |shutdown| {
            let consumer = app.consumer();
            app.use_cases.follow_progress(consumer.progress());
            let (use_cases, tick) = (app.use_cases.clone(), app.config.job_tick);
            async move {
                // Events are dated where their locations are, so these must be known first.
                while let Err(error) = use_cases.catalog().places().await {
                    tracing::debug!(error = %error, "locations are not known yet");
                    if Wake::new().wait(&shutdown, tick).await == Woken::Shutdown {
                        return Ok(());
                    }
                }
                consumer.run(shutdown).await;
                Ok(())
            }
        });
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

    /// New orders that wait for a transaction, and those in one.
    #[must_use]
    pub fn new_orders(&self) -> GroupLoad {
        self.use_cases.beginning().load()
    }

    /// The store, for a bus that reads its feed.
    #[must_use]
    pub fn store(&self) -> &Store {
        self.use_cases.store()
    }
}
