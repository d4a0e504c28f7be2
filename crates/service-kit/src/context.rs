//! What a call brings with it besides its message: who calls, until when an answer is wanted, and under which trace.
//!
//! The layer of the server sets it once; it follows the call through the task, into owned tasks and out into calls to
//! other services. It must not carry business data.

use std::{sync::Arc, time::Duration};

use http::HeaderMap;
use tokio::time::Instant;
use tonic::Request;

use crate::trace::{TRACEPARENT, TraceContext};

/// The metadata key under which a caller names itself.
pub const CALLER_HEADER: &str = "x-backorder-caller";
/// The name of a caller that does not name itself.
pub const ANONYMOUS: &str = "anonymous";
/// The longest caller name in bytes.
pub const CALLER_BYTES_MAX: usize = 100;

tokio::task_local! {
    static SCOPE: CallScope;
}

/// The surroundings of the call or event that is being handled in this task.
#[derive(Debug, Clone, Default)]
pub struct CallScope {
    /// The position in the trace.
    pub trace: Option<TraceContext>,
    /// When the caller stops waiting, by the monotonic clock.
    pub deadline: Option<Instant>,
    /// The caller's name; empty outside of calls.
    pub caller: Arc<str>,
    /// The full method, for example `/backorder.inventory.v1.StockService/ReceiveStock`; empty outside of calls.
    pub method: Arc<str>,
}

/// The scope of the present task, when it handles a call or an event.
#[must_use]
pub fn current_scope() -> Option<CallScope> {
    SCOPE.try_with(CallScope::clone).ok()
}

/// Runs a future in a scope.
pub async fn in_scope<F: Future>(scope: CallScope, future: F) -> F::Output {
    SCOPE.scope(scope, future).await
}

/// Runs a closure in a scope.
pub(crate) fn in_scope_now<R>(scope: CallScope, work: impl FnOnce() -> R) -> R {
    SCOPE.sync_scope(scope, work)
}

/// The caller's deadline, when the present task handles a call that has one.
#[must_use]
pub fn current_deadline() -> Option<Instant> {
    SCOPE.try_with(|scope| scope.deadline).ok().flatten()
}

/// What is left until the caller's deadline; zero when it passed. `None` without a deadline. Statements sent to a
/// database take their timeout from here.
#[must_use]
pub fn time_left() -> Option<Duration> {
    current_deadline().map(|deadline| deadline.saturating_duration_since(Instant::now()))
}

/// What a handler needs to know about its call.
#[derive(Debug, Clone)]
pub struct RequestContext {
    /// Who calls: the scope of request ids and page tokens.
    pub caller: String,
    /// When the caller stops waiting, by the monotonic clock.
    pub deadline: Option<Instant>,
    /// The trace context to store with what the call changes.
    pub traceparent: Option<String>,
    /// The full method: `/package.Service/Method`. Part of the key of a request id.
    pub method: String,
}

impl RequestContext {
    /// Reads the context of a request. Behind the server's layer everything is set; without it (a handler called
    /// directly) the metadata is read.
    #[must_use]
    pub fn from_request<T>(request: &Request<T>) -> Self {
        if let Some(scope) = request.extensions().get::<CallScope>() {
            return Self {
                caller: scope.caller.to_string(),
                deadline: scope.deadline,
                traceparent: crate::trace::current_traceparent().or_else(|| scope.trace.map(|trace| trace.to_string())),
                method: scope.method.to_string(),
            };
        }
        let text = |key: &str| request.metadata().get(key).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Self {
            caller: text(CALLER_HEADER).unwrap_or_else(|| ANONYMOUS.to_owned()),
            deadline: None,
            traceparent: text(TRACEPARENT).filter(|text| TraceContext::parse(text).is_some()),
            method: String::new(),
        }
    }
}

/// The caller's name in the headers of a call: printable ASCII without spaces, or [`ANONYMOUS`] when there is none.
///
/// # Errors
/// What the name must be, when it is not so.
pub(crate) fn caller_in(headers: &HeaderMap) -> Result<Arc<str>, String> {
    let Some(value) = headers.get(CALLER_HEADER) else {
        return Ok(Arc::from(ANONYMOUS));
    };
    let bytes = value.as_bytes();
    let allowed = (1..=CALLER_BYTES_MAX).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic);
    match value.to_str() {
        Ok(name) if allowed => Ok(Arc::from(name)),
        _ => Err(format!("must be 1 to {CALLER_BYTES_MAX} printable ASCII characters without spaces")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[test]
    fn a_caller_that_does_not_name_itself_is_anonymous() {
        assert_eq!(RequestContext::from_request(&Request::new(())).caller, "anonymous");
        assert_eq!(caller_in(&HeaderMap::new()).unwrap().as_ref(), "anonymous");
    }

    #[test]
    fn a_hostile_caller_name_is_refused() {
        for wrong in [String::new(), "a b".to_owned(), "x".repeat(CALLER_BYTES_MAX + 1)] {
            let mut headers = HeaderMap::new();
            headers.insert(CALLER_HEADER, wrong.parse().unwrap());
            assert!(caller_in(&headers).is_err(), "{wrong:?}");
        }
    }

    #[tokio::test]
    async fn time_left_is_zero_after_the_deadline() {
        let scope = CallScope { deadline: Some(Instant::now()), ..CallScope::default() };
        assert_eq!(in_scope(scope, async { time_left() }).await, Some(Duration::ZERO));
        assert_eq!(time_left(), None);
    }
}
