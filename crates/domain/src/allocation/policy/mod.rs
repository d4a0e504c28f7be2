//! Allocation policies: which lines take part in a run, what each is guaranteed, and in which order they are served.
//!
//! A policy is what SAP's backorder processing calls a variant: named segments, each with a filter, a strategy and a
//! sort, an optional global segment, a behaviour on exceptions and a fallback. Two orders are in it. By **evaluation
//! sequence** the segments are asked who claims a line, and the first one that matches does; by **check sequence** the
//! segments of one strategy are served. The strategies themselves are served in the order of [`Strategy`].
//!
//! [`AllocationPolicy::arrange`] puts lines in that order: strategy, check sequence, the segment's sort, requested date,
//! order time, requirement id. The order is total, so that the same input gives the same plan. The module must not know
//! supply: what a line gets is the engine's.

mod arrange;
mod claim;
mod draft;
mod key;
mod problem;
#[cfg(test)]
mod property_tests;
mod sort;
#[cfg(test)]
mod tests;
mod tier;

pub use self::{
    arrange::{Arrangement, Claim, FilterFailures, InvalidLines, Lines},
    draft::{PolicyDraft, ScopeDraft, SegmentDraft},
    problem::{InvalidPolicy, PolicyProblem},
    sort::{Direction, SortBy, SortKey},
    tier::TierWait,
};

use crate::{allocation::filter::Filter, ids::PolicyId};

/// The most segments of one policy.
pub const SEGMENTS_MAX: usize = 100;
/// The longest name of a segment, in bytes.
pub const SEGMENT_NAME_BYTES_MAX: usize = 100;
/// The most sort keys of one segment.
pub const SORT_KEYS_MAX: usize = 5;
/// The most days of waiting after which a line may be promoted.
pub const PROMOTION_DAYS_MAX: u32 = 3_650;

/// What a run owes the lines of a segment (SAP BOP confirmation strategies), in the order in which they are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Strategy {
    /// Fully confirmed on the requested date, or an exception.
    Win,
    /// Keeps at least its present confirmation, or an exception.
    Gain,
    /// Keeps and betters its confirmation where it can.
    Improve,
    /// May gain and may lose.
    Redistribute,
    /// Gains nothing, and may lose.
    Fill,
    /// Loses everything.
    Lose,
    /// Stays out of the run; its confirmations go on consuming supply.
    Skip,
}

impl Strategy {
    /// All strategies, in the order in which they are served.
    pub const ALL: [Self; 7] =
        [Self::Win, Self::Gain, Self::Improve, Self::Redistribute, Self::Fill, Self::Lose, Self::Skip];

    /// Whether its lines take part in a run.
    #[must_use]
    pub fn runs(self) -> bool {
        self != Self::Skip
    }
}

/// What ends when a line gets less than its strategy owes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExceptionBehaviour {
    /// The whole run.
    StopCompletely,
    /// The combinations (item and supply pool) in which it happened; the others are applied.
    StopFailedCombinations,
}

/// What the fallback policy is run over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FallbackScope {
    /// The failed combinations.
    FailedCombinations,
    /// Everything that the run was over.
    Unrestricted,
}

/// Which lines: those that `include` matches and `exclude` does not. A filter that has no answer does not match.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LineScope {
    include: Option<Filter>,
    exclude: Option<Filter>,
}

impl LineScope {
    /// Which lines are in it; `None` means all.
    #[must_use]
    pub fn include(&self) -> Option<&Filter> {
        self.include.as_ref()
    }

    /// Which of them are not; `None` means none.
    #[must_use]
    pub fn exclude(&self) -> Option<&Filter> {
        self.exclude.as_ref()
    }
}

/// Lines that are treated alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    name: String,
    scope: LineScope,
    strategy: Strategy,
    evaluation_seq: u32,
    check_seq: u32,
    sort: Vec<SortKey>,
}

impl Segment {
    /// Its name, unique in the policy.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Which lines it claims, as far as no segment before it does.
    #[must_use]
    pub fn scope(&self) -> &LineScope {
        &self.scope
    }

    /// What its lines are owed.
    #[must_use]
    pub fn strategy(&self) -> Strategy {
        self.strategy
    }

    /// Smaller is asked first whether it claims a line. Unique in the policy.
    #[must_use]
    pub fn evaluation_seq(&self) -> u32 {
        self.evaluation_seq
    }

    /// Smaller is served first among the segments of one strategy. Unique among them.
    #[must_use]
    pub fn check_seq(&self) -> u32 {
        self.check_seq
    }

    /// In which order its lines are served, most important first.
    #[must_use]
    pub fn sort(&self) -> &[SortKey] {
        &self.sort
    }
}

/// A checked allocation policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllocationPolicy {
    id: PolicyId,
    global: Option<LineScope>,
    segments: Vec<Segment>,
    exception_behaviour: ExceptionBehaviour,
    fallback_scope: FallbackScope,
    fallback: Option<PolicyId>,
    promotion_days: Option<u32>,
    tiers: Vec<String>,
    channels: Vec<String>,
}

impl AllocationPolicy {
    /// Checks a policy.
    ///
    /// # Errors
    /// [`InvalidPolicy`] with the field that is wrong, for example `segments[2].include`, and why.
    pub fn try_new(draft: PolicyDraft) -> Result<Self, InvalidPolicy> {
        draft::checked(draft)
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &PolicyId {
        &self.id
    }

    /// The global segment: lines outside it are not in the run. `None`: no line is outside.
    #[must_use]
    pub fn global(&self) -> Option<&LineScope> {
        self.global.as_ref()
    }

    /// The segments, as they were given. Everything that speaks of a segment by number means its place here.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The places of the segments in the order in which they are asked who claims a line.
    #[must_use]
    pub fn evaluation_order(&self) -> Vec<usize> {
        let mut order: Vec<_> = (0..self.segments.len()).collect();
        order.sort_by_key(|place| self.segments[*place].evaluation_seq);
        order
    }

    /// The places of the segments that take part, in the order in which they are served.
    #[must_use]
    pub fn serving_order(&self) -> Vec<usize> {
        let mut order: Vec<_> =
            (0..self.segments.len()).filter(|place| self.segments[*place].strategy.runs()).collect();
        order.sort_by_key(|place| (self.segments[*place].strategy, self.segments[*place].check_seq));
        order
    }

    /// What ends on an exception.
    #[must_use]
    pub fn exception_behaviour(&self) -> ExceptionBehaviour {
        self.exception_behaviour
    }

    /// What the fallback policy is run over.
    #[must_use]
    pub fn fallback_scope(&self) -> FallbackScope {
        self.fallback_scope
    }

    /// The policy that is run after an exception. That it exists, and that fallbacks make no circle, is for whoever
    /// keeps the policies to check.
    #[must_use]
    pub fn fallback(&self) -> Option<&PolicyId> {
        self.fallback.as_ref()
    }

    /// A line is served one tier better when it has waited so many days. `None`: never.
    #[must_use]
    pub fn promotion_days(&self) -> Option<u32> {
        self.promotion_days
    }

    /// The tiers, best first.
    #[must_use]
    pub fn tiers(&self) -> &[String] {
        &self.tiers
    }

    /// The channels, first served first.
    #[must_use]
    pub fn channels(&self) -> &[String] {
        &self.channels
    }
}
