//! Stock that is what the world says, whatever was planned.

use backorder_proto::inventory::v1::{
    AdjustStockRequest, BatchGetAvailabilityRequest, GetResumeTokenRequest, ItemLocation, ListMovementsRequest,
    QuarantineStockRequest, ReceiptLine, ReceiveStockRequest, ReleaseQuarantineRequest, StockState,
    TransferStockRequest, WatchAvailabilityRequest,
};
use tokio_stream::StreamExt as _;

use crate::world::{World, because, date, reason, request_id};

pub async fn availability_follows_every_movement(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 10).await;
    world.place("ann", "mug", 4).await;
    world.ship("ann", 1, 3).await.expect("shipped");
    world.expect_supply("po", "mug", "main", 20, world.day(5)).await;
    world.place("bob", "mug", 9).await;
    world.idle().await;

    let pair = ItemLocation { item: world.item_name("mug"), location: world.location_name("main") };
    let request = BatchGetAvailabilityRequest { pairs: vec![pair], ..Default::default() };
    let answer = world.inventory.availability.clone().batch_get_availability(request).await.expect("availability");
    let availability = answer.into_inner().availabilities.remove(0);

    let position = availability.position.clone().expect("the position is answered");
    assert_eq!((position.available, position.reserved, position.on_hand), (0, 7, 7));
    assert_eq!((availability.available_to_sell, availability.waiting, availability.inbound), (0, 3, 20));
    assert_eq!(availability.next_supply_date, Some(date(world.day(5))));
    let request = ListMovementsRequest { item: world.item_name("mug"), ..Default::default() };
    let movements =
        world.inventory.stock.clone().list_movements(request).await.expect("movements").into_inner().movements;
    let into_reserved: i64 =
        movements.iter().filter(|movement| movement.to_state() == StockState::Reserved).map(|m| m.quantity).sum();
    assert_eq!(into_reserved, 10);
    world.books_balance().await;
}

pub async fn a_count_takes_the_last_in_the_queue_first(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 10).await;
    world.place("first", "mug", 4).await;
    world.place("second", "mug", 4).await;

    let answer = world.count("mug", "main", 5).await;
    world.idle().await;

    assert_eq!(answer.reduced_claims.len(), 1, "the two free units go first, then the last in the queue");
    assert_eq!(world.line("first", 1).await.reserved, 4);
    let second = world.line("second", 1).await;
    assert_eq!((second.reserved, second.open), (1, 3));
    assert_eq!(world.position("mug", "main").await.on_hand, 5);
    // What was lost waits at its old place: it is served before a newcomer.
    world.place("newcomer", "mug", 3).await;
    world.receive("mug", "main", 3).await;
    world.idle().await;
    assert_eq!(world.line("second", 1).await.reserved, 4);
    assert_eq!(world.line("newcomer", 1).await.reserved, 0);
    world.books_balance().await;
}

pub async fn a_count_that_finds_more_serves_the_queue(world: &World) {
    world.mug_at_main().await;
    world.place("ann", "mug", 4).await;

    world.count("mug", "main", 3).await;
    world.idle().await;

    assert_eq!(world.line("ann", 1).await.reserved, 3);
    world.books_balance().await;
}

pub async fn units_in_transit_are_sold_when_they_arrive(world: &World) {
    world.item("mug").await;
    world.warehouse("north", 1).await;
    world.warehouse("south", 2).await;
    world.receive("mug", "north", 10).await;

    let request = TransferStockRequest {
        request_id: request_id(),
        item: world.item_name("mug"),
        from_location: world.location_name("north"),
        to_location: world.location_name("south"),
        quantity: 6,
        expected_date: Some(date(world.day(2))),
        supply_id: world.id("truck"),
        ..Default::default()
    };
    world.inventory.stock.clone().transfer_stock(request).await.expect("transfer");
    let order = world.draft("ann").line("mug", 5).from(&["south"]).place().await.expect("placed");

    assert_eq!(order.lines[0].open, 5, "what is on the road cannot be picked");
    assert_eq!(
        order.lines[0].current_promised_date.as_ref().and_then(|promised| promised.date),
        Some(date(world.day(2)))
    );
    let south = world.position("mug", "south").await;
    assert_eq!((south.in_transit, south.on_hand), (6, 0));
    world.receive_supply("truck", "mug", "south", 6).await;
    world.idle().await;
    let south = world.position("mug", "south").await;
    assert_eq!((south.in_transit, south.on_hand, south.reserved, south.available), (0, 6, 5, 1));
    assert_eq!(world.position("mug", "north").await.on_hand, 4);
    world.books_balance().await;
}

pub async fn quarantined_units_cannot_be_sold(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 10).await;
    let (item, location) = (world.item_name("mug"), world.location_name("main"));
    let request = QuarantineStockRequest {
        request_id: request_id(),
        item: item.clone(),
        location: location.clone(),
        quantity: 8,
        context: because("smell"),
        ..Default::default()
    };
    world.inventory.stock.clone().quarantine_stock(request).await.expect("quarantine");

    let order = world.place("ann", "mug", 5).await;
    assert_eq!((order.lines[0].reserved, order.lines[0].open), (2, 3));

    let request =
        ReleaseQuarantineRequest { request_id: request_id(), item, location, quantity: 8, ..Default::default() };
    world.inventory.stock.clone().release_quarantine(request).await.expect("release");
    world.idle().await;
    assert_eq!(world.line("ann", 1).await.reserved, 5);
    assert_eq!(world.position("mug", "main").await.available, 5);
    world.books_balance().await;
}

pub async fn an_adjustment_cannot_take_more_than_is_there(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 3).await;
    world.place("ann", "mug", 2).await;

    let request = AdjustStockRequest {
        request_id: request_id(),
        item: world.item_name("mug"),
        location: world.location_name("main"),
        state: StockState::Available.into(),
        delta: -4,
        context: because("broken"),
        ..Default::default()
    };
    let refused = world.inventory.stock.clone().adjust_stock(request).await.expect_err("three units are there");

    assert_eq!(refused.code(), tonic::Code::FailedPrecondition);
    assert_eq!(reason(&refused), "INSUFFICIENT_STOCK");
    assert_eq!(world.position("mug", "main").await.available, 1);
    world.books_balance().await;
}

pub async fn a_watch_on_availability_resumes_without_a_gap(world: &World) {
    world.mug_at_main().await;
    let mut feed = world.inventory.availability.clone();
    let token = feed.get_resume_token(GetResumeTokenRequest {}).await.expect("a token").into_inner().resume_token;
    let lines = vec![ReceiptLine {
        item: world.item_name("mug"),
        location: world.location_name("main"),
        accepted: 1,
        ..Default::default()
    }];

    let (mut token, mut versions) = (token, Vec::new());
    for _ in 0..5 {
        let request = ReceiveStockRequest { request_id: request_id(), lines: lines.clone(), ..Default::default() };
        world.inventory.stock.clone().receive_stock(request).await.expect("receive");
        // A new watch each time, from the last token on.
        let request = WatchAvailabilityRequest {
            resume_token: token.clone(),
            items: vec![world.item_name("mug")],
            locations: Vec::new(),
        };
        let mut changes = feed.watch_availability(request).await.expect("watch").into_inner();
        let next = async {
            loop {
                let change = changes.next().await.expect("the watch goes on").expect("a change");
                token.clone_from(&change.resume_token);
                if let Some(position) = change.position {
                    return (position.version, position.available);
                }
            }
        };
        versions.push(tokio::time::timeout(backorder_testkit::patience(), next).await.expect("a change comes"));
    }

    assert_eq!(versions, [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5)]);
}
