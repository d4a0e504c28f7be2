//! Placing the lines one by one, each on the cheapest path, so that what is placed is the cheapest plan at any time.

use std::cmp::{Ordering, Reverse};

use super::{
    prices::Search,
    problem::{FORBIDDEN, Plan, Problem, Served},
    ways::{Row, Ways},
};
use crate::quantity::Quantity;

/// No holding.
const NONE: usize = usize::MAX;
/// The price of a supply that never had a unit: nobody can take its place.
pub(super) const SHUT: i64 = FORBIDDEN;

/// Units of one line that lie on one supply.
#[derive(Debug, Clone, Copy)]
pub(super) struct Holding {
    pub(super) line: usize,
    pub(super) supply: usize,
    pub(super) units: i64,
    /// Whether it is in its supply's list.
    pub(super) listed: bool,
    /// The holding of the same line made before it, or [`NONE`].
    older: usize,
}

/// Where a unit goes that has to leave a supply, on the cheapest path to where nobody misses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// It need not leave: the supply has units left.
    Free,
    /// The holding gives it up, unserved.
    GiveUp { holding: usize },
    /// The holding moves it to another supply.
    Move { holding: usize, to: usize },
}

/// Solves one problem after the other and keeps its tables between them.
#[derive(Debug, Default)]
pub struct Solver {
    pub(super) prices: Vec<i64>,
    pub(super) left: Vec<i64>,
    pub(super) steps: Vec<Step>,
    pub(super) rows: Vec<Row>,
    pub(super) holdings: Vec<Holding>,
    /// The newest holding of each line.
    newest: Vec<usize>,
    /// The order in which lines are placed, with what serving a unit saves.
    order: Vec<(Reverse<i64>, usize)>,
    /// Supplies whose step is no longer possible.
    pub(super) broken: Vec<bool>,
    pub(super) ways: Ways,
    pub(super) search: Search,
}

/// The cheapest plan for one problem. Where several problems are solved, one [`Solver`] saves making its tables anew.
#[must_use]
pub fn solve(problem: &Problem) -> Plan {
    Solver::default().solve(problem)
}

impl Solver {
    /// The cheapest plan. The same problem gets the same plan; of two plans that cost the same, which one is not said.
    #[must_use]
    pub fn solve(&mut self, problem: &Problem) -> Plan {
        self.start(problem);
        // What saves most comes first, so that later lines seldom push earlier ones away. Any order is right.
        let mut order = std::mem::take(&mut self.order);
        order.sort_unstable();
        for (_, line) in &order {
            self.place(problem, *line);
        }
        self.order = order;
        self.price_empty_supplies(problem);
        self.plan(problem)
    }

    fn start(&mut self, problem: &Problem) {
        let supplies = problem.supplies();
        self.prices.clear();
        self.prices.extend(supplies.iter().map(|units| if units.is_zero() { SHUT } else { 0 }));
        self.left.clear();
        self.left.extend(supplies.iter().map(|units| units.get()));
        self.steps.clear();
        self.steps.resize(supplies.len(), Step::Free);
        self.broken.clear();
        self.broken.resize(supplies.len(), false);
        if self.rows.len() < supplies.len() {
            self.rows.resize_with(supplies.len(), Row::default);
        }
        self.rows.iter_mut().for_each(Row::clear);
        self.search.start(supplies.len());
        self.ways.start(supplies.len());
        self.holdings.clear();
        self.newest.clear();
        self.newest.resize(problem.lines().len(), NONE);
        self.order.clear();
        self.order.extend(problem.lines().iter().enumerate().filter_map(|(place, line)| {
            let cheapest = problem.costs_of(place).iter().copied().min().filter(|cost| *cost != FORBIDDEN)?;
            (!line.units.is_zero()).then_some((Reverse(line.unserved_cost - cheapest), place))
        }));
    }

    /// Places what the line wants. What it gives up here stays unserved for good, since prices only rise.
    fn place(&mut self, problem: &Problem, line: usize) {
        let mut wanted = problem.lines()[line].units.get();
        while wanted > 0 {
            let Some(supply) = self.cheapest_supply(problem, line) else { return };
            let units = self.room(supply, wanted);
            self.hold(problem, line, supply, units);
            self.push_away(problem, supply, units);
            wanted -= units;
        }
    }

    /// Where a unit of the line is cheapest, or `None` when it is cheapest unserved.
    fn cheapest_supply(&self, problem: &Problem, line: usize) -> Option<usize> {
        let mut cheapest = (i64::MAX, NONE);
        for (supply, (cost, price)) in problem.costs_of(line).iter().zip(&self.prices).enumerate() {
            // A forbidden or a shut supply stays above the cost of every unserved unit.
            let total = cost + price;
            if total < cheapest.0 {
                cheapest = (total, supply);
            }
        }
        let (total, supply) = cheapest;
        match total.cmp(&problem.lines()[line].unserved_cost) {
            Ordering::Less => Some(supply),
            Ordering::Equal => (self.left[supply] > 0).then_some(supply),
            Ordering::Greater => None,
        }
    }

    /// How many of the units fit on the supply when the path away from it carries as many.
    fn room(&self, supply: usize, wanted: i64) -> i64 {
        let (mut room, mut at) = (wanted, supply);
        loop {
            match self.steps[at] {
                Step::Free => return room.min(self.left[at]),
                Step::GiveUp { holding } => return room.min(self.holdings[holding].units),
                Step::Move { holding, to } => {
                    room = room.min(self.holdings[holding].units);
                    at = to;
                }
            }
        }
    }

    /// Makes room for the units on the supply along the path away from it, then mends the prices if the path ends.
    fn push_away(&mut self, problem: &Problem, supply: usize, units: i64) {
        let (mut at, mut is_broken) = (supply, false);
        loop {
            let (emptied, next) = match self.steps[at] {
                Step::Free => {
                    self.left[at] -= units;
                    (self.left[at] == 0, None)
                }
                Step::GiveUp { holding } => (self.take_off(holding, units), None),
                Step::Move { holding, to } => {
                    let line = self.holdings[holding].line;
                    let emptied = self.take_off(holding, units);
                    self.hold(problem, line, to, units);
                    (emptied, Some(to))
                }
            };
            self.broken[at] = emptied;
            is_broken |= emptied;
            let Some(next) = next else { break };
            at = next;
        }
        if is_broken {
            self.mend_prices(problem);
        }
    }

    /// True when nothing is left of the holding.
    fn take_off(&mut self, place: usize, units: i64) -> bool {
        let holding = &mut self.holdings[place];
        holding.units -= units;
        if holding.units == 0 {
            self.rows[holding.supply].lose();
        }
        holding.units == 0
    }

    fn hold(&mut self, problem: &Problem, line: usize, supply: usize, units: i64) {
        let mut place = self.newest[line];
        while place != NONE && self.holdings[place].supply != supply {
            place = self.holdings[place].older;
        }
        if place == NONE {
            place = self.holdings.len();
            self.holdings.push(Holding { line, supply, units: 0, listed: false, older: self.newest[line] });
            self.newest[line] = place;
        }
        let was_empty = self.holdings[place].units == 0;
        self.holdings[place].units += units;
        if was_empty {
            self.let_in(problem, place);
        }
    }

    /// A supply without units has the least price at which no line wants it.
    fn price_empty_supplies(&mut self, problem: &Problem) {
        if !self.prices.contains(&SHUT) {
            return;
        }
        let mut worth = vec![0; self.prices.len()];
        for (place, line) in problem.lines().iter().enumerate().filter(|(_, line)| !line.units.is_zero()) {
            let costs = problem.costs_of(place);
            let cheapest = costs.iter().zip(&self.prices).map(|(cost, price)| cost + price).min();
            let paid = cheapest.map_or(line.unserved_cost, |cheapest| cheapest.min(line.unserved_cost));
            for (worth, cost) in worth.iter_mut().zip(costs) {
                *worth = (paid - cost).max(*worth);
            }
        }
        for (price, worth) in self.prices.iter_mut().zip(worth).filter(|(price, _)| **price == SHUT) {
            *price = worth;
        }
    }

    fn plan(&self, problem: &Problem) -> Plan {
        let mut served = Vec::with_capacity(self.holdings.len());
        let mut cost = 0_i128;
        for (place, line) in problem.lines().iter().enumerate() {
            let (first, costs) = (served.len(), problem.costs_of(place));
            let (mut at, mut unserved) = (self.newest[place], line.units.get());
            while at != NONE {
                let holding = self.holdings[at];
                if let Some(units) = Quantity::try_new(holding.units).ok().filter(|units| !units.is_zero()) {
                    served.push(Served { line: place, supply: holding.supply, units });
                    cost += i128::from(holding.units) * i128::from(costs[holding.supply]);
                    unserved -= holding.units;
                }
                at = holding.older;
            }
            cost += i128::from(unserved) * i128::from(line.unserved_cost);
            served[first..].sort_unstable();
        }
        Plan { served, cost, prices: self.prices.clone() }
    }
}
