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
mod by_tier;
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
    problem::{InvalidField, InvalidPolicy, PolicyProblem},
    sort::{Direction, SortBy, SortKey},
    tier::TierWait,
};

use crate::{
    allocation::{
        filter::{Attribute, Filter},
        run,
    },
    ids::PolicyId,
};

/// The most segments of one policy.
pub const SEGMENTS_MAX: usize = 100;
/// The longest name of a segment, in bytes.
pub const SEGMENT_NAME_BYTES_MAX: usize = 100;
/// The most sort keys of one segment.
pub const SORT_KEYS_MAX: usize = 8;
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

    /// Its name in small letters.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Win => "win",
            Self::Gain => "gain",
            Self::Improve => "improve",
            Self::Redistribute => "redistribute",
            Self::Fill => "fill",
            Self::Lose => "lose",
            Self::Skip => "skip",
        }
    }

    /// Whether its lines take part in a run.
    #[must_use]
    pub const fn runs(self) -> bool {
        self.in_run().is_some()
    }

    /// The strategy as the engine knows it; `None` keeps the line out of the run.
    #[must_use]
    pub const fn in_run(self) -> Option<run::Strategy> {
        Some(match self {
            Self::Win => run::Strategy::Win,
            Self::Gain => run::Strategy::Gain,
            Self::Improve => run::Strategy::Improve,
            Self::Redistribute => run::Strategy::Redistribute,
            Self::Fill => run::Strategy::Fill,
            Self::Lose => run::Strategy::Lose,
            Self::Skip => return None,
        })
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

/// What becomes of a combination after exceptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AfterExceptions {
    /// It stays as it was.
    pub discards: bool,
    /// The fallback policy is run over it, on what the first one left.
    pub falls_back: bool,
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
    /// Each field that is wrong, for example `segments[2].include`, and why.
    pub fn try_new(draft: PolicyDraft) -> Result<Self, InvalidPolicy> {
        draft::checked(draft)
    }

    /// What it reads of a line, and where: `segments[1].include`, `segments[0].sort[2]`, `promotion_days`. The order of
    /// service reads the requested day beside it.
    #[must_use]
    pub fn reads(&self) -> Vec<(String, Attribute)> {
        let mut reads = Vec::new();
        let scopes = self.segments.iter().enumerate().map(|(place, one)| (format!("segments[{place}]"), &one.scope));
        for (field, scope) in self.global.iter().map(|scope| ("global".to_owned(), scope)).chain(scopes) {
            for (side, filter) in [("include", &scope.include), ("exclude", &scope.exclude)] {
                let read = filter.iter().flat_map(Filter::reads);
                reads.extend(read.map(|attribute| (format!("{field}.{side}"), *attribute)));
            }
        }
        for (place, segment) in self.segments.iter().enumerate() {
            for (number, key) in segment.sort.iter().enumerate() {
                let read = key.by.attribute();
                reads.extend(read.map(|attribute| (format!("segments[{place}].sort[{number}]"), attribute)));
            }
        }
        if self.promotion_days.is_some() {
            let promoting = [Attribute::CustomerTier, Attribute::LineWaitingSince];
            reads.extend(promoting.map(|attribute| ("promotion_days".to_owned(), attribute)));
        }
        reads
    }

    /// What becomes of a combination after the first policy was run: of one in which an exception occurred, or of any
    /// when one occurred anywhere in the run.
    #[must_use]
    pub fn after_exceptions(&self, failed_here: bool, failed_anywhere: bool) -> AfterExceptions {
        let discards_all = failed_anywhere && self.exception_behaviour == ExceptionBehaviour::StopCompletely;
        let falls_back = match self.fallback_scope {
            FallbackScope::FailedCombinations => failed_here,
            FallbackScope::Unrestricted => failed_anywhere,
        };
        AfterExceptions { discards: failed_here || discards_all, falls_back: falls_back && self.fallback.is_some() }
    }

    /// Whether an exception in one combination changes what becomes of the others.
    #[must_use]
    pub fn exceptions_reach_others(&self) -> bool {
        let everywhere = self.after_exceptions(false, true);
        everywhere.discards || everywhere.falls_back
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
