//! What backorders cost, by cause.
//!
//! `C = sum over lines [ P(cancel | wait) x margin + expedite + penalty + handling + b x unit-days + churn ]`, with the
//! freight of split shipments beside that of expedited ones. No cost is in two causes: a cancelled unit costs its
//! margin and not its expected cancellation, a shipment is expedited or split, and `b` holds what no other term prices.

use jiff::civil::Date;

use super::{
    assumption::{Assumption, Assumptions},
    history::{Facts, Histories, LineHistory},
    outcome::{Outcome, View},
    ratio::{Ratio, share_of},
    service::LineSums,
    shipments::{CausedShipment, caused_shipments},
};
use crate::money::NANOS_PER_UNIT;

/// Why something costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The margin of units cancelled while they waited.
    LostCancelled,
    /// The margin of refused units.
    LostRefused,
    /// The margin of open units that will be cancelled, as far as can be expected.
    LostExpected,
    /// Further shipments of orders.
    SplitFreight,
    /// Expedited shipments.
    ExpeditedFreight,
    /// The handling of backordered lines.
    Handling,
    /// Waiting.
    Waiting,
    /// Contractual penalties.
    Penalty,
    /// Later sales lost.
    Churn,
}

impl Cause {
    /// All causes, in the order in which they are shown.
    pub const ALL: [Self; 9] = [
        Self::LostCancelled,
        Self::LostRefused,
        Self::LostExpected,
        Self::SplitFreight,
        Self::ExpeditedFreight,
        Self::Handling,
        Self::Waiting,
        Self::Penalty,
        Self::Churn,
    ];

    /// What must be assumed for it.
    #[must_use]
    pub const fn assumptions(self) -> &'static [Assumption] {
        match self {
            Self::LostCancelled => &[Assumption::LostShare, Assumption::MarginShare],
            Self::LostRefused => &[Assumption::RefusedLostShare, Assumption::MarginShare],
            Self::LostExpected => &[Assumption::OpenCancelShare, Assumption::LostShare, Assumption::MarginShare],
            Self::SplitFreight => &[Assumption::ShipmentCost],
            Self::ExpeditedFreight => &[Assumption::ExpeditedShipmentCost],
            Self::Handling => &[Assumption::HandlingPerLine],
            Self::Waiting => &[Assumption::WaitingPerLineDay, Assumption::WaitingPerUnitDay],
            Self::Penalty => &[Assumption::PenaltyShare],
            Self::Churn => &[Assumption::ChurnPerLine],
        }
    }

    /// Whether it can be measured from these facts with these assumptions.
    #[must_use]
    pub fn is_measured(self, facts: Facts, assumptions: &Assumptions, chance: Option<Ratio>) -> bool {
        match self {
            Self::LostCancelled => facts.cancelled && facts.price,
            Self::LostRefused => facts.refused && facts.price,
            Self::LostExpected => facts.price && chance.is_some(),
            Self::SplitFreight => true,
            Self::ExpeditedFreight => facts.expedited,
            Self::Handling => assumptions.get(Assumption::HandlingPerLine).is_some(),
            Self::Waiting => assumptions.get(Assumption::WaitingPerLineDay).is_some(),
            Self::Penalty => facts.price && assumptions.get(Assumption::PenaltyShare).is_some(),
            Self::Churn => assumptions.get(Assumption::ChurnPerLine).is_some(),
        }
    }
}

/// An amount, and the part of it that rests on an assumed amount or margin where the source knows none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Amount {
    /// Nano-units.
    pub nanos: i128,
    /// The assumed part of it, in nano-units.
    pub assumed_nanos: i128,
}

impl Amount {
    fn add(&mut self, nanos: i128, is_assumed: bool) {
        self.nanos = self.nanos.saturating_add(nanos);
        if is_assumed {
            self.assumed_nanos = self.assumed_nanos.saturating_add(nanos);
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            nanos: self.nanos.saturating_add(other.nanos),
            assumed_nanos: self.assumed_nanos.saturating_add(other.assumed_nanos),
        }
    }
}

/// Amounts by cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CostByCause([Amount; Cause::ALL.len()]);

impl CostByCause {
    /// The amount of one cause.
    #[must_use]
    pub const fn of(&self, cause: Cause) -> Amount {
        self.0[cause as usize]
    }

    /// The sum of all causes.
    #[must_use]
    pub fn total(&self) -> Amount {
        self.0.into_iter().fold(Amount::default(), Amount::plus)
    }

    /// Adds the amounts of another.
    pub fn add(&mut self, other: &Self) {
        for (amount, more) in self.0.iter_mut().zip(other.0) {
            *amount = amount.plus(more);
        }
    }
}

/// The costs of all lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShortageCosts {
    /// Per line, in the order of the lines; `None` for a line that costs nothing here.
    pub lines: Vec<Option<Box<CostByCause>>>,
    /// The chance with which open units were taken to be cancelled; `None` when it is not known.
    pub cancel_chance: Option<Ratio>,
    measured: [bool; Cause::ALL.len()],
}

impl ShortageCosts {
    /// What the lines cost.
    #[must_use]
    pub fn of(
        histories: &Histories,
        outcomes: &[Outcome],
        facts: Facts,
        as_of: Date,
        assumptions: &Assumptions,
    ) -> Self {
        let cancel_chance = chance(&LineSums::of(histories, outcomes), facts, assumptions);
        Self::with_chance(histories, outcomes, facts, as_of, assumptions, cancel_chance)
    }

    /// What the lines of some orders cost, with a chance of cancellation that was taken from more lines than these.
    #[must_use]
    pub fn with_chance(
        histories: &Histories,
        outcomes: &[Outcome],
        facts: Facts,
        as_of: Date,
        assumptions: &Assumptions,
        cancel_chance: Option<Ratio>,
    ) -> Self {
        let pricing = Pricing { assumptions, cancel_chance, facts };
        let mut costs = Self {
            lines: histories.lines().iter().zip(outcomes).map(|(line, outcome)| pricing.line(line, outcome)).collect(),
            cancel_chance,
            measured: Cause::ALL.map(|cause| cause.is_measured(facts, assumptions, cancel_chance)),
        };
        for shipment in caused_shipments(histories, outcomes, as_of) {
            costs.charge(&shipment, &pricing);
        }
        costs
    }

    /// The sum over all lines of a cause; `None` when it is not measured.
    #[must_use]
    pub fn cause(&self, cause: Cause) -> Option<Amount> {
        self.measured[cause as usize].then(|| self.sum().of(cause))
    }

    /// The sums over all lines.
    #[must_use]
    pub fn sum(&self) -> CostByCause {
        let mut sum = CostByCause::default();
        self.lines.iter().flatten().for_each(|line| sum.add(line));
        sum
    }

    /// The total of one line, in nano-units.
    #[must_use]
    pub fn line_nanos(&self, line: usize) -> i128 {
        self.lines[line].as_ref().map_or(0, |cost| cost.total().nanos)
    }

    /// Shares the cost of a shipment evenly among its late lines; the first ones bear what does not divide.
    fn charge(&mut self, shipment: &CausedShipment, pricing: &Pricing<'_>) {
        let is_expedited = shipment.expedited && pricing.facts.expedited;
        let (cause, assumption) = if is_expedited {
            (Cause::ExpeditedFreight, Assumption::ExpeditedShipmentCost)
        } else {
            (Cause::SplitFreight, Assumption::ShipmentCost)
        };
        let assumed = i128::from(pricing.assumptions.or_zero(assumption));
        let nanos = shipment.freight_nanos.unwrap_or(assumed);
        let lines = i128::try_from(shipment.lines.len()).unwrap_or(1).max(1);
        for (place, line) in (0_i128..).zip(&shipment.lines) {
            let share = nanos / lines + i128::from(place < nanos % lines);
            let cost = self.lines[*line].get_or_insert_default();
            cost.0[cause as usize].add(share, shipment.freight_nanos.is_none());
        }
    }
}

/// The chance that an open backordered unit is cancelled: as assumed, or that of the backorders that ended.
#[must_use]
pub fn chance(sums: &LineSums, facts: Facts, assumptions: &Assumptions) -> Option<Ratio> {
    match assumptions.get(Assumption::OpenCancelShare) {
        Some(share) => Ratio::of(share.into(), NANOS_PER_UNIT.into()),
        None if facts.cancelled => sums.cancel_chance(),
        None => None,
    }
}

struct Pricing<'a> {
    assumptions: &'a Assumptions,
    cancel_chance: Option<Ratio>,
    facts: Facts,
}

impl Pricing<'_> {
    fn line(&self, line: &LineHistory, outcome: &Outcome) -> Option<Box<CostByCause>> {
        if outcome.backordered() == 0 && outcome.refused == 0 {
            return None;
        }
        let mut cost = CostByCause::default();
        self.lost_sales(&mut cost, line, outcome);
        if outcome.backordered() > 0 {
            self.per_line(&mut cost, line, outcome);
        }
        Some(Box::new(cost))
    }

    fn lost_sales(&self, cost: &mut CostByCause, line: &LineHistory, outcome: &Outcome) {
        let is_assumed = line.cost_nanos.is_none();
        let mut lose = |cause: Cause, units: i64, share: Assumption, is_assumed: bool| {
            let margin = self.margin(line, units).unwrap_or(0);
            cost.0[cause as usize].add(self.share(margin, share), is_assumed);
        };
        if self.facts.cancelled {
            lose(Cause::LostCancelled, outcome.cancelled_waiting, Assumption::LostShare, is_assumed);
        }
        if self.facts.refused {
            lose(Cause::LostRefused, outcome.refused, Assumption::RefusedLostShare, is_assumed);
        }
        if let Some(chance) = self.cancel_chance {
            let margin = self.margin(line, outcome.open).unwrap_or(0);
            let lost = self.share(share_of(margin, chance.part(), chance.whole()), Assumption::LostShare);
            let is_given = self.assumptions.get(Assumption::OpenCancelShare).is_some();
            cost.0[Cause::LostExpected as usize].add(lost, is_assumed || is_given);
        }
    }

    fn per_line(&self, cost: &mut CostByCause, line: &LineHistory, outcome: &Outcome) {
        let money = |assumption| i128::from(self.assumptions.or_zero(assumption));
        let mut add = |cause: Cause, nanos: i128| cost.0[cause as usize].add(nanos, true);
        add(Cause::Handling, money(Assumption::HandlingPerLine));
        add(Cause::Waiting, money(Assumption::WaitingPerLineDay).saturating_mul(outcome.line_days.into()));
        add(Cause::Waiting, money(Assumption::WaitingPerUnitDay).saturating_mul(outcome.unit_days));
        add(Cause::Churn, money(Assumption::ChurnPerLine));
        let value_late = line.value(outcome.shipped_late).unwrap_or(0);
        add(Cause::Penalty, self.share(value_late, Assumption::PenaltyShare));
    }

    /// The margin of so many units; `None` without a price. A sale below cost is no loss when it is lost.
    fn margin(&self, line: &LineHistory, units: i64) -> Option<i128> {
        let value = line.value(units)?;
        Some(match line.cost_nanos {
            Some(cost) => value.saturating_sub(i128::from(cost).saturating_mul(i128::from(units))).max(0),
            None => self.share(value, Assumption::MarginShare),
        })
    }

    fn share(&self, amount: i128, share: Assumption) -> i128 {
        share_of(amount, self.assumptions.or_zero(share).into(), NANOS_PER_UNIT.into())
    }
}

/// The view that these assumptions make of a day.
#[must_use]
pub fn view(as_of: Date, assumptions: &Assumptions) -> View {
    View {
        as_of,
        days_after_requested: assumptions.or_zero(Assumption::DaysAfterRequested),
        days_after_order: assumptions.or_zero(Assumption::DaysAfterOrder),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use jiff::civil::date;

    use super::*;
    use crate::figures::{
        outcome::outcomes,
        samples::{ALL_FACTS, VIEW, cancelled, line, named, shipped, units},
    };

    fn costs(lines: Vec<LineHistory>, facts: Facts, assumptions: &Assumptions) -> ShortageCosts {
        let histories = Histories::new(lines);
        let outcomes = outcomes(&histories, &view(VIEW.as_of, assumptions));
        ShortageCosts::of(&histories, &outcomes, facts, VIEW.as_of, assumptions)
    }

    fn cents(costs: &ShortageCosts, cause: Cause) -> Option<i128> {
        costs.cause(cause).map(|amount| amount.nanos / 10_000_000)
    }

    #[test]
    fn each_cause_to_the_cent() {
        // Line 1: 10 ordered, 4 in time, 3 on the 8th (3 days late), 3 cancelled on the 10th (5 days).
        // Line 2: 5 ordered and 2 refused, nothing shipped: open for 26 days.
        let first =
            cancelled(shipped(shipped(line(10), 4, date(2026, 1, 5)), 3, date(2026, 1, 8)), 3, Some(date(2026, 1, 10)));
        let mut second = named(line(5), "A", "2");
        (second.refused, second.cost_nanos) = (units(2), None);
        let assumptions = Assumptions::default().with(Assumption::PenaltyShare, 50_000_000).unwrap();
        let costs = costs(vec![first, second], ALL_FACTS, &assumptions);
        let expected = [
            // 3 x (10.00 - 6.00).
            (Cause::LostCancelled, Some(1_200)),
            // 2 x 10.00 x 40 %.
            (Cause::LostRefused, Some(800)),
            // 5 x 10.00 x 40 %, and of the backorders that ended 3 of 6 were cancelled.
            (Cause::LostExpected, Some(1_000)),
            // The shipment of the 8th.
            (Cause::SplitFreight, Some(600)),
            (Cause::ExpeditedFreight, Some(0)),
            // Two lines.
            (Cause::Handling, Some(600)),
            // 5 and 26 days.
            (Cause::Waiting, Some(775)),
            // 3 x 10.00 x 5 %.
            (Cause::Penalty, Some(150)),
            (Cause::Churn, None),
        ];
        for (cause, amount) in expected {
            assert_eq!(cents(&costs, cause), amount, "{cause:?}");
        }
        let total = costs.sum().total();
        assert_eq!((total.nanos / 10_000_000, total.assumed_nanos / 10_000_000), (5_125, 3_925));
    }

    #[test]
    fn what_the_source_lacks_is_not_measured() {
        let late = shipped(line(5), 5, date(2026, 1, 9));
        let none = Facts { cancelled: false, refused: false, price: false, expedited: false };
        let costs = costs(vec![late], none, &Assumptions::default());
        let measured = Cause::ALL.into_iter().filter(|cause| costs.cause(*cause).is_some()).collect::<Vec<_>>();
        assert_eq!(measured, [Cause::SplitFreight, Cause::Handling, Cause::Waiting]);
    }

    #[test]
    fn known_freight_is_taken_and_shared_by_the_late_lines() {
        let mut first = shipped(shipped(line(2), 1, date(2026, 1, 5)), 1, date(2026, 1, 9));
        first.parts[1].freight_nanos = Some(11);
        let second = named(shipped(line(1), 1, date(2026, 1, 9)), "A", "2");
        let costs = costs(vec![second, first], ALL_FACTS, &Assumptions::default());
        let of = |line: usize| costs.lines[line].as_ref().unwrap().of(Cause::SplitFreight);
        assert_eq!((of(1).nanos, of(0).nanos, of(1).assumed_nanos), (6, 5, 0));
    }

    #[test]
    fn an_expedited_shipment_is_not_a_split_one_as_well() {
        let mut late = shipped(shipped(line(2), 1, date(2026, 1, 5)), 1, date(2026, 1, 9));
        late.parts[1].expedited = true;
        let costs = costs(vec![late], ALL_FACTS, &Assumptions::default());
        assert_eq!(
            (cents(&costs, Cause::SplitFreight), cents(&costs, Cause::ExpeditedFreight)),
            (Some(0), Some(2_000))
        );
    }

    #[test]
    fn a_lost_sale_below_cost_is_no_loss() {
        let mut lost = cancelled(line(5), 5, None);
        lost.cost_nanos = Some(12_000_000_000);
        assert_eq!(cents(&costs(vec![lost], ALL_FACTS, &Assumptions::default()), Cause::LostCancelled), Some(0));
    }
}
