//! What it means that another item is sent for units of a line.

use backorder_domain::order::promise::PromiseReason;
use backorder_storage::columns;

use super::{Work, order_mut, units};
use crate::{
    error::Error,
    order::{Book, Cause, Command, refund},
};

impl Work<'_> {
    /// Units of the line are cancelled, and what the substitute is cheaper is given back.
    pub(super) fn substitute(&mut self, book: &mut Book) -> Result<(), Error> {
        let step = self.step;
        let Some(substitution) = &step.plan.substitution else { return Ok(()) };
        let text = format!("items/{} is sent for some of it", substitution.item);
        let cause = Cause { reason: Some(PromiseReason::Amended), text };
        for planned in &step.plan.lines {
            let order = order_mut(book, &planned.order)?;
            let command = Command::Substitute(units(planned.quantity)?);
            self.changes.settle_line(order, planned.line, command, &cause, self.moment, &mut self.events)?;
            let Some(line) = order.lines.get(&planned.line).filter(|_| substitution.refund_nanos > 0) else { continue };
            let reason = &self.changes.reason_code;
            let refund = refund::of_substitute(
                &order.row,
                &line.row,
                (planned.quantity, substitution.refund_nanos),
                (reason, &cause.text),
                columns::micros(self.moment.now),
            );
            self.events.refund(&refund)?;
            self.changes.refunds.push(refund);
        }
        Ok(())
    }
}
