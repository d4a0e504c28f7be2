//! Reserving: what a new demand line gets of what is free, what of it waits, and what is refused.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{Timestamp, civil::Date};

use crate::ids::{BatchId, ItemId, LineId, LocationId};
use crate::quantity::Quantity;

use super::book::{ItemBook, Units};
use super::claim::{Claim, ClaimKey, Strength};
use super::context::CommandContext;
use super::error::{StockError, check_quantity, minus, plus, sum};
use super::groups::{Characteristics, GroupLimit, Placed};
use super::movement::Place;
use super::state::StockState;
use super::wish::Wish;

/// What to do with units that are not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortfall {
    /// Refuse the whole line unless all of it is there.
    Refuse,
    /// Keep what is there, refuse the rest.
    Keep,
    /// Keep what is there, let the rest wait.
    Backorder,
}

/// Why units of a line were refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// They are not there, and the caller did not want to wait.
    NotAvailable,
    /// More would wait for the item than the line's limit allows.
    WaitingLimit,
    /// Another line of the same all-or-nothing group could not be covered.
    Group,
    /// The demand's group may not take them, though they are there, and the caller did not want to wait.
    Limited(GroupLimit),
}

/// One line that wants stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReserveLine {
    /// The item.
    pub item: ItemId,
    /// The claim to make.
    pub key: ClaimKey,
    /// Base units, at least 1.
    pub quantity: Quantity,
    /// The locations that may serve it, first choice first, each once, at least one.
    pub candidates: Vec<LocationId>,
    /// Whether its units may come from several locations.
    pub split_allowed: bool,
    /// The fewest units that one location may give when the line is split.
    pub min_per_location: Quantity,
    /// What to do with units that are not there.
    pub shortfall: Shortfall,
    /// How strong the claim is.
    pub strength: Strength,
    /// When a soft claim ends; `None` for the others.
    pub expires_at: Option<Timestamp>,
    /// The batch that the units must be of, for hard reservations. Such a line takes what is there of the batch and never
    /// waits: nobody knows which batches will come.
    pub batch: Option<BatchId>,
    /// What it asks of its units. Such a line may wait for them.
    pub wish: Wish,
    /// Whether what waits may take stock. A line that is not eligible and whose shortfall may wait takes no free stock now
    /// either: beyond the units that it takes over it waits whole (domain.md 2.11, holds and horizon).
    pub eligible: bool,
    /// Its place in the queue.
    pub queue_key: String,
    /// When the demand joined the queue.
    pub queue_time: Timestamp,
    /// The day on which the demand wants the goods.
    pub requested_date: Option<Date>,
    /// The most units of the item that may wait in all, over all lines, after this one. `None` means no limit.
    pub waiting_limit: Option<Quantity>,
    /// The most free units that the line takes now, whether it is eligible or not; the rest waits or is refused. `None`
    /// means as many as it may take. For demand that another system had reserved stock for.
    pub take_at_most: Option<Quantity>,
    /// Lines with the same text get all that they want, or take nothing. What waits of them, now or later, is in a set.
    pub all_or_nothing_group: Option<String>,
    /// Whether all lines of the group are refused where a waiting limit would cut what waits of one: a part of it is of no
    /// use.
    pub wait_whole: bool,
    /// The line of a soft claim whose units this one takes over, all parts, without counting them twice. It may be the
    /// line itself.
    pub takes_over: Option<LineId>,
    /// What the demand says of itself, by which it belongs to groups of the item. Of no consequence for an item without.
    pub characteristics: Arc<Characteristics>,
}

/// What one line got. `reserved + waiting + refused` is what it wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReserveOutcome {
    /// The line.
    pub key: ClaimKey,
    /// Units reserved, per location.
    pub reserved: Vec<(LocationId, Quantity)>,
    /// Units that wait.
    pub waiting: Quantity,
    /// Units that were refused.
    pub refused: Quantity,
    /// Why; `None` when none were.
    pub refusal: Option<Refusal>,
    /// What kept units from the line that were there for it otherwise.
    pub limited: Option<GroupLimit>,
}

impl ReserveOutcome {
    /// Whether a claim was made: something is reserved or waits.
    #[must_use]
    pub const fn has_claim(&self) -> bool {
        !self.reserved.is_empty() || !self.waiting.is_zero()
    }
}

/// How a line of an all-or-nothing group is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// By its own shortfall rule.
    Alone,
    /// All of it, or nothing at all.
    Whole,
    /// The group failed: take nothing; wait whole or be refused.
    Nothing(Refusal),
}

struct Decision {
    reserved: Vec<(LocationId, Quantity)>,
    waiting: Quantity,
    refused: Quantity,
    refusal: Option<Refusal>,
    limited: Option<GroupLimit>,
}

impl ItemBook {
    /// Reserves for one line that is in no all-or-nothing group, or decides the group for itself alone.
    ///
    /// Only AVAILABLE units are taken, never HELD ones, so a new line cannot overtake the queue. What waits is pegged to
    /// dated supply with free capacity, earliest expected first; nobody loses a peg to it.
    ///
    /// Needs loaded: all candidate locations; the parts of `takes_over` with their candidates and pegged supplies; open
    /// supplies at the candidates when the line may wait; an existing claim of the same key.
    ///
    /// # Errors
    /// [`StockError::ClaimExists`], [`StockError::SoftReservationGone`], [`StockError::NotSoft`], or what a malformed line
    /// breaks. Too little stock is no error: the outcome says it.
    pub fn reserve(&mut self, ctx: &CommandContext, line: &ReserveLine) -> Result<ReserveOutcome, StockError> {
        let mode = if line.all_or_nothing_group.is_some() { Mode::Whole } else { Mode::Alone };
        let outcome = self.reserve_in_mode(ctx, line, mode)?;
        if let Some(why) = outcome.refusal.filter(|_| mode == Mode::Whole) {
            return self.reserve_in_mode(ctx, line, Mode::Nothing(why));
        }
        Ok(outcome)
    }

    pub(super) fn reserve_in_mode(
        &mut self,
        ctx: &CommandContext,
        line: &ReserveLine,
        mode: Mode,
    ) -> Result<ReserveOutcome, StockError> {
        self.check_line(line)?;
        let taken_over = self.claims_to_take_over(line)?;
        let decision = self.decide(line, &taken_over, mode)?;
        let outcome = ReserveOutcome {
            key: line.key.clone(),
            reserved: decision.reserved,
            waiting: decision.waiting,
            refused: decision.refused,
            refusal: decision.refusal,
            limited: decision.limited,
        };
        if outcome.has_claim() {
            self.command(ctx, |book| book.apply_reservation(ctx, line, &taken_over, &outcome))?;
        }
        Ok(outcome)
    }

    fn check_line(&self, line: &ReserveLine) -> Result<(), StockError> {
        check_quantity(line.quantity)?;
        if line.candidates.is_empty() {
            return Err(StockError::NoCandidates(line.key.clone()));
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = line.candidates.iter().find(|location| !seen.insert(*location)) {
            return Err(StockError::DuplicateCandidate { claim: line.key.clone(), location: twice.clone() });
        }
        if (line.strength == Strength::Soft) != line.expires_at.is_some() {
            return Err(StockError::ExpiryMismatch(line.key.clone()));
        }
        let is_free = |old: &Claim| {
            line.takes_over.as_ref() == Some(&old.key.line)
                || (old.strength == Strength::Soft && old.is_resolved() && old.posted.is_zero())
        };
        if self.claims.get(&line.key).is_some_and(|old| !is_free(old)) {
            return Err(StockError::ClaimExists(line.key.clone()));
        }
        Ok(())
    }

    fn claims_to_take_over(&self, line: &ReserveLine) -> Result<Vec<ClaimKey>, StockError> {
        let Some(source) = &line.takes_over else { return Ok(Vec::new()) };
        let open = |key: &ClaimKey| self.claims.get(key).is_some_and(|claim| !claim.is_resolved());
        let keys: Vec<ClaimKey> = self.parts_of(source).into_iter().filter(open).collect();
        if keys.is_empty() {
            return Err(StockError::SoftReservationGone(source.clone()));
        }
        match keys.iter().find(|key| self.claims.get(key).is_some_and(|claim| claim.strength != Strength::Soft)) {
            Some(hard) => Err(StockError::NotSoft(hard.clone())),
            None => Ok(keys),
        }
    }

    fn decide(&self, line: &ReserveLine, taken_over: &[ClaimKey], mode: Mode) -> Result<Decision, StockError> {
        let takes_free = line.eligible || line.shortfall != Shortfall::Backorder || line.take_at_most.is_some();
        let taken_at_most = line.take_at_most.map_or(line.quantity, |most| most.min(line.quantity));
        let Placed { reserved, limited } = match mode {
            Mode::Nothing(Refusal::Limited(limit)) => Placed { reserved: Vec::new(), limited: Some(limit) },
            Mode::Alone | Mode::Whole if takes_free || !taken_over.is_empty() => {
                let offers = self.offers(line, taken_over, takes_free)?;
                self.place_within_groups(line, taken_over, taken_at_most, offers)?
            }
            Mode::Alone | Mode::Whole | Mode::Nothing(_) => Placed { reserved: Vec::new(), limited: None },
        };
        let got = sum(reserved.iter().map(|(_, quantity)| *quantity))?;
        let rest = minus(line.quantity, got, "wanted units")?;
        let nothing = |why| Decision {
            reserved: Vec::new(),
            waiting: Quantity::ZERO,
            refused: line.quantity,
            refusal: Some(why),
            limited,
        };
        let not_there = match mode {
            Mode::Nothing(why) => why,
            Mode::Alone | Mode::Whole => limited.map_or(Refusal::NotAvailable, Refusal::Limited),
        };
        if rest.is_zero() {
            return Ok(Decision { reserved, waiting: rest, refused: rest, refusal: None, limited });
        }
        if mode == Mode::Whole {
            return Ok(nothing(not_there));
        }
        // Nobody knows which batches will come, so a line that names one does not wait.
        let waits_for_none = line.batch.is_some() && line.shortfall == Shortfall::Backorder;
        let shortfall = if waits_for_none { Shortfall::Keep } else { line.shortfall };
        Ok(match shortfall {
            Shortfall::Refuse => nothing(not_there),
            Shortfall::Keep => {
                Decision { reserved, waiting: Quantity::ZERO, refused: rest, refusal: Some(not_there), limited }
            }
            Shortfall::Backorder => {
                let own = sum(taken_over.iter().filter_map(|key| self.claims.get(key)).map(|claim| claim.waiting))?;
                let others = minus(self.total_waiting(), own, "waiting in all")?;
                let room = line.waiting_limit.map_or(rest, |limit| limit.saturating_sub(others));
                let waiting = rest.min(room);
                let refused = minus(rest, waiting, "wanted units")?;
                let refusal = (!refused.is_zero()).then_some(Refusal::WaitingLimit);
                Decision { reserved, waiting, refused, refusal, limited }
            }
        })
    }

    /// What each candidate has for the line: free units where it may take them, and its own of the claims that it takes over.
    fn offers(
        &self,
        line: &ReserveLine,
        taken_over: &[ClaimKey],
        takes_free: bool,
    ) -> Result<Vec<(LocationId, Quantity)>, StockError> {
        let sources = || taken_over.iter().filter_map(|key| self.claims.get(key));
        let mut offers = Vec::with_capacity(line.candidates.len());
        for location in &line.candidates {
            let own = sum(sources().map(|claim| claim.reserved_at(location)))?;
            let free = if takes_free { self.position(location)?.available } else { Quantity::ZERO };
            let offered = plus(free, own)?;
            let of_batch = match &line.batch {
                Some(batch) => self.unbound_of(location, batch)?,
                None if line.wish.is_none() => offered,
                None => {
                    let own: Vec<_> = sources().flat_map(|claim| &claim.reservations).collect();
                    self.fit_at(location, &line.wish, line.requested_date, &own)?
                }
            };
            offers.push((location.clone(), of_batch.min(offered)));
        }
        Ok(offers)
    }

    fn apply_reservation(
        &mut self,
        ctx: &CommandContext,
        line: &ReserveLine,
        taken_over: &[ClaimKey],
        outcome: &ReserveOutcome,
    ) -> Result<(), StockError> {
        let cause = line.key.to_string();
        // Units of the soft claims that are RESERVED for nobody until the new claim took what it needs of them.
        let mut loose: BTreeMap<LocationId, Quantity> = BTreeMap::new();
        for key in taken_over {
            for reservation in self.end_claim(key)? {
                let there = loose.entry(reservation.location).or_default();
                *there = plus(*there, reservation.quantity)?;
            }
        }
        self.note_characteristics(&line.key, &line.characteristics);
        let posted = self.claims.get(&line.key).map_or(Quantity::ZERO, |old| old.posted);
        let mut claim = new_claim(line, outcome.waiting, posted);
        for (location, quantity) in &outcome.reserved {
            match &line.batch {
                Some(batch) => claim.add_reserved(location, Some(batch), *quantity)?,
                None => self.add_fitting(&mut claim, location, *quantity)?,
            }
            let own = loose.get(location).copied().unwrap_or_default().min(*quantity);
            if let Some(there) = loose.get_mut(location) {
                *there = minus(*there, own, "units taken over")?;
            }
            let units =
                Units { batch: line.batch.as_ref(), ..Units::of(minus(*quantity, own, "wanted units")?, &cause) };
            let available = Place::at(location, StockState::Available);
            self.move_units(ctx, &available, &Place::at(location, StockState::Reserved), &units)?;
        }
        self.put_claim(claim)?;
        for (location, quantity) in loose {
            let reserved = Place::at(&location, StockState::Reserved);
            self.enter_available(ctx, &location, &reserved, &Units::of(quantity, &cause))?;
        }
        self.peg_free_supply(&line.key)
    }

    /// Empties a claim: nothing waits, is pegged or reserved any more. Answers the reservations it had, whose units are
    /// still RESERVED.
    pub(super) fn end_claim(&mut self, key: &ClaimKey) -> Result<Vec<super::claim::Reservation>, StockError> {
        self.trim_pegs(key, Quantity::ZERO)?;
        let mut claim = self.claim_or_refuse(key)?.clone();
        let reservations = std::mem::take(&mut claim.reservations);
        claim.reserved = Quantity::ZERO;
        claim.waiting = Quantity::ZERO;
        self.put_claim(claim)?;
        Ok(reservations)
    }
}

fn new_claim(line: &ReserveLine, waiting: Quantity, posted: Quantity) -> Claim {
    Claim {
        key: line.key.clone(),
        reserved: Quantity::ZERO,
        waiting,
        pegged: Quantity::ZERO,
        posted,
        strength: line.strength,
        expires_at: line.expires_at,
        eligible: line.eligible,
        in_set: line.all_or_nothing_group.is_some(),
        queue_key: line.queue_key.clone(),
        queue_time: line.queue_time,
        candidates: line.candidates.clone(),
        split_allowed: line.split_allowed,
        min_per_location: line.min_per_location,
        requested_date: line.requested_date,
        wish: line.wish.clone(),
        fits_until: None,
        reservations: Vec::new(),
        pegs: Vec::new(),
        version: 0,
    }
}
