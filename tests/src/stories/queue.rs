//! Who is served when stock arrives.

use backorder_proto::allocation::v1::{
    GetServingSequenceRequest, SequenceKey, ServingSequence, UpdateServingSequenceRequest,
};

use crate::world::{World, request_id};

pub async fn a_new_order_never_overtakes_the_waiting_ones(world: &World) {
    world.mug_at_main().await;
    world.place("early", "mug", 10).await;

    let holds = world.receive("mug", "main", 10).await;
    // At once, while the run may still be deciding.
    let late = world.place("late", "mug", 10).await;

    assert_eq!(holds.iter().map(|hold| hold.quantity).sum::<i64>(), 10, "the receipt is held for the queue");
    assert_eq!((late.lines[0].reserved, late.lines[0].open), (0, 10));
    world.idle().await;
    assert_eq!(world.line("early", 1).await.reserved, 10);
    assert_eq!(world.line("late", 1).await.reserved, 0);
    world.books_balance().await;
}

pub async fn arriving_stock_serves_the_higher_tier_first(world: &World) {
    world.mug_at_main().await;
    world.sequence(&[SequenceKey::Tier, SequenceKey::OrderTime], &["GOLD", "STD"]).await;
    world.draft("standard").tier("STD").line("mug", 5).place().await.expect("placed");
    world.draft("gold").tier("GOLD").line("mug", 5).place().await.expect("placed");

    world.receive("mug", "main", 7).await;
    world.idle().await;

    assert_eq!(world.line("gold", 1).await.reserved, 5);
    let standard = world.line("standard", 1).await;
    assert_eq!((standard.reserved, standard.open), (2, 3));
    world.sequence(&[], &[]).await;
    world.books_balance().await;
}

pub async fn inside_a_tier_the_earlier_order_is_served_first(world: &World) {
    world.mug_at_main().await;
    for order in ["first", "second", "third"] {
        world.draft(order).tier("STD").line("mug", 4).place().await.expect("placed");
    }

    world.receive("mug", "main", 6).await;
    world.idle().await;

    let mut reserved = Vec::new();
    for order in ["first", "second", "third"] {
        reserved.push(world.line(order, 1).await.reserved);
    }
    assert_eq!(reserved, [4, 2, 0]);
    world.books_balance().await;
}

pub async fn what_nobody_waits_for_becomes_free(world: &World) {
    world.mug_at_main().await;
    world.place("ann", "mug", 4).await;

    let holds = world.receive("mug", "main", 10).await;
    world.idle().await;

    assert_eq!(holds.iter().map(|hold| hold.quantity).sum::<i64>(), 4, "no more is held than waits");
    let position = world.position("mug", "main").await;
    assert_eq!((position.available, position.reserved, position.held), (6, 4, 0));
    world.books_balance().await;
}

pub async fn a_receipt_for_one_location_serves_only_lines_of_that_location(world: &World) {
    world.item("mug").await;
    world.warehouse("north", 1).await;
    world.warehouse("south", 2).await;
    world.draft("northern").line("mug", 5).from(&["north"]).place().await.expect("placed");
    world.draft("southern").line("mug", 5).from(&["south"]).place().await.expect("placed");

    world.receive("mug", "south", 8).await;
    world.idle().await;

    assert_eq!(world.line("northern", 1).await.reserved, 0);
    assert_eq!(world.line("southern", 1).await.reserved, 5);
    assert_eq!(world.position("mug", "south").await.available, 3);
    world.books_balance().await;
}

pub async fn the_backlog_lists_the_queue_in_order(world: &World) {
    world.mug_at_main().await;
    world.draft("later").line("mug", 2).requested(world.day(9)).place().await.expect("placed");
    world.draft("sooner").line("mug", 2).requested(world.day(3)).place().await.expect("placed");
    world.idle().await;

    let lines: Vec<String> =
        world.backorders("mug").await.into_iter().map(|backorder| backorder.line.expect("a line").name).collect();

    assert_eq!(lines, [world.line_name("sooner", 1), world.line_name("later", 1)]);
}

pub async fn the_serving_sequence_is_the_company_s_own(world: &World) {
    world.mug_at_main().await;
    world.draft("small").line("mug", 2).place().await.expect("placed");
    world.draft("big").line("mug", 9).place().await.expect("placed");
    world.sequence(&[SequenceKey::Value], &[]).await;
    world.idle().await;

    world.receive("mug", "main", 9).await;
    world.idle().await;

    assert_eq!(world.line("big", 1).await.reserved, 9, "the line of the higher value is served first");
    assert_eq!(world.line("small", 1).await.reserved, 0);
    world.sequence(&[], &[]).await;
    world.books_balance().await;
}

impl World {
    /// Sets the serving sequence, which all stories of a cluster share.
    async fn sequence(&self, keys: &[SequenceKey], tiers: &[&str]) {
        let mut policies = self.allocation.policies.clone();
        let present = policies.get_serving_sequence(GetServingSequenceRequest {}).await.expect("get the sequence");
        let sequence = ServingSequence {
            keys: keys.iter().map(|key| (*key).into()).collect(),
            tier_order: tiers.iter().map(|tier| (*tier).to_owned()).collect(),
            channel_order: Vec::new(),
            etag: present.into_inner().etag,
        };
        let request =
            UpdateServingSequenceRequest { request_id: request_id(), sequence: Some(sequence), context: None };
        policies.update_serving_sequence(request).await.expect("update the sequence");
    }
}
