//! The log beside a file. Once the file proves busy, the log is made as long as it will ever need to be.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use sea_orm::DbErr;

use super::{CHECKPOINT_PAGES, Writer};

/// MiB that a busy file's log is made long. More than a checkpoint's worth, so that the log never has to grow after.
pub(super) const RESERVED_LOG_MIB: u64 = 20;
/// KiB of the value that makes the log long.
const RESERVE_STEP_KIB: u64 = 512;
/// Commits of this process after which a file counts as busy.
const BUSY_AFTER_COMMITS: u64 = 200;

/// The log of a file.
///
/// Syncing a file that grows also syncs the file system's own records, which took 1.9 to 2.5 ms per commit where
/// syncing a part that is written over took 0.4 to 0.6 ms.
pub(crate) struct WriteAheadLog {
    path: PathBuf,
    commits: AtomicU64,
}

impl WriteAheadLog {
    pub(crate) fn of(file: &Path) -> Self {
        let mut path = file.as_os_str().to_owned();
        path.push("-wal");
        Self { path: path.into(), commits: AtomicU64::new(0) }
    }

    /// Counts a commit; the one that makes the file a busy one waits for the reservation. Failing costs only speed.
    pub(crate) async fn note_commit(&self, writer: &Writer) {
        if self.commits.fetch_add(1, Ordering::Relaxed) + 1 != BUSY_AFTER_COMMITS {
            return;
        }
        let long_enough = tokio::fs::metadata(&self.path).await.is_ok_and(|log| log.len() >= RESERVED_LOG_MIB << 20);
        if long_enough {
            return;
        }
        if let Err(error) = reserve(writer).await {
            tracing::warn!(log = %self.path.display(), error = %error, "log could not be made longer, commits stay slow");
        }
    }
}

/// Fills the log by writing one value over and over, and lets it be carried over into the file only then; what is written
/// next starts at the log's beginning. The value is random, as SQLite leaves a page alone whose bytes stay the same. It
/// is small, as each page that becomes free with it is given out in an order that makes SQLite look through its whole
/// cache at the end of the commit.
async fn reserve(writer: &Writer) -> Result<(), DbErr> {
    let filled = writer.run(&filling_the_log()).await;
    writer.run(&format!("PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}; PRAGMA wal_checkpoint(PASSIVE)")).await?;
    filled
}

fn filling_the_log() -> String {
    let steps = usize::try_from(RESERVED_LOG_MIB * 1024 / RESERVE_STEP_KIB).unwrap_or_default();
    let fill = format!("UPDATE log_reserve SET fill = randomblob({RESERVE_STEP_KIB} * 1024);").repeat(steps);
    format!(
        "PRAGMA wal_autocheckpoint = 0; CREATE TABLE IF NOT EXISTS log_reserve (fill BLOB); \
         INSERT INTO log_reserve VALUES (NULL); {fill} DROP TABLE log_reserve"
    )
}
