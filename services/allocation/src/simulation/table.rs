//! The lines of some items as columns, for the filters and sorts of policies, and what policies make of them.
//!
//! Lines of all items stand in one table, so that a filter is evaluated once for what several of them have in common. Only
//! columns that a policy reads are filled.

use std::{collections::BTreeSet, ops::Range};

use backorder_domain::allocation::{
    filter::{
        Attribute, Facts,
        facts::{Column, NO_DAY, NO_NUMBER, day_number},
    },
    policy::{AllocationPolicy, Arrangement, Lines, Segment, SortBy},
};
use jiff::civil::Date;

use super::{
    attributes::{Line, Source, source},
    live::{LiveItem, index},
};
use crate::error::Error;

/// The lines of some items.
pub struct Table<'l> {
    lines: Vec<Line<'l>>,
    items: Vec<u32>,
    /// The lines of each item.
    ranges: Vec<Range<u32>>,
    facts: Facts<'l>,
    created_at: Vec<i64>,
    queue: Vec<i64>,
    requirements: Vec<u32>,
}

/// What columns hold for every policy: the order of service and the waits of tiers read it.
const ALWAYS: [Attribute; 3] = [Attribute::CustomerTier, Attribute::LineWaitingSince, Attribute::LineRequestedDate];

impl<'l> Table<'l> {
    /// The table of those claims of items that are `in_it`. Claims without facts never are.
    ///
    /// # Errors
    /// [`Error::Contract`] for more lines than can be looked at together.
    pub fn of(
        items: &'l [LiveItem],
        reads: &BTreeSet<Attribute>,
        in_it: impl Fn(Line<'_>) -> bool,
    ) -> Result<Self, Error> {
        let mut lines: Vec<Line<'l>> = Vec::new();
        let (mut numbers, mut ranges) = (Vec::new(), Vec::with_capacity(items.len()));
        for (number, item) in (0_u32..).zip(items) {
            let begin = index(lines.len());
            let known = item.claims.iter().filter_map(|claim| Line::of(item, claim));
            lines.extend(known.filter(|line| in_it(*line)));
            numbers.resize(lines.len(), number);
            ranges.push(begin..index(lines.len()));
        }
        let mut facts = Facts::try_new(lines.len()).map_err(too_many)?;
        for attribute in reads.iter().copied().chain(ALWAYS).collect::<BTreeSet<_>>() {
            if let Some(column) = column(attribute, &lines) {
                facts = facts.with(attribute, column).map_err(too_many)?;
            }
        }
        let created_at = lines.iter().map(|line| line.claim.queue_time).collect();
        let requirements = places(lines.len(), |line| (lines[line].claim.line.as_str(), lines[line].claim.part));
        Ok(Self { items: numbers, ranges, facts, created_at, queue: Vec::new(), requirements, lines })
    }

    /// How a policy arranges the lines on a day.
    ///
    /// # Errors
    /// [`Error::Contract`]: the columns are those that the policy reads.
    pub fn arrange(&mut self, policy: &AllocationPolicy, today: Date) -> Result<Arrangement, Error> {
        let by_queue = |segment: &Segment| segment.sort().iter().any(|key| key.by == SortBy::Queue);
        if self.queue.is_empty() && policy.segments().iter().any(by_queue) {
            self.queue = self.places_in_queue();
        }
        self.queue.resize(self.lines.len(), 0);
        let lines = Lines {
            facts: &self.facts,
            items: &self.items,
            item_count: self.ranges.len(),
            created_at: &self.created_at,
            queue: &self.queue,
            requirements: &self.requirements,
        };
        policy.arrange(&lines, today).map_err(|wrong| Error::Contract(format!("a policy cannot be run: {wrong}")))
    }

    fn places_in_queue(&self) -> Vec<i64> {
        let place = |line: usize| {
            let claim = self.lines[line].claim;
            (claim.queue_key.as_str(), claim.queue_time, claim.line.as_str(), claim.part)
        };
        places(self.lines.len(), place).into_iter().map(i64::from).collect()
    }

    /// The lines of an item.
    #[must_use]
    pub fn lines_of(&self, item: usize) -> Range<u32> {
        self.ranges[item].clone()
    }

    /// The name of the demand line behind a line.
    #[must_use]
    pub fn name_of(&self, line: usize) -> &str {
        &self.lines[line].claim.line
    }
}

fn too_many(wrong: impl std::fmt::Display) -> Error {
    Error::Contract(format!("lines cannot be looked at together: {wrong}"))
}

/// The place of each of so many lines in the order of their keys.
fn places<K: Ord>(many: usize, key: impl Fn(usize) -> K) -> Vec<u32> {
    let mut order: Vec<usize> = (0..many).collect();
    order.sort_unstable_by_key(|line| key(*line));
    let mut places = vec![0; many];
    for (place, line) in (0_u32..).zip(order) {
        places[line] = place;
    }
    places
}

fn column<'l>(attribute: Attribute, lines: &[Line<'l>]) -> Option<Column<'l>> {
    Some(match source(attribute) {
        Source::Text(text) => Column::of_texts(lines.iter().map(|line| Some(text(*line)))),
        Source::Date(date) => Column::Days(lines.iter().map(|line| date(*line).map_or(NO_DAY, day_number)).collect()),
        Source::Number(number) => {
            Column::Numbers(lines.iter().map(|line| number(*line).unwrap_or(NO_NUMBER)).collect())
        }
        Source::Derived | Source::Unknown(_) => return None,
    })
}
