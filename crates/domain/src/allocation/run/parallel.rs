//! Runs over many pools on several threads. Pools have nothing in common, so the plan is that of one thread.

use std::{ops::Range, thread};

use super::{
    engine::{Input, run},
    limits::Limits,
    plan::{Outcome, Peg, Plan, PoolException},
};

/// What one thread decided: the outcomes in the order of its part, not by requirement.
struct Part {
    outcomes: Vec<Outcome>,
    pegs: Vec<Peg>,
    exceptions: Vec<PoolException>,
}

/// As [`run`], on at most `threads` threads. Each thread has bounds of its own, as `limits` makes them.
#[must_use]
pub fn run_in_parallel<L: Limits>(
    input: &Input<'_>,
    order: &[u32],
    pools: &[Range<usize>],
    threads: usize,
    limits: impl Fn() -> L + Sync,
) -> Plan {
    let parts = parts_of(pools, threads.max(1));
    if parts.len() <= 1 {
        return run(input, order, pools, &mut limits());
    }
    let decided: Vec<Part> = thread::scope(|scope| {
        let running: Vec<_> =
            parts.iter().map(|part| scope.spawn(|| decide(input, order, &pools[part.clone()], &limits))).collect();
        // A thread panics only where the engine does: then so does the caller.
        running.into_iter().map(|part| part.join().unwrap_or_else(|broken| std::panic::resume_unwind(broken))).collect()
    });
    let mut plan = Plan { outcomes: vec![Outcome::default(); input.demand.requirements.len()], ..Plan::default() };
    for (part, decided) in parts.iter().zip(decided) {
        let shift = u32::try_from(plan.pegs.len()).unwrap_or(u32::MAX);
        let indexes = pools[part.clone()].iter().flat_map(|pool| &order[pool.clone()]);
        for (index, outcome) in indexes.zip(decided.outcomes) {
            let pegs = (outcome.pegs.0 + shift, outcome.pegs.1 + shift);
            plan.outcomes[*index as usize] = Outcome { pegs, ..outcome };
        }
        plan.pegs.extend(decided.pegs);
        plan.exceptions.extend(decided.exceptions);
    }
    plan
}

fn decide<L: Limits>(input: &Input<'_>, order: &[u32], pools: &[Range<usize>], limits: &impl Fn() -> L) -> Part {
    let plan = run(input, order, pools, &mut limits());
    let indexes = pools.iter().flat_map(|pool| &order[pool.clone()]);
    let outcomes = indexes.map(|index| plan.outcomes[*index as usize]).collect();
    Part { outcomes, pegs: plan.pegs, exceptions: plan.exceptions }
}

/// Consecutive pools with about equally many requirements.
fn parts_of(pools: &[Range<usize>], threads: usize) -> Vec<Range<usize>> {
    let all: usize = pools.iter().map(Range::len).sum();
    let each = all.div_ceil(threads).max(1);
    let mut parts = Vec::with_capacity(threads);
    let (mut begin, mut many) = (0, 0);
    for (position, pool) in pools.iter().enumerate() {
        many += pool.len();
        if many >= each || position + 1 == pools.len() {
            parts.push(begin..position + 1);
            (begin, many) = (position + 1, 0);
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::{
        super::{rule_tests::Scene, *},
        *,
    };

    #[test]
    fn several_threads_decide_what_one_does() {
        let places = 40_u32;
        let supplies: Vec<(u32, i32, i64)> = (0..places).map(|place| (place, 0, i64::from(place % 7))).collect();
        let mut scene = Scene::new(&supplies);
        for line in 0..200_u32 {
            scene = scene.wanted(i64::from(line % 4) + 1).from(&[line / 5]);
        }
        let order: Vec<u32> = (0..200).rev().collect();
        let pools: Vec<Range<usize>> = (0..40).map(|pool| pool * 5..pool * 5 + 5).collect();
        let Ok(supplies) = Supplies::try_new(places, &scene.supplies) else { unreachable!("the supplies are valid") };
        let input = Input { demand: &scene.demand, supplies: &supplies, today: Day(0) };
        let alone = run(&input, &order, &pools, &mut NoLimits);
        for threads in [1, 2, 3, 100] {
            let together = run_in_parallel(&input, &order, &pools, threads, || NoLimits);
            assert_eq!(together.outcomes.len(), alone.outcomes.len());
            for index in 0..200 {
                assert_eq!(together.pegs_of(index), alone.pegs_of(index), "{threads} threads");
            }
        }
    }

    #[test]
    fn a_run_over_nothing_decides_nothing() {
        let scene = Scene::new(&[]);
        let Ok(supplies) = Supplies::try_new(0, &[]) else { unreachable!("no supplies are valid") };
        let input = Input { demand: &scene.demand, supplies: &supplies, today: Day(0) };
        assert_eq!(run_in_parallel(&input, &[], &[], 2, || NoLimits), Plan::default());
    }
}
