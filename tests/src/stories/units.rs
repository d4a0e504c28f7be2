//! Cases, boxes and packs: what people say, and the base units that it stands for.

use backorder_proto::{
    allocation::v1::Order,
    inventory::v1::{
        AdjustStockRequest, AdviseShipmentRequest, BatchCreateSuppliesRequest, CountLine, CountStockRequest,
        CreateItemRequest, Item, ItemUnit, PackRounding, ReceiptLine, ReceiveStockRequest, ReceiveStockResponse,
        StockState, Supply, SupplyKind, UpdateItemRequest, UpdateSupplyRequest,
    },
};
use prost_types::FieldMask;
use tonic::Status;

use crate::world::{World, because, date, fields, request_id};

const CASE_GTIN: &str = "4006381333931";

fn unit(code: &str, base_units: i64, gtin: &str, (sellable, purchasable): (bool, bool)) -> ItemUnit {
    ItemUnit { code: code.to_owned(), base_units, gtin: gtin.to_owned(), sellable, purchasable }
}

/// A warehouse, and a cup that is bought by the case of 24 and sold by the box of 6.
pub async fn cup_at_main(world: &World, pack_size: i64, rounding: PackRounding) {
    world.warehouse("main", 1).await;
    let item = Item {
        name: world.item_name("cup"),
        base_unit: "EA".to_owned(),
        pack_size,
        pack_rounding: rounding.into(),
        units: vec![unit("CASE", 24, CASE_GTIN, (false, true)), unit("BOX", 6, "", (true, false))],
        ..Default::default()
    };
    let request = CreateItemRequest { request_id: request_id(), item: Some(item) };
    world.inventory.catalog.clone().create_item(request).await.expect("create an item");
}

pub fn line(world: &World, unit: &str, accepted: i64) -> ReceiptLine {
    ReceiptLine {
        item: world.item_name("cup"),
        location: world.location_name("main"),
        unit: unit.to_owned(),
        accepted,
        ..Default::default()
    }
}

pub async fn receive(world: &World, request_id: &str, line: ReceiptLine) -> Result<ReceiveStockResponse, Status> {
    let request = ReceiveStockRequest { request_id: request_id.to_owned(), lines: vec![line], ..Default::default() };
    world.inventory.stock.clone().receive_stock(request).await.map(tonic::Response::into_inner)
}

async fn expect(world: &World, supply: &str, unit: &str, ordered: i64) -> Result<Supply, Status> {
    let supply = Supply {
        name: world.supply_name(supply),
        item: world.item_name("cup"),
        location: world.location_name("main"),
        kind: SupplyKind::PurchaseOrderLine.into(),
        ordered,
        ordered_unit: unit.to_owned(),
        expected_date: Some(date(world.day(3))),
        ..Default::default()
    };
    let request = BatchCreateSuppliesRequest { request_id: request_id(), supplies: vec![supply], context: None };
    let answer = world.inventory.supply.clone().batch_create_supplies(request).await?.into_inner();
    Ok(answer.supplies.into_iter().next().expect("the supply"))
}

fn said(supply: &Supply) -> (i64, i64, &str, i64) {
    (supply.ordered, supply.ordered_unit_quantity, &supply.ordered_unit, supply.base_units_per_unit)
}

async fn order(world: &World, order: &str, quantity: i64, unit: &str) -> Result<Order, Status> {
    let mut draft = world.draft(order).line("cup", quantity);
    draft.order().lines[0].ordered_unit = unit.to_owned();
    draft.place().await
}

pub async fn what_is_bought_by_the_case_is_booked_in_base_units_and_read_again_as_it_was_said(world: &World) {
    cup_at_main(world, 1, PackRounding::Unspecified).await;
    let supply = expect(world, "po", "CASE", 5).await.expect("created");
    assert_eq!(said(&supply), (120, 5, "CASE", 24));
    let again = expect(world, "po", CASE_GTIN, 5).await.expect("the same supply, by GTIN");
    assert_eq!(again, supply);

    let arrived = ReceiptLine { supply: world.supply_name("po"), damaged: 1, refused: 1, ..line(world, CASE_GTIN, 2) };
    let answer = receive(world, &request_id(), arrived).await.expect("received");
    let booked = &answer.lines[0];
    assert_eq!((booked.accepted, booked.damaged, booked.refused), (48, 24, 24));
    let entered = (booked.entered_quantity, booked.entered_unit.as_str(), booked.base_units_per_unit);
    assert_eq!(entered, (4, "CASE", 24), "all that arrived, under the code of the unit");
    assert_eq!(answer.supplies[0].open, 48);

    let request = AdviseShipmentRequest {
        request_id: request_id(),
        supply: world.supply_name("po"),
        shipment_notice_id: world.id("asn"),
        quantity: 1,
        unit: "CASE".to_owned(),
        expected_date: Some(date(world.day(2))),
        ..Default::default()
    };
    let advised = world.inventory.supply.clone().advise_shipment(request).await.expect("advised").into_inner();
    assert_eq!(said(&advised.shipment_notice.expect("a notice")), (24, 1, "CASE", 24));
    let request = UpdateSupplyRequest {
        request_id: request_id(),
        supply: Some(Supply { name: world.supply_name("po"), ordered: 130, ..Default::default() }),
        update_mask: Some(FieldMask { paths: vec!["ordered".to_owned()] }),
        ..Default::default()
    };
    let updated = world.inventory.supply.clone().update_supply(request).await.expect("updated").into_inner();
    assert_eq!(said(&updated.supply.expect("the supply")), (130, 0, "", 0), "no whole number of cases any more");
    let request = UpdateSupplyRequest {
        request_id: request_id(),
        supply: Some(Supply {
            name: world.supply_name("po"),
            ordered: 6,
            ordered_unit: "CASE".to_owned(),
            ..Default::default()
        }),
        update_mask: Some(FieldMask { paths: vec!["ordered".to_owned()] }),
        ..Default::default()
    };
    let updated = world.inventory.supply.clone().update_supply(request).await.expect("updated").into_inner();
    assert_eq!(said(&updated.supply.expect("the supply")), (144, 6, "CASE", 24), "and six cases again");
    assert_eq!(world.position("cup", "main").await.on_hand, 72);
    world.books_balance().await;
}

pub async fn a_unit_that_the_item_has_not_for_this_is_refused_with_those_that_it_has(world: &World) {
    cup_at_main(world, 1, PackRounding::Unspecified).await;

    let refused = receive(world, &request_id(), line(world, "BOX", 2)).await.expect_err("boxes are not bought");
    assert_eq!(fields(&refused), ["lines[0].unit"]);
    assert!(described(&refused).contains("EA, CASE (24 EA)"), "{refused:?}");
    let refused = expect(world, "po", "PALLET", 1).await.expect_err("there are no pallets");
    assert_eq!(fields(&refused), ["supplies[0].ordered_unit"]);
    let refused = order(world, "ann", 1, "CASE").await.expect_err("cases are not sold");
    assert_eq!(fields(&refused), ["order.lines[0].ordered_unit"]);
    assert!(described(&refused).contains("EA, BOX (6 EA)"), "{refused:?}");
    let too_many = receive(world, &request_id(), line(world, "CASE", 999_999_999_999)).await.expect_err("too many");
    assert_eq!(fields(&too_many), ["lines[0]"]);
    let answer = world.advise_receipt("944-1", vec![line(world, "BOX", 1), line(world, "CASE", 1)]).await;
    let results = answer.expect("taken in part").results;
    assert_eq!((results[0].taken, results[1].taken), (false, true));
    assert!(results[0].detail.contains("unit") && results[0].detail.contains("CASE (24 EA)"), "{results:#?}");
    assert_eq!(world.position("cup", "main").await.on_hand, 24);
    world.books_balance().await;
}

fn described(status: &Status) -> String {
    use tonic_types::StatusExt as _;
    let violations = status.get_details_bad_request().map(|wrong| wrong.field_violations).unwrap_or_default();
    violations.into_iter().map(|violation| violation.description).collect::<Vec<_>>().join("; ")
}

pub async fn a_receipt_that_is_sent_again_is_answered_as_before_though_its_case_changed(world: &World) {
    cup_at_main(world, 1, PackRounding::Unspecified).await;
    let id = request_id();
    let first = receive(world, &id, line(world, "CASE", 1)).await.expect("received");

    let request = UpdateItemRequest {
        request_id: request_id(),
        item: Some(Item {
            name: world.item_name("cup"),
            units: vec![unit("CASE", 20, "", (true, true))],
            ..Default::default()
        }),
        update_mask: Some(FieldMask { paths: vec!["units".to_owned()] }),
    };
    world.inventory.catalog.clone().update_item(request).await.expect("the case holds less now");

    assert_eq!(receive(world, &id, line(world, "CASE", 1)).await.expect("answered"), first);
    let next = receive(world, &request_id(), line(world, "CASE", 1)).await.expect("received");
    assert_eq!((first.lines[0].accepted, next.lines[0].accepted), (24, 20));
    assert_eq!(world.position("cup", "main").await.available, 44);
    world.books_balance().await;
}

pub async fn counts_and_corrections_may_be_said_in_any_unit_of_the_item(world: &World) {
    cup_at_main(world, 1, PackRounding::Unspecified).await;
    let counted = CountLine {
        item: world.item_name("cup"),
        location: world.location_name("main"),
        counted: 2,
        unit: "CASE".to_owned(),
        ..Default::default()
    };
    let request = CountStockRequest { request_id: request_id(), lines: vec![counted], ..Default::default() };
    world.inventory.stock.clone().count_stock(request).await.expect("counted");
    let request = AdjustStockRequest {
        request_id: request_id(),
        item: world.item_name("cup"),
        location: world.location_name("main"),
        state: StockState::Available.into(),
        delta: -3,
        unit: "BOX".to_owned(),
        context: because("wet"),
        ..Default::default()
    };
    let adjusted = world.inventory.stock.clone().adjust_stock(request).await.expect("adjusted").into_inner();
    assert_eq!(adjusted.position.expect("the position").available, 48 - 18);
    world.books_balance().await;
}

pub async fn an_order_that_is_no_whole_number_of_packs_is_refused(world: &World) {
    cup_at_main(world, 4, PackRounding::Unspecified).await;
    receive(world, &request_id(), line(world, "CASE", 2)).await.expect("received");

    let refused = order(world, "ann", 10, "").await.expect_err("ten are no packs of four");
    assert_eq!(fields(&refused), ["order.lines[0].quantity"]);
    let refused = order(world, "ann", 1, "BOX").await.expect_err("nor is a box of six");
    assert!(described(&refused).contains("packs of 4 base units"), "{refused:?}");
    let placed = order(world, "ann", 2, "BOX").await.expect("two boxes are three packs");
    let line = &placed.lines[0];
    assert_eq!((line.ordered, line.ordered_unit_quantity, line.ordered_unit.as_str()), (12, 2, "BOX"));
    assert_eq!((line.reserved, line.base_units_per_unit), (12, 6));
    world.books_balance().await;
}

pub async fn an_order_is_rounded_to_whole_packs_where_the_item_says_so(world: &World) {
    cup_at_main(world, 4, PackRounding::Up).await;
    receive(world, &request_id(), line(world, "CASE", 2)).await.expect("received");
    let raised = order(world, "ann", 10, "").await.expect("rounded up");
    let line_of =
        |order: &Order| (order.lines[0].requested, order.lines[0].ordered, order.lines[0].ordered_unit_quantity);
    assert_eq!(line_of(&raised), (12, 12, 10), "what was asked for stays readable");

    let request = UpdateItemRequest {
        request_id: request_id(),
        item: Some(Item {
            name: world.item_name("cup"),
            pack_rounding: PackRounding::Down.into(),
            ..Default::default()
        }),
        update_mask: Some(FieldMask { paths: vec!["pack_rounding".to_owned()] }),
    };
    world.inventory.catalog.clone().update_item(request).await.expect("updated");
    world.idle().await;
    let lowered = order(world, "bob", 10, "").await.expect("rounded down");
    assert_eq!(line_of(&lowered), (8, 8, 10));
    let refused = order(world, "cid", 3, "").await.expect_err("less than a pack");
    assert_eq!(fields(&refused), ["order.lines[0].quantity"]);
    world.books_balance().await;
}
