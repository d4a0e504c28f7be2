//! The log beside a file. Once the file proves busy, the log is made as long as it will ever need to be, and it is carried
//! over into the file beside the writer and not by it.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use rusqlite::Connection;
use sea_orm::DbErr;

use super::{
    AUTO_CHECKPOINT_PAGES, CHECKPOINT_PAGES, Readers, Writer,
    failure::failed,
    pool::{Pool, waiting},
};

/// MiB that a busy file's log is made long. More than a checkpoint's worth, so that the log never has to grow after.
pub(super) const RESERVED_LOG_MIB: u64 = 20;
/// KiB of the value that makes the log long.
const RESERVE_STEP_KIB: u64 = 512;
/// Commits of this process after which a file counts as busy.
const BUSY_AFTER_COMMITS: u64 = 200;

/// Commits between two checkpoints at most, so that a log of small commits is not left for ever.
const COMMITS_PER_CHECKPOINT_MAX: u64 = 2_000;

/// The log of a file.
///
/// Syncing a file that grows also syncs the file system's own records, which took 1.9 to 2.5 ms per commit where
/// syncing a part that is written over took 0.4 to 0.6 ms.
pub(crate) struct WriteAheadLog {
    path: PathBuf,
    commits: AtomicU64,
    carrying: Arc<Carrying>,
}

/// When the log is carried over into the file next.
struct Carrying {
    /// Commits since it was carried over last.
    commits: AtomicU64,
    /// Commits after which it is due: as many as fill a checkpoint, by what those before have written.
    due_after: AtomicU64,
    is_under_way: AtomicBool,
}

impl WriteAheadLog {
    pub(crate) fn of(file: &Path) -> Self {
        let mut path = file.as_os_str().to_owned();
        path.push("-wal");
        let carrying = Carrying {
            commits: AtomicU64::new(0),
            due_after: AtomicU64::new(BUSY_AFTER_COMMITS),
            is_under_way: AtomicBool::new(false),
        };
        Self { path: path.into(), commits: AtomicU64::new(0), carrying: Arc::new(carrying) }
    }

    /// Counts a commit; the one that makes the file a busy one waits for the reservation, and the one that makes the log
    /// long begins to carry it over, without waiting. Failing costs only speed.
    pub(crate) async fn note_commit(&self, writer: &Writer, readers: &Readers) {
        if self.commits.fetch_add(1, Ordering::Relaxed) + 1 == BUSY_AFTER_COMMITS {
            self.make_long(writer).await;
        }
        let carrying = &self.carrying;
        let commits = carrying.commits.fetch_add(1, Ordering::Relaxed) + 1;
        if commits >= carrying.due_after.load(Ordering::Relaxed) && !carrying.is_under_way.swap(true, Ordering::AcqRel)
        {
            tokio::spawn(Arc::clone(carrying).carry_over(Arc::clone(&readers.pool), Arc::clone(&writer.pool)));
        }
    }

    async fn make_long(&self, writer: &Writer) {
        let long_enough = tokio::fs::metadata(&self.path).await.is_ok_and(|log| log.len() >= RESERVED_LOG_MIB << 20);
        if long_enough {
            return;
        }
        if let Err(error) = reserve(writer).await {
            tracing::warn!(log = %self.path.display(), error = %error, "log could not be made longer, commits stay slow");
        }
    }
}

impl Carrying {
    /// Carries the log over on another connection while the writer goes on, then what was written meanwhile on the
    /// writer's own, between two transactions: only when nothing is left can the log begin anew.
    async fn carry_over(self: Arc<Self>, readers: Arc<Pool>, writer: Arc<Pool>) {
        let commits = self.commits.swap(0, Ordering::Relaxed);
        let pages = checkpoint(&readers).await;
        let rest = checkpoint(&writer).await;
        // A closed pool ends it: what closes last carries everything over.
        if let (Ok(pages), Ok(_)) = (pages, rest) {
            let due_after = commits.saturating_mul(CHECKPOINT_PAGES) / pages.max(1);
            self.due_after.store(due_after.clamp(1, COMMITS_PER_CHECKPOINT_MAX), Ordering::Relaxed);
        }
        self.is_under_way.store(false, Ordering::Release);
    }
}

/// Carries over what no reader needs in the log; answers the pages that the log has.
async fn checkpoint(pool: &Arc<Pool>) -> Result<u64, DbErr> {
    let taken = pool.take().await?;
    let pages = |connection: &Connection| {
        connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get::<_, i64>(1))
    };
    waiting(|| pages(taken.connection()?).map_err(failed)).map(i64::unsigned_abs)
}

/// Fills the log by writing one value over and over, and lets it be carried over into the file only then; what is written
/// next starts at the log's beginning. The value is random, as SQLite leaves a page alone whose bytes stay the same. It
/// is small, as each page that becomes free with it is given out in an order that makes SQLite look through its whole
/// cache at the end of the commit.
async fn reserve(writer: &Writer) -> Result<(), DbErr> {
    let filled = writer.run(&filling_the_log()).await;
    writer.run(&format!("PRAGMA wal_autocheckpoint = {AUTO_CHECKPOINT_PAGES}; PRAGMA wal_checkpoint(PASSIVE)")).await?;
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
