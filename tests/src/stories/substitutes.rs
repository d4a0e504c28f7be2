//! Substitutes: another item is sent for what is not there, at a price that the customer can count on.

use backorder_proto::{
    allocation::v1::{Order, OrderState, RefundBasis, ShortageInstruction, SubstituteConsent},
    inventory::v1::SubstitutePriceRule,
};
use tonic::Status;
use tonic_types::StatusExt as _;

use crate::world::{World, date, money, reason};

/// Red mugs at 5.00, of which there are few, and so many blue ones that may be sent in their place.
async fn shelf(world: &World, red: i64, blue: i64) {
    world.mug_at_main().await;
    world.item("blue").await;
    for (item, quantity) in [("mug", red), ("blue", blue)] {
        if quantity > 0 {
            world.receive(item, "main", quantity).await;
        }
    }
    world.may_be_replaced("mug", "blue", |_| {}).await;
}

/// An order of mugs at so much each, of which another item may be sent.
async fn mugs(world: &World, order: &str, quantity: i64, price: i64) -> Order {
    let mut draft = world.draft(order).customer(order).line("mug", quantity);
    draft.order().lines[0].substitution_allowed = true;
    draft.order().lines[0].unit_price = Some(money(price));
    draft.place().await.expect("placed")
}

fn why(status: &Status) -> String {
    assert_eq!(reason(status), "LINE_NOT_SUBSTITUTABLE", "{status}");
    status.get_details_error_info().map(|mut info| info.metadata.remove("why").unwrap_or_default()).unwrap_or_default()
}

pub async fn what_is_free_is_sent_for_what_waits(world: &World) {
    shelf(world, 2, 3).await;
    let before = world.ordered_in_all().await;
    let placed = mugs(world, "ann", 6, 5).await;

    let mut request = world.substitution("ann", 0);
    request.validate_only = true;
    let shown = world.substitute(&request).await.expect("shown");
    let would = shown.substitute.expect("three of four");
    assert_eq!((would.ordered, would.reserved), (3, 3));
    assert_eq!(would.current_promised_date.and_then(|day| day.date), Some(date(world.day(0))));
    assert_eq!(world.order("ann").await.lines.len(), 1, "it was only shown");
    let done = world.substitute(&world.substitution("ann", 0)).await.expect("done");

    let (line, blue) = (done.line.expect("the line"), done.substitute.expect("what stands for it"));
    assert_eq!((line.open, line.reserved, line.cancelled, line.substituted), (1, 2, 3, 3));
    assert_eq!((blue.ordered, blue.reserved, blue.substitutes_units), (3, 3, 3));
    assert_eq!((blue.name, blue.substitutes), (world.line_name("ann", 2), world.line_name("ann", 1)));
    assert_eq!(blue.queue_time, placed.lines[0].queue_time, "it keeps its place");
    assert_eq!(world.refunds("ann").await, [], "it costs the same");
    let after = world.ordered_in_all().await;
    assert_eq!((after.lines - before.lines, after.ordered - before.ordered), (1, 6), "no demand of its own");
    assert_eq!((after.substituted - before.substituted, after.cancelled - before.cancelled), (3, 0));
    assert_eq!(after.filled_at_once - before.filled_at_once, 2, "what was sent later was not there at first");
    let explained = world.explain("ann", 2).await.summary;
    assert!(explained.contains(&world.line_name("ann", 1)), "{explained}");
    world.ship_lines("ann", &[1, 2]).await.expect("both leave");
    world.receive("mug", "main", 1).await;
    world.idle().await;
    world.ship("ann", 1, 0).await.expect("the last one");
    assert_eq!(world.order("ann").await.state(), OrderState::Completed);
    world.books_balance().await;
}

pub async fn a_pack_is_not_opened_and_a_lower_price_is_given_back(world: &World) {
    shelf(world, 0, 5).await;
    let six = |substitute: &mut backorder_proto::inventory::v1::Substitute| substitute.ratio_denominator = 6;
    world.may_be_replaced("mug", "blue", six).await;
    mugs(world, "ann", 20, 1).await;

    let few = world.substitute(&world.substitution("ann", 5)).await.expect_err("less than six");
    assert_eq!(why(&few), "LESS_THAN_A_PACK");
    let done = world.substitute(&world.substitution("ann", 0)).await.expect("three packs of six");

    let exchanged = done.exchanged.expect("exchanged");
    assert_eq!((exchanged.original_quantity, exchanged.substitute_quantity, exchanged.free), (18, 3, 3));
    assert_eq!((exchanged.unit_price, exchanged.refund), (Some(money(5)), Some(money(3))), "5.00 for what cost 6.00");
    let refund = world.refunds("ann").await.pop().expect("the difference");
    assert_eq!((refund.basis(), refund.quantity, refund.amount), (RefundBasis::Substituted, 18, Some(money(3))));
    let line = done.line.expect("the line");
    assert_eq!((line.open, line.substituted), (2, 18));
    let order = world.cancel("ann", 1, 2).await.expect("the rest");
    assert_eq!((order.lines[0].cancelled, order.lines[1].reserved), (20, 3));
    let cancelled = world.refunds("ann").await.into_iter().find(|refund| refund.basis() == RefundBasis::Cancelled);
    assert_eq!(cancelled.map(|refund| refund.quantity), Some(2), "of what is sent nothing is paid back");
    world.books_balance().await;
}

pub async fn every_rule_that_forbids_a_substitute_says_its_name(world: &World) {
    shelf(world, 0, 1).await;
    world.place("bob", "mug", 2).await;
    let never = world.substitute(&world.substitution("bob", 0)).await.expect_err("he wants red ones");
    assert_eq!(why(&never), "NOT_ALLOWED");
    mugs(world, "ann", 2, 5).await;
    let refused = async |change: fn(&mut backorder_proto::inventory::v1::Substitute)| {
        world.may_be_replaced("mug", "blue", change).await;
        why(&world.substitute(&world.substitution("ann", 0)).await.expect_err("a rule forbids it"))
    };

    assert_eq!(refused(|blue| blue.valid_to = Some(date(jiff::civil::date(2020, 1, 1)))).await, "NOT_VALID");
    assert_eq!(refused(|blue| blue.set_price_rule(SubstitutePriceRule::Ask)).await, "CONSENT_NEEDED");
    let ann = world.id("ann");
    world.may_be_replaced("mug", "blue", |blue| blue.excluded_customers = vec![ann]).await;
    let excluded = world.substitute(&world.substitution("ann", 0)).await.expect_err("not for her");
    assert_eq!(why(&excluded), "CUSTOMER_EXCLUDED");
    world.may_be_replaced("mug", "blue", |_| {}).await;
    let both = world.substitute(&world.substitution("ann", 2)).await.expect_err("there is one");
    assert_eq!(why(&both), "NOT_FREE");
    let more = world.substitute(&world.substitution("ann", 3)).await.expect_err("two wait");
    assert_eq!(why(&more), "NOTHING_WAITS");
    let mut other = world.substitution("ann", 1);
    other.substitute = world.item_name("mug");
    assert_eq!(why(&world.substitute(&other).await.expect_err("red for red")), "NO_SUBSTITUTE");
    assert_eq!(world.order("ann").await.lines.len(), 1);
    world.books_balance().await;
}

pub async fn a_dearer_substitute_is_sent_when_the_customer_has_agreed(world: &World) {
    shelf(world, 0, 2).await;
    world.may_be_replaced("mug", "blue", |blue| blue.set_price_rule(SubstitutePriceRule::Ask)).await;
    mugs(world, "ann", 2, 3).await;

    let mut request = world.substitution("ann", 0);
    request.consent = Some(SubstituteConsent { consent_time: None, note: "said so on the telephone".to_owned() });
    let done = world.substitute(&request).await.expect("she agreed");

    let blue = done.substitute.expect("blue ones");
    assert_eq!((blue.reserved, blue.unit_price), (2, Some(money(5))), "at their own price");
    assert_eq!(world.refunds("ann").await, [], "they are not cheaper");
    world.books_balance().await;
}

pub async fn a_substitute_that_may_wait_stands_where_the_line_stood(world: &World) {
    shelf(world, 0, 0).await;
    mugs(world, "ann", 2, 5).await;
    world.moment();
    world.place("bob", "blue", 2).await;
    world.moment();

    let mut request = world.substitution("ann", 0);
    request.may_wait = true;
    let done = world.substitute(&request).await.expect("it waits");
    assert_eq!(done.substitute.map(|blue| (blue.open, blue.backordered)), Some((2, 2)));
    world.receive("blue", "main", 2).await;
    world.idle().await;

    assert_eq!(world.line("ann", 2).await.reserved, 2, "she ordered before bob did");
    assert_eq!(world.line("bob", 1).await.open, 2);
    world.books_balance().await;
}

pub async fn a_substitution_that_is_sent_again_adds_one_line(world: &World) {
    shelf(world, 0, 4).await;
    mugs(world, "ann", 4, 5).await;

    let request = world.substitution("ann", 2);
    let first = world.substitute(&request).await.expect("done");
    let again = world.substitute(&request).await.expect("answered");

    assert_eq!(first, again);
    assert_eq!(world.order("ann").await.lines.len(), 2);
    let rest = world.substitute(&world.substitution("ann", 0)).await.expect("the other two");
    assert_eq!(rest.line.map(|line| (line.open, line.substituted)), Some((0, 4)));
    let nothing = world.substitute(&world.substitution("ann", 0)).await.expect_err("nothing waits");
    assert_eq!(why(&nothing), "NOTHING_WAITS");
    let answered = world.substitute(&request).await.expect("still the first answer");
    assert_eq!(answered, first);
    world.books_balance().await;
}

pub async fn a_substitute_takes_the_place_of_the_line_in_its_ship_set(world: &World) {
    shelf(world, 0, 2).await;
    world.item("lid").await;
    world.receive("lid", "main", 1).await;
    let mut draft = world.draft("ann").line("mug", 2).on_shortage(ShortageInstruction::ShipComplete);
    draft = draft.line("lid", 1).on_shortage(ShortageInstruction::ShipComplete);
    draft.order().lines[0].substitution_allowed = true;
    draft.place().await.expect("placed");
    world.idle().await;
    assert_eq!(world.line("ann", 2).await.open, 1, "without mugs she takes no lid");

    world.substitute(&world.substitution("ann", 0)).await.expect("blue ones");
    world.idle().await;

    let order = world.order("ann").await;
    let stand: Vec<_> = order.lines.iter().map(|line| (line.open, line.reserved, &*line.ship_set_name)).collect();
    assert_eq!(stand, [(0, 0, "complete"), (0, 1, "complete"), (0, 2, "complete")]);
    let alone = world.ship("ann", 3, 2).await.expect_err("the lid goes with them");
    assert_eq!(reason(&alone), "SHIP_SET_INCOMPLETE");
    world.ship_lines("ann", &[2, 3]).await.expect("together");
    assert_eq!(world.order("ann").await.state(), OrderState::Completed);
    world.books_balance().await;
}
