//! Shares and means that are counted while lines go by: by lines, by units and by money at once.

use super::{history::LineHistory, ratio::Ratio};

/// A part of a whole, and of how many lines or orders it is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Share {
    /// The part.
    pub part: i128,
    /// The whole, with nothing in it of which it is not known.
    pub whole: i128,
    /// Lines or orders in it.
    pub counted: u64,
    /// Lines or orders that are left out, because what is needed of them is not known.
    pub left_out: u64,
}

impl Share {
    /// Adds what is known of one line or order.
    pub fn add(&mut self, part: i128, whole: i128) {
        self.part = self.part.saturating_add(part);
        self.whole = self.whole.saturating_add(whole);
        self.counted += 1;
    }

    /// Adds one line or order that is a part, or is not.
    pub fn add_one(&mut self, is_part: bool) {
        self.add(i128::from(is_part), 1);
    }

    /// Adds one line or order of which it is not known.
    pub const fn leave_out(&mut self) {
        self.left_out += 1;
    }

    /// The part of the whole; `None` when there is nothing to measure.
    #[must_use]
    pub const fn ratio(&self) -> Option<Ratio> {
        Ratio::of(self.part, self.whole)
    }
}

/// The same share by lines, by base units, by value and by margin. Money is in nano-units of the company's currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shares {
    /// By lines.
    pub lines: Share,
    /// By base units.
    pub units: Share,
    /// By the price of the units; lines without a price are left out.
    pub value: Share,
    /// By price less cost of the units, nothing for what is sold below cost; lines without one of them are left out.
    pub margin: Share,
}

impl Shares {
    /// Adds `part` of `whole` units of a line, which is in the part of the lines or is not.
    pub fn add(&mut self, line: &LineHistory, part: i64, whole: i64, is_part: bool) {
        if whole <= 0 {
            return;
        }
        self.lines.add_one(is_part);
        self.units.add(part.into(), whole.into());
        let weigh = |share: &mut Share, nanos: Option<i64>| match nanos {
            Some(nanos) => {
                share
                    .add(i128::from(nanos).saturating_mul(part.into()), i128::from(nanos).saturating_mul(whole.into()));
            }
            None => share.leave_out(),
        };
        weigh(&mut self.value, line.price_nanos);
        let margin = line.price_nanos.zip(line.cost_nanos).map(|(price, cost)| price.saturating_sub(cost).max(0));
        weigh(&mut self.margin, margin);
    }
}

/// Days of lines or orders, for their mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mean {
    /// The sum, the lines or orders, and those that are left out.
    pub sum: Share,
    /// Lines or orders of which only a lower bound is in the sum.
    pub at_least: u64,
}

impl Mean {
    /// Adds one.
    pub fn add(&mut self, amount: i64, is_at_least: bool) {
        self.sum.add(amount.into(), 1);
        self.at_least += u64::from(is_at_least);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::samples::line;

    #[test]
    fn a_line_weighs_its_units_its_value_and_its_margin() {
        let mut shares = Shares::default();
        shares.add(&line(10), 4, 10, false);
        let mut dear = line(10);
        (dear.price_nanos, dear.cost_nanos) = (Some(90_000_000_000), Some(6_000_000_000));
        shares.add(&dear, 10, 10, true);
        let scaled = |share: &Share| share.ratio().map(|ratio| ratio.scaled(1_000));
        assert_eq!([&shares.lines, &shares.units].map(scaled), [Some(500), Some(700)]);
        // 940 of 1,000 and 856 of 880.
        assert_eq!([&shares.value, &shares.margin].map(scaled), [Some(940), Some(973)]);
    }

    #[test]
    fn what_has_no_price_is_left_out_and_counted() {
        let mut shares = Shares::default();
        let mut unpriced = line(5);
        unpriced.price_nanos = None;
        shares.add(&unpriced, 5, 5, true);
        shares.add(&unpriced, 0, 0, true);
        assert_eq!((shares.lines.counted, shares.value.ratio(), shares.value.left_out), (1, None, 1));
        assert_eq!(shares.margin.left_out, 1);
    }
}
