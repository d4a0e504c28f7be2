//! The page: the same parts as in the terminal, with charts before the tables.

use std::fmt::Write as _;

use backorder_domain::figures::{ratio::Ratio, sensitivity::Swing, shortage_cost::Amount};

use super::{
    super::{
        assessment::Assessment,
        groups::{Group, wait_label},
        text::{assumed_by, assumption_rows, share},
        words::{self, NOT_MEASURED, amount, rate, whole},
    },
    chart::{Bar, Caption, Stack, bars, columns},
    escaped,
    style::STYLE,
};

/// Whether a column holds numbers, with its head.
type Head<'a> = (&'a str, bool);

/// The whole page.
#[must_use]
pub fn render_html(report: &Assessment) -> String {
    let parts = [
        head(report),
        section("What it costs", &format!("{}{}", cause_chart(report), causes(report))),
        section("How customers are served", &format!("{}{}", month_chart(report), months(report))),
        section("How long they wait", &format!("{}{}{}", wait_chart(report), service(report), ageing(report))),
        ranked_items(report),
        ranked_customers(report),
        section("What is assumed", &assumptions(report)),
        section("What is not measured", &absences(report)),
        section("The file", &rows(report)),
    ];
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\"><title>What backorders cost: {}</title><style>{STYLE}</style>\
         </head>\n<body><main>\n{}\n</main></body></html>\n",
        escaped(&report.file),
        parts.join("\n"),
    )
}

fn section(title: &str, body: &str) -> String {
    format!("<section><h2>{}</h2>{body}</section>", escaped(title))
}

fn head(report: &Assessment) -> String {
    let year = words::whole_amount(report.per_year(report.total.nanos));
    let cards = [
        (format!("{} {year}", report.currency).trim().to_owned(), "a year, all that is measured"),
        (rate(report.sums.backorder_rate_lines()), "of order lines not filled at the first attempt"),
        (rate(report.orders.order_fill_rate()), "of orders filled wholly at the first attempt"),
        (
            report.waits_backordered.map_or_else(
                || NOT_MEASURED.to_owned(),
                |waits| format!("{} / {} days", words::quantile(waits.p50), words::quantile(waits.p95)),
            ),
            "wait of backordered lines, P50 / P95",
        ),
        (whole(report.sums.units_open), "units still wait"),
    ];
    let mut text = format!(
        "<header><h1>What backorders cost</h1><p class=\"soft\">{}, {} to {}, seen from the end of that day</p>\
         <p class=\"lead\">{} {}</p></header><div class=\"cards\">",
        escaped(&report.file),
        report.first_day,
        report.as_of,
        escaped(&report.cost_sentence()),
        escaped(&report.service_sentence()),
    );
    for (number, what) in cards {
        let _ = write!(text, "<div class=\"card\"><b>{}</b><span>{}</span></div>", escaped(&number), escaped(what));
    }
    text.push_str("</div>");
    text
}

fn figure(caption: &str, chart: &str) -> String {
    format!("<figure><figcaption>{caption}</figcaption>{chart}</figure>")
}

fn cause_chart(report: &Assessment) -> String {
    let mut measured: Vec<(i128, &str)> = report
        .causes
        .iter()
        .filter_map(|cause| Some((cause.amount.as_ref().ok()?.nanos, words::cause(cause.cause))))
        .collect();
    measured.sort_by_key(|(nanos, _)| std::cmp::Reverse(*nanos));
    let bar = |(nanos, name): (i128, &str)| Bar {
        name: name.to_owned(),
        length: nanos,
        words: format!("{} ({})", amount(nanos), share(nanos, report.total.nanos)),
    };
    let all: Vec<Bar> = measured.into_iter().map(bar).collect();
    let caption = Caption { id: "causes", title: "Cost by cause over the whole file" };
    figure(&format!("Cost by cause{}, over the whole file", in_currency(report)), &bars(caption, &all))
}

fn in_currency(report: &Assessment) -> String {
    if report.currency.is_empty() { String::new() } else { format!(" in {}", escaped(&report.currency)) }
}

fn month_chart(report: &Assessment) -> String {
    let stack = |group: &Group| {
        let rate = group.sums.backorder_rate_lines();
        let words = rate.map_or_else(String::new, |rate| words::rate(Some(rate)));
        Stack { name: group.id.to_string(), parts: [rate.map_or(0, |rate| rate.scaled(100_000)), 0], words }
    };
    let stacks: Vec<Stack> = report.months.iter().map(stack).collect();
    let caption = Caption { id: "months", title: "Backorder rate of lines by month of the requested date" };
    figure("Backorder rate of lines, by month of the requested date", &columns(caption, &stacks))
}

fn wait_chart(report: &Assessment) -> String {
    if report.sums.lines_backordered == 0 {
        return "<p>No line was backordered.</p>".to_owned();
    }
    if report.waits_backordered.is_none() {
        return format!("<p>Waits are {NOT_MEASURED}.</p>");
    }
    let stack = |(place, group): (usize, &super::super::groups::WaitGroup)| Stack {
        name: wait_label(place),
        parts: [group.ended.into(), group.open.into()],
        words: whole(i128::from(group.ended) + i128::from(group.open)),
    };
    let stacks: Vec<Stack> = report.wait_groups.iter().enumerate().map(stack).collect();
    let caption = Caption { id: "waits", title: "Backordered lines by days from order to last shipment" };
    let keys = "Backordered lines by days since their order: <span class=\"key main\"></span>shipped \
                <span class=\"key second\"></span>still waiting";
    figure(keys, &columns(caption, &stacks))
}

fn table(heads: &[Head<'_>], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let class = |is_number: bool| if is_number { " class=\"n\"" } else { "" };
    let mut text = "<div class=\"scroll\"><table><thead><tr>".to_owned();
    for (name, is_number) in heads {
        let _ = write!(text, "<th scope=\"col\"{}>{}</th>", class(*is_number), escaped(name));
    }
    text.push_str("</tr></thead><tbody>");
    for row in rows {
        text.push_str("<tr>");
        for (cell, (_, is_number)) in row.iter().zip(heads) {
            let _ = write!(text, "<td{}>{}</td>", class(*is_number), escaped(cell));
        }
        text.push_str("</tr>");
    }
    text.push_str("</tbody></table></div>");
    text
}

fn causes(report: &Assessment) -> String {
    let heads = [("Cause", false), ("Amount", true), ("A year", true), ("Of it assumed", true), ("With", false)];
    let cells = |name: &str, cost: Amount, with: String| {
        let year = words::whole_amount(report.per_year(cost.nanos));
        vec![name.to_owned(), amount(cost.nanos), year, share(cost.assumed_nanos, cost.nanos), with]
    };
    let rows = report.causes.iter().map(|cause| match &cause.amount {
        Ok(cost) => cells(words::cause(cause.cause), *cost, assumed_by(report, cause.cause)),
        Err(why) => {
            let name = words::cause(cause.cause).to_owned();
            vec![name, NOT_MEASURED.to_owned(), String::new(), String::new(), why.clone()]
        }
    });
    let all = table(&heads, rows.chain([cells("all that is measured", report.total, String::new())]));
    format!("<div class=\"sum\">{all}</div>")
}

fn months(report: &Assessment) -> String {
    let heads = [("Month", false), ("Lines", true), ("Backorder rate", true), ("Unit fill rate", true), ("Cost", true)];
    let row = |group: &Group| {
        vec![
            group.id.to_string(),
            whole(group.sums.lines.into()),
            rate(group.sums.backorder_rate_lines()),
            rate(group.sums.unit_fill_rate()),
            amount(group.cost_nanos),
        ]
    };
    table(&heads, report.months.iter().map(row))
}

fn service(report: &Assessment) -> String {
    let rows = report.service_rows().into_iter().map(|(name, value)| vec![name.to_owned(), value]);
    table(&[("Figure", false), ("", true)], rows)
}

fn ageing(report: &Assessment) -> String {
    let Some(ages) = &report.ageing else { return String::new() };
    let is_priced = !report.is_missing("unit_price");
    let heads = [
        ("Open, days since the order", false),
        ("Lines", true),
        ("Units", true),
        ("Value", true),
        ("Units so long past their promise", true),
    ];
    let rows = ages.iter().enumerate().map(|(place, group)| {
        let value = if is_priced { amount(group.value_nanos) } else { NOT_MEASURED.to_owned() };
        let promised = report.ageing_promised.map(|ages| whole(ages[place].units));
        let promised = promised.unwrap_or_else(|| NOT_MEASURED.to_owned());
        vec![words::age(place), group.lines.to_string(), whole(group.units), value, promised]
    });
    table(&heads, rows)
}

const RANKED: [Head<'static>; 5] =
    [("Which", false), ("Backordered lines", true), ("Units", true), ("Unit-days", true), ("Cost", true)];

fn ranked(name: &str, group: &Group) -> Vec<String> {
    vec![
        name.trim().to_owned(),
        whole(group.sums.lines_backordered.into()),
        whole(group.sums.units_backordered),
        whole(group.sums.unit_days),
        amount(group.cost_nanos),
    ]
}

fn ranked_items(report: &Assessment) -> String {
    let Some(items) = &report.items else { return String::new() };
    let rows = items.iter().map(|(group, name)| ranked(&format!("{} {name}", group.id), group));
    section("The items that cost most", &table(&RANKED, rows))
}

fn ranked_customers(report: &Assessment) -> String {
    let Some(customers) = &report.customers else { return String::new() };
    section("The customers that cost most", &table(&RANKED, customers.iter().map(|group| ranked(&group.id, group))))
}

fn assumptions(report: &Assessment) -> String {
    let heads = [
        ("Assumption", false),
        ("Value", true),
        ("From", false),
        ("Total if halved", true),
        ("Total if doubled", true),
        ("What it stands for", false),
    ];
    let assumed = rate(Ratio::of(report.total.assumed_nanos, report.total.nanos));
    let note = format!(
        "<p>{assumed} of the total rests on amounts that the file does not have. The defaults are round numbers to \
         start from, not findings: set your own with <code>--assume NAME=VALUE</code>.</p>"
    );
    format!("{note}{}{}", swing_chart(report), table(&heads, assumption_rows(report)))
}

fn swing_chart(report: &Assessment) -> String {
    let used = report.swings_by_weight().into_iter().filter(|swing| report.weight(swing) > 0);
    let bar = |swing: &Swing| Bar {
        name: swing.assumption.name().to_owned(),
        length: report.weight(swing),
        words: format!("{} to {}", words::whole_amount(swing.halved_nanos), words::whole_amount(swing.doubled_nanos)),
    };
    let caption = Caption { id: "swings", title: "The total when an assumption is halved and when it is doubled" };
    let all: Vec<Bar> = used.map(bar).collect();
    let what =
        format!("The total is {}; with half and with twice of each assumption it is", amount(report.total.nanos));
    figure(&what, &bars(caption, &all))
}

fn absences(report: &Assessment) -> String {
    let rows = report.absences.iter().map(|absence| vec![absence.what.clone(), absence.why.clone()]);
    table(&[("What", false), ("Why", false)], rows)
}

fn rows(report: &Assessment) -> String {
    let rows = &report.rows;
    let mut text = format!(
        "<p>{} rows read, {} used, {} refused.</p>",
        whole(rows.rows.into()),
        whole(rows.applied.into()),
        whole(rows.refused().into())
    );
    if rows.refused() > 0 {
        let reasons = rows.refused_by_reason().iter().map(|(reason, count)| vec![reason.clone(), count.to_string()]);
        text.push_str(&table(&[("Refused because", false), ("Rows", true)], reasons));
    }
    for finding in &report.findings {
        let _ = write!(text, "<p>{}.</p>", escaped(finding));
    }
    text
}
