//! Promises over working days: what a closed day, a cut-off, taking in, packing and the journey do to a date.

use backorder_proto::{
    allocation::v1::{DateStepKind, OrderLine},
    common::v1::ZonedDate,
    inventory::v1::Location,
};
use jiff::civil;

use crate::world::{World, date, shipping::time};

fn is_on(zoned: Option<&ZonedDate>, day: civil::Date) -> bool {
    zoned.and_then(|zoned| zoned.date) == Some(date(day))
}

pub async fn a_promise_counts_taking_in_and_packing_over_working_days(world: &World) {
    world.mug_at_main().await;
    let calendar = world.calendar_without("closed", &[world.day(8), world.day(9)]).await;
    let stated = Location { calendar, dock_to_stock_days: 1, handling_days: 1, ..Default::default() };
    world.ships_by("main", stated).await;
    world.expect_supply("po", "mug", "main", 10, world.day(7)).await;

    let order = world.place("ann", "mug", 5).await;

    let promised = order.lines[0].current_promised_date.as_ref();
    assert!(is_on(promised, world.day(11)), "promised {promised:?}");
    assert!(order.lines[0].expected_delivery_date.is_none(), "a journey was invented");
    let history = world.explain("ann", 1).await.history;
    let told = format!("dock-to-stock until {}, handling until {}", world.day(10), world.day(11));
    assert!(history[0].cause.ends_with(&told), "{:?}", history[0].cause);
    let steps = world.explain("ann", 1).await.date_steps;
    let moved: Vec<_> = steps.iter().map(|step| (step.kind(), step.from_date, step.to_date)).collect();
    let dates = |from, to| (Some(date(world.day(from))), Some(date(world.day(to))));
    let ((supplied, taken_in), (_, packed)) = (dates(7, 10), dates(10, 11));
    assert_eq!(moved, [(DateStepKind::DockToStock, supplied, taken_in), (DateStepKind::Handling, taken_in, packed)]);
}

pub async fn an_order_after_the_cut_off_ships_on_the_next_working_day(world: &World) {
    world.mug_at_main().await;
    let calendar = world.calendar_without("closed", &[world.day(1)]).await;
    // At midnight it is too late for the whole day.
    world.ships_by("main", Location { calendar, order_cut_off: time(0, 0), ..Default::default() }).await;
    world.receive("mug", "main", 5).await;

    let order = world.place("ann", "mug", 5).await;

    let line = &order.lines[0];
    assert_eq!((line.reserved, line.backordered), (5, 0));
    assert!(is_on(line.current_promised_date.as_ref(), world.day(2)), "{:?}", line.current_promised_date);
    let steps = world.explain("ann", 1).await.date_steps;
    assert_eq!(steps.iter().map(|step| step.kind()).collect::<Vec<_>>(), [DateStepKind::CutOff]);
}

pub async fn a_wanted_day_of_arrival_is_judged_by_the_lane(world: &World) {
    world.mug_at_main().await;
    world.lane("main", "EU", 2).await;
    world.expect_supply("in-time", "mug", "main", 5, world.day(8)).await;
    world.expect_supply("late", "mug", "main", 5, world.day(9)).await;

    let ordered = async |order: &str| -> OrderLine {
        let draft = world.draft(order).to("EU").line("mug", 5).from(&["main"]).delivered(world.day(10));
        draft.place().await.expect("place an order").lines[0].clone()
    };
    let (first, second) = (ordered("ann").await, ordered("bob").await);

    assert!(is_on(first.latest_ship_date.as_ref(), world.day(8)), "{:?}", first.latest_ship_date);
    assert!(is_on(first.expected_delivery_date.as_ref(), world.day(10)), "{:?}", first.expected_delivery_date);
    assert_eq!((first.backordered, first.future), (0, 5));
    assert!(is_on(second.expected_delivery_date.as_ref(), world.day(11)), "{:?}", second.expected_delivery_date);
    assert_eq!((second.backordered, second.future), (5, 0));
    let steps = world.explain("bob", 1).await.date_steps;
    assert_eq!(steps.iter().map(|step| step.kind()).collect::<Vec<_>>(), [DateStepKind::Transit]);
}

pub async fn goods_that_are_wanted_later_leave_when_they_have_to(world: &World) {
    world.mug_at_main().await;
    world.lane("main", "EU", 3).await;
    world.receive("mug", "main", 5).await;

    let draft = world.draft("ann").to("EU").line("mug", 5).from(&["main"]).delivered(world.day(10));
    let order = draft.place().await.expect("place an order");

    let line = &order.lines[0];
    assert!(is_on(line.current_promised_date.as_ref(), world.day(7)), "{:?}", line.current_promised_date);
    assert!(is_on(line.confirmations[0].delivery_date.as_ref(), world.day(10)), "{:?}", line.confirmations);
}

pub async fn a_supply_that_moves_onto_a_closed_day_moves_the_promise_to_the_next_open_one(world: &World) {
    world.mug_at_main().await;
    let calendar = world.calendar_without("closed", &[world.day(8), world.day(9)]).await;
    world.ships_by("main", Location { calendar, ..Default::default() }).await;
    world.expect_supply("po", "mug", "main", 10, world.day(7)).await;
    world.place("ann", "mug", 5).await;

    world.move_supply("po", world.day(8)).await;
    world.idle().await;

    let explained = world.explain("ann", 1).await;
    let line = explained.line.expect("the line is explained");
    assert!(is_on(line.original_promised_date.as_ref(), world.day(7)));
    assert!(is_on(line.current_promised_date.as_ref(), world.day(10)), "{:?}", line.current_promised_date);
    assert_eq!(explained.date_steps[0].kind(), DateStepKind::ClosedDay);
}
