//! Creating and changing one location, working calendar or lane.

use backorder_domain::ids::{CalendarId, LaneId, LocationId};
use backorder_proto::{convert::encode, inventory::v1 as pb};
use backorder_storage::{StorageError, WriteTx};
use futures::future::BoxFuture;
use prost::Message;

use super::{super::UseCases, put_items::check_etag};
use crate::{
    catalog::{Calendar, Lane, Location, Stored},
    error::{Error, Kind},
    events::Events,
    grpc::encode::{calendar_message, lane_message, location_message},
    store::{places, shipping},
    write::Write,
};

/// Master data of which one record is written at a time.
pub trait Record: Clone + PartialEq + Send + Sync + 'static {
    /// Its id.
    type Id: Send + Sync;
    /// How the contract shows it.
    type Message: Message + Default;
    /// What it is.
    const KIND: Kind;

    /// Its id.
    fn id(&self) -> &Self::Id;
    /// The resource name of an id.
    fn name_of(id: &Self::Id) -> String;
    /// The record as the contract shows it.
    fn message(stored: &Stored<Self>) -> Self::Message;
    /// Tells that it was created or changed.
    fn tell(events: &mut Events<'_>, message: Self::Message, version: i64);
    /// The record of an id, locked until the transaction ends.
    fn lock_in_tx<'a>(
        tx: &'a WriteTx<'_>,
        id: &'a Self::Id,
    ) -> BoxFuture<'a, Result<Option<Stored<Self>>, StorageError>>;
    /// Writes it as it shall be.
    fn put_in_tx<'a>(tx: &'a WriteTx<'_>, stored: &'a Stored<Self>) -> BoxFuture<'a, Result<(), StorageError>>;
    /// Refuses what names something that is not there, or is there under another name.
    fn check_in_tx<'a>(&'a self, tx: &'a WriteTx<'_>) -> BoxFuture<'a, Result<(), Error>>;
}

/// A change of one record.
pub struct Change<T: Record> {
    /// The record.
    pub id: T::Id,
    /// The version that the caller read; empty for any.
    pub etag: String,
    /// Makes the record as it shall be of the record as it is.
    pub apply: ApplyChange<T>,
}

/// Makes a record as it shall be of the record as it is, or refuses.
pub type ApplyChange<T> = Box<dyn Fn(&T) -> Result<T, Error> + Send + Sync>;

impl UseCases {
    /// Creates a record; the same record again is answered as created.
    ///
    /// # Errors
    /// [`Error::Exists`] when a record of the id has other content, [`Error::Missing`] for what it names.
    pub async fn create_record<T: Record>(self, write: Write<T>) -> Result<T::Message, Error> {
        let (this, write) = (&self, &write);
        let answer = self
            .store()
            .write("create_record", move |tx| {
                Box::pin(async move {
                    if let Some(answer) = this.begin_in_tx(tx, write).await? {
                        return Ok::<T::Message, Error>(answer);
                    }
                    let value = write.command.clone();
                    match T::lock_in_tx(tx, value.id()).await? {
                        Some(old) if old.value == value => this.store_record_in_tx(tx, write, &old, false).await,
                        Some(_) => Err(Error::Exists { kind: T::KIND.as_str(), name: T::name_of(value.id()) }),
                        None => {
                            let now = this.now();
                            let new = Stored { value, version: 1, created_at: now, updated_at: now };
                            this.store_record_in_tx(tx, write, &new, true).await
                        }
                    }
                })
            })
            .await?;
        self.parts.memory.forget_places();
        Ok(answer)
    }

    /// Changes a record, when it is still at the version that the caller read.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::VersionMismatch`], or what the change refuses.
    pub async fn update_record<T: Record>(self, write: Write<Change<T>>) -> Result<T::Message, Error> {
        let (this, write) = (&self, &write);
        let answer = self
            .store()
            .write("update_record", move |tx| {
                Box::pin(async move {
                    if let Some(answer) = this.begin_in_tx(tx, write).await? {
                        return Ok::<T::Message, Error>(answer);
                    }
                    let change = &write.command;
                    let name = T::name_of(&change.id);
                    let Some(old) = T::lock_in_tx(tx, &change.id).await? else {
                        return Err(Error::missing(T::KIND, name, ""));
                    };
                    check_etag(&name, &change.etag, old.version)?;
                    let value = (change.apply)(&old.value)?;
                    let changed = value != old.value;
                    let (version, updated_at) =
                        if changed { (old.version + 1, this.now()) } else { (old.version, old.updated_at) };
                    let new = Stored { value, version, created_at: old.created_at, updated_at };
                    this.store_record_in_tx(tx, write, &new, changed).await
                })
            })
            .await?;
        self.parts.memory.forget_places();
        Ok(answer)
    }

    async fn store_record_in_tx<T: Record, C>(
        &self,
        tx: &WriteTx<'_>,
        write: &Write<C>,
        stored: &Stored<T>,
        changed: bool,
    ) -> Result<T::Message, Error> {
        let mut events = self.events(write.traceparent.clone());
        if changed {
            stored.value.check_in_tx(tx).await?;
            T::put_in_tx(tx, stored).await?;
            T::tell(&mut events, T::message(stored), stored.version);
        }
        let answer = T::message(stored);
        self.end_in_tx(tx, write, events, &answer).await?;
        Ok(answer)
    }
}

impl Record for Location {
    type Id = LocationId;
    type Message = pb::Location;
    const KIND: Kind = Kind::Location;

    fn id(&self) -> &LocationId {
        &self.id
    }

    fn name_of(id: &LocationId) -> String {
        encode::location_name(id)
    }

    fn message(stored: &Stored<Self>) -> pb::Location {
        location_message(stored)
    }

    fn tell(events: &mut Events<'_>, message: pb::Location, version: i64) {
        events.location(message, version);
    }

    fn lock_in_tx<'a>(
        tx: &'a WriteTx<'_>,
        id: &'a LocationId,
    ) -> BoxFuture<'a, Result<Option<Stored<Self>>, StorageError>> {
        Box::pin(places::lock_location_in_tx(tx, id))
    }

    fn put_in_tx<'a>(tx: &'a WriteTx<'_>, stored: &'a Stored<Self>) -> BoxFuture<'a, Result<(), StorageError>> {
        Box::pin(places::put_location_in_tx(tx, stored))
    }

    fn check_in_tx<'a>(&'a self, tx: &'a WriteTx<'_>) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(calendar_exists_in_tx(tx, self.calendar.as_ref(), "location.calendar"))
    }
}

impl Record for Calendar {
    type Id = CalendarId;
    type Message = pb::WorkingCalendar;
    const KIND: Kind = Kind::Calendar;

    fn id(&self) -> &CalendarId {
        &self.id
    }

    fn name_of(id: &CalendarId) -> String {
        encode::calendar_name(id)
    }

    fn message(stored: &Stored<Self>) -> pb::WorkingCalendar {
        calendar_message(stored)
    }

    fn tell(events: &mut Events<'_>, message: pb::WorkingCalendar, version: i64) {
        events.calendar(message, version);
    }

    fn lock_in_tx<'a>(
        tx: &'a WriteTx<'_>,
        id: &'a CalendarId,
    ) -> BoxFuture<'a, Result<Option<Stored<Self>>, StorageError>> {
        Box::pin(shipping::lock_calendar_in_tx(tx, id))
    }

    fn put_in_tx<'a>(tx: &'a WriteTx<'_>, stored: &'a Stored<Self>) -> BoxFuture<'a, Result<(), StorageError>> {
        Box::pin(shipping::put_calendar_in_tx(tx, stored))
    }

    fn check_in_tx<'a>(&'a self, _tx: &'a WriteTx<'_>) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }
}

impl Record for Lane {
    type Id = LaneId;
    type Message = pb::Lane;
    const KIND: Kind = Kind::Lane;

    fn id(&self) -> &LaneId {
        &self.id
    }

    fn name_of(id: &LaneId) -> String {
        encode::lane_name(id)
    }

    fn message(stored: &Stored<Self>) -> pb::Lane {
        lane_message(stored)
    }

    fn tell(events: &mut Events<'_>, message: pb::Lane, version: i64) {
        events.lane(message, version);
    }

    fn lock_in_tx<'a>(
        tx: &'a WriteTx<'_>,
        id: &'a LaneId,
    ) -> BoxFuture<'a, Result<Option<Stored<Self>>, StorageError>> {
        Box::pin(shipping::lock_lane_in_tx(tx, id))
    }

    fn put_in_tx<'a>(tx: &'a WriteTx<'_>, stored: &'a Stored<Self>) -> BoxFuture<'a, Result<(), StorageError>> {
        Box::pin(shipping::put_lane_in_tx(tx, stored))
    }

    fn check_in_tx<'a>(&'a self, tx: &'a WriteTx<'_>) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            if places::find_location(tx, &self.location).await?.is_none() {
                let name = encode::location_name(&self.location);
                return Err(Error::missing(Kind::Location, name, "lane.location"));
            }
            calendar_exists_in_tx(tx, self.calendar.as_ref(), "lane.calendar").await?;
            match shipping::lane_of_way(tx, self).await? {
                Some(other) if other != self.id => {
                    Err(Error::Exists { kind: Self::KIND.as_str(), name: encode::lane_name(&other) })
                }
                Some(_) | None => Ok(()),
            }
        })
    }
}

async fn calendar_exists_in_tx(tx: &WriteTx<'_>, id: Option<&CalendarId>, field: &str) -> Result<(), Error> {
    let Some(id) = id else { return Ok(()) };
    match shipping::find_calendar(tx, id).await? {
        Some(_) => Ok(()),
        None => Err(Error::missing(Kind::Calendar, encode::calendar_name(id), field)),
    }
}
