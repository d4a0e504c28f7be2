//! How old the open backorders are.

use jiff::civil::Date;

use super::{history::Histories, outcome::Outcome, outcome::days_between};

/// First and last day of each age; the last age has no end.
pub const AGES: [(i64, Option<i64>); 5] = [(0, Some(7)), (8, Some(14)), (15, Some(30)), (31, Some(60)), (61, None)];

/// What is open at one age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AgeGroup {
    /// Lines.
    pub lines: u64,
    /// Base units.
    pub units: i128,
    /// Their value in nano-units, of the lines with a price.
    pub value_nanos: i128,
}

/// Open backordered units by age.
pub type Ageing = [AgeGroup; AGES.len()];

/// The place in [`AGES`] of so many days; negative days are in none.
#[must_use]
pub fn age_of(days: i64) -> Option<usize> {
    AGES.iter().position(|(first, last)| days >= *first && last.is_none_or(|last| days <= last))
}

/// Open backordered units by days since the order.
#[must_use]
pub fn by_order_date(histories: &Histories, outcomes: &[Outcome], as_of: Date) -> Ageing {
    ageing(histories, outcomes, |line| histories.lines()[line].dates.ordered(), as_of)
}

/// Open backordered units by days past the first promised day; those not past it, or without one, are in none.
#[must_use]
pub fn by_promised_date(histories: &Histories, outcomes: &[Outcome], as_of: Date) -> Ageing {
    let past = |line: usize| histories.lines()[line].dates.promised.filter(|promised| *promised < as_of);
    ageing(histories, outcomes, past, as_of)
}

fn ageing(histories: &Histories, outcomes: &[Outcome], from: impl Fn(usize) -> Option<Date>, as_of: Date) -> Ageing {
    let mut ages = Ageing::default();
    for (index, outcome) in outcomes.iter().enumerate().filter(|(_, outcome)| outcome.open > 0) {
        let age = from(index).and_then(|day| age_of(days_between(day, as_of)));
        if let Some(group) = age.and_then(|age| ages.get_mut(age)) {
            group.lines += 1;
            group.units += i128::from(outcome.open);
            group.value_nanos += histories.lines()[index].value(outcome.open).unwrap_or(0);
        }
    }
    ages
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::figures::{
        outcome::outcomes,
        samples::{VIEW, line, named, shipped},
    };

    #[test]
    fn the_ages_have_no_gap_and_no_overlap() {
        let ages = [-1, 0, 7, 8, 14, 15, 30, 31, 60, 61, 9_999].map(age_of);
        let places = [None, Some(0), Some(0), Some(1), Some(1), Some(2), Some(2), Some(3), Some(3), Some(4), Some(4)];
        assert_eq!(ages, places);
    }

    #[test]
    fn only_what_is_open_has_an_age() {
        let mut promised = named(shipped(line(5), 2, date(2026, 1, 20)), "B", "1");
        promised.dates.promised = Some(date(2026, 1, 30));
        let histories = Histories::new(vec![promised, named(shipped(line(9), 9, date(2026, 1, 9)), "C", "1")]);
        let outcomes = outcomes(&histories, &VIEW);
        let by_order = by_order_date(&histories, &outcomes, VIEW.as_of);
        assert_eq!(by_order[2], AgeGroup { lines: 1, units: 3, value_nanos: 30_000_000_000 });
        assert_eq!(by_order.iter().map(|group| group.lines).sum::<u64>(), 1);
        assert_eq!(by_promised_date(&histories, &outcomes, VIEW.as_of)[0].units, 3);
    }
}
