//! What a command needs of the books.

use std::collections::BTreeSet;

use backorder_domain::ids::{ItemId, LineId, LocationId, SupplyId};

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
    /// Whether the open supplies of the items are needed.
    pub open_supplies: bool,
    /// Whether all claims that wait for the items are needed; then the open supplies are, too.
    pub waiting_claims: bool,
    /// Whether all claims with reservations at `locations` are needed.
    pub reserved_claims: bool,
    /// Whether the open holds of the items are needed.
    pub holds: bool,
}

impl Scope {
    /// Adds what another command needs.
    pub fn add(&mut self, other: Self) {
        self.items.extend(other.items);
        self.locations.extend(other.locations);
        self.lines.extend(other.lines);
        self.supplies.extend(other.supplies);
        self.open_supplies |= other.open_supplies;
        self.waiting_claims |= other.waiting_claims;
        self.reserved_claims |= other.reserved_claims;
        self.holds |= other.holds;
    }
}
