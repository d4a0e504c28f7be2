//! The serving sequence, and how lines that wait follow a new one.

use backorder_proto::{allocation::v1::*, common::v1::ErrorReason};
use backorder_testkit::{Backend, eventually, on_each_backend};
use tonic::Code;

use crate::world::{World, days_ago, refusal};

fn by(keys: &[SequenceKey]) -> ServingSequence {
    ServingSequence { keys: keys.iter().map(|key| (*key).into()).collect(), ..ServingSequence::default() }
}

/// Orders of three tiers, the oldest of the lowest tier.
async fn three_tiers(world: &World) {
    for (tier, ordered_days_ago) in [("STD", 3), ("GOLD", 2), ("PLAT", 1)] {
        let order = OrderDraft {
            customer_tier: tier.to_owned(),
            order_time: days_ago(ordered_days_ago),
            ..world.order("a", 5)
        };
        world.place(order).await;
    }
}

/// The waiting lines of item `a` as inventory has them in its queue.
fn queue(world: &World) -> Vec<String> {
    let books = world.inventory.books();
    let mut claims: Vec<_> = books.claims.values().collect();
    claims.sort_by(|a, b| a.queue_key.cmp(&b.queue_key));
    claims.into_iter().map(|claim| claim.line.clone()).collect()
}

async fn before_the_first_change_the_default_sequence_stands(backend: Backend) {
    let world = World::new(backend).await;
    let default = [SequenceKey::Tier, SequenceKey::RequestedDate, SequenceKey::OrderTime];
    assert_eq!(world.sequence().await, ServingSequence { etag: "0".to_owned(), ..by(&default) });
}

async fn a_change_needs_the_present_etag_and_is_answered_again(backend: Backend) {
    let world = World::new(backend).await;
    let wanted = ServingSequence {
        tier_order: vec!["PLAT".to_owned(), "GOLD".to_owned()],
        channel_order: vec!["web".to_owned()],
        etag: "0".to_owned(),
        ..by(&[SequenceKey::Value, SequenceKey::Tier, SequenceKey::Channel])
    };
    let changed = world.serve_by(wanted.clone()).await.unwrap();
    assert_eq!(changed, ServingSequence { etag: "1".to_owned(), ..wanted.clone() });
    assert_eq!(world.sequence().await, changed);
    assert_eq!(refusal(world.serve_by(wanted).await), (Code::Aborted, ErrorReason::VersionMismatch));
    assert_eq!(world.serve_by(changed.clone()).await.unwrap(), changed, "a change of nothing keeps the version");
    let twice = by(&[SequenceKey::Tier, SequenceKey::Tier]);
    assert_eq!(refusal(world.serve_by(twice).await), (Code::InvalidArgument, ErrorReason::InvalidRequest));
}

async fn waiting_lines_follow_a_new_sequence(backend: Backend) {
    let world = World::new(backend).await;
    three_tiers(&world).await;
    let by_age = ["orders/A-1/lines/1", "orders/A-2/lines/1", "orders/A-3/lines/1"];
    assert_eq!(queue(&world), by_age);
    world.app.spawn_jobs(&world.jobs);
    let tiers = ["PLAT", "GOLD", "STD"].map(str::to_owned).to_vec();
    let sequence = ServingSequence { tier_order: tiers, ..by(&[SequenceKey::Tier, SequenceKey::OrderTime]) };
    world.serve_by(sequence).await.unwrap();
    world.idle().await;
    let by_tier = ["orders/A-3/lines/1", "orders/A-2/lines/1", "orders/A-1/lines/1"];
    assert_eq!(queue(&world), by_tier);
    assert_eq!(world.backorders(ListBackordersRequest::default()).await, by_tier);
    let proof = world.verify().await;
    assert!(proof.balanced, "{:?}", proof.differences);
}

async fn a_change_that_no_job_has_applied_is_work_that_waits_and_survives(backend: Backend) {
    let world = World::new(backend).await;
    three_tiers(&world).await;
    let tiers = ["PLAT", "GOLD", "STD"].map(str::to_owned).to_vec();
    let sequence = ServingSequence { tier_order: tiers, ..by(&[SequenceKey::Tier, SequenceKey::OrderTime]) };
    world.serve_by(sequence).await.unwrap();
    assert_eq!(world.activity().await.runs_waiting, 1);
    // Jobs that start later find it without being woken, and go on after inventory was away.
    world.inventory.books().queue_outages = 2;
    world.app.spawn_jobs(&world.jobs);
    world.idle().await;
    assert_eq!(queue(&world).first().map(String::as_str), Some("orders/A-3/lines/1"));
    let calls = &world.inventory.books().queue_calls;
    assert!(
        calls.len() > 1 && calls.iter().all(|call| call.request_id == calls[0].request_id),
        "one id for one effect"
    );
}

async fn a_sequence_that_moves_nobody_asks_inventory_for_nothing(backend: Backend) {
    let world = World::new(backend).await;
    three_tiers(&world).await;
    world.app.spawn_jobs(&world.jobs);
    let same = ServingSequence {
        channel_order: vec!["web".to_owned()],
        ..by(&[SequenceKey::Tier, SequenceKey::RequestedDate, SequenceKey::OrderTime])
    };
    world.serve_by(same).await.unwrap();
    world.idle().await;
    assert!(world.inventory.books().queue_calls.is_empty());
}

async fn a_line_that_inventory_does_not_know_does_not_keep_the_others(backend: Backend) {
    let world = World::new(backend).await;
    three_tiers(&world).await;
    world.inventory.books().claims.remove(&("orders/A-2/lines/1".to_owned(), 1));
    world.app.spawn_jobs(&world.jobs);
    let tiers = ["PLAT", "GOLD", "STD"].map(str::to_owned).to_vec();
    let sequence = ServingSequence { tier_order: tiers, ..by(&[SequenceKey::Tier, SequenceKey::OrderTime]) };
    world.serve_by(sequence).await.unwrap();
    world.idle().await;
    assert_eq!(queue(&world), ["orders/A-3/lines/1", "orders/A-1/lines/1"]);
}

async fn a_line_of_a_busy_order_follows_when_the_order_is_free(backend: Backend) {
    let world = World::new(backend).await;
    three_tiers(&world).await;
    let busy = "UPDATE customer_order SET busy_step = 'step' WHERE id = 'A-1'";
    world.execute(busy).await;
    world.app.spawn_jobs(&world.jobs);
    let tiers = ["PLAT", "GOLD", "STD"].map(str::to_owned).to_vec();
    let sequence = ServingSequence { tier_order: tiers, ..by(&[SequenceKey::Tier, SequenceKey::OrderTime]) };
    world.serve_by(sequence).await.unwrap();
    eventually("the other lines have moved", || async { world.inventory.books().queue_calls.len() == 1 }).await;
    assert_eq!(world.inventory.books().queue_calls[0].changes.len(), 2);
    assert_eq!(world.activity().await.runs_waiting, 1);
    world.execute("UPDATE customer_order SET busy_step = NULL").await;
    world.idle().await;
    assert_eq!(queue(&world), ["orders/A-3/lines/1", "orders/A-2/lines/1", "orders/A-1/lines/1"]);
}

on_each_backend!(
    before_the_first_change_the_default_sequence_stands,
    a_change_needs_the_present_etag_and_is_answered_again,
    waiting_lines_follow_a_new_sequence,
    a_change_that_no_job_has_applied_is_work_that_waits_and_survives,
    a_sequence_that_moves_nobody_asks_inventory_for_nothing,
    a_line_that_inventory_does_not_know_does_not_keep_the_others,
    a_line_of_a_busy_order_follows_when_the_order_is_free,
);
