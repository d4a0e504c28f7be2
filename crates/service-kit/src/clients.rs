//! Channels to other services: over a socket or straight into another service's stack in this process. Every call has a
//! deadline, continues the caller's trace and names its caller. Nothing here retries: see [`crate::retry`].

mod bundles;

use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures::future::BoxFuture;
use http::{HeaderValue, Request, Response};
use tokio::time::Instant;
use tonic::{
    Status, TimeoutExpired,
    body::Body,
    service::Routes,
    transport::{Endpoint, Uri},
};
use tower::{Layer as _, Service, ServiceExt as _, util::BoxCloneSyncService};

use crate::{
    context::{CALLER_HEADER, current_deadline},
    layer::{GRPC_TIMEOUT, RpcLayer, format_timeout, method_info, parse_timeout},
    problem::Problem,
    trace::{TRACEPARENT, current_traceparent},
};

pub use bundles::{AllocationClients, InventoryClients};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The deadline of a call that nobody gave one.
const DEADLINE_DEFAULT: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(20);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(5);
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// An address that is no address.
#[derive(Debug, thiserror::Error)]
#[error("{address:?} is not the address of a service")]
pub struct InvalidAddress {
    /// The address as it was given.
    pub address: String,
    #[source]
    source: BoxError,
}

/// A channel that every generated client accepts. Clones are cheap and share the connection.
#[derive(Clone)]
pub struct ServiceChannel {
    inner: BoxCloneSyncService<Request<Body>, Response<Body>, BoxError>,
    target: Arc<str>,
    caller: Option<HeaderValue>,
    deadline_default: Duration,
}

impl fmt::Debug for ServiceChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceChannel").field("target", &self.target).field("caller", &self.caller).finish()
    }
}

/// A channel to `uri`, for example `http://inventory:50051`. The connection is made by the first call and made anew after
/// it is lost; a call meanwhile answers UNAVAILABLE.
///
/// # Errors
/// [`InvalidAddress`] when the text is no address.
pub fn connect(uri: &str) -> Result<ServiceChannel, InvalidAddress> {
    let invalid = |source: BoxError| InvalidAddress { address: uri.to_owned(), source };
    let parsed: Uri = uri.parse().map_err(|error: http::uri::InvalidUri| invalid(error.into()))?;
    if parsed.scheme_str() != Some("http") || parsed.authority().is_none() {
        return Err(invalid("the form is http://host:port".into()));
    }
    let channel = Endpoint::from(parsed)
        .connect_timeout(CONNECT_TIMEOUT)
        .http2_keep_alive_interval(KEEPALIVE_INTERVAL)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT)
        .keep_alive_while_idle(true)
        .tcp_nodelay(true)
        .connect_lazy();
    Ok(ServiceChannel::over(BoxCloneSyncService::new(channel.map_err(BoxError::from)), uri))
}

/// A channel straight into services of this process, behind the same layer as over a socket.
#[must_use]
pub fn in_process(routes: impl Into<Routes>) -> ServiceChannel {
    in_process_with(routes, &RpcLayer::default())
}

/// Like [`in_process`], with bounds of one's own.
#[must_use]
pub fn in_process_with(routes: impl Into<Routes>, layer: &RpcLayer) -> ServiceChannel {
    let service = layer.layer(routes.into().prepare()).map_err(BoxError::from);
    ServiceChannel::over(BoxCloneSyncService::new(service), "in-process")
}

impl ServiceChannel {
    fn over(inner: BoxCloneSyncService<Request<Body>, Response<Body>, BoxError>, target: &str) -> Self {
        Self { inner, target: Arc::from(target), caller: None, deadline_default: DEADLINE_DEFAULT }
    }

    /// Names the caller in every call that does not name it itself. A name that no header can hold is left out, and the
    /// calls are anonymous.
    #[must_use]
    pub fn with_caller(mut self, caller: &str) -> Self {
        self.caller = HeaderValue::from_str(caller).ok();
        self
    }

    /// Names the called service in problems, for example `inventory`.
    #[must_use]
    pub fn with_target(mut self, target: &str) -> Self {
        self.target = Arc::from(target);
        self
    }

    /// The deadline of calls outside of any call and without a timeout of their own.
    #[must_use]
    pub fn with_deadline_default(mut self, deadline: Duration) -> Self {
        self.deadline_default = deadline;
        self
    }

    /// The caller's rest less a tenth, the request's own timeout, or the default: whichever is shortest. A call with a
    /// stream outside of any call has a deadline only when it brings one.
    fn timeout(&self, request: &Request<Body>) -> Option<Duration> {
        let own = request.headers().get(GRPC_TIMEOUT).and_then(|value| parse_timeout(value.as_bytes()));
        let rest = current_deadline().map(|deadline| {
            let rest = deadline.saturating_duration_since(Instant::now());
            rest - rest / 10
        });
        match (own, rest) {
            (Some(own), Some(rest)) => Some(own.min(rest)),
            (Some(one), None) | (None, Some(one)) => Some(one),
            (None, None) if method_info(request.uri().path()).has_stream => None,
            (None, None) => Some(self.deadline_default),
        }
    }

    fn prepare(&self, request: &mut Request<Body>) -> Option<Duration> {
        let timeout = self.timeout(request);
        let headers = request.headers_mut();
        if let Some(value) = timeout.and_then(|timeout| HeaderValue::from_str(&format_timeout(timeout)).ok()) {
            headers.insert(GRPC_TIMEOUT, value);
        }
        if let Some(value) = current_traceparent().and_then(|text| HeaderValue::from_str(&text).ok()) {
            headers.insert(TRACEPARENT, value);
        }
        if let Some(caller) = self.caller.as_ref().filter(|_| !headers.contains_key(CALLER_HEADER)) {
            headers.insert(CALLER_HEADER, caller.clone());
        }
        timeout
    }
}

impl Service<Request<Body>> for ServiceChannel {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<Body>, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        let target = &self.target;
        self.inner.poll_ready(cx).map_err(|error| problem_status(target, error).into())
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let timeout = self.prepare(&mut request);
        if timeout.is_some_and(|timeout| timeout.is_zero()) {
            return Box::pin(async { Err(Status::from(Problem::deadline_passed()).into()) });
        }
        let target = Arc::clone(&self.target);
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answer = match timeout {
                Some(timeout) => tokio::time::timeout(timeout, answer).await,
                None => Ok(answer.await),
            };
            match answer {
                Ok(Ok(response)) => Ok(response),
                Ok(Err(error)) => Err(problem_status(&target, error).into()),
                Err(_late) => Err(Status::from(Problem::deadline_passed()).into()),
            }
        })
    }
}

/// A transport's failure as a status of this system: late or unavailable. What the other service answered is not touched.
fn problem_status(target: &str, error: BoxError) -> Status {
    if chain_holds_timeout(error.as_ref()) {
        return Problem::deadline_passed().into();
    }
    let status = Status::from_error(error);
    if !status.details().is_empty() {
        return status;
    }
    Problem::dependency_unavailable(target, RETRY_AFTER).caused_by(status).into()
}

fn chain_holds_timeout(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<TimeoutExpired>() {
            return true;
        }
        next = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use backorder_proto::common::v1::ErrorReason;
    use tonic::Code;
    use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

    use super::*;
    use crate::{
        context::{CallScope, in_scope},
        problem::reason_of,
    };

    #[test]
    fn an_address_without_scheme_or_host_is_refused() {
        for wrong in ["", "inventory", "ftp://inventory:1", "http://"] {
            assert!(connect(wrong).is_err(), "{wrong:?}");
        }
    }

    #[tokio::test]
    async fn a_service_that_is_not_there_is_unavailable_and_named() {
        // Port 1 is reserved and nothing listens there.
        let channel = connect("http://127.0.0.1:1").unwrap().with_target("inventory");
        let status = HealthClient::new(channel).check(HealthCheckRequest::default()).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable);
        assert_eq!(reason_of(&status), Some(ErrorReason::DependencyUnavailable));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_has_the_callers_rest_less_a_tenth() {
        let channel = in_process(Routes::default());
        let request = || Request::builder().uri("/x.Y/Z").body(Body::empty()).unwrap();
        assert_eq!(channel.timeout(&request()), Some(DEADLINE_DEFAULT));
        let scope = CallScope { deadline: Some(Instant::now() + Duration::from_secs(5)), ..CallScope::default() };
        let within = in_scope(scope, async { channel.timeout(&request()) }).await;
        assert_eq!(within, Some(Duration::from_millis(4_500)));
    }
}
