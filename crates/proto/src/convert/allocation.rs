//! Conversions between the wire types of allocation and the domain's order types.
//!
//! Decoding follows the rules of [`super::decode`]: `None` exactly when a violation was recorded. It must not decide a
//! business rule.

mod allocation_policy;
mod claim;
mod order;
mod policy;
mod sequence;

pub use allocation_policy::{
    ALLOCATION_POLICIES, allocation_policy_id, allocation_policy_name, allocation_policy_of, strategy_of,
};
pub use claim::{ClaimOfLine, claim_of_line};
pub use order::{
    cover, hold_type, hold_type_of, line_barrier, loss_reason, order_state, order_state_of, promise_reason,
    shortage_instruction, shortage_instruction_of,
};
pub use policy::{after_silence, after_silence_of, after_wait, policy_name, policy_of, wait_days, wait_start};
pub use sequence::{sequence_key, sequence_of};

use crate::common::v1 as common;

/// The resource name of an order line: `orders/{order}/lines/{line}`.
#[must_use]
pub fn line_name(order: &str, line: i32) -> String {
    format!("orders/{order}/lines/{line}")
}

/// A civil date with its basis and zone.
#[must_use]
pub fn zoned_date(date: jiff::civil::Date, basis: common::DateBasis, time_zone: &str) -> common::ZonedDate {
    common::ZonedDate { date: Some(super::encode::date(date)), basis: basis.into(), time_zone: time_zone.to_owned() }
}
