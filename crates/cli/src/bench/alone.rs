//! Inventory in a process of its own, whose memory is that of the service and of nothing else.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, Command, Stdio},
};

use super::host::Served;
use crate::{demo::memory::peak_bytes_of, failure::Failure};

/// A process that serves. It ends when this value does.
pub struct Alone {
    child: Child,
    address: String,
}

impl Alone {
    /// Starts this program once more, on the store at `url`, and waits until it serves.
    ///
    /// # Errors
    /// [`Failure`] when it does not come up.
    pub fn start(url: &str) -> Result<Self, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["bench", "serve-inventory", url]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut this = Self { child: command.spawn()?, address: String::new() };
        let said = this.child.stdout.take().ok_or_else(|| Failure::new("the service has no output"))?;
        // Ends without a line when the process does.
        BufReader::new(said).read_line(&mut this.address)?;
        this.address.truncate(this.address.trim_end().len());
        if this.address.is_empty() {
            return Err(Failure::new("the service did not come up in a process of its own"));
        }
        Ok(this)
    }

    /// Where it answers.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Ends it without a chance to do anything, as SIGKILL does.
    ///
    /// # Errors
    /// [`Failure`] when the system refuses.
    pub fn kill(&mut self) -> Result<(), Failure> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// The most memory that it used; `None` where the system does not tell.
    #[must_use]
    pub fn peak_bytes(&self) -> Option<u64> {
        peak_bytes_of(self.child.id())
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        // The end of its input tells it to stop. It has nothing that it could lose.
        drop(self.child.stdin.take());
        if let Err(error) = self.child.wait() {
            eprintln!("the service in a process of its own did not end: {error}");
        }
    }
}

/// What that process does: serves, says where, and stops when its input ends.
///
/// # Errors
/// [`Failure`] when it cannot serve.
pub async fn serve(url: &str) -> Result<(), Failure> {
    let inventory = Served::inventory(url).await?;
    println!("{}", inventory.address());
    let ended = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await;
    ended.map_err(|broken| Failure::new(format!("the input broke: {broken}")))??;
    inventory.stop().await
}
