//! Stock that is ours to sell and somebody else's until then.

use backorder_proto::inventory::v1::StockState::Available;

use super::batches::{left, receive, rows, stock};
use crate::world::World;

pub async fn consigned_units_are_seen_apart_and_leave_after_our_own(world: &World) {
    world.mug_at_main().await;
    receive(world, 3, "", None, "acme").await;
    receive(world, 2, "", None, "").await;

    let before = stock(world).await;
    assert_eq!(rows(&before.stocks), [(Available, "", "acme", 3), (Available, "", "", 2)]);
    assert_eq!((before.own_quantity, before.consigned_quantity), (2, 3));
    assert_eq!(world.position("mug", "main").await.available, 5, "both are promised alike");
    world.place("ann", "mug", 4).await;
    world.ship("ann", 1, 4).await.expect("shipped");

    let shipped: Vec<_> = left(world).await.iter().map(|m| (m.owner.clone(), m.quantity)).collect();
    assert_eq!(shipped, [(String::new(), 2), ("acme".to_owned(), 2)], "the ledger says whose they were");
    assert_eq!(stock(world).await.consigned_quantity, 1);
    world.books_balance().await;
}
