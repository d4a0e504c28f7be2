//! What is decided at one place of the search, what the flow makes of it, and what to decide next.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use super::part::{At, Part};
use crate::allocation::optimum::flow::{Problem, Served, Solver};

/// One thing decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// All lines of the whole are served in full.
    Serve { whole: usize },
    /// None of them is served.
    Refuse { whole: usize },
    /// The line may use the location, and pays for it.
    Use { at: At, location: usize },
    /// The line does not use the location.
    Avoid { at: At, location: usize },
}

/// The cheapest flow of one item under what is decided.
#[derive(Debug)]
pub(super) struct ItemPlan {
    pub(super) served: Vec<Served>,
    /// Units of each line.
    units: Vec<i64>,
    /// Without splits.
    cost: i128,
    /// Lines served from several locations where that costs, with the locations and units.
    splits: Vec<(usize, Vec<(usize, i64)>)>,
}

/// What is decided, the newest first.
#[derive(Debug)]
struct Step {
    decision: Decision,
    before: Option<Rc<Self>>,
}

impl Drop for Step {
    /// One after the other: a long chain that is dropped by itself would need a stack as deep as it is long.
    fn drop(&mut self) {
        let mut before = self.before.take();
        while let Some(mut step) = before.and_then(Rc::into_inner) {
            before = step.before.take();
        }
    }
}

/// A place of the search: no plan that keeps its decisions costs less than its bound.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) bound: i128,
    /// How much is decided.
    pub(super) depth: usize,
    steps: Option<Rc<Step>>,
    /// The flows of the items with nothing decided, and of those that are another since; by item.
    root: Rc<Vec<Rc<ItemPlan>>>,
    changed: Vec<(usize, Rc<ItemPlan>)>,
    /// The splits that the bound holds.
    paid: i128,
    /// The wholes that are served in part, with what their missing units cost.
    in_part: Vec<(i128, usize)>,
    /// The items that have lines with splits.
    splits: BTreeMap<usize, ItemSplits>,
}

/// What the splits of an item cost.
#[derive(Debug, Clone, Copy)]
struct ItemSplits {
    cost: i128,
    /// The line whose splits cost most beyond what the bound holds, with that cost and a location to decide.
    dearest: Option<(i128, At, usize)>,
}

/// What a node says when it is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    /// What its flow costs as a real plan; `None` when it serves a part of a whole.
    pub(super) cost: Option<i128>,
    /// The two ways to go on, the first being tried first; `None` when the flow costs no more than the bound.
    pub(super) branch: Option<[Decision; 2]>,
}

impl Node {
    /// With nothing decided.
    pub(super) fn root(part: &Part<'_>, solver: &mut Solver) -> Self {
        let free = |item| ItemPlan::under(part, item, &[], solver).map(Rc::new);
        let root: Vec<Rc<ItemPlan>> = (0..part.items.len()).filter_map(free).collect();
        let mut node = Self {
            bound: root.iter().map(|item| item.cost).sum(),
            depth: 0,
            steps: None,
            splits: BTreeMap::new(),
            root: Rc::new(root),
            changed: Vec::new(),
            paid: 0,
            in_part: Vec::new(),
        };
        for item in 0..part.items.len() {
            node.weigh_splits(part, item);
        }
        node.in_part = (0..part.wholes.len()).filter_map(|whole| Some((node.short_of(part, whole)?, whole))).collect();
        node
    }

    /// With one thing more decided, or `None` when nothing keeps all decisions.
    pub(super) fn child(&self, part: &Part<'_>, decision: Decision, solver: &mut Solver) -> Option<Self> {
        let mut child = self.clone();
        child.depth += 1;
        child.steps = Some(Rc::new(Step { decision, before: self.steps.clone() }));
        let mut touched: Vec<usize> = match decision {
            Decision::Serve { whole } | Decision::Refuse { whole } => {
                part.wholes[whole].iter().map(|at| at.item).collect()
            }
            Decision::Use { at, .. } => {
                if !self.decided_locations(at).is_empty() {
                    child.bound += i128::from(part.split_cost(at));
                    child.paid += i128::from(part.split_cost(at));
                }
                child.weigh_splits(part, at.item);
                return Some(child);
            }
            Decision::Avoid { at, .. } => vec![at.item],
        };
        touched.dedup();
        let decisions: Vec<Decision> = child.decisions().collect();
        let mut wholes = BTreeSet::new();
        for item in touched {
            let plan = ItemPlan::under(part, item, &decisions, solver)?;
            child.change(item, plan);
            child.weigh_splits(part, item);
            wholes.extend(&part.wholes_of[item]);
        }
        child.in_part.retain(|(_, whole)| !wholes.contains(whole));
        let again = wholes.iter().filter_map(|whole| Some((child.short_of(part, *whole)?, *whole)));
        let again: Vec<(i128, usize)> = again.collect();
        child.in_part.extend(again);
        Some(child)
    }

    /// The flow of an item.
    pub(super) fn item(&self, item: usize) -> &ItemPlan {
        match self.changed.binary_search_by_key(&item, |(place, _)| *place) {
            Ok(place) => &self.changed[place].1,
            Err(_) => &self.root[item],
        }
    }

    fn change(&mut self, item: usize, plan: ItemPlan) {
        self.bound += plan.cost - self.item(item).cost;
        match self.changed.binary_search_by_key(&item, |(place, _)| *place) {
            Ok(place) => self.changed[place].1 = Rc::new(plan),
            Err(place) => self.changed.insert(place, (item, Rc::new(plan))),
        }
    }

    fn decisions(&self) -> impl Iterator<Item = Decision> {
        std::iter::successors(self.steps.as_deref(), |step| step.before.as_deref()).map(|step| step.decision)
    }

    /// What its flow costs, and what to decide next.
    pub(super) fn look(&self) -> Look {
        // The whole that is missing most is decided first: it moves the bound most.
        if let Some((_, whole)) = self.in_part.iter().max_by_key(|(short, whole)| (*short, Reverse(*whole))) {
            let branch = Some([Decision::Serve { whole: *whole }, Decision::Refuse { whole: *whole }]);
            return Look { cost: None, branch };
        }
        let splits: i128 = self.splits.values().map(|splits| splits.cost).sum();
        let dearest = self.splits.values().filter_map(|splits| splits.dearest).max_by_key(|(cost, ..)| *cost);
        let branch = |(_, at, location)| [Decision::Avoid { at, location }, Decision::Use { at, location }];
        Look { cost: Some(self.bound - self.paid + splits), branch: dearest.map(branch) }
    }

    /// Adds up what the splits of an item cost, after its flow or what is decided of its locations has changed.
    fn weigh_splits(&mut self, part: &Part<'_>, item: usize) {
        let mut sum = ItemSplits { cost: 0, dearest: None };
        for (line, used) in &self.item(item).splits {
            let at = At { item, line: *line };
            let split_cost = i128::from(part.split_cost(at));
            sum.cost += further(used.len()) * split_cost;
            let (excess, open) = self.unpaid(at, used);
            let cost = excess * split_cost;
            if let Some(location) = open.filter(|_| cost > sum.dearest.map_or(0, |(most, ..)| most)) {
                sum.dearest = Some((cost, at, location));
            }
        }
        if sum.cost > 0 {
            self.splits.insert(item, sum);
        } else {
            self.splits.remove(&item);
        }
    }

    /// What the missing units of a whole cost when it is served in part.
    fn short_of(&self, part: &Part<'_>, whole: usize) -> Option<i128> {
        let (mut served, mut missing, mut cost) = (false, false, 0);
        for at in &part.wholes[whole] {
            let (units, line) = (self.item(at.item).units[at.line], part.items[at.item].flow.lines()[at.line]);
            let short = line.units.get() - units;
            served |= units > 0;
            missing |= short > 0;
            cost += i128::from(short) * i128::from(line.unserved_cost);
        }
        (served && missing).then_some(cost)
    }

    /// How many further locations the line uses beyond those that the bound holds, and the location that is decided
    /// next: the one of the fewest units among those not decided.
    fn unpaid(&self, at: At, used: &[(usize, i64)]) -> (i128, Option<usize>) {
        let decided = self.decided_locations(at);
        let open = used.iter().filter(|(location, _)| !decided.contains(location));
        let fewest = open.min_by_key(|(location, units)| (*units, *location)).map(|(location, _)| *location);
        ((further(used.len()) - further(decided.len())).max(0), fewest)
    }

    /// The locations that the line is decided to use.
    fn decided_locations(&self, at: At) -> BTreeSet<usize> {
        let decided = self.decisions().filter_map(|decision| match decision {
            Decision::Use { at: other, location } if other == at => Some(location),
            Decision::Use { .. } | Decision::Avoid { .. } | Decision::Serve { .. } | Decision::Refuse { .. } => None,
        });
        decided.collect()
    }
}

/// The locations beyond the first.
fn further(locations: usize) -> i128 {
    i128::try_from(locations.saturating_sub(1)).unwrap_or(i128::MAX)
}

impl ItemPlan {
    /// The cheapest flow of the item that keeps the decisions, or `None` when none does.
    fn under(part: &Part<'_>, item: usize, decisions: &[Decision], solver: &mut Solver) -> Option<Self> {
        let base = &part.items[item].flow;
        let mut changed: Option<Problem> = None;
        let (mut required, mut refused) = (Vec::new(), 0);
        for decision in decisions {
            let lines = |whole: usize| part.wholes[whole].iter().filter(move |at| at.item == item);
            match *decision {
                Decision::Serve { whole } => {
                    for at in lines(whole) {
                        changed.get_or_insert_with(|| base.clone()).require(at.line);
                        required.push(at.line);
                    }
                }
                Decision::Refuse { whole } => {
                    for at in lines(whole) {
                        changed.get_or_insert_with(|| base.clone()).refuse(at.line);
                        let line = base.lines()[at.line];
                        refused += i128::from(line.units.get()) * i128::from(line.unserved_cost);
                    }
                }
                Decision::Avoid { at, location } if at.item == item => {
                    let problem = changed.get_or_insert_with(|| base.clone());
                    let supplies = 0..base.supplies().len();
                    for supply in supplies.filter(|supply| part.location(item, *supply) == location) {
                        problem.forbid(at.line, supply);
                    }
                }
                Decision::Avoid { .. } | Decision::Use { .. } => {}
            }
        }
        let plan = solver.solve(changed.as_ref().unwrap_or(base));
        let mut units = vec![0; base.lines().len()];
        for share in &plan.served {
            units[share.line] += share.units.get();
        }
        if required.iter().any(|line| units[*line] < base.lines()[*line].units.get()) {
            return None;
        }
        let splits = splits(part, item, &plan.served);
        Some(Self { served: plan.served, units, cost: plan.cost + refused, splits })
    }
}

/// The lines of an item that are served from several locations where that costs.
fn splits(part: &Part<'_>, item: usize, served: &[Served]) -> Vec<(usize, Vec<(usize, i64)>)> {
    let mut splits = Vec::new();
    for shares in served.chunk_by(|left, right| left.line == right.line).filter(|shares| shares.len() > 1) {
        let line = shares[0].line;
        if part.split_cost(At { item, line }) == 0 {
            continue;
        }
        let mut used: Vec<(usize, i64)> = Vec::new();
        for share in shares {
            let location = part.location(item, share.supply);
            match used.iter_mut().find(|(other, _)| *other == location) {
                Some((_, units)) => *units += share.units.get(),
                None => used.push((location, share.units.get())),
            }
        }
        if used.len() > 1 {
            splits.push((line, used));
        }
    }
    splits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_decisions_are_dropped_without_a_deep_stack() {
        let mut newest = None;
        for whole in 0..1_000_000 {
            newest = Some(Rc::new(Step { decision: Decision::Serve { whole }, before: newest }));
        }
        let shared = newest.clone();
        drop(newest);
        let oldest = std::iter::successors(shared.as_deref(), |step| step.before.as_deref()).last();
        assert_eq!(oldest.map(|step| step.decision), Some(Decision::Serve { whole: 0 }));
    }
}
