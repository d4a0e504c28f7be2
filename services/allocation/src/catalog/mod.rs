//! What orders need of inventory's master data: copies that events keep current, read through from inventory when one is
//! missing. This module must not change master data.

mod items;
mod places;
mod shipping;

pub use items::{ItemCopy, SubstituteCopy};
pub use places::{Place, PlaceCopies, PlaceKind, Places};
pub use shipping::{CalendarCopy, LaneCopy, Way};

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, PoisonError, RwLock},
};

use backorder_storage::{StorageError, Store, WriteTx};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use tonic::{Code, Status};

use crate::{
    error::{Error, Kind},
    inventory::Inventory,
    store,
};

/// Items in memory at most; when there are more, memory starts over.
const ITEMS_MAX: usize = 100_000;
/// Items asked for at once.
const ASKED_AT_ONCE: usize = 16;

/// Items, locations, working calendars and lanes, in memory over the store over inventory. Clones share the memory.
#[derive(Clone)]
pub struct Catalog {
    store: Store,
    inventory: Inventory,
    memory: Arc<Memory>,
}

#[derive(Default)]
struct Memory {
    items: RwLock<HashMap<String, Arc<ItemCopy>>>,
    places: RwLock<RememberedPlaces>,
}

#[derive(Default)]
struct RememberedPlaces {
    /// What was read and told, each copy in its newest version.
    places: Arc<Places>,
    /// Whether all that there was has been read, and not only some been told.
    loaded: bool,
}

impl Catalog {
    /// An empty memory.
    #[must_use]
    pub fn new(store: Store, inventory: Inventory) -> Self {
        Self { store, inventory, memory: Arc::default() }
    }

    /// The items of the ids, each with the field that names it.
    ///
    /// # Errors
    /// [`Error::Missing`] for the first id that is no item, [`Error::Unanswered`] when inventory does not answer.
    pub async fn items(&self, ids: &BTreeMap<&str, String>) -> Result<HashMap<String, Arc<ItemCopy>>, Error> {
        let mut found = HashMap::with_capacity(ids.len());
        let mut missing: BTreeSet<&str> = BTreeSet::new();
        {
            let items = self.memory.items.read().unwrap_or_else(PoisonError::into_inner);
            for id in ids.keys() {
                match items.get(*id) {
                    Some(item) => {
                        found.insert((*id).to_owned(), Arc::clone(item));
                    }
                    None => {
                        missing.insert(*id);
                    }
                }
            }
        }
        if missing.is_empty() {
            return Ok(found);
        }
        for item in store::catalog::items(self.store.reader(), missing.iter().copied()).await? {
            missing.remove(item.id.as_str());
            found.insert(item.id.clone(), self.remember_item(item));
        }
        let asked: Vec<(String, String)> = missing.iter().map(|id| ((*id).to_owned(), ids[id].clone())).collect();
        let answers = stream::iter(asked).map(|(id, field)| self.ask_item(id, field)).buffered(ASKED_AT_ONCE);
        for item in answers.try_collect::<Vec<_>>().await? {
            found.insert(item.id.clone(), self.remember_item(item));
        }
        Ok(found)
    }

    async fn ask_item(&self, id: String, field: String) -> Result<ItemCopy, Error> {
        let name = format!("items/{id}");
        let item = self.inventory.item(&name).await.map_err(|status| refused(status, Kind::Item, name, field))?;
        ItemCopy::of_message(&item).ok_or_else(|| Error::Contract(format!("item {id} has no name")))
    }

    fn remember_item(&self, item: ItemCopy) -> Arc<ItemCopy> {
        let item = Arc::new(item);
        let mut items = self.memory.items.write().unwrap_or_else(PoisonError::into_inner);
        if items.len() >= ITEMS_MAX {
            items.clear();
        }
        items.insert(item.id.clone(), Arc::clone(&item));
        item
    }

    /// The locations as far as they are known, or all that inventory has when none is known yet.
    ///
    /// # Errors
    /// [`Error::Unanswered`] when inventory does not answer.
    pub async fn places(&self) -> Result<Arc<Places>, Error> {
        if let Some(places) = self.known_places() {
            return Ok(places);
        }
        let mut copies = store::catalog::places(self.store.reader()).await?;
        if copies.places.is_empty() {
            let locations = self.inventory.locations().await.map_err(Error::Unanswered)?;
            copies = self.ask_calendars_and_lanes().await?;
            copies.places = locations.iter().filter_map(Place::of_message).collect();
        }
        Ok(self.remember_places(copies, true))
    }

    async fn ask_calendars_and_lanes(&self) -> Result<PlaceCopies, Error> {
        let calendars = self.inventory.calendars().await.map_err(Error::Unanswered)?;
        let lanes = self.inventory.lanes().await.map_err(Error::Unanswered)?;
        Ok(PlaceCopies {
            places: Vec::new(),
            calendars: calendars.iter().filter_map(CalendarCopy::of_message).collect(),
            lanes: lanes.iter().filter_map(LaneCopy::of_message).collect(),
        })
    }

    /// The locations as memory or else the copies in the store have them, for work inside a transaction. A process that
    /// has just started must not take a location for one that ships on every day.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn places_in_tx(&self, tx: &WriteTx<'_>) -> Result<Arc<Places>, StorageError> {
        if let Some(places) = self.known_places() {
            return Ok(places);
        }
        Ok(self.remember_places(store::catalog::places(tx).await?, true))
    }

    /// The locations, among them those of the ids, each with the field that names it.
    ///
    /// # Errors
    /// [`Error::Missing`] for the first id that is no location, [`Error::Unanswered`] when inventory does not answer.
    pub async fn places_with(&self, ids: &BTreeMap<&str, String>) -> Result<Arc<Places>, Error> {
        let mut places = self.places().await?;
        for (id, field) in ids {
            if places.get(id).is_none() {
                let name = format!("locations/{id}");
                let location = self.inventory.location(&name).await;
                let location =
                    location.map_err(|status| refused(status, Kind::Location, name.clone(), field.clone()))?;
                let place = Place::of_message(&location)
                    .ok_or_else(|| Error::Contract(format!("{name} has no known kind or time zone")))?;
                // Its calendar may be as new as the location.
                let copies = self.ask_calendars_and_lanes().await?;
                places = self.remember_places(PlaceCopies { places: vec![place], ..copies }, false);
            }
        }
        Ok(places)
    }

    fn known_places(&self) -> Option<Arc<Places>> {
        let known = self.memory.places.read().unwrap_or_else(PoisonError::into_inner);
        known.loaded.then(|| Arc::clone(&known.places))
    }

    /// Takes copies over where they are not older than what is known; `all` says that there were no more to read.
    fn remember_places(&self, copies: PlaceCopies, all: bool) -> Arc<Places> {
        let mut known = self.memory.places.write().unwrap_or_else(PoisonError::into_inner);
        known.places = Arc::new(known.places.with(copies));
        // An empty world is asked for again: its locations may be created at any moment.
        known.loaded |= all && !known.places.is_empty();
        Arc::clone(&known.places)
    }

    /// Takes over what events told.
    pub fn renew(&self, items: Vec<ItemCopy>, copies: PlaceCopies) {
        for item in items {
            self.remember_item(item);
        }
        if !copies.is_empty() {
            self.remember_places(copies, false);
        }
    }
}

fn refused(status: Status, kind: Kind, name: String, field: String) -> Error {
    match status.code() {
        Code::NotFound => Error::Missing { kind, name, field },
        Code::InvalidArgument => Error::invalid(field, format!("{name} is no name")),
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::DeadlineExceeded
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::ResourceExhausted
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss
        | Code::Unauthenticated => Error::Unanswered(status),
    }
}
