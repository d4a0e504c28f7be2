//! What goes wrong in a demo that is told to be untidy: by seed, shelves are counted and hold less than the books say, and
//! items can be ordered before they are released, and orders are held. All of it is modelled, and reported as modelled.
//!
//! Each draw is named after what it is about, so that a run which goes on after a kill draws the same again.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    draw::{Quantiles, Steps, Weights, happens, source_of},
    model::delivery::later,
};

/// What it is, in words, beside the name of the demand.
pub const UNTIDY: &str = "untidy: modelled counts, preorders and holds";

/// So many shelves are counted in an evening, on average.
const COUNTED_PER_EVENING: u32 = 12;
/// Of 100 shelves from which the day's orders take, so many are counted as well: that is where somebody looks.
const COUNTED_OF_100_ORDERED: u32 = 3;
/// What a count finds, of 20: all is there, some of the free units are missing, more is missing than is free, too much.
const FINDS: Weights = Weights(&[10, 3, 6, 1]);
/// More than is free is missing only where at most so many units are free: a full shelf is not lost unseen.
const FREE_MAX_TO_LOSE: i64 = 48;
/// Units that are missing or too many, where they are.
const UNITS_OFF: Quantiles = Quantiles(&[1, 1, 1, 2, 2, 3, 4, 6, 12]);
/// Of 100 items so many are ordered before their release.
const PREORDERED_OF_100: u32 = 3;
/// From the first day to the release of such an item, in days.
const DAYS_TO_RELEASE: Quantiles = Quantiles(&[7, 20, 40, 75]);

/// Of 100 orders so many are held when they are placed.
const HELD_OF_100: u32 = 2;
/// Of 100 holds so many keep the order from taking stock; the others only keep it from leaving.
const BLOCKING_OF_100: u32 = 60;
/// For how many days an order is held.
const DAYS_HELD: Steps = Steps(&[1, 1, 2, 3, 5, 14]);

/// How an order is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// The morning on which it is let go.
    pub until: Date,
    /// Whether it takes no stock, and is not only kept from leaving.
    pub takes_no_stock: bool,
}

/// A count that is decided and may not have been booked: it is sent again after a kill.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecidedCount {
    /// The day, `YYYY-MM-DD`.
    pub day: String,
    /// What was found, by item name.
    pub found: BTreeMap<String, i64>,
    /// By how much that differs from the books, by item name.
    pub off: BTreeMap<String, i64>,
}

/// What went wrong so far. Part of the kept state.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mishaps {
    /// The last count.
    pub count: DecidedCount,
    /// Positions counted.
    pub positions_counted: u64,
    /// Units that counts did not find.
    pub units_missing: i64,
    /// Units that counts found beyond the books.
    pub units_found: i64,
    /// Reserved units that were not there: their lines wait again.
    pub reserved_units_lost: i64,
    /// How often a line lost reserved units.
    pub losses_of_lines: u64,
    /// Lines that ordered an item before its release.
    pub lines_preordered: u64,
    /// Orders that were held.
    pub orders_held: u64,
    /// Orders that are held, by name, with the morning on which they are let go.
    pub held: BTreeMap<String, String>,
    /// What counts changed, by item name.
    pub corrections: BTreeMap<String, i64>,
}

impl Mishaps {
    /// Takes over what a count found, once it is booked.
    pub fn counted(&mut self, count: &DecidedCount) {
        self.positions_counted += count.found.len() as u64;
        for (item, off) in &count.off {
            self.units_missing += (-off).max(0);
            self.units_found += (*off).max(0);
            *self.corrections.entry(item.clone()).or_default() += off;
        }
    }

    /// The figures for the report.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "positions_counted": self.positions_counted,
            "units_missing": self.units_missing,
            "units_found": self.units_found,
            "reserved_units_lost": self.reserved_units_lost,
            "losses_of_lines": self.losses_of_lines,
            "lines_preordered": self.lines_preordered,
            "orders_held": self.orders_held,
            "orders_still_held": self.held.len(),
        })
    }
}

/// Whether an item, one of `items`, is counted in the evening of a day, on which it was ordered or not.
#[must_use]
pub fn is_counted(seed: u64, day: Date, item: &str, items: usize, is_ordered: bool) -> bool {
    let items = u32::try_from(items).unwrap_or(u32::MAX);
    let mut source = source_of(seed, &["counted", &day.to_string(), item]);
    let is_due = happens(&mut source, COUNTED_PER_EVENING, items);
    is_due || (is_ordered && happens(&mut source, COUNTED_OF_100_ORDERED, 100))
}

/// By how much the shelf differs from the books, with so many free units among so many that can be counted.
#[must_use]
pub fn units_off(seed: u64, day: Date, item: &str, free: i64, on_shelf: i64) -> i64 {
    let mut source = source_of(seed, &["count", &day.to_string(), item]);
    let (finds, units) = (FINDS.draw(&mut source), UNITS_OFF.draw(&mut source));
    match finds {
        2 if free <= FREE_MAX_TO_LOSE => -(free + units).min(on_shelf),
        1 | 2 => -units.min(free),
        3 => units,
        _ => 0,
    }
}

/// How an order is held that was placed on a day; `None` for most.
#[must_use]
pub fn hold_of(seed: u64, order: &str, day: Date) -> Option<Held> {
    let mut source = source_of(seed, &["hold", order]);
    if !happens(&mut source, HELD_OF_100, 100) {
        return None;
    }
    let takes_no_stock = happens(&mut source, BLOCKING_OF_100, 100);
    Some(Held { until: later(day, DAYS_HELD.draw(&mut source)), takes_no_stock })
}

/// The day on which an item is released; `None` for what was released long ago.
#[must_use]
pub fn release_day(seed: u64, first_day: Date, item: &str) -> Option<Date> {
    let mut source = source_of(seed, &["release", item]);
    let is_preordered = happens(&mut source, PREORDERED_OF_100, 100);
    is_preordered.then(|| later(first_day, DAYS_TO_RELEASE.draw(&mut source)))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn counts_differ_as_often_as_the_model_says_and_never_below_nothing() {
        let day = date(2011, 3, 1);
        let off: Vec<i64> = (0..4_000).map(|item| units_off(5, day, &item.to_string(), 3, 10)).collect();
        assert!(off.iter().all(|units| (-10..=12).contains(units)));
        let share = |wanted: fn(i64) -> bool| off.iter().filter(|units| wanted(**units)).count();
        assert!((1_700..2_300).contains(&share(|units| units == 0)), "{}", share(|units| units == 0));
        assert!((1_000..1_400).contains(&share(|units| units < -3)), "{}", share(|units| units < -3));
        assert!(share(|units| units > 0) > 100);
        assert!((0..500).all(|item| units_off(6, day, &item.to_string(), 0, 0) >= 0));
    }

    #[test]
    fn some_items_are_released_later_and_some_are_counted() {
        let first = date(2010, 12, 1);
        let released: Vec<Date> = (0..4_000).filter_map(|item| release_day(5, first, &item.to_string())).collect();
        assert!((80..160).contains(&released.len()), "{}", released.len());
        assert!(released.iter().all(|day| *day > first && *day <= later(first, 75)));
        let days = (0..100).map(|day| later(first, day));
        let counted =
            days.flat_map(|day| (0..300).filter(move |item| is_counted(5, day, &item.to_string(), 300, false)));
        assert!((1_000..1_400).contains(&counted.count()));
    }

    #[test]
    fn some_orders_are_held_for_some_days() {
        let day = date(2011, 3, 1);
        let held: Vec<Held> = (0..10_000).filter_map(|order| hold_of(5, &order.to_string(), day)).collect();
        assert!((150..250).contains(&held.len()), "{}", held.len());
        assert!(held.iter().all(|held| held.until > day && held.until <= later(day, 14)));
        assert!(held.iter().any(|held| held.takes_no_stock) && held.iter().any(|held| !held.takes_no_stock));
    }

    #[test]
    fn a_count_is_taken_over_in_units() {
        let mut mishaps = Mishaps::default();
        let off = BTreeMap::from([("a".to_owned(), -4), ("b".to_owned(), 2), ("c".to_owned(), 0)]);
        let found = BTreeMap::from([("a".to_owned(), 1), ("b".to_owned(), 9), ("c".to_owned(), 5)]);
        mishaps.counted(&DecidedCount { day: String::new(), found, off });
        assert_eq!((mishaps.positions_counted, mishaps.units_missing, mishaps.units_found), (3, 4, 2));
        assert_eq!(mishaps.corrections["a"], -4);
    }
}
