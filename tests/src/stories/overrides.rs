//! A person decides against the rules: what everyone can see afterwards, and who has to agree.

use backorder_proto::allocation::v1::{HoldType, OverrideKind, OverrideState};
use jiff::SignedDuration;
use prost_types::Timestamp;

use crate::world::{World, date, reason};

pub async fn free_units_are_assigned_past_the_queue_as_it_was_shown(world: &World) {
    world.mug_at_main().await;
    world.place("ann", "mug", 3).await;
    world.hold(&world.order_name("ann"), HoldType::Credit).await;
    world.idle().await;
    world.receive("mug", "main", 5).await;
    world.idle().await;

    let wanted = world.assignment("ann", 2, &[]);
    let shown = world.preview(&wanted).await.expect("shown");
    assert_eq!((shown.name.as_str(), shown.state()), ("", OverrideState::Unspecified));
    assert_eq!(shown.effects.len(), 1, "{:#?}", shown.effects);
    assert_eq!(shown.effects[0].reserved_change, 2);
    assert_eq!(world.line("ann", 1).await.reserved, 0, "a preview keeps nothing");

    let done = world.commit_as_shown(&wanted, &shown).await.expect("done");
    assert_eq!((done.kind(), done.state()), (OverrideKind::Assignment, OverrideState::Applied));
    assert_eq!(world.commit_as_shown(&wanted, &shown).await.expect("the same write"), done);
    let line = world.line("ann", 1).await;
    assert_eq!((line.reserved, line.open), (2, 1), "the hold bars the rest as before");
    let history = world.explain("ann", 1).await.history;
    assert!(history.iter().any(|promise| promise.cause.contains("assigned by hand by kim")), "{history:#?}");
    assert_eq!(world.overrides_of("ann").await, [done]);
    world.books_balance().await;
}

pub async fn units_of_a_promised_line_move_when_another_person_approves(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 4).await;
    world.place("ann", "mug", 4).await;
    world.place("bob", "mug", 3).await;
    world.expect_supply("po", "mug", "main", 10, world.day(6)).await;
    world.idle().await;

    let wanted = world.assignment("bob", 3, &[("ann", 3)]);
    let shown = world.preview(&wanted).await.expect("shown");
    assert_eq!(shown.state(), OverrideState::PendingApproval, "her day is promised");
    let ann = shown.effects.iter().find(|effect| effect.line == world.line_name("ann", 1)).expect("she loses");
    assert_eq!(ann.reserved_change, -3);
    assert_eq!(ann.expected_after, Some(date(world.day(6))));
    assert_ne!(ann.expected_before, ann.expected_after);

    let asked = world.commit_as_shown(&wanted, &shown).await.expect("kept");
    assert_eq!(asked.state(), OverrideState::PendingApproval);
    assert_eq!(world.line("bob", 1).await.reserved, 0, "nothing moves before");
    let refused = world.decide(&asked.name, true, "kim").await.expect_err("who asked may not");
    assert_eq!(reason(&refused), "SECOND_PERSON_REQUIRED");
    let done = world.decide(&asked.name, true, "lea").await.expect("approved");

    assert_eq!(done.state(), OverrideState::Applied);
    assert_eq!(done.decision.as_ref().map(|decision| decision.actor.as_str()), Some("lea"));
    assert_eq!(done.context.as_ref().map(|context| context.actor.as_str()), Some("kim"));
    let (ann, bob) = (world.line("ann", 1).await, world.line("bob", 1).await);
    assert_eq!((ann.reserved, ann.open, bob.reserved, bob.open), (1, 3, 3, 0));
    let expected = ann.expected_ship_date.and_then(|expected| expected.date);
    assert_eq!(expected, Some(date(world.day(6))), "as it was shown");
    let again = world.decide(&asked.name, false, "lea").await.expect_err("it is done");
    assert_eq!(reason(&again), "OVERRIDE_STATE_CONFLICT");
    world.books_balance().await;
}

pub async fn a_refused_assignment_changes_nothing(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 4).await;
    world.place("ann", "mug", 4).await;
    world.place("bob", "mug", 3).await;
    let wanted = world.assignment("bob", 3, &[("ann", 3)]);
    let shown = world.preview(&wanted).await.expect("shown");
    let asked = world.commit_as_shown(&wanted, &shown).await.expect("kept");

    let refused = world.decide(&asked.name, false, "lea").await.expect("refused");
    assert_eq!(refused.state(), OverrideState::Refused);
    let second = world.commit_as_shown(&world.assignment("bob", 3, &[("ann", 3)]), &shown).await.expect("asked again");
    assert_eq!(world.end_override(&second.name).await.expect("withdrawn").state(), OverrideState::Ended);

    assert_eq!(world.line("ann", 1).await.reserved, 4);
    assert_eq!(world.overrides_of("bob").await.len(), 2, "what was asked is kept");
    let unknown = world.end_override("overrides/none").await.expect_err("no such override");
    assert_eq!(reason(&unknown), "OVERRIDE_NOT_FOUND");
    world.books_balance().await;
}

pub async fn a_view_that_is_stale_is_refused(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 4).await;
    world.place("ann", "mug", 4).await;
    world.place("bob", "mug", 3).await;
    let wanted = world.assignment("bob", 3, &[("ann", 3)]);
    let shown = world.preview(&wanted).await.expect("shown");
    let asked = world.commit_as_shown(&wanted, &shown).await.expect("kept");

    world.release("ann", 1, 1).await.expect("one is in the warehouse's hands now");
    let late =
        world.commit_as_shown(&world.assignment("bob", 3, &[("ann", 3)]), &shown).await.expect_err("that was before");
    assert_eq!(reason(&late), "VERSION_MISMATCH");
    let late = world.decide(&asked.name, true, "lea").await.expect_err("approving looks again");
    assert_eq!(reason(&late), "VERSION_MISMATCH");
    let too_many = world.preview(&world.assignment("bob", 3, &[("ann", 4)])).await.expect_err("more than is wanted");
    assert_eq!(reason(&too_many), "INVALID_REQUEST");
    assert_eq!(world.line("bob", 1).await.reserved, 0);
    world.books_balance().await;
}

pub async fn units_put_aside_for_the_queue_say_who_loses_them(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 2).await;
    world.place("ann", "mug", 2).await;
    world.place("bob", "mug", 2).await;
    world.place("cid", "mug", 2).await;

    let wanted = world.assignment("cid", 2, &[("ann", 2)]);
    let shown = world.preview(&wanted).await.expect("shown");
    let lines: Vec<_> = shown.effects.iter().map(|effect| effect.line.clone()).collect();
    assert_eq!(lines, [world.line_name("cid", 1), world.line_name("ann", 1)]);
    let none_free = world.preview(&world.assignment("cid", 1, &[])).await.expect_err("nothing is free");
    assert_eq!(reason(&none_free), "INSUFFICIENT_STOCK");
    world.books_balance().await;
}

pub async fn a_queue_time_is_changed_and_kept_in_the_history(world: &World) {
    world.mug_at_main().await;
    let ann = world.place("ann", "mug", 3).await;
    world.moment();
    world.place("bob", "mug", 3).await;
    let before = ann.lines[0].queue_time.expect("a time");

    let changed = world.change_queue_time("bob", Timestamp { seconds: before.seconds - 60, ..before }).await;
    let changed = changed.expect("changed");
    assert_eq!(changed.kind(), OverrideKind::QueueTime);
    let waiting = world.backorders("mug").await;
    let first = waiting.first().and_then(|one| one.line.as_ref()).expect("a line");
    assert_eq!(first.name, world.line_name("bob", 1));
    let late = Timestamp { seconds: before.seconds + 86_400 * 400, ..before };
    let future = world.change_queue_time("bob", late).await.expect_err("nobody joins the queue tomorrow");
    assert_eq!(reason(&future), "INVALID_REQUEST");
    world.receive("mug", "main", 3).await;
    world.idle().await;

    assert_eq!(world.line("bob", 1).await.reserved, 3, "he is served first");
    assert_eq!(world.overrides_of("bob").await, [changed]);
    world.books_balance().await;
}

pub async fn a_pinned_confirmation_stands_and_gives_nothing(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 3).await;
    world.place("ann", "mug", 3).await;
    world.place("bob", "mug", 3).await;
    world.expect_supply("po", "mug", "main", 3, world.day(5)).await;
    world.idle().await;
    let pin = world.pin("ann", None).await.expect("pinned");
    world.pin("bob", None).await.expect("pinned");
    assert_eq!(world.pin("ann", None).await.expect("pinned again").name, pin.name);

    let taken = world.assignment("bob", 3, &[("ann", 3)]);
    let shown = world.preview(&taken).await.expect("shown");
    let refused = world.commit_as_shown(&taken, &shown).await.expect_err("she is pinned");
    assert_eq!(reason(&refused), "LINE_PINNED");
    world.move_supply("po", world.day(9)).await;
    world.idle().await;
    let bob = world.line("bob", 1).await;
    let days = |zoned: &Option<backorder_proto::common::v1::ZonedDate>| zoned.as_ref().and_then(|zoned| zoned.date);
    assert_eq!(days(&bob.current_promised_date), Some(date(world.day(5))), "his promise stands");
    assert_eq!(days(&bob.expected_ship_date), Some(date(world.day(9))), "what is expected does not");

    let pins = world.overrides_of("bob").await;
    assert_eq!(world.end_override(&pins[0].name).await.expect("ended").state(), OverrideState::Ended);
    let bob = world.line("bob", 1).await;
    assert_eq!(days(&bob.current_promised_date), Some(date(world.day(9))), "now it is told");
    world.books_balance().await;
}

pub async fn a_pin_ends_by_itself(world: &World) {
    world.mug_at_main().await;
    world.place("ann", "mug", 3).await;
    let at = Timestamp { seconds: world.now().as_second() + 3_600, nanos: 0 };
    let pin = world.pin("ann", Some(at)).await.expect("pinned");

    world.advance(SignedDuration::from_hours(2));
    backorder_testkit::eventually("the pin has ended", || async {
        world.overrides_of("ann").await.iter().any(|one| one.state() == OverrideState::Expired)
    })
    .await;
    let late = world.end_override(&pin.name).await.expect_err("it is over");
    assert_eq!(reason(&late), "OVERRIDE_STATE_CONFLICT");
    world.books_balance().await;
}

pub async fn a_line_that_goes_with_others_is_not_assigned_by_hand(world: &World) {
    world.mug_at_main().await;
    world.item("saucer").await;
    let mut set = world.draft("ann").line("mug", 2);
    set.order().lines[0].ship_set = "tea".to_owned();
    let mut set = set.line("saucer", 2);
    set.order().lines[1].ship_set = "tea".to_owned();
    set.place().await.expect("placed");
    world.receive("mug", "main", 5).await;
    world.place("bob", "mug", 3).await;
    world.idle().await;

    let refused = world.preview(&world.assignment("ann", 2, &[])).await.expect_err("it would not keep them");
    assert_eq!(reason(&refused), "INVALID_REQUEST");
    assert_eq!(fields(&refused), ["line"]);
    let refused = world.preview(&world.assignment("bob", 1, &[("ann", 1)])).await.expect_err("nor give them");
    assert_eq!(fields(&refused), ["taken[0].line"]);
    assert_eq!((world.line("ann", 1).await.reserved, world.line("bob", 1).await.reserved), (0, 3));
    world.books_balance().await;
}

fn fields(status: &tonic::Status) -> Vec<String> {
    use tonic_types::StatusExt as _;
    let violations = status.get_details_bad_request().map(|wrong| wrong.field_violations).unwrap_or_default();
    violations.into_iter().map(|violation| violation.field).collect()
}
