//! Costs and figures of groups of lines: months, items, customers, and how long backordered lines waited.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use backorder_domain::figures::{outcome::Outcome, service::LineSums, shortage_cost::ShortageCosts};

use super::extract::{Extract, ExtractLine};

/// First and last day of each bar of the distribution of waits; the last has no end.
pub const WAITS: [(i64, Option<i64>); 8] = [
    (0, Some(1)),
    (2, Some(3)),
    (4, Some(7)),
    (8, Some(14)),
    (15, Some(30)),
    (31, Some(60)),
    (61, Some(90)),
    (91, None),
];

/// The figures of a group of lines.
#[derive(Debug, Clone, Default)]
pub struct Group {
    /// What the group is: a month, an item or a customer.
    pub id: Arc<str>,
    /// Sums of its lines.
    pub sums: LineSums,
    /// Its cost in nano-units.
    pub cost_nanos: i128,
}

/// Backordered lines that waited so long.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WaitGroup {
    /// Lines whose wait is over.
    pub ended: u64,
    /// Lines that still wait.
    pub open: u64,
}

/// The groups of lines by a key, in the order of the keys; lines without one are in none.
pub fn groups<'a>(
    extract: &'a Extract,
    outcomes: &[Outcome],
    costs: &ShortageCosts,
    key: impl Fn(&'a ExtractLine, &Outcome) -> Option<Arc<str>>,
) -> Vec<Group> {
    let mut groups: HashMap<Arc<str>, Group> = HashMap::new();
    for (place, (line, outcome)) in extract.lines.iter().zip(outcomes).enumerate() {
        let Some(id) = key(line, outcome).filter(|_| outcome.is_due) else { continue };
        let group = groups.entry(id.clone()).or_insert_with(|| Group { id, ..Group::default() });
        group.sums.add(&line.history, outcome);
        group.cost_nanos = group.cost_nanos.saturating_add(costs.line_nanos(place));
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    groups.sort_by(|one, other| one.id.cmp(&other.id));
    groups
}

/// The groups that cost most, dearest first, and by name where they cost the same.
#[must_use]
pub fn dearest(mut groups: Vec<Group>, count: usize) -> Vec<Group> {
    groups.retain(|group| group.cost_nanos > 0);
    groups.sort_by(|one, other| other.cost_nanos.cmp(&one.cost_nanos).then_with(|| one.id.cmp(&other.id)));
    groups.truncate(count);
    groups
}

/// Backordered lines by the days from their order; lines with cancelled units are left out.
#[must_use]
pub fn waits(outcomes: &[Outcome]) -> [WaitGroup; WAITS.len()] {
    let mut groups = [WaitGroup::default(); WAITS.len()];
    for outcome in outcomes.iter().filter(|outcome| outcome.backordered() > 0) {
        let Some(wait) = outcome.wait.filter(|wait| wait.has_ended || outcome.open > 0) else { continue };
        let place = WAITS.iter().position(|(_, last)| last.is_none_or(|last| wait.days <= last));
        if let Some(group) = place.and_then(|place| groups.get_mut(place)) {
            *(if wait.has_ended { &mut group.ended } else { &mut group.open }) += 1;
        }
    }
    groups
}

/// The days of a bar: `4-7`, `over 90`.
#[must_use]
pub fn wait_label(place: usize) -> String {
    match WAITS.get(place) {
        Some((first, Some(last))) => format!("{first}-{last}"),
        Some((first, None)) => format!("over {}", first - 1),
        None => String::new(),
    }
}

/// Months between the first and the last one that no line is in: a sign of a wrong day.
#[must_use]
pub fn months_missing(months: &[Group]) -> u64 {
    let number = |id: &str| {
        let (year, month) = id.split_once('-')?;
        Some(year.parse::<u64>().ok()? * 12 + month.parse::<u64>().ok()?)
    };
    let span = |(first, last): (&Group, &Group)| Some(number(&last.id)? - number(&first.id)? + 1);
    let all = months.first().zip(months.last()).and_then(span).unwrap_or(0);
    all.saturating_sub(months.len() as u64)
}

/// The figures of each month: lines counted by the month of the day from which lateness counts.
#[must_use]
pub fn months(extract: &Extract, outcomes: &[Outcome], costs: &ShortageCosts) -> Vec<Group> {
    let mut names: BTreeMap<(i16, i8), Arc<str>> = BTreeMap::new();
    for outcome in outcomes {
        let day = outcome.counts_from;
        let key = (day.year(), day.month());
        names.entry(key).or_insert_with(|| format!("{:04}-{:02}", day.year(), day.month()).into());
    }
    let name = |day: jiff::civil::Date| names.get(&(day.year(), day.month())).cloned();
    groups(extract, outcomes, costs, |_, outcome| name(outcome.counts_from))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(id: &str, cost_nanos: i128) -> Group {
        Group { id: id.into(), cost_nanos, ..Group::default() }
    }

    #[test]
    fn the_dearest_come_first_and_what_costs_nothing_is_left_out() {
        let groups = dearest(vec![group("a", 1), group("c", 5), group("b", 5), group("d", 0)], 2);
        assert_eq!(groups.iter().map(|group| &*group.id).collect::<Vec<_>>(), ["b", "c"]);
    }

    #[test]
    fn missing_months_are_counted_over_years() {
        assert_eq!(months_missing(&[group("2025-12", 0), group("2026-01", 0)]), 0);
        assert_eq!(months_missing(&[group("2025-11", 0), group("2026-02", 0)]), 2);
        assert_eq!(months_missing(&[]), 0);
    }
}
