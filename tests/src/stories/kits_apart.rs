//! Kits that are given up while their parts are apart: whole pairs stay whole, and what is left over may go alone.

use backorder_proto::allocation::v1::{AfterSilence, ConfirmedLine, ExceptionKind, OrderState, Recall};
use backorder_testkit::eventually;

use super::kits::{amount, sets, stand};
use crate::world::{World, reason};

/// So many sets of Ann's are in the warehouse's hands, and it does not find one lid of them.
async fn a_lid_is_not_found(world: &World, quantity: i64) {
    world.set_of_mugs_and_a_lid(2 * quantity, quantity).await;
    sets(world, "ann", quantity).await;
    world.release("ann", 1, 0).await.expect("released");
    world.short_pick("ann", 3, 1, false).await.expect("taken over");
    world.idle().await;
}

/// What the warehouse is asked for of a line of Ann's, oldest first.
async fn asked_back(world: &World, line: u32) -> Vec<Recall> {
    let of_line = world.line_name("ann", line);
    world.pending_recalls().await.into_iter().filter(|recall| recall.line == of_line).collect()
}

fn cancelling(recalls: &[Recall]) -> Vec<(i64, bool, i64)> {
    recalls.iter().map(|recall| (recall.quantity, recall.cancels, recall.cancelling)).collect()
}

async fn paid_back(world: &World) -> i128 {
    let refunds = [world.refunds_of("ann", 2).await, world.refunds_of("ann", 3).await].concat();
    refunds.iter().map(|refund| amount(refund.amount.as_ref())).sum()
}

pub async fn a_kit_that_is_cancelled_while_its_parts_come_back_leaves_the_whole_ones_alone(world: &World) {
    a_lid_is_not_found(world, 2).await;
    assert_eq!(cancelling(&asked_back(world, 2).await), [(2, false, 0)]);

    world.cancel("ann", 1, 1).await.expect("the set that has no lid");

    let recalls = asked_back(world, 2).await;
    assert_eq!(
        cancelling(&recalls),
        [(2, false, 2)],
        "the mugs that come back go with it, and no others are asked for"
    );
    assert_eq!(world.line("ann", 3).await.cancelled, 1, "its lid is not there to come back");
    let lid = world.cancel("ann", 3, 1).await.expect_err("the lid that is there has its mugs");
    assert_eq!(reason(&lid), "LINE_IN_KIT");
    let mug = world.cancel("ann", 2, 1).await.expect_err("and these mugs have their lid");
    assert_eq!(reason(&mug), "LINE_IN_KIT");
    world.answer_recall(&recalls[0].name, 2).await.expect("they come back");
    world.idle().await;

    assert_eq!(stand(&world.kit_of("ann").await), [0, 1, 0, 1]);
    assert_eq!((world.line("ann", 2).await.cancelled, world.position("mug", "main").await.available), (2, 2));
    assert_eq!(paid_back(world).await, 10_000_000_000);
    world.ship("ann", 1, 0).await.expect("the set that is whole");
    assert_eq!(world.order("ann").await.state(), OrderState::Completed);
    assert_eq!(world.exceptions(ExceptionKind::KitOutOfProportion).await, []);
    world.books_balance().await;
}

pub async fn all_kits_are_cancelled_though_parts_of_them_come_back_already(world: &World) {
    a_lid_is_not_found(world, 2).await;

    world.cancel("ann", 1, 0).await.expect("both sets");

    let mugs = asked_back(world, 2).await;
    let mut of_mugs = cancelling(&mugs);
    of_mugs.sort_unstable();
    assert_eq!(of_mugs, [(2, false, 2), (2, true, 2)]);
    let lids = asked_back(world, 3).await;
    assert_eq!(cancelling(&lids), [(1, true, 1)]);
    for recall in mugs.iter().chain(&lids) {
        world.answer_recall(&recall.name, recall.quantity).await.expect("given back");
    }
    world.idle().await;
    assert_eq!(stand(&world.kit_of("ann").await), [0, 0, 0, 2]);
    assert_eq!(world.order("ann").await.state(), OrderState::Cancelled);
    assert_eq!(paid_back(world).await, 20_000_000_000);
    assert_eq!((world.position("mug", "main").await.available, world.position("lid", "main").await.available), (4, 1));
    world.books_balance().await;
}

pub async fn what_a_warehouse_keeps_of_a_cancelled_kit_is_told_to_a_planner(world: &World) {
    a_lid_is_not_found(world, 2).await;
    world.cancel("ann", 1, 1).await.expect("the set that has no lid");

    world.answer_recall(&asked_back(world, 2).await[0].name, 1).await.expect("one of them");
    world.idle().await;

    assert_eq!(world.line("ann", 2).await.cancelled, 1);
    let told = world.exceptions(ExceptionKind::KitOutOfProportion).await;
    assert_eq!(told.iter().map(|one| one.quantity).collect::<Vec<_>>(), [1], "a mug for which no lid comes");
    world.cancel("ann", 2, 1).await.expect("it is left over");
    world.answer_recall(&asked_back(world, 2).await[0].name, 1).await.expect("the other one");
    assert_eq!(world.exceptions(ExceptionKind::KitOutOfProportion).await, []);
    assert_eq!(stand(&world.kit_of("ann").await), [0, 1, 0, 1]);
    assert_eq!(paid_back(world).await, 10_000_000_000);
    world.books_balance().await;
}

pub async fn what_is_left_over_of_a_kit_is_cancelled_alone(world: &World) {
    world.set_of_mugs_and_a_lid(4, 2).await;
    sets(world, "ann", 2).await;
    world.release("ann", 1, 0).await.expect("released");
    let line = |line: u32, shipped, not_found| ConfirmedLine {
        line: world.line_name("ann", line),
        shipped,
        not_found,
        ..Default::default()
    };
    let answer = world.confirm_shipment("945-2", vec![line(2, 4, 0), line(3, 1, 1)]).await.expect("what happened");
    assert!(answer.results.iter().all(|result| result.taken), "{:?}", answer.results);
    world.idle().await;
    assert_eq!(world.exceptions(ExceptionKind::KitOutOfProportion).await.len(), 1, "two mugs have no lid");

    let many = world.cancel("ann", 3, 2).await.expect_err("one lid is with its mugs");
    assert_eq!(reason(&many), "LINE_QUANTITY_CONFLICT");
    world.cancel("ann", 3, 0).await.expect("she keeps the mugs without their lid");

    assert_eq!(stand(&world.kit_of("ann").await), [0, 0, 1, 1], "that set did not leave whole");
    let lid = world.order("ann").await.lines[1].clone();
    assert_eq!((lid.open, lid.shipped, lid.cancelled), (0, 1, 1));
    assert_eq!(paid_back(world).await, amount(lid.price_per_kit.as_ref()), "the lid's part of the price");
    assert_eq!(world.order("ann").await.state(), OrderState::Completed);
    assert_eq!(world.exceptions(ExceptionKind::KitOutOfProportion).await, [], "nothing is waited for");
    world.books_balance().await;
}

/// Needs a clock that can be moved.
pub async fn a_customer_is_not_asked_again_when_another_part_of_the_kit_begins_to_wait(world: &World) {
    world.set_of_mugs_and_a_lid(4, 2).await;
    let kit = world.item_name("set");
    world
        .policy("patience", |policy| {
            policy.item = kit;
            policy.acceptable_wait_days = Some(2);
            policy.after_silence = AfterSilence::Keep.into();
            policy.answer_days = 1;
        })
        .await;
    sets(world, "ann", 2).await;
    world.release("ann", 1, 0).await.expect("released");
    world.short_pick("ann", 3, 1, false).await.expect("taken over");
    world.end_of(world.day(2));
    eventually("she is asked", || async { !world.line("ann", 3).await.question.is_empty() }).await;
    world.end_of(world.day(1));
    eventually("she said nothing", || async { world.line("ann", 3).await.question.is_empty() }).await;

    world.answer_recall(&asked_back(world, 2).await[0].name, 2).await.expect("the mugs come back");
    world.idle().await;

    assert_eq!(world.line("ann", 2).await.open, 2, "they wait for their lid, too");
    assert_eq!(world.questions("ann").await.len(), 1, "it is the same kit and the same wait");
    world.receive("lid", "main", 1).await;
    world.idle().await;
    assert_eq!(stand(&world.kit_of("ann").await), [0, 2, 0, 0]);
    world.books_balance().await;
}

/// Needs a clock that can be moved.
pub async fn a_consent_covers_the_kit_of_which_a_part_begins_to_wait_later(world: &World) {
    world.set_of_mugs_and_a_lid(4, 2).await;
    let kit = world.item_name("set");
    world
        .policy("patience", |policy| {
            policy.item = kit;
            policy.acceptable_wait_days = Some(2);
        })
        .await;
    sets(world, "ann", 2).await;
    world.release("ann", 1, 0).await.expect("released");
    world.short_pick("ann", 3, 1, false).await.expect("taken over");
    world.end_of(world.day(2));
    eventually("she is asked", || async { !world.line("ann", 3).await.question.is_empty() }).await;
    let until = world.day(9);
    world.consents(&world.line_name("ann", 1), until).await.expect("she waits on");

    world.answer_recall(&asked_back(world, 2).await[0].name, 2).await.expect("the mugs come back");
    world.idle().await;

    assert_eq!(world.line("ann", 2).await.open, 2, "they wait for their lid, too");
    assert_eq!(world.questions("ann").await.len(), 1, "what she said is said of the set");
    world.end_of(until);
    eventually("she is asked again", || async { world.questions("ann").await.len() == 2 }).await;
    world.idle().await;
    assert_eq!(world.questions("ann").await.len(), 2, "once for both");
    world.books_balance().await;
}
