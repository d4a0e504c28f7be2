//! What a planner needs to know of a demand stream: its first and last business day, and the demand per item.

use std::{collections::BTreeMap, sync::Arc};

use backorder_domain::time::{UnknownTimeZone, civil_date_in, time_zone};
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::{
    demand::DemandEvent,
    model::supply::{ItemDemand, LINE_UNITS_MAX},
    retail::row::ZONE,
};

/// The summary of a stream.
#[derive(Debug, Clone)]
pub struct DemandSummary {
    /// The day of the first event, in the company's zone.
    pub first_day: Date,
    /// The day of the last event.
    pub last_day: Date,
    /// Demand per item, by code.
    pub items: Vec<ItemDemand>,
    /// Orders in the stream.
    pub orders: u64,
    /// Order lines in the stream.
    pub lines: u64,
    zone: TimeZone,
}

impl DemandSummary {
    /// Reads through the events, which must be in the order of time.
    ///
    /// # Errors
    /// [`UnknownTimeZone`] when this program does not know the company's zone.
    pub fn of(events: &[DemandEvent]) -> Result<Self, UnknownTimeZone> {
        let zone = time_zone(ZONE)?;
        let day_of = |event: Option<&DemandEvent>| event.map_or(Date::MIN, |event| civil_date_in(event.at(), &zone));
        let (first_day, last_day) = (day_of(events.first()), day_of(events.last()));
        let mut units: BTreeMap<Arc<str>, i64> = BTreeMap::new();
        let (mut orders, mut lines) = (0, 0);
        for event in events {
            let DemandEvent::Ordered(order) = event else { continue };
            orders += 1;
            lines += order.lines.len() as u64;
            for line in &order.lines {
                *units.entry(line.item.clone()).or_default() += line.quantity.min(LINE_UNITS_MAX);
            }
        }
        let items = units.into_iter().map(|(code, units)| ItemDemand { code, units }).collect();
        Ok(Self { first_day, last_day, items, orders, lines, zone })
    }

    /// The business day of an instant.
    #[must_use]
    pub fn day_of(&self, instant: Timestamp) -> Date {
        civil_date_in(instant, &self.zone)
    }

    /// The company's zone.
    #[must_use]
    pub const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Days of the stream, its first and last included.
    #[must_use]
    pub fn days(&self) -> i64 {
        i64::from((self.last_day - self.first_day).get_days()) + 1
    }
}
