//! How long suppliers take and how late they are, as small tables computed from real deliveries.
//!
//! Source: USAID SCMS Delivery History (US federal open data), 10,324 rows, 2006-05 to 2015-09. Vendor "SCMS from RDC"
//! (5,404 rows) is a stock transfer and is left out; the other 4,920 rows are suppliers' deliveries.
//! Over all rows 6,324 came on the scheduled day, 2,814 before and 1,186 after it; without the transfers it is 4,256, 405
//! and 259, and these shares are used here.
//! Method: lead time = scheduled delivery - PO sent to vendor, of the 4,254 supplier rows that have both and a lead above
//! zero (334 rows carry the same date twice and 4 are negative: recording artefacts); lateness = delivered - scheduled;
//! each as the 41 quantiles 0, 2.5 %, ..., 100 % of the sorted values, straight between them.

use jiff::{ToSpan, civil::Date};

use crate::draw::{Quantiles, Source, weighted};

/// Days from sending a purchase order to its scheduled delivery.
const LEAD_DAYS: Quantiles = Quantiles(&[
    1, 9, 22, 31, 37, 42, 45, 49, 54, 58, 63, 66, 69, 72, 76, 80, 84, 87, 91, 95, 101, 105, 109, 114, 119, 123, 127,
    132, 136, 141, 147, 155, 162, 170, 179, 192, 210, 235, 274, 304, 616,
]);

/// Days by which a late delivery is late.
const LATE_DAYS: Quantiles = Quantiles(&[
    1, 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 10, 12, 13, 14, 16, 19, 21, 24, 27, 29, 31, 32, 36, 41, 43,
    48, 50, 58, 64, 71, 87, 106, 192,
]);

/// Days by which an early delivery is early.
const EARLY_DAYS: Quantiles = Quantiles(&[
    1, 1, 2, 2, 2, 3, 4, 5, 6, 7, 7, 10, 11, 12, 15, 17, 17, 19, 22, 27, 49, 57, 65, 68, 68, 70, 76, 78, 91, 101, 104,
    109, 113, 119, 125, 130, 131, 133, 145, 220, 370,
]);

const DELIVERIES_ON_THE_DAY: u32 = 4_256;
const DELIVERIES_EARLY: u32 = 405;
const DELIVERIES_LATE: u32 = 259;

/// The longest usual lead time that the model gives an item, in days: a buyer of giftware does not order two years ahead.
const USUAL_LEAD_DAYS_MAX: i64 = 210;
/// The shortest one.
const USUAL_LEAD_DAYS_MIN: i64 = 7;

/// A supplier tells of a delay at most so many days before the agreed date.
const NOTICE_DAYS_MAX: i64 = 15;
/// Of 20 late deliveries so many come unannounced.
const UNANNOUNCED_OF_20: u32 = 5;

/// The dates of one purchase order line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct DeliveryDates {
    /// What the supplier agreed to.
    #[serde(with = "date_text")]
    pub agreed_on: Date,
    /// When it really comes. Nobody knows it before.
    #[serde(with = "date_text")]
    pub arrives_on: Date,
    /// When the supplier tells that it will be late, `None` when it is not late or tells nothing.
    #[serde(with = "optional_date_text")]
    pub delay_told_on: Option<Date>,
}

/// The usual lead time of an item, in days.
pub fn usual_lead_days(source: &mut Source) -> i64 {
    LEAD_DAYS.draw(source).clamp(USUAL_LEAD_DAYS_MIN, USUAL_LEAD_DAYS_MAX)
}

/// Draws what becomes of a purchase order line that was sent on a day and agreed for another.
pub fn delivery(source: &mut Source, sent_on: Date, agreed_on: Date) -> DeliveryDates {
    let shares = [DELIVERIES_ON_THE_DAY, DELIVERIES_EARLY, DELIVERIES_LATE];
    let days_late = match weighted(shares.into_iter(), source) {
        1 => -EARLY_DAYS.draw(source),
        2 => LATE_DAYS.draw(source),
        _ => 0,
    };
    let arrives_on = later(agreed_on, days_late).max(later(sent_on, 1));
    let is_told = days_late > 0 && weighted([UNANNOUNCED_OF_20, 20 - UNANNOUNCED_OF_20].into_iter(), source) == 1;
    let notice = Quantiles(&[1, NOTICE_DAYS_MAX]).draw(source);
    let delay_told_on = is_told.then(|| later(agreed_on, -notice).max(later(sent_on, 1)));
    DeliveryDates { agreed_on, arrives_on, delay_told_on }
}

/// The date so many days later, the last date there is when that does not exist.
#[must_use]
pub fn later(date: Date, days: i64) -> Date {
    date.saturating_add(days.days())
}

/// Writes a date as `YYYY-MM-DD`.
mod date_text {
    use jiff::civil::Date;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(date: &Date, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(date)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// Writes a date that may be missing as `YYYY-MM-DD` or null.
mod optional_date_text {
    use jiff::civil::Date;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub fn serialize<S: Serializer>(date: &Option<Date>, serializer: S) -> Result<S::Ok, S::Error> {
        date.map(|date| date.to_string()).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| text.parse().map_err(D::Error::custom)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::draw::source_of;

    #[test]
    fn lateness_has_the_shares_of_the_source() {
        let (sent, agreed) = (date(2011, 1, 1), date(2012, 6, 1));
        let mut source = source_of(3, &["shares"]);
        let drawn: Vec<DeliveryDates> = (0..49_200).map(|_| delivery(&mut source, sent, agreed)).collect();
        let late = drawn.iter().filter(|dates| dates.arrives_on > dates.agreed_on).count();
        let early = drawn.iter().filter(|dates| dates.arrives_on < dates.agreed_on).count();
        assert!((2_350..2_830).contains(&late), "{late} late");
        assert!((3_750..4_350).contains(&early), "{early} early");
    }

    #[test]
    fn nothing_arrives_or_is_told_before_it_was_ordered() {
        let (sent, agreed) = (date(2011, 1, 1), date(2011, 1, 3));
        let mut source = source_of(4, &["order"]);
        for _ in 0..5_000 {
            let dates = delivery(&mut source, sent, agreed);
            assert!(dates.arrives_on > sent);
            assert!(dates.delay_told_on.is_none_or(|told| told > sent && dates.arrives_on > dates.agreed_on));
        }
    }

    #[test]
    fn usual_lead_times_have_the_median_of_the_source() {
        let mut source = source_of(5, &["lead"]);
        let mut drawn: Vec<i64> = (0..10_001).map(|_| usual_lead_days(&mut source)).collect();
        drawn.sort_unstable();
        assert!((97..=105).contains(&drawn[5_000]), "median {}", drawn[5_000]);
    }
}
