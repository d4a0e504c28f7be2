//! The sums of the cost of shortage, and its dearest lines.

use backorder_domain::figures::{
    assumption::{Assumption, Assumptions},
    demand::Fate,
    ratio::Ratio,
    shortage_cost::{Amount, Cause, CostByCause},
};
use backorder_proto::{
    allocation::v1 as pb,
    convert::{
        allocation::line_name,
        decimal::{of_nanos, scaled, whole},
    },
};

use super::demands::CountedLine;

/// All causes with their names on the wire.
const CAUSES: [(Cause, pb::ShortageCause); 9] = [
    (Cause::LostCancelled, pb::ShortageCause::LostCancelled),
    (Cause::LostRefused, pb::ShortageCause::LostRefused),
    (Cause::LostExpected, pb::ShortageCause::LostExpected),
    (Cause::SplitFreight, pb::ShortageCause::SplitFreight),
    (Cause::ExpeditedFreight, pb::ShortageCause::ExpeditedFreight),
    (Cause::Handling, pb::ShortageCause::Handling),
    (Cause::Waiting, pb::ShortageCause::Waiting),
    (Cause::Penalty, pb::ShortageCause::Penalty),
    (Cause::Churn, pb::ShortageCause::Churn),
];

/// What the shortage of some lines cost.
#[derive(Debug, Clone, Default)]
pub struct CostSums {
    lines: i64,
    unit_days: i128,
    line_days: i128,
    causes: CostByCause,
}

impl CostSums {
    /// Adds a line that something was backordered or refused of.
    pub fn add(&mut self, fate: &Fate, cost: &CostByCause) {
        self.lines += 1;
        self.unit_days = self.unit_days.saturating_add(fate.outcome.unit_days);
        self.line_days = self.line_days.saturating_add(fate.outcome.line_days.into());
        self.causes.add(cost);
    }

    /// The sums; causes that are not measured have no amount.
    pub fn message(&self, key: String, is_measured: impl Fn(Cause) -> bool) -> pb::ShortageCostGroup {
        let total = self.causes.total();
        let per_line_day = Ratio::of(total.nanos, self.line_days.saturating_mul(NANOS_PER_CENT_OF_A_CENT));
        pb::ShortageCostGroup {
            key,
            lines: self.lines,
            unit_days: Some(whole(self.unit_days)),
            line_days: Some(whole(self.line_days)),
            causes: CAUSES
                .iter()
                .map(|(cause, on_wire)| {
                    let amount = is_measured(*cause).then(|| self.causes.of(*cause));
                    caused(*on_wire, amount)
                })
                .collect(),
            total: Some(of_nanos(total.nanos)),
            assumed: Some(of_nanos(total.assumed_nanos)),
            per_line_day: per_line_day.map(|ratio| scaled(ratio.scaled(1), 4)),
        }
    }
}

/// A cost for each day is told to four decimals.
const NANOS_PER_CENT_OF_A_CENT: i128 = 100_000;

fn caused(cause: pb::ShortageCause, amount: Option<Amount>) -> pb::CauseCost {
    pb::CauseCost {
        cause: cause.into(),
        amount: amount.map(|amount| of_nanos(amount.nanos)),
        assumed: amount.map(|amount| of_nanos(amount.assumed_nanos)),
    }
}

/// The dearest lines of those that go by.
#[derive(Debug)]
pub struct Dearest {
    max: usize,
    lines: Vec<(i128, pb::ShortageCostLine)>,
}

impl Dearest {
    /// At most so many.
    pub const fn new(max: usize) -> Self {
        Self { max, lines: Vec::new() }
    }

    /// Looks at a line.
    pub fn add(&mut self, line: &CountedLine, fate: &Fate, cost: &CostByCause, assumptions: &Assumptions) {
        let total = cost.total().nanos;
        if self.max == 0 || total == 0 {
            return;
        }
        self.lines.push((total, message(line, fate, cost, assumptions)));
        if self.lines.len() >= self.max.saturating_mul(2) {
            self.cut();
        }
    }

    fn cut(&mut self) {
        self.lines.sort_unstable_by(|(left, a), (right, b)| right.cmp(left).then_with(|| a.line.cmp(&b.line)));
        self.lines.truncate(self.max);
    }

    /// The lines, dearest first.
    pub fn into_lines(mut self) -> Vec<pb::ShortageCostLine> {
        self.cut();
        self.lines.into_iter().map(|(_, line)| line).collect()
    }
}

fn message(line: &CountedLine, fate: &Fate, cost: &CostByCause, assumptions: &Assumptions) -> pb::ShortageCostLine {
    let outcome = &fate.outcome;
    let each = |assumption| i128::from(assumptions.get(assumption).unwrap_or_default());
    let of_units = each(Assumption::WaitingPerUnitDay).saturating_mul(outcome.open.into());
    let next_day = if outcome.open > 0 { each(Assumption::WaitingPerLineDay).saturating_add(of_units) } else { 0 };
    let causes = CAUSES.iter().map(|(cause, on_wire)| (*on_wire, cost.of(*cause)));
    pb::ShortageCostLine {
        line: line_name(&line.demand.history.order, line.number),
        item: format!("items/{}", line.item),
        backordered: outcome.backordered(),
        refused: outcome.refused,
        open: outcome.open,
        days: outcome.line_days,
        causes: causes
            .filter(|(_, amount)| amount.nanos != 0)
            .map(|(cause, amount)| caused(cause, Some(amount)))
            .collect(),
        total: Some(of_nanos(cost.total().nanos)),
        next_day: Some(of_nanos(next_day)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_has_a_name_on_the_wire() {
        assert_eq!(CAUSES.map(|(cause, _)| cause), Cause::ALL);
    }
}
