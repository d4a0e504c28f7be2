//! The report for programs. Its keys are documented in docs/assess.md and only ever added.

use backorder_domain::figures::{
    ageing::Ageing,
    assumption::{Assumption, AssumptionUnit},
    ratio::Ratio,
    survival::{Quantile, WaitFigures},
};
use serde_json::{Value, json};

use super::{
    assessment::{Assessment, CauseCost},
    groups::{Group, wait_label},
    text::source,
    words::{self, plain_amount},
};
use crate::decimal::format_nanos;

/// The whole report.
#[must_use]
pub fn render_json(report: &Assessment) -> Value {
    let rows = report.rows.to_json();
    json!({
        "file": report.file,
        "currency": report.currency,
        "as_of": report.as_of.to_string(),
        "first_day": report.first_day.to_string(),
        "days": count(report.days),
        "rows": {
            "read": rows["rows"], "used": rows["applied"], "refused": rows["refused"],
            "refused_by_reason": rows["refused_by_reason"], "refused_rows": rows["refused_rows"],
        },
        "headline": report.headline(),
        "cost": {
            "total": plain_amount(report.total.nanos),
            "per_year": plain_amount(report.per_year(report.total.nanos)),
            "assumed": plain_amount(report.total.assumed_nanos),
            "by_cause": report.causes.iter().map(|cause| cause_of(report, cause)).collect::<Vec<Value>>(),
        },
        "service": service(report),
        "wait_days": { "all_lines": waits(report.waits), "backordered_lines": waits(report.waits_backordered) },
        "ageing": {
            "by_order_date": ageing(report, report.ageing), "by_promised_date": ageing(report, report.ageing_promised),
        },
        "wait_distribution": distribution(report),
        "months": report.months.iter().map(month).collect::<Vec<Value>>(),
        "items": report.items.as_ref().map(|items| {
            items.iter().map(|(group, name)| ranked(group, name)).collect::<Vec<Value>>()
        }),
        "customers": report.customers.as_ref().map(|customers| {
            customers.iter().map(|group| ranked(group, "")).collect::<Vec<Value>>()
        }),
        "assumptions": Assumption::ALL.map(|assumption| assumption_of(report, assumption)),
        "not_measured": report.absences.iter().map(|absence| json!({"what": absence.what, "why": absence.why}))
            .collect::<Vec<Value>>(),
        "findings": report.findings,
    })
}

fn cause_of(report: &Assessment, cause: &CauseCost) -> Value {
    let amount = cause.amount.as_ref().ok();
    json!({
        "cause": words::cause_key(cause.cause),
        "amount": amount.map(|amount| plain_amount(amount.nanos)),
        "per_year": amount.map(|amount| plain_amount(report.per_year(amount.nanos))),
        "assumed": amount.map(|amount| plain_amount(amount.assumed_nanos)),
        "assumptions": cause.cause.assumptions().iter().map(|assumption| assumption.name()).collect::<Vec<_>>(),
        "why_not_measured": cause.amount.as_ref().err(),
    })
}

fn service(report: &Assessment) -> Value {
    let sums = &report.sums;
    let unless_missing = |column: &str, value: Value| if report.is_missing(column) { Value::Null } else { value };
    json!({
        "orders": report.orders.orders,
        "lines": sums.lines,
        "units_ordered": count(sums.units_ordered),
        "units_refused": unless_missing("refused_quantity", count(sums.units_refused)),
        "units_backordered": count(sums.units_backordered),
        "lines_backordered": sums.lines_backordered,
        "backorder_rate_units": ratio(sums.backorder_rate_units()),
        "backorder_rate_lines": ratio(sums.backorder_rate_lines()),
        "unit_fill_rate": ratio(sums.unit_fill_rate()),
        "line_fill_rate": ratio(sums.line_fill_rate()),
        "order_fill_rate": ratio(report.orders.order_fill_rate()),
        "cancel_rate": unless_missing("cancelled_quantity", ratio(sums.cancel_rate())),
        "recovered_revenue": money_ratio(sums.recovered_revenue()),
        "unit_days": count(sums.unit_days),
        "line_days": count(sums.line_days),
        "lines_future": sums.lines_future,
        "units_cancelled_before_due": count(sums.units_cancelled_before_due),
    })
}

/// A count that fits as a number, else as text.
fn count(number: i128) -> Value {
    i64::try_from(number).map_or_else(|_| json!(number.to_string()), |number| json!(number))
}

fn ratio(ratio: Option<Ratio>) -> Value {
    ratio.map_or(
        Value::Null,
        |ratio| json!({"part": count(ratio.part()), "whole": count(ratio.whole()), "rate": decimal(ratio)}),
    )
}

fn money_ratio(ratio: Option<Ratio>) -> Value {
    ratio.map_or(Value::Null, |ratio| {
        json!({"part": plain_amount(ratio.part()), "whole": plain_amount(ratio.whole()), "rate": decimal(ratio)})
    })
}

/// A ratio with six digits after the point, as a JSON number.
fn decimal(ratio: Ratio) -> Value {
    let nanos = i64::try_from(ratio.scaled(1_000_000).saturating_mul(1_000)).unwrap_or(i64::MAX);
    serde_json::from_str(&format_nanos(nanos)).unwrap_or(Value::Null)
}

fn waits(waits: Option<WaitFigures>) -> Value {
    let quantile = |quantile: Quantile| match quantile {
        Quantile::Days(days) => json!({"days": days, "is_at_least": false}),
        Quantile::MoreThan(days) => json!({"days": days, "is_at_least": true}),
    };
    waits.map_or(Value::Null, |waits| {
        json!({
            "lines": waits.lines,
            "open": waits.censored,
            "mean": {"days": decimal(waits.mean), "is_at_least": waits.mean_is_at_least},
            "p50": quantile(waits.p50), "p85": quantile(waits.p85), "p95": quantile(waits.p95),
        })
    })
}

fn ageing(report: &Assessment, ageing: Option<Ageing>) -> Value {
    let is_priced = !report.is_missing("unit_price");
    let group = |(place, group): (usize, &backorder_domain::figures::ageing::AgeGroup)| {
        json!({
            "days": words::age(place), "lines": group.lines, "units": count(group.units),
            "value": is_priced.then(|| plain_amount(group.value_nanos)),
        })
    };
    ageing.map_or(Value::Null, |ages| ages.iter().enumerate().map(group).collect())
}

fn distribution(report: &Assessment) -> Value {
    let bar = |(place, group): (usize, &super::groups::WaitGroup)| json!({"days": wait_label(place), "shipped": group.ended, "open": group.open});
    report.wait_groups.iter().enumerate().map(bar).collect()
}

fn month(group: &Group) -> Value {
    json!({
        "month": &*group.id,
        "lines": group.sums.lines,
        "backorder_rate_lines": ratio(group.sums.backorder_rate_lines()),
        "unit_fill_rate": ratio(group.sums.unit_fill_rate()),
        "cost": plain_amount(group.cost_nanos),
    })
}

fn ranked(group: &Group, name: &str) -> Value {
    json!({
        "id": &*group.id,
        "name": name,
        "lines_backordered": group.sums.lines_backordered,
        "units_backordered": count(group.sums.units_backordered),
        "unit_days": count(group.sums.unit_days),
        "cost": plain_amount(group.cost_nanos),
    })
}

fn assumption_of(report: &Assessment, assumption: Assumption) -> Value {
    let swing = report.swings.iter().find(|swing| swing.assumption == assumption);
    let value = swing.map(|swing| match assumption.unit() {
        AssumptionUnit::Days => json!(swing.value),
        AssumptionUnit::Share | AssumptionUnit::Money => json!(format_nanos(swing.value)),
    });
    json!({
        "name": assumption.name(),
        "value": value,
        "source": source(report, assumption),
        "total_halved": swing.map(|swing| plain_amount(swing.halved_nanos)),
        "total_doubled": swing.map(|swing| plain_amount(swing.doubled_nanos)),
        "meaning": assumption.meaning(),
    })
}
