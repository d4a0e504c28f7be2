//! The report of service figures.

use backorder_proto::{
    allocation::v1::{
        FigureGroup, FigureName, FigureStatistic, FigureUnit, FigureWeight, GetServiceFiguresRequest,
        GetServiceFiguresResponse, NotMeasuredReason, ServiceFigure,
    },
    common::v1::Decimal,
};
use prost_types::Timestamp;

use super::{PACKAGE, ReportArgs, basis, key, words};
use crate::{
    client::Session,
    failure::Failure,
    output::{
        Output,
        table::{
            Column::{self, Number, Words},
            render,
        },
    },
};

const FIGURES: [Column; 8] = [
    Words("figure"),
    Words("counted"),
    Number("value"),
    Words("unit"),
    Words("from the day"),
    Number("part"),
    Number("whole"),
    Number("left out"),
];

/// What is shown of a group when nothing else is asked for.
const MAIN: [(FigureName, FigureWeight, FigureStatistic); 9] = [
    (FigureName::FillRate, FigureWeight::Lines, FigureStatistic::Share),
    (FigureName::FillRate, FigureWeight::Units, FigureStatistic::Share),
    (FigureName::FillRate, FigureWeight::Margin, FigureStatistic::Share),
    (FigureName::BackorderRate, FigureWeight::Units, FigureStatistic::Share),
    (FigureName::RefusedRate, FigureWeight::Units, FigureStatistic::Share),
    (FigureName::OnTimeInFull, FigureWeight::Orders, FigureStatistic::Share),
    (FigureName::CustomerWait, FigureWeight::Lines, FigureStatistic::P50),
    (FigureName::CustomerWait, FigureWeight::Lines, FigureStatistic::P95),
    (FigureName::BackorderUnitDays, FigureWeight::Units, FigureStatistic::Sum),
];

/// Shows the figures.
///
/// # Errors
/// [`Failure`] when the service refuses.
pub async fn run(args: &ReportArgs, session: &Session, output: Output) -> Result<(), Failure> {
    let mut answer = page(args, session, (0, None, String::new())).await?;
    let as_of = answer.basis.as_ref().and_then(|basis| basis.as_of);
    if !answer.next_page_token.is_empty() && !args.has_enough(answer.groups.len()) {
        // All pages tell of one time.
        answer = page(args, session, (0, as_of, String::new())).await?;
    }
    while !answer.next_page_token.is_empty() && !args.has_enough(answer.groups.len()) {
        let token = std::mem::take(&mut answer.next_page_token);
        let next = page(args, session, (answer.groups.len(), as_of, token)).await?;
        answer.groups.extend(next.groups);
        answer.next_page_token = next.next_page_token;
    }
    output.message(&format!("{PACKAGE}.GetServiceFiguresResponse"), &answer, |answer| people(args, answer))
}

async fn page(
    args: &ReportArgs,
    session: &Session,
    (found, as_of, page_token): (usize, Option<Timestamp>, String),
) -> Result<GetServiceFiguresResponse, Failure> {
    let request = GetServiceFiguresRequest {
        scope: Some(args.scope(as_of)),
        group_by: args.group_by(),
        figures: args.figures.iter().map(|figure| figure.figure.into()).collect(),
        on_time_days_early: args.days_early,
        on_time_days_late: args.days_late,
        old_order_days: args.old_days,
        page_size: args.groups_wanted(found),
        page_token,
    };
    Ok(session.clients.figures.clone().get_service_figures(request).await?.into_inner())
}

fn people(args: &ReportArgs, answer: &GetServiceFiguresResponse) -> String {
    let total = answer.total.clone().unwrap_or_default();
    let mut parts = vec![format!(
        "{}; {} judged, {} in the future, {} preordered",
        basis(answer.basis.as_ref()),
        total.lines,
        total.lines_future,
        total.lines_preorder
    )];
    parts.push(table(&total.figures));
    if !answer.groups.is_empty() {
        let columns: Vec<Column> = std::iter::once(Words("group")).chain(FIGURES).collect();
        parts.push(render(&columns, answer.groups.iter().flat_map(|group| rows_of_group(args, group))));
    }
    if !answer.next_page_token.is_empty() {
        parts.push("more groups follow: raise --limit".to_owned());
    }
    let formula = |definition: &backorder_proto::allocation::v1::FigureDefinition| {
        format!("{}: {}", words(definition.figure().as_str_name(), "FIGURE_NAME_"), definition.formula)
    };
    parts.push(answer.definitions.iter().map(formula).collect::<Vec<_>>().join("\n"));
    parts.join("\n\n")
}

/// Figures as a table.
pub(super) fn table<'a>(figures: impl IntoIterator<Item = &'a ServiceFigure>) -> String {
    render(&FIGURES, figures.into_iter().map(row))
}

fn rows_of_group<'a>(args: &'a ReportArgs, group: &'a FigureGroup) -> impl Iterator<Item = Vec<String>> + 'a {
    let is_shown = |figure: &&ServiceFigure| {
        !args.figures.is_empty() || MAIN.contains(&(figure.figure(), figure.weight(), figure.statistic()))
    };
    group.figures.iter().filter(is_shown).map(|figure| {
        let mut cells = vec![key(&group.key).to_owned()];
        cells.extend(row(figure));
        cells
    })
}

fn row(figure: &ServiceFigure) -> Vec<String> {
    vec![
        name(figure),
        words(figure.weight().as_str_name(), "FIGURE_WEIGHT_"),
        value(figure),
        unit(figure.unit()).to_owned(),
        words(figure.date_basis().as_str_name(), "FIGURE_DATE_BASIS_"),
        number(figure.numerator.as_ref()),
        number(figure.denominator.as_ref()),
        figure.left_out.to_string(),
    ]
}

/// The name of a figure in words.
pub(super) fn name(figure: &ServiceFigure) -> String {
    let name = words(figure.figure().as_str_name(), "FIGURE_NAME_");
    if let Some(first) = figure.age_days_min {
        return match figure.age_days_max {
            Some(last) => format!("{name}, {first} to {last} days"),
            None => format!("{name}, {first} days and more"),
        };
    }
    match figure.statistic() {
        FigureStatistic::Unspecified | FigureStatistic::Share | FigureStatistic::Sum => name,
        statistic @ (FigureStatistic::Mean | FigureStatistic::P50 | FigureStatistic::P85 | FigureStatistic::P95) => {
            format!("{name}, {}", words(statistic.as_str_name(), "FIGURE_STATISTIC_"))
        }
    }
}

/// The value of a figure, or why it has none.
pub(super) fn value(figure: &ServiceFigure) -> String {
    let reason = figure.not_measured();
    if reason != NotMeasuredReason::Unspecified {
        return format!("- ({})", words(reason.as_str_name(), "NOT_MEASURED_REASON_"));
    }
    let at_least = if figure.at_least { ">= " } else { "" };
    format!("{at_least}{}", number(figure.value.as_ref()))
}

const fn unit(unit: FigureUnit) -> &'static str {
    match unit {
        FigureUnit::Unspecified => "",
        FigureUnit::Ratio => "of 1",
        FigureUnit::Days => "days",
        FigureUnit::UnitDays => "unit-days",
        FigureUnit::Count => "times",
    }
}

/// A number, or a dash for none.
pub(super) fn number(number: Option<&Decimal>) -> String {
    number.map_or_else(|| "-".to_owned(), |number| number.value.clone())
}
