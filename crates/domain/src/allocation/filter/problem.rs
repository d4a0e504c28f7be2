//! Why an expression is no filter, said to whoever wrote it: what is wrong, where, and what would be right.

use std::fmt;

use super::{FILTER_ATTRIBUTES_MAX, FILTER_BYTES_MAX, FILTER_DEPTH_MAX, attribute::Attribute};

/// A place in an expression, both counted from 1. Columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line of the text.
    pub line: usize,
    /// The character of the line.
    pub column: usize,
}

impl Position {
    /// Where an expression begins.
    pub const START: Self = Self { line: 1, column: 1 };

    /// The place of a byte in a text.
    pub(super) fn of_byte(text: &str, byte: usize) -> Self {
        let before = text.char_indices().take_while(|(at, _)| *at < byte);
        before.fold(Self::START, |place, (_, character)| match character {
            '\n' => Self { line: place.line + 1, column: 1 },
            _ => Self { column: place.column + 1, ..place },
        })
    }
}

/// An expression that cannot be a filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct InvalidFilter {
    /// Where.
    pub at: Position,
    /// What is wrong there.
    pub problem: FilterProblem,
}

impl fmt::Display for InvalidFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.at.line, self.at.column, self.problem)
    }
}

/// What is wrong with an expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterProblem {
    /// Longer than [`FILTER_BYTES_MAX`].
    #[error("the expression is {0} bytes long, at most {FILTER_BYTES_MAX} are allowed")]
    TooLong(usize),
    /// Nested deeper than [`FILTER_DEPTH_MAX`].
    #[error("the expression is nested too deep, at most {FILTER_DEPTH_MAX} levels are allowed")]
    TooDeep,
    /// More than [`FILTER_ATTRIBUTES_MAX`] attributes.
    #[error("the expression reads too many attributes, at most {FILTER_ATTRIBUTES_MAX} are allowed")]
    TooManyAttributes,
    /// Not the grammar of CEL.
    #[error("{0}")]
    Syntax(String),
    /// A name that stands for nothing.
    #[error("{0:?} is not known; known are today, {known}", known = Attribute::known())]
    UnknownAttribute(String),
    /// A function that is not there.
    #[error("the function {0:?} is not known; known are {known}", known = super::FUNCTIONS)]
    UnknownFunction(String),
    /// CEL, but more than a filter may do.
    #[error("{0} cannot stand in a filter")]
    NotAllowed(&'static str),
    /// An operator or function on something that it does not take.
    #[error("{what} takes {wanted}, not {found}")]
    Kinds {
        /// The operator or function.
        what: String,
        /// What it takes.
        wanted: &'static str,
        /// What it was given.
        found: String,
    },
    /// A literal that has no such value.
    #[error("{0}")]
    Literal(String),
    /// The result is not true or false.
    #[error("a filter is true or false, this one is {0}")]
    NotBool(&'static str),
}

/// Why a filter has no answer for a line. The line is not matched then, and counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EvaluationFailure {
    /// The line has no value of the attribute.
    #[error("{0} has no value")]
    Missing(Attribute),
    /// A number became too large.
    #[error("a number is too large")]
    Overflow,
    /// A division by zero, or the rest of one.
    #[error("a division by zero")]
    DivisionByZero,
}
