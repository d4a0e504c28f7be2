//! Server processes that tests start, kill and start again.
//!
//! A test that kills must prove its fault: [`TestProcess::serves`] asserts that the process it is about to kill is
//! the one that listens, and [`TestProcess::kill`] that the signal was what ended it.

use std::fs::File;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::guard::{EndWith, Guarded};
use crate::{TestkitError, patience, ports, tools};

const LOG_LINES_SHOWN: usize = 40;

/// One started process and its log. Dropping it kills and reaps it; so does the end of the test in any way.
#[derive(Debug)]
pub struct TestProcess {
    name: String,
    process: Guarded,
    log: PathBuf,
}

impl TestProcess {
    /// Starts one of our own binaries with `arguments` and `settings` (environment variables); output and errors are
    /// appended to the file `log`.
    ///
    /// # Panics
    /// When it was not built or cannot be started.
    #[must_use]
    pub fn start(binary: &str, arguments: &[&str], settings: &[(&str, &str)], log: &Path) -> Self {
        let mut command = Command::new(tools::our_binary(binary));
        command.args(arguments).envs(settings.iter().copied());
        Self::start_command(binary, command, log).unwrap_or_else(|error| crate::give_up(binary, &error))
    }

    /// Starts any command; output and errors are appended to the file `log`.
    ///
    /// # Errors
    /// When the log cannot be opened or the program not be started.
    pub fn start_command(name: &str, mut command: Command, log: &Path) -> Result<Self, TestkitError> {
        let what = || format!("open the log {}", log.display());
        let file = File::options().create(true).append(true).open(log).map_err(TestkitError::io(what()))?;
        let file_too = file.try_clone().map_err(TestkitError::io(what()))?;
        command.stdout(file).stderr(file_too);
        let process = Guarded::spawn(command, EndWith::Kill, None)?;
        Ok(Self { name: name.to_owned(), process, log: log.to_path_buf() })
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// True while it has not ended.
    pub fn is_running(&mut self) -> bool {
        self.process.try_wait().is_none()
    }

    /// Waits until this very process listens on `port`.
    ///
    /// # Panics
    /// When it ends or does not listen within the patience; the message has the end of its log.
    pub async fn serves(&mut self, port: u16) {
        let started = Instant::now();
        while !ports::listens(self.pid(), port) {
            if let Some(status) = self.process.try_wait() {
                self.give_up(&format!("ended with {status} before it listened on {port}"));
            }
            if started.elapsed() > patience() {
                self.give_up(&format!("does not listen on {port}"));
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Kills it with SIGKILL and reaps it.
    ///
    /// # Panics
    /// When it had ended before, or something else ended it: then the fault that the test wants did not happen.
    pub fn kill(&mut self) {
        let status = self.signal_and_wait(Signal::KILL);
        if status.signal() != Some(Signal::KILL.as_raw()) {
            self.give_up(&format!("should have been killed but ended with {status}"));
        }
    }

    /// Asks it to end with SIGTERM and waits for it; answers how it ended.
    ///
    /// # Panics
    /// When it had ended before, or does not end within the patience and its own drain time of 30 s.
    pub async fn terminate(&mut self) -> ExitStatus {
        self.send(Signal::TERM);
        let started = Instant::now();
        let limit = patience() + Duration::from_secs(30);
        loop {
            if let Some(status) = self.process.try_wait() {
                return status;
            }
            if started.elapsed() > limit {
                self.give_up("does not end after SIGTERM");
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until it ends by itself; answers how.
    ///
    /// # Panics
    /// When it still runs after `limit`.
    pub async fn ends_within(&mut self, limit: Duration) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self.process.try_wait() {
                return status;
            }
            if started.elapsed() > limit {
                self.give_up(&format!("still runs after {limit:?}"));
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Stops it in its tracks (SIGSTOP): it keeps its connections and answers nothing.
    ///
    /// # Panics
    /// When it has ended.
    pub fn freeze(&mut self) {
        self.send(Signal::STOP);
    }

    /// Lets it go on after [`Self::freeze`].
    ///
    /// # Panics
    /// When it has ended.
    pub fn thaw(&mut self) {
        self.send(Signal::CONT);
    }

    /// What it wrote so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn send(&mut self, signal: Signal) {
        if let Err(error) = self.process.signal(signal) {
            self.give_up(&error.to_string());
        }
    }

    fn signal_and_wait(&mut self, signal: Signal) -> ExitStatus {
        self.send(signal);
        match self.process.wait_within(patience()) {
            Some(status) => status,
            None => self.give_up("does not end"),
        }
    }

    fn give_up(&self, why: &str) -> ! {
        crate::give_up(&self.name, &format_args!("{why}\n{}", tail(&self.log, LOG_LINES_SHOWN)))
    }
}

/// The last `lines` lines of a log file; empty when there is none.
#[must_use]
pub fn tail(log: &Path, lines: usize) -> String {
    let text = std::fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "tests")]

    use std::process::Command;
    use std::time::Duration;

    use super::TestProcess;

    fn shell(script: &str, folder: &tempfile::TempDir) -> TestProcess {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        TestProcess::start_command("sh", command, &folder.path().join("log")).expect("a process")
    }

    #[tokio::test]
    async fn a_process_that_handles_sigterm_ends_its_own_way() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut process = shell("trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done", &folder);
        crate::eventually("the trap is set", || {
            let ready = process.log().contains("ready");
            async move { ready }
        })
        .await;
        assert_eq!(process.terminate().await.code(), Some(7));
    }

    #[test]
    fn a_killed_process_is_gone() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut process = shell("sleep 600", &folder);
        process.kill();
        assert!(!process.is_running());
    }

    #[tokio::test]
    #[should_panic(expected = "ended already")]
    async fn a_fault_that_comes_too_late_stops_the_test() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut process = shell("exit 0", &folder);
        process.ends_within(Duration::from_secs(10)).await;
        process.kill();
    }

    #[tokio::test]
    #[should_panic(expected = "said goodbye")]
    async fn a_server_that_ends_instead_of_serving_is_reported_with_its_log() {
        let folder = tempfile::tempdir().expect("a folder");
        shell("echo said goodbye", &folder).serves(1).await;
    }
}
