//! Many at once, and several processes.

use backorder_proto::inventory::v1::*;
use backorder_testkit::{Backend, on_each_backend};

use super::{consumed, got, of, put, quota, quotas, reserve};
use crate::world::World;

const CALLERS: usize = 64;

async fn as_many_callers_as_come_never_take_more_than_the_quota(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 1_000).await;
    put(&world, quotas("a", vec![quota(["GOLD", "#"], &[(1, 30, 40)]), quota(["#", "web"], &[(1, 30, 25)])]))
        .await
        .unwrap();
    let callers = (0..CALLERS).map(|caller| {
        let tier = ["GOLD", "STANDARD"][caller % 2];
        let lines = vec![of(world.wants("a", 2), tier, "web"), world.wants("b", 1)];
        let request = ReserveStockRequest { request_id: world.id(), lines, ..ReserveStockRequest::default() };
        let mut client = world.clients.reservations.clone();
        tokio::spawn(async move {
            let first = client.reserve_stock(request.clone()).await.unwrap().into_inner();
            let again = client.reserve_stock(request).await.unwrap().into_inner();
            assert_eq!(first, again, "the same request takes once");
            (tier, first.results[0].clone())
        })
    });
    let mut taken = [0, 0];
    let mut lines = Vec::new();
    for result in futures::future::join_all(callers).await {
        let (tier, result) = result.unwrap();
        taken[usize::from(tier == "STANDARD")] += got(&result).0;
        lines.push(result.line);
    }
    assert_eq!((taken, consumed(&world, "a").await), ([40, 25], vec![40, 25]));
    assert_eq!(world.position("a", "main").await.held, 0);
    world.balanced().await;

    let gives = lines.into_iter().map(|line| {
        let lines = vec![ReleaseLine { line, quantity: 2, ..ReleaseLine::default() }];
        let request = ReleaseClaimsRequest { request_id: world.id(), lines, ..ReleaseClaimsRequest::default() };
        let mut client = world.clients.reservations.clone();
        tokio::spawn(async move {
            let first = client.release_claims(request.clone()).await.unwrap().into_inner();
            assert_eq!(client.release_claims(request).await.unwrap().into_inner(), first);
        })
    });
    futures::future::join_all(gives).await.into_iter().for_each(|given| given.unwrap());
    assert_eq!(consumed(&world, "a").await, [0, 0]);
    world.balanced().await;
}

/// What a process knows of an item is from before it had groups.
async fn another_process_keeps_to_groups_that_it_was_not_told_of(backend: Backend) {
    let world = World::new(backend).await;
    let other = world.another_instance().await;
    world.receive("a", "main", 50).await;
    let takes = async |quantity| {
        let lines = vec![of(world.wants("a", quantity), "GOLD", "web")];
        let request = ReserveStockRequest { request_id: world.id(), lines, ..ReserveStockRequest::default() };
        got(&other.reservations.clone().reserve_stock(request).await.unwrap().into_inner().results[0])
    };
    for _ in 0..3 {
        assert_eq!(takes(1).await, (1, 0, 0), "now the position is known");
    }
    put(&world, quotas("a", vec![quota(["GOLD", "#"], &[(1, 30, 4)])])).await.unwrap();
    assert_eq!((takes(3).await, takes(3).await), ((3, 0, 0), (1, 2, 0)));
    assert_eq!((takes(1).await, consumed(&world, "a").await), ((0, 1, 0), vec![4]));
    world.balanced().await;
}

/// Free units are taken at once of items without groups alone.
async fn groups_of_one_item_leave_others_as_they_are(backend: Backend) {
    let world = World::new(backend).await;
    for item in ["a", "b"] {
        world.receive(item, "main", 50).await;
    }
    put(&world, quotas("a", vec![quota(["GOLD", "#"], &[(1, 30, 4)])])).await.unwrap();
    let lines = vec![of(world.wants("b", 9), "GOLD", "web"), of(world.wants("a", 9), "GOLD", "web")];
    let results = world.reserve(lines).await.unwrap();
    assert_eq!((got(&results[0]), got(&results[1])), ((9, 0, 0), (4, 5, 0)));
    assert_eq!(got(&reserve(&world, of(world.wants("b", 9), "GOLD", "web")).await), (9, 0, 0));
    world.balanced().await;
}

on_each_backend!(
    as_many_callers_as_come_never_take_more_than_the_quota,
    another_process_keeps_to_groups_that_it_was_not_told_of,
    groups_of_one_item_leave_others_as_they_are,
);
