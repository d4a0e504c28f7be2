//! Exceptions as they are named and told: what is wrong with which subject, and the command that resolves it.

use std::cmp::Reverse;

use backorder_domain::order::exception::LineException;
use backorder_proto::{
    allocation::v1::{self as pb, ExceptionKind},
    common::v1::WriteContext,
    convert::{allocation::line_name, encode},
};
use backorder_storage::{StorageError, columns};

use super::{key, kits, wait::since_of};
use crate::store::entity::{exception_note, order_line};

/// All kinds, each with its word in names.
const KINDS: [(ExceptionKind, &str); 14] = [
    (ExceptionKind::NoDate, "no-date"),
    (ExceptionKind::PromiseAtRisk, "promise-at-risk"),
    (ExceptionKind::WaitLimitNear, "wait-limit-near"),
    (ExceptionKind::QuestionOpen, "question-open"),
    (ExceptionKind::WaitEscalated, "wait-escalated"),
    (ExceptionKind::VictimOfLoss, "victim-of-loss"),
    (ExceptionKind::OverdueInbound, "overdue-inbound"),
    (ExceptionKind::UnresolvedHold, "unresolved-hold"),
    (ExceptionKind::BlindReceipt, "blind-receipt"),
    (ExceptionKind::RecallPending, "recall-pending"),
    (ExceptionKind::StaleDropShip, "stale-drop-ship"),
    (ExceptionKind::DropShipDeclined, "drop-ship-declined"),
    (ExceptionKind::DropShipLate, "drop-ship-late"),
    (ExceptionKind::KitOutOfProportion, "kit-out-of-proportion"),
];

/// One exception, before what planners add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What is wrong.
    pub kind: ExceptionKind,
    /// What it is about.
    pub subject: String,
    /// The item's id.
    pub item: String,
    /// The customer of a line.
    pub customer: String,
    /// Base units at stake.
    pub quantity: i64,
    /// Their value in company currency, in nano-units.
    pub value: i64,
    /// Since when, in microseconds.
    pub since: i64,
    /// What is known of it, for people.
    pub detail: String,
    /// The command that resolves it.
    pub command: String,
}

/// The place of an exception in the list: by value, then lines by order and number, then the others by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The value, highest first.
    pub value: Reverse<i64>,
    /// Lines come before other subjects of the same value.
    pub is_other: bool,
    /// The order of a line, or the subject.
    pub subject: String,
    /// The number of a line; 0 for other subjects.
    pub line: i32,
    /// The kind's number.
    pub kind: i32,
}

impl Place {
    /// The place as text, for a page token. Names of customers may hold blanks, so the subject comes last.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{} {} {} {} {}", self.value.0, i32::from(self.is_other), self.line, self.kind, self.subject)
    }

    /// The place of a text.
    #[must_use]
    pub fn of_text(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.splitn(5, ' ').collect();
        let [value, is_other, line, kind, subject] = parts[..] else { return None };
        Some(Self {
            value: Reverse(value.parse().ok()?),
            is_other: is_other == "1",
            subject: subject.to_owned(),
            line: line.parse().ok()?,
            kind: kind.parse().ok()?,
        })
    }
}

impl Found {
    /// The place in the list.
    #[must_use]
    pub fn place(&self) -> Place {
        let kind = i32::from(self.kind);
        match key::of_resource_name(&self.subject) {
            Some((order, line)) => {
                Place { value: Reverse(self.value), is_other: false, subject: order.to_owned(), line, kind }
            }
            None => Place { value: Reverse(self.value), is_other: true, subject: self.subject.clone(), line: 0, kind },
        }
    }

    /// Whether what a planner wrote is about this cause, and not about one that went.
    #[must_use]
    pub fn is_meant_by(&self, note: &exception_note::Model) -> bool {
        note.subject == self.subject && note.kind == word(self.kind) && note.since == self.since
    }
}

/// The word of a kind in names.
#[must_use]
pub fn word(kind: ExceptionKind) -> &'static str {
    KINDS.iter().find(|(known, _)| *known == kind).map_or("", |(_, word)| word)
}

/// The resource name of an exception.
#[must_use]
pub fn name(subject: &str, kind: ExceptionKind) -> String {
    format!("{subject}/exceptions/{}", word(kind))
}

/// The subject and the kind in an exception's name; `None` when it is no such name.
#[must_use]
pub fn of_resource_name(name: &str) -> Option<(&str, ExceptionKind)> {
    let (subject, of) = name.rsplit_once("/exceptions/")?;
    let (kind, _) = KINDS.iter().find(|(_, word)| *word == of)?;
    (!subject.is_empty() && subject.len() <= 600).then_some((subject, *kind))
}

/// A line's exception on the wire.
#[must_use]
pub const fn line_kind(kind: LineException) -> ExceptionKind {
    match kind {
        LineException::NoDate => ExceptionKind::NoDate,
        LineException::PromiseAtRisk => ExceptionKind::PromiseAtRisk,
        LineException::WaitLimitNear => ExceptionKind::WaitLimitNear,
        LineException::QuestionOpen => ExceptionKind::QuestionOpen,
        LineException::WaitEscalated => ExceptionKind::WaitEscalated,
        LineException::VictimOfLoss => ExceptionKind::VictimOfLoss,
        LineException::KitOutOfProportion => ExceptionKind::KitOutOfProportion,
    }
}

/// What about a line needs a planner.
#[must_use]
pub fn of_line(row: &order_line::Model, customer: &str) -> Vec<Found> {
    let since = since_of(&row.exception_times);
    let kinds = LineException::ALL.into_iter().filter(|kind| row.exceptions & kind.bit() != 0);
    let found = kinds.map(|kind| Found {
        kind: line_kind(kind),
        subject: line_name(&row.order_id, row.line_number),
        item: row.item_id.clone(),
        customer: customer.to_owned(),
        quantity: if kind == LineException::KitOutOfProportion { kits::unmended(row) } else { row.open },
        value: row.risk_nanos,
        since: since.iter().find(|(bit, _)| *bit == kind.bit()).map_or(row.updated_at, |(_, since)| *since),
        detail: line_detail(row, kind),
        command: line_command(row, kind),
    });
    found.collect()
}

fn line_detail(row: &order_line::Model, kind: LineException) -> String {
    let expected = row.expected_ship_date.as_deref().unwrap_or("no known day");
    let promised = row.current_promised_date.as_deref().unwrap_or("no day");
    let limit = row.wait_limit_date.as_deref().unwrap_or("any day");
    match kind {
        LineException::NoDate => format!("{} units wait, and no day is known for them", row.open),
        LineException::PromiseAtRisk => format!("promised for {promised}, expected on {expected}"),
        LineException::WaitLimitNear => format!("the customer waits until {limit}; expected: {expected}"),
        LineException::QuestionOpen => format!("asked whether to wait on after {limit}; expected: {expected}"),
        LineException::WaitEscalated => format!("the customer accepted to wait until {limit}; expected: {expected}"),
        LineException::VictimOfLoss => {
            format!("reserved units were lost, {} wait again; expected: {expected}", row.open)
        }
        LineException::KitOutOfProportion => {
            format!("{} units have passed the gate without the rest of their kit", kits::unmended(row))
        }
    }
}

fn line_command(row: &order_line::Model, kind: LineException) -> String {
    // About a wait, and a day, of a component is decided for its kit.
    let line = format!("{}/{}", row.order_id, row.kit_line.unwrap_or(row.line_number));
    let day = row.expected_ship_date.as_deref().unwrap_or("DATE");
    let supply = || format!("backorder supply create SUPPLY {} LOCATION {} --expected DATE", row.item_id, row.open);
    match kind {
        LineException::NoDate => supply(),
        LineException::VictimOfLoss if row.expected_ship_date.is_none() => supply(),
        LineException::PromiseAtRisk | LineException::VictimOfLoss => {
            format!("backorder order amend {line} --requested-date {day}")
        }
        LineException::WaitLimitNear | LineException::QuestionOpen | LineException::WaitEscalated => {
            format!("backorder question answer {line} --until {day}")
        }
        LineException::KitOutOfProportion => surplus_command(row),
    }
}

/// What is in the warehouse's hands is asked back first; what left comes back from the customer, or the rest follows it.
fn surplus_command(row: &order_line::Model) -> String {
    let (line, units) = (format!("{}/{}", row.order_id, row.line_number), kits::unmended(row));
    let in_hands = units.min(row.released - row.recalling);
    if in_hands > 0 {
        return format!("backorder warehouse recall {line}={in_hands} --reason REASON");
    }
    format!("backorder order return {line}={units} --location LOCATION --reason REASON")
}

/// An exception with what planners added to it.
///
/// # Errors
/// [`StorageError::InvalidRow`] for a row that was not written here.
pub fn message(found: &Found, note: Option<&exception_note::Model>) -> Result<pb::Exception, StorageError> {
    let time = |micros| columns::instant(micros, "exception_note").map(encode::timestamp);
    Ok(pb::Exception {
        name: name(&found.subject, found.kind),
        kind: found.kind.into(),
        subject: found.subject.clone(),
        item: if found.item.is_empty() { String::new() } else { format!("items/{}", found.item) },
        customer: found.customer.clone(),
        quantity: found.quantity,
        value_at_risk_nanos: found.value,
        since_time: Some(time(found.since)?),
        detail: found.detail.clone(),
        suggested_command: found.command.clone(),
        owner: note.map(|note| note.owner.clone()).unwrap_or_default(),
        snooze_until_time: note.and_then(|note| note.snoozed_until).map(time).transpose()?,
        note: note.map(|note| note.note.clone()).unwrap_or_default(),
        context: note.map(|note| WriteContext {
            actor: note.actor.clone(),
            reason_code: note.reason_code.clone(),
            note: note.reason_note.clone(),
        }),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    fn found(subject: &str, value: i64, kind: ExceptionKind) -> Found {
        Found {
            kind,
            subject: subject.to_owned(),
            item: "cup".to_owned(),
            customer: String::new(),
            quantity: 1,
            value,
            since: 7,
            detail: String::new(),
            command: String::new(),
        }
    }

    #[test]
    fn an_exception_has_one_name() {
        for (kind, _) in KINDS {
            let named = name("orders/A-17/lines/3", kind);
            assert_eq!(of_resource_name(&named), Some(("orders/A-17/lines/3", kind)));
        }
        for wrong in ["orders/A/lines/1", "orders/A/lines/1/exceptions/", "/exceptions/no-date", "x/exceptions/No-Date"]
        {
            assert_eq!(of_resource_name(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_most_valuable_comes_first_and_lines_by_number() {
        let line = |line: i32, value| found(&format!("orders/A/lines/{line}"), value, ExceptionKind::NoDate);
        let supply = found("customers/a customer", 5, ExceptionKind::UnresolvedHold);
        let mut all = [line(10, 5), supply.clone(), line(9, 5), line(1, 4), line(2, 6)].map(|found| found.place());
        all.sort();
        assert_eq!(all, [line(2, 6), line(9, 5), line(10, 5), supply, line(1, 4)].map(|found| found.place()));
        for place in all {
            assert_eq!(Place::of_text(&place.text()), Some(place));
        }
    }
}
