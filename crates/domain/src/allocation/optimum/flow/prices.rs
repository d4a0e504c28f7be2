//! What a unit less of each supply costs, and the path on which it is done without.
//!
//! Prices only rise while lines are placed, so that the rise is what is searched for: Dijkstra's method on the costs
//! reduced by the old prices, over those supplies alone whose path is broken. Supplies with units left cost nothing.

use super::{
    problem::Problem,
    solver::{SHUT, Solver, Step},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Unknown,
    /// Its path is whole: neither its price nor its step change.
    Sound,
    /// Its path is broken further on, or here.
    Broken,
}

/// How many of the broken steps could be replaced at the same price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aside {
    All,
    Some,
    None,
}

/// Tables of the search for new prices.
#[derive(Debug, Default)]
pub(super) struct Search {
    marks: Vec<Mark>,
    path: Vec<usize>,
    affected: Vec<usize>,
    /// The prices of the supplies whose path is whole; the others are blocked.
    sound: Vec<i64>,
    /// The least price found so far, with the supply that leads there; giving up is one beyond the last.
    found: Vec<(i64, usize)>,
}

impl Search {
    pub(super) fn start(&mut self, supplies: usize) {
        self.found.resize(supplies, (0, 0));
    }
}

impl Solver {
    /// Finds the new prices and steps of the supplies whose path is broken.
    pub(super) fn mend_prices(&mut self, problem: &Problem) {
        self.mark();
        match self.turn_aside(problem) {
            Aside::All => return,
            Aside::Some => self.mark(),
            Aside::None => {}
        }
        let mut affected = std::mem::take(&mut self.search.affected);
        for supply in &affected {
            self.mend_ways(problem, *supply);
            self.search.found[*supply] = self.best_among_the_sound(*supply);
        }
        let mut next = self.nearest(&affected, None);
        while let Some(place) = next {
            let supply = affected.swap_remove(place);
            let (price, to) = self.search.found[supply];
            self.steps[supply] = self.step(supply, to);
            self.prices[supply] = price;
            next = self.nearest(&affected, Some(supply));
        }
        self.search.affected = affected;
        self.broken.fill(false);
    }

    /// The place in the list of the supply whose price rises least, since no path can make it rise less; after a look
    /// at what the supply that was mended last offers the others.
    fn nearest(&mut self, affected: &[usize], mended: Option<usize>) -> Option<usize> {
        let (mut nearest, mut least) = (None, i64::MAX);
        for (place, supply) in affected.iter().enumerate() {
            let found = &mut self.search.found[*supply];
            if let Some(mended) = mended {
                let total = self.ways.cost(*supply, mended) + self.prices[mended];
                if total < found.0 {
                    *found = (total, mended);
                }
            }
            let rise = found.0 - self.prices[*supply];
            if rise < least {
                (nearest, least) = (Some(place), rise);
            }
        }
        nearest
    }

    /// Lets supplies whose own step has broken take another one at the same price, where there is one. Whatever passes
    /// through them stays as it is.
    fn turn_aside(&mut self, problem: &Problem) -> Aside {
        let (mut turned, mut stuck) = (false, false);
        for supply in 0..self.prices.len() {
            if !self.broken[supply] {
                continue;
            }
            self.mend_ways(problem, supply);
            let (price, to) = self.best_among_the_sound(supply);
            if price == self.prices[supply] {
                self.steps[supply] = self.step(supply, to);
                self.broken[supply] = false;
                turned = true;
            } else {
                stuck = true;
            }
        }
        match (turned, stuck) {
            (_, false) => Aside::All,
            (true, true) => Aside::Some,
            (false, true) => Aside::None,
        }
    }

    fn step(&self, supply: usize, to: usize) -> Step {
        let holding = self.ways.holding(supply, to);
        if to == self.prices.len() { Step::GiveUp { holding } } else { Step::Move { holding, to } }
    }

    /// Says of each supply whether its path is broken, following the steps until something known is met.
    fn mark(&mut self) {
        let Search { marks, path, affected, sound, .. } = &mut self.search;
        marks.clear();
        marks.resize(self.prices.len(), Mark::Unknown);
        affected.clear();
        sound.clear();
        sound.extend(&self.prices);
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
                    sound[*passed] = SHUT;
                }
            }
        }
    }

    /// The best that a supply reaches without another one whose path is broken. Giving up is always possible, since a
    /// full supply has holdings.
    fn best_among_the_sound(&self, supply: usize) -> (i64, usize) {
        let (costs, count) = (self.ways.costs(supply), self.prices.len());
        let mut best = (costs[count], count);
        for (to, (cost, price)) in costs.iter().zip(&self.search.sound).enumerate() {
            let total = cost + price;
            if total < best.0 {
                best = (total, to);
            }
        }
        best
    }
}
