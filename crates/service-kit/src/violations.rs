//! The collector of everything that is wrong with a request, beside the problem that is made of it.
//!
//! It is defined where wire types are decoded; services find it here together with the other parts of a server.

pub use backorder_proto::convert::{FieldViolation, Violations};
