//! A queue that is longer than what a run asks for and applies at once: it is served chunk by chunk, as if it were short.

use backorder_proto::allocation::v1::{OrderLine, ShortageInstruction as Wants};

use crate::world::World;

/// Lines of a large order. A run applies as many at once.
const LARGE: usize = 1_000;
/// Lines of one that ends a queue.
const SMALL: usize = 100;

impl World {
    /// An order of so many lines, one mug each, none of which is there.
    async fn wait_for_mugs(&self, order: &str, lines: usize) {
        let draft = (0..lines).fold(self.draft(order), |draft, _| draft.line("mug", 1));
        let placed = draft.place().await.expect("placed");
        assert!(placed.lines.iter().all(|line| (line.open, line.reserved) == (1, 0)), "{order} waits");
    }

    /// A queue of three chunks: a set that can be covered waits behind the first one, a set that lacks something before it.
    pub async fn long_queue(&self) {
        self.mug_at_main().await;
        self.item("cup").await;
        self.item("lid").await;
        self.receive("cup", "main", 500).await;
        for (order, lacking) in [("first", "lid"), ("second", "cup")] {
            if order == "second" {
                self.wait_for_mugs("early", LARGE).await;
            }
            let set = self.draft(order).line("mug", 1).on_shortage(Wants::ShipComplete);
            set.line(lacking, 1).on_shortage(Wants::ShipComplete).place().await.expect("placed");
        }
        self.wait_for_mugs("middle", LARGE).await;
        self.wait_for_mugs("late", SMALL).await;
        self.wait_for_mugs("last", SMALL).await;
        self.idle().await;
    }

    /// All but the last order are served, and nobody twice.
    pub async fn long_queue_was_served_in_its_order(&self) {
        self.idle().await;
        let open = |lines: &[OrderLine]| lines.iter().map(|line| (line.open, line.reserved)).collect::<Vec<_>>();
        assert_eq!(open(&self.order("first").await.lines), [(1, 0), (1, 0)], "the lid is missing");
        assert_eq!(open(&self.order("early").await.lines), [(0, 1); LARGE]);
        assert_eq!(open(&self.order("second").await.lines), [(0, 1), (0, 1)], "the set is covered at its place");
        assert_eq!(open(&self.order("middle").await.lines), [(0, 1); LARGE]);
        assert_eq!(open(&self.order("late").await.lines), [(0, 1); SMALL]);
        assert_eq!(open(&self.order("last").await.lines), [(1, 0); SMALL], "who came last waits on");
        let mugs = self.position("mug", "main").await;
        assert_eq!((mugs.available, mugs.held, mugs.reserved), (0, 0, self.mugs_of_long_queue()));
        self.books_balance().await;
    }

    /// What is received for it: nothing for the last order.
    pub fn mugs_of_long_queue(&self) -> i64 {
        i64::try_from(LARGE + 1 + LARGE + SMALL).unwrap_or_default()
    }
}

pub async fn a_long_queue_is_served_in_its_order_while_others_are_reserved(world: &World) {
    world.long_queue().await;

    world.receive("mug", "main", world.mugs_of_long_queue()).await;
    let mut cups = 0;
    while cups == 0 || !world.is_idle().await {
        let order = world.place(&format!("cup-{cups}"), "cup", 1).await;
        assert_eq!(order.lines[0].reserved, 1, "cups are there, whoever waits for mugs");
        cups += 1;
    }

    world.long_queue_was_served_in_its_order().await;
    assert_eq!(world.position("cup", "main").await.reserved, 1 + cups);
}
