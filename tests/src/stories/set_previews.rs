//! What is shown before a person decides is what then happens, also to ship sets: each takes all or locks nothing.

use std::collections::BTreeMap;

use backorder_proto::allocation::v1::{HeldShare, Override, OverrideState, SetLineShare, SetShare, SetShareOutcome};
use backorder_testkit::eventually;

use super::serving_mode::{others_are_served, served_at_once};
use crate::world::{World, date};

/// An order of lines that go together, by the name `tea`.
async fn set(world: &World, order: &str, lines: &[(&str, i64)]) {
    let mut draft = world.draft(order);
    for (item, quantity) in lines {
        draft = draft.line(item, *quantity);
    }
    draft.order().lines.iter_mut().for_each(|line| "tea".clone_into(&mut line.ship_set));
    draft.place().await.expect("placed");
    world.moment();
}

async fn reserved(world: &World, order: &str) -> Vec<i64> {
    world.order(order).await.lines.iter().map(|line| line.reserved).collect()
}

fn became(world: &World, order: &str, outcome: SetShareOutcome, lines: &[(u32, i64)]) -> SetShare {
    let line =
        |(line, units): &(u32, i64)| SetLineShare { line: world.line_name(order, *line), reserved_change: *units };
    SetShare {
        order: world.order_name(order),
        ship_set: "set tea".to_owned(),
        outcome: outcome.into(),
        lines: lines.iter().map(line).collect(),
    }
}

fn share(world: &World, order: &str, quantity: i64, ship_set: &str) -> HeldShare {
    HeldShare { line: world.line_name(order, 1), quantity, ship_set: ship_set.to_owned() }
}

/// Mugs that a planner serves; Ann waits for two with a saucer, of which there is one, Fay for one with a pot, of which there
/// is none, and Bob for as many as there are. Four mugs arrive.
async fn four_are_held(world: &World) {
    world.mug_at_main().await;
    world.serve_by_planner(None).await;
    served_at_once(world, "saucer").await;
    served_at_once(world, "jug").await;
    set(world, "ann", &[("mug", 2), ("saucer", 1)]).await;
    set(world, "fay", &[("mug", 1), ("jug", 1)]).await;
    world.place("bob", "mug", 1).await;
    world.idle().await;
    world.receive("saucer", "main", 1).await;
    world.receive("mug", "main", 4).await;
    others_are_served(world).await;
    eventually("nothing but the mugs is held", || async { world.position("saucer", "main").await.held == 0 }).await;
    assert_eq!(world.position("mug", "main").await.held, 4);
}

pub async fn what_a_planner_commits_is_shown_with_what_ship_sets_make_of_it(world: &World) {
    four_are_held(world).await;

    let shown = world.commit("mug", true).await.expect("who would get what");

    assert_eq!((shown.held, shown.left), (4, 1));
    assert_eq!(shown.shares, [share(world, "ann", 2, "set tea"), share(world, "bob", 1, "")]);
    let complete = became(world, "ann", SetShareOutcome::Complete, &[(1, 2), (2, 1)]);
    assert_eq!(shown.sets, [complete, became(world, "fay", SetShareOutcome::Incomplete, &[])]);
    assert_eq!((reserved(world, "ann").await, reserved(world, "bob").await), (vec![0, 0], vec![0]), "nothing is kept");

    assert_eq!(world.commit("mug", false).await.expect("committed"), shown);
    eventually("what was held is shared", || async { world.position("mug", "main").await.held == 0 }).await;
    world.idle().await;
    assert_eq!((reserved(world, "ann").await, reserved(world, "fay").await), (vec![2, 1], vec![0, 0]));
    assert_eq!((reserved(world, "bob").await, world.position("mug", "main").await.available), (vec![1], 1));
    world.books_balance().await;
}

pub async fn units_put_aside_that_a_ship_set_needs_are_shown_as_its_loss(world: &World) {
    four_are_held(world).await;
    world.place("cid", "mug", 3).await;

    let wanted = world.assignment("cid", 3, &[]);
    let shown = world.preview(&wanted).await.expect("shown");

    let lost: Vec<_> = shown.effects.iter().map(|effect| (&*effect.line, effect.put_aside_lost)).collect();
    let (cid, mugs, saucer) = (world.line_name("cid", 1), world.line_name("ann", 1), world.line_name("ann", 2));
    assert_eq!(lost, [(&*cid, 0), (&*mugs, 2), (&*saucer, 1)], "the saucer alone is of no use; bob loses nothing");
    world.commit_as_shown(&wanted, &shown).await.expect("done");
    assert_eq!(reserved(world, "cid").await, [3]);
    let rest = world.commit("mug", true).await.expect("who would get what");
    assert_eq!((rest.held, &rest.shares[..]), (1, &[share(world, "bob", 1, "")][..]));
    let sets = ["ann", "fay"].map(|order| became(world, order, SetShareOutcome::Incomplete, &[]));
    assert_eq!(rest.sets, sets);
    assert_eq!(world.commit("mug", false).await.expect("committed"), rest);
    eventually("what was held is shared", || async { world.position("mug", "main").await.held == 0 }).await;
    world.idle().await;
    assert_eq!((reserved(world, "ann").await, reserved(world, "bob").await), (vec![0, 0], vec![1]));
    world.books_balance().await;
}

/// What lines have reserved now.
async fn stand(world: &World, orders: &[&str]) -> BTreeMap<String, i64> {
    let mut stand = BTreeMap::new();
    for order in orders {
        for line in world.order(order).await.lines {
            stand.insert(line.name, line.reserved);
        }
    }
    stand
}

fn changes(shown: &Override) -> BTreeMap<String, i64> {
    shown.effects.iter().map(|effect| (effect.line.clone(), effect.reserved_change)).collect()
}

pub async fn what_an_assignment_does_to_the_ship_sets_of_others_is_shown(world: &World) {
    world.warehouse("main", 1).await;
    for item in ["mug", "lid"] {
        world.item(item).await;
        let name = world.item_name(item);
        let soon = |policy: &mut backorder_proto::allocation::v1::BackorderPolicy| {
            policy.item = name;
            policy.ship_set_days = 3;
        };
        world.policy(item, soon).await;
    }
    world.receive("lid", "main", 1).await;
    world.receive("mug", "main", 2).await;
    world.expect_supply("lids", "lid", "main", 1, world.day(2)).await;
    world.expect_supply("mugs", "mug", "main", 9, world.day(5)).await;
    let orders = ["bob", "ann", "cid", "dan"];
    world.place("bob", "lid", 1).await;
    world.moment();
    set(world, "ann", &[("mug", 2), ("lid", 1)]).await;
    world.place("cid", "lid", 1).await;
    world.moment();
    world.place("dan", "mug", 2).await;
    world.idle().await;
    let before = stand(world, &orders).await;
    assert_eq!(before[&world.line_name("ann", 1)], 2, "a lid comes within her days, so she keeps the mugs");

    let wanted = world.assignment("cid", 1, &[("bob", 1)]);
    let shown = world.preview(&wanted).await.expect("shown");

    let of = |order: &str| world.line_name(order, 1);
    let lid_of_ann = world.line_name("ann", 2);
    let expected = [(of("cid"), 1), (of("bob"), -1), (of("ann"), -2), (of("dan"), 2), (lid_of_ann.clone(), 0)];
    assert_eq!(changes(&shown), BTreeMap::from(expected), "bob takes the lid that comes; without it she keeps no mugs");
    let lid = shown.effects.iter().find(|effect| effect.line == lid_of_ann).expect("her lid");
    assert_eq!((lid.expected_before, lid.expected_after), (Some(date(world.day(2))), None));
    let mugs = shown.effects.iter().find(|effect| effect.line == of("ann")).expect("her mugs");
    assert_eq!(mugs.expected_after, None, "mugs come, but no day is known for the lid");

    let asked = world.commit_as_shown(&wanted, &shown).await.expect("kept");
    assert_eq!(asked.state(), OverrideState::PendingApproval, "bob has a promised day");
    world.decide(&asked.name, true, "lea").await.expect("approved");
    world.idle().await;
    let after = stand(world, &orders).await;
    let done = after.iter().map(|(line, reserved)| (line.clone(), reserved - before[line]));
    assert_eq!(done.collect::<BTreeMap<_, _>>(), changes(&shown), "as it was shown");
    let days = world.order("ann").await.lines.into_iter().map(|line| line.expected_ship_date);
    assert_eq!(days.collect::<Vec<_>>(), [None, None]);
    world.books_balance().await;
}
