//! Where tests stop a write half-way, as a crash would.

use std::{fmt, sync::Arc};

/// Decides for each named point of a write whether the process dies there, as far as the write can tell. Never set in
/// production.
#[derive(Clone)]
pub struct CrashPoint(Arc<dyn Fn(&str) -> bool + Send + Sync>);

impl CrashPoint {
    /// Asks `dies` at every point. Each service lists its points as `CRASH_POINTS`.
    pub fn new(dies: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(dies))
    }

    /// Whether the write dies at the point.
    #[must_use]
    pub fn dies_at(&self, point: &str) -> bool {
        (self.0)(point)
    }
}

impl fmt::Debug for CrashPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CrashPoint")
    }
}
