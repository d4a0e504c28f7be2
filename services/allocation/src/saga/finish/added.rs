//! Lines that a step adds to orders which are there.
//!
//! Their rows stand from the step's first transaction on, so that no news of their claims is lost; the order counts them
//! from the last one on. Until then the order is busy and nobody relies on either.

use std::collections::{BTreeMap, BTreeSet};

use backorder_domain::{order::promise::PromiseReason, quantity::Quantity};
use backorder_storage::WriteTx;

use super::{Work, order_mut, reserve_results, shortage, units};
use crate::{
    error::Error,
    order::{Book, Cause, Command, LineKey, key::demand_line},
    saga::{CallAnswer, Step, call::Kind},
    store::shipped_batches,
};

impl Work<'_> {
    /// Units came back. Those for which the customer gets the same again are not paid back.
    pub(super) fn take_back(&mut self, book: &mut Book, answers: &[CallAnswer]) -> Result<(), Error> {
        let cause = Cause { reason: None, text: "units came back".to_owned() };
        let step = self.step;
        let mut replaced = replaced(step, book, answers)?;
        for planned in &step.plan.lines {
            let order = order_mut(book, &planned.order)?;
            let rest = replaced.entry((planned.order.as_str(), planned.line)).or_default();
            let quantity = units(planned.quantity)?;
            let of_these = quantity.min(*rest);
            *rest = rest.saturating_sub(of_these);
            let command = Command::TakeBack { quantity, replaced: of_these };
            self.changes.settle_line(order, planned.line, command, &cause, self.moment, &mut self.events)?;
        }
        Ok(())
    }

    /// Of which shipped batches and owners the units were that came back.
    pub(super) async fn note_returned_in_tx(&mut self, tx: &WriteTx<'_>) -> Result<(), Error> {
        let calls = self.step.plan.calls.iter().filter_map(|call| match &call.kind {
            Some(Kind::TakeBack(request)) => Some(&request.lines),
            _ => None,
        });
        let named = calls.flatten().filter(|line| !line.batch.is_empty() || !line.owner.is_empty());
        let named: Vec<_> = named.filter_map(|line| Some((LineKey::of_claim(&line.line, 1)?, line))).collect();
        let keys: BTreeSet<_> = named.iter().map(|(key, _)| (key.order.clone(), key.line)).collect();
        let mut shipped = shipped_batches::of_lines(tx, &keys).await?;
        for (key, line) in named {
            shipped_batches::take_back(&mut shipped, (&key.order, key.line), (&line.batch, &line.owner), line.quantity);
        }
        self.changes.returned_batches = shipped;
        Ok(())
    }

    /// Inventory has decided about every line that is added.
    pub(super) fn decide_added(&mut self, book: &mut Book, answers: &[CallAnswer], why: &str) -> Result<(), Error> {
        let results = reserve_results(answers)?;
        let cause = Cause { reason: Some(PromiseReason::Placed), text: why.to_owned() };
        for planned in &self.step.plan.added {
            let result = results.get(demand_line(&planned.order, planned.line, false).as_str()).copied();
            let order = order_mut(book, &planned.order)?;
            // It was written as waiting, which the order's count of such lines follows only now.
            order.row.lines_active += 1;
            let refused = match result {
                Some(result) => shortage::never_ordered(self.step.kind, order, planned.line, result.refused)?,
                None => Quantity::ZERO,
            };
            let command = Command::Decide { part: planned.part, refused };
            self.changes.settle_line(order, planned.line, command, &cause, self.moment, &mut self.events)?;
            if let Some(result) = result {
                self.lose(order, planned, result)?;
            }
        }
        Ok(())
    }
}

/// For each line of which units came back: how many of them lines that are added replace.
fn replaced<'s>(
    step: &'s Step,
    book: &mut Book,
    answers: &[CallAnswer],
) -> Result<BTreeMap<(&'s str, i32), Quantity>, Error> {
    let results = reserve_results(answers)?;
    let mut replaced: BTreeMap<(&'s str, i32), Quantity> = BTreeMap::new();
    for planned in &step.plan.added {
        let order = order_mut(book, &planned.order)?;
        let refused = match results.get(demand_line(&planned.order, planned.line, false).as_str()) {
            Some(result) => shortage::never_ordered(step.kind, order, planned.line, result.refused)?,
            None => Quantity::ZERO,
        };
        let Some(line) = order.lines.get(&planned.line).and_then(|line| line.row.replaces_line) else { continue };
        let sum = replaced.entry((planned.order.as_str(), line)).or_default();
        let accepted = units(planned.quantity)?.saturating_sub(refused);
        *sum = sum.checked_add(accepted).unwrap_or(*sum);
    }
    Ok(replaced)
}
