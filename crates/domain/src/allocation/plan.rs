//! Sharing the units of one pool (an item at a location) among the claims that wait for it.
//!
//! The order is that of the queue: queue key, queue time, line, part. Nobody gets more than it waits for, and nobody who
//! may take stock is passed over while units are left.

use jiff::Timestamp;

use crate::{ids::LineId, quantity::Quantity};

/// A claim that waits for the pool's item and may be served from its location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingClaim {
    /// The demand line.
    pub line: LineId,
    /// The part of the line.
    pub part: i32,
    /// Units that wait.
    pub waiting: Quantity,
    /// Whether they may take stock now.
    pub eligible: bool,
    /// The place in the queue.
    pub queue_key: String,
    /// Decides among equal keys.
    pub queue_time: Timestamp,
    /// The version of the claim on which the plan is made.
    pub version: i64,
}

/// Units that the plan gives to one claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gain {
    /// The demand line.
    pub line: LineId,
    /// The part of the line.
    pub part: i32,
    /// Base units, at least 1.
    pub quantity: Quantity,
    /// The version of the claim that was decided on.
    pub version: i64,
}

/// Who gets how much of a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The gains, in the order of the queue.
    pub gains: Vec<Gain>,
    /// Units that nobody needs.
    pub left: Quantity,
}

/// Shares `pool` units. The claims may come in any order; the answer depends only on what they are.
#[must_use]
pub fn share(pool: Quantity, mut claims: Vec<WaitingClaim>) -> Plan {
    claims.sort_by(|a, b| queue_place(a).cmp(&queue_place(b)));
    let mut left = pool;
    let mut gains = Vec::new();
    for claim in claims.into_iter().filter(|claim| claim.eligible) {
        let quantity = claim.waiting.min(left);
        if quantity.is_zero() {
            continue;
        }
        left = left.saturating_sub(quantity);
        gains.push(Gain { line: claim.line, part: claim.part, quantity, version: claim.version });
    }
    Plan { gains, left }
}

fn queue_place(claim: &WaitingClaim) -> (&str, Timestamp, &LineId, i32) {
    (&claim.queue_key, claim.queue_time, &claim.line, claim.part)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use proptest::prelude::*;

    use super::*;

    fn claims() -> impl Strategy<Value = Vec<WaitingClaim>> {
        let claim = (0..6_u8, 0..3_i64, 1..3_i32, 0..8_i64, any::<bool>());
        prop::collection::vec(claim, 0..20).prop_map(|drawn| {
            drawn
                .into_iter()
                .enumerate()
                .map(|(number, (key, second, part, waiting, eligible))| WaitingClaim {
                    line: LineId::try_new(format!("orders/{number}/lines/1")).unwrap(),
                    part,
                    waiting: Quantity::try_new(waiting).unwrap(),
                    eligible,
                    queue_key: key.to_string(),
                    queue_time: Timestamp::from_second(second).unwrap(),
                    version: i64::from(part) + waiting,
                })
                .collect()
        })
    }

    /// The naive model: one unit after the other goes to the first in the queue that still wants one.
    fn unit_by_unit(pool: i64, claims: &[WaitingClaim]) -> Vec<i64> {
        let mut given = vec![0; claims.len()];
        for _ in 0..pool {
            let next = (0..claims.len())
                .filter(|i| claims[*i].eligible && claims[*i].waiting.get() > given[*i])
                .min_by_key(|i| queue_place(&claims[*i]));
            let Some(next) = next else { break };
            given[next] += 1;
        }
        given
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: backorder_testkit::counts::cases("allocation_engine"),
            rng_seed: proptest::test_runner::RngSeed::Fixed(backorder_testkit::seed()),
            ..ProptestConfig::default()
        })]

        #[test]
        fn a_plan_gives_what_serving_unit_by_unit_gives(pool in 0..60_i64, claims in claims()) {
            let plan = share(Quantity::try_new(pool).unwrap(), claims.clone());
            let expected = unit_by_unit(pool, &claims);
            for (claim, expected) in claims.iter().zip(&expected) {
                let gain = plan.gains.iter().find(|gain| gain.line == claim.line);
                prop_assert_eq!(gain.map_or(0, |gain| gain.quantity.get()), *expected);
            }
            prop_assert_eq!(plan.left.get(), pool - expected.iter().sum::<i64>());
        }

        #[test]
        fn the_plan_does_not_depend_on_the_order_in_which_the_claims_come(pool in 0..60_i64, claims in claims()) {
            let pool = Quantity::try_new(pool).unwrap();
            let reversed = claims.iter().rev().cloned().collect();
            prop_assert_eq!(share(pool, claims), share(pool, reversed));
        }
    }
}
