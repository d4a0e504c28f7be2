//! Kits: customers order one thing, the warehouse finds its components, and no half of it leaves.

use backorder_proto::{
    allocation::v1::{Order, OrderKit, OrderState},
    common::v1::Money,
};

use crate::world::{World, fields, money, reason};

/// Kits that are open, covered, shipped and cancelled.
pub fn stand(kit: &OrderKit) -> [i64; 4] {
    [kit.open, kit.covered, kit.shipped, kit.cancelled]
}

pub fn amount(price: Option<&Money>) -> i128 {
    price.map_or(0, |money| i128::from(money.units) * 1_000_000_000 + i128::from(money.nanos))
}

/// An order of sets at 10.00 each.
pub async fn sets(world: &World, order: &str, quantity: i64) -> Order {
    let mut draft = world.draft(order).line("set", quantity);
    draft.order().lines[0].unit_price = Some(money(10));
    let order = draft.place().await.expect("placed");
    world.idle().await;
    order
}

pub async fn a_kit_is_ordered_as_one_and_leaves_as_one(world: &World) {
    world.set_of_mugs_and_a_lid(4, 1).await;

    let order = sets(world, "ann", 2).await;

    let kit = order.kits.first().expect("what she ordered");
    assert_eq!((kit.name.as_str(), kit.item.as_str()), (&*world.line_name("ann", 1), &*world.item_name("set")));
    assert_eq!((kit.ordered, kit.ordered_unit_quantity, kit.backordered), (2, 2, 2));
    assert_eq!(kit.components, [world.line_name("ann", 2), world.line_name("ann", 3)]);
    let lines: Vec<_> = order.lines.iter().map(|line| (line.open, line.units_per_kit, &*line.ship_set_name)).collect();
    assert_eq!(lines, [(4, 2, "kit 1"), (2, 1, "kit 1")], "a lid is missing, so nothing is taken");
    assert_eq!(world.position("mug", "main").await.available, 4);
    assert_eq!(
        world.backorders("lid").await[0].line.as_ref().expect("a line").open,
        2,
        "what has to be bought is lids"
    );
    let explained = world.explain("ann", 3).await.summary;
    assert!(explained.contains(&world.item_name("set")), "{explained}");
    let whole = world.explain("ann", 1).await.line.expect("a component");
    assert_eq!(whole.kit, world.line_name("ann", 1), "of a kit the component that keeps it is explained");

    world.receive("lid", "main", 1).await;
    world.idle().await;

    assert_eq!(stand(&world.kit_of("ann").await), [0, 2, 0, 0]);
    let half = world.ship("ann", 2, 2).await.expect_err("a mug without its lid");
    assert_eq!(reason(&half), "SHIP_SET_INCOMPLETE");
    let one = world.ship("ann", 1, 1).await.expect_err("what goes together goes at once");
    assert_eq!(reason(&one), "SHIP_SET_INCOMPLETE");
    let shipped = world.ship("ann", 1, 0).await.expect("by the number that she knows");
    assert_eq!(shipped.iter().map(|line| line.shipped).collect::<Vec<_>>(), [4, 2]);
    assert_eq!(stand(&world.kit_of("ann").await), [0, 0, 2, 0]);
    assert_eq!(world.order("ann").await.state(), OrderState::Completed);
    world.books_balance().await;
}

pub async fn a_kit_is_cancelled_by_kits_and_paid_back_to_the_last_nano(world: &World) {
    world.set_of_mugs_and_a_lid(6, 3).await;
    let order = sets(world, "ann", 3).await;
    let shares: i128 = order.lines.iter().map(|line| amount(line.price_per_kit.as_ref())).sum();
    assert_eq!(shares, 10_000_000_000, "the parts are the price");

    let alone = world.cancel("ann", 3, 1).await.expect_err("a lid is no kit");
    assert_eq!(reason(&alone), "LINE_IN_KIT");
    assert!(alone.message().contains(&world.line_name("ann", 1)), "{}", alone.message());
    world.cancel("ann", 1, 1).await.expect("a kit of them");

    let kit = world.kit_of("ann").await;
    assert_eq!((kit.ordered, stand(&kit)), (3, [0, 2, 0, 1]));
    let lines: Vec<i64> = world.order("ann").await.lines.iter().map(|line| line.cancelled).collect();
    assert_eq!(lines, [2, 1]);
    let back = [world.refunds_of("ann", 2).await, world.refunds_of("ann", 3).await].concat();
    assert_eq!(back.iter().map(|refund| amount(refund.amount.as_ref())).sum::<i128>(), 10_000_000_000);
    world.cancel("ann", 1, 0).await.expect("all that is left");
    assert_eq!(world.order("ann").await.state(), OrderState::Cancelled);
    let back = [world.refunds_of("ann", 2).await, world.refunds_of("ann", 3).await].concat();
    assert_eq!(back.iter().map(|refund| amount(refund.amount.as_ref())).sum::<i128>(), 30_000_000_000);
    assert_eq!((world.position("mug", "main").await.available, world.position("lid", "main").await.available), (6, 3));
    world.books_balance().await;
}

pub async fn a_kit_is_amended_in_all_its_components(world: &World) {
    world.set_of_mugs_and_a_lid(4, 2).await;
    sets(world, "ann", 1).await;

    let alone = world.amend("ann", 2, 4).await.expect_err("mugs alone");
    assert_eq!(reason(&alone), "LINE_IN_KIT");
    world.amend("ann", 1, 2).await.expect("one more");
    world.idle().await;

    assert_eq!(stand(&world.kit_of("ann").await), [0, 2, 0, 0]);
    world.amend("ann", 1, 3).await.expect("one that is not there");
    world.idle().await;
    let kit = world.kit_of("ann").await;
    assert_eq!((kit.ordered, kit.open), (3, 3), "all of them go together");
    assert_eq!(world.position("mug", "main").await.available, 4, "and none of them locks anything");
    world.amend("ann", 1, 1).await.expect("only one");
    world.idle().await;
    assert_eq!(stand(&world.kit_of("ann").await), [0, 1, 0, 0]);
    let lines: Vec<i64> = world.order("ann").await.lines.iter().map(|line| line.ordered).collect();
    assert_eq!(lines, [2, 1]);
    world.books_balance().await;
}

pub async fn a_cap_cuts_whole_kits(world: &World) {
    world.set_of_mugs_and_a_lid(0, 0).await;
    let kit = world.item_name("set");
    world
        .policy("few", |policy| {
            policy.item = kit;
            policy.waiting_limit = Some(5);
        })
        .await;

    let whole = sets(world, "ann", 2).await;
    let cut = sets(world, "bob", 1).await;

    assert_eq!(stand(&whole.kits[0]), [2, 0, 0, 0]);
    let kit = &cut.kits[0];
    assert_eq!((kit.requested, kit.ordered, kit.refused), (1, 0, 1), "a lid alone would be of no use");
    assert_eq!(cut.lines.iter().map(|line| (line.ordered, line.refused)).collect::<Vec<_>>(), [(0, 2), (0, 1)]);
    assert_eq!(world.order("bob").await.state(), OrderState::Cancelled);
    world.books_balance().await;
}

pub async fn a_kit_counts_once_in_what_was_ordered(world: &World) {
    world.set_of_mugs_and_a_lid(4, 1).await;
    let before = world.ordered_in_all().await;

    let mut draft = world.draft("ann").line("set", 2).line("mug", 1);
    draft.order().lines[0].unit_price = Some(money(10));
    draft.place().await.expect("placed");
    world.idle().await;

    let after = world.ordered_in_all().await;
    assert_eq!((after.lines - before.lines, after.kits - before.kits), (2, 1), "a line of sets and one of mugs");
    assert_eq!((after.ordered - before.ordered, after.open - before.open), (3, 2), "two sets and a mug");
    assert_eq!((after.covered - before.covered, after.filled_at_once - before.filled_at_once), (1, 1));
    world.receive("lid", "main", 1).await;
    world.idle().await;
    world.receive("mug", "main", 1).await;
    world.idle().await;
    world.ship("ann", 1, 0).await.expect("the sets");
    let shipped = world.ordered_in_all().await;
    assert_eq!((shipped.shipped - before.shipped, shipped.open - before.open), (2, 0));
    world.books_balance().await;
}

pub async fn a_kit_has_no_stock_and_holds_no_kit(world: &World) {
    world.set_of_mugs_and_a_lid(1, 0).await;

    let nested = world.kit("gift", &[("set", 1)]).await.expect_err("a kit of a kit");
    assert_eq!(fields(&nested), ["item.components[0].item"]);
    let unknown = world.kit("gift", &[("bow", 1)]).await.expect_err("nobody knows a bow");
    assert_eq!(reason(&unknown), "ITEM_NOT_FOUND");
    let twice = world.kit("gift", &[("mug", 1), ("mug", 0)]).await.expect_err("twice, and none of it");
    assert_eq!(fields(&twice), ["item.components[1].item", "item.components[1].quantity"]);
    let receipt = world.try_receive("set", "main", 1).await.expect_err("a set has no place on a shelf");
    assert_eq!(reason(&receipt), "INVALID_REQUEST");
    world.item("jug").await;
    let inside = world.make_kit("lid", &[("jug", 1)]).await.expect_err("a lid is a component itself");
    assert_eq!(fields(&inside), ["item.components"]);
    world.receive("jug", "main", 1).await;
    let stocked = world.make_kit("jug", &[("lid", 1)]).await.expect_err("there is a jug");
    assert_eq!(fields(&stocked), ["item.components"]);
}

pub async fn a_quote_of_a_kit_takes_all_of_it_or_nothing(world: &World) {
    world.set_of_mugs_and_a_lid(4, 1).await;

    let none = world.draft("ann").line("set", 2).quote(600).await.expect("quoted");
    let one = world.draft("bob").line("set", 1).quote(600).await.expect("quoted");

    assert_eq!((none.kits[0].covered, one.kits[0].covered), (0, 1));
    world.confirm_quote("bob").await.expect("confirmed");
    world.idle().await;
    assert_eq!(stand(&world.kit_of("bob").await), [0, 1, 0, 0]);
    let again = world.draft("cid").line("set", 1).inquire().await.expect("answered");
    assert_eq!((again.kits[0].ordered, again.kits[0].open), (1, 1), "the lid is bob's");
    world.books_balance().await;
}

pub async fn a_kit_that_loses_a_part_gives_the_rest_back(world: &World) {
    world.set_of_mugs_and_a_lid(4, 2).await;
    sets(world, "ann", 2).await;
    assert_eq!(stand(&world.kit_of("ann").await), [0, 2, 0, 0]);

    world.count("lid", "main", 1).await;
    world.idle().await;

    assert_eq!(stand(&world.kit_of("ann").await), [2, 0, 0, 0], "two go together, and one lid is gone");
    let position = world.position("mug", "main").await;
    assert_eq!((position.available, position.reserved), (4, 0), "the mugs are anybody's");
    let short = world.consent("ann", &[2]).await.expect_err("mugs without lids are no set");
    assert_eq!(reason(&short), "LINE_IN_KIT");
    world.amend("ann", 1, 1).await.expect("she takes one");
    world.idle().await;
    assert_eq!(stand(&world.kit_of("ann").await), [0, 1, 0, 0]);
    world.books_balance().await;
}

pub async fn what_comes_back_of_a_kit_is_paid_back_by_its_part_of_the_price(world: &World) {
    world.set_of_mugs_and_a_lid(2, 1).await;
    let order = sets(world, "ann", 1).await;
    let mugs = amount(order.lines[0].price_per_kit.as_ref());
    world.ship("ann", 1, 0).await.expect("shipped");

    for _ in 0..2 {
        world.take_back("ann", 2, 1).await.expect("a mug");
    }

    let refunds = world.refunds_of("ann", 2).await;
    assert_eq!(refunds.len(), 2);
    assert_eq!(refunds.iter().map(|refund| amount(refund.amount.as_ref())).sum::<i128>(), mugs, "to the last nano");
    assert_eq!(world.kit_of("ann").await.shipped, 1, "it left whole");
    world.books_balance().await;
}
