//! The log beside a SQLite file stays bounded: a reader of an old snapshot makes it long only as long as it reads.

use backorder_storage::{StorageError, Store};
use backorder_testkit::Backend;
use sea_orm::{EntityTrait as _, PaginatorTrait as _};

use crate::{
    TestStore,
    commits::{assert_whole, commit, setting_of_the_writer},
    shelf::boxes,
};

/// A frame of the log is a page with a header.
const FRAME_BYTES: u64 = 4096 + 24;
/// Commits that are more than enough for a log to be carried over and to begin anew.
const COMMITS_UNTIL_ANEW: usize = 50;

/// The log of a store and its bounds.
struct Log {
    path: String,
    /// The length at which a commit carries the log over itself.
    own_checkpoint_bytes: u64,
    /// The length to which it is cut when it begins anew.
    limit_bytes: u64,
}

impl Log {
    async fn of(test: &TestStore) -> Self {
        let file = test.database.url().strip_prefix("sqlite:").unwrap();
        let frames = setting_of_the_writer(test, "PRAGMA wal_autocheckpoint").await;
        let limit_bytes = setting_of_the_writer(test, "PRAGMA journal_size_limit").await;
        Self { path: format!("{file}-wal"), own_checkpoint_bytes: frames * FRAME_BYTES, limit_bytes }
    }

    fn bytes(&self) -> u64 {
        std::fs::metadata(&self.path).unwrap().len()
    }

    /// Commits beside a reader that keeps its snapshot, until the log is longer than `bytes`; answers the last number.
    async fn make_long_beside_a_reader(&self, store: &Store, bytes: u64) -> i64 {
        let reading = store.snapshot("reader", move |tx| {
            Box::pin(async move {
                let seen = boxes::Entity::find().count(&**tx).await?;
                let mut number = 0;
                while self.bytes() <= bytes {
                    number += 1;
                    commit(store, number).await?;
                }
                assert_eq!(boxes::Entity::find().count(&**tx).await?, seen, "the reader keeps its snapshot");
                Ok::<_, StorageError>(number)
            })
        });
        reading.await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_a_reader_kept_from_being_emptied_begins_anew_beside_the_commits_when_the_reader_has_gone() {
    let test = TestStore::new(Backend::Sqlite).await;
    let log = Log::of(&test).await;
    let kept = log.make_long_beside_a_reader(&test, log.own_checkpoint_bytes / 4 * 3).await;
    // As many again would make the log twice as long.
    for number in kept + 1..=kept * 2 {
        commit(&test, number).await.unwrap();
        assert!(log.bytes() < log.own_checkpoint_bytes, "commit {number} came to carry {} bytes over", log.bytes());
    }
    assert_eq!(assert_whole(&test).await, kept * 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_grew_over_its_limit_beside_a_reader_is_cut_to_it_when_the_reader_has_gone() {
    let test = TestStore::new(Backend::Sqlite).await;
    let log = Log::of(&test).await;
    assert!(log.own_checkpoint_bytes < log.limit_bytes, "what is carried over in time is never cut");
    let kept = log.make_long_beside_a_reader(&test, log.limit_bytes).await;
    let mut number = kept;
    for _ in 0..COMMITS_UNTIL_ANEW {
        number += 1;
        commit(&test, number).await.unwrap();
    }
    assert!(log.bytes() <= log.limit_bytes, "{}", log.bytes());
    assert_eq!(assert_whole(&test).await, number);
}
