//! Money: a currency and a whole number of nano-units (10^-9 of the currency's unit), net of tax.

use std::fmt;

use crate::quantity::Quantity;

/// Nano-units in one unit of a currency.
pub const NANOS_PER_UNIT: i64 = 1_000_000_000;

/// An ISO 4217 currency code: three capital letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CurrencyCode([u8; 3]);

/// Why a text cannot be a currency code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("currency code {0:?} is not three capital letters")]
pub struct InvalidCurrency(pub String);

impl CurrencyCode {
    /// Checks the text and makes a currency code of it.
    ///
    /// # Errors
    /// [`InvalidCurrency`] when the text is not three capital ASCII letters.
    pub fn try_new(code: &str) -> Result<Self, InvalidCurrency> {
        match code.as_bytes() {
            [a, b, c] if [a, b, c].iter().all(|x| x.is_ascii_uppercase()) => Ok(Self([*a, *b, *c])),
            _ => Err(InvalidCurrency(code.to_owned())),
        }
    }

    /// The code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }
}

impl fmt::Display for CurrencyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An amount of one currency in nano-units. It may be negative (a credit).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    /// The currency.
    pub currency: CurrencyCode,
    /// The amount in nano-units (10^-9).
    pub nanos: i64,
}

impl Money {
    /// The amount of `quantity` pieces at this price each, in nano-units, exact.
    #[must_use]
    pub fn times(&self, quantity: Quantity) -> i128 {
        i128::from(self.nanos) * i128::from(quantity.get())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[test]
    fn only_three_capital_letters_are_a_currency() {
        assert_eq!(CurrencyCode::try_new("GBP").unwrap().as_str(), "GBP");
        for wrong in ["gbp", "GB", "GBPP", "", "£££"] {
            assert_eq!(CurrencyCode::try_new(wrong), Err(InvalidCurrency(wrong.to_owned())));
        }
    }

    #[test]
    fn a_product_does_not_overflow() {
        let price = Money { currency: CurrencyCode::try_new("EUR").unwrap(), nanos: i64::MAX };
        assert_eq!(price.times(Quantity::COMMAND_MAX), i128::from(i64::MAX) * 1_000_000_000_000);
    }
}
