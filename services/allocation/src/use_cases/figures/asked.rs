//! What figures are counted of, out of messages: of requests, and of what was kept of them.

use backorder_domain::figures::{cohort::Terms, verdicts::DeliveryWindow};
use backorder_proto::{
    allocation::v1 as pb,
    convert::{Violations, decode},
};
use jiff::{Timestamp, civil::Date};

use super::{Grouping, Scope};

/// Days in a request at most: ten years.
const DAYS_MAX: i32 = 3_650;
const OLD_DAYS_DEFAULT: i64 = 30;
/// Bytes of a text that picks lines.
const TEXT_BYTES_MAX: usize = 200;

impl Scope {
    /// All lines.
    #[must_use]
    pub const fn whole(as_of: Timestamp) -> Self {
        Self {
            from: None,
            until: None,
            as_of,
            item: String::new(),
            category: String::new(),
            channel: String::new(),
            customer_tier: String::new(),
            customer: String::new(),
            location: String::new(),
        }
    }

    /// The scope of a message in the field `at`; a missing one is all lines, seen now.
    pub fn decode(
        scope: Option<&pb::FigureScope>,
        at: &str,
        now: Timestamp,
        violations: &mut Violations,
    ) -> Option<Self> {
        let Some(scope) = scope else { return Some(Self::whole(now)) };
        let field = |name: &str| format!("{at}.{name}");
        let from = decode::date_if_set(scope.from_date.as_ref(), &field("from_date"), violations);
        let until = decode::date_if_set(scope.until_date.as_ref(), &field("until_date"), violations);
        if let (Some(Some(from)), Some(Some(until))) = (from, until)
            && until < from
        {
            violations.push(field("until_date"), "must not be before from_date");
        }
        let as_of = decode::timestamp_if_set(scope.as_of.as_ref(), &field("as_of"), violations);
        if as_of.flatten().is_some_and(|as_of| as_of > now) {
            violations.push(field("as_of"), "must not be in the future");
        }
        let item = if scope.item.is_empty() {
            Some(String::new())
        } else {
            decode::item_name(&scope.item, &field("item"), violations).map(|id| id.into_string())
        };
        let location = if scope.location.is_empty() {
            Some(String::new())
        } else {
            decode::location_name(&scope.location, &field("location"), violations).map(|id| id.into_string())
        };
        let mut text = |text: &str, name: &str| decode::text(text, TEXT_BYTES_MAX, &field(name), violations);
        let category = text(&scope.category, "category");
        let channel = text(&scope.channel, "channel");
        let customer_tier = text(&scope.customer_tier, "customer_tier");
        let customer = text(&scope.customer, "customer");
        Some(Self {
            from: from?,
            until: until?,
            as_of: as_of?.unwrap_or(now),
            item: item?,
            category: category?,
            channel: channel?,
            customer_tier: customer_tier?,
            customer: customer?,
            location: location?,
        })
    }
}

/// What figures depend on, as messages have it.
#[derive(Debug, Clone, Copy)]
pub struct AskedTerms {
    /// `on_time_days_early`.
    pub days_early: Option<i32>,
    /// `on_time_days_late`.
    pub days_late: i32,
    /// `old_order_days`.
    pub old_days: i32,
}

impl AskedTerms {
    /// The terms; fields are named after `at`, which ends with a point or is empty.
    pub fn decode(self, at: &str, violations: &mut Violations) -> Option<Terms> {
        let early = self.days_early.map(|early| days(early, &format!("{at}on_time_days_early"), violations));
        let days_late = days(self.days_late, &format!("{at}on_time_days_late"), violations);
        let old_days = days(self.old_days, &format!("{at}old_order_days"), violations);
        let days_early = match early {
            Some(days) => Some(days?),
            None => None,
        };
        let old_days = old_days.map(|days| if days == 0 { OLD_DAYS_DEFAULT } else { days });
        Some(Terms { window: DeliveryWindow { days_early, days_late: days_late? }, old_days: old_days? })
    }
}

/// By what lines are grouped.
#[expect(clippy::option_option, reason = "outside: decoded or refused, inside: grouped or not")]
pub fn grouping(group_by: i32, violations: &mut Violations) -> Option<Option<Grouping>> {
    let named = decode::known_enum::<pb::FigureGrouping>(group_by, "group_by", violations)?;
    Some(match named {
        pb::FigureGrouping::Unspecified => None,
        pb::FigureGrouping::Item => Some(Grouping::Item),
        pb::FigureGrouping::Category => Some(Grouping::Category),
        pb::FigureGrouping::Channel => Some(Grouping::Channel),
        pb::FigureGrouping::CustomerTier => Some(Grouping::CustomerTier),
        pb::FigureGrouping::Location => Some(Grouping::Location),
        pb::FigureGrouping::Month => Some(Grouping::Month),
    })
}

/// The first day of a month as `2026-03`; `None` for what is none.
#[must_use]
pub fn first_of_month(month: &str) -> Option<Date> {
    let is_like_one = month.len() == 7 && month.is_ascii();
    is_like_one.then(|| format!("{month}-01").parse().ok()).flatten()
}

/// Days from 0 to ten years.
pub fn days(days: i32, field: &str, violations: &mut Violations) -> Option<i64> {
    if (0..=DAYS_MAX).contains(&days) {
        return Some(days.into());
    }
    violations.push(field, format!("must be from 0 to {DAYS_MAX}"));
    None
}

#[cfg(test)]
mod tests {
    use super::first_of_month;

    #[test]
    fn a_month_is_a_year_and_a_month_and_nothing_else() {
        assert_eq!(first_of_month("2026-03"), Some(jiff::civil::date(2026, 3, 1)));
        for wrong in ["", "2026-3", "2026-13", "2026-03-01", "26-03-1", "+026-03", "2026/03", "２026-3"] {
            assert_eq!(first_of_month(wrong), None, "{wrong}");
        }
    }
}
