//! Lines of several items, their supplies, and what goes together.

use crate::{
    allocation::optimum::flow::{self, ProblemError, SUPPLIES_MAX},
    quantity::Quantity,
};

use super::super::flow::in_range;

/// The largest cost of one unit, and of one split. It leaves room above it for a penalty that no path of the flow can
/// outweigh.
pub const COST_MAX: i64 = flow::COST_MAX / (SUPPLIES_MAX as i64 + 2);

/// What is served as a whole or not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Whole {
    /// Nothing: each unit of the line may be served by itself.
    No,
    /// The line, a ship-complete line.
    Line,
    /// All lines that name the same order, a ship-complete order. The number is the caller's.
    Order(usize),
}

/// What a line wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// The item, a number of the caller's.
    pub item: usize,
    /// Base units that wait.
    pub units: Quantity,
    /// What each unit costs that is not served.
    pub unserved_cost: i64,
    /// What each location costs from which the line is served beyond the first.
    pub split_cost: i64,
    /// What it is served together with.
    pub whole: Whole,
}

/// Units of an item at one place and from one day on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Supply {
    /// The item.
    pub item: usize,
    /// Where they are. Supplies of one location are no split; a caller that ships each arrival by itself numbers them
    /// apart.
    pub location: usize,
    /// Base units.
    pub units: Quantity,
}

/// Lines, supplies and the cost of each unit of the one from the other, where both are of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub(super) lines: Vec<Line>,
    pub(super) supplies: Vec<Supply>,
    /// The items that have lines, by number.
    pub(super) items: Vec<Item>,
}

/// One item's share of the problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    /// Its lines and supplies, without what goes together and without splits.
    pub(super) flow: flow::Problem,
    /// The places of its lines in the whole problem.
    pub(super) lines: Vec<usize>,
    /// The places of its supplies in the whole problem.
    pub(super) supplies: Vec<usize>,
}

impl Problem {
    /// Makes a problem; `cost` says what a unit of a line from a supply of the same item costs (both by place), or
    /// `None` where the supply may not serve the line.
    ///
    /// # Errors
    /// [`ProblemError`] names the field that is out of range.
    pub fn try_new(
        lines: Vec<Line>,
        supplies: Vec<Supply>,
        cost: impl Fn(usize, usize) -> Option<i64>,
    ) -> Result<Self, ProblemError> {
        for (place, line) in lines.iter().enumerate() {
            in_range("unserved_cost", place, line.unserved_cost, COST_MAX)?;
            in_range("split_cost", place, line.split_cost, COST_MAX)?;
        }
        let lines_of = by_item(lines.iter().map(|line| line.item));
        let mut supplies_of = by_item(supplies.iter().map(|supply| supply.item)).into_iter().peekable();
        let mut items = Vec::with_capacity(lines_of.len());
        for (item, of_lines) in lines_of {
            while supplies_of.next_if(|(other, _)| *other < item).is_some() {}
            let of_supplies = supplies_of.next_if(|(other, _)| *other == item).map(|(_, places)| places);
            let of_supplies = of_supplies.unwrap_or_default();
            items.push(Item::try_new(&lines, &supplies, of_lines, of_supplies, &cost)?);
        }
        Ok(Self { lines, supplies, items })
    }

    /// The lines, by place.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The supplies, by place.
    #[must_use]
    pub fn supplies(&self) -> &[Supply] {
        &self.supplies
    }
}

impl Item {
    fn try_new(
        lines: &[Line],
        supplies: &[Supply],
        of_lines: Vec<usize>,
        of_supplies: Vec<usize>,
        cost: impl Fn(usize, usize) -> Option<i64>,
    ) -> Result<Self, ProblemError> {
        let wanted = of_lines.iter().map(|place| {
            let Line { units, unserved_cost, .. } = lines[*place];
            flow::Line { units, unserved_cost }
        });
        let units = of_supplies.iter().map(|place| supplies[*place].units).collect();
        let flow =
            flow::Problem::try_new(wanted.collect(), units, |line, supply| cost(of_lines[line], of_supplies[supply]))
                .map_err(|error| in_whole(error, &of_lines))?;
        for (line, place) in of_lines.iter().enumerate() {
            for value in (0..of_supplies.len()).filter_map(|supply| flow.cost(line, supply)) {
                in_range("cost", *place, value, COST_MAX)?;
            }
        }
        Ok(Self { flow, lines: of_lines, supplies: of_supplies })
    }
}

/// The same error with the line's place in the whole problem.
fn in_whole(error: ProblemError, places: &[usize]) -> ProblemError {
    match error {
        ProblemError::CostOutOfRange { field, line, value, max: _ } => {
            ProblemError::CostOutOfRange { field, line: places[line], value, max: COST_MAX }
        }
        other @ (ProblemError::TooManySupplies { .. } | ProblemError::TooManyPairs { .. }) => other,
    }
}

/// The places of each item, by the item's number.
fn by_item(items: impl Iterator<Item = usize>) -> Vec<(usize, Vec<usize>)> {
    let mut order: Vec<(usize, usize)> = items.enumerate().map(|(place, item)| (item, place)).collect();
    order.sort_unstable();
    let of_one = |run: &[(usize, usize)]| (run[0].0, run.iter().map(|(_, place)| *place).collect());
    order.chunk_by(|left, right| left.0 == right.0).map(of_one).collect()
}
