//! What policies do to the same orders: the service figures and the cost of shortage by tier, side by side.
//!
//! All figures are those of the figure service, so that they mean what they mean everywhere else. Nothing is judged here.

use std::time::Duration;

use backorder_proto::{
    allocation::v1::{
        FigureGroup, FigureGrouping, FigureName, FigureScope, FigureStatistic, FigureWeight, GetServiceFiguresRequest,
        GetServiceFiguresResponse, GetShortageCostRequest, GetShortageCostResponse, ServiceFigure, ShortageCostGroup,
    },
    common::v1::Decimal,
    convert::encode,
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{figures::rounded, policy_file::PolicyFile, tiers::Tier};
use crate::{
    client::Clients,
    failure::Failure,
    output::table::{
        Column::{self, Number, Words},
        render,
    },
};

/// The row of all tiers together.
const ALL: &str = "all";

/// The figures of a row: key in JSON, head of the column, and which figure of the service it is.
const FIGURES: [(&str, &str, FigureName, FigureWeight, FigureStatistic); 9] = {
    use FigureName::{BackorderUnitDays, BackorderWait, CustomerWait, FillRate};
    use FigureStatistic::{Mean, P85, P95, Share, Sum};
    use FigureWeight::{Lines, Units};
    [
        ("unit_fill_rate", "unit fill", FillRate, Units, Share),
        ("line_fill_rate", "line fill", FillRate, Lines, Share),
        ("wait_days_mean", "wait mean", CustomerWait, Lines, Mean),
        ("wait_days_p85", "wait P85", CustomerWait, Lines, P85),
        ("wait_days_p95", "wait P95", CustomerWait, Lines, P95),
        ("backordered_wait_days_mean", "short mean", BackorderWait, Lines, Mean),
        ("backordered_wait_days_p85", "short P85", BackorderWait, Lines, P85),
        ("backordered_wait_days_p95", "short P95", BackorderWait, Lines, P95),
        ("backordered_unit_days", "unit-days", BackorderUnitDays, Units, Sum),
    ]
};

const COLUMNS: [Column; 15] = [
    Words("policy"),
    Words("tier"),
    Number("lines"),
    Number(FIGURES[0].1),
    Number(FIGURES[1].1),
    Number(FIGURES[2].1),
    Number(FIGURES[3].1),
    Number(FIGURES[4].1),
    Number("lines short"),
    Number(FIGURES[5].1),
    Number(FIGURES[6].1),
    Number(FIGURES[7].1),
    Number("censored"),
    Number(FIGURES[8].1),
    Number("cost"),
];

/// How a policy served the orders.
#[derive(Debug, Clone)]
pub struct Served {
    /// The policy.
    pub policy: PolicyFile,
    figures: GetServiceFiguresResponse,
    cost: GetShortageCostResponse,
}

/// All orders are read, so the call may take as long as a busy machine needs for that.
const PATIENCE: Duration = Duration::from_secs(3_600);

fn patient<R>(message: R) -> tonic::Request<R> {
    let mut request = tonic::Request::new(message);
    request.set_timeout(PATIENCE);
    request
}

impl Served {
    /// Asks the services, as of an instant that is not later than their clock.
    ///
    /// # Errors
    /// [`Failure`] when a service cannot answer.
    pub async fn ask(clients: &Clients, policy: PolicyFile, as_of: Timestamp) -> Result<Self, Failure> {
        let scope = FigureScope { as_of: Some(encode::timestamp(as_of)), ..FigureScope::default() };
        let mut names: Vec<i32> = FIGURES.iter().map(|(_, _, name, ..)| (*name).into()).collect();
        names.dedup();
        let request = GetServiceFiguresRequest {
            scope: Some(scope.clone()),
            group_by: FigureGrouping::CustomerTier.into(),
            figures: names,
            ..GetServiceFiguresRequest::default()
        };
        let figures = clients.figures.clone().get_service_figures(patient(request)).await?.into_inner();
        let request = GetShortageCostRequest {
            scope: Some(scope),
            group_by: FigureGrouping::CustomerTier.into(),
            ..GetShortageCostRequest::default()
        };
        let cost = clients.figures.clone().get_shortage_cost(patient(request)).await?.into_inner();
        Ok(Self { policy, figures, cost })
    }

    /// The rows, best tier first and all tiers together at the end.
    fn rows(&self) -> Vec<Row<'_>> {
        let tier = |tier: Tier| {
            let figures = self.figures.groups.iter().find(|group| group.key == tier.name())?;
            Some(Row {
                tier: tier.name(),
                figures,
                cost: self.cost.groups.iter().find(|group| group.key == tier.name()),
            })
        };
        let all = self.figures.total.as_ref().map(|figures| Row { tier: ALL, figures, cost: self.cost.total.as_ref() });
        Tier::ALL.into_iter().filter_map(tier).chain(all).collect()
    }

    fn to_json(&self) -> Value {
        let rows: Vec<Value> = self.rows().iter().map(Row::to_json).collect();
        let rules: Vec<Value> = self
            .cost
            .parameters
            .iter()
            .map(|parameter| {
                json!({
                    "name": word(parameter.name().as_str_name(), "SHORTAGE_PARAMETER_NAME_"),
                    "value": parameter.value.as_ref().map(float),
                    "source": word(parameter.source().as_str_name(), "PARAMETER_SOURCE_"),
                })
            })
            .collect();
        json!({ "policy": self.policy.name, "serving": self.policy.words(), "tiers": rows, "cost_parameters": rules })
    }
}

struct Row<'a> {
    tier: &'a str,
    figures: &'a FigureGroup,
    cost: Option<&'a ShortageCostGroup>,
}

impl Row<'_> {
    fn figure(&self, name: FigureName, weight: FigureWeight, statistic: FigureStatistic) -> Option<&ServiceFigure> {
        let is_it = |figure: &&ServiceFigure| {
            figure.figure() == name && figure.weight() == weight && figure.statistic() == statistic
        };
        self.figures.figures.iter().find(is_it)
    }

    /// Lines of a wait: how many there are, and how many of them had not ended.
    fn waits(&self, name: FigureName) -> (i64, i64) {
        let figure = self.figure(name, FigureWeight::Lines, FigureStatistic::Mean);
        figure.map_or((0, 0), |figure| (figure.counted, figure.censored))
    }

    fn cost(&self) -> f64 {
        self.cost.and_then(|cost| cost.total.as_ref()).map_or(0.0, float)
    }

    fn to_json(&self) -> Value {
        let mut row = Map::new();
        let ((_, censored), (short, _)) = (self.waits(FigureName::CustomerWait), self.waits(FigureName::BackorderWait));
        row.insert("tier".to_owned(), json!(self.tier));
        row.insert("lines".to_owned(), json!(self.figures.lines));
        row.insert("lines_backordered".to_owned(), json!(short));
        row.insert("lines_censored".to_owned(), json!(censored));
        for (key, _, name, weight, statistic) in FIGURES {
            let figure = self.figure(name, weight, statistic);
            row.insert(key.to_owned(), json!(figure.and_then(|figure| figure.value.as_ref()).map(float)));
            if figure.is_some_and(|figure| figure.at_least) {
                row.insert(format!("{key}_is_lower_bound"), json!(true));
            }
        }
        row.insert("shortage_cost".to_owned(), json!(rounded(self.cost(), 2)));
        Value::Object(row)
    }

    fn cells(&self, policy: &str) -> Vec<String> {
        let ((_, censored), (short, _)) = (self.waits(FigureName::CustomerWait), self.waits(FigureName::BackorderWait));
        let shown = FIGURES.map(|(_, _, name, weight, statistic)| self.cell(name, weight, statistic));
        let [unit_fill, line_fill, mean, p85, p95, short_mean, short_p85, short_p95, unit_days] = shown;
        vec![
            policy.to_owned(),
            self.tier.to_owned(),
            self.figures.lines.to_string(),
            unit_fill,
            line_fill,
            mean,
            p85,
            p95,
            short.to_string(),
            short_mean,
            short_p85,
            short_p95,
            censored.to_string(),
            unit_days,
            format!("{:.2}", self.cost()),
        ]
    }

    fn cell(&self, name: FigureName, weight: FigureWeight, statistic: FigureStatistic) -> String {
        let figure = self.figure(name, weight, statistic);
        let Some(value) = figure.and_then(|figure| figure.value.as_ref()) else { return "-".to_owned() };
        let bound = if figure.is_some_and(|figure| figure.at_least) { ">= " } else { "" };
        match statistic {
            FigureStatistic::Share => format!("{:.2} %", float(value) * 100.0),
            FigureStatistic::Mean => format!("{bound}{:.2}", float(value)),
            FigureStatistic::Unspecified
            | FigureStatistic::Sum
            | FigureStatistic::P50
            | FigureStatistic::P85
            | FigureStatistic::P95 => format!("{bound}{}", value.value),
        }
    }
}

/// What every policy did, with what was assumed.
#[derive(Debug)]
pub struct Comparison<'a> {
    /// One run of the same orders for each policy.
    pub served: &'a [Served],
    /// What was assumed beside the policies, in words.
    pub assumed: &'a [String],
}

impl Comparison<'_> {
    /// The table for people, and what its columns mean.
    #[must_use]
    pub fn to_text(&self) -> String {
        let rows = self
            .served
            .iter()
            .flat_map(|served| served.rows().into_iter().map(|row| row.cells(&served.policy.name)).collect::<Vec<_>>());
        let mut parts = vec![render(&COLUMNS, rows)];
        parts.push(self.meaning().join("\n"));
        parts.join("\n\n")
    }

    fn meaning(&self) -> Vec<String> {
        let mut lines = vec![
            "unit fill, line fill: at the first attempt, over all that was asked for; what ships later changes neither"
                .to_owned(),
            "wait: days from the order until the last unit of a line left, over all lines".to_owned(),
            "short: the same over lines short at the first attempt; lines short: how many those are".to_owned(),
            "censored: lines not left at the end or cancelled; their wait counts as longer than what was seen, never as \
             ended; >= is a lower bound"
                .to_owned(),
            "unit-days: backordered units times the days that they waited".to_owned(),
        ];
        let cost = self.served.first().map(|served| &served.cost);
        let currency = cost.and_then(|cost| cost.basis.as_ref()).map_or("", |basis| &*basis.currency_code);
        let parameter = |parameter: &backorder_proto::allocation::v1::ShortageParameter| {
            let name = word(parameter.name().as_str_name(), "SHORTAGE_PARAMETER_NAME_");
            let is_measured = word(parameter.source().as_str_name(), "PARAMETER_SOURCE_") == "measured";
            let value = parameter.value.as_ref()?;
            Some(if is_measured { format!("{name} measured in each run") } else { format!("{name} {}", value.value) })
        };
        let parameters: Vec<String> = cost.iter().flat_map(|cost| &cost.parameters).filter_map(parameter).collect();
        lines.push(format!("cost: of shortage in {currency}, by {}", parameters.join(", ")));
        lines.extend(self.assumed.iter().cloned());
        lines
    }

    /// The figures of every policy.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let served: Vec<Value> = self.served.iter().map(Served::to_json).collect();
        json!({ "policies": served, "meaning": self.meaning() })
    }
}

fn float(decimal: &Decimal) -> f64 {
    decimal.value.parse().unwrap_or(0.0)
}

fn word(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).to_lowercase()
}
