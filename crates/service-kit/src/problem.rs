//! The one way from an error to a `tonic::Status`.
//!
//! A [`Problem`] is the outside of an error: code, reason, text and details that a caller may see. What happened inside
//! travels beside it as a cause, is logged once when the status is made, and never reaches the caller. This module must
//! not know a service's errors: each service maps its own to a problem.

use std::{collections::BTreeMap, error::Error as StdError, fmt, sync::Arc, time::Duration};

use backorder_proto::common::v1::ErrorReason;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::{
    trace,
    violations::{FieldViolation, Violations},
};

/// The domain of every `google.rpc.ErrorInfo` of this system.
pub const ERROR_DOMAIN: &str = "backorder";

const INTERNAL_TEXT: &str = "an internal error happened";

type BoxError = Box<dyn StdError + Send + Sync>;

/// An error as the caller sees it, with its inside kept apart.
#[derive(Debug, Clone)]
pub struct Problem(Box<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    code: Code,
    reason: ErrorReason,
    message: String,
    metadata: BTreeMap<String, String>,
    violations: Vec<FieldViolation>,
    resource: Option<Resource>,
    retry_after: Option<Duration>,
    cause: Option<Arc<dyn StdError + Send + Sync>>,
    contexts: Vec<String>,
}

#[derive(Debug, Clone)]
struct Resource {
    resource_type: String,
    name: String,
}

impl Problem {
    /// A problem of any code. Prefer the constructors below, which keep code and details together.
    #[must_use]
    pub fn new(code: Code, reason: ErrorReason, message: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            code,
            reason,
            message: message.into(),
            metadata: BTreeMap::new(),
            violations: Vec::new(),
            resource: None,
            retry_after: None,
            cause: None,
            contexts: Vec::new(),
        }))
    }

    /// INVALID_ARGUMENT with all violations.
    #[must_use]
    pub fn invalid(violations: Violations) -> Self {
        let message = match violations.count() {
            1 => "1 field of the request is wrong".to_owned(),
            count => format!("{count} fields of the request are wrong"),
        };
        let mut problem = Self::new(Code::InvalidArgument, ErrorReason::InvalidRequest, message);
        problem.0.violations = violations.into_list();
        problem
    }

    /// INVALID_ARGUMENT because of one field, with a reason of its own, for example REQUEST_ID_REUSED.
    #[must_use]
    pub fn invalid_field(reason: ErrorReason, field: impl Into<String>, description: impl Into<String>) -> Self {
        let (field, description) = (field.into(), description.into());
        let mut problem = Self::new(Code::InvalidArgument, reason, format!("{field}: {description}"));
        problem.0.violations = vec![FieldViolation { field, description }];
        problem
    }

    /// INVALID_ARGUMENT, REQUEST_ID_REUSED: the same request id came with another command.
    #[must_use]
    pub fn request_id_reused() -> Self {
        let description = "was used before for another command of this method";
        Self::invalid_field(ErrorReason::RequestIdReused, "request_id", description)
    }

    /// The sender's number of a document names another document already.
    #[must_use]
    pub fn document_reused(sender: &str, number: &str) -> Self {
        let text = format!("document {number} of {sender} was taken with other content");
        Self::new(Code::InvalidArgument, ErrorReason::DocumentReused, text)
            .with("sender", sender)
            .with("document", number)
    }

    /// UNIMPLEMENTED, METHOD_UNKNOWN: no service here has the method. Its name is the caller's text and is not repeated.
    #[must_use]
    pub fn method_unknown() -> Self {
        Self::new(Code::Unimplemented, ErrorReason::MethodUnknown, "no service here has this method")
    }

    /// UNIMPLEMENTED, ENCODING_UNSUPPORTED: the request is compressed.
    #[must_use]
    pub fn encoding_unsupported() -> Self {
        let message = "the request is compressed in a way that is not read here";
        Self::new(Code::Unimplemented, ErrorReason::EncodingUnsupported, message)
    }

    /// NOT_FOUND with the resource: `not_found(ItemNotFound, "item", "items/85123A")`. The metadata names it under its
    /// type.
    #[must_use]
    pub fn not_found(reason: ErrorReason, resource_type: impl Into<String>, name: impl Into<String>) -> Self {
        let (resource_type, name) = (resource_type.into(), name.into());
        Self::new(Code::NotFound, reason, format!("{resource_type} {name} is not there"))
            .with(resource_type.clone(), name.clone())
            .with_resource(resource_type, name)
    }

    /// ALREADY_EXISTS with the resource.
    #[must_use]
    pub fn already_exists(reason: ErrorReason, resource_type: impl Into<String>, name: impl Into<String>) -> Self {
        let (resource_type, name) = (resource_type.into(), name.into());
        Self::new(Code::AlreadyExists, reason, format!("{resource_type} {name} exists already with other content"))
            .with(resource_type.clone(), name.clone())
            .with_resource(resource_type, name)
    }

    /// FAILED_PRECONDITION: wrong state or too little stock. The status carries it as `PreconditionFailure` too.
    #[must_use]
    pub fn failed_precondition(reason: ErrorReason, message: impl Into<String>) -> Self {
        Self::new(Code::FailedPrecondition, reason, message)
    }

    /// ABORTED: a lost race or a stale etag. Add [`Problem::retry_after`] when the same call may simply be sent again.
    #[must_use]
    pub fn aborted(reason: ErrorReason, message: impl Into<String>) -> Self {
        Self::new(Code::Aborted, reason, message)
    }

    /// ABORTED, CONTENTION: the call lost a race and gave up after its retries; it may be sent again.
    #[must_use]
    pub fn contention() -> Self {
        Self::aborted(ErrorReason::Contention, "the call lost a race with others")
            .retry_after(Duration::from_millis(100))
    }

    /// OUT_OF_RANGE, QUANTITY_OVERFLOW: a sum would leave the range of quantities.
    #[must_use]
    pub fn quantity_overflow() -> Self {
        Self::new(Code::OutOfRange, ErrorReason::QuantityOverflow, "a sum leaves the range of quantities")
    }

    /// UNAVAILABLE, STORE_UNAVAILABLE, to be tried again after the given time.
    #[must_use]
    pub fn unavailable(retry_after: Duration) -> Self {
        Self::new(Code::Unavailable, ErrorReason::StoreUnavailable, "the store cannot be reached now")
            .retry_after(retry_after)
    }

    /// UNAVAILABLE, DEPENDENCY_UNAVAILABLE: another service cannot be reached.
    #[must_use]
    pub fn dependency_unavailable(service: impl Into<String>, retry_after: Duration) -> Self {
        let service = service.into();
        Self::new(Code::Unavailable, ErrorReason::DependencyUnavailable, format!("{service} cannot be reached now"))
            .with("service", service)
            .retry_after(retry_after)
    }

    /// UNAVAILABLE, SHUTTING_DOWN: another instance will answer.
    #[must_use]
    pub fn shutting_down() -> Self {
        Self::new(Code::Unavailable, ErrorReason::ShuttingDown, "the service is stopping")
            .retry_after(Duration::from_secs(1))
    }

    /// RESOURCE_EXHAUSTED, OVERLOADED: more is asked than the service takes on.
    #[must_use]
    pub fn overloaded(retry_after: Duration) -> Self {
        Self::new(Code::ResourceExhausted, ErrorReason::Overloaded, "more is asked of the service than it takes on")
            .retry_after(retry_after)
    }

    /// DEADLINE_EXCEEDED, DEADLINE_PASSED.
    #[must_use]
    pub fn deadline_passed() -> Self {
        Self::new(
            Code::DeadlineExceeded,
            ErrorReason::DeadlinePassed,
            "the deadline passed before the answer was there",
        )
    }

    /// INTERNAL with a fixed text. `cause` is logged with its whole chain when the status is made and is never sent.
    #[must_use]
    pub fn internal(cause: impl Into<BoxError>) -> Self {
        let mut problem = Self::new(Code::Internal, ErrorReason::Internal, INTERNAL_TEXT);
        problem.0.cause = Some(Arc::from(cause.into()));
        problem
    }

    /// Adds a piece of metadata to the `ErrorInfo`: the dynamic parts of the text, for programs.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl ToString) -> Self {
        self.0.metadata.insert(key.into(), value.to_string());
        self
    }

    /// Names the resource that the problem is about.
    #[must_use]
    pub fn with_resource(mut self, resource_type: impl Into<String>, name: impl Into<String>) -> Self {
        self.0.resource = Some(Resource { resource_type: resource_type.into(), name: name.into() });
        self
    }

    /// Tells the caller to send the same call again after this time.
    #[must_use]
    pub fn retry_after(mut self, delay: Duration) -> Self {
        self.0.retry_after = Some(delay);
        self
    }

    /// Keeps what happened inside, for the log only.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<BoxError>) -> Self {
        self.0.cause = Some(Arc::from(cause.into()));
        self
    }

    /// Says what was being done, for the log only. The outermost context comes last.
    #[must_use]
    pub fn context(mut self, context: impl Into<String>) -> Self {
        self.0.contexts.push(context.into());
        self
    }

    /// The gRPC code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The reason from the registry.
    #[must_use]
    pub fn reason(&self) -> ErrorReason {
        self.0.reason
    }

    /// The text that the caller sees.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The metadata that the caller sees.
    #[must_use]
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.0.metadata
    }

    fn inside(&self) -> String {
        let mut text = String::new();
        for context in self.0.contexts.iter().rev() {
            text.push_str(context);
            text.push_str(": ");
        }
        let mut source: Option<&dyn StdError> = self.0.cause.as_deref().map(|cause| cause as &dyn StdError);
        let mut first = true;
        while let Some(error) = source {
            text.push_str(if first { "" } else { ": " });
            text.push_str(&error.to_string());
            source = error.source();
            first = false;
        }
        text
    }

    /// A customer's mistake is not worth an ERROR line; a fault of ours is, once, with everything that is known.
    fn log(&self) {
        let reason = reason_name(self.0.reason);
        if matches!(self.0.code, Code::Internal | Code::Unknown | Code::DataLoss) {
            tracing::error!(reason, trace_id = trace::current_trace_id(), error = self.inside(), "internal error");
        } else if self.0.cause.is_some() {
            tracing::warn!(reason, trace_id = trace::current_trace_id(), error = self.inside(), "{}", self.0.message);
        } else {
            tracing::debug!(reason, "{}", self.0.message);
        }
    }

    fn details(&self) -> ErrorDetails {
        let parts = &self.0;
        let mut metadata = parts.metadata.clone();
        if parts.code == Code::Internal
            && let Some(trace_id) = trace::current_trace_id()
        {
            metadata.insert("trace_id".to_owned(), trace_id);
        }
        let reason = reason_name(parts.reason);
        let mut details = ErrorDetails::with_error_info(
            reason,
            ERROR_DOMAIN,
            metadata.into_iter().collect::<std::collections::HashMap<_, _>>(),
        );
        for violation in &parts.violations {
            details.add_bad_request_violation(&violation.field, &violation.description);
        }
        if let Some(resource) = &parts.resource {
            details.set_resource_info(&resource.resource_type, &resource.name, "", &parts.message);
        }
        if parts.code == Code::FailedPrecondition {
            let subject = parts.resource.as_ref().map_or("", |resource| resource.name.as_str());
            details.add_precondition_failure_violation(reason, subject, &parts.message);
        }
        if let Some(delay) = parts.retry_after {
            details.set_retry_info(Some(delay));
        }
        details
    }
}

/// The reason as it is sent: the enum value's name without its prefix.
#[must_use]
pub fn reason_name(reason: ErrorReason) -> &'static str {
    let name = reason.as_str_name();
    name.strip_prefix("ERROR_REASON_").unwrap_or(name)
}

/// The reason that a status carries, when it is one of this system's.
#[must_use]
pub fn reason_of(status: &Status) -> Option<ErrorReason> {
    let info = status.get_details_error_info()?;
    if info.domain != ERROR_DOMAIN {
        return None;
    }
    ErrorReason::from_str_name(&format!("ERROR_REASON_{}", info.reason))
}

/// The time after which a status asks to be tried again, when it does.
#[must_use]
pub fn retry_delay_of(status: &Status) -> Option<Duration> {
    status.get_details_retry_info().and_then(|info| info.retry_delay)
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl StdError for Problem {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.cause.as_deref().map(|cause| cause as &(dyn StdError + 'static))
    }
}

/// The `google.rpc.Status` of a status as a message inside of another one, for answers on a stream.
#[must_use]
pub fn packed(status: &Status) -> prost_types::Any {
    prost_types::Any { type_url: "type.googleapis.com/google.rpc.Status".to_owned(), value: status.details().to_vec() }
}

impl From<Violations> for Problem {
    fn from(violations: Violations) -> Self {
        Self::invalid(violations)
    }
}

impl From<Problem> for Status {
    fn from(problem: Problem) -> Self {
        problem.log();
        let message = match trace::current_trace_id() {
            Some(trace_id) if problem.0.code == Code::Internal => format!("{}, trace id {trace_id}", problem.0.message),
            _ => problem.0.message.clone(),
        };
        Self::with_error_details(problem.0.code, message, problem.details())
    }
}

#[cfg(test)]
mod tests;
