//! What is committed of a run's decision about an item, as the item is now.
//!
//! A line gives what it has reserved and the plan does not leave it, and gets what the plan gives it of stock. Lines that
//! changed since stay as they are, so the rest is balanced anew: nobody is given what is not there, a line that goes to
//! another place goes whole or not at all, and nobody loses units that nobody gets.

use std::collections::HashMap;

use backorder_proto::{
    allocation::v1::{self as pb, RunLeftOutCause as LeftOut, RunLineOutcome as Outcome},
    inventory::v1::RunUnits,
};

use super::live::{LiveClaim, LiveItem};

/// After so many rounds of balancing, only lines that give nothing up may still gain: then a few more rounds end it.
const ROUNDS_MAX: usize = 8;

/// A part of a line as the run kept it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The line.
    pub line: String,
    /// Its part.
    pub part: i32,
    /// Its place in the order of service.
    pub place: i64,
    /// The version of the claim that was read.
    pub claim_version: i64,
    /// What the plan gives it of stock, by location.
    pub stock: Vec<(String, i64)>,
}

impl Decision {
    /// What a kept line says.
    #[must_use]
    pub fn of(line: pb::RunLine) -> Self {
        let stock = line.pegs.into_iter().filter(|peg| peg.supply.is_empty());
        Self {
            stock: stock.map(|peg| (peg.location, peg.quantity)).collect(),
            line: line.line,
            part: line.part,
            place: line.place,
            claim_version: line.claim_version,
        }
    }
}

/// Units that change hands in one call.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Moves {
    /// What lines give.
    pub reductions: Vec<RunUnits>,
    /// What lines get, in the order of service.
    pub gains: Vec<RunUnits>,
}

/// What is committed of an item.
#[derive(Debug, Default)]
pub struct ItemCommit {
    /// What is asked of inventory, call after call. Each call is balanced in itself as far as that goes.
    pub calls: Vec<Moves>,
    /// The lines about which nothing is asked, by their index, and why.
    pub settled: Vec<(usize, Outcome)>,
}

/// What a line gives and gets.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mover {
    /// The index of its decision.
    decision: usize,
    taken: Vec<(u32, i64)>,
    given: Vec<(u32, i64)>,
    /// The fewest units that it comes in from one place.
    minimum: i64,
    /// The places at which the plan leaves it units.
    stays_at: Vec<u32>,
}

impl Mover {
    /// Whether it gives up units and gets others for them.
    fn changes_places(&self) -> bool {
        !self.taken.is_empty() && !self.given.is_empty()
    }
}

impl ItemCommit {
    /// Decides what is committed. A call has at most `units_max` reductions and as many gains.
    #[must_use]
    pub fn new(decisions: &[Decision], live: &LiveItem, units_max: usize) -> Self {
        let claims: HashMap<(&str, i32), &LiveClaim> =
            live.claims.iter().map(|claim| ((claim.line.as_str(), claim.part), claim)).collect();
        let (mut movers, mut settled) = (Vec::new(), Vec::new());
        for (number, decision) in decisions.iter().enumerate() {
            let claim = claims.get(&(decision.line.as_str(), decision.part)).copied();
            match mover(number, decision, claim, live) {
                Ok(mover) => movers.push(mover),
                Err(outcome) => settled.push((number, outcome)),
            }
        }
        movers.sort_by_key(|mover| (decisions[mover.decision].place, mover.decision));
        let free: Vec<i64> = live.places.iter().map(|place| place.free).collect();
        let uncovered = drop_uncovered(&mut movers, &free);
        settled.extend(uncovered.into_iter().map(|decision| (decision, Outcome::NoCover)));
        let kept = keep_what_nobody_gets(&mut movers, &free);
        settled.extend(kept.into_iter().map(|decision| (decision, Outcome::Kept)));
        settled.sort_by_key(|(decision, _)| *decision);
        let calls = chunks(movers, free, units_max.max(1));
        let calls = calls.into_iter().map(|movers| moves(&movers, decisions, live));
        Self { calls: calls.collect(), settled }
    }
}

/// What a line gives and gets, or why nothing is done about it.
fn mover(number: usize, decision: &Decision, claim: Option<&LiveClaim>, live: &LiveItem) -> Result<Mover, Outcome> {
    let claim = claim.ok_or(Outcome::Stale)?;
    let facts = claim.facts.as_deref().ok_or(Outcome::Stale)?;
    if let Some(cause) = claim.left_out(facts) {
        return Err(match cause {
            LeftOut::Pinned => Outcome::Pinned,
            LeftOut::Barred => Outcome::Barred,
            LeftOut::ShipSet | LeftOut::BoundUnits => Outcome::NotForRuns,
            LeftOut::Unspecified
            | LeftOut::Scope
            | LeftOut::Skipped
            | LeftOut::Unclaimed
            | LeftOut::NoOrder
            | LeftOut::Released => Outcome::Stale,
        });
    }
    if claim.version != decision.claim_version {
        return Err(Outcome::Stale);
    }
    let mut after: Vec<(u32, i64)> = Vec::with_capacity(decision.stock.len());
    for (location, units) in &decision.stock {
        add(&mut after, live.place_named(location).ok_or(Outcome::NoCover)?, *units);
    }
    let mut before: Vec<(u32, i64)> = Vec::with_capacity(claim.reserved.len());
    for (place, units) in &claim.reserved {
        add(&mut before, *place, *units);
    }
    let (taken, given) = (more(&before, &after), more(&after, &before));
    let stays_at = after.iter().map(|(place, _)| *place).collect();
    let mover = Mover { decision: number, taken, given, minimum: facts.minimum, stays_at };
    if mover.taken.is_empty() && mover.given.is_empty() { Err(Outcome::ExpectedOnly) } else { Ok(mover) }
}

fn add(units: &mut Vec<(u32, i64)>, place: u32, quantity: i64) {
    match units.iter_mut().find(|(known, _)| *known == place) {
        Some((_, sum)) => *sum = sum.saturating_add(quantity),
        None => units.push((place, quantity)),
    }
}

/// What is more in `these` than in `those`, by place.
fn more(these: &[(u32, i64)], those: &[(u32, i64)]) -> Vec<(u32, i64)> {
    let of = |place| those.iter().find(|(known, _)| *known == place).map_or(0, |(_, units)| *units);
    let more = these.iter().map(|(place, units)| (*place, units.saturating_sub(of(*place))));
    more.filter(|(_, units)| *units > 0).collect()
}

/// Takes off the lines for which there is too little, from the last in the order of service on; answers them.
fn drop_uncovered(movers: &mut Vec<Mover>, free: &[i64]) -> Vec<usize> {
    let mut dropped = Vec::new();
    for round in 0.. {
        let mut left = free.to_vec();
        for mover in movers.iter() {
            put(&mut left, &mover.taken);
        }
        let before = movers.len();
        movers.retain(|mover| {
            let is_covered = mover.given.iter().all(|(place, units)| left[*place as usize] >= *units);
            let stays = is_covered && (round < ROUNDS_MAX || !mover.changes_places());
            // What one that goes away would have given is not there, also for those that were covered by it: hence the rounds.
            take(&mut left, if stays { &mover.given } else { &mover.taken });
            if !stays {
                dropped.push(mover.decision);
            }
            stays
        });
        if movers.len() == before {
            break;
        }
    }
    dropped
}

fn put(left: &mut [i64], units: &[(u32, i64)]) {
    for (place, units) in units {
        left[*place as usize] = left[*place as usize].saturating_add(*units);
    }
}

fn take(left: &mut [i64], units: &[(u32, i64)]) {
    for (place, units) in units {
        left[*place as usize] = left[*place as usize].saturating_sub(*units);
    }
}

/// Lets lines that only give keep what nobody gets, first served first; answers those that keep all. The fewest units that a line
/// takes from one place are kept together.
fn keep_what_nobody_gets(movers: &mut Vec<Mover>, free: &[i64]) -> Vec<usize> {
    // Below 0: what is missing at a place, and has to be given.
    let mut left = free.to_vec();
    for mover in movers.iter().filter(|mover| !mover.given.is_empty()) {
        put(&mut left, &mover.taken);
        take(&mut left, &mover.given);
    }
    let mut kept = Vec::new();
    for mover in movers.iter_mut().rev().filter(|mover| mover.given.is_empty()) {
        for (place, units) in &mut mover.taken {
            let needed = (*units).min(left[*place as usize].saturating_neg().max(0));
            // A rest that is too small to be sent from there is no use to it.
            let leaves_a_rest = needed > 0 && *units - needed < mover.minimum && !mover.stays_at.contains(place);
            *units = if leaves_a_rest { *units } else { needed };
        }
        mover.taken.retain(|(_, units)| *units > 0);
        put(&mut left, &mover.taken);
        if mover.taken.is_empty() {
            kept.push(mover.decision);
        }
    }
    movers.retain(|mover| !mover.taken.is_empty() || !mover.given.is_empty());
    kept
}

/// Who gives and gets in one call.
fn chunks(movers: Vec<Mover>, free: Vec<i64>, units_max: usize) -> Vec<Vec<Mover>> {
    let sizes = |movers: &[Mover]| {
        movers.iter().fold((0, 0), |(taken, given), mover| (taken + mover.taken.len(), given + mover.given.len()))
    };
    let fits = |(taken, given): (usize, usize)| taken <= units_max && given <= units_max;
    if movers.is_empty() {
        return Vec::new();
    }
    if fits(sizes(&movers)) {
        return vec![movers];
    }
    let mut chunks: Vec<Vec<Mover>> = Vec::new();
    let mut size = (0, 0);
    for group in Groups::of(movers, free).all() {
        // A group that is too large for a call is not balanced in each of its calls.
        let whole = fits(sizes(&group));
        let parts: Vec<Vec<Mover>> = if whole { vec![group] } else { group.into_iter().map(|one| vec![one]).collect() };
        for part in parts {
            let more = sizes(&part);
            match chunks.last_mut().filter(|_| fits((size.0 + more.0, size.1 + more.1))) {
                Some(chunk) => {
                    size = (size.0 + more.0, size.1 + more.1);
                    chunk.extend(part);
                }
                None => {
                    size = more;
                    chunks.push(part);
                }
            }
        }
    }
    chunks
}

/// Gathers lines that gain with those that give what they get.
struct Groups {
    movers: Vec<Option<Mover>>,
    /// What is there beside what is given, by place.
    left: Vec<i64>,
    /// The lines that give at a place: those that change places first, so that the others are taken from the end.
    givers: Vec<Vec<usize>>,
}

impl Groups {
    fn of(movers: Vec<Mover>, free: Vec<i64>) -> Self {
        let mut givers = vec![Vec::new(); free.len()];
        for changes_places in [true, false] {
            for (number, mover) in movers.iter().enumerate().filter(|(_, one)| one.changes_places() == changes_places) {
                for (place, _) in &mover.taken {
                    givers[*place as usize].push(number);
                }
            }
        }
        Self { movers: movers.into_iter().map(Some).collect(), left: free, givers }
    }

    fn all(mut self) -> Vec<Vec<Mover>> {
        let mut groups = Vec::new();
        for number in 0..self.movers.len() {
            if self.movers[number].as_ref().is_some_and(|mover| !mover.given.is_empty()) {
                groups.push(self.group(number));
            }
        }
        // Who gives and was not needed, because others gave more than was.
        groups.extend(std::mem::take(&mut self.movers).into_iter().flatten().map(|mover| vec![mover]));
        groups
    }

    /// A line that gains, and whoever has to give for it and for those.
    fn group(&mut self, first: usize) -> Vec<Mover> {
        let mut group = Vec::new();
        let mut lacking = self.join(first, &mut group);
        while let Some(place) = lacking.pop() {
            while self.left[place as usize] < 0 {
                let Some(giver) = self.givers[place as usize].pop() else { break };
                lacking.extend(self.join(giver, &mut group));
            }
        }
        group
    }

    /// Puts a line into a group, unless it is in one; answers the places at which it gets units.
    fn join(&mut self, number: usize, group: &mut Vec<Mover>) -> Vec<u32> {
        let Some(mover) = self.movers[number].take() else { return Vec::new() };
        put(&mut self.left, &mover.taken);
        take(&mut self.left, &mover.given);
        let places = mover.given.iter().map(|(place, _)| *place).collect();
        group.push(mover);
        places
    }
}

/// The units of lines as they are asked for.
fn moves(movers: &[Mover], decisions: &[Decision], live: &LiveItem) -> Moves {
    let units = |mover: &Mover, (place, quantity): (u32, i64)| {
        let decision = &decisions[mover.decision];
        RunUnits {
            line: decision.line.clone(),
            part: decision.part,
            location: format!("locations/{}", live.places[place as usize].location),
            quantity,
            expected_version: decision.claim_version,
        }
    };
    let mut in_order: Vec<&Mover> = movers.iter().collect();
    in_order.sort_by_key(|mover| (decisions[mover.decision].place, mover.decision));
    let taken = in_order.iter().flat_map(|mover| mover.taken.iter().map(|part| units(mover, *part)));
    let given = in_order.iter().flat_map(|mover| mover.given.iter().map(|part| units(mover, *part)));
    Moves { reductions: taken.collect(), gains: given.collect() }
}
