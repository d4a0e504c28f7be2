//! Protections: units of an item at a location that are kept for a group against other groups, as in SAP supply protection.
//!
//! Groups of different cores are protected against each other (horizontal, core). In one core a group is protected only
//! against groups of lower priority (vertical, prioritised); groups of equal priority are peers, like those of other cores.
//! The confirmed orders of a group reduce what is kept for it.
//!
//! For a demand of group g, with remaining protections that are what is protected less what is consumed:
//!
//! ```text
//! outranking(g) = remaining protections of groups that outrank g or are its core peers
//! others(g)     = remaining protections of all groups other than g
//! privileged    = min(q, own remaining, max(0, ATP - outranking(g)))
//! open          = min(q - privileged, max(0, ATP - privileged - others(g)))       restricted by all protections
//!                 min(q - privileged, max(0, ATP - privileged - outranking(g)))   restricted by those that outrank
//! grant         = privileged + open
//! ```
//!
//! Where the remaining protections of g and its peers exceed what the groups that outrank g leave of the ATP, each of them
//! counts with its proportional share of that (largest remainder, ties by group), so that peers do not lock each other out.
//! A demand of no group has no protection of its own, and every group outranks it.
//!
//! Must not know dates: a demand at several dates is asked for once for each, with the ATP of that date.

use crate::quantity::Quantity;

/// The most groups that one item and location may have.
pub const GROUPS_MAX: usize = 10_000;

/// What is kept for a group. Its place among the groups is its id, which decides ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProtectedGroup {
    /// The core group that it is a part of.
    pub core: u32,
    /// Inside the core: a smaller number outranks a larger one.
    pub priority: u32,
    /// Units kept, before any is consumed.
    pub protected: Quantity,
}

/// What restricts a demand beyond its own remaining protection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OutsideProtection {
    /// All protections, those of lower priority too: what is beyond all of them goes to who comes first. SAP: restriction
    /// outside planned protection is on.
    AllProtections,
    /// The protections of groups that outrank it, or are its peers.
    OutrankingProtections,
}

/// Why protections cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProtectionError {
    /// More than [`GROUPS_MAX`].
    #[error("{0} groups, at most {GROUPS_MAX} are allowed")]
    TooManyGroups(usize),
    /// More is kept for a group than one command may name.
    #[error("group {group}: protected is {protected}, at most {max} are allowed", max = Quantity::COMMAND_MAX)]
    ProtectedTooLarge {
        /// The place of the group.
        group: u32,
        /// Units.
        protected: Quantity,
    },
    /// No group has this place.
    #[error("no group {0}")]
    NoSuchGroup(u32),
    /// More would be given back than was consumed.
    #[error("group {group}: {asked} would be given back, {consumed} are consumed")]
    BeyondConsumed {
        /// The place of the group.
        group: u32,
        /// Units to give back.
        asked: Quantity,
        /// Units consumed.
        consumed: Quantity,
    },
    /// The consumed units of a group left the range of a quantity.
    #[error("group {0}: the consumed quantity overflows")]
    Overflow(u32),
}

/// What one demand gets at one ATP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Grant {
    /// Inside the group's own remaining protection.
    pub privileged: Quantity,
    /// Beyond it.
    pub open: Quantity,
}

impl Grant {
    /// All that it gets: never above the ATP, nor above what was asked for.
    #[must_use]
    pub fn total(self) -> Quantity {
        self.privileged.checked_add(self.open).unwrap_or(self.privileged)
    }
}

#[derive(Debug, Clone, Copy)]
struct Group {
    core: u32,
    priority: u32,
    protected: i64,
    consumed: i64,
}

impl Group {
    const fn remaining(&self) -> i64 {
        if self.consumed < self.protected { self.protected - self.consumed } else { 0 }
    }
}

/// How one group stands to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Outranks,
    Peer,
    Outranked,
}

/// The protections of one item at one location.
#[derive(Debug, Clone)]
pub struct Protections {
    groups: Vec<Group>,
    outside: OutsideProtection,
}

/// The remaining protections as one group sees them, its own and those of its peers scaled to what is there.
struct View {
    own: i64,
    outranking: i64,
    outranked: i64,
}

impl Protections {
    /// Protections of which nothing is consumed.
    ///
    /// # Errors
    /// [`ProtectionError`] when there are too many groups, or one keeps too much.
    pub fn try_new(groups: Vec<ProtectedGroup>, outside: OutsideProtection) -> Result<Self, ProtectionError> {
        if groups.len() > GROUPS_MAX {
            return Err(ProtectionError::TooManyGroups(groups.len()));
        }
        for (group, place) in groups.iter().zip(0_u32..) {
            if group.protected > Quantity::COMMAND_MAX {
                return Err(ProtectionError::ProtectedTooLarge { group: place, protected: group.protected });
            }
        }
        let group = |group: ProtectedGroup| Group {
            core: group.core,
            priority: group.priority,
            protected: group.protected.get(),
            consumed: 0,
        };
        Ok(Self { groups: groups.into_iter().map(group).collect(), outside })
    }

    /// What a demand for `asked` units gets of `available_to_promise`. It consumes nothing.
    ///
    /// A place that no group has is treated as no group.
    #[must_use]
    pub fn grant(&self, group: Option<u32>, asked: Quantity, available_to_promise: Quantity) -> Grant {
        let (asked, atp) = (asked.get(), available_to_promise.get());
        let own = group.and_then(|place| usize::try_from(place).ok()).filter(|place| *place < self.groups.len());
        let view = match own {
            Some(place) => self.view(place, atp),
            None => View { own: 0, outranking: self.groups.iter().map(Group::remaining).sum(), outranked: 0 },
        };
        let privileged = asked.min(view.own).min((atp - view.outranking).max(0));
        let restricting = match self.outside {
            OutsideProtection::AllProtections => view.outranking + view.outranked,
            OutsideProtection::OutrankingProtections => view.outranking,
        };
        let open = (asked - privileged).min((atp - privileged - restricting).max(0));
        let quantity = |units: i64| Quantity::try_new(units).unwrap_or_default();
        Grant { privileged: quantity(privileged), open: quantity(open) }
    }

    /// What is left of the protection of a group; zero for a place that no group has.
    #[must_use]
    pub fn remaining(&self, group: u32) -> Quantity {
        let group = usize::try_from(group).ok().and_then(|place| self.groups.get(place));
        group.and_then(|group| Quantity::try_new(group.remaining()).ok()).unwrap_or_default()
    }

    /// Books confirmed units of a group: all of them, privileged or not, so that giving some back later is exact.
    ///
    /// # Errors
    /// [`ProtectionError::NoSuchGroup`], [`ProtectionError::Overflow`].
    pub fn consume(&mut self, group: u32, confirmed: Quantity) -> Result<(), ProtectionError> {
        let own = self.group_mut(group)?;
        own.consumed = own.consumed.checked_add(confirmed.get()).ok_or(ProtectionError::Overflow(group))?;
        Ok(())
    }

    /// Takes back confirmed units of a group: they were cancelled, or moved to another date.
    ///
    /// # Errors
    /// [`ProtectionError::NoSuchGroup`], [`ProtectionError::BeyondConsumed`].
    pub fn release(&mut self, group: u32, confirmed: Quantity) -> Result<(), ProtectionError> {
        let own = self.group_mut(group)?;
        let consumed = Quantity::try_new(own.consumed).unwrap_or_default();
        let left = consumed.checked_sub(confirmed).ok_or(ProtectionError::BeyondConsumed {
            group,
            asked: confirmed,
            consumed,
        })?;
        own.consumed = left.get();
        Ok(())
    }

    fn group_mut(&mut self, group: u32) -> Result<&mut Group, ProtectionError> {
        let place = usize::try_from(group).ok();
        place.and_then(|place| self.groups.get_mut(place)).ok_or(ProtectionError::NoSuchGroup(group))
    }

    /// How the group at `other` stands to that at `own`.
    fn standing(&self, other: usize, own: usize) -> Standing {
        let (other, own) = (&self.groups[other], &self.groups[own]);
        if other.core != own.core || other.priority == own.priority {
            Standing::Peer
        } else if other.priority < own.priority {
            Standing::Outranks
        } else {
            Standing::Outranked
        }
    }

    /// The sums stay within 64 bits: 10,000 groups keep at most a million million units each.
    fn view(&self, own: usize, atp: i64) -> View {
        let (mut higher, mut equal, mut outranked) = (0, 0, 0);
        for (place, group) in self.groups.iter().enumerate() {
            match self.standing(place, own) {
                Standing::Outranks => higher += group.remaining(),
                Standing::Peer => equal += group.remaining(),
                Standing::Outranked => outranked += group.remaining(),
            }
        }
        let left_by_higher = (atp - higher).max(0);
        let remaining = self.groups[own].remaining();
        if equal <= left_by_higher {
            return View { own: remaining, outranking: higher + equal - remaining, outranked };
        }
        let scaled = self.scaled(own, left_by_higher, equal);
        View { own: scaled, outranking: higher + left_by_higher - scaled, outranked }
    }

    /// The share of a group when it and its peers, who keep `kept` units in all, count with `there` units.
    fn scaled(&self, own: usize, there: i64, kept: i64) -> i64 {
        let exact = |place: usize| i128::from(self.groups[place].remaining()) * i128::from(there);
        let kept = i128::from(kept);
        let own_remainder = exact(own) % kept;
        let (mut whole, mut before_own) = (0, 0);
        for peer in (0..self.groups.len()).filter(|place| self.standing(*place, own) == Standing::Peer) {
            whole += exact(peer) / kept;
            let remainder = exact(peer) % kept;
            if remainder > own_remainder || (remainder == own_remainder && peer < own) {
                before_own += 1;
            }
        }
        let rounded_up = before_own < i128::from(there) - whole;
        i64::try_from(exact(own) / kept).unwrap_or(there) + i64::from(rounded_up)
    }
}

#[cfg(test)]
mod tests;
