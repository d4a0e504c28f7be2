//! `CreateLocation` and `UpdateLocation`.

use backorder_domain::ids::LocationId;
use backorder_proto::{convert::encode, inventory::v1 as pb};
use backorder_storage::WriteTx;

use super::{super::UseCases, put_items::check_etag};
use crate::{
    catalog::{Location, Stored},
    error::{Error, Kind},
    grpc::encode::location_message,
    store::catalog as table,
    write::Write,
};

/// A change of one location.
pub struct LocationChange {
    /// The location.
    pub id: LocationId,
    /// The version that the caller read; empty for any.
    pub etag: String,
    /// Makes the location as it shall be of the location as it is.
    pub apply: Box<dyn Fn(&Location) -> Location + Send + Sync>,
}

impl UseCases {
    /// Creates a location; the same location again is answered as created.
    ///
    /// # Errors
    /// [`Error::Exists`] when a location of the id has other content.
    pub async fn create_location(self, write: Write<Location>) -> Result<pb::Location, Error> {
        let (this, write) = (&self, &write);
        let answer = self
            .store()
            .write("create_location", move |tx| {
                Box::pin(async move {
                    if let Some(answer) = this.begin_in_tx(tx, write).await? {
                        return Ok::<pb::Location, Error>(answer);
                    }
                    let value = write.command.clone();
                    let now = this.now();
                    match table::find_location(tx, &value.id).await? {
                        Some(old) if old.value == value => this.store_location_in_tx(tx, write, &old, false).await,
                        Some(_) => Err(Error::Exists { kind: "location", name: encode::location_name(&value.id) }),
                        None => {
                            let new = Stored { value, version: 1, created_at: now, updated_at: now };
                            this.store_location_in_tx(tx, write, &new, true).await
                        }
                    }
                })
            })
            .await?;
        self.parts.memory.forget_places();
        Ok(answer)
    }

    /// Changes a location by `change`, when it is still at the version that the caller read.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::VersionMismatch`].
    pub async fn update_location(self, write: Write<LocationChange>) -> Result<pb::Location, Error> {
        let (this, write) = (&self, &write);
        let answer = self
            .store()
            .write("update_location", move |tx| {
                Box::pin(async move {
                    if let Some(answer) = this.begin_in_tx(tx, write).await? {
                        return Ok::<pb::Location, Error>(answer);
                    }
                    let change = &write.command;
                    let name = encode::location_name(&change.id);
                    let Some(old) = table::lock_location_in_tx(tx, &change.id).await? else {
                        return Err(Error::missing(Kind::Location, name, ""));
                    };
                    check_etag(&name, &change.etag, old.version)?;
                    let value = (change.apply)(&old.value);
                    let changed = value != old.value;
                    let (version, updated_at) =
                        if changed { (old.version + 1, this.now()) } else { (old.version, old.updated_at) };
                    let new = Stored { value, version, created_at: old.created_at, updated_at };
                    this.store_location_in_tx(tx, write, &new, changed).await
                })
            })
            .await?;
        self.parts.memory.forget_places();
        Ok(answer)
    }

    async fn store_location_in_tx<C>(
        &self,
        tx: &WriteTx<'_>,
        write: &Write<C>,
        location: &Stored<Location>,
        changed: bool,
    ) -> Result<pb::Location, Error> {
        let answer = location_message(location);
        let mut events = self.events(write.traceparent.clone());
        if changed {
            table::put_location_in_tx(tx, location).await?;
            events.location(answer.clone(), location.version);
        }
        self.end_in_tx(tx, write, events, &answer).await?;
        Ok(answer)
    }
}
