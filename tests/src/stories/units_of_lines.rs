//! Units in which somebody tells of lines that are there: what came back of them, and what a supplier ships itself.

use backorder_proto::{
    allocation::v1::{
        ConfirmDropShipmentRequest, ConfirmTakeRequest, Disposition, ReturnOrderLinesRequest, ReturnedLine,
        TakeFromDropShipRequest,
    },
    inventory::v1::{
        DropShipStock, PackRounding, ReceiveReturnRequest, ReportDropShipStockRequest, ReportedStock,
        ReturnDisposition, ReturnLine,
    },
};
use tonic::Status;

use super::{
    units::{cup_at_main, line, receive},
    units_in_changes::{boxes_hold, place},
};
use crate::world::{World, because, fields, request_id};

fn returned(world: &World, quantity: i64, unit: &str) -> ReturnOrderLinesRequest {
    let line = ReturnedLine {
        name: world.line_name("ann", 1),
        quantity,
        unit: unit.to_owned(),
        location: world.location_name("main"),
        disposition: Disposition::Restock.into(),
        replace: true,
        ..Default::default()
    };
    ReturnOrderLinesRequest {
        request_id: request_id(),
        lines: vec![line],
        return_time: None,
        context: because("unwanted"),
    }
}

pub async fn what_comes_back_is_told_in_a_unit_in_which_it_is_sold(world: &World) {
    cup_at_main(world, 1, PackRounding::Unspecified).await;
    receive(world, &request_id(), line(world, "CASE", 2)).await.expect("received");
    place(world, "cup", 3, "BOX").await;
    world.ship("ann", 1, 18).await.expect("shipped");
    let mut client = world.allocation.orders.clone();

    let bought = client.return_order_lines(returned(world, 1, "CASE")).await.expect_err("cases are not sold");
    assert_eq!(fields(&bought), ["lines[0].unit"]);
    let many = client.return_order_lines(returned(world, 999_999_999_999, "BOX")).await.expect_err("too many");
    assert_eq!(fields(&many), ["lines[0].quantity"]);
    let request = returned(world, 1, "BOX");
    let answer = client.return_order_lines(request.clone()).await.expect("a box").into_inner();
    assert_eq!((answer.lines[0].returned, answer.replacements[0].ordered), (6, 6));
    assert_eq!(world.position("cup", "main").await.on_hand, 36);

    boxes_hold(world, "cup", 5).await;
    let again = client.return_order_lines(request).await.expect("answered as before").into_inner();
    assert_eq!(again, answer);
    let less = client.return_order_lines(returned(world, 1, "BOX")).await.expect("a box of five").into_inner();
    assert_eq!(less.lines[0].returned, 11);
    world.books_balance().await;
}

pub async fn a_kit_comes_back_in_its_unit(world: &World) {
    world.set_of_mugs_and_a_lid(8, 4).await;
    boxes_hold(world, "set", 2).await;
    place(world, "set", 2, "BOX").await;
    world.ship("ann", 1, 0).await.expect("shipped");

    let answer = world.take_back_as("ann", 1, 1, |kit| "BOX".clone_into(&mut kit.unit)).await.expect("two sets");

    assert_eq!(answer.lines.iter().map(|line| line.returned).collect::<Vec<_>>(), [4, 2]);
    assert_eq!(world.kit_of("ann").await.returned, 2);
    world.books_balance().await;
}

pub async fn what_comes_back_to_a_shelf_is_told_in_any_unit(world: &World) {
    cup_at_main(world, 1, PackRounding::Unspecified).await;
    let back = |quantity, unit: &str| {
        let line = ReturnLine {
            item: world.item_name("cup"),
            location: world.location_name("main"),
            quantity,
            unit: unit.to_owned(),
            disposition: ReturnDisposition::Restock.into(),
            ..Default::default()
        };
        ReceiveReturnRequest { request_id: request_id(), lines: vec![line], ..Default::default() }
    };
    let mut client = world.inventory.stock.clone();
    let none = client.receive_return(back(1, "PALLET")).await.expect_err("there are no pallets");
    assert_eq!(fields(&none), ["lines[0].unit"]);
    let many = client.receive_return(back(999_999_999_999, "CASE")).await.expect_err("too many");
    assert_eq!(fields(&many), ["lines[0].quantity"]);
    client.receive_return(back(1, "CASE")).await.expect("a case");
    assert_eq!(world.position("cup", "main").await.available, 24);
    world.books_balance().await;
}

async fn report(world: &World, quantity: i64, unit: &str) -> Result<DropShipStock, Status> {
    let request = ReportDropShipStockRequest {
        request_id: request_id(),
        supplier: world.id("maker"),
        lines: vec![ReportedStock { item: world.item_name("cup"), quantity, unit: unit.to_owned() }],
        ..Default::default()
    };
    let answer = world.inventory.drop_ship_stock.clone().report_drop_ship_stock(request).await?.into_inner();
    Ok(answer.stock.into_iter().next().expect("the stock"))
}

pub async fn what_a_supplier_ships_itself_is_told_in_units(world: &World) {
    cup_at_main(world, 1, PackRounding::Unspecified).await;
    assert_eq!(fields(&report(world, 1, "PALLET").await.expect_err("no pallets")), ["lines[0].unit"]);
    let many = report(world, 999_999_999_999, "CASE").await.expect_err("too many");
    assert_eq!(fields(&many), ["lines[0].quantity"]);
    assert_eq!(report(world, 1, "CASE").await.expect("taken").quantity, 24, "a supplier counts as it likes");
    place(world, "cup", 5, "BOX").await;
    let mut client = world.allocation.drop_ship.clone();

    let ask = |quantity, unit: &str| TakeFromDropShipRequest {
        request_id: request_id(),
        line: world.line_name("ann", 1),
        quantity,
        unit: unit.to_owned(),
        supplier: world.id("maker"),
        ..Default::default()
    };
    for (quantity, unit) in [(1, "CASE"), (0, "BOX")] {
        let refused = client.take_from_drop_ship(ask(quantity, unit)).await.expect_err("not sold, or of nothing");
        assert_eq!(fields(&refused), ["unit"], "{quantity} {unit}");
    }
    let take = client.take_from_drop_ship(ask(3, "BOX")).await.expect("asked").into_inner().take.expect("the take");
    assert_eq!(take.quantity, 18);
    let confirm = |confirmed, unit: &str| ConfirmTakeRequest {
        request_id: request_id(),
        name: take.name.clone(),
        confirmed,
        unit: unit.to_owned(),
        ..Default::default()
    };
    for (confirmed, unit, field) in [(1, "CASE", "unit"), (0, "BOX", "unit"), (4, "BOX", "confirmed")] {
        let refused = client.confirm_take(confirm(confirmed, unit)).await.expect_err("refused");
        assert_eq!(fields(&refused), [field], "{confirmed} {unit}");
    }
    let confirmed = client.confirm_take(confirm(2, "BOX")).await.expect("two boxes").into_inner();
    assert_eq!(confirmed.take.expect("the take").confirmed, 12);
    let ship = |quantity, unit: &str| ConfirmDropShipmentRequest {
        request_id: request_id(),
        name: take.name.clone(),
        quantity,
        unit: unit.to_owned(),
        ..Default::default()
    };
    for (quantity, unit) in [(1, "CASE"), (0, "BOX")] {
        let refused = client.confirm_drop_shipment(ship(quantity, unit)).await.expect_err("refused");
        assert_eq!(fields(&refused), ["unit"], "{quantity} {unit}");
    }
    client.confirm_drop_shipment(ship(1, "BOX")).await.expect("a box left");
    let line = world.line("ann", 1).await;
    assert_eq!((line.drop_shipped, line.drop_ship_confirmed, line.open), (6, 6, 24));
    world.books_balance().await;
}
