//! The providers of ids: random ones, and a repeatable sequence for tests and the demo.

use std::sync::{Mutex, PoisonError};

use backorder_domain::ids::IdProvider;
use rand::Rng as _;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng as _};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// Ids that no one can repeat: version 7 UUIDs, which ascend with time and so keep indexes dense.
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomIds;

impl IdProvider for RandomIds {
    #[expect(clippy::disallowed_methods, reason = "this is the provider")]
    fn next_uuid(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// The same sequence of version 4 UUIDs for the same seed and scope.
///
/// Give every user its own scope, for example `inventory/start-3`: two users of one scope would draw the same ids, and a
/// service that starts again on the same data needs a scope that it did not use before.
#[derive(Debug)]
pub struct SeededIds(Mutex<ChaCha8Rng>);

impl SeededIds {
    /// The sequence of the empty scope.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self::scoped(seed, "")
    }

    /// The sequence of a scope.
    #[must_use]
    pub fn scoped(seed: u64, scope: &str) -> Self {
        let digest = Sha256::new().chain_update(seed.to_be_bytes()).chain_update(scope.as_bytes()).finalize();
        Self(Mutex::new(ChaCha8Rng::from_seed(digest.into())))
    }
}

impl IdProvider for SeededIds {
    fn next_uuid(&self) -> Uuid {
        let mut bytes = [0_u8; 16];
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_ids(ids: &dyn IdProvider) -> Vec<Uuid> {
        (0..100).map(|_| ids.next_uuid()).collect()
    }

    #[test]
    fn the_same_seed_and_scope_give_the_same_ids() {
        assert_eq!(first_ids(&SeededIds::scoped(7, "a")), first_ids(&SeededIds::scoped(7, "a")));
    }

    #[test]
    fn another_seed_or_scope_gives_other_ids() {
        let ids = first_ids(&SeededIds::scoped(7, "a"));
        assert_ne!(ids, first_ids(&SeededIds::scoped(8, "a")));
        assert_ne!(ids, first_ids(&SeededIds::scoped(7, "b")));
    }

    #[test]
    fn random_ids_differ_and_ascend() {
        let ids = first_ids(&RandomIds);
        assert!(ids.is_sorted());
        assert_ne!(ids.first(), ids.last());
    }
}
