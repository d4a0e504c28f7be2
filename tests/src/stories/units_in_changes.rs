//! Units where something changes: orders that are amended, stock that is moved and compared, orders of another system.

use backorder_proto::{
    allocation::v1::{AmendOrderLineRequest, Order, OrderLine},
    inventory::v1::{
        CompareStockRequest, CompareStockResponse, ComparedLine, Item, ItemUnit, PackRounding, QuarantineStockRequest,
        ReleaseQuarantineRequest, ShipStockRequest, StockState, TransferStockRequest, UpdateItemRequest,
    },
};
use prost_types::FieldMask;
use tonic::Status;

use super::units::{cup_at_main, line, receive};
use crate::world::{World, because, date, fields, request_id};

/// So many units of what is sold, in a box of so many.
pub(super) async fn boxes_hold(world: &World, item: &str, base_units: i64) {
    let of_six =
        ItemUnit { code: "BOX".to_owned(), base_units, sellable: true, purchasable: true, ..Default::default() };
    let request = UpdateItemRequest {
        request_id: request_id(),
        item: Some(Item { name: world.item_name(item), units: vec![of_six], ..Default::default() }),
        update_mask: Some(FieldMask { paths: vec!["units".to_owned()] }),
    };
    world.inventory.catalog.clone().update_item(request).await.expect("updated");
    world.idle().await;
}

pub(super) async fn place(world: &World, item: &str, quantity: i64, unit: &str) -> Order {
    let mut draft = world.draft("ann").line(item, quantity);
    draft.order().lines[0].ordered_unit = unit.to_owned();
    draft.place().await.expect("placed")
}

fn amendment(world: &World, quantity: i64, unit: &str) -> AmendOrderLineRequest {
    AmendOrderLineRequest {
        request_id: request_id(),
        name: world.line_name("ann", 1),
        quantity: Some(quantity),
        unit: unit.to_owned(),
        context: because("customer"),
        ..Default::default()
    }
}

async fn amend(world: &World, request: AmendOrderLineRequest) -> Result<Order, Status> {
    let answer = world.allocation.orders.clone().amend_order_line(request).await?.into_inner();
    Ok(answer.order.expect("the order"))
}

fn said(line: &OrderLine) -> (i64, i64, &str, i64) {
    (line.ordered, line.ordered_unit_quantity, &line.ordered_unit, line.base_units_per_unit)
}

pub async fn an_order_may_be_amended_in_any_unit_in_which_it_is_sold(world: &World) {
    cup_at_main(world, 4, PackRounding::Unspecified).await;
    receive(world, &request_id(), line(world, "CASE", 2)).await.expect("received");
    place(world, "cup", 2, "BOX").await;

    let bought = amend(world, amendment(world, 1, "CASE")).await.expect_err("cases are not sold");
    assert_eq!(fields(&bought), ["unit"]);
    let many = amend(world, amendment(world, 999_999_999_999, "BOX")).await.expect_err("too many");
    assert_eq!(fields(&many), ["quantity"]);
    let nothing = AmendOrderLineRequest { quantity: None, ..amendment(world, 1, "BOX") };
    assert!(fields(&amend(world, nothing).await.expect_err("a unit of nothing")).contains(&"unit".to_owned()));
    let more = amendment(world, 3, "BOX");
    let order = amend(world, more.clone()).await.expect("three boxes, though they are no whole packs");
    assert_eq!(said(&order.lines[0]), (18, 3, "BOX", 6));
    assert_eq!(order.lines[0].reserved, 18);
    let single = amend(world, amendment(world, 15, "")).await.expect("in base units");
    assert_eq!(said(&single.lines[0]), (15, 15, "", 1), "no whole number of boxes any more");

    boxes_hold(world, "cup", 5).await;
    assert_eq!(amend(world, more).await.expect("answered as before"), order);
    let less = amend(world, amendment(world, 2, "BOX")).await.expect("boxes of five");
    assert_eq!(said(&less.lines[0]), (10, 2, "BOX", 5));
    world.books_balance().await;
}

pub async fn a_kit_may_be_amended_in_its_unit(world: &World) {
    world.set_of_mugs_and_a_lid(8, 4).await;
    boxes_hold(world, "set", 2).await;
    let order = place(world, "set", 1, "BOX").await;
    assert_eq!((order.kits[0].ordered, &*order.kits[0].ordered_unit), (2, "BOX"));

    let order = amend(world, amendment(world, 2, "BOX")).await.expect("two boxes of two sets");

    let kit = &order.kits[0];
    assert_eq!((kit.ordered, kit.ordered_unit_quantity, &*kit.ordered_unit, kit.base_units_per_unit), (4, 2, "BOX", 2));
    assert_eq!(order.lines.iter().map(|line| line.ordered).collect::<Vec<_>>(), [8, 4]);
    amend(world, amendment(world, 3, "")).await.expect("three sets");
    let kit = world.kit_of("ann").await;
    assert_eq!((kit.ordered, kit.ordered_unit_quantity, &*kit.ordered_unit), (3, 3, ""), "and read again so");
    world.books_balance().await;
}

async fn compare(world: &World, number: &str, lines: Vec<(&str, StockState, i64)>) -> CompareStockResponse {
    let line = |(unit, state, quantity): (&str, StockState, i64)| ComparedLine {
        item: world.item_name("cup"),
        state: state.into(),
        quantity,
        unit: unit.to_owned(),
    };
    let request = CompareStockRequest {
        request_id: request_id(),
        document: world.document(number),
        location: world.location_name("main"),
        lines: lines.into_iter().map(line).collect(),
        ..Default::default()
    };
    world.inventory.feed.clone().compare_stock(request).await.expect("compared").into_inner()
}

/// 30 cups can be sold and 6 are in doubt: the warehouse says so in boxes, then otherwise.
async fn the_warehouse_counts_in_units(world: &World) {
    let (available, quality) = (StockState::Available, StockState::QualityControl);
    let equal = compare(world, "846-1", vec![("BOX", available, 5), ("BOX", quality, 1)]).await;
    assert_eq!((equal.items_equal, equal.differences.len()), (1, 0), "{equal:?}");
    let other = compare(world, "846-2", vec![("CASE", available, 1), ("PALLET", quality, 1)]).await;
    let results: Vec<_> = other.results.iter().map(|result| (result.taken, &*result.reason)).collect();
    assert_eq!(results, [(true, ""), (false, "INVALID_REQUEST")]);
    assert!(other.results[1].detail.contains("CASE (24 EA)"), "{:?}", other.results[1]);
    let found: Vec<_> = other.differences.iter().map(|one| (one.state(), one.ours, one.theirs)).collect();
    assert_eq!(found, [(available, 30, 24), (quality, 6, 0)]);
}

pub async fn stock_is_moved_and_compared_in_any_unit_of_the_item(world: &World) {
    cup_at_main(world, 1, PackRounding::Unspecified).await;
    world.warehouse("north", 2).await;
    receive(world, &request_id(), line(world, "CASE", 3)).await.expect("received");
    let (item, location) = (world.item_name("cup"), world.location_name("main"));
    let stock = world.inventory.stock.clone();

    let sent = TransferStockRequest {
        request_id: request_id(),
        item: item.clone(),
        from_location: location.clone(),
        to_location: world.location_name("north"),
        quantity: 1,
        unit: "CASE".to_owned(),
        expected_date: Some(date(world.day(2))),
        ..Default::default()
    };
    let sent = stock.clone().transfer_stock(sent).await.expect("a case leaves").into_inner();
    assert_eq!((sent.from_position.expect("main").available, sent.supply.expect("on its way").open), (48, 24));
    let doubt = QuarantineStockRequest {
        request_id: request_id(),
        item: item.clone(),
        location: location.clone(),
        quantity: 2,
        unit: "BOX".to_owned(),
        ..Default::default()
    };
    let position = stock.clone().quarantine_stock(doubt).await.expect("two boxes").into_inner().position.expect("main");
    assert_eq!((position.available, position.quality_control), (36, 12));
    let good = ReleaseQuarantineRequest {
        request_id: request_id(),
        item: item.clone(),
        location: location.clone(),
        quantity: 1,
        unit: "BOX".to_owned(),
        ..Default::default()
    };
    let position = stock.clone().release_quarantine(good).await.expect("a box").into_inner().position.expect("main");
    assert_eq!((position.available, position.quality_control), (42, 6));
    let samples = |quantity, unit: &str| ShipStockRequest {
        request_id: request_id(),
        item: item.clone(),
        location: location.clone(),
        quantity,
        unit: unit.to_owned(),
        context: because("samples"),
        ..Default::default()
    };
    let none = stock.clone().ship_stock(samples(1, "PALLET")).await.expect_err("there are no pallets");
    assert_eq!(fields(&none), ["unit"]);
    let many = stock.clone().ship_stock(samples(999_999_999_999, "CASE")).await.expect_err("too many");
    assert_eq!(fields(&many), ["quantity"]);
    let position = stock.clone().ship_stock(samples(2, "BOX")).await.expect("samples").into_inner().position;
    assert_eq!(position.expect("main").available, 30);
    the_warehouse_counts_in_units(world).await;
    world.books_balance().await;
}
