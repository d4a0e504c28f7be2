//! The search of each part, best bound first, and the answer that it proves.

use std::{cmp::Reverse, collections::BinaryHeap};

use super::{
    node::Node,
    part::{Part, parts},
    problem::Problem,
};
use crate::allocation::optimum::flow::{Served, Solver};

/// A plan, and how far from the cheapest it can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// By line, then by supply, both by their place in the problem.
    pub served: Vec<Served>,
    /// What it costs, splits included.
    pub cost: i128,
    /// No plan costs less than this.
    pub lower_bound: i128,
    /// How many nodes were solved.
    pub nodes: u64,
}

impl Plan {
    /// Whether no plan is cheaper.
    #[must_use]
    pub const fn is_proven(&self) -> bool {
        self.cost == self.lower_bound
    }
}

/// Searches the cheapest plan, with about `nodes_max` nodes for each part that is coupled. The first descent of a part
/// goes on in any case until it has a plan to show, which takes at most two nodes for each whole.
#[must_use]
pub fn solve(problem: &Problem, nodes_max: u64) -> Plan {
    let mut solver = Solver::default();
    let mut plan = Plan { served: Vec::new(), cost: 0, lower_bound: 0, nodes: 0 };
    for part in parts(problem) {
        let mut search = Search::start(&part, &mut solver);
        search.run(nodes_max, &mut solver);
        plan.cost += search.cost;
        plan.lower_bound += search.lower_bound();
        plan.nodes += search.nodes;
        let Some(found) = search.plan else { continue };
        for (place, item) in part.items.iter().enumerate() {
            plan.served.extend(found.item(place).served.iter().map(|share| Served {
                line: item.lines[share.line],
                supply: item.supplies[share.supply],
                units: share.units,
            }));
        }
    }
    plan.served.sort_unstable();
    plan
}

/// A node that waits: the least bound first, then the deepest, then the oldest.
#[derive(Debug)]
struct Open {
    key: (Reverse<i128>, usize, Reverse<u64>),
    node: Node,
}

impl PartialEq for Open {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Open {}

impl PartialOrd for Open {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Open {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key.cmp(&other.key)
    }
}

struct Search<'a> {
    part: &'a Part<'a>,
    open: BinaryHeap<Open>,
    /// The cheapest real plan so far; at the start there is none, which serves nothing.
    plan: Option<Node>,
    cost: i128,
    nodes: u64,
}

impl<'a> Search<'a> {
    fn start(part: &'a Part<'a>, solver: &mut Solver) -> Self {
        let lines = part.items.iter().flat_map(|item| item.flow.lines());
        let cost = lines.map(|line| i128::from(line.units.get()) * i128::from(line.unserved_cost)).sum();
        let mut search = Self { part, open: BinaryHeap::new(), plan: None, cost, nodes: 1 };
        search.wait(Node::root(part, solver));
        search
    }

    fn run(&mut self, nodes_max: u64, solver: &mut Solver) {
        let mut is_first = true;
        while self.open.peek().is_some_and(|open| is_first || self.nodes < nodes_max && open.key.0.0 < self.cost) {
            let Some(Open { node, .. }) = self.open.pop() else { return };
            self.descend(node, nodes_max, solver);
            is_first = false;
        }
    }

    /// Goes down from a node, the child with the lesser bound each time, until its flow is a real plan or too dear.
    fn descend(&mut self, mut node: Node, nodes_max: u64, solver: &mut Solver) {
        loop {
            let look = node.look();
            if let Some(cost) = look.cost.filter(|cost| *cost < self.cost) {
                (self.cost, self.plan) = (cost, Some(node.clone()));
            }
            let Some([first, second]) = look.branch.filter(|_| node.bound < self.cost) else { return };
            if self.nodes >= nodes_max && self.plan.is_some() {
                return self.wait(node);
            }
            self.nodes += 2;
            let first = node.child(self.part, first, solver);
            let second = node.child(self.part, second, solver);
            node = match (first, second) {
                (Some(first), Some(second)) if second.bound < first.bound => {
                    self.wait(first);
                    second
                }
                (Some(first), second) => {
                    second.into_iter().for_each(|second| self.wait(second));
                    first
                }
                (None, Some(second)) => second,
                (None, None) => return,
            };
        }
    }

    /// Keeps a node for later, unless it can hold nothing cheaper.
    fn wait(&mut self, node: Node) {
        if node.bound < self.cost {
            let key = (Reverse(node.bound), node.depth, Reverse(self.nodes));
            self.open.push(Open { key, node });
        }
    }

    fn lower_bound(&self) -> i128 {
        self.open.peek().map_or(self.cost, |open| open.key.0.0.min(self.cost))
    }
}
