//! Runs over pools: requirements in the order in which they are checked, each served out of what those before it left.

use std::ops::Range;

use super::{
    day::Day,
    demand::{Demand, NO_SET, Requirement, Strategy},
    fulfil::Search,
    limits::Limits,
    plan::{Constraint, Outcome, Plan, PoolException, Reason},
    profile, ship_set, strategy,
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
}

impl<'i> Running<'i> {
    fn new(input: &Input<'i>) -> Self {
        Self {
            input: *input,
            takes: Takes::new(input.supplies),
            outcomes: vec![Outcome::default(); input.demand.requirements.len()],
            exceptions: Vec::new(),
        }
    }

    fn into_plan(self) -> Plan {
        Plan { outcomes: self.outcomes, pegs: self.takes.pegs, exceptions: self.exceptions }
    }

    fn pool(&mut self, order: &[u32], limits: &mut impl Limits) {
        let (pegs, exceptions) = (self.takes.mark(), self.exceptions.len());
        for index in order {
            if self.outcomes[*index as usize].reason != Reason::NotInRun {
                // A ship set was decided about with its first requirement.
                continue;
            }
            match self.requirement(*index).set {
                NO_SET => self.alone(*index, limits),
                set => ship_set::decide(self, order, set, limits),
            }
        }
        if self.exceptions.len() > exceptions {
            self.discard(order, pegs, limits);
        }
    }

    pub fn requirement(&self, index: u32) -> &'i Requirement {
        let demand: &'i Demand = self.input.demand;
        &demand.requirements[index as usize]
    }

    fn alone(&mut self, index: u32, limits: &mut impl Limits) {
        let begin = self.takes.mark();
        let confirmed = self.input.demand.confirmed_of(self.requirement(index));
        let mut search = self.search(index, limits);
        let exception = strategy::decide(&mut search, confirmed);
        let binding = search.binding;
        if let Some((kind, missing)) = exception {
            // Its pool stays as it was. It stands in nobody's way, so that only what fails by itself is told.
            search.back_to(begin);
            self.exceptions.push(PoolException { requirement: index, kind, missing, binding });
        }
        self.note(index, begin, binding);
    }

    /// The search for one requirement, at its beginning.
    pub fn search<'r, L: Limits>(&'r mut self, index: u32, limits: &'r mut L) -> Search<'r, 'i, L>
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
            begin: self.takes.mark(),
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
        let (lost, gained) = (profile::shortfall(confirmed, taken, first), profile::shortfall(taken, confirmed, first));
        let reason = match (gained > 0, lost > 0) {
            (false, false) => Reason::Unchanged,
            (true, false) => Reason::Improved,
            (false, true) => Reason::Worsened,
            (true, true) => Reason::Moved,
        };
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
