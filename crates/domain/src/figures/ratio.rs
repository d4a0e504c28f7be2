//! Exact fractions: a part of a whole, shown as rounded decimals without a floating-point number.

/// A part of a whole that is not zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ratio {
    part: i128,
    whole: i128,
}

impl Ratio {
    /// The ratio, or `None` when the whole is zero or below: there is nothing to measure then.
    #[must_use]
    pub const fn of(part: i128, whole: i128) -> Option<Self> {
        if whole > 0 { Some(Self { part, whole }) } else { None }
    }

    /// The part.
    #[must_use]
    pub const fn part(self) -> i128 {
        self.part
    }

    /// The whole, above zero.
    #[must_use]
    pub const fn whole(self) -> i128 {
        self.whole
    }

    /// The ratio times a scale (100 for per cent, 1,000 for one more digit), rounded half away from zero.
    #[must_use]
    pub fn scaled(self, scale: i128) -> i128 {
        match self.part.checked_mul(scale) {
            Some(product) => rounded_quotient(product, self.whole),
            None => rounded_quotient(self.part, (self.whole / scale).max(1)),
        }
    }
}

/// `part / whole`, rounded half away from zero; `whole` must be above zero.
#[must_use]
pub const fn rounded_quotient(part: i128, whole: i128) -> i128 {
    let (quotient, rest) = (part / whole, part % whole);
    if rest.unsigned_abs() >= (whole - rest.abs()).unsigned_abs() { quotient + part.signum() } else { quotient }
}

/// `amount * part / whole` cut to a whole number, without the product: exact as long as `whole * part` fits.
#[must_use]
pub const fn share_of(amount: i128, part: i128, whole: i128) -> i128 {
    (amount / whole).saturating_mul(part).saturating_add((amount % whole).saturating_mul(part) / whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_of_nothing_is_not_measured() {
        assert_eq!((Ratio::of(0, 0), Ratio::of(1, -1)), (None, None));
    }

    #[test]
    fn halves_round_away_from_zero() {
        assert_eq!((rounded_quotient(5, 2), rounded_quotient(-5, 2), rounded_quotient(4, 3)), (3, -3, 1));
        assert_eq!(Ratio::of(1, 8).map(|ratio| ratio.scaled(100)), Some(13));
        assert_eq!(Ratio::of(i128::MAX / 2, i128::MAX).map(|ratio| ratio.scaled(1_000)), Some(500));
    }

    #[test]
    fn a_share_of_a_huge_amount_does_not_overflow() {
        assert_eq!(share_of(10_i128.pow(30) + 1, 500_000_000, 1_000_000_000), 10_i128.pow(30) / 2);
        assert_eq!(share_of(7, 1, 2), 3);
    }
}
