//! Reading the groups of items, and what they let waiting claims take now.

use std::collections::{BTreeMap, BTreeSet};

use backorder_domain::{
    ids::{ItemId, LocationId},
    quantity::Quantity,
    stock::{
        claim::Claim,
        groups::{GroupClaim, Limits},
    },
};
use backorder_proto::{
    convert::{encode, inventory as wire},
    inventory::v1 as pb,
};
use backorder_service_kit::paging::{PageBinding, PageRequest};
use backorder_storage::{Reads, StorageError, columns};
use jiff::civil::Date;
use sea_orm::ConnectionTrait;

use super::{UseCases, listing::Page, stock::allocation};
use crate::{
    error::Error,
    store::{
        entity::{claim, item_group},
        stock::{self, Scope, consumed_of, find_groups, group_claims, items_with_groups, load, position_of, rules_of},
    },
};

impl UseCases {
    /// The groups of an item with what is consumed; without levels where it never had any.
    ///
    /// # Errors
    /// [`Error::Missing`] when there is no such item; those of the store.
    pub async fn get_item_groups(&self, item: &ItemId) -> Result<pb::ItemGroups, Error> {
        self.check_master_data(&[(item, "item".to_owned())], &[]).await?;
        self.store()
            .snapshot("get_item_groups", move |tx| {
                Box::pin(async move {
                    let connection: &backorder_storage::Transaction = tx;
                    match find_groups(connection, item).await? {
                        Some(row) => message(connection, item, &row).await,
                        None => Ok(pb::ItemGroups { item: encode::item_name(item), ..pb::ItemGroups::default() }),
                    }
                })
            })
            .await
    }

    /// What is kept of an item at a location.
    ///
    /// # Errors
    /// [`Error::Missing`] for item and location; those of the store.
    pub async fn query_allocation(
        &self,
        item: &ItemId,
        location: &LocationId,
    ) -> Result<pb::LocationAllocation, Error> {
        self.check_master_data(&[(item, "item".to_owned())], &[(location, "location".to_owned())]).await?;
        let dates = self.places().await?.dates_at(self.now());
        self.store()
            .snapshot("query_allocation", move |tx| {
                let dates = dates.clone();
                Box::pin(async move {
                    let connection: &backorder_storage::Transaction = tx;
                    let scope = Scope {
                        items: BTreeSet::from([item.clone()]),
                        locations: BTreeSet::from([location.clone()]),
                        ..Scope::default()
                    };
                    let mut loaded = load(connection, scope, &dates).await?;
                    let known = loaded.books.book_mut(item).and_then(|book| allocation(book, location));
                    known.map_err(|error| Error::Stock { item: item.clone(), error })
                })
            })
            .await
    }

    /// The items that have groups, by item.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn list_item_groups(
        &self,
        page: &PageRequest,
        binding: &PageBinding,
    ) -> Result<Page<pb::ItemGroups>, Error> {
        self.store()
            .snapshot("list_item_groups", move |tx| {
                Box::pin(async move {
                    let connection: &backorder_storage::Transaction = tx;
                    let after = page.after.as_deref().unwrap_or_default();
                    let mut rows = items_with_groups(connection, after, page.query_limit()).await?;
                    let token = page.cut(&mut rows, binding, |(item, _)| item.to_string());
                    let mut groups = Vec::with_capacity(rows.len());
                    for (item, row) in &rows {
                        groups.push(message(connection, item, row).await?);
                    }
                    Ok((groups, token))
                })
            })
            .await
    }
}

async fn message(
    connection: &impl ConnectionTrait,
    item: &ItemId,
    row: &item_group::Model,
) -> Result<pb::ItemGroups, Error> {
    let consumed = consumed_of(connection, item).await?;
    Ok(pb::ItemGroups {
        etag: row.version.to_string(),
        update_time: Some(encode::timestamp(columns::instant(row.updated_at, "item_group")?)),
        ..wire::item_groups(item, &rules_of(row)?, &consumed)
    })
}

/// What the groups of an item let claims take now.
pub(super) struct Takeable {
    limits: Limits,
    claims: BTreeMap<(String, i32), GroupClaim>,
    there: BTreeMap<LocationId, Quantity>,
    dates: BTreeMap<LocationId, Date>,
}

impl Takeable {
    /// What these claims may take; `None` where the item has no groups.
    ///
    /// # Errors
    /// Those of the store, or of rows that hold what they must never hold.
    pub(super) async fn read(
        connection: &impl Reads,
        item: &ItemId,
        claims: &[claim::Model],
        dates: BTreeMap<LocationId, Date>,
    ) -> Result<Option<Self>, StorageError> {
        let Some(row) = find_groups(connection, item).await? else { return Ok(None) };
        let wrong = |error| StorageError::InvalidRow { table: "item_group", detail: format!("{error}") };
        let limits = Limits::try_new(&rules_of(&row)?, consumed_of(connection, item).await?).map_err(wrong)?;
        let known = group_claims(connection, &claims.iter().collect::<Vec<_>>()).await?.into_iter();
        let mut there = BTreeMap::new();
        for row in stock::positions(connection, &[item]).await? {
            let position = position_of(&row)?;
            let units = position.available.checked_add(position.held).unwrap_or(position.available);
            there.insert(position.location, units);
        }
        let claims = known.map(|known| ((known.key.line.to_string(), known.key.part), known)).collect();
        Ok(Some(Self { limits, claims, there, dates }))
    }

    /// How many of its waiting units a claim may take at the location, or at the one of its own that lets it take most.
    pub(super) fn by(&self, claim: &Claim, location: Option<&LocationId>) -> Quantity {
        let known = self.claims.get(&(claim.key.line.to_string(), claim.key.part));
        let of = known.map(|known| known.characteristics.clone()).unwrap_or_default();
        let at = |at: &LocationId| {
            let there = self.there.get(at).copied().unwrap_or_default();
            let day = self.dates.get(at).copied().unwrap_or(Date::MIN);
            self.limits.allowed(&of, at, day, claim.waiting, there)
        };
        match location {
            Some(location) => at(location),
            None => claim.waits_at().iter().map(at).max().unwrap_or_default(),
        }
    }
}
