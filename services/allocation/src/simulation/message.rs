//! What came out for a line, as a message and as a row.

use std::collections::HashMap;

use backorder_domain::allocation::{
    explain::{Competitor, Explainer, Fix},
    run::{Confirmation, Constraint, Day, ExceptionKind, Peg, PoolException, Reason},
};
use backorder_proto::{allocation::v1 as pb, common::v1 as common, convert::encode};
use prost::Message as _;

use super::{
    decided::Decided,
    pool::{Source, punctuality},
    rules::strategy_message,
};
use crate::store::entity::allocation_run_line;

/// Competitors that are named of a line at most.
const COMPETITORS_MAX: usize = 10;

/// Tells what came out for the lines of an item.
pub struct Teller<'d> {
    decided: &'d Decided,
    explainer: Explainer<'d>,
    exceptions: HashMap<u32, &'d PoolException>,
}

impl<'d> Teller<'d> {
    /// Prepares what is told about an item.
    #[must_use]
    pub fn new(decided: &'d Decided) -> Self {
        let exceptions = decided.exceptions.iter().map(|exception| (exception.requirement, exception)).collect();
        Self { decided, explainer: Explainer::new(decided.input(), &decided.order, &decided.plan), exceptions }
    }

    /// The message of a requirement.
    #[must_use]
    pub fn line(&self, requirement: u32) -> pb::RunLine {
        let decided = self.decided;
        let claim = decided.claim(requirement);
        let asked = &decided.demand.requirements[requirement as usize];
        let outcome = &decided.plan.outcomes[requirement as usize];
        let change = decided.plan.change(&decided.demand, requirement);
        let competitors = self.explainer.competitors(requirement, COMPETITORS_MAX);
        let competitor = |competitor: &Competitor| {
            let claim = decided.claim(competitor.requirement);
            pb::RunCompetitor { line: claim.line.clone(), part: claim.part, quantity: competitor.units }
        };
        let exception = self.exceptions.get(&requirement);
        let (segment, served) = decided.segment(requirement);
        pb::RunLine {
            line: claim.line.clone(),
            part: claim.part,
            item: format!("items/{}", decided.live.item),
            customer_tier: self.fact(requirement, |facts| &facts.tier),
            channel: self.fact(requirement, |facts| &facts.channel),
            strategy: strategy_message(asked.strategy).into(),
            place: self.explainer.position(requirement).map_or(0, |position| i64::from(position) + 1),
            quantity: asked.quantity,
            due_date: date(asked.requested),
            before: confirmations(decided, decided.before(requirement)),
            after: confirmations(decided, &decided.after(requirement)),
            quantity_change: change.quantity,
            days_change: change.days,
            result: result_message(outcome.reason).into(),
            binding_constraint: outcome.binding.map_or(pb::RunConstraint::Unspecified, constraint_message).into(),
            pegs: self.pegs(requirement),
            competitors: competitors.iter().map(competitor).collect(),
            fix: self.explainer.fix(requirement).map(|fix| self.fix(fix)),
            exception: exception.map(|exception| exception_message(decided, exception)),
            claim_version: claim.version,
            outcome: pb::RunLineOutcome::Unspecified.into(),
            units_taken: 0,
            units_given: 0,
            segment: segment.to_owned(),
            by_fallback: served.by_fallback,
            promoted: served.promoted,
        }
    }

    /// The row of a requirement in a run.
    #[must_use]
    pub fn row(&self, run: &str, requirement: u32) -> allocation_run_line::Model {
        let line = self.line(requirement);
        let asked = &self.decided.demand.requirements[requirement as usize];
        let (on_time, confirmed, late) = punctuality(&self.decided.after(requirement), asked.requested);
        let facts = self.decided.claim(requirement).facts.as_deref();
        allocation_run_line::Model {
            run_id: run.to_owned(),
            item_id: self.decided.live.item.clone(),
            order_id: facts.map(|facts| facts.order.clone()).unwrap_or_default(),
            line_number: facts.map_or(0, |facts| facts.number),
            part: line.part,
            tier: line.customer_tier.clone(),
            is_changed: line.before != line.after,
            is_exception: line.exception.is_some(),
            quantity: asked.quantity,
            on_time,
            confirmed,
            unit_days_late: late,
            claim_version: line.claim_version,
            detail: line.encode_to_vec(),
            outcome: line.outcome,
            units_taken: line.units_taken,
            units_given: line.units_given,
        }
    }

    fn fact(&self, requirement: u32, of: impl Fn(&super::live::LineFacts) -> &str) -> String {
        self.decided.claim(requirement).facts.as_deref().map(|facts| of(facts).to_owned()).unwrap_or_default()
    }

    fn pegs(&self, requirement: u32) -> Vec<pb::RunPeg> {
        let mut pegs = self.decided.plan.pegs_of(requirement).to_vec();
        pegs.sort_by_key(|peg| (peg.day, peg.place, peg.bucket));
        let peg = |peg: &Peg| pb::RunPeg {
            location: location(self.decided, peg.place),
            supply: self.supply(peg.bucket),
            ship_date: date(peg.day),
            quantity: peg.quantity,
        };
        pegs.iter().map(peg).collect()
    }

    /// The name of the supply behind a bucket; empty for stock.
    fn supply(&self, bucket: u32) -> String {
        match self.decided.source(bucket) {
            Source::Stock(_) => String::new(),
            Source::Supply(supply) => self.decided.live.supplies[supply as usize].name.clone(),
        }
    }

    fn fix(&self, fix: Fix) -> pb::RunFix {
        use pb::run_fix::Fix as Message;
        let id = |name: &str| name.rsplit('/').next().unwrap_or(name).to_owned();
        let (fix, summary) = match fix {
            Fix::MoreUnits { place, day, units, units_before } => {
                let location = location(self.decided, place);
                let by = day.date().map(|day| day.to_string()).unwrap_or_default();
                let others = match units_before {
                    0 => String::new(),
                    others => format!(", after {others} that lines before it lack"),
                };
                let summary = format!("{units} more units at {} by {by}{others}", id(&location));
                let more =
                    pb::MoreUnits { location, ready_date: date(day), units, units_for_lines_before: units_before };
                (Message::MoreUnits(more), summary)
            }
            Fix::EarlierSupply { bucket, days } => {
                let supply = self.supply(bucket);
                let what = if supply.is_empty() { "the stock".to_owned() } else { format!("supply {}", id(&supply)) };
                let summary = format!("{what} {days} {} earlier", if days == 1 { "day" } else { "days" });
                (Message::EarlierSupply(pb::EarlierSupply { supply, days }), summary)
            }
            Fix::Drop(constraint) => {
                let constraint = constraint_message(constraint);
                let summary = match constraint {
                    pb::RunConstraint::Strategy => "another strategy: this one gives it no more",
                    pb::RunConstraint::OneLocation => "units of several locations: no single one has all of them",
                    pb::RunConstraint::ShipmentMin => "fewer units of one location than its order takes",
                    pb::RunConstraint::Supply | pb::RunConstraint::Unspecified => "",
                };
                (Message::Drop(constraint.into()), summary.to_owned())
            }
        };
        pb::RunFix { fix: Some(fix), summary }
    }
}

/// Confirmations on the wire.
#[must_use]
pub fn confirmations(decided: &Decided, confirmed: &[Confirmation]) -> Vec<pb::RunConfirmation> {
    let part = |part: &Confirmation| pb::RunConfirmation {
        quantity: part.quantity,
        ship_date: date(part.day),
        location: location(decided, part.place),
    };
    confirmed.iter().map(part).collect()
}

/// An exception on the wire.
#[must_use]
pub fn exception_message(decided: &Decided, exception: &PoolException) -> pb::RunException {
    let claim = decided.claim(exception.requirement);
    let strategy = match exception.kind {
        ExceptionKind::Win => pb::RunStrategy::Win,
        ExceptionKind::Gain => pb::RunStrategy::Gain,
    };
    pb::RunException {
        line: claim.line.clone(),
        part: claim.part,
        strategy: strategy.into(),
        missing: exception.missing,
        binding_constraint: constraint_message(exception.binding).into(),
    }
}

fn location(decided: &Decided, place: u32) -> String {
    encode::location_name(&decided.live.places[place as usize].location)
}

fn date(day: Day) -> Option<common::Date> {
    day.date().map(encode::date)
}

const fn result_message(reason: Reason) -> pb::RunResult {
    match reason {
        Reason::NotInRun => pb::RunResult::Unspecified,
        Reason::Unchanged => pb::RunResult::Unchanged,
        Reason::Improved => pb::RunResult::Improved,
        Reason::Worsened => pb::RunResult::Worsened,
        Reason::Moved => pb::RunResult::Moved,
        Reason::Discarded => pb::RunResult::Discarded,
    }
}

const fn constraint_message(constraint: Constraint) -> pb::RunConstraint {
    match constraint {
        Constraint::Supply => pb::RunConstraint::Supply,
        Constraint::ShipmentMin => pb::RunConstraint::ShipmentMin,
        Constraint::Places => pb::RunConstraint::OneLocation,
        Constraint::Strategy => pb::RunConstraint::Strategy,
        // Requirements here have no last day, no packs, no number of deliveries, no set and no group.
        Constraint::LatestDay
        | Constraint::Pack
        | Constraint::Deliveries
        | Constraint::Whole
        | Constraint::ShipSet
        | Constraint::Quota
        | Constraint::Protection => pb::RunConstraint::Unspecified,
    }
}
