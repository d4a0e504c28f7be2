//! What a command works on: the books, its context, and how answers are made of books.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet, HashMap},
};

use backorder_domain::{
    ids::{BatchId, HoldId, ItemId, LineId, LocationId, ReceiptId, SupplyId},
    stock::{
        book::ItemBook,
        books::{Attempt, StockBooks},
        claim::{Claim, ClaimKey},
        context::CommandContext,
        error::StockError,
        receipt::ReceiptKey,
    },
};
use backorder_proto::{convert::inventory as wire, inventory::v1 as pb};
use jiff::Timestamp;

use super::StockCommand;
use crate::{
    catalog::Places,
    error::{Error, Kind},
    store::{
        catalog::UnitsOfItem,
        stock::{Loaded, Times},
    },
    write::Write,
};

/// The books and the surroundings of one command.
pub struct Desk<'a> {
    /// The books of all items of the transaction.
    pub books: &'a mut StockBooks,
    /// Who, why and when.
    pub context: CommandContext,
    /// The locations.
    pub places: &'a Places,
    /// The units of the items, where the commands name any.
    pub(super) units: &'a HashMap<ItemId, UnitsOfItem>,
    times: &'a Times,
    holds_before: BTreeSet<HoldId>,
    /// The item of each claim that was loaded or made since.
    pub(super) holders: &'a mut HashMap<ClaimKey, ItemId>,
    /// The items of the lines of these claims, made when the first is asked for: a batch of reservations asks for none.
    items_of_lines: OnceCell<HashMap<LineId, ItemId>>,
    /// The books that the command changed, where it may be taken back by itself.
    attempts: Option<Vec<Attempt>>,
}

impl<'a> Desk<'a> {
    /// The desk of a command.
    pub fn new<C: StockCommand>(loaded: &'a mut Loaded, write: &Write<C>, places: &'a Places, now: Timestamp) -> Self {
        let who = write.command.who();
        let context = CommandContext {
            command_id: write.command_id,
            now,
            effective_at: write.command.effective_at().unwrap_or(now),
            actor: who.actor_or(&write.caller).to_owned(),
            cause: write.command.cause(),
            reason_code: who.reason_code.clone(),
            note: who.note.clone(),
        };
        let Loaded { books, times, units, holders, last_movements: _, look: _ } = loaded;
        let holds = C::TELLS_HOLDS.then(|| books.iter().flat_map(ItemBook::holds)).into_iter().flatten();
        let holds_before = holds.map(|hold| hold.id.clone()).collect();
        Self {
            books,
            context,
            places,
            units,
            times,
            holds_before,
            holders,
            items_of_lines: OnceCell::new(),
            attempts: None,
        }
    }

    /// A desk whose command is done beside others: refused, it is taken back by itself when the desk is [`Desk::ended`].
    #[must_use]
    pub fn beside_others(self) -> Self {
        Self { attempts: Some(Vec::new()), ..self }
    }

    /// Notes that the command is about to change an item's book. [`Desk::on_book`] does it by itself.
    pub fn changes(&mut self, item: &ItemId) {
        if let Some(attempts) = &mut self.attempts
            && attempts.iter().all(|attempt| attempt.item() != item)
        {
            attempts.extend(self.books.begin_attempt(item));
        }
    }

    /// The end of the command: what it did stays, or is taken back.
    pub fn ended(self, keep: bool) {
        self.books.end_attempts(self.attempts.into_iter().flatten(), keep);
    }

    /// The item whose book holds a line, which the request names in `field`.
    ///
    /// # Errors
    /// [`Error::Missing`] when no claim of the line was found.
    pub fn item_of(&self, line: &LineId, field: impl FnOnce() -> String) -> Result<ItemId, Error> {
        let of_claims = || self.holders.iter().map(|(key, item)| (key.line.clone(), item.clone())).collect();
        let found = self.items_of_lines.get_or_init(of_claims).get(line).cloned();
        found.ok_or_else(|| Error::missing(Kind::Claim, line.as_str(), field()))
    }

    /// The item whose book holds a supply.
    ///
    /// # Errors
    /// [`Error::Missing`] when there is no such supply.
    pub fn item_of_supply(&self, supply: &SupplyId) -> Result<ItemId, Error> {
        let found = self.books.iter().find(|book| book.supply(supply).is_some()).map(|book| book.item().clone());
        found.ok_or_else(|| Error::missing(Kind::Supply, wire::supply_name(supply), ""))
    }

    /// Refuses to make a supply under an id that another item's supply has.
    ///
    /// # Errors
    /// [`StockError::SupplyExists`].
    pub fn refuse_supply_of_other_items(&self, item: &ItemId, supply: &SupplyId) -> Result<(), Error> {
        let elsewhere = |book: &ItemBook| book.item() != item && book.supply(supply).is_some();
        if self.books.iter().any(elsewhere) {
            return Err(Error::Stock { item: item.clone(), error: StockError::SupplyExists(supply.clone()) });
        }
        Ok(())
    }

    /// Runs a command on the book of one item.
    ///
    /// # Errors
    /// [`Error::Stock`] with the item.
    pub fn on_book<T>(
        &mut self,
        item: &ItemId,
        work: impl FnOnce(&mut ItemBook, &CommandContext) -> Result<T, StockError>,
    ) -> Result<T, Error> {
        self.changes(item);
        let context = &self.context;
        let result = self.books.book_mut(item).and_then(|book| work(book, context));
        result.map_err(|error| Error::Stock { item: item.clone(), error })
    }

    /// Takes units of a batch away from claims that they do not fit any more, now that another date of it is known. What the
    /// warehouse has in hands stays.
    ///
    /// # Errors
    /// [`Error::Stock`] with the item.
    pub fn exchange_unfit_of(&mut self, item: &ItemId, batch: &BatchId) -> Result<(), Error> {
        let is_bound = |claim: &&Claim| {
            claim.wish.shelf_life_days > 0 && claim.reservations.iter().any(|r| r.batch.as_ref() == Some(batch))
        };
        let claims = self.books.get(item).into_iter().flat_map(ItemBook::claims);
        let bound: Vec<ClaimKey> = claims.filter(is_bound).map(|claim| claim.key.clone()).collect();
        for key in bound {
            self.on_book(item, |book, context| book.give_up_unfit(context, &key))?;
        }
        Ok(())
    }

    /// The versions of an item's loaded claims, to tell later which changed.
    #[must_use]
    pub fn claim_versions(&self, item: &ItemId) -> BTreeMap<ClaimKey, i64> {
        let claims = self.books.get(item).into_iter().flat_map(ItemBook::claims);
        claims.map(|claim| (claim.key.clone(), claim.version)).collect()
    }

    /// The claims of an item that changed since `before`, as they are now.
    #[must_use]
    pub fn changed_claims(&self, item: &ItemId, before: &BTreeMap<ClaimKey, i64>) -> Vec<pb::Claim> {
        let now = self.claim_versions(item);
        let changed = now.iter().filter(|(key, version)| before.get(*key) != Some(*version));
        changed.filter_map(|(key, _)| self.claim(item, key)).collect()
    }

    /// A claim as it is now.
    #[must_use]
    pub fn claim(&self, item: &ItemId, key: &ClaimKey) -> Option<pb::Claim> {
        let book = self.books.get(item)?;
        book.claim(key).map(|claim| wire::claim(item, claim, |id| book.supply(id)))
    }

    /// A position as it is now.
    #[must_use]
    pub fn position(&self, item: &ItemId, location: &LocationId) -> Option<pb::Position> {
        let position = self.books.get(item)?.position(location).ok()?;
        Some(wire::position(item, position, self.times.position_updated_at(item, position, self.context.now)))
    }

    /// A supply as it is now.
    #[must_use]
    pub fn supply(&self, item: &ItemId, id: &SupplyId) -> Option<pb::Supply> {
        let supply = self.books.get(item)?.supply(id)?;
        let (created_at, updated_at) = self.times.supply_times(supply, self.context.now);
        Some(wire::supply(item, supply, created_at, updated_at))
    }

    /// The keys of the loaded lines of a receipt with their items, by line.
    #[must_use]
    pub fn lines_of_receipt(&self, receipt: &ReceiptId) -> Vec<(ItemId, ReceiptKey)> {
        let lines = self.books.iter().flat_map(|book| book.received_lines().map(|line| (book.item(), &line.key)));
        let mut found: Vec<(ItemId, ReceiptKey)> =
            lines.filter(|(_, key)| key.receipt == *receipt).map(|(item, key)| (item.clone(), key.clone())).collect();
        found.sort_by_key(|(_, key)| key.line);
        found
    }

    /// A line of a receipt as it is now.
    #[must_use]
    pub fn received_line(&self, item: &ItemId, key: &ReceiptKey) -> Option<pb::ReceivedLine> {
        let line = self.books.get(item)?.received_line(key)?;
        let recorded_at = self.times.received_line_recorded_at(key, self.context.now);
        Some(wire::received_line(item, line, recorded_at))
    }

    /// The holds that this command made, if its answers tell of holds.
    #[must_use]
    pub fn new_holds(&self) -> Vec<pb::Hold> {
        let holds = self.books.iter().flat_map(|book| book.holds().map(|hold| (book.item(), hold)));
        holds
            .filter(|(_, hold)| !hold.quantity.is_zero() && !self.holds_before.contains(&hold.id))
            .map(|(item, hold)| wire::hold(item, hold))
            .collect()
    }
}
