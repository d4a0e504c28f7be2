//! Cases of upkeep.
