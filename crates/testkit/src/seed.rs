//! The seed of a run. It only reads and prints it; what is drawn from it is the test's business.

use std::env;
use std::sync::OnceLock;

/// The variable that sets the seed: a decimal `u64`.
pub const SEED_ENV: &str = "BACKORDER_TEST_SEED";

/// A fixed default, so that two runs without the variable agree.
const DEFAULT_SEED: u64 = 20_101_201;

/// The seed of this run, from [`SEED_ENV`] or a fixed default; printed once per process so that a failure names it.
///
/// # Panics
/// When the variable is set to something that is no `u64`.
#[must_use]
pub fn seed() -> u64 {
    static SEED: OnceLock<u64> = OnceLock::new();
    *SEED.get_or_init(|| {
        let seed = match env::var(SEED_ENV) {
            Ok(text) => text.parse().unwrap_or_else(|error| crate::give_up(SEED_ENV, &error)),
            Err(_) => DEFAULT_SEED,
        };
        println!("{SEED_ENV}={seed}");
        seed
    })
}

/// The seed stretched to 32 bytes and bound to `purpose`, for generators that want as much. Two purposes draw
/// unrelated sequences from the same seed.
#[must_use]
pub fn seed_bytes(purpose: &str) -> [u8; 32] {
    // FNV-1a binds the purpose, SplitMix64 (Steele, Lea and Flood 2014) stretches: neither has to be secret.
    let mut state = purpose
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
        ^ seed();
    let mut bytes = [0; 32];
    for word in bytes.chunks_exact_mut(8) {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word.copy_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::seed_bytes;

    #[test]
    fn one_purpose_gives_one_sequence_and_two_purposes_give_two() {
        assert_eq!(seed_bytes("stock"), seed_bytes("stock"));
        assert_ne!(seed_bytes("stock"), seed_bytes("orders"));
    }
}
