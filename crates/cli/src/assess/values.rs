//! Reads the texts of an extract: days, units and amounts, in the forms in which other systems write them.

use backorder_domain::money::NANOS_PER_UNIT;
use clap::ValueEnum;
use jiff::civil::Date;

use crate::decimal::parse_nanos;

/// The most units of one field.
pub const UNITS_MAX: i64 = 1_000_000_000;
/// The largest amount of one field, in nano-units.
pub const AMOUNT_NANOS_MAX: i64 = 1_000_000_000 * NANOS_PER_UNIT;
const YEARS: std::ops::RangeInclusive<i16> = 1970..=2199;

/// How days with slashes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DateOrder {
    /// Year first: 2026-01-31. Other days with slashes are refused, because nobody can tell which they are.
    Ymd,
    /// Day first: 31/1/2026.
    Dmy,
    /// Month first: 1/31/2026.
    Mdy,
}

/// How a file writes its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// How days with slashes are written.
    pub dates: DateOrder,
    /// Whether a comma may stand for the decimal point.
    pub decimal_comma: bool,
}

/// Why a text is not the value that its column needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It is nothing of the kind. What it should be.
    Malformed(&'static str),
    /// It is below zero.
    Negative,
}

const DAY: Fault = Fault::Malformed("a day such as 2026-01-31");
const DAY_UNCLEAR: Fault = Fault::Malformed("a day that can be told: say --dates dmy or --dates mdy");
const YEAR: Fault = Fault::Malformed("a day between 1970 and 2199");
const UNITS: Fault = Fault::Malformed("a whole number of units up to 1,000,000,000");
const AMOUNT: Fault = Fault::Malformed("an amount such as 2.55, up to 1,000,000,000");
const FLAG: Fault = Fault::Malformed("true or false");

impl Style {
    /// A day, alone or before a time of day, which is left out.
    ///
    /// # Errors
    /// [`Fault`] when the text is no day.
    pub fn day(self, text: &str) -> Result<Date, Fault> {
        let day = text.split(['T', ' ']).next().unwrap_or_default();
        let sign = day.chars().find(|letter| !letter.is_ascii_digit());
        let parts: Vec<&str> = sign.map_or_else(Vec::new, |sign| day.split(sign).collect());
        let [first, second, third] = parts[..] else { return compact_day(day) };
        let is_year_first = first.len() == 4;
        let (year, month, day) = match (sign, self.dates) {
            (Some('-' | '/'), _) if is_year_first => (first, second, third),
            (Some('.'), _) => (third, second, first),
            (Some('/' | '-'), DateOrder::Dmy) => (third, second, first),
            (Some('/' | '-'), DateOrder::Mdy) => (third, first, second),
            (Some('/' | '-'), DateOrder::Ymd) => return Err(DAY_UNCLEAR),
            (Some(_) | None, _) => return Err(DAY),
        };
        day_of(year, month, day)
    }

    /// Whole units; `5.0` is 5.
    ///
    /// # Errors
    /// [`Fault`] when the text is no whole number, negative or too large.
    pub fn units(self, text: &str) -> Result<i64, Fault> {
        let (whole, fraction) = self.pointed(text);
        if fraction.bytes().any(|digit| digit != b'0') {
            return Err(UNITS);
        }
        let units: i64 = whole.parse().map_err(|_| UNITS)?;
        match units {
            i64::MIN..=-1 => Err(Fault::Negative),
            0..=UNITS_MAX => Ok(units),
            _ => Err(UNITS),
        }
    }

    /// An amount in nano-units; digits beyond nano-units are cut.
    ///
    /// # Errors
    /// [`Fault`] when the text is no plain decimal, negative or too large.
    pub fn amount(self, text: &str) -> Result<i64, Fault> {
        let (whole, fraction) = self.pointed(text);
        let is_plain = fraction.bytes().all(|digit| digit.is_ascii_digit());
        let kept = fraction.get(..9).filter(|_| is_plain).unwrap_or(&fraction);
        let nanos = parse_nanos(&format!("{whole}.{kept}")).map_err(|_| AMOUNT)?;
        match nanos {
            i64::MIN..=-1 => Err(Fault::Negative),
            0..=AMOUNT_NANOS_MAX => Ok(nanos),
            _ => Err(AMOUNT),
        }
    }

    /// The texts before and after the decimal point, or the comma where it may stand for one.
    fn pointed(self, text: &str) -> (String, String) {
        let is_comma = self.decimal_comma && !text.contains('.');
        let (whole, fraction) = text.split_once(if is_comma { ',' } else { '.' }).unwrap_or((text, ""));
        (whole.to_owned(), fraction.to_owned())
    }
}

fn compact_day(text: &str) -> Result<Date, Fault> {
    match (text.len(), text.get(..4), text.get(4..6), text.get(6..)) {
        (8, Some(year), Some(month), Some(day)) => day_of(year, month, day),
        (_, _, _, _) => Err(DAY),
    }
}

fn day_of(year: &str, month: &str, day: &str) -> Result<Date, Fault> {
    if year.len() != 4 {
        return Err(DAY);
    }
    let year: i16 = year.parse().map_err(|_| DAY)?;
    let date = Date::new(year, month.parse().map_err(|_| DAY)?, day.parse().map_err(|_| DAY)?).map_err(|_| DAY)?;
    if YEARS.contains(&year) { Ok(date) } else { Err(YEAR) }
}

/// Yes or no.
///
/// # Errors
/// [`Fault`] when the text is neither.
pub fn flag(text: &str) -> Result<bool, Fault> {
    match text.to_lowercase().as_str() {
        "true" | "yes" | "y" | "1" | "x" => Ok(true),
        "false" | "no" | "n" | "0" => Ok(false),
        _ => Err(FLAG),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use jiff::civil::date;

    use super::*;

    const POINT: Style = Style { dates: DateOrder::Ymd, decimal_comma: false };
    const COMMA: Style = Style { dates: DateOrder::Dmy, decimal_comma: true };

    #[test]
    fn a_day_is_read_in_every_form_that_can_be_told() {
        for text in ["2026-02-01", "2026-02-01T23:59:59Z", "2026-02-01 08:26", "01.02.2026", "20260201", "2026/02/01"] {
            assert_eq!(POINT.day(text), Ok(date(2026, 2, 1)), "{text}");
        }
        assert_eq!(COMMA.day("1/2/2026"), Ok(date(2026, 2, 1)));
        assert_eq!(Style { dates: DateOrder::Mdy, ..POINT }.day("2/1/2026 8:26"), Ok(date(2026, 2, 1)));
    }

    #[test]
    fn a_day_that_is_none_is_refused() {
        assert_eq!(POINT.day("1/2/2026"), Err(DAY_UNCLEAR));
        for text in ["", "yesterday", "2026-02-30", "01.02.26", "2026-13-01", "99999999", "2026-02", "é026-02-01"] {
            assert!(matches!(POINT.day(text), Err(Fault::Malformed(_))), "{text}");
        }
        assert_eq!((POINT.day("1969-12-31"), POINT.day("9999-12-31")), (Err(YEAR), Err(YEAR)));
    }

    #[test]
    fn units_are_whole_and_amounts_are_exact() {
        assert_eq!((POINT.units("5"), POINT.units("5.0"), COMMA.units("5,00")), (Ok(5), Ok(5), Ok(5)));
        assert_eq!((POINT.units("-5"), POINT.units("5.5")), (Err(Fault::Negative), Err(UNITS)));
        assert_eq!((POINT.units("99999999999999999999"), POINT.units("1e3")), (Err(UNITS), Err(UNITS)));
        assert_eq!((POINT.amount("2.55"), COMMA.amount("2,55")), (Ok(2_550_000_000), Ok(2_550_000_000)));
        assert_eq!(POINT.amount("0.30000000000000004"), Ok(300_000_000));
        assert_eq!((POINT.amount("2,55"), POINT.amount("-0.01")), (Err(AMOUNT), Err(Fault::Negative)));
        assert_eq!((POINT.amount("9999999999"), POINT.amount("1.2é")), (Err(AMOUNT), Err(AMOUNT)));
    }
}
