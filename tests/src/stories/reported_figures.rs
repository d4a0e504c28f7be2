//! What was reported stays, and what should be reached is judged.

use backorder_proto::{
    allocation::v1::{
        CloseFigurePeriodRequest, DeleteFigureTargetRequest, FigureGrouping, FigureName, FigurePeriod, FigureScope,
        FigureStatistic, FigureTarget, FigureTargetState, FigureWeight, GetFigurePeriodRequest, GetFigureTargetRequest,
        ListRestatementsRequest, PutFigureTargetRequest, figure_target::Bound,
    },
    common::v1::Decimal,
};
use backorder_testkit::eventually;
use tonic::Status;

use crate::world::{World, reason, request_id};

/// A month that no other story closes.
const MONTH: &str = "2019-07";
const PERIOD: &str = "figurePeriods/2019-07";
const TARGET: &str = "figureTargets/reported-figures";

async fn close(world: &World, request_id: &str, restate: bool) -> Result<FigurePeriod, Status> {
    let request = CloseFigurePeriodRequest {
        request_id: request_id.to_owned(),
        month: MONTH.to_owned(),
        group_by: FigureGrouping::CustomerTier.into(),
        restate,
        ..CloseFigurePeriodRequest::default()
    };
    Ok(world.allocation.figure_periods.clone().close_figure_period(request).await?.into_inner())
}

pub async fn a_month_is_closed_once_and_each_edition_stays(world: &World) {
    let id = request_id();
    let first = close(world, &id, false).await.expect("closed");
    assert_eq!((first.name.as_str(), first.edition), (PERIOD, 1));
    assert_eq!(close(world, &id, false).await.expect("the same answer"), first);
    let again = close(world, &request_id(), false).await.expect_err("it is closed");
    assert_eq!(reason(&again), "ALREADY_EXISTS");
    let second = close(world, &request_id(), true).await.expect("restated");
    assert_eq!(second.edition, 2);
    let mut periods = world.allocation.figure_periods.clone();
    let request = GetFigurePeriodRequest { name: PERIOD.to_owned(), edition: 1 };
    assert_eq!(periods.get_figure_period(request).await.expect("kept").into_inner(), first);
    let request = ListRestatementsRequest { name: PERIOD.to_owned(), edition: 0 };
    let told = periods.list_restatements(request).await.expect("counted").into_inner();
    assert_eq!((told.edition, told.total_size), (2, 0), "nothing was posted since");
}

pub async fn a_target_of_nothing_is_neither_met_nor_breached(world: &World) {
    let mut targets = world.allocation.figure_targets.clone();
    let target = FigureTarget {
        name: TARGET.to_owned(),
        figure: FigureName::FillRate.into(),
        weight: FigureWeight::Lines.into(),
        statistic: FigureStatistic::Share.into(),
        scope: Some(FigureScope { customer: "nobody-orders-as-this".to_owned(), ..FigureScope::default() }),
        window_days: 7,
        bound: Some(Bound::AtLeast(Decimal { value: "0.95".to_owned() })),
        ..FigureTarget::default()
    };
    let request = PutFigureTargetRequest { request_id: request_id(), target: Some(target), context: None };
    let put = targets.put_figure_target(request.clone()).await.expect("put").into_inner();
    assert_eq!(targets.put_figure_target(request).await.expect("the same answer").into_inner(), put);
    let judged = || async {
        let request = GetFigureTargetRequest { name: TARGET.to_owned() };
        let found = world.allocation.figure_targets.clone().get_figure_target(request).await;
        found.is_ok_and(|target| target.into_inner().state() == FigureTargetState::NotMeasured)
    };
    eventually("the target is judged", judged).await;
    let request = DeleteFigureTargetRequest { request_id: request_id(), name: TARGET.to_owned(), context: None };
    targets.delete_figure_target(request).await.expect("deleted");
    let request = GetFigureTargetRequest { name: TARGET.to_owned() };
    let gone = targets.get_figure_target(request).await.expect_err("it is gone");
    assert_eq!(reason(&gone), "FIGURE_TARGET_NOT_FOUND");
}
