//! What can go wrong in this service, and how a caller sees it.
//!
//! Three layers: a rule of `domain` was broken ([`StockError`]); this error adds what only the service knows; a
//! [`Problem`] is what the caller sees. No match here has a wildcard arm, so a new error cannot be forgotten.

use std::time::Duration;

use backorder_domain::{ids::ItemId, stock::error::StockError};
use backorder_proto::common::v1::ErrorReason;
use backorder_service_kit::{problem::Problem, violations::Violations};
use backorder_storage::{IsRetryable, StorageError};

mod stock;

/// A use case that did not succeed. Nothing of it was done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Fields of the request are wrong.
    #[error("the request is wrong: {0}")]
    Invalid(Violations),
    /// The request id was used before for another command.
    #[error("the request id was used for another command")]
    RequestIdReused,
    /// The sender's number of the document was used before for other content.
    #[error("document {number} of {sender} was taken with other content")]
    DocumentReused {
        /// Who sent it.
        sender: String,
        /// The sender's number.
        number: String,
    },
    /// The difference is booked or superseded.
    #[error("{name} is {state}")]
    Closed {
        /// Its resource name.
        name: String,
        /// Its state.
        state: String,
    },
    /// Named resources do not exist. All of them, each with the field that names it.
    #[error("{} resources are not there", .0.len())]
    Missing(Vec<Missing>),
    /// A resource of the same id exists with other content.
    #[error("{kind} {name} exists with other content")]
    Exists {
        /// The type of the resource.
        kind: &'static str,
        /// Its resource name.
        name: String,
    },
    /// The resource is not at the version that the caller read.
    #[error("{name} is at version {actual}, not {expected}")]
    VersionMismatch {
        /// The resource name.
        name: String,
        /// The version that the caller named.
        expected: String,
        /// The present version.
        actual: i64,
    },
    /// The feed no longer holds what follows the resume token.
    #[error("the feed begins at {oldest}, the token is at {token}")]
    ResumeTokenExpired {
        /// The oldest position that is stored.
        oldest: i64,
        /// The position in the token.
        token: i64,
    },
    /// A rule of stock was broken.
    #[error("item {item}: {error}")]
    Stock {
        /// The item whose book refused.
        item: ItemId,
        /// The rule.
        #[source]
        error: StockError,
    },
    /// The store failed.
    #[error("the store failed")]
    Storage(#[from] StorageError),
    /// What the service kit refused: a page token, a draining server, a task that broke.
    #[error(transparent)]
    Kit(#[from] Problem),
}

/// A resource that a request names and that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// What it is.
    pub kind: Kind,
    /// Its resource name.
    pub name: String,
    /// The field that names it, for example `lines[3].item`. Empty when the request is about nothing else.
    pub field: String,
}

/// Types of resources that can be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An item.
    Item,
    /// A location.
    Location,
    /// A working calendar.
    Calendar,
    /// A lane.
    Lane,
    /// A dated supply.
    Supply,
    /// A receipt.
    Receipt,
    /// A claim.
    Claim,
    /// A difference of a stock comparison.
    StockDifference,
    /// A parked event.
    DeadLetter,
}

impl Kind {
    /// The name of the type, as metadata and texts use it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Item => "item",
            Self::Location => "location",
            Self::Calendar => "calendar",
            Self::Lane => "lane",
            Self::Supply => "supply",
            Self::Receipt => "receipt",
            Self::Claim => "line",
            Self::StockDifference => "stock_difference",
            Self::DeadLetter => "event",
        }
    }

    const fn reason(self) -> ErrorReason {
        match self {
            Self::Item => ErrorReason::ItemNotFound,
            Self::Location => ErrorReason::LocationNotFound,
            Self::Calendar => ErrorReason::CalendarNotFound,
            Self::Lane => ErrorReason::LaneNotFound,
            Self::Supply => ErrorReason::SupplyNotFound,
            Self::Receipt => ErrorReason::ReceiptNotFound,
            Self::Claim => ErrorReason::ClaimNotFound,
            Self::StockDifference => ErrorReason::StockDifferenceNotFound,
            Self::DeadLetter => ErrorReason::DeadLetterNotFound,
        }
    }
}

impl Error {
    /// One resource is not there.
    #[must_use]
    pub fn missing(kind: Kind, name: impl Into<String>, field: impl Into<String>) -> Self {
        Self::Missing(vec![Missing { kind, name: name.into(), field: field.into() }])
    }
}

impl IsRetryable for Error {
    fn is_retryable(&self) -> bool {
        match self {
            Self::Storage(error) => error.is_retryable() || is_lost_race(error),
            Self::Invalid(_)
            | Self::RequestIdReused
            | Self::DocumentReused { .. }
            | Self::Closed { .. }
            | Self::Missing(_)
            | Self::Exists { .. }
            | Self::VersionMismatch { .. }
            | Self::ResumeTokenExpired { .. }
            | Self::Stock { .. }
            | Self::Kit(_) => false,
        }
    }
}

/// A new row that two transactions made at once cannot be locked before. The key of a claim or a supply, which is one for
/// all items, or that of master data tells who came second. Run again, that one sees the row.
fn is_lost_race(error: &StorageError) -> bool {
    [
        ("pk_claim", "claim.line_id, claim.part"),
        ("uq_supply_id", "supply.supply_id"),
        (
            "uq_stock_difference_open",
            "stock_difference.location_id, stock_difference.item_id, stock_difference.stock_state",
        ),
        ("pk_item", "item.id"),
        ("pk_location", "location.id"),
        ("pk_calendar", "calendar.id"),
        ("pk_lane", "lane.id"),
        ("uq_lane_way", "lane.location_id, lane.destination_zone, lane.service"),
    ]
    .iter()
    .any(|(name, columns)| error.is_unique_violation_of(name, columns))
}

impl From<Violations> for Error {
    fn from(violations: Violations) -> Self {
        Self::Invalid(violations)
    }
}

impl From<sea_orm::DbErr> for Error {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::Storage(StorageError::from(error))
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid(violations) => Self::invalid(violations),
            Error::RequestIdReused => Self::request_id_reused(),
            Error::DocumentReused { sender, number } => Self::document_reused(&sender, &number),
            Error::Closed { name, state } => {
                Self::failed_precondition(ErrorReason::StockDifferenceClosed, format!("{name} is {state}"))
                    .with("state", state)
                    .with("stock_difference", &name)
                    .with_resource("stock_difference", name)
            }
            Error::Missing(missing) => not_found(missing),
            Error::Exists { kind, name } => Self::already_exists(ErrorReason::AlreadyExists, kind, name),
            Error::VersionMismatch { name, expected, actual } => {
                Self::aborted(ErrorReason::VersionMismatch, format!("{name} was changed meanwhile"))
                    .with("expected", expected)
                    .with("actual", actual)
                    .with("resource", name)
            }
            Error::ResumeTokenExpired { oldest, token } => Self::failed_precondition(
                ErrorReason::ResumeTokenExpired,
                "the feed no longer holds what follows the token",
            )
            .with("oldest", oldest)
            .with("token", token),
            Error::Stock { item, error } => stock::problem(&item, error),
            Error::Storage(error) => storage_problem(error),
            Error::Kit(problem) => problem,
        }
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        Problem::from(error).into()
    }
}

fn not_found(missing: Vec<Missing>) -> Problem {
    let mut fields = missing.iter().map(|one| format!("{}: {} is not there", one.field, one.name));
    let Some(first) = missing.first() else {
        return Problem::internal(StorageError::Settings("nothing is missing".to_owned()));
    };
    let problem = Problem::not_found(first.kind.reason(), first.kind.as_str(), &first.name);
    if first.field.is_empty() {
        return problem;
    }
    let named: Vec<String> = fields.by_ref().take(MISSING_NAMED_MAX).collect();
    let rest = fields.count();
    let list = if rest > 0 { format!("{}; {rest} more", named.join("; ")) } else { named.join("; ") };
    problem.with("field", &first.field).with("missing", list)
}

/// How many missing resources are named in one answer; the rest is counted.
const MISSING_NAMED_MAX: usize = 20;

fn storage_problem(error: StorageError) -> Problem {
    const SOON: Duration = Duration::from_secs(1);
    match error {
        StorageError::Serialization(_) => Problem::contention().caused_by(error),
        StorageError::Unavailable(_) | StorageError::CommitUnknown(_) => Problem::unavailable(SOON).caused_by(error),
        StorageError::Unique { .. }
        | StorageError::ForeignKey { .. }
        | StorageError::Check { .. }
        | StorageError::UnknownSchema { .. }
        | StorageError::InvalidRow { .. }
        | StorageError::Settings(_)
        | StorageError::Other(_) => Problem::internal(error),
    }
}
