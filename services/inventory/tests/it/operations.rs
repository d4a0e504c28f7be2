//! Cases of operations.
