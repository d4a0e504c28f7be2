//! The digest of the ledger: every movement, without row ids, wall times and random ids.
