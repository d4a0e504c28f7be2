//! The end of a run: its figures as JSON with the agreed keys, and as a table for people.

use serde_json::{Map, Value, json};

use super::{
    figures::{DEFINITIONS, count, latency_ms, number, rate, rounded, wait_days_mean, wait_days_p95},
    memory,
    source::Source,
    state::DemoState,
    totals::{Flow, Totals},
    untidy::Mishaps,
};
use crate::{
    commands::verify::Verified,
    model::supply::MODEL,
    output::table::{
        Column::{Number, Words},
        pairs, render,
    },
    retail::report::RetailReport,
};

/// Everything that is known at the end.
#[derive(Debug)]
pub struct DemoReport<'a> {
    /// Where the demand came from.
    pub source: &'a Source,
    /// How the run went.
    pub state: &'a DemoState,
    /// The sums of all lines.
    pub totals: Totals,
    /// What came in against what left.
    pub flow: Flow,
    /// What the services found in their own books.
    pub verified: Verified,
    /// The buyer's safety days, a part of the model.
    pub safety_days: i64,
}

impl DemoReport<'_> {
    /// Whether every book balances: the services' own, the lines, and the flow of every item.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        self.verified.is_balanced() && self.totals.is_complete() && self.flow.items_unbalanced == 0
    }

    /// The figures with the agreed keys.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut report = self.quantities();
        report.extend(self.rates());
        report.extend(self.speed());
        let refused = self.source.report.as_ref().map(RetailReport::refused).unwrap_or_default();
        let refused: Map<String, Value> =
            refused.into_iter().map(|(class, rows)| (class.key().to_owned(), json!(rows))).collect();
        report.insert("refused_rows".to_owned(), Value::Object(refused));
        report.insert("units_oversold".to_owned(), json!(self.flow.units_oversold));
        report.insert("books_balanced".to_owned(), json!(self.is_balanced()));
        report.insert("digest".to_owned(), json!(self.verified.books.digest));
        report.insert("source".to_owned(), json!(self.source.name));
        report.insert("seed".to_owned(), json!(self.state.seed));
        report.insert("supply".to_owned(), json!(format!("{MODEL}; here {} safety days", self.safety_days)));
        report.insert(
            "definitions".to_owned(),
            json!(DEFINITIONS.into_iter().collect::<std::collections::BTreeMap<_, _>>()),
        );
        if let Some(mishaps) = &self.state.mishaps {
            report.insert("untidy".to_owned(), mishaps.to_json());
        }
        report.insert("rows".to_owned(), self.source.report.as_ref().map_or(Value::Null, RetailReport::to_json));
        Value::Object(report)
    }

    fn quantities(&self) -> Map<String, Value> {
        let totals = &self.totals;
        let counts = [("orders", totals.orders), ("lines", totals.lines)];
        let units = [
            ("units_ordered", totals.units_ordered),
            ("units_filled_at_once", totals.units_filled_at_once),
            ("units_backordered", totals.units_backordered),
            ("units_filled_later", totals.units_filled_later),
            ("units_refused", totals.units_refused),
            ("units_cancelled", totals.units_cancelled),
            ("units_returned", totals.units_returned),
            ("units_open", totals.units_open),
        ];
        let counts = counts.map(|(key, count)| (key.to_owned(), json!(count)));
        counts.into_iter().chain(units.map(|(key, units)| (key.to_owned(), json!(units)))).collect()
    }

    fn rates(&self) -> Map<String, Value> {
        let totals = &self.totals;
        let demand = number(totals.units_ordered + totals.units_refused);
        let rates = [
            ("backorder_rate", Some(rate(number(totals.units_backordered), number(totals.units_ordered)))),
            ("unit_fill_rate", Some(rate(number(totals.units_filled_at_first_attempt), demand))),
            ("line_fill_rate", Some(rate(count(totals.lines_filled_at_once), count(totals.lines)))),
            ("order_fill_rate", Some(rate(count(totals.orders_filled_at_once), count(totals.orders)))),
            ("wait_days_mean", wait_days_mean(totals)),
            ("wait_days_p95", wait_days_p95(totals)),
        ];
        rates.into_iter().map(|(key, rate)| (key.to_owned(), json!(rate))).collect()
    }

    fn speed(&self) -> Map<String, Value> {
        let (state, totals) = (self.state, &self.totals);
        let per_second = |things: u64| rounded(rate(count(things), state.stream_seconds), 1);
        let speeds = [
            ("orders_per_second", json!(per_second(totals.orders))),
            ("lines_per_second", json!(per_second(totals.lines))),
            ("stream_seconds", json!(rounded(state.stream_seconds, 3))),
            ("place_order_ms_p50", json!(latency_ms(&state.place_order_us, 50))),
            ("place_order_ms_p99", json!(latency_ms(&state.place_order_us, 99))),
            ("peak_memory_bytes", json!(memory::peak_bytes())),
        ];
        speeds.into_iter().map(|(key, speed)| (key.to_owned(), speed)).collect()
    }

    /// The figures for people.
    #[must_use]
    pub fn to_text(&self) -> String {
        let report = self.to_json();
        let figures = pairs(FIGURES.iter().map(|key| ((*key).to_owned(), words(&report[*key]))));
        let definitions: Vec<String> = DEFINITIONS.iter().map(|(key, meaning)| format!("  {key}: {meaning}")).collect();
        let mut parts = vec![
            format!("{}, seed {}", self.source.name, self.state.seed),
            format!("supply: {MODEL}; here {} safety days", self.safety_days),
            figures,
        ];
        if let Some(rows) = &self.source.report {
            let refused =
                rows.refused().into_iter().map(|(class, rows)| vec![class.rule().to_owned(), rows.to_string()]);
            parts.push(render(&[Words("refused rows"), Number("rows")], refused));
        }
        if let Some(Value::Object(mishaps)) = self.state.mishaps.as_ref().map(Mishaps::to_json) {
            let rows = mishaps.iter().map(|(key, value)| vec![key.clone(), words(value)]);
            parts.push(render(&[Words("what went wrong, modelled"), Number("")], rows));
        }
        parts.push(format!("what the figures mean\n{}", definitions.join("\n")));
        parts.push(format!("digest of all movements: {}", self.verified.books.digest));
        parts.join("\n\n")
    }
}

/// The figures of the table, in its order.
const FIGURES: [&str; 24] = [
    "orders",
    "lines",
    "units_ordered",
    "units_filled_at_once",
    "units_backordered",
    "units_filled_later",
    "units_refused",
    "units_cancelled",
    "units_returned",
    "units_open",
    "backorder_rate",
    "unit_fill_rate",
    "line_fill_rate",
    "order_fill_rate",
    "wait_days_mean",
    "wait_days_p95",
    "orders_per_second",
    "lines_per_second",
    "stream_seconds",
    "place_order_ms_p50",
    "place_order_ms_p99",
    "peak_memory_bytes",
    "units_oversold",
    "books_balanced",
];

fn words(value: &Value) -> String {
    match value {
        Value::Null => "not measured".to_owned(),
        Value::String(text) => text.clone(),
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => other.to_string(),
    }
}
