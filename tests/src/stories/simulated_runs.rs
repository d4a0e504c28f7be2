//! Allocation runs that are simulated: what they say, and that they leave everything as it is.

use backorder_proto::{
    allocation::v1::{
        CompareRunsRequest, ExtraSupply, GetOrderRequest, HoldType, Order, RunConstraint, RunLeftOutCause, RunResult,
        RunStrategy, RunTierSums, SupplyMoved, TierChanged, VerifyOrdersRequest, WhatIfChange, WhatIfEffect,
        WhatIfRequest, WhatIfResponse, what_if_change::Change,
    },
    inventory::v1::{VerifyBooksRequest, VerifyBooksResponse},
};

use crate::world::{World, date, reason, runs::by_tier};

const STRATEGIES: [(&str, RunStrategy); 6] = [
    ("WIN", RunStrategy::Win),
    ("GAIN", RunStrategy::Gain),
    ("FIRST", RunStrategy::Redistribute),
    ("SECOND", RunStrategy::Redistribute),
    ("FILL", RunStrategy::Fill),
    ("LOSE", RunStrategy::Lose),
];

async fn order(world: &World, name: &str, tier: &str, quantity: i64) {
    world.draft(name).tier(tier).line("mug", quantity).place().await.expect("placed");
}

/// A hundred mugs are reserved for four orders; two of them are raised, two more wait, and fifty mugs come in five days.
pub(super) async fn worked_example(world: &World, winner: i64) {
    world.mug_at_main().await;
    world.receive("mug", "main", 100).await;
    for (name, tier, quantity) in [("r1", "WIN", 20), ("r2", "GAIN", 30), ("r4", "SECOND", 40), ("r5", "FILL", 10)] {
        order(world, name, tier, quantity).await;
    }
    world.amend("r1", 1, winner).await.expect("raised");
    world.amend("r5", 1, 20).await.expect("raised");
    order(world, "r3", "FIRST", 50).await;
    order(world, "r6", "LOSE", 30).await;
    world.expect_supply("po", "mug", "main", 50, world.day(5)).await;
    world.idle().await;
}

pub async fn every_strategy_gets_what_its_rule_says(world: &World) {
    worked_example(world, 40).await;
    let run = world.simulate(Some(by_tier(&STRATEGIES))).await;
    let expected: [(&str, &[(i64, i64)]); 6] = [
        ("r1", &[(0, 40)]),
        ("r2", &[(0, 30)]),
        ("r3", &[(0, 30), (5, 20)]),
        ("r4", &[(5, 30)]),
        ("r5", &[]),
        ("r6", &[]),
    ];
    for (name, expected) in expected {
        assert_eq!(world.would_have(&run, name).await, expected, "{name}");
    }
    let progress = run.progress.clone().expect("progress");
    assert_eq!((progress.items_done, progress.lines, progress.exceptions), (1, 8, 0));
    let moved = world.run_line(&run, "r4").await;
    assert_eq!((moved.result(), moved.quantity_change, moved.days_change), (RunResult::Worsened, -10, Some(5)));
    assert_eq!(world.by_day(moved.before.clone()), [(0, 40)]);
    assert_eq!(moved.pegs.len(), 1);
    assert_eq!((moved.pegs[0].supply.clone(), moved.pegs[0].quantity), (world.supply_name("po"), 30));
    assert_eq!(world.run_line(&run, "r6").await.binding_constraint(), RunConstraint::Strategy);
    assert_eq!(world.run_line(&run, "r2").await.result(), RunResult::Unchanged);
}

pub async fn a_winner_that_cannot_win_is_told_and_its_item_left_as_it_is(world: &World) {
    worked_example(world, 110).await;
    let run = world.simulate(Some(by_tier(&STRATEGIES))).await;
    assert_eq!(run.exceptions.len(), 1, "{run:#?}");
    let exception = &run.exceptions[0];
    assert_eq!((exception.line.clone(), exception.strategy()), (world.line_name("r1", 1), RunStrategy::Win));
    assert_eq!((exception.missing, exception.binding_constraint()), (10, RunConstraint::Supply));
    let lines = world.run_lines(&run).await;
    assert!(lines.iter().all(|line| line.result() == RunResult::Discarded && line.before == line.after), "{lines:#?}");
    assert_eq!(world.would_have(&run, "r4").await, [(0, 40)]);
}

/// Everything that anybody can see of the story.
async fn all_that_is(world: &World) -> (VerifyBooksResponse, i64, Vec<Order>) {
    let books = world.inventory.operations.clone().verify_books(VerifyBooksRequest { digest: true }).await;
    let proof = world.allocation.operations.clone().verify_orders(VerifyOrdersRequest {}).await;
    let mut orders = Vec::new();
    for name in ["r1", "r2", "r3", "r4", "r5", "r6"] {
        let request = GetOrderRequest { name: world.order_name(name) };
        orders.push(world.allocation.orders.clone().get_order(request).await.expect("an order").into_inner());
    }
    let proof = proof.expect("proven").into_inner();
    assert!(proof.balanced);
    (books.expect("proven").into_inner(), proof.orders, orders)
}

pub async fn a_simulation_changes_nothing(world: &World) {
    worked_example(world, 40).await;
    let (books, orders_checked, orders) = all_that_is(world).await;
    assert!(!books.digest.is_empty());
    let run = world.simulate(Some(by_tier(&STRATEGIES))).await;
    assert!(run.progress.is_some_and(|progress| progress.lines_changed > 0));
    let late = Change::SupplyMoved(SupplyMoved { supply: world.supply_name("po"), days_late: 9 });
    world.what_if(vec![late]).await.expect("answered");
    world.idle().await;
    let (books_after, orders_checked_after, orders_after) = all_that_is(world).await;
    // Other stories may be told on this cluster, so that its books are its own only where it is alone.
    if world.clock.is_some() {
        assert_eq!((books_after.digest, orders_checked_after), (books.digest, orders_checked));
    }
    assert_eq!(orders_after, orders);
}

/// Ann, Bob and Cid wait for 6, 8 and 5 mugs; ten come in three days, ten in eight.
pub(super) async fn three_wait(world: &World) {
    world.mug_at_main().await;
    world.expect_supply("soon", "mug", "main", 10, world.day(3)).await;
    world.expect_supply("later", "mug", "main", 10, world.day(8)).await;
    for (name, quantity) in [("ann", 6), ("bob", 8), ("cid", 5)] {
        world.draft(name).customer(name).line("mug", quantity).place().await.expect("placed");
        world.moment();
    }
    world.idle().await;
}

/// What is foretold is what a simulation says after it has happened.
async fn came_true(world: &World, foretold: &WhatIfResponse, orders: &[&str]) {
    world.idle().await;
    let run = world.simulate(None).await;
    for order in orders {
        let line = world.run_line(&run, order).await;
        let told = foretold.lines.iter().find(|told| told.line == line.line);
        match told {
            Some(told) => assert_eq!(told.with, line.after, "{order}"),
            None => assert_eq!(line.result(), RunResult::Unchanged, "{order} was not told of"),
        }
    }
}

pub async fn what_if_a_supply_is_late_says_what_happens_when_it_is(world: &World) {
    three_wait(world).await;
    let late = Change::SupplyMoved(SupplyMoved { supply: world.supply_name("soon"), days_late: 9 });
    let foretold = world.what_if(vec![late]).await.expect("answered");
    assert_eq!(foretold.items, [world.item_name("mug")]);
    assert_eq!((foretold.lines_decided, foretold.units_lost), (3, 0));
    let ann = foretold.lines.iter().find(|line| line.line == world.line_name("ann", 1)).expect("she is told of");
    assert_eq!(ann.effect(), WhatIfEffect::PromiseBreaks);
    assert_eq!((world.by_day(ann.without.clone()), world.by_day(ann.with.clone())), (vec![(3, 6)], vec![(8, 6)]));
    assert_eq!((ann.days_change, ann.promised_date), (Some(5), Some(date(world.day(3)))));
    assert!(foretold.promises_broken >= 2 && foretold.lines_improved == 0, "{foretold:#?}");
    world.move_supply("soon", world.day(12)).await;
    came_true(world, &foretold, &["ann", "bob", "cid"]).await;
}

pub async fn what_if_an_order_is_cancelled_says_what_happens_when_it_is(world: &World) {
    three_wait(world).await;
    let foretold = world.what_if(vec![Change::OrderCancelled(world.order_name("ann"))]).await.expect("answered");
    let effects: Vec<_> = foretold.lines.iter().map(|line| (line.line.clone(), line.effect())).collect();
    assert!(effects.contains(&(world.line_name("ann", 1), WhatIfEffect::Cancelled)), "{effects:?}");
    assert!(effects.contains(&(world.line_name("bob", 1), WhatIfEffect::Improves)), "{effects:?}");
    world.cancel("ann", 1, 6).await.expect("cancelled");
    came_true(world, &foretold, &["bob", "cid"]).await;
    let unknown = world.what_if(vec![Change::OrderCancelled(world.order_name("nobody"))]).await.expect_err("none");
    assert_eq!(reason(&unknown), "ORDER_NOT_FOUND");
}

pub async fn what_if_more_comes_says_what_happens_when_it_does(world: &World) {
    three_wait(world).await;
    let more = ExtraSupply {
        item: world.item_name("mug"),
        location: world.location_name("main"),
        quantity: 9,
        expected_date: Some(date(world.day(4))),
    };
    let foretold = world.what_if(vec![Change::ExtraSupply(more)]).await.expect("answered");
    assert!(foretold.lines_improved >= 2 && foretold.lines_worsened == 0, "{foretold:#?}");
    world.expect_supply("more", "mug", "main", 9, world.day(4)).await;
    came_true(world, &foretold, &["ann", "bob", "cid"]).await;
}

pub async fn a_customer_of_a_higher_tier_would_be_served_before_others(world: &World) {
    three_wait(world).await;
    let customer = world.id("cid");
    let changed = Change::TierChanged(TierChanged { customer, tier: "GOLD".to_owned() });
    let rules = by_tier(&[("GOLD", RunStrategy::Gain)]);
    let changes = vec![WhatIfChange { change: Some(changed) }];
    let request = WhatIfRequest { changes, rules: Some(rules) };
    let answer = world.allocation.runs.clone().what_if(request).await.expect("answered").into_inner();
    let of = |order: &str| answer.lines.iter().find(|line| line.line == world.line_name(order, 1)).cloned();
    let cid = of("cid").expect("he is told of");
    assert_eq!((cid.effect(), world.by_day(cid.with)), (WhatIfEffect::Improves, vec![(3, 5)]));
    assert_eq!(of("ann").expect("she is told of").effect(), WhatIfEffect::PromiseBreaks);
}

pub async fn a_line_is_told_who_stands_before_it_and_what_would_help(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 5).await;
    for (name, quantity) in [("ann", 3), ("bob", 4), ("cid", 2)] {
        world.place(name, "mug", quantity).await;
        world.moment();
    }
    world.expect_supply("po", "mug", "main", 2, world.day(6)).await;
    world.idle().await;
    let run = world.simulate(None).await;
    let bob = world.run_line(&run, "bob").await;
    assert_eq!(bob.place, 2);
    assert_eq!(bob.binding_constraint(), RunConstraint::Supply);
    let competitors: Vec<_> = bob.competitors.iter().map(|other| (other.line.clone(), other.quantity)).collect();
    assert_eq!(competitors, [(world.line_name("ann", 1), 3)]);
    let fix = bob.fix.expect("a change would help");
    assert_eq!(fix.summary, format!("supply {} 6 days earlier", world.id("po")));
    let cid = world.run_line(&run, "cid").await;
    assert_eq!(cid.after, []);
    let nearest: Vec<_> = cid.competitors.iter().map(|other| other.line.clone()).collect();
    assert_eq!(nearest, [world.line_name("bob", 1), world.line_name("ann", 1)]);
    let fix = cid.fix.expect("a change would help");
    // Where, is the line's first location: in a world that stories share there are others than this one's.
    let told = (fix.summary.starts_with("2 more units at "), fix.summary.split_once(" by ").map(|(_, when)| when));
    assert_eq!(told, (true, Some(format!("{}, after 2 that lines before it lack", world.day(0)).as_str())));
    assert_eq!(world.run_line(&run, "ann").await.fix, None);
}

pub async fn two_runs_are_compared_by_line_and_by_tier(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 5).await;
    order(world, "ann", "STD", 5).await;
    world.moment();
    order(world, "bob", "GOLD", 5).await;
    world.idle().await;
    let now = world.simulate(None).await;
    let gold = by_tier(&[("GOLD", RunStrategy::Redistribute), ("STD", RunStrategy::Redistribute)]);
    let gold_first = world.simulate(Some(gold)).await;
    let compare = |page_size, page_token| {
        let (first, second) = (now.name.clone(), gold_first.name.clone());
        let request = CompareRunsRequest { first, second, page_size, page_token };
        async move { world.allocation.runs.clone().compare_runs(request).await.expect("compared").into_inner() }
    };
    let answer = compare(0, String::new()).await;
    let lines: Vec<_> = answer.differences.iter().map(|one| (one.line.clone(), one.quantity_change)).collect();
    assert_eq!(lines, [(world.line_name("ann", 1), -5), (world.line_name("bob", 1), 5)]);
    let on_time = |tier: usize| {
        let tier = &answer.tiers[tier];
        let of = |sums: Option<_>| sums.map_or(0, |sums: RunTierSums| sums.units_on_time);
        (tier.customer_tier.clone(), of(tier.first), of(tier.second))
    };
    assert_eq!([on_time(0), on_time(1)], [("GOLD".to_owned(), 0, 5), ("STD".to_owned(), 5, 0)]);
    let first_page = compare(1, String::new()).await;
    assert_eq!(first_page.differences, answer.differences[..1]);
    let second_page = compare(1, first_page.next_page_token).await;
    assert_eq!(second_page.differences, answer.differences[1..]);
}

pub async fn what_others_decide_about_keeps_what_it_has(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 9).await;
    order(world, "pinned", "STD", 4).await;
    order(world, "skipped", "SKIP", 3).await;
    order(world, "held", "STD", 4).await;
    order(world, "last", "GOLD", 6).await;
    world.pin("pinned", None).await.expect("pinned");
    world.hold(&world.order_name("held"), HoldType::Credit).await;
    world.idle().await;
    let rules = by_tier(&[("GOLD", RunStrategy::Redistribute), ("SKIP", RunStrategy::Skip)]);
    let run = world.simulate(Some(rules)).await;
    let left_out = run.progress.clone().expect("progress").left_out;
    let mut left_out: Vec<_> = left_out.iter().map(|left| (left.cause(), left.claims, left.units)).collect();
    left_out.sort();
    let expected = [(RunLeftOutCause::Skipped, 1, 3), (RunLeftOutCause::Pinned, 1, 4), (RunLeftOutCause::Barred, 1, 4)];
    assert_eq!(left_out, expected);
    assert_eq!(world.would_have(&run, "last").await, [], "what others keep nobody gets");
}
