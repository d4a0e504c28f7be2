//! What a server offers beside its services, and its bounds.

use std::time::Duration;

use backorder_proto::inventory::v1::GetResumeTokenRequest;
use backorder_service_kit::{
    jobs::Jobs,
    metrics_server::{MetricsServer, install_recorder},
    readiness::Readiness,
    server::ServerSettings,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_util::sync::CancellationToken;
use tonic::Code;

use crate::echo::{Echo, Running, profile_of, quick_drain};

macro_rules! listed_services {
    ($version:ident, $channel:expr) => {{
        use tonic_reflection::pb::$version::{
            ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
            server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
        };
        let request = ServerReflectionRequest {
            host: String::new(),
            message_request: Some(MessageRequest::ListServices(String::new())),
        };
        let mut client = ServerReflectionClient::new($channel);
        let requests = tokio_stream::iter([request]);
        let mut answers = client.server_reflection_info(requests).await.unwrap().into_inner();
        match answers.message().await.unwrap().unwrap().message_response {
            Some(MessageResponse::ListServicesResponse(list)) => {
                list.service.into_iter().map(|service| service.name).collect::<Vec<_>>()
            }
            other => panic!("{other:?}"),
        }
    }};
}

#[tokio::test]
async fn reflection_lists_the_services_that_are_served_in_both_versions() {
    let running = Running::quick(&Echo::new()).await;
    for names in [listed_services!(v1, running.channel()), listed_services!(v1alpha, running.channel())] {
        assert!(names.contains(&"backorder.inventory.v1.AvailabilityService".to_owned()), "{names:?}");
        assert!(names.contains(&"grpc.health.v1.Health".to_owned()), "{names:?}");
        assert!(!names.contains(&"backorder.inventory.v1.StockService".to_owned()), "{names:?}");
    }
    running.stop().await;
}

#[tokio::test]
async fn a_connection_above_the_bound_is_closed_and_a_freed_place_is_given_again() {
    let settings = ServerSettings { connections_max: 1, ..quick_drain() };
    let running = Running::start(&Echo::new(), settings, Readiness::new()).await;
    let mut first = running.client();
    first.get_resume_token(GetResumeTokenRequest {}).await.unwrap();
    let refused = running.client().get_resume_token(GetResumeTokenRequest {}).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
    drop(first);
    let patience = tokio::time::timeout(Duration::from_secs(20), async {
        while running.client().get_resume_token(GetResumeTokenRequest {}).await.is_err() {
            tokio::task::yield_now().await;
        }
    });
    patience.await.expect("the place is free again");
    running.stop().await;
}

async fn get(address: std::net::SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn metrics_and_probes_are_answered_on_their_own_port() {
    let handle = install_recorder().unwrap();
    let readiness = Readiness::new();
    let running = Running::start(&Echo::new(), quick_drain(), readiness.clone()).await;
    let metrics = MetricsServer::bind("127.0.0.1:0".parse().unwrap(), handle, readiness.clone()).await.unwrap();
    let (address, stop) = (metrics.local_addr().unwrap(), CancellationToken::new());
    let served = tokio::spawn(metrics.serve(stop.clone()));

    let mut client = running.client();
    client.get_resume_token(GetResumeTokenRequest {}).await.unwrap();
    client.get_availability_profile(profile_of("items/panic")).await.unwrap_err();

    let text = get(address, "/metrics").await;
    let service = "service=\"backorder.inventory.v1.AvailabilityService\"";
    for line in [
        format!("backorder_rpc_requests_total{{{service},method=\"GetResumeToken\",code=\"OK\"}} 1"),
        format!("backorder_rpc_requests_total{{{service},method=\"GetAvailabilityProfile\",code=\"INTERNAL\"}} 1"),
        format!("backorder_rpc_duration_seconds_count{{{service},method=\"GetResumeToken\"}} 1"),
        format!("backorder_rpc_in_flight{{{service}}} 0"),
    ] {
        assert!(text.contains(&line), "{line} is not in\n{text}");
    }
    assert!(get(address, "/livez").await.starts_with("HTTP/1.1 200"));
    assert!(get(address, "/readyz").await.starts_with("HTTP/1.1 200"));
    readiness.drain().await;
    assert!(get(address, "/readyz").await.starts_with("HTTP/1.1 503"));

    stop.cancel();
    served.await.unwrap().unwrap();
    running.stop().await;
}

#[tokio::test]
async fn everything_is_stopped_in_order() {
    use backorder_service_kit::{
        server::{ServerBuilder, run_until_stopped},
        shutdown::Shutdown,
    };
    let echo = Echo::new();
    let jobs = Jobs::new();
    let (stopped, is_stopped) = tokio::sync::watch::channel(false);
    jobs.spawn("echo", move |shutdown| {
        let stopped = stopped.clone();
        async move {
            shutdown.cancelled().await;
            stopped.send_replace(true);
            Ok(())
        }
    });
    let server = ServerBuilder::new(quick_drain()).bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let shutdown = Shutdown::new();
    shutdown.request();
    run_until_stopped(server, std::slice::from_ref(&echo.tasks), &jobs, &shutdown).await.unwrap();
    assert!(*is_stopped.borrow());
}
