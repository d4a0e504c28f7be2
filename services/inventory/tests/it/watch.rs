//! Watching positions change, from a resume token on.

use std::time::Duration;

use backorder_inventory::Config;
use backorder_proto::{common::v1::ErrorReason, inventory::v1::*};
use backorder_storage::feed;
use backorder_testkit::{Backend, eventually, on_each_backend};
use jiff::SignedDuration;
use tonic::{Code, Status, Streaming};

use crate::world::{World, refusal};

async fn token(world: &World) -> String {
    world
        .clients
        .availability
        .clone()
        .get_resume_token(GetResumeTokenRequest {})
        .await
        .unwrap()
        .into_inner()
        .resume_token
}

async fn watch(
    world: &World,
    request: WatchAvailabilityRequest,
) -> Result<Streaming<WatchAvailabilityResponse>, Status> {
    Ok(world.clients.availability.clone().watch_availability(request).await?.into_inner())
}

async fn watch_after(world: &World, resume_token: &str) -> Result<Streaming<WatchAvailabilityResponse>, Status> {
    let request =
        WatchAvailabilityRequest { resume_token: resume_token.to_owned(), ..WatchAvailabilityRequest::default() };
    watch(world, request).await
}

/// The next change with its token.
async fn next(stream: &mut Streaming<WatchAvailabilityResponse>) -> (Position, String) {
    loop {
        let message = stream.message().await.unwrap().expect("the watch goes on");
        if let Some(position) = message.position {
            assert!(message.change_time.is_some());
            return (position, message.resume_token);
        }
    }
}

/// Waits until every event has its place in the feed.
async fn stamped(world: &World) {
    eventually("all events are in the feed", || async { feed::unstamped(world.app.store()).await.unwrap() == 0 }).await;
}

async fn a_watch_from_a_token_misses_nothing(backend: Backend) {
    let world = World::new(backend).await;
    stamped(&world).await;
    let start = token(&world).await;
    world.receive("a", "main", 3).await;
    world.receive("b", "north", 4).await;

    let mut stream = watch_after(&world, &start).await.unwrap();
    let (first, after_first) = next(&mut stream).await;
    assert_eq!((first.item.as_str(), first.available, first.version), ("items/a", 3, 1));
    let (second, _) = next(&mut stream).await;
    assert_eq!((second.location.as_str(), second.available), ("locations/north", 4));
    world.receive("a", "main", 1).await;
    assert_eq!(next(&mut stream).await.0, world.position("a", "main").await);

    let mut resumed = watch_after(&world, &after_first).await.unwrap();
    assert_eq!(next(&mut resumed).await.0, second, "what was handled does not come again");
}

async fn a_watch_without_a_token_begins_now(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 3).await;
    stamped(&world).await;
    let mut stream = watch_after(&world, "").await.unwrap();
    world.receive("a", "main", 4).await;
    assert_eq!(next(&mut stream).await.0.available, 7);
}

async fn only_the_wanted_positions_are_sent(backend: Backend) {
    let world = World::new(backend).await;
    stamped(&world).await;
    let request = WatchAvailabilityRequest {
        resume_token: token(&world).await,
        items: vec!["items/a".to_owned(), "items/c".to_owned()],
        locations: vec!["locations/main".to_owned()],
    };
    for (item, location) in [("a", "north"), ("b", "main"), ("c", "main")] {
        world.receive(item, location, 1).await;
    }
    let mut stream = watch(&world, request).await.unwrap();
    let (position, _) = next(&mut stream).await;
    assert_eq!((position.item.as_str(), position.location.as_str()), ("items/c", "locations/main"));
}

async fn a_token_that_is_damaged_or_of_another_feed_is_refused(backend: Backend) {
    let world = World::new(backend).await;
    stamped(&world).await;
    let damaged = token(&world).await.replacen(|c: char| c.is_ascii_hexdigit(), "f", 4);
    let invalid = (Code::InvalidArgument, ErrorReason::ResumeTokenInvalid);
    assert_eq!(refusal(watch_after(&world, &damaged).await), invalid);

    let busier = World::new(backend).await;
    for _ in 0..3 {
        busier.receive("a", "main", 1).await;
    }
    stamped(&busier).await;
    assert_eq!(refusal(watch_after(&world, &token(&busier).await).await), invalid, "the feed has not come so far");
}

async fn a_token_older_than_the_feed_is_expired(backend: Backend) {
    let world = World::new(backend).await;
    let old = token(&world).await;
    world.receive("a", "main", 3).await;
    stamped(&world).await;
    let store = world.app.store();
    let head = feed::head(store.reader()).await.unwrap();
    let later = "2026-04-01T00:00:00Z".parse().unwrap();
    feed::purge(store, later, head).await.unwrap();
    world.clock.advance(SignedDuration::from_hours(1));
    let expired = refusal(watch_after(&world, &old).await);
    assert_eq!(expired, (Code::FailedPrecondition, ErrorReason::ResumeTokenExpired));
    assert!(watch_after(&world, &token(&world).await).await.is_ok());
}

async fn a_watch_ends_by_itself(backend: Backend) {
    let config = Config { watch_age_max: Duration::from_millis(200), ..Config::default() };
    let world = World::configured(backend, config).await;
    let mut stream = watch_after(&world, "").await.unwrap();
    while let Some(message) = stream.message().await.unwrap() {
        assert_eq!(message.position, None);
    }
}

async fn too_many_or_wrong_names_in_a_filter_are_refused(backend: Backend) {
    let world = World::new(backend).await;
    let items = |items: Vec<String>| WatchAvailabilityRequest { items, ..WatchAvailabilityRequest::default() };
    for wrong in [vec!["a".to_owned()], vec!["items/a".to_owned(); 1_001]] {
        let refused = refusal(watch(&world, items(wrong)).await);
        assert_eq!(refused, (Code::InvalidArgument, ErrorReason::InvalidRequest));
    }
}

on_each_backend!(
    a_watch_from_a_token_misses_nothing,
    a_watch_without_a_token_begins_now,
    only_the_wanted_positions_are_sent,
    a_token_that_is_damaged_or_of_another_feed_is_refused,
    a_token_older_than_the_feed_is_expired,
    a_watch_ends_by_itself,
    too_many_or_wrong_names_in_a_filter_are_refused,
);
