//! Requests of `FigureService`, `FigurePeriodService` and `FigureTargetService`.

use std::collections::BTreeSet;

use backorder_domain::{
    figures::assumption::{AssumptionUnit, Assumptions},
    time::civil_date_in,
};
use backorder_proto::{
    allocation::v1 as pb,
    convert::{
        Violations,
        decimal::nanos,
        decode::{self, path},
    },
};
use jiff::{Timestamp, tz::TimeZone};

use crate::{
    use_cases::figures::{
        AskedTerms, ClosePeriod, CostCommand, DeleteTarget, FiguresCommand, Grouping, PeriodAt, PutTarget, Scope,
        TargetTerms, figure_name, first_of_month, grouping, parameter_name,
    },
    write::Who,
};

const LINES_MAX: i32 = 1_000;
/// Bytes of the id of a target at most.
const TARGET_ID_BYTES_MAX: usize = 60;
/// Figures or parameters in a request at most.
const NAMES_MAX: usize = 100;

/// What service figures are counted of.
pub fn figures(
    r: &pb::GetServiceFiguresRequest,
    now: Timestamp,
    violations: &mut Violations,
) -> Option<FiguresCommand> {
    let scope = Scope::decode(r.scope.as_ref(), "scope", now, violations);
    at_most(r.figures.len(), "figures", violations);
    let mut figures = Vec::new();
    for (index, name) in r.figures.iter().enumerate().take(NAMES_MAX) {
        match pb::FigureName::try_from(*name).ok().and_then(figure_name) {
            Some(name) => figures.push(name),
            None => violations.push(path("figures", index, ""), "must be a known figure"),
        }
    }
    let terms =
        AskedTerms { days_early: r.on_time_days_early, days_late: r.on_time_days_late, old_days: r.old_order_days };
    let terms = terms.decode("", violations);
    Some(FiguresCommand { scope: scope?, figures, terms: terms? })
}

/// What the cost of shortage is counted of.
pub fn cost(r: &pb::GetShortageCostRequest, now: Timestamp, violations: &mut Violations) -> Option<CostCommand> {
    let scope = Scope::decode(r.scope.as_ref(), "scope", now, violations);
    let assumptions = assumptions(&r.parameters, violations);
    if !(0..=LINES_MAX).contains(&r.lines_max) {
        violations.push("lines_max", format!("must be from 0 to {LINES_MAX}"));
    }
    let lines_max = usize::try_from(r.lines_max).ok();
    Some(CostCommand { scope: scope?, assumptions: assumptions?, lines_max: lines_max? })
}

fn assumptions(given: &[pb::GivenParameter], violations: &mut Violations) -> Option<Assumptions> {
    let (mut assumptions, mut seen) = (Assumptions::default(), BTreeSet::new());
    at_most(given.len(), "parameters", violations);
    for (index, parameter) in given.iter().enumerate().take(NAMES_MAX) {
        let at = |field: &str| path("parameters", index, field);
        let Some(name) = pb::ShortageParameterName::try_from(parameter.name).ok().and_then(parameter_name) else {
            violations.push(at("name"), "must be a known parameter");
            continue;
        };
        if !seen.insert(name) {
            violations.push(at("name"), "must not be named twice");
        }
        let Some(value) = nanos(parameter.value.as_ref(), &at("value"), violations) else { continue };
        match assumptions.with(name, value) {
            Ok(with) => assumptions = with,
            Err(_) if name.unit() == AssumptionUnit::Share => violations.push(at("value"), "must be from 0 to 1"),
            Err(_) => violations.push(at("value"), "must be from 0 to 1,000,000"),
        }
    }
    Some(assumptions)
}

fn at_most(elements: usize, field: &str, violations: &mut Violations) {
    if elements > NAMES_MAX {
        violations.push(field, format!("must have at most {NAMES_MAX} elements"));
    }
}

/// A month to close.
pub fn close(r: &pb::CloseFigurePeriodRequest, now: Timestamp, violations: &mut Violations) -> Option<ClosePeriod> {
    let first = first_of_month(&r.month);
    match first {
        None => violations.push("month", "must be a month such as 2026-03"),
        Some(first) if first.last_of_month() >= civil_date_in(now, &TimeZone::UTC) => {
            violations.push("month", "must be over");
        }
        Some(_) => {}
    }
    let by = grouping(r.group_by, violations);
    if matches!(by, Some(Some(Grouping::Item | Grouping::Month))) {
        violations.push("group_by", "must be CATEGORY, CHANNEL, CUSTOMER_TIER or LOCATION, or unspecified");
    }
    let terms =
        AskedTerms { days_early: r.on_time_days_early, days_late: r.on_time_days_late, old_days: r.old_order_days };
    let terms = terms.decode("", violations);
    let who = Who::decode(r.context.as_ref(), violations);
    Some(ClosePeriod { first: first?, by: by?, terms: terms?, request: r.clone(), who: who? })
}

const PERIODS: &str = "figurePeriods/";
const TARGETS: &str = "figureTargets/";

/// The month in the name of a period.
pub fn month_in(name: &str) -> &str {
    name.strip_prefix(PERIODS).unwrap_or_default()
}

/// A closed month that is asked for.
pub fn period(name: &str, edition: i32, violations: &mut Violations) -> Option<PeriodAt> {
    let month = month_in(name);
    let is_month = first_of_month(month).is_some();
    if !is_month {
        violations.push("name", "must be a name such as figurePeriods/2026-03");
    }
    if edition < 0 {
        violations.push("edition", "must not be negative");
    }
    (is_month && edition >= 0).then(|| PeriodAt { month: month.to_owned(), edition })
}

/// A target to put.
pub fn put_target(r: &pb::PutFigureTargetRequest, now: Timestamp, violations: &mut Violations) -> Option<PutTarget> {
    let target = decode::required(r.target.as_ref(), "target", violations)?;
    let id = target_id(&target.name, "target.name", violations);
    let terms = TargetTerms::decode(target, now, violations);
    let who = Who::decode(r.context.as_ref(), violations);
    let asked = pb::FigureTarget {
        state: pb::FigureTargetState::Unspecified.into(),
        since_time: None,
        judge_time: None,
        measured: None,
        from_date: None,
        until_date: None,
        etag: String::new(),
        ..target.clone()
    };
    terms?;
    Some(PutTarget { id: id?, target: asked, etag: target.etag.clone(), who: who? })
}

/// A target to delete.
pub fn delete_target(r: &pb::DeleteFigureTargetRequest, violations: &mut Violations) -> Option<DeleteTarget> {
    let id = target_id(&r.name, "name", violations);
    let who = Who::decode(r.context.as_ref(), violations);
    Some(DeleteTarget { id: id?, who: who? })
}

/// The id in the name of a target.
pub fn target_id(name: &str, field: &str, violations: &mut Violations) -> Option<String> {
    let id = name.strip_prefix(TARGETS).unwrap_or_default();
    let is_id = !id.is_empty()
        && id.len() <= TARGET_ID_BYTES_MAX
        && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !is_id {
        violations.push(
            field,
            format!(
                "must be {TARGETS} and 1 to {TARGET_ID_BYTES_MAX} small letters, digits and hyphens, such as {TARGETS}gold-fill"
            ),
        );
    }
    is_id.then(|| id.to_owned())
}
