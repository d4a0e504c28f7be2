//! What an assessment cannot measure, and why; and what is odd in a file.

use backorder_domain::figures::{
    assumption::{Assumption, Assumptions},
    history::{Facts, LineHistory},
    outcome::Outcome,
    shortage_cost::Cause,
};

use jiff::civil::Date;

use super::{
    columns::COLUMNS,
    extract::Extract,
    groups::{Group, months_missing},
    words,
};

/// Something that is not measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absence {
    /// What.
    pub what: String,
    /// Why.
    pub why: String,
    /// The column that the file lacks, where that is the reason.
    pub column: Option<&'static str>,
}

/// What is not measured in this file with these assumptions.
#[must_use]
pub fn of(extract: &Extract, seen: &[Outcome], facts: Facts, assumptions: &Assumptions) -> Vec<Absence> {
    let is_missing = |name: &str| !extract.seen.contains(name);
    let missing = COLUMNS.iter().filter(|column| !column.without.is_empty() && is_missing(column.name));
    let mut absences: Vec<Absence> = missing
        .filter(|column| column.name != "cancel_date" || facts.cancelled)
        .map(|column| Absence {
            what: column.without.to_owned(),
            why: format!("the file has no {}", column.name),
            column: Some(column.name),
        })
        .collect();
    let unset = [(Cause::Penalty, Assumption::PenaltyShare), (Cause::Churn, Assumption::ChurnPerLine)];
    for (cause, assumption) in unset {
        if assumptions.get(assumption).is_none() {
            let what = words::cause(cause).to_owned();
            absences.push(Absence { what, why: why(cause, facts), column: None });
        }
    }
    absences.extend(partial(extract, seen));
    absences
}

/// Why a cause is not measured.
#[must_use]
pub fn why(cause: Cause, facts: Facts) -> String {
    let no = |column: &str| format!("the file has no {column}");
    match cause {
        Cause::LostCancelled | Cause::LostExpected if !facts.cancelled => no("cancelled_quantity"),
        Cause::LostRefused if !facts.refused => no("refused_quantity"),
        Cause::LostCancelled | Cause::LostRefused => no("unit_price"),
        Cause::LostExpected if !facts.price => no("unit_price"),
        Cause::LostExpected => "no backorder has ended yet: set --assume open_cancel_share=…".to_owned(),
        Cause::ExpeditedFreight => no("expedited"),
        Cause::Penalty if !facts.price => no("unit_price"),
        Cause::Penalty => "no contract is in the file: set --assume penalty_share=…".to_owned(),
        Cause::Churn => "it takes a year of later orders to see: set --assume churn_per_line=…".to_owned(),
        Cause::SplitFreight | Cause::Handling | Cause::Waiting => "nothing is assumed for it".to_owned(),
    }
}

/// Values that only some lines lack.
fn partial(extract: &Extract, seen: &[Outcome]) -> Vec<Absence> {
    let short = || extract.lines.iter().zip(seen).filter(|(_, line)| line.backordered() > 0 || line.refused > 0);
    let all = short().count();
    let unpriced = short().filter(|(line, _)| line.history.price_nanos.is_none()).count();
    let mut absences = Vec::new();
    if unpriced > 0 && unpriced < all {
        absences.push(Absence {
            what: format!("lost sales and value of {unpriced} of {all} lines that were short"),
            why: "these lines have no unit_price".to_owned(),
            column: None,
        });
    }
    absences
}

/// Whether more of a line was cancelled than can have been left: the excess counts nowhere.
fn cancels_too_much(line: &LineHistory) -> bool {
    let shipped: i64 = line.parts.iter().map(|part| part.units.get()).fold(0, i64::saturating_add);
    !line.cancelled.is_zero() && shipped.saturating_add(line.cancelled.get()) > line.ordered.get()
}

/// What is odd in a file, in words.
#[must_use]
pub fn findings(extract: &Extract, seen: &[Outcome], months: &[Group], as_of: Date) -> Vec<String> {
    let mut findings = Vec::new();
    let shipped_later = extract.lines.iter().filter(|line| line.history.parts.iter().any(|part| part.on > as_of));
    match shipped_later.count() {
        0 => {}
        lines => findings.push(format!("lines with a ship_date after {as_of}, which is not known yet: {lines}")),
    }
    match extract.lines.iter().filter(|line| cancels_too_much(&line.history)).count() {
        0 => {}
        lines => findings.push(format!("lines on which more was shipped and cancelled than ordered: {lines}")),
    }
    let beyond: i128 = seen.iter().map(|outcome| i128::from(outcome.shipped_beyond)).sum();
    let lines = seen.iter().filter(|outcome| outcome.shipped_beyond > 0).count();
    if beyond > 0 {
        findings.push(format!(
            "units shipped beyond what was ordered, left out: {} on {lines} of the lines",
            words::whole(beyond)
        ));
    }
    let before: i128 = seen.iter().map(|outcome| i128::from(outcome.cancelled_before_due)).sum();
    if before > 0 {
        findings.push(format!(
            "units cancelled before they were due, in no rate since nobody knows whether they could have shipped: {}",
            words::whole(before)
        ));
    }
    let future = seen.iter().filter(|outcome| !outcome.is_due).count();
    if future > 0 {
        findings.push(format!("lines due later, which are no backorders and in no figure: {future}"));
    }
    if extract.freight_repeats {
        findings.push(
            "every shipment of several rows has the same freight on each of them; if it is the shipment's and not the \
             row's, run again with --freight-of shipment"
                .to_owned(),
        );
    }
    let missing = months_missing(months);
    if missing > 0 {
        findings
            .push(format!("months between the first and the last in which no line is due: {missing}; is a day wrong?"));
    }
    findings
}
