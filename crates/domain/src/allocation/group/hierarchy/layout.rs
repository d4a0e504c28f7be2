//! Building the tree: targets become units from the root down, and nodes are laid out in the order in which they are taken
//! from.

use std::cmp::Reverse;

use crate::{allocation::fair_share::split, quantity::Quantity};

use super::{Hierarchy, Node, Place, Target};

/// Where the root lies.
pub(super) const ROOT: usize = 0;
/// All of it, in hundredths of a per cent.
const WHOLE: u32 = 10_000;

/// Why a tree cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHierarchy {
    /// A node is listed before its parent, or is its own.
    #[error("node {node}: parent {parent} is not listed before it")]
    ParentNotBefore {
        /// The node.
        node: usize,
        /// The parent that it names.
        parent: u32,
    },
    /// The percentages of the children of a node are more than all.
    #[error("the children of node {parent:?} have {hundredths} hundredths of a per cent, {WHOLE} are all")]
    MoreThanAll {
        /// The node; `None` for the root.
        parent: Option<u32>,
        /// The sum of their percentages.
        hundredths: u64,
    },
    /// More nodes than can be numbered.
    #[error("too many nodes")]
    TooManyNodes,
}

pub(super) fn laid_out(supply: Quantity, nodes: &[Node]) -> Result<Hierarchy, InvalidHierarchy> {
    let children = children_of(nodes)?;
    let root = Place { node: None, parent: None, rank_from: ROOT, allotted: supply.get(), free: supply.get() };
    let mut tree = Hierarchy { places: vec![root], place_of: vec![ROOT; nodes.len()] };
    // Nodes whose branch is still to be laid out, the next one last, with where its parent lies and its units.
    let mut open = Vec::new();
    // By place: the rank of the child that was laid out last, and where the first of that rank lies.
    let mut newest_child = vec![None];
    hand_down(nodes, &children[0], None, &mut tree.places[ROOT], ROOT, &mut open)?;
    while let Some(Branch { node, parent, units }) = open.pop() {
        let own = tree.places.len();
        let rank = nodes[node].rank;
        let same_rank = newest_child[parent].filter(|(other, _)| *other == rank);
        let rank_from = same_rank.map_or(own, |(_, from)| from);
        newest_child[parent] = Some((rank, rank_from));
        let id = u32::try_from(node).map_err(|_| InvalidHierarchy::TooManyNodes)?;
        let mut place = Place { node: Some(id), parent: Some(parent), rank_from, allotted: units, free: units };
        hand_down(nodes, &children[node + 1], Some(id), &mut place, own, &mut open)?;
        tree.places.push(place);
        newest_child.push(None);
        tree.place_of[node] = own;
    }
    Ok(tree)
}

struct Branch {
    node: usize,
    parent: usize,
    units: i64,
}

/// The children of the root and of each node, in that order, each by list place.
fn children_of(nodes: &[Node]) -> Result<Vec<Vec<usize>>, InvalidHierarchy> {
    let mut children = vec![Vec::new(); nodes.len() + 1];
    for (node, Node { parent, .. }) in nodes.iter().enumerate() {
        let above = match *parent {
            None => 0,
            Some(parent) => match usize::try_from(parent) {
                Ok(place) if place < node => place + 1,
                Ok(_) | Err(_) => return Err(InvalidHierarchy::ParentNotBefore { node, parent }),
            },
        };
        children[above].push(node);
    }
    Ok(children)
}

/// Gives children their units, takes these off the parent, and opens the branches so that the lowest rank comes next.
fn hand_down(
    nodes: &[Node],
    children: &[usize],
    id: Option<u32>,
    parent: &mut Place,
    place: usize,
    open: &mut Vec<Branch>,
) -> Result<(), InvalidHierarchy> {
    let units = units_of(nodes, children, id, parent.allotted)?;
    parent.allotted -= units.iter().sum::<i64>();
    parent.free = parent.allotted;
    let mut branches: Vec<Branch> =
        children.iter().zip(units).map(|(node, units)| Branch { node: *node, parent: place, units }).collect();
    branches.sort_by_key(|branch| (nodes[branch.node].rank, Reverse(branch.node)));
    open.append(&mut branches);
    Ok(())
}

fn units_of(nodes: &[Node], children: &[usize], id: Option<u32>, all: i64) -> Result<Vec<i64>, InvalidHierarchy> {
    let mut percents: Vec<u32> = children.iter().map(|node| percent_of(nodes[*node].target)).collect();
    let hundredths: u64 = percents.iter().map(|percent| u64::from(*percent)).sum();
    let rest = u64::from(WHOLE).checked_sub(hundredths).and_then(|rest| u32::try_from(rest).ok());
    // What is no child's stays with the parent, and so do the fractions that are nearest to it.
    percents.push(rest.ok_or(InvalidHierarchy::MoreThanAll { parent: id, hundredths })?);
    let total = Quantity::try_new(all).unwrap_or_default();
    let by_percent = split(total, &percents);

    let mut by_rank: Vec<usize> = (0..children.len()).collect();
    by_rank.sort_by_key(|child| nodes[children[*child]].rank);
    let (mut units, mut left) = (vec![0; children.len()], all);
    let mut give = |child: usize, wanted: i64, left: &mut i64| {
        units[child] = wanted.min(*left);
        *left -= units[child];
    };
    for child in &by_rank {
        if let Target::Units(number) = nodes[children[*child]].target {
            give(*child, number.get(), &mut left);
        }
    }
    for child in &by_rank {
        if matches!(nodes[children[*child]].target, Target::Percent { .. }) {
            give(*child, by_percent[*child].get(), &mut left);
        }
    }
    let ratios: Vec<u32> = children.iter().map(|node| ratio_of(nodes[*node].target)).collect();
    for (child, part) in split(Quantity::try_new(left).unwrap_or_default(), &ratios).into_iter().enumerate() {
        units[child] += part.get();
    }
    Ok(units)
}

const fn percent_of(target: Target) -> u32 {
    match target {
        Target::Percent { hundredths } => hundredths,
        Target::Units(_) | Target::Ratio(_) => 0,
    }
}

const fn ratio_of(target: Target) -> u32 {
    match target {
        Target::Ratio(ratio) => ratio,
        Target::Units(_) | Target::Percent { .. } => 0,
    }
}
