//! Reads decimal amounts as whole nano-units, exactly. No floating point number ever holds money here.

use backorder_domain::money::NANOS_PER_UNIT;

/// Digits after the point that nano-units can hold.
const FRACTION_DIGITS_MAX: usize = 9;

/// Why a text is not a decimal amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDecimal {
    /// The text is not digits with at most one point and an optional sign.
    #[error("{0:?} is not a decimal number such as 2.55")]
    Malformed(String),
    /// More digits after the point than nano-units can hold.
    #[error("{0:?} has more than {FRACTION_DIGITS_MAX} digits after the point")]
    TooFine(String),
    /// The amount does not fit into 64 bits of nano-units.
    #[error("{0:?} is too large")]
    TooLarge(String),
}

/// The amount in nano-units (10^-9 of the unit).
///
/// # Errors
/// [`InvalidDecimal`] when the text is not a plain decimal number or does not fit. There is no exponent form.
pub fn parse_nanos(text: &str) -> Result<i64, InvalidDecimal> {
    let trimmed = text.trim();
    let (negative, unsigned) = match trimmed.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, trimmed.strip_prefix('+').unwrap_or(trimmed)),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits_only = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !digits_only(whole) || !digits_only(fraction) {
        return Err(InvalidDecimal::Malformed(text.to_owned()));
    }
    let significant = fraction.trim_end_matches('0');
    if significant.len() > FRACTION_DIGITS_MAX {
        return Err(InvalidDecimal::TooFine(text.to_owned()));
    }
    let too_large = || InvalidDecimal::TooLarge(text.to_owned());
    let units: i64 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| too_large())? };
    let nanos: i64 = format!("{significant:0<FRACTION_DIGITS_MAX$}").parse().map_err(|_| too_large())?;
    let magnitude =
        units.checked_mul(NANOS_PER_UNIT).and_then(|whole| whole.checked_add(nanos)).ok_or_else(too_large)?;
    Ok(if negative { -magnitude } else { magnitude })
}

/// The amount as a plain decimal number with at least two digits after the point, for people.
#[must_use]
pub fn format_nanos(nanos: i64) -> String {
    let magnitude = nanos.unsigned_abs();
    let per_unit = NANOS_PER_UNIT.unsigned_abs();
    let fraction = format!("{:09}", magnitude % per_unit);
    let shown = fraction.trim_end_matches('0');
    let sign = if nanos < 0 { "-" } else { "" };
    format!("{sign}{}.{shown:0<2}", magnitude / per_unit)
}

/// The amount with two digits after the point, halves away from zero: for columns that people compare.
#[must_use]
pub fn format_hundredths(nanos: i64) -> String {
    let per_hundredth = (NANOS_PER_UNIT / 100).unsigned_abs();
    let hundredths = nanos.unsigned_abs().saturating_add(per_hundredth / 2) / per_hundredth;
    let sign = if nanos < 0 && hundredths > 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[test]
    fn decimals_are_read_exactly() {
        assert_eq!(parse_nanos("2.55").unwrap(), 2_550_000_000);
        assert_eq!(parse_nanos("-11062.06").unwrap(), -11_062_060_000_000);
        assert_eq!(parse_nanos("0.0").unwrap(), 0);
        assert_eq!(parse_nanos(".001").unwrap(), 1_000_000);
        assert_eq!(parse_nanos("7").unwrap(), 7_000_000_000);
    }

    #[test]
    fn what_is_not_a_plain_decimal_is_refused() {
        for wrong in ["", ".", "1e3", "1,5", "--1", "£2", "1.2.3"] {
            assert_eq!(parse_nanos(wrong), Err(InvalidDecimal::Malformed(wrong.to_owned())));
        }
        assert!(matches!(parse_nanos("0.0000000001"), Err(InvalidDecimal::TooFine(_))));
        assert!(matches!(parse_nanos("99999999999"), Err(InvalidDecimal::TooLarge(_))));
    }

    #[test]
    fn an_amount_reads_back_as_it_was_written() {
        for text in ["2.55", "-0.03", "0.001", "11062.06", "0.00"] {
            assert_eq!(format_nanos(parse_nanos(text).unwrap()), text);
        }
    }

    #[test]
    fn columns_have_two_digits_and_round_halves_away_from_zero() {
        let shown = ["1417.960037837", "0.005", "-0.005", "-0.004", "7", "92233720.36"];
        let shown = shown.map(|text| format_hundredths(parse_nanos(text).unwrap()));
        assert_eq!(shown, ["1417.96", "0.01", "-0.01", "0.00", "7.00", "92233720.36"]);
        assert_eq!(format_hundredths(i64::MIN), "-9223372036.85");
    }
}
