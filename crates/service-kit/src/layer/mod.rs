//! The one layer in front of every gRPC service, over a socket and in-process alike.
//!
//! It admits the call or sheds it, reads caller, deadline and trace context, opens the span, counts, cuts what is late,
//! turns panics and bare statuses into problems. Handlers only decode, call and encode.

mod bare;
mod body;
mod methods;
mod record;
mod timeout;

use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures::{FutureExt as _, future::BoxFuture};
use http::{Request, Response};
use tokio::{sync::Semaphore, time::Instant};
use tokio_util::sync::CancellationToken;
use tonic::{Status, body::Body};
use tower::{Layer, Service};
use tracing::{Instrument as _, Span};

pub(crate) use methods::{MethodInfo, method_info};
pub(crate) use timeout::{GRPC_TIMEOUT, format_timeout, parse_timeout};

use crate::{
    context::{CallScope, caller_in, in_scope},
    problem::Problem,
    trace::{TRACEPARENT, span_from_traceparent},
    violations::Violations,
};
use bare::with_problem_details;
use body::RpcBody;
use record::CallRecord;

/// The bounds of calls.
#[derive(Debug, Clone)]
pub struct RpcSettings {
    /// The deadline of a call that brings none and has no stream.
    pub deadline_default: Duration,
    /// The longest deadline that a call without a stream may bring; a longer one is cut.
    pub deadline_max: Duration,
    /// How many calls may be under way at once; more are answered RESOURCE_EXHAUSTED. Health is not counted.
    pub in_flight_max: usize,
}

impl Default for RpcSettings {
    fn default() -> Self {
        Self { deadline_default: Duration::from_secs(10), deadline_max: Duration::from_secs(60), in_flight_max: 4_096 }
    }
}

/// Makes [`RpcService`]s that share the same bounds.
#[derive(Debug, Clone)]
pub struct RpcLayer {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    settings: RpcSettings,
    in_flight: Arc<Semaphore>,
    streams_end: CancellationToken,
}

impl RpcLayer {
    /// A layer with these bounds.
    #[must_use]
    pub fn new(settings: RpcSettings) -> Self {
        let in_flight = Arc::new(Semaphore::new(settings.in_flight_max));
        Self { shared: Arc::new(Shared { settings, in_flight, streams_end: CancellationToken::new() }) }
    }

    /// Ends the streams of answers that are open, and later ones as they wait, with SHUTTING_DOWN: a watch would otherwise
    /// hold up the drain. Its client resumes elsewhere with its token.
    pub fn end_streams(&self) {
        self.shared.streams_end.cancel();
    }
}

impl Default for RpcLayer {
    fn default() -> Self {
        Self::new(RpcSettings::default())
    }
}

impl<S> Layer<S> for RpcLayer {
    type Service = RpcService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RpcService { inner, shared: Arc::clone(&self.shared) }
    }
}

/// A gRPC service behind the layer.
#[derive(Debug, Clone)]
pub struct RpcService<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S> Service<Request<Body>> for RpcService<S>
where
    S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Send,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response<Body>, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // The clone that was polled ready is the one that is called.
        let next = self.inner.clone();
        let inner = std::mem::replace(&mut self.inner, next);
        let method = method_info(request.uri().path());
        match self.shared.admit(method, &request) {
            Ok(call) => Box::pin(call.run(inner, request)),
            Err(problem) => {
                CallRecord::begin(method, None).refuse(problem.code());
                Box::pin(std::future::ready(Ok(Status::from(problem).into_http())))
            }
        }
    }
}

/// A call that was let in.
struct Call {
    scope: CallScope,
    span: Span,
    record: CallRecord,
    /// Set for calls with a stream only.
    streams_end: Option<CancellationToken>,
}

impl Shared {
    fn admit(&self, method: &'static MethodInfo, request: &Request<Body>) -> Result<Call, Problem> {
        let headers = request.headers();
        let caller = caller_in(headers).map_err(|description| {
            let mut violations = Violations::new();
            violations.push(crate::context::CALLER_HEADER, description);
            Problem::invalid(violations)
        })?;
        let deadline =
            self.deadline(method, headers.get(GRPC_TIMEOUT).and_then(|value| parse_timeout(value.as_bytes())));
        if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            return Err(Problem::deadline_passed());
        }
        let permit = if method.always_admitted {
            None
        } else {
            let permit = Arc::clone(&self.in_flight).try_acquire_owned();
            Some(permit.map_err(|_| Problem::overloaded(Duration::from_millis(200)))?)
        };
        let span = tracing::info_span!(
            parent: None,
            "rpc",
            otel.name = method.path,
            otel.kind = "server",
            rpc.method = method.path,
            caller = &*caller,
            trace_id = tracing::field::Empty,
            code = tracing::field::Empty,
        );
        let trace = span_from_traceparent(&span, headers.get(TRACEPARENT).and_then(|value| value.to_str().ok()));
        let scope = CallScope { trace: Some(trace), deadline, caller, method: Arc::clone(method.shared_path()) };
        let streams_end = method.has_stream.then(|| self.streams_end.clone());
        Ok(Call { scope, span, record: CallRecord::begin(method, permit), streams_end })
    }

    /// A little earlier than the caller's own, so that the answer still reaches it and so that the transport, whose timer
    /// answers CANCELLED, comes second. Calls with a stream have a deadline only when they bring one.
    fn deadline(&self, method: &MethodInfo, given: Option<Duration>) -> Option<Instant> {
        let now = Instant::now();
        let early = |given: Duration| given.saturating_sub((given / 10).min(Duration::from_millis(10)));
        match (given, method.has_stream) {
            (Some(given), false) => Some(now + early(given.min(self.settings.deadline_max))),
            (Some(given), true) => now.checked_add(early(given)),
            (None, false) => Some(now + self.settings.deadline_default),
            (None, true) => None,
        }
    }
}

impl Call {
    async fn run<S>(self, mut inner: S, mut request: Request<Body>) -> Result<Response<Body>, S::Error>
    where
        S: Service<Request<Body>, Response = Response<Body>>,
    {
        request.extensions_mut().insert(self.scope.clone());
        let deadline = self.scope.deadline;
        let work = async move {
            let answer = AssertUnwindSafe(async { inner.call(request).await }).catch_unwind();
            let answer = match deadline {
                Some(deadline) => tokio::time::timeout_at(deadline, answer).await,
                None => Ok(answer.await),
            };
            // The statuses are made inside the scope, so that they name the trace.
            match answer {
                Ok(Ok(Ok(response))) => Ok(with_problem_details(response)),
                Ok(Ok(Err(error))) => Err(error),
                Ok(Err(panic)) => Ok(Status::from(panicked(panic.as_ref())).into_http()),
                Err(_late) => Ok(Status::from(Problem::deadline_passed()).into_http()),
            }
        };
        let response = in_scope(self.scope.clone(), work.instrument(self.span.clone())).await?;
        Ok(RpcBody::wrap(response, self.scope, self.span, self.record, self.streams_end))
    }
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> Problem {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a text".to_owned());
    metrics::counter!("backorder_rpc_panics_total").increment(1);
    Problem::internal(text).context("a handler panicked")
}
