//! How much of the cost hangs on each assumption: the total when it is halved and when it is doubled.

use jiff::civil::Date;

use super::{
    assumption::{Assumption, AssumptionUnit, Assumptions},
    history::{Facts, Histories},
    outcome::{Outcome, outcomes},
    ratio::{Ratio, share_of},
    shortage_cost::{ShortageCosts, view},
};
use crate::money::NANOS_PER_UNIT;

/// The totals without one half of an assumption, and with as much again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swing {
    /// The assumption.
    pub assumption: Assumption,
    /// The value with which the total was made; for what the source itself tells, that value.
    pub value: i64,
    /// The total in nano-units with half of the value; of days, cut to whole ones.
    pub halved_nanos: i128,
    /// The total in nano-units with twice the value, at most the largest that is allowed.
    pub doubled_nanos: i128,
}

/// The swings of all assumptions that have a value.
#[must_use]
pub fn swings(
    histories: &Histories,
    seen: &[Outcome],
    facts: Facts,
    as_of: Date,
    assumptions: &Assumptions,
    cancel_chance: Option<Ratio>,
) -> Vec<Swing> {
    let total = |changed: &Assumptions, assumption: Assumption| {
        let costs = match assumption.unit() {
            AssumptionUnit::Days => {
                let seen = outcomes(histories, &view(as_of, changed));
                ShortageCosts::of(histories, &seen, facts, as_of, changed)
            }
            AssumptionUnit::Share | AssumptionUnit::Money => ShortageCosts::of(histories, seen, facts, as_of, changed),
        };
        costs.sum().total().nanos
    };
    let swing = |assumption: Assumption| {
        let value = assumptions.get(assumption).or_else(|| told(assumption, cancel_chance))?;
        let halved = assumptions.with(assumption, value / 2).ok()?;
        let doubled = assumptions.with(assumption, value.saturating_mul(2).min(assumption.unit().max())).ok()?;
        let (halved_nanos, doubled_nanos) = (total(&halved, assumption), total(&doubled, assumption));
        Some(Swing { assumption, value, halved_nanos, doubled_nanos })
    };
    Assumption::ALL.into_iter().filter_map(swing).collect()
}

/// The value that the source itself tells, for the one assumption of which it can.
fn told(assumption: Assumption, cancel_chance: Option<Ratio>) -> Option<i64> {
    let chance = cancel_chance.filter(|_| assumption == Assumption::OpenCancelShare)?;
    i64::try_from(share_of(NANOS_PER_UNIT.into(), chance.part(), chance.whole())).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use jiff::civil::date;

    use super::*;
    use crate::figures::samples::{ALL_FACTS, VIEW, line, named, shipped};

    #[test]
    fn each_assumption_is_halved_and_doubled_alone() {
        let lines = vec![shipped(line(5), 5, date(2026, 1, 9)), named(line(1), "B", "1")];
        let (histories, assumptions) = (Histories::new(lines), Assumptions::default());
        let seen = outcomes(&histories, &view(VIEW.as_of, &assumptions));
        let costs = ShortageCosts::of(&histories, &seen, ALL_FACTS, VIEW.as_of, &assumptions);
        let total = costs.sum().total().nanos;
        let swings = swings(&histories, &seen, ALL_FACTS, VIEW.as_of, &assumptions, costs.cancel_chance);
        let of = |assumption| {
            let swing = swings.iter().find(|swing| swing.assumption == assumption).unwrap();
            (swing.halved_nanos - total, swing.doubled_nanos - total)
        };
        // Two backordered lines of 3.00; 4 and 26 days of 0.25.
        assert_eq!(of(Assumption::HandlingPerLine), (-3_000_000_000, 6_000_000_000));
        assert_eq!(of(Assumption::WaitingPerLineDay), (-3_750_000_000, 7_500_000_000));
        assert_eq!(of(Assumption::MarginShare), (0, 0));
        assert_eq!(swings.iter().filter(|swing| swing.assumption == Assumption::ChurnPerLine).count(), 0);
        // No backorder was cancelled, so half and twice the chance are none.
        assert_eq!(of(Assumption::OpenCancelShare), (0, 0));
    }
}
