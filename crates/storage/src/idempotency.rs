//! One effect per request id.
//!
//! The row of a request is written in the transaction of its effect, with the answer. A call that fails rolls back and
//! leaves nothing. A second call with the same key waits for the first (PostgreSQL: on its row, SQLite: on the writer)
//! and then finds its answer. There are two ways to it:
//!
//! - [`begin_in_tx`] first and [`answer_in_tx`] last: the second call waits before it does anything.
//! - [`known_in_tx`] under the locks that the effect needs, and [`Batch::answered`] last: half the writes. A second call
//!   that came in between is refused by the key and run again, as after any lost race.

use std::collections::HashMap;

use jiff::Timestamp;
use sea_orm::{DbBackend, Value};
use uuid::Uuid;

use crate::{
    Batch, StorageError, Store, WriteTx,
    arrays::is_one_of,
    columns, rows_by_key,
    sql::{self, ROWS_PER_STATEMENT_MAX},
};

const TABLE: &str = "request";
/// The name space of request ids.
const REQUESTS: Uuid = Uuid::from_u128(0x0be4_9b1c_6f0d_4c52_9d0e_5f1b_7f3a_2c61);

/// Names a write: who calls, which method, and the id that the caller chose for this write.
///
/// Take several in ascending order, so that two transactions cannot wait for each other in a circle.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestKey {
    /// The caller's identity.
    pub caller: String,
    /// The method's full name, for example `backorder.inventory.v1.StockService/ReceiveStock`.
    pub method: String,
    /// The caller's id for this write.
    pub request_id: String,
}

impl RequestKey {
    /// The key as the database knows it: a digest of all three, as short as an index wants it.
    #[must_use]
    pub fn id(&self) -> [u8; 16] {
        let Self { caller, method, request_id } = self;
        // With their lengths, so that no two keys are one text.
        let text = format!("{}:{caller}{}:{method}{request_id}", caller.len(), method.len());
        Uuid::new_v5(&REQUESTS, text.as_bytes()).into_bytes()
    }
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

/// What is known about requests; none is begun. Call it when the locks are taken that the effect needs, and write the
/// fresh ones with [`Batch::answered`].
///
/// # Errors
/// [`StorageError`] of the query.
pub async fn known_in_tx(tx: &WriteTx<'_>, requests: &[(&RequestKey, &[u8])]) -> Result<Vec<Begun>, StorageError> {
    let keys = requests.iter().map(|(key, _)| id_value(key)).collect();
    let rows: Vec<Stored> = rows_by_key(tx, &["id"], keys).await?;
    let mut stored: HashMap<Vec<u8>, Stored> = rows.into_iter().map(|row| (row.id.clone(), row)).collect();
    let begun = |(key, hash): &(&RequestKey, &[u8])| {
        stored.remove(key.id().as_slice()).map_or(Begun::Fresh, |row| row.begun(hash))
    };
    Ok(requests.iter().map(begun).collect())
}

/// A condition that is true when one of the requests is known, with its values; each `?` stands for the next. For statements
/// of PostgreSQL that look up other things as well.
#[must_use]
pub fn any_known(requests: &[&RequestKey]) -> (String, Vec<Value>) {
    if requests.is_empty() {
        return ("FALSE".to_owned(), Vec::new());
    }
    let keys = requests.iter().map(|key| id_value(key)).collect();
    let (is_one, values) = is_one_of(DbBackend::Postgres, &["id"], keys);
    // Counted, because EXISTS is planned for a row that is soon found, and here none is: the table would be read to its end.
    (format!("(SELECT COUNT(*) FROM {TABLE} WHERE {is_one}) > 0"), values)
}

/// A row of the table.
struct Stored {
    id: Vec<u8>,
    command_hash: Vec<u8>,
    answer: Option<Vec<u8>>,
}

crate::keyed_row!(Stored, "request" { id, command_hash, answer });

impl Stored {
    /// A row without an answer is one that this transaction has just inserted: a committed request always has its answer.
    fn begun(self, command_hash: &[u8]) -> Begun {
        match self.answer {
            _ if self.command_hash != command_hash => Begun::Reused,
            Some(answer) => Begun::Answered(answer),
            None => Begun::Fresh,
        }
    }
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
            begun.extend(known_in_tx(tx, chunk).await?);
        }
    }
    Ok(begun)
}

async fn insert_new(tx: &WriteTx<'_>, chunk: &[(&RequestKey, &[u8])], now: Timestamp) -> Result<u64, StorageError> {
    let rows = sql::rows_of_placeholders(chunk.len(), 3);
    let text = format!("INSERT INTO request (id, command_hash, created_at) VALUES {rows} ON CONFLICT (id) DO NOTHING");
    let values = chunk
        .iter()
        .flat_map(|(key, hash)| [id_value(key), Value::from(hash.to_vec()), Value::from(columns::micros(now))]);
    sql::execute(tx, text, values).await
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
        self.push("UPDATE request SET answer = ? WHERE id = ?", vec![Value::from(answer.to_vec()), id_value(key)]);
    }

    /// Stores a request that something else has kept from being done twice, with its answer. When another call with its
    /// key was faster, the transaction is run again.
    pub fn answered(&mut self, key: &RequestKey, command_hash: &[u8], answer: &[u8], now: Timestamp) {
        self.answered_all([(key, command_hash, answer.to_vec())], now);
    }

    /// The same for several requests.
    pub fn answered_all<'a>(
        &mut self,
        requests: impl IntoIterator<Item = (&'a RequestKey, &'a [u8], Vec<u8>)>,
        now: Timestamp,
    ) {
        let values = requests.into_iter().flat_map(|(key, command_hash, answer)| {
            [id_value(key), Value::from(command_hash.to_vec()), Value::from(answer), columns::micros(now).into()]
        });
        self.push_rows(TABLE, 4, values.collect(), |rows| {
            format!("INSERT INTO request (id, command_hash, answer, created_at) {rows}")
        });
    }
}

/// The error of a transaction that wrote requests: one whose key another transaction wrote meanwhile lost a race, and finds
/// the answer when it is run again.
pub(crate) fn lost_to_another(error: StorageError) -> StorageError {
    if error.is_unique_violation_of("pk_request_by_id", "request.id")
        && let StorageError::Unique { source, .. } = error
    {
        return StorageError::Serialization(source);
    }
    error
}

fn id_value(key: &RequestKey) -> Value {
    Value::from(key.id().to_vec())
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
                    "DELETE FROM request WHERE id IN \
                     (SELECT id FROM request WHERE created_at < ? ORDER BY created_at LIMIT ?)",
                    [Value::from(columns::micros(before)), Value::from(i64::from(limit))],
                )
                .await
            })
        })
        .await
}
