//! One call: who, until when, under which trace, and what comes of a failure. The same over a socket and in-process.

use std::time::Duration;

use backorder_proto::{
    common::v1::ErrorReason,
    inventory::v1::{
        BatchGetAvailabilityRequest, BatchGetAvailabilityResponse, GetResumeTokenRequest, ItemLocation,
        WatchAvailabilityRequest,
    },
};
use backorder_service_kit::{
    clients,
    layer::{RpcLayer, RpcSettings},
    problem::reason_of,
    trace::TraceContext,
};
use prost::Message as _;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;

use crate::echo::{Client, Echo, Running, Seen, in_both_shapes, in_process, profile_of};

const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn traced<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("traceparent", TRACEPARENT.parse().unwrap());
    request
}

async fn seen(mut client: Client, request: Request<GetResumeTokenRequest>) -> Seen {
    Seen::read(&client.get_resume_token(request).await.unwrap().into_inner().resume_token)
}

fn assert_problem(status: &Status, code: Code, reason: ErrorReason) {
    assert_eq!(status.code(), code, "{status:?}");
    assert_eq!(reason_of(status), Some(reason), "{status:?}");
}

#[tokio::test]
async fn a_handler_knows_its_caller_method_deadline_and_trace() {
    in_both_shapes(Echo::new(), |client| async move {
        let seen = seen(client, traced(GetResumeTokenRequest {})).await;
        assert_eq!(seen.caller, "tests");
        assert_eq!(seen.method, "/backorder.inventory.v1.AvailabilityService/GetResumeToken");
        assert!((5_000..=10_000).contains(&seen.left_ms), "{seen:?}");
        assert_eq!(TraceContext::parse(&seen.traceparent).unwrap().trace_id(), TRACE_ID);
        assert_ne!(seen.traceparent, TRACEPARENT, "the call is a span of its own");
    })
    .await;
}

#[tokio::test]
async fn a_chain_of_calls_keeps_the_trace_and_passes_on_less_time() {
    let last = Echo::new();
    let last_running = Running::quick(&last).await;
    for next in [last_running.client(), in_process(&last)] {
        in_both_shapes(Echo::before(next), |mut client| async move {
            let mut request = traced(profile_of("items/nested"));
            request.set_timeout(Duration::from_secs(5));
            let answer = client.get_availability_profile(request).await.unwrap().into_inner();
            let seen = Seen::read(&answer.time_zone);
            assert_eq!(TraceContext::parse(&seen.traceparent).unwrap().trace_id(), TRACE_ID);
            assert!((1_000..=4_500).contains(&seen.left_ms), "{seen:?}");
        })
        .await;
    }
    last_running.stop().await;
}

#[tokio::test]
async fn a_call_past_its_deadline_answers_deadline_exceeded_with_its_reason() {
    in_both_shapes(Echo::new(), |mut client| async move {
        let mut request = Request::new(profile_of("items/slow"));
        request.set_timeout(Duration::from_millis(100));
        let status = client.get_availability_profile(request).await.unwrap_err();
        assert_problem(&status, Code::DeadlineExceeded, ErrorReason::DeadlinePassed);
    })
    .await;
}

/// A call without a gRPC client, whose own timer would answer before the server's.
#[tokio::test]
async fn the_server_itself_answers_a_late_call_before_the_transport_cancels_it() {
    let running = Running::quick(&Echo::new()).await;
    let message = profile_of("items/slow").encode_to_vec();
    let mut frame = vec![0];
    frame.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    frame.extend(message);
    let path = "backorder.inventory.v1.AvailabilityService/GetAvailabilityProfile";
    let request = http::Request::post(format!("{}/{path}", running.address))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("grpc-timeout", "200m")
        .body(http_body_util::Full::new(bytes::Bytes::from(frame)))
        .unwrap();
    let client =
        hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new()).http2_only(true).build_http();
    let response = client.request(request).await.unwrap();
    let status = Status::from_header_map(response.headers()).unwrap();
    assert_problem(&status, Code::DeadlineExceeded, ErrorReason::DeadlinePassed);
    drop((response, client));
    running.stop().await;
}

#[tokio::test]
async fn a_stream_has_a_deadline_only_when_it_brings_one() {
    in_both_shapes(Echo::new(), |mut client| async move {
        let mut request = Request::new(WatchAvailabilityRequest::default());
        let mut stream = client.watch_availability(request).await.unwrap().into_inner();
        let first = stream.message().await.unwrap().unwrap();
        assert_eq!(Seen::read(&first.resume_token).left_ms, 0, "no deadline");

        request = Request::new(WatchAvailabilityRequest::default());
        request.set_timeout(Duration::from_millis(200));
        let mut stream = client.watch_availability(request).await.unwrap().into_inner();
        stream.message().await.unwrap().unwrap();
        let status = stream.message().await.unwrap_err();
        assert_problem(&status, Code::DeadlineExceeded, ErrorReason::DeadlinePassed);
    })
    .await;
}

#[tokio::test]
async fn all_violations_arrive_with_their_paths() {
    in_both_shapes(Echo::new(), |mut client| async move {
        let request = BatchGetAvailabilityRequest { pairs: vec![ItemLocation::default(); 2], ..Default::default() };
        let status = client.batch_get_availability(request).await.unwrap_err();
        assert_problem(&status, Code::InvalidArgument, ErrorReason::InvalidRequest);
        let fields = status.get_details_bad_request().unwrap().field_violations;
        let paths: Vec<_> = fields.iter().map(|violation| violation.field.as_str()).collect();
        assert_eq!(paths, ["pairs[0].item", "pairs[1].item"]);
    })
    .await;
}

#[tokio::test]
async fn a_panic_is_internal_names_the_trace_and_hides_its_text() {
    in_both_shapes(Echo::new(), |mut client| async move {
        for item in ["items/panic", "items/bare"] {
            let status = client.get_availability_profile(traced(profile_of(item))).await.unwrap_err();
            assert_problem(&status, Code::Internal, ErrorReason::Internal);
            assert_eq!(status.get_details_error_info().unwrap().metadata["trace_id"], TRACE_ID);
            assert!(status.message().contains(TRACE_ID));
            assert!(!format!("{status:?}").contains("secret"));
        }
        assert!(client.get_resume_token(GetResumeTokenRequest {}).await.is_ok(), "the server goes on");
    })
    .await;
}

#[tokio::test]
async fn a_panic_in_a_stream_ends_the_stream_with_internal() {
    in_both_shapes(Echo::new(), |mut client| async move {
        let request = WatchAvailabilityRequest { resume_token: "panic".to_owned(), ..Default::default() };
        let mut stream = client.watch_availability(request).await.unwrap().into_inner();
        stream.message().await.unwrap().unwrap();
        assert_problem(&stream.message().await.unwrap_err(), Code::Internal, ErrorReason::Internal);
    })
    .await;
}

#[tokio::test]
async fn a_message_that_is_too_large_is_refused_by_name() {
    in_both_shapes(Echo::new(), |mut client| async move {
        let item = "x".repeat(5 * 1_024 * 1_024);
        let pairs = vec![ItemLocation { item, location: String::new() }];
        let status = client
            .batch_get_availability(BatchGetAvailabilityRequest { pairs, ..Default::default() })
            .await
            .unwrap_err();
        assert_problem(&status, Code::InvalidArgument, ErrorReason::InvalidRequest);
    })
    .await;
}

#[tokio::test]
async fn bytes_that_are_no_message_are_an_invalid_request() {
    let echo = Echo::new();
    let running = Running::quick(&echo).await;
    let in_process = clients::in_process(echo.services());
    for channel in [running.channel(), in_process] {
        let mut grpc = tonic::client::Grpc::new(channel);
        grpc.ready().await.unwrap();
        // The first field of the sent message is a text, of the expected one a message.
        let wrong = backorder_proto::common::v1::WriteContext { actor: "\u{1}\u{2}".to_owned(), ..Default::default() };
        let codec = tonic_prost::ProstCodec::<_, BatchGetAvailabilityResponse>::default();
        let path = "/backorder.inventory.v1.AvailabilityService/BatchGetAvailability".parse().unwrap();
        let status = grpc.unary(Request::new(wrong), path, codec).await.unwrap_err();
        assert_problem(&status, Code::InvalidArgument, ErrorReason::InvalidRequest);
    }
    running.stop().await;
}

#[tokio::test]
async fn a_method_that_no_service_has_is_unknown_by_its_reason() {
    let echo = Echo::new();
    let running = Running::quick(&echo).await;
    let in_process = clients::in_process(echo.services());
    for channel in [running.channel(), in_process] {
        for path in [
            "/backorder.inventory.v1.AvailabilityService/Guess",
            "/backorder.inventory.v1.StockService/ReceiveStock",
            "/x.Y/Z",
        ] {
            let mut grpc = tonic::client::Grpc::new(channel.clone());
            grpc.ready().await.unwrap();
            let codec = tonic_prost::ProstCodec::<_, BatchGetAvailabilityResponse>::default();
            let request = Request::new(GetResumeTokenRequest {});
            let status = grpc.unary(request, path.parse().unwrap(), codec).await.unwrap_err();
            assert_problem(&status, Code::Unimplemented, ErrorReason::MethodUnknown);
        }
    }
    running.stop().await;
}

#[tokio::test]
async fn a_compressed_request_hears_which_encodings_are_read() {
    in_both_shapes(Echo::new(), |mut client| async move {
        let mut request = Request::new(GetResumeTokenRequest {});
        request.metadata_mut().insert("grpc-encoding", "gzip".parse().unwrap());
        let status = client.get_resume_token(request).await.unwrap_err();
        assert_problem(&status, Code::Unimplemented, ErrorReason::EncodingUnsupported);
        assert_eq!(status.metadata().get("grpc-accept-encoding").unwrap(), "identity");
    })
    .await;
}

#[tokio::test]
async fn a_hostile_caller_name_is_an_invalid_request() {
    in_both_shapes(Echo::new(), |mut client| async move {
        let mut request = Request::new(GetResumeTokenRequest {});
        request.metadata_mut().insert("x-backorder-caller", "x y".parse().unwrap());
        let status = client.get_resume_token(request).await.unwrap_err();
        assert_problem(&status, Code::InvalidArgument, ErrorReason::InvalidRequest);
    })
    .await;
}

#[tokio::test]
async fn more_calls_than_the_bound_are_shed_at_once_and_later_ones_served() {
    let echo = Echo::new();
    let layer = RpcLayer::new(RpcSettings { in_flight_max: 1, ..RpcSettings::default() });
    let mut client = Client::new(clients::in_process_with(echo.services(), &layer));
    let mut first = client.clone();
    let first = tokio::spawn(async move { first.get_availability_profile(profile_of("items/gate")).await });
    echo.begun.notified().await;

    let status = client.get_resume_token(GetResumeTokenRequest {}).await.unwrap_err();
    assert_problem(&status, Code::ResourceExhausted, ErrorReason::Overloaded);
    assert!(status.get_details_retry_info().is_some());

    echo.go_on.notify_one();
    first.await.unwrap().unwrap();
    assert!(client.get_resume_token(GetResumeTokenRequest {}).await.is_ok());
}
