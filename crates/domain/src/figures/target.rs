//! What a figure should reach, and whether it does.

use super::{named::Value, ratio::Ratio};

/// Nanos of one.
const NANOS: i128 = 1_000_000_000;

/// What the value of a figure must reach, in nanos (10^-9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// So much or more.
    AtLeast(i64),
    /// So much or less.
    AtMost(i64),
}

/// How a figure stands to its bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// It reaches it.
    Met,
    /// It does not.
    Breached,
    /// There is no value, or only a lower bound of one that does not decide: the wait of lines that still wait may be any
    /// longer one.
    NotMeasured,
}

impl Bound {
    /// Holds a value against the bound, exactly: rounding decides nothing.
    #[must_use]
    pub fn judge(self, value: Value) -> Judgement {
        match (self, value) {
            (_, Value::NotMeasured(_)) => Judgement::NotMeasured,
            (Self::AtLeast(bound), Value::Is(ratio)) => Judgement::of(is_at_least(ratio, bound)),
            (Self::AtMost(bound), Value::Is(ratio)) => Judgement::of(is_at_most(ratio, bound)),
            (Self::AtLeast(bound), Value::AtLeast(ratio)) if is_at_least(ratio, bound) => Judgement::Met,
            (Self::AtMost(bound), Value::AtLeast(ratio)) if !is_at_most(ratio, bound) => Judgement::Breached,
            (_, Value::AtLeast(_)) => Judgement::NotMeasured,
        }
    }
}

impl Judgement {
    const fn of(reaches: bool) -> Self {
        if reaches { Self::Met } else { Self::Breached }
    }
}

/// `part / whole >= bound`, without a division; what is too large to multiply is compared by its whole nanos.
fn is_at_least(ratio: Ratio, bound: i64) -> bool {
    match (ratio.part().checked_mul(NANOS), ratio.whole().checked_mul(bound.into())) {
        (Some(part), Some(bound)) => part >= bound,
        _ => ratio.scaled(NANOS) >= bound.into(),
    }
}

fn is_at_most(ratio: Ratio, bound: i64) -> bool {
    match (ratio.part().checked_mul(NANOS), ratio.whole().checked_mul(bound.into())) {
        (Some(part), Some(bound)) => part <= bound,
        _ => ratio.scaled(NANOS) <= bound.into(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;
    use crate::figures::named::NotMeasured;

    fn ratio(part: i128, whole: i128) -> Ratio {
        Ratio::of(part, whole).unwrap()
    }

    #[test]
    fn a_third_is_not_what_it_is_rounded_to() {
        let third = Value::Is(ratio(1, 3));
        assert_eq!(Bound::AtLeast(333_333_333).judge(third), Judgement::Met);
        assert_eq!(Bound::AtLeast(333_333_334).judge(third), Judgement::Breached);
        assert_eq!(Bound::AtMost(333_333_333).judge(third), Judgement::Breached);
        assert_eq!(Bound::AtMost(333_333_334).judge(third), Judgement::Met);
    }

    #[test]
    fn what_is_reached_exactly_is_met_either_way() {
        let exactly = Value::Is(ratio(95, 100));
        let judged = [Bound::AtLeast(950_000_000), Bound::AtMost(950_000_000)].map(|bound| bound.judge(exactly));
        assert_eq!(judged, [Judgement::Met, Judgement::Met]);
    }

    #[test]
    fn a_lower_bound_decides_only_what_any_longer_wait_would_decide_as_well() {
        let waits = Value::AtLeast(ratio(12, 1));
        assert_eq!(Bound::AtMost(10_000_000_000).judge(waits), Judgement::Breached);
        assert_eq!(Bound::AtMost(14_000_000_000).judge(waits), Judgement::NotMeasured);
        assert_eq!(Bound::AtLeast(12_000_000_000).judge(waits), Judgement::Met);
        assert_eq!(Bound::AtLeast(13_000_000_000).judge(waits), Judgement::NotMeasured);
    }

    #[test]
    fn without_a_value_nothing_is_met_and_nothing_breached() {
        let none = Value::NotMeasured(NotMeasured::NoDelivery);
        assert_eq!(Bound::AtMost(0).judge(none), Judgement::NotMeasured);
    }

    #[test]
    fn sums_that_are_too_large_to_multiply_are_still_compared() {
        let huge = Value::Is(ratio(i128::MAX / 2, 1));
        assert_eq!(Bound::AtMost(i64::MAX).judge(huge), Judgement::Breached);
        assert_eq!(Bound::AtLeast(i64::MAX).judge(huge), Judgement::Met);
    }
}
