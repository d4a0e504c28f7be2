//! What came out of a run in sums: in all, by segment and by tier.

use backorder_domain::allocation::{policy::AllocationPolicy, run::Reason};
use backorder_proto::allocation::v1 as pb;

use super::{
    decided::{Decided, Group},
    pool::punctuality,
    rules::{Rules, strategy_message},
};

/// Tiers whose wait is told at most: those that are met first.
const TIERS_MAX: usize = 200;

/// Adds what came out for a group of items.
pub fn count(progress: &mut pb::RunProgress, group: &Group, rules: &Rules) {
    group.items.iter().for_each(|item| count_item(progress, item));
    progress.segments.sort_by_cached_key(|sums| (sums.by_fallback, place_of(sums, rules)));
    for wait in &group.waits {
        add_wait(&mut progress.tier_waits, wait);
    }
    let tiers = rules.policy.tiers();
    let place = |tier: &str| tiers.iter().position(|known| known == tier).unwrap_or(tiers.len());
    progress.tier_waits.sort_by_cached_key(|wait| {
        let tier = wait.customer_tier.clone();
        (place(&tier), tier.is_empty(), tier)
    });
    for failure in &group.failures {
        let same = |known: &&mut pb::RunFilterFailure| {
            (&known.field, known.by_fallback) == (&failure.field, failure.by_fallback)
        };
        match progress.filter_failures.iter_mut().find(same) {
            Some(known) => known.lines = known.lines.saturating_add(failure.lines),
            None => progress.filter_failures.push(failure.clone()),
        }
    }
}

/// The place of a segment among those that are served.
fn place_of(sums: &pb::RunSegment, rules: &Rules) -> Option<usize> {
    let policy: &AllocationPolicy = rules.fallback.as_deref().filter(|_| sums.by_fallback).unwrap_or(&rules.policy);
    policy.serving_order().iter().position(|place| policy.segments()[*place].name() == sums.segment)
}

fn count_item(progress: &mut pb::RunProgress, item: &Decided) {
    for requirement in item.requirements() {
        let outcome = &item.plan.outcomes[requirement as usize];
        progress.lines += 1;
        let after = item.after(requirement);
        let is_changed = item.before(requirement) != after;
        progress.lines_changed += i64::from(is_changed);
        match outcome.reason {
            Reason::NotInRun | Reason::Unchanged => {}
            Reason::Improved => progress.lines_improved += 1,
            Reason::Worsened => progress.lines_worsened += 1,
            Reason::Moved => progress.lines_moved += 1,
            Reason::Discarded => progress.lines_discarded += 1,
        }
        let change = item.plan.change(&item.demand, requirement).quantity;
        progress.units_gained = progress.units_gained.saturating_add(change.max(0));
        progress.units_lost = progress.units_lost.saturating_add(change.min(0).saturating_neg());
        let asked = &item.demand.requirements[requirement as usize];
        let (on_time, confirmed, _) = punctuality(&after, asked.requested);
        let sums = segment_of(&mut progress.segments, item, requirement);
        sums.lines += 1;
        sums.lines_changed += i64::from(is_changed);
        sums.units = sums.units.saturating_add(asked.quantity);
        sums.units_on_time = sums.units_on_time.saturating_add(on_time);
        sums.units_confirmed = sums.units_confirmed.saturating_add(confirmed);
    }
    let exceptions = i64::try_from(item.exceptions.len()).unwrap_or(i64::MAX);
    progress.exceptions = progress.exceptions.saturating_add(exceptions);
    for (cause, (claims, units)) in &item.left_out {
        match progress.left_out.iter_mut().find(|left| left.cause() == *cause) {
            Some(left) => {
                left.claims += claims;
                left.units = left.units.saturating_add(*units);
            }
            None => progress.left_out.push(pb::RunLeftOut { cause: (*cause).into(), claims: *claims, units: *units }),
        }
    }
}

/// The sums of the segment of a requirement.
fn segment_of<'p>(segments: &'p mut Vec<pb::RunSegment>, item: &Decided, requirement: u32) -> &'p mut pb::RunSegment {
    let (name, served) = item.segment(requirement);
    let is_it = |known: &pb::RunSegment| known.segment == name && known.by_fallback == served.by_fallback;
    let place = segments.iter().position(is_it).unwrap_or_else(|| {
        let strategy = item.demand.requirements[requirement as usize].strategy;
        segments.push(pb::RunSegment {
            segment: name.to_owned(),
            by_fallback: served.by_fallback,
            strategy: strategy_message(strategy).into(),
            ..pb::RunSegment::default()
        });
        segments.len() - 1
    });
    &mut segments[place]
}

fn add_wait(waits: &mut Vec<pb::RunTierWait>, wait: &pb::RunTierWait) {
    let is_full = waits.len() >= TIERS_MAX;
    match waits.iter_mut().find(|known| known.customer_tier == wait.customer_tier) {
        Some(known) => {
            known.lines = known.lines.saturating_add(wait.lines);
            known.lines_promoted = known.lines_promoted.saturating_add(wait.lines_promoted);
            if known.longest_wait_days < wait.longest_wait_days {
                known.longest_wait_days = wait.longest_wait_days;
                known.longest_waiting_line.clone_from(&wait.longest_waiting_line);
            }
        }
        None if is_full => {}
        None => waits.push(wait.clone()),
    }
}
