//! Lines that go together: a set takes stock when all of it can be covered, and locks nothing before.

use backorder_proto::allocation::v1::{
    ConfirmationSource, Order, OrderState, PromiseConstraint, ShortageInstruction as Wants,
};

use crate::world::{World, date, reason};

impl World {
    async fn shelf(&self, items: &[(&str, i64)]) {
        self.warehouse("main", 1).await;
        for (item, quantity) in items {
            self.item(item).await;
            if *quantity > 0 {
                self.receive(item, "main", *quantity).await;
            }
        }
    }

    /// An order of lines that ship complete.
    async fn complete(&self, order: &str, lines: &[(&str, i64)]) -> Order {
        let mut draft = self.draft(order);
        for (item, quantity) in lines {
            draft = draft.line(item, *quantity).on_shortage(Wants::ShipComplete);
        }
        let order = draft.place().await.expect("placed");
        self.idle().await;
        order
    }

    /// Open and reserved units of each line.
    async fn stand(&self, order: &str) -> Vec<(i64, i64)> {
        self.order(order).await.lines.iter().map(|line| (line.open, line.reserved)).collect()
    }
}

pub async fn a_set_that_is_not_all_there_locks_nothing_and_a_later_line_is_served(world: &World) {
    world.shelf(&[("mug", 2), ("lid", 0)]).await;

    let order = world.complete("ann", &[("mug", 2), ("lid", 1)]).await;

    let backordered: Vec<i64> = order.lines.iter().map(|line| line.backordered).collect();
    assert_eq!(backordered, [2, 1], "the mugs have to wait for the lid");
    assert_eq!(world.stand("ann").await, [(2, 0), (1, 0)]);
    let position = world.position("mug", "main").await;
    assert_eq!((position.available, position.held, position.reserved), (2, 0, 0));
    assert_eq!(world.place("bob", "mug", 2).await.lines[0].reserved, 2, "who can use them gets them");
    world.idle().await;
    world.books_balance().await;
}

pub async fn a_set_is_complete_when_its_last_line_arrives_and_ships_together(world: &World) {
    world.shelf(&[("mug", 2), ("lid", 0)]).await;
    world.complete("ann", &[("mug", 2), ("lid", 1)]).await;

    world.receive("lid", "main", 3).await;
    world.idle().await;

    assert_eq!(world.stand("ann").await, [(0, 2), (0, 1)]);
    assert_eq!(world.position("lid", "main").await.available, 2);
    let alone = world.ship("ann", 1, 2).await.expect_err("the lid goes with it");
    assert_eq!(reason(&alone), "SHIP_SET_INCOMPLETE");
    world.ship_lines("ann", &[1, 2]).await.expect("together");
    assert_eq!(world.order("ann").await.state(), OrderState::Completed);
    world.books_balance().await;
}

pub async fn of_two_sets_the_first_in_the_queue_gets_all_and_neither_half(world: &World) {
    world.shelf(&[("mug", 0), ("lid", 0)]).await;
    world.complete("ann", &[("mug", 1), ("lid", 1)]).await;
    world.complete("bob", &[("mug", 1), ("lid", 1)]).await;

    world.receive("mug", "main", 1).await;
    world.idle().await;
    assert_eq!((world.stand("ann").await, world.stand("bob").await), (vec![(1, 0); 2], vec![(1, 0); 2]));
    world.receive("lid", "main", 1).await;
    world.idle().await;
    assert_eq!((world.stand("ann").await, world.stand("bob").await), (vec![(0, 1); 2], vec![(1, 0); 2]));

    world.receive("lid", "main", 1).await;
    world.receive("mug", "main", 1).await;
    world.idle().await;
    assert_eq!(world.stand("bob").await, [(0, 1); 2]);
    world.books_balance().await;
}

pub async fn a_set_that_can_use_a_unit_is_served_before_a_line_behind_it(world: &World) {
    world.shelf(&[("mug", 1), ("lid", 0), ("jug", 0)]).await;
    world.complete("ann", &[("mug", 1), ("lid", 1)]).await;
    world.place("bob", "lid", 1).await;
    world.complete("cid", &[("lid", 1), ("jug", 1)]).await;

    world.receive("lid", "main", 1).await;
    world.idle().await;

    assert_eq!(world.stand("ann").await, [(0, 1); 2], "she came first, and can ship");
    assert_eq!(world.stand("bob").await, [(1, 0)]);
    world.receive("lid", "main", 1).await;
    world.idle().await;
    assert_eq!(world.stand("bob").await, [(0, 1)]);
    world.receive("lid", "main", 1).await;
    world.idle().await;
    assert_eq!(world.stand("cid").await, [(1, 0); 2], "without the jug she cannot use it");
    assert_eq!(world.position("lid", "main").await.available, 1);
    world.books_balance().await;
}

pub async fn a_part_that_is_cancelled_completes_the_set(world: &World) {
    world.shelf(&[("mug", 2), ("lid", 0)]).await;
    world.complete("ann", &[("mug", 2), ("lid", 1)]).await;

    world.cancel("ann", 2, 1).await.expect("she does without the lid");
    world.idle().await;

    assert_eq!(world.stand("ann").await, [(0, 2), (0, 0)]);
    world.ship("ann", 1, 0).await.expect("nothing is missing any more");
    assert_eq!(world.order("ann").await.state(), OrderState::Completed);
    world.books_balance().await;
}

pub async fn a_customer_who_agrees_to_less_frees_the_lines_from_each_other(world: &World) {
    world.shelf(&[("mug", 2), ("lid", 0), ("jug", 1)]).await;
    world.complete("ann", &[("mug", 2), ("lid", 1), ("jug", 1)]).await;

    world.consent("ann", &[2]).await.expect("the lid may follow");
    world.idle().await;

    assert_eq!(world.stand("ann").await, [(0, 2), (1, 0), (0, 1)]);
    let order = world.order("ann").await;
    assert_eq!(order.lines[1].ship_set_name, "", "it goes alone");
    world.ship_lines("ann", &[1, 3]).await.expect("what still goes together is there");
    world.receive("lid", "main", 1).await;
    world.idle().await;
    world.ship("ann", 2, 0).await.expect("the lid follows");
    assert_eq!(world.order("ann").await.state(), OrderState::Completed);
    world.books_balance().await;
}

pub async fn a_set_is_promised_on_the_day_of_its_latest_line(world: &World) {
    world.shelf(&[("mug", 2), ("lid", 0), ("jug", 0)]).await;
    world.expect_supply("lids", "lid", "main", 5, world.day(3)).await;
    world.expect_supply("jugs", "jug", "main", 5, world.day(6)).await;

    let order = world.complete("ann", &[("mug", 2), ("lid", 1), ("jug", 1)]).await;

    for line in &order.lines {
        let promised = line.current_promised_date.as_ref().and_then(|promised| promised.date);
        assert_eq!(promised, Some(date(world.day(6))), "{}", line.name);
        assert_eq!(line.confirmations.len(), 1);
    }
    assert_eq!(order.lines[0].confirmations[0].source(), ConfirmationSource::FreeStock);
    let explained = world.explain("ann", 1).await;
    assert_eq!(explained.binding_constraint(), PromiseConstraint::ShipSet);
    let set = explained.ship_set.expect("its set");
    assert_eq!(set.last_lines, [world.line_name("ann", 3)]);
    assert!(explained.summary.contains("line 3"), "{}", explained.summary);

    world.move_supply("jugs", world.day(2)).await;
    world.idle().await;
    let line = world.line("ann", 1).await;
    let expected = line.expected_ship_date.and_then(|expected| expected.date);
    assert_eq!(expected, Some(date(world.day(3))), "now the lid is the last");
    world.books_balance().await;
}

pub async fn a_set_that_loses_units_gives_the_others_back(world: &World) {
    world.shelf(&[("mug", 2), ("lid", 1)]).await;
    world.complete("ann", &[("mug", 2), ("lid", 1)]).await;
    assert_eq!(world.stand("ann").await, [(0, 2), (0, 1)]);
    world.place("bob", "mug", 2).await;

    world.count("lid", "main", 0).await;
    world.idle().await;

    assert_eq!(world.stand("ann").await, [(2, 0), (1, 0)]);
    assert_eq!(world.stand("bob").await, [(0, 2)], "they serve who can use them");
    world.receive("lid", "main", 1).await;
    world.receive("mug", "main", 2).await;
    world.idle().await;
    assert_eq!(world.stand("ann").await, [(0, 2), (0, 1)]);
    world.books_balance().await;
}

pub async fn an_order_that_ships_complete_names_what_is_missing(world: &World) {
    use tonic_types::StatusExt as _;
    world.shelf(&[("mug", 2), ("lid", 0)]).await;
    world.complete("ann", &[("mug", 2), ("lid", 1)]).await;

    let refused = world.ship("ann", 1, 1).await.expect_err("the lid is not there");
    let details = refused.get_details_error_info().expect("details");
    assert_eq!(details.reason, "SHIP_SET_INCOMPLETE");
    assert_eq!(details.metadata["line"], world.line_name("ann", 2));
    assert_eq!(details.metadata["waiting"], "1");
    let refused = world.release("ann", 1, 0).await.expect_err("no gate lets it through");
    assert_eq!(reason(&refused), "SHIP_SET_INCOMPLETE");

    world.receive("lid", "main", 1).await;
    world.idle().await;
    let part = world.ship_lines("ann", &[2]).await.expect_err("the mugs would stay behind");
    let details = part.get_details_error_info().expect("details");
    assert_eq!(details.metadata["staying_behind"], "2");
    world.ship_lines("ann", &[1, 2]).await.expect("whole");
    world.books_balance().await;
}

pub async fn an_item_that_ships_when_it_is_complete_waits_for_no_other_line(world: &World) {
    world.shelf(&[("mug", 3), ("lid", 2)]).await;
    let draft = world.draft("ann").line("mug", 5).on_shortage(Wants::ShipItemComplete);
    draft.line("lid", 2).on_shortage(Wants::ShipItemComplete).place().await.expect("placed");
    world.idle().await;

    assert_eq!(world.stand("ann").await, [(5, 0), (0, 2)]);
    world.ship("ann", 2, 0).await.expect("this item is complete");
    let part = world.ship("ann", 1, 3).await.expect_err("this one is not");
    assert_eq!(reason(&part), "SHIP_SET_INCOMPLETE");
    world.receive("mug", "main", 2).await;
    world.idle().await;
    world.ship("ann", 1, 0).await.expect("all five");
    world.books_balance().await;
}

pub async fn a_set_is_served_from_two_locations(world: &World) {
    world.warehouse("north", 1).await;
    world.warehouse("south", 2).await;
    world.item("mug").await;
    world.item("lid").await;
    world.receive("mug", "north", 2).await;
    let mut draft = world.draft("ann").line("mug", 2).line("lid", 1);
    for line in &mut draft.order().lines {
        line.ship_set = "gift".to_owned();
    }
    draft.place().await.expect("placed");
    world.idle().await;
    assert_eq!(world.stand("ann").await, [(2, 0), (1, 0)]);

    world.receive("lid", "south", 1).await;
    world.idle().await;

    assert_eq!(world.stand("ann").await, [(0, 2), (0, 1)]);
    world.release("ann", 1, 0).await.expect_err("the lid would stay behind");
    world.ship_lines("ann", &[1, 2]).await.expect("both locations send at once");
    assert_eq!(world.order("ann").await.state(), OrderState::Completed);
    world.books_balance().await;
}

pub async fn a_set_takes_what_is_there_when_the_rest_comes_soon(world: &World) {
    world.shelf(&[("mug", 2), ("lid", 0)]).await;
    world.policy("soon", |policy| policy.ship_set_days = 3).await;
    world.lid_policy(3).await;
    world.expect_supply("lids", "lid", "main", 1, world.day(2)).await;

    world.complete("ann", &[("mug", 2), ("lid", 1)]).await;

    assert_eq!(world.stand("ann").await, [(0, 2), (1, 0)], "kept for two days, by rule");
    assert_eq!(world.place("bob", "mug", 1).await.lines[0].reserved, 0);
    world.move_supply("lids", world.day(9)).await;
    world.idle().await;
    assert_eq!(world.stand("ann").await, [(2, 0), (1, 0)], "now it would be kept for nothing");
    assert_eq!(world.stand("bob").await, [(0, 1)]);
    world.books_balance().await;
}

pub async fn a_raise_that_is_not_there_makes_the_set_wait(world: &World) {
    world.shelf(&[("mug", 2), ("lid", 1)]).await;
    world.complete("ann", &[("mug", 2), ("lid", 1)]).await;

    world.amend("ann", 2, 2).await.expect("one lid more");
    world.idle().await;
    assert_eq!(world.stand("ann").await, [(2, 0), (2, 0)]);
    world.amend("ann", 2, 1).await.expect("one will do");
    world.idle().await;
    assert_eq!(world.stand("ann").await, [(0, 2), (0, 1)]);
    world.books_balance().await;
}

pub async fn a_quote_of_a_set_takes_all_or_nothing(world: &World) {
    world.shelf(&[("mug", 2), ("lid", 0)]).await;
    let draft = world.draft("ann").line("mug", 2).on_shortage(Wants::ShipComplete);
    let draft = draft.line("lid", 1).on_shortage(Wants::ShipComplete);
    let quoted = draft.quote(3_600).await.expect("quoted");
    assert_eq!((quoted.lines[0].reserved, quoted.lines[0].open), (0, 2));
    world.idle().await;
    world.receive("lid", "main", 1).await;
    world.idle().await;
    assert_eq!(world.stand("ann").await, [(2, 0), (1, 0)], "a quote of a set waits for its confirmation");

    let request = backorder_proto::allocation::v1::ConfirmQuoteRequest {
        request_id: crate::world::request_id(),
        name: world.order_name("ann"),
        context: None,
    };
    world.allocation.orders.clone().confirm_quote(request).await.expect("confirmed");
    world.idle().await;
    assert_eq!(world.stand("ann").await, [(0, 2), (0, 1)]);
    world.books_balance().await;
}

impl World {
    async fn lid_policy(&self, days: i32) {
        use backorder_proto::allocation::v1::{BackorderPolicy, CreateBackorderPolicyRequest};
        let policy = BackorderPolicy {
            name: format!("policies/{}", self.id("lids")),
            item: self.item_name("lid"),
            allowed: true,
            split_allowed: true,
            ship_set_days: days,
            ..Default::default()
        };
        let request_id = crate::world::request_id();
        let request = CreateBackorderPolicyRequest { request_id, policy: Some(policy), context: None };
        self.allocation.policies.clone().create_backorder_policy(request).await.expect("create a policy");
    }
}
