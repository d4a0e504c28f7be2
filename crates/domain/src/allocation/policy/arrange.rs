//! Which segment claims each line, and the total order in which the lines are served.

use std::cmp::Ordering;

use jiff::civil::Date;

use super::{
    AllocationPolicy, Direction, SortBy, Strategy,
    claim::{self, OUTSIDE, UNCLAIMED},
    key::{self, Field},
    tier::{self, Ladder, ServedTiers, TierWait},
};
use crate::allocation::filter::{
    Attribute, Facts, Failures,
    facts::{LINES_MAX, NO_NUMBER, Range, View, day_number},
};

/// The lines that a run looks at: what filters and sort keys read, and what the order ends with. Every slice has one
/// value for each line.
#[derive(Debug, Clone, Copy)]
pub struct Lines<'a> {
    /// What is known of the lines.
    pub facts: &'a Facts<'a>,
    /// The item (or item and supply pool) of each line, a number below `item_count`.
    pub items: &'a [u32],
    /// How many items there are.
    pub item_count: usize,
    /// When each line joined the queue, usually with its order, in microseconds since 1970.
    pub created_at: &'a [i64],
    /// The place of each line in the queue of its item: a smaller one is served first.
    pub queue: &'a [i64],
    /// The place of each line's requirement id among all ids, in their order. Each number once, else the order of two
    /// lines is that in which they are given.
    pub requirements: &'a [u32],
}

/// Why lines cannot be arranged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLines {
    /// A slice is not as long as there are lines.
    #[error("{what} has {found} values for {lines} lines")]
    Length {
        /// Which one.
        what: &'static str,
        /// Values found.
        found: usize,
        /// Lines there are.
        lines: usize,
    },
    /// There are more than [`LINES_MAX`] items.
    #[error("item_count is {0}, at most {LINES_MAX} are allowed")]
    TooManyItems(usize),
    /// An item that there is not.
    #[error("line {line} has the item {item}, of {count} items")]
    Item {
        /// The line.
        line: usize,
        /// Its item.
        item: u32,
        /// How many items there are.
        count: usize,
    },
    /// A filter, a sort key or the promotion reads what the facts do not hold.
    #[error("{field} reads {attribute}, of which there is no column")]
    NoColumn {
        /// What reads it.
        field: String,
        /// What it reads.
        attribute: Attribute,
    },
}

/// Who claims a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// The segment at that place claims it: it is in the run.
    Segment(usize),
    /// The segment at that place claims it and skips it: it is not in the run.
    Skipped(usize),
    /// No segment claims it: it is not in the run.
    Unclaimed,
    /// It is outside the global segment: it is not in the run.
    OutsideGlobal,
}

/// Lines for which a filter of the policy had no answer, among those that it was asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterFailures {
    /// The filter, for example `segments[2].include`.
    pub field: String,
    /// How many, and why.
    pub failures: Failures,
}

/// Lines in the order in which they are served.
#[derive(Debug)]
pub struct Arrangement {
    claims: Vec<u8>,
    strategies: Vec<Strategy>,
    starts: Vec<u32>,
    served: Vec<u32>,
    words: usize,
    keys: Vec<u64>,
    promoted: Vec<u64>,
    waits: Vec<TierWait>,
    failures: Vec<FilterFailures>,
}

impl Arrangement {
    /// Who claims a line.
    ///
    /// # Panics
    /// When there is no such line.
    #[must_use]
    pub fn claim(&self, line: usize) -> Claim {
        match self.claims[line] {
            UNCLAIMED => Claim::Unclaimed,
            OUTSIDE => Claim::OutsideGlobal,
            place if self.strategies[usize::from(place)].runs() => Claim::Segment(usize::from(place)),
            place => Claim::Skipped(usize::from(place)),
        }
    }

    /// What a line is owed; `None` when it is not in the run.
    ///
    /// # Panics
    /// When there is no such line.
    #[must_use]
    pub fn strategy(&self, line: usize) -> Option<Strategy> {
        self.strategies.get(usize::from(self.claims[line])).copied().filter(|strategy| strategy.runs())
    }

    /// The lines of an item that are in the run, in the order in which they are served.
    ///
    /// # Panics
    /// When there is no such item.
    #[must_use]
    pub fn lines_of(&self, item: usize) -> &[u32] {
        &self.served[self.starts[item] as usize..self.starts[item + 1] as usize]
    }

    /// How many items there are.
    #[must_use]
    pub fn items(&self) -> usize {
        self.starts.len() - 1
    }

    /// The place of a line among all lines of the run, whatever their item: keys are compared number by number, and the
    /// smaller one is served first. The key of a line that is not in the run says nothing.
    ///
    /// # Panics
    /// When there is no such line.
    #[must_use]
    pub fn key(&self, line: usize) -> &[u64] {
        &self.keys[line * self.words..(line + 1) * self.words]
    }

    /// Which of two lines of the run is served first.
    ///
    /// # Panics
    /// When there is no such line.
    #[must_use]
    pub fn compare(&self, a: usize, b: usize) -> Ordering {
        self.key(a).cmp(self.key(b)).then(a.cmp(&b))
    }

    /// Whether a line is served one tier better than its customer's, after a long wait.
    #[must_use]
    pub fn is_promoted(&self, line: usize) -> bool {
        tier::is_promoted(&self.promoted, line)
    }

    /// How long each tier waits, best tier first.
    #[must_use]
    pub fn waits(&self) -> &[TierWait] {
        &self.waits
    }

    /// The filters that had no answer for some lines.
    #[must_use]
    pub fn failures(&self) -> &[FilterFailures] {
        &self.failures
    }
}

impl AllocationPolicy {
    /// Arranges lines for a run on a day: who claims each, who is promoted, and who is served when.
    ///
    /// Strategies are served in their order, in one strategy the segments by check sequence, in one segment the lines by
    /// its sort, then by requested date, order time and requirement id. What a line lacks puts it last.
    ///
    /// Beside the columns it takes, for each line, the words of a key (as many bits as the values of the sort keys
    /// need, 8 bytes for each 64), and 9 bytes; 4 more while it works, and 16 for each line of the largest item.
    ///
    /// # Errors
    /// [`InvalidLines`] when the lines do not fit together, or lack what the policy reads.
    pub fn arrange(&self, lines: &Lines<'_>, today: Date) -> Result<Arrangement, InvalidLines> {
        checked(lines)?;
        let today = day_number(today);
        let ladder = match lines.facts.view(Attribute::CustomerTier) {
            Some(View::Texts { dictionary, .. }) => Ladder::of(self, dictionary),
            Some(View::Days(..) | View::Numbers(..)) | None => Ladder::of(self, &[]),
        };
        let tiers = self.served_tiers(lines.facts, today, &ladder)?;
        let (claims, failures) = claim::claims(self, lines.facts, &tiers, today)?;
        let fields = fields(self, lines, &tiers)?;
        let words = fields.iter().flatten().map(|fields| key::words(fields)).max().unwrap_or(1);
        let mut keys = vec![0; words * claims.len()];
        for (line, (claim, key)) in claims.iter().zip(keys.chunks_exact_mut(words)).enumerate() {
            if let Some(Some(fields)) = fields.get(usize::from(*claim)) {
                key::write(fields, line, key);
            }
        }
        drop(fields);
        let strategies: Vec<_> = self.segments.iter().map(|segment| segment.strategy).collect();
        let runs = |line: usize| strategies.get(usize::from(claims[line])).is_some_and(|strategy| strategy.runs());
        let (starts, mut served) = by_item(lines, runs);
        sort_items(&starts, &mut served, &keys, words);
        let promoted = tiers.into_promoted();
        let waits = tier::waits(self, lines.facts, &promoted, today);
        Ok(Arrangement { claims, strategies, starts, served, words, keys, promoted, waits, failures })
    }

    fn served_tiers<'a>(
        &self,
        facts: &Facts<'_>,
        today: i32,
        ladder: &'a Ladder,
    ) -> Result<ServedTiers<'a>, InvalidLines> {
        let Some(days) = self.promotion_days else { return Ok(tier::own()) };
        let view = |attribute| {
            facts
                .view(attribute)
                .ok_or_else(|| InvalidLines::NoColumn { field: "promotion_days".to_owned(), attribute })
        };
        match (view(Attribute::CustomerTier)?, view(Attribute::LineWaitingSince)?) {
            (View::Texts { codes, .. }, View::Days(since, _)) => Ok(tier::served(days, codes, since, today, ladder)),
            _ => Ok(tier::own()),
        }
    }
}

fn checked(lines: &Lines<'_>) -> Result<(), InvalidLines> {
    let count = lines.facts.lines();
    let lengths = [
        ("items", lines.items.len()),
        ("created_at", lines.created_at.len()),
        ("queue", lines.queue.len()),
        ("requirements", lines.requirements.len()),
    ];
    if let Some((what, found)) = lengths.into_iter().find(|(_, found)| *found != count) {
        return Err(InvalidLines::Length { what, found, lines: count });
    }
    if lines.item_count > LINES_MAX {
        return Err(InvalidLines::TooManyItems(lines.item_count));
    }
    match lines.items.iter().position(|item| *item as usize >= lines.item_count) {
        Some(line) => Err(InvalidLines::Item { line, item: lines.items[line], count: lines.item_count }),
        None => Ok(()),
    }
}

/// The fields of the keys of each segment, by place; `None` where the segment is skipped.
fn fields<'a>(
    policy: &AllocationPolicy,
    lines: &'a Lines<'_>,
    tiers: &'a ServedTiers<'_>,
) -> Result<Vec<Option<Vec<Field<'a>>>>, InvalidLines> {
    let created = Range::of(lines.created_at.iter().copied().filter(|created| *created != NO_NUMBER));
    let queue = Range::of(lines.queue.iter().copied().filter(|place| *place != NO_NUMBER));
    let order = policy.serving_order();
    let last = order.len().saturating_sub(1) as u64;
    let mut fields: Vec<Option<Vec<_>>> = policy.segments.iter().map(|_| None).collect();
    for (served, place) in order.into_iter().enumerate() {
        let sort = &policy.segments[place].sort;
        let mut of_segment = vec![Field::constant(served as u64, last)];
        for (number, key) in sort.iter().enumerate() {
            of_segment.push(match key.by.attribute() {
                None if key.by == SortBy::Queue => Field::numbers(lines.queue, queue, key.direction),
                None => Field::numbers(lines.created_at, created, key.direction),
                Some(attribute) => {
                    let view = tiers.view_of(attribute, lines.facts).ok_or_else(|| InvalidLines::NoColumn {
                        field: format!("segments[{place}].sort[{number}]"),
                        attribute,
                    })?;
                    Field::of_key(key, view, &policy.tiers, &policy.channels)
                }
            });
        }
        // What has been sorted by already decides nothing at the end.
        let sorted_by = |by: &SortBy| sort.iter().any(|key| key.by == *by);
        if !sorted_by(&SortBy::RequestedDate)
            && let Some(view) = lines.facts.view(Attribute::LineRequestedDate)
        {
            of_segment.push(Field::values(view, Direction::Ascending));
        }
        if !sorted_by(&SortBy::OrderTime) {
            of_segment.push(Field::numbers(lines.created_at, created, Direction::Ascending));
        }
        of_segment.push(Field::plain(lines.requirements));
        fields[place] = Some(of_segment);
    }
    Ok(fields)
}

/// The lines of the run by item: where the lines of each item start, and the lines.
fn by_item(lines: &Lines<'_>, runs: impl Fn(usize) -> bool) -> (Vec<u32>, Vec<u32>) {
    let mut starts = vec![0_u32; lines.item_count + 1];
    for (line, item) in lines.items.iter().enumerate() {
        starts[*item as usize + 1] += u32::from(runs(line));
    }
    let mut sum = 0;
    for start in &mut starts {
        sum += *start;
        *start = sum;
    }
    let mut served = vec![0_u32; sum as usize];
    let mut next = starts.clone();
    for (line, item) in (0_u32..).zip(lines.items) {
        if runs(line as usize) {
            let place = &mut next[*item as usize];
            served[*place as usize] = line;
            *place += 1;
        }
    }
    (starts, served)
}

/// Sorts the lines of each item by their keys. The first word stands beside the line while it is sorted: it decides most.
fn sort_items(starts: &[u32], served: &mut [u32], keys: &[u64], words: usize) {
    let key = |line: u32| &keys[line as usize * words..(line as usize + 1) * words];
    let mut sorting: Vec<(u64, u32)> = Vec::new();
    for ends in starts.windows(2) {
        let lines = &mut served[ends[0] as usize..ends[1] as usize];
        if lines.len() < 2 {
            continue;
        }
        sorting.clear();
        sorting.extend(lines.iter().map(|line| (keys[*line as usize * words], *line)));
        sorting.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| key(a.1).cmp(key(b.1))).then_with(|| a.1.cmp(&b.1)));
        for (line, sorted) in lines.iter_mut().zip(&sorting) {
            *line = sorted.1;
        }
    }
}
