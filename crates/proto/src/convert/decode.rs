//! Wire types to domain values.
//!
//! Each function takes the field's path and the collector. It answers `None` exactly when it recorded a violation, so a
//! caller decodes everything first, finishes the collector, and then has all values.

use backorder_domain::{
    ids::{CalendarId, ItemId, LaneId, LocationId, OrderId},
    money::{CurrencyCode, Money, NANOS_PER_UNIT},
    quantity::Quantity,
    time::whole_microseconds,
};
use jiff::{
    Timestamp,
    civil::{self, Time},
};
use uuid::Uuid;

use super::Violations;
use crate::common::v1 as pb;

/// Path of a field in an element of a repeated field: `lines[2].quantity`; the element itself when `field` is empty.
#[must_use]
pub fn path(repeated: &str, index: usize, field: &str) -> String {
    if field.is_empty() { format!("{repeated}[{index}]") } else { format!("{repeated}[{index}].{field}") }
}

/// A quantity of at least one base unit and at most [`Quantity::COMMAND_MAX`].
pub fn quantity(units: i64, field: &str, violations: &mut Violations) -> Option<Quantity> {
    quantity_at_least(1, units, field, violations)
}

/// A quantity that may be zero, at most [`Quantity::COMMAND_MAX`].
pub fn quantity_or_zero(units: i64, field: &str, violations: &mut Violations) -> Option<Quantity> {
    quantity_at_least(0, units, field, violations)
}

fn quantity_at_least(least: i64, units: i64, field: &str, violations: &mut Violations) -> Option<Quantity> {
    if units < least {
        violations.push(field, format!("must be at least {least}"));
        return None;
    }
    match Quantity::try_new(units) {
        Ok(quantity) if quantity <= Quantity::COMMAND_MAX => Some(quantity),
        _ => {
            violations.push(field, format!("must be at most {}", Quantity::COMMAND_MAX));
            None
        }
    }
}

/// The id in a resource name of the form `{collection}/{id}`.
///
/// `make` is the id's own constructor, for example `ItemId::try_new`.
pub fn resource_name<Id, Invalid: std::fmt::Display>(
    name: &str,
    collection: &str,
    make: impl FnOnce(String) -> Result<Id, Invalid>,
    field: &str,
    violations: &mut Violations,
) -> Option<Id> {
    let id = name.strip_prefix(collection).and_then(|rest| rest.strip_prefix('/'));
    let Some(id) = id else {
        violations.push(field, format!("must have the form {collection}/{{id}}"));
        return None;
    };
    checked(make(id.to_owned()), field, violations)
}

/// An item's name, `items/{item}`.
pub fn item_name(name: &str, field: &str, violations: &mut Violations) -> Option<ItemId> {
    resource_name(name, "items", ItemId::try_new, field, violations)
}

/// A location's name, `locations/{location}`.
pub fn location_name(name: &str, field: &str, violations: &mut Violations) -> Option<LocationId> {
    resource_name(name, "locations", LocationId::try_new, field, violations)
}

/// A working calendar's name, `calendars/{calendar}`.
pub fn calendar_name(name: &str, field: &str, violations: &mut Violations) -> Option<CalendarId> {
    resource_name(name, "calendars", CalendarId::try_new, field, violations)
}

/// A working calendar's name that may be empty: `Some(None)` when it is.
pub fn calendar_name_if_set(name: &str, field: &str, violations: &mut Violations) -> Option<Option<CalendarId>> {
    if name.is_empty() { Some(None) } else { calendar_name(name, field, violations).map(Some) }
}

/// A lane's name, `lanes/{lane}`.
pub fn lane_name(name: &str, field: &str, violations: &mut Violations) -> Option<LaneId> {
    resource_name(name, "lanes", LaneId::try_new, field, violations)
}

/// An order's name, `orders/{order}`.
pub fn order_name(name: &str, field: &str, violations: &mut Violations) -> Option<OrderId> {
    resource_name(name, "orders", OrderId::try_new, field, violations)
}

/// The value of any constructor that may refuse; its message becomes the violation.
pub fn checked<T, Invalid: std::fmt::Display>(
    made: Result<T, Invalid>,
    field: &str,
    violations: &mut Violations,
) -> Option<T> {
    match made {
        Ok(value) => Some(value),
        Err(invalid) => {
            violations.push(field, invalid.to_string());
            None
        }
    }
}

/// A message that must be set.
pub fn required<'a, T>(message: Option<&'a T>, field: &str, violations: &mut Violations) -> Option<&'a T> {
    if message.is_none() {
        violations.push(field, "must be set");
    }
    message
}

/// A civil date that must be set and valid.
pub fn date(date: Option<&pb::Date>, field: &str, violations: &mut Violations) -> Option<civil::Date> {
    let date = required(date, field, violations)?;
    let made = valid_date(date);
    if made.is_none() {
        violations.push(field, "must be a valid date between 0001-01-01 and 9999-12-31");
    }
    made
}

/// A civil date that may be absent: `Some(None)` when it is.
pub fn date_if_set(value: Option<&pb::Date>, field: &str, violations: &mut Violations) -> Option<Option<civil::Date>> {
    if value.is_none() { Some(None) } else { date(value, field, violations).map(Some) }
}

/// A time of the day that may be absent: `Some(None)` when it is.
pub fn time_of_day_if_set(
    value: Option<&pb::TimeOfDay>,
    field: &str,
    violations: &mut Violations,
) -> Option<Option<Time>> {
    let Some(value) = value else { return Some(None) };
    let part = |number: i32| i8::try_from(number).ok();
    let made = part(value.hours).zip(part(value.minutes)).and_then(|(h, m)| Time::new(h, m, 0, 0).ok());
    if made.is_none() {
        violations.push(field, "must be a time between 00:00 and 23:59");
    }
    made.map(Some)
}

fn valid_date(date: &pb::Date) -> Option<civil::Date> {
    let year = i16::try_from(date.year).ok().filter(|year| (1..=9999).contains(year))?;
    let month = i8::try_from(date.month).ok()?;
    let day = i8::try_from(date.day).ok()?;
    civil::Date::new(year, month, day).ok()
}

/// An amount of money that must be set: a currency, and units and nanos of the same sign, within the range of nano-units
/// in 64 bits (about 9.2 thousand million units).
pub fn money(money: Option<&pb::Money>, field: &str, violations: &mut Violations) -> Option<Money> {
    let money = required(money, field, violations)?;
    let currency = checked(CurrencyCode::try_new(&money.currency_code), &format!("{field}.currency_code"), violations);
    let nanos = money_nanos(money, field, violations);
    Some(Money { currency: currency?, nanos: nanos? })
}

/// An amount of money that must be set and not below zero, as prices and costs are.
pub fn price(value: Option<&pb::Money>, field: &str, violations: &mut Violations) -> Option<Money> {
    let amount = money(value, field, violations)?;
    if amount.nanos < 0 {
        violations.push(field, "must not be negative");
        return None;
    }
    Some(amount)
}

fn money_nanos(money: &pb::Money, field: &str, violations: &mut Violations) -> Option<i64> {
    let nanos = i64::from(money.nanos);
    if nanos.abs() >= NANOS_PER_UNIT {
        violations.push(format!("{field}.nanos"), "must be between -999999999 and 999999999");
        return None;
    }
    if (money.units > 0 && nanos < 0) || (money.units < 0 && nanos > 0) {
        violations.push(format!("{field}.nanos"), "must have the same sign as units");
        return None;
    }
    let total = money.units.checked_mul(NANOS_PER_UNIT).and_then(|units| units.checked_add(nanos));
    if total.is_none() {
        violations.push(format!("{field}.units"), "must be between -9223372036 and 9223372036");
    }
    total
}

/// An instant that must be set and valid; cut to whole microseconds.
pub fn timestamp(
    instant: Option<&prost_types::Timestamp>,
    field: &str,
    violations: &mut Violations,
) -> Option<Timestamp> {
    let instant = required(instant, field, violations)?;
    let made = valid_timestamp(instant);
    if made.is_none() {
        violations.push(field, "must be a valid instant between 0001-01-01T00:00:00Z and 9999-12-30T21:59:59Z");
    }
    made
}

/// An instant that may be absent: `Some(None)` when it is.
pub fn timestamp_if_set(
    value: Option<&prost_types::Timestamp>,
    field: &str,
    violations: &mut Violations,
) -> Option<Option<Timestamp>> {
    if value.is_none() { Some(None) } else { timestamp(value, field, violations).map(Some) }
}

/// Seconds of 0001-01-01T00:00:00Z, the first instant of google.protobuf.Timestamp.
const SECONDS_MIN: i64 = -62_135_596_800;

fn valid_timestamp(instant: &prost_types::Timestamp) -> Option<Timestamp> {
    if instant.seconds < SECONDS_MIN || !(0..1_000_000_000).contains(&instant.nanos) {
        return None;
    }
    Timestamp::new(instant.seconds, instant.nanos).ok().map(whole_microseconds)
}

/// A request id: a UUID in any of its textual forms, not the nil one.
pub fn request_id(text: &str, field: &str, violations: &mut Violations) -> Option<Uuid> {
    let made = Uuid::try_parse(text).ok().filter(|uuid| !uuid.is_nil());
    if made.is_none() {
        violations.push(field, "must be a UUID");
    }
    made
}

/// A value of an enum that must be known and not the unspecified one (0).
pub fn required_enum<E>(value: i32, field: &str, violations: &mut Violations) -> Option<E>
where
    E: TryFrom<i32>,
{
    let made = if value == 0 { None } else { E::try_from(value).ok() };
    if made.is_none() {
        violations.push(field, "must be a known value other than unspecified");
    }
    made
}

/// A value of an enum that must be known; unspecified (0) is decoded as it stands.
pub fn known_enum<E>(value: i32, field: &str, violations: &mut Violations) -> Option<E>
where
    E: TryFrom<i32>,
{
    let made = E::try_from(value).ok();
    if made.is_none() {
        violations.push(field, "must be a known value");
    }
    made
}

/// A text of at most `bytes_max` bytes, which may be empty. Control characters other than tab and line feed are refused,
/// NUL among them, which PostgreSQL cannot store.
pub fn text(text: &str, bytes_max: usize, field: &str, violations: &mut Violations) -> Option<String> {
    if text.len() > bytes_max {
        violations.push(field, format!("must be at most {bytes_max} bytes"));
        return None;
    }
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        violations.push(field, "must not hold control characters");
        return None;
    }
    Some(text.to_owned())
}

/// A text of one to `bytes_max` bytes.
pub fn required_text(value: &str, bytes_max: usize, field: &str, violations: &mut Violations) -> Option<String> {
    if value.trim().is_empty() {
        violations.push(field, "must be set");
        return None;
    }
    text(value, bytes_max, field, violations)
}

/// The number of elements of a repeated field, between one and `max`. Answers whether the number is allowed.
pub fn count(elements: usize, max: usize, field: &str, violations: &mut Violations) -> bool {
    if elements == 0 {
        violations.push(field, "must have at least 1 element");
    } else if elements > max {
        violations.push(field, format!("must have at most {max} elements"));
    }
    (1..=max).contains(&elements)
}

#[cfg(test)]
mod tests;
