//! What every store of the system shares: connections, the unit of work with its retries, idempotency of calls, the
//! outbox and its feed, the inbox, dead letters, leases, migrations and the classification of database errors.
//!
//! Where SQLite and PostgreSQL must differ, the difference lives in this crate. It must not know a service's tables,
//! make a business decision, or read the wall clock: instants are given by the caller.

mod arrays;
mod at_once;
mod batch;
pub mod bulk;
pub mod columns;
pub mod cursor;
pub mod dead_letter;
pub mod documents;
mod error;
mod event_rows;
pub mod feed;
pub mod follow;
pub mod idempotency;
pub mod inbox;
mod kept;
mod keyed;
pub mod lease;
mod migrate;
mod options;
pub mod outbox;
mod postgres;
mod recent;
pub mod row_ids;
pub mod schema;
mod shapes;
pub mod sql;
mod sqlite;
mod store;
mod tx;

pub use at_once::{AtOnce, Written, create_lost_race};
pub use batch::Batch;
pub use error::{IsRetryable, StorageError};
pub use futures::future::BoxFuture;
pub use keyed::{KeyedRow, Reads, RowReader, rows_by_key};
pub use options::StoreOptions;
pub use store::Store;
pub use tx::{SnapshotTx, Transaction, WriteTx};
