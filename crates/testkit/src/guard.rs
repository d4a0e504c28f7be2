//! Child processes that cannot outlive the process that started them.
//!
//! Each child has a watcher beside it: a small `sh` that waits for the end of a pipe that only we hold open. When we
//! end in any way, a panic, a time limit or SIGKILL included, the pipe closes, and the watcher ends the child and
//! removes its folder. That needs neither unsafe code nor anything that only Linux has.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::TestkitError;

/// `$1` signal to end it with, `$2` process, `$3` folder or nothing. A line on the pipe means: not needed any more.
const WATCHER: &str = r#"
if ! read -r _; then
  kill -s "$1" "$2" 2>/dev/null
  tries=0
  while [ "$tries" -lt 50 ] && kill -0 "$2" 2>/dev/null; do sleep 0.1; tries=$((tries + 1)); done
  kill -s KILL "$2" 2>/dev/null
  if [ -n "$3" ]; then rm -rf -- "$3"; fi
fi
"#;

/// How a child is asked to end when nobody needs it any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndWith {
    /// SIGKILL: for processes that own nothing outside their folder.
    Kill,
    /// SIGQUIT: PostgreSQL's immediate shutdown, which gives its shared memory back.
    Quit,
}

impl EndWith {
    const fn name(self) -> &'static str {
        match self {
            Self::Kill => "KILL",
            Self::Quit => "QUIT",
        }
    }

    const fn signal(self) -> Signal {
        match self {
            Self::Kill => Signal::KILL,
            Self::Quit => Signal::QUIT,
        }
    }
}

/// A running or ended child with its watcher. Dropping it ends and reaps both.
#[derive(Debug)]
pub struct Guarded {
    child: Child,
    watcher: Child,
    end_with: EndWith,
    ended: Option<ExitStatus>,
}

impl Guarded {
    /// Starts `command` in a process group of its own, without standard input, under a watcher. When this process
    /// dies, the watcher also removes `folder`.
    ///
    /// # Errors
    /// When the program or `sh` cannot be started.
    pub fn spawn(mut command: Command, end_with: EndWith, folder: Option<&Path>) -> Result<Self, TestkitError> {
        let program = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            .stdin(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(TestkitError::io(format!("start {program}")))?;
        match watch(child.id(), end_with, folder) {
            Ok(watcher) => Ok(Self { child, watcher, end_with, ended: None }),
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(error)
            }
        }
    }

    /// The process id of the child.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The exit status once the child has ended; `None` while it runs. Reaps it.
    pub fn try_wait(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().ok().flatten();
        }
        self.ended
    }

    /// Waits at most `limit` for the child to end by itself.
    pub fn wait_within(&mut self, limit: Duration) -> Option<ExitStatus> {
        let started = Instant::now();
        loop {
            let ended = self.try_wait();
            if ended.is_some() || started.elapsed() > limit {
                return ended;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Sends `signal` to the child, which must not have been reaped yet.
    ///
    /// # Errors
    /// When the child has ended already or the system refuses.
    pub fn signal(&mut self, signal: Signal) -> Result<(), TestkitError> {
        let what = format!("signal process {}", self.pid());
        if self.try_wait().is_some() {
            return Err(TestkitError::io(what)(std::io::Error::other("it has ended already")));
        }
        kill_process(Pid::from_child(&self.child), signal).map_err(|errno| TestkitError::io(what)(errno.into()))
    }

    /// Ends the child now and reaps it; answers how it ended.
    pub fn end(&mut self) -> Option<ExitStatus> {
        if self.try_wait().is_none() {
            let _ = self.signal(self.end_with.signal());
            if self.wait_within(Duration::from_secs(10)).is_none() {
                let _ = self.child.kill();
                self.ended = self.child.wait().ok();
            }
        }
        self.ended
    }

    fn dismiss_watcher(&mut self) {
        if let Some(mut pipe) = self.watcher.stdin.take() {
            let _ = pipe.write_all(b"ended\n");
        }
        let _ = self.watcher.wait();
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.end();
        self.dismiss_watcher();
    }
}

fn watch(pid: u32, end_with: EndWith, folder: Option<&Path>) -> Result<Child, TestkitError> {
    Command::new("sh")
        .args(["-c", WATCHER, "watcher", end_with.name(), &pid.to_string()])
        .arg(folder.unwrap_or(Path::new("")))
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(TestkitError::io("start the watcher (sh)"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "tests")]

    use std::os::unix::process::ExitStatusExt as _;
    use std::process::Command;
    use std::time::{Duration, Instant};

    use super::{EndWith, Guarded};

    fn sleeper() -> Command {
        let mut command = Command::new("sleep");
        command.arg("600");
        command
    }

    fn exists(pid: u32) -> bool {
        // A process that has ended but is not reaped yet counts as ended.
        std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
    }

    #[test]
    fn dropping_a_guarded_process_ends_and_reaps_it() {
        let guarded = Guarded::spawn(sleeper(), EndWith::Kill, None).expect("a child");
        let pid = guarded.pid();
        drop(guarded);
        assert!(!exists(pid));
    }

    #[test]
    fn ending_reports_the_signal_that_ended_it() {
        let mut guarded = Guarded::spawn(sleeper(), EndWith::Quit, None).expect("a child");
        assert_eq!(guarded.end().and_then(|status| status.signal()), Some(3));
    }

    #[test]
    fn when_the_holder_of_the_pipe_dies_the_watcher_ends_the_child_and_removes_its_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut guarded = Guarded::spawn(sleeper(), EndWith::Kill, Some(folder.path())).expect("a child");
        // What the system does for us when we die: it closes the pipe without a word.
        drop(guarded.watcher.stdin.take());
        let started = Instant::now();
        while (guarded.try_wait().is_none() || folder.path().exists()) && started.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(guarded.try_wait().and_then(|status| status.signal()), Some(9));
        assert!(!folder.path().exists());
    }
}
