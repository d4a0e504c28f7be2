//! Which columns of a table's rows are sent once for all rows of a statement, as they have the same value in each.
//!
//! Most columns of what one transaction writes do: a state, a reason, a quantity of nothing. PostgreSQL takes an array apart
//! value by value, and each array of a statement through a buffer of its own, which for one row costs more than to insert it.
//! But another choice of columns is another text, which each connection must read, plan and keep. So few choices are made
//! for a table, and they stay.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use sea_orm::Value;

/// Choices at most for one table.
const CHOICES_MAX: usize = 6;
/// Fewer rows than these teach nothing: what they have in common is chance.
const ROWS_TO_LEARN_FROM: usize = 8;
/// A choice that would send this many columns fewer as arrays is worth a text of its own.
const COLUMNS_WORTH_A_CHOICE: u32 = 3;

/// A set of columns by number, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Columns(u64);

impl Columns {
    /// None: every column is an array.
    pub(crate) const NONE: Self = Self(0);

    /// The columns that have the same value in all rows. Tables wider than a set can say have none.
    fn same_in(width: usize, values: &[Value]) -> Self {
        let (first, others) = values.split_at(width.min(values.len()));
        if width > 64 {
            return Self::NONE;
        }
        let mut same = Self(u64::MAX >> (64 - width.max(1)));
        for row in others.chunks_exact(width) {
            for (number, (value, first)) in row.iter().zip(first).enumerate() {
                if same.contains(number) && value != first {
                    same.0 &= !(1 << number);
                }
            }
        }
        same
    }

    /// Whether a column is among them.
    pub(crate) fn contains(self, number: usize) -> bool {
        number < 64 && self.0 & (1 << number) != 0
    }

    fn is_within(self, others: Self) -> bool {
        self.0 & !others.0 == 0
    }

    fn without_first(self) -> Self {
        Self(self.0 & (self.0 - 1))
    }

    #[cfg(test)]
    pub(crate) fn of(numbers: &[usize]) -> Self {
        Self(numbers.iter().fold(0, |set, number| set | 1 << number))
    }
}

/// The choices of a store, by table.
#[derive(Debug, Default)]
pub(crate) struct Shapes {
    of_tables: Mutex<HashMap<&'static str, Vec<Columns>>>,
}

impl Shapes {
    /// The columns of rows for `table` that are sent once. Of a single row all are.
    pub(crate) fn choose(&self, table: &'static str, width: usize, values: &[Value]) -> Columns {
        let rows = values.len() / width.max(1);
        let mut same = Columns::same_in(width, values);
        if rows < 2 {
            return same;
        }
        if same.0.count_ones() as usize == width {
            // An array tells how many rows there are.
            same = same.without_first();
        }
        let mut of_tables = self.of_tables.lock().unwrap_or_else(PoisonError::into_inner);
        let known = of_tables.entry(table).or_default();
        let fitting = known.iter().copied().filter(|choice| choice.is_within(same));
        let best = fitting.max_by_key(|choice| choice.0.count_ones()).unwrap_or_default();
        let saved = same.0.count_ones() - best.0.count_ones();
        if saved < COLUMNS_WORTH_A_CHOICE || rows < ROWS_TO_LEARN_FROM || known.len() >= CHOICES_MAX {
            return best;
        }
        known.push(same);
        same
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of six columns, of which those in `differing` have another value in each row.
    fn rows(count: usize, differing: &[usize]) -> Vec<Value> {
        let value = |row: usize, column| if differing.contains(&column) { row as u64 } else { 7_777 };
        (0..count).flat_map(|row| (0..6).map(move |column| Value::from(value(row, column)))).collect()
    }

    #[test]
    fn what_many_rows_have_in_common_is_sent_once_from_then_on() {
        let shapes = Shapes::default();
        assert_eq!(shapes.choose("t", 6, &rows(7, &[0])), Columns::NONE, "too few rows to learn from");
        let learnt = Columns::of(&[1, 2, 3, 4, 5]);
        assert_eq!(shapes.choose("t", 6, &rows(8, &[0])), learnt);
        assert_eq!(shapes.choose("t", 6, &rows(2, &[0])), learnt, "few rows use what is known");
        assert_eq!(shapes.choose("u", 6, &rows(2, &[0])), Columns::NONE, "another table has its own");
        assert_eq!(shapes.choose("t", 6, &rows(9, &[0, 1])), Columns::of(&[2, 3, 4, 5]), "what differs is an array");
    }

    #[test]
    fn a_choice_that_is_nearly_as_good_is_kept_to() {
        let shapes = Shapes::default();
        let wide = shapes.choose("t", 6, &rows(8, &[0, 1]));
        assert_eq!(wide, Columns::of(&[2, 3, 4, 5]));
        assert_eq!(shapes.choose("t", 6, &rows(8, &[0])), wide);
    }

    #[test]
    fn there_are_few_choices() {
        let shapes = Shapes::default();
        let pairs = (0..6).flat_map(|a| (0..a).map(move |b| [a, b]));
        let chosen: Vec<Columns> = pairs.map(|pair| shapes.choose("t", 6, &rows(8, &pair))).collect();
        assert_eq!(chosen.iter().filter(|choice| **choice != Columns::NONE).count(), CHOICES_MAX);
    }

    #[test]
    fn a_single_row_needs_no_array_and_equal_rows_need_one() {
        let shapes = Shapes::default();
        assert_eq!(shapes.choose("t", 6, &rows(1, &[])), Columns::of(&[0, 1, 2, 3, 4, 5]));
        assert_eq!(shapes.choose("t", 6, &rows(9, &[])), Columns::of(&[1, 2, 3, 4, 5]));
        assert_eq!(Columns::same_in(65, &rows(65, &[])), Columns::NONE);
    }
}
