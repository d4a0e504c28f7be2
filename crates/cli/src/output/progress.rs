//! Progress on a terminal. Where standard error is no terminal, nothing is drawn.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

const REDRAW: Duration = Duration::from_millis(200);

/// A bar for something with a known size.
#[derive(Debug, Clone)]
pub struct Progress(ProgressBar);

impl Progress {
    /// A bar of so many units, for example bytes or days, with a word before it.
    #[must_use]
    pub fn of(what: &str, units_total: u64) -> Self {
        let bar = ProgressBar::new(units_total);
        let style = ProgressStyle::with_template("{prefix:>12} [{bar:40}] {percent:>3}% {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "));
        bar.set_prefix(what.to_owned());
        bar.enable_steady_tick(REDRAW);
        Self(bar)
    }

    /// A bar that is never drawn.
    #[must_use]
    pub fn hidden() -> Self {
        Self(ProgressBar::hidden())
    }

    /// Moves the bar to a place and says what is happening.
    pub fn at(&self, units: u64, message: impl Into<String>) {
        self.0.set_position(units);
        self.0.set_message(message.into());
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}
