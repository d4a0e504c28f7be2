//! What a step means for the question whose answer, or silence, it is.

use backorder_storage::{StorageError, WriteTx};

use super::{Work, order_mut};
use crate::{
    error::Error,
    order::{
        Book, kits,
        question::{self, Ending},
    },
    saga::Step,
    store::{entity::customer_question, questions},
};

/// The question that the step ends; none when there is none, or the customer spoke unasked.
pub(super) async fn ended_in_tx(
    tx: &WriteTx<'_>,
    step: &Step,
) -> Result<Option<customer_question::Model>, StorageError> {
    let (Some(ending), Some(planned)) = (&step.plan.ending, step.plan.lines.first()) else { return Ok(None) };
    questions::find(tx, &planned.order, planned.line, ending.number).await
}

impl Work<'_> {
    /// Ends the question, before its line follows its claims.
    pub(super) fn end_question(
        &mut self,
        book: &mut Book,
        asked: Option<customer_question::Model>,
    ) -> Result<(), Error> {
        let (Some(ending), Some(planned)) = (&self.step.plan.ending, self.step.plan.lines.first()) else {
            return Ok(());
        };
        let order = order_mut(book, &planned.order)?;
        let open = kits::figures(order, ending.kit).open;
        let line = order.lines.get_mut(&planned.line).ok_or_else(|| Error::no_line(&planned.order, planned.line))?;
        let now = self.moment.now;
        let mut ended = asked.unwrap_or_else(|| match line.row.kit_line {
            Some(_) => question::about_kit(&line.row, open, ending.number, now, None),
            None => question::about(&line.row, ending.number, now, None),
        });
        for planned in &self.step.plan.lines {
            if let Some(line) = order.lines.get_mut(&planned.line) {
                line.row.question_answer_by = None;
            }
        }
        let who = self.step.plan.context.as_ref().filter(|_| ending.state == question::DECLINED);
        question::end(&mut ended, Ending { state: &ending.state, consent_until: None, who }, now);
        self.changes.question(ended, &mut self.events)
    }
}
