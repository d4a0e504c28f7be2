//! Who leaves a full supply at the least cost, for each other supply and for giving up.
//!
//! The cheapest of each pair is remembered. It changes when a holding comes, which is compared with it, and when the
//! one that is remembered has gone, which is found by looking through the few holdings of a supply, or at the head of a
//! queue where they are many.

use std::{cmp::Reverse, collections::BinaryHeap};

use super::{
    problem::{FORBIDDEN, Problem},
    solver::{Holding, Solver},
};

/// Up to so many holdings of a supply are looked through rather than queued.
const LISTED_MAX: usize = 40;
/// No holding.
const NOBODY: usize = usize::MAX;

/// Who lies on a supply.
#[derive(Debug, Default)]
pub(super) struct Row {
    /// Few are simply looked through.
    holdings: Vec<usize>,
    /// Many are kept in a queue per supply that they may move to, and one for giving up at the end; cheapest first.
    /// Holdings without units stay in it until they are seen.
    queues: Vec<BinaryHeap<Reverse<(i64, usize)>>>,
    queued: bool,
    /// Whether the supply has been full, so that its ways are remembered.
    is_known: bool,
    /// Whether a holding has been emptied since.
    is_stale: bool,
}

/// The cheapest ways, by supply and then by where to: each supply, and giving up at the end.
#[derive(Debug, Default)]
pub(super) struct Ways {
    width: usize,
    costs: Vec<i64>,
    holdings: Vec<usize>,
    /// Places to go to for which the holding that was remembered has gone.
    gone: Vec<usize>,
}

impl Row {
    pub(super) fn clear(&mut self) {
        self.holdings.clear();
        self.queues.iter_mut().for_each(BinaryHeap::clear);
        (self.queued, self.is_known, self.is_stale) = (false, false, false);
    }

    /// A holding of the supply has no units any more.
    pub(super) fn lose(&mut self) {
        self.is_stale = true;
    }
}

impl Ways {
    pub(super) fn start(&mut self, supplies: usize) {
        self.width = supplies + 1;
        self.costs.resize(supplies * self.width, FORBIDDEN);
        self.holdings.resize(supplies * self.width, NOBODY);
    }

    /// What the cheapest holding that leaves the supply costs, by where to; [`FORBIDDEN`] or nearly so where none may.
    pub(super) fn costs(&self, supply: usize) -> &[i64] {
        &self.costs[supply * self.width..(supply + 1) * self.width]
    }

    /// The same for one place to go to.
    pub(super) fn cost(&self, supply: usize, to: usize) -> i64 {
        self.costs[supply * self.width + to]
    }

    /// The holding that it costs that.
    pub(super) fn holding(&self, supply: usize, to: usize) -> usize {
        self.holdings[supply * self.width + to]
    }

    /// Finds who leaves a supply for those places among all that lie on it.
    fn look_through(
        &mut self,
        problem: &Problem,
        supply: usize,
        holdings: &[Holding],
        listed: &[usize],
        places: &[usize],
    ) {
        let row = supply * self.width..(supply + 1) * self.width;
        let (ways, movers) = (&mut self.costs[row.clone()], &mut self.holdings[row]);
        for to in places {
            (ways[*to], movers[*to]) = (FORBIDDEN, NOBODY);
        }
        for place in listed {
            let line = holdings[*place].line;
            let costs = problem.costs_of(line);
            let (here, unserved_cost) = (costs[supply], problem.lines()[line].unserved_cost);
            for to in places {
                let cost = costs.get(*to).copied().unwrap_or(unserved_cost) - here;
                if cost < ways[*to] {
                    (ways[*to], movers[*to]) = (cost, *place);
                }
            }
        }
    }

    /// Keeps of each way the cheaper one, that of before or that of the holding.
    fn let_in(&mut self, problem: &Problem, holding: Holding, place: usize) {
        let row = holding.supply * self.width..(holding.supply + 1) * self.width;
        let ways = self.costs[row.clone()].iter_mut().zip(&mut self.holdings[row]);
        let costs = problem.costs_of(holding.line);
        let here = costs[holding.supply];
        let unserved_cost = problem.lines()[holding.line].unserved_cost;
        for ((cost, mover), there) in ways.zip(costs.iter().chain([&unserved_cost])) {
            // A forbidden supply stays far above every real cost.
            if there - here < *cost {
                (*cost, *mover) = (there - here, place);
            }
        }
    }
}

impl Solver {
    /// A holding has units that had none, or is new.
    pub(super) fn let_in(&mut self, problem: &Problem, place: usize) {
        let holding = self.holdings[place];
        let row = &mut self.rows[holding.supply];
        if row.queued {
            for (to, queue) in row.queues.iter_mut().enumerate().filter(|(to, _)| *to != holding.supply) {
                queue.extend(entry(problem, holding, place, to));
            }
        } else if !holding.listed {
            self.holdings[place].listed = true;
            row.holdings.push(place);
        }
        if row.is_known {
            self.ways.let_in(problem, holding, place);
        }
    }

    /// Makes the ways away from a full supply right again.
    pub(super) fn mend_ways(&mut self, problem: &Problem, supply: usize) {
        let is_known = self.rows[supply].is_known;
        if is_known && !self.rows[supply].is_stale {
            return;
        }
        if !self.rows[supply].queued {
            self.drop_the_empty(supply);
            if self.rows[supply].holdings.len() > LISTED_MAX {
                self.open_queues(problem, supply);
            }
        }
        let mut gone = std::mem::take(&mut self.ways.gone);
        gone.clear();
        let movers = self.ways.holdings[supply * self.ways.width..].iter().take(self.ways.width).enumerate();
        let has_gone = |mover: usize| mover != NOBODY && self.holdings[mover].units == 0;
        gone.extend(movers.filter(|(_, mover)| !is_known || has_gone(**mover)).map(|(to, _)| to));
        let row = &mut self.rows[supply];
        (row.is_known, row.is_stale) = (true, false);
        if row.queued {
            self.look_at_heads(supply, &gone);
        } else {
            self.ways.look_through(problem, supply, &self.holdings, &row.holdings, &gone);
        }
        self.ways.gone = gone;
    }

    /// Finds who leaves for those places at the heads of the queues.
    fn look_at_heads(&mut self, supply: usize, places: &[usize]) {
        for to in places {
            let queue = &mut self.rows[supply].queues[*to];
            let mut way = (FORBIDDEN, NOBODY);
            while let Some(Reverse((cost, place))) = queue.peek().copied() {
                if self.holdings[place].units > 0 {
                    way = (cost, place);
                    break;
                }
                queue.pop();
            }
            let at = supply * self.ways.width + to;
            (self.ways.costs[at], self.ways.holdings[at]) = way;
        }
    }

    fn drop_the_empty(&mut self, supply: usize) {
        let holdings = &mut self.holdings;
        self.rows[supply].holdings.retain(|place| {
            holdings[*place].listed = holdings[*place].units > 0;
            holdings[*place].listed
        });
    }

    /// From a list to queues. They are made of whole lists, which takes no longer than reading them.
    fn open_queues(&mut self, problem: &Problem, supply: usize) {
        let row = &mut self.rows[supply];
        row.queues.resize_with(self.ways.width, BinaryHeap::new);
        row.queued = true;
        for (to, queue) in row.queues.iter_mut().enumerate().filter(|(to, _)| *to != supply) {
            let mut entries = std::mem::take(queue).into_vec();
            entries.extend(row.holdings.iter().filter_map(|place| entry(problem, self.holdings[*place], *place, to)));
            *queue = entries.into();
        }
    }
}

/// What the holding costs on a way, unless that is forbidden. Giving up is one beyond the last supply.
fn entry(problem: &Problem, holding: Holding, place: usize, to: usize) -> Option<Reverse<(i64, usize)>> {
    let costs = problem.costs_of(holding.line);
    let there = costs.get(to).copied().unwrap_or(problem.lines()[holding.line].unserved_cost);
    (there != FORBIDDEN).then(|| Reverse((there - costs[holding.supply], place)))
}
