//! Service figures by name: what each means, from which day it counts, in what it is measured, and its value or why there is
//! none.

use super::{
    ageing::{AGES, AgeGroup},
    cohort::CohortSums,
    ratio::Ratio,
    shares::{Mean, Share, Shares},
    survival::{Quantile, WaitCounts},
};

/// A service figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FigureName {
    /// Not filled at the first attempt.
    BackorderRate,
    /// Filled at the first attempt.
    FillRate,
    /// Refused or cut.
    RefusedRate,
    /// Could leave in time when it was ordered.
    FirstTimeFill,
    /// Left as a backorder or as a substitute.
    SecondaryFill,
    /// Delivered within the window and complete.
    OnTimeInFull,
    /// RL.1.1.
    PerfectOrder,
    /// RL.2.1.
    InFull,
    /// RL.2.2.
    OnCommitDate,
    /// RL.2.3.
    DocumentsCorrect,
    /// RL.2.4.
    PerfectCondition,
    /// RS.1.1.
    OrderCycleTime,
    /// From the order until the last unit left, all lines.
    CustomerWait,
    /// The same of backordered lines alone.
    BackorderWait,
    /// From the order until the last unit was received, all lines.
    ReceiptWait,
    /// The same of backordered lines alone.
    BackorderReceiptWait,
    /// Open by days since the order.
    AgeingSinceOrder,
    /// Open by days past the first promise.
    AgeingPastPromise,
    /// Backordered units times days.
    BackorderUnitDays,
    /// Open orders past a limit.
    OldOrders,
    /// From the first promise to the latest.
    PromiseSlip,
    /// Changes of the promised day.
    PromiseRevisions,
    /// Never changed.
    NeverRevised,
    /// Left by the day that was promised with a stated chance.
    PromiseCalibration,
    /// Cancelled of the backordered.
    CancelRate,
    /// Left of the backordered.
    RecoveredRevenue,
}

/// From which day a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayBasis {
    /// The day that the customer asked for.
    Requested,
    /// The day of the order.
    Ordered,
    /// The first promised day.
    OriginalPromise,
    /// The latest promised day, against the first.
    LatestPromise,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Lines.
    Lines,
    /// Orders.
    Orders,
    /// Base units.
    Units,
    /// Their price.
    Value,
    /// Their price less their cost.
    Margin,
}

/// What is made of what is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistic {
    /// A part of a whole.
    Share,
    /// A mean.
    Mean,
    /// A sum.
    Sum,
    /// Half of them are at most that.
    P50,
    /// 85 of 100 are at most that.
    P85,
    /// 95 of 100 are at most that.
    P95,
}

/// In what the value of a figure is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A part of one.
    Ratio,
    /// Days.
    Days,
    /// Base units times days.
    UnitDays,
    /// Times.
    Count,
}

/// Why a figure has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotMeasured {
    /// Nothing in the cohort is in its whole.
    Nothing,
    /// No line has a price.
    NoPrice,
    /// No line has both a price and a cost.
    NoCost,
    /// Nobody confirmed an arrival that it needs.
    NoDelivery,
    /// No line has a promised day.
    NoPromise,
    /// Promises name one day and no chance with which it is kept.
    NoQuantiles,
}

/// The value of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    /// It is that.
    Is(Ratio),
    /// It is that or more: some lines have not ended.
    AtLeast(Ratio),
    /// It is not known.
    NotMeasured(NotMeasured),
}

/// A figure of a cohort.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figure {
    /// Which.
    pub name: FigureName,
    /// What is counted.
    pub weight: Weight,
    /// What is made of it.
    pub statistic: Statistic,
    /// In what it is measured.
    pub unit: Unit,
    /// First and last day of an age.
    pub age: Option<(i64, Option<i64>)>,
    /// The part, or the sum of a mean. Money in nano-units.
    pub numerator: i128,
    /// The whole, or of how many the mean is.
    pub denominator: i128,
    /// The value.
    pub value: Value,
    /// Lines or orders in it.
    pub counted: u64,
    /// Those of them that have not ended, and count as such.
    pub censored: u64,
    /// Lines or orders that are left out, because what is needed of them is not known.
    pub left_out: u64,
}

impl FigureName {
    /// What it is, as a formula in words.
    #[must_use]
    pub const fn definition(self) -> &'static str {
        use super::definitions as d;
        match self {
            Self::BackorderRate => d::BACKORDER_RATE,
            Self::FillRate => d::FILL_RATE,
            Self::RefusedRate => d::REFUSED_RATE,
            Self::FirstTimeFill => d::FIRST_TIME_FILL,
            Self::SecondaryFill => d::SECONDARY_FILL,
            Self::OnTimeInFull => d::ON_TIME_IN_FULL,
            Self::PerfectOrder => d::PERFECT_ORDER,
            Self::InFull => d::IN_FULL,
            Self::OnCommitDate => d::ON_COMMIT_DATE,
            Self::DocumentsCorrect => d::DOCUMENTS_CORRECT,
            Self::PerfectCondition => d::PERFECT_CONDITION,
            Self::OrderCycleTime => d::ORDER_CYCLE_TIME,
            Self::CustomerWait => d::CUSTOMER_WAIT,
            Self::BackorderWait => d::BACKORDER_WAIT,
            Self::ReceiptWait => d::RECEIPT_WAIT,
            Self::BackorderReceiptWait => d::BACKORDER_RECEIPT_WAIT,
            Self::AgeingSinceOrder => d::AGEING_SINCE_ORDER,
            Self::AgeingPastPromise => d::AGEING_PAST_PROMISE,
            Self::BackorderUnitDays => d::BACKORDER_UNIT_DAYS,
            Self::OldOrders => d::OLD_ORDERS,
            Self::PromiseSlip => d::PROMISE_SLIP,
            Self::PromiseRevisions => d::PROMISE_REVISIONS,
            Self::NeverRevised => d::NEVER_REVISED,
            Self::PromiseCalibration => d::PROMISE_CALIBRATION,
            Self::CancelRate => d::CANCEL_RATE,
            Self::RecoveredRevenue => d::RECOVERED_REVENUE,
        }
    }

    /// From which day it counts.
    #[must_use]
    pub const fn basis(self) -> DayBasis {
        match self {
            Self::BackorderRate
            | Self::FillRate
            | Self::RefusedRate
            | Self::FirstTimeFill
            | Self::SecondaryFill
            | Self::OnTimeInFull
            | Self::InFull
            | Self::DocumentsCorrect
            | Self::PerfectCondition
            | Self::OrderCycleTime
            | Self::BackorderUnitDays
            | Self::CancelRate
            | Self::RecoveredRevenue => DayBasis::Requested,
            Self::CustomerWait
            | Self::BackorderWait
            | Self::ReceiptWait
            | Self::BackorderReceiptWait
            | Self::AgeingSinceOrder
            | Self::OldOrders => DayBasis::Ordered,
            Self::PerfectOrder | Self::OnCommitDate | Self::AgeingPastPromise | Self::PromiseCalibration => {
                DayBasis::OriginalPromise
            }
            Self::PromiseSlip | Self::PromiseRevisions | Self::NeverRevised => DayBasis::LatestPromise,
        }
    }
}

impl CohortSums {
    /// All figures of the cohort, in the order in which they are shown.
    #[must_use]
    pub fn figures(&self) -> Vec<Figure> {
        use FigureName as N;
        let mut found = Found(Vec::with_capacity(96));
        found.shares(N::BackorderRate, &self.backordered);
        found.shares(N::FillRate, &self.filled);
        found.share(N::FillRate, Weight::Orders, &self.orders_filled, NotMeasured::Nothing);
        found.shares(N::RefusedRate, &self.refused);
        found.shares(N::FirstTimeFill, &self.first_time);
        found.shares(N::SecondaryFill, &self.secondary);
        let by_arrivals = [
            (N::OnTimeInFull, Weight::Orders, &self.orders_on_time),
            (N::OnTimeInFull, Weight::Lines, &self.lines_on_time),
            (N::OnTimeInFull, Weight::Units, &self.units_on_time),
            (N::PerfectOrder, Weight::Orders, &self.orders_perfect),
        ];
        for (name, weight, share) in by_arrivals {
            found.share(name, weight, &self.judged_by_arrivals(share), NotMeasured::NoDelivery);
        }
        let components = [
            (N::InFull, NotMeasured::NoDelivery),
            (N::OnCommitDate, NotMeasured::NoPromise),
            (N::DocumentsCorrect, NotMeasured::NoDelivery),
            (N::PerfectCondition, NotMeasured::NoDelivery),
        ];
        for ((name, reason), share) in components.into_iter().zip(&self.components) {
            let is_of_arrivals = reason == NotMeasured::NoDelivery;
            let share = if is_of_arrivals { self.judged_by_arrivals(share) } else { *share };
            found.share(name, Weight::Lines, &share, reason);
        }
        found.mean(N::OrderCycleTime, (Weight::Orders, Unit::Days), &self.cycle, NotMeasured::NoDelivery);
        for (name, waits) in [N::CustomerWait, N::BackorderWait].into_iter().zip(&self.waits) {
            found.waits(name, waits, None);
        }
        let names = [N::ReceiptWait, N::BackorderReceiptWait];
        for ((name, waits), received) in names.into_iter().zip(&self.receipts).zip(self.received) {
            found.waits(name, waits, Some(received));
        }
        for (name, ageing) in [N::AgeingSinceOrder, N::AgeingPastPromise].into_iter().zip(&self.ageing) {
            for (age, group) in AGES.into_iter().zip(ageing) {
                found.age(name, age, group, self);
            }
        }
        found.sum(N::BackorderUnitDays, self.unit_days, self.backordered.units.counted);
        found.share(N::OldOrders, Weight::Orders, &self.orders_old, NotMeasured::Nothing);
        found.mean(N::PromiseSlip, (Weight::Lines, Unit::Days), &self.slip, NotMeasured::NoPromise);
        found.mean(N::PromiseRevisions, (Weight::Lines, Unit::Count), &self.revisions, NotMeasured::NoPromise);
        found.share(N::NeverRevised, Weight::Lines, &self.never_revised, NotMeasured::NoPromise);
        let none = Share { left_out: self.lines, ..Share::default() };
        found.share(N::PromiseCalibration, Weight::Lines, &none, NotMeasured::NoQuantiles);
        found.shares(N::CancelRate, &self.cancelled);
        found.shares(N::RecoveredRevenue, &self.recovered);
        found.0
    }

    /// A share of lines that arrived well. Where nobody confirms arrivals, only misses are known for certain (what was
    /// refused, cancelled or has not left): these alone would say 0 % of a delivery that nobody has seen, so then all is left
    /// out. Where nothing else is left out, they are all there is to know.
    fn judged_by_arrivals(&self, share: &Share) -> Share {
        if self.lines_arrived > 0 || share.left_out == 0 {
            return *share;
        }
        Share { left_out: share.left_out + share.counted, ..Share::default() }
    }
}

struct Found(Vec<Figure>);

impl Found {
    fn shares(&mut self, name: FigureName, shares: &Shares) {
        self.share(name, Weight::Lines, &shares.lines, NotMeasured::Nothing);
        self.share(name, Weight::Units, &shares.units, NotMeasured::Nothing);
        self.share(name, Weight::Value, &shares.value, NotMeasured::NoPrice);
        self.share(name, Weight::Margin, &shares.margin, NotMeasured::NoCost);
    }

    /// A share; `unknown` is why it is not measured when everything is left out.
    fn share(&mut self, name: FigureName, weight: Weight, share: &Share, unknown: NotMeasured) {
        let reason = if share.counted == 0 && share.left_out > 0 { unknown } else { NotMeasured::Nothing };
        let value = share.ratio().map_or(Value::NotMeasured(reason), Value::Is);
        self.push(name, weight, Statistic::Share, Unit::Ratio, share, value);
    }

    fn mean(&mut self, name: FigureName, (weight, unit): (Weight, Unit), mean: &Mean, unknown: NotMeasured) {
        let reason = if mean.sum.left_out > 0 { unknown } else { NotMeasured::Nothing };
        let value = match mean.sum.ratio() {
            Some(ratio) if mean.at_least > 0 => Value::AtLeast(ratio),
            Some(ratio) => Value::Is(ratio),
            None => Value::NotMeasured(reason),
        };
        self.push(name, weight, Statistic::Mean, unit, &mean.sum, value);
        if let Some(figure) = self.0.last_mut() {
            figure.censored = mean.at_least;
        }
    }

    fn push(
        &mut self,
        name: FigureName,
        weight: Weight,
        statistic: Statistic,
        unit: Unit,
        share: &Share,
        value: Value,
    ) {
        self.0.push(Figure {
            name,
            weight,
            statistic,
            unit,
            age: None,
            numerator: share.part,
            denominator: share.whole,
            value,
            counted: share.counted,
            censored: 0,
            left_out: share.left_out,
        });
    }

    /// Mean and quantiles of waits. Of receipts nothing is measured when none was confirmed.
    fn waits(&mut self, name: FigureName, waits: &WaitCounts, received: Option<u64>) {
        let figures = waits.figures();
        let (lines, censored) = figures.map_or((0, 0), |figures| (figures.lines, figures.censored));
        let figures = figures.filter(|_| received != Some(0));
        let reason = if lines > 0 { NotMeasured::NoDelivery } else { NotMeasured::Nothing };
        let mean = figures.map_or(Value::NotMeasured(reason), |figures| {
            if figures.mean_is_at_least { Value::AtLeast(figures.mean) } else { Value::Is(figures.mean) }
        });
        let days =
            |days: i64, make: fn(Ratio) -> Value| Ratio::of(days.into(), 1).map_or(Value::NotMeasured(reason), make);
        let quantile = |quantile: Option<Quantile>| match quantile {
            Some(Quantile::Days(at_most)) => days(at_most, Value::Is),
            Some(Quantile::MoreThan(more_than)) => days(more_than, Value::AtLeast),
            None => Value::NotMeasured(reason),
        };
        let values = [
            (Statistic::Mean, mean),
            (Statistic::P50, quantile(figures.map(|figures| figures.p50))),
            (Statistic::P85, quantile(figures.map(|figures| figures.p85))),
            (Statistic::P95, quantile(figures.map(|figures| figures.p95))),
        ];
        for (statistic, value) in values {
            let share = Share { part: (lines - censored).into(), whole: lines.into(), counted: lines, left_out: 0 };
            self.push(name, Weight::Lines, statistic, Unit::Days, &share, value);
            if let Some(figure) = self.0.last_mut() {
                figure.censored = censored;
            }
        }
    }

    fn age(&mut self, name: FigureName, age: (i64, Option<i64>), group: &AgeGroup, sums: &CohortSums) {
        let open = sums.open;
        let weighed = [
            (Weight::Lines, i128::from(group.lines), i128::from(open.lines), 0),
            (Weight::Units, group.units, open.units, 0),
            (Weight::Value, group.value_nanos, open.value_nanos, open.unpriced),
        ];
        for (weight, part, whole, left_out) in weighed {
            let counted = open.lines - left_out;
            self.share(name, weight, &Share { part, whole, counted, left_out }, NotMeasured::NoPrice);
            if let Some(figure) = self.0.last_mut() {
                figure.age = Some(age);
            }
        }
    }

    fn sum(&mut self, name: FigureName, sum: i128, counted: u64) {
        let value =
            Ratio::of(sum, 1).filter(|_| counted > 0).map_or(Value::NotMeasured(NotMeasured::Nothing), Value::Is);
        let share = Share { part: sum, whole: 1, counted, left_out: 0 };
        self.push(name, Weight::Units, Statistic::Sum, Unit::UnitDays, &share, value);
    }
}
