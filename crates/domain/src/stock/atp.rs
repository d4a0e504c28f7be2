//! Available to promise: discrete, cumulative and with look-ahead (domain.md 2.10, vectors 3.6). All numbers are base
//! units of one item at one place.
//!
//! It must not read rows: the caller says what is free now, what supply comes when and what demand is due when. On hand
//! here is AVAILABLE less safety stock; supply is what is open and not past due; demand is what is pegged or waits
//! without a reservation on hand. HELD and the lines that it waits for are counted in neither or in both.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::quantity::Quantity;

/// A quantity on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dated {
    /// The day.
    pub date: Date,
    /// Base units.
    pub quantity: Quantity,
}

/// One day of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// The day.
    pub date: Date,
    /// Supply of the day; on the first day what is free now as well. Negative when safety stock exceeds what is free.
    pub supply: i64,
    /// Demand of the day; on the first day also what was due before.
    pub demand: i64,
    /// Supply less the demand until the next supply; 0 on days without supply. May be negative.
    pub discrete: i64,
    /// Cumulative availability without look-ahead. May be negative.
    pub cumulative: i64,
    /// The lowest cumulative availability from this day on. May be negative: then nothing can be promised.
    pub look_ahead: i64,
}

impl Bucket {
    /// What may be promised for this day without breaking a promise: the look-ahead value, at least 0.
    #[must_use]
    pub fn available_to_promise(&self) -> Quantity {
        Quantity::try_new(self.look_ahead.max(0)).unwrap_or(Quantity::ZERO)
    }
}

/// Availability over time: one bucket for today and one for each later day on which something changes, ascending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    buckets: Vec<Bucket>,
}

impl Profile {
    /// The profile from `today` to `horizon`, both included.
    ///
    /// `free` is AVAILABLE less safety stock, and may be negative. Supply before today is past due and does not count;
    /// demand before today is due today. What lies after the horizon is left out.
    #[must_use]
    pub fn new(
        today: Date,
        horizon: Date,
        free: i64,
        supplies: impl IntoIterator<Item = Dated>,
        demands: impl IntoIterator<Item = Dated>,
    ) -> Self {
        let mut days: BTreeMap<Date, (i64, i64)> = BTreeMap::from([(today, (free, 0))]);
        for supply in supplies.into_iter().filter(|s| s.date >= today && s.date <= horizon && !s.quantity.is_zero()) {
            let day = days.entry(supply.date).or_default();
            day.0 = day.0.saturating_add(supply.quantity.get());
        }
        for demand in demands.into_iter().filter(|d| d.date <= horizon && !d.quantity.is_zero()) {
            let day = days.entry(demand.date.max(today)).or_default();
            day.1 = day.1.saturating_add(demand.quantity.get());
        }
        let supply: Vec<i64> = days.values().map(|day| day.0).collect();
        let demand: Vec<i64> = days.values().map(|day| day.1).collect();
        let (discrete, cumulative) = (discrete(0, &supply, &demand), cumulative(0, &supply, &demand));
        let look_ahead = look_ahead(&cumulative);
        let rows = days.iter().zip(discrete).zip(cumulative).zip(look_ahead);
        let bucket = |(((day, discrete), cumulative), look_ahead): (((_, i64), i64), i64)| {
            let (date, (supply, demand)): (&Date, &(i64, i64)) = day;
            Bucket { date: *date, supply: *supply, demand: *demand, discrete, cumulative, look_ahead }
        };
        Self { buckets: rows.map(bucket).collect() }
    }

    /// The buckets, earliest first. There is always one for today.
    #[must_use]
    pub fn buckets(&self) -> &[Bucket] {
        &self.buckets
    }

    /// What may be promised for a day: nothing before today.
    #[must_use]
    pub fn available_on(&self, date: Date) -> Quantity {
        let bucket = self.buckets.iter().rev().find(|bucket| bucket.date <= date);
        bucket.map_or(Quantity::ZERO, Bucket::available_to_promise)
    }

    /// The earliest day on which `quantity` can be had in one piece; `None` within the horizon.
    #[must_use]
    pub fn promise_date(&self, quantity: Quantity) -> Option<Date> {
        self.buckets.iter().find(|bucket| bucket.available_to_promise() >= quantity).map(|bucket| bucket.date)
    }

    /// How `quantity` could be had piece by piece, each as early as it can be, and what the horizon does not cover.
    #[must_use]
    pub fn promise_stepwise(&self, quantity: Quantity) -> (Vec<Dated>, Quantity) {
        let mut promised = Quantity::ZERO;
        let mut pieces = Vec::new();
        for bucket in &self.buckets {
            let piece = bucket.available_to_promise().min(quantity).saturating_sub(promised);
            if !piece.is_zero() {
                pieces.push(Dated { date: bucket.date, quantity: piece });
                promised = promised.checked_add(piece).unwrap_or(quantity);
            }
        }
        (pieces, quantity.saturating_sub(promised))
    }
}

/// Discrete availability: in the first period on hand + receipts - demand until the next receipt; in later periods with a
/// receipt, the receipt - demand until the next; else 0. Periods beyond the shorter list have nothing.
#[must_use]
pub fn discrete(on_hand: i64, receipts: &[i64], demands: &[i64]) -> Vec<i64> {
    let mut rows = vec![0_i64; receipts.len()];
    let mut bucket = 0;
    for (period, receipt) in receipts.iter().enumerate() {
        if period == 0 || *receipt != 0 {
            bucket = period;
        }
        let demand = demands.get(period).copied().unwrap_or(0);
        let carried = if period == 0 { on_hand } else { 0 };
        if let Some(row) = rows.get_mut(bucket) {
            *row = row.saturating_add(carried).saturating_add(*receipt).saturating_sub(demand);
        }
    }
    rows
}

/// Cumulative availability without look-ahead: `A_t = A_(t-1) + S_t - D_t`.
#[must_use]
pub fn cumulative(on_hand: i64, receipts: &[i64], demands: &[i64]) -> Vec<i64> {
    let mut sum = on_hand;
    let mut rows = Vec::with_capacity(receipts.len());
    for (period, receipt) in receipts.iter().enumerate() {
        sum = sum.saturating_add(*receipt).saturating_sub(demands.get(period).copied().unwrap_or(0));
        rows.push(sum);
    }
    rows
}

/// The look-ahead form of a cumulative row: the lowest value from each period on, so that later commitments stay covered.
#[must_use]
pub fn look_ahead(cumulative: &[i64]) -> Vec<i64> {
    let mut lowest = i64::MAX;
    let mut rows: Vec<i64> = cumulative
        .iter()
        .rev()
        .map(|value| {
            lowest = lowest.min(*value);
            lowest
        })
        .collect();
    rows.reverse();
    rows
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use jiff::civil::date;
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    const RECEIPTS: [i64; 6] = [30, 0, 30, 0, 30, 0];
    const ORDERS: [i64; 6] = [20, 5, 10, 35, 5, 0];

    fn units(quantity: i64) -> Quantity {
        Quantity::try_new(quantity).unwrap()
    }

    fn today() -> Date {
        date(2026, 3, 1)
    }

    fn dated(rows: &[i64]) -> Vec<Dated> {
        let day = |days: usize| today().checked_add(jiff::ToSpan::days(i64::try_from(days).unwrap())).unwrap();
        rows.iter().enumerate().map(|(days, quantity)| Dated { date: day(days), quantity: units(*quantity) }).collect()
    }

    fn profile(free: i64, receipts: &[i64], orders: &[i64]) -> Profile {
        Profile::new(today(), date(2026, 12, 31), free, dated(receipts), dated(orders))
    }

    /// Negative buckets are covered by what earlier buckets have left.
    fn netted_back(discrete: &[i64]) -> Vec<i64> {
        let mut rows = discrete.to_vec();
        for period in (1..rows.len()).rev() {
            let missing = rows[period].min(0);
            rows[period] -= missing;
            rows[period - 1] += missing;
        }
        rows
    }

    #[test]
    fn the_vector_of_the_field_comes_out_in_all_three_forms() {
        assert_eq!(discrete(10, &RECEIPTS, &ORDERS), [15, 0, -15, 0, 25, 0]);
        assert_eq!(cumulative(10, &RECEIPTS, &ORDERS), [20, 15, 35, 0, 25, 25]);
        assert_eq!(look_ahead(&cumulative(10, &RECEIPTS, &ORDERS)), [0, 0, 0, 0, 25, 25]);
        assert_eq!(netted_back(&discrete(10, &RECEIPTS, &ORDERS)), [0, 0, 0, 0, 25, 0]);
    }

    #[test]
    fn the_profile_of_the_vector_promises_only_after_the_last_shortage() {
        let profile = profile(10, &RECEIPTS, &ORDERS);
        let promised: Vec<i64> = profile.buckets().iter().map(|b| b.available_to_promise().get()).collect();
        assert_eq!(promised, [0, 0, 0, 0, 25]);
        assert_eq!(profile.promise_date(units(25)), Some(date(2026, 3, 5)));
        assert_eq!(profile.promise_date(units(26)), None);
    }

    #[test]
    fn past_due_supply_does_not_count_and_past_due_demand_is_due_today() {
        let yesterday = Dated { date: date(2026, 2, 28), quantity: units(7) };
        let supplied = Profile::new(today(), date(2026, 4, 1), 5, [yesterday], []);
        assert_eq!(supplied.available_on(today()), units(5));
        let demanded = Profile::new(today(), date(2026, 4, 1), 10, [], [yesterday]);
        assert_eq!(demanded.available_on(today()), units(3));
    }

    #[test]
    fn what_lies_after_the_horizon_is_left_out() {
        let profile = Profile::new(today(), date(2026, 3, 2), 0, dated(&[0, 0, 9]), []);
        assert_eq!(profile.promise_date(units(1)), None);
    }

    #[test]
    fn a_quantity_is_promised_piece_by_piece() {
        let (pieces, open) = profile(4, &[0, 3, 0, 5], &[]).promise_stepwise(units(20));
        let pieces: Vec<_> = pieces.iter().map(|piece| (piece.date.day(), piece.quantity.get())).collect();
        assert_eq!((pieces, open), (vec![(1, 4), (2, 3), (4, 5)], units(8)));
    }

    #[test]
    fn a_negative_free_stock_promises_nothing() {
        assert_eq!(profile(-3, &[], &[]).available_on(today()), Quantity::ZERO);
        assert_eq!(profile(-3, &[0, 5], &[]).promise_date(units(2)), Some(date(2026, 3, 2)));
    }

    fn naive_promise(free: i64, receipts: &[i64], orders: &[i64], from: usize) -> i64 {
        let covers = |promise: i64| {
            (from..receipts.len()).all(|day| {
                let supplied: i64 = receipts[..=day].iter().sum();
                let demanded: i64 = orders[..=day].iter().sum();
                free + supplied - demanded >= promise
            })
        };
        (1..=200).take_while(|promise| covers(*promise)).last().unwrap_or(0)
    }

    #[test]
    fn a_promise_is_the_most_that_leaves_every_later_day_covered() {
        let config = ProptestConfig {
            cases: backorder_testkit::counts::cases("availability_profile"),
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        let days = vec((0..20_i64, 0..20_i64), 1..12);
        proptest!(config, |(free in -10..40_i64, days in days)| {
            let receipts: Vec<i64> = days.iter().map(|day| day.0).collect();
            let orders: Vec<i64> = days.iter().map(|day| day.1).collect();
            let profile = profile(free, &receipts, &orders);
            for (day, row) in dated(&receipts).iter().enumerate() {
                prop_assert_eq!(profile.available_on(row.date).get(), naive_promise(free, &receipts, &orders, day));
            }
            let netted = netted_back(&discrete(free, &receipts, &orders));
            prop_assert_eq!(cumulative(0, &netted, &[]), look_ahead(&cumulative(free, &receipts, &orders)));
        });
    }
}
