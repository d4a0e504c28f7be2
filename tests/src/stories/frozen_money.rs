//! What an order is worth is decided when it is placed.

use backorder_proto::{
    allocation::v1::{Exception, ExceptionKind, ListRefundsRequest},
    common::v1::Money,
    inventory::v1::{Item, UpdateItemRequest},
};
use prost_types::FieldMask;

use crate::world::{World, money, request_id};

const UNIT: i64 = 1_000_000_000;

fn dollars(units: i64) -> Option<Money> {
    Some(Money { currency_code: "USD".to_owned(), units, nanos: 0 })
}

pub async fn an_order_in_another_currency_keeps_its_worth_when_price_and_cost_change(world: &World) {
    world.mug_at_main().await;
    let mut draft = world.draft("ann").line("mug", 10);
    draft.order().company_rate_nanos = 800_000_000;
    draft.order().lines[0].unit_price = dollars(5);
    let line = draft.place().await.expect("placed").lines[0].clone();
    world.idle().await;
    let at_risk = |listed: &[Exception], line: &str| {
        listed.iter().filter(|one| one.subject == line).map(|one| one.value_at_risk_nanos).collect::<Vec<_>>()
    };
    assert_eq!(
        at_risk(&world.exceptions(ExceptionKind::NoDate).await, &line.name),
        [40 * UNIT],
        "ten at five dollars, in pounds"
    );

    let request = UpdateItemRequest {
        request_id: request_id(),
        item: Some(Item {
            name: world.item_name("mug"),
            unit_price: Some(money(99)),
            unit_cost: Some(money(77)),
            ..Default::default()
        }),
        update_mask: Some(FieldMask { paths: vec!["unit_price".to_owned(), "unit_cost".to_owned()] }),
    };
    world.inventory.catalog.clone().update_item(request).await.expect("updated");
    world.idle().await;
    let later = world.place("bob", "mug", 1).await.lines[0].clone();
    world.idle().await;

    let now = world.line("ann", 1).await;
    assert_eq!((now.unit_price, now.unit_cost), (dollars(5), Some(money(2))));
    assert_eq!(later.unit_cost, Some(money(77)), "an order placed since has the cost of its day");
    let listed = world.exceptions(ExceptionKind::NoDate).await;
    assert_eq!(at_risk(&listed, &line.name), [40 * UNIT]);
    assert_eq!(listed.first().map(|one| one.subject.as_str()), Some(line.name.as_str()), "the more valuable one first");
    world.cancel("ann", 1, 4).await.expect("cancelled");
    world.idle().await;
    let request = ListRefundsRequest { line: line.name.clone(), ..Default::default() };
    let refunds = world.allocation.refunds.clone().list_refunds(request).await.expect("listed").into_inner().refunds;
    let due: Vec<_> = refunds.into_iter().map(|due| (due.quantity, due.amount, due.company_rate_nanos)).collect();
    assert_eq!(due, [(4, dollars(20), 800_000_000)]);
    assert_eq!(at_risk(&world.exceptions(ExceptionKind::NoDate).await, &line.name), [24 * UNIT]);
    world.books_balance().await;
}
