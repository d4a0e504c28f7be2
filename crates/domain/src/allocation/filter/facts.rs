//! What is known of many lines, as columns: one value for each line and attribute.
//!
//! Texts are dictionary-coded: a code for each line and a dictionary of texts. Days, numbers and amounts are whole
//! numbers as they are. A line that has no value carries the column's missing value. The columns are borrowed or owned;
//! nothing here knows where they come from.

use std::borrow::Cow;

use super::attribute::{Attribute, AttributeKind};
pub use crate::time::day_number;

/// The code of a text that is missing.
pub const NO_TEXT: u32 = u32::MAX;
/// The day that is missing.
pub const NO_DAY: i32 = i32::MIN;
/// The number, amount or instant that is missing.
pub const NO_NUMBER: i64 = i64::MIN;
/// The most lines that can be looked at together.
pub const LINES_MAX: usize = 1 << 31;
/// Micro-units in one unit of company currency: the fixed point of every amount here.
pub const MICROS_PER_UNIT: i64 = 1_000_000;

/// An amount in nano-units, as the domain reckons, in micro-units, as columns keep it. Fractions are cut; what is beyond
/// nine million million units of currency stays there.
#[must_use]
pub fn micros_of_nanos(nanos: i128) -> i64 {
    let limit = i128::from(i64::MAX);
    i64::try_from((nanos / 1_000).clamp(-limit, limit)).unwrap_or(i64::MAX)
}

/// The values of one attribute, one for each line.
#[derive(Debug, Clone)]
pub enum Column<'a> {
    /// Texts: `codes` are places in `dictionary`, or [`NO_TEXT`].
    Texts {
        /// One code for each line.
        codes: Cow<'a, [u32]>,
        /// The distinct texts.
        dictionary: Cow<'a, [String]>,
    },
    /// Days since 1970-01-01, or [`NO_DAY`].
    Days(Cow<'a, [i32]>),
    /// Whole numbers, or micro-units of company currency; or [`NO_NUMBER`].
    Numbers(Cow<'a, [i64]>),
}

impl Column<'_> {
    /// The texts of so many lines, coded here.
    pub fn of_texts<'t>(texts: impl IntoIterator<Item = Option<&'t str>>) -> Self {
        let mut known = std::collections::HashMap::new();
        let mut dictionary = Vec::new();
        let codes = texts.into_iter().map(|text| {
            let Some(text) = text else { return NO_TEXT };
            *known.entry(text).or_insert_with(|| {
                dictionary.push(text.to_owned());
                u32::try_from(dictionary.len() - 1).unwrap_or(NO_TEXT)
            })
        });
        let codes: Vec<u32> = codes.collect();
        Self::Texts { codes: Cow::Owned(codes), dictionary: Cow::Owned(dictionary) }
    }

    fn len(&self) -> usize {
        match self {
            Self::Texts { codes, .. } => codes.len(),
            Self::Days(days) => days.len(),
            Self::Numbers(numbers) => numbers.len(),
        }
    }

    fn holds(&self, kind: AttributeKind) -> bool {
        match kind {
            AttributeKind::Text => matches!(self, Self::Texts { .. }),
            AttributeKind::Date => matches!(self, Self::Days(_)),
            AttributeKind::Number | AttributeKind::Amount => matches!(self, Self::Numbers(_)),
        }
    }
}

/// Why a column cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFacts {
    /// There are more than [`LINES_MAX`] lines.
    #[error("{0} lines are too many, at most {LINES_MAX} are allowed")]
    TooManyLines(usize),
    /// The attribute is derived from others.
    #[error("{0} is derived, it has no column")]
    Derived(Attribute),
    /// The attribute's values are of another kind.
    #[error("the column of {0} does not hold {kind:?} values", kind = .0.kind())]
    Kind(Attribute),
    /// The column is not as long as there are lines.
    #[error("the column of {attribute} has {found} values for {lines} lines")]
    Length {
        /// Whose column it is.
        attribute: Attribute,
        /// Values found.
        found: usize,
        /// Lines there are.
        lines: usize,
    },
    /// A code stands for no text.
    #[error("the column of {attribute} has the code {code}, which its dictionary does not hold")]
    Code {
        /// Whose column it is.
        attribute: Attribute,
        /// The code.
        code: u32,
    },
}

/// The least and the greatest value of a column that are not missing, both 0 when all are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Range {
    pub(crate) least: i64,
    pub(crate) greatest: i64,
}

impl Range {
    pub(crate) fn of(values: impl Iterator<Item = i64>) -> Self {
        let ends = values.fold(None, |ends: Option<(i64, i64)>, value| {
            Some(ends.map_or((value, value), |(least, greatest)| (least.min(value), greatest.max(value))))
        });
        ends.map_or_else(Self::default, |(least, greatest)| Self { least, greatest })
    }

    /// How far the greatest is from the least. A missing value gets the number after.
    pub(crate) fn span(self) -> u64 {
        self.greatest.abs_diff(self.least)
    }
}

#[derive(Debug, Clone)]
struct Stored<'a> {
    column: Column<'a>,
    range: Range,
}

/// The columns of a number of lines.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    lines: usize,
    columns: Vec<Option<Stored<'a>>>,
}

impl<'a> Facts<'a> {
    /// No columns yet, of so many lines.
    ///
    /// # Errors
    /// [`InvalidFacts::TooManyLines`].
    pub fn try_new(lines: usize) -> Result<Self, InvalidFacts> {
        if lines > LINES_MAX {
            return Err(InvalidFacts::TooManyLines(lines));
        }
        Ok(Self { lines, columns: vec![None; Attribute::ALL.len()] })
    }

    /// The same with a column, which replaces one that was there.
    ///
    /// # Errors
    /// [`InvalidFacts`] when the column is not one of that attribute and these lines.
    pub fn with(mut self, attribute: Attribute, column: Column<'a>) -> Result<Self, InvalidFacts> {
        if attribute == Attribute::LineTier {
            return Err(InvalidFacts::Derived(attribute));
        }
        if !column.holds(attribute.kind()) {
            return Err(InvalidFacts::Kind(attribute));
        }
        if column.len() != self.lines {
            return Err(InvalidFacts::Length { attribute, found: column.len(), lines: self.lines });
        }
        let range = match &column {
            Column::Texts { codes, dictionary } => {
                let unknown = |code: &u32| *code != NO_TEXT && *code as usize >= dictionary.len();
                if let Some(code) = codes.iter().copied().find(unknown) {
                    return Err(InvalidFacts::Code { attribute, code });
                }
                Range::default()
            }
            Column::Days(days) => Range::of(days.iter().filter(|day| **day != NO_DAY).map(|day| i64::from(*day))),
            Column::Numbers(numbers) => Range::of(numbers.iter().copied().filter(|number| *number != NO_NUMBER)),
        };
        self.columns[attribute.place()] = Some(Stored { column, range });
        Ok(self)
    }

    /// How many lines there are.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.lines
    }

    /// The values of an attribute. The tier of a line is the customer's here: a promotion is the policy's.
    pub(crate) fn view(&self, attribute: Attribute) -> Option<View<'_>> {
        let stored_as = if attribute == Attribute::LineTier { Attribute::CustomerTier } else { attribute };
        let stored = self.columns[stored_as.place()].as_ref()?;
        Some(match &stored.column {
            Column::Texts { codes, dictionary } => View::Texts { codes, dictionary },
            Column::Days(days) => View::Days(days, stored.range),
            Column::Numbers(numbers) => View::Numbers(numbers, stored.range),
        })
    }
}

/// A column as it is read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum View<'a> {
    Texts { codes: &'a [u32], dictionary: &'a [String] },
    Days(&'a [i32], Range),
    Numbers(&'a [i64], Range),
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[test]
    fn a_day_is_numbered_from_1970() {
        assert_eq!(day_number(jiff::civil::date(1970, 1, 1)), 0);
        assert_eq!(day_number(jiff::civil::date(1969, 12, 31)), -1);
        assert_eq!(day_number(jiff::civil::date(2026, 11, 28)), 20_785);
        assert!(day_number(jiff::civil::Date::MIN) < day_number(jiff::civil::Date::MAX));
    }

    #[test]
    fn an_amount_is_cut_to_micro_units_and_stays_in_its_bounds() {
        assert_eq!(micros_of_nanos(1_999), 1);
        assert_eq!(micros_of_nanos(-1_999), -1);
        assert_eq!(micros_of_nanos(i128::MAX), i64::MAX);
        assert_eq!(micros_of_nanos(i128::MIN), -i64::MAX, "the least of all numbers is no amount");
    }

    #[test]
    fn a_column_that_does_not_fit_is_refused_by_name() {
        let facts = || Facts::try_new(2).unwrap();
        let day = Column::Days(Cow::Owned(vec![1, 2]));
        let tier = Attribute::CustomerTier;
        assert_eq!(facts().with(tier, day.clone()).unwrap_err(), InvalidFacts::Kind(tier));
        assert_eq!(facts().with(Attribute::LineTier, day).unwrap_err(), InvalidFacts::Derived(Attribute::LineTier));
        let short = Column::of_texts([Some("GOLD")]);
        let error = facts().with(tier, short).unwrap_err();
        assert_eq!(error.to_string(), "the column of customer.tier has 1 values for 2 lines");
        let unknown = Column::Texts { codes: Cow::Owned(vec![NO_TEXT, 0]), dictionary: Cow::Owned(vec![]) };
        assert_eq!(facts().with(tier, unknown).unwrap_err(), InvalidFacts::Code { attribute: tier, code: 0 });
        assert_eq!(Facts::try_new(LINES_MAX + 1).unwrap_err(), InvalidFacts::TooManyLines(LINES_MAX + 1));
    }
}
