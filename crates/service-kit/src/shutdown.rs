//! The wish to stop: from SIGTERM or SIGINT, or from the program itself. What stops, and in which order, is the server's.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Tells everyone once that the process should stop. Clones share the wish.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    wish: CancellationToken,
}

impl Shutdown {
    /// A wish that only the program makes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A wish that SIGTERM and SIGINT make too, from now on.
    ///
    /// # Errors
    /// The operating system's, when the signals cannot be watched.
    pub fn on_signals() -> std::io::Result<Self> {
        let shutdown = Self::new();
        let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let wish = shutdown.wish.clone();
        tokio::spawn(async move {
            let name = tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
                () = wish.cancelled() => return,
            };
            tracing::info!(signal = name, "stopping");
            wish.cancel();
        });
        Ok(shutdown)
    }

    /// Makes the wish.
    pub fn request(&self) {
        self.wish.cancel();
    }

    /// Waits for the wish.
    pub async fn requested(&self) {
        self.wish.cancelled().await;
    }

    /// The wish as a token, for select loops.
    #[must_use]
    pub fn token(&self) -> CancellationToken {
        self.wish.clone()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use std::{
        process::{Command, id},
        time::Duration,
    };

    use super::*;

    #[tokio::test]
    async fn sigterm_is_a_wish_to_stop() {
        let shutdown = Shutdown::on_signals().unwrap();
        assert!(!shutdown.token().is_cancelled());
        assert!(Command::new("kill").args(["-TERM", &id().to_string()]).status().unwrap().success());
        tokio::time::timeout(Duration::from_secs(10), shutdown.requested()).await.unwrap();
    }

    #[tokio::test]
    async fn every_clone_hears_the_wish_of_the_program() {
        let shutdown = Shutdown::new();
        let other = shutdown.clone();
        shutdown.request();
        other.requested().await;
    }
}
