//! Checking a plan: what it costs, and that no plan costs less.
//!
//! The check solves nothing. A plan is cheapest when there are prices at which each line takes only what is cheapest
//! to it, prices included, and only full supplies have one: complementary slackness, as in Ahuja, Magnanti and Orlin,
//! Network Flows (1993), theorem 9.4.

use super::problem::{Plan, Problem, Served};

/// What is wrong with a plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// A line is served from where it may not be, or one of the two does not exist.
    #[error("line {line} may not be served from supply {supply}")]
    NotEligible {
        /// The place of the line.
        line: usize,
        /// The place of the supply.
        supply: usize,
    },
    /// A line gets more than it wants.
    #[error("line {line} is served {units} units more than it wants")]
    ServedTooMuch {
        /// The place of the line.
        line: usize,
        /// How many are too much.
        units: i128,
    },
    /// A supply gives more than it has.
    #[error("supply {supply} gives {units} units more than it has")]
    GivenTooMuch {
        /// The place of the supply.
        supply: usize,
        /// How many are too much.
        units: i128,
    },
    /// The stated cost is not what the plan costs.
    #[error("cost is {stated}, the plan costs {actual}")]
    WrongCost {
        /// What the plan says.
        stated: i128,
        /// What it costs.
        actual: i128,
    },
    /// Not one price for each supply, or one below zero.
    #[error("prices holds {count} of which the least is {least}, it must hold {supplies} of at least 0")]
    WrongPrices {
        /// How many there are.
        count: usize,
        /// The least of them, 0 when there is none.
        least: i64,
        /// How many there must be.
        supplies: usize,
    },
    /// A supply that has units left has a price: the plan may leave units where they are wanted.
    #[error("supply {supply} has units left and a price of {price}")]
    PriceOfLeftUnits {
        /// The place of the supply.
        supply: usize,
        /// Its price.
        price: i64,
    },
    /// A line is served, or not served, at more than it costs it elsewhere.
    #[error("a unit of line {line} costs {paid}, prices included, and could cost {least}")]
    NotCheapest {
        /// The place of the line.
        line: usize,
        /// What its dearest unit costs.
        paid: i128,
        /// What it could cost.
        least: i128,
    },
    /// A line is short though something of it or of its order is served, and they go as a whole.
    #[error("line {line} is short, and what goes with it is served in part")]
    ServedInPart {
        /// The place of the line.
        line: usize,
    },
}

/// What a plan costs, whoever made it: also that of the rules, beside the optimum.
///
/// # Errors
/// [`Flaw`] when it serves what may not be served, or more than there is.
pub fn cost_of(problem: &Problem, served: &[Served]) -> Result<i128, Flaw> {
    let sums = Sums::of(problem, served)?;
    let mut cost = sums.serving;
    for (line, unserved) in problem.lines().iter().zip(&sums.unserved) {
        cost += unserved * i128::from(line.unserved_cost);
    }
    Ok(cost)
}

/// Proves that the plan can be carried out and that none costs less.
///
/// # Errors
/// [`Flaw`] says what speaks against it.
pub fn verify(problem: &Problem, plan: &Plan) -> Result<(), Flaw> {
    let actual = cost_of(problem, &plan.served)?;
    if actual != plan.cost {
        return Err(Flaw::WrongCost { stated: plan.cost, actual });
    }
    let (count, supplies) = (plan.prices.len(), problem.supplies().len());
    let least = plan.prices.iter().copied().min().unwrap_or(0);
    if count != supplies || least < 0 {
        return Err(Flaw::WrongPrices { count, least, supplies });
    }
    let sums = Sums::of(problem, &plan.served)?;
    for (supply, (left, price)) in sums.left.iter().zip(&plan.prices).enumerate() {
        if *left > 0 && *price > 0 {
            return Err(Flaw::PriceOfLeftUnits { supply, price: *price });
        }
    }
    let total = |line: usize, supply: usize| {
        problem.cost(line, supply).map(|cost| i128::from(cost) + i128::from(plan.prices[supply]))
    };
    let mut least: Vec<i128> = problem.lines().iter().map(|line| i128::from(line.unserved_cost)).collect();
    for (line, least) in least.iter_mut().enumerate() {
        *least = (0..supplies).filter_map(|supply| total(line, supply)).fold(*least, i128::min);
    }
    let served = plan.served.iter().filter_map(|served| Some((served.line, total(served.line, served.supply)?)));
    let unserved = problem.lines().iter().zip(&sums.unserved).enumerate();
    let unserved = unserved.filter(|(_, (_, units))| **units > 0);
    for (line, paid) in served.chain(unserved.map(|(place, (line, _))| (place, i128::from(line.unserved_cost)))) {
        if paid > least[line] {
            return Err(Flaw::NotCheapest { line, paid, least: least[line] });
        }
    }
    Ok(())
}

/// What a plan leaves, and what serving costs.
struct Sums {
    unserved: Vec<i128>,
    left: Vec<i128>,
    serving: i128,
}

impl Sums {
    fn of(problem: &Problem, served: &[Served]) -> Result<Self, Flaw> {
        let mut unserved: Vec<i128> = problem.lines().iter().map(|line| i128::from(line.units.get())).collect();
        let mut left: Vec<i128> = problem.supplies().iter().map(|units| i128::from(units.get())).collect();
        let mut serving = 0;
        for Served { line, supply, units } in served.iter().copied() {
            let cost = problem.cost(line, supply).ok_or(Flaw::NotEligible { line, supply })?;
            let units = i128::from(units.get());
            unserved[line] -= units;
            left[supply] -= units;
            serving += units * i128::from(cost);
        }
        if let Some(line) = unserved.iter().position(|units| *units < 0) {
            return Err(Flaw::ServedTooMuch { line, units: -unserved[line] });
        }
        if let Some(supply) = left.iter().position(|units| *units < 0) {
            return Err(Flaw::GivenTooMuch { supply, units: -left[supply] });
        }
        Ok(Self { unserved, left, serving })
    }
}
