//! What a step means where the customer's instruction on shortage decides: balances that are cancelled, and consent.

use backorder_domain::{order::policy::LossReason, quantity::Quantity};

use super::{Work, order_mut, units};
use crate::{
    error::Error,
    order::{Book, Cause, Command, LineKey, LostUnits, OrderRecord, shortage},
    saga::{StepKind, call::Kind},
};

/// Of units that inventory refused, those that were never ordered: not those whose balance the customer has cancelled. A
/// quote orders nothing, so what it could not promise was never ordered.
pub(super) fn never_ordered(kind: StepKind, order: &OrderRecord, line: i32, refused: i64) -> Result<Quantity, Error> {
    let record = order.lines.get(&line).ok_or_else(|| Error::no_line(&order.row.id, line))?;
    let is_ordered = !matches!(kind, StepKind::Quote | StepKind::Confirm);
    if is_ordered && shortage::instruction(&record.row)?.cancels_balance() {
        return Ok(Quantity::ZERO);
    }
    units(refused)
}

impl Work<'_> {
    /// The customer has agreed that the planned lines leave without what is missing.
    pub(super) fn consent(&mut self, book: &mut Book) -> Result<(), Error> {
        let cause = Cause { reason: None, text: "the customer agreed to less".to_owned() };
        for planned in &self.step.plan.lines {
            let order = order_mut(book, &planned.order)?;
            self.changes.settle_line(order, planned.line, Command::Consent, &cause, self.moment, &mut self.events)?;
        }
        Ok(())
    }

    /// What waited of lines whose balance was cancelled with the shipment is lost.
    pub(super) fn lose_balances(&mut self, book: &Book) -> Result<(), Error> {
        let released = self.step.plan.calls.iter().filter_map(|call| match &call.kind {
            Some(Kind::Release(request)) => Some(&request.lines),
            Some(_) | None => None,
        });
        for balance in released.flatten() {
            let Some(key) = LineKey::of_claim(&balance.line, 1) else { continue };
            let line = book.line(&key.order, key.line).ok_or_else(|| Error::no_line(&key.order, key.line))?;
            let (quantity, reason) = (balance.quantity, LossReason::CustomerInstruction);
            self.changes.lose(&line.row, LostUnits { part: line.row.parts, quantity, reason }, self.moment);
        }
        Ok(())
    }
}
