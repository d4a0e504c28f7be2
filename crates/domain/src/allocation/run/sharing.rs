//! Requirements of the same standing that share what there is, instead of being served one after the other.
//!
//! They stand one after the other in the order. Day by day and place by place, what can be had is shared among those that
//! want it by then; what the packs and smallest deliveries of some leave goes to the others in their order. Wishes beyond
//! these two cannot be shared out: a requirement that has them is served by itself after the others of its block.

use super::{
    day::Day,
    demand::{Sharing, Terms},
    engine::Running,
    limits::Limits,
    plan::{Constraint, Peg},
};
use crate::{
    allocation::fair_share::{self, Claim},
    quantity::Quantity,
};

/// A requirement of the block and what it has so far.
struct Member {
    index: u32,
    open: i64,
    first: Day,
    last: Day,
    pegs: Vec<Peg>,
    binding: Constraint,
}

/// Decides about a block of requirements.
pub(super) fn decide(running: &mut Running<'_>, block: &[u32], sharing: Sharing, limits: &mut impl Limits) {
    let (sharers, others): (Vec<u32>, Vec<u32>) = block.iter().partition(|index| may_share(running, **index));
    let mut members: Vec<Member> = sharers.iter().map(|index| member(running, *index)).collect();
    let mut places: Vec<u32> = sharers
        .iter()
        .flat_map(|index| running.input.demand.places_of(running.requirement(*index)).iter().copied())
        .collect();
    places.sort_unstable();
    places.dedup();
    let mut day = members.iter().map(|member| member.first).min().unwrap_or(Day::MAX);
    while day != Day::MAX && members.iter().any(|member| member.open > 0 && day <= member.last) {
        for place in &places {
            share(running, &mut members, (*place, day), sharing, limits);
        }
        day = next_day(running, &members, &places, day, limits);
    }
    for member in members {
        let begin = running.takes.mark();
        running.takes.pegs.extend(&member.pegs);
        running.note(member.index, begin, member.binding);
    }
    for index in others {
        running.alone(index, limits);
    }
}

fn may_share(running: &Running<'_>, index: u32) -> bool {
    let terms = running.input.demand.terms_of(running.requirement(index));
    Terms { shipment_min: 1, pack: 1, ..*terms }.are_none()
}

fn member(running: &Running<'_>, index: u32) -> Member {
    let requirement = running.requirement(index);
    let first = requirement.requested.max(running.input.today);
    let is_too_late = first > requirement.latest;
    Member {
        index,
        open: requirement.quantity,
        first,
        last: requirement.latest,
        pegs: Vec::new(),
        binding: if is_too_late { Constraint::LatestDay } else { Constraint::Supply },
    }
}

/// Shares what can be had of a place by a day.
fn share(
    running: &mut Running<'_>,
    members: &mut [Member],
    (place, day): (u32, Day),
    sharing: Sharing,
    limits: &mut impl Limits,
) {
    let available = running.takes.available(place, day);
    if available == 0 {
        return;
    }
    let mut wanting: Vec<usize> = Vec::new();
    let mut claims: Vec<Claim> = Vec::new();
    for (position, member) in members.iter().enumerate() {
        let requirement = running.requirement(member.index);
        let demand = running.input.demand;
        if member.open == 0
            || day < member.first
            || day > member.last
            || !demand.places_of(requirement).contains(&place)
        {
            continue;
        }
        // A wish beyond what a command may name is as good as one of that size.
        let wanted = Quantity::try_new(member.open).unwrap_or_default().min(Quantity::COMMAND_MAX);
        let pack = Quantity::try_new(demand.terms_of(requirement).pack).unwrap_or_default().min(Quantity::COMMAND_MAX);
        if let Ok(claim) = Claim::try_new(wanted, pack) {
            wanting.push(position);
            claims.push(claim);
        }
    }
    let supply = Quantity::try_new(available).unwrap_or_default();
    let shares = match sharing {
        Sharing::Proportional => fair_share::proportional(supply, &claims),
        Sharing::UniformGains => fair_share::uniform_gains(supply, &claims),
        Sharing::UniformLosses => fair_share::uniform_losses(supply, &claims),
    };
    for (position, units) in wanting.iter().zip(shares.units) {
        deliver(running, &mut members[*position], (place, day), units.get(), limits);
    }
    for position in wanting {
        let open = members[position].open;
        deliver(running, &mut members[position], (place, day), open, limits);
    }
}

/// Delivers at most `wanted` units, as the wishes and bounds of the requirement allow.
fn deliver(
    running: &mut Running<'_>,
    member: &mut Member,
    (place, day): (u32, Day),
    wanted: i64,
    limits: &mut impl Limits,
) {
    let wanted = wanted.min(member.open);
    if wanted <= 0 {
        return;
    }
    let mark = running.takes.mark();
    let mut search = running.search(member.index, limits);
    let piece = search.piece_of(place, day, member.open, wanted);
    search.deliver(place, day, piece);
    member.binding = search.binding;
    member.pegs.extend(running.takes.pegs.drain(mark..));
    member.open -= piece;
}

fn next_day(running: &Running<'_>, members: &[Member], places: &[u32], day: Day, limits: &impl Limits) -> Day {
    let supply = places.iter().map(|place| running.takes.next_day(*place, day));
    let waiting = members.iter().filter(|member| member.open > 0);
    let of_member = waiting.flat_map(|member| {
        let group = running.requirement(member.index).group;
        let bounds = places
            .iter()
            .filter(move |place| limits.concerns(**place))
            .map(move |place| limits.next_day(group, *place, day));
        bounds.chain(Some(member.first).filter(|first| *first > day))
    });
    supply.chain(of_member).min().unwrap_or(Day::MAX)
}
