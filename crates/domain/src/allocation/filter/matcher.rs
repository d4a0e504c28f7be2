//! A filter over many lines: each distinct tuple of the values that the filter reads is evaluated once, and every further
//! line with that tuple costs one look-up.
//!
//! The values of a line become one whole number, each value a digit in a base as large as its column has different
//! values. Where few numbers are possible, the answers are a table; else they are in a hash table by the number. When the
//! hash table has no more room, new tuples are evaluated each time: almost every line has its own then.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

use super::{
    Filter,
    attribute::Attribute,
    expression::Value,
    facts::{NO_DAY, NO_NUMBER, NO_TEXT, View},
    problem::EvaluationFailure,
};

/// The largest table of answers, in places.
const TABLE_MAX: u128 = 1 << 20;
/// A table may have so many places for each answer that there is room for: a place is a sixteenth of an answer's size.
const PLACES_PER_ANSWER: u128 = 16;
/// There is room for so many answers of a filter, however few the lines are.
pub(crate) const ROOM_MIN: usize = 256;

/// What a filter says of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The line matches.
    Matched,
    /// It does not.
    NotMatched,
    /// The filter has no answer for it, which counts as not matched.
    Failed(EvaluationFailure),
}

/// Lines for which a filter had no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failures {
    /// How many lines were asked about in vain.
    pub lines: u64,
    /// Why, for the first of them.
    pub first: EvaluationFailure,
}

/// A filter at work on the columns of many lines.
#[derive(Debug)]
pub struct Matcher<'a> {
    filter: &'a Filter,
    today: i64,
    inputs: Vec<Input<'a>>,
    answers: Answers,
    room: usize,
    failures: Option<Failures>,
}

#[derive(Debug)]
struct Input<'a> {
    view: View<'a>,
    /// How many different codes the column can have.
    base: u128,
    /// Numbers the distinct tuples of the inputs before this one, where their product with this base would be too large.
    numbered: Option<HashMap<u128, u128, Hashing>>,
}

#[derive(Debug)]
enum Answers {
    Table {
        known: Vec<Option<Verdict>>,
        bases: Vec<u32>,
        /// The numbers of the lines that are asked about.
        keys: Vec<u32>,
    },
    Hashed(HashMap<u128, Verdict, Hashing>),
}

impl<'a> Matcher<'a> {
    /// Sets a filter to work. `view` gives the column of an attribute; `room` is how many answers may be remembered.
    pub(crate) fn try_new(
        filter: &'a Filter,
        view: impl Fn(Attribute) -> Option<View<'a>>,
        room: usize,
        today: i32,
    ) -> Result<Self, NoColumn> {
        let mut inputs = Vec::with_capacity(filter.reads().len());
        let mut tuples: u128 = 1;
        for attribute in filter.reads() {
            let view = view(*attribute).ok_or(NoColumn(*attribute))?;
            let base = base(&view);
            let numbered = tuples.checked_mul(base).is_none().then(HashMap::default);
            tuples = if numbered.is_some() { room as u128 } else { tuples }.saturating_mul(base);
            inputs.push(Input { view, base, numbered });
        }
        let limit = TABLE_MAX.min((room as u128).saturating_mul(PLACES_PER_ANSWER));
        let plain = inputs.iter().all(|input| input.numbered.is_none());
        let bases: Result<Vec<_>, _> = inputs.iter().map(|input| u32::try_from(input.base)).collect();
        let answers = match (usize::try_from(tuples), bases) {
            (Ok(size), Ok(bases)) if plain && tuples <= limit => {
                Answers::Table { known: vec![None; size], bases, keys: Vec::new() }
            }
            _ => Answers::Hashed(HashMap::default()),
        };
        Ok(Self { filter, today: i64::from(today), inputs, answers, room, failures: None })
    }

    /// What the filter says of each of some lines. A failure is counted each time.
    ///
    /// # Panics
    /// When there is no such line.
    pub fn verdicts(&mut self, lines: &[u32], verdicts: &mut Vec<Verdict>) {
        verdicts.clear();
        match &mut self.answers {
            Answers::Table { known, bases, keys } => {
                keys.clear();
                keys.resize(lines.len(), 0);
                for (input, base) in self.inputs.iter().zip(bases.iter()) {
                    append_codes(&input.view, *base, lines, keys);
                }
                verdicts.extend(keys.iter().zip(lines).map(|(key, line)| {
                    let answer = &mut known[*key as usize];
                    *answer.get_or_insert_with(|| evaluated(self.filter, &self.inputs, self.today, *line as usize))
                }));
            }
            Answers::Hashed(known) => {
                for line in lines.iter().map(|line| *line as usize) {
                    let key = key(&mut self.inputs, self.room, line);
                    if let Some(verdict) = key.and_then(|key| known.get(&key)) {
                        verdicts.push(*verdict);
                        continue;
                    }
                    let verdict = evaluated(self.filter, &self.inputs, self.today, line);
                    if let Some(key) = key.filter(|_| known.len() < self.room) {
                        known.insert(key, verdict);
                    }
                    verdicts.push(verdict);
                }
            }
        }
        for verdict in verdicts.iter() {
            if let Verdict::Failed(first) = *verdict {
                self.failures.get_or_insert(Failures { lines: 0, first }).lines += 1;
            }
        }
    }

    /// The lines for which there was no answer until now.
    #[must_use]
    pub fn failures(&self) -> Option<Failures> {
        self.failures
    }
}

/// An attribute is read of which there is no column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no column of {0}")]
pub struct NoColumn(pub Attribute);

/// The codes that a column can have: one for each value in its range, and 0 for a missing one.
fn base(view: &View<'_>) -> u128 {
    match view {
        View::Texts { dictionary, .. } => dictionary.len() as u128 + 1,
        View::Days(_, range) | View::Numbers(_, range) => u128::from(range.span()) + 2,
    }
}

/// Makes the codes of a column the last digits of the numbers of some lines. Every code is below the base, and no number
/// is greater than the table, so that neither sum nor product overflows.
fn append_codes(view: &View<'_>, base: u32, lines: &[u32], keys: &mut [u32]) {
    let appended = keys.iter_mut().zip(lines);
    match view {
        View::Texts { codes, .. } => {
            appended.for_each(|(key, line)| *key = *key * base + codes[*line as usize].wrapping_add(1));
        }
        View::Days(days, range) => {
            let least = i32::try_from(range.least).unwrap_or(NO_DAY);
            appended.for_each(|(key, line)| {
                let day = days[*line as usize];
                *key = *key * base + if day == NO_DAY { 0 } else { day.abs_diff(least) + 1 };
            });
        }
        View::Numbers(..) => appended.for_each(|(key, line)| {
            *key = *key * base + u32::try_from(code(view, *line as usize)).unwrap_or(0);
        }),
    }
}

#[inline]
fn code(view: &View<'_>, line: usize) -> u64 {
    match view {
        View::Texts { codes, .. } => u64::from(codes[line].wrapping_add(1)),
        View::Days(days, _) if days[line] == NO_DAY => 0,
        View::Days(days, range) => i64::from(days[line]).abs_diff(range.least) + 1,
        View::Numbers(numbers, _) if numbers[line] == NO_NUMBER => 0,
        View::Numbers(numbers, range) => numbers[line].abs_diff(range.least) + 1,
    }
}

/// The number of a line's tuple; `None` when it would have to be numbered and there is no room.
fn key(inputs: &mut [Input<'_>], room: usize, line: usize) -> Option<u128> {
    let mut key: u128 = 0;
    for input in inputs {
        if let Some(numbered) = &mut input.numbered {
            let next = numbered.len();
            key = match numbered.get(&key) {
                Some(number) => *number,
                None if next < room => *numbered.entry(key).or_insert(next as u128),
                None => return None,
            };
        }
        key = key * input.base + u128::from(code(&input.view, line));
    }
    Some(key)
}

fn value<'a>(view: &View<'a>, line: usize) -> Value<'a> {
    match view {
        View::Texts { codes, .. } if codes[line] == NO_TEXT => Value::Missing,
        View::Texts { codes, dictionary } => Value::Text(&dictionary[codes[line] as usize]),
        View::Days(days, _) if days[line] == NO_DAY => Value::Missing,
        View::Days(days, _) => Value::Number(i64::from(days[line])),
        View::Numbers(numbers, _) if numbers[line] == NO_NUMBER => Value::Missing,
        View::Numbers(numbers, _) => Value::Number(numbers[line]),
    }
}

#[cold]
fn evaluated(filter: &Filter, inputs: &[Input<'_>], today: i64, line: usize) -> Verdict {
    let mut values = [Value::Missing; super::FILTER_ATTRIBUTES_MAX];
    for (place, input) in values.iter_mut().zip(inputs) {
        *place = value(&input.view, line);
    }
    match filter.truth_of(&values, today) {
        Ok(true) => Verdict::Matched,
        Ok(false) => Verdict::NotMatched,
        Err(failure) => Verdict::Failed(failure),
    }
}

type Hashing = BuildHasherDefault<Folding>;

/// Hashes one whole number by a folded product. The numbers are codes of our own columns, not texts of a caller.
#[derive(Debug, Default)]
struct Folding(u64);

impl Folding {
    const FIRST: u64 = 0x9e37_79b9_7f4a_7c15;
    const SECOND: u64 = 0xd6e8_feb8_6659_fd93;
}

impl Hasher for Folding {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u128(u128::from(*byte) | u128::from(self.0) << 64);
        }
    }

    fn write_u128(&mut self, number: u128) {
        let low = number & u128::from(u64::MAX);
        let product = (low ^ u128::from(Self::FIRST)) * ((number >> 64) ^ u128::from(Self::SECOND));
        let folded = (product ^ (product >> 64)) & u128::from(u64::MAX);
        self.0 = u64::try_from(folded).unwrap_or(0);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
