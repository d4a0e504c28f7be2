//! How results are shown: tables for people, the contracts' canonical JSON for programs, progress on a terminal.
//!
//! With `--json` standard output holds JSON and nothing else; everything for people goes to standard error then.

pub mod json;
pub mod progress;
pub mod table;
pub mod text;

use prost::Message;

use crate::failure::Failure;

/// Where and how a command shows its results.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    is_json: bool,
}

impl Output {
    /// Shows JSON when asked to, else text.
    #[must_use]
    pub const fn new(is_json: bool) -> Self {
        Self { is_json }
    }

    /// Whether results are JSON.
    #[must_use]
    pub const fn is_json(self) -> bool {
        self.is_json
    }

    /// Shows a message of the contracts: as JSON under its full name, or as the text that `people` makes of it.
    ///
    /// # Errors
    /// [`Failure`] when this program does not know a message of that name.
    pub fn message<M: Message>(
        self,
        name: &str,
        message: &M,
        people: impl FnOnce(&M) -> String,
    ) -> Result<(), Failure> {
        if self.is_json {
            self.value(&json::of(name, message)?)
        } else {
            self.text(&people(message))
        }
        Ok(())
    }

    /// Shows a value as JSON, for people too.
    pub fn value(self, value: &serde_json::Value) {
        println!("{value:#}");
    }

    /// Shows one value of many on a line of its own, for streams.
    pub fn line_of(self, value: &serde_json::Value) {
        println!("{value}");
    }

    /// Shows text to people: on standard output, or on standard error when that holds JSON.
    pub fn text(self, text: &str) {
        if self.is_json {
            eprintln!("{text}");
        } else {
            println!("{text}");
        }
    }
}
