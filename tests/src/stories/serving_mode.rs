//! Items that a planner serves: what arrives is held until it is committed, or until the hour of the day has come.

use backorder_proto::{
    allocation::v1::{
        CommitHeldRequest, CommitHeldResponse, HeldShare, ListServingModesRequest, ServingMode, ServingModeKind,
        SetServingModeRequest,
    },
    common::v1::TimeOfDay,
};
use backorder_testkit::eventually;
use jiff::{SignedDuration, tz::TimeZone};
use tonic::Status;

use crate::world::{World, ZONE, because, reason, request_id};

/// Ann and Bob wait for a mug that a planner serves; three of the nine that they want arrive.
async fn three_arrive(world: &World, run_time: Option<TimeOfDay>) {
    world.mug_at_main().await;
    world.serve_by_planner(run_time).await;
    world.expect_supply("po", "mug", "main", 9, world.day(5)).await;
    world.place("ann", "mug", 2).await;
    world.moment();
    world.place("bob", "mug", 7).await;
    world.idle().await;
    world.receive_supply("po", "mug", "main", 3).await;
}

async fn reserved(world: &World) -> (i64, i64) {
    (world.line("ann", 1).await.reserved, world.line("bob", 1).await.reserved)
}

async fn held(world: &World) -> i64 {
    world.position("mug", "main").await.held
}

/// An item that no planner serves.
pub async fn served_at_once(world: &World, item: &str) {
    let request = backorder_proto::inventory::v1::CreateItemRequest {
        request_id: request_id(),
        item: Some(backorder_proto::inventory::v1::Item {
            name: world.item_name(item),
            description: item.to_owned(),
            base_unit: "EA".to_owned(),
            pack_size: 1,
            category: world.id("other"),
            ..Default::default()
        }),
    };
    world.inventory.catalog.clone().create_item(request).await.expect("create an item");
}

/// The planner's run has had its time: another item, which is served at once, has been served since.
pub async fn others_are_served(world: &World) {
    served_at_once(world, "pot").await;
    world.place("eve", "pot", 1).await;
    world.receive("pot", "main", 1).await;
    eventually("what is served at once is served", || async { world.line("eve", 1).await.reserved == 1 }).await;
}

pub async fn what_arrives_is_held_until_the_planner_commits_it(world: &World) {
    three_arrive(world, None).await;
    others_are_served(world).await;
    assert_eq!((reserved(world).await, held(world).await), ((0, 0), 3), "nobody has got anything");
    let promised = world.line("ann", 1).await.current_promised_date;

    let preview = world.commit("mug", true).await.expect("who would get what");
    let share = |order: &str, quantity| HeldShare { line: world.line_name(order, 1), quantity, ..Default::default() };
    assert_eq!((preview.held, preview.left), (3, 0));
    assert_eq!(preview.shares, [share("ann", 2), share("bob", 1)]);
    assert_eq!((reserved(world).await, held(world).await), ((0, 0), 3), "a preview moves nothing");
    assert_eq!(world.line("ann", 1).await.current_promised_date, promised, "no promise moves before the run");
    world.place("late", "mug", 1).await;
    assert_eq!(world.line("late", 1).await.reserved, 0, "a new order does not overtake the queue");

    let committed = world.commit("mug", false).await.expect("committed");
    assert_eq!(committed, preview);
    eventually("what was held is shared", || async { reserved(world).await == (2, 1) }).await;
    world.books_balance().await;
    assert_eq!(world.commit("mug", false).await.expect("nothing is held"), CommitHeldResponse::default());
}

pub async fn what_is_held_is_shared_when_the_mode_becomes_automatic(world: &World) {
    three_arrive(world, None).await;
    others_are_served(world).await;
    assert_eq!(held(world).await, 3);
    let category = world.id("category");
    let modes = world.allocation.serving.clone().list_serving_modes(ListServingModesRequest {}).await;
    let modes = modes.expect("listed").into_inner().modes;
    assert!(modes.iter().any(|mode| mode.category == category && mode.kind() == ServingModeKind::ByPlanner));

    let time = Some(TimeOfDay { hours: 18, minutes: 0 });
    let wrong = world.serve(ServingModeKind::Automatic, time).await.expect_err("an hour is the planner's");
    assert_eq!(reason(&wrong), "INVALID_REQUEST");
    world.serve(ServingModeKind::Automatic, None).await.expect("served at once");

    eventually("what was held is shared", || async { reserved(world).await == (2, 1) }).await;
    world.receive_supply("po", "mug", "main", 6).await;
    eventually("and what arrives is", || async { reserved(world).await == (2, 7) }).await;
    world.books_balance().await;
}

pub async fn what_is_held_is_shared_when_the_hour_has_come(world: &World) {
    // An hour from now, to the minute, where the location is.
    let soon = TimeZone::get(ZONE).expect("a zone").to_datetime(world.now() + SignedDuration::from_hours(1));
    let run_time = TimeOfDay { hours: soon.hour().into(), minutes: soon.minute().into() };
    three_arrive(world, Some(run_time)).await;

    world.advance(SignedDuration::from_mins(55));
    others_are_served(world).await;
    assert_eq!((reserved(world).await, held(world).await), ((0, 0), 3), "the hour has not come");
    world.advance(SignedDuration::from_mins(6));
    eventually("the hour has come", || async { reserved(world).await == (2, 1) }).await;

    world.receive_supply("po", "mug", "main", 2).await;
    world.advance(SignedDuration::from_hours(22));
    eventually("what came after the hour is held", || async { held(world).await == 2 }).await;
    world.advance(SignedDuration::from_hours(2));
    eventually("until the next day's", || async { reserved(world).await == (2, 3) }).await;
    world.books_balance().await;
}

impl World {
    pub async fn serve_by_planner(&self, run_time: Option<TimeOfDay>) {
        self.serve(ServingModeKind::ByPlanner, run_time).await.expect("served by a planner");
    }

    async fn serve(&self, kind: ServingModeKind, run_time: Option<TimeOfDay>) -> Result<ServingMode, Status> {
        let mode = ServingMode { category: self.id("category"), kind: kind.into(), run_time };
        let request = SetServingModeRequest { request_id: request_id(), mode: Some(mode), context: because("scarce") };
        Ok(self.allocation.serving.clone().set_serving_mode(request).await?.into_inner())
    }

    pub async fn commit(&self, item: &str, validate_only: bool) -> Result<CommitHeldResponse, Status> {
        let request = CommitHeldRequest {
            request_id: request_id(),
            item: self.item_name(item),
            location: self.location_name("main"),
            validate_only,
            context: because("checked"),
        };
        Ok(self.allocation.serving.clone().commit_held(request).await?.into_inner())
    }
}

pub async fn a_ship_set_takes_nothing_that_the_planner_holds(world: &World) {
    world.mug_at_main().await;
    world.serve_by_planner(None).await;
    served_at_once(world, "saucer").await;
    let mut set = world.draft("ann").line("mug", 2).line("saucer", 1);
    set.order().lines.iter_mut().for_each(|line| line.ship_set = "tea".to_owned());
    set.place().await.expect("placed");
    world.idle().await;
    world.receive("mug", "main", 2).await;
    world.receive("saucer", "main", 1).await;
    others_are_served(world).await;
    eventually("nothing but the mugs is held", || async { world.position("saucer", "main").await.held == 0 }).await;

    assert_eq!((held(world).await, world.line("ann", 1).await.reserved), (2, 0), "the planner has not decided");
    assert_eq!(world.line("ann", 2).await.reserved, 0, "half a set locks nothing");
    world.commit("mug", false).await.expect("committed");
    eventually("the set has all of it", || async {
        (world.line("ann", 1).await.reserved, world.line("ann", 2).await.reserved) == (2, 1)
    })
    .await;
    world.books_balance().await;
}
