//! The place of a line in the queue, as a text that is compared bytewise.
//!
//! Every key of the configured sequence becomes a field of fixed width, so that comparing two texts compares the fields
//! one after the other. A key that serves the highest first is inverted. All texts stay below [`QUEUE_KEY_BYTES_MAX`].

use std::fmt::Write as _;

use jiff::{Timestamp, civil::Date};

use crate::money::NANOS_PER_UNIT;

/// The longest queue key in bytes that inventory takes.
pub const QUEUE_KEY_BYTES_MAX: usize = 200;
/// Tiers or channels that a sequence may name.
pub const NAMES_MAX: usize = 1_000;

/// One key of a serving sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SequenceKey {
    /// The customer's tier, in the configured order.
    Tier,
    /// The requested date, earliest first.
    RequestedDate,
    /// When the demand joined the queue, earliest first.
    OrderTime,
    /// The channel, in the configured order.
    Channel,
    /// The margin of one unit in company currency, highest first.
    Margin,
    /// The value of the line in company currency, highest first.
    Value,
    /// The day of the order, oldest first.
    Age,
}

impl SequenceKey {
    /// All keys.
    pub const ALL: [Self; 7] =
        [Self::Tier, Self::RequestedDate, Self::OrderTime, Self::Channel, Self::Margin, Self::Value, Self::Age];
}

/// How arriving stock is shared among waiting lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServingSequence {
    keys: Vec<SequenceKey>,
    tiers: Vec<String>,
    channels: Vec<String>,
}

/// Why a sequence cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSequence {
    /// A key stands in it twice, where it cannot decide anything.
    #[error("key {0:?} is named twice")]
    KeyTwice(SequenceKey),
    /// A tier or channel stands in it twice.
    #[error("{0:?} is named twice")]
    NameTwice(String),
    /// More than [`NAMES_MAX`] tiers or channels are named.
    #[error("at most {NAMES_MAX} names are allowed")]
    TooManyNames,
}

/// What a line is, as far as the sequence asks. Frozen at order time.
#[derive(Debug, Clone, Copy)]
pub struct LineAttributes<'a> {
    /// The customer's tier.
    pub tier: &'a str,
    /// The sales channel.
    pub channel: &'a str,
    /// The requested day.
    pub requested_date: Date,
    /// When the demand joined the queue.
    pub queue_time: Timestamp,
    /// The day of the order, in the line's time zone.
    pub order_date: Date,
    /// The worth of the line in company currency.
    pub worth: Worth,
}

/// The worth of a line in company currency, in nano-units; `None` without a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Worth {
    /// Price less cost of one unit.
    pub margin_nanos: Option<i128>,
    /// Price of all units.
    pub value_nanos: Option<i128>,
}

impl Worth {
    /// The worth of `quantity` units at a price in the order's currency, at `rate_nanos` units of company currency (times
    /// 10⁹) for one unit of it, and at a cost in company currency. Fractions of a nano-unit are cut.
    #[must_use]
    pub fn of(price_nanos: Option<i64>, cost_nanos: Option<i64>, rate_nanos: i64, quantity: i64) -> Self {
        let price = price_nanos.map(|price| i128::from(price) * i128::from(rate_nanos) / i128::from(NANOS_PER_UNIT));
        Self {
            margin_nanos: price.zip(cost_nanos).map(|(price, cost)| price - i128::from(cost)),
            value_nanos: price.map(|price| price.saturating_mul(i128::from(quantity))),
        }
    }
}

impl Default for ServingSequence {
    /// Tier, requested date, order time, with no tier named.
    fn default() -> Self {
        let keys = vec![SequenceKey::Tier, SequenceKey::RequestedDate, SequenceKey::OrderTime];
        Self { keys, tiers: Vec::new(), channels: Vec::new() }
    }
}

impl ServingSequence {
    /// A sequence of distinct keys; no keys mean the default ones.
    ///
    /// # Errors
    /// [`InvalidSequence`].
    pub fn try_new(keys: Vec<SequenceKey>, tiers: Vec<String>, channels: Vec<String>) -> Result<Self, InvalidSequence> {
        let keys = if keys.is_empty() { Self::default().keys } else { keys };
        for (index, key) in keys.iter().enumerate() {
            if keys[..index].contains(key) {
                return Err(InvalidSequence::KeyTwice(*key));
            }
        }
        for names in [&tiers, &channels] {
            if names.len() > NAMES_MAX {
                return Err(InvalidSequence::TooManyNames);
            }
            for (index, name) in names.iter().enumerate() {
                if names[..index].contains(name) {
                    return Err(InvalidSequence::NameTwice(name.clone()));
                }
            }
        }
        Ok(Self { keys, tiers, channels })
    }

    /// The keys, most important first.
    #[must_use]
    pub fn keys(&self) -> &[SequenceKey] {
        &self.keys
    }

    /// The tiers in the order in which they are served.
    #[must_use]
    pub fn tiers(&self) -> &[String] {
        &self.tiers
    }

    /// The channels in the order in which they are served.
    #[must_use]
    pub fn channels(&self) -> &[String] {
        &self.channels
    }

    /// The line's place in the queue: a smaller text is served first.
    #[must_use]
    pub fn queue_key(&self, line: &LineAttributes<'_>) -> String {
        let mut key = String::with_capacity(64);
        for (index, part) in self.keys.iter().enumerate() {
            if index > 0 {
                key.push('.');
            }
            // Writing to a String cannot fail.
            let _ = match part {
                SequenceKey::Tier => write!(key, "{:04}", place(&self.tiers, line.tier)),
                SequenceKey::Channel => write!(key, "{:04}", place(&self.channels, line.channel)),
                SequenceKey::RequestedDate => write!(key, "{}", day(line.requested_date)),
                SequenceKey::Age => write!(key, "{}", day(line.order_date)),
                SequenceKey::OrderTime => write!(key, "{:016x}", ascending(line.queue_time.as_microsecond())),
                SequenceKey::Margin => write!(key, "{:032x}", descending(line.worth.margin_nanos)),
                SequenceKey::Value => write!(key, "{:032x}", descending(line.worth.value_nanos)),
            };
        }
        key
    }
}

/// The place of a name in the configured order; names that are not in it come after all.
fn place(names: &[String], name: &str) -> usize {
    names.iter().position(|known| known == name).unwrap_or(NAMES_MAX)
}

fn day(date: Date) -> String {
    // Years before 0 do not occur in requests; they would come first together.
    format!("{:04}{:02}{:02}", date.year().max(0), date.month(), date.day())
}

/// Maps the whole range of signed numbers to unsigned ones in the same order.
fn ascending(number: i64) -> u64 {
    number.cast_unsigned() ^ (1 << 63)
}

/// The highest number first; no number is the lowest.
fn descending(number: Option<i128>) -> u128 {
    !(number.unwrap_or(i128::MIN).cast_unsigned() ^ (1 << 127))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    fn line() -> LineAttributes<'static> {
        LineAttributes {
            tier: "STD",
            channel: "web",
            requested_date: jiff::civil::date(2026, 11, 23),
            queue_time: "2026-11-20T08:00:00Z".parse().unwrap(),
            order_date: jiff::civil::date(2026, 11, 20),
            worth: Worth::default(),
        }
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn by(keys: &[SequenceKey]) -> ServingSequence {
        ServingSequence::try_new(keys.to_vec(), names(&["PLAT", "GOLD"]), names(&["store", "web"])).unwrap()
    }

    fn first(sequence: &ServingSequence, a: LineAttributes<'_>, b: LineAttributes<'_>) {
        assert!(sequence.queue_key(&a) < sequence.queue_key(&b), "{a:?} before {b:?}");
    }

    #[test]
    fn by_default_the_tier_decides_then_the_requested_date_then_the_order_time() {
        let sequence = by(&[]);
        let later = LineAttributes { requested_date: jiff::civil::date(2027, 1, 1), ..line() };
        first(&sequence, LineAttributes { tier: "PLAT", ..later }, LineAttributes { tier: "GOLD", ..line() });
        first(&sequence, LineAttributes { tier: "GOLD", ..later }, line());
        first(&sequence, line(), later);
        first(
            &sequence,
            line(),
            LineAttributes { queue_time: "2026-11-20T08:00:00.000001Z".parse().unwrap(), ..line() },
        );
    }

    #[test]
    fn the_highest_margin_and_value_come_first_and_missing_ones_last() {
        let worth =
            |nanos| LineAttributes { worth: Worth { margin_nanos: Some(nanos), value_nanos: Some(nanos) }, ..line() };
        for key in [SequenceKey::Margin, SequenceKey::Value] {
            let sequence = by(&[key]);
            first(&sequence, worth(10), worth(9));
            first(&sequence, worth(0), worth(-1));
            first(&sequence, worth(i128::MAX), worth(i128::from(i64::MAX)));
            first(&sequence, worth(-5), line());
        }
    }

    #[test]
    fn orders_of_one_day_are_of_one_age() {
        let sequence = by(&[SequenceKey::Age, SequenceKey::Channel]);
        let evening = LineAttributes { queue_time: "2026-11-20T20:00:00Z".parse().unwrap(), ..line() };
        first(&sequence, LineAttributes { channel: "store", ..evening }, line());
        let day_before = LineAttributes { order_date: jiff::civil::date(2026, 11, 19), channel: "phone", ..line() };
        first(&sequence, day_before, line());
    }

    #[test]
    fn a_time_before_1970_comes_before_one_after() {
        let early = LineAttributes { queue_time: "1969-12-31T23:59:59Z".parse().unwrap(), ..line() };
        let late = LineAttributes { queue_time: "1970-01-01T00:00:01Z".parse().unwrap(), ..line() };
        first(&by(&[SequenceKey::OrderTime]), early, late);
    }

    #[test]
    fn the_longest_key_is_short_enough() {
        let all = by(&SequenceKey::ALL);
        assert!(all.queue_key(&line()).len() < QUEUE_KEY_BYTES_MAX);
    }

    #[test]
    fn a_key_or_name_that_stands_twice_is_refused() {
        let twice = ServingSequence::try_new(vec![SequenceKey::Tier, SequenceKey::Tier], vec![], vec![]);
        assert_eq!(twice, Err(InvalidSequence::KeyTwice(SequenceKey::Tier)));
        let twice = ServingSequence::try_new(vec![], names(&["A", "A"]), vec![]);
        assert_eq!(twice, Err(InvalidSequence::NameTwice("A".to_owned())));
    }

    #[test]
    fn worth_is_in_company_currency() {
        // 2.00 a piece at a rate of 1.5 is 3.00 in company currency.
        let worth = Worth::of(Some(2_000_000_000), Some(1_000_000_000), 1_500_000_000, 4);
        assert_eq!(worth.margin_nanos, Some(2_000_000_000));
        assert_eq!(worth.value_nanos, Some(12_000_000_000));
        assert_eq!(Worth::of(None, Some(1), 1, 4), Worth::default());
    }
}
