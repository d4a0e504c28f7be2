//! A run by a policy: segments claim lines, strategies run over supply, exceptions stop what they must, and another policy
//! takes over where one is named.
//!
//! The lines of [`Backlog::demand`] are those that were arranged, index by index. Lines that an arrangement leaves out keep
//! their confirmations, which go on taking supply. Items that are tied together (a ship set over several, a place of a
//! substitute) are decided about together; all others each by itself.

use std::ops::Range;

use super::{
    policy::{AllocationPolicy, Arrangement, FallbackScope, Strategy as Rule},
    run::{
        Day, Demand, Input, Limits, NO_SET, Outside, Plan, PoolException, Reason, Supplies, Supply, run,
        supply::InvalidSupply,
    },
};

/// What a run is about.
#[derive(Debug, Clone)]
pub struct Backlog {
    /// The lines with what they are confirmed.
    pub demand: Demand,
    /// Dated supply.
    pub supplies: Vec<Supply>,
    /// How many places there are.
    pub places: u32,
    /// What is promised to others than these lines.
    pub outside: Vec<Outside>,
    /// The day of the run.
    pub today: Day,
}

/// A policy, and how it arranges the lines.
#[derive(Debug, Clone, Copy)]
pub struct Arranged<'a> {
    /// The policy.
    pub policy: &'a AllocationPolicy,
    /// Its arrangement of the lines of the backlog.
    pub arrangement: &'a Arrangement,
}

/// What was decided.
#[derive(Debug, Clone, Default)]
pub struct Decided {
    /// The plan. Its pegs are of the supplies as they were given.
    pub plan: Plan,
    /// Whether the fallback policy decided about a line, index by index.
    pub by_fallback: Vec<bool>,
    /// Exceptions of the first policy, which somebody has to resolve. Those of the fallback are in the plan.
    pub exceptions: Vec<PoolException>,
}

/// Runs a policy over a backlog and, where it failed, the other one.
///
/// # Errors
/// [`InvalidSupply`] when the backlog's places and quantities do not fit together.
pub fn decide<L: Limits>(
    backlog: &Backlog,
    first: Arranged<'_>,
    fallback: Option<Arranged<'_>>,
    limits: impl Fn() -> L,
) -> Result<Decided, InvalidSupply> {
    let everything: Vec<bool> = vec![true; backlog.demand.requirements.len()];
    let mut plan = run_over(backlog, first.arrangement, &everything, limits())?;
    let exceptions = plan.exceptions.clone();
    let mut decided = Decided { by_fallback: vec![false; everything.len()], exceptions, plan: Plan::default() };
    if decided.exceptions.is_empty() {
        decided.plan = plan;
        return Ok(decided);
    }
    if first.policy.after_exceptions(false, true).discards {
        plan.discard();
    }
    let Some(fallback) = fallback else {
        decided.plan = plan;
        return Ok(decided);
    };
    let scope = match first.policy.fallback_scope() {
        FallbackScope::FailedCombinations => of_failed_places(backlog, &plan),
        FallbackScope::Unrestricted => everything,
    };
    // The other policy starts from what the first one decided.
    let after_first = Backlog { demand: plan.applied_to(&backlog.demand), ..backlog.clone() };
    let second = run_over(&after_first, fallback.arrangement, &scope, limits())?;
    decided.by_fallback = second.outcomes.iter().map(|outcome| outcome.reason != Reason::NotInRun).collect();
    decided.plan = plan.followed_by(second, &backlog.demand, backlog.today);
    Ok(decided)
}

/// The lines that could be served from a place where the run failed, also those that it left out.
fn of_failed_places(backlog: &Backlog, plan: &Plan) -> Vec<bool> {
    let mut failed = vec![false; backlog.places as usize];
    let lines = || backlog.demand.requirements.iter();
    for (requirement, _) in lines().zip(&plan.outcomes).filter(|(_, outcome)| outcome.reason == Reason::Discarded) {
        for place in backlog.demand.places_of(requirement) {
            failed[*place as usize] = true;
        }
    }
    let is_of_failed = |place: &u32| failed[*place as usize];
    lines().map(|requirement| backlog.demand.places_of(requirement).iter().any(is_of_failed)).collect()
}

/// Runs an arrangement over the lines in scope; all others keep what they have.
fn run_over(
    backlog: &Backlog,
    arrangement: &Arrangement,
    scope: &[bool],
    mut limits: impl Limits,
) -> Result<Plan, InvalidSupply> {
    let mut demand = backlog.demand.clone();
    let mut outside = backlog.outside.clone();
    let mut is_in = vec![false; scope.len()];
    for (index, requirement) in backlog.demand.requirements.iter().enumerate() {
        match arrangement.strategy(index).and_then(Rule::in_run).filter(|_| scope[index]) {
            Some(strategy) => (demand.requirements[index].strategy, is_in[index]) = (strategy, true),
            None => outside.extend(backlog.demand.confirmed_of(requirement).iter().map(|part| Outside {
                place: part.place,
                day: part.day,
                quantity: part.quantity,
            })),
        }
    }
    let mut supplies = Supplies::try_new(backlog.places, &backlog.supplies)?;
    supplies.promise_outside(&outside)?;
    let (order, pools) = pools(&demand, backlog.places, arrangement, &is_in);
    Ok(run(&Input { demand: &demand, supplies: &supplies, today: backlog.today }, &order, &pools, &mut limits))
}

/// The lines in the order in which they are checked, pool by pool.
fn pools(demand: &Demand, places: u32, arrangement: &Arrangement, is_in: &[bool]) -> (Vec<u32>, Vec<Range<usize>>) {
    let ties = Ties::of(demand, places, arrangement, is_in);
    let mut order = Vec::with_capacity(is_in.len());
    let mut pools = Vec::with_capacity(arrangement.items());
    for items in ties.groups() {
        let begin = order.len();
        let lines = items.iter().flat_map(|item| arrangement.lines_of(*item as usize));
        order.extend(lines.copied().filter(|line| is_in[*line as usize]));
        if items.len() > 1 {
            order[begin..].sort_by(|a, b| arrangement.compare(*a as usize, *b as usize));
        }
        if order.len() > begin {
            pools.push(begin..order.len());
        }
    }
    (order, pools)
}

/// No item has the place yet.
const NO_ITEM: u32 = u32::MAX;

/// Items that are decided about together: a forest in which every item points to one before it, or to itself.
struct Ties {
    parents: Vec<u32>,
}

impl Ties {
    fn of(demand: &Demand, places: u32, arrangement: &Arrangement, is_in: &[bool]) -> Self {
        let items = u32::try_from(arrangement.items()).unwrap_or(u32::MAX);
        let mut ties = Self { parents: (0..items).collect() };
        let mut item_of_place = vec![NO_ITEM; places as usize];
        let mut item_of_set = std::collections::HashMap::new();
        for item in 0..items {
            for line in arrangement.lines_of(item as usize).iter().filter(|line| is_in[**line as usize]) {
                let requirement = &demand.requirements[*line as usize];
                for place in demand.places_of(requirement) {
                    let owner = &mut item_of_place[*place as usize];
                    if *owner == NO_ITEM {
                        *owner = item;
                    } else if *owner != item {
                        ties.tie(*owner, item);
                    }
                }
                if requirement.set != NO_SET {
                    let owner = *item_of_set.entry(requirement.set).or_insert(item);
                    ties.tie(owner, item);
                }
            }
        }
        ties
    }

    fn root(&self, mut item: u32) -> u32 {
        while self.parents[item as usize] != item {
            item = self.parents[item as usize];
        }
        item
    }

    fn tie(&mut self, one: u32, other: u32) {
        let (one, other) = (self.root(one), self.root(other));
        let (first, second) = (one.min(other), one.max(other));
        self.parents[second as usize] = first;
    }

    /// The items of each pool, by the first of them.
    fn groups(&self) -> Vec<Vec<u32>> {
        let items = u32::try_from(self.parents.len()).unwrap_or(u32::MAX);
        let mut groups: Vec<Vec<u32>> = vec![Vec::new(); self.parents.len()];
        for item in 0..items {
            groups[self.root(item) as usize].push(item);
        }
        groups.retain(|group| !group.is_empty());
        groups
    }
}

#[cfg(test)]
mod tests;
