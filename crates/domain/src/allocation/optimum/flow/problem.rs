//! What is asked and what is answered, checked so that the solver's arithmetic cannot overflow.

use crate::quantity::Quantity;

/// The largest cost of one unit. Costs are whole numbers of whatever small unit the caller counts in; what the solver
/// adds up for one unit stays below twice this, and sums over units are kept in 128 bits.
pub const COST_MAX: i64 = i64::MAX / 8;

/// How many supplies one item may have. The solver keeps a table of all pairs of them.
pub const SUPPLIES_MAX: usize = 2_048;

/// In the cost table: the supply may not serve the line. Two of them still add up to a number, and no real cost that is
/// taken off one brings it near a real cost.
pub(in crate::allocation::optimum) const FORBIDDEN: i64 = i64::MAX / 2;

/// What a line wants of the item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Base units that wait.
    pub units: Quantity,
    /// What each unit costs that is not served: the lost sale, or what waiting beyond all known supply costs.
    pub unserved_cost: i64,
}

/// Lines, supplies and the cost of each unit of the one from the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    lines: Vec<Line>,
    supplies: Vec<Quantity>,
    /// By line, then by supply.
    costs: Vec<i64>,
}

/// Why a problem is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProblemError {
    /// A cost below zero or too large.
    #[error("{field} of line {line} is {value}, it must be from 0 to {max}")]
    CostOutOfRange {
        /// The field that holds it.
        field: &'static str,
        /// The place of the line, from 0.
        line: usize,
        /// What it is.
        value: i64,
        /// What it may be at most.
        max: i64,
    },
    /// More supplies than the solver takes.
    #[error("supplies holds {count} of one item, it must hold at most {SUPPLIES_MAX}")]
    TooManySupplies {
        /// How many.
        count: usize,
    },
    /// A table of lines and supplies that no memory holds.
    #[error("lines holds {lines} and supplies {supplies}: that is more pairs than can be counted")]
    TooManyPairs {
        /// How many lines.
        lines: usize,
        /// How many supplies.
        supplies: usize,
    },
}

/// Units that a supply gives to a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Served {
    /// The place of the line in the problem.
    pub line: usize,
    /// The place of the supply in the problem.
    pub supply: usize,
    /// Base units, at least 1.
    pub units: Quantity,
}

/// Who is served from where, what it costs and what proves that nothing is cheaper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// By line, then by supply; no pair twice.
    pub served: Vec<Served>,
    /// What serving costs and what is not served costs, in sum.
    pub cost: i128,
    /// For each supply, what the plan would cost more with one unit less of it; 0 where units are left. For a supply
    /// without units, the least price at which no line would take one: its first unit saves no more than that.
    pub prices: Vec<i64>,
}

impl Problem {
    /// Makes a problem; `cost` says what a unit of a line from a supply costs (both by place), or `None` where the
    /// supply may not serve the line.
    ///
    /// # Errors
    /// [`ProblemError`] names the field that is out of range.
    pub fn try_new(
        lines: Vec<Line>,
        supplies: Vec<Quantity>,
        cost: impl Fn(usize, usize) -> Option<i64>,
    ) -> Result<Self, ProblemError> {
        let pairs = pairs(lines.len(), supplies.len())?;
        let mut costs = Vec::with_capacity(pairs);
        for (place, line) in lines.iter().enumerate() {
            in_range("unserved_cost", place, line.unserved_cost, COST_MAX)?;
            for supply in 0..supplies.len() {
                let value = cost(place, supply);
                costs.push(match value {
                    Some(value) => in_range("cost", place, value, COST_MAX)?,
                    None => FORBIDDEN,
                });
            }
        }
        Ok(Self { lines, supplies, costs })
    }

    /// The lines, by place.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The units of each supply, by place.
    #[must_use]
    pub fn supplies(&self) -> &[Quantity] {
        &self.supplies
    }

    /// What a unit of the line costs from the supply; `None` where it may not be served from there, or where one of
    /// the two is not in the problem.
    #[must_use]
    pub fn cost(&self, line: usize, supply: usize) -> Option<i64> {
        if line >= self.lines.len() || supply >= self.supplies.len() {
            return None;
        }
        Some(self.costs_of(line)[supply]).filter(|cost| *cost != FORBIDDEN)
    }

    /// The costs of a line's unit from each supply, [`FORBIDDEN`] among them.
    pub(in crate::allocation::optimum) fn costs_of(&self, line: usize) -> &[i64] {
        let width = self.supplies.len();
        &self.costs[line * width..(line + 1) * width]
    }

    /// Lets the line want nothing.
    pub(in crate::allocation::optimum) fn refuse(&mut self, line: usize) {
        self.lines[line].units = Quantity::ZERO;
    }

    /// Makes an unserved unit of the line dearer than anything that serving it can cost, as long as all other costs
    /// are below [`COST_MAX`] / ([`SUPPLIES_MAX`] + 2): a path that pushes others away passes each supply once.
    pub(in crate::allocation::optimum) fn require(&mut self, line: usize) {
        self.lines[line].unserved_cost = COST_MAX;
    }

    /// Forbids the line to use the supply.
    pub(in crate::allocation::optimum) fn forbid(&mut self, line: usize, supply: usize) {
        let width = self.supplies.len();
        self.costs[line * width + supply] = FORBIDDEN;
    }
}

fn pairs(lines: usize, supplies: usize) -> Result<usize, ProblemError> {
    if supplies > SUPPLIES_MAX {
        return Err(ProblemError::TooManySupplies { count: supplies });
    }
    lines.checked_mul(supplies).ok_or(ProblemError::TooManyPairs { lines, supplies })
}

/// The cost itself when it is from 0 to `max`.
pub(in crate::allocation::optimum) fn in_range(
    field: &'static str,
    line: usize,
    value: i64,
    max: i64,
) -> Result<i64, ProblemError> {
    if (0..=max).contains(&value) { Ok(value) } else { Err(ProblemError::CostOutOfRange { field, line, value, max }) }
}
