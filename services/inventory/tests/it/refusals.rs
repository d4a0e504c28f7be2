//! Malformed requests: the right code, all violations at once, nothing half done.

use backorder_proto::{common::v1::ErrorReason, inventory::v1::*};
use backorder_testkit::{Backend, on_each_backend};
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::world::{World, refusal};

async fn all_violations_are_named_with_their_paths(backend: Backend) {
    let world = World::new(backend).await;
    let wrong = ReserveLine {
        line: String::new(),
        item: "a".to_owned(),
        quantity: 0,
        shortfall: 77,
        locations: vec!["locations/main".to_owned(), "locations/main".to_owned()],
        ..ReserveLine::default()
    };
    let request = ReserveStockRequest {
        request_id: "x".to_owned(),
        lines: vec![world.wants("a", 1), wrong],
        ..Default::default()
    };
    let status = world.clients.reservations.clone().reserve_stock(request).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let violations = status.get_details_bad_request().unwrap().field_violations;
    let mut fields: Vec<_> = violations.into_iter().map(|violation| violation.field).collect();
    fields.sort();
    let expected = [
        "lines[1].item",
        "lines[1].line",
        "lines[1].locations[1]",
        "lines[1].quantity",
        "lines[1].shortfall",
        "request_id",
    ];
    assert_eq!(fields, expected);
}

async fn everything_that_is_missing_is_named_with_its_line_and_nothing_is_done(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 5).await;
    let lines = vec![
        world.wants("a", 1),
        world.wants("none", 1),
        ReserveLine { locations: vec!["locations/nowhere".to_owned()], ..world.wants("a", 1) },
    ];
    let request = ReserveStockRequest { request_id: world.id(), lines, ..Default::default() };
    let status = world.clients.reservations.clone().reserve_stock(request).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    let info = status.get_details_error_info().unwrap();
    assert_eq!((info.reason.as_str(), info.metadata["field"].as_str()), ("ITEM_NOT_FOUND", "lines[1].item"));
    assert!(info.metadata["missing"].contains("lines[2].locations[0]: locations/nowhere"));
    assert_eq!(world.position("a", "main").await.reserved, 0);
}

async fn too_many_lines_and_doubled_keys_are_refused(backend: Backend) {
    let world = World::new(backend).await;
    let line = world.wants("a", 1);
    let refused = refusal(world.reserve(vec![line.clone(), line.clone()]).await);
    assert_eq!(refused, (Code::InvalidArgument, ErrorReason::InvalidRequest));
    let refused = refusal(world.reserve(vec![line; 2_001]).await);
    assert_eq!(refused, (Code::InvalidArgument, ErrorReason::InvalidRequest));
    let refused = refusal(world.reserve(Vec::new()).await);
    assert_eq!(refused, (Code::InvalidArgument, ErrorReason::InvalidRequest));
}

async fn a_quantity_beyond_all_bounds_is_refused(backend: Backend) {
    let world = World::new(backend).await;
    for quantity in [i64::MAX, i64::MIN, -1] {
        let refused = refusal(world.reserve(vec![world.wants("a", quantity)]).await);
        assert_eq!(refused, (Code::InvalidArgument, ErrorReason::InvalidRequest));
    }
    let refused = refusal(world.receive_from("a", "main", i64::MAX, "").await);
    assert_eq!(refused, (Code::InvalidArgument, ErrorReason::InvalidRequest));
}

async fn units_of_a_line_that_nobody_knows_cannot_be_shipped(backend: Backend) {
    let world = World::new(backend).await;
    let refused = refusal(world.post("orders/none/lines/1", 1).await);
    assert_eq!(refused, (Code::NotFound, ErrorReason::ClaimNotFound));
    let refused = refusal(world.release("orders/none/lines/1", 1).await);
    assert_eq!(refused, (Code::NotFound, ErrorReason::ClaimNotFound));
}

async fn two_thousand_lines_are_reserved_in_one_call(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 1_500).await;
    let lines = (0..2_000).map(|n| world.wants(if n % 2 == 0 { "a" } else { "b" }, 1)).collect();
    let results = world.reserve(lines).await.unwrap();
    let reserved: i64 = results.iter().map(|result| result.claim.as_ref().unwrap().reserved).sum();
    assert_eq!((results.len(), reserved), (2_000, 1_000));
    world.balanced().await;
}

on_each_backend!(
    all_violations_are_named_with_their_paths,
    everything_that_is_missing_is_named_with_its_line_and_nothing_is_done,
    too_many_lines_and_doubled_keys_are_refused,
    a_quantity_beyond_all_bounds_is_refused,
    units_of_a_line_that_nobody_knows_cannot_be_shipped,
    two_thousand_lines_are_reserved_in_one_call,
);
