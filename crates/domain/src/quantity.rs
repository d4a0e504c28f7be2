//! Whole, non-negative quantities of an item's base unit.

use std::fmt;

/// A whole number of base units, never negative. Arithmetic is checked: an overflow or a result below zero is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Quantity(i64);

/// Why a number cannot be a quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("quantity is {0}, it must not be negative")]
pub struct NegativeQuantity(pub i64);

impl Quantity {
    /// No units.
    pub const ZERO: Self = Self(0);
    /// The largest quantity that one command may name, in base units. It keeps every sum of one item far from overflow.
    pub const COMMAND_MAX: Self = Self(1_000_000_000_000);

    /// Makes a quantity of a number of base units.
    ///
    /// # Errors
    /// [`NegativeQuantity`] when the number is below zero.
    pub const fn try_new(units: i64) -> Result<Self, NegativeQuantity> {
        if units < 0 { Err(NegativeQuantity(units)) } else { Ok(Self(units)) }
    }

    /// The number of base units.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Whether it is no units at all.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum, or `None` when it overflows.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference, or `None` when it would be below zero.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        if other.0 > self.0 { None } else { Some(Self(self.0 - other.0)) }
    }

    /// The difference, zero when it would be below zero.
    #[must_use]
    pub fn saturating_sub(self, other: Self) -> Self {
        self.checked_sub(other).unwrap_or(Self::ZERO)
    }

    /// The product with a whole factor, or `None` when it overflows or the factor is negative.
    #[must_use]
    pub fn checked_mul(self, factor: i64) -> Option<Self> {
        if factor < 0 { None } else { self.0.checked_mul(factor).map(Self) }
    }

    /// The sum of many quantities, or `None` when it overflows.
    pub fn checked_sum(quantities: impl IntoIterator<Item = Self>) -> Option<Self> {
        quantities.into_iter().try_fold(Self::ZERO, Self::checked_add)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    fn units(n: i64) -> Quantity {
        Quantity::try_new(n).unwrap()
    }

    #[test]
    fn a_negative_number_is_not_a_quantity() {
        assert_eq!(Quantity::try_new(-1), Err(NegativeQuantity(-1)));
    }

    #[test]
    fn arithmetic_never_wraps_and_never_goes_below_zero() {
        assert_eq!(units(i64::MAX).checked_add(units(1)), None);
        assert_eq!(units(1).checked_sub(units(2)), None);
        assert_eq!(units(1).saturating_sub(units(2)), Quantity::ZERO);
        assert_eq!(units(2).checked_mul(-1), None);
        assert_eq!(Quantity::checked_sum([units(1), units(2)]), Some(units(3)));
    }
}
