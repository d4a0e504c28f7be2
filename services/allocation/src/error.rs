//! What can go wrong in this service, and how a caller sees it.
//!
//! Three layers: a rule of `domain` was broken; this error adds what only the service knows; a [`Problem`] is what the
//! caller sees. No match here has a wildcard arm, so a new error cannot be forgotten.

mod kind;
mod refusals;
mod told;

use std::time::Duration;

use backorder_domain::{
    order::{line::LineError, ship_set::SetBroken, state::StateConflict, substitute::NotSubstitutable},
    quantity::Quantity,
};
use backorder_proto::{common::v1::ErrorReason, convert::allocation::line_name};
use backorder_service_kit::{problem::Problem, violations::Violations};
use backorder_storage::{IsRetryable, StorageError};
use tonic::Status;

use crate::order::hold::Hold;
pub use kind::Kind;
use refusals::{
    in_kit, line_conflict, not_released, not_substitutable, on_hold, set_broken, short_not_agreed, state_conflict,
};

/// After this time a busy order is worth another try.
const BUSY_RETRY: Duration = Duration::from_millis(200);

/// A use case that did not succeed. Unless it says otherwise, nothing of it was done.
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
    /// A named resource does not exist.
    #[error("{kind:?} {name} is not there")]
    Missing {
        /// What it is.
        kind: Kind,
        /// Its resource name.
        name: String,
        /// The field that names it. Empty when the request is about nothing else.
        field: String,
    },
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
    /// The feed no longer holds the events after the resume token.
    #[error("the feed begins at {oldest}, the token is at {token}")]
    ResumeTokenExpired {
        /// The oldest position that is stored.
        oldest: i64,
        /// The position in the token.
        token: i64,
    },
    /// The order's state does not allow the command.
    #[error("order {order}: {conflict}")]
    State {
        /// The order's id.
        order: String,
        /// The rule.
        #[source]
        conflict: StateConflict,
    },
    /// The line has fewer units than the command takes.
    #[error("line {line} of order {order}: {error}")]
    Line {
        /// The order's id.
        order: String,
        /// The line's number.
        line: i32,
        /// The rule.
        #[source]
        error: LineError,
    },
    /// Units of the line would stay behind, and its customer wants to be asked before.
    #[error("line {line} of order {order}: {missing} units would stay behind, and nobody has agreed")]
    ShortNotAgreed {
        /// The order's id.
        order: String,
        /// The line's number.
        line: i32,
        /// Ordered units that would not leave.
        missing: Quantity,
    },
    /// A ship set would pass a gate without a line of it.
    #[error("line {line} of order {order} is in the ship set {set:?}: {broken}")]
    SetBroken {
        /// The order's id.
        order: String,
        /// The line that would not pass.
        line: i32,
        /// The name of the set.
        set: String,
        /// The rule.
        #[source]
        broken: SetBroken,
    },
    /// The line is a component of a kit, which is changed as a whole.
    #[error("line {line} of order {order} is a component of kit {kit}")]
    InKit {
        /// The order's id.
        order: String,
        /// The line's number.
        line: i32,
        /// The number of the kit.
        kit: i32,
    },
    /// The line is not given a substitute.
    #[error("line {line} of order {order}: {why}")]
    NotSubstitutable {
        /// The order's id.
        order: String,
        /// The line's number.
        line: i32,
        /// The id of the substitute; empty where none was judged.
        substitute: String,
        /// The rule.
        #[source]
        why: NotSubstitutable,
    },
    /// No report of the supplier about the item holds.
    #[error("no report of {supplier} about {item} holds")]
    ReportStale {
        /// The item's name.
        item: String,
        /// The supplier.
        supplier: String,
    },
    /// The supplier reported fewer units than are asked for.
    #[error("{supplier} reported fewer of {item} than {wanted}")]
    ReportTooSmall {
        /// The item's name.
        item: String,
        /// The supplier.
        supplier: String,
        /// What is left of the report.
        present: i64,
        /// What is asked for.
        wanted: i64,
    },
    /// An earlier step of the order is under way.
    #[error("order {order} is busy with step {step}")]
    Busy {
        /// The order's id.
        order: String,
        /// The step.
        step: String,
    },
    /// The recall or the question is answered, the arrival of the shipment recorded, or the import confirmed.
    #[error("{name} is {state}")]
    Closed {
        /// What it is.
        kind: Kind,
        /// Its resource name.
        name: String,
        /// Its state.
        state: String,
    },
    /// A hold keeps units of the line from the warehouse.
    #[error("line {line} of order {order} is on hold")]
    OnHold {
        /// The order's id.
        order: String,
        /// The line's number.
        line: i32,
        /// The hold; `None` when it ended this moment.
        hold: Option<Box<Hold>>,
    },
    /// The item of the line is not released yet.
    #[error("line {line} of order {order} is released on {release}")]
    NotReleased {
        /// The order's id.
        order: String,
        /// The line's number.
        line: i32,
        /// The first day on which it may leave.
        release: jiff::civil::Date,
    },
    /// The confirmation of a line that would give units is pinned.
    #[error("line {line} of order {order} is pinned by {pin}")]
    Pinned {
        /// The order's id.
        order: String,
        /// The line's number.
        line: i32,
        /// The override's id.
        pin: String,
    },
    /// Who asked for an override cannot decide it.
    #[error("{actor} asked for {name}")]
    SamePerson {
        /// The override's name.
        name: String,
        /// Who asked.
        actor: String,
    },
    /// The quote is past its time, or was confirmed or cancelled.
    #[error("quote {order} is gone")]
    QuoteGone {
        /// The order's id.
        order: String,
    },
    /// Inventory refused for good, with a reason of its own.
    #[error("inventory refused: {0}")]
    Refused(Status),
    /// Inventory did not answer, so the outcome is not known. The step goes on by itself.
    #[error("inventory did not answer: {0}")]
    Unanswered(Status),
    /// Inventory's answer breaks the contract.
    #[error("answer of inventory breaks the contract: {0}")]
    Contract(String),
    /// A test stopped the write here.
    #[error("the write was stopped at {0}")]
    Stopped(&'static str),
    /// The store failed.
    #[error("the store failed")]
    Storage(#[from] StorageError),
    /// What the service kit refused: a page token, a draining server, a task that broke.
    #[error(transparent)]
    Kit(#[from] Problem),
}

impl Error {
    /// A resource is not there.
    #[must_use]
    pub fn missing(kind: Kind, name: impl Into<String>) -> Self {
        Self::Missing { kind, name: name.into(), field: String::new() }
    }

    /// No order has this id.
    #[must_use]
    pub fn no_order(order: &str) -> Self {
        Self::missing(Kind::Order, format!("orders/{order}"))
    }

    /// The order has no such line.
    #[must_use]
    pub fn no_line(order: &str, line: i32) -> Self {
        Self::missing(Kind::Line, line_name(order, line))
    }

    /// One field is wrong.
    #[must_use]
    pub fn invalid(field: impl Into<String>, description: impl Into<String>) -> Self {
        let mut violations = Violations::new();
        violations.push(field, description);
        Self::Invalid(violations)
    }
}

impl IsRetryable for Error {
    fn is_retryable(&self) -> bool {
        match self {
            Self::Storage(error) => error.is_retryable(),
            Self::Invalid(_)
            | Self::RequestIdReused
            | Self::DocumentReused { .. }
            | Self::ReportStale { .. }
            | Self::ReportTooSmall { .. }
            | Self::Missing { .. }
            | Self::Exists { .. }
            | Self::VersionMismatch { .. }
            | Self::ResumeTokenExpired { .. }
            | Self::State { .. }
            | Self::Line { .. }
            | Self::ShortNotAgreed { .. }
            | Self::SetBroken { .. }
            | Self::InKit { .. }
            | Self::NotSubstitutable { .. }
            | Self::Busy { .. }
            | Self::Closed { .. }
            | Self::OnHold { .. }
            | Self::NotReleased { .. }
            | Self::Pinned { .. }
            | Self::SamePerson { .. }
            | Self::QuoteGone { .. }
            | Self::Refused(_)
            | Self::Unanswered(_)
            | Self::Contract(_)
            | Self::Stopped(_)
            | Self::Kit(_) => false,
        }
    }
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

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        match error {
            // These carry the system's own reasons and details already.
            Error::Refused(status) | Error::Unanswered(status) => status,
            Error::Invalid(_)
            | Error::RequestIdReused
            | Error::DocumentReused { .. }
            | Error::ReportStale { .. }
            | Error::ReportTooSmall { .. }
            | Error::Missing { .. }
            | Error::Exists { .. }
            | Error::VersionMismatch { .. }
            | Error::ResumeTokenExpired { .. }
            | Error::State { .. }
            | Error::Line { .. }
            | Error::ShortNotAgreed { .. }
            | Error::SetBroken { .. }
            | Error::InKit { .. }
            | Error::NotSubstitutable { .. }
            | Error::Busy { .. }
            | Error::Closed { .. }
            | Error::OnHold { .. }
            | Error::NotReleased { .. }
            | Error::Pinned { .. }
            | Error::SamePerson { .. }
            | Error::QuoteGone { .. }
            | Error::Contract(_)
            | Error::Stopped(_)
            | Error::Storage(_)
            | Error::Kit(_) => problem(error).into(),
        }
    }
}

/// The problem that a caller sees.
pub fn problem(error: Error) -> Problem {
    match error {
        Error::Invalid(violations) => Problem::invalid(violations),
        Error::RequestIdReused => Problem::request_id_reused(),
        Error::DocumentReused { sender, number } => Problem::document_reused(&sender, &number),
        Error::Missing { kind, name, field } => missing(kind, &name, &field),
        Error::Exists { kind, name } => Problem::already_exists(ErrorReason::AlreadyExists, kind, name),
        Error::VersionMismatch { name, expected, actual } => {
            Problem::aborted(ErrorReason::VersionMismatch, format!("{name} was changed meanwhile"))
                .with("expected", expected)
                .with("actual", actual)
                .with("resource", name)
        }
        Error::ResumeTokenExpired { oldest, token } => {
            let text = "the feed no longer holds what follows the token";
            Problem::failed_precondition(ErrorReason::ResumeTokenExpired, text)
                .with("oldest", oldest)
                .with("token", token)
        }
        Error::State { order, conflict } => state_conflict(&order, conflict),
        Error::Line { order, line, error } => line_conflict(&order, line, error),
        Error::SetBroken { order, line, set, broken } => set_broken(&order, line, &set, broken),
        Error::InKit { order, line, kit } => in_kit(&order, line, kit),
        Error::NotSubstitutable { order, line, substitute, why } => not_substitutable(&order, line, &substitute, why),
        Error::ShortNotAgreed { order, line, missing } => short_not_agreed(&order, line, missing),
        Error::ReportStale { item, supplier } => told::report_stale(item, supplier),
        Error::ReportTooSmall { item, supplier, present, wanted } => {
            told::report_too_small(item, supplier, present, wanted)
        }
        Error::Busy { order, .. } => {
            Problem::aborted(ErrorReason::OrderBusy, format!("an earlier step of orders/{order} is under way"))
                .with("order", format!("orders/{order}"))
                .retry_after(BUSY_RETRY)
        }
        Error::Closed { kind, name, state } => closed(kind, &name, &state),
        Error::NotReleased { order, line, release } => not_released(&order, line, release),
        Error::OnHold { order, line, hold } => on_hold(&order, line, hold.as_deref()),
        Error::Pinned { order, line, pin } => told::pinned(&order, line, &pin),
        Error::SamePerson { name, actor } => told::same_person(name, actor),
        Error::QuoteGone { order } => {
            let text = format!("the quote orders/{order} is past its time, confirmed or cancelled");
            Problem::failed_precondition(ErrorReason::QuoteGone, text)
                .with("order", format!("orders/{order}"))
                .with_resource("order", format!("orders/{order}"))
        }
        Error::Refused(status) | Error::Unanswered(status) => {
            Problem::dependency_unavailable("inventory", BUSY_RETRY).caused_by(status)
        }
        Error::Contract(_) | Error::Stopped(_) => Problem::internal(error.to_string()),
        Error::Storage(error) => storage_problem(error),
        Error::Kit(problem) => problem,
    }
}

fn closed(kind: Kind, name: &str, state: &str) -> Problem {
    let reason = match kind {
        Kind::Recall => ErrorReason::RecallStateConflict,
        Kind::Question => ErrorReason::QuestionStateConflict,
        Kind::Override => ErrorReason::OverrideStateConflict,
        Kind::BacklogImport => ErrorReason::BacklogImportStateConflict,
        Kind::DropShipTake => ErrorReason::DropShipTakeStateConflict,
        Kind::Run => ErrorReason::RunStateConflict,
        Kind::Order
        | Kind::Line
        | Kind::Item
        | Kind::Location
        | Kind::Policy
        | Kind::Shipment
        | Kind::WarehouseOrder
        | Kind::Exception
        | Kind::FigurePeriod
        | Kind::FigureTarget
        | Kind::RunSchedule
        | Kind::AllocationPolicy
        | Kind::Supply
        | Kind::DeadLetter => ErrorReason::ShipmentStateConflict,
    };
    Problem::failed_precondition(reason, format!("{name} is {state}"))
        .with("state", state)
        .with(kind.as_str(), name)
        .with_resource(kind.as_str(), name)
}

fn missing(kind: Kind, name: &str, field: &str) -> Problem {
    let problem = Problem::not_found(kind.reason(), kind.as_str(), name);
    let problem = match (kind, name.split_once("/lines/")) {
        (Kind::Line, Some((order, _))) => problem.with("order", order),
        (
            Kind::Order
            | Kind::Line
            | Kind::Item
            | Kind::Location
            | Kind::Policy
            | Kind::Recall
            | Kind::Question
            | Kind::Exception
            | Kind::Shipment
            | Kind::Override
            | Kind::WarehouseOrder
            | Kind::BacklogImport
            | Kind::DropShipTake
            | Kind::Run
            | Kind::FigurePeriod
            | Kind::FigureTarget
            | Kind::RunSchedule
            | Kind::AllocationPolicy
            | Kind::Supply
            | Kind::DeadLetter,
            _,
        ) => problem,
    };
    if field.is_empty() { problem } else { problem.with("field", field) }
}

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
