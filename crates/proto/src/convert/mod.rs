//! Conversions between wire types and domain types that every service uses.
//!
//! Decoding collects every violation with its proto field path, so that a caller sees all of them at once. This module
//! must not decide a business rule and must not know a service.

pub mod allocation;
pub mod decimal;
pub mod decode;
pub mod encode;
pub mod inventory;
mod violations;

pub use violations::{FieldViolation, Violations};
