//! What left: of which batches the units of a shipment were, and whose stock they were.

use backorder_proto::allocation::v1::{
    ConfirmedLine, Disposition, GetShipmentRequest, LineQuantity, ListShippedBatchesRequest, PickedLine, PickedUnits,
    ReturnOrderLinesRequest, ReturnedLine, ShipOrderLinesRequest, ShipOrderLinesResponse, Shipment, ShippedOfOwner,
    SummarizeShippedOwnersRequest,
};
use tonic::Status;

use super::batches::{receive, rows, stock};
use crate::world::{World, because, date, fields, money, reason, request_id};

pub(super) fn picked(batch: &str, owner: &str, quantity: i64) -> PickedUnits {
    PickedUnits { batch: batch.to_owned(), owner: owner.to_owned(), quantity }
}

/// Ships units of the only line of an order, some of them as they were picked.
async fn ship_picked(
    world: &World,
    order: &str,
    quantity: i64,
    units: &[PickedUnits],
) -> Result<ShipOrderLinesResponse, Status> {
    let name = world.line_name(order, 1);
    let picked = units.iter().map(|units| PickedLine {
        name: name.clone(),
        location: String::new(),
        units: Some(units.clone()),
    });
    let request = ShipOrderLinesRequest {
        request_id: request_id(),
        lines: vec![LineQuantity { name: name.clone(), quantity }],
        picked: picked.collect(),
        ..Default::default()
    };
    Ok(world.allocation.orders.clone().ship_order_lines(request).await?.into_inner())
}

async fn shipment(world: &World, name: &str) -> Shipment {
    let request = GetShipmentRequest { name: name.to_owned() };
    world.allocation.shipments.clone().get_shipment(request).await.expect("there").into_inner()
}

/// Batch, owner and units of a shipment's first line.
pub(super) fn batches(shipment: &Shipment) -> Vec<(&str, &str, i64)> {
    let batches = shipment.lines[0].batches.iter();
    batches.map(|units| (units.batch.as_str(), units.owner.as_str(), units.quantity)).collect()
}

/// Ships all that the only line of an order has.
pub(super) async fn ship_all(world: &World, order: &str) -> Shipment {
    let answer = ship_picked(world, order, 0, &[]).await.expect("shipped");
    shipment(world, &answer.shipment).await
}

async fn owners(world: &World) -> Vec<ShippedOfOwner> {
    let request = SummarizeShippedOwnersRequest::default();
    let answer = world.allocation.shipments.clone().summarize_shipped_owners(request).await.expect("summed");
    answer.into_inner().sums.into_iter().filter(|sum| sum.item == world.item_name("mug")).collect()
}

fn sum(world: &World, owner: &str, quantity: i64, returned: i64, cost: i64) -> ShippedOfOwner {
    let (owner, item, cost) = (owner.to_owned(), world.item_name("mug"), Some(money(cost)));
    ShippedOfOwner { owner, item, quantity, returned, cost }
}

async fn take_back(world: &World, quantity: i64, batch: &str, owner: &str) -> Result<(), Status> {
    let line = ReturnedLine {
        name: world.line_name("ann", 1),
        quantity,
        location: world.location_name("main"),
        disposition: Disposition::Restock.into(),
        replace: false,
        batch: batch.to_owned(),
        owner: owner.to_owned(),
        ..Default::default()
    };
    let request = ReturnOrderLinesRequest {
        request_id: request_id(),
        lines: vec![line],
        return_time: None,
        context: because("broken"),
    };
    world.allocation.orders.clone().return_order_lines(request).await.map(drop)
}

pub async fn a_shipment_says_of_which_batches_and_whose_stock_its_units_were(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 2).await;
    receive(world, 3, "early", Some(date(world.day(30))), "acme").await;
    receive(world, 2, "late", Some(date(world.day(90))), "").await;
    world.place("ann", "mug", 6).await;

    let answer = ship_picked(world, "ann", 6, &[]).await.expect("shipped");

    let left: Vec<_> = answer.shipped.iter().map(|u| (u.batch.as_str(), u.owner.as_str(), u.quantity)).collect();
    assert_eq!(left, [("early", "acme", 3), ("late", "", 2), ("", "", 1)], "where each was of");
    let kept = shipment(world, &answer.shipment).await;
    assert_eq!(kept.lines.len(), 1);
    assert_eq!((kept.lines[0].quantity, batches(&kept)), (6, vec![("early", "acme", 3), ("late", "", 2)]));

    let request =
        ListShippedBatchesRequest { item: world.item_name("mug"), batch: "early".to_owned(), ..Default::default() };
    let who = world.allocation.shipments.clone().list_shipped_batches(request).await.expect("listed").into_inner();
    let who: Vec<_> = who.units.iter().map(|left| (left.line.clone(), left.unit_cost.clone())).collect();
    assert_eq!(who, [(world.line_name("ann", 1), Some(money(2)))], "who has units of the batch");
    assert_eq!(owners(world).await, [sum(world, "", 3, 0, 6), sum(world, "acme", 3, 0, 6)], "acme is owed six");
    world.books_balance().await;
}

pub async fn what_was_picked_leaves_and_too_few_of_a_batch_are_refused(world: &World) {
    world.mug_at_main().await;
    receive(world, 3, "early", Some(date(world.day(30))), "").await;
    receive(world, 3, "late", Some(date(world.day(90))), "").await;
    world.place("ann", "mug", 5).await;

    let few = ship_picked(world, "ann", 5, &[picked("late", "", 4)]).await.expect_err("three are there");
    assert_eq!(reason(&few), "INSUFFICIENT_STOCK");
    assert!(few.message().contains("of batch late"), "{few:?}");
    let many = ship_picked(world, "ann", 2, &[picked("late", "", 3)]).await.expect_err("more than ships");
    assert_eq!(fields(&many), ["picked[0].units.quantity"]);
    let nothing = ship_picked(world, "ann", 2, &[picked("", "", 1)]).await.expect_err("of what?");
    assert_eq!(fields(&nothing), ["picked[0].units.batch"]);
    assert_eq!(world.line("ann", 1).await.shipped, 0, "nothing of the refused calls was done");

    let answer = ship_picked(world, "ann", 4, &[picked("late", "", 2)]).await.expect("shipped");

    let kept = shipment(world, &answer.shipment).await;
    assert_eq!(batches(&kept), [("early", "", 2), ("late", "", 2)], "the rest is what expires first");
    world.books_balance().await;
}

pub async fn what_a_warehouse_saw_has_left_and_a_difference_is_named(world: &World) {
    world.mug_at_main().await;
    receive(world, 2, "red", None, "acme").await;
    receive(world, 3, "blue", None, "").await;
    for order in ["ann", "bob"] {
        world.place(order, "mug", 2).await;
        world.release(order, 1, 2).await.expect("released");
    }
    let confirmed =
        |order: &str, units: PickedUnits| ConfirmedLine { picked: vec![units], ..world.confirmed(order, [2, 0, 0]) };
    let lines = vec![confirmed("ann", picked("red", "", 2)), confirmed("bob", picked("red", "acme", 1))];

    let answer = world.confirm_shipment("945-1", lines).await.expect("taken");

    let said: Vec<_> = answer.results.iter().map(|r| (r.taken, r.reason.as_str(), r.detail.as_str())).collect();
    let differs = "booked are 2 of batch blue, seen were 1 of batch red and owner acme";
    assert_eq!(said, [(true, "", ""), (true, "INSUFFICIENT_STOCK", differs)], "what left has left");
    let shipment = shipment(world, &answer.shipment).await;
    let lines: Vec<_> = shipment.lines.iter().map(|line| (line.quantity, line.batches[0].batch.as_str())).collect();
    assert_eq!(lines, [(2, "red"), (2, "blue")]);
    let wrong = ConfirmedLine { picked: vec![picked("blue", "", 2)], ..world.confirmed("bob", [1, 0, 0]) };
    let refused = world.confirm_shipment("945-2", vec![wrong]).await.expect_err("more than left");
    assert_eq!(fields(&refused), ["lines[0].picked"]);
    world.books_balance().await;
}

pub async fn what_comes_back_is_of_the_batch_and_owner_that_it_left_as(world: &World) {
    world.mug_at_main().await;
    receive(world, 4, "red", None, "acme").await;
    world.place("ann", "mug", 4).await;
    world.ship("ann", 1, 4).await.expect("shipped");

    take_back(world, 1, "", "").await.expect("all that left was of one batch");
    let wrong = take_back(world, 1, "blue", "acme").await.expect_err("no blue one left");
    assert_eq!(fields(&wrong), ["lines[0].batch"]);
    let many = take_back(world, 4, "red", "acme").await.expect_err("three are with the customer");
    assert_eq!(reason(&many), "LINE_QUANTITY_CONFLICT");
    take_back(world, 1, "red", "acme").await.expect("named");

    use backorder_proto::inventory::v1::StockState::Available;
    assert_eq!(rows(&stock(world).await.stocks), [(Available, "red", "acme", 2)], "it is acme's again");
    assert_eq!(owners(world).await, [sum(world, "acme", 4, 2, 4)], "what came back is not owed");
    world.books_balance().await;
}
