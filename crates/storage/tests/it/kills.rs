//! A program is killed while the log of its file is carried over into the file: what it acknowledged is there, once.
//!
//! The program is the test itself, started again with [`FOLDER_ENV`]. Nothing in the product tells that the log is being
//! carried over: its index does, which SQLite keeps in a file beside the log and leaves there when the program is killed.

use std::{
    fs::File,
    io::Write as _,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    process::Command,
};

use backorder_storage::{Store, StoreOptions};
use backorder_testkit::{counts::cases, eventually, process::TestProcess, seed_bytes};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use crate::{
    commits::{assert_whole, commit, last, setting_of_the_writer},
    shelf,
};

/// The folder in which the test that is started again writes until it is killed.
const FOLDER_ENV: &str = "BACKORDER_TEST_KILLED_WRITER_FOLDER";
/// The test's own name, for starting it again.
const TEST: &str = "kills::what_was_acknowledged_before_a_kill_in_a_checkpoint_is_there_once";
/// Commits after which a program is killed. The log is carried over for the first time after 200.
const COMMITS_BEFORE_KILL: RangeInclusive<usize> = 250..=500;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_before_a_kill_in_a_checkpoint_is_there_once() {
    if let Some(folder) = std::env::var_os(FOLDER_ENV) {
        write_until_killed(&Files { folder: folder.into() }).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let files = Files { folder: folder.path().to_owned() };
    let store = files.open().await;
    let frames_of_own_checkpoint = setting_of_the_writer(&store, "PRAGMA wal_autocheckpoint").await;
    store.close().await.unwrap();
    let mut random = StdRng::from_seed(seed_bytes("checkpoint_kills"));
    let kills_wanted = cases("checkpoint_kills");
    let (mut kills, mut kills_in_a_checkpoint) = (0, 0);
    // What is seen to be under way may have ended when the kill comes.
    while kills < kills_wanted || kills_in_a_checkpoint == 0 {
        assert!(kills < kills_wanted * 4, "no kill came while the log was being carried over");
        assert!(!files.index().exists(), "what the index says is of the program that is killed");
        let mut program = files.start();
        let commits = random.random_range(COMMITS_BEFORE_KILL);
        eventually("the program commits", || async { files.acknowledged().len() >= commits }).await;
        // Every other kill comes at any moment.
        if kills % 2 == 0 {
            eventually("the log is being carried over", || async { files.marks().is_being_carried_over() }).await;
        }
        program.kill();
        kills += 1;
        let marks = files.marks();
        // With fewer frames no commit carries the log over itself: it was being done beside them.
        let beside_the_commits = u64::from(marks.frames) < frames_of_own_checkpoint;
        kills_in_a_checkpoint += u32::from(marks.is_being_carried_over() && beside_the_commits);

        let store = files.open().await;
        let last_there = assert_whole(&store).await;
        store.close().await.unwrap();
        let last_acknowledged = *files.acknowledged().last().unwrap();
        assert!(
            (last_acknowledged..=last_acknowledged + 1).contains(&last_there),
            "{last_acknowledged} was acknowledged, {last_there} is there"
        );
    }
    println!("{kills_in_a_checkpoint} of {kills} kills came while the log was being carried over");
}

/// What the program that is killed does.
async fn write_until_killed(files: &Files) -> ! {
    let mut journal = File::options().create(true).append(true).open(files.journal()).unwrap();
    let store = files.open().await;
    let mut number = last(&store).await;
    loop {
        number += 1;
        commit(&store, number).await.unwrap();
        journal.write_all(format!("{number}\n").as_bytes()).unwrap();
    }
}

/// The files of the program that is killed.
struct Files {
    folder: PathBuf,
}

impl Files {
    /// Starts the program with an empty journal.
    fn start(&self) -> TestProcess {
        File::create(self.journal()).unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args([TEST, "--exact", "--nocapture"]).env(FOLDER_ENV, &self.folder);
        TestProcess::start_command("writer", command, &self.folder.join("log")).unwrap()
    }

    async fn open(&self) -> Store {
        let url = format!("sqlite:{}", self.database().display());
        let store = Store::connect(StoreOptions::from_url(url)).await.unwrap();
        store.migrate::<shelf::Migrator>().await.unwrap();
        store
    }

    /// What the program acknowledged since it was started. A kill may leave half of a line.
    fn acknowledged(&self) -> Vec<i64> {
        let text = std::fs::read_to_string(self.journal()).unwrap();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(|line| line.parse().unwrap()).collect()
    }

    fn marks(&self) -> Marks {
        Marks::read(&self.index()).unwrap_or_default()
    }

    fn database(&self) -> PathBuf {
        self.folder.join("test.sqlite")
    }

    fn index(&self) -> PathBuf {
        self.folder.join("test.sqlite-shm")
    }

    fn journal(&self) -> PathBuf {
        self.folder.join("journal")
    }
}

/// How far the log is, by its index (<https://sqlite.org/walformat.html>). No store of this process may be open meanwhile, as
/// closing a file gives up all locks that the process has on it.
#[derive(Debug, Default)]
struct Marks {
    /// Frames in the log: pages as they were written.
    frames: u32,
    /// Of which so many are in the file.
    carried_over: u32,
    /// Set before the first of them is carried over; it runs ahead only until the last of them is.
    wanted: u32,
}

impl Marks {
    fn read(index: &Path) -> Option<Self> {
        let bytes = std::fs::read(index).ok()?;
        let number = |at: usize| Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        Some(Self { frames: number(16)?, carried_over: number(96)?, wanted: number(128)? })
    }

    fn is_being_carried_over(&self) -> bool {
        self.wanted > self.carried_over
    }
}
