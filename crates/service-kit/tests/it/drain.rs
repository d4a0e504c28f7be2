//! Stopping: not ready first, calls under way to their end, watches told to go elsewhere.

use std::time::Duration;

use backorder_proto::{common::v1::ErrorReason, inventory::v1::WatchAvailabilityRequest};
use backorder_service_kit::{problem::reason_of, readiness::Readiness, server::ServerSettings};
use tonic::Code;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};

use crate::echo::{Echo, Running, profile_of, quick_drain};

#[tokio::test]
async fn a_stopping_server_is_not_ready_first_and_loses_no_call() {
    let echo = Echo::new();
    let settings = ServerSettings { drain_grace: Duration::from_millis(300), ..quick_drain() };
    let running = Running::start(&echo, settings, Readiness::new()).await;
    let mut health = HealthClient::new(running.channel());
    let request = HealthCheckRequest { service: "backorder.inventory.v1.AvailabilityService".to_owned() };
    let mut states = health.watch(request).await.unwrap().into_inner();
    assert_eq!(states.message().await.unwrap().unwrap().status(), ServingStatus::Serving);

    let mut client = running.client();
    let slow = tokio::spawn(async move { client.get_availability_profile(profile_of("items/gate")).await });
    echo.begun.notified().await;
    let mut watch =
        running.client().watch_availability(WatchAvailabilityRequest::default()).await.unwrap().into_inner();
    watch.message().await.unwrap().unwrap();

    running.shutdown.request();
    assert_eq!(states.message().await.unwrap().unwrap().status(), ServingStatus::NotServing);
    let during_grace = running.client().get_availability_profile(profile_of("items/any")).await;
    assert!(during_grace.is_ok(), "calls are answered while balancers notice");

    let ended = watch.message().await.unwrap_err();
    assert_eq!((ended.code(), reason_of(&ended)), (Code::Unavailable, Some(ErrorReason::ShuttingDown)));
    assert!(!running.served.is_finished(), "the slow call is waited for");
    echo.go_on.notify_one();
    assert_eq!(slow.await.unwrap().unwrap().into_inner().time_zone, "through the gate");
    let client = running.client();
    running.served.await.unwrap().unwrap();

    let after = { client }.get_availability_profile(profile_of("items/any")).await.unwrap_err();
    assert_eq!(after.code(), Code::Unavailable);
}

#[tokio::test]
async fn a_call_that_never_ends_is_cut_after_the_longest_drain() {
    let echo = Echo::new();
    let settings = ServerSettings { drain_max: Duration::from_millis(100), ..quick_drain() };
    let running = Running::start(&echo, settings, Readiness::new()).await;
    let mut client = running.client();
    let stuck = tokio::spawn(async move { client.get_availability_profile(profile_of("items/gate")).await });
    echo.begun.notified().await;
    running.stop().await;
    stuck.abort();
}

#[tokio::test]
async fn health_answers_what_the_checks_say() {
    let readiness = Readiness::new();
    readiness.add_check("store", || async { Err("the schema is newer than this program".to_owned()) });
    let running = Running::start(&Echo::new(), quick_drain(), readiness).await;
    let mut health = HealthClient::new(running.channel());
    for service in ["", "backorder.inventory.v1.AvailabilityService"] {
        let request = HealthCheckRequest { service: service.to_owned() };
        let status = health.check(request).await.unwrap().into_inner().status();
        assert_eq!(status, ServingStatus::NotServing, "{service:?}");
    }
    running.stop().await;
}
