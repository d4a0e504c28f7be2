//! Targets down a tree of groups, and in which order a demand consumes them, as in Oracle's hierarchical allocation.
//!
//! The supply lies at the root. Each node has a target (a number, a percentage of its parent's units, or a ratio among its
//! siblings); what a node does not hand down stays its own. A demand of a node consumes:
//!
//! 1. the node's own units;
//! 2. those of its parent, of its grandparent, and so on up to the root;
//! 3. with stealing: those of siblings of lower rank (a larger number) on its tier, the lowest first, then the same one tier
//!    up (the siblings of its parent), and so on. A sibling stands for its whole branch: its own units first, then its
//!    children, the lowest rank first;
//! 4. other supply (buy, make, transfer). Without stealing the rest is delayed.
//!
//! Ranks tell siblings apart. Of equal ranks neither is the lower one, and the one listed first is taken from first.
//!
//! A demand passes over every node of its way, empty ones too: its time is that of the nodes that it may take from. Must not
//! know what other supply there is, nor what a node stands for.

mod layout;

#[cfg(test)]
mod tests;

use std::ops::Range;

use crate::quantity::Quantity;

pub use layout::InvalidHierarchy;

/// How much of its parent's units a node is to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A number of units. Numbers come before percentages and ratios, by rank, as far as the parent's units go.
    Units(Quantity),
    /// A part of all units of the parent, in hundredths of a per cent. Percentages come after numbers, by rank, as far as
    /// units are left. Fractions go to the largest remainder.
    Percent {
        /// Hundredths of a per cent, 10,000 for all.
        hundredths: u32,
    },
    /// A share, in proportion to the ratios of the siblings, of what numbers and percentages leave: 3 and 1 of 2,000 are
    /// 1,500 and 500. Fractions go to the largest remainder, of equal ones to the first listed.
    Ratio(u32),
}

/// A node of the tree. Its place in the list is its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node {
    /// The place of its parent, which is listed before it; `None` for the root.
    pub parent: Option<u32>,
    /// Its rank among its siblings: a larger number is lower.
    pub rank: u32,
    /// Its part of the parent's units.
    pub target: Target,
}

/// Whether units of lower-ranked nodes may be consumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stealing {
    /// They may.
    Allowed,
    /// They may not: a demand beyond its own line up to the root is delayed.
    Refused,
}

/// How a node stands to the one whose demand took its units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// It is the same.
    Own,
    /// Its parent, or one further up.
    Ancestor,
    /// A branch of lower rank.
    Stolen,
}

/// Units that a node gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Take {
    /// The node; `None` for the root.
    pub node: Option<u32>,
    /// How it stands to the demand's node.
    pub source: Source,
    /// Base units, at least 1.
    pub units: Quantity,
}

/// What becomes of the units of a demand that the tree does not cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// The tree covers all.
    Nothing,
    /// They wait: stealing is refused.
    Delay(Quantity),
    /// They are to come from other supply: buy, make or transfer.
    OtherSupply(Quantity),
}

/// Why units are not taken or given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HierarchyError {
    /// No node has this place.
    #[error("no node {0}")]
    NoSuchNode(u32),
    /// A node would have more units than it was given.
    #[error("node {node:?} has {free} of {allotted} units, {asked} more cannot be given back")]
    BeyondAllotted {
        /// The node; `None` for the root.
        node: Option<u32>,
        /// Units to give back.
        asked: Quantity,
        /// Units that it has.
        free: Quantity,
        /// Units that it was given.
        allotted: Quantity,
    },
}

/// A node where it lies: before its branch, and each branch of lower rank before those of higher rank. So the branches of
/// lower rank are one range, and lie in the order in which they are taken from.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// The id; `None` for the root.
    node: Option<u32>,
    /// Where the parent lies.
    parent: Option<usize>,
    /// Where the first sibling of its rank lies.
    rank_from: usize,
    /// Units handed to it and not handed down.
    allotted: i64,
    /// Those that are not taken.
    free: i64,
}

/// A tree with the units of each node.
#[derive(Debug, Clone)]
pub struct Hierarchy {
    places: Vec<Place>,
    /// Where each node lies, by id.
    place_of: Vec<usize>,
}

impl Hierarchy {
    /// Hands a supply down a tree.
    ///
    /// # Errors
    /// [`InvalidHierarchy`].
    pub fn try_new(supply: Quantity, nodes: &[Node]) -> Result<Self, InvalidHierarchy> {
        layout::laid_out(supply, nodes)
    }

    /// Units of a node that it did not hand down and that are not taken; `None` stands for the root.
    ///
    /// # Errors
    /// [`HierarchyError::NoSuchNode`].
    pub fn free(&self, node: Option<u32>) -> Result<Quantity, HierarchyError> {
        Ok(Quantity::try_new(self.places[self.place(node)?].free).unwrap_or_default())
    }

    /// Units that a demand of a node could take.
    ///
    /// # Errors
    /// [`HierarchyError::NoSuchNode`].
    pub fn available(&self, node: u32, stealing: Stealing) -> Result<Quantity, HierarchyError> {
        let sources = self.sources(self.place(Some(node))?, stealing);
        let free = sources.flat_map(|(_, range)| &self.places[range]).map(|place| place.free);
        // No more than the supply.
        Ok(Quantity::try_new(free.sum()).unwrap_or_default())
    }

    /// Takes units for a demand of a node, and appends who gave them.
    ///
    /// # Errors
    /// [`HierarchyError::NoSuchNode`]; nothing is taken then.
    pub fn take(
        &mut self,
        node: u32,
        asked: Quantity,
        stealing: Stealing,
        takes: &mut Vec<Take>,
    ) -> Result<Rest, HierarchyError> {
        let own = self.place(Some(node))?;
        let mut left = asked.get();
        let mut steps = Steps::new(own, stealing);
        while let Some((source, range)) = steps.next(&self.places).filter(|_| left > 0) {
            for place in &mut self.places[range] {
                let units = place.free.min(left);
                if units > 0 {
                    place.free -= units;
                    left -= units;
                    takes.push(Take { node: place.node, source, units: Quantity::try_new(units).unwrap_or_default() });
                }
            }
        }
        let rest = Quantity::try_new(left).unwrap_or_default();
        Ok(match stealing {
            _ if left == 0 => Rest::Nothing,
            Stealing::Allowed => Rest::OtherSupply(rest),
            Stealing::Refused => Rest::Delay(rest),
        })
    }

    /// Gives units back to the nodes that gave them.
    ///
    /// # Errors
    /// [`HierarchyError`] when a node would have more than it was given; nothing is given back then.
    pub fn give_back(&mut self, takes: &[Take]) -> Result<(), HierarchyError> {
        for (number, take) in takes.iter().enumerate() {
            if let Err(error) = self.give_back_one(take) {
                for given in &takes[..number] {
                    let place = self.place(given.node)?;
                    self.places[place].free -= given.units.get();
                }
                return Err(error);
            }
        }
        Ok(())
    }

    fn give_back_one(&mut self, take: &Take) -> Result<(), HierarchyError> {
        let place = self.place(take.node)?;
        let Place { allotted, free, .. } = self.places[place];
        if take.units.get() > allotted - free {
            let quantity = |units: i64| Quantity::try_new(units).unwrap_or_default();
            let (free, allotted) = (quantity(free), quantity(allotted));
            return Err(HierarchyError::BeyondAllotted { node: take.node, asked: take.units, free, allotted });
        }
        self.places[place].free += take.units.get();
        Ok(())
    }

    fn place(&self, node: Option<u32>) -> Result<usize, HierarchyError> {
        let Some(node) = node else { return Ok(layout::ROOT) };
        let place = usize::try_from(node).ok().and_then(|id| self.place_of.get(id));
        place.copied().ok_or(HierarchyError::NoSuchNode(node))
    }

    fn sources(&self, own: usize, stealing: Stealing) -> impl Iterator<Item = (Source, Range<usize>)> {
        let mut steps = Steps::new(own, stealing);
        std::iter::from_fn(move || steps.next(&self.places))
    }
}

/// The way of a demand through the tree, as ranges of places.
#[derive(Debug, Clone, Copy)]
enum Steps {
    Own { own: usize, stealing: Stealing },
    Up { from: usize, own: usize, stealing: Stealing },
    Aside { from: usize },
}

impl Steps {
    const fn new(own: usize, stealing: Stealing) -> Self {
        Self::Own { own, stealing }
    }

    fn next(&mut self, places: &[Place]) -> Option<(Source, Range<usize>)> {
        match *self {
            Self::Own { own, stealing } => {
                *self = Self::Up { from: own, own, stealing };
                Some((Source::Own, own..own + 1))
            }
            Self::Up { from, own, stealing } => match places[from].parent {
                Some(parent) => {
                    *self = Self::Up { from: parent, own, stealing };
                    Some((Source::Ancestor, parent..parent + 1))
                }
                None if stealing == Stealing::Allowed => {
                    *self = Self::Aside { from: own };
                    self.next(places)
                }
                None => None,
            },
            Self::Aside { from } => {
                let parent = places[from].parent?;
                *self = Self::Aside { from: parent };
                Some((Source::Stolen, parent + 1..places[from].rank_from))
            }
        }
    }
}
