//! Pegging: which waiting units are expected from which dated supply.
//!
//! Supply counts when it is open, dated and not past due at its location. It must not decide who gets stock: a peg is an
//! expectation, which the next allocation run may overrule.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::ids::{LocationId, SupplyId};
use crate::quantity::Quantity;

use super::book::ItemBook;
use super::claim::{Claim, ClaimKey, Peg};
use super::context::CommandContext;
use super::error::{StockError, minus, plus, sum};
use super::rows::Rows;
use super::supply::Supply;

/// Supply that may still be pegged.
#[derive(Debug, Clone)]
struct FreeSupply {
    id: SupplyId,
    location: LocationId,
    date: Date,
    quantity: Quantity,
}

impl ItemBook {
    /// Pegs all waiting claims anew: in the order of the queue, each to the earliest expected supply at its locations.
    /// What is HELD covers the first eligible claims of the queue, so nothing later is pegged for them. Only differences
    /// are written. Answers the claims whose pegs changed.
    ///
    /// Commands that change supply do it by themselves; call it when a day has ended, because supply may be past due.
    ///
    /// Needs loaded: all open supplies, and where there is one, all waiting claims and the locations of both.
    ///
    /// # Errors
    /// [`StockError::NotLoaded`].
    pub fn repeg(&mut self, ctx: &CommandContext) -> Result<Vec<ClaimKey>, StockError> {
        self.command(ctx, Self::repeg_all)
    }

    pub(super) fn repeg_all(&mut self) -> Result<Vec<ClaimKey>, StockError> {
        let has_none = |supply: &Supply| supply.open().is_zero() && supply.pegged.is_zero();
        if self.total_waiting().is_zero() || self.supplies().all(has_none) {
            return Ok(Vec::new());
        }
        if !self.all_waiting_loaded {
            return Err(self.not_loaded("claims", &"that wait"));
        }
        let mut free = self.countable_supplies(Supply::open)?;
        let mut held: BTreeMap<LocationId, Quantity> =
            self.positions().map(|position| (position.location.clone(), position.held)).collect();
        let mut waiting: Vec<&Claim> = self.claims().filter(|claim| !claim.waiting.is_zero()).collect();
        waiting.sort_by(|left, right| left.queue_place().cmp(&right.queue_place()));
        let mut plans = Vec::new();
        for claim in waiting {
            let covered = cover_from_holds(claim, &mut held)?;
            let need = minus(claim.waiting, covered, "waiting units")?;
            let need = if claim.may_be_pegged() { need } else { Quantity::ZERO };
            let pegs = plan_pegs(claim, claim.waits_at(), need, &free);
            take_capacity(&mut free, &pegs)?;
            if pegs != claim.pegs {
                plans.push((claim.key.clone(), pegs));
            }
        }
        let keys = plans.iter().map(|(key, _)| key.clone()).collect();
        for (key, pegs) in plans {
            self.set_pegs(&key, pegs)?;
        }
        self.sum_pegs_of_supplies()?;
        Ok(keys)
    }

    /// Sets what is pegged of each supply to the sum of the pegs. Every pegged claim waits, so all are loaded.
    fn sum_pegs_of_supplies(&mut self) -> Result<(), StockError> {
        let mut pegged: BTreeMap<&SupplyId, Quantity> = BTreeMap::new();
        for peg in self.claims().flat_map(|claim| &claim.pegs) {
            let there = pegged.entry(&peg.supply).or_default();
            *there = plus(*there, peg.quantity)?;
        }
        let of = |supply: &Supply| pegged.get(&supply.id).copied().unwrap_or_default();
        let differing = self.supplies().filter(|supply| supply.pegged != of(supply));
        let changed: Vec<Supply> = differing.map(|s| Supply { pegged: of(s), ..s.clone() }).collect();
        for supply in changed {
            self.put_supply(supply);
        }
        Ok(())
    }

    fn set_pegs(&mut self, key: &ClaimKey, pegs: Vec<Peg>) -> Result<(), StockError> {
        let mut claim = self.claim_or_refuse(key)?.clone();
        claim.pegged = sum(pegs.iter().map(|peg| peg.quantity))?;
        claim.pegs = pegs;
        self.put_claim(claim)
    }

    /// As [`repeg_all`](Self::repeg_all), after the date of a supply moved: claims that stay pegged to it count as
    /// changed, because their expected date did.
    pub(super) fn repeg_all_with_moved(&mut self, moved: &SupplyId) -> Result<Vec<ClaimKey>, StockError> {
        let mut changed = self.repeg_all()?;
        let stays = |claim: &&Claim| claim.pegs.iter().any(|peg| peg.supply == *moved);
        let staying: Vec<Claim> = self.claims().filter(stays).cloned().collect();
        for claim in staying {
            if !changed.contains(&claim.key) {
                self.claims.touch(self.command_number, &claim.key);
                changed.push(claim.key);
            }
        }
        changed.sort();
        Ok(changed)
    }

    /// Pegs what of one claim waits without a peg to supply that nobody is pegged to. Takes no peg from anyone.
    pub(super) fn peg_free_supply(&mut self, key: &ClaimKey) -> Result<(), StockError> {
        let claim = self.claim_or_refuse(key)?;
        if claim.unpegged().is_zero() || !claim.may_be_pegged() {
            return Ok(());
        }
        let free = self.countable_supplies_at(claim.waits_at(), Supply::free)?;
        let pegged_at = claim.pegs.first().and_then(|peg| self.supplies.get(&peg.supply)).map(|s| s.location.clone());
        let added = match pegged_at.filter(|_| !claim.split_allowed) {
            Some(location) => plan_pegs(claim, &[location], claim.unpegged(), &free),
            None => plan_pegs(claim, claim.waits_at(), claim.unpegged(), &free),
        };
        if added.is_empty() {
            return Ok(());
        }
        let mut pegs = claim.pegs.clone();
        for peg in added {
            match pegs.iter_mut().find(|old| old.supply == peg.supply) {
                Some(old) => old.quantity = plus(old.quantity, peg.quantity)?,
                None => pegs.push(peg),
            }
        }
        sort_pegs(&self.supplies, &mut pegs);
        self.write_pegs(key, pegs)
    }

    /// Gives pegs of a claim up until at most `kept` units are pegged: the latest expected first.
    pub(super) fn trim_pegs(&mut self, key: &ClaimKey, kept: Quantity) -> Result<(), StockError> {
        let claim = self.claim_or_refuse(key)?;
        let mut excess = claim.pegged.saturating_sub(kept);
        if excess.is_zero() {
            return Ok(());
        }
        let mut pegs = claim.pegs.clone();
        sort_pegs(&self.supplies, &mut pegs);
        for peg in pegs.iter_mut().rev() {
            let given_up = peg.quantity.min(excess);
            peg.quantity = minus(peg.quantity, given_up, "peg")?;
            excess = minus(excess, given_up, "peg")?;
        }
        pegs.retain(|peg| !peg.quantity.is_zero());
        self.write_pegs(key, pegs)
    }

    /// Replaces the pegs of one claim, and keeps the sums of the supplies in step.
    fn write_pegs(&mut self, key: &ClaimKey, pegs: Vec<Peg>) -> Result<(), StockError> {
        let old = self.claim_or_refuse(key)?.pegs.clone();
        let quantity = |pegs: &[Peg], id: &SupplyId| {
            pegs.iter().find(|peg| peg.supply == *id).map_or(Quantity::ZERO, |peg| peg.quantity)
        };
        let supplies: BTreeSet<&SupplyId> = old.iter().chain(&pegs).map(|peg| &peg.supply).collect();
        for id in supplies {
            let mut supply = self.pegged_supply(id)?.clone();
            supply.pegged = plus(minus(supply.pegged, quantity(&old, id), "supply.pegged")?, quantity(&pegs, id))?;
            self.put_supply(supply);
        }
        self.set_pegs(key, pegs)
    }

    fn pegged_supply(&self, id: &SupplyId) -> Result<&Supply, StockError> {
        self.supplies.get(id).ok_or_else(|| self.not_loaded("supply", id))
    }

    fn countable_supplies(&self, capacity: impl Fn(&Supply) -> Quantity) -> Result<Vec<FreeSupply>, StockError> {
        let mut free = Vec::new();
        for supply in self.supplies().filter(|supply| !supply.open().is_zero()) {
            self.add_countable(supply, &capacity, &mut free)?;
        }
        free.sort_by(|left, right| (left.date, &left.id).cmp(&(right.date, &right.id)));
        Ok(free)
    }

    fn countable_supplies_at(
        &self,
        locations: &[LocationId],
        capacity: impl Fn(&Supply) -> Quantity,
    ) -> Result<Vec<FreeSupply>, StockError> {
        let mut free = Vec::new();
        for supply in self.supplies().filter(|supply| locations.contains(&supply.location)) {
            self.add_countable(supply, &capacity, &mut free)?;
        }
        free.sort_by(|left, right| (left.date, &left.id).cmp(&(right.date, &right.id)));
        Ok(free)
    }

    fn add_countable(
        &self,
        supply: &Supply,
        capacity: impl Fn(&Supply) -> Quantity,
        free: &mut Vec<FreeSupply>,
    ) -> Result<(), StockError> {
        let quantity = capacity(supply);
        let Some(date) = supply.expected_date.filter(|_| !quantity.is_zero()) else { return Ok(()) };
        if supply.counts_on(self.today(&supply.location)?) {
            free.push(FreeSupply { id: supply.id.clone(), location: supply.location.clone(), date, quantity });
        }
        Ok(())
    }
}

/// Puts pegs in the order of their supplies' expected dates; those of supplies that are not loaded come last.
pub(super) fn sort_pegs(supplies: &Rows<SupplyId, Supply>, pegs: &mut [Peg]) {
    pegs.sort_by_cached_key(|peg| {
        let date = supplies.get(&peg.supply).and_then(|supply| supply.expected_date);
        (date.unwrap_or(Date::MAX), peg.supply.clone())
    });
}

/// The part of an eligible claim that HELD units cover; they are taken out of `held`.
fn cover_from_holds(claim: &Claim, held: &mut BTreeMap<LocationId, Quantity>) -> Result<Quantity, StockError> {
    let mut covered = Quantity::ZERO;
    for location in claim.waits_at() {
        let Some(there) = held.get_mut(location) else { continue };
        let rest = minus(claim.eligible_waiting(), covered.min(claim.eligible_waiting()), "waiting units")?;
        let piece = (*there).min(rest);
        *there = minus(*there, piece, "held units")?;
        covered = plus(covered, piece)?;
    }
    Ok(covered)
}

/// Chooses supply for `need` units, earliest first. A claim that may not be split and waits at several locations is
/// pegged at one: where most of it can be pegged, then where that is complete earliest, then first choice.
fn plan_pegs(claim: &Claim, locations: &[LocationId], need: Quantity, free: &[FreeSupply]) -> Vec<Peg> {
    if claim.split_allowed || locations.len() == 1 {
        return peg_earliest(locations, need, free).0;
    }
    let mut best: (Vec<Peg>, Quantity, Date) = (Vec::new(), Quantity::ZERO, Date::MAX);
    for location in locations {
        let (pegs, last) = peg_earliest(std::slice::from_ref(location), need, free);
        let pegged = Quantity::checked_sum(pegs.iter().map(|peg| peg.quantity)).unwrap_or(need);
        if pegged > best.1 || (pegged == best.1 && last < best.2) {
            best = (pegs, pegged, last);
        }
    }
    best.0
}

fn peg_earliest(locations: &[LocationId], need: Quantity, free: &[FreeSupply]) -> (Vec<Peg>, Date) {
    let mut rest = need;
    let mut last = Date::MAX;
    let mut pegs = Vec::new();
    for supply in free.iter().filter(|supply| locations.contains(&supply.location)) {
        let quantity = supply.quantity.min(rest);
        if rest.is_zero() {
            break;
        }
        if !quantity.is_zero() {
            pegs.push(Peg { supply: supply.id.clone(), quantity });
            rest = rest.saturating_sub(quantity);
            last = supply.date;
        }
    }
    (pegs, last)
}

fn take_capacity(free: &mut Vec<FreeSupply>, pegs: &[Peg]) -> Result<(), StockError> {
    for peg in pegs {
        if let Some(supply) = free.iter_mut().find(|supply| supply.id == peg.supply) {
            supply.quantity = minus(supply.quantity, peg.quantity, "free supply")?;
        }
    }
    free.retain(|supply| !supply.quantity.is_zero());
    Ok(())
}
