//! Filters of lines: expressions in the Common Expression Language (CEL) over what is known of a line, its order, its
//! customer and its item.
//!
//! A filter reads [`Attribute`]s by name (`customer.tier`, `line.requested_date`) and `today`, the day of the run. It may
//! use `&& || ! ?: == != < <= > >= in + - * / %`, literals, `has(line.promised_date)`, and the functions
//! `date("2026-12-24")`, `duration_days(7)`, `startsWith`, `endsWith` and `contains`:
//!
//! ```cel
//! customer.tier == "GOLD" && line.requested_date < today + duration_days(7)
//! item.category in ["china", "glass"] && (line.value >= 1000 || today - line.waiting_since > 14)
//! ```
//!
//! - A **date** is a kind of its own, kept as a day number. A date plus or minus a number of days is a date, a date minus
//!   a date is a number of days; `duration_days(7)` is the number 7, said so that it reads well.
//! - An **amount** is company currency with six decimal places. A number or decimal beside an amount counts units of
//!   currency.
//! - The grammar is the CEL crate's. Kinds are checked here when the filter is made, so that a saved filter can fail only
//!   on a line without a value, on a number out of bounds or on a division by zero. Such a line is **not matched**, and
//!   the failures are counted. By the rules of CEL, `a || b` is true when one side is, whatever the other fails on, and
//!   `a && b` is false likewise.
//! - No work is unbounded: macros over lists are refused, and length, depth and attributes are limited.
//!
//! The module must not know segments or strategies: it answers whether a line matches.

pub mod attribute;
mod check;
mod expression;
pub mod facts;
mod kinds;
mod matcher;
mod problem;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod tests;

pub use self::{
    attribute::Attribute,
    expression::Value,
    facts::Facts,
    matcher::{Failures, Matcher, NoColumn, Verdict},
    problem::{EvaluationFailure, FilterProblem, InvalidFilter, Position},
};

pub(crate) use matcher::ROOM_MIN;

use expression::{Text, Truth};
use jiff::civil::Date;

/// The longest filter in bytes.
pub const FILTER_BYTES_MAX: usize = 2_000;
/// How deep a filter may be nested.
pub const FILTER_DEPTH_MAX: u16 = 24;
/// How many different attributes one filter may read.
pub const FILTER_ATTRIBUTES_MAX: usize = 8;

/// The functions, for a message to whoever wrote an unknown one.
const FUNCTIONS: &str = "has(...), date(\"2026-12-24\"), duration_days(7), startsWith, endsWith, contains";

/// A checked filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    source: String,
    truth: Truth,
    reads: Vec<Attribute>,
}

impl Filter {
    /// Parses and checks an expression.
    ///
    /// # Errors
    /// [`InvalidFilter`], with the place and what would be right, when the expression is not CEL, names what is not
    /// known, gives an operator what it does not take, is not true or false, or is too long or too deep.
    pub fn try_new(source: &str) -> Result<Self, InvalidFilter> {
        let checked = check::check(source)?;
        Ok(Self { source: source.to_owned(), truth: checked.truth, reads: checked.reads })
    }

    /// The filter that lets lines of these tiers in, whatever it would be as a text.
    pub(crate) fn of_tiers(tiers: &std::collections::BTreeSet<&str>) -> Self {
        let quoted = |tier: &&str| format!("\"{}\"", tier.replace('\\', "\\\\").replace('"', "\\\""));
        let source = format!("customer.tier in [{}]", tiers.iter().map(quoted).collect::<Vec<_>>().join(", "));
        let truth = Truth::TextIn(Text::Read(0), tiers.iter().map(|tier| (*tier).to_owned()).collect());
        Self { source, truth, reads: vec![Attribute::CustomerTier] }
    }

    /// The expression as it was written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The attributes that it reads, each once.
    #[must_use]
    pub fn reads(&self) -> &[Attribute] {
        &self.reads
    }

    /// The answer for one line, whose values `value_of` knows. `today` is a day number
    /// ([`day_number`](facts::day_number)). A value of another kind than the attribute's counts as missing.
    ///
    /// # Errors
    /// [`EvaluationFailure`] when there is no answer.
    pub fn evaluate<'a>(
        &self,
        value_of: impl Fn(Attribute) -> Value<'a>,
        today: i32,
    ) -> Result<bool, EvaluationFailure> {
        let values: Vec<_> = self.reads.iter().map(|attribute| value_of(*attribute)).collect();
        self.truth_of(&values, i64::from(today))
    }

    /// The filter at work on many lines, on a day. `line.tier` is the customer's tier here.
    ///
    /// # Errors
    /// [`NoColumn`] when it reads an attribute of which the facts have no column.
    pub fn over<'a>(&'a self, facts: &'a Facts<'_>, today: Date) -> Result<Matcher<'a>, NoColumn> {
        let view = |attribute| facts.view(attribute);
        Matcher::try_new(self, view, facts.lines().max(ROOM_MIN), facts::day_number(today))
    }

    /// The answer for the values of [`Self::reads`], in that order.
    fn truth_of(&self, values: &[Value<'_>], today: i64) -> Result<bool, EvaluationFailure> {
        self.truth.of(&expression::Row { attributes: &self.reads, values, today })
    }
}
