//! The place of a line in the total order, as a few whole numbers that are compared one after the other.
//!
//! Each part of the order becomes a field of as many bits as its values need, the most important first, and the fields
//! are packed into words. A descending field is counted from the greatest value down; a missing value gets the number
//! after all others, so that it comes last either way.

use std::collections::HashMap;

use super::{Direction, SortBy, SortKey};
use crate::allocation::filter::facts::{NO_DAY, NO_NUMBER, NO_TEXT, Range, View};

/// A field of a key, and where its value comes from.
#[derive(Debug)]
pub(super) struct Field<'a> {
    source: Source<'a>,
    bits: u32,
}

#[derive(Debug)]
enum Source<'a> {
    Constant(u64),
    /// The place of a text, by its code, and that of no text.
    Places {
        codes: &'a [u32],
        places: Vec<u32>,
        last: u32,
    },
    Days {
        days: &'a [i32],
        range: Range,
        direction: Direction,
    },
    Numbers {
        numbers: &'a [i64],
        range: Range,
        direction: Direction,
    },
    Plain(&'a [u32]),
}

fn bits_of(greatest: u64) -> u32 {
    u64::BITS - greatest.leading_zeros()
}

fn counted(value: i64, range: Range, direction: Direction) -> u64 {
    match direction {
        Direction::Ascending => value.abs_diff(range.least),
        Direction::Descending => range.greatest.abs_diff(value),
    }
}

impl<'a> Field<'a> {
    /// The same number for each line, out of `0..=greatest`.
    pub(super) fn constant(value: u64, greatest: u64) -> Self {
        Self { source: Source::Constant(value), bits: bits_of(greatest) }
    }

    /// The place of each text in `names`; other texts and missing ones come last.
    pub(super) fn places(codes: &'a [u32], dictionary: &[String], names: &[String], direction: Direction) -> Self {
        let last = u32::try_from(names.len()).unwrap_or(u32::MAX);
        let place_of: HashMap<_, _> = names.iter().zip(0_u32..).map(|(name, place)| (name.as_str(), place)).collect();
        let place = |text: &String| match (place_of.get(text.as_str()), direction) {
            (None, _) => last,
            (Some(place), Direction::Ascending) => *place,
            (Some(place), Direction::Descending) => last - 1 - place,
        };
        let places = dictionary.iter().map(place).collect();
        Self { source: Source::Places { codes, places, last }, bits: bits_of(u64::from(last)) }
    }

    /// The values of a column of days or numbers.
    pub(super) fn values(view: View<'a>, direction: Direction) -> Self {
        match view {
            View::Days(days, range) => {
                Self { source: Source::Days { days, range, direction }, bits: bits_of(range.span() + 1) }
            }
            View::Numbers(numbers, range) => Self::numbers(numbers, range, direction),
            // Texts have no order but that of names.
            View::Texts { .. } => Self::constant(0, 0),
        }
    }

    /// Whole numbers, of which the smallest of all is a missing one.
    pub(super) fn numbers(numbers: &'a [i64], range: Range, direction: Direction) -> Self {
        Self { source: Source::Numbers { numbers, range, direction }, bits: bits_of(range.span() + 1) }
    }

    /// Numbers as they are.
    pub(super) fn plain(numbers: &'a [u32]) -> Self {
        let greatest = numbers.iter().copied().max().unwrap_or(0);
        Self { source: Source::Plain(numbers), bits: bits_of(u64::from(greatest)) }
    }

    /// The field of a sort key over its column.
    pub(super) fn of_key(key: &SortKey, view: View<'a>, tiers: &[String], channels: &[String]) -> Self {
        let names = match &key.by {
            SortBy::Tier => tiers,
            SortBy::Channel => channels,
            SortBy::Sequence { values, .. } => values,
            // The older the order, the earlier its day.
            SortBy::Age => return Self::values(view, opposite(key.direction)),
            SortBy::RequestedDate
            | SortBy::PromisedDate
            | SortBy::OrderTime
            | SortBy::Queue
            | SortBy::Margin
            | SortBy::Value
            | SortBy::ValueAtRisk
            | SortBy::CostOfDelay => return Self::values(view, key.direction),
        };
        match view {
            View::Texts { codes, dictionary } => Self::places(codes, dictionary, names, key.direction),
            View::Days(..) | View::Numbers(..) => Self::values(view, key.direction),
        }
    }

    fn value(&self, line: usize) -> u64 {
        match &self.source {
            Source::Constant(value) => *value,
            Source::Places { codes, places, last } => {
                let code = codes[line];
                u64::from(if code == NO_TEXT { *last } else { places[code as usize] })
            }
            Source::Days { days, range, direction } => match days[line] {
                NO_DAY => range.span() + 1,
                day => counted(i64::from(day), *range, *direction),
            },
            Source::Numbers { numbers, range, direction } => match numbers[line] {
                NO_NUMBER => range.span() + 1,
                number => counted(number, *range, *direction),
            },
            Source::Plain(numbers) => u64::from(numbers[line]),
        }
    }
}

fn opposite(direction: Direction) -> Direction {
    match direction {
        Direction::Ascending => Direction::Descending,
        Direction::Descending => Direction::Ascending,
    }
}

/// How many words the fields fill, at least one.
pub(super) fn words(fields: &[Field<'_>]) -> usize {
    let bits: u32 = fields.iter().map(|field| field.bits).sum();
    bits.div_ceil(u64::BITS).max(1) as usize
}

/// Writes the key of a line into words that are 0.
pub(super) fn write(fields: &[Field<'_>], line: usize, words: &mut [u64]) {
    let (mut word, mut free) = (0, u64::BITS);
    for field in fields.iter().filter(|field| field.bits > 0) {
        let value = field.value(line);
        if field.bits <= free {
            free -= field.bits;
            words[word] |= value << free;
        } else {
            let over = field.bits - free;
            // Where nothing is free, a shift by all bits is no shift that there is.
            words[word] |= value.checked_shr(over).unwrap_or(0);
            word += 1;
            free = u64::BITS - over;
            words[word] |= value << free;
        }
    }
}
