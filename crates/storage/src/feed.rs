//! The feed: committed events in one order, with consecutive positions from 1.
//!
//! Positions are what resume tokens, cursors and the broker's marks are made of. They are never given twice, never
//! skip, and follow the sequence inside an aggregate. Reading by row id would skip events that commit late.

use jiff::Timestamp;
use prost::bytes::Bytes;
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Value};
use uuid::Uuid;

use crate::{StorageError, Store, columns, event_rows, sql};

/// Rows stamped in one transaction at most.
const STAMP_ROWS_MAX: i64 = 1_000;
/// Rows looked at in one step of a purge.
const PURGE_ROWS_MAX: i64 = 200;

/// An event with its position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedEvent {
    /// Place in the feed of this store, from 1.
    pub position: i64,
    /// Unique id of the event.
    pub event_id: Uuid,
    /// The resource that changed.
    pub aggregate: String,
    /// Number of the change within the aggregate.
    pub sequence: i64,
    /// The event's type.
    pub event_type: String,
    /// The encoded protobuf message.
    pub payload: Bytes,
    /// Business time of the change.
    pub occurred_at: Timestamp,
    /// W3C `traceparent` of the cause.
    pub traceparent: Option<String>,
}

/// The feed's marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marks {
    /// The last position given; 0 before the first event.
    pub last: i64,
    /// Everything up to here has been published to the broker (where there is one).
    pub published: i64,
    /// The oldest position that is still stored, or `last + 1` when nothing is.
    pub oldest: i64,
}

/// Reads the feed's marks.
///
/// # Errors
/// [`StorageError`] of the query.
pub async fn marks(connection: &impl ConnectionTrait) -> Result<Marks, StorageError> {
    let statement = sql::statement(
        connection,
        "SELECT last_position, published_position, oldest_position FROM feed WHERE id = 1",
        [],
    );
    let row = connection.query_one_raw(statement).await?.ok_or_else(missing_row)?;
    Ok(Marks {
        last: row.try_get("", "last_position")?,
        published: row.try_get("", "published_position")?,
        oldest: row.try_get("", "oldest_position")?,
    })
}

/// The last position given; 0 before the first event.
///
/// # Errors
/// [`StorageError`] of the query.
pub async fn head(connection: &impl ConnectionTrait) -> Result<i64, StorageError> {
    Ok(marks(connection).await?.last)
}

/// The oldest position that is still stored. A reader that wants less has missed events and must start over.
///
/// # Errors
/// [`StorageError`] of the query.
pub async fn oldest(connection: &impl ConnectionTrait) -> Result<i64, StorageError> {
    Ok(marks(connection).await?.oldest)
}

/// Events after `position`, ascending, at most `limit`. What this process wrote itself a moment ago is in its memory.
///
/// # Errors
/// [`StorageError`] of the query.
pub async fn read_after(store: &Store, position: i64, limit: u32) -> Result<Vec<FeedEvent>, StorageError> {
    let events_max = usize::try_from(limit).unwrap_or(usize::MAX);
    if let Some(events) = store.recent_events().after(position, events_max)? {
        return Ok(events);
    }
    // Positions are consecutive, so no row that begins beyond the limit is needed.
    let statement = sql::statement(
        store.reader(),
        "SELECT last_position, events FROM outbox WHERE last_position > ? AND last_position - event_count < ? \
         ORDER BY last_position LIMIT ?",
        [Value::from(position), position.saturating_add(i64::from(limit)).into(), i64::from(limit).into()],
    );
    let mut found = Vec::new();
    for row in store.reader().query_all_raw(statement).await? {
        let (last, events): (i64, Vec<u8>) = (row.try_get("", "last_position")?, row.try_get("", "events")?);
        found.extend(event_rows::events_of(events.into(), last, position, events_max - found.len())?);
    }
    Ok(found)
}

/// Committed events that have no position yet. Always 0 on SQLite, where events get it when they are appended.
///
/// # Errors
/// [`StorageError`] of the query.
pub async fn unstamped(store: &Store) -> Result<u64, StorageError> {
    if store.backend() == DbBackend::Sqlite {
        return Ok(0);
    }
    let text = "SELECT CAST(COALESCE(SUM(event_count), 0) AS BIGINT) AS count FROM outbox WHERE last_position IS NULL";
    let statement = sql::statement(store.reader(), text, []);
    let row = store.reader().query_one_raw(statement).await?.ok_or_else(missing_row)?;
    let count: i64 = row.try_get("", "count")?;
    Ok(count.unsigned_abs())
}

/// Gives positions to all committed events that have none, tells the watchers, and answers how many there were.
///
/// Rows are numbered in the order of their row ids: changes of one aggregate are serialised by its row lock, so this is also
/// the order of their sequences. Two instances cannot give the same position: each moves the feed's one row on from where it
/// knows it to be, and whoever finds it moved locks it and looks again.
///
/// # Errors
/// [`StorageError`] of the statements.
pub async fn stamp(store: &Store) -> Result<u64, StorageError> {
    if store.backend() == DbBackend::Sqlite {
        store.refresh_feed_head().await?;
        return Ok(0);
    }
    let mut stamped = 0;
    loop {
        let known = *store.feed_watch().borrow();
        let Stamped { rows, events, head } = match stamp_from(store, known).await? {
            Stamping::Done(done) => done,
            Stamping::NoneWait if stamped > 0 => return Ok(stamped),
            Stamping::NoneWait => {
                store.refresh_feed_head().await?;
                return Ok(0);
            }
            Stamping::MovedOn => stamp_some(store).await?,
        };
        stamped += events;
        store.raise_feed_head(head);
        if rows < STAMP_ROWS_MAX {
            return Ok(stamped);
        }
    }
}

struct Stamped {
    rows: i64,
    events: u64,
    /// The last position given, by whomever.
    head: i64,
}

/// What has become of events without positions.
enum Stamping {
    Done(Stamped),
    NoneWait,
    /// The feed is not where it was known to be.
    MovedOn,
}

/// Gives positions in one round trip, if `known` is still the last one given. Another instance's stamping in between changes
/// the row that is moved here, which is looked at again then.
async fn stamp_from(store: &Store, known: i64) -> Result<Stamping, StorageError> {
    // In the order of the index of unstamped rows: without it, a table of rows that all are stamped is read to its end.
    let text = "WITH numbered AS MATERIALIZED \
           (SELECT id, $1 + CAST(SUM(event_count) OVER (ORDER BY id) AS BIGINT) AS last_position FROM \
             (SELECT id, event_count FROM outbox WHERE last_position IS NULL ORDER BY id LIMIT $2) AS waiting), \
         moved AS \
           (UPDATE feed SET last_position = (SELECT MAX(last_position) FROM numbered) \
            WHERE id = 1 AND last_position = $1 AND EXISTS (SELECT FROM numbered) RETURNING last_position), \
         stamped AS \
           (UPDATE outbox SET last_position = numbered.last_position FROM numbered, moved \
            WHERE outbox.id = numbered.id RETURNING outbox.id) \
         SELECT (SELECT COUNT(*) FROM numbered) AS waiting, (SELECT COUNT(*) FROM stamped) AS rows_stamped, \
         (SELECT last_position FROM moved) AS last_position";
    let reader = store.reader();
    let stamp = sql::statement(reader, text, [Value::from(known), Value::from(STAMP_ROWS_MAX)]);
    let row = reader.query_one_raw(stamp).await?.ok_or_else(missing_row)?;
    let (waiting, rows): (i64, i64) = (row.try_get("", "waiting")?, row.try_get("", "rows_stamped")?);
    let head: Option<i64> = row.try_get("", "last_position")?;
    Ok(match head {
        _ if waiting == 0 => Stamping::NoneWait,
        Some(head) => Stamping::Done(Stamped { rows, events: (head - known).unsigned_abs(), head }),
        None => Stamping::MovedOn,
    })
}

async fn stamp_some(store: &Store) -> Result<Stamped, StorageError> {
    store
        .write("stamp_feed", move |tx| {
            Box::pin(async move {
                // A statement of its own: the next one sees what the one before us stamped.
                let lock = sql::statement(tx, "SELECT last_position FROM feed WHERE id = 1 FOR UPDATE", []);
                let row = tx.query_one_raw(lock).await?.ok_or_else(missing_row)?;
                let last: i64 = row.try_get("", "last_position")?;
                let text = "WITH numbered AS \
                       (SELECT id, ? + CAST(SUM(event_count) OVER (ORDER BY id) AS BIGINT) AS last_position FROM \
                         (SELECT id, event_count FROM outbox WHERE last_position IS NULL ORDER BY id LIMIT ?) AS waiting), \
                     stamped AS \
                       (UPDATE outbox SET last_position = numbered.last_position FROM numbered \
                        WHERE outbox.id = numbered.id RETURNING outbox.last_position) \
                     UPDATE feed SET last_position = COALESCE((SELECT MAX(last_position) FROM stamped), feed.last_position) \
                     WHERE id = 1 RETURNING last_position, (SELECT COUNT(*) FROM stamped) AS rows_stamped";
                let stamp = sql::statement(tx, text, [Value::from(last), Value::from(STAMP_ROWS_MAX)]);
                let row = tx.query_one_raw(stamp).await?.ok_or_else(missing_row)?;
                let head: i64 = row.try_get("", "last_position")?;
                Ok::<_, StorageError>(Stamped {
                    rows: row.try_get("", "rows_stamped")?,
                    events: (head - last).unsigned_abs(),
                    head,
                })
            })
        })
        .await
}

/// Records that everything up to `position` has been published. Losing this in a crash only means publishing again, so
/// PostgreSQL is not asked to wait for its disk.
///
/// # Errors
/// [`StorageError`] of the statement.
pub async fn mark_published(store: &Store, position: i64) -> Result<(), StorageError> {
    store
        .write("mark_published", move |tx| {
            Box::pin(async move {
                if tx.backend() == DbBackend::Postgres {
                    tx.execute_unprepared("SET LOCAL synchronous_commit TO off").await?;
                }
                sql::execute(
                    tx,
                    "UPDATE feed SET published_position = $1 WHERE id = 1 AND published_position < $1",
                    [Value::from(position)],
                )
                .await?;
                Ok::<_, StorageError>(())
            })
        })
        .await
}

/// Forgets events that occurred before `before` and stand at or below `through` (what every reader has passed), oldest
/// first, and answers how many. Stops at the first event that must stay, so the feed has no holes. Events of one
/// transaction are forgotten together.
///
/// # Errors
/// [`StorageError`] of the statements.
pub async fn purge(store: &Store, before: Timestamp, through: i64) -> Result<u64, StorageError> {
    let mut purged = 0;
    loop {
        let looked_at = oldest_rows(store, through).await?;
        let old: Vec<&OldRow> = looked_at.iter().take_while(|row| row.newest_at < columns::micros(before)).collect();
        let Some(last) = old.last().map(|row| row.last_position) else { return Ok(purged) };
        purged += old.iter().map(|row| row.event_count.unsigned_abs()).sum::<u64>();
        store
            .write("purge_feed", move |tx| {
                Box::pin(async move {
                    let text = "DELETE FROM outbox WHERE last_position IS NOT NULL AND last_position <= ?";
                    sql::execute(tx, text, [Value::from(last)]).await?;
                    let text = "UPDATE feed SET oldest_position = $1 WHERE id = 1 AND oldest_position < $1";
                    sql::execute(tx, text, [Value::from(last + 1)]).await?;
                    Ok::<_, StorageError>(())
                })
            })
            .await?;
        store.recent_events().forget(last);
    }
}

#[derive(FromQueryResult)]
struct OldRow {
    last_position: i64,
    event_count: i64,
    newest_at: i64,
}

async fn oldest_rows(store: &Store, through: i64) -> Result<Vec<OldRow>, StorageError> {
    let statement = sql::statement(
        store.reader(),
        "SELECT last_position, event_count, newest_at FROM outbox WHERE last_position <= ? \
         ORDER BY last_position LIMIT ?",
        [Value::from(through), Value::from(PURGE_ROWS_MAX)],
    );
    Ok(OldRow::find_by_statement(statement).all(store.reader()).await?)
}

pub(crate) fn missing_row() -> StorageError {
    StorageError::InvalidRow { table: "feed", detail: "the feed's row is missing".to_owned() }
}
