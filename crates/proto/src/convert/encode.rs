//! Domain values to wire types. Encoding cannot fail: a domain value is always valid.

use backorder_domain::money::{Money, NANOS_PER_UNIT};
use jiff::{
    Timestamp,
    civil::{self, Time},
};

use crate::common::v1 as pb;

/// A civil date.
#[must_use]
pub fn date(date: civil::Date) -> pb::Date {
    pb::Date { year: i32::from(date.year()), month: i32::from(date.month()), day: i32::from(date.day()) }
}

/// A time of the day, to the minute.
#[must_use]
pub fn time_of_day(time: Time) -> pb::TimeOfDay {
    pb::TimeOfDay { hours: i32::from(time.hour()), minutes: i32::from(time.minute()) }
}

/// An amount of money; units and nanos have the same sign, as the contract asks.
#[must_use]
pub fn money(money: Money) -> pb::Money {
    let nanos = i32::try_from(money.nanos % NANOS_PER_UNIT).unwrap_or_default();
    pb::Money { currency_code: money.currency.as_str().to_owned(), units: money.nanos / NANOS_PER_UNIT, nanos }
}

/// An instant. `nanos` is never negative, as google.protobuf.Timestamp asks, also before 1970.
#[must_use]
pub fn timestamp(instant: Timestamp) -> prost_types::Timestamp {
    let (seconds, nanos) = (instant.as_second(), instant.subsec_nanosecond());
    if nanos < 0 {
        prost_types::Timestamp { seconds: seconds - 1, nanos: nanos + 1_000_000_000 }
    } else {
        prost_types::Timestamp { seconds, nanos }
    }
}

/// The resource name of an item: `items/{item}`.
#[must_use]
pub fn item_name(item: &backorder_domain::ids::ItemId) -> String {
    format!("items/{item}")
}

/// The resource name of a location: `locations/{location}`.
#[must_use]
pub fn location_name(location: &backorder_domain::ids::LocationId) -> String {
    format!("locations/{location}")
}

/// The resource name of a working calendar: `calendars/{calendar}`.
#[must_use]
pub fn calendar_name(calendar: &backorder_domain::ids::CalendarId) -> String {
    format!("calendars/{calendar}")
}

/// The resource name of a lane: `lanes/{lane}`.
#[must_use]
pub fn lane_name(lane: &backorder_domain::ids::LaneId) -> String {
    format!("lanes/{lane}")
}

/// The resource name of an order: `orders/{order}`.
#[must_use]
pub fn order_name(order: &backorder_domain::ids::OrderId) -> String {
    format!("orders/{order}")
}
