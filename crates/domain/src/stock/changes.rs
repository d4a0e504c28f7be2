//! What a book's commands changed, in the shape in which a store writes it: one list per table.

use crate::ids::{BatchId, HoldId, ItemId, LocationId, SupplyId};

use super::batch::{BatchInfo, BatchStock};
use super::claim::{Claim, ClaimKey, Peg, Reservation};
use super::groups::GroupChanges;
use super::hold::Hold;
use super::movement::Movement;
use super::position::Position;
use super::receipt::{ReceiptKey, ReceivedLine};
use super::rows::{Changed, Rows};
use super::supply::Supply;

/// The rows of one item to write. Rows are the state after all commands; each changed row once, in key order.
///
/// Write them as upserts: a row that is new may have counted more than one command already. Events are made from the same lists: a position, claim, hold or supply
/// in a list is one event with its version as sequence.
#[derive(Debug, Clone)]
pub struct StockChanges {
    /// The item of every row.
    pub item: ItemId,
    /// Changed positions.
    pub positions: Vec<Position>,
    /// Changed claims, complete with reservations and pegs.
    pub claims: Vec<Claim>,
    /// Claims whose [`Claim::waits_at`] or eligible waiting quantity, alone or in a set, differs from what is stored: a subset of `claims`.
    pub waits_changed: Vec<ClaimKey>,
    /// New or changed reservations of the claims.
    pub reservations: Vec<(ClaimKey, Reservation)>,
    /// Reservations to delete.
    pub reservations_ended: Vec<(ClaimKey, LocationId, Option<BatchId>)>,
    /// New or changed pegs of the claims.
    pub pegs: Vec<(ClaimKey, Peg)>,
    /// Pegs to delete.
    pub pegs_ended: Vec<(ClaimKey, SupplyId)>,
    /// New, changed and closed holds.
    pub holds: Vec<Hold>,
    /// Those of `holds` that were made since the book was loaded.
    pub holds_made: Vec<HoldId>,
    /// New and changed supplies.
    pub supplies: Vec<Supply>,
    /// New and changed lines of receipts.
    pub receipts: Vec<ReceivedLine>,
    /// Changed balances of batches and owners; those of no units are to delete.
    pub batch_stock: Vec<BatchStock>,
    /// New and changed facts of batches.
    pub batches: Vec<BatchInfo>,
    /// Movements to append, in order.
    pub movements: Vec<Movement>,
    /// What changed of the item's groups; `None` for an item without groups.
    pub groups: Option<GroupChanges>,
}

impl StockChanges {
    pub(super) fn collect(
        item: ItemId,
        positions: Rows<LocationId, Position>,
        claims: Rows<ClaimKey, Claim>,
        holds: Rows<HoldId, Hold>,
        supplies: Rows<SupplyId, Supply>,
        receipts: Rows<ReceiptKey, ReceivedLine>,
        movements: Vec<Movement>,
    ) -> Self {
        let mut changes = Self {
            item,
            positions: positions.into_changed().map(|changed| changed.row).collect(),
            claims: Vec::new(),
            waits_changed: Vec::new(),
            reservations: Vec::new(),
            reservations_ended: Vec::new(),
            pegs: Vec::new(),
            pegs_ended: Vec::new(),
            holds: Vec::new(),
            holds_made: Vec::new(),
            supplies: supplies.into_changed().map(|changed| changed.row).collect(),
            receipts: receipts.into_changed().map(|changed| changed.row).collect(),
            batch_stock: Vec::new(),
            batches: Vec::new(),
            movements,
            groups: None,
        };
        for Changed { row: hold, original } in holds.into_changed() {
            if original.is_none() {
                changes.holds_made.push(hold.id.clone());
            }
            changes.holds.push(hold);
        }
        for changed in claims.into_changed() {
            changes.add_claim(changed);
        }
        changes
    }

    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.positions.is_empty()
            && self.claims.is_empty()
            && self.holds.is_empty()
            && self.supplies.is_empty()
            && self.receipts.is_empty()
            && self.batch_stock.is_empty()
            && self.batches.is_empty()
            && self.movements.is_empty()
            && self.groups.as_ref().is_none_or(GroupChanges::is_empty)
    }

    /// The holds that were made: free units put aside since the book was loaded.
    pub fn new_holds(&self) -> impl Iterator<Item = &Hold> {
        self.holds.iter().filter(|hold| self.holds_made.contains(&hold.id))
    }

    fn add_claim(&mut self, changed: Changed<Claim>) {
        let Changed { row: claim, original } = changed;
        let stored_reservations = original.as_ref().map_or(&[][..], |o| &o.reservations);
        let stored_pegs = original.as_ref().map_or(&[][..], |o| &o.pegs);
        let key = &claim.key;
        let is_same_place = |a: &Reservation, b: &Reservation| a.location == b.location && a.batch == b.batch;
        for reservation in claim.reservations.iter().filter(|r| !stored_reservations.contains(r)) {
            self.reservations.push((key.clone(), reservation.clone()));
        }
        for gone in stored_reservations.iter().filter(|old| !claim.reservations.iter().any(|r| is_same_place(r, old))) {
            self.reservations_ended.push((key.clone(), gone.location.clone(), gone.batch.clone()));
        }
        for peg in claim.pegs.iter().filter(|peg| !stored_pegs.contains(peg)) {
            self.pegs.push((key.clone(), peg.clone()));
        }
        for gone in stored_pegs.iter().filter(|old| !claim.pegs.iter().any(|peg| peg.supply == old.supply)) {
            self.pegs_ended.push((key.clone(), gone.supply.clone()));
        }
        let waits = |claim: &Claim| (claim.eligible_waiting(), claim.waiting_in_set(), claim.waits_at().to_vec());
        if original.as_ref().is_none_or(|old| waits(old) != waits(&claim)) {
            self.waits_changed.push(key.clone());
        }
        self.claims.push(claim);
    }
}
