//! Compares two runs: a walk over the lines of both in one order.

use std::{cmp::Ordering, collections::BTreeMap};

use backorder_domain::allocation::run::{Confirmation, Day, profile};
use backorder_proto::{
    allocation::v1 as pb,
    common::v1 as common,
    convert::{Violations, decode},
};

use super::read::{line_message, name, no_run};
use crate::{
    error::{Error, Kind},
    store::{
        entity::allocation_run_line,
        simulated_runs::{self as table, LineFilter, LinePlace, TierSums},
    },
    use_cases::UseCases,
};

/// Lines of each run that are read for one page at most.
const LINES_MAX: u64 = 5_000;

impl UseCases {
    /// Differences of two runs after a place, at most `limit`, with the place up to which was looked; `None` at the end.
    ///
    /// # Errors
    /// [`Error::Missing`]; [`Error::Closed`] when one of them is not DONE, or committed since.
    pub async fn compare_runs(
        &self,
        (first, second): (&str, &str),
        after: Option<&LinePlace>,
        limit: usize,
    ) -> Result<(pb::CompareRunsResponse, Option<LinePlace>), Error> {
        let reader = self.store().reader();
        for id in [first, second] {
            let run = table::find(reader, id).await?.ok_or_else(|| no_run(id))?;
            if !table::is_whole(&run.state) {
                return Err(Error::Closed { kind: Kind::Run, name: name(id), state: run.state });
            }
        }
        let filter = LineFilter::default();
        let left = table::lines(reader, first, &filter, after, LINES_MAX).await?;
        let right = table::lines(reader, second, &filter, after, LINES_MAX).await?;
        let (differences, next) = walk(&left, &right, limit)?;
        let tiers = tiers(table::tier_sums(reader, first).await?, table::tier_sums(reader, second).await?);
        Ok((pb::CompareRunsResponse { differences, tiers, next_page_token: String::new() }, next))
    }
}

/// Where both runs are known: up to the last line of the one that was cut first.
fn walk(
    left: &[allocation_run_line::Model],
    right: &[allocation_run_line::Model],
    limit: usize,
) -> Result<(Vec<pb::RunDifference>, Option<LinePlace>), Error> {
    let is_cut = |rows: &[allocation_run_line::Model]| rows.len() as u64 == LINES_MAX;
    let end = |rows: &[allocation_run_line::Model]| rows.last().filter(|_| is_cut(rows)).map(LinePlace::of);
    let known_until = match (end(left), end(right)) {
        (Some(left), Some(right)) => Some(left.min(right)),
        (Some(one), None) | (None, Some(one)) => Some(one),
        (None, None) => None,
    };
    let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
    let mut differences = Vec::new();
    loop {
        let order = match (left.peek(), right.peek()) {
            (Some(a), Some(b)) => LinePlace::of(a).cmp(&LinePlace::of(b)),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return Ok((differences, known_until)),
        };
        let (a, b) = match order {
            Ordering::Less => (left.next(), None),
            Ordering::Greater => (None, right.next()),
            Ordering::Equal => (left.next(), right.next()),
        };
        let place = a.or(b).map(LinePlace::of);
        if known_until.as_ref().zip(place.as_ref()).is_some_and(|(until, place)| place > until) {
            return Ok((differences, known_until));
        }
        differences.extend(difference(a, b)?);
        if differences.len() == limit {
            return Ok((differences, place));
        }
    }
}

fn difference(
    first: Option<&allocation_run_line::Model>,
    second: Option<&allocation_run_line::Model>,
) -> Result<Option<pb::RunDifference>, Error> {
    let first = first.map(line_message).transpose()?;
    let second = second.map(line_message).transpose()?;
    let after = |line: &Option<pb::RunLine>| line.as_ref().map(|line| line.after.clone());
    if after(&first) == after(&second) {
        return Ok(None);
    }
    let parts = |line: &Option<pb::RunLine>| confirmed(line.as_ref().map_or(&[][..], |line| &line.after));
    let (before, now) = (parts(&first), parts(&second));
    let Some(known) = first.as_ref().or(second.as_ref()) else { return Ok(None) };
    Ok(Some(pb::RunDifference {
        line: known.line.clone(),
        part: known.part,
        item: known.item.clone(),
        customer_tier: known.customer_tier.clone(),
        quantity_change: profile::total(&now).saturating_sub(profile::total(&before)),
        days_change: days_between(&before, &now),
        first: first.map(side),
        second: second.map(side),
    }))
}

fn side(line: pb::RunLine) -> pb::RunSide {
    pb::RunSide { strategy: line.strategy, result: line.result, confirmations: line.after }
}

/// Days later on which the units that both confirm are all there.
pub(super) fn days_between(before: &[Confirmation], now: &[Confirmation]) -> Option<i32> {
    let common = profile::total(before).min(profile::total(now));
    (common > 0).then(|| profile::day_of(now, common).0.saturating_sub(profile::day_of(before, common).0))
}

/// Confirmations of a message, without their locations.
fn confirmed(parts: &[pb::RunConfirmation]) -> Vec<Confirmation> {
    let day = |date: Option<&common::Date>| decode::date(date, "", &mut Violations::new()).map(Day::of);
    let part = |part: &pb::RunConfirmation| {
        Some(Confirmation { day: day(part.ship_date.as_ref())?, place: 0, quantity: part.quantity })
    };
    parts.iter().filter_map(part).collect()
}

fn tiers(first: Vec<TierSums>, second: Vec<TierSums>) -> Vec<pb::RunTierComparison> {
    let mut tiers: BTreeMap<String, pb::RunTierComparison> = BTreeMap::new();
    let message = |sums: &TierSums| pb::RunTierSums {
        lines: sums.lines,
        units: sums.units,
        units_on_time: sums.on_time,
        units_confirmed: sums.confirmed,
        unit_days_late: sums.unit_days_late,
    };
    let none = Some(pb::RunTierSums::default());
    let of = |tier: &str| pb::RunTierComparison { customer_tier: tier.to_owned(), first: none, second: none };
    for sums in first {
        tiers.entry(sums.tier.clone()).or_insert_with(|| of(&sums.tier)).first = Some(message(&sums));
    }
    for sums in second {
        tiers.entry(sums.tier.clone()).or_insert_with(|| of(&sums.tier)).second = Some(message(&sums));
    }
    tiers.into_values().collect()
}
