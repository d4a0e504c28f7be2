//! Requests of `FigureService`.

use std::collections::BTreeSet;

use backorder_domain::figures::{
    assumption::{AssumptionUnit, Assumptions},
    cohort::Terms,
    verdicts::DeliveryWindow,
};
use backorder_proto::{
    allocation::v1 as pb,
    convert::{
        Violations,
        decimal::nanos,
        decode::{self, path},
    },
};
use jiff::Timestamp;

use crate::use_cases::figures::{CostCommand, FiguresCommand, Grouping, Scope, figure_name, parameter_name};

/// Days in a request at most: ten years.
const DAYS_MAX: i32 = 3_650;
const OLD_DAYS_DEFAULT: i64 = 30;
const LINES_MAX: i32 = 1_000;
/// Figures or parameters in a request at most.
const NAMES_MAX: usize = 100;
/// Bytes of a text that picks lines.
const TEXT_BYTES_MAX: usize = 200;

/// What service figures are counted of.
pub fn figures(
    r: &pb::GetServiceFiguresRequest,
    now: Timestamp,
    violations: &mut Violations,
) -> Option<FiguresCommand> {
    let scope = scope(r.scope.as_ref(), now, violations);
    at_most(r.figures.len(), "figures", violations);
    let mut figures = Vec::new();
    for (index, name) in r.figures.iter().enumerate().take(NAMES_MAX) {
        match pb::FigureName::try_from(*name).ok().and_then(figure_name) {
            Some(name) => figures.push(name),
            None => violations.push(path("figures", index, ""), "must be a known figure"),
        }
    }
    let early = r.on_time_days_early.map(|days| self::days(days, "on_time_days_early", violations));
    let days_late = days(r.on_time_days_late, "on_time_days_late", violations);
    let old_days = days(r.old_order_days, "old_order_days", violations);
    let days_early = match early {
        Some(days) => Some(days?),
        None => None,
    };
    let old_days = old_days.map(|days| if days == 0 { OLD_DAYS_DEFAULT } else { days });
    let window = DeliveryWindow { days_early, days_late: days_late? };
    Some(FiguresCommand { scope: scope?, figures, terms: Terms { window, old_days: old_days? } })
}

/// What the cost of shortage is counted of.
pub fn cost(r: &pb::GetShortageCostRequest, now: Timestamp, violations: &mut Violations) -> Option<CostCommand> {
    let scope = scope(r.scope.as_ref(), now, violations);
    let assumptions = assumptions(&r.parameters, violations);
    if !(0..=LINES_MAX).contains(&r.lines_max) {
        violations.push("lines_max", format!("must be from 0 to {LINES_MAX}"));
    }
    let lines_max = usize::try_from(r.lines_max).ok();
    Some(CostCommand { scope: scope?, assumptions: assumptions?, lines_max: lines_max? })
}

/// By what lines are grouped.
#[expect(clippy::option_option, reason = "outside: decoded or refused, inside: grouped or not")]
pub fn grouping(group_by: i32, violations: &mut Violations) -> Option<Option<Grouping>> {
    let named = decode::known_enum::<pb::FigureGrouping>(group_by, "group_by", violations)?;
    Some(match named {
        pb::FigureGrouping::Unspecified => None,
        pb::FigureGrouping::Item => Some(Grouping::Item),
        pb::FigureGrouping::Category => Some(Grouping::Category),
        pb::FigureGrouping::Channel => Some(Grouping::Channel),
        pb::FigureGrouping::CustomerTier => Some(Grouping::CustomerTier),
        pb::FigureGrouping::Location => Some(Grouping::Location),
        pb::FigureGrouping::Month => Some(Grouping::Month),
    })
}

fn scope(scope: Option<&pb::FigureScope>, now: Timestamp, violations: &mut Violations) -> Option<Scope> {
    let whole = pb::FigureScope::default();
    let scope = scope.unwrap_or(&whole);
    let from = decode::date_if_set(scope.from_date.as_ref(), "scope.from_date", violations);
    let until = decode::date_if_set(scope.until_date.as_ref(), "scope.until_date", violations);
    if let (Some(Some(from)), Some(Some(until))) = (from, until)
        && until < from
    {
        violations.push("scope.until_date", "must not be before from_date");
    }
    let as_of = decode::timestamp_if_set(scope.as_of.as_ref(), "scope.as_of", violations);
    if as_of.flatten().is_some_and(|as_of| as_of > now) {
        violations.push("scope.as_of", "must not be in the future");
    }
    let item = if scope.item.is_empty() {
        Some(String::new())
    } else {
        decode::item_name(&scope.item, "scope.item", violations).map(|id| id.into_string())
    };
    let location = if scope.location.is_empty() {
        Some(String::new())
    } else {
        decode::location_name(&scope.location, "scope.location", violations).map(|id| id.into_string())
    };
    let mut text = |text: &str, field: &str| decode::text(text, TEXT_BYTES_MAX, field, violations);
    let category = text(&scope.category, "scope.category");
    let channel = text(&scope.channel, "scope.channel");
    let customer_tier = text(&scope.customer_tier, "scope.customer_tier");
    let customer = text(&scope.customer, "scope.customer");
    Some(Scope {
        from: from?,
        until: until?,
        as_of: as_of?.unwrap_or(now),
        item: item?,
        category: category?,
        channel: channel?,
        customer_tier: customer_tier?,
        customer: customer?,
        location: location?,
    })
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

fn days(days: i32, field: &str, violations: &mut Violations) -> Option<i64> {
    if (0..=DAYS_MAX).contains(&days) {
        return Some(days.into());
    }
    violations.push(field, format!("must be from 0 to {DAYS_MAX}"));
    None
}
