//! What a unit less of each supply costs, and the path on which it is done without.
//!
//! Prices only rise while lines are placed, so that the rise is what is searched for: Dijkstra's method on the costs
//! reduced by the old prices, over those supplies alone whose path is broken. Supplies with units left cost nothing.

use std::{cmp::Reverse, collections::BinaryHeap};

use super::{
    problem::{COST_MAX, FORBIDDEN, Problem},
    solver::{Holding, NONE, SHUT, Solver, Step},
};

/// Up to so many holdings of a supply are looked through rather than queued.
const LISTED_MAX: usize = 24;

/// The holding that leaves a supply for another, or gives up, at the least cost.
#[derive(Debug, Clone, Copy)]
struct Way {
    cost: i64,
    holding: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Unknown,
    /// Its path is whole: neither its price nor its step change.
    Sound,
    /// Its path is broken further on, or here.
    Broken,
    /// Its new price is found.
    Mended,
}

/// Tables of the search for new prices.
#[derive(Debug, Default)]
pub(super) struct Search {
    marks: Vec<Mark>,
    path: Vec<usize>,
    /// By supply, then by where to: each supply, and giving up at the end. A row holds when its supply says so.
    ways: Vec<Way>,
    /// The least price found so far, with the step that leads there.
    found: Vec<(i64, Step)>,
    affected: Vec<usize>,
}

impl Search {
    pub(super) fn start(&mut self, supplies: usize) {
        self.ways.resize(supplies * (supplies + 1), Way { cost: FORBIDDEN, holding: NONE });
        self.found.resize(supplies, (i64::MAX, Step::Free));
    }
}

impl Solver {
    /// Finds the new prices and steps of the supplies whose path is broken.
    pub(super) fn mend_prices(&mut self, problem: &Problem) {
        self.mark();
        let count = self.prices.len();
        let mut affected = std::mem::take(&mut self.search.affected);
        for supply in &affected {
            if !self.rows[*supply].is_known {
                self.find_ways(problem, *supply);
            }
            self.search.found[*supply] = self.best_among_the_sound(*supply);
        }
        while let Some(next) = self.nearest(&affected) {
            let supply = affected.swap_remove(next);
            let (price, step) = self.search.found[supply];
            (self.prices[supply], self.steps[supply]) = (price, step);
            self.search.marks[supply] = Mark::Mended;
            for other in &affected {
                let way = self.search.ways[other * (count + 1) + supply];
                if way.cost <= COST_MAX && way.cost + price < self.search.found[*other].0 {
                    self.search.found[*other] = (way.cost + price, Step::Move { holding: way.holding, to: supply });
                }
            }
        }
        self.search.affected = affected;
        self.broken.fill(false);
    }

    /// Says of each supply whether its path is broken, following the steps until something known is met.
    fn mark(&mut self) {
        let Search { marks, path, affected, .. } = &mut self.search;
        marks.clear();
        marks.resize(self.prices.len(), Mark::Unknown);
        affected.clear();
        for supply in 0..self.prices.len() {
            let mut at = supply;
            path.clear();
            let verdict = loop {
                match (marks[at], self.steps[at]) {
                    (Mark::Unknown, _) if self.broken[at] => {
                        path.push(at);
                        break Mark::Broken;
                    }
                    (Mark::Unknown, Step::Free | Step::GiveUp { .. }) => {
                        path.push(at);
                        break Mark::Sound;
                    }
                    (Mark::Unknown, Step::Move { to, .. }) => {
                        path.push(at);
                        at = to;
                    }
                    (known, _) => break known,
                }
            };
            for passed in path.iter() {
                marks[*passed] = verdict;
                if verdict == Mark::Broken {
                    affected.push(*passed);
                }
            }
        }
    }

    /// The best that a supply reaches without another one whose path is broken.
    fn best_among_the_sound(&self, supply: usize) -> (i64, Step) {
        let count = self.prices.len();
        let ways = &self.search.ways[supply * (count + 1)..(supply + 1) * (count + 1)];
        let mut best = (ways[count].cost, Step::GiveUp { holding: ways[count].holding });
        for (to, way) in ways[..count].iter().enumerate() {
            let is_open = self.search.marks[to] == Mark::Sound && self.prices[to] != SHUT && way.cost <= COST_MAX;
            if is_open && way.cost + self.prices[to] < best.0 {
                best = (way.cost + self.prices[to], Step::Move { holding: way.holding, to });
            }
        }
        best
    }

    /// The place in the list of the supply whose price rises least: no path can make it rise less.
    fn nearest(&self, affected: &[usize]) -> Option<usize> {
        let rise = |supply: usize| self.search.found[supply].0.saturating_sub(self.prices[supply]);
        (0..affected.len()).min_by_key(|place| (rise(affected[*place]), affected[*place]))
    }

    /// Fills the supply's row of ways, which then holds until one of its holdings is emptied.
    fn find_ways(&mut self, problem: &Problem, supply: usize) {
        self.rows[supply].is_known = true;
        if !self.rows[supply].queued {
            self.drop_the_empty(supply);
            if self.rows[supply].holdings.len() > LISTED_MAX {
                self.open_queues(problem, supply);
            }
        }
        let count = self.prices.len();
        let ways = &mut self.search.ways[supply * (count + 1)..(supply + 1) * (count + 1)];
        ways.fill(Way { cost: FORBIDDEN, holding: NONE });
        let row = &mut self.rows[supply];
        if row.queued {
            for (way, queue) in ways.iter_mut().zip(&mut row.queues) {
                while let Some(Reverse((cost, holding))) = queue.peek().copied() {
                    if self.holdings[holding].units > 0 {
                        *way = Way { cost, holding };
                        break;
                    }
                    queue.pop();
                }
            }
            return;
        }
        for place in &row.holdings {
            fold_in(ways, problem, self.holdings[*place], *place);
        }
    }

    /// Lets a holding that has units again into what is known of its supply's ways.
    pub(super) fn let_in(&mut self, problem: &Problem, place: usize) {
        let holding = self.holdings[place];
        if self.rows[holding.supply].queued {
            self.queue_up(problem, place);
        }
        if self.rows[holding.supply].is_known {
            let width = self.prices.len() + 1;
            let ways = &mut self.search.ways[holding.supply * width..(holding.supply + 1) * width];
            fold_in(ways, problem, holding, place);
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
        let count = self.prices.len();
        let row = &mut self.rows[supply];
        row.queues.resize_with(count + 1, BinaryHeap::new);
        row.queued = true;
        for (to, queue) in row.queues.iter_mut().enumerate().filter(|(to, _)| *to != supply) {
            let mut entries = std::mem::take(queue).into_vec();
            entries.extend(row.holdings.iter().filter_map(|place| {
                let line = self.holdings[*place].line;
                let there = match to {
                    give_up if give_up == count => problem.lines()[line].unserved_cost,
                    to => problem.costs_of(line)[to],
                };
                (there != FORBIDDEN).then(|| Reverse((there - problem.costs_of(line)[supply], *place)))
            }));
            *queue = entries.into();
        }
    }

    /// Puts a holding that has units again into its supply's queues.
    fn queue_up(&mut self, problem: &Problem, place: usize) {
        let (line, supply) = (self.holdings[place].line, self.holdings[place].supply);
        let costs = problem.costs_of(line);
        let unserved = problem.lines()[line].unserved_cost;
        let queues = self.rows[supply].queues.iter_mut();
        for (to, (queue, there)) in queues.zip(costs.iter().chain([&unserved])).enumerate() {
            if to != supply && *there != FORBIDDEN && self.prices.get(to) != Some(&SHUT) {
                queue.push(Reverse((there - costs[supply], place)));
            }
        }
    }
}

/// Keeps of each way the cheaper one, that of before or that of the holding.
fn fold_in(ways: &mut [Way], problem: &Problem, holding: Holding, place: usize) {
    let costs = problem.costs_of(holding.line);
    let here = costs[holding.supply];
    let unserved_cost = problem.lines()[holding.line].unserved_cost;
    for (way, there) in ways.iter_mut().zip(costs.iter().chain([&unserved_cost])) {
        // A forbidden supply stays far above every real cost.
        if there - here < way.cost {
            *way = Way { cost: there - here, holding: place };
        }
    }
}
