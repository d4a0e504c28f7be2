//! The level at which the exact shares of all takers sum to a total, as an exact fraction.
//!
//! Each share is a ramp over the level: flat, rising, flat. Their sum rises with the level, so the level is found by halving
//! the set of corners of the ramps (linear time), and the last stretch is a division.

use std::cmp::Ordering;

use super::round::Taker;

/// A level `numerator / denominator`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Level {
    numerator: i128,
    /// Above 0. Shares are told in this fraction of a unit.
    pub(super) denominator: i128,
    /// Everybody gets all that is wanted.
    is_full: bool,
}

impl Level {
    /// The exact share at this level, in units over [`Self::denominator`].
    pub(super) fn share_of(&self, taker: &Taker) -> i128 {
        let wanted = i128::from(taker.wanted) * self.denominator;
        if self.is_full {
            return wanted;
        }
        let ramp = i128::from(taker.slope) * self.numerator + i128::from(taker.offset) * self.denominator;
        ramp.clamp(i128::from(taker.given) * self.denominator, wanted)
    }

    /// Whether the share at this level is on the rising part of the ramp, its ends included.
    fn is_on_ramp_of(&self, taker: &Taker) -> bool {
        let ramp = i128::from(taker.slope) * self.numerator + i128::from(taker.offset) * self.denominator;
        (i128::from(taker.given) * self.denominator..=i128::from(taker.wanted) * self.denominator).contains(&ramp)
    }
}

/// Finds the level for a total above what the takers have; when they want less than the total, everybody gets all.
pub(super) fn find<'a>(total: i128, takers: impl Iterator<Item = &'a Taker> + Clone) -> Level {
    let wanted: i128 = takers.clone().map(|taker| i128::from(taker.wanted)).sum();
    if total >= wanted {
        return Level { numerator: 0, denominator: 1, is_full: true };
    }
    let mut all = Sum::default();
    takers.clone().for_each(|taker| all.add_ramp(taker));
    let unbounded = all.level_for(total);
    if takers.clone().all(|taker| unbounded.is_on_ramp_of(taker)) {
        return unbounded;
    }
    Search::new(total, takers).run()
}

/// Where a ramp starts or ends: a level as a fraction with a positive denominator.
#[derive(Debug, Clone, Copy)]
struct Corner {
    numerator: i64,
    denominator: i64,
}

impl Corner {
    fn start_of(taker: &Taker) -> Self {
        Self { numerator: taker.given - taker.offset, denominator: taker.slope }
    }

    fn end_of(taker: &Taker) -> Self {
        Self { numerator: taker.wanted - taker.offset, denominator: taker.slope }
    }

    fn compare(&self, other: &Self) -> Ordering {
        let (left, right) = (i128::from(self.numerator), i128::from(other.numerator));
        (left * i128::from(other.denominator)).cmp(&(right * i128::from(self.denominator)))
    }

    fn is_at_most(&self, other: Self) -> bool {
        self.compare(&other).is_le()
    }

    /// What [`Level::share_of`] tells, for this level, by products of 64 bits.
    fn share_of(self, taker: &Taker) -> i128 {
        let denominator = i128::from(self.denominator);
        let ramp = i128::from(taker.slope) * i128::from(self.numerator) + i128::from(taker.offset) * denominator;
        ramp.clamp(i128::from(taker.given) * denominator, i128::from(taker.wanted) * denominator)
    }

    fn level(self) -> Level {
        let (numerator, denominator) = (i128::from(self.numerator), i128::from(self.denominator));
        Level { numerator, denominator, is_full: false }
    }
}

/// The sum of the takers that are known to be flat or rising where the level lies: `constant + slope * level`.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    constant: i128,
    slope: i128,
}

impl Sum {
    fn add_ramp(&mut self, taker: &Taker) {
        self.constant += i128::from(taker.offset);
        self.slope += i128::from(taker.slope);
    }

    fn level_for(&self, total: i128) -> Level {
        Level { numerator: total - self.constant, denominator: self.slope.max(1), is_full: false }
    }
}

struct Search {
    total: i128,
    known: Sum,
    undecided: Vec<Taker>,
    /// Corners of undecided takers between the two bounds.
    corners: Vec<Corner>,
    above: Option<Corner>,
    below: Option<Corner>,
}

impl Search {
    fn new<'a>(total: i128, takers: impl Iterator<Item = &'a Taker>) -> Self {
        let undecided: Vec<Taker> = takers.copied().collect();
        // Runs of equal ones are frequent: nobody has anything yet, say.
        let without_runs = |corner: fn(&Taker) -> Corner| {
            let mut corners: Vec<Corner> = undecided.iter().map(corner).collect();
            corners.dedup_by(|one, other| one.compare(other).is_eq());
            corners
        };
        let mut corners = without_runs(Corner::start_of);
        corners.append(&mut without_runs(Corner::end_of));
        Self { total, known: Sum::default(), undecided, corners, above: None, below: None }
    }

    /// The total lies above the sum at the first corner and below that at the last, so both bounds are found, and between
    /// them the sum rises.
    fn run(mut self) -> Level {
        while !self.corners.is_empty() {
            let middle = self.corners.len() / 2;
            let pivot = *self.corners.select_nth_unstable_by(middle, Corner::compare).1;
            match self.sum_at(pivot).cmp(&(self.total * i128::from(pivot.denominator))) {
                Ordering::Equal => return pivot.level(),
                Ordering::Less => {
                    self.above = Some(pivot);
                    self.corners.retain(|corner| !corner.is_at_most(pivot));
                }
                Ordering::Greater => {
                    self.below = Some(pivot);
                    self.corners.retain(|corner| !pivot.is_at_most(*corner));
                }
            }
            self.decide();
        }
        self.known.level_for(self.total)
    }

    /// The sum of all shares, in units over the denominator of the level.
    fn sum_at(&self, level: Corner) -> i128 {
        let (numerator, denominator) = (i128::from(level.numerator), i128::from(level.denominator));
        let known = self.known.constant * denominator + self.known.slope * numerator;
        known + self.undecided.iter().map(|taker| level.share_of(taker)).sum::<i128>()
    }

    /// Moves the takers without a corner between the bounds to what is known.
    fn decide(&mut self) {
        let (above, below, known) = (self.above, self.below, &mut self.known);
        self.undecided.retain(|taker| {
            let (start, end) = (Corner::start_of(taker), Corner::end_of(taker));
            let starts_before = above.is_some_and(|above| start.is_at_most(above));
            let ends_after = below.is_some_and(|below| below.is_at_most(end));
            if above.is_some_and(|above| end.is_at_most(above)) {
                known.constant += i128::from(taker.wanted);
            } else if below.is_some_and(|below| below.is_at_most(start)) {
                known.constant += i128::from(taker.given);
            } else if starts_before && ends_after {
                known.add_ramp(taker);
            } else {
                return true;
            }
            false
        });
    }
}
