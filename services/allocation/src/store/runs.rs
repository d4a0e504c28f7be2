//! Queries of pending runs, and of the promises that wait for them.

use std::collections::BTreeSet;

use backorder_storage::{
    Batch, StorageError, Store, WriteTx, bulk,
    sql::{self, rows_of_placeholders},
};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, IntoActiveModel as _, PaginatorTrait as _,
    QueryFilter, QueryOrder as _, QuerySelect as _, QueryTrait as _, Value,
    sea_query::{Expr, ExprTrait as _, Query},
};

use super::{
    KEYS_PER_QUERY_MAX,
    entity::{pending_promise, pending_run},
};

/// An item at a location.
pub type Pool = (String, String);

/// Asks for a run about each pool, of which those in `put_off` wait for a planner. A pool that is asked for already gets a
/// new generation, so that a run under way does not take it off; once it does not wait for a planner, it does not again.
pub async fn request_in_tx(
    tx: &WriteTx<'_>,
    pools: &BTreeSet<Pool>,
    put_off: &BTreeSet<Pool>,
    now: i64,
) -> Result<(), StorageError> {
    let pools: Vec<&Pool> = pools.iter().collect();
    for chunk in pools.chunks(KEYS_PER_QUERY_MAX) {
        let text = format!(
            "INSERT INTO pending_run (item_id, location_id, generation, requested_at, waits_for_planner) VALUES {} \
             ON CONFLICT (item_id, location_id) DO UPDATE SET generation = pending_run.generation + 1, \
             waits_for_planner = pending_run.waits_for_planner AND excluded.waits_for_planner",
            rows_of_placeholders(chunk.len(), 5)
        );
        let values = chunk.iter().flat_map(|pool| {
            let (item, location) = (pool.0.as_str(), pool.1.as_str());
            let waits = put_off.contains(*pool);
            [Value::from(item), Value::from(location), Value::from(1_i64), Value::from(now), Value::from(waits)]
        });
        sql::execute(tx, text, values).await?;
    }
    Ok(())
}

/// Pools that wait for a planner.
pub async fn waiting_for_planner(connection: &impl ConnectionTrait) -> Result<BTreeSet<Pool>, StorageError> {
    let query = pending_run::Entity::find().filter(pending_run::Column::WaitsForPlanner.eq(true));
    Ok(query.all(connection).await?.into_iter().map(|run| (run.item_id, run.location_id)).collect())
}

/// Pending runs that wait for nobody, by item and location, but for those of some pools.
pub async fn pending(
    store: &Store,
    but_for: &BTreeSet<Pool>,
    limit: u64,
) -> Result<Vec<pending_run::Model>, StorageError> {
    use pending_run::Column as C;
    let is_one = |(item, location): &Pool| Condition::all().add(C::ItemId.eq(item)).add(C::LocationId.eq(location));
    let excluded = but_for.iter().fold(Condition::any(), |any, pool| any.add(is_one(pool)));
    let query = pending_run::Entity::find()
        .filter(C::WaitsForPlanner.eq(false))
        .apply_if((!but_for.is_empty()).then_some(excluded.not()), QueryFilter::filter)
        .order_by_asc(C::ItemId)
        .order_by_asc(C::LocationId)
        .limit(limit);
    Ok(query.all(store.reader()).await?)
}

/// The items about which a run is pending.
pub async fn items_pending(connection: &impl ConnectionTrait) -> Result<BTreeSet<String>, StorageError> {
    let items: Vec<String> = pending_run::Entity::find()
        .select_only()
        .column(pending_run::Column::ItemId)
        .distinct()
        .into_tuple()
        .all(connection)
        .await?;
    Ok(items.into_iter().collect())
}

/// Notes lines whose promise waits for a run. One that is noted stays so.
pub fn put_promises_off(batch: &mut Batch, promises: Vec<pending_promise::Model>) {
    use pending_promise::Column as C;
    let rows = promises.into_iter().map(pending_promise::Model::into_active_model).collect();
    batch.upsert(rows, &bulk::keeping([C::ItemId, C::OrderId, C::LineNumber]));
}

/// Lines whose promise waits for no run any more, at most `limit`.
pub async fn promises_due(
    connection: &impl ConnectionTrait,
    limit: u64,
) -> Result<Vec<pending_promise::Model>, StorageError> {
    use pending_promise::Column as C;
    let run = Query::select()
        .expr(Expr::val(1))
        .from(pending_run::Entity)
        .and_where(pending_run::Column::ItemId.into_expr().equals(C::ItemId.as_column_ref()))
        .to_owned();
    let query = pending_promise::Entity::find()
        .filter(Expr::exists(run).not())
        .order_by_asc(C::ItemId)
        .order_by_asc(C::OrderId)
        .order_by_asc(C::LineNumber)
        .limit(limit);
    Ok(query.all(connection).await?)
}

/// Takes off lines whose promise was told.
pub async fn promises_told_in_tx(tx: &WriteTx<'_>, promises: &[pending_promise::Model]) -> Result<(), StorageError> {
    let keys = promises.iter().flat_map(|promise| {
        let (item, order) = (promise.item_id.as_str(), promise.order_id.as_str());
        [Value::from(item), Value::from(order), Value::from(promise.line_number)]
    });
    let mut batch = Batch::new(tx);
    batch.delete("pending_promise", &["item_id", "order_id", "line_number"], keys.collect());
    batch.run(tx).await?;
    Ok(())
}

/// Takes off the runs that nobody asked for anew meanwhile.
pub async fn done_in_tx(tx: &WriteTx<'_>, runs: &[pending_run::Model]) -> Result<(), StorageError> {
    for chunk in runs.chunks(KEYS_PER_QUERY_MAX) {
        let text = format!(
            "DELETE FROM pending_run WHERE (item_id, location_id, generation) IN (VALUES {})",
            rows_of_placeholders(chunk.len(), 3)
        );
        let values = chunk.iter().flat_map(|run| {
            [Value::from(run.item_id.as_str()), Value::from(run.location_id.as_str()), Value::from(run.generation)]
        });
        sql::execute(tx, text, values).await?;
    }
    Ok(())
}

/// How many runs are pending, and promises that wait for them.
pub async fn count(store: &Store) -> Result<u64, StorageError> {
    let runs = pending_run::Entity::find().count(store.reader()).await?;
    Ok(runs + pending_promise::Entity::find().count(store.reader()).await?)
}
