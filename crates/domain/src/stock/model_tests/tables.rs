//! The naive store: plain tables, written only by what a flush names.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::ids::{BatchId, HoldId, LocationId, SupplyId};
use crate::quantity::Quantity;
use crate::stock::awaited::Awaited;
use crate::stock::book::{ItemBook, ItemScope, LocationScope};
use crate::stock::changes::StockChanges;
use crate::stock::claim::{Claim, ClaimKey, Peg, Reservation};
use crate::stock::groups::{Bucket, Characteristics, GroupClaim, GroupScope, ItemGroups};
use crate::stock::hold::Hold;
use crate::stock::movement::Movement;
use crate::stock::position::Position;
use crate::stock::receipt::{ReceiptKey, ReceivedLine};
use crate::stock::state::StockState;
use crate::stock::supply::Supply;

use super::world::item;

/// The tables of one item.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tables {
    pub positions: BTreeMap<LocationId, Position>,
    /// Claims without their reservations and pegs, which stand in tables of their own.
    pub claims: BTreeMap<ClaimKey, Claim>,
    pub reservations: BTreeMap<(ClaimKey, LocationId, Option<BatchId>), Reservation>,
    pub pegs: BTreeMap<(ClaimKey, SupplyId), Peg>,
    pub holds: BTreeMap<HoldId, Hold>,
    pub supplies: BTreeMap<SupplyId, Supply>,
    pub receipts: BTreeMap<ReceiptKey, ReceivedLine>,
    pub movements: Vec<Movement>,
    /// `None` while the item has no groups.
    pub groups: Option<GroupTables>,
}

/// The tables of an item's groups.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GroupTables {
    pub rules: ItemGroups,
    pub version: i64,
    pub consumed: BTreeMap<Bucket, Quantity>,
    pub claims: BTreeMap<ClaimKey, GroupClaim>,
}

impl Tables {
    pub fn apply(&mut self, changes: StockChanges) {
        for position in changes.positions {
            self.positions.insert(position.location.clone(), position);
        }
        for claim in changes.claims {
            self.claims.insert(claim.key.clone(), Claim { reservations: Vec::new(), pegs: Vec::new(), ..claim });
        }
        for (key, reservation) in changes.reservations {
            let row = (key, reservation.location.clone(), reservation.batch.clone());
            self.reservations.insert(row, reservation);
        }
        for ended in changes.reservations_ended {
            self.reservations.remove(&ended).expect("only stored reservations end");
        }
        for (key, peg) in changes.pegs {
            self.pegs.insert((key, peg.supply.clone()), peg);
        }
        for ended in changes.pegs_ended {
            self.pegs.remove(&ended).expect("only stored pegs end");
        }
        self.holds.extend(changes.holds.into_iter().map(|hold| (hold.id.clone(), hold)));
        self.supplies.extend(changes.supplies.into_iter().map(|supply| (supply.id.clone(), supply)));
        self.receipts.extend(changes.receipts.into_iter().map(|line| (line.key.clone(), line)));
        self.movements.extend(changes.movements);
        if let Some(changes) = changes.groups {
            let groups = self.groups.get_or_insert_default();
            if let Some((rules, version)) = changes.rules {
                (groups.rules, groups.version) = (rules, version);
            }
            groups.consumed.extend(changes.consumed);
            groups.claims.extend(changes.claims.into_iter().map(|claim| (claim.key.clone(), claim)));
        }
    }

    /// The claim with its reservations and pegs, as a store would assemble it.
    pub fn claim(&self, key: &ClaimKey) -> Option<Claim> {
        let mut claim = self.claims.get(key)?.clone();
        claim.reservations =
            self.reservations.iter().filter(|((owner, ..), _)| owner == key).map(|(_, r)| r.clone()).collect();
        claim.pegs = self.pegs.iter().filter(|((owner, _), _)| owner == key).map(|(_, peg)| peg.clone()).collect();
        Some(claim)
    }

    pub fn whole_claims(&self) -> Vec<Claim> {
        self.claims.keys().filter_map(|key| self.claim(key)).collect()
    }

    pub fn scope_of(&self, location: &LocationId, today: Date) -> LocationScope {
        let claims = self.whole_claims();
        let there = claims.iter().filter(|claim| claim.waits_at().contains(location));
        let sum_of = |quantity: fn(&Claim) -> Quantity| Quantity::checked_sum(there.clone().map(quantity)).unwrap();
        let awaited = Awaited { alone: sum_of(Claim::eligible_waiting), in_sets: sum_of(Claim::waiting_in_set) };
        let position = self.positions.get(location).cloned();
        LocationScope { position: position.unwrap_or_else(|| Position::empty(location.clone())), awaited, today }
    }

    pub fn total_waiting(&self) -> Quantity {
        Quantity::checked_sum(self.claims.values().map(|claim| claim.waiting)).unwrap()
    }

    /// The groups as a store would load them, with the claims that are loaded.
    pub fn group_scope(&self, is_loaded: impl Fn(&ClaimKey) -> bool) -> Option<GroupScope> {
        let groups = self.groups.as_ref()?;
        let of = |key: &ClaimKey| groups.claims.get(key).map(|claim| claim.characteristics.clone()).unwrap_or_default();
        let mut awaited: BTreeMap<(LocationId, Characteristics), Awaited> = BTreeMap::new();
        for claim in self.whole_claims() {
            for at in claim.waits_at() {
                awaited.entry((at.clone(), of(&claim.key))).or_default().add(&claim);
            }
        }
        Some(GroupScope {
            rules: groups.rules.clone(),
            version: groups.version,
            consumed: groups.consumed.clone(),
            claims: groups.claims.values().filter(|claim| is_loaded(&claim.key)).cloned().collect(),
            awaited: awaited.into_iter().map(|((at, of), awaited)| (at, of, awaited)).collect(),
        })
    }

    pub fn whole_book(&self, locations: &[LocationId], today: Date) -> ItemBook {
        let open_holds = self.holds.values().filter(|hold| !hold.quantity.is_zero()).cloned();
        let scope = ItemScope {
            item: item(),
            locations: locations.iter().map(|location| self.scope_of(location, today)).collect(),
            claims: self.whole_claims(),
            holds: open_holds.collect(),
            supplies: self.supplies.values().cloned().collect(),
            receipts: self.receipts.values().cloned().collect(),
            batches: crate::stock::batch::BatchScope::default(),
            total_waiting: self.total_waiting(),
            all_waiting_loaded: true,
            groups: self.group_scope(|_| true),
        };
        ItemBook::load(scope).unwrap()
    }
}

/// What stands at a place by the movements alone.
pub fn summed(movements: &[Movement], location: &LocationId, state: StockState) -> i64 {
    let at = |place: &crate::stock::movement::Place| place.location.as_ref() == Some(location) && place.state == state;
    let signed = |movement: &Movement| {
        i64::from(at(&movement.to)) * movement.quantity.get() - i64::from(at(&movement.from)) * movement.quantity.get()
    };
    movements.iter().map(signed).sum()
}
