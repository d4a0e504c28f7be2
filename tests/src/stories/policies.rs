//! The company's own rules about who may wait.

use backorder_proto::allocation::v1::{
    BackorderPolicy, CreateBackorderPolicyRequest, LostDemandReason, ResolvePolicyRequest, ShortageInstruction,
};

use crate::world::{World, request_id};

pub async fn a_policy_that_forbids_backorders_refuses_by_name(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 3).await;
    world.policy("never", |policy| policy.allowed = false).await;

    let answer = world.draft("ann").line("mug", 5).send().await.expect("placed");

    let line = &answer.order.expect("the order is answered").lines[0];
    assert_eq!((line.requested, line.ordered, line.reserved, line.open, line.refused), (5, 3, 3, 0, 2));
    let lost = answer.lost_demand.first().expect("the cut is recorded");
    assert_eq!((lost.quantity, lost.reason()), (2, LostDemandReason::PolicyNotAllowed));
    assert_eq!(lost.policy, format!("policies/{}", world.id("never")));
    world.books_balance().await;
}

pub async fn the_cap_of_waiting_units_cuts_the_rest(world: &World) {
    world.mug_at_main().await;
    world.policy("few", |policy| policy.waiting_limit = Some(7)).await;

    let ann = world.draft("ann").line("mug", 5).send().await.expect("placed");
    let bob = world.draft("bob").line("mug", 5).send().await.expect("placed");

    assert_eq!(ann.order.expect("the order is answered").lines[0].open, 5);
    assert_eq!(bob.order.expect("the order is answered").lines[0].open, 2);
    let lost = bob.lost_demand.first().expect("the cut is recorded");
    assert_eq!((lost.quantity, lost.reason()), (3, LostDemandReason::PolicyCap));
    world.books_balance().await;
}

pub async fn the_most_specific_policy_decides(world: &World) {
    world.mug_at_main().await;
    let (item, category) = (world.item_name("mug"), world.id("category"));
    world
        .policy("category", |policy| {
            policy.item.clear();
            policy.category = category;
            policy.allowed = false;
        })
        .await;
    world.policy("item", |policy| policy.acceptable_wait_days = Some(10)).await;

    let request = ResolvePolicyRequest { item, ..Default::default() };
    let answer = world.allocation.policies.clone().resolve_policy(request).await.expect("resolved").into_inner();
    let names: Vec<String> = answer.policies.into_iter().map(|policy| policy.name).collect();
    assert_eq!(names, [format!("policies/{}", world.id("item")), format!("policies/{}", world.id("category"))]);

    let order = world.place("ann", "mug", 5).await;
    assert_eq!(order.lines[0].open, 5);
    assert_eq!(order.lines[0].wait_limit_date, Some(crate::world::date(world.day(10))));
}

pub async fn a_customer_who_does_not_want_to_wait_loses_nothing_but_the_rest(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 3).await;

    let draft = world.draft("ann").line("mug", 5).on_shortage(ShortageInstruction::NoBackOrder);
    let answer = draft.send().await.expect("placed");

    let line = &answer.order.expect("the order is answered").lines[0];
    assert_eq!((line.reserved, line.open, line.refused), (3, 0, 2));
    assert_eq!(answer.lost_demand[0].reason(), LostDemandReason::CustomerInstruction);
    world.books_balance().await;
}

impl World {
    /// Creates a policy for the story's mug that allows everything but what `change` makes of it.
    pub async fn policy(&self, policy: &str, change: impl FnOnce(&mut BackorderPolicy)) {
        let mut content = BackorderPolicy {
            name: format!("policies/{}", self.id(policy)),
            item: self.item_name("mug"),
            allowed: true,
            split_allowed: true,
            ..Default::default()
        };
        change(&mut content);
        let request = CreateBackorderPolicyRequest { request_id: request_id(), policy: Some(content), context: None };
        self.allocation.policies.clone().create_backorder_policy(request).await.expect("create a policy");
    }
}
