//! Queries of imports of open orders and their lines.

use std::collections::BTreeSet;

use backorder_storage::{
    Batch, StorageError, WriteTx,
    sql::{self, statement},
};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, FromQueryResult, IntoActiveModel as _, PaginatorTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, Value, sea_query::OnConflict,
};

use super::{
    KEYS_PER_QUERY_MAX,
    entity::{backlog_import, imported_line},
};

/// The import takes orders.
pub const OPEN: &str = "OPEN";
/// Its lines go live.
pub const CONFIRMED: &str = "CONFIRMED";
/// All its lines are live. For a line: it is.
pub const LIVE: &str = "LIVE";
/// The line waits for go-live.
pub const WAITING: &str = "WAITING";
/// Inventory was told that the line may take stock; runs decide who gets it.
pub const SERVING: &str = "SERVING";

/// Imports listed at most.
const IMPORTS_MAX: u64 = 1_000;

/// The import, made when it is not there. No confirmation of it can commit before the transaction has.
pub async fn begin_in_tx(tx: &WriteTx<'_>, id: &str, now: i64) -> Result<backlog_import::Model, StorageError> {
    let new = backlog_import::Model {
        id: id.to_owned(),
        state: OPEN.to_owned(),
        created_at: now,
        confirmed_at: None,
        live_at: None,
        actor: String::new(),
        reason_code: String::new(),
        note: String::new(),
    };
    let none = OnConflict::column(backlog_import::Column::Id).do_nothing().to_owned();
    backlog_import::Entity::insert(new.clone().into_active_model())
        .on_conflict(none)
        .exec_without_returning(tx)
        .await?;
    let found = backlog_import::Entity::find_by_id(id).lock_shared().one(tx).await?;
    Ok(found.unwrap_or(new))
}

/// One import, locked.
pub async fn lock_in_tx(tx: &WriteTx<'_>, id: &str) -> Result<Option<backlog_import::Model>, StorageError> {
    Ok(backlog_import::Entity::find_by_id(id).lock_exclusive().one(tx).await?)
}

/// One import.
pub async fn find(connection: &impl ConnectionTrait, id: &str) -> Result<Option<backlog_import::Model>, StorageError> {
    Ok(backlog_import::Entity::find_by_id(id).one(connection).await?)
}

/// All imports by name.
pub async fn list(connection: &impl ConnectionTrait) -> Result<Vec<backlog_import::Model>, StorageError> {
    let query = backlog_import::Entity::find().order_by_asc(backlog_import::Column::Id).limit(IMPORTS_MAX);
    Ok(query.all(connection).await?)
}

/// The imports that are confirmed and not live.
pub async fn confirmed(connection: &impl ConnectionTrait) -> Result<Vec<String>, StorageError> {
    let rows = backlog_import::Entity::find()
        .filter(backlog_import::Column::State.eq(CONFIRMED))
        .order_by_asc(backlog_import::Column::Id)
        .all(connection)
        .await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// Writes what was confirmed of an import, which is locked.
pub async fn put_in_tx(tx: &WriteTx<'_>, import: backlog_import::Model) -> Result<(), StorageError> {
    let text = "UPDATE backlog_import SET state = ?, confirmed_at = ?, live_at = ?, actor = ?, reason_code = ?, note = ? \
                WHERE id = ?";
    let values = [
        Value::from(import.state),
        Value::from(import.confirmed_at),
        Value::from(import.live_at),
        Value::from(import.actor),
        Value::from(import.reason_code),
        Value::from(import.note),
        Value::from(import.id),
    ];
    sql::execute(tx, text, values).await?;
    Ok(())
}

/// The counts of an import's lines.
#[derive(Debug, Clone, Default, FromQueryResult)]
pub struct Counts {
    /// Orders.
    pub orders: i64,
    /// Their lines.
    pub lines: i64,
    /// Lines that are live.
    pub lines_live: i64,
    /// Units that were open.
    pub open: i64,
    /// The part of them that was reserved before.
    pub reserved_before: i64,
    /// The part of that which was there.
    pub reserved: i64,
    /// Lines of which not all of that was there.
    pub lines_short: i64,
}

/// Counts the lines of an import.
pub async fn counts(connection: &impl ConnectionTrait, id: &str) -> Result<Counts, StorageError> {
    let sum = |what: &str, name: &str| format!("CAST(COALESCE(SUM({what}), 0) AS BIGINT) AS {name}");
    let text = format!(
        "SELECT COUNT(DISTINCT order_id) AS orders, COUNT(*) AS lines, {}, {}, {}, {}, {} FROM imported_line \
         WHERE import_id = ?",
        sum("CASE WHEN state = 'LIVE' THEN 1 ELSE 0 END", "lines_live"),
        sum("open", "open"),
        sum("reserved_before", "reserved_before"),
        sum("reserved", "reserved"),
        sum("CASE WHEN reserved < reserved_before THEN 1 ELSE 0 END", "lines_short"),
    );
    let found = Counts::find_by_statement(statement(connection, text, [Value::from(id)])).one(connection).await?;
    Ok(found.unwrap_or_default())
}

/// Writes lines that were taken over.
pub fn insert_lines(batch: &mut Batch, lines: Vec<imported_line::Model>) {
    batch.insert(lines.into_iter().map(imported_line::Model::into_active_model).collect());
}

/// The items of an import with lines in one of the states, ascending, after an item.
pub async fn items(
    connection: &impl ConnectionTrait,
    import: &str,
    states: &[&str],
    after: &str,
    limit: u64,
) -> Result<Vec<String>, StorageError> {
    use imported_line::Column as C;
    Ok(imported_line::Entity::find()
        .select_only()
        .column(C::ItemId)
        .distinct()
        .filter(C::ImportId.eq(import))
        .filter(C::State.is_in(states.iter().copied()))
        .filter(C::ItemId.gt(after))
        .order_by_asc(C::ItemId)
        .limit(limit)
        .into_tuple()
        .all(connection)
        .await?)
}

/// The lines of one item of an import in one of the states, by order and line.
pub async fn lines_of_item(
    connection: &impl ConnectionTrait,
    (import, item): (&str, &str),
    states: &[&str],
    limit: Option<u64>,
) -> Result<Vec<imported_line::Model>, StorageError> {
    use imported_line::Column as C;
    let query = imported_line::Entity::find()
        .filter(C::ImportId.eq(import))
        .filter(C::ItemId.eq(item))
        .filter(C::State.is_in(states.iter().copied()))
        .order_by_asc(C::OrderId)
        .order_by_asc(C::LineNumber)
        .limit(limit);
    Ok(query.all(connection).await?)
}

/// The lines of orders that were taken over, for the proof: order, line and state.
pub async fn lines_between(
    connection: &impl ConnectionTrait,
    first: &str,
    last: &str,
) -> Result<Vec<imported_line::Model>, StorageError> {
    use imported_line::Column as C;
    Ok(imported_line::Entity::find().filter(C::OrderId.gte(first)).filter(C::OrderId.lte(last)).all(connection).await?)
}

/// Brings lines to a state.
pub async fn put_state_in_tx(
    tx: &WriteTx<'_>,
    lines: &BTreeSet<(String, i32)>,
    state: &str,
) -> Result<(), StorageError> {
    let lines: Vec<&(String, i32)> = lines.iter().collect();
    for chunk in lines.chunks(KEYS_PER_QUERY_MAX) {
        let text = format!(
            "UPDATE imported_line SET state = ? WHERE (order_id, line_number) IN (VALUES {})",
            sql::rows_of_placeholders(chunk.len(), 2)
        );
        let keys = chunk.iter().flat_map(|(order, line)| [Value::from(order.as_str()), Value::from(*line)]);
        sql::execute(tx, text, std::iter::once(Value::from(state)).chain(keys)).await?;
    }
    Ok(())
}

/// How many lines of confirmed imports are still to go live, and one for each such import.
pub async fn count_going_live(connection: &impl ConnectionTrait) -> Result<u64, StorageError> {
    let imports = confirmed(connection).await?;
    if imports.is_empty() {
        return Ok(0);
    }
    use imported_line::Column as C;
    let lines = imported_line::Entity::find()
        .filter(C::ImportId.is_in(imports.iter().map(String::as_str)))
        .filter(C::State.ne(LIVE))
        .count(connection)
        .await?;
    Ok(lines + imports.len() as u64)
}
