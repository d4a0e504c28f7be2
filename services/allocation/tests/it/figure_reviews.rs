//! Closed months of service figures, and what figures should reach.

use backorder_proto::{
    allocation::v1::{figure_target::Bound, *},
    common::v1::{Decimal, ErrorReason},
};
use backorder_storage::feed;
use backorder_testkit::{Backend, on_each_backend};
use prost::Message as _;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::{
    figures::shown,
    world::{World, because, refusal},
};

/// The wrong fields, each with what is wrong.
fn violations(status: &Status) -> Vec<String> {
    let found = status.get_details_bad_request().map(|wrong| wrong.field_violations).unwrap_or_default();
    found.into_iter().map(|wrong| format!("{}: {}", wrong.field, wrong.description)).collect()
}

/// The month in which the world begins.
const MONTH: &str = "2026-03";
const PERIOD: &str = "figurePeriods/2026-03";

impl World {
    async fn close(&self, month: &str, restate: bool) -> Result<FigurePeriod, Status> {
        let request = CloseFigurePeriodRequest {
            request_id: self.id(),
            month: month.to_owned(),
            group_by: FigureGrouping::CustomerTier.into(),
            restate,
            context: because("month-end"),
            ..CloseFigurePeriodRequest::default()
        };
        Ok(self.clients.figure_periods.clone().close_figure_period(request).await?.into_inner())
    }

    async fn period(&self, edition: i32) -> Result<FigurePeriod, Status> {
        let request = GetFigurePeriodRequest { name: PERIOD.to_owned(), edition };
        Ok(self.clients.figure_periods.clone().get_figure_period(request).await?.into_inner())
    }

    async fn restatements(&self, edition: i32) -> ListRestatementsResponse {
        let request = ListRestatementsRequest { name: PERIOD.to_owned(), edition };
        self.clients.figure_periods.clone().list_restatements(request).await.unwrap().into_inner()
    }

    /// What was told of targets.
    async fn judged(&self) -> Vec<FigureTargetJudged> {
        let events = feed::read_after(self.app.store(), 0, 1_000).await.unwrap();
        let judged = events.iter().filter(|event| event.event_type.ends_with(".FigureTargetJudged"));
        judged.map(|event| FigureTargetJudged::decode(event.payload.clone()).unwrap()).collect()
    }

    async fn put_target(&self, target: FigureTarget) -> Result<FigureTarget, Status> {
        let request =
            PutFigureTargetRequest { request_id: self.id(), target: Some(target), context: because("yearly-goal") };
        Ok(self.clients.figure_targets.clone().put_figure_target(request).await?.into_inner())
    }

    async fn target(&self, name: &str) -> Result<FigureTarget, Status> {
        let request = GetFigureTargetRequest { name: name.to_owned() };
        Ok(self.clients.figure_targets.clone().get_figure_target(request).await?.into_inner())
    }
}

fn decimal(value: &str) -> Decimal {
    Decimal { value: value.to_owned() }
}

fn fill_of_units(at_least: &str) -> FigureTarget {
    FigureTarget {
        name: "figureTargets/fill".to_owned(),
        figure: FigureName::FillRate.into(),
        weight: FigureWeight::Units.into(),
        statistic: FigureStatistic::Share.into(),
        window_days: 30,
        bound: Some(Bound::AtLeast(decimal(at_least))),
        ..FigureTarget::default()
    }
}

async fn a_closed_month_stays_and_later_postings_are_restatements(backend: Backend) {
    let world = World::new(backend).await;
    world.app.spawn_jobs(&world.jobs);
    world.free("a", 6);
    let mut order = world.order("a", 10);
    order.customer_tier = "GOLD".to_owned();
    world.place(order).await;
    let early = world.close(MONTH, false).await.unwrap_err();
    assert_eq!(violations(&early), ["month: must be over"]);

    world.days_pass(40);
    let closed = world.close(MONTH, false).await.unwrap();
    assert_eq!((closed.name.as_str(), closed.edition), (PERIOD, 1));
    assert_eq!(closed.context.as_ref().unwrap().reason_code, "month-end");
    let shipped =
        |period: &FigurePeriod| shown(period.total.as_ref().unwrap(), FigureName::SecondaryFill, FigureWeight::Units);
    assert_eq!(shipped(&closed), "0/10 0");
    assert_eq!(closed.groups.iter().map(|group| group.key.as_str()).collect::<Vec<_>>(), ["GOLD"]);

    world.serve("orders/A-1/lines/1", 4).await;
    world.ship(&[("orders/A-1/lines/1", 10)]).await;
    assert_eq!(world.period(0).await.unwrap(), closed, "what was reported stays");
    let again = world.close(MONTH, false).await;
    assert_eq!(refusal(again), (Code::AlreadyExists, ErrorReason::AlreadyExists));

    let told = world.restatements(0).await;
    let of_secondary = |of_group| {
        let is_it = |one: &&FigureRestatement| {
            let now = one.now.as_ref().unwrap();
            (one.of_group, now.figure(), now.weight()) == (of_group, FigureName::SecondaryFill, FigureWeight::Units)
        };
        let one = told.restatements.iter().find(is_it).unwrap();
        let value = |figure: &Option<ServiceFigure>| figure.as_ref().unwrap().value.as_ref().unwrap().value.clone();
        (one.key.as_str(), value(&one.frozen), value(&one.now))
    };
    assert_eq!(of_secondary(false), ("", "0".to_owned(), "0.4".to_owned()));
    assert_eq!(of_secondary(true), ("GOLD", "0".to_owned(), "0.4".to_owned()));
    let fill = |one: &FigureRestatement| one.now.as_ref().is_some_and(|now| now.figure() == FigureName::FillRate);
    assert!(!told.restatements.iter().any(fill), "a backorder that ships later changes no fill");

    let restated = world.close(MONTH, true).await.unwrap();
    assert_eq!((restated.edition, shipped(&restated).as_str()), (2, "4/10 0.4"));
    assert_eq!(world.restatements(0).await.restatements, [], "the new edition is as it is now");
    assert_eq!(world.period(1).await.unwrap(), closed, "the first edition stays readable");
    assert_ne!(world.restatements(1).await.restatements, []);
    let request = ListFigurePeriodsRequest::default();
    let listed = world.clients.figure_periods.clone().list_figure_periods(request).await.unwrap().into_inner().periods;
    assert_eq!(listed.iter().map(|one| (one.edition, one.groups.len())).collect::<Vec<_>>(), [(2, 0)]);
    assert_eq!(refusal(world.period(3).await).1, ErrorReason::FigurePeriodNotFound);
}

async fn closing_again_with_the_same_id_answers_the_same(backend: Backend) {
    let world = World::new(backend).await;
    world.place(world.order("a", 1)).await;
    world.days_pass(40);
    let request = CloseFigurePeriodRequest {
        request_id: world.id(),
        month: MONTH.to_owned(),
        ..CloseFigurePeriodRequest::default()
    };
    let mut periods = world.clients.figure_periods.clone();
    let first = periods.close_figure_period(request.clone()).await.unwrap().into_inner();
    world.days_pass(1);
    assert_eq!(periods.close_figure_period(request).await.unwrap().into_inner(), first);
}

async fn a_target_is_judged_when_it_is_put_and_each_day_and_a_change_is_told_once(backend: Backend) {
    let world = World::new(backend).await;
    world.app.spawn_jobs(&world.jobs);
    world.free("a", 9);
    world.place(world.order("a", 10)).await;
    let put = world.put_target(fill_of_units("0.95")).await.unwrap();
    assert_eq!((put.state(), put.etag.as_str()), (FigureTargetState::Unspecified, "1"));
    world.idle().await;
    let judged = world.target("figureTargets/fill").await.unwrap();
    assert_eq!(judged.state(), FigureTargetState::NotMeasured, "what is wanted today is not looked at yet");

    world.days_pass(1);
    world.idle().await;
    let breached = world.target("figureTargets/fill").await.unwrap();
    assert_eq!(breached.state(), FigureTargetState::Breached);
    assert_eq!(breached.measured.as_ref().unwrap().value, Some(decimal("0.9")));
    world.days_pass(1);
    world.idle().await;
    let still = world.target("figureTargets/fill").await.unwrap();
    assert_eq!((still.state(), still.since_time), (FigureTargetState::Breached, breached.since_time));
    assert_ne!(still.judge_time, breached.judge_time);

    world.put_target(FigureTarget { etag: still.etag.clone(), ..fill_of_units("0.9") }).await.unwrap();
    world.idle().await;
    assert_eq!(world.target("figureTargets/fill").await.unwrap().state(), FigureTargetState::Met);
    let stale = world.put_target(FigureTarget { etag: still.etag, ..fill_of_units("0.8") }).await;
    assert_eq!(refusal(stale).1, ErrorReason::VersionMismatch);

    let told: Vec<_> =
        world.judged().await.into_iter().map(|event| (event.state_before(), event.target.unwrap().state())).collect();
    use FigureTargetState::{Breached, Met, NotMeasured, Unspecified};
    assert_eq!(told, [(Unspecified, NotMeasured), (NotMeasured, Breached), (Breached, Met)]);
}

async fn a_target_that_is_deleted_is_gone_and_may_be_put_again(backend: Backend) {
    let world = World::new(backend).await;
    world.app.spawn_jobs(&world.jobs);
    world.put_target(fill_of_units("1")).await.unwrap();
    world.idle().await;
    let request = |world: &World| DeleteFigureTargetRequest {
        request_id: world.id(),
        name: "figureTargets/fill".to_owned(),
        context: None,
    };
    let mut targets = world.clients.figure_targets.clone();
    targets.delete_figure_target(request(&world)).await.unwrap();
    let gone = targets.delete_figure_target(request(&world)).await;
    assert_eq!(refusal(gone), (Code::NotFound, ErrorReason::FigureTargetNotFound));
    assert_eq!(refusal(world.target("figureTargets/fill").await).1, ErrorReason::FigureTargetNotFound);
    world.days_pass(1);
    world.put_target(fill_of_units("1")).await.unwrap();
    world.idle().await;
    let listed = targets.list_figure_targets(ListFigureTargetsRequest {}).await.unwrap().into_inner().targets;
    assert_eq!(listed.iter().map(FigureTarget::state).collect::<Vec<_>>(), [FigureTargetState::NotMeasured]);
    assert_eq!(world.judged().await.len(), 2);
}

async fn wrong_requests_name_their_fields(backend: Backend) {
    let world = World::new(backend).await;
    let wrong = FigureTarget {
        name: "figureTargets/Not So".to_owned(),
        figure: FigureName::FillRate.into(),
        weight: FigureWeight::Units.into(),
        statistic: FigureStatistic::P95.into(),
        scope: Some(FigureScope { item: "a".to_owned(), as_of: Some(world.now()), ..FigureScope::default() }),
        window_days: 0,
        ..FigureTarget::default()
    };
    let refused = violations(&world.put_target(wrong).await.unwrap_err());
    for field in ["target.name", "target.scope", "target.scope.item", "target.window_days", "target.bound"] {
        assert!(refused.iter().any(|told| told.starts_with(&format!("{field}: "))), "{field}: {refused:?}");
    }
    let unlike = FigureTarget { statistic: FigureStatistic::P95.into(), ..fill_of_units("1") };
    assert_eq!(
        violations(&world.put_target(unlike).await.unwrap_err()),
        ["target.figure: must be a figure with one value of this weight and statistic"]
    );
    let ageing = FigureTarget { figure: FigureName::AgeingSinceOrder.into(), ..fill_of_units("1") };
    assert!(violations(&world.put_target(ageing).await.unwrap_err())[0].starts_with("target.figure: "));
    for month in ["", "2026", "2026-13", "2026-01-01", "9999-12"] {
        let refused = violations(&world.close(month, false).await.unwrap_err());
        assert!(refused[0].starts_with("month: "), "{month}: {refused:?}");
    }
    let by_item = CloseFigurePeriodRequest {
        request_id: world.id(),
        month: "2020-01".to_owned(),
        group_by: FigureGrouping::Item.into(),
        ..CloseFigurePeriodRequest::default()
    };
    let refused = world.clients.figure_periods.clone().close_figure_period(by_item).await.unwrap_err();
    assert!(violations(&refused)[0].starts_with("group_by: "));
    let named = GetFigurePeriodRequest { name: "periods/2026-01".to_owned(), edition: -1 };
    let refused = violations(&world.clients.figure_periods.clone().get_figure_period(named).await.unwrap_err());
    assert_eq!(refused.len(), 2, "{refused:?}");
}

on_each_backend!(
    a_closed_month_stays_and_later_postings_are_restatements,
    closing_again_with_the_same_id_answers_the_same,
    a_target_is_judged_when_it_is_put_and_each_day_and_a_change_is_told_once,
    a_target_that_is_deleted_is_gone_and_may_be_put_again,
    wrong_requests_name_their_fields,
);
