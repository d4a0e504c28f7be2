//! Words for the contracts' values: dates, times, names and quantities.

use backorder_proto::common::v1::{Date, ZonedDate};
use jiff::Timestamp;

/// A quantity as it was entered, `3 CASE of 24`; `-` when it was entered in base units.
#[must_use]
pub fn entered(quantity: i64, unit: &str, base_units: i64) -> String {
    match (unit, base_units) {
        ("", _) => "-".to_owned(),
        (unit, 1) => format!("{quantity} {unit}"),
        (unit, base_units) => format!("{quantity} {unit} of {base_units}"),
    }
}

/// A date as `YYYY-MM-DD`, `-` when there is none.
#[must_use]
pub fn date(date: Option<&Date>) -> String {
    date.map_or_else(|| "-".to_owned(), |date| format!("{:04}-{:02}-{:02}", date.year, date.month, date.day))
}

/// The civil date of a zoned date, `-` when there is none.
#[must_use]
pub fn zoned_date(zoned: Option<&ZonedDate>) -> String {
    date(zoned.and_then(|zoned| zoned.date.as_ref()))
}

/// An instant to the second in UTC, `-` when there is none.
#[must_use]
pub fn time(instant: Option<&prost_types::Timestamp>) -> String {
    let known = instant.and_then(|instant| Timestamp::from_second(instant.seconds).ok());
    known.map_or_else(|| "-".to_owned(), |known| known.to_string())
}

/// The last part of a resource name: `85123A` of `items/85123A`.
#[must_use]
pub fn id(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// A line's name without its collection: `A-17/3` of `orders/A-17/lines/3`.
#[must_use]
pub fn line(name: &str) -> String {
    name.trim_start_matches("orders/").replacen("/lines/", "/", 1)
}

/// Puts a collection before an id that has none: `items/85123A` of `85123A` and of `items/85123A`.
#[must_use]
pub fn named(collection: &str, id: &str) -> String {
    if id.starts_with(&format!("{collection}/")) { id.to_owned() } else { format!("{collection}/{id}") }
}

/// The name of a line from `A-17/3`, `orders/A-17/lines/3`, or nothing when it is neither.
#[must_use]
pub fn line_name(text: &str) -> Option<String> {
    let short = line(text);
    let (order, number) = short.rsplit_once('/')?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && !order.is_empty() && !order.contains('/')).then(|| format!("orders/{order}/lines/{number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_for_people_and_full_for_services() {
        assert_eq!(line("orders/A-17/lines/3"), "A-17/3");
        assert_eq!(line_name("A-17/3").as_deref(), Some("orders/A-17/lines/3"));
        assert_eq!(line_name("orders/A-17/lines/3").as_deref(), Some("orders/A-17/lines/3"));
        assert_eq!(line_name("A-17"), None);
        assert_eq!((named("items", "X"), named("items", "items/X")), ("items/X".to_owned(), "items/X".to_owned()));
    }
}
