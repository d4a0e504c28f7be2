//! What groups of customers may take of scarce goods, and what is kept for them.

use backorder_proto::inventory::v1::{
    ItemGroups, LocationProtections, ProtectionGroup, PutItemGroupsRequest, QuotaGroup, QuotaPeriod, QuotaPlan,
};

use crate::world::{World, because, date, request_id};

pub async fn a_tier_takes_its_quota_and_the_rest_of_the_stock_is_for_others(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 10).await;
    world.quota("mug", "GOLD", 4).await;

    let gold = world.draft("gold").tier("GOLD").line("mug", 6).place().await.expect("placed");
    assert_eq!((gold.lines[0].reserved, gold.lines[0].open), (4, 2), "its quota");
    let standard = world.draft("standard").tier("STD").line("mug", 5).place().await.expect("placed");
    assert_eq!((standard.lines[0].reserved, standard.lines[0].open), (5, 0), "what is free is not put aside for gold");
    let late = world.draft("late").tier("GOLD").line("mug", 3).place().await.expect("placed");
    assert_eq!((late.lines[0].reserved, late.lines[0].open), (0, 3));

    world.cancel("gold", 1, 6).await.expect("cancelled");
    world.idle().await;
    assert_eq!(world.line("late", 1).await.reserved, 3, "what was given back is theirs");
    assert_eq!(world.position("mug", "main").await.available, 2);
    world.books_balance().await;
}

pub async fn who_may_take_nothing_more_keeps_nobody_behind_him_from_units_that_arrive(world: &World) {
    world.mug_at_main().await;
    world.quota("mug", "GOLD", 2).await;
    for order in ["first", "second"] {
        world.draft(order).tier("GOLD").line("mug", 5).place().await.expect("placed");
    }
    world.draft("third").tier("STD").line("mug", 4).place().await.expect("placed");

    world.receive("mug", "main", 9).await;
    world.idle().await;
    let mut reserved = Vec::new();
    for order in ["first", "second", "third"] {
        reserved.push(world.line(order, 1).await.reserved);
    }
    assert_eq!(reserved, [2, 0, 4]);
    let position = world.position("mug", "main").await;
    assert_eq!((position.available, position.held), (3, 0), "free for whoever may take them");

    world.quota("mug", "GOLD", 4).await;
    world.idle().await;
    assert_eq!(world.line("first", 1).await.reserved, 4, "a quota that is raised serves who waits");
    world.amend("third", 1, 6).await.expect("raised");
    world.idle().await;
    assert_eq!(world.line("third", 1).await.reserved, 5);
    world.books_balance().await;
}

pub async fn what_is_kept_for_a_tier_is_there_when_it_comes(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 10).await;
    let kept = |tier: &str, priority, protected| ProtectionGroup {
        values: vec![tier.to_owned()],
        core: 1,
        priority,
        protected,
        consumed: 0,
    };
    let there = LocationProtections {
        location: world.location_name("main"),
        restricted_outside_own: true,
        groups: vec![kept("GOLD", 1, 8), kept("STD", 2, 5)],
    };
    world.groups("mug", ItemGroups { protections: vec![there], ..ItemGroups::default() }).await;

    let standard = world.draft("standard").tier("STD").line("mug", 5).place().await.expect("placed");
    assert_eq!((standard.lines[0].reserved, standard.lines[0].open), (2, 3));
    let gold = world.draft("gold").tier("GOLD").line("mug", 8).place().await.expect("placed");
    assert_eq!((gold.lines[0].reserved, gold.lines[0].open), (8, 0));
    world.cancel("gold", 1, 8).await.expect("cancelled");
    world.idle().await;
    assert_eq!(world.line("standard", 1).await.reserved, 2, "what gold gave back is kept for gold again");

    world.groups("mug", ItemGroups::default()).await;
    world.idle().await;
    assert_eq!(world.line("standard", 1).await.reserved, 5, "nothing is kept any more");
    world.books_balance().await;
}

impl World {
    /// Sets what a tier may take of an item from yesterday on, for a month.
    async fn quota(&self, item: &str, tier: &str, maximum: i64) {
        let period = QuotaPeriod {
            from_date: Some(date(self.day(-1))),
            until_date: Some(date(self.day(30))),
            maximum,
            consumed: 0,
        };
        let groups = vec![QuotaGroup { values: vec![tier.to_owned()], periods: vec![period] }];
        let plans = vec![QuotaPlan { groups, ..QuotaPlan::default() }];
        self.groups(item, ItemGroups { plans, ..ItemGroups::default() }).await;
    }

    /// Sets the groups of an item, told apart by tiers.
    async fn groups(&self, item: &str, groups: ItemGroups) {
        let groups = ItemGroups { item: self.item_name(item), levels: vec!["tier".to_owned()], ..groups };
        let request = PutItemGroupsRequest { request_id: request_id(), groups: Some(groups), context: because("plan") };
        self.inventory.groups.clone().put_item_groups(request).await.expect("the groups are set");
    }
}
