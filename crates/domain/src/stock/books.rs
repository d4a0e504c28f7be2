//! Several items' books under one command: lines of one request, and all-or-nothing groups that span items.

use std::collections::{BTreeMap, BTreeSet};

use crate::{ids::ItemId, quantity::Quantity};

use super::book::ItemBook;
use super::changes::StockChanges;
use super::checkpoint::Checkpoint;
use super::context::CommandContext;
use super::error::StockError;
use super::reserve::{Mode, Refusal, ReserveLine, ReserveOutcome};

/// The place of a line that cannot be covered, and why it cannot.
type Uncovered = (usize, Refusal);

/// A state of one book to which it can return.
#[derive(Debug)]
pub struct Attempt(ItemId, Checkpoint);

impl Attempt {
    /// The item of the book.
    #[must_use]
    pub const fn item(&self) -> &ItemId {
        &self.0
    }
}

/// The loaded books of several items.
#[derive(Debug, Clone, Default)]
pub struct StockBooks {
    books: BTreeMap<ItemId, ItemBook>,
}

impl StockBooks {
    /// Puts an item's book in.
    pub fn insert(&mut self, book: ItemBook) {
        self.books.insert(book.item().clone(), book);
    }

    /// The book of an item.
    #[must_use]
    pub fn get(&self, item: &ItemId) -> Option<&ItemBook> {
        self.books.get(item)
    }

    /// The book of an item, for a command about this item alone.
    ///
    /// # Errors
    /// [`StockError::NotLoaded`] when there is no book of the item.
    pub fn book_mut(&mut self, item: &ItemId) -> Result<&mut ItemBook, StockError> {
        self.books.get_mut(item).ok_or_else(|| StockError::NotLoaded {
            what: "item",
            id: item.to_string(),
            item: item.clone(),
        })
    }

    /// Every book, by item.
    pub fn iter(&self) -> impl Iterator<Item = &ItemBook> {
        self.books.values()
    }

    /// What the commands since loading changed, by item; items without a change are left out.
    #[must_use]
    pub fn into_changes(self) -> Vec<StockChanges> {
        self.books.into_values().map(ItemBook::into_changes).filter(|changes| !changes.is_empty()).collect()
    }

    /// Runs a command over several items: all of it, or, when it fails, nothing of it.
    ///
    /// # Errors
    /// What `work` answers, or [`StockError::NotLoaded`] when an item has no book.
    pub fn atomically<'a, T>(
        &mut self,
        items: impl IntoIterator<Item = &'a ItemId>,
        work: impl FnOnce(&mut Self) -> Result<T, StockError>,
    ) -> Result<T, StockError> {
        let items: BTreeSet<&ItemId> = items.into_iter().collect();
        for item in &items {
            self.book_mut(item)?;
        }
        let checkpoints = self.open_checkpoints(&items);
        let result = work(self);
        self.close_checkpoints(checkpoints, result.is_ok());
        result
    }

    /// Reserves for the lines of one request, in their order. A line of an all-or-nothing group is decided together with
    /// all lines of the group when the first of them is reached: each gets all that it wants, or none takes anything, and
    /// then each is refused or, where its shortfall may wait, waits whole.
    ///
    /// The outcomes are in the order of the lines. What has to be loaded stands on [`ItemBook::reserve`].
    ///
    /// # Errors
    /// As [`ItemBook::reserve`]; then no line has any effect.
    pub fn reserve(&mut self, ctx: &CommandContext, lines: &[ReserveLine]) -> Result<Vec<ReserveOutcome>, StockError> {
        self.atomically(lines.iter().map(|line| &line.item), |books| books.reserve_each(ctx, lines))
    }

    fn reserve_each(&mut self, ctx: &CommandContext, lines: &[ReserveLine]) -> Result<Vec<ReserveOutcome>, StockError> {
        let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, line) in lines.iter().enumerate() {
            if let Some(group) = &line.all_or_nothing_group {
                groups.entry(group).or_default().push(index);
            }
        }
        let mut outcomes: BTreeMap<usize, ReserveOutcome> = BTreeMap::new();
        for (index, line) in lines.iter().enumerate() {
            match line.all_or_nothing_group.as_deref().map(|group| groups.remove(group)) {
                None => {
                    outcomes.insert(index, self.book_mut(&line.item)?.reserve_in_mode(ctx, line, Mode::Alone)?);
                }
                Some(Some(members)) => self.reserve_group(ctx, lines, &members, &mut outcomes)?,
                Some(None) => {}
            }
        }
        Ok(outcomes.into_values().collect())
    }

    fn reserve_group(
        &mut self,
        ctx: &CommandContext,
        lines: &[ReserveLine],
        members: &[usize],
        outcomes: &mut BTreeMap<usize, ReserveOutcome>,
    ) -> Result<(), StockError> {
        let group: Vec<(usize, &ReserveLine)> =
            members.iter().filter_map(|index| lines.get(*index).map(|line| (*index, line))).collect();
        let checkpoints = self.open_checkpoints(&group.iter().map(|(_, line)| &line.item).collect());
        let attempt = self.reserve_whole(ctx, &group);
        self.close_checkpoints(checkpoints, matches!(attempt, Ok(Ok(_))));
        let uncovered = match attempt? {
            Ok(whole) => {
                outcomes.extend(whole);
                return Ok(());
            }
            Err(uncovered) => uncovered,
        };
        let checkpoints = self.open_checkpoints(&group.iter().map(|(_, line)| &line.item).collect());
        let waits = self.wait_each(ctx, &group, uncovered);
        let is_cut = |(_, outcome): &(usize, ReserveOutcome)| outcome.refusal == Some(Refusal::WaitingLimit);
        let may_be_cut = !group.iter().any(|(_, line)| line.wait_whole);
        let stands = waits.as_ref().is_ok_and(|waits| may_be_cut || !waits.iter().any(is_cut));
        self.close_checkpoints(checkpoints, stands);
        let waits = waits?;
        if stands {
            outcomes.extend(waits);
        } else {
            outcomes.extend(group.iter().map(|(index, line)| (*index, cut_whole(line))));
        }
        Ok(())
    }

    /// Every line of a group that cannot be covered: it waits, or is refused.
    fn wait_each(
        &mut self,
        ctx: &CommandContext,
        group: &[(usize, &ReserveLine)],
        (uncovered, uncovered_for): Uncovered,
    ) -> Result<Vec<(usize, ReserveOutcome)>, StockError> {
        let mut waits = Vec::with_capacity(group.len());
        for (index, line) in group {
            let why = if uncovered == *index { uncovered_for } else { Refusal::Group };
            let outcome = self.book_mut(&line.item)?.reserve_in_mode(ctx, line, Mode::Nothing(why))?;
            waits.push((*index, outcome));
        }
        Ok(waits)
    }

    /// Every line of a group in full, or the index of the first that cannot be covered, and why it cannot.
    fn reserve_whole(
        &mut self,
        ctx: &CommandContext,
        group: &[(usize, &ReserveLine)],
    ) -> Result<Result<Vec<(usize, ReserveOutcome)>, Uncovered>, StockError> {
        let mut whole = Vec::with_capacity(group.len());
        for (index, line) in group {
            let outcome = self.book_mut(&line.item)?.reserve_in_mode(ctx, line, Mode::Whole)?;
            if let Some(why) = outcome.refusal {
                return Ok(Err((*index, why)));
            }
            whole.push((*index, outcome));
        }
        Ok(Ok(whole))
    }

    /// A state of an item's book to which [`StockBooks::end_attempts`] returns; `None` when there is no book of the item.
    #[must_use]
    pub fn begin_attempt(&mut self, item: &ItemId) -> Option<Attempt> {
        let checkpoint = self.books.get_mut(item)?.open_checkpoint();
        Some(Attempt(item.clone(), checkpoint))
    }

    /// Ends attempts: what was done to their books since stays, or is taken back. Of several about one item the newest must be
    /// ended first.
    pub fn end_attempts(&mut self, attempts: impl IntoIterator<Item = Attempt>, keep: bool) {
        self.close_checkpoints(
            attempts.into_iter().map(|Attempt(item, checkpoint)| (item, checkpoint)).collect(),
            keep,
        );
    }

    pub(super) fn open_checkpoints(&mut self, items: &BTreeSet<&ItemId>) -> Vec<(ItemId, Checkpoint)> {
        // A request names few of the books of its batch.
        let open = |item: &&ItemId| Some(((*item).clone(), self.books.get_mut(*item)?.open_checkpoint()));
        items.iter().filter_map(open).collect()
    }

    pub(super) fn close_checkpoints(&mut self, checkpoints: Vec<(ItemId, Checkpoint)>, keep: bool) {
        for (item, checkpoint) in checkpoints {
            if let Some(book) = self.books.get_mut(&item) {
                if keep { book.keep(checkpoint) } else { book.roll_back(checkpoint) }
            }
        }
    }
}

/// A line of a group of which a waiting limit would cut a part.
fn cut_whole(line: &ReserveLine) -> ReserveOutcome {
    ReserveOutcome {
        key: line.key.clone(),
        reserved: Vec::new(),
        waiting: Quantity::ZERO,
        refused: line.quantity,
        refusal: Some(Refusal::WaitingLimit),
        limited: None,
    }
}
