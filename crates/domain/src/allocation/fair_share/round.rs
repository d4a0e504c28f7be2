//! Whole packs for exact shares: rounding down, largest remainder, and again with what is left.
//!
//! Owns no rule: a rule is a [`Taker`]'s slope and offset.

use std::cmp::Ordering;

use super::level::find;

/// A claim under a rule. At a level `x` its exact share is `slope * x + offset`, but at least what it has and at most what
/// it wants.
///
/// Sizes keep all products within 128 bits: what is wanted and the offset stay below 2⁴⁰, slopes below 2⁵⁰, so that sums
/// over any number of claims that fits a memory have room.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taker {
    /// Above 0.
    pub(super) slope: i64,
    pub(super) offset: i64,
    pub(super) wanted: i64,
    pub(super) pack: i64,
    /// Whole packs.
    pub(super) given: i64,
}

impl Taker {
    const fn can_take_a_pack_of(&self, left: i64) -> bool {
        self.pack <= left && self.pack <= self.wanted - self.given
    }
}

/// Shares a supply among the takers with these indexes, and says what is left.
///
/// There are at most 64 rounds. Whoever takes part in the next one got a pack in this one; what a round leaves is less than
/// the packs of those who take part no more; so what is left at least halves from round to round.
pub(super) fn share(supply: i64, takers: &mut [Taker], mut open: Vec<usize>) -> i64 {
    let mut left = supply;
    loop {
        open.retain(|index| takers[*index].can_take_a_pack_of(left));
        if open.is_empty() {
            return left;
        }
        left = round(left, takers, &open);
    }
}

fn round(supply: i64, takers: &mut [Taker], open: &[usize]) -> i64 {
    let already: i128 = open.iter().map(|index| i128::from(takers[*index].given)).sum();
    let level = find(i128::from(supply) + already, open.iter().map(|index| &takers[*index]));
    let mut left = supply;
    let mut remainders = Vec::with_capacity(open.len());
    for index in open {
        let taker = &mut takers[*index];
        let exact = level.share_of(taker);
        // At most what is wanted, so it is within 64 bits.
        let units = i64::try_from(exact / level.denominator).unwrap_or(taker.wanted);
        let whole = if taker.pack == 1 { units } else { units - units % taker.pack };
        left -= whole - taker.given;
        taker.given = whole;
        remainders.push((exact - i128::from(whole) * level.denominator, *index));
    }
    give_by_remainder(left, takers, remainders)
}

/// One more pack to each, the largest remainder first, as long as there are packs that fit.
fn give_by_remainder(mut left: i64, takers: &mut [Taker], mut remainders: Vec<(i128, usize)>) -> i64 {
    remainders.retain(|(_, index)| takers[*index].can_take_a_pack_of(left));
    let (first, packs) = prefix_within(left, &mut remainders, |index| takers[index].pack);
    for (_, index) in &remainders[..first] {
        takers[*index].given += takers[*index].pack;
    }
    left -= packs;
    let mut rest = remainders.split_off(first);
    rest.retain(|(_, index)| takers[*index].can_take_a_pack_of(left));
    rest.sort_unstable_by(before);
    for (_, index) in rest {
        let taker = &mut takers[index];
        if taker.can_take_a_pack_of(left) {
            taker.given += taker.pack;
            left -= taker.pack;
        }
    }
    left
}

/// The order in which the last packs are given.
fn before((one, first): &(i128, usize), (other, second): &(i128, usize)) -> Ordering {
    other.cmp(one).then(first.cmp(second))
}

/// Brings the longest prefix, in that order, whose packs fit into `left` to the front, in any order, and says how long it is
/// and how much its packs are. By halves, in linear time on average: no more than this is to be known of most claims.
fn prefix_within(left: i64, remainders: &mut [(i128, usize)], pack: impl Fn(usize) -> i64) -> (usize, i64) {
    let (mut from, mut until, mut sum) = (0, remainders.len(), 0);
    while from < until {
        let open = &mut remainders[from..until];
        let middle = open.len() / 2;
        open.select_nth_unstable_by(middle, before);
        let packs = open[..=middle].iter().try_fold(sum, |sum: i64, (_, index)| sum.checked_add(pack(*index)));
        match packs.filter(|packs| *packs <= left) {
            Some(packs) => (from, sum) = (from + middle + 1, packs),
            None => until = from + middle,
        }
    }
    (from, sum)
}
