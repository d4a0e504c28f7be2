//! Posts, releases and receipts that come at once are done together, and each gets its own answer.

use backorder_proto::{common::v1::ErrorReason, inventory::v1::*};
use backorder_service_kit::problem::reason_of;
use backorder_testkit::{Backend, on_each_backend};
use tonic::{Code, Status};

use crate::world::World;

const CALLS: usize = 60;

/// All at once, each in a task of its own.
async fn at_once<A: Send + 'static>(
    calls: impl Iterator<Item = impl Future<Output = Result<A, Status>> + Send + 'static>,
) -> Vec<Result<A, Status>> {
    let calls = calls.map(tokio::spawn);
    futures::future::join_all(calls).await.into_iter().map(Result::unwrap).collect()
}

/// Lines with two units of their own, of two items.
async fn reserved_lines(world: &World) -> Vec<String> {
    let mut lines = Vec::new();
    for item in ["a", "b"] {
        world.receive(item, "main", 200).await;
    }
    for number in 0..CALLS {
        let line = world.wants(if number % 2 == 0 { "a" } else { "b" }, 2);
        lines.push(line.line.clone());
        world.reserve(vec![line]).await.unwrap();
    }
    lines
}

/// Every fourth call is for a line that nobody made, every fourth for more than is reserved.
fn quantity_of(number: usize, line: &str) -> (String, i64) {
    match number % 4 {
        1 => (format!("{line}/unknown"), 2),
        2 => (line.to_owned(), 3),
        _ => (line.to_owned(), 2),
    }
}

async fn posts_that_come_at_once_are_done_and_refused_each_for_itself(backend: Backend) {
    let world = World::new(backend).await;
    let lines = reserved_lines(&world).await;
    let calls = lines.iter().enumerate().map(|(number, line)| {
        let (line, quantity) = quantity_of(number, line);
        let lines = vec![PostLine { line, quantity, ..PostLine::default() }];
        let request = PostReservationsRequest { request_id: world.id(), lines, ..Default::default() };
        let mut client = world.clients.reservations.clone();
        async move {
            let first = client.post_reservations(request.clone()).await?.into_inner();
            // Sent again it is answered again, and not done.
            assert_eq!(client.post_reservations(request).await?.into_inner(), first);
            Ok(first)
        }
    });
    for (number, answer) in at_once(calls).await.into_iter().enumerate() {
        match (number % 4, answer) {
            (1, Err(status)) => assert_eq!(status.code(), Code::NotFound),
            (2, Err(status)) => assert_eq!(reason_of(&status), Some(ErrorReason::InsufficientReservation)),
            (_, answer) => assert_eq!(answer.unwrap().claims[0].posted, 2, "{number}"),
        }
    }
    for item in ["a", "b"] {
        let position = world.position(item, "main").await;
        // Half of the lines are an item's, and every second of them is posted.
        let posted = i64::try_from(CALLS).unwrap() / 4 * 2;
        assert_eq!(
            (position.on_hand, position.available),
            (200 - posted, 200 - i64::try_from(CALLS).unwrap()),
            "{item}"
        );
    }
    world.balanced().await;
}

async fn releases_that_come_at_once_are_done_and_refused_each_for_itself(backend: Backend) {
    let world = World::new(backend).await;
    let lines = reserved_lines(&world).await;
    let calls = lines.iter().enumerate().map(|(number, line)| {
        let (line, quantity) = quantity_of(number, line);
        let lines = vec![ReleaseLine { line, quantity, ..ReleaseLine::default() }];
        let request = ReleaseClaimsRequest { request_id: world.id(), lines, ..Default::default() };
        let mut client = world.clients.reservations.clone();
        async move { client.release_claims(request).await.map(tonic::Response::into_inner) }
    });
    for (number, answer) in at_once(calls).await.into_iter().enumerate() {
        match (number % 4, answer) {
            (1, Err(status)) => assert_eq!(status.code(), Code::NotFound),
            (2, Err(status)) => assert_eq!(status.code(), Code::FailedPrecondition, "{status:?}"),
            (_, answer) => assert_eq!(answer.unwrap().claims[0].reserved, 0, "{number}"),
        }
    }
    world.balanced().await;
}

async fn receipts_that_come_at_once_are_done_and_refused_each_for_itself(backend: Backend) {
    let world = World::new(backend).await;
    let waiting = world.backorder("a", 5).await;
    let calls = (0..CALLS).map(|number| {
        let item = ["a", "b", "nothing"][number % 3];
        let line = ReceiptLine {
            item: format!("items/{item}"),
            location: "locations/main".to_owned(),
            accepted: 1,
            ..ReceiptLine::default()
        };
        let request = ReceiveStockRequest { request_id: world.id(), lines: vec![line], ..Default::default() };
        let mut client = world.clients.stock.clone();
        async move { client.receive_stock(request).await.map(tonic::Response::into_inner) }
    });
    for (number, answer) in at_once(calls).await.into_iter().enumerate() {
        match (number % 3, answer) {
            (2, answer) => assert_eq!(answer.unwrap_err().code(), Code::NotFound),
            (_, answer) => assert_eq!(answer.unwrap().lines.len(), 1),
        }
    }
    let each = i64::try_from(CALLS).unwrap() / 3;
    let (a, b) = (world.position("a", "main").await, world.position("b", "main").await);
    // Units that are awaited are put aside.
    assert_eq!((a.on_hand, a.held, b.on_hand, b.available), (each, waiting.waiting, each, each));
    world.balanced().await;
}

on_each_backend!(
    posts_that_come_at_once_are_done_and_refused_each_for_itself,
    releases_that_come_at_once_are_done_and_refused_each_for_itself,
    receipts_that_come_at_once_are_done_and_refused_each_for_itself,
);
