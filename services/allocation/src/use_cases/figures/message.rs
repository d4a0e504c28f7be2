//! Service figures as messages.

use backorder_domain::figures::{
    cohort::CohortSums,
    named::{DayBasis, Figure, FigureName, NotMeasured, Statistic, Unit, Value, Weight},
};
use backorder_proto::{
    allocation::v1 as pb,
    common::v1::Decimal,
    convert::decimal::{of_nanos, scaled, whole},
};

/// Decimals of a value.
const DECIMALS: usize = 6;
const SCALE: i128 = 1_000_000;

/// All figures with their names on the wire.
const NAMES: [(FigureName, pb::FigureName); 26] = [
    (FigureName::BackorderRate, pb::FigureName::BackorderRate),
    (FigureName::FillRate, pb::FigureName::FillRate),
    (FigureName::RefusedRate, pb::FigureName::RefusedRate),
    (FigureName::FirstTimeFill, pb::FigureName::FirstTimeFill),
    (FigureName::SecondaryFill, pb::FigureName::SecondaryFill),
    (FigureName::OnTimeInFull, pb::FigureName::OnTimeInFull),
    (FigureName::PerfectOrder, pb::FigureName::PerfectOrder),
    (FigureName::InFull, pb::FigureName::InFull),
    (FigureName::OnCommitDate, pb::FigureName::OnCommitDate),
    (FigureName::DocumentsCorrect, pb::FigureName::DocumentsCorrect),
    (FigureName::PerfectCondition, pb::FigureName::PerfectCondition),
    (FigureName::OrderCycleTime, pb::FigureName::OrderCycleTime),
    (FigureName::CustomerWait, pb::FigureName::CustomerWait),
    (FigureName::BackorderWait, pb::FigureName::BackorderWait),
    (FigureName::ReceiptWait, pb::FigureName::ReceiptWait),
    (FigureName::BackorderReceiptWait, pb::FigureName::BackorderReceiptWait),
    (FigureName::AgeingSinceOrder, pb::FigureName::AgeingSinceOrder),
    (FigureName::AgeingPastPromise, pb::FigureName::AgeingPastPromise),
    (FigureName::BackorderUnitDays, pb::FigureName::BackorderUnitDays),
    (FigureName::OldOrders, pb::FigureName::OldOrders),
    (FigureName::PromiseSlip, pb::FigureName::PromiseSlip),
    (FigureName::PromiseRevisions, pb::FigureName::PromiseRevisions),
    (FigureName::NeverRevised, pb::FigureName::NeverRevised),
    (FigureName::PromiseCalibration, pb::FigureName::PromiseCalibration),
    (FigureName::CancelRate, pb::FigureName::CancelRate),
    (FigureName::RecoveredRevenue, pb::FigureName::RecoveredRevenue),
];

/// The figure of a name on the wire; `None` for unspecified.
#[must_use]
pub fn figure_name(name: pb::FigureName) -> Option<FigureName> {
    NAMES.iter().find(|(_, on_wire)| *on_wire == name).map(|(name, _)| *name)
}

fn name_on_wire(name: FigureName) -> pb::FigureName {
    NAMES.iter().find(|(own, _)| *own == name).map_or(pb::FigureName::Unspecified, |(_, on_wire)| *on_wire)
}

/// Which figures are answered; all when none is named.
pub type Wanted<'a> = &'a [FigureName];

fn is_wanted(name: FigureName, wanted: Wanted<'_>) -> bool {
    wanted.is_empty() || wanted.contains(&name)
}

/// The formulas of the figures.
pub fn definitions(wanted: Wanted<'_>) -> Vec<pb::FigureDefinition> {
    let names = NAMES.iter().filter(|(name, _)| is_wanted(*name, wanted));
    let definition = |(name, on_wire): &(FigureName, pb::FigureName)| pb::FigureDefinition {
        figure: (*on_wire).into(),
        formula: name.definition().to_owned(),
        date_basis: basis(name.basis()).into(),
    };
    names.map(definition).collect()
}

/// The figures of a group.
pub fn group(key: String, sums: &CohortSums, wanted: Wanted<'_>) -> pb::FigureGroup {
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let figures = sums.figures();
    pb::FigureGroup {
        key,
        lines: count(sums.lines),
        lines_future: count(sums.lines_future),
        lines_preorder: count(sums.lines_preorder),
        figures: figures.iter().filter(|figure| is_wanted(figure.name, wanted)).map(figure).collect(),
    }
}

/// A figure.
pub fn figure(figure: &Figure) -> pb::ServiceFigure {
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let is_money = matches!(figure.weight, Weight::Value | Weight::Margin);
    let amount = |amount: i128| Some(if is_money { of_nanos(amount) } else { whole(amount) });
    let value: Option<Decimal> = match figure.value {
        Value::Is(ratio) | Value::AtLeast(ratio) => Some(scaled(ratio.scaled(SCALE), DECIMALS)),
        Value::NotMeasured(_) => None,
    };
    let not_measured = match figure.value {
        Value::Is(_) | Value::AtLeast(_) => pb::NotMeasuredReason::Unspecified,
        Value::NotMeasured(reason) => reason_on_wire(reason),
    };
    pb::ServiceFigure {
        figure: name_on_wire(figure.name).into(),
        weight: weight(figure.weight).into(),
        statistic: statistic(figure.statistic).into(),
        date_basis: basis(figure.name.basis()).into(),
        unit: unit(figure.unit).into(),
        age_days_min: figure.age.map(|(first, _)| days(first)),
        age_days_max: figure.age.and_then(|(_, last)| last.map(days)),
        numerator: amount(figure.numerator),
        denominator: amount(figure.denominator),
        value,
        at_least: matches!(figure.value, Value::AtLeast(_)),
        not_measured: not_measured.into(),
        counted: count(figure.counted),
        censored: count(figure.censored),
        left_out: count(figure.left_out),
    }
}

fn days(days: i64) -> i32 {
    i32::try_from(days).unwrap_or(i32::MAX)
}

/// What is counted, on the wire.
#[must_use]
pub const fn weight(weight: Weight) -> pb::FigureWeight {
    match weight {
        Weight::Lines => pb::FigureWeight::Lines,
        Weight::Orders => pb::FigureWeight::Orders,
        Weight::Units => pb::FigureWeight::Units,
        Weight::Value => pb::FigureWeight::Value,
        Weight::Margin => pb::FigureWeight::Margin,
    }
}

/// What is made of it, on the wire.
#[must_use]
pub const fn statistic(statistic: Statistic) -> pb::FigureStatistic {
    match statistic {
        Statistic::Share => pb::FigureStatistic::Share,
        Statistic::Mean => pb::FigureStatistic::Mean,
        Statistic::Sum => pb::FigureStatistic::Sum,
        Statistic::P50 => pb::FigureStatistic::P50,
        Statistic::P85 => pb::FigureStatistic::P85,
        Statistic::P95 => pb::FigureStatistic::P95,
    }
}

const fn basis(basis: DayBasis) -> pb::FigureDateBasis {
    match basis {
        DayBasis::Requested => pb::FigureDateBasis::Requested,
        DayBasis::Ordered => pb::FigureDateBasis::Ordered,
        DayBasis::OriginalPromise => pb::FigureDateBasis::OriginalPromise,
        DayBasis::LatestPromise => pb::FigureDateBasis::LatestPromise,
    }
}

const fn unit(unit: Unit) -> pb::FigureUnit {
    match unit {
        Unit::Ratio => pb::FigureUnit::Ratio,
        Unit::Days => pb::FigureUnit::Days,
        Unit::UnitDays => pb::FigureUnit::UnitDays,
        Unit::Count => pb::FigureUnit::Count,
    }
}

const fn reason_on_wire(reason: NotMeasured) -> pb::NotMeasuredReason {
    match reason {
        NotMeasured::Nothing => pb::NotMeasuredReason::Nothing,
        NotMeasured::NoPrice => pb::NotMeasuredReason::NoPrice,
        NotMeasured::NoCost => pb::NotMeasuredReason::NoCost,
        NotMeasured::NoDelivery => pb::NotMeasuredReason::NoDelivery,
        NotMeasured::NoPromise => pb::NotMeasuredReason::NoPromise,
        NotMeasured::NoQuantiles => pb::NotMeasuredReason::NoQuantiles,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_has_a_name_on_the_wire_and_a_formula() {
        let shown = CohortSums::default().figures();
        for figure in &shown {
            let on_wire = name_on_wire(figure.name);
            assert_eq!(figure_name(on_wire), Some(figure.name));
            assert!(figure.name.definition().len() > 20);
        }
        assert!(NAMES.iter().all(|(name, _)| shown.iter().any(|figure| figure.name == *name)));
        assert_eq!((figure_name(pb::FigureName::Unspecified), definitions(&[]).len()), (None, NAMES.len()));
    }
}
