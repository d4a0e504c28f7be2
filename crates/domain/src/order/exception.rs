//! What about a line needs a planner, as a set, and what is at stake.

use jiff::{Span, Timestamp, civil::Date, tz::TimeZone};

use crate::money::NANOS_PER_UNIT;

/// Days before the end of a wait from which on it is near, where no policy says otherwise.
pub const NEAR_DAYS_DEFAULT: u16 = 2;

/// How long what nobody answers or ends may stand before the planner's list names it: a company's own choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExceptionLimits {
    /// Days for which a hold on a line or a customer may stand.
    pub hold_days: u16,
    /// Hours in which the warehouse is to answer a recall.
    pub recall_hours: u16,
    /// Days for which it is news that a supplier declined to ship itself.
    pub drop_ship_declined_days: u16,
    /// Days in which a supplier is to ship what it confirmed without naming a day.
    pub drop_ship_unshipped_days: u16,
}

impl Default for ExceptionLimits {
    fn default() -> Self {
        Self { hold_days: 3, recall_hours: 24, drop_ship_declined_days: 30, drop_ship_unshipped_days: 7 }
    }
}

/// What about a line needs a planner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LineException {
    /// Units wait for which no day is known.
    NoDate,
    /// What is expected is later than what was promised.
    PromiseAtRisk,
    /// The wait that the customer accepted ends soon.
    WaitLimitNear,
    /// The customer was asked and has not answered.
    QuestionOpen,
    /// A wait is over, and a planner has to decide.
    WaitEscalated,
    /// Reserved units were lost, and not all of them are replaced.
    VictimOfLoss,
    /// Units of a component have passed the gate without the rest of their kit.
    KitOutOfProportion,
}

impl LineException {
    /// All of them, in the order of their bits.
    pub const ALL: [Self; 7] = [
        Self::NoDate,
        Self::PromiseAtRisk,
        Self::WaitLimitNear,
        Self::QuestionOpen,
        Self::WaitEscalated,
        Self::VictimOfLoss,
        Self::KitOutOfProportion,
    ];

    /// Its bit in a set.
    #[must_use]
    pub const fn bit(self) -> i32 {
        1 << self as i32
    }
}

/// What is known of a line.
#[derive(Debug, Clone, Copy)]
pub struct LineFacts<'a> {
    /// Whether units wait.
    pub is_waiting: bool,
    /// The day promised for all of them.
    pub promised: Option<Date>,
    /// The day expected for all of them.
    pub expected: Option<Date>,
    /// The last day of the acceptable wait.
    pub limit: Option<Date>,
    /// So many days before it the wait is near its end.
    pub near_days: u16,
    /// Whether the end of this wait was acted on.
    pub is_limit_acted_on: bool,
    /// Whether a question is pending.
    pub is_asked: bool,
    /// Whether a planner has to decide about the wait.
    pub is_escalated: bool,
    /// Whether reserved units were lost, now or before, since when units have been waiting.
    pub has_lost: bool,
    /// Whether units have passed the gate without the rest of their kit, and nobody asked for them.
    pub has_surplus: bool,
    /// The business time.
    pub now: Timestamp,
    /// The line's zone.
    pub zone: &'a TimeZone,
}

/// What about the line needs a planner, as bits. What is about its wait ends with the wait.
#[must_use]
pub fn exceptions(facts: &LineFacts<'_>) -> i32 {
    let surplus = if facts.has_surplus { LineException::KitOutOfProportion.bit() } else { 0 };
    if facts.is_waiting { surplus | of_wait(facts) } else { surplus }
}

fn of_wait(facts: &LineFacts<'_>) -> i32 {
    let is_late = facts.promised.zip(facts.expected).is_some_and(|(promised, expected)| expected > promised);
    let is_near = near_from(facts.limit, facts.near_days, facts.zone).is_some_and(|from| from <= facts.now);
    let held = [
        (LineException::NoDate, facts.expected.is_none()),
        (LineException::PromiseAtRisk, is_late),
        (LineException::WaitLimitNear, is_near && !facts.is_limit_acted_on && !facts.is_asked),
        (LineException::QuestionOpen, facts.is_asked),
        (LineException::WaitEscalated, facts.is_escalated),
        (LineException::VictimOfLoss, facts.has_lost),
    ];
    held.into_iter().filter(|(_, holds)| *holds).fold(0, |bits, (kind, _)| bits | kind.bit())
}

/// From when on the end of a wait is near: the beginning of a day in the line's zone, so many days before the last one.
#[must_use]
pub fn near_from(limit: Option<Date>, near_days: u16, zone: &TimeZone) -> Option<Timestamp> {
    let first = limit?.checked_sub(Span::new().days(i64::from(near_days))).ok()?;
    zone.to_timestamp(first.to_datetime(jiff::civil::Time::midnight())).ok()
}

/// What something is worth in company currency, in nano-units: its worth in the order's currency times rate. A rate of 0 is one
/// to one. What has no price is worth nothing that is known.
#[must_use]
pub fn value_at_risk(worth_nanos: Option<i128>, rate_nanos: i64) -> i64 {
    let rate = if rate_nanos == 0 { NANOS_PER_UNIT } else { rate_nanos };
    let in_order_currency = worth_nanos.unwrap_or(0);
    let in_company_currency = in_order_currency.saturating_mul(i128::from(rate)) / i128::from(NANOS_PER_UNIT);
    i64::try_from(in_company_currency).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn calm(zone: &TimeZone) -> LineFacts<'_> {
        LineFacts {
            is_waiting: true,
            promised: Some(day("2026-06-10")),
            expected: Some(day("2026-06-10")),
            limit: Some(day("2026-06-20")),
            near_days: NEAR_DAYS_DEFAULT,
            is_limit_acted_on: false,
            is_asked: false,
            is_escalated: false,
            has_lost: false,
            has_surplus: false,
            now: "2026-06-01T09:00:00Z".parse().unwrap(),
            zone,
        }
    }

    #[test]
    fn a_line_in_good_order_needs_nobody() {
        let zone = TimeZone::UTC;
        assert_eq!(exceptions(&calm(&zone)), 0);
    }

    #[test]
    fn each_cause_is_one_exception() {
        let zone = TimeZone::UTC;
        let calm = calm(&zone);
        let near = "2026-06-18T00:00:00Z".parse().unwrap();
        let cases = [
            (LineFacts { expected: None, ..calm }, LineException::NoDate),
            (LineFacts { expected: Some(day("2026-06-11")), ..calm }, LineException::PromiseAtRisk),
            (LineFacts { now: near, ..calm }, LineException::WaitLimitNear),
            (LineFacts { is_asked: true, now: near, ..calm }, LineException::QuestionOpen),
            (
                LineFacts { is_escalated: true, is_limit_acted_on: true, now: near, ..calm },
                LineException::WaitEscalated,
            ),
            (LineFacts { has_lost: true, ..calm }, LineException::VictimOfLoss),
        ];
        for (facts, expected) in cases {
            assert_eq!(exceptions(&facts), expected.bit(), "{expected:?}");
            assert_eq!(exceptions(&LineFacts { is_waiting: false, ..facts }), 0, "{expected:?} ends with the wait");
        }
        assert_eq!(LineException::ALL.map(LineException::bit), [1, 2, 4, 8, 16, 32, 64]);
        let surplus = LineFacts { has_surplus: true, ..calm };
        assert_eq!(exceptions(&surplus), LineException::KitOutOfProportion.bit());
        let gone = LineFacts { is_waiting: false, ..surplus };
        assert_eq!(exceptions(&gone), LineException::KitOutOfProportion.bit(), "what left does not wait");
    }

    #[test]
    fn a_wait_is_near_its_end_as_many_days_before_as_its_policy_says() {
        let zone = TimeZone::get("Europe/London").unwrap();
        let from = |days| near_from(Some(day("2026-06-20")), days, &zone).unwrap().to_string();
        assert_eq!(
            [from(0), from(2), from(20)],
            ["2026-06-19T23:00:00Z", "2026-06-17T23:00:00Z", "2026-05-30T23:00:00Z"]
        );
        assert_eq!(near_from(None, 2, &zone), None);
        let last_day = LineFacts { near_days: 0, now: "2026-06-19T22:59:59Z".parse().unwrap(), ..calm(&zone) };
        assert_eq!(exceptions(&last_day), 0, "its last day has not begun");
        let last_day = LineFacts { now: "2026-06-19T23:00:00Z".parse().unwrap(), ..last_day };
        assert_eq!(exceptions(&last_day), LineException::WaitLimitNear.bit());
    }

    #[test]
    fn value_is_in_company_currency_and_never_overflows() {
        assert_eq!(value_at_risk(Some(15_000_000_000), 1_200_000_000), 18_000_000_000);
        assert_eq!(value_at_risk(Some(15_000_000_000), 0), 15_000_000_000);
        assert_eq!(value_at_risk(None, 0), 0);
        assert_eq!(value_at_risk(Some(i128::MAX), i64::MAX), i64::MAX);
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: backorder_testkit::counts::cases("wait_clock"),
            rng_seed: proptest::test_runner::RngSeed::Fixed(backorder_testkit::seed()),
            ..ProptestConfig::default()
        })]

        #[test]
        fn more_units_are_never_worth_less(units in 0i64..1_000_000, more in 0i64..1_000, price in 0i64..1_000_000_000_000,
            rate in 0i64..5_000_000_000) {
            let worth = |units: i64| Some(i128::from(units) * i128::from(price));
            prop_assert!(value_at_risk(worth(units), rate) <= value_at_risk(worth(units + more), rate));
        }
    }
}
