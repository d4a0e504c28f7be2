//! The newest events of a store in memory, so that a reader that keeps up need not ask the database for what this process
//! has just written.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use prost::bytes::Bytes;

use crate::{
    StorageError,
    event_rows::{EventRow, events_of},
    feed::FeedEvent,
};

/// Bytes of encoded events that are kept at most.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// Rows of events that follow one another without a gap, the newest last.
#[derive(Debug, Default)]
pub(crate) struct RecentEvents {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    rows: VecDeque<Row>,
    bytes: usize,
}

impl Kept {
    fn drop_oldest(&mut self) {
        if let Some(oldest) = self.rows.pop_front() {
            self.bytes -= oldest.events.len();
        }
    }
}

#[derive(Debug)]
struct Row {
    /// The positions of its first and its last event.
    first: i64,
    last: i64,
    events: Bytes,
}

impl RecentEvents {
    /// Keeps the rows of a transaction that is committed and moved the head of the feed to `head`.
    pub(crate) fn keep(&self, rows: Vec<EventRow>, head: i64) {
        let mut kept = self.kept();
        let mut before = head - rows.iter().map(|row| row.count).sum::<i64>();
        for EventRow { count, events, .. } in rows {
            // Somebody else wrote in between: what is older can no longer be followed from here.
            if kept.rows.back().is_some_and(|newest| newest.last != before) {
                *kept = Kept::default();
            }
            kept.bytes += events.len();
            kept.rows.push_back(Row { first: before + 1, last: before + count, events });
            before += count;
        }
        while kept.bytes > BYTES_MAX {
            kept.drop_oldest();
        }
    }

    /// Forgets all events through `position`, as the feed has.
    pub(crate) fn forget(&self, position: i64) {
        let mut kept = self.kept();
        while kept.rows.front().is_some_and(|oldest| oldest.last <= position) {
            kept.drop_oldest();
        }
    }

    /// The events after `position`, at most `limit`; `None` when the first of them is not kept.
    pub(crate) fn after(&self, position: i64, limit: usize) -> Result<Option<Vec<FeedEvent>>, StorageError> {
        let Some(rows) = self.rows_after(position, limit) else { return Ok(None) };
        let mut found = Vec::new();
        for (events, last) in rows {
            found.extend(events_of(events, last, position, limit - found.len())?);
        }
        Ok(Some(found))
    }

    fn rows_after(&self, position: i64, limit: usize) -> Option<Vec<(Bytes, i64)>> {
        let kept = self.kept();
        let from = kept.rows.partition_point(|row| row.last <= position);
        kept.rows.get(from).filter(|row| row.first <= position + 1)?;
        let through = position.saturating_add(i64::try_from(limit).unwrap_or(i64::MAX));
        let wanted = kept.rows.range(from..).take_while(|row| row.first <= through);
        Some(wanted.map(|row| (row.events.clone(), row.last)).collect())
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::{event_rows::rows_of, outbox::NewEvent};

    fn rows(count: i64, bytes: usize) -> Vec<EventRow> {
        let event = |sequence| NewEvent {
            event_id: Uuid::nil(),
            aggregate: "a".to_owned(),
            sequence,
            event_type: "test".to_owned(),
            payload: vec![0; bytes],
            occurred_at: Timestamp::UNIX_EPOCH,
            traceparent: None,
        };
        rows_of((1..=count).map(event).collect())
    }

    fn positions(recent: &RecentEvents, position: i64, limit: usize) -> Option<Vec<i64>> {
        recent.after(position, limit).unwrap().map(|events| events.iter().map(|event| event.position).collect())
    }

    #[test]
    fn a_reader_gets_what_follows_its_position_over_the_rows() {
        let recent = RecentEvents::default();
        assert_eq!(positions(&recent, 0, 10), None);
        recent.keep(rows(3, 1), 13);
        recent.keep(rows(2, 1), 15);
        assert_eq!(positions(&recent, 10, 10), Some(vec![11, 12, 13, 14, 15]));
        assert_eq!(positions(&recent, 11, 3), Some(vec![12, 13, 14]));
        assert_eq!(positions(&recent, 9, 10), None, "position 10 was never kept");
        assert_eq!(positions(&recent, 15, 10), None, "what comes after the newest is not known here");
    }

    #[test]
    fn a_gap_forgets_what_is_older() {
        let recent = RecentEvents::default();
        recent.keep(rows(3, 1), 3);
        recent.keep(rows(1, 1), 8);
        assert_eq!(positions(&recent, 2, 10), None);
        assert_eq!(positions(&recent, 7, 10), Some(vec![8]));
    }

    #[test]
    fn what_the_feed_has_forgotten_is_forgotten() {
        let recent = RecentEvents::default();
        recent.keep(rows(3, 1), 3);
        recent.keep(rows(2, 1), 5);
        recent.forget(3);
        assert_eq!(positions(&recent, 2, 10), None);
        assert_eq!(positions(&recent, 3, 10), Some(vec![4, 5]));
    }

    #[test]
    fn it_is_bounded_in_bytes() {
        let recent = RecentEvents::default();
        recent.keep(rows(30, 250 * 1024), 30);
        assert_eq!(positions(&recent, 0, 1), None);
        assert_eq!(positions(&recent, 29, 1), Some(vec![30]));
        assert!(recent.kept().bytes <= BYTES_MAX);
    }
}
