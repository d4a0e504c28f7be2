//! The clock of a line's wait in its row.

use backorder_domain::order::{
    policy::AfterWait,
    wait::{AfterSilence, AskRule, WaitClock},
};
use backorder_proto::{allocation::v1 as pb, convert::allocation as convert};
use backorder_storage::{StorageError, columns};
use jiff::tz::TimeZone;

use crate::store::entity::order_line;

const TABLE: &str = "order_line";

/// What happens after a wait, of its name in a row.
#[must_use]
pub fn after_wait_of(name: &str) -> AfterWait {
    match pb::AfterWait::from_str_name(name) {
        Some(pb::AfterWait::Cancel) => AfterWait::Cancel,
        Some(pb::AfterWait::Escalate) => AfterWait::Escalate,
        Some(pb::AfterWait::Ask | pb::AfterWait::Unspecified) | None => AfterWait::Ask,
    }
}

/// What silence means, of its name in a row.
#[must_use]
pub fn after_silence_of(name: &str) -> AfterSilence {
    convert::after_silence_of(pb::AfterSilence::from_str_name(name).unwrap_or_default())
}

/// The clock of a line, in the line's zone.
///
/// # Errors
/// [`StorageError::InvalidRow`] for texts that were not written here.
pub fn clock<'a>(row: &order_line::Model, zone: &'a TimeZone) -> Result<WaitClock<'a>, StorageError> {
    let number = |number: i32| u16::try_from(number).unwrap_or_default();
    Ok(WaitClock {
        is_waiting: row.open > 0,
        started_at: columns::instant(row.wait_started_at, TABLE)?,
        limit: columns::optional_date(row.wait_limit_date.as_deref(), TABLE)?,
        acted_for: columns::optional_date(row.wait_acted_for.as_deref(), TABLE)?,
        after_wait: after_wait_of(&row.after_wait),
        ask: AskRule {
            days_before: number(row.ask_days_before),
            answer_days: number(row.answer_days),
            after_silence: after_silence_of(&row.after_silence),
        },
        answer_by: columns::optional_instant(row.question_answer_by, TABLE)?,
        expected: columns::optional_date(row.expected_ship_date.as_deref(), TABLE)?,
        zone,
    })
}

/// Writes down when the clock looks at the line next. A line of which nothing waits needs no planner any more; when it
/// waits again, the clock acts again.
///
/// # Errors
/// [`StorageError::InvalidRow`] for texts that were not written here.
pub fn wind(row: &mut order_line::Model, zone: &TimeZone) -> Result<(), StorageError> {
    if row.open == 0 {
        row.wait_escalated_at = None;
        row.wait_acted_for = None;
    }
    if row.wait_limit_date.is_none() && row.question_answer_by.is_none() {
        row.wait_due_at = None;
        return Ok(());
    }
    // What is due at once has no time of its own.
    row.wait_due_at = clock(row, zone)?.next().map(|(at, _)| columns::micros(at).max(0));
    Ok(())
}
