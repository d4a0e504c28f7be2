//! The planner's list: what needs a person, the most valuable first, each with the one command that resolves it.

use backorder_proto::allocation::v1::{
    AssignExceptionRequest, Exception, ExceptionKind, ExceptionLimits, GetExceptionLimitsRequest, HoldType,
    ListExceptionsRequest, NoteExceptionRequest, SnoozeExceptionRequest, UpdateExceptionLimitsRequest,
};
use backorder_proto::inventory::v1::CancelSupplyRequest;
use backorder_testkit::eventually;
use clap::Parser as _;
use jiff::SignedDuration;
use tonic::Status;

use crate::world::{World, because, fields, reason, request_id};

const UNIT: i64 = 1_000_000_000;

pub async fn what_needs_a_planner_is_listed_by_value_with_the_command_that_resolves_it(world: &World) {
    world.mug_at_main().await;
    world.place("small", "mug", 1).await;
    world.place("large", "mug", 9).await;
    world.place("middle", "mug", 4).await;
    world.receive("mug", "main", 1).await;
    world.idle().await;

    let listed = world.exceptions(ExceptionKind::NoDate).await;

    let told: Vec<_> = listed.iter().map(|one| (one.subject.clone(), one.quantity, one.value_at_risk_nanos)).collect();
    let line = |order: &str| world.line_name(order, 1);
    assert_eq!(told, [(line("large"), 9, 45 * UNIT), (line("middle"), 4, 20 * UNIT)], "small is served");
    let item = world.id("mug");
    assert_eq!(
        listed[0].suggested_command,
        format!("backorder supply create SUPPLY {item} LOCATION 9 --expected DATE")
    );
    assert_eq!((listed[0].item.clone(), listed[0].customer.as_str()), (world.item_name("mug"), "a-customer"));
    world.expect_supply("po", "mug", "main", 20, world.day(5)).await;
    world.idle().await;
    assert_eq!(world.exceptions(ExceptionKind::NoDate).await, [], "the command has resolved both");
    world.books_balance().await;
}

pub async fn a_promise_that_is_expected_later_is_at_risk_until_it_is_kept(world: &World) {
    world.mug_at_main().await;
    let rule = backorder_proto::allocation::v1::PromiseRule { later_days: 30, ..Default::default() };
    world.policy("calm", |policy| policy.promise_rule = Some(rule)).await;
    world.expect_supply("po", "mug", "main", 5, world.day(4)).await;
    world.place("ann", "mug", 5).await;
    assert_eq!(world.exceptions(ExceptionKind::PromiseAtRisk).await, []);

    world.move_supply("po", world.day(8)).await;
    world.idle().await;

    let listed = world.exceptions(ExceptionKind::PromiseAtRisk).await;
    let told = format!("promised for {}, expected on {}", world.day(4), world.day(8));
    assert_eq!((listed.len(), listed[0].detail.as_str()), (1, told.as_str()));
    world.receive("mug", "main", 5).await;
    world.idle().await;
    assert_eq!(world.exceptions(ExceptionKind::PromiseAtRisk).await, []);
}

pub async fn who_lost_reserved_units_is_named_until_they_are_replaced(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 5).await;
    world.place("ann", "mug", 5).await;

    world.count("mug", "main", 3).await;
    world.idle().await;

    let listed = world.exceptions(ExceptionKind::VictimOfLoss).await;
    assert_eq!((listed.len(), listed[0].quantity, listed[0].value_at_risk_nanos), (1, 2, 10 * UNIT));
    world.receive("mug", "main", 2).await;
    world.idle().await;
    assert_eq!(world.exceptions(ExceptionKind::VictimOfLoss).await, []);
    world.books_balance().await;
}

pub async fn units_that_nobody_announced_wait_for_a_planner(world: &World) {
    world.mug_at_main().await;
    world.receive_supply("unknown", "mug", "main", 3).await;

    let listed = world.exceptions(ExceptionKind::BlindReceipt).await;

    assert_eq!((listed.len(), listed[0].quantity, listed[0].value_at_risk_nanos), (1, 3, 6 * UNIT), "at cost");
    assert!(listed[0].suggested_command.starts_with("backorder stock resolve "), "{}", listed[0].suggested_command);
    let assigned = world.assign(&listed[0].name, "kim").await.expect("assigned");
    assert_eq!(assigned.owner, "kim");
}

pub async fn what_a_planner_adds_lives_as_long_as_the_cause(world: &World) {
    world.mug_at_main().await;
    world.place("ann", "mug", 3).await;
    let name = world.exceptions(ExceptionKind::NoDate).await[0].name.clone();
    assert_eq!(name, format!("{}/exceptions/no-date", world.line_name("ann", 1)));

    let dry = world.assign_only(&name, "lee", true).await.expect("could be assigned");
    assert_eq!(dry.owner, "lee");
    assert_eq!(world.exceptions(ExceptionKind::NoDate).await[0].owner, "", "nothing was done");
    world.assign(&name, "kim").await.expect("assigned");
    world.note_exception(&name, "the supplier is called").await.expect("noted");
    let listed = world.exceptions(ExceptionKind::NoDate).await;
    assert_eq!((listed[0].owner.as_str(), listed[0].note.as_str()), ("kim", "the supplier is called"));
    assert_eq!(listed[0].context, because("desk"));
    let of_kim = ListExceptionsRequest { owner: "kim".to_owned(), ..Default::default() };
    assert!(world.list_exceptions(of_kim).await.iter().any(|one| one.name == name));
    world.snooze(&name, 3_600).await.expect("snoozed");
    assert_eq!(world.exceptions(ExceptionKind::NoDate).await, [], "out of sight");

    world.expect_supply("po", "mug", "main", 3, world.day(5)).await;
    world.idle().await;
    let gone = world.assign(&name, "kim").await.expect_err("the cause is gone");
    assert_eq!(reason(&gone), "EXCEPTION_NOT_FOUND");
    world.moment();
    cancel_supply(world, "po").await;
    world.idle().await;
    let again = world.exceptions(ExceptionKind::NoDate).await;
    assert_eq!((again[0].owner.as_str(), again[0].note.as_str()), ("", ""), "what comes back is new");
    let wrong = world.assign("nothing", "kim").await.expect_err("no name");
    assert_eq!(reason(&wrong), "INVALID_REQUEST");
}

pub async fn a_wait_is_near_its_end_then_asked_about_then_a_planners(world: &World) {
    world.mug_at_main().await;
    world
        .policy("patience", |policy| {
            policy.acceptable_wait_days = Some(5);
            policy.answer_days = 1;
        })
        .await;
    world.place("ann", "mug", 2).await;
    let is_listed = async |kind| !world.exceptions(kind).await.is_empty();
    assert!(!is_listed(ExceptionKind::WaitLimitNear).await);

    world.end_of(world.day(2));
    eventually("the end is near", || async { is_listed(ExceptionKind::WaitLimitNear).await }).await;
    world.end_of(world.day(2));
    eventually("she is asked", || async { is_listed(ExceptionKind::QuestionOpen).await }).await;
    assert!(!is_listed(ExceptionKind::WaitLimitNear).await);
    let command = world.exceptions(ExceptionKind::QuestionOpen).await[0].suggested_command.clone();
    assert_eq!(command, format!("backorder question answer {}/1 --until DATE", world.id("ann")));
    world.end_of(world.day(1));
    eventually("a planner decides", || async { is_listed(ExceptionKind::WaitEscalated).await }).await;
    assert!(!is_listed(ExceptionKind::QuestionOpen).await);
}

pub async fn supply_that_is_overdue_is_listed_while_somebody_waits_for_it(world: &World) {
    world.mug_at_main().await;
    world.item("pot").await;
    world.expect_supply("po", "mug", "main", 10, world.day(1)).await;
    world.expect_supply("idle", "pot", "main", 10, world.day(1)).await;
    world.place("ann", "mug", 4).await;
    assert_eq!(world.exceptions(ExceptionKind::OverdueInbound).await, []);

    world.end_of(world.day(1));

    let listed = world.exceptions(ExceptionKind::OverdueInbound).await;
    let told: Vec<_> = listed.iter().map(|one| (one.subject.clone(), one.quantity, one.value_at_risk_nanos)).collect();
    assert_eq!(told, [(world.supply_name("po"), 4, 20 * UNIT)], "nobody waits for the other");
    assert_eq!(listed[0].suggested_command, format!("backorder supply update {} --expected DATE", world.id("po")));
    world.move_supply("po", world.day(3)).await;
    assert_eq!(world.exceptions(ExceptionKind::OverdueInbound).await, []);
}

pub async fn recalls_and_holds_are_listed_when_they_are_old(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 5).await;
    world.place("ann", "mug", 5).await;
    world.place("bob", "mug", 2).await;
    world.release("ann", 1, 5).await.expect("released");
    let recall = world.recall("ann", 1, 3).await.expect("asked");
    world.hold(&world.line_name("bob", 1), HoldType::Manual).await;
    assert_eq!(world.exceptions(ExceptionKind::RecallPending).await, []);

    world.advance(SignedDuration::from_hours(25));
    let listed = world.exceptions(ExceptionKind::RecallPending).await;
    assert_eq!((listed.len(), listed[0].value_at_risk_nanos), (1, 15 * UNIT));
    let id = recall.name.trim_start_matches("recalls/").to_owned();
    assert_eq!(listed[0].suggested_command, format!("backorder warehouse answer {id} UNITS"));
    assert_eq!(world.exceptions(ExceptionKind::UnresolvedHold).await, [], "three days are given");
    world.advance(SignedDuration::from_hours(50));
    let listed = world.exceptions(ExceptionKind::UnresolvedHold).await;
    assert_eq!((listed.len(), listed[0].subject.clone()), (1, world.line_name("bob", 1)));
    let answered = world.answer_recall(&recall.name, 3).await;
    answered.expect("given back");
    assert_eq!(world.exceptions(ExceptionKind::RecallPending).await, []);
}

pub async fn a_policy_says_when_the_end_of_a_wait_is_near(world: &World) {
    world.mug_at_main().await;
    for (policy, near) in [("early", Some(4)), ("late", Some(0)), ("usual", None)] {
        world
            .policy(policy, |rule| {
                rule.customer_tier = policy.to_owned();
                rule.acceptable_wait_days = Some(5);
                rule.wait_near_days = near;
            })
            .await;
        world.draft(policy).tier(policy).line("mug", 1).place().await.expect("placed");
    }
    let near = async || -> Vec<String> {
        world.idle().await;
        let listed = world.exceptions(ExceptionKind::WaitLimitNear).await;
        let mut orders: Vec<String> = listed.into_iter().map(|one| one.subject).collect();
        orders.sort();
        orders
    };
    let line = |order: &str| world.line_name(order, 1);

    world.end_of(world.day(0));
    assert_eq!(near().await, [line("early")], "four days are left");
    world.end_of(world.day(1));
    assert_eq!(near().await, [line("early"), line("usual")], "two days are left");
    world.end_of(world.day(1));
    assert_eq!(near().await, [line("early"), line("late"), line("usual")], "it is the last day");
}

pub async fn the_company_says_when_a_hold_or_a_recall_is_old(world: &World) {
    world.mug_at_main().await;
    world.receive("mug", "main", 5).await;
    world.place("ann", "mug", 5).await;
    world.place("bob", "mug", 2).await;
    world.release("ann", 1, 5).await.expect("released");
    world.recall("ann", 1, 3).await.expect("asked");
    world.hold(&world.line_name("bob", 1), HoldType::Manual).await;
    world.advance(SignedDuration::from_hours(2));
    let listed = async || {
        let kinds = [ExceptionKind::RecallPending, ExceptionKind::UnresolvedHold];
        [world.exceptions(kinds[0]).await.len(), world.exceptions(kinds[1]).await.len()]
    };
    assert_eq!(listed().await, [0, 0]);

    let hasty = ExceptionLimits { recall_hours: Some(1), ..Default::default() };
    let changed = world.limit_exceptions(hasty.clone()).await.expect("changed");
    assert_eq!((changed.recall_hours, changed.hold_days), (Some(1), Some(3)), "what is not named stays");
    assert_eq!(listed().await, [1, 0]);
    let stale = ExceptionLimits { hold_days: Some(1), etag: "0".to_owned(), ..Default::default() };
    let refused = world.limit_exceptions(stale).await.expect_err("somebody else has changed them");
    assert_eq!(reason(&refused), "VERSION_MISMATCH");
    let wrong = ExceptionLimits { hold_days: Some(0), recall_hours: Some(8_785), ..Default::default() };
    let refused = world.limit_exceptions(wrong).await.expect_err("no limits");
    assert_eq!(fields(&refused), ["limits.hold_days", "limits.recall_hours"]);

    world.limit_exceptions(ExceptionLimits { hold_days: Some(1), ..Default::default() }).await.expect("changed");
    world.advance(SignedDuration::from_hours(23));
    assert_eq!(listed().await, [1, 1], "a day is over");
    let usual = ExceptionLimits { hold_days: Some(3), recall_hours: Some(24), ..Default::default() };
    let usual = world.limit_exceptions(usual).await.expect("changed");
    let read = world.allocation.exceptions.clone().get_exception_limits(GetExceptionLimitsRequest {}).await;
    assert_eq!(read.expect("read").into_inner(), usual);
    assert_eq!(listed().await, [1, 0]);
}

/// The program understands the command, once the planner has decided what stands in capital letters.
fn is_resolvable(exception: &Exception) {
    let words = exception.suggested_command.split(' ').map(|word| match word {
        "DATE" => "2026-01-05",
        "UNITS" => "1",
        "RESOLUTION" => "accept",
        "SUPPLIER" => "maker",
        word if word.ends_with("=UNITS") => "A-MUG=1",
        word => word.trim_matches('"'),
    });
    if let Err(error) = backorder_cli::args::Cli::try_parse_from(words) {
        panic!("{}: {error}", exception.suggested_command);
    }
}

async fn cancel_supply(world: &World, supply: &str) {
    let (request_id, name) = (request_id(), world.supply_name(supply));
    let request = CancelSupplyRequest { request_id, name, quantity: 0, context: None };
    world.inventory.supply.clone().cancel_supply(request).await.expect("cancel a supply");
}

impl World {
    /// The exceptions of a kind that are about something of this story, in the order of the list.
    pub async fn exceptions(&self, kind: ExceptionKind) -> Vec<Exception> {
        let all = self.list_exceptions(ListExceptionsRequest { kinds: vec![kind.into()], ..Default::default() }).await;
        let own = self.item_name("");
        all.into_iter().filter(|one| one.item.starts_with(&own)).collect()
    }

    /// All pages of a list, two at a time.
    async fn list_exceptions(&self, request: ListExceptionsRequest) -> Vec<Exception> {
        let (mut found, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = ListExceptionsRequest { page_size: 2, page_token, ..request.clone() };
            let page = self.allocation.exceptions.clone().list_exceptions(request).await.expect("listed").into_inner();
            found.extend(page.exceptions.into_iter().inspect(is_resolvable));
            if page.next_page_token.is_empty() {
                let ranked = found.is_sorted_by(|a, b| a.value_at_risk_nanos >= b.value_at_risk_nanos);
                assert!(ranked, "the most valuable comes first: {found:#?}");
                return found;
            }
            page_token = page.next_page_token;
        }
    }

    async fn assign(&self, name: &str, owner: &str) -> Result<Exception, Status> {
        self.assign_only(name, owner, false).await
    }

    async fn assign_only(&self, name: &str, owner: &str, validate_only: bool) -> Result<Exception, Status> {
        let (name, owner) = (name.to_owned(), owner.to_owned());
        let request =
            AssignExceptionRequest { request_id: request_id(), name, owner, validate_only, context: because("desk") };
        Ok(self.allocation.exceptions.clone().assign_exception(request).await?.into_inner())
    }

    pub async fn note_exception(&self, name: &str, note: &str) -> Result<Exception, Status> {
        let request = NoteExceptionRequest {
            request_id: request_id(),
            name: name.to_owned(),
            note: note.to_owned(),
            validate_only: false,
            context: because("desk"),
        };
        Ok(self.allocation.exceptions.clone().note_exception(request).await?.into_inner())
    }

    async fn limit_exceptions(&self, limits: ExceptionLimits) -> Result<ExceptionLimits, Status> {
        let request =
            UpdateExceptionLimitsRequest { request_id: request_id(), limits: Some(limits), context: because("desk") };
        Ok(self.allocation.exceptions.clone().update_exception_limits(request).await?.into_inner())
    }

    async fn snooze(&self, name: &str, seconds: i64) -> Result<Exception, Status> {
        let until = self.now() + SignedDuration::from_secs(seconds);
        let request = SnoozeExceptionRequest {
            request_id: request_id(),
            name: name.to_owned(),
            until_time: Some(backorder_proto::convert::encode::timestamp(until)),
            validate_only: false,
            context: because("desk"),
        };
        Ok(self.allocation.exceptions.clone().snooze_exception(request).await?.into_inner())
    }
}
