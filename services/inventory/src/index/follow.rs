//! Keeping the index complete: a snapshot, and then the feed from the position on that it had before the snapshot.

use std::{sync::Arc, time::Duration};

use backorder_proto::inventory::v1 as pb;
use backorder_storage::{
    StorageError, Store,
    feed::FeedEvent,
    follow::{FeedFollower, FollowError},
};
use prost::Message;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{AvailabilityIndex, ItemFacts, Stock};
use crate::{
    error::Error,
    events::PACKAGE,
    store::snapshot::{PositionRow, items_after, positions_after},
};

/// Events read at once.
const BATCH_EVENTS_MAX: u32 = 500;

/// Keeps the index complete until shutdown: every `tick` it takes in what was committed meanwhile, by whichever process.
///
/// While the database cannot be asked, the index grows old; it goes on from its position afterwards. Where the feed has
/// forgotten what comes next, the index is read anew, and answers nothing until then.
///
/// # Errors
/// Those of the store while the index is read anew; the job is started again then.
pub async fn keep_index(
    index: Arc<AvailabilityIndex>,
    store: Store,
    tick: Duration,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    loop {
        index.interrupted();
        // Before the snapshot: what is committed while it is read comes again with the feed.
        let follower = FeedFollower::start(&store, None, tick).await?;
        if shutdown.run_until_cancelled(read_all(&index, &store)).await.transpose()?.is_none() {
            return Ok(());
        }
        match follow(&index, follower, tick, &shutdown).await {
            Ended::Shutdown => return Ok(()),
            Ended::Lost(error) => {
                tracing::warn!(error = %error, "the index of positions lost the feed and is read anew");
            }
        }
    }
}

enum Ended {
    Shutdown,
    /// What comes next is forgotten, or the feed is another one.
    Lost(FollowError),
}

async fn follow(
    index: &AvailabilityIndex,
    mut follower: FeedFollower,
    tick: Duration,
    shutdown: &CancellationToken,
) -> Ended {
    let mut is_lagging = false;
    loop {
        let looked_at = Instant::now();
        let caught_up = follower.catch_up(BATCH_EVENTS_MAX, |events| take_in(index, &events));
        match shutdown.run_until_cancelled(caught_up).await {
            None => return Ended::Shutdown,
            Some(Ok(())) => {
                index.completed(looked_at);
                is_lagging = false;
            }
            Some(Err(FollowError::Storage(error))) => {
                metrics::counter!("backorder_inventory_index_look_failures_total").increment(1);
                if !is_lagging {
                    tracing::warn!(error = %error, "the index of positions cannot be kept up and grows old");
                }
                is_lagging = true;
            }
            Some(Err(error @ (FollowError::Forgotten { .. } | FollowError::BeyondHead { .. }))) => {
                return Ended::Lost(error);
            }
        }
        tell(index);
        if shutdown.run_until_cancelled(tokio::time::sleep(tick)).await.is_none() {
            return Ended::Shutdown;
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge")]
fn tell(index: &AvailabilityIndex) {
    metrics::gauge!("backorder_inventory_index_positions").set(index.positions() as f64);
    if let Some(complete_at) = index.complete_at() {
        metrics::gauge!("backorder_inventory_index_age_seconds").set(complete_at.elapsed().as_secs_f64());
    }
}

/// Reads everything there is room for. What changes meanwhile may be read before or after its change.
async fn read_all(index: &AvailabilityIndex, store: &Store) -> Result<(), StorageError> {
    // What is kept already must be read anew, wherever it comes.
    let was_empty = index.positions() == 0;
    let mut last = PositionRow::default();
    loop {
        let rows = positions_after(store.reader(), &last.item_id, &last.location_id).await?;
        for row in &rows {
            index.put_stock(&row.item_id, &row.location_id, &row.stock());
        }
        match rows.into_iter().next_back() {
            Some(_) if was_empty && index.is_full() => break,
            Some(row) => last = row,
            None => break,
        }
    }
    let mut last = String::new();
    loop {
        let rows = items_after(store.reader(), &last).await?;
        for row in &rows {
            index.put_item(&row.id, row.facts());
        }
        match rows.into_iter().next_back() {
            Some(row) => last = row.id,
            None => return Ok(()),
        }
    }
}

/// Takes in what events tell of positions and items.
pub(super) fn take_in(index: &AvailabilityIndex, events: &[FeedEvent]) -> Result<(), StorageError> {
    for event in events {
        match event.event_type.strip_prefix(PACKAGE) {
            Some(".PositionChanged") => {
                let changed = pb::PositionChanged::decode(event.payload.clone()).map_err(invalid)?;
                let position = changed.position.unwrap_or_default();
                let stock = stock_of(&position)?;
                index.put_stock(id_of(&position.item), id_of(&position.location), &stock);
            }
            Some(".ItemChanged") => {
                let item = pb::ItemChanged::decode(event.payload.clone()).map_err(invalid)?.item.unwrap_or_default();
                let is_kit = !item.components.is_empty();
                let facts = ItemFacts { version: event.sequence, safety_stock: item.safety_stock, is_kit };
                index.put_item(id_of(&item.name), facts);
            }
            _ => {}
        }
    }
    Ok(())
}

fn stock_of(position: &pb::Position) -> Result<Stock, StorageError> {
    let time = position.update_time.ok_or_else(|| invalid("a position without a time"))?;
    Ok(Stock {
        version: position.version,
        updated_at: time.seconds.saturating_mul(1_000_000).saturating_add(i64::from(time.nanos) / 1_000),
        available: position.available,
        reserved: position.reserved,
        released: position.released,
        held: position.held,
        quality_control: position.quality_control,
        damaged: position.damaged,
        in_transit: position.in_transit,
    })
}

/// The id in a resource name.
fn id_of(name: &str) -> &str {
    name.split_once('/').map_or(name, |(_, id)| id)
}

fn invalid(error: impl ToString) -> StorageError {
    StorageError::InvalidRow { table: "outbox", detail: error.to_string() }
}
