//! The one way in which stock is locked: the row of each item, ascending.
//!
//! Everything of an item (positions, claims, reservations, pegs, holds, supplies) changes only under its item's lock, so
//! that a row that does not exist yet is guarded too: a line that begins to wait and stock that arrives cannot miss each
//! other. On SQLite the writing transaction is alone and no statement is sent.

use backorder_domain::ids::{ItemId, LineId};
use backorder_storage::{
    StorageError, WriteTx,
    idempotency::{self, RequestKey},
    row_ids, rows_by_key, sql,
};
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult as _, Value};

use super::entity::item_ledger;

/// Item ids in one statement at most.
const IDS_PER_STATEMENT_MAX: usize = 500;

/// An item that is locked.
#[derive(Debug, Clone, Copy)]
pub struct Locked<'a> {
    /// The item.
    pub item: &'a ItemId,
    /// The number of its newest movement; 0 when it has none.
    pub last_movement: i64,
    /// Whether it has groups.
    pub is_grouped: bool,
}

/// Locks the ledgers of the items until the transaction ends, and answers those that are there. One that another transaction
/// makes a moment later is seen and not locked, so nothing must be decided on it. SQLite locks nothing, as the writing
/// transaction is alone.
///
/// # Panics
/// When the ids are not ascending, which is a fault of the program.
pub async fn lock_items_in_tx<'a>(tx: &WriteTx<'_>, ids: &[&'a ItemId]) -> Result<Vec<Locked<'a>>, StorageError> {
    assert!(ids.is_sorted(), "items are locked in ascending order");
    if tx.backend() == DbBackend::Sqlite {
        let keys = ids.iter().map(|id| Value::from(id.as_str())).collect();
        let mut rows: Vec<item_ledger::Model> = rows_by_key(tx, &["item_id"], keys).await?;
        rows.sort_by(|a, b| a.item_id.cmp(&b.item_id));
        return Ok(locked_of(ids, &rows).collect());
    }
    let mut locked = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(IDS_PER_STATEMENT_MAX) {
        // Rows that refer to the item may still be inserted by others: only changes wait.
        let text = "SELECT item_id, last_movement, group_version FROM item_ledger WHERE item_id = ANY(?) \
                    ORDER BY item_id FOR NO KEY UPDATE";
        let ids = sql::texts(chunk.iter().map(|id| id.as_str()));
        let rows = item_ledger::Model::find_by_statement(sql::statement(tx, text, [ids])).all(tx).await?;
        locked.extend(locked_of(chunk, &rows));
    }
    Ok(locked)
}

/// The ledgers of items, not locked: as they are on a snapshot, or where the writing transaction is alone.
pub async fn ledgers_of(
    connection: &impl backorder_storage::Reads,
    items: impl Iterator<Item = &str>,
) -> Result<Vec<item_ledger::Model>, StorageError> {
    rows_by_key(connection, &["item_id"], items.map(Value::from).collect()).await
}

/// Those of the items that have a row. Both ascend bytewise.
fn locked_of<'a>(ids: &[&'a ItemId], rows: &[item_ledger::Model]) -> impl Iterator<Item = Locked<'a>> {
    ids.iter().filter_map(move |item| {
        let place = rows.binary_search_by(|row| row.item_id.as_str().cmp(item.as_str())).ok()?;
        let item_ledger::Model { last_movement, group_version, .. } = rows[place];
        Some(Locked { item, last_movement, is_grouped: group_version.is_some() })
    })
}

/// What is asked in the statement that locks.
#[derive(Debug)]
pub struct Question<'a> {
    /// Lines that claims are going to be made for.
    pub lines: Vec<&'a LineId>,
    /// The requests that want it.
    pub requests: Vec<&'a RequestKey>,
    /// How many movements there may be.
    pub movements: usize,
}

/// What the statement that locks told beside.
#[derive(Debug)]
pub struct Look {
    /// Whether one of the lines had a claim.
    pub knows_lines: bool,
    /// Whether one of the requests was done before.
    pub knows_requests: bool,
    /// Numbers for movements, drawn when the items were locked.
    pub movement_ids: Vec<i64>,
    /// The newest movements of the items that were there and are locked, by item; 0 for an item without any.
    pub last_movements: Vec<i64>,
    /// Those of the items that have groups. Read from the rows as they were locked.
    pub grouped: Vec<String>,
}

/// Locks the ledgers of the items as [`lock_items_in_tx`] does and looks up the rest in the same round trip. Only for PostgreSQL.
///
/// What it answers of lines and requests was true when the statement began, before it waited for a lock. A claim or a request
/// that another transaction wrote meanwhile is refused by its key when this one writes, which is a lost race. Two things
/// follow: both must be inserted and never replaced, and a refusal must not be told before it is asked again.
///
/// # Panics
/// As [`lock_items_in_tx`].
pub async fn lock_and_look_in_tx(
    tx: &WriteTx<'_>,
    items: &[&ItemId],
    question: &Question<'_>,
) -> Result<Look, StorageError> {
    assert!(items.is_sorted(), "items are locked in ascending order");
    let (known, keys) = idempotency::any_known(&question.requests);
    // What is known is counted: EXISTS is planned for a row that is soon found, and here there is none.
    let text = format!(
        "WITH locked AS MATERIALIZED (SELECT item_id, last_movement, group_version FROM item_ledger WHERE item_id = ANY(?) ORDER BY item_id \
         FOR NO KEY UPDATE), counted AS MATERIALIZED (SELECT ARRAY(SELECT last_movement FROM locked) AS last_movements) \
         SELECT (SELECT COUNT(*) FROM claim WHERE line_id = ANY(?)) > 0 AS knows_lines, {known} AS knows_requests, \
         ARRAY(SELECT {} FROM counted, generate_series(1, ?)) AS movement_ids, counted.last_movements, \
         ARRAY(SELECT item_id FROM locked WHERE group_version IS NOT NULL) AS grouped FROM counted",
        row_ids::next_of("movement")
    );
    let mut values =
        vec![sql::texts(items.iter().map(|id| id.as_str())), sql::texts(question.lines.iter().map(|id| id.as_str()))];
    values.extend(keys);
    values.push(Value::from(i64::try_from(question.movements).unwrap_or(i64::MAX)));
    let row = tx.query_one_raw(sql::statement(tx, text, values)).await?;
    let Some(row) = row else {
        let (movement_ids, last_movements, grouped) = (Vec::new(), Vec::new(), Vec::new());
        return Ok(Look { knows_lines: true, knows_requests: true, movement_ids, last_movements, grouped });
    };
    Ok(Look {
        last_movements: row.try_get("", "last_movements")?,
        grouped: row.try_get("", "grouped")?,
        knows_lines: row.try_get("", "knows_lines")?,
        knows_requests: row.try_get("", "knows_requests")?,
        movement_ids: row.try_get("", "movement_ids")?,
    })
}
