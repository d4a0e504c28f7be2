//! The use cases: one file per verb. Each loads, lets the domain decide, and writes with its events and its answer in one
//! transaction.

pub mod availability;
mod batches;
mod catalog;
pub mod drop_ship;
pub mod feeds;
mod groups;
pub mod listing;
pub mod operations;
mod read_items;
pub mod stock;
mod upkeep;
pub mod watch;

pub use catalog::{Change, ItemChange, page_token_invalid};
pub use upkeep::CRASH_POINTS;

use std::{sync::Arc, time::Duration};

use backorder_domain::{
    ids::{IdProvider, ItemId, LocationId, SupplyId},
    stock::receipt::OverReceiptTolerance,
    time::Clock,
};
use backorder_proto::convert::{Violations, encode};
use backorder_service_kit::{crash_point::CrashPoint, jobs::Wake, tasks::OwnedTasks};
use backorder_storage::{
    Batch, StorageError, Store, WriteTx,
    idempotency::{self, Begun},
};
use jiff::Timestamp;
use prost::Message;

use crate::{
    catalog::{Memory, Places},
    config::Config,
    error::{Error, Kind, Missing},
    events::Events,
    index::AvailabilityIndex,
    known::KnownPositions,
    store,
    write::Write,
};

/// The use cases with everything that they work on. Cheap to clone.
#[derive(Clone)]
pub struct UseCases {
    parts: Arc<Parts>,
}

struct Parts {
    store: Store,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdProvider>,
    memory: Memory,
    tasks: OwnedTasks,
    wake_upkeep: Wake,
    groups: stock::Groups,
    over_receipt: OverReceiptTolerance,
    index: Arc<AvailabilityIndex>,
    known: KnownPositions,
    availability_age_max: Duration,
    crash_point: Option<CrashPoint>,
}

impl UseCases {
    /// The use cases on a store.
    #[must_use]
    pub fn new(config: &Config, store: Store, clock: Arc<dyn Clock>, ids: Arc<dyn IdProvider>) -> Self {
        let tasks = OwnedTasks::new(config.writes_running_max);
        let groups = stock::Groups::new();
        Self {
            parts: Arc::new(Parts {
                store,
                clock,
                ids,
                memory: Memory::default(),
                tasks,
                wake_upkeep: Wake::new(),
                groups,
                over_receipt: config.over_receipt,
                index: Arc::new(AvailabilityIndex::new(config.index_positions_max)),
                known: KnownPositions::default(),
                availability_age_max: config.index_age_max,
                crash_point: config.crash_point.clone(),
            }),
        }
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

    /// The positions in memory, from which availability is read.
    #[must_use]
    pub(crate) fn index(&self) -> &Arc<AvailabilityIndex> {
        &self.parts.index
    }

    /// The positions that were reserved lately, on which the next reservations are decided.
    #[must_use]
    fn known(&self) -> &KnownPositions {
        &self.parts.known
    }

    /// The calls that wait for their batch.
    fn groups(&self) -> &stock::Groups {
        &self.parts.groups
    }

    /// Wakes the job that keeps up with business time.
    #[must_use]
    pub fn wake_upkeep(&self) -> &Wake {
        &self.parts.wake_upkeep
    }

    /// How much more than ordered is booked as it arrived, where a supply has no tolerance of its own.
    #[must_use]
    pub fn over_receipt(&self) -> OverReceiptTolerance {
        self.parts.over_receipt
    }

    /// The business time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    /// An id for a supply that nobody named.
    #[must_use]
    pub fn new_supply_id(&self) -> SupplyId {
        SupplyId::from_uuid(self.parts.ids.next_uuid())
    }

    fn events(&self, traceparent: Option<String>) -> Events<'_> {
        Events::new(self.parts.ids.as_ref(), self.now(), traceparent)
    }

    /// The locations, from memory or, when they are missing there or old, from the store.
    pub(crate) async fn places(&self) -> Result<Arc<Places>, StorageError> {
        match self.parts.memory.places() {
            Some(places) => Ok(places),
            None => self.read_places().await,
        }
    }

    async fn read_places(&self) -> Result<Arc<Places>, StorageError> {
        let writes = self.parts.memory.place_writes();
        let places = store::places::read_places(self.store().reader()).await?;
        self.parts.memory.remember_places(Arc::clone(&places), writes);
        Ok(places)
    }

    /// Checks that everything that a request names exists, and answers the locations. `named` gives each resource with
    /// the field that names it; resources in the order of the request.
    ///
    /// # Errors
    /// [`Error::Missing`] with all that is missing.
    pub(crate) async fn check_master_data(
        &self,
        items: &[(&ItemId, String)],
        locations: &[(&LocationId, String)],
    ) -> Result<Arc<Places>, Error> {
        let mut missing = self.missing_items(items).await?;
        let mut places = self.places().await?;
        if locations.iter().any(|(location, _)| places.get(location).is_none()) {
            places = self.read_places().await?;
        }
        let absent = locations.iter().filter(|(location, _)| places.get(location).is_none());
        missing.extend(absent.map(|(location, field)| Missing {
            kind: Kind::Location,
            name: encode::location_name(location),
            field: field.clone(),
        }));
        if missing.is_empty() { Ok(places) } else { Err(Error::Missing(missing)) }
    }

    /// The item or the location, when one of them is not there.
    async fn first_missing(&self, item: &ItemId, location: &LocationId) -> Result<Option<Missing>, Error> {
        match self.check_master_data(&[(item, String::new())], &[(location, String::new())]).await {
            Ok(_) => Ok(None),
            Err(Error::Missing(missing)) => Ok(missing.into_iter().next()),
            Err(error) => Err(error),
        }
    }

    async fn missing_items(&self, items: &[(&ItemId, String)]) -> Result<Vec<Missing>, Error> {
        let memory = &self.parts.memory;
        let unknown = memory.unknown_items(items.iter().map(|(item, _)| *item));
        if unknown.is_empty() {
            return Ok(Vec::new());
        }
        let existing = store::catalog::existing_items(self.store().reader(), &unknown).await?;
        let missing = items
            .iter()
            .filter(|(item, _)| unknown.contains(item) && existing.binary_search(item).is_err())
            .map(|(item, field)| Missing { kind: Kind::Item, name: encode::item_name(item), field: field.clone() })
            .collect();
        let kits = store::kits::kits_among(self.store().reader(), &existing.iter().collect::<Vec<_>>()).await?;
        memory.remember_items(existing.into_iter().filter(|item| !kits.contains(item)));
        let mut violations = Violations::new();
        for (item, field) in items.iter().filter(|(item, _)| kits.contains(*item)) {
            violations.push(field.as_str(), format!("{} is a kit, which has no stock of its own", item.as_str()));
        }
        violations.finish().map_err(Error::Invalid)?;
        Ok(missing)
    }

    /// Begins a write in its transaction; answers the stored answer when it was done before.
    async fn begin_in_tx<C, A: Message + Default>(
        &self,
        tx: &WriteTx<'_>,
        write: &Write<C>,
    ) -> Result<Option<A>, Error> {
        let Some(key) = &write.key else { return Ok(None) };
        match idempotency::begin_in_tx(tx, key, &write.hash, self.now()).await? {
            Begun::Fresh => Ok(None),
            Begun::Reused => Err(Error::RequestIdReused),
            Begun::Answered(bytes) => Ok(Some(stored_answer(&bytes)?)),
        }
    }

    /// Ends a write in its transaction: its events, and its answer for whoever asks again.
    async fn end_in_tx<C>(
        &self,
        tx: &WriteTx<'_>,
        write: &Write<C>,
        events: Events<'_>,
        answer: &impl Message,
    ) -> Result<(), Error> {
        let mut batch = Batch::new(tx);
        batch.append(events.into_new())?;
        if let Some(key) = &write.key {
            batch.answer(key, &answer.encode_to_vec());
        }
        batch.run(tx).await?;
        Ok(())
    }
}

/// Decodes an answer that was stored in the request table.
fn stored_answer<A: Message + Default>(bytes: &[u8]) -> Result<A, StorageError> {
    A::decode(bytes).map_err(|error| StorageError::InvalidRow { table: "request", detail: error.to_string() })
}
