//! Spans reach a collector over OTLP, under the caller's trace.

use std::sync::{Arc, Mutex};

use axum::{Router, body::to_bytes, extract::Request, response::IntoResponse, routing::post};
use backorder_service_kit::{
    server::listener_on_free_port,
    telemetry::{LogFormat, TelemetrySettings, init},
};
use tonic::service::Routes;

use crate::echo::{Echo, Running, profile_of};

const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const TRACE_ID: [u8; 16] = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736_u128.to_be_bytes();

type Received = Arc<Mutex<Vec<u8>>>;

/// A collector that keeps the bytes it gets and answers an empty message.
async fn collector(received: Received) -> String {
    let export = post(move |request: Request| async move {
        let bytes = to_bytes(request.into_body(), 10_000_000).await.unwrap();
        received.lock().unwrap().extend_from_slice(&bytes);
        let mut trailers = http::HeaderMap::new();
        trailers.insert("grpc-status", "0".parse().unwrap());
        let body = http_body_util::StreamBody::new(futures::stream::iter([
            Ok::<_, std::convert::Infallible>(http_body::Frame::data(bytes::Bytes::from_static(&[0; 5]))),
            Ok(http_body::Frame::trailers(trailers)),
        ]));
        ([("content-type", "application/grpc")], axum::body::Body::new(body)).into_response()
    });
    let router = Router::new().route("/opentelemetry.proto.collector.trace.v1.TraceService/Export", export);
    let listener = listener_on_free_port().await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener);
    tokio::spawn(tonic::transport::Server::builder().add_routes(Routes::from(router)).serve_with_incoming(incoming));
    address
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spans_of_a_chain_of_calls_are_exported_under_the_callers_trace() {
    let received = Received::default();
    let endpoint = collector(Arc::clone(&received)).await;
    let telemetry = init(&TelemetrySettings {
        service: "echo-service".to_owned(),
        otlp_endpoint: Some(endpoint),
        filter: "info".to_owned(),
        format: LogFormat::Json,
    })
    .unwrap();

    let last = Running::quick(&Echo::new()).await;
    let first = Running::quick(&Echo::before(last.client())).await;
    let mut request = tonic::Request::new(profile_of("items/nested"));
    request.metadata_mut().insert("traceparent", TRACEPARENT.parse().unwrap());
    first.client().get_availability_profile(request).await.unwrap();
    first.stop().await;
    last.stop().await;
    telemetry.shutdown().await;

    let bytes = received.lock().unwrap().clone();
    assert!(holds(&bytes, b"echo-service"), "the service is named");
    assert!(holds(&bytes, &TRACE_ID), "the trace is the caller's");
    assert!(holds(&bytes, b"AvailabilityService/GetAvailabilityProfile"), "the first call has its span");
    assert!(holds(&bytes, b"AvailabilityService/GetResumeToken"), "so has the nested one");
    let spans = bytes.windows(TRACE_ID.len()).filter(|window| *window == TRACE_ID).count();
    assert_eq!(spans, 3, "the two calls and the use case between them stand in the one trace");
}
