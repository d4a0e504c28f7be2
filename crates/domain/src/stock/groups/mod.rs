//! Groups of demand of one item: what they may take at most, and what is kept for them, enforced wherever units enter a claim.
//!
//! Whoever gives units to a claim asks [`ItemBook::takeable`] first; a person's decision does not ask. Booking is nobody's
//! duty: each claim that is written consumes what it has more than before, and gives back what it has less, unless that was
//! shipped. So what is consumed is always what claims hold and have shipped.
//!
//! Only units that are reserved consume, in the period of the day at their location; what is expected does not. A claim
//! without characteristics is of no group: no quota restricts it, and whatever is protected is kept from it.
//!
//! Must not know how a rule works, which is decided in [`crate::allocation::group`].

mod allocate;
mod limits;
mod rules;

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::ids::LocationId;
use crate::quantity::Quantity;

pub use limits::{Bucket, Characteristics, GroupLimit, GroupTake, Limits};
pub use rules::{
    GROUPS_MAX, InvalidGroups, ItemGroups, LocationProtections, PERIODS_MAX, ProtectionGroup, QuotaGroup, QuotaPeriod,
    QuotaRules, TEXT_BYTES_MAX,
};

use super::awaited::Awaited;
use super::book::ItemBook;
use super::claim::{Claim, ClaimKey};
use super::context::CommandContext;
use super::error::{StockError, minus, plus, sum};
use super::placement::place;
use super::reserve::ReserveLine;
use super::rows::{Row, Rows};
use super::supply::check_version;

/// What a store loads of an item's groups.
#[derive(Debug, Clone, Default)]
pub struct GroupScope {
    /// The rules.
    pub rules: ItemGroups,
    /// How often they were set.
    pub version: i64,
    /// What is consumed, by bucket; also of buckets that no rule names now.
    pub consumed: BTreeMap<Bucket, Quantity>,
    /// The characteristics and takes of the loaded claims that have any.
    pub claims: Vec<GroupClaim>,
    /// What waits at each location, over all claims, by what these say of themselves.
    pub awaited: Vec<(LocationId, Characteristics, Awaited)>,
}

/// What a claim says of itself, and what it consumed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupClaim {
    /// The claim.
    pub key: ClaimKey,
    /// What it says of itself.
    pub characteristics: Characteristics,
    /// The units that it has or has shipped, in the order in which it got them.
    pub takes: Vec<GroupTake>,
}

impl Row for GroupClaim {
    fn version(&self) -> i64 {
        0
    }
    fn set_version(&mut self, _: i64) {}
}

/// The rows of an item's groups to write.
#[derive(Debug, Clone, Default)]
pub struct GroupChanges {
    /// The rules with their version, where they were set.
    pub rules: Option<(ItemGroups, i64)>,
    /// What is consumed now, where it changed.
    pub consumed: Vec<(Bucket, Quantity)>,
    /// Changed claims.
    pub claims: Vec<GroupClaim>,
}

impl GroupChanges {
    /// Whether there is nothing to write.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rules.is_none() && self.consumed.is_empty() && self.claims.is_empty()
    }
}

/// The groups of a book.
#[derive(Debug, Clone)]
pub(super) struct Groups {
    version: i64,
    loaded_version: i64,
    stored: BTreeMap<Bucket, Quantity>,
    limits: Limits,
    claims: Rows<ClaimKey, GroupClaim>,
    awaited: Rows<(LocationId, Characteristics), Awaited>,
}

/// A state of the groups to which they can return.
#[derive(Debug)]
pub(super) struct GroupsMark {
    version: i64,
    limits: Limits,
    claims: usize,
    awaited: usize,
}

impl Groups {
    pub(super) fn load(scope: GroupScope) -> Result<Self, StockError> {
        let GroupScope { rules, version, consumed, claims, awaited } = scope;
        let limits = Limits::try_new(&rules, consumed.clone()).map_err(inconsistent)?;
        Ok(Self {
            version,
            loaded_version: version,
            stored: consumed,
            limits,
            claims: Rows::loaded(claims.into_iter().map(|claim| (claim.key.clone(), claim))),
            awaited: Rows::loaded(awaited.into_iter().map(|(at, of, awaited)| ((at, of), awaited))),
        })
    }

    pub(super) fn into_changes(self) -> GroupChanges {
        let consumed = self.limits.consumed().iter();
        let consumed =
            consumed.filter(|(bucket, units)| self.stored.get(*bucket).copied().unwrap_or_default() != **units);
        GroupChanges {
            consumed: consumed.map(|(bucket, units)| (bucket.clone(), *units)).collect(),
            rules: (self.version != self.loaded_version).then(|| (self.limits.rules().clone(), self.version)),
            claims: self.claims.into_changed().map(|changed| changed.row).collect(),
        }
    }

    pub(super) fn mark(&self) -> GroupsMark {
        let (claims, awaited) = (self.claims.mark(), self.awaited.mark());
        GroupsMark { version: self.version, limits: self.limits.clone(), claims, awaited }
    }

    pub(super) fn rolled_back(mut self, mark: GroupsMark) -> Self {
        self.claims.roll_back(mark.claims);
        self.awaited.roll_back(mark.awaited);
        (self.limits, self.version) = (mark.limits, mark.version);
        self
    }

    pub(super) fn forget_undo(&mut self) {
        self.claims.forget_undo();
        self.awaited.forget_undo();
    }

    fn characteristics(&self, key: &ClaimKey) -> Characteristics {
        self.claims.get(key).map(|claim| claim.characteristics.clone()).unwrap_or_default()
    }

    pub(super) fn change_awaited(
        &mut self,
        command: u64,
        at: &LocationId,
        key: &ClaimKey,
        before: Awaited,
        after: Awaited,
    ) -> Result<(), StockError> {
        let place = (at.clone(), self.characteristics(key));
        let awaited = self.awaited.get(&place).copied().unwrap_or_default().changed(before, after)?;
        self.awaited.put(command, place, awaited);
        Ok(())
    }

    /// See [`Limits::takeable`].
    fn takeable(&self, at: &LocationId, day: Date, there: Quantity) -> Result<Awaited, StockError> {
        let here = self.awaited.entries().filter(|((place, _), _)| place == at);
        self.limits.takeable(at, day, there, here.map(|((_, of), awaited)| (of, awaited)))
    }
}

fn inconsistent(error: InvalidGroups) -> StockError {
    StockError::Inconsistent(format!("groups: {error}"))
}

/// What a line may be given, and what kept it from more.
pub(super) struct Placed {
    pub(super) reserved: Vec<(LocationId, Quantity)>,
    pub(super) limited: Option<GroupLimit>,
}

impl ItemBook {
    /// Sets the rules of the item's groups. What is consumed stays, by group and first day of the period; claims that were made
    /// while the item had no groups are of none. What may take more than before is put aside for who waits.
    ///
    /// Every position counts as changed, so that nobody goes on with what he knows of an item that had no groups.
    ///
    /// Needs loaded: all locations of the item.
    ///
    /// # Errors
    /// [`StockError::VersionMismatch`] when the rules have another version than the caller read.
    pub fn put_groups(
        &mut self,
        ctx: &CommandContext,
        rules: &ItemGroups,
        expected_version: Option<i64>,
    ) -> Result<i64, StockError> {
        let version = self.groups_version();
        check_version(&format!("items/{}/groups", self.item), expected_version, version)?;
        let places: Vec<LocationId> = self.positions.iter().map(|position| position.location.clone()).collect();
        if self.groups.is_none() {
            let mut awaited = Vec::with_capacity(places.len());
            for at in &places {
                awaited.push((at.clone(), Characteristics::new(), self.awaited_at(at)?));
            }
            self.groups = Some(Groups::load(GroupScope { awaited, ..GroupScope::default() })?);
        }
        self.command(ctx, |book| {
            if let Some(groups) = &mut book.groups {
                groups.limits = Limits::try_new(rules, groups.limits.consumed().clone()).map_err(inconsistent)?;
                groups.version = version + 1;
            }
            for at in &places {
                if book.positions.get(at).is_some_and(|known| known.version > 0) {
                    book.positions.touch(book.command_number, at);
                }
            }
            Ok(version + 1)
        })
    }

    /// Puts units aside for those who may take more since a day has begun at some location.
    ///
    /// Needs loaded: all locations of the item.
    ///
    /// # Errors
    /// [`StockError::NotLoaded`].
    pub fn settle_groups(&mut self, ctx: &CommandContext) -> Result<(), StockError> {
        self.command(ctx, |_| Ok(()))
    }

    /// How often the rules of the item's groups were set; 0 when it has none.
    #[must_use]
    pub fn groups_version(&self) -> i64 {
        self.groups.as_ref().map_or(0, |groups| groups.version)
    }

    /// The rules of the item's groups, if it has any.
    #[must_use]
    pub fn group_rules(&self) -> Option<&ItemGroups> {
        self.groups.as_ref().map(|groups| groups.limits.rules())
    }

    /// What is consumed of the item's groups, by bucket.
    #[must_use]
    pub fn consumed_of_groups(&self) -> BTreeMap<Bucket, Quantity> {
        let consumed = self.groups.iter().flat_map(|groups| groups.limits.consumed());
        consumed.filter(|(_, units)| !units.is_zero()).map(|(bucket, units)| (bucket.clone(), *units)).collect()
    }

    /// What loaded claims say of themselves and consumed, by line and part.
    pub fn group_claims(&self) -> impl Iterator<Item = &GroupClaim> {
        self.groups.iter().flat_map(|groups| groups.claims.iter())
    }

    /// Notes what a new claim says of itself.
    pub(super) fn note_characteristics(&mut self, key: &ClaimKey, of: &Characteristics) {
        let Some(groups) = &mut self.groups else { return };
        let known = groups.claims.get(key);
        if of.is_empty() && known.is_none() {
            return;
        }
        let takes = known.map(|claim| claim.takes.clone()).unwrap_or_default();
        let claim = GroupClaim { key: key.clone(), characteristics: of.clone(), takes };
        groups.claims.put(self.command_number, key.clone(), claim);
    }

    /// What of the awaited units at a location may take what is `there` for nobody.
    pub(super) fn takeable_by_queue(&self, at: &LocationId, there: Quantity) -> Result<Awaited, StockError> {
        match &self.groups {
            Some(groups) => groups.takeable(at, self.today(at)?, there),
            None => self.awaited_at(at),
        }
    }

    /// As [`ItemBook::takeable_by_queue`] of what is free and held there now.
    pub(super) fn takeable_now(&self, at: &LocationId) -> Result<Awaited, StockError> {
        let position = self.position(at)?;
        self.takeable_by_queue(at, plus(position.available, position.held)?)
    }

    /// How many of the `asked` units the groups let a claim take at a location, with `beside` units there that are neither free
    /// nor held and for nobody.
    ///
    /// # Errors
    /// [`StockError::NotLoaded`] when the location was not loaded.
    pub fn takeable(
        &self,
        key: &ClaimKey,
        at: &LocationId,
        asked: Quantity,
        beside: Quantity,
    ) -> Result<Quantity, StockError> {
        let Some(groups) = &self.groups else { return Ok(asked) };
        let position = self.position(at)?;
        let there = sum([position.available, position.held, beside])?;
        Ok(groups.limits.allowed(&groups.characteristics(key), at, self.today(at)?, asked, there))
    }

    /// Whether the groups let a claim take all of the units; see [`ItemBook::takeable`].
    pub(super) fn may_take(
        &self,
        key: &ClaimKey,
        at: &LocationId,
        units: Quantity,
        beside: Quantity,
    ) -> Result<bool, StockError> {
        Ok(self.takeable(key, at, units, beside)? == units)
    }

    /// Places a new line within what its group may take. Units of the claims that it takes over are free for it, and what these
    /// consumed is given back first.
    pub(super) fn place_within_groups(
        &self,
        line: &ReserveLine,
        taken_over: &[ClaimKey],
        wanted: Quantity,
        offers: Vec<(LocationId, Quantity)>,
    ) -> Result<Placed, StockError> {
        let placed = |wanted, offers: &[_]| place(wanted, offers, line.split_allowed, line.min_per_location);
        let Some(groups) = &self.groups else {
            return Ok(Placed { reserved: placed(wanted, &offers), limited: None });
        };
        let mut limits = groups.limits.clone();
        for key in taken_over {
            let held = self.claims.get(key).into_iter().flat_map(|claim| &claim.reservations);
            let mut takes = groups.claims.get(key).map(|claim| claim.takes.clone()).unwrap_or_default();
            for reservation in held.filter(|_| groups.claims.get(key).is_some()) {
                for take in limits::take_back(&mut takes, &reservation.location, reservation.quantity)? {
                    limits.give_back(&take, take.units)?;
                }
            }
        }
        let of = &line.characteristics;
        let mut within = Vec::with_capacity(offers.len());
        let mut left: Option<Quantity> = None;
        for (at, offered) in &offers {
            let own = sum(taken_over.iter().filter_map(|key| self.claims.get(key)).map(|claim| claim.reserved_at(at)))?;
            let there = plus(self.position(at)?.available, own)?;
            within.push((at.clone(), limits.unprotected(of, at, *offered, there)));
            // Days differ by location. What the strictest of them leaves may be taken at all.
            left = left.into_iter().chain(limits.quota_left(of, self.today(at)?)).min();
        }
        let units = |placed: &[(LocationId, Quantity)]| sum(placed.iter().map(|(_, quantity)| *quantity));
        let reserved = placed(left.map_or(wanted, |left| left.min(wanted)), &within);
        let (got, unlimited) = (units(&reserved)?, units(&placed(wanted, &offers))?);
        let limited = if got >= unlimited {
            None
        } else if units(&placed(wanted, &within))? > got {
            Some(GroupLimit::Quota)
        } else {
            Some(GroupLimit::Protection)
        };
        Ok(Placed { reserved, limited })
    }

    /// What the quota of a waiting claim's group leaves it, over all the places where it waits.
    pub(super) fn quota_left_for(&self, claim: &Claim) -> Result<Quantity, StockError> {
        let Some(groups) = &self.groups else { return Ok(claim.waiting) };
        let of = groups.characteristics(&claim.key);
        let mut left = claim.waiting;
        for at in claim.waits_at() {
            left = groups.limits.quota_left(&of, self.today(at)?).map_or(left, |other| other.min(left));
        }
        Ok(left)
    }

    /// Books what a claim, as it is about to be written, has more or less than before. What it shipped stays consumed.
    pub(super) fn consume_or_give_back(&mut self, claim: &Claim) -> Result<(), StockError> {
        let Some(known) = self.groups.as_ref().and_then(|groups| groups.claims.get(&claim.key)) else { return Ok(()) };
        let mut known = known.clone();
        let old = self.claims.get(&claim.key);
        let mut units: BTreeMap<&LocationId, (Quantity, Quantity)> = BTreeMap::new();
        for reservation in old.into_iter().flat_map(|old| &old.reservations) {
            let before = &mut units.entry(&reservation.location).or_default().0;
            *before = plus(*before, reservation.quantity)?;
        }
        for reservation in &claim.reservations {
            let after = &mut units.entry(&reservation.location).or_default().1;
            *after = plus(*after, reservation.quantity)?;
        }
        let mut shipped = claim.posted.saturating_sub(old.map_or(Quantity::ZERO, |old| old.posted));
        let mut days = Vec::new();
        for (at, (before, after)) in units.iter().filter(|(_, (before, after))| after > before) {
            days.push(((*at).clone(), minus(*after, *before, "units of a claim")?, self.today(at)?));
        }
        let Some(groups) = &mut self.groups else { return Ok(()) };
        for (at, (before, after)) in units {
            let gone = before.saturating_sub(after);
            let kept = gone.min(shipped);
            shipped = minus(shipped, kept, "shipped units")?;
            for take in limits::take_back(&mut known.takes, at, minus(gone, kept, "units of a claim")?)? {
                groups.limits.give_back(&take, take.units)?;
            }
        }
        for (at, more, day) in days {
            let taken = groups.limits.consume(&known.characteristics, &at, day, more)?;
            taken.into_iter().for_each(|take| add_take(&mut known.takes, take));
        }
        groups.claims.put(self.command_number, known.key.clone(), known);
        Ok(())
    }
}

/// Adds a take to those of a claim; one like the last of them becomes a part of it.
fn add_take(takes: &mut Vec<GroupTake>, take: GroupTake) {
    if let Some(last) = takes.last_mut()
        && (&last.location, &last.quota, &last.protection) == (&take.location, &take.quota, &take.protection)
        && let Some(units) = last.units.checked_add(take.units)
    {
        last.units = units;
        return;
    }
    takes.push(take);
}
