//! W3C trace context: read it from a call or an event, and tell it to the next call or event.
//!
//! The ids exist whether or not spans are exported, so that an error can always name its trace. When spans are exported,
//! the ids are those of the exported spans. Formats: <https://www.w3.org/TR/trace-context/#traceparent-header>.

use std::fmt;

use opentelemetry::{
    Context as OtelContext,
    trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState},
};
use tracing::{Instrument as _, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use crate::context::{CallScope, current_scope, in_scope};

/// The name of the header and of the event attribute.
pub const TRACEPARENT: &str = "traceparent";

/// A position in a trace: the trace and the span under which the next span stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    trace_id: u128,
    span_id: u64,
    flags: u8,
}

impl TraceContext {
    /// The beginning of a new trace, marked as sampled.
    #[must_use]
    pub fn root() -> Self {
        Self { trace_id: rand::random_range(1..=u128::MAX), span_id: rand::random_range(1..=u64::MAX), flags: 1 }
    }

    /// The next span of the same trace.
    #[must_use]
    pub fn child(self) -> Self {
        Self { span_id: rand::random_range(1..=u64::MAX), ..self }
    }

    /// Reads a `traceparent`. `None` when it is malformed, as the recommendation asks: then a new trace begins.
    #[must_use]
    pub fn parse(traceparent: &str) -> Option<Self> {
        let mut parts = traceparent.split('-');
        let (version, trace_id, span_id, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let more = parts.next().is_some();
        let lower_hex = |text: &str, length: usize| {
            text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        let well_formed =
            lower_hex(version, 2) && lower_hex(trace_id, 32) && lower_hex(span_id, 16) && lower_hex(flags, 2);
        if !well_formed || version == "ff" || (version == "00" && more) {
            return None;
        }
        let trace_id = u128::from_str_radix(trace_id, 16).ok().filter(|id| *id != 0)?;
        let span_id = u64::from_str_radix(span_id, 16).ok().filter(|id| *id != 0)?;
        Some(Self { trace_id, span_id, flags: u8::from_str_radix(flags, 16).ok()? & 1 })
    }

    /// The trace's id, 32 hexadecimal digits.
    #[must_use]
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace_id)
    }

    fn of_span(span: &Span) -> Option<Self> {
        let context = span.context();
        let reference = context.span();
        let span_context = reference.span_context();
        span_context.is_valid().then(|| Self {
            trace_id: u128::from_be_bytes(span_context.trace_id().to_bytes()),
            span_id: u64::from_be_bytes(span_context.span_id().to_bytes()),
            flags: span_context.trace_flags().to_u8(),
        })
    }

    fn as_remote_parent(self) -> OtelContext {
        OtelContext::new().with_remote_span_context(SpanContext::new(
            TraceId::from_bytes(self.trace_id.to_be_bytes()),
            SpanId::from_bytes(self.span_id.to_be_bytes()),
            TraceFlags::new(self.flags),
            true,
            TraceState::NONE,
        ))
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.span_id, self.flags)
    }
}

/// The present position: the exported span's when spans are exported, else that of the call or event being handled.
#[must_use]
pub fn current() -> Option<TraceContext> {
    TraceContext::of_span(&Span::current()).or_else(|| current_scope().and_then(|scope| scope.trace))
}

/// The present position as a `traceparent`, for an outbox row or an outgoing call.
#[must_use]
pub fn current_traceparent() -> Option<String> {
    current().map(|context| context.to_string())
}

/// The present trace's id, for a log line or an error that a person will report.
#[must_use]
pub fn current_trace_id() -> Option<String> {
    current().map(|context| context.trace_id())
}

/// Puts `span` under the span that `traceparent` names and answers the span's own position. A malformed or absent
/// `traceparent` begins a new trace. The trace's id is recorded in the span's field `trace_id`, when it declares one.
pub fn span_from_traceparent(span: &Span, traceparent: Option<&str>) -> TraceContext {
    let parent = traceparent.and_then(TraceContext::parse);
    if let Some(parent) = parent {
        // A refusal means that spans are not exported or that this one is filtered out; the ids below still serve.
        let _ = span.set_parent(parent.as_remote_parent());
    }
    let own =
        TraceContext::of_span(span).unwrap_or_else(|| parent.map_or_else(TraceContext::root, TraceContext::child));
    if !span.is_disabled() {
        span.record("trace_id", own.trace_id());
    }
    own
}

/// Runs a future in `span` as the next step of the trace that `traceparent` names, for example the handling of an event.
pub async fn in_trace<F: Future>(span: Span, traceparent: Option<&str>, future: F) -> F::Output {
    let trace = span_from_traceparent(&span, traceparent);
    let scope = CallScope { trace: Some(trace), ..current_scope().unwrap_or_default() };
    in_scope(scope, future.instrument(span)).await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    const SAMPLE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_traceparent_survives_reading_and_writing() {
        let context = TraceContext::parse(SAMPLE).unwrap();
        assert_eq!(context.to_string(), SAMPLE);
        assert_eq!(context.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
    }

    #[test]
    fn a_malformed_traceparent_is_ignored() {
        for wrong in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        ] {
            assert_eq!(TraceContext::parse(wrong), None, "{wrong}");
        }
    }

    #[tokio::test]
    async fn work_in_a_trace_continues_that_trace_under_a_new_span() {
        let inside = in_trace(Span::none(), Some(SAMPLE), async { current().unwrap() }).await;
        assert_eq!(inside.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_ne!(inside.to_string(), SAMPLE);
        assert_eq!(current(), None, "the trace ends with the work");
    }

    #[tokio::test]
    async fn work_without_a_parent_begins_a_trace() {
        assert!(in_trace(Span::none(), None, async { current_traceparent() }).await.is_some());
    }
}
