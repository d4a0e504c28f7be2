//! Who gets the last units.

use crate::world::World;

pub async fn only_one_of_two_checkouts_gets_the_last_unit(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 1).await;

    let (ann, bob) = (world.draft("ann").line("mug", 1), world.draft("bob").line("mug", 1));
    let (ann, bob) = tokio::join!(ann.place(), bob.place());

    let reserved: Vec<i64> = [ann, bob].into_iter().map(|order| order.expect("placed").lines[0].reserved).collect();
    assert_eq!(reserved.iter().sum::<i64>(), 1, "reserved: {reserved:?}");
    let position = world.position("mug", "main").await;
    assert_eq!((position.available, position.reserved, position.on_hand), (0, 1, 1));
    assert_eq!(world.backorders("mug").await.len(), 1);
    world.books_balance().await;
}

pub async fn an_inquiry_keeps_nothing(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 3).await;

    let answer = world.draft("ann").line("mug", 5).inquire().await.expect("inquired");

    assert_eq!((answer.lines[0].reserved, answer.lines[0].open), (3, 2));
    assert_eq!(world.position("mug", "main").await.available, 3);
    let placed = world.place("bob", "mug", 3).await;
    assert_eq!(placed.lines[0].reserved, 3, "the inquiry must not stand in the way of an order");
    world.books_balance().await;
}

pub async fn a_line_that_may_not_be_split_is_not_served_from_the_sum_of_locations(world: &World) {
    world.item("mug").await;
    world.warehouse("north", 1).await;
    world.warehouse("south", 2).await;
    world.receive("mug", "north", 6).await;
    world.receive("mug", "south", 7).await;
    world.policy("whole", |policy| policy.split_allowed = false).await;

    let order = world.draft("ann").line("mug", 10).from(&["north", "south"]).place().await.expect("placed");

    let line = &order.lines[0];
    assert_eq!((line.reserved, line.open), (7, 3), "the location with most gives what it has, the rest waits");
    assert_eq!(world.position("mug", "north").await.available, 6);
    assert_eq!(world.position("mug", "south").await.available, 0);
    let other = world.draft("bob").line("mug", 6).from(&["north"]).place().await.expect("placed");
    assert_eq!(other.lines[0].reserved, 6, "what an unsplit line cannot use is free for others");
    world.books_balance().await;
}

pub async fn a_line_that_may_be_split_takes_from_several_locations(world: &World) {
    world.item("mug").await;
    world.warehouse("north", 1).await;
    world.warehouse("south", 2).await;
    world.receive("mug", "north", 6).await;
    world.receive("mug", "south", 7).await;

    let order = world.draft("ann").line("mug", 10).from(&["north", "south"]).place().await.expect("placed");

    assert_eq!((order.lines[0].reserved, order.lines[0].open), (10, 0));
    assert_eq!(world.position("mug", "north").await.available, 0);
    assert_eq!(world.position("mug", "south").await.available, 3);
    world.books_balance().await;
}

pub async fn the_same_item_twice_in_one_order_is_counted_twice(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 5).await;

    let order = world.draft("ann").line("mug", 3).line("mug", 4).place().await.expect("placed");

    assert_eq!((order.lines[0].reserved, order.lines[0].open), (3, 0));
    assert_eq!((order.lines[1].reserved, order.lines[1].open), (2, 2));
    world.books_balance().await;
}
