//! Seeded draws from small tables, in whole numbers only, so that a seed gives the same world on every machine.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The random source of every modelled thing.
pub type Source = ChaCha8Rng;

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

/// A source of its own for one named thing.
///
/// What is drawn from it depends on the seed and the name alone, not on what was drawn before for other things: a run
/// that resumes draws the same. Names are mixed by FNV-1a, 64 bits.
#[must_use]
pub fn source_of(seed: u64, name: &[&str]) -> Source {
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME);
    let bytes = name.iter().flat_map(|part| part.bytes().chain([0]));
    Source::seed_from_u64(bytes.fold(FNV_OFFSET ^ seed.wrapping_mul(FNV_PRIME), mix))
}

/// A distribution as values that are equally likely.
#[derive(Debug, Clone, Copy)]
pub struct Steps(pub &'static [i64]);

impl Steps {
    /// One of the values.
    pub fn draw(&self, source: &mut Source) -> i64 {
        if self.0.is_empty() { 0 } else { self.0[source.random_range(0..self.0.len())] }
    }

    /// The value at a rank among `of` ranks, the lowest first.
    #[must_use]
    pub fn at_rank(&self, rank: usize, of: usize) -> i64 {
        let position = rank.saturating_mul(self.0.len()) / of.max(1);
        self.0.get(position).or(self.0.last()).copied().unwrap_or(0)
    }
}

/// A distribution as equally spaced quantiles, from the lowest to the highest value, straight between them.
#[derive(Debug, Clone, Copy)]
pub struct Quantiles(pub &'static [i64]);

/// Fine steps between two quantiles.
const FINE: i64 = 1_000;

impl Quantiles {
    /// A value between the lowest and the highest.
    pub fn draw(&self, source: &mut Source) -> i64 {
        let Some(intervals) = self.0.len().checked_sub(1).filter(|intervals| *intervals > 0) else { return 0 };
        let interval = source.random_range(0..intervals);
        let (low, high) = (self.0[interval], self.0[interval + 1]);
        low + (high - low) * source.random_range(0..=FINE) / FINE
    }
}

/// Positions with weights.
#[derive(Debug, Clone, Copy)]
pub struct Weights(pub &'static [u32]);

impl Weights {
    /// A position, as often as its weight says.
    pub fn draw(&self, source: &mut Source) -> usize {
        weighted(self.0.iter().copied(), source)
    }
}

/// A position among weights, as often as its weight says; 0 when all weights are zero.
pub fn weighted(weights: impl Iterator<Item = u32> + Clone, source: &mut Source) -> usize {
    let total: u64 = weights.clone().map(u64::from).sum();
    if total == 0 {
        return 0;
    }
    let mut rest = source.random_range(0..total);
    for (position, weight) in weights.map(u64::from).enumerate() {
        if rest < weight {
            return position;
        }
        rest -= weight;
    }
    0
}

/// Whether an event of the given share happens.
pub fn happens(source: &mut Source, times: u32, of: u32) -> bool {
    source.random_range(0..of.max(1)) < times
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_source_does_not_depend_on_other_draws() {
        let first = |name: &[&str]| source_of(7, name).random_range(0..u64::MAX);
        assert_eq!(first(&["lead", "A"]), first(&["lead", "A"]));
        assert_ne!(first(&["lead", "A"]), first(&["lead", "B"]));
        assert_ne!(first(&["ab", "c"]), first(&["a", "bc"]));
        assert_ne!(first(&["lead", "A"]), source_of(8, &["lead", "A"]).random_range(0..u64::MAX));
    }

    #[test]
    fn quantiles_are_hit_as_often_as_they_say() {
        let table = Quantiles(&[0, 10, 100]);
        let mut source = source_of(1, &["q"]);
        let low = (0..10_000).filter(|_| table.draw(&mut source) <= 10).count();
        assert!((4_700..5_300).contains(&low), "{low} of 10000 below the median");
    }

    #[test]
    fn a_weight_of_zero_is_never_drawn() {
        let mut source = source_of(1, &["w"]);
        assert!((0..1_000).all(|_| Weights(&[3, 0, 1]).draw(&mut source) != 1));
    }
}
