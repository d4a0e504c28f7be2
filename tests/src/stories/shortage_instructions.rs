//! What customers want on shortage, X12 element 563, and the wish to be asked before less is shipped.

use backorder_proto::allocation::v1::{LostDemandReason, OrderState, ShortageInstruction as Wants};

use crate::world::{World, reason};

pub async fn n_refuses_what_is_not_there(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 3).await;

    let answer = world.draft("ann").line("mug", 5).on_shortage(Wants::NoBackOrder).send().await.expect("placed");

    let line = &answer.order.expect("the order is answered").lines[0];
    assert_eq!((line.ordered, line.reserved, line.open), (3, 3, 0));
    assert_eq!((line.refused, line.cancelled), (2, 0), "what is not there was never ordered");
    assert_eq!(answer.lost_demand[0].quantity, 2);
    assert_eq!(answer.lost_demand[0].reason(), LostDemandReason::CustomerInstruction);
    world.books_balance().await;
}

pub async fn y_backorders_the_balance_and_ships_what_is_there(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 3).await;

    world.draft("ann").line("mug", 5).on_shortage(Wants::BackOrder).place().await.expect("placed");

    world.ship("ann", 1, 0).await.expect("what is there ships");
    let line = world.line("ann", 1).await;
    assert_eq!((line.shipped, line.open, line.refused), (3, 2, 0));
    world.receive("mug", "main", 2).await;
    world.idle().await;
    world.ship("ann", 1, 0).await.expect("and the balance after it");
    assert_eq!(world.order("ann").await.state(), OrderState::Completed);
    world.books_balance().await;
}

pub async fn bk_ships_partial_and_backorders_the_balance(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 3).await;

    world.draft("ann").line("mug", 5).on_shortage(Wants::ShipPartialBackOrder).place().await.expect("placed");

    world.ship("ann", 1, 2).await.expect("in any parts");
    let line = world.line("ann", 1).await;
    assert_eq!((line.shipped, line.reserved, line.open), (2, 1, 2));
    world.books_balance().await;
}

pub async fn sp_ships_partial_and_cancels_the_balance(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 3).await;
    world.expect_supply("po", "mug", "main", 9, world.day(2)).await;

    let answer = world.draft("ann").line("mug", 5).on_shortage(Wants::ShipPartialCancel).send().await.expect("placed");

    let line = &answer.order.expect("the order is answered").lines[0];
    assert_eq!((line.ordered, line.reserved, line.open), (5, 3, 0), "all of it is ordered, and nothing waits");
    assert_eq!((line.cancelled, line.refused), (2, 0));
    assert_eq!(
        (answer.lost_demand[0].quantity, answer.lost_demand[0].reason()),
        (2, LostDemandReason::CustomerInstruction)
    );

    let raised = world.amend("ann", 1, 7).await.expect("two more, which are not there either");
    let line = &raised.lines[0];
    assert_eq!((line.ordered, line.reserved, line.open, line.cancelled), (7, 3, 0, 4));
    world.ship("ann", 1, 0).await.expect("shipped");
    assert_eq!(world.order("ann").await.state(), OrderState::Completed);
    world.books_balance().await;
}

pub async fn a_line_of_which_all_was_cancelled_may_be_raised(world: &World) {
    world.mug_at_main().await;
    world.item("pot").await;
    let draft = world.draft("ann").line("mug", 2).on_shortage(Wants::ShipPartialCancel);
    draft.line("pot", 1).place().await.expect("placed");
    world.receive("mug", "main", 3).await;

    let raised = world.amend("ann", 1, 4).await.expect("two more");

    let line = &raised.lines[0];
    assert_eq!((line.ordered, line.reserved, line.cancelled), (4, 2, 2), "what was cancelled stays so");
    world.books_balance().await;
}

pub async fn what_a_count_takes_from_sp_is_cancelled_when_the_rest_ships(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 5).await;
    world.draft("ann").line("mug", 5).on_shortage(Wants::ShipPartialCancel).place().await.expect("placed");
    world.draft("bob").line("mug", 1).on_shortage(Wants::NoBackOrder).place().await.expect("nothing is left");

    world.count("mug", "main", 3).await;
    world.idle().await;
    assert_eq!(world.line("ann", 1).await.open, 2, "found again before it ships, they are hers");
    world.ship("ann", 1, 0).await.expect("shipped");

    let order = world.order("ann").await;
    assert_eq!((order.lines[0].shipped, order.lines[0].open, order.lines[0].cancelled), (3, 0, 2));
    assert_eq!(order.state(), OrderState::Completed, "nobody waits for what the customer does not want");
    assert!(world.backorders("mug").await.is_empty());
    world.receive("mug", "main", 2).await;
    world.idle().await;
    assert_eq!(world.position("mug", "main").await.available, 2);
    world.books_balance().await;
}

pub async fn is_takes_from_everywhere_whatever_the_policy_says(world: &World) {
    world.warehouse("north", 1).await;
    world.warehouse("south", 2).await;
    world.item("mug").await;
    world.receive("mug", "north", 2).await;
    world.receive("mug", "south", 3).await;
    world.policy("whole", |policy| policy.split_allowed = false).await;

    let whole = world.draft("bob").line("mug", 4).on_shortage(Wants::BackOrder).inquire().await.expect("asked");
    assert_eq!((whole.lines[0].reserved, whole.lines[0].open), (3, 1), "the policy serves from one location");
    let order =
        world.draft("ann").line("mug", 4).on_shortage(Wants::ShipAsSoonAsPossible).place().await.expect("placed");

    assert_eq!((order.lines[0].reserved, order.lines[0].open), (4, 0));
    world.books_balance().await;
}

pub async fn who_wants_to_be_asked_gets_nothing_short_before_an_answer(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 3).await;
    let mut draft = world.draft("ann").line("mug", 5);
    draft.order().lines[0].notify_before_short = true;
    draft.place().await.expect("placed");

    let released = world.release("ann", 1, 0).await.expect_err("two would stay behind");
    assert_eq!(reason(&released), "SHORT_SHIPMENT_NOT_AGREED");
    let shipped = world.ship("ann", 1, 3).await.expect_err("here too");
    assert_eq!(reason(&shipped), "SHORT_SHIPMENT_NOT_AGREED");
    let order = world.consent("ann", &[1]).await.expect("asked and answered");
    assert!(order.lines[0].short_consent_time.is_some());

    world.release("ann", 1, 0).await.expect("now it may");
    world.ship("ann", 1, 0).await.expect("now it may");
    let line = world.line("ann", 1).await;
    assert_eq!((line.shipped, line.open), (3, 2), "the balance still waits");
    world.books_balance().await;
}

pub async fn who_wants_to_be_asked_is_not_asked_when_all_of_it_leaves(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 5).await;
    let mut draft = world.draft("ann").line("mug", 5);
    draft.order().lines[0].notify_before_short = true;
    draft.place().await.expect("placed");

    let part = world.release("ann", 1, 2).await.expect_err("three would stay behind");
    assert_eq!(reason(&part), "SHORT_SHIPMENT_NOT_AGREED");
    world.cancel("ann", 1, 1).await.expect("the customer knows of this one");
    world.release("ann", 1, 4).await.expect("all that is left");
    world.ship("ann", 1, 4).await.expect("shipped");
    let late = world.consent("ann", &[]).await.expect_err("nothing is left to agree to");
    assert_eq!(reason(&late), "ORDER_STATE_CONFLICT");
    world.books_balance().await;
}
