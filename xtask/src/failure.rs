//! The one error of this program: a text for the person in front of it.

use std::fmt;

use backorder_testkit::TestkitError;

/// What went wrong and what to do about it.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    /// A failure with its text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl From<TestkitError> for Failure {
    fn from(error: TestkitError) -> Self {
        Self(error.to_string())
    }
}

/// Fails with all `problems` at once under a heading; nothing to do when there is none.
pub fn none_of(heading: &str, problems: &[String]) -> Result<(), Failure> {
    if problems.is_empty() {
        return Ok(());
    }
    Err(Failure(format!("{heading}\n  {}", problems.join("\n  "))))
}
