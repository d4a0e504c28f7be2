//! Taking back what a command did to a book: all rows that it changed, in memory alone.

use crate::quantity::Quantity;

use super::book::ItemBook;
use super::groups::{Groups, GroupsMark};

/// A state of the book to which it can return.
#[derive(Debug)]
pub(super) struct Checkpoint {
    positions: usize,
    claims: usize,
    holds: usize,
    supplies: usize,
    receipts: usize,
    batch_stock: usize,
    batches: usize,
    bound: usize,
    awaited: usize,
    movements: usize,
    total_waiting: Quantity,
    holds_made: u64,
    groups: Option<GroupsMark>,
}

impl ItemBook {
    pub(super) fn open_checkpoint(&mut self) -> Checkpoint {
        self.open_checkpoints += 1;
        Checkpoint {
            positions: self.positions.mark(),
            claims: self.claims.mark(),
            holds: self.holds.mark(),
            supplies: self.supplies.mark(),
            receipts: self.receipts.mark(),
            batch_stock: self.batch_stock.mark(),
            batches: self.batches.mark(),
            bound: self.bound.mark(),
            awaited: self.awaited.mark(),
            movements: self.movements.len(),
            total_waiting: self.total_waiting,
            holds_made: self.holds_made,
            groups: self.groups.as_ref().map(Groups::mark),
        }
    }

    /// Gives the checkpoint up: what happened since stays.
    pub(super) fn keep(&mut self, _checkpoint: Checkpoint) {
        self.open_checkpoints -= 1;
        if self.open_checkpoints == 0 {
            self.positions.forget_undo();
            self.claims.forget_undo();
            self.holds.forget_undo();
            self.supplies.forget_undo();
            self.receipts.forget_undo();
            self.batch_stock.forget_undo();
            self.batches.forget_undo();
            self.bound.forget_undo();
            self.awaited.forget_undo();
            self.groups.iter_mut().for_each(Groups::forget_undo);
        }
    }

    /// Takes back all that happened since the checkpoint.
    pub(super) fn roll_back(&mut self, checkpoint: Checkpoint) {
        self.positions.roll_back(checkpoint.positions);
        self.claims.roll_back(checkpoint.claims);
        self.holds.roll_back(checkpoint.holds);
        self.supplies.roll_back(checkpoint.supplies);
        self.receipts.roll_back(checkpoint.receipts);
        self.batch_stock.roll_back(checkpoint.batch_stock);
        self.batches.roll_back(checkpoint.batches);
        self.bound.roll_back(checkpoint.bound);
        self.awaited.roll_back(checkpoint.awaited);
        self.movements.truncate(checkpoint.movements);
        self.total_waiting = checkpoint.total_waiting;
        self.holds_made = checkpoint.holds_made;
        self.groups = self.groups.take().zip(checkpoint.groups).map(|(groups, mark)| groups.rolled_back(mark));
        self.unsettled.clear();
        self.unsettled_wishes.clear();
        self.open_checkpoints -= 1;
    }
}
