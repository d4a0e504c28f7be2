//! Matches reversals to the sales they take back.
//!
//! The rule: same customer and same item, a sale that stands earlier in the file, the latest such sale first, and only
//! units of it that no earlier reversal took. One reversal row may take from several sales.

use std::{collections::HashMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use crate::demand::ReversedPart;

/// The rule in words, as the report prints it.
pub const MATCHING_RULE: &str = "a reversal takes units from sales of the same customer and item that stand earlier in the file, the latest sale first, \
     and only units that no earlier reversal took; what is unshipped is cancelled, what is shipped is returned";

/// From this many units on, a line that is soon reversed is reported as a huge order.
pub const HUGE_UNITS_MIN: i64 = 500;
/// A reversal within this time of its sale is soon.
pub const SOON: SignedDuration = SignedDuration::from_hours(2);

#[derive(Debug)]
struct Sale {
    order: Arc<str>,
    line: u32,
    sold_at: Timestamp,
    units: i64,
    units_left: i64,
}

/// A huge line that was reversed soon after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HugeReversal {
    /// The order that was reversed.
    pub order: Arc<str>,
    /// The reversal document.
    pub reversal: Arc<str>,
    /// The item.
    pub item: Arc<str>,
    /// Units taken back.
    pub units: i64,
    /// Minutes between the two.
    pub minutes_after: i64,
}

/// What a reversal row found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matched {
    /// The lines it takes back from.
    pub parts: Vec<ReversedPart>,
    /// Units for which no sale was found.
    pub units_unmatched: i64,
    /// Huge lines among the parts that were reversed soon.
    pub huge: Vec<HugeReversal>,
}

/// A line that was sold.
#[derive(Debug, Clone)]
pub struct SoldLine {
    /// The order.
    pub order: Arc<str>,
    /// The line's number inside it.
    pub line: u32,
    /// Units sold.
    pub units: i64,
}

/// The sales that can still be reversed. Its size is bounded by the clean sale lines of one file.
#[derive(Debug, Default)]
pub struct SalesBook(HashMap<(Arc<str>, Arc<str>), Vec<Sale>>);

impl SalesBook {
    /// Notes a sale.
    pub fn sold(&mut self, customer: &Arc<str>, item: &Arc<str>, line: SoldLine, sold_at: Timestamp) {
        let SoldLine { order, line, units } = line;
        let sale = Sale { order, line, sold_at, units, units_left: units };
        self.0.entry((customer.clone(), item.clone())).or_default().push(sale);
    }

    /// Takes `units` back from the latest sales of the customer and item.
    pub fn reverse(
        &mut self,
        customer: &Arc<str>,
        item: &Arc<str>,
        units: i64,
        reversal: &Arc<str>,
        at: Timestamp,
    ) -> Matched {
        let mut found = Matched { units_unmatched: units, ..Matched::default() };
        let Some(sales) = self.0.get_mut(&(customer.clone(), item.clone())) else { return found };
        while found.units_unmatched > 0 {
            let Some(sale) = sales.last_mut() else { break };
            let taken = sale.units_left.min(found.units_unmatched);
            sale.units_left -= taken;
            found.units_unmatched -= taken;
            let waited = at.duration_since(sale.sold_at);
            if taken >= HUGE_UNITS_MIN && waited <= SOON {
                found.huge.push(HugeReversal {
                    order: sale.order.clone(),
                    reversal: reversal.clone(),
                    item: item.clone(),
                    units: taken,
                    minutes_after: waited.as_mins(),
                });
            }
            found.parts.push(ReversedPart {
                order: sale.order.clone(),
                line: sale.line,
                quantity: taken,
                reversed_in_all: sale.units - sale.units_left,
            });
            if sale.units_left == 0 {
                sales.pop();
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    fn part(order: &str, quantity: i64, reversed_in_all: i64) -> ReversedPart {
        ReversedPart { order: order.into(), line: 1, quantity, reversed_in_all }
    }

    fn minute(n: i64) -> Timestamp {
        Timestamp::from_second(n * 60).unwrap()
    }

    fn book(sales: &[(&str, i64, i64)]) -> SalesBook {
        let mut book = SalesBook::default();
        for (order, units, at) in sales {
            let line = SoldLine { order: (*order).into(), line: 1, units: *units };
            book.sold(&"c".into(), &"X".into(), line, minute(*at));
        }
        book
    }

    #[test]
    fn the_latest_sale_is_reversed_first_and_no_unit_twice() {
        let mut book = book(&[("1", 10, 0), ("2", 4, 1)]);
        let first = book.reverse(&"c".into(), &"X".into(), 6, &"C3".into(), minute(2));
        assert_eq!(first.parts, [part("2", 4, 4), part("1", 2, 2)]);
        let second = book.reverse(&"c".into(), &"X".into(), 20, &"C4".into(), minute(3));
        assert_eq!((second.parts, second.units_unmatched), (vec![part("1", 8, 10)], 12));
    }

    #[test]
    fn another_customers_sale_is_not_reversed() {
        let mut book = book(&[("1", 10, 0)]);
        let found = book.reverse(&"d".into(), &"X".into(), 6, &"C3".into(), minute(2));
        assert_eq!((found.parts.len(), found.units_unmatched), (0, 6));
    }

    #[test]
    fn a_huge_line_reversed_within_two_hours_is_reported() {
        let mut soon = book(&[("1", 74_215, 0)]);
        let huge = soon.reverse(&"c".into(), &"X".into(), 74_215, &"C3".into(), minute(16)).huge;
        assert_eq!((huge.len(), huge[0].units, huge[0].minutes_after), (1, 74_215, 16));
        let mut late = book(&[("1", 74_215, 0)]);
        assert!(late.reverse(&"c".into(), &"X".into(), 74_215, &"C3".into(), minute(121)).huge.is_empty());
    }
}
