//! One effect per document of another company's system, for ever.
//!
//! A document is named by its sender, its type and the sender's own number. Its row is written in the transaction of its
//! effect, with the outcome, and is never deleted: senders send again after weeks. A second transaction with the same
//! document waits for the first (PostgreSQL: on its row, SQLite: on the writer) and then finds its outcome.

use jiff::Timestamp;
use sea_orm::{
    ConnectionTrait, Value,
    sea_query::{Index, Table, TableCreateStatement},
};

use crate::{
    Batch, StorageError, WriteTx, columns,
    schema::Columns,
    sql::{self, statement},
};

const TABLE: &str = "feed_document";

/// Names a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentKey {
    /// Who sent it.
    pub sender: String,
    /// Its type, for example `receipt`.
    pub kind: String,
    /// The sender's number.
    pub number: String,
}

/// What is known about a document at its beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// Not seen before. Take it, then call [`Batch::end_document`], in this transaction or in a later one.
    Fresh,
    /// Taken before, with the same content; this is the outcome.
    Taken(Vec<u8>),
    /// The step of this id, begun before with the same content, is taking it.
    UnderWay(String),
    /// The number was used before for other content.
    Reused,
}

/// The table, for a migration of a service that takes documents.
#[must_use]
pub fn table(columns: Columns) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table(TABLE)
        .col(columns.id_text("sender"))
        .col(columns.id_text("kind"))
        .col(columns.id_text("number"))
        .col(columns.bytes("content_hash"))
        // The step that is taking the document, where that needs more than one transaction.
        .col(columns.id_text("step_id"))
        // Missing while the document is being taken.
        .col(columns.bytes("outcome").null())
        .col(columns.instant("received_at"))
        .primary_key(Index::create().name("pk_feed_document").col("sender").col("kind").col("number"));
    columns.clustered(&mut table).take()
}

/// Begins a document. `step` is the id of the step that takes it; empty when this transaction does.
///
/// # Errors
/// [`StorageError`] of the statements.
pub async fn begin_in_tx(
    tx: &WriteTx<'_>,
    key: &DocumentKey,
    content_hash: &[u8],
    step: &str,
    now: Timestamp,
) -> Result<Known, StorageError> {
    let text = "INSERT INTO feed_document (sender, kind, number, content_hash, step_id, received_at) \
                VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (sender, kind, number) DO NOTHING";
    let rest = [Value::from(content_hash.to_vec()), Value::from(step), Value::from(columns::micros(now))];
    if sql::execute(tx, text, key.values().into_iter().chain(rest)).await? == 1 {
        return Ok(Known::Fresh);
    }
    let text = "SELECT content_hash, step_id, outcome FROM feed_document WHERE sender = ? AND kind = ? AND number = ?";
    let Some(row) = tx.query_one_raw(statement(tx, text, key.values())).await? else {
        return Err(StorageError::InvalidRow { table: TABLE, detail: "document vanished while begun".to_owned() });
    };
    let hash: Vec<u8> = row.try_get("", "content_hash")?;
    if hash != content_hash {
        return Ok(Known::Reused);
    }
    let outcome: Option<Vec<u8>> = row.try_get("", "outcome")?;
    let step: String = row.try_get("", "step_id")?;
    Ok(outcome.map_or(Known::UnderWay(step), Known::Taken))
}

/// Forgets a document whose step was undone, as if it had never come.
///
/// # Errors
/// [`StorageError`] of the statement.
pub async fn forget_in_tx(tx: &WriteTx<'_>, key: &DocumentKey) -> Result<(), StorageError> {
    let text = "DELETE FROM feed_document WHERE sender = ? AND kind = ? AND number = ? AND outcome IS NULL";
    sql::execute(tx, text, key.values()).await?;
    Ok(())
}

impl Batch {
    /// Stores the outcome of a document that was begun as [`Known::Fresh`].
    pub fn end_document(&mut self, key: &DocumentKey, outcome: &[u8]) {
        let text = "UPDATE feed_document SET outcome = ? WHERE sender = ? AND kind = ? AND number = ?";
        self.push(text, std::iter::once(Value::from(outcome.to_vec())).chain(key.values()).collect());
    }
}

impl DocumentKey {
    fn values(&self) -> [Value; 3] {
        [Value::from(self.sender.as_str()), Value::from(self.kind.as_str()), Value::from(self.number.as_str())]
    }
}
