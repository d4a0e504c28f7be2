//! The wait of a kit: its components wait together, so the clock acts once for all of them, and what is decided is decided of
//! whole kits. Where components are out of proportion a planner is told.

use std::collections::BTreeMap;

use backorder_domain::order::wait::{AfterSilence, WaitAction};
use backorder_storage::{StorageError, WriteTx, columns};

use super::clock::{Overdue, Turn, missing};
use crate::{
    error::Error,
    order::{
        LineRecord, OrderRecord, kits,
        question::{self, Ending},
        wait,
    },
    store::{
        entity::{customer_order, order_line},
        questions,
    },
};

/// Why a planner is told where the rule would cancel.
const OUT_OF_PROPORTION: &str = "the kit's components are out of proportion";

/// The rows of a kit's components, by number.
fn parts(lines: &mut BTreeMap<i32, LineRecord>, kit: i32) -> Vec<&mut order_line::Model> {
    lines.values_mut().map(|line| &mut line.row).filter(|row| row.kit_line == Some(kit)).collect()
}

impl Turn<'_> {
    /// Acts on the wait of a kit, of which a component is due.
    pub(super) async fn act_on_kit_in_tx(
        &mut self,
        tx: &WriteTx<'_>,
        record: &mut OrderRecord,
        kit: i32,
    ) -> Result<(), Error> {
        let open = kits::figures(record, kit).open;
        let OrderRecord { row: order, lines, .. } = record;
        let mut parts = parts(lines, kit);
        match self.due_of_kit(&parts)? {
            Some(WaitAction::Ask) => self.ask_about_kit_in_tx(tx, order, &mut parts, open).await,
            Some(WaitAction::Escalate) => self.escalate_kit(order, &mut parts, open, "the wait limit has passed"),
            Some(WaitAction::Void) => {
                self.end_question_of_kit_in_tx(tx, &mut parts, question::VOID).await?;
                self.touch_all(order, &mut parts, "nothing waits any more, so the question is void")
            }
            Some(WaitAction::Silence(AfterSilence::Keep)) => {
                self.end_question_of_kit_in_tx(tx, &mut parts, question::EXPIRED).await?;
                self.touch_all(order, &mut parts, "the customer did not answer, and waits on")
            }
            Some(WaitAction::Silence(AfterSilence::Escalate)) => {
                self.end_question_of_kit_in_tx(tx, &mut parts, question::EXPIRED).await?;
                self.escalate_kit(order, &mut parts, open, "the customer did not answer")
            }
            Some(action @ (WaitAction::Cancel | WaitAction::Silence(AfterSilence::Cancel))) => {
                if kits::wait_whole(parts.iter().map(|row| &**row)).is_none() {
                    if matches!(action, WaitAction::Silence(_)) {
                        self.end_question_of_kit_in_tx(tx, &mut parts, question::EXPIRED).await?;
                    }
                    return self.escalate_kit(order, &mut parts, open, OUT_OF_PROPORTION);
                }
                let speaker = parts.first().map(|row| (row.order_id.clone(), row.line_number, row.version));
                self.overdue.extend(speaker.map(|(order, line, version)| Overdue { order, line, version }));
                Ok(())
            }
            None => self.align(order, &mut parts),
        }
    }

    /// What has to be done about the kit now. While its question is pending nothing else is.
    pub(super) fn due_of_kit(&self, parts: &[&mut order_line::Model]) -> Result<Option<WaitAction>, StorageError> {
        let rows = parts.iter().map(|row| &**row);
        wait::due_of_kit(rows, self.moment)
    }

    async fn ask_about_kit_in_tx(
        &mut self,
        tx: &WriteTx<'_>,
        order: &customer_order::Model,
        parts: &mut [&mut order_line::Model],
        open: i64,
    ) -> Result<(), Error> {
        let now = self.moment.now;
        let Some(speaker) = parts.first() else { return Ok(()) };
        let zone = self.moment.places.zone_named(&speaker.time_zone);
        let deadline = wait::clock(speaker, &zone)?.answer_deadline(now).unwrap_or(now);
        let number = questions::next_number_in_tx(tx, &speaker.order_id, speaker.line_number).await?;
        let asked = question::about_kit(speaker, open, number, now, Some(deadline));
        self.changes.question(asked, &mut self.events)?;
        for row in parts.iter_mut() {
            row.question_number = number;
            if wait::is_waiting(row) {
                row.question_answer_by = Some(columns::micros(deadline));
                row.wait_acted_for.clone_from(&row.wait_limit_date);
            }
        }
        self.touch_all(order, parts, "the customer is asked whether to wait on")
    }

    async fn end_question_of_kit_in_tx(
        &mut self,
        tx: &WriteTx<'_>,
        parts: &mut [&mut order_line::Model],
        state: &'static str,
    ) -> Result<(), Error> {
        let Some(speaker) = parts.first() else { return Ok(()) };
        let found = questions::find(tx, &speaker.order_id, speaker.line_number, speaker.question_number).await?;
        let mut asked = found.ok_or_else(|| missing(speaker))?;
        question::end(&mut asked, Ending { state, consent_until: None, who: None }, self.moment.now);
        self.changes.question(asked, &mut self.events)?;
        for row in parts.iter_mut() {
            row.question_answer_by = None;
        }
        Ok(())
    }

    /// A planner decides about the kit, of which `open` wait, and is told once.
    pub(super) fn escalate_kit(
        &mut self,
        order: &customer_order::Model,
        parts: &mut [&mut order_line::Model],
        open: i64,
        cause: &str,
    ) -> Result<(), Error> {
        for row in parts.iter_mut().filter(|row| wait::is_waiting(row)) {
            row.wait_acted_for.clone_from(&row.wait_limit_date);
            row.wait_escalated_at = Some(columns::micros(self.moment.now));
        }
        self.touch_all(order, parts, &format!("{cause}: a planner decides"))?;
        // All components are touched, so the highest of their versions rises with each event of the kit.
        let version = parts.iter().map(|row| row.version).max().unwrap_or_default();
        match parts.iter().find(|row| wait::is_waiting(row)) {
            Some(row) => Ok(self.events.kit_escalated(row, open, version, cause)?),
            None => Ok(()),
        }
    }

    fn touch_all(
        &mut self,
        order: &customer_order::Model,
        parts: &mut [&mut order_line::Model],
        cause: &str,
    ) -> Result<(), Error> {
        parts.iter_mut().try_for_each(|row| self.touch(order, row, cause))
    }

    /// Nothing is due: a component that waits since the clock acted joins the others, and their question, and one that waits no
    /// more leaves it.
    fn align(&mut self, order: &customer_order::Model, parts: &mut [&mut order_line::Model]) -> Result<(), Error> {
        let answer_by = parts.iter().filter_map(|row| row.question_answer_by).min();
        let acted = wait::acted_for(parts.iter().map(|row| &**row)).map(str::to_owned);
        let escalated_at = parts.iter().filter_map(|row| row.wait_escalated_at).max();
        for row in parts.iter_mut() {
            row.question_answer_by = answer_by.filter(|_| wait::is_waiting(row));
            let joins = wait::is_waiting(row) && acted.is_some() && row.wait_limit_date == acted;
            if row.question_answer_by.is_some() || joins {
                row.wait_acted_for.clone_from(&row.wait_limit_date);
            }
            if joins {
                row.wait_escalated_at = row.wait_escalated_at.or(escalated_at);
            }
            self.wind(order, row)?;
            self.changes.lines.push((*row).clone());
        }
        Ok(())
    }
}
