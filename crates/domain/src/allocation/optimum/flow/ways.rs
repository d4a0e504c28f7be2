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
const LISTED_MAX: usize = 24;
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
        let row = &mut self.rows[supply];
        (row.is_known, row.is_stale) = (true, false);
        if !is_known {
            self.ways.costs[supply * self.ways.width..][..self.ways.width].fill(FORBIDDEN);
            self.ways.holdings[supply * self.ways.width..][..self.ways.width].fill(NOBODY);
        }
        if !is_known && !row.queued {
            for place in &row.holdings {
                self.ways.let_in(problem, self.holdings[*place], *place);
            }
            return;
        }
        for to in (0..self.ways.width).filter(|to| *to != supply) {
            let way = supply * self.ways.width + to;
            let mover = self.ways.holdings[way];
            let has_gone = if mover == NOBODY { !is_known } else { self.holdings[mover].units == 0 };
            if has_gone {
                let cheapest = self.cheapest_mover(problem, supply, to);
                (self.ways.costs[way], self.ways.holdings[way]) = cheapest.unwrap_or((FORBIDDEN, NOBODY));
            }
        }
    }

    /// The holding that leaves the supply for another, or gives up, at the least cost.
    fn cheapest_mover(&mut self, problem: &Problem, supply: usize, to: usize) -> Option<(i64, usize)> {
        let row = &mut self.rows[supply];
        if !row.queued {
            let entries = row.holdings.iter().filter_map(|place| entry(problem, self.holdings[*place], *place, to));
            return entries.map(|Reverse(entry)| entry).min();
        }
        let queue = row.queues.get_mut(to)?;
        while let Some(Reverse((cost, place))) = queue.peek().copied() {
            if self.holdings[place].units > 0 {
                return Some((cost, place));
            }
            queue.pop();
        }
        None
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
