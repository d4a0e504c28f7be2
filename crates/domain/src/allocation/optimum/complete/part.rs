//! The parts of a problem that can be searched apart: items that no whole couples.

use std::collections::BTreeMap;

use super::problem::{Item, Problem, Whole};

/// A line, by its place in a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct At {
    /// The place of the item in the part.
    pub(super) item: usize,
    /// The place of the line in the item.
    pub(super) line: usize,
}

/// Items that are coupled, and what couples them.
#[derive(Debug)]
pub(super) struct Part<'a> {
    pub(super) problem: &'a Problem,
    pub(super) items: Vec<&'a Item>,
    /// Lines that are served all or not at all; each list is by item.
    pub(super) wholes: Vec<Vec<At>>,
    /// The places in `wholes` of those that have a line of the item.
    pub(super) wholes_of: Vec<Vec<usize>>,
}

impl Part<'_> {
    /// What each location of the line beyond the first costs.
    pub(super) fn split_cost(&self, at: At) -> i64 {
        self.problem.lines[self.items[at.item].lines[at.line]].split_cost
    }

    /// The location of an item's supply.
    pub(super) fn location(&self, item: usize, supply: usize) -> usize {
        self.problem.supplies[self.items[item].supplies[supply]].location
    }
}

/// The parts of a problem, in the order of their first items.
pub(super) fn parts(problem: &Problem) -> Vec<Part<'_>> {
    let mut wholes: BTreeMap<(Whole, usize), Vec<At>> = BTreeMap::new();
    for (item, of_item) in problem.items.iter().enumerate() {
        for (line, place) in of_item.lines.iter().enumerate() {
            let key = match problem.lines[*place].whole {
                Whole::No => continue,
                Whole::Line => (Whole::Line, *place),
                Whole::Order(order) => (Whole::Order(order), 0),
            };
            wholes.entry(key).or_default().push(At { item, line });
        }
    }
    let mut roots: Vec<usize> = (0..problem.items.len()).collect();
    for whole in wholes.values() {
        for pair in whole.windows(2) {
            let (left, right) = (root(&mut roots, pair[0].item), root(&mut roots, pair[1].item));
            // The lesser one is the root, so that a part is named by its first item.
            roots[left.max(right)] = left.min(right);
        }
    }
    let mut place_of_root = BTreeMap::new();
    let mut parts: Vec<Part<'_>> = Vec::new();
    let mut homes = Vec::with_capacity(roots.len());
    for (item, of_item) in problem.items.iter().enumerate() {
        let part = *place_of_root.entry(root(&mut roots, item)).or_insert(parts.len());
        if part == parts.len() {
            parts.push(Part { problem, items: Vec::new(), wholes: Vec::new(), wholes_of: Vec::new() });
        }
        homes.push((part, parts[part].items.len()));
        parts[part].items.push(of_item);
        parts[part].wholes_of.push(Vec::new());
    }
    for whole in wholes.into_values() {
        let part = &mut parts[homes[whole[0].item].0];
        let whole: Vec<At> = whole.iter().map(|at| At { item: homes[at.item].1, line: at.line }).collect();
        for at in &whole {
            let of_item = &mut part.wholes_of[at.item];
            if of_item.last() != Some(&part.wholes.len()) {
                of_item.push(part.wholes.len());
            }
        }
        part.wholes.push(whole);
    }
    parts
}

fn root(roots: &mut [usize], item: usize) -> usize {
    let mut at = item;
    while roots[at] != at {
        roots[at] = roots[roots[at]];
        at = roots[at];
    }
    at
}
