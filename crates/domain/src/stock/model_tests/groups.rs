//! Rules of groups for the random sequences, and what must hold of them whatever happens.

use jiff::civil::Date;
use jiff::{SignedDuration, ToSpan as _};

use crate::allocation::group::protection::OutsideProtection;
use crate::stock::book::ItemBook;
use crate::stock::groups::{
    Bucket, ItemGroups, LocationProtections, ProtectionGroup, QuotaGroup, QuotaPeriod, QuotaRules,
};
use crate::stock::reserve::ReserveOutcome;

use super::command::Command;
use super::world::{location, units};

fn texts<const N: usize>(values: [&str; N]) -> Vec<String> {
    values.map(str::to_owned).to_vec()
}

/// One of a few sets of rules. Periods are of two days, and begin on the same days whatever day it is.
pub fn rules(number: u8, today: Date) -> ItemGroups {
    let first = today.checked_sub(6.days()).unwrap();
    let period = |of: i64, maximum: i64| {
        let start = Date::constant(2026, 2, 1);
        let whole = first.duration_since(start).as_hours() / 48 + of;
        let from = start + SignedDuration::from_hours(48 * whole);
        QuotaPeriod { from, until: from + SignedDuration::from_hours(48), maximum: units(maximum) }
    };
    let group = |values: [&str; 2], maximum: i64| QuotaGroup {
        values: texts(values),
        periods: (0..9).map(|of| period(of, maximum)).collect(),
    };
    let most = i64::from(number % 4) * 4;
    let plan = |groups, back| QuotaRules { groups, backward_periods: back, forward_periods: 1 };
    let kept = |values: [&str; 2], core, priority, protected| ProtectionGroup {
        values: texts(values),
        core,
        priority,
        protected: units(protected),
    };
    let mut rules = ItemGroups { levels: texts(["tier", "channel"]), ..ItemGroups::default() };
    if number % 3 != 2 {
        rules.plans = vec![
            plan(vec![group(["GOLD", "#"], 3 + most), group(["STANDARD", "shop"], most)], 1),
            plan(vec![group(["#", "web"], 5)], 0),
        ];
    }
    if number % 3 != 1 {
        let outside = [OutsideProtection::AllProtections, OutsideProtection::OutrankingProtections];
        rules.protections = vec![LocationProtections {
            location: location(0),
            outside: outside[usize::from(number / 16 % 2)],
            groups: vec![kept(["GOLD", "#"], 1, 1, 2 + most), kept(["STANDARD", "#"], 1 + u32::from(number % 2), 2, 6)],
        }];
    }
    rules
}

/// A group may be given less than nobody in particular, and then the answer says why.
pub fn check_within_groups(outcome: &ReserveOutcome, unlimited: Option<&ReserveOutcome>) {
    let sum = |outcome: &ReserveOutcome| outcome.reserved.iter().map(|(_, quantity)| quantity.get()).sum::<i64>();
    let all = |outcome: &ReserveOutcome| sum(outcome) + outcome.waiting.get() + outcome.refused.get();
    let unlimited = unlimited.expect("what is an outcome without groups is one with them");
    assert_eq!(all(outcome), all(unlimited));
    assert!(sum(outcome) <= sum(unlimited), "{outcome:?} is more than {unlimited:?}");
    assert!(sum(outcome) == sum(unlimited) || outcome.limited.is_some(), "{outcome:?} is less than {unlimited:?}");
}

/// Nothing but a person's decision consumes more of a quota than it has. A maximum that was lowered stays exceeded.
pub fn check_limits(before: &ItemBook, after: &ItemBook, command: &Command) -> Result<(), String> {
    let Some(rules) = after.group_rules().filter(|_| !matches!(command, Command::Reassign { .. })) else {
        return Ok(());
    };
    let (were, are) = (before.consumed_of_groups(), after.consumed_of_groups());
    for (place, plan) in rules.plans.iter().enumerate() {
        for (group, period) in
            plan.groups.iter().flat_map(|group| group.periods.iter().map(move |period| (group, period)))
        {
            let bucket = Bucket::of_quota(place, period.from, &group.values);
            let (was, is) =
                (were.get(&bucket).copied().unwrap_or_default(), are.get(&bucket).copied().unwrap_or_default());
            if is > was && is > period.maximum {
                return Err(format!("{}: {is} of {} after {was}", bucket.as_str(), period.maximum));
            }
        }
    }
    Ok(())
}
