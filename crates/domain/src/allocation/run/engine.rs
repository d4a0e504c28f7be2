//! Runs over pools: requirements in the order in which they are checked, each served out of what those before it left.

use std::ops::Range;

use super::{
    day::Day,
    demand::{Demand, NO_SET, NO_SHARE, Requirement, Strategy},
    fulfil::Search,
    lending::{self, Lender},
    limits::Limits,
    plan::{Constraint, ExceptionKind, Outcome, Peg, Plan, PoolException, Reason},
    profile, sharing, ship_set, strategy,
    supply::Supplies,
    takes::Takes,
};

/// Everything that a run reads.
#[derive(Debug, Clone, Copy)]
pub struct Input<'i> {
    /// The requirements.
    pub demand: &'i Demand,
    /// What there is to give, without what is promised outside of the run.
    pub supplies: &'i Supplies,
    /// The day of the run: nothing is confirmed for a day before it.
    pub today: Day,
}

/// Runs pool after pool. `order` names the requirements in the order in which they are checked, pool by pool, and `pools`
/// the ranges of it; places of two pools must be different. Requirements that are in no pool are not in the run.
#[must_use]
pub fn run(input: &Input<'_>, order: &[u32], pools: &[Range<usize>], limits: &mut impl Limits) -> Plan {
    let mut running = Running::new(input);
    for pool in pools {
        running.pool(&order[pool.clone()], limits);
    }
    running.into_plan()
}

/// Runs one pool: the requirements in the order in which they are checked.
#[must_use]
pub fn run_pool(input: &Input<'_>, order: &[u32], limits: &mut impl Limits) -> Plan {
    let mut running = Running::new(input);
    running.pool(order, limits);
    running.into_plan()
}

/// A run that is under way.
pub(super) struct Running<'i> {
    pub input: Input<'i>,
    pub takes: Takes<'i>,
    pub outcomes: Vec<Outcome>,
    pub exceptions: Vec<PoolException>,
    /// The lenders of the pool that is under way.
    pub lenders: Vec<Lender>,
    /// What lenders had before they lent.
    pub lent: Vec<(usize, Vec<Peg>)>,
}

/// What was decided about one requirement.
pub(super) struct Decision {
    /// The exception and the missing units, where its strategy could not be kept.
    pub exception: Option<(ExceptionKind, i64)>,
    /// What keeps it from more.
    pub binding: Constraint,
}

impl<'i> Running<'i> {
    fn new(input: &Input<'i>) -> Self {
        Self {
            input: *input,
            takes: Takes::new(input.supplies),
            outcomes: vec![Outcome::default(); input.demand.requirements.len()],
            exceptions: Vec::new(),
            lenders: Vec::new(),
            lent: Vec::new(),
        }
    }

    fn into_plan(self) -> Plan {
        Plan { outcomes: self.outcomes, pegs: self.takes.pegs, exceptions: self.exceptions }
    }

    fn pool(&mut self, order: &[u32], limits: &mut impl Limits) {
        let (pegs, exceptions) = (self.takes.mark(), self.exceptions.len());
        let mut next = 0;
        while let Some(index) = order.get(next) {
            next += 1;
            // A ship set was decided about with its first requirement.
            let is_decided = self.outcomes[*index as usize].reason != Reason::NotInRun;
            if is_decided {
                continue;
            }
            let requirement = self.requirement(*index);
            match (requirement.set, requirement.share) {
                (NO_SET, NO_SHARE) => self.alone(*index, limits),
                (NO_SET, share) => {
                    let same = order[next..].iter().take_while(|other| self.requirement(**other).share == share);
                    let block = next - 1..next + same.count();
                    next = block.end;
                    sharing::decide(self, &order[block], self.input.demand.shares[share as usize], limits);
                }
                (set, _) => ship_set::decide(self, order, set, limits),
            }
        }
        lending::finish(self, limits);
        if self.exceptions.len() > exceptions {
            self.discard(order, pegs, limits);
        }
    }

    pub fn requirement(&self, index: u32) -> &'i Requirement {
        let demand: &'i Demand = self.input.demand;
        &demand.requirements[index as usize]
    }

    /// Decides about one requirement by itself.
    pub fn alone(&mut self, index: u32, limits: &mut impl Limits) {
        let begin = self.takes.mark();
        let mut decision = self.decide(index, limits);
        if !self.lenders.is_empty() && self.lacks(index, begin) {
            decision = lending::borrow(self, index, begin, decision, limits);
        }
        if let Some((kind, missing)) = decision.exception {
            self.exceptions.push(PoolException { requirement: index, kind, missing, binding: decision.binding });
            // Its pool stays as it was. It stands in nobody's way, so that only what fails by itself is told.
            self.takes.back_to(begin, self.requirement(index).group, limits);
        }
        if lending::is_lender(self, index) {
            lending::note(self, index, begin, decision.binding);
        } else {
            self.note(index, begin, decision.binding);
        }
    }

    /// Takes what the strategy of a requirement gives it.
    pub fn decide(&mut self, index: u32, limits: &mut impl Limits) -> Decision {
        let confirmed = self.input.demand.confirmed_of(self.requirement(index));
        let mut search = self.search(index, limits);
        let exception = strategy::decide(&mut search, confirmed);
        Decision { exception, binding: search.binding }
    }

    /// Units that a requirement has on its requested day, of the takes from `begin` on.
    pub fn in_time(&self, index: u32, begin: usize) -> i64 {
        profile::by(&self.takes.pegs[begin..], self.requirement(index).requested.max(self.input.today))
    }

    /// Whether a requirement lacks units on its requested day that its strategy would take.
    pub fn lacks(&self, index: u32, begin: usize) -> bool {
        let requirement = self.requirement(index);
        let gains = !matches!(requirement.strategy, Strategy::Fill | Strategy::Lose);
        gains && self.in_time(index, begin) < requirement.quantity
    }

    /// The search for one requirement, at its beginning.
    pub fn search<'r, L: Limits>(&'r mut self, index: u32, limits: &'r mut L) -> Search<'r, 'i, L>
    where
        'i: 'r,
    {
        self.search_from(index, self.takes.mark(), limits)
    }

    /// The search for one requirement that has taken something already, from `begin` on.
    pub fn search_from<'r, L: Limits>(&'r mut self, index: u32, begin: usize, limits: &'r mut L) -> Search<'r, 'i, L>
    where
        'i: 'r,
    {
        let requirement = self.requirement(index);
        let demand: &'i Demand = self.input.demand;
        let has_ceiling = matches!(requirement.strategy, Strategy::Fill | Strategy::Lose);
        let ceiling = match requirement.strategy {
            Strategy::Lose => &[][..],
            Strategy::Win | Strategy::Gain | Strategy::Improve | Strategy::Redistribute | Strategy::Fill => {
                demand.confirmed_of(requirement)
            }
        };
        Search {
            requirement,
            terms: demand.terms_of(requirement),
            places: demand.places_of(requirement),
            asked: requirement.requested.max(self.input.today),
            first: requirement.requested.max(self.input.today),
            last: requirement.latest,
            ceiling: has_ceiling.then_some(ceiling),
            begin,
            takes: &mut self.takes,
            limits,
            binding: Constraint::Supply,
        }
    }

    /// Writes down what a requirement took since `begin`.
    pub fn note(&mut self, index: u32, begin: usize, binding: Constraint) {
        self.note_range(index, (begin, self.takes.mark()), binding);
    }

    /// Writes down what a requirement took, of takes that lie before those of others.
    pub fn note_range(&mut self, index: u32, (begin, end): (usize, usize), binding: Constraint) {
        let requirement = self.requirement(index);
        let first = requirement.requested.max(self.input.today);
        let confirmed = self.input.demand.confirmed_of(requirement);
        let taken = &self.takes.pegs[begin..end];
        let reason = Reason::of(confirmed, taken, first);
        let is_whole = profile::by(taken, first) == requirement.quantity;
        self.outcomes[index as usize] =
            Outcome { pegs: (count(begin), count(end)), reason, binding: (!is_whole).then_some(binding) };
    }

    /// Leaves the pool as it was: nothing of it is decided.
    fn discard(&mut self, order: &[u32], mark: usize, limits: &mut impl Limits) {
        let bindings: Vec<(u32, Option<Constraint>)> =
            order.iter().map(|index| (*index, self.outcomes[*index as usize].binding)).collect();
        // Each requirement gives back its own, the last one first: their takes lie one after the other.
        let mut begun: Vec<(u32, u32)> =
            order.iter().map(|index| (self.outcomes[*index as usize].pegs.0, *index)).collect();
        begun.sort_unstable();
        for (begin, index) in begun.into_iter().rev() {
            self.takes.back_to(begin as usize, self.requirement(index).group, limits);
        }
        debug_assert_eq!(self.takes.mark(), mark, "all that the pool took is given back");
        for (index, binding) in bindings {
            self.outcomes[index as usize] =
                Outcome { pegs: (count(mark), count(mark)), reason: Reason::Discarded, binding };
        }
    }
}

/// Pegs are counted in 32 bits: there are at most a few per requirement.
fn count(pegs: usize) -> u32 {
    u32::try_from(pegs).unwrap_or(u32::MAX)
}
