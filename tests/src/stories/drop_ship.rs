//! What suppliers ship to customers themselves: asked for, and outside our stock.

use backorder_proto::allocation::v1::{
    DropShipTakeState, ExceptionKind, GetShipmentRequest, HoldType, LineBarrier, OrderState, ShortageInstruction,
};
use jiff::SignedDuration;

use crate::world::{World, reason};

pub async fn a_supplier_ships_what_it_confirmed_and_no_stock_of_ours_moves(world: &World) {
    world.mug_at_main().await;
    world.report("maker", "mug", 10, 1).await;
    world.place("ann", "mug", 5).await;

    let take = world.take("ann", 0, "maker").await.expect("asked");
    assert_eq!((take.state(), take.quantity), (DropShipTakeState::Pending, 5));
    let line = world.line("ann", 1).await;
    assert_eq!((line.open, line.drop_ship_pending, line.reserved), (5, 5, 0), "they stay open");
    let take = world.confirm_take(&take, 0).await.expect("confirmed");
    assert_eq!((take.state(), take.confirmed), (DropShipTakeState::Confirmed, 5));
    let first = world.drop_ship(&take, 2).await.expect("two left");
    assert_eq!(first.take.expect("the take").state(), DropShipTakeState::Confirmed);
    let rest = world.drop_ship(&take, 0).await.expect("and the rest");

    assert_eq!(rest.take.expect("the take").state(), DropShipTakeState::Shipped);
    let line = world.line("ann", 1).await;
    assert_eq!((line.shipped, line.drop_shipped, line.open, line.cancelled), (5, 5, 0, 0));
    assert_eq!(world.order("ann").await.state(), OrderState::Completed);
    let get = GetShipmentRequest { name: rest.shipment };
    let shipment = world.allocation.shipments.clone().get_shipment(get).await.expect("there").into_inner();
    assert_eq!((shipment.supplier, shipment.reference.as_str()), (world.id("maker"), "their-1"));
    assert_eq!((shipment.lines[0].location.as_str(), shipment.lines[0].quantity), ("", 3));
    world.deliver(&shipment.name, Vec::new()).await.expect("arrived");
    assert_eq!(world.line("ann", 1).await.delivered, 3);
    let position = world.position("mug", "main").await;
    assert_eq!((position.on_hand, position.available), (0, 0), "reported stock is never ours");
    world.books_balance().await;
}

pub async fn a_refused_take_waits_at_its_old_place(world: &World) {
    world.mug_at_main().await;
    world.report("maker", "mug", 10, 1).await;
    world.place("ann", "mug", 3).await;
    world.moment();
    world.place("bob", "mug", 3).await;
    let take = world.take("ann", 3, "maker").await.expect("asked");
    world.idle().await;

    assert_eq!(world.refuse_take(&take).await.expect("an answer").state(), DropShipTakeState::Refused);
    eligible(world, "ann").await;
    world.receive("mug", "main", 4).await;
    world.idle().await;

    assert_eq!((world.line("ann", 1).await.reserved, world.line("bob", 1).await.reserved), (3, 1));
    world.books_balance().await;
}

/// Waits until the line's barriers are gone and inventory was told.
async fn eligible(world: &World, order: &str) {
    assert!(world.line(order, 1).await.barriers.is_empty());
    world.books_balance().await;
}

pub async fn what_a_supplier_is_asked_for_is_not_served_twice(world: &World) {
    world.mug_at_main().await;
    world.report("maker", "mug", 10, 1).await;
    world.place("ann", "mug", 3).await;
    world.moment();
    world.place("bob", "mug", 3).await;
    let take = world.take("ann", 0, "maker").await.expect("asked");
    let barriers: Vec<_> = world.line("ann", 1).await.barriers().collect();
    assert_eq!(barriers, [LineBarrier::DropShip]);
    world.books_balance().await;

    world.receive("mug", "main", 3).await;
    world.idle().await;

    assert_eq!((world.line("ann", 1).await.reserved, world.line("bob", 1).await.reserved), (0, 3));
    world.confirm_take(&take, 0).await.expect("confirmed");
    world.drop_ship(&take, 0).await.expect("shipped");
    assert_eq!(world.line("ann", 1).await.shipped, 3);
    world.books_balance().await;
}

pub async fn a_supplier_may_confirm_a_part_and_stock_serves_the_rest(world: &World) {
    world.mug_at_main().await;
    world.report("maker", "mug", 10, 1).await;
    world.place("ann", "mug", 5).await;
    let take = world.take("ann", 5, "maker").await.expect("asked");
    let take = world.confirm_take(&take, 2).await.expect("two");
    assert_eq!((take.confirmed, take.state()), (2, DropShipTakeState::Confirmed));
    assert!(world.line("ann", 1).await.barriers.is_empty(), "three wait for stock");
    world.books_balance().await;

    world.receive("mug", "main", 5).await;
    world.idle().await;
    assert_eq!(world.line("ann", 1).await.reserved, 5, "stock serves all that waits");
    world.drop_ship(&take, 0).await.expect("shipped");
    world.idle().await;

    let line = world.line("ann", 1).await;
    assert_eq!((line.shipped, line.reserved, line.open), (2, 3, 0), "what the supplier ships is given back");
    assert_eq!(world.position("mug", "main").await.available, 2);
    world.books_balance().await;
}

pub async fn stock_that_arrives_first_frees_the_supplier(world: &World) {
    world.mug_at_main().await;
    world.report("maker", "mug", 10, 1).await;
    world.place("ann", "mug", 5).await;
    let take = world.take("ann", 3, "maker").await.expect("a part is asked for, so the line takes stock");
    world.receive("mug", "main", 5).await;
    world.idle().await;

    let take = world.confirm_take(&take, 0).await.expect("an answer");

    assert_eq!((take.state(), take.confirmed), (DropShipTakeState::Cancelled, 0), "nothing is needed any more");
    let line = world.line("ann", 1).await;
    assert_eq!((line.reserved, line.drop_ship_pending, line.drop_ship_confirmed), (5, 0, 0));
    world.books_balance().await;
}

pub async fn a_stale_report_is_never_taken(world: &World) {
    world.mug_at_main().await;
    world.place("ann", "mug", 5).await;
    let never = world.take("ann", 1, "maker").await.expect_err("it never reported");
    assert_eq!(reason(&never), "DROP_SHIP_STOCK_STALE");
    assert!(world.report("maker", "mug", 10, 25).await.stale, "it was good for a day");
    let stale = world.take("ann", 1, "maker").await.expect_err("stale");
    assert_eq!(reason(&stale), "DROP_SHIP_STOCK_STALE");
    assert_eq!(world.stale_reports("maker").await.len(), 1, "and listed as such");

    world.report("maker", "mug", 4, 2).await;
    let older = world.report("maker", "mug", 9, 3).await;
    assert_eq!(older.quantity, 4, "an older report never replaces a newer one");
    let too_many = world.take("ann", 5, "maker").await.expect_err("it has four");
    assert_eq!(reason(&too_many), "DROP_SHIP_STOCK_INSUFFICIENT");
    world.take("ann", 3, "maker").await.expect("asked");
    let too_many = world.take("ann", 2, "maker").await.expect_err("one is left of the report");
    assert_eq!(reason(&too_many), "DROP_SHIP_STOCK_INSUFFICIENT");
    assert!(world.stale_reports("maker").await.is_empty());
    world.books_balance().await;
}

pub async fn a_line_on_hold_or_in_a_ship_set_is_not_asked_of_a_supplier(world: &World) {
    world.mug_at_main().await;
    world.report("maker", "mug", 10, 1).await;
    world.place("ann", "mug", 2).await;
    world.hold(&world.line_name("ann", 1), HoldType::Credit).await;
    let held = world.take("ann", 0, "maker").await.expect_err("her credit is blocked");
    assert_eq!(reason(&held), "LINE_ON_HOLD");
    world.clear_holds(&world.line_name("ann", 1)).await;
    world.take("ann", 0, "maker").await.expect("she may have it now");

    world.draft("bob").line("mug", 3).on_shortage(ShortageInstruction::ShipComplete).place().await.expect("placed");
    world.idle().await;
    let apart = world.take("bob", 1, "maker").await.expect_err("it would come apart from the rest");
    assert_eq!(reason(&apart), "SHIP_SET_INCOMPLETE");
    assert_eq!(world.line("bob", 1).await.drop_ship_pending, 0);
    world.books_balance().await;
}

pub async fn what_a_supplier_confirmed_is_not_declined_by_the_customer(world: &World) {
    world.mug_at_main().await;
    world.report("maker", "mug", 10, 1).await;
    world.place("ann", "mug", 5).await;
    let take = world.take("ann", 3, "maker").await.expect("asked");
    world.confirm_take(&take, 0).await.expect("three are on their way");

    world.declines(&world.line_name("ann", 1)).await.expect("the two others are cancelled");

    let line = world.line("ann", 1).await;
    assert_eq!((line.open, line.cancelled, line.drop_ship_confirmed), (3, 2, 3));
    let nothing = world.declines(&world.line_name("ann", 1)).await.expect_err("nothing else waits");
    assert_eq!(reason(&nothing), "LINE_QUANTITY_CONFLICT");
    world.drop_ship(&take, 0).await.expect("shipped");
    world.books_balance().await;
}

pub async fn a_take_is_answered_once(world: &World) {
    world.mug_at_main().await;
    world.report("maker", "mug", 10, 1).await;
    world.place("ann", "mug", 5).await;
    let take = world.take("ann", 2, "maker").await.expect("asked");
    let early = world.drop_ship(&take, 0).await.expect_err("not confirmed yet");
    assert_eq!(reason(&early), "DROP_SHIP_TAKE_STATE_CONFLICT");
    world.confirm_take(&take, 0).await.expect("confirmed");
    let twice = world.confirm_take(&take, 1).await.expect_err("answered");
    assert_eq!(reason(&twice), "DROP_SHIP_TAKE_STATE_CONFLICT");
    let late = world.refuse_take(&take).await.expect_err("answered");
    assert_eq!(reason(&late), "DROP_SHIP_TAKE_STATE_CONFLICT");

    let all = world.cancel("ann", 1, 4).await.expect_err("two are confirmed");
    assert_eq!(reason(&all), "LINE_QUANTITY_CONFLICT");
    let less = world.amend("ann", 1, 1).await.expect_err("two are confirmed");
    assert_eq!(reason(&less), "LINE_QUANTITY_CONFLICT");
    world.cancel("ann", 1, 3).await.expect("the others are free");
    assert_eq!(world.line("ann", 1).await.open, 2);
    assert_eq!(world.cancel_take(&take).await.expect("taken back").state(), DropShipTakeState::Cancelled);
    let gone = world.drop_ship(&take, 0).await.expect_err("taken back");
    assert_eq!(reason(&gone), "DROP_SHIP_TAKE_STATE_CONFLICT");
    world.cancel("ann", 1, 0).await.expect("free again");
    let line = world.line("ann", 1).await;
    assert_eq!((line.cancelled, line.open, line.drop_ship_confirmed), (5, 0, 0));
    world.books_balance().await;
}

/// Needs a clock that can be moved.
pub async fn what_comes_to_nothing_is_on_the_planners_list(world: &World) {
    world.mug_at_main().await;
    world.report("maker", "mug", 10, 1).await;
    world.place("ann", "mug", 3).await;
    world.place("bob", "mug", 4).await;
    let refused = world.take("ann", 2, "maker").await.expect("asked");
    let confirmed = world.take("bob", 4, "maker").await.expect("asked");
    world.refuse_take(&refused).await.expect("an answer");
    world.confirm_take(&confirmed, 0).await.expect("an answer");

    let declined = world.exceptions(ExceptionKind::DropShipDeclined).await;
    assert_eq!((declined.len(), declined[0].subject.clone(), declined[0].quantity), (1, refused.name.clone(), 2));
    assert_eq!(declined[0].suggested_command, format!("backorder dropship take {}/1=2 SUPPLIER", world.id("ann")));
    assert_eq!(world.exceptions(ExceptionKind::StaleDropShip).await, [], "the report holds");
    world.moment();
    world.report("other", "mug", 5, 1).await;
    let silent = world.take("ann", 0, "other").await.expect("somebody else is asked");
    assert_eq!(world.exceptions(ExceptionKind::DropShipDeclined).await, [], "which is the end of the refusal");

    world.advance(SignedDuration::from_hours(25));
    backorder_testkit::eventually("silence is told", || async {
        world.exceptions(ExceptionKind::DropShipDeclined).await.iter().any(|one| one.subject == silent.name)
    })
    .await;
    let stale = world.exceptions(ExceptionKind::StaleDropShip).await;
    let subject = |supplier: &str| format!("dropShipStock/{}/suppliers/{}", world.id("mug"), world.id(supplier));
    let told: Vec<_> = stale.iter().map(|one| (one.subject.clone(), one.quantity)).collect();
    assert_eq!(told, [(subject("maker"), 7), (subject("other"), 5)], "seven units wait");
    let maker = world.id("maker");
    assert_eq!(stale[0].suggested_command, format!("backorder dropship report {maker:?} {}=UNITS", world.id("mug")));
    let noted = world.note_exception(&stale[0].name, "they send it on Mondays").await.expect("noted");
    assert_eq!(noted.note, "they send it on Mondays");
    world.report("maker", "mug", 10, 0).await;
    let left: Vec<_> =
        world.exceptions(ExceptionKind::StaleDropShip).await.into_iter().map(|one| one.subject).collect();
    assert_eq!(left, [subject("other")], "the command has resolved it");

    assert_eq!(world.exceptions(ExceptionKind::DropShipLate).await, [], "it said in three days");
    world.advance(SignedDuration::from_hours(4 * 24));
    let late = world.exceptions(ExceptionKind::DropShipLate).await;
    assert_eq!((late.len(), late[0].subject.clone(), late[0].quantity), (1, confirmed.name.clone(), 4));
    world.drop_ship(&confirmed, 0).await.expect("they left after all");
    assert_eq!(world.exceptions(ExceptionKind::DropShipLate).await, []);
    world.books_balance().await;
}

/// Needs a clock that can be moved.
pub async fn silence_gives_the_units_back_to_the_queue(world: &World) {
    world.mug_at_main().await;
    world.report("maker", "mug", 10, 1).await;
    world.place("ann", "mug", 3).await;
    let take = world.take("ann", 0, "maker").await.expect("asked, with four hours to answer");

    world.advance(SignedDuration::from_hours(5));
    backorder_testkit::eventually("the take expires", || async { world.line("ann", 1).await.drop_ship_pending == 0 })
        .await;

    let late = world.confirm_take(&take, 0).await.expect_err("too late");
    assert_eq!(reason(&late), "DROP_SHIP_TAKE_STATE_CONFLICT");
    world.books_balance().await;
    world.receive("mug", "main", 3).await;
    world.idle().await;
    assert_eq!(world.line("ann", 1).await.reserved, 3);
    world.books_balance().await;
}
