//! The report in a terminal.

use backorder_domain::figures::{
    assumption::Assumption,
    ratio::Ratio,
    shortage_cost::{Amount, Cause},
};

use super::{
    assessment::Assessment,
    groups::Group,
    words::{self, NOT_MEASURED, amount, rate, whole},
};
use crate::output::table::{
    Column::{self, Number, Words},
    pairs, render,
};

/// Refused rows that are shown.
const REFUSED_SHOWN: usize = 5;

/// The whole report.
#[must_use]
pub fn render_text(report: &Assessment) -> String {
    let mut parts = vec![
        format!("{}\n{}", report.cost_sentence(), report.service_sentence()),
        format!("WHAT IT COSTS{}\n{}", in_currency(report), causes(report)),
        format!("HOW CUSTOMERS ARE SERVED\n{}", pairs(report.service_rows())),
        format!("WHAT IS OPEN ON {}\n{}", report.as_of, ageing(report)),
        format!("BY MONTH\n{}", months(report)),
    ];
    if let Some(items) = &report.items {
        let rows = items.iter().map(|(group, name)| ranked(&format!("{} {name}", group.id), group));
        parts.push(format!("THE ITEMS THAT COST MOST\n{}", render(&RANKED, rows)));
    }
    if let Some(customers) = &report.customers {
        let rows = customers.iter().map(|group| ranked(&group.id, group));
        parts.push(format!("THE CUSTOMERS THAT COST MOST\n{}", render(&RANKED, rows)));
    }
    parts.push(format!("WHAT IS ASSUMED (the total is {})\n{}", amount(report.total.nanos), assumptions(report)));
    parts.push(format!("WHAT IS NOT MEASURED\n{}", absences(report)));
    if !report.findings.is_empty() {
        let findings: Vec<String> = report.findings.iter().map(|finding| format!("- {finding}")).collect();
        parts.push(format!("WHAT IS ODD IN THE FILE\n{}", findings.join("\n")));
    }
    parts.push(rows(report));
    parts.join("\n\n")
}

fn in_currency(report: &Assessment) -> String {
    if report.currency.is_empty() { String::new() } else { format!(" (in {})", report.currency) }
}

/// The assumptions that a cause really used, with their values: `lost_share 100 %, margin_share 40 %`.
#[must_use]
pub fn assumed_by(report: &Assessment, cause: Cause) -> String {
    let word = |assumption: &Assumption| {
        let swing = report.swings.iter().find(|swing| swing.assumption == *assumption)?;
        let is_used = report.weight(swing) > 0;
        is_used.then(|| format!("{} {}", assumption.name(), words::value_of(*assumption, swing.value)))
    };
    cause.assumptions().iter().filter_map(word).collect::<Vec<_>>().join(", ")
}

fn causes(report: &Assessment) -> String {
    let columns =
        [Words("cause"), Number("amount"), Number("a year"), Number("share"), Number("of it assumed"), Words("with")];
    let cells = |name: &str, cost: Amount, with: String| {
        vec![
            name.to_owned(),
            amount(cost.nanos),
            words::whole_amount(report.per_year(cost.nanos)),
            share(cost.nanos, report.total.nanos),
            share(cost.assumed_nanos, cost.nanos),
            with,
        ]
    };
    let rows = report.causes.iter().map(|cause| match &cause.amount {
        Ok(cost) => cells(words::cause(cause.cause), *cost, assumed_by(report, cause.cause)),
        Err(why) => {
            let mut row = vec![words::cause(cause.cause).to_owned(), NOT_MEASURED.to_owned()];
            row.extend([String::new(), String::new(), String::new(), why.clone()]);
            row
        }
    });
    render(&columns, rows.chain([cells("all that is measured", report.total, String::new())]))
}

/// A share in per cent, a dash of nothing.
#[must_use]
pub fn share(part: i128, whole: i128) -> String {
    Ratio::of(part, whole).map_or_else(|| "-".to_owned(), |ratio| rate(Some(ratio)))
}

fn ageing(report: &Assessment) -> String {
    let columns = [
        Words("days"),
        Number("lines, by order date"),
        Number("units"),
        Number("value"),
        Number("units so long past their promise"),
    ];
    let Some(ages) = &report.ageing else { return format!("{NOT_MEASURED}: the file has no order_date") };
    let rows = ages.iter().enumerate().map(|(place, group)| {
        let promised = report.ageing_promised.map(|ages| whole(ages[place].units));
        let value = if report.is_missing("unit_price") { NOT_MEASURED.to_owned() } else { amount(group.value_nanos) };
        vec![
            words::age(place),
            group.lines.to_string(),
            whole(group.units),
            value,
            promised.unwrap_or_else(|| NOT_MEASURED.to_owned()),
        ]
    });
    render(&columns, rows)
}

fn months(report: &Assessment) -> String {
    let columns = [
        Words("month"),
        Number("lines"),
        Number("backordered"),
        Number("rate"),
        Number("unit fill rate"),
        Number("cost"),
    ];
    let row = |group: &Group| {
        vec![
            group.id.to_string(),
            whole(group.sums.lines.into()),
            whole(group.sums.lines_backordered.into()),
            rate(group.sums.backorder_rate_lines()),
            rate(group.sums.unit_fill_rate()),
            amount(group.cost_nanos),
        ]
    };
    render(&columns, report.months.iter().map(row))
}

const RANKED: [Column; 5] =
    [Words("which"), Number("backordered lines"), Number("units"), Number("unit-days"), Number("cost")];

fn ranked(name: &str, group: &Group) -> Vec<String> {
    vec![
        words::harmless(name.trim()),
        whole(group.sums.lines_backordered.into()),
        whole(group.sums.units_backordered),
        whole(group.sums.unit_days),
        amount(group.cost_nanos),
    ]
}

/// Where an assumption's value comes from.
#[must_use]
pub fn source(report: &Assessment, assumption: Assumption) -> &'static str {
    match report.assumptions.get(assumption) {
        Some(_) if report.assumptions.is_given(assumption) => "given",
        Some(_) => "default",
        None if report.swings.iter().any(|swing| swing.assumption == assumption) => "file",
        None => "none",
    }
}

/// The cells of the table of assumptions: those that move the total most first, those without a value last.
#[must_use]
pub fn assumption_rows(report: &Assessment) -> Vec<Vec<String>> {
    let cells = |assumption: Assumption, [value, halved, doubled]: [String; 3]| {
        let (name, from) = (assumption.name().to_owned(), source(report, assumption).to_owned());
        vec![name, value, from, halved, doubled, assumption.meaning().to_owned()]
    };
    let known = report.swings_by_weight().into_iter().map(|swing| {
        let value = words::value_of(swing.assumption, swing.value);
        cells(swing.assumption, [value, amount(swing.halved_nanos), amount(swing.doubled_nanos)])
    });
    let is_known = |assumption: &Assumption| report.swings.iter().any(|swing| swing.assumption == *assumption);
    let unknown = Assumption::ALL.into_iter().filter(|assumption| !is_known(assumption));
    let dashes = || ["-", "-", "-"].map(str::to_owned);
    known.chain(unknown.map(|assumption| cells(assumption, dashes()))).collect()
}

fn assumptions(report: &Assessment) -> String {
    let columns = [
        Words("assumption"),
        Number("value"),
        Words("from"),
        Number("total if halved"),
        Number("total if doubled"),
        Words("what it stands for"),
    ];
    render(&columns, assumption_rows(report))
}

fn absences(report: &Assessment) -> String {
    let rows = report.absences.iter().map(|absence| vec![absence.what.clone(), absence.why.clone()]);
    render(&[Words("what"), Words("why")], rows)
}

fn rows(report: &Assessment) -> String {
    let rows = &report.rows;
    let mut text = format!(
        "{}: {} rows read, {} used, {} refused",
        words::harmless(&report.file),
        rows.rows,
        rows.applied,
        rows.refused()
    );
    for (reason, count) in rows.refused_by_reason() {
        text.push_str(&format!("\n  {count} x {reason}"));
    }
    for row in rows.shown().iter().take(REFUSED_SHOWN) {
        text.push_str(&format!("\n  line {}: {}", row.line, row.detail));
    }
    let hidden = rows.refused().saturating_sub(REFUSED_SHOWN as u64);
    if hidden > 0 {
        text.push_str(&format!("\n  and {hidden} more: name a file with --refused to get all of them"));
    }
    text
}
