//! `CreateItem`, `UpdateItem` and `BatchPutItems`: all of them write items as they shall be, with one event for each that
//! changed.

use std::{collections::BTreeMap, sync::Arc};

use backorder_domain::ids::ItemId;
use backorder_proto::{
    convert::{decode::path, encode},
    inventory::v1 as pb,
};
use backorder_storage::WriteTx;
use jiff::Timestamp;

use super::{super::UseCases, kits};
use crate::{
    catalog::{Item, Stored},
    error::{Error, Kind},
    grpc::encode::item_message,
    index::ItemFacts,
    store::catalog as table,
    write::Write,
};

/// Items as they shall be, and those of them that differ from what is stored.
struct ItemsPut {
    items: Vec<Stored<Item>>,
    changed: Vec<Stored<Item>>,
}

impl ItemsPut {
    fn against(stored: Vec<Stored<Item>>, wanted: Vec<Item>, now: Timestamp) -> Self {
        let mut stored: BTreeMap<ItemId, Stored<Item>> = stored.into_iter().map(|s| (s.value.id.clone(), s)).collect();
        let mut put = Self { items: Vec::with_capacity(wanted.len()), changed: Vec::new() };
        for value in wanted {
            let item = match stored.remove(&value.id) {
                Some(old) if old.value == value => {
                    put.items.push(old);
                    continue;
                }
                Some(old) => Stored { value, version: old.version + 1, created_at: old.created_at, updated_at: now },
                None => Stored { value, version: 1, created_at: now, updated_at: now },
            };
            put.changed.push(item.clone());
            put.items.push(item);
        }
        put.changed.sort_by(|a, b| a.value.id.cmp(&b.value.id));
        put
    }

    fn counts(&self) -> pb::BatchPutItemsResponse {
        let created = self.changed.iter().filter(|item| item.version == 1).count();
        let count = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
        pb::BatchPutItemsResponse {
            created: count(created),
            replaced: count(self.changed.len() - created),
            unchanged: count(self.items.len() - self.changed.len()),
        }
    }
}

impl UseCases {
    /// Creates an item; the same item again is answered as created.
    ///
    /// # Errors
    /// [`Error::Exists`] when an item of the id has other content.
    pub async fn create_item(self, write: Write<Item>) -> Result<pb::Item, Error> {
        let (this, write) = (&self, &write);
        let answer = self
            .store()
            .write("create_item", move |tx| {
                Box::pin(async move {
                    if let Some(answer) = this.begin_in_tx(tx, write).await? {
                        return Ok::<pb::Item, Error>(answer);
                    }
                    let stored = table::find_items(tx, &[&write.command.id]).await?;
                    let put = ItemsPut::against(stored, vec![write.command.clone()], this.now());
                    if put.changed.iter().any(|item| item.version > 1) {
                        let name = encode::item_name(&write.command.id);
                        return Err(Error::Exists { kind: "item", name });
                    }
                    this.store_items_in_tx(tx, write, &put, |_| "item".to_owned(), |put| first_message(&put.items))
                        .await
                })
            })
            .await?;
        self.remember_put([&write.command]);
        Ok(answer)
    }

    /// Changes an item by `change`, when it is still at the version that the caller read.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::VersionMismatch`], or what `change` refuses.
    pub async fn update_item(self, write: Write<ItemChange>) -> Result<pb::Item, Error> {
        let (this, write) = (&self, &write);
        let answer = self
            .store()
            .write("update_item", move |tx| {
                Box::pin(async move {
                    if let Some(answer) = this.begin_in_tx(tx, write).await? {
                        return Ok::<pb::Item, Error>(answer);
                    }
                    let change = &write.command;
                    let stored = table::lock_items_in_tx(tx, &[&change.id]).await?;
                    let name = encode::item_name(&change.id);
                    let Some(old) = stored.first() else {
                        return Err(Error::missing(Kind::Item, name, ""));
                    };
                    check_etag(&name, &change.etag, old.version)?;
                    let wanted = (change.apply)(&old.value);
                    let put = ItemsPut::against(stored, vec![wanted], this.now());
                    this.store_items_in_tx(tx, write, &put, |_| "item".to_owned(), |put| first_message(&put.items))
                        .await
                })
            })
            .await?;
        // It may be a kit now, or none any more: it is read again.
        self.parts.memory.forget_items([&write.command.id]);
        Ok(answer)
    }

    /// Creates or replaces items; what stands there already is left as it is.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn put_items(self, write: Write<Vec<Item>>) -> Result<pb::BatchPutItemsResponse, Error> {
        let (this, write) = (&self, &write);
        let answer = self
            .store()
            .write("put_items", move |tx| {
                Box::pin(async move {
                    if let Some(answer) = this.begin_in_tx(tx, write).await? {
                        return Ok::<pb::BatchPutItemsResponse, Error>(answer);
                    }
                    let mut ids: Vec<&ItemId> = write.command.iter().map(|item| &item.id).collect();
                    ids.sort();
                    let stored = table::lock_items_in_tx(tx, &ids).await?;
                    let put = ItemsPut::against(stored, write.command.clone(), this.now());
                    let place = |id: &ItemId| write.command.iter().position(|item| item.id == *id).unwrap_or_default();
                    let field = |id: &ItemId| path("items", place(id), "");
                    this.store_items_in_tx(tx, write, &put, field, ItemsPut::counts).await
                })
            })
            .await?;
        self.remember_put(&write.command);
        Ok(answer)
    }

    /// Items that may have stock are remembered; kits are none.
    fn remember_put<'a>(&self, items: impl IntoIterator<Item = &'a Item>) {
        let (kits, stocked): (Vec<&Item>, Vec<&Item>) = items.into_iter().partition(|item| !item.components.is_empty());
        self.parts.memory.forget_items(kits.iter().map(|item| &item.id));
        self.parts.memory.remember_items(stocked.iter().map(|item| item.id.clone()));
    }

    async fn store_items_in_tx<C, A: prost::Message>(
        &self,
        tx: &WriteTx<'_>,
        write: &Write<C>,
        put: &ItemsPut,
        field: impl Fn(&ItemId) -> String,
        answer: impl FnOnce(&ItemsPut) -> A,
    ) -> Result<A, Error> {
        kits::check_in_tx(tx, &put.changed, field).await?;
        table::put_items_in_tx(tx, &put.changed).await?;
        let mut events = self.events(write.traceparent.clone());
        for item in &put.changed {
            events.item(item_message(item), item.version);
        }
        let facts: Vec<(ItemId, ItemFacts)> = put.changed.iter().map(facts_of).collect();
        let index = Arc::clone(self.index());
        tx.after_commit(move || {
            for (item, facts) in &facts {
                index.put_item(item.as_str(), *facts);
            }
        });
        let answer = answer(put);
        self.end_in_tx(tx, write, events, &answer).await?;
        Ok(answer)
    }
}

fn facts_of(Stored { value: item, version, .. }: &Stored<Item>) -> (ItemId, ItemFacts) {
    let (safety_stock, is_kit) = (item.safety_stock.get(), !item.components.is_empty());
    (item.id.clone(), ItemFacts { version: *version, safety_stock, is_kit })
}

fn first_message(items: &[Stored<Item>]) -> pb::Item {
    items.first().map(item_message).unwrap_or_default()
}

/// A change of one item.
pub struct ItemChange {
    /// The item.
    pub id: ItemId,
    /// The version that the caller read; empty for any.
    pub etag: String,
    /// Makes the item as it shall be of the item as it is.
    pub apply: Box<dyn Fn(&Item) -> Item + Send + Sync>,
}

/// Refuses an etag that is not the present one.
///
/// # Errors
/// [`Error::VersionMismatch`].
pub fn check_etag(name: &str, etag: &str, version: i64) -> Result<(), Error> {
    if etag.is_empty() || etag == version.to_string() {
        return Ok(());
    }
    Err(Error::VersionMismatch { name: name.to_owned(), expected: etag.to_owned(), actual: version })
}
