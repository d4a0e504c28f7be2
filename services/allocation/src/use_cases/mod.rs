//! The use cases: one file per verb. Each loads, lets the domain decide, and writes with its events and its answer in one
//! transaction, or in two around a call to inventory.

pub mod allocation_policies;
pub mod backlog;
pub mod claims;
pub mod drop_ship;
pub mod exceptions;
pub mod feeds;
pub mod figures;
pub mod go_live;
pub mod holds;
mod named_units;
pub mod operations;
pub mod orders;
pub mod overrides;
pub mod policies;
mod record;
pub mod release;
mod review_unreserved;
pub mod run_schedules;
pub mod serving;
pub mod shipments;
pub mod simulated_runs;
pub mod waits;

use std::sync::{Arc, PoisonError, RwLock};

use backorder_domain::{ids::IdProvider, time::Clock};
use backorder_messaging::ConsumerProgress;
use backorder_service_kit::{
    group::{Group, GroupLimits},
    jobs::Wake,
    tasks::OwnedTasks,
};
use backorder_storage::Store;
use jiff::Timestamp;
use sea_orm::DbBackend;
use tokio::sync::watch;

use crate::{
    catalog::Catalog,
    config::Config,
    events::Events,
    inventory::Inventory,
    jobs::{ClaimMemory, Telling},
    rules::Rules,
    saga::{Beginning, InFlight, Recording},
};

/// Orders and their lines in one transaction at most. An order may have as many lines.
const BATCH_ORDERS_MAX: usize = 256;
const BATCH_LINES_MAX: usize = 2_000;
/// Batches at once on PostgreSQL: while the database works for one, the next is decided. On SQLite there is one writer.
const BATCHES_AT_ONCE: usize = 2;

/// The use cases with everything that they work on. Cheap to clone.
#[derive(Clone)]
pub struct UseCases {
    parts: Arc<Parts>,
}

struct Parts {
    config: Config,
    store: Store,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdProvider>,
    inventory: Inventory,
    catalog: Catalog,
    rules: Rules,
    tasks: OwnedTasks,
    in_flight: InFlight,
    beginning: Group<Beginning>,
    recording: Group<Recording>,
    wakes: Wakes,
    claim_memory: ClaimMemory,
    telling: Telling,
    /// Counts what runs of this instance have written, for those who watch.
    simulated: watch::Sender<u64>,
    /// The progress of the consumer that runs now; none before the jobs run.
    consumer: RwLock<Option<ConsumerProgress>>,
}

/// Wakes the jobs.
#[derive(Debug, Clone, Default)]
pub struct Wakes {
    /// A step may have to be resumed.
    pub resume: Wake,
    /// A run is pending.
    pub runs: Wake,
    /// The serving sequence changed.
    pub requeue: Wake,
    /// Holds on customers changed, or holds or overrides end by themselves.
    pub holds: Wake,
    /// Promises are to be looked at again.
    pub reviews: Wake,
    /// Waits or questions are over.
    pub waits: Wake,
    /// Takes were not answered in time.
    pub takes: Wake,
    /// What bars lines changed.
    pub eligibility: Wake,
    /// Go-live was confirmed.
    pub go_live: Wake,
    /// A run was started.
    pub simulations: Wake,
    /// A run is to be committed.
    pub commits: Wake,
    /// Ship sets are to be decided about.
    pub sets: Wake,
    /// A target of a figure was put.
    pub targets: Wake,
}

impl UseCases {
    /// The use cases on a store, with inventory behind `inventory`.
    #[must_use]
    pub fn new(
        config: Config,
        store: Store,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdProvider>,
        inventory: Inventory,
    ) -> Self {
        let batches_max = if store.backend() == DbBackend::Postgres { BATCHES_AT_ONCE } else { 1 };
        let limits = GroupLimits { calls_max: BATCH_ORDERS_MAX, lines_max: BATCH_LINES_MAX, batches_max };
        let parts = Parts {
            beginning: Group::new(limits),
            recording: Group::new(limits),
            tasks: OwnedTasks::new(config.writes_running_max),
            catalog: Catalog::new(store.clone(), inventory.clone()),
            rules: Rules::new(store.clone()),
            in_flight: InFlight::default(),
            wakes: Wakes::default(),
            claim_memory: ClaimMemory::default(),
            telling: Telling::default(),
            simulated: watch::Sender::default(),
            consumer: RwLock::default(),
            config,
            store,
            clock,
            ids,
            inventory,
        };
        Self { parts: Arc::new(parts) }
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.parts.config
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.parts.store
    }

    /// The tasks in which writes run, whoever waits for them.
    #[must_use]
    pub fn tasks(&self) -> &OwnedTasks {
        &self.parts.tasks
    }

    /// The business time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    pub(crate) fn ids(&self) -> &dyn IdProvider {
        self.parts.ids.as_ref()
    }

    pub(crate) fn events(&self, now: Timestamp, traceparent: Option<String>) -> Events<'_> {
        Events::new(self.parts.ids.as_ref(), now, traceparent)
    }

    pub(crate) fn inventory(&self) -> &Inventory {
        &self.parts.inventory
    }

    pub(crate) fn catalog(&self) -> &Catalog {
        &self.parts.catalog
    }

    pub(crate) fn rules(&self) -> &Rules {
        &self.parts.rules
    }

    pub(crate) fn in_flight(&self) -> &InFlight {
        &self.parts.in_flight
    }

    pub(crate) fn beginning(&self) -> &Group<Beginning> {
        &self.parts.beginning
    }

    pub(crate) fn recording(&self) -> &Group<Recording> {
        &self.parts.recording
    }

    pub(crate) fn wakes(&self) -> &Wakes {
        &self.parts.wakes
    }

    pub(crate) fn claim_memory(&self) -> &ClaimMemory {
        &self.parts.claim_memory
    }

    pub(crate) fn telling(&self) -> &Telling {
        &self.parts.telling
    }

    /// Tells who watches runs that one of them has come further.
    pub(crate) fn simulated(&self) -> &watch::Sender<u64> {
        &self.parts.simulated
    }

    /// The progress of the consumer of inventory's events, when it runs.
    pub(crate) fn consumer_progress(&self) -> Option<ConsumerProgress> {
        self.parts.consumer.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes note of the consumer that runs now.
    pub(crate) fn follow_progress(&self, progress: ConsumerProgress) {
        *self.parts.consumer.write().unwrap_or_else(PoisonError::into_inner) = Some(progress);
    }
}
