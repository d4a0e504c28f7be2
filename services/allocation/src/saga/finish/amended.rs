//! What an amendment means for its lines: one, or all components of a kit.

use backorder_domain::{order::promise::PromiseReason, quantity::Quantity};
use backorder_storage::StorageError;

use super::{Work, order_mut, reserve_results, shortage, units};
use crate::{
    error::Error,
    order::{Book, Cause, Command, key::demand_line, put_vector},
    saga::{Amendment, CallAnswer, PlannedLine},
};

impl Work<'_> {
    /// Inventory has done what the amendment asks for.
    pub(super) fn amend(&mut self, book: &mut Book, answers: &[CallAnswer]) -> Result<(), Error> {
        let plan = &self.step.plan;
        if plan.amendments.is_empty() || plan.amendments.len() != plan.lines.len() {
            return Err(StorageError::InvalidRow { table: "unfinished_step", detail: "no amendment".to_owned() }.into());
        }
        for (planned, amendment) in plan.lines.iter().zip(&plan.amendments) {
            self.amend_line(book, planned, amendment, answers)?;
        }
        Ok(())
    }

    fn amend_line(
        &mut self,
        book: &mut Book,
        planned: &PlannedLine,
        amendment: &Amendment,
        answers: &[CallAnswer],
    ) -> Result<(), Error> {
        let order = order_mut(book, &planned.order)?;
        let Some(line) = order.lines.get_mut(&planned.line) else {
            return Err(Error::no_line(&planned.order, planned.line));
        };
        if !amendment.requested_date.is_empty() {
            line.row.requested_date.clone_from(&amendment.requested_date);
            line.row.requested_basis.clone_from(&amendment.requested_basis);
            line.row.time_zone.clone_from(&amendment.time_zone);
        }
        if amendment.unit_quantity > 0 {
            line.row.ordered_unit.clone_from(&amendment.unit);
            line.row.ordered_unit_quantity = amendment.unit_quantity;
            line.row.base_units_per_unit = amendment.base_units;
        }
        if !amendment.queue_key.is_empty() {
            line.row.queue_key.clone_from(&amendment.queue_key);
        }
        let cause = Cause { reason: Some(PromiseReason::Amended), text: "the line was amended".to_owned() };
        let results = reserve_results(answers)?;
        let result = results.get(demand_line(&planned.order, planned.line, false).as_str()).copied();
        let result = result.filter(|_| amendment.raised > 0);
        let mut command = Command::Follow;
        if amendment.raised > 0 {
            let mut vector = line.vector()?;
            let was_over = !vector.is_active();
            let raised = vector.raise(units(amendment.raised)?);
            raised.map_err(|error| Error::Line { order: planned.order.clone(), line: planned.line, error })?;
            put_vector(&mut line.row, &vector);
            line.row.parts = planned.part;
            order.row.lines_active += i64::from(was_over);
            let refused = match result {
                Some(result) => shortage::never_ordered(self.step.kind, order, planned.line, result.refused)?,
                None => Quantity::ZERO,
            };
            command = Command::Decide { part: planned.part, refused };
        } else if amendment.reduced > 0 {
            command = Command::Reduce(units(amendment.reduced)?);
        }
        self.changes.settle_line(order, planned.line, command, &cause, self.moment, &mut self.events)?;
        if let Some(result) = result {
            self.lose(order, planned, result)?;
        }
        Ok(())
    }
}
