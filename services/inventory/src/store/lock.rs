//! The one way in which stock is locked: the row of each item, ascending.
//!
//! Everything of an item (positions, claims, reservations, pegs, holds, supplies) changes only under its item's lock, so
//! that a row that does not exist yet is guarded too: a line that begins to wait and stock that arrives cannot miss each
//! other. On SQLite the writing transaction is alone and no statement is sent.

use backorder_domain::ids::{ItemId, LineId};
use backorder_storage::{
    StorageError, WriteTx,
    idempotency::{self, RequestKey},
    row_ids, sql,
};
use sea_orm::{ConnectionTrait, DbBackend, Value};

/// Item ids in one statement at most.
const IDS_PER_STATEMENT_MAX: usize = 500;

/// Locks the rows of the items until the transaction ends, and answers those of the ids that may have a row. A row that
/// another transaction makes a moment later is seen and not locked, so nothing must be decided on it.
///
/// # Panics
/// When the ids are not ascending, which is a fault of the program.
pub async fn lock_items_in_tx<'a>(tx: &WriteTx<'_>, ids: &[&'a ItemId]) -> Result<Vec<&'a ItemId>, StorageError> {
    assert!(ids.is_sorted(), "items are locked in ascending order");
    if tx.backend() == DbBackend::Sqlite {
        return Ok(ids.to_vec());
    }
    let mut locked = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(IDS_PER_STATEMENT_MAX) {
        // Rows that refer to the item may still be inserted by others: only changes wait.
        let text = "SELECT id FROM item WHERE id = ANY(?) ORDER BY id FOR NO KEY UPDATE";
        let ids = sql::texts(chunk.iter().map(|id| id.as_str()));
        let rows = tx.query_all_raw(sql::statement(tx, text, [ids])).await.map_err(StorageError::from)?;
        let rows: Result<Vec<String>, _> = rows.iter().map(|row| row.try_get("", "id")).collect();
        let rows = rows.map_err(StorageError::from)?;
        // Both ascend bytewise.
        locked.extend(chunk.iter().filter(|id| rows.binary_search_by(|row| row.as_str().cmp(id.as_str())).is_ok()));
    }
    Ok(locked)
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
    /// How many of the items were there, and are locked.
    pub items_locked: usize,
}

/// Locks the rows of the items as [`lock_items_in_tx`] does and looks up the rest in the same round trip. Only for PostgreSQL.
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
        "WITH locked AS MATERIALIZED (SELECT id FROM item WHERE id = ANY(?) ORDER BY id FOR NO KEY UPDATE), \
         counted AS MATERIALIZED (SELECT COUNT(*) AS items FROM locked) \
         SELECT (SELECT COUNT(*) FROM claim WHERE line_id = ANY(?)) > 0 AS knows_lines, {known} AS knows_requests, \
         ARRAY(SELECT {} FROM counted, generate_series(1, ?)) AS movement_ids, counted.items AS items_locked FROM counted",
        row_ids::next_of("movement")
    );
    let mut values =
        vec![sql::texts(items.iter().map(|id| id.as_str())), sql::texts(question.lines.iter().map(|id| id.as_str()))];
    values.extend(keys);
    values.push(Value::from(i64::try_from(question.movements).unwrap_or(i64::MAX)));
    let row = tx.query_one_raw(sql::statement(tx, text, values)).await?;
    let Some(row) = row else {
        return Ok(Look { knows_lines: true, knows_requests: true, movement_ids: Vec::new(), items_locked: 0 });
    };
    let items_locked: i64 = row.try_get("", "items_locked")?;
    Ok(Look {
        items_locked: usize::try_from(items_locked).unwrap_or_default(),
        knows_lines: row.try_get("", "knows_lines")?,
        knows_requests: row.try_get("", "knows_requests")?,
        movement_ids: row.try_get("", "movement_ids")?,
    })
}
