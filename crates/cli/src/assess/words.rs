//! Words for the figures of a report: amounts, rates, days, causes and what each assumption is worth.

use backorder_domain::{
    figures::{
        ageing::AGES,
        assumption::{Assumption, AssumptionUnit},
        ratio::{Ratio, rounded_quotient},
        shortage_cost::Cause,
        survival::{Quantile, WaitFigures},
    },
    money::NANOS_PER_UNIT,
};

/// What stands where something is not measured.
pub const NOT_MEASURED: &str = "not measured";

/// A text of the file for a terminal: control characters, which could steer it, become blanks.
#[must_use]
pub fn harmless(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// An amount to the cent, with a comma between thousands: `10,307.50`.
#[must_use]
pub fn amount(nanos: i128) -> String {
    let cents = rounded_quotient(nanos, i128::from(NANOS_PER_UNIT / 100));
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", thousands(cents.unsigned_abs() / 100), cents.unsigned_abs() % 100)
}

/// An amount to the unit of the currency: `10,308`.
#[must_use]
pub fn whole_amount(nanos: i128) -> String {
    whole(rounded_quotient(nanos, NANOS_PER_UNIT.into()))
}

/// An amount as a plain decimal to the cent, for programs: `10307.50`.
#[must_use]
pub fn plain_amount(nanos: i128) -> String {
    amount(nanos).replace(',', "")
}

/// A number with a comma between thousands.
#[must_use]
pub fn whole(number: i128) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}", thousands(number.unsigned_abs()))
}

/// So many of something: `1 day`, `1,200 days`.
#[must_use]
pub fn counted(number: i128, what: &str) -> String {
    format!("{} {what}{}", whole(number), if number == 1 { "" } else { "s" })
}

fn thousands(number: u128) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A rate in per cent with one digit after the point.
#[must_use]
pub fn rate(ratio: Option<Ratio>) -> String {
    ratio.map_or_else(|| NOT_MEASURED.to_owned(), |ratio| format!("{} %", tenths(ratio.scaled(1_000))))
}

fn tenths(number: i128) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}.{}", number.unsigned_abs() / 10, number.unsigned_abs() % 10)
}

/// Mean days with one digit after the point; `>` before it when it is a lower bound.
#[must_use]
pub fn mean(figures: &WaitFigures) -> String {
    let sign = if figures.mean_is_at_least { "> " } else { "" };
    format!("{sign}{}", tenths(figures.mean.scaled(10)))
}

/// A quantile in days; `>` before it when it is a lower bound.
#[must_use]
pub fn quantile(quantile: Quantile) -> String {
    match quantile {
        Quantile::Days(days) => days.to_string(),
        Quantile::MoreThan(days) => format!("> {days}"),
    }
}

/// An age in days: `8-14`, `over 60`.
#[must_use]
pub fn age(place: usize) -> String {
    match AGES.get(place) {
        Some((first, Some(last))) => format!("{first}-{last}"),
        Some((first, None)) => format!("over {}", first - 1),
        None => String::new(),
    }
}

/// A cause for people.
#[must_use]
pub const fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::LostCancelled => "lost sales: cancelled while waiting",
        Cause::LostRefused => "lost sales: refused when ordered",
        Cause::LostExpected => "lost sales: expected of what is open",
        Cause::SplitFreight => "freight of split orders",
        Cause::ExpeditedFreight => "expedited freight",
        Cause::Handling => "handling of backordered lines",
        Cause::Waiting => "waiting",
        Cause::Penalty => "contractual penalties",
        Cause::Churn => "customers lost",
    }
}

/// A cause's key in JSON.
#[must_use]
pub const fn cause_key(cause: Cause) -> &'static str {
    match cause {
        Cause::LostCancelled => "lost_sales_cancelled",
        Cause::LostRefused => "lost_sales_refused",
        Cause::LostExpected => "lost_sales_expected",
        Cause::SplitFreight => "split_freight",
        Cause::ExpeditedFreight => "expedited_freight",
        Cause::Handling => "handling",
        Cause::Waiting => "waiting",
        Cause::Penalty => "penalties",
        Cause::Churn => "churn",
    }
}

/// The value of an assumption for people: `40 %`, `6.00`, `1 day`.
#[must_use]
pub fn value_of(assumption: Assumption, value: i64) -> String {
    match assumption.unit() {
        AssumptionUnit::Share => {
            let text = tenths(rounded_quotient(i128::from(value) * 1_000, NANOS_PER_UNIT.into()));
            format!("{} %", text.trim_end_matches(".0"))
        }
        AssumptionUnit::Money => amount(value.into()),
        AssumptionUnit::Days => counted(value.into(), "day"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_rounded_to_the_cent_and_easy_to_read() {
        assert_eq!(amount(10_307_495_000_000), "10,307.50");
        assert_eq!(
            (amount(-5_000_000), amount(0), amount(999_994_999_999)),
            ("-0.01".into(), "0.00".into(), "999.99".into())
        );
        assert_eq!(
            (whole_amount(1_234_567_500_000_000), plain_amount(1_234_500_000_000)),
            ("1,234,568".into(), "1234.50".into())
        );
    }

    #[test]
    fn a_text_of_the_file_cannot_steer_the_terminal() {
        assert_eq!(harmless("a\u{1b}[2Jb\u{9b}1mc"), "a [2Jb 1mc");
    }

    #[test]
    fn what_is_not_measured_is_no_number() {
        assert_eq!((rate(None), rate(Ratio::of(1, 3))), (NOT_MEASURED.to_owned(), "33.3 %".to_owned()));
        assert_eq!(
            (quantile(Quantile::Days(6)), quantile(Quantile::MoreThan(35))),
            ("6".to_owned(), "> 35".to_owned())
        );
        assert_eq!((age(1), age(4)), ("8-14".to_owned(), "over 60".to_owned()));
    }

    #[test]
    fn an_assumption_is_shown_in_its_unit() {
        assert_eq!(value_of(Assumption::MarginShare, 400_000_000), "40 %");
        assert_eq!(value_of(Assumption::MarginShare, 125_000_000), "12.5 %");
        assert_eq!(value_of(Assumption::DaysAfterOrder, 1), "1 day");
    }
}
