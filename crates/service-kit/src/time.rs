//! The providers of business time: the machine's clock, and one that tests and the demo move by hand.

use std::sync::atomic::{AtomicI64, Ordering};

use backorder_domain::time::{Clock, whole_microseconds};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

/// The machine's clock, cut to whole microseconds.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the provider")]
    fn now(&self) -> Timestamp {
        whole_microseconds(Timestamp::now())
    }
}

/// A clock that stands still until it is moved. Who waits for business time may watch its moves.
#[derive(Debug)]
pub struct ManualClock {
    microseconds: AtomicI64,
    moved: watch::Sender<()>,
}

impl ManualClock {
    /// A clock that stands at the given instant.
    #[must_use]
    pub fn new(start: Timestamp) -> Self {
        Self { microseconds: AtomicI64::new(start.as_microsecond()), moved: watch::Sender::new(()) }
    }

    /// Moves the clock to an instant, also backwards.
    pub fn set(&self, instant: Timestamp) {
        self.microseconds.store(instant.as_microsecond(), Ordering::SeqCst);
        self.moved.send_replace(());
    }

    /// Moves the clock on. A move past the end of time stops at the last instant.
    pub fn advance(&self, by: SignedDuration) {
        let moved = self.now().checked_add(by).unwrap_or(Timestamp::MAX);
        self.set(moved);
    }

    /// Tells each move of the clock.
    #[must_use]
    pub fn moves(&self) -> watch::Receiver<()> {
        self.moved.subscribe()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.microseconds.load(Ordering::SeqCst)).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[test]
    fn the_system_clock_yields_whole_microseconds() {
        assert_eq!(SystemClock.now().as_nanosecond() % 1_000, 0);
    }

    #[test]
    fn a_manual_clock_moves_only_by_hand_and_tells_its_moves() {
        let start: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
        let clock = ManualClock::new(start);
        let moves = clock.moves();
        assert_eq!(clock.now(), start);
        assert!(!moves.has_changed().unwrap());
        clock.advance(SignedDuration::from_hours(24));
        assert_eq!(clock.now(), start + SignedDuration::from_hours(24));
        assert!(moves.has_changed().unwrap());
    }
}
