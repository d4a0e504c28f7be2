//! What a command needs of the books.

use std::collections::{BTreeMap, BTreeSet};

use backorder_domain::{
    ids::{BatchId, ItemId, LineId, LocationId, ReceiptId, SupplyId},
    quantity::Quantity,
};

/// The rows that commands need loaded. The items of lines and supplies are found by themselves.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// Items whose books are needed.
    pub items: BTreeSet<ItemId>,
    /// Locations that commands name, beside those of the loaded claims and supplies.
    pub locations: BTreeSet<LocationId>,
    /// Lines of which all claims are needed.
    pub lines: BTreeSet<LineId>,
    /// Supplies that commands name.
    pub supplies: BTreeSet<SupplyId>,
    /// Receipts that commands name, of which all lines are needed with their items, locations and supplies.
    pub receipts: BTreeSet<ReceiptId>,
    /// Whether the lines of the items' receipts that await a decision are needed.
    pub receipts_in_review: bool,
    /// Whether the open supplies of the items are needed.
    pub open_supplies: bool,
    /// Whether all claims that wait for the items are needed; then the open supplies are, too.
    pub waiting_claims: bool,
    /// Whether the commands peg anew: where a supply of the items is open, all claims that wait for them are needed. Where none
    /// is, nobody has a peg and nobody can get one.
    pub pegs_anew: bool,
    /// Whether the commands only give units to named claims. Where these are eligible, at no place more waits beside what is
    /// held than before, and what others wait for is not summed up.
    pub serves_named: bool,
    /// Whether all claims with reservations at `locations` are needed.
    pub reserved_claims: bool,
    /// Batches of items: the claims that ask for days of shelf life and are bound to them are needed, to be looked at.
    pub bound_to: BTreeSet<(ItemId, BatchId)>,
    /// Whether the open holds of the items are needed.
    pub holds: bool,
    /// Whether a line limits what may wait for its item in all.
    pub total_waiting: bool,
    /// By item, for items of which the commands only take free units: the location that each line asks first, and what it
    /// wants there. Where these locations have it all, nothing can begin to wait, and the queue is not read.
    pub takes: BTreeMap<ItemId, Vec<(LocationId, Quantity)>>,
    /// Items of which a command does more than take free units. Filled by [`Scope::add`].
    pub needs_queue: BTreeSet<ItemId>,
    /// Whether what is known of the items' batches is needed though no units are named.
    pub batches: bool,
    /// Whether a command names a unit of an item, so that the items' units are needed.
    pub units: bool,
    /// Whether the commands name the item of every line that they may change, and no supply or receipt. A line that is of
    /// another item is read without its lock then, and may only be refused.
    pub names_items: bool,
    /// How many movements the commands make at most, where they name the items: their numbers are drawn with the locks then.
    pub movements: usize,
    /// Whether the commands only ship reserved units: where no loaded claim waits, the queue is not read.
    pub ships_only: bool,
}

impl Scope {
    /// What commands need that take units away at locations, whatever they are reserved for.
    #[must_use]
    pub fn of_losses(items: BTreeSet<ItemId>, locations: BTreeSet<LocationId>) -> Self {
        Self { items, locations, open_supplies: true, reserved_claims: true, holds: true, ..Self::default() }
    }

    /// Adds what another command needs.
    pub fn add(&mut self, other: Self) {
        let names_nothing = |scope: &Self| {
            scope.items.is_empty() && scope.lines.is_empty() && scope.supplies.is_empty() && scope.receipts.is_empty()
        };
        let is_first = names_nothing(self);
        self.ships_only = other.ships_only && (is_first || self.ships_only);
        self.names_items = other.names_items && (is_first || self.names_items);
        self.serves_named = other.serves_named && (is_first || self.serves_named);
        self.pegs_anew |= other.pegs_anew;
        let does_more = other.items.iter().filter(|item| !other.takes.contains_key(*item));
        self.needs_queue.extend(does_more.chain(&other.needs_queue).cloned());
        self.items.extend(other.items);
        self.movements += other.movements;
        self.locations.extend(other.locations);
        self.lines.extend(other.lines);
        self.supplies.extend(other.supplies);
        self.receipts.extend(other.receipts);
        self.receipts_in_review |= other.receipts_in_review;
        self.open_supplies |= other.open_supplies;
        self.waiting_claims |= other.waiting_claims;
        self.reserved_claims |= other.reserved_claims;
        self.bound_to.extend(other.bound_to);
        self.holds |= other.holds;
        self.total_waiting |= other.total_waiting;
        self.units |= other.units;
        self.batches |= other.batches;
        for (item, takes) in other.takes {
            self.takes.entry(item).or_default().extend(takes);
        }
    }

    /// Whether the commands only take free units of an item, and the locations that they ask first have them all.
    /// `available` answers what is free at a location.
    #[must_use]
    pub fn is_covered(&self, item: &ItemId, available: impl Fn(&LocationId) -> Quantity) -> bool {
        let Some(takes) = self.takes.get(item).filter(|_| !self.needs_queue.contains(item)) else { return false };
        let mut wanted: BTreeMap<&LocationId, Quantity> = BTreeMap::new();
        for (location, quantity) in takes {
            let sum = wanted.entry(location).or_default();
            match sum.checked_add(*quantity) {
                Some(more) => *sum = more,
                None => return false,
            }
        }
        wanted.into_iter().all(|(location, quantity)| quantity <= available(location))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[test]
    fn an_item_is_covered_only_when_the_first_locations_have_all_that_is_wanted_of_them() {
        let item = ItemId::try_new("a").unwrap();
        let at = |id: &str| LocationId::try_new(id).unwrap();
        let units = |number| Quantity::try_new(number).unwrap();
        let mut scope = Scope::default();
        assert!(!scope.is_covered(&item, |_| units(9)), "nobody says that units are only taken");
        scope.takes.insert(item.clone(), vec![(at("x"), units(2)), (at("y"), units(9)), (at("x"), units(3))]);
        assert!(scope.is_covered(&item, |location| if *location == at("x") { units(5) } else { units(9) }));
        assert!(!scope.is_covered(&item, |location| if *location == at("x") { units(4) } else { units(9) }));
    }

    #[test]
    fn the_queue_is_summed_up_where_any_command_does_more_than_serve_named_claims() {
        let items = BTreeSet::from([ItemId::try_new("a").unwrap()]);
        let serving = Scope { items: items.clone(), serves_named: true, ..Scope::default() };
        let mut both = Scope::default();
        both.add(serving.clone());
        both.add(serving.clone());
        assert!(both.serves_named);
        both.add(Scope { items, ..Scope::default() });
        assert!(!both.serves_named);
        both.add(serving);
        assert!(!both.serves_named);
    }

    #[test]
    fn an_item_of_which_another_command_does_more_than_take_is_not_covered() {
        let item = ItemId::try_new("a").unwrap();
        let location = LocationId::try_new("x").unwrap();
        let one = Quantity::try_new(1).unwrap();
        let items = BTreeSet::from([item.clone()]);
        let takes = BTreeMap::from([(item.clone(), vec![(location, one)])]);
        let taking = Scope { items: items.clone(), takes, ..Scope::default() };
        let mut both = Scope::default();
        both.add(taking);
        assert!(both.is_covered(&item, |_| one));
        both.add(Scope { items, ..Scope::default() });
        assert!(!both.is_covered(&item, |_| one));
    }
}
