//! Everything that an assessment says, counted once: the terminal, the JSON and the HTML only show it.

use std::sync::Arc;

use backorder_domain::figures::{
    ageing::{self, Ageing},
    assumption::Assumptions,
    history::{Facts, Histories},
    outcome::{Outcome, outcomes},
    ratio::{Ratio, share_of},
    sensitivity::{Swing, swings},
    service::{LineSums, OrderSums},
    shortage_cost::{Amount, Cause, ShortageCosts, view},
    survival::{Quantile, WaitFigures},
};
use jiff::civil::Date;

use super::{
    absences::{self, Absence},
    extract::Extract,
    groups::{self, Group, WAITS, WaitGroup, dearest},
    words::{NOT_MEASURED, amount, counted, mean, quantile, rate, whole, whole_amount},
};
use crate::{failure::Failure, import::report::Report};

const DAYS_PER_YEAR: i128 = 365;
const ITEMS_MAX: usize = 20;
const CUSTOMERS_MAX: usize = 10;

/// A cause with what it costs, or why that is not measured.
#[derive(Debug, Clone)]
pub struct CauseCost {
    /// The cause.
    pub cause: Cause,
    /// The amount, or why there is none.
    pub amount: Result<Amount, String>,
}

/// An assessment.
#[derive(Debug)]
pub struct Assessment {
    /// The file's name.
    pub file: String,
    /// The currency, empty when nobody named one.
    pub currency: String,
    /// From the end of which day everything is seen.
    pub as_of: Date,
    /// The first day on which a line was due.
    pub first_day: Date,
    /// Days from the first day to the day of the view, both included.
    pub days: i128,
    /// Rows read, used and refused.
    pub rows: Report,
    /// Sums of all lines.
    pub sums: LineSums,
    /// Sums of all orders.
    pub orders: OrderSums,
    /// Waits of all lines.
    pub waits: Option<WaitFigures>,
    /// Waits of backordered lines.
    pub waits_backordered: Option<WaitFigures>,
    /// Backordered lines by the days that they waited.
    pub wait_groups: [WaitGroup; WAITS.len()],
    /// What is open by days since the order; `None` when no order has a date.
    pub ageing: Option<Ageing>,
    /// What is open by days past the promise; `None` when no line has a promise.
    pub ageing_promised: Option<Ageing>,
    /// The costs.
    pub causes: Vec<CauseCost>,
    /// Their sum.
    pub total: Amount,
    /// By month.
    pub months: Vec<Group>,
    /// The items that cost most; `None` when no line has an item.
    pub items: Option<Vec<(Group, String)>>,
    /// The customers that cost most; `None` when no line has a customer.
    pub customers: Option<Vec<Group>>,
    /// What is assumed.
    pub assumptions: Assumptions,
    /// The total with half and with twice of each assumption.
    pub swings: Vec<Swing>,
    /// What is not measured, and why.
    pub absences: Vec<Absence>,
    /// What is odd in the file.
    pub findings: Vec<String>,
}

/// What to assess, beside the file.
#[derive(Debug, Clone)]
pub struct Question {
    /// The file's name.
    pub file: String,
    /// The name of the currency, where the file has none.
    pub currency: String,
    /// The day of the view; the last day of the file, but at most today, when none is given.
    pub as_of: Option<Date>,
    /// Today.
    pub today: Date,
    /// What is assumed.
    pub assumptions: Assumptions,
}

impl Assessment {
    /// Counts everything.
    ///
    /// # Errors
    /// [`Failure`] when the file has no line that is due by the day of the view.
    pub fn of(mut extract: Extract, question: Question) -> Result<Self, Failure> {
        let Question { file, currency, as_of, today, assumptions } = question;
        let last_day = extract.last_day.ok_or_else(|| empty(&extract.report))?;
        let as_of = as_of.unwrap_or_else(|| last_day.min(today));
        let facts = facts(&extract);
        let histories = Histories::new(extract.lines.iter().map(|line| line.history.clone()).collect());
        let seen = outcomes(&histories, &view(as_of, &assumptions));
        let due = seen.iter().filter(|outcome| outcome.is_judged());
        let first_day = due.map(|outcome| outcome.counts_from).min().ok_or_else(|| none_due(&extract.report, as_of))?;
        let costs = ShortageCosts::of(&histories, &seen, facts, as_of, &assumptions);
        let months = groups::months(&extract, &seen, &costs);
        let waits_of = |only_backordered: bool| {
            let counted = seen.iter().filter(move |line| !only_backordered || line.backordered() > 0);
            WaitFigures::of(counted.filter_map(|outcome| outcome.wait))
        };
        let has = |column: &str| extract.seen.contains(column);
        Ok(Self {
            currency: extract.currency.take().unwrap_or(currency),
            first_day,
            days: i128::from(backorder_domain::figures::outcome::days_between(first_day, as_of)) + 1,
            sums: LineSums::of(&histories, &seen),
            orders: OrderSums::of(&histories, &seen),
            waits: waits_of(false),
            waits_backordered: waits_of(true),
            wait_groups: groups::waits(&seen),
            ageing: has("order_date").then(|| ageing::by_order_date(&histories, &seen, as_of)),
            ageing_promised: has("promised_date").then(|| ageing::by_promised_date(&histories, &seen, as_of)),
            causes: Cause::ALL.map(|cause| cause_cost(cause, &costs, facts)).to_vec(),
            total: costs.sum().total(),
            items: has("item").then(|| items(&extract, &seen, &costs)),
            customers: has("customer").then(|| customers(&extract, &seen, &costs)),
            swings: swings(&histories, &seen, facts, as_of, &assumptions, costs.cancel_chance),
            absences: absences::of(&extract, &seen, facts, &assumptions),
            findings: absences::findings(&extract, &seen, &months, as_of),
            months,
            rows: extract.report,
            file,
            as_of,
            assumptions,
        })
    }

    /// An amount over the whole file as that of a year.
    #[must_use]
    pub const fn per_year(&self, nanos: i128) -> i128 {
        share_of(nanos, DAYS_PER_YEAR, self.days)
    }

    /// An amount to the unit with its currency.
    fn money(&self, text: &str) -> String {
        format!("{} {text}", self.currency).trim().to_owned()
    }

    /// Assumptions with a value, those that move the total most first.
    #[must_use]
    pub fn swings_by_weight(&self) -> Vec<&Swing> {
        let mut swings: Vec<&Swing> = self.swings.iter().collect();
        swings.sort_by_key(|swing| std::cmp::Reverse(self.weight(swing)));
        swings
    }

    /// By how much an assumption moves the total between its half and its double; zero for one that is not used.
    #[must_use]
    pub fn weight(&self, swing: &Swing) -> i128 {
        let totals = [swing.halved_nanos, swing.doubled_nanos, self.total.nanos];
        totals.iter().max().unwrap_or(&0) - totals.iter().min().unwrap_or(&0)
    }

    /// The two sentences that matter.
    #[must_use]
    pub fn headline(&self) -> String {
        format!("{} {}", self.cost_sentence(), self.service_sentence())
    }

    /// What backorders cost.
    #[must_use]
    pub fn cost_sentence(&self) -> String {
        if self.total.nanos == 0 {
            let (days, first, last) = (counted(self.days, "day"), self.first_day, self.as_of);
            return format!("Nothing that backorders cost can be seen in the {days} from {first} to {last}.");
        }
        format!(
            "Backorders cost about {} a year, if the {} from {} to {} are typical: {} in these days, of which {} \
             rests on assumed amounts.",
            self.money(&whole_amount(self.per_year(self.total.nanos))),
            counted(self.days, "day"),
            self.first_day,
            self.as_of,
            self.money(&amount(self.total.nanos)),
            rate(Ratio::of(self.total.assumed_nanos, self.total.nanos)),
        )
    }

    /// How customers were served.
    #[must_use]
    pub fn service_sentence(&self) -> String {
        let sums = &self.sums;
        if sums.lines_backordered == 0 {
            return format!("No line of {} order lines was backordered.", whole(sums.lines.into()));
        }
        let waited = self.waits_backordered.as_ref().map_or_else(unknown_wait, wait_words);
        format!(
            "{} of {} order lines could not be filled at the first attempt; {waited}, and {} units still wait.",
            rate(sums.backorder_rate_lines()),
            whole(sums.lines.into()),
            whole(sums.units_open),
        )
    }

    /// The service figures, each with its words.
    #[must_use]
    pub fn service_rows(&self) -> Vec<(&'static str, String)> {
        let sums = &self.sums;
        let cancelled = |ratio| if self.is_missing("cancelled_quantity") { None } else { ratio };
        let mut rows = vec![
            ("order lines", whole(sums.lines.into())),
            ("backorder rate, lines", rate(sums.backorder_rate_lines())),
            ("backorder rate, units", rate(sums.backorder_rate_units())),
            ("unit fill rate at the first attempt", rate(sums.unit_fill_rate())),
            ("line fill rate at the first attempt", rate(sums.line_fill_rate())),
            ("order fill rate at the first attempt", rate(self.orders.order_fill_rate())),
            ("backordered units that were cancelled", rate(cancelled(sums.cancel_rate()))),
            ("value of backorders shipped in the end", rate(sums.recovered_revenue())),
            ("unit-days of waiting", whole(sums.unit_days)),
            ("units that still wait", whole(sums.units_open)),
        ];
        let waits = [
            ("wait of all lines: mean / P50 / P85 / P95", self.waits),
            ("wait of backordered lines: the same", self.waits_backordered),
        ];
        rows.extend(waits.map(|(name, waits)| (name, waits.map_or_else(|| NOT_MEASURED.to_owned(), days_of))));
        rows
    }

    /// Whether the file lacks a column.
    #[must_use]
    pub fn is_missing(&self, column: &str) -> bool {
        self.absences.iter().any(|absence| absence.column == Some(column))
    }
}

fn days_of(waits: WaitFigures) -> String {
    [mean(&waits), quantile(waits.p50), quantile(waits.p85), quantile(waits.p95)].join(" / ") + " days"
}

fn unknown_wait() -> String {
    "how long they waited is not in the file".to_owned()
}

fn wait_words(waits: &WaitFigures) -> String {
    match (waits.p50, waits.p95) {
        (Quantile::Days(half), Quantile::Days(most)) => {
            format!("half of them waited at most {half} days and one in twenty longer than {most}")
        }
        (Quantile::Days(half), Quantile::MoreThan(most)) => {
            format!("half of them waited at most {half} days and more than one in twenty longer than {most}")
        }
        (Quantile::MoreThan(days), _) => format!("more than half of them will have waited longer than {days} days"),
    }
}

fn facts(extract: &Extract) -> Facts {
    let has = |column: &str| extract.seen.contains(column);
    Facts {
        cancelled: has("cancelled_quantity"),
        refused: has("refused_quantity"),
        price: has("unit_price"),
        expedited: has("expedited"),
    }
}

fn cause_cost(cause: Cause, costs: &ShortageCosts, facts: Facts) -> CauseCost {
    CauseCost { cause, amount: costs.cause(cause).ok_or_else(|| absences::why(cause, facts)) }
}

fn items(extract: &Extract, seen: &[Outcome], costs: &ShortageCosts) -> Vec<(Group, String)> {
    let name = |item: &Arc<str>| extract.item_names.get(item).map_or_else(String::new, |name| (**name).to_owned());
    let all = groups::groups(extract, seen, costs, |line, _| line.item.clone());
    dearest(all, ITEMS_MAX).into_iter().map(|group| (group.clone(), name(&group.id))).collect()
}

fn customers(extract: &Extract, seen: &[Outcome], costs: &ShortageCosts) -> Vec<Group> {
    dearest(groups::groups(extract, seen, costs, |line, _| line.customer.clone()), CUSTOMERS_MAX)
}

fn empty(rows: &Report) -> Failure {
    let reasons: Vec<String> =
        rows.refused_by_reason().iter().map(|(reason, rows)| format!("{rows} x {reason}")).collect();
    let first = rows.shown().first().map_or_else(String::new, |row| format!("; line {}: {}", row.line, row.detail));
    Failure::new(format!("the file has no row that can be used: {} read, {}{first}", rows.rows, reasons.join(", ")))
        .next("see docs/assess.md for the format of the file")
}

fn none_due(rows: &Report, as_of: Date) -> Failure {
    if rows.applied == 0 {
        return empty(rows);
    }
    Failure::new(format!("no order line of the file was due by {as_of}")).next("name a later day with --as-of")
}
