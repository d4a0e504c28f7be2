//! What a run decided: confirmations with the supply they rest on, and why it is not more.

use super::{
    day::Day,
    demand::{Confirmation, Demand, span},
    profile,
};

/// Units of one supply that a plan gives to a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peg {
    /// The day of delivery: the requested day, or the later day on which the last of the supply is there.
    pub day: Day,
    /// The place.
    pub place: u32,
    /// The bucket of [`super::supply::Supplies`] that gives the units.
    pub bucket: u32,
    /// Base units, above zero.
    pub quantity: i64,
}

/// What keeps a requirement from being confirmed wholly on its requested day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Constraint {
    /// Too little comes in time, or others stand before it.
    Supply,
    /// More comes after its last acceptable day.
    LatestDay,
    /// What is there is less than its smallest delivery.
    ShipmentMin,
    /// What is there is less than a pack.
    Pack,
    /// It has as many deliveries as it may have.
    Deliveries,
    /// It comes from as many places as it may.
    Places,
    /// It goes only all at once, and not all is there.
    Whole,
    /// Another requirement of its ship set cannot be confirmed.
    ShipSet,
    /// The quota of its allocation group is used up.
    Quota,
    /// What is there is protected for other allocation groups.
    Protection,
    /// Its strategy gives it nothing more.
    Strategy,
}

/// What became of a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Reason {
    /// The run did not decide about it: it is in no pool.
    #[default]
    NotInRun,
    /// It is confirmed as before.
    Unchanged,
    /// It is confirmed more by some day, and by no day less.
    Improved,
    /// It is confirmed less by some day, and by no day more.
    Worsened,
    /// More by some day and less by another.
    Moved,
    /// Its pool was left as it was, because a requirement of the pool met an exception.
    Discarded,
}

impl Reason {
    /// What became of a requirement that was confirmed one way and is another; `asked` is its requested day, or today when
    /// that is past.
    pub(super) fn of(before: &[Confirmation], after: &[Peg], asked: Day) -> Self {
        let (lost, gained) = (profile::shortfall(before, after, asked), profile::shortfall(after, before, asked));
        match (gained > 0, lost > 0) {
            (false, false) => Self::Unchanged,
            (true, false) => Self::Improved,
            (false, true) => Self::Worsened,
            (true, true) => Self::Moved,
        }
    }
}

/// The decision about one requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outcome {
    /// Its pegs: a range of [`Plan::pegs`]. Empty for a discarded one, which keeps what it had.
    pub pegs: (u32, u32),
    /// What became of it.
    pub reason: Reason,
    /// What keeps it from all of its units on the requested day; `None` when it has them.
    pub binding: Option<Constraint>,
}

/// Why a strategy could not be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExceptionKind {
    /// A winner cannot be confirmed wholly on its requested day.
    Win,
    /// A gainer would lose a part of its confirmation.
    Gain,
}

/// An exception: somebody has to resolve it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolException {
    /// The requirement.
    pub requirement: u32,
    /// What could not be kept.
    pub kind: ExceptionKind,
    /// How many units are missing on the day on which most are.
    pub missing: i64,
    /// What keeps it from them.
    pub binding: Constraint,
}

/// The decisions of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// One per requirement of the demand, by its index.
    pub outcomes: Vec<Outcome>,
    /// Pegs, those of one requirement together.
    pub pegs: Vec<Peg>,
    /// Exceptions, by requirement in the order in which they were checked.
    pub exceptions: Vec<PoolException>,
}

/// How a requirement's confirmation changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Units confirmed more than before; negative for fewer.
    pub quantity: i64,
    /// Days later than before on which the units that are confirmed both before and now are all there; negative for
    /// earlier. `None` when nothing is confirmed before or now.
    pub days: Option<i32>,
}

impl Plan {
    /// The pegs of a requirement.
    #[must_use]
    pub fn pegs_of(&self, requirement: u32) -> &[Peg] {
        &self.pegs[span(self.outcomes[requirement as usize].pegs)]
    }

    /// What a requirement is confirmed after the run, by day and place.
    #[must_use]
    pub fn confirmed(&self, demand: &Demand, requirement: u32) -> Vec<Confirmation> {
        let outcome = &self.outcomes[requirement as usize];
        if matches!(outcome.reason, Reason::Discarded | Reason::NotInRun) {
            return demand.confirmed_of(&demand.requirements[requirement as usize]).to_vec();
        }
        confirmations(self.pegs_of(requirement))
    }

    /// Leaves everything that was decided about as it was.
    pub fn discard(&mut self) {
        self.pegs.clear();
        for outcome in self.outcomes.iter_mut().filter(|outcome| outcome.reason != Reason::NotInRun) {
            (outcome.pegs, outcome.reason) = ((0, 0), Reason::Discarded);
        }
    }

    /// The demand with what the plan confirms, as it is after a commit.
    #[must_use]
    pub fn applied_to(&self, demand: &Demand) -> Demand {
        let mut after = Demand { confirmed: Vec::with_capacity(demand.confirmed.len()), ..demand.clone() };
        for (index, requirement) in (0_u32..).zip(&mut after.requirements) {
            let begin = count(after.confirmed.len());
            after.confirmed.extend(self.confirmed(demand, index));
            requirement.confirmed = (begin, count(after.confirmed.len()));
        }
        after
    }

    /// This plan, then one that was made on top of it: where that decided about a requirement it counts, and the reasons
    /// are told against the demand before both.
    #[must_use]
    pub fn followed_by(mut self, second: Self, demand: &Demand, today: Day) -> Self {
        let shift = count(self.pegs.len());
        self.pegs.extend_from_slice(&second.pegs);
        for (index, (outcome, later)) in self.outcomes.iter_mut().zip(&second.outcomes).enumerate() {
            if matches!(later.reason, Reason::NotInRun | Reason::Discarded) {
                if outcome.reason == Reason::NotInRun {
                    (outcome.reason, outcome.binding) = (later.reason, later.binding);
                }
                continue;
            }
            let pegs = (later.pegs.0 + shift, later.pegs.1 + shift);
            let requirement = &demand.requirements[index];
            let asked = requirement.requested.max(today);
            let reason = Reason::of(demand.confirmed_of(requirement), &self.pegs[span(pegs)], asked);
            *outcome = Outcome { pegs, reason, binding: later.binding };
        }
        self.exceptions = second.exceptions;
        self
    }

    /// How the confirmation of a requirement changes.
    #[must_use]
    pub fn change(&self, demand: &Demand, requirement: u32) -> Change {
        let before = demand.confirmed_of(&demand.requirements[requirement as usize]);
        let after = self.confirmed(demand, requirement);
        let (had, has) = (profile::total(before), profile::total(&after));
        let common = had.min(has);
        let days = (common > 0).then(|| {
            let day = |confirmed| profile::day_of(confirmed, common).0;
            day(&after).saturating_sub(day(before))
        });
        Change { quantity: has - had, days }
    }
}

/// Pegs as confirmations: by day and place, those of one day and place together.
#[must_use]
pub fn confirmations(pegs: &[Peg]) -> Vec<Confirmation> {
    let mut confirmed: Vec<Confirmation> =
        pegs.iter().map(|peg| Confirmation { day: peg.day, place: peg.place, quantity: peg.quantity }).collect();
    confirmed.sort();
    confirmed.dedup_by(|next, kept| {
        let is_same = next.day == kept.day && next.place == kept.place;
        if is_same {
            kept.quantity += next.quantity;
        }
        is_same
    });
    confirmed
}

/// Pegs and confirmations are counted in 32 bits: there are at most a few per requirement.
fn count(many: usize) -> u32 {
    u32::try_from(many).unwrap_or(u32::MAX)
}
