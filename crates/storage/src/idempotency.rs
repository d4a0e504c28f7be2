//! One effect per request id.
//!
//! The row of a request is written in the transaction of its effect, with the answer. A call that fails rolls back and
//! leaves nothing. A second call with the same key waits for the first (PostgreSQL: on its row, SQLite: on the writer)
//! and then finds its answer.

use std::collections::HashMap;

use jiff::Timestamp;
use sea_orm::{ConnectionTrait, Value};

use crate::{
    Batch, StorageError, Store, WriteTx, columns,
    sql::{self, ROWS_PER_STATEMENT_MAX},
};

const TABLE: &str = "request";

/// Names a write: who calls, which method, and the id that the caller chose for this write.
///
/// Keys order as the database orders them; take several in ascending order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestKey {
    /// The caller's identity.
    pub caller: String,
    /// The method's full name, for example `backorder.inventory.v1.StockService/ReceiveStock`.
    pub method: String,
    /// The caller's id for this write.
    pub request_id: String,
}

/// What is known about a request at its beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// Not seen before. Do it, then call [`answer_in_tx`] in the same transaction.
    Fresh,
    /// Done before with the same command; this is the stored answer.
    Answered(Vec<u8>),
    /// The id was used before for another command.
    Reused,
}

/// Begins a request. See [`begin_all_in_tx`].
///
/// # Errors
/// [`StorageError`] of the statements.
pub async fn begin_in_tx(
    tx: &WriteTx<'_>,
    key: &RequestKey,
    command_hash: &[u8],
    now: Timestamp,
) -> Result<Begun, StorageError> {
    let begun = begin_all_in_tx(tx, &[(key, command_hash)], now).await?;
    Ok(begun.into_iter().next().unwrap_or(Begun::Fresh))
}

/// Begins several requests in one transaction. `command_hash` is that of the canonical form of the command without its id.
///
/// Keys must be distinct and ascending, so that two batches with common keys cannot wait for each other in a circle.
///
/// # Errors
/// [`StorageError`] of the statements.
///
/// # Panics
/// When the keys are not distinct and ascending, which is a fault of the program.
pub async fn begin_all_in_tx(
    tx: &WriteTx<'_>,
    requests: &[(&RequestKey, &[u8])],
    now: Timestamp,
) -> Result<Vec<Begun>, StorageError> {
    assert!(requests.is_sorted_by(|a, b| a.0 < b.0), "request keys must be distinct and ascending");
    let mut begun = Vec::with_capacity(requests.len());
    for chunk in requests.chunks(ROWS_PER_STATEMENT_MAX) {
        let inserted = insert_new(tx, chunk, now).await?;
        if inserted == chunk.len() as u64 {
            begun.extend(chunk.iter().map(|_| Begun::Fresh));
        } else {
            begun.extend(tell_apart(tx, chunk).await?);
        }
    }
    Ok(begun)
}

async fn insert_new(tx: &WriteTx<'_>, chunk: &[(&RequestKey, &[u8])], now: Timestamp) -> Result<u64, StorageError> {
    let rows = sql::rows_of_placeholders(chunk.len(), 5);
    let text = format!(
        "INSERT INTO request (caller, method, request_id, command_hash, created_at) VALUES {rows} \
         ON CONFLICT (caller, method, request_id) DO NOTHING"
    );
    let values = chunk.iter().flat_map(|(key, hash)| {
        [
            Value::from(key.caller.as_str()),
            Value::from(key.method.as_str()),
            Value::from(key.request_id.as_str()),
            Value::from(hash.to_vec()),
            Value::from(columns::micros(now)),
        ]
    });
    sql::execute(tx, text, values).await
}

/// Some rows were there before. A row without an answer is one that this transaction has just inserted: a committed
/// request always has its answer.
async fn tell_apart(tx: &WriteTx<'_>, chunk: &[(&RequestKey, &[u8])]) -> Result<Vec<Begun>, StorageError> {
    let rows = sql::rows_of_placeholders(chunk.len(), 3);
    let text = format!(
        "SELECT caller, method, request_id, command_hash, answer FROM request \
         WHERE (caller, method, request_id) IN (VALUES {rows})"
    );
    let values = chunk.iter().flat_map(|(key, _)| key_values(key));
    let mut stored = HashMap::with_capacity(chunk.len());
    for row in tx.query_all_raw(sql::statement(tx, text, values)).await? {
        let key = RequestKey {
            caller: row.try_get("", "caller")?,
            method: row.try_get("", "method")?,
            request_id: row.try_get("", "request_id")?,
        };
        let hash: Vec<u8> = row.try_get("", "command_hash")?;
        let answer: Option<Vec<u8>> = row.try_get("", "answer")?;
        stored.insert(key, (hash, answer));
    }
    chunk
        .iter()
        .map(|(key, command_hash)| match stored.remove(*key) {
            Some((hash, _)) if hash != *command_hash => Ok(Begun::Reused),
            Some((_, Some(answer))) => Ok(Begun::Answered(answer)),
            Some((_, None)) => Ok(Begun::Fresh),
            None => Err(StorageError::InvalidRow { table: TABLE, detail: "request vanished while begun".to_owned() }),
        })
        .collect()
}

/// Stores the answer of a request that was begun as [`Begun::Fresh`] in this transaction.
///
/// # Errors
/// [`StorageError`] of the statement.
pub async fn answer_in_tx(tx: &WriteTx<'_>, key: &RequestKey, answer: &[u8]) -> Result<(), StorageError> {
    let mut batch = Batch::new(tx);
    batch.answer(key, answer);
    if batch.run(tx).await? == 1 {
        Ok(())
    } else {
        Err(StorageError::InvalidRow { table: TABLE, detail: "answered request was not begun".to_owned() })
    }
}

impl Batch {
    /// Stores the answer of a request that was begun as [`Begun::Fresh`] in this transaction.
    pub fn answer(&mut self, key: &RequestKey, answer: &[u8]) {
        let text = "UPDATE request SET answer = ? WHERE caller = ? AND method = ? AND request_id = ?";
        let [caller, method, request_id] = key_values(key);
        self.push(text, vec![Value::from(answer.to_vec()), caller, method, request_id]);
    }

    /// Stores a request that something else has kept from being done twice, with its answer.
    pub fn answered(&mut self, key: &RequestKey, command_hash: &[u8], answer: &[u8], now: Timestamp) {
        let text = "INSERT INTO request (caller, method, request_id, command_hash, answer, created_at) \
                    VALUES (?, ?, ?, ?, ?, ?)";
        let [caller, method, request_id] = key_values(key);
        let rest = [Value::from(command_hash.to_vec()), Value::from(answer.to_vec()), columns::micros(now).into()];
        self.push(text, [caller, method, request_id].into_iter().chain(rest).collect());
    }
}

fn key_values(key: &RequestKey) -> [Value; 3] {
    [Value::from(key.caller.as_str()), Value::from(key.method.as_str()), Value::from(key.request_id.as_str())]
}

/// Forgets requests that were begun before `before`, at most `limit` of them; answers how many. Keep at least 48 hours.
///
/// # Errors
/// [`StorageError`] of the statement.
pub async fn purge(store: &Store, before: Timestamp, limit: u32) -> Result<u64, StorageError> {
    store
        .write("purge_requests", move |tx| {
            Box::pin(async move {
                sql::execute(
                    tx,
                    "DELETE FROM request WHERE (caller, method, request_id) IN \
                     (SELECT caller, method, request_id FROM request WHERE created_at < ? \
                      ORDER BY created_at LIMIT ?)",
                    [Value::from(columns::micros(before)), Value::from(i64::from(limit))],
                )
                .await
            })
        })
        .await
}
