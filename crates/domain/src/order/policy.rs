//! Backorder policies: which one decides about a line, and what it means for the line.
//!
//! This module must not know stock: whether a policy bites is known only after inventory has answered.

use jiff::{
    Span, Timestamp,
    civil::{Date, Weekday},
    tz::TimeZone,
};

use crate::{
    ids::{ItemId, LocationId, PolicyId},
    order::{promise_rule::PromiseRule, wait::AskRule},
    quantity::Quantity,
    time::civil_date_in,
};

/// Which lines a policy fits. What is not named fits any.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    /// Only this item.
    pub item: Option<ItemId>,
    /// Only items of this category.
    pub category: Option<String>,
    /// Only customers of this tier.
    pub tier: Option<String>,
    /// Only this channel.
    pub channel: Option<String>,
    /// Only lines whose first candidate location is this one.
    pub location: Option<LocationId>,
}

/// What a line is, as far as policies ask.
#[derive(Debug, Clone, Copy)]
pub struct LineSubject<'a> {
    /// The item.
    pub item: &'a ItemId,
    /// The item's category; empty when it has none.
    pub category: &'a str,
    /// The customer's tier; empty when unknown.
    pub tier: &'a str,
    /// The sales channel; empty when unknown.
    pub channel: &'a str,
    /// The first candidate location, when one is known.
    pub location: Option<&'a LocationId>,
}

/// Which days count towards a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WaitDays {
    /// Every day.
    #[default]
    Calendar,
    /// Monday to Friday.
    Working,
}

/// From when a wait counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WaitStart {
    /// From the time of the order.
    #[default]
    OrderTime,
    /// From the requested day.
    RequestedDate,
}

/// What happens when a wait is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AfterWait {
    /// The customer is asked.
    #[default]
    Ask,
    /// What waits is cancelled.
    Cancel,
    /// A planner is told.
    Escalate,
}

/// Whether and how demand may be backordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackorderPolicy {
    /// The policy's id.
    pub id: PolicyId,
    /// Which lines it fits.
    pub scope: Scope,
    /// Whether what is not there may be backordered.
    pub allowed: bool,
    /// The most units of an item that may wait in all when a line is accepted. `None` means no cap.
    pub waiting_limit: Option<Quantity>,
    /// How many days the customer accepts to wait. `None` means any.
    pub acceptable_wait_days: Option<u16>,
    /// Which days count.
    pub wait_days: WaitDays,
    /// From when they count.
    pub wait_start: WaitStart,
    /// What happens when the wait is over.
    pub after_wait: AfterWait,
    /// How the customer is asked.
    pub ask: AskRule,
    /// So many days before the end of the wait a planner is told that it is near.
    pub wait_near_days: u16,
    /// When a promise moves to another day.
    pub promise_rule: PromiseRule,
    /// Whether a line may be served from several locations.
    pub split_allowed: bool,
    /// The fewest units that one location may give when a line is split.
    pub minimum_per_location: Quantity,
    /// Within how many days from now supply must be expected for what a ship set lacks on hand, so that the set takes
    /// stock. 0: all of it must be on hand.
    pub ship_set_days: u16,
    /// The locations that may serve, first choice first. Empty means every warehouse and store by rank.
    pub locations: Vec<LocationId>,
    /// The first day on which the policy holds.
    pub effective_from: Option<Date>,
    /// The last day on which the policy holds.
    pub effective_to: Option<Date>,
}

impl BackorderPolicy {
    /// Whether the policy decides about such a line on that day, if no more specific one does.
    #[must_use]
    pub fn fits(&self, subject: &LineSubject<'_>, day: Date) -> bool {
        let named = |wanted: &Option<String>, actual: &str| wanted.as_deref().is_none_or(|wanted| wanted == actual);
        let scope = &self.scope;
        scope.item.as_ref().is_none_or(|item| item == subject.item)
            && named(&scope.category, subject.category)
            && named(&scope.tier, subject.tier)
            && named(&scope.channel, subject.channel)
            && scope.location.as_ref().is_none_or(|location| Some(location) == subject.location)
            && self.effective_from.is_none_or(|from| from <= day)
            && self.effective_to.is_none_or(|to| day <= to)
    }
}

impl Scope {
    /// Smaller is more specific: the place of the first attribute that is named (item, category, tier, channel,
    /// location), then how many are not named.
    fn rank(&self) -> (usize, usize) {
        let named = [
            self.item.is_some(),
            self.category.is_some(),
            self.tier.is_some(),
            self.channel.is_some(),
            self.location.is_some(),
        ];
        let first = named.iter().position(|is_named| *is_named).unwrap_or(named.len());
        (first, named.iter().filter(|is_named| !**is_named).count())
    }
}

/// All policies that fit the line on that day, most specific first: the first one decides. Ties go to the smaller id.
pub fn fitting<'a>(
    policies: impl IntoIterator<Item = &'a BackorderPolicy>,
    subject: &LineSubject<'_>,
    day: Date,
) -> Vec<&'a BackorderPolicy> {
    let mut fitting: Vec<_> = policies.into_iter().filter(|policy| policy.fits(subject, day)).collect();
    fitting.sort_by(|a, b| (a.scope.rank(), &a.id).cmp(&(b.scope.rank(), &b.id)));
    fitting
}

/// What the buyer wants on shortage: X12 element 563.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ShortageInstruction {
    /// N: what is not there is refused: it is never ordered.
    NoBackOrder,
    /// Y: back order what is not there. What is there may ship before.
    #[default]
    BackOrder,
    /// BK: as Y, in so many words: ship partial, back order the balance.
    ShipPartialBackOrder,
    /// SP: ship partial, cancel the balance: all of it is ordered, and what is not there is cancelled at once.
    ShipPartialCancel,
    /// SC: nothing ships before all of it is there.
    ShipComplete,
    /// SE: every item ships when it is complete.
    ShipItemComplete,
    /// IS: ship as soon as possible: from any location, in any parts, whatever the policy says about splitting.
    ShipAsSoonAsPossible,
}

impl ShortageInstruction {
    /// Its code in X12 element 563.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoBackOrder => "N",
            Self::BackOrder => "Y",
            Self::ShipPartialBackOrder => "BK",
            Self::ShipPartialCancel => "SP",
            Self::ShipComplete => "SC",
            Self::ShipItemComplete => "SE",
            Self::ShipAsSoonAsPossible => "IS",
        }
    }

    /// Whether the buyer lets units wait.
    #[must_use]
    pub fn waits(self) -> bool {
        match self {
            Self::NoBackOrder | Self::ShipPartialCancel => false,
            Self::BackOrder
            | Self::ShipPartialBackOrder
            | Self::ShipComplete
            | Self::ShipItemComplete
            | Self::ShipAsSoonAsPossible => true,
        }
    }

    /// Whether what is not there was ordered and is cancelled, instead of never having been ordered.
    #[must_use]
    pub fn cancels_balance(self) -> bool {
        match self {
            Self::ShipPartialCancel => true,
            Self::NoBackOrder
            | Self::BackOrder
            | Self::ShipPartialBackOrder
            | Self::ShipComplete
            | Self::ShipItemComplete
            | Self::ShipAsSoonAsPossible => false,
        }
    }

    /// Whether the units may come from any locations in any parts, whatever the policy says.
    #[must_use]
    pub fn splits_freely(self) -> bool {
        self == Self::ShipAsSoonAsPossible
    }
}

/// Why demand is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LossReason {
    /// A policy does not allow a backorder.
    PolicyNotAllowed,
    /// The policy's cap of waiting units is reached.
    PolicyCap,
    /// The customer did not want to wait.
    CustomerInstruction,
}

/// What policy and instruction together mean for a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineTerms {
    /// Whether what is not there may wait.
    pub may_wait: bool,
    /// Why what is not there is lost when it may not wait, or waits beyond the cap.
    pub loss: LossReason,
    /// The most units of the item that may wait in all.
    pub waiting_limit: Option<Quantity>,
    /// Whether several locations may serve.
    pub split_allowed: bool,
    /// The fewest units per location.
    pub minimum_per_location: Quantity,
    /// Within how many days supply counts for its ship set.
    pub ship_set_days: u16,
    /// When its promise moves to another day.
    pub promise_rule: PromiseRule,
}

/// The terms of a line. Without a policy, backorders are allowed without limit, lines may be split, and promises follow
/// what is expected at once.
#[must_use]
pub fn terms(policy: Option<&BackorderPolicy>, instruction: ShortageInstruction) -> LineTerms {
    let loss = if !instruction.waits() {
        LossReason::CustomerInstruction
    } else if policy.is_some_and(|policy| !policy.allowed) {
        LossReason::PolicyNotAllowed
    } else {
        LossReason::PolicyCap
    };
    LineTerms {
        may_wait: loss == LossReason::PolicyCap,
        loss,
        waiting_limit: policy.and_then(|policy| policy.waiting_limit),
        split_allowed: instruction.splits_freely() || policy.is_none_or(|policy| policy.split_allowed),
        minimum_per_location: match policy {
            Some(policy) if !instruction.splits_freely() => policy.minimum_per_location,
            Some(_) | None => Quantity::ZERO,
        },
        ship_set_days: policy.map_or(0, |policy| policy.ship_set_days),
        promise_rule: policy.map(|policy| policy.promise_rule).unwrap_or_default(),
    }
}

/// From when a customer waits, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// From when the wait counts.
    pub start: Timestamp,
    /// The last day of the acceptable wait. `None` when there is no limit.
    pub limit: Option<Date>,
}

/// The wait that the policy accepts for a line.
///
/// The limit is the day of the start, in `zone`, plus the acceptable number of counted days. A working day is Monday to
/// Friday.
#[must_use]
pub fn wait(policy: Option<&BackorderPolicy>, order_time: Timestamp, requested: Date, zone: &TimeZone) -> Wait {
    let start = match policy.map(|policy| policy.wait_start).unwrap_or_default() {
        WaitStart::OrderTime => order_time,
        WaitStart::RequestedDate => {
            zone.to_timestamp(requested.to_datetime(jiff::civil::Time::midnight())).unwrap_or(order_time)
        }
    };
    let limit = policy.and_then(|policy| {
        let days = policy.acceptable_wait_days?;
        let first = civil_date_in(start, zone);
        match policy.wait_days {
            WaitDays::Calendar => first.checked_add(Span::new().days(i64::from(days))).ok(),
            WaitDays::Working => after_working_days(first, days),
        }
    });
    Wait { start, limit }
}

fn after_working_days(first: Date, days: u16) -> Option<Date> {
    let mut day = first;
    let mut left = days;
    while left > 0 {
        day = day.tomorrow().ok()?;
        if !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
            left -= 1;
        }
    }
    Some(day)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;
    use crate::order::exception::NEAR_DAYS_DEFAULT;

    fn policy(id: &str) -> BackorderPolicy {
        BackorderPolicy {
            id: PolicyId::try_new(id).unwrap(),
            scope: Scope::default(),
            allowed: true,
            waiting_limit: None,
            acceptable_wait_days: None,
            wait_days: WaitDays::Calendar,
            wait_start: WaitStart::OrderTime,
            after_wait: AfterWait::Ask,
            ask: AskRule::default(),
            wait_near_days: NEAR_DAYS_DEFAULT,
            promise_rule: PromiseRule::default(),
            split_allowed: true,
            minimum_per_location: Quantity::ZERO,
            ship_set_days: 0,
            locations: Vec::new(),
            effective_from: None,
            effective_to: None,
        }
    }

    fn scoped(id: &str, scope: Scope) -> BackorderPolicy {
        BackorderPolicy { scope, ..policy(id) }
    }

    fn text(value: &str) -> Option<String> {
        Some(value.to_owned())
    }

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn ids(policies: &[BackorderPolicy]) -> Vec<String> {
        let (item, location) = (ItemId::try_new("cup").unwrap(), LocationId::try_new("main").unwrap());
        let subject =
            LineSubject { item: &item, category: "china", tier: "GOLD", channel: "web", location: Some(&location) };
        fitting(policies, &subject, day("2026-11-23")).iter().map(|policy| policy.id.to_string()).collect()
    }

    #[test]
    fn the_most_specific_policy_comes_first() {
        let item = Some(ItemId::try_new("cup").unwrap());
        let location = Some(LocationId::try_new("main").unwrap());
        let policies = [
            policy("any"),
            scoped("location", Scope { location: location.clone(), ..Scope::default() }),
            scoped("channel", Scope { channel: text("web"), ..Scope::default() }),
            scoped("tier", Scope { tier: text("GOLD"), ..Scope::default() }),
            scoped("tier-channel", Scope { tier: text("GOLD"), channel: text("web"), ..Scope::default() }),
            scoped("category", Scope { category: text("china"), ..Scope::default() }),
            scoped("item-b", Scope { item: item.clone(), ..Scope::default() }),
            scoped("item-a", Scope { item: item.clone(), ..Scope::default() }),
            scoped("item-location", Scope { item, location, ..Scope::default() }),
        ];
        assert_eq!(
            ids(&policies),
            ["item-location", "item-a", "item-b", "category", "tier-channel", "tier", "channel", "location", "any"]
        );
    }

    #[test]
    fn a_policy_fits_only_what_it_names_and_only_in_its_time() {
        let other = [
            scoped("item", Scope { item: Some(ItemId::try_new("mug").unwrap()), ..Scope::default() }),
            scoped("category", Scope { category: text("steel"), ..Scope::default() }),
            scoped("tier", Scope { tier: text("STD"), ..Scope::default() }),
            scoped("channel", Scope { channel: text("store"), ..Scope::default() }),
            scoped("location", Scope { location: Some(LocationId::try_new("east").unwrap()), ..Scope::default() }),
            BackorderPolicy { effective_from: Some(day("2026-11-24")), ..policy("later") },
            BackorderPolicy { effective_to: Some(day("2026-11-22")), ..policy("over") },
        ];
        assert!(ids(&other).is_empty());
        let now = [BackorderPolicy {
            effective_from: Some(day("2026-11-23")),
            effective_to: Some(day("2026-11-23")),
            ..policy("today")
        }];
        assert_eq!(ids(&now), ["today"]);
    }

    #[test]
    fn the_customers_instruction_outweighs_the_policy() {
        let refusing = BackorderPolicy { allowed: false, ..policy("p") };
        let loss = |policy, instruction| terms(policy, instruction).loss;
        assert_eq!(loss(Some(&refusing), ShortageInstruction::NoBackOrder), LossReason::CustomerInstruction);
        assert_eq!(loss(Some(&refusing), ShortageInstruction::BackOrder), LossReason::PolicyNotAllowed);
        assert!(!terms(Some(&refusing), ShortageInstruction::BackOrder).may_wait);
        assert!(!terms(None, ShortageInstruction::ShipPartialCancel).may_wait);
        assert!(terms(None, ShortageInstruction::ShipComplete).may_wait);
        assert!(ShortageInstruction::ShipPartialCancel.cancels_balance());
        assert!(!ShortageInstruction::NoBackOrder.cancels_balance());
    }

    #[test]
    fn who_wants_it_as_soon_as_possible_may_be_served_in_parts() {
        let whole = BackorderPolicy {
            split_allowed: false,
            minimum_per_location: Quantity::try_new(5).unwrap(),
            ..policy("a")
        };
        let of = |instruction| {
            let terms = terms(Some(&whole), instruction);
            (terms.split_allowed, terms.minimum_per_location.get())
        };
        assert_eq!(of(ShortageInstruction::ShipAsSoonAsPossible), (true, 0));
        assert_eq!(of(ShortageInstruction::BackOrder), (false, 5));
    }

    #[test]
    fn the_cap_of_the_policy_limits_what_waits() {
        let capped = BackorderPolicy { waiting_limit: Quantity::try_new(5).ok(), ..policy("p") };
        let terms = terms(Some(&capped), ShortageInstruction::BackOrder);
        assert_eq!((terms.may_wait, terms.loss), (true, LossReason::PolicyCap));
        assert_eq!(terms.waiting_limit, Quantity::try_new(5).ok());
    }

    #[test]
    fn a_wait_counts_calendar_or_working_days_from_its_start() {
        let zone = crate::time::time_zone("Europe/London").unwrap();
        // A Friday evening.
        let order_time: Timestamp = "2026-11-20T18:00:00Z".parse().unwrap();
        let limit = |days, wait_days, wait_start| {
            let policy = BackorderPolicy { acceptable_wait_days: Some(days), wait_days, wait_start, ..policy("p") };
            wait(Some(&policy), order_time, day("2026-11-30"), &zone).limit.unwrap()
        };
        assert_eq!(limit(3, WaitDays::Calendar, WaitStart::OrderTime), day("2026-11-23"));
        assert_eq!(limit(3, WaitDays::Working, WaitStart::OrderTime), day("2026-11-25"));
        assert_eq!(limit(2, WaitDays::Calendar, WaitStart::RequestedDate), day("2026-12-02"));
        assert_eq!(wait(None, order_time, day("2026-11-30"), &zone).limit, None);
    }
}
