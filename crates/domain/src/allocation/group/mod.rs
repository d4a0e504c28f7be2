//! Group allocation: what groups of demand may take at most, and what is kept for them at least, before orders come.
//!
//! Four ways of it, each by itself: [`quota`] (a maximum per group and period), [`protection`] (a minimum against other
//! groups), [`hierarchy`] (targets down a tree, and who may take whose), [`pool`] (units put aside by hand). A quota and a
//! protection are independent and both apply: [`allowed`] is the smaller of the two.
//!
//! Texts are resolved once, when rules are built ([`key`]); what is asked for each line works on small numbers. Must not
//! know how a decision is stored, nor which lines belong to which order.

pub mod hierarchy;
pub mod key;
pub mod pool;
pub mod protection;
pub mod quota;

#[cfg(test)]
mod model_tests;

use crate::quantity::Quantity;

use protection::Protections;

/// Units that a demand may take: the smaller of what its quotas and the protections of its item and location allow.
///
/// `quota` is the answer of [`Quotas::available`](quota::Quotas::available): `None` when no quota restricts the demand.
/// `group` is the demand's place among the protections, `None` for a demand of no protected group.
#[must_use]
pub fn allowed(
    asked: Quantity,
    available_to_promise: Quantity,
    quota: Option<Quantity>,
    protections: &Protections,
    group: Option<u32>,
) -> Quantity {
    let within_quota = quota.map_or(asked, |quota| quota.min(asked));
    protections.grant(group, within_quota, available_to_promise).total()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::{
        protection::{OutsideProtection, ProtectedGroup},
        *,
    };

    #[test]
    fn quota_and_protection_both_apply() {
        let units = |number| Quantity::try_new(number).unwrap();
        let group = |priority, protected| ProtectedGroup { core: 0, priority, protected: units(protected) };
        let groups = vec![group(1, 80), group(2, 50)];
        let protections = Protections::try_new(groups, OutsideProtection::AllProtections).unwrap();
        let allowed =
            |quota: Option<i64>| allowed(units(50), units(100), quota.map(units), &protections, Some(1)).get();
        assert_eq!((allowed(None), allowed(Some(5)), allowed(Some(30))), (20, 5, 20));
    }
}
