//! Every story with inventory and allocation as two processes on PostgreSQL with NATS JetStream between them, and with
//! processes killed on the way.

use std::pin::Pin;

use backorder_testkit::counts;
use backorder_tests::{cluster::processes::Processes, every_story, stories, world::World};

/// A story with its name. Each future is made in a frame of its own: one frame with all of them is more than the stack of
/// a thread.
type Story = (&'static str, for<'a> fn(&'a World) -> Pin<Box<dyn Future<Output = ()> + 'a>>);

macro_rules! stories_told {
    ($($module:ident :: $story:ident),+ $(,)?) => {
        const STORIES: &[Story] =
            &[$((stringify!($story), |world| Box::pin(stories::$module::$story(world)))),+];
    };
}

every_story!(stories_told);

/// Tells every story on one cluster; between stories, now one and now the other service is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_story_holds_while_services_are_killed_between_them() {
    let mut cluster = Processes::start().await;
    for (told, (name, story)) in (1..).zip(STORIES) {
        println!("{name}");
        story(&cluster.world(name)).await;
        kill_one(&mut cluster, told).await;
    }
    cluster.world("the-end").books_balance().await;
    cluster.stop().await;
}

async fn kill_one(cluster: &mut Processes, told: u32) {
    if !told.is_multiple_of(5) {
        return;
    }
    let service = if told.is_multiple_of(2) { &mut cluster.inventory } else { &mut cluster.allocation };
    service.kill();
    service.start().await;
    cluster.answers().await;
}

/// Orders and receipts stream in while inventory, allocation and the broker are killed in turn. What was acknowledged is
/// there, once; everything is served in the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_when_processes_are_killed() {
    let mut cluster = Processes::start().await;
    let world = cluster.world("killed");
    world.mug_at_main().await;
    let kills = counts::cases("process_kills");
    let mut acknowledged = Vec::new();
    for kill in 0..kills {
        let orders = (0..20).map(|order| format!("order-{kill}-{order}")).collect::<Vec<_>>();
        let placing = tokio::spawn(place_all(world.clone(), orders));
        match kill % 3 {
            0 => {
                cluster.inventory.kill();
                cluster.inventory.start().await;
            }
            1 => {
                cluster.allocation.kill();
                cluster.allocation.start().await;
            }
            _ => {
                cluster.nats.kill();
                cluster.nats.restart().expect("NATS starts again");
            }
        }
        acknowledged.extend(placing.await.expect("placing ended"));
        world.receive("mug", "main", 20).await;
    }
    cluster.answers().await;
    world.books_balance().await;
    let mut reserved = 0;
    for order in &acknowledged {
        let line = world.line(order, 1).await;
        assert_eq!(line.ordered, 1, "{order}");
        reserved += line.reserved;
    }
    assert_eq!(acknowledged.len(), usize::try_from(kills * 20).unwrap(), "every order was placed in the end");
    assert_eq!(reserved, i64::from(kills) * 20, "every order is served in the end");
    let position = world.position("mug", "main").await;
    assert_eq!((position.on_hand, position.available, position.held), (reserved, 0, 0));
    cluster.stop().await;
}

/// Places the orders one after the other, each again with the same request id until it is acknowledged.
async fn place_all(world: World, orders: Vec<String>) -> Vec<String> {
    for order in &orders {
        let draft = world.draft(order).line("mug", 1);
        backorder_testkit::eventually("the order is acknowledged", || async { draft.send().await.is_ok() }).await;
    }
    orders
}
