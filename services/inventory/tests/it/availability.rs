//! Cases of availability.
