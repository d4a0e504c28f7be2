//! What goes wrong, told to a person: what happened, and what to do next.

use std::fmt;

use backorder_service_kit::problem::{reason_name, reason_of};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

/// A command that failed. The program prints it and ends with its exit code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    message: String,
    next: Option<String>,
    exit_code: u8,
}

/// The command could not do what was asked.
pub const EXIT_FAILED: u8 = 1;
/// The service could not be reached: the same command may succeed later.
pub const EXIT_UNREACHABLE: u8 = 3;
/// The books do not balance.
pub const EXIT_UNBALANCED: u8 = 4;

impl Failure {
    /// A failure with what happened.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), next: None, exit_code: EXIT_FAILED }
    }

    /// Says what to do next.
    #[must_use]
    pub fn next(mut self, step: impl Into<String>) -> Self {
        self.next = Some(step.into());
        self
    }

    /// Ends the program with this code.
    #[must_use]
    pub const fn with_exit_code(mut self, code: u8) -> Self {
        self.exit_code = code;
        self
    }

    /// The code with which the program ends.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        self.exit_code
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        match &self.next {
            Some(next) => write!(f, "\n  next: {next}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Failure {}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        let failure = Self::new(described(&status));
        match status.code() {
            Code::Unavailable => failure
                .next("start the services with `backorder serve`, or name them with --address http://HOST:PORT")
                .with_exit_code(EXIT_UNREACHABLE),
            Code::DeadlineExceeded => failure
                .next("run the command again with the same --request-id, or with a longer --timeout")
                .with_exit_code(EXIT_UNREACHABLE),
            Code::Aborted => failure.next("read the present state and decide again"),
            Code::NotFound => failure.next("check the name: `backorder catalog items`, `backorder order list`"),
            Code::Internal | Code::Unknown | Code::DataLoss => {
                failure.next("look into the service's log for the trace id")
            }
            Code::Ok
            | Code::Cancelled
            | Code::InvalidArgument
            | Code::AlreadyExists
            | Code::PermissionDenied
            | Code::ResourceExhausted
            | Code::FailedPrecondition
            | Code::OutOfRange
            | Code::Unimplemented
            | Code::Unauthenticated => failure,
        }
    }
}

/// A status in one line: its text, its reason, and every field that is wrong.
#[must_use]
pub fn described(status: &Status) -> String {
    let mut text = status.message().to_owned();
    if text.is_empty() {
        text = format!("{:?}", status.code());
    }
    if let Some(reason) = reason_of(status) {
        text = format!("{text} ({})", reason_name(reason));
    }
    for violation in violations(status) {
        text.push_str("\n  - ");
        text.push_str(&violation);
    }
    text
}

/// The wrong fields of a status, `field: what is wrong`.
#[must_use]
pub fn violations(status: &Status) -> Vec<String> {
    let fields = status.get_details_bad_request().map(|wrong| wrong.field_violations).unwrap_or_default();
    fields.iter().map(|wrong| format!("{}: {}", wrong.field, wrong.description)).collect()
}

macro_rules! failure_from {
    ($($error:ty => $next:expr),+ $(,)?) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::new(error.to_string()).next($next)
            }
        }
    )+};
}

failure_from! {
    crate::input::InputError => "check the path of the file",
    crate::retail::reader::RetailError => "the file must be the Online Retail layout, plain or gzip",
    crate::decimal::InvalidDecimal => "write the amount as a plain decimal number, for example 2.55",
    backorder_service_kit::clients::InvalidAddress => "write the address as http://HOST:PORT",
    backorder_domain::time::UnknownTimeZone => "name a zone of the IANA database, for example Europe/London",
    std::io::Error => "check that the file or folder is there and may be used",
    serde_json::Error => "the file is damaged: remove it and run the command again",
}

#[cfg(test)]
mod tests {
    use backorder_proto::common::v1::ErrorReason;
    use backorder_service_kit::{problem::Problem, violations::Violations};

    use super::*;

    #[test]
    fn every_wrong_field_is_shown() {
        let mut wrong = Violations::new();
        wrong.push("lines[0].quantity", "must be at least 1");
        wrong.push("lines[1].item", "is empty");
        let shown = Failure::from(Status::from(Problem::invalid(wrong))).to_string();
        assert!(shown.contains("lines[0].quantity: must be at least 1"), "{shown}");
        assert!(shown.contains("lines[1].item: is empty"), "{shown}");
        assert!(shown.contains("INVALID_REQUEST"), "{shown}");
    }

    #[test]
    fn an_unreachable_service_has_its_own_exit_code_and_a_next_step() {
        let failure = Failure::from(Status::from(Problem::shutting_down()));
        assert_eq!(failure.exit_code(), EXIT_UNREACHABLE);
        assert!(failure.to_string().contains("backorder serve"));
    }

    #[test]
    fn the_reason_is_named() {
        let status = Status::from(Problem::not_found(ErrorReason::ItemNotFound, "item", "items/X"));
        assert!(described(&status).contains("ITEM_NOT_FOUND"));
    }
}
