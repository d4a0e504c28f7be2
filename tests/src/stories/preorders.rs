//! Items that are not released yet: they may be ordered, and nobody is told a day before their release.

use backorder_proto::{allocation::v1::DateStepKind, inventory::v1::ItemRelease};
use jiff::{SignedDuration, civil};

use crate::world::{World, date, reason};

fn release(day: civil::Date, channel: &str) -> ItemRelease {
    ItemRelease { release_date: Some(date(day)), channel: channel.to_owned(), destination_zone: String::new() }
}

async fn promised(world: &World, order: &str) -> Option<backorder_proto::common::v1::Date> {
    world.line(order, 1).await.current_promised_date.and_then(|promised| promised.date)
}

pub async fn an_item_that_is_not_released_is_preordered_and_no_backorder(world: &World) {
    world.mug_at_main().await;
    world.releases("mug", vec![release(world.day(10), "")]).await;
    world.receive("mug", "main", 2).await;
    world.expect_supply("po", "mug", "main", 10, world.day(3)).await;

    let order = world.place("ann", "mug", 5).await;

    let line = &order.lines[0];
    assert_eq!((line.reserved, line.open, line.preorder), (2, 3, 3));
    assert_eq!((line.backordered, line.future), (0, 0));
    assert_eq!(line.release_date, Some(date(world.day(10))));
    assert!(line.confirmations.iter().all(|part| part.ship_date == Some(date(world.day(10)))));
    let steps = world.explain("ann", 1).await.date_steps;
    assert_eq!(steps.iter().map(|step| step.kind()).collect::<Vec<_>>(), [DateStepKind::ReleaseDate]);
    world.books_balance().await;
}

pub async fn each_channel_has_its_own_release(world: &World) {
    world.mug_at_main().await;
    world.releases("mug", vec![release(world.day(10), ""), release(world.day(5), "web")]).await;
    world.expect_supply("po", "mug", "main", 10, world.day(3)).await;

    world.place("shop", "mug", 2).await;
    world.draft("web").channel("web").line("mug", 2).place().await.expect("place an order");

    assert_eq!(promised(world, "shop").await, Some(date(world.day(10))));
    assert_eq!(promised(world, "web").await, Some(date(world.day(5))));
}

pub async fn a_release_that_is_put_off_moves_the_promises_of_who_waits(world: &World) {
    world.mug_at_main().await;
    world.releases("mug", vec![release(world.day(10), "")]).await;
    world.receive("mug", "main", 1).await;
    world.expect_supply("po", "mug", "main", 10, world.day(3)).await;
    world.place("ann", "mug", 5).await;

    world.releases("mug", vec![release(world.day(12), "")]).await;
    assert_eq!(promised(world, "ann").await, Some(date(world.day(12))));
    let line = world.line("ann", 1).await;
    assert!(line.confirmations.iter().all(|part| part.ship_date == Some(date(world.day(12)))), "{line:?}");
    let history = world.explain("ann", 1).await.history;
    assert!(history.last().is_some_and(|revision| revision.cause.contains("release date")), "{history:?}");

    world.releases("mug", Vec::new()).await;
    let line = world.line("ann", 1).await;
    assert_eq!((line.preorder, line.release_date), (0, None));
    assert_eq!(promised(world, "ann").await, Some(date(world.day(3))));
    world.books_balance().await;
}

pub async fn what_is_not_released_stays_here(world: &World) {
    world.mug_at_main().await;
    world.releases("mug", vec![release(world.day(10), "")]).await;
    world.receive("mug", "main", 5).await;
    world.place("ann", "mug", 5).await;

    let refused = world.ship("ann", 1, 0).await.expect_err("not before its day");
    assert_eq!(reason(&refused), "ITEM_NOT_RELEASED");
    assert!(refused.message().contains(&world.day(10).to_string()), "{}", refused.message());
    assert_eq!(
        reason(&world.release("ann", 1, 2).await.expect_err("not to the warehouse either")),
        "ITEM_NOT_RELEASED"
    );
    let line = world.line("ann", 1).await;
    assert_eq!((line.reserved, line.released, line.shipped), (5, 0, 0));
    world.releases("mug", Vec::new()).await;
    world.ship("ann", 1, 0).await.expect("the item was released at once");
    world.books_balance().await;
}

pub async fn on_its_day_an_item_is_released(world: &World) {
    world.mug_at_main().await;
    world.releases("mug", vec![release(world.day(2), "")]).await;
    world.expect_supply("po", "mug", "main", 10, world.day(4)).await;
    world.place("ann", "mug", 5).await;
    assert_eq!(world.line("ann", 1).await.preorder, 5);

    world.advance(SignedDuration::from_hours(48));

    backorder_testkit::eventually("it is no preorder any more", || async { world.line("ann", 1).await.preorder == 0 })
        .await;
    assert_eq!(world.explain("ann", 1).await.history.len(), 1, "its day is the same");
    world.receive("mug", "main", 5).await;
    world.idle().await;
    world.ship("ann", 1, 0).await.expect("from its day on it leaves");
}
