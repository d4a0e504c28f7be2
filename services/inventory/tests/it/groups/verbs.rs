//! Keeping units for groups by hand.

use backorder_proto::{common::v1::ErrorReason, inventory::v1::*};
use backorder_testkit::{Backend, on_each_backend};
use tonic::{Code, Status};

use super::{got, kept, of, protections, put, reserve};
use crate::world::{World, because, refusal};

fn values(tier: &str) -> Vec<String> {
    vec![tier.to_owned(), "#".to_owned()]
}

async fn allocate(world: &World, request_id: String, tier: &str, quantity: i64) -> Result<LocationAllocation, Status> {
    let request = AllocateRequest {
        request_id,
        item: "items/a".to_owned(),
        location: "locations/main".to_owned(),
        values: values(tier),
        quantity,
        context: because("plan"),
    };
    Ok(world.clients.groups.clone().allocate(request).await?.into_inner().allocation.expect("what is kept"))
}

async fn unallocate(world: &World, tier: &str, quantity: i64) -> Result<LocationAllocation, Status> {
    let request = UnallocateRequest {
        request_id: world.id(),
        item: "items/a".to_owned(),
        location: "locations/main".to_owned(),
        values: values(tier),
        quantity,
        context: because("plan"),
    };
    Ok(world.clients.groups.clone().unallocate(request).await?.into_inner().allocation.expect("what is kept"))
}

async fn reallocate(world: &World, from: &str, to: &str, quantity: i64) -> Result<LocationAllocation, Status> {
    let request = ReallocateRequest {
        request_id: world.id(),
        item: "items/a".to_owned(),
        location: "locations/main".to_owned(),
        from_values: values(from),
        to_values: values(to),
        quantity,
        context: because("plan"),
    };
    Ok(world.clients.groups.clone().reallocate(request).await?.into_inner().allocation.expect("what is kept"))
}

/// What could be allocated, and what is allocated and consumed of each group.
fn numbers(allocation: &LocationAllocation) -> (i64, Vec<(i64, i64)>) {
    let groups = allocation.groups.iter().map(|group| (group.allocated, group.consumed));
    (allocation.available_to_allocate, groups.collect())
}

const TOO_FEW: (Code, ErrorReason) = (Code::FailedPrecondition, ErrorReason::InsufficientStock);

async fn units_are_kept_moved_consumed_and_given_up_once(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 10).await;
    put(&world, protections("a", vec![])).await.unwrap();
    let id = world.id();
    let first = allocate(&world, id.clone(), "GOLD", 6).await.unwrap();
    assert_eq!(numbers(&first), (4, vec![(6, 0)]));
    assert_eq!(allocate(&world, id, "GOLD", 6).await.unwrap(), first, "the same request keeps once");
    assert_eq!(refusal(allocate(&world, world.id(), "STD", 5).await), TOO_FEW, "4 are kept for nobody");
    assert_eq!(numbers(&reallocate(&world, "GOLD", "STD", 2).await.unwrap()), (4, vec![(4, 0), (2, 0)]));

    let standard = reserve(&world, of(world.wants("a", 9), "STD", "web")).await;
    assert_eq!((got(&standard), standard.limited_by()), ((6, 3, 0), GroupLimit::Protection));
    let query = QueryAllocationRequest { item: "items/a".to_owned(), location: "locations/main".to_owned() };
    let known = world.clients.groups.clone().query_allocation(query).await.unwrap().into_inner().allocation.unwrap();
    assert_eq!(numbers(&known), (0, vec![(4, 0), (0, 6)]));
    assert_eq!(refusal(unallocate(&world, "STD", 1).await), TOO_FEW, "it is consumed");
    assert_eq!(refusal(reallocate(&world, "STD", "GOLD", 1).await), TOO_FEW);

    unallocate(&world, "GOLD", 3).await.unwrap();
    assert_eq!(world.position("a", "main").await.held, 3, "for who waits");
    world.balanced().await;
}

async fn what_names_no_group_of_the_item_is_refused_with_its_field(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 10).await;
    let wrong = (Code::InvalidArgument, ErrorReason::InvalidRequest);
    assert_eq!(refusal(allocate(&world, world.id(), "GOLD", 1).await), wrong, "the item has no groups");
    put(&world, protections("a", vec![kept(["GOLD", "#"], 0, 0, 2)])).await.unwrap();
    assert_eq!(refusal(reallocate(&world, "GOLD", "GOLD", 1).await), wrong);
    assert_eq!(refusal(allocate(&world, world.id(), "", 1).await), wrong);
    assert_eq!(refusal(allocate(&world, world.id(), "GOLD", 0).await), wrong);
    let short = AllocateRequest {
        request_id: world.id(),
        item: "items/a".to_owned(),
        location: "locations/main".to_owned(),
        values: vec!["GOLD".to_owned()],
        quantity: 1,
        context: None,
    };
    assert_eq!(refusal(world.clients.groups.clone().allocate(short).await), wrong, "mixed levels");
    world.balanced().await;
}

on_each_backend!(
    units_are_kept_moved_consumed_and_given_up_once,
    what_names_no_group_of_the_item_is_refused_with_its_field,
);
