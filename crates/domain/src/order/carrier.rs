//! What a carrier's events say of a shipment. Events may come late and in any order: each counts by its own time.

use jiff::Timestamp;

/// What a carrier reports, in the order in which it usually happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CarrierStatus {
    /// The carrier has the goods.
    PickedUp,
    /// They are on the way.
    InTransit,
    /// The carrier estimates anew when they arrive.
    Estimated,
    /// Something went wrong on the way.
    Exception,
    /// They arrived.
    Delivered,
}

impl CarrierStatus {
    const ALL: [Self; 5] = [Self::PickedUp, Self::InTransit, Self::Estimated, Self::Exception, Self::Delivered];

    /// The name that tables use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PickedUp => "PICKED_UP",
            Self::InTransit => "IN_TRANSIT",
            Self::Estimated => "ESTIMATED",
            Self::Exception => "EXCEPTION",
            Self::Delivered => "DELIVERED",
        }
    }

    /// The status of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }
}

/// One event of a shipment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CarrierEvent {
    /// What happened.
    pub status: CarrierStatus,
    /// When it happened.
    pub at: Timestamp,
    /// When the carrier then expected to deliver.
    pub expected: Option<Timestamp>,
}

/// How far a shipment is, by its carrier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CarrierProgress {
    /// What happened last, with its time.
    pub latest: Option<(Timestamp, CarrierStatus)>,
    /// When the carrier last said when it expects to deliver, and what it said.
    pub estimate: Option<(Timestamp, Timestamp)>,
}

impl CarrierProgress {
    /// Takes an event over, unless a newer one says the same kind of thing. Of events of one time the one further along,
    /// or the later estimate, stands: so the outcome does not depend on the order in which events come.
    pub fn take(&mut self, event: &CarrierEvent) {
        self.latest = self.latest.max(Some((event.at, event.status)));
        let estimate = event.expected.map(|expected| (event.at, expected));
        self.estimate = self.estimate.max(estimate);
    }

    /// When the goods are expected at the customer.
    #[must_use]
    pub fn expected(&self) -> Option<Timestamp> {
        self.estimate.map(|(_, expected)| expected)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn an_older_event_never_overwrites_a_newer_one() {
        let mut progress = CarrierProgress::default();
        progress.take(&CarrierEvent { status: CarrierStatus::InTransit, at: at(10), expected: Some(at(100)) });
        progress.take(&CarrierEvent { status: CarrierStatus::PickedUp, at: at(5), expected: Some(at(90)) });
        assert_eq!(progress.latest, Some((at(10), CarrierStatus::InTransit)));
        assert_eq!(progress.expected(), Some(at(100)));
    }

    #[test]
    fn a_late_estimate_counts_when_nothing_newer_estimates() {
        let mut progress = CarrierProgress::default();
        progress.take(&CarrierEvent { status: CarrierStatus::PickedUp, at: at(5), expected: Some(at(90)) });
        progress.take(&CarrierEvent { status: CarrierStatus::InTransit, at: at(10), expected: None });
        progress.take(&CarrierEvent { status: CarrierStatus::Estimated, at: at(7), expected: Some(at(95)) });
        assert_eq!(progress.latest, Some((at(10), CarrierStatus::InTransit)));
        assert_eq!(progress.expected(), Some(at(95)));
    }

    fn event() -> impl Strategy<Value = CarrierEvent> {
        (0..CarrierStatus::ALL.len(), 0..6_i64, proptest::option::of(0..6_i64)).prop_map(|(status, time, expected)| {
            CarrierEvent { status: CarrierStatus::ALL[status], at: at(time), expected: expected.map(at) }
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: backorder_testkit::counts::cases("carrier_events"),
            rng_seed: proptest::test_runner::RngSeed::Fixed(backorder_testkit::seed()),
            ..ProptestConfig::default()
        })]

        #[test]
        fn the_order_in_which_events_come_does_not_matter(events in vec(event(), 0..8), by in 0..8_usize) {
            let told = |events: &[CarrierEvent]| {
                let mut progress = CarrierProgress::default();
                events.iter().for_each(|event| progress.take(event));
                progress
            };
            let mut other = events.clone();
            other.reverse();
            if !other.is_empty() {
                let by = by % other.len();
                other.rotate_left(by);
            }
            prop_assert_eq!(told(&events), told(&other));
        }
    }
}
