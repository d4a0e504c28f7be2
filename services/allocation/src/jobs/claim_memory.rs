//! The versions of claims that this process has recorded by itself, so that the news of them costs nothing.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use backorder_proto::inventory::v1 as pb;

/// Claims remembered at most; when there are more, memory starts over and news costs a look at the store.
const CLAIMS_MAX: usize = 50_000;

/// Recorded versions by aggregate. Clones share the memory.
#[derive(Debug, Clone, Default)]
pub struct ClaimMemory {
    versions: Arc<RwLock<HashMap<String, i64>>>,
}

impl ClaimMemory {
    /// Notes claims that were recorded.
    pub fn note<'a>(&self, claims: impl Iterator<Item = &'a pb::Claim>) {
        let mut versions = self.versions.write().unwrap_or_else(PoisonError::into_inner);
        if versions.len() >= CLAIMS_MAX {
            versions.clear();
        }
        for claim in claims {
            let known = versions.entry(aggregate(&claim.line, claim.part)).or_default();
            *known = claim.version.max(*known);
        }
    }

    /// Whether the claim is recorded in this version or a later one.
    #[must_use]
    pub fn knows(&self, aggregate: &str, version: i64) -> bool {
        let versions = self.versions.read().unwrap_or_else(PoisonError::into_inner);
        versions.get(aggregate).is_some_and(|known| *known >= version)
    }
}

fn aggregate(line: &str, part: i32) -> String {
    format!("claims/{line}/parts/{part}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_recorded_is_known() {
        let memory = ClaimMemory::default();
        let claim =
            |version| pb::Claim { line: "orders/A/lines/1".to_owned(), part: 1, version, ..pb::Claim::default() };
        memory.note([claim(3), claim(2)].iter());
        assert!(memory.knows("claims/orders/A/lines/1/parts/1", 3));
        assert!(!memory.knows("claims/orders/A/lines/1/parts/1", 4));
        assert!(!memory.knows("claims/orders/A/lines/1/parts/2", 1));
    }
}
