//! Kits of which the warehouse does not find a part, and kits whose wait is over: no half of one is kept, sent or cancelled.

use backorder_proto::allocation::v1::{
    AfterSilence, AfterWait, BackorderPolicy, ConfirmedLine, ExceptionKind, OrderState, QuestionState,
};
use backorder_testkit::eventually;

use super::kits::{amount, sets, stand};
use crate::world::{World, date, fields, reason};

/// Two sets of Ann's are in the warehouse's hands, and it finds only one lid.
async fn a_lid_is_not_found(world: &World) {
    world.set_of_mugs_and_a_lid(4, 2).await;
    sets(world, "ann", 2).await;
    world.release("ann", 1, 0).await.expect("released");
    world.short_pick("ann", 3, 1, false).await.expect("taken over");
    world.idle().await;
}

/// The recall of the mugs that have no lid.
async fn recalled(world: &World) -> String {
    let of_mugs = world.line_name("ann", 2);
    let pending = world.pending_recalls().await.into_iter().filter(|recall| recall.line == of_mugs);
    let pending: Vec<_> = pending.collect();
    assert_eq!(pending.iter().map(|recall| (recall.quantity, recall.cancels)).collect::<Vec<_>>(), [(2, false)]);
    pending[0].name.clone()
}

pub async fn what_a_kit_has_without_a_missing_part_is_asked_back_and_waits_with_it(world: &World) {
    a_lid_is_not_found(world).await;

    assert_eq!(stand(&world.kit_of("ann").await), [1, 1, 0, 0]);
    let recall = recalled(world).await;
    assert_eq!(world.line("ann", 2).await.kit_surplus, 2);
    assert_eq!(world.exceptions(ExceptionKind::KitOutOfProportion).await, [], "it is being mended");
    let half = world.ship("ann", 1, 0).await.expect_err("a lid is missing");
    assert_eq!(reason(&half), "SHIP_SET_INCOMPLETE");
    world.answer_recall(&recall, 2).await.expect("two mugs come back");
    world.idle().await;

    let mugs = world.line("ann", 2).await;
    assert_eq!((mugs.released, mugs.reserved, mugs.open, mugs.kit_surplus), (2, 0, 2, 0));
    assert_eq!(world.position("mug", "main").await.available, 2, "they are anybody's until a lid comes");
    world.receive("lid", "main", 1).await;
    world.idle().await;
    assert_eq!(stand(&world.kit_of("ann").await), [0, 2, 0, 0]);
    world.ship("ann", 1, 0).await.expect("both sets");
    assert_eq!(world.order("ann").await.state(), OrderState::Completed);
    world.books_balance().await;
}

pub async fn what_a_warehouse_keeps_of_a_kit_is_told_to_a_planner_until_the_rest_is_there(world: &World) {
    a_lid_is_not_found(world).await;
    let recall = recalled(world).await;

    world.answer_recall(&recall, 0).await.expect("it keeps them");

    let told = world.exceptions(ExceptionKind::KitOutOfProportion).await;
    assert_eq!(
        told.iter().map(|one| (&*one.subject, one.quantity)).collect::<Vec<_>>(),
        [(&*world.line_name("ann", 2), 2)]
    );
    assert!(told[0].suggested_command.contains("warehouse recall"), "{}", told[0].suggested_command);
    world.receive("lid", "main", 1).await;
    world.idle().await;
    assert_eq!(world.exceptions(ExceptionKind::KitOutOfProportion).await.len(), 1, "the lid is not with the mugs");
    world.release("ann", 3, 0).await.expect("the lid goes to the mugs");
    assert_eq!(world.exceptions(ExceptionKind::KitOutOfProportion).await, []);
    world.ship("ann", 1, 0).await.expect("both sets");
    assert_eq!(world.order("ann").await.state(), OrderState::Completed);
    world.books_balance().await;
}

pub async fn a_kit_of_which_a_part_left_alone_is_told_to_a_planner_until_the_rest_follows(world: &World) {
    world.set_of_mugs_and_a_lid(2, 1).await;
    sets(world, "ann", 1).await;
    world.release("ann", 1, 0).await.expect("released");
    let line = |line: u32, shipped, not_found| ConfirmedLine {
        line: world.line_name("ann", line),
        shipped,
        not_found,
        ..Default::default()
    };

    let answer = world.confirm_shipment("945-1", vec![line(2, 2, 0), line(3, 0, 1)]).await.expect("what happened");

    assert!(answer.results.iter().all(|result| result.taken), "{:?}", answer.results);
    world.idle().await;
    assert_eq!(stand(&world.kit_of("ann").await), [1, 0, 0, 0]);
    let told = world.exceptions(ExceptionKind::KitOutOfProportion).await;
    assert_eq!(
        told.iter().map(|one| (&*one.subject, one.quantity)).collect::<Vec<_>>(),
        [(&*world.line_name("ann", 2), 2)]
    );
    assert!(told[0].suggested_command.contains("order return"), "{}", told[0].suggested_command);
    world.receive("lid", "main", 1).await;
    world.idle().await;
    world.ship("ann", 3, 0).await.expect("the lid follows");
    assert_eq!(world.exceptions(ExceptionKind::KitOutOfProportion).await, []);
    assert_eq!(stand(&world.kit_of("ann").await), [0, 0, 1, 0]);
    world.books_balance().await;
}

pub async fn a_kit_is_recalled_in_all_its_components(world: &World) {
    world.set_of_mugs_and_a_lid(4, 2).await;
    sets(world, "ann", 2).await;
    world.release("ann", 1, 0).await.expect("released");

    world.recall("ann", 1, 1).await.expect("one of them");

    let own = world.order_name("ann");
    let pending = world.pending_recalls().await.into_iter().filter(|recall| recall.line.starts_with(&own));
    let pending: Vec<_> = pending.collect();
    let mut asked: Vec<i64> = pending.iter().map(|recall| recall.quantity).collect();
    asked.sort_unstable();
    assert_eq!(asked, [1, 2]);
    assert_eq!(world.exceptions(ExceptionKind::KitOutOfProportion).await, [], "both are asked for");
    for recall in pending {
        world.answer_recall(&recall.name, recall.quantity).await.expect("given back");
    }
    world.idle().await;
    assert_eq!(stand(&world.kit_of("ann").await), [0, 2, 0, 0]);
    assert_eq!(world.line("ann", 2).await.reserved, 2);
    world.ship("ann", 1, 0).await.expect("both");
    world.books_balance().await;
}

pub async fn a_supplier_ships_no_part_of_a_kit(world: &World) {
    world.set_of_mugs_and_a_lid(2, 0).await;
    world.report("maker", "lid", 10, 1).await;
    sets(world, "ann", 1).await;

    let lid = world.take_of_line("ann", 3, 1, "maker").await.expect_err("a lid without its mugs");
    assert_eq!(reason(&lid), "LINE_IN_KIT");
    let kit = world.take_of_line("ann", 1, 1, "maker").await.expect_err("nor all of it");
    assert_eq!(fields(&kit), ["line"]);
    assert_eq!(world.line("ann", 3).await.drop_ship_pending, 0);
    world.books_balance().await;
}

/// Ann waits for so many sets, and accepts to wait two days.
async fn ann_waits_for_sets(world: &World, quantity: i64, change: impl FnOnce(&mut BackorderPolicy)) {
    world.set_of_mugs_and_a_lid(2 * quantity, 0).await;
    let kit = world.item_name("set");
    world
        .policy("patience", |policy| {
            policy.item = kit;
            policy.acceptable_wait_days = Some(2);
            change(policy);
        })
        .await;
    sets(world, "ann", quantity).await;
}

/// Needs a clock that can be moved.
pub async fn when_the_wait_for_a_kit_is_over_the_policy_cancels_all_of_it(world: &World) {
    ann_waits_for_sets(world, 2, |policy| policy.after_wait = AfterWait::Cancel.into()).await;

    world.end_of(world.day(2));
    eventually("it is cancelled", || async { world.order("ann").await.state() == OrderState::Cancelled }).await;

    assert_eq!(stand(&world.kit_of("ann").await), [0, 0, 0, 2]);
    let back = [world.refunds_of("ann", 2).await, world.refunds_of("ann", 3).await].concat();
    assert_eq!(back.iter().map(|refund| amount(refund.amount.as_ref())).sum::<i128>(), 20_000_000_000);
    assert!(back.iter().all(|refund| refund.reason_code == "WAIT_LIMIT"), "{back:?}");
    world.books_balance().await;
}

/// Needs a clock that can be moved.
pub async fn a_customer_is_asked_once_about_a_kit_and_answers_about_all_of_it(world: &World) {
    ann_waits_for_sets(world, 2, |policy| policy.after_silence = AfterSilence::Cancel.into()).await;
    world.end_of(world.day(2));
    eventually("she is asked", || async { !world.line("ann", 3).await.question.is_empty() }).await;

    let asked = world.questions("ann").await;
    assert_eq!(asked.len(), 1);
    let name = format!("{}/questions/1", world.line_name("ann", 1));
    assert_eq!((&*asked[0].name, &*asked[0].line, asked[0].open), (&*name, &*world.line_name("ann", 1), 2));
    assert_eq!(world.line("ann", 2).await.question, name, "both components know of it");
    let lid = world.consents(&world.line_name("ann", 3), world.day(3)).await.expect_err("nobody ordered a lid");
    assert_eq!(reason(&lid), "LINE_IN_KIT");
    let until = world.day(3);
    let answer = world.consents(&name, until).await.expect("she waits on");
    assert_eq!((answer.kit.expect("the kit").open, answer.line), (2, None));
    for line in [2, 3] {
        let line = world.line("ann", line).await;
        assert_eq!((line.wait_limit_date, &*line.question), (Some(date(until)), ""));
    }

    world.end_of(until);
    eventually("she is asked again", || async { world.questions("ann").await.len() == 2 }).await;
    let answer = world.declines(&world.line_name("ann", 1)).await.expect("she has enough");
    assert_eq!(answer.question.expect("the question").state(), QuestionState::Declined);
    assert_eq!(stand(&answer.kit.expect("the kit")), [0, 0, 0, 2]);
    assert_eq!(world.order("ann").await.state(), OrderState::Cancelled);
    world.books_balance().await;
}

/// Needs a clock that can be moved.
pub async fn the_wait_for_a_kit_whose_parts_are_apart_ends_with_a_planner(world: &World) {
    world.set_of_mugs_and_a_lid(4, 2).await;
    let kit = world.item_name("set");
    world
        .policy("patience", |policy| {
            policy.item = kit;
            policy.acceptable_wait_days = Some(2);
            policy.after_wait = AfterWait::Cancel.into();
        })
        .await;
    sets(world, "ann", 2).await;
    world.release("ann", 1, 0).await.expect("released");
    world.short_pick("ann", 3, 1, false).await.expect("taken over");

    world.end_of(world.day(2));
    eventually("a planner is told", || async { world.line("ann", 3).await.wait_escalate_time.is_some() }).await;

    assert_eq!(world.line("ann", 3).await.cancelled, 0, "a lid is not cancelled without its mugs");
    let decline = world.declines(&world.line_name("ann", 1)).await.expect_err("the mugs are in the warehouse's hands");
    assert_eq!(reason(&decline), "LINE_QUANTITY_CONFLICT");
    let recall = recalled(world).await;
    world.answer_recall(&recall, 2).await.expect("they come back");
    eventually("all of a set waits, and is cancelled as the policy says", || async {
        stand(&world.kit_of("ann").await) == [0, 1, 0, 1]
    })
    .await;
    world.ship("ann", 1, 0).await.expect("the set that is whole");
    assert_eq!(world.order("ann").await.state(), OrderState::Completed);
    world.books_balance().await;
}
