//! Borrowing from a later order, repaid from supply that comes in time for it.
//!
//! A lender is decided about in its place of the order, as if it lent nothing. When a requirement after it lacks units on
//! its requested day, the lender may be served later than it was confirmed, by so many days as it lends: it gives its units
//! back and gets what is there by then, all of it, or lends nothing. It lends once, and only where that helps. Whether an
//! order is far enough away to lend, by the lock before its day, is decided by who makes the requirement: see [`may_lend`].

use super::{
    day::Day,
    demand::{NOT_LENDING, Strategy},
    engine::{Decision, Running},
    limits::Limits,
    plan::{Constraint, Peg},
    profile, strategy,
};

/// Whether a requirement that is confirmed for a day may lend: the day is more than the lock away.
#[must_use]
pub fn may_lend(confirmed_day: Day, today: Day, lock_days: i32) -> bool {
    confirmed_day > today.plus(lock_days)
}

/// A requirement that lends. What it takes lies apart from the takes of the others until the pool is done.
pub(super) struct Lender {
    index: u32,
    pegs: Vec<Peg>,
    binding: Constraint,
    has_lent: bool,
}

/// Whether a requirement may lend.
pub(super) fn is_lender(running: &Running<'_>, index: u32) -> bool {
    let requirement = running.requirement(index);
    requirement.lends_days != NOT_LENDING && matches!(requirement.strategy, Strategy::Gain | Strategy::Improve)
}

/// Takes a requirement that was decided about for a lender, unless it has nothing to lend.
pub(super) fn note(running: &mut Running<'_>, index: u32, begin: usize, binding: Constraint) {
    let pegs = running.takes.put_aside(begin);
    running.lenders.push(Lender { index, pegs, binding, has_lent: false });
}

/// Looks for more for a requirement that lacks units on its requested day, lender by lender, and answers what is decided in
/// the end. Its takes begin at `begin`.
pub(super) fn borrow(
    running: &mut Running<'_>,
    index: u32,
    begin: usize,
    mut decision: Decision,
    limits: &mut impl Limits,
) -> Decision {
    let (group, places) = {
        let requirement = running.requirement(index);
        (requirement.group, running.input.demand.places_of(requirement))
    };
    for position in 0..running.lenders.len() {
        let lender = &running.lenders[position];
        if lender.has_lent || !lender.pegs.iter().any(|peg| places.contains(&peg.place)) {
            continue;
        }
        let in_time = running.in_time(index, begin);
        running.takes.back_to(begin, group, limits);
        let lent = lend(running, position, limits);
        decision = running.decide(index, limits);
        if lent && running.in_time(index, begin) > in_time {
            if running.lacks(index, begin) {
                continue;
            }
            return decision;
        }
        if lent {
            running.takes.back_to(begin, group, limits);
            take_back(running, position, limits);
            decision = running.decide(index, limits);
        }
    }
    decision
}

/// Moves a lender to what is there by its last day. Answers whether that is all that it was confirmed; otherwise nothing
/// changed.
fn lend(running: &mut Running<'_>, position: usize, limits: &mut impl Limits) -> bool {
    let index = running.lenders[position].index;
    let requirement = running.requirement(index);
    let confirmed = running.input.demand.confirmed_of(requirement);
    let own = std::mem::take(&mut running.lenders[position].pegs);
    running.takes.back_from_aside(&own, requirement.group, limits);
    let mark = running.takes.mark();
    let mut search = running.search(index, limits);
    strategy::keep(&mut search, confirmed, requirement.lends_days);
    let is_all = search.own_units() == profile::total(confirmed);
    if is_all {
        running.lenders[position].pegs = running.takes.put_aside(mark);
        running.lenders[position].has_lent = true;
        running.lent.push((position, own));
    } else {
        search.back_to(mark);
        running.takes.take_again(&own, requirement.group, limits);
        running.lenders[position].pegs = own;
    }
    is_all
}

/// Undoes the last loan.
fn take_back(running: &mut Running<'_>, position: usize, limits: &mut impl Limits) {
    let group = running.requirement(running.lenders[position].index).group;
    if let Some((_, own)) = running.lent.pop() {
        let moved = std::mem::replace(&mut running.lenders[position].pegs, own);
        running.takes.back_from_aside(&moved, group, limits);
        running.takes.take_again(&running.lenders[position].pegs, group, limits);
        running.lenders[position].has_lent = false;
    }
}

/// Writes down what the lenders of a pool get. One that has lent gets the best that is there now, never less than it has a
/// right to.
pub(super) fn finish(running: &mut Running<'_>, limits: &mut impl Limits) {
    running.lent.clear();
    for lender in std::mem::take(&mut running.lenders) {
        let begin = running.takes.mark();
        if !lender.has_lent || !improve(running, &lender, limits) {
            running.takes.pegs.extend(&lender.pegs);
        }
        running.note(lender.index, begin, lender.binding);
    }
}

/// Takes the best for a lender that has lent. Answers false, and takes nothing, where that is behind its right.
fn improve(running: &mut Running<'_>, lender: &Lender, limits: &mut impl Limits) -> bool {
    let begin = running.takes.mark();
    let group = running.requirement(lender.index).group;
    running.takes.back_from_aside(&lender.pegs, group, limits);
    let mut search = running.search(lender.index, limits);
    search.best();
    let is_kept = profile::shortfall(&lender.pegs, search.own_takes(), search.first) == 0;
    if !is_kept {
        search.back_to(begin);
        running.takes.take_again(&lender.pegs, group, limits);
    }
    is_kept
}
