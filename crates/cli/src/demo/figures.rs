//! The figures of a run, each with its definition.

use std::collections::BTreeMap;

use super::totals::Totals;

const SECONDS_PER_DAY: f64 = 86_400.0;

/// What each figure means, as the report prints it.
pub const DEFINITIONS: [(&str, &str); 9] = [
    ("units_ordered", "accepted units = filled at once + filled later + cancelled + open; refused stands beside it"),
    ("units_filled_at_once", "reserved when ordered and not cancelled later; returned units are a part of the filled"),
    ("backorder_rate", "units that could not ship by their requested day when ordered / units ordered"),
    ("unit_fill_rate", "units reserved when ordered, before any cancellation / (units ordered + refused)"),
    ("line_fill_rate", "lines wholly reserved when ordered / lines, refused ones included"),
    ("order_fill_rate", "orders of which every line was wholly reserved when ordered / orders"),
    (
        "wait_days",
        "calendar days from order to the fill of the line, over units filled later; lines still open are left out",
    ),
    (
        "lines_per_second",
        "lines / wall time from the first PlaceOrder to the end of the stream, everything between included",
    ),
    ("units_oversold", "units that orders hold or shipped beyond everything that ever came in, item by item"),
];

/// A part of a whole, 0 when there is no whole.
#[must_use]
pub fn rate(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { rounded(part / whole, 6) } else { 0.0 }
}

/// A number with so many digits after the point.
#[must_use]
pub fn rounded(number: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (number * scale).round() / scale
}

/// Units or counts as a number for rates. Exact up to 2^53.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "rates are shown with six digits, and counts stay below 2^53")]
pub const fn number(count: i64) -> f64 {
    count as f64
}

/// A count as a number for rates.
#[must_use]
pub fn count(count: u64) -> f64 {
    number(i64::try_from(count).unwrap_or(i64::MAX))
}

/// The mean wait in days, weighed by units; `None` when nothing waited.
#[must_use]
pub fn wait_days_mean(totals: &Totals) -> Option<f64> {
    let units: i64 = totals.waits.values().sum();
    let seconds: i128 = totals.waits.iter().map(|(seconds, units)| i128::from(*seconds) * i128::from(*units)).sum();
    let seconds = number(i64::try_from(seconds).unwrap_or(i64::MAX));
    (units > 0).then(|| rounded(seconds / number(units) / SECONDS_PER_DAY, 3))
}

/// The wait in days within which 95 % of the units were filled; `None` when nothing waited.
#[must_use]
pub fn wait_days_p95(totals: &Totals) -> Option<f64> {
    let seconds = weighted_quantile(&totals.waits, 95)?;
    Some(rounded(number(seconds) / SECONDS_PER_DAY, 3))
}

fn weighted_quantile(weights: &BTreeMap<i64, i64>, percent: i64) -> Option<i64> {
    let total: i64 = weights.values().sum();
    let rank = (total * percent + 99) / 100;
    let mut seen = 0;
    for (value, weight) in weights {
        seen += weight;
        if seen >= rank {
            return Some(*value);
        }
    }
    None
}

/// The latency in milliseconds that so many percent of the calls kept; `None` without calls.
#[must_use]
pub fn latency_ms(microseconds: &[u32], percent: usize) -> Option<f64> {
    let mut sorted = microseconds.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).map(|microseconds| rounded(f64::from(*microseconds) / 1_000.0, 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_weighed_by_units() {
        let totals = Totals { waits: BTreeMap::from([(86_400, 90), (10 * 86_400, 10)]), ..Totals::default() };
        assert_eq!((wait_days_mean(&totals), wait_days_p95(&totals)), (Some(1.9), Some(10.0)));
        assert_eq!(wait_days_mean(&Totals::default()), None);
    }

    #[test]
    fn the_99th_percentile_of_100_calls_is_the_99th() {
        let calls: Vec<u32> = (1..=100).map(|call| call * 1_000).collect();
        assert_eq!((latency_ms(&calls, 50), latency_ms(&calls, 99)), (Some(50.0), Some(99.0)));
        assert_eq!((latency_ms(&[7_000], 99), latency_ms(&[], 99)), (Some(7.0), None));
    }
}
