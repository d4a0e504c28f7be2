//! All that decides about items, as it is at one moment.

use backorder_proto::{common::v1::ErrorReason, inventory::v1::*};
use backorder_testkit::{Backend, on_each_backend};
use tonic::{Code, Status};

use crate::world::{World, day, refusal};

async fn read(world: &World, items: &[&str]) -> Result<Vec<ReadItemsResponse>, Status> {
    let request = ReadItemsRequest { items: items.iter().map(|item| format!("items/{item}")).collect() };
    let mut stream = world.clients.availability.clone().read_items(request).await?.into_inner();
    let mut messages = Vec::new();
    while let Some(message) = stream.message().await? {
        messages.push(message);
    }
    Ok(messages)
}

async fn what_is_there_what_comes_and_every_open_claim_is_read(backend: Backend) {
    let world = World::new(backend).await;
    world.receive("a", "main", 5).await;
    let reserved = world.backorder("a", 3).await;
    let both = world.backorder("a", 4).await;
    let waiting = world.backorder("a", 6).await;
    let closed = world.backorder("b", 1).await;
    world.release(&closed.line, 1).await.unwrap();
    world.supply("p1", "a", "main", 3, day(9)).await;
    let messages = read(&world, &["a", "b", "unknown"]).await.unwrap();
    let positions: Vec<_> = messages.iter().flat_map(|message| &message.positions).collect();
    assert_eq!(positions.len(), 1);
    assert_eq!((positions[0].reserved, positions[0].available), (5, 0));
    let supplies: Vec<_> = messages.iter().flat_map(|message| &message.supplies).collect();
    assert_eq!(supplies.iter().map(|supply| (supply.open, supply.pegged)).collect::<Vec<_>>(), [(3, 3)]);
    let claims = messages.iter().flat_map(|message| &message.claims);
    let mut claims: Vec<_> = claims.map(|claim| (claim.line.clone(), claim.reserved, claim.waiting)).collect();
    claims.sort();
    let mut expected = [(reserved.line, 3, 0), (both.line, 2, 2), (waiting.line, 0, 6)];
    expected.sort();
    assert_eq!(claims, expected);
    assert!(read(&world, &["b"]).await.unwrap().iter().all(|message| message.claims.is_empty()));
}

async fn many_rows_come_in_messages_of_a_thousand(backend: Backend) {
    let world = World::new(backend).await;
    let lines = (0..1_001).map(|_| world.wants("a", 1)).collect();
    world.reserve(lines).await.unwrap();
    let messages = read(&world, &["a"]).await.unwrap();
    assert_eq!(messages.iter().map(|message| message.claims.len()).collect::<Vec<_>>(), [1_000, 1]);
}

async fn a_question_about_no_item_too_many_or_one_twice_is_refused(backend: Backend) {
    let world = World::new(backend).await;
    let many: Vec<String> = (0..101).map(|item| item.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for items in [&[][..], &["a", "a"], &many] {
        assert_eq!(refusal(read(&world, items).await), (Code::InvalidArgument, ErrorReason::InvalidRequest));
    }
}

on_each_backend!(
    what_is_there_what_comes_and_every_open_claim_is_read,
    many_rows_come_in_messages_of_a_thousand,
    a_question_about_no_item_too_many_or_one_twice_is_refused,
);
