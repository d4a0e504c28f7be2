//! What must be so when everybody has decided: nothing hangs, what is free went to who may have it, and when all is
//! cancelled nothing is left of it.

use std::collections::BTreeMap;

use backorder_proto::allocation::v1::{CancelOrderLinesRequest, LineBarrier, Order, OrderLine, OrderState};
use backorder_tests::world::{World, because, request_id};

use super::{
    ITEMS, LOCATIONS, Random, all_orders,
    planner::{all_holds, come_to_rest},
};

impl Random {
    /// After all decisions no hold, recall, take or held unit is there, and no line stands behind what nobody set.
    pub(super) async fn nothing_hangs(&mut self, world: &World) {
        self.decide_all(world).await;
        world.books_balance().await;
        assert_eq!(all_holds(world).await, []);
        assert_eq!(world.pending_recalls().await, []);
        let orders = all_orders(world).await;
        let free = free_stock(world).await;
        // No hold bars a line any more, of an order that is over either.
        for line in orders.iter().flat_map(|order| &order.lines) {
            let holds = [
                LineBarrier::Hold,
                LineBarrier::ReleaseHold,
                LineBarrier::CustomerHold,
                LineBarrier::CustomerReleaseHold,
            ];
            assert!(!line.barriers().any(|barrier| holds.contains(&barrier)), "{}: {:?}", line.name, line.barriers);
            assert!(line.holds.is_empty(), "{}: {:?}", line.name, line.holds);
        }
        // What else barred the lines of an order that is over they keep: nothing of them moves.
        for order in orders.iter().filter(|order| order.state() == OrderState::Open) {
            for line in &order.lines {
                let is_waiting = |barrier| barrier == LineBarrier::SetIncomplete && line.open > 0;
                assert!(line.barriers().all(is_waiting), "{}: {:?}", line.name, line.barriers);
                assert_eq!(
                    (line.recalling, line.drop_ship_pending, line.drop_ship_confirmed),
                    (0, 0, 0),
                    "{}",
                    line.name
                );
                let could_have = could_have(line, &free);
                assert!(could_have == 0, "{} waits for {}, and {could_have} are free", line.name, line.open);
            }
        }
        nothing_is_left_when_all_is_cancelled(world, orders).await;
    }
}

/// Units that are free at each item and location.
async fn free_stock(world: &World) -> BTreeMap<(String, String), i64> {
    let mut free = BTreeMap::new();
    for item in ITEMS {
        for location in LOCATIONS {
            let position = world.position(item, location).await;
            assert_eq!(position.held, 0, "{item} at {location}");
            free.insert((world.item_name(item), world.location_name(location)), position.available);
        }
    }
    free
}

/// What is free for a line that goes alone, and that it does not have: what is free wherever it may take from.
fn could_have(line: &OrderLine, free: &BTreeMap<(String, String), i64>) -> i64 {
    if line.open == 0 || !line.ship_set_name.is_empty() {
        return 0;
    }
    let of_item = free.iter().filter(|((item, _), _)| *item == line.item).map(|(_, units)| *units);
    of_item.min().unwrap_or_default().min(line.open)
}

/// The warehouse gives back what it has, and all orders are cancelled: no unit is reserved, released or held any more.
async fn nothing_is_left_when_all_is_cancelled(world: &World, orders: Vec<Order>) {
    for order in &orders {
        for line in order.lines.iter().filter(|line| line.released > 0) {
            let number = line.name.rsplit('/').next().and_then(|number| number.parse().ok()).expect("a number");
            let short = order.name.rsplit('.').next().expect("a name");
            let recall = world.recall(short, number, 0).await.expect("asked");
            world.answer_recall(&recall.name, recall.quantity).await.expect("given back");
        }
    }
    for order in orders.iter().filter(|order| order.state() == OrderState::Open) {
        let request = CancelOrderLinesRequest {
            request_id: request_id(),
            name: order.name.clone(),
            lines: Vec::new(),
            context: because("closed"),
        };
        // What was recalled to be cancelled may have ended the order already.
        drop(world.allocation.orders.clone().cancel_order_lines(request).await);
    }
    come_to_rest(world).await;
    world.books_balance().await;
    for order in all_orders(world).await {
        let left = order.lines.iter().map(|line| line.open + line.reserved + line.released).sum::<i64>();
        assert!(left == 0 && order.state() != OrderState::Open, "{}: {left} units, {:?}", order.name, order.state());
    }
    for item in ITEMS {
        for location in LOCATIONS {
            let position = world.position(item, location).await;
            assert_eq!((position.reserved, position.released, position.held), (0, 0, 0), "{item} at {location}");
        }
    }
}
