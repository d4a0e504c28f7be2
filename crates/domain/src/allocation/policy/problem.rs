//! Why a policy cannot be, said with the field.

use super::{PROMOTION_DAYS_MAX, SEGMENTS_MAX};
use crate::{
    allocation::filter::{Attribute, InvalidFilter},
    ids::InvalidId,
};

/// A policy that is refused: everything that is wrong with it, at least one thing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct InvalidPolicy(pub Vec<InvalidField>);

/// One thing that is wrong with a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct InvalidField {
    /// The field, for example `segments[2].include`.
    pub field: String,
    /// What is wrong with it.
    pub problem: PolicyProblem,
}

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyProblem {
    /// No id.
    #[error(transparent)]
    Id(#[from] InvalidId),
    /// No filter.
    #[error(transparent)]
    Filter(#[from] InvalidFilter),
    /// Nothing, or only white space.
    #[error("it is empty")]
    Empty,
    /// A control character in a name.
    #[error("it holds the character {0:?}, which is not allowed")]
    Character(char),
    /// Longer than it may be.
    #[error("it is {found} bytes long, at most {max} are allowed")]
    TooLong {
        /// Its length.
        found: usize,
        /// The greatest length.
        max: usize,
    },
    /// More than there may be.
    #[error("{found} are too many, at most {max} are allowed")]
    TooMany {
        /// How many there are.
        found: usize,
        /// How many there may be.
        max: usize,
    },
    /// A policy without a segment.
    #[error("there must be a segment, and at most {SEGMENTS_MAX}")]
    NoSegment,
    /// It stands there already.
    #[error("{what} is that of {other} already")]
    Taken {
        /// What.
        what: String,
        /// Where it stands.
        other: String,
    },
    /// A sort by tier or channel, or a promotion, without the order of them.
    #[error("it needs the order of {0}, which the policy does not name")]
    NeedsOrder(&'static str),
    /// A sequence over what is no text.
    #[error("{0} has no texts, only texts can be put in a sequence")]
    NotText(Attribute),
    /// The one combination of the two that makes no sense (SAP BOP).
    #[error("a run that stops completely leaves no failed combinations to fall back for; choose unrestricted")]
    NothingFailedAlone,
    /// A policy that would fall back to itself.
    #[error("a policy cannot fall back to itself")]
    Itself,
    /// No days, or too many.
    #[error("{0} days; 1 to {PROMOTION_DAYS_MAX} are allowed")]
    Days(u32),
    /// A promotion that nothing sees.
    #[error("no filter reads line.tier and no sort is by tier, so a promotion would change nothing")]
    Unread,
}
