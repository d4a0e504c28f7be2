//! The units that a run has given so far, with a way back.

use super::{day::Day, limits::Limits, plan::Peg, supply::Supplies};

/// What is left of every bucket, and who got what.
pub(super) struct Takes<'s> {
    supplies: &'s Supplies,
    left: Vec<i64>,
    /// All takes, those of one requirement together.
    pub pegs: Vec<Peg>,
}

impl<'s> Takes<'s> {
    pub fn new(supplies: &'s Supplies) -> Self {
        Self { supplies, left: supplies.units().to_vec(), pegs: Vec::new() }
    }

    /// Units of a place that can be had by a day.
    pub fn available(&self, place: u32, day: Day) -> i64 {
        let mut units = 0;
        for bucket in self.supplies.buckets(place) {
            if self.supplies.days()[bucket] > day {
                break;
            }
            units += self.left[bucket];
        }
        units
    }

    /// The next day after `day` on which units come to a place; [`Day::MAX`] for none.
    pub fn next_day(&self, place: u32, day: Day) -> Day {
        let mut buckets = self.supplies.buckets(place);
        let next = buckets.find(|bucket| self.left[*bucket] > 0 && self.supplies.days()[*bucket] > day);
        next.map_or(Day::MAX, |bucket| self.supplies.days()[bucket])
    }

    /// Takes units of a place for a day, of what comes last by then: what comes earlier stays for those who need it
    /// earlier. Answers how many there were, at most `wanted`.
    pub fn take(&mut self, place: u32, day: Day, wanted: i64) -> i64 {
        let buckets = self.supplies.buckets(place);
        let (start, mut bucket) = (buckets.start, buckets.end);
        let mut missing = wanted;
        while missing > 0 && bucket > start {
            bucket -= 1;
            if self.left[bucket] == 0 || self.supplies.days()[bucket] > day {
                continue;
            }
            let quantity = missing.min(self.left[bucket]);
            self.left[bucket] -= quantity;
            missing -= quantity;
            // Buckets are counted in 32 bits: `Supplies::try_new` sees to it.
            let bucket = u32::try_from(bucket).unwrap_or(u32::MAX);
            self.pegs.push(Peg { day, place, bucket, quantity });
        }
        wanted - missing
    }

    /// The place in the takes to which [`Takes::back_to`] goes back.
    pub fn mark(&self) -> usize {
        self.pegs.len()
    }

    /// Keeps what was taken since a mark away from everybody, and out of the takes.
    pub fn put_aside(&mut self, mark: usize) -> Vec<Peg> {
        self.pegs.split_off(mark)
    }

    /// Gives back what was put aside.
    pub fn back_from_aside(&mut self, aside: &[Peg], group: u32, limits: &mut impl Limits) {
        for peg in aside.iter().rev() {
            self.left[peg.bucket as usize] += peg.quantity;
            if limits.concerns(peg.place) {
                limits.give_back(group, peg.place, peg.day, peg.quantity);
            }
        }
    }

    /// Takes what was given back again, each unit of its own bucket: nobody took it meanwhile.
    pub fn take_again(&mut self, pegs: &[Peg], group: u32, limits: &mut impl Limits) {
        for peg in pegs {
            self.left[peg.bucket as usize] -= peg.quantity;
            debug_assert!(self.left[peg.bucket as usize] >= 0, "nobody took it meanwhile");
            if limits.concerns(peg.place) {
                limits.take(group, peg.place, peg.day, peg.quantity);
            }
        }
    }

    /// Gives back all that was taken since a mark.
    pub fn back_to(&mut self, mark: usize, group: u32, limits: &mut impl Limits) {
        let taken = self.put_aside(mark);
        self.back_from_aside(&taken, group, limits);
    }
}
