//! What is counted of a call, exactly once, also when the caller goes away.

use tokio::{sync::OwnedSemaphorePermit, time::Instant};
use tonic::Code;

use super::MethodInfo;

/// A call that is under way. Dropped without an end, it counts as CANCELLED.
#[derive(Debug)]
pub(super) struct CallRecord {
    method: &'static MethodInfo,
    begun: Instant,
    code: Option<Code>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl CallRecord {
    pub(super) fn begin(method: &'static MethodInfo, permit: Option<OwnedSemaphorePermit>) -> Self {
        metrics::gauge!("backorder_rpc_in_flight", "service" => method.service).increment(1);
        Self { method, begun: Instant::now(), code: None, _permit: permit }
    }

    /// Sets how the call ended; the first end counts.
    pub(super) fn end(&mut self, code: Code) {
        self.code.get_or_insert(code);
    }

    /// Ends the call before it began.
    pub(super) fn refuse(mut self, code: Code) {
        self.end(code);
    }
}

impl Drop for CallRecord {
    fn drop(&mut self) {
        let (service, method) = (self.method.service, self.method.method);
        let code = code_name(self.code.unwrap_or(Code::Cancelled));
        metrics::gauge!("backorder_rpc_in_flight", "service" => service).decrement(1);
        metrics::counter!("backorder_rpc_requests_total", "service" => service, "method" => method, "code" => code)
            .increment(1);
        metrics::histogram!("backorder_rpc_duration_seconds", "service" => service, "method" => method)
            .record(self.begun.elapsed().as_secs_f64());
    }
}

/// The code's name as the gRPC specification writes it.
pub(super) fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
