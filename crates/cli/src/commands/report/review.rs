//! `backorder report close|periods|restatements|targets|target|untarget`: what was reported stays, and what should be reached.

use backorder_proto::{
    allocation::v1::{
        CloseFigurePeriodRequest, DeleteFigureTargetRequest, FigurePeriod, FigureRestatement, FigureStatistic,
        FigureTarget, FigureWeight, GetFigurePeriodRequest, ListFigurePeriodsRequest, ListFigurePeriodsResponse,
        ListFigureTargetsRequest, ListFigureTargetsResponse, ListRestatementsRequest, ListRestatementsResponse,
        PutFigureTargetRequest, ServiceFigure, figure_target::Bound,
    },
    common::v1::Decimal,
};
use clap::{Args, Subcommand, ValueEnum};

use super::{FigureArg, GroupingArg, LinesArgs, PACKAGE, basis, figures, key, words};
use crate::{
    args::{PageArgs, ReasonArgs},
    client::{Session, requests},
    commands::pages,
    failure::Failure,
    output::{
        Output,
        table::{
            Column::{self, Number, Words},
            render,
        },
        text,
    },
};

const PERIODS: [Column; 7] = [
    Words("month"),
    Number("edition"),
    Words("grouped by"),
    Words("closed"),
    Words("by"),
    Words("reason"),
    Words("note"),
];
const RESTATEMENTS: [Column; 5] =
    [Words("group"), Words("figure"), Words("counted"), Number("as closed"), Number("now")];
const TARGETS: [Column; 8] = [
    Words("target"),
    Words("figure"),
    Words("counted"),
    Words("should be"),
    Number("is"),
    Words("state"),
    Words("since"),
    Words("days"),
];

/// What is kept of figures.
#[derive(Debug, Subcommand)]
pub enum ReviewCommand {
    /// Close a month: keep its figures as they are now. Later postings change them no more; `restatements` tells what they
    /// would change.
    Close {
        /// The month, such as 2026-03.
        month: String,
        /// Keep each group apart, too: category, channel, tier or location.
        #[arg(long, value_enum, value_name = "GROUPING")]
        by: Option<GroupingArg>,
        /// A delivery so many days before the requested day is on time. Left out, on any earlier day.
        #[arg(long, value_name = "DAYS")]
        days_early: Option<i32>,
        /// A delivery so many days after the requested day is on time.
        #[arg(long, default_value_t = 0, value_name = "DAYS")]
        days_late: i32,
        /// Close a closed month once more: a new edition. The one before stays readable.
        #[arg(long)]
        restate: bool,
        /// Why.
        #[command(flatten)]
        why: ReasonArgs,
    },
    /// Show a closed month as it was closed.
    Closed {
        /// The month, such as 2026-03.
        month: String,
        /// The edition. Left out, the last one.
        #[arg(long, default_value_t = 0, hide_default_value = true)]
        edition: i32,
    },
    /// List closed months.
    Periods {
        /// How many.
        #[command(flatten)]
        page: PageArgs,
    },
    /// Show each figure of a closed month that is another one now.
    Restatements {
        /// The month, such as 2026-03.
        month: String,
        /// The edition. Left out, the last one.
        #[arg(long, default_value_t = 0, hide_default_value = true)]
        edition: i32,
    },
    /// List what figures should reach, and how they stand.
    Targets,
    /// Say what a figure should reach. It is judged now and every day; a change is an event.
    Target(Box<TargetArgs>),
    /// Forget a target.
    Untarget {
        /// The target.
        target: String,
        /// Why.
        #[command(flatten)]
        why: ReasonArgs,
    },
}

/// A target.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  backorder report target gold-fill --figure fill-rate --counted lines --at-least 0.95 --tier GOLD
  backorder report target wait --figure customer-wait --statistic p95 --at-most 14 --days 90")]
#[group(id = "bound", required = true, multiple = false, args = ["at_least", "at_most"])]
pub struct TargetArgs {
    /// Its name: small letters, digits and hyphens.
    target: String,
    /// Which figure.
    #[arg(long, value_enum, value_name = "FIGURE")]
    figure: FigureArg,
    /// What is counted.
    #[arg(long, value_enum, default_value_t = CountedArg::Lines, value_name = "WHAT")]
    counted: CountedArg,
    /// What is made of it.
    #[arg(long, value_enum, default_value_t = StatisticArg::Share, value_name = "STATISTIC")]
    statistic: StatisticArg,
    /// It should be so much or more: a share as 0.95, days as 14.
    #[arg(long, value_name = "NUMBER")]
    at_least: Option<String>,
    /// It should be so much or less.
    #[arg(long, value_name = "NUMBER")]
    at_most: Option<String>,
    /// Over the lines wanted on so many days, up to yesterday.
    #[arg(long, default_value_t = 30, value_name = "DAYS")]
    days: i32,
    /// Which lines.
    #[command(flatten)]
    lines_of: LinesArgs,
    /// Only when it is still as it was read: the etag.
    #[arg(long, default_value = "", value_name = "ETAG")]
    etag: String,
    /// Why.
    #[command(flatten)]
    why: ReasonArgs,
}

/// What is counted.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum CountedArg {
    Lines,
    Orders,
    Units,
    Value,
    Margin,
}

/// What is made of it.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum StatisticArg {
    Share,
    Mean,
    Sum,
    P50,
    P85,
    P95,
}

/// Runs a command.
///
/// # Errors
/// [`Failure`] when the service refuses.
pub async fn run(command: &ReviewCommand, session: &Session, output: Output) -> Result<(), Failure> {
    match command {
        ReviewCommand::Close { month, by, days_early, days_late, restate, why } => {
            let request = CloseFigurePeriodRequest {
                request_id: session.request_id(),
                month: month.clone(),
                group_by: by.map_or(0, |by| by.on_wire().into()),
                on_time_days_early: *days_early,
                on_time_days_late: *days_late,
                old_order_days: 0,
                restate: *restate,
                context: Some(requests::context(&why.reason, &why.note)),
            };
            let answer = session.clients.figure_periods.clone().close_figure_period(request).await?.into_inner();
            output.message(&format!("{PACKAGE}.FigurePeriod"), &answer, closed)
        }
        ReviewCommand::Closed { month, edition } => {
            let request = GetFigurePeriodRequest { name: text::named("figurePeriods", month), edition: *edition };
            let answer = session.clients.figure_periods.clone().get_figure_period(request).await?.into_inner();
            output.message(&format!("{PACKAGE}.FigurePeriod"), &answer, closed)
        }
        ReviewCommand::Periods { page } => list_periods(page, session, output).await,
        ReviewCommand::Restatements { month, edition } => {
            let request = ListRestatementsRequest { name: text::named("figurePeriods", month), edition: *edition };
            let answer = session.clients.figure_periods.clone().list_restatements(request).await?.into_inner();
            output.message(&format!("{PACKAGE}.ListRestatementsResponse"), &answer, restated)
        }
        ReviewCommand::Targets => {
            let request = ListFigureTargetsRequest {};
            let answer = session.clients.figure_targets.clone().list_figure_targets(request).await?.into_inner();
            let message = format!("{PACKAGE}.ListFigureTargetsResponse");
            output.message(&message, &answer, |answer: &ListFigureTargetsResponse| {
                render(&TARGETS, answer.targets.iter().map(target_row))
            })
        }
        ReviewCommand::Target(args) => put_target(args, session, output).await,
        ReviewCommand::Untarget { target, why } => {
            let request = DeleteFigureTargetRequest {
                request_id: session.request_id(),
                name: text::named("figureTargets", target),
                context: Some(requests::context(&why.reason, &why.note)),
            };
            let answer = session.clients.figure_targets.clone().delete_figure_target(request).await?.into_inner();
            output.message(&format!("{PACKAGE}.DeleteFigureTargetResponse"), &answer, |_| {
                format!("{target} is forgotten")
            })
        }
    }
}

async fn list_periods(page: &PageArgs, session: &Session, output: Output) -> Result<(), Failure> {
    let found = pages::collect(page.limit, |page_size, page_token| {
        let mut periods = session.clients.figure_periods.clone();
        async move {
            let request = ListFigurePeriodsRequest { page_size, page_token };
            let answer = periods.list_figure_periods(request).await?.into_inner();
            Ok((answer.periods, answer.next_page_token))
        }
    });
    let answer = ListFigurePeriodsResponse { periods: found.await?, ..ListFigurePeriodsResponse::default() };
    output.message(&format!("{PACKAGE}.ListFigurePeriodsResponse"), &answer, |answer| {
        render(&PERIODS, answer.periods.iter().map(period_row))
    })
}

async fn put_target(args: &TargetArgs, session: &Session, output: Output) -> Result<(), Failure> {
    let request = PutFigureTargetRequest {
        request_id: session.request_id(),
        target: Some(args.target()),
        context: Some(requests::context(&args.why.reason, &args.why.note)),
    };
    let answer = session.clients.figure_targets.clone().put_figure_target(request).await?.into_inner();
    output.message(&format!("{PACKAGE}.FigureTarget"), &answer, |answer| {
        format!("{}\njudged in a moment: backorder report targets", render(&TARGETS, [target_row(answer)]))
    })
}

impl TargetArgs {
    fn target(&self) -> FigureTarget {
        let decimal = |value: &String| Decimal { value: value.clone() };
        let at_least = self.at_least.as_ref().map(|bound| Bound::AtLeast(decimal(bound)));
        let at_most = self.at_most.as_ref().map(|bound| Bound::AtMost(decimal(bound)));
        FigureTarget {
            name: text::named("figureTargets", &self.target),
            figure: self.figure.figure.into(),
            weight: self.counted.on_wire().into(),
            statistic: self.statistic.on_wire().into(),
            scope: Some(self.lines_of.scope()),
            window_days: self.days,
            bound: at_least.or(at_most),
            etag: self.etag.clone(),
            ..FigureTarget::default()
        }
    }
}

impl CountedArg {
    const fn on_wire(self) -> FigureWeight {
        match self {
            Self::Lines => FigureWeight::Lines,
            Self::Orders => FigureWeight::Orders,
            Self::Units => FigureWeight::Units,
            Self::Value => FigureWeight::Value,
            Self::Margin => FigureWeight::Margin,
        }
    }
}

impl StatisticArg {
    const fn on_wire(self) -> FigureStatistic {
        match self {
            Self::Share => FigureStatistic::Share,
            Self::Mean => FigureStatistic::Mean,
            Self::Sum => FigureStatistic::Sum,
            Self::P50 => FigureStatistic::P50,
            Self::P85 => FigureStatistic::P85,
            Self::P95 => FigureStatistic::P95,
        }
    }
}

fn closed(period: &FigurePeriod) -> String {
    let head = format!("{}, edition {}: {}", text::id(&period.name), period.edition, basis(period.basis.as_ref()));
    let total = period.total.iter().flat_map(|total| &total.figures);
    let mut parts = vec![head, figures::table(total)];
    parts.extend(period.groups.iter().map(|group| format!("{}\n{}", key(&group.key), figures::table(&group.figures))));
    parts.join("\n\n")
}

fn period_row(period: &FigurePeriod) -> Vec<String> {
    let context = period.context.clone().unwrap_or_default();
    vec![
        text::id(&period.name).to_owned(),
        period.edition.to_string(),
        words(period.group_by().as_str_name(), "FIGURE_GROUPING_").replace("unspecified", ""),
        text::time(period.close_time.as_ref()),
        context.actor,
        context.reason_code,
        context.note,
    ]
}

fn restated(answer: &ListRestatementsResponse) -> String {
    let head = format!("edition {} against {}", answer.edition, basis(answer.basis.as_ref()));
    if answer.restatements.is_empty() {
        return format!("{head}: nothing differs");
    }
    let shown = format!("{} of {} figures that differ", answer.restatements.len(), answer.total_size);
    format!("{head}: {shown}\n\n{}", render(&RESTATEMENTS, answer.restatements.iter().map(restatement_row)))
}

fn restatement_row(restatement: &FigureRestatement) -> Vec<String> {
    let either = restatement.now.clone().or_else(|| restatement.frozen.clone()).unwrap_or_default();
    let group = if restatement.of_group { key(&restatement.key) } else { "all" };
    let value = |figure: Option<&ServiceFigure>| figure.map_or_else(|| "-".to_owned(), figures::value);
    vec![
        group.to_owned(),
        figures::name(&either),
        words(either.weight().as_str_name(), "FIGURE_WEIGHT_"),
        value(restatement.frozen.as_ref()),
        value(restatement.now.as_ref()),
    ]
}

fn target_row(target: &FigureTarget) -> Vec<String> {
    let named = ServiceFigure {
        figure: target.figure,
        weight: target.weight,
        statistic: target.statistic,
        ..ServiceFigure::default()
    };
    let bound = match &target.bound {
        Some(Bound::AtLeast(bound)) => format!(">= {}", bound.value),
        Some(Bound::AtMost(bound)) => format!("<= {}", bound.value),
        None => String::new(),
    };
    vec![
        text::id(&target.name).to_owned(),
        figures::name(&named),
        words(target.weight().as_str_name(), "FIGURE_WEIGHT_"),
        bound,
        target.measured.as_ref().map_or_else(|| "-".to_owned(), figures::value),
        words(target.state().as_str_name(), "FIGURE_TARGET_STATE_").replace("unspecified", "not judged yet"),
        text::time(target.since_time.as_ref()),
        target.window_days.to_string(),
    ]
}
