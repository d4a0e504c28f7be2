//! Decimal numbers on the wire and as whole nanos (10^-9). No floating point number ever holds one.

use backorder_domain::money::NANOS_PER_UNIT;

use super::Violations;
use crate::common::v1 as pb;

/// Digits after the point that nanos can hold.
const DECIMALS_MAX: usize = 9;

/// A whole number.
#[must_use]
pub fn whole(number: i128) -> pb::Decimal {
    pb::Decimal { value: number.to_string() }
}

/// A number of nanos, with no more decimals than it has.
#[must_use]
pub fn of_nanos(nanos: i128) -> pb::Decimal {
    scaled(nanos, DECIMALS_MAX)
}

/// `number / 10^decimals`, with no more decimals than it has.
#[must_use]
pub fn scaled(number: i128, decimals: usize) -> pb::Decimal {
    let digits = format!("{:0>width$}", number.unsigned_abs(), width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    let sign = if number < 0 { "-" } else { "" };
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    pb::Decimal { value: format!("{sign}{whole}{point}{fraction}") }
}

/// The nanos of a decimal that is not negative.
pub fn nanos(decimal: Option<&pb::Decimal>, field: &str, violations: &mut Violations) -> Option<i64> {
    let text = decimal.map(|decimal| decimal.value.as_str()).unwrap_or_default();
    let found = read(text);
    if found.is_none() {
        violations.push(field, "must be a number such as 12.5, not negative, with at most nine decimals");
    }
    found
}

fn read(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) || fraction.len() > DECIMALS_MAX {
        return None;
    }
    let nanos: i64 = format!("{fraction:0<DECIMALS_MAX$}").parse().ok()?;
    whole.parse::<i64>().ok()?.checked_mul(NANOS_PER_UNIT)?.checked_add(nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_has_no_more_decimals_than_it_needs() {
        let text = |nanos| of_nanos(nanos).value;
        assert_eq!([0, 5, -1_500_000_000, 12_000_000_000].map(text), ["0", "0.000000005", "-1.5", "12"]);
        assert_eq!(scaled(833_333, 6).value, "0.833333");
        assert_eq!(of_nanos(i128::MIN).value, "-170141183460469231731687303715.884105728");
    }

    #[test]
    fn what_is_written_is_read_and_nothing_else() {
        assert_eq!(["12.5", "0", "1.000000001"].map(read), [Some(12_500_000_000), Some(0), Some(1_000_000_001)]);
        for wrong in ["", "-1", "1.", ".5", "1e3", "1.0000000001", "99999999999", "1,5", "+1"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        let mut violations = Violations::new();
        assert_eq!((nanos(None, "value", &mut violations), violations.count()), (None, 1));
    }
}
