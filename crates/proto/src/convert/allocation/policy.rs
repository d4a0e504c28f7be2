//! Backorder policies from the wire, and their enums.

use backorder_domain::{
    ids::{ItemId, LocationId, PolicyId},
    order::{
        exception::NEAR_DAYS_DEFAULT,
        policy::{AfterWait, BackorderPolicy, Scope, WaitDays, WaitStart},
        promise_rule::PromiseRule,
        wait::{ANSWER_DAYS_DEFAULT, AfterSilence, AskRule},
    },
    quantity::Quantity,
};

use crate::{
    allocation::v1 as pb,
    convert::{Violations, decode},
};

/// Locations that a policy may name.
const LOCATIONS_MAX: usize = 50;
/// The longest acceptable wait in days: ten years.
const WAIT_DAYS_MAX: i32 = 3_650;

/// The most days of a rule.
const RULE_DAYS_MAX: u16 = 366;
/// The most hours of a promise rule: as many days.
const RULE_HOURS_MAX: u16 = RULE_DAYS_MAX * 24;

/// The resource name of a policy: `policies/{policy}`.
#[must_use]
pub fn policy_name(policy: &str) -> String {
    format!("policies/{policy}")
}

/// A policy from the wire, its fields under `field`.
pub fn policy_of(policy: &pb::BackorderPolicy, field: &str, violations: &mut Violations) -> Option<BackorderPolicy> {
    let at = |name: &str| format!("{field}.{name}");
    let id = decode::resource_name(&policy.name, "policies", PolicyId::try_new, &at("name"), violations);
    let scope = scope_of(policy, field, violations);
    let waiting_limit = match policy.waiting_limit {
        None => Some(None),
        Some(limit) => decode::quantity_or_zero(limit, &at("waiting_limit"), violations).map(Some),
    };
    let wait_days_max = acceptable_wait(policy.acceptable_wait_days, &at("acceptable_wait_days"), violations);
    let minimum = decode::quantity_or_zero(policy.minimum_per_location, &at("minimum_per_location"), violations);
    let locations = locations_of(&policy.locations, &at("locations"), violations);
    let from = decode::date_if_set(policy.effective_from.as_ref(), &at("effective_from"), violations);
    let to = decode::date_if_set(policy.effective_to.as_ref(), &at("effective_to"), violations);
    if let (Some(Some(from)), Some(Some(to))) = (from, to)
        && to < from
    {
        violations.push(at("effective_to"), "must not be before effective_from");
    }
    let ship_set_days = rule_days(policy.ship_set_days, at("ship_set_days"), violations);
    let wait_near_days = policy.wait_near_days.unwrap_or(NEAR_DAYS_DEFAULT.into());
    let wait_near_days = rule_days(wait_near_days, at("wait_near_days"), violations);
    let ask = ask_rule_of(policy, field, violations);
    let promise_rule = promise_rule_of(policy.promise_rule.as_ref(), &at("promise_rule"), violations);
    let day_type = decode::known_enum(policy.wait_day_type, &at("wait_day_type"), violations);
    let start = decode::known_enum(policy.wait_start, &at("wait_start"), violations);
    let after = decode::known_enum(policy.after_wait, &at("after_wait"), violations);
    Some(BackorderPolicy {
        id: id?,
        scope: scope?,
        allowed: policy.allowed,
        waiting_limit: waiting_limit?,
        acceptable_wait_days: wait_days_max?,
        wait_days: wait_days_of(day_type?),
        wait_start: wait_start_of(start?),
        after_wait: after_wait_of(after?),
        ask: ask?,
        wait_near_days: wait_near_days?,
        promise_rule: promise_rule?,
        split_allowed: policy.split_allowed,
        minimum_per_location: minimum?,
        ship_set_days: ship_set_days?,
        locations: locations?,
        effective_from: from?,
        effective_to: to?,
    })
}

fn rule_days(days: i32, field: String, violations: &mut Violations) -> Option<u16> {
    let made = u16::try_from(days).ok().filter(|days| *days <= RULE_DAYS_MAX);
    if made.is_none() {
        violations.push(field, format!("must be between 0 and {RULE_DAYS_MAX}"));
    }
    made
}

fn ask_rule_of(policy: &pb::BackorderPolicy, field: &str, violations: &mut Violations) -> Option<AskRule> {
    let days_before = rule_days(policy.ask_days_before, format!("{field}.ask_days_before"), violations);
    let answer_days = rule_days(policy.answer_days, format!("{field}.answer_days"), violations);
    let silence = decode::known_enum(policy.after_silence, &format!("{field}.after_silence"), violations);
    Some(AskRule {
        days_before: days_before?,
        answer_days: answer_days.map(|days| if days == 0 { ANSWER_DAYS_DEFAULT } else { days })?,
        after_silence: after_silence_of(silence?),
    })
}

fn promise_rule_of(rule: Option<&pb::PromiseRule>, field: &str, violations: &mut Violations) -> Option<PromiseRule> {
    let Some(rule) = rule else { return Some(PromiseRule::default()) };
    let mut number = |value: i32, max: u16, name: &str| {
        let made = u16::try_from(value).ok().filter(|number| *number <= max);
        if made.is_none() {
            violations.push(format!("{field}.{name}"), format!("must be between 0 and {max}"));
        }
        made
    };
    let later_days = number(rule.later_days, RULE_DAYS_MAX, "later_days");
    let earlier_days = number(rule.earlier_days, RULE_DAYS_MAX, "earlier_days");
    let stable_hours = number(rule.stable_hours, RULE_HOURS_MAX, "stable_hours");
    Some(PromiseRule { later_days: later_days?, earlier_days: earlier_days?, stable_hours: stable_hours? })
}

/// A promise rule on the wire; one that moves promises at once is left out.
#[must_use]
pub fn promise_rule(rule: PromiseRule) -> Option<pb::PromiseRule> {
    (rule != PromiseRule::default()).then(|| pb::PromiseRule {
        later_days: i32::from(rule.later_days),
        earlier_days: i32::from(rule.earlier_days),
        stable_hours: i32::from(rule.stable_hours),
    })
}

fn scope_of(policy: &pb::BackorderPolicy, field: &str, violations: &mut Violations) -> Option<Scope> {
    let at = |name: &str| format!("{field}.{name}");
    let item = match policy.item.as_str() {
        "" => Some(None),
        name => decode::resource_name(name, "items", ItemId::try_new, &at("item"), violations).map(Some),
    };
    let location = match policy.location.as_str() {
        "" => Some(None),
        name => decode::location_name(name, &at("location"), violations).map(Some),
    };
    let category = decode::text(&policy.category, 200, &at("category"), violations);
    let channel = decode::text(&policy.channel, 50, &at("channel"), violations);
    let tier = decode::text(&policy.customer_tier, 50, &at("customer_tier"), violations);
    let named = |text: String| (!text.is_empty()).then_some(text);
    Some(Scope {
        item: item?,
        category: named(category?),
        tier: named(tier?),
        channel: named(channel?),
        location: location?,
    })
}

#[expect(clippy::option_option, reason = "outside: decoded or refused, inside: given or absent")]
fn acceptable_wait(days: Option<i32>, field: &str, violations: &mut Violations) -> Option<Option<u16>> {
    let Some(days) = days else { return Some(None) };
    match u16::try_from(days) {
        Ok(number) if days <= WAIT_DAYS_MAX => Some(Some(number)),
        _ => {
            violations.push(field, format!("must be between 0 and {WAIT_DAYS_MAX}"));
            None
        }
    }
}

fn locations_of(names: &[String], field: &str, violations: &mut Violations) -> Option<Vec<LocationId>> {
    if names.len() > LOCATIONS_MAX {
        violations.push(field, format!("must have at most {LOCATIONS_MAX} elements"));
        return None;
    }
    let mut locations: Vec<LocationId> = Vec::with_capacity(names.len());
    for (index, name) in names.iter().enumerate() {
        let path = decode::path(field, index, "");
        let location = decode::location_name(name, &path, violations)?;
        if locations.contains(&location) {
            violations.push(path, "must not be named twice");
            return None;
        }
        locations.push(location);
    }
    Some(locations)
}

/// Which days count, on the wire.
#[must_use]
pub fn wait_days(days: WaitDays) -> pb::WaitDayType {
    match days {
        WaitDays::Calendar => pb::WaitDayType::Calendar,
        WaitDays::Working => pb::WaitDayType::Working,
    }
}

fn wait_days_of(days: pb::WaitDayType) -> WaitDays {
    match days {
        pb::WaitDayType::Unspecified | pb::WaitDayType::Calendar => WaitDays::Calendar,
        pb::WaitDayType::Working => WaitDays::Working,
    }
}

/// From when a wait counts, on the wire.
#[must_use]
pub fn wait_start(start: WaitStart) -> pb::WaitStart {
    match start {
        WaitStart::OrderTime => pb::WaitStart::OrderTime,
        WaitStart::RequestedDate => pb::WaitStart::RequestedDate,
    }
}

fn wait_start_of(start: pb::WaitStart) -> WaitStart {
    match start {
        pb::WaitStart::Unspecified | pb::WaitStart::OrderTime => WaitStart::OrderTime,
        pb::WaitStart::RequestedDate => WaitStart::RequestedDate,
    }
}

/// What happens after a wait, on the wire.
#[must_use]
pub fn after_wait(after: AfterWait) -> pb::AfterWait {
    match after {
        AfterWait::Ask => pb::AfterWait::Ask,
        AfterWait::Cancel => pb::AfterWait::Cancel,
        AfterWait::Escalate => pb::AfterWait::Escalate,
    }
}

fn after_wait_of(after: pb::AfterWait) -> AfterWait {
    match after {
        pb::AfterWait::Unspecified | pb::AfterWait::Ask => AfterWait::Ask,
        pb::AfterWait::Cancel => AfterWait::Cancel,
        pb::AfterWait::Escalate => AfterWait::Escalate,
    }
}

/// What silence means, on the wire.
#[must_use]
pub fn after_silence(after: AfterSilence) -> pb::AfterSilence {
    match after {
        AfterSilence::Cancel => pb::AfterSilence::Cancel,
        AfterSilence::Keep => pb::AfterSilence::Keep,
        AfterSilence::Escalate => pb::AfterSilence::Escalate,
    }
}

/// What silence means; unspecified means that a planner is told.
#[must_use]
pub fn after_silence_of(after: pb::AfterSilence) -> AfterSilence {
    match after {
        pb::AfterSilence::Cancel => AfterSilence::Cancel,
        pb::AfterSilence::Keep => AfterSilence::Keep,
        pb::AfterSilence::Unspecified | pb::AfterSilence::Escalate => AfterSilence::Escalate,
    }
}

impl From<&BackorderPolicy> for pb::BackorderPolicy {
    /// Everything but the output-only fields.
    fn from(policy: &BackorderPolicy) -> Self {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        Self {
            name: policy_name(policy.id.as_str()),
            item: policy.scope.item.as_ref().map(super::super::encode::item_name).unwrap_or_default(),
            category: text(&policy.scope.category),
            channel: text(&policy.scope.channel),
            location: policy.scope.location.as_ref().map(super::super::encode::location_name).unwrap_or_default(),
            customer_tier: text(&policy.scope.tier),
            allowed: policy.allowed,
            waiting_limit: policy.waiting_limit.map(Quantity::get),
            acceptable_wait_days: policy.acceptable_wait_days.map(i32::from),
            wait_day_type: wait_days(policy.wait_days).into(),
            wait_start: wait_start(policy.wait_start).into(),
            after_wait: after_wait(policy.after_wait).into(),
            ask_days_before: i32::from(policy.ask.days_before),
            answer_days: i32::from(policy.ask.answer_days),
            after_silence: after_silence(policy.ask.after_silence).into(),
            promise_rule: promise_rule(policy.promise_rule),
            split_allowed: policy.split_allowed,
            minimum_per_location: policy.minimum_per_location.get(),
            ship_set_days: i32::from(policy.ship_set_days),
            wait_near_days: Some(policy.wait_near_days).filter(|days| *days != NEAR_DAYS_DEFAULT).map(i32::from),
            locations: policy.locations.iter().map(super::super::encode::location_name).collect(),
            effective_from: policy.effective_from.map(super::super::encode::date),
            effective_to: policy.effective_to.map(super::super::encode::date),
            create_time: None,
            update_time: None,
            etag: String::new(),
        }
    }
}
