//! Where a run stands, kept in its data folder, so that the same command goes on where it stopped.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::untidy::Mishaps;
use crate::failure::Failure;

const FILE: &str = "demo.json";

/// Where a run stands. The services hold everything else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DemoState {
    /// What the demand is, in words.
    pub source: String,
    /// The seed.
    pub seed: u64,
    /// How often the run was started: each start draws ids of its own.
    pub starts: u32,
    /// The business day that comes next, `YYYY-MM-DD`; the day before it is complete. Empty before the world is made.
    pub next_day: String,
    /// Wall time of the stream so far, in seconds.
    pub stream_seconds: f64,
    /// How long each PlaceOrder took, in microseconds.
    pub place_order_us: Vec<u32>,
    /// What went wrong so far; `None` when nothing is meant to.
    #[serde(default)]
    pub mishaps: Option<Mishaps>,
    /// The content of the policy file; empty without one.
    #[serde(default)]
    pub policy: String,
}

impl DemoState {
    /// A run that has not begun.
    #[must_use]
    pub const fn new(source: String, seed: u64) -> Self {
        Self {
            source,
            seed,
            starts: 0,
            next_day: String::new(),
            stream_seconds: 0.0,
            place_order_us: Vec::new(),
            mishaps: None,
            policy: String::new(),
        }
    }

    /// The day that comes next, `None` before the world is made.
    #[must_use]
    pub fn next_day(&self) -> Option<Date> {
        self.next_day.parse().ok()
    }

    /// Reads the state in a folder, `None` when there is none.
    ///
    /// # Errors
    /// [`Failure`] when the file is damaged.
    pub fn load(folder: &Path) -> Result<Option<Self>, Failure> {
        match fs::read(path(folder)) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes the state; a crash leaves the old or the new one.
    ///
    /// # Errors
    /// [`Failure`] when the folder cannot be written.
    pub fn save(&self, folder: &Path) -> Result<(), Failure> {
        let beside = path(folder).with_extension("json.new");
        let mut file = File::create(&beside)?;
        file.write_all(&serde_json::to_vec(self)?)?;
        file.sync_data()?;
        fs::rename(&beside, path(folder))?;
        Ok(())
    }

    /// Refuses to mix two runs in one folder.
    ///
    /// # Errors
    /// [`Failure`] when the folder holds another run.
    pub fn check_same(&self, source: &str, seed: u64, policy: &str) -> Result<(), Failure> {
        if self.policy != policy {
            return Err(Failure::new("the folder holds a run under another policy")
                .next("name another folder with --data, or give the same --policy with the same content"));
        }
        if self.source == source && self.seed == seed {
            return Ok(());
        }
        let message = format!("the folder holds another run: {} with seed {}", self.source, self.seed);
        Err(Failure::new(message).next("name another folder with --data, or give the same --orders and --seed"))
    }
}

fn path(folder: &Path) -> PathBuf {
    folder.join(FILE)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[test]
    fn a_saved_state_is_read_back_and_another_run_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(DemoState::load(folder.path()).unwrap(), None);
        let mut state = DemoState::new("world".to_owned(), 7);
        state.next_day = "2026-01-05".to_owned();
        state.place_order_us.push(900);
        state.save(folder.path()).unwrap();
        let loaded = DemoState::load(folder.path()).unwrap().unwrap();
        assert_eq!(loaded, state);
        assert!(loaded.check_same("world", 7, "").is_ok());
        assert!(loaded.check_same("world", 8, "").is_err() && loaded.check_same("file", 7, "").is_err());
        assert!(loaded.check_same("world", 7, "{}").unwrap_err().to_string().contains("under another policy"));
    }
}
