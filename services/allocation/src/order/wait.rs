//! The clock of a line's wait in its row, and what about the line needs a planner.

use backorder_domain::order::{
    eligibility::Barriers,
    exception::{self, LineException, LineFacts, exceptions, value_at_risk},
    policy::AfterWait,
    wait::{AfterSilence, AskRule, WaitAction, WaitClock},
};
use backorder_proto::{allocation::v1 as pb, convert::allocation as convert};
use backorder_storage::{StorageError, columns};
use jiff::{Timestamp, tz::TimeZone};

use super::{Moment, kits};
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
        is_waiting: is_waiting(row),
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

/// Whether units of a line wait. What a supplier confirmed to ship waits for nobody's decision.
#[must_use]
pub const fn is_waiting(row: &order_line::Model) -> bool {
    row.open > row.drop_ship_confirmed
}

/// What has to be done now about a kit, of whose components these are the rows: what the clock of one that waits says. While
/// its question is pending only the question counts.
///
/// # Errors
/// [`StorageError::InvalidRow`] for texts that were not written here.
pub fn due_of_kit<'r>(
    parts: impl Iterator<Item = &'r order_line::Model> + Clone,
    moment: Moment<'_>,
) -> Result<Option<WaitAction>, StorageError> {
    let is_asked = parts.clone().any(|row| row.question_answer_by.is_some());
    if is_asked && !parts.clone().any(is_waiting) {
        return Ok(Some(WaitAction::Void));
    }
    let acted = acted_for(parts.clone()).map(str::to_owned);
    for row in parts.filter(|row| is_waiting(row) && row.question_answer_by.is_some() == is_asked) {
        let zone = moment.places.zone_named(&row.time_zone);
        // Customer and planner hear of the wait of a kit once: a component that waits since then waits with the others. What
        // could not be cancelled while components were apart may be cancelled now.
        let is_told = !is_asked && acted.is_some() && row.wait_limit_date == acted;
        match clock(row, &zone)?.due(moment.now) {
            Some(WaitAction::Ask | WaitAction::Escalate) if is_told => {}
            Some(action) => return Ok(Some(action)),
            None => {}
        }
    }
    Ok(None)
}

/// The limit for which the clock has acted on the wait of a kit: that of a component which still waits.
#[must_use]
pub fn acted_for<'r>(parts: impl Iterator<Item = &'r order_line::Model>) -> Option<&'r str> {
    let acted = parts.filter(|row| is_waiting(row) && row.wait_acted_for == row.wait_limit_date);
    acted.filter_map(|row| row.wait_acted_for.as_deref()).max()
}

/// What winding a line's clock needs beside its row.
#[derive(Debug, Clone, Copy)]
pub struct Winding<'a> {
    /// The line's zone.
    pub zone: &'a TimeZone,
    /// The business time.
    pub now: Timestamp,
    /// Whether the line is a quote's, which nobody looks after.
    pub is_quote: bool,
    /// Whether reserved units were lost just now.
    pub has_lost: bool,
}

/// Writes down when the clock looks at the line next, what about it needs a planner, and what is at stake. A line of which
/// nothing waits needs no planner any more; when it waits again, the clock acts again.
///
/// # Errors
/// [`StorageError::InvalidRow`] for texts that were not written here.
pub fn wind(row: &mut order_line::Model, rate_nanos: i64, winding: Winding<'_>) -> Result<(), StorageError> {
    if row.open == 0 {
        row.wait_escalated_at = None;
        row.wait_acted_for = None;
    }
    // Before go-live nothing is asked: another system still talks to the customer.
    let awaits_go_live = row.barriers & Barriers::GO_LIVE_BIT != 0;
    let clock = clock(row, winding.zone)?;
    let near_days = u16::try_from(row.wait_near_days).unwrap_or_default();
    let is_limit_acted_on = clock.limit.is_some() && clock.acted_for == clock.limit;
    let facts = LineFacts {
        is_waiting: clock.is_waiting && !winding.is_quote && !awaits_go_live,
        promised: columns::optional_date(row.current_promised_date.as_deref(), TABLE)?,
        expected: clock.expected,
        limit: clock.limit,
        near_days,
        is_limit_acted_on,
        is_asked: clock.answer_by.is_some(),
        is_escalated: row.wait_escalated_at.is_some(),
        has_lost: winding.has_lost || row.exceptions & LineException::VictimOfLoss.bit() != 0,
        has_surplus: kits::unmended(row) > 0,
        now: winding.now,
        zone: winding.zone,
    };
    let found = exceptions(&facts);
    // Once it is near, only the limit itself is waited for.
    let near_from = exception::near_from(clock.limit, near_days, winding.zone)
        .filter(|near| clock.is_waiting && *near > winding.now && !is_limit_acted_on && !facts.is_asked);
    let due = if awaits_go_live { [None; 2] } else { [clock.next().map(|(at, _)| at), near_from] };
    let due = due.into_iter().flatten().min();
    // What is due at once has no time of its own.
    row.wait_due_at = due.map(|at| columns::micros(at).max(0));
    row.risk_nanos = value_at_risk(kits::worth(row, row.open + kits::unmended(row)), rate_nanos);
    if found != row.exceptions {
        row.exception_times = exceptions_since(&row.exception_times, found, columns::micros(winding.now));
        row.exceptions = found;
    }
    Ok(())
}

/// Since when each exception of a set is there, as text: what was there before keeps its time.
fn exceptions_since(before: &str, found: i32, now: i64) -> String {
    let known = since_of(before);
    let kinds = LineException::ALL.into_iter().filter(|kind| found & kind.bit() != 0);
    let times = kinds.map(|kind| {
        let since = known.iter().find(|(bit, _)| *bit == kind.bit()).map_or(now, |(_, since)| *since);
        format!("{} {since}", kind.bit())
    });
    times.collect::<Vec<_>>().join("\n")
}

/// The bits of exceptions and since when they are there, in microseconds, of the text in a row.
#[must_use]
pub fn since_of(text: &str) -> Vec<(i32, i64)> {
    let entries = text.split('\n').filter_map(|entry| entry.split_once(' '));
    entries.filter_map(|(bit, since)| Some((bit.parse().ok()?, since.parse().ok()?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exception_keeps_its_time_while_it_is_there() {
        let (no_date, asked) = (LineException::NoDate.bit(), LineException::QuestionOpen.bit());
        let first = exceptions_since("", no_date, 10);
        let both = exceptions_since(&first, no_date | asked, 20);
        assert_eq!(since_of(&both), [(no_date, 10), (asked, 20)]);
        let again = exceptions_since(&exceptions_since(&both, asked, 30), no_date | asked, 40);
        assert_eq!(since_of(&again), [(no_date, 40), (asked, 20)], "what comes back is new");
        assert_eq!(exceptions_since(&again, 0, 50), "");
    }
}
