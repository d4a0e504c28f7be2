//! Kits that customers send back: whole, with a part that is broken, or to have the same again.

use backorder_proto::allocation::v1::{Disposition, OrderState, ReturnedComponent, ReturnedLine};

use super::kits::{amount, sets, stand};
use crate::world::{World, fields, reason};

pub async fn a_kit_comes_back_whole_and_is_paid_back_once(world: &World) {
    world.set_of_mugs_and_a_lid(4, 2).await;
    sets(world, "ann", 2).await;
    world.ship("ann", 1, 0).await.expect("shipped");
    let broken = |line: u32, quantity: i64| ReturnedComponent {
        name: world.line_name("ann", line),
        quantity,
        disposition: Disposition::Scrap.into(),
        ..Default::default()
    };

    let too_many = world.take_back_as("ann", 1, 1, |kit| kit.components = vec![broken(2, 3)]).await;
    assert_eq!(fields(&too_many.expect_err("a set has two mugs")), ["lines[0].components[0].quantity"]);
    let foreign = world.take_back_as("ann", 1, 1, |kit| kit.components = vec![broken(1, 0)]).await;
    assert_eq!(fields(&foreign.expect_err("a set is no component of itself")), ["lines[0].components[0].name"]);
    let no_kit = world.take_back_as("ann", 2, 1, |mug| mug.components = vec![broken(2, 1)]).await;
    assert_eq!(fields(&no_kit.expect_err("a mug has no components")), ["lines[0].components"]);
    let of_batch = world.take_back_as("ann", 1, 1, |kit| "B1".clone_into(&mut kit.batch)).await;
    assert_eq!(fields(&of_batch.expect_err("a batch of mugs, or of lids?")), ["lines[0].batch"]);
    let of_owner = world.take_back_as("ann", 1, 1, |kit| "maker".clone_into(&mut kit.owner)).await;
    assert_eq!(fields(&of_owner.expect_err("whose mugs?")), ["lines[0].owner"]);
    let answer = world.take_back_as("ann", 1, 1, |kit| kit.components = vec![broken(2, 1)]).await;

    let lines = answer.expect("a set with a broken mug").lines;
    assert_eq!(lines.iter().map(|line| line.returned).collect::<Vec<_>>(), [2, 1]);
    let kit = world.kit_of("ann").await;
    assert_eq!((kit.shipped, kit.returned), (2, 1));
    let (mugs, lids) = (world.position("mug", "main").await, world.position("lid", "main").await);
    assert_eq!((mugs.available, mugs.damaged, lids.available), (1, 1, 1));
    let refunds = [world.refunds_of("ann", 2).await, world.refunds_of("ann", 3).await].concat();
    assert_eq!(refunds.iter().map(|refund| refund.quantity).collect::<Vec<_>>(), [2, 1], "one for each component");
    assert_eq!(refunds.iter().map(|refund| amount(refund.amount.as_ref())).sum::<i128>(), 10_000_000_000);
    let more = world.take_back("ann", 1, 2).await.expect_err("only one is left with her");
    assert_eq!(reason(&more), "LINE_QUANTITY_CONFLICT");
    world.take_back("ann", 1, 1).await.expect("the other one");
    let refunds = [world.refunds_of("ann", 2).await, world.refunds_of("ann", 3).await].concat();
    assert_eq!(refunds.iter().map(|refund| amount(refund.amount.as_ref())).sum::<i128>(), 20_000_000_000);
    assert_eq!(world.kit_of("ann").await.returned, 2);
    world.books_balance().await;
}

pub async fn a_kit_is_replaced_by_a_kit(world: &World) {
    world.set_of_mugs_and_a_lid(4, 2).await;
    let order = sets(world, "ann", 1).await;
    world.ship("ann", 1, 0).await.expect("shipped");
    let again = |kit: &mut ReturnedLine| {
        kit.replace = true;
        kit.disposition = Disposition::Scrap.into();
    };

    let answer = world.take_back_as("ann", 1, 1, again).await.expect("a broken set");

    let added: Vec<_> = answer.replacements.iter().map(|line| (&*line.kit, &*line.replaces, line.reserved)).collect();
    let (kit, mug, lid) = (world.line_name("ann", 4), world.line_name("ann", 2), world.line_name("ann", 3));
    assert_eq!(added, [(&*kit, &*mug, 2), (&*kit, &*lid, 1)]);
    let kits = world.order("ann").await.kits;
    assert_eq!((kits.len(), kits[1].covered, &kits[1].unit_price), (2, 1, &order.kits[0].unit_price));
    let half = world.ship("ann", 5, 2).await.expect_err("mugs without their lid");
    assert_eq!(reason(&half), "SHIP_SET_INCOMPLETE");
    world.ship("ann", 4, 0).await.expect("by its own number");
    assert_eq!(world.order("ann").await.state(), OrderState::Completed);
    assert_eq!(world.refunds_of("ann", 2).await, [], "nothing is paid back for what is replaced");

    world.take_back_as("ann", 4, 1, again).await.expect("broken again");
    world.receive("mug", "main", 2).await;
    world.idle().await;
    assert_eq!(stand(&world.kit_of("ann").await), [1, 0, 0, 0]);
    assert_eq!(world.position("mug", "main").await.available, 2, "it takes nothing before it is complete");
    world.receive("lid", "main", 1).await;
    world.idle().await;
    assert_eq!(stand(&world.kit_of("ann").await), [0, 1, 0, 0]);
    world.cancel("ann", 7, 1).await.expect("she has enough of it");
    let back = [world.refunds_of("ann", 8).await, world.refunds_of("ann", 9).await].concat();
    assert_eq!(back.iter().map(|refund| amount(refund.amount.as_ref())).sum::<i128>(), 10_000_000_000);
    world.books_balance().await;
}
