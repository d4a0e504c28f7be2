//! The body of an answer: it carries the record of the call to the end of the stream, keeps the scope of the call while the
//! stream is made, cuts a stream at its deadline and turns a panic in it into INTERNAL.

use std::{
    panic::AssertUnwindSafe,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures::{FutureExt as _, future::BoxFuture};
use http::{HeaderMap, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status, body::Body};
use tracing::Span;

use super::{
    panicked,
    record::{CallRecord, code_name},
};
use crate::{
    context::{CallScope, in_scope_now},
    problem::Problem,
};

pub(super) struct RpcBody {
    inner: Body,
    scope: CallScope,
    span: Span,
    record: CallRecord,
    cut: Option<BoxFuture<'static, Problem>>,
    ended: bool,
}

impl RpcBody {
    /// Wraps the answer's body. An answer that is an error has its status in the headers and ends at once.
    pub(super) fn wrap(
        response: Response<Body>,
        scope: CallScope,
        span: Span,
        mut record: CallRecord,
        streams_end: Option<CancellationToken>,
    ) -> Response<Body> {
        if let Some(code) = code_in(response.headers()) {
            span.record("code", code_name(code));
            record.end(code);
            return response;
        }
        let cut = streams_end.map(|streams_end| cut(scope.deadline, streams_end).boxed());
        response.map(|inner| Body::new(Self { inner, scope, span, record, cut, ended: false }))
    }

    fn end(&mut self, code: Code) {
        self.ended = true;
        self.span.record("code", code_name(code));
        self.record.end(code);
    }

    fn end_with(&mut self, problem: Problem) -> Frame<Bytes> {
        self.end(problem.code());
        let status = in_scope_now(self.scope.clone(), || Status::from(problem));
        let mut trailers = HeaderMap::new();
        if status.add_header(&mut trailers).is_err() {
            // Only a details text that is no header value can fail, and ours is base64: the code alone still ends the call.
            trailers = Status::internal("").into_http::<()>().into_parts().0.headers;
        }
        Frame::trailers(trailers)
    }
}

/// Waits for what ends a stream from outside: its deadline, or the end of all streams of a server that stops.
async fn cut(deadline: Option<Instant>, streams_end: CancellationToken) -> Problem {
    let late = async {
        match deadline {
            Some(deadline) => tokio::time::sleep_until(deadline).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = late => Problem::deadline_passed(),
        () = streams_end.cancelled() => Problem::shutting_down(),
    }
}

fn code_in(headers: &HeaderMap) -> Option<Code> {
    headers.get("grpc-status").map(|value| Code::from_bytes(value.as_bytes()))
}

impl HttpBody for RpcBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        if this.ended {
            return Poll::Ready(None);
        }
        let (inner, span) = (&mut this.inner, &this.span);
        let polled = in_scope_now(this.scope.clone(), || {
            span.in_scope(|| std::panic::catch_unwind(AssertUnwindSafe(|| Pin::new(inner).poll_frame(cx))))
        });
        match polled {
            Err(panic) => {
                let problem = panicked(panic.as_ref());
                Poll::Ready(Some(Ok(this.end_with(problem))))
            }
            Ok(Poll::Ready(Some(Ok(frame)))) => {
                if let Some(code) = frame.trailers_ref().and_then(code_in) {
                    this.end(code);
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Ok(Poll::Ready(Some(Err(status)))) => {
                this.end(status.code());
                Poll::Ready(Some(Err(status)))
            }
            Ok(Poll::Ready(None)) => {
                this.end(Code::Ok);
                Poll::Ready(None)
            }
            Ok(Poll::Pending) => {
                let Some(Poll::Ready(problem)) = this.cut.as_mut().map(|cut| cut.as_mut().poll(cx)) else {
                    return Poll::Pending;
                };
                Poll::Ready(Some(Ok(this.end_with(problem))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
