//! `GetShortageCost`: the cost of the shortage of a cohort by cause. The chance that an open backorder is cancelled is
//! taken from those of the cohort that ended, unless it was given, so the orders are read twice.

use backorder_domain::{
    figures::{
        assumption::{Assumption, Assumptions},
        demand::Fate,
        groups::Groups,
        history::{Facts, Histories},
        outcome::Outcome,
        ratio::{Ratio, share_of},
        service::LineSums,
        shortage_cost::{Cause, ShortageCosts, chance},
    },
    money::NANOS_PER_UNIT,
};
use backorder_proto::{allocation::v1 as pb, convert::decimal::of_nanos};
use backorder_storage::Transaction;

use super::{
    Cohort, CountedOrder, GroupPage, Scope,
    cost_sums::{CostSums, Dearest},
    cut,
};
use crate::{error::Error, use_cases::UseCases};

/// What is asked.
#[derive(Debug, Clone)]
pub struct CostCommand {
    /// Which lines.
    pub scope: Scope,
    /// What is assumed where the records do not tell.
    pub assumptions: Assumptions,
    /// How many of the dearest lines are told.
    pub lines_max: usize,
}

/// The parameters with their names on the wire. Until when the first attempt lasts the records tell.
const PARAMETERS: [(Assumption, pb::ShortageParameterName); 11] = [
    (Assumption::MarginShare, pb::ShortageParameterName::MarginShare),
    (Assumption::LostShare, pb::ShortageParameterName::LostShare),
    (Assumption::RefusedLostShare, pb::ShortageParameterName::RefusedLostShare),
    (Assumption::OpenCancelShare, pb::ShortageParameterName::OpenCancelShare),
    (Assumption::ShipmentCost, pb::ShortageParameterName::ShipmentCost),
    (Assumption::ExpeditedShipmentCost, pb::ShortageParameterName::ExpeditedShipmentCost),
    (Assumption::HandlingPerLine, pb::ShortageParameterName::HandlingPerLine),
    (Assumption::WaitingPerLineDay, pb::ShortageParameterName::WaitingPerLineDay),
    (Assumption::WaitingPerUnitDay, pb::ShortageParameterName::WaitingPerUnitDay),
    (Assumption::PenaltyShare, pb::ShortageParameterName::PenaltyShare),
    (Assumption::ChurnPerLine, pb::ShortageParameterName::ChurnPerLine),
];

/// The parameter of a name on the wire; `None` for unspecified.
#[must_use]
pub fn parameter_name(name: pb::ShortageParameterName) -> Option<Assumption> {
    PARAMETERS.iter().find(|(_, on_wire)| *on_wire == name).map(|(assumption, _)| *assumption)
}

/// What the records of this service hold. Whether prices are there is known only when all lines went by.
const FACTS: Facts = Facts { cancelled: true, refused: true, price: true, expedited: true };

impl UseCases {
    /// The cost of shortage of a cohort and of a page of its groups. Answers the key after which the next page begins.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn get_shortage_cost(
        &self,
        command: CostCommand,
        page: GroupPage,
    ) -> Result<(pb::GetShortageCostResponse, Option<String>), Error> {
        self.store()
            .snapshot("get_shortage_cost", move |tx| Box::pin(async move { price(tx, &command, &page).await }))
            .await
    }
}

async fn price(
    tx: &Transaction,
    command: &CostCommand,
    page: &GroupPage,
) -> Result<(pb::GetShortageCostResponse, Option<String>), Error> {
    let mut cohort = Cohort::open(tx, &command.scope, page.by).await?;
    let is_given = command.assumptions.get(Assumption::OpenCancelShare).is_some();
    let mut sums = LineSums::default();
    if !is_given {
        cohort
            .each(|cohort, order| {
                for line in order.lines.iter().filter(|line| cohort.has(line)) {
                    sums.add(&line.demand.history, &line.demand.fate().outcome);
                }
                Ok(())
            })
            .await?;
    }
    let mut costing = Costing {
        command,
        page,
        chance: chance(&sums, FACTS, &command.assumptions),
        has_prices: false,
        total: CostSums::default(),
        groups: Groups::new(page.after.clone(), page.max.saturating_add(1)),
        dearest: Dearest::new(command.lines_max),
    };
    cohort
        .each(|cohort, order| {
            costing.add(cohort, order);
            Ok(())
        })
        .await?;
    let (mut answer, next) = costing.answer();
    answer.basis = Some(cohort.basis());
    Ok((answer, next))
}

struct Costing<'a> {
    command: &'a CostCommand,
    page: &'a GroupPage,
    chance: Option<Ratio>,
    has_prices: bool,
    total: CostSums,
    groups: Groups<CostSums>,
    dearest: Dearest,
}

impl Costing<'_> {
    /// Prices an order. Its shipments carry lines that are not in the cohort, too, so all lines are looked at.
    fn add(&mut self, cohort: &Cohort<'_>, order: CountedOrder<'_>) {
        let fates: Vec<Fate> = order.lines.iter().map(|line| line.demand.fate()).collect();
        if !fates.iter().any(|fate| is_short(&fate.outcome)) {
            self.has_prices |= order.lines.iter().any(|line| line.demand.history.price_nanos.is_some());
            return;
        }
        let outcomes: Vec<Outcome> = fates.iter().map(|fate| fate.outcome.clone()).collect();
        let histories = Histories::new(order.lines.iter().map(|line| line.demand.history.clone()).collect());
        let Some(as_of) = order.lines.iter().map(|line| line.demand.as_of).max() else { return };
        let assumptions = &self.command.assumptions;
        let costs = ShortageCosts::with_chance(&histories, &outcomes, FACTS, as_of, assumptions, self.chance);
        for ((line, fate), cost) in order.lines.iter().zip(&fates).zip(&costs.lines) {
            if !cohort.has(line) {
                continue;
            }
            self.has_prices |= line.demand.history.price_nanos.is_some();
            let Some(cost) = cost.as_ref().filter(|_| is_short(&fate.outcome)) else { continue };
            self.total.add(fate, cost);
            if let Some(by) = self.page.by
                && let Some(sums) = self.groups.of(&cohort.key(by, order.row, line))
            {
                sums.add(fate, cost);
            }
            self.dearest.add(line, fate, cost, assumptions);
        }
    }

    fn answer(self) -> (pb::GetShortageCostResponse, Option<String>) {
        let Self { command, page, chance, has_prices, total, groups, dearest } = self;
        let facts = Facts { price: has_prices, ..FACTS };
        let is_measured = |cause: Cause| cause.is_measured(facts, &command.assumptions, chance);
        let mut found: Vec<(String, CostSums)> = groups.into_sums().into_iter().collect();
        let next = cut(&mut found, page.max);
        let answer = pb::GetShortageCostResponse {
            basis: None,
            parameters: PARAMETERS.iter().map(|of| parameter(*of, &command.assumptions, chance)).collect(),
            total: Some(total.message(String::new(), is_measured)),
            groups: found.into_iter().map(|(key, sums)| sums.message(key, is_measured)).collect(),
            lines: dearest.into_lines(),
            next_page_token: String::new(),
        };
        (answer, next)
    }
}

const fn is_short(outcome: &Outcome) -> bool {
    outcome.backordered() > 0 || outcome.refused > 0
}

fn parameter(
    (assumption, name): (Assumption, pb::ShortageParameterName),
    assumptions: &Assumptions,
    chance: Option<Ratio>,
) -> pb::ShortageParameter {
    let told = chance.filter(|_| assumption == Assumption::OpenCancelShare);
    let measured = told.map(|chance| share_of(NANOS_PER_UNIT.into(), chance.part(), chance.whole()));
    let (value, source) = match (assumptions.get(assumption), measured) {
        (Some(value), _) if assumptions.is_given(assumption) => (Some(value.into()), pb::ParameterSource::Given),
        (Some(value), _) => (Some(value.into()), pb::ParameterSource::Assumed),
        (None, Some(measured)) => (Some(measured), pb::ParameterSource::Measured),
        (None, None) => (None, pb::ParameterSource::None),
    };
    pb::ShortageParameter {
        name: name.into(),
        meaning: assumption.meaning().to_owned(),
        value: value.map(of_nanos),
        source: source.into(),
    }
}

#[cfg(test)]
mod tests {
    use backorder_domain::figures::assumption::AssumptionUnit;

    use super::*;

    #[test]
    fn every_parameter_but_the_days_has_a_name_on_the_wire() {
        let named = PARAMETERS.map(|(assumption, _)| assumption).to_vec();
        let priced = Assumption::ALL.into_iter().filter(|one| one.unit() != AssumptionUnit::Days);
        assert_eq!(named, priced.collect::<Vec<_>>());
        assert_eq!(parameter_name(pb::ShortageParameterName::Unspecified), None);
    }
}
