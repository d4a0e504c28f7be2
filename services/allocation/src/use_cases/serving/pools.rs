//! Which pools of held units wait for a planner, and which are shared now.

use std::collections::{BTreeMap, BTreeSet};

use backorder_domain::{allocation::serving::PlannedServing, ids::LocationId};
use backorder_proto::{
    convert::{Violations, decode},
    inventory::v1 as inventory,
};
use backorder_storage::{StorageError, WriteTx, columns};
use sea_orm::ConnectionTrait;

use crate::{
    error::Error,
    store::{
        catalog,
        runs::{self, Pool},
        serving,
    },
    use_cases::UseCases,
};

impl UseCases {
    /// Those of the pools, of which news came, that wait for a planner.
    pub(crate) async fn wait_for_planner_in_tx(
        &self,
        tx: &WriteTx<'_>,
        pools: &BTreeSet<Pool>,
    ) -> Result<BTreeSet<Pool>, StorageError> {
        let planned = match self.rules().remembered() {
            Some(rules) => rules.planned_serving.clone(),
            None => serving::all(tx).await?,
        };
        let modes = modes_of(tx, pools.iter().map(|(item, _)| item.as_str()), &planned).await?;
        Ok(pools.iter().filter(|(item, _)| modes.contains_key(item)).cloned().collect())
    }

    /// Asks for runs about what inventory holds. Units for a planner's hour, or for nobody any more, are asked for when
    /// that is so; all others when `all` says so, so that a lost event delays and never strands.
    pub(crate) async fn request_runs_for_holds(&self, all: bool) -> Result<(), Error> {
        let planned = self.rules().current().await?.planned_serving.clone();
        let holds = by_pool(self.inventory().holds("").await.map_err(Error::Unanswered)?);
        let waiting = runs::waiting_for_planner(self.store().reader()).await?;
        let places = self.catalog().places().await?;
        let modes = modes_of(self.store().reader(), holds.keys().map(|(item, _)| item.as_str()), &planned).await?;
        // Of what is held no longer nobody waits.
        let mut due: BTreeSet<Pool> = waiting.iter().filter(|pool| !holds.contains_key(*pool)).cloned().collect();
        let mut put_off = BTreeSet::new();
        for (pool, holds) in &holds {
            let zone = LocationId::try_new(pool.1.as_str()).ok();
            let zone = zone.and_then(|location| places.zone_name_of(&location).map(str::to_owned));
            let zone = places.zone_named(zone.as_deref().unwrap_or("UTC"));
            let has_come = |mode: &PlannedServing| {
                holds.iter().any(|hold| {
                    let since = decode::timestamp(hold.create_time.as_ref(), "", &mut Violations::new());
                    since.is_some_and(|since| mode.is_due(since, self.now(), &zone))
                })
            };
            let is_waiting = waiting.contains(pool);
            match modes.get(&pool.0) {
                None if all || is_waiting => drop(due.insert(pool.clone())),
                Some(mode) if has_come(mode) => drop(due.insert(pool.clone())),
                Some(_) if !is_waiting => drop(put_off.insert(pool.clone())),
                None | Some(_) => {}
            }
        }
        if due.is_empty() && put_off.is_empty() {
            return Ok(());
        }
        let (pools, put_off, now) = (&(&due | &put_off), &put_off, columns::micros(self.now()));
        self.store()
            .write("request_runs", move |tx| {
                Box::pin(async move { runs::request_in_tx(tx, pools, put_off, now).await })
            })
            .await?;
        Ok(())
    }

    /// Those of the items that a planner serves.
    pub(crate) async fn items_of_planner(&self, items: &BTreeSet<&str>) -> Result<BTreeSet<String>, StorageError> {
        let planned = self.rules().current().await?.planned_serving.clone();
        let modes = modes_of(self.store().reader(), items.iter().copied(), &planned).await?;
        Ok(modes.into_keys().collect())
    }

    /// Whether a planner serves any items, or units still wait for one.
    pub(crate) async fn is_served_by_planner(&self) -> Result<bool, StorageError> {
        let rules = self.rules().current().await?;
        Ok(!rules.planned_serving.is_empty() || !runs::waiting_for_planner(self.store().reader()).await?.is_empty())
    }
}

/// How a planner serves the items; items that are served at once are left out.
async fn modes_of<'p>(
    connection: &impl ConnectionTrait,
    items: impl Iterator<Item = &'p str>,
    planned: &[PlannedServing],
) -> Result<BTreeMap<String, PlannedServing>, StorageError> {
    let items: BTreeSet<&str> = items.collect();
    if planned.is_empty() || items.is_empty() {
        return Ok(BTreeMap::new());
    }
    let items = catalog::items(connection, items.into_iter()).await?;
    let modes = items.into_iter().filter_map(|item| {
        let mode = planned.iter().find(|planned| planned.category == item.category)?;
        Some((item.id, mode.clone()))
    });
    Ok(modes.collect())
}

/// Open holds by item and location.
pub(crate) fn by_pool(holds: Vec<inventory::Hold>) -> BTreeMap<Pool, Vec<inventory::Hold>> {
    let mut pools: BTreeMap<Pool, Vec<inventory::Hold>> = BTreeMap::new();
    for hold in holds.into_iter().filter(|hold| hold.quantity > 0) {
        let id = |name: &str, collection: &str| name.strip_prefix(collection).unwrap_or(name).to_owned();
        pools.entry((id(&hold.item, "items/"), id(&hold.location, "locations/"))).or_default().push(hold);
    }
    pools
}
