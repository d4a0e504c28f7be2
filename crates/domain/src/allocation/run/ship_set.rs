//! Requirements that go together: all of them wholly confirmed for one day, or none of them.

use super::{
    day::Day,
    demand::Strategy,
    engine::Running,
    limits::Limits,
    plan::{Constraint, ExceptionKind, PoolException},
    profile,
};

/// A member of a set.
struct Member {
    index: u32,
    begin: usize,
}

/// Decides about a set, at the place of its first requirement: the earliest day for which every member can be confirmed
/// wholly, within what each of them accepts and its strategy allows.
pub(super) fn decide(running: &mut Running<'_>, order: &[u32], set: u32, limits: &mut impl Limits) {
    let members: Vec<u32> = order.iter().copied().filter(|index| running.requirement(*index).set == set).collect();
    let mut day = first_day(running, &members);
    let last = members.iter().map(|index| last_day(running, *index)).min().unwrap_or(Day::MAX);
    let mut blocking = (members[0], Constraint::LatestDay);
    while day <= last && day != Day::MAX {
        match attempt(running, &members, day, limits) {
            Ok(taken) => return finish(running, &taken),
            Err((blocked, next)) => {
                blocking = blocked;
                if next > last && next != Day::MAX {
                    blocking.1 = Constraint::LatestDay;
                }
                day = next;
            }
        }
    }
    none(running, &members, blocking);
}

fn first_day(running: &Running<'_>, members: &[u32]) -> Day {
    let requested = members.iter().map(|index| running.requirement(*index).requested);
    requested.max().unwrap_or(Day::MIN).max(running.input.today)
}

fn last_day(running: &Running<'_>, index: u32) -> Day {
    let requirement = running.requirement(index);
    match requirement.strategy {
        Strategy::Win => requirement.latest.min(requirement.requested.max(running.input.today)),
        Strategy::Lose => Day::MIN,
        Strategy::Gain | Strategy::Improve | Strategy::Redistribute | Strategy::Fill => requirement.latest,
    }
}

/// Confirms every member for one day. Where one cannot be, nothing is taken, and the answer is who and why, and the next day
/// on which it may be otherwise.
fn attempt(
    running: &mut Running<'_>,
    members: &[u32],
    day: Day,
    limits: &mut impl Limits,
) -> Result<Vec<Member>, ((u32, Constraint), Day)> {
    let mut taken: Vec<Member> = Vec::with_capacity(members.len());
    for index in members {
        let begin = running.takes.mark();
        let mut search = running.search(*index, limits);
        (search.first, search.last) = (day, day);
        search.best();
        let (open, binding) = (search.open(), search.binding);
        taken.push(Member { index: *index, begin });
        if open > 0 {
            let next = search.next_day(search.places, day);
            let blocked = (*index, if binding == Constraint::LatestDay { Constraint::Supply } else { binding });
            give_back(running, &taken, limits);
            return Err((blocked, next));
        }
    }
    Ok(taken)
}

fn give_back(running: &mut Running<'_>, taken: &[Member], limits: &mut impl Limits) {
    for member in taken.iter().rev() {
        let group = running.requirement(member.index).group;
        running.takes.back_to(member.begin, group, limits);
    }
}

/// Keeps what was taken, and looks whether those who must not lose have lost.
fn finish(running: &mut Running<'_>, taken: &[Member]) {
    for (position, member) in taken.iter().enumerate() {
        let end = taken.get(position + 1).map_or(running.takes.mark(), |next| next.begin);
        let requirement = running.requirement(member.index);
        let first = requirement.requested.max(running.input.today);
        let before = running.input.demand.confirmed_of(requirement);
        let missing = profile::shortfall(before, &running.takes.pegs[member.begin..end], first);
        if requirement.strategy == Strategy::Gain && missing > 0 {
            running.exceptions.push(PoolException {
                requirement: member.index,
                kind: ExceptionKind::Gain,
                missing,
                binding: Constraint::ShipSet,
            });
        }
        running.note_range(member.index, (member.begin, end), Constraint::ShipSet);
    }
}

/// Confirms none of them.
fn none(running: &mut Running<'_>, members: &[u32], blocking: (u32, Constraint)) {
    for index in members {
        let requirement = running.requirement(*index);
        let binding = if *index == blocking.0 { blocking.1 } else { Constraint::ShipSet };
        let before = running.input.demand.confirmed_of(requirement);
        let had = profile::total(before);
        let exception = match requirement.strategy {
            Strategy::Win => Some((ExceptionKind::Win, requirement.quantity)),
            Strategy::Gain => (had > 0).then_some((ExceptionKind::Gain, had)),
            Strategy::Improve | Strategy::Redistribute | Strategy::Fill | Strategy::Lose => None,
        };
        if let Some((kind, missing)) = exception {
            running.exceptions.push(PoolException { requirement: *index, kind, missing, binding });
        }
        let begin = running.takes.mark();
        running.note(*index, begin, binding);
    }
}
