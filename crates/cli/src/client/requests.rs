//! Small parts that many requests share.

use backorder_proto::common::v1::{Date, DateBasis, Money, WriteContext, ZonedDate};
use jiff::civil;

use super::CALLER;

/// Nano-units as money of a currency.
#[must_use]
pub fn money(currency: &str, nanos: i64) -> Money {
    let per_unit = backorder_domain::money::NANOS_PER_UNIT;
    let fraction = i32::try_from(nanos % per_unit).unwrap_or_default();
    Money { currency_code: currency.to_owned(), units: nanos / per_unit, nanos: fraction }
}

/// A civil date on the wire.
#[must_use]
pub fn date(date: civil::Date) -> Date {
    backorder_proto::convert::encode::date(date)
}

/// A civil date on which goods should leave or, when `delivered`, arrive, in a zone.
#[must_use]
pub fn wanted_date(on: civil::Date, delivered: bool, zone: &str) -> ZonedDate {
    let basis = if delivered { DateBasis::Deliver } else { DateBasis::Ship };
    ZonedDate { date: Some(date(on)), basis: basis.into(), time_zone: zone.to_owned() }
}

/// This program as the actor of a write, with a reason.
#[must_use]
pub fn context(reason_code: &str, note: &str) -> WriteContext {
    WriteContext { actor: CALLER.to_owned(), reason_code: reason_code.to_owned(), note: note.to_owned() }
}
