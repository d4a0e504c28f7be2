//! Questions to customers: what they are about, and how they end.

use backorder_proto::{
    allocation::v1 as pb,
    common::v1::{DateBasis, WriteContext},
    convert::{
        allocation::{line_name, zoned_date},
        encode,
    },
};
use backorder_storage::{StorageError, columns};
use jiff::{Timestamp, civil::Date};

use crate::store::entity::{customer_question, order_line};

const TABLE: &str = "customer_question";

/// The customer has not answered.
pub const PENDING: &str = "PENDING";
/// The customer waits on.
pub const CONSENTED: &str = "CONSENTED";
/// The customer does not wait on.
pub const DECLINED: &str = "DECLINED";
/// The customer did not answer in time.
pub const EXPIRED: &str = "EXPIRED";
/// Nothing waits any more.
pub const VOID: &str = "VOID";

/// How a question ends.
#[derive(Debug, Clone, Copy)]
pub struct Ending<'a> {
    /// The state.
    pub state: &'a str,
    /// The day of a consent.
    pub consent_until: Option<Date>,
    /// Who answered; nobody where time did.
    pub who: Option<&'a WriteContext>,
}

/// The resource name of a question.
#[must_use]
pub fn name(order: &str, line: i32, number: i32) -> String {
    format!("{}/questions/{number}", line_name(order, line))
}

/// The resource name of a question that is kept: that of a kit has the kit's number.
#[must_use]
pub fn name_of(row: &customer_question::Model) -> String {
    name(&row.order_id, row.kit_line.unwrap_or(row.line_number), row.number)
}

/// The order, line and number in a question's name; `None` when it is no such name.
#[must_use]
pub fn of_resource_name(name: &str) -> Option<(&str, i32, i32)> {
    let (line, number) = name.split_once("/questions/")?;
    let (order, line) = super::key::of_resource_name(line)?;
    let number = number.parse().ok().filter(|parsed: &i32| *parsed > 0 && parsed.to_string() == number)?;
    Some((order, line, number))
}

/// A question about a line as it is now. Without a deadline the customer spoke unasked.
#[must_use]
pub fn about(
    row: &order_line::Model,
    number: i32,
    now: Timestamp,
    answer_by: Option<Timestamp>,
) -> customer_question::Model {
    customer_question::Model {
        order_id: row.order_id.clone(),
        line_number: row.line_number,
        number,
        state: PENDING.to_owned(),
        open: row.open,
        wait_limit_date: row.wait_limit_date.clone(),
        promised_date: row.current_promised_date.clone(),
        expected_ship_date: row.expected_ship_date.clone(),
        promised_zone: row.promised_zone.clone(),
        asked_at: columns::micros(now),
        answer_by: answer_by.map(columns::micros),
        answered_at: None,
        consent_until: None,
        actor: String::new(),
        reason_code: String::new(),
        note: String::new(),
        version: 1,
        kit_line: None,
    }
}

/// A question about a kit of which so many wait. It is kept with the first of its components, `speaker`.
#[must_use]
pub fn about_kit(
    speaker: &order_line::Model,
    open: i64,
    number: i32,
    now: Timestamp,
    answer_by: Option<Timestamp>,
) -> customer_question::Model {
    customer_question::Model { open, kit_line: speaker.kit_line, ..about(speaker, number, now, answer_by) }
}

/// Ends a question.
pub fn end(question: &mut customer_question::Model, ending: Ending<'_>, now: Timestamp) {
    ending.state.clone_into(&mut question.state);
    question.answered_at = Some(columns::micros(now));
    question.consent_until = ending.consent_until.map(columns::date_text);
    if let Some(who) = ending.who {
        question.actor.clone_from(&who.actor);
        question.reason_code.clone_from(&who.reason_code);
        question.note.clone_from(&who.note);
    }
    question.version += 1;
}

/// A state on the wire.
#[must_use]
pub fn state_of(name: &str) -> Option<pb::QuestionState> {
    Some(match name {
        PENDING => pb::QuestionState::Pending,
        CONSENTED => pb::QuestionState::Consented,
        DECLINED => pb::QuestionState::Declined,
        EXPIRED => pb::QuestionState::Expired,
        VOID => pb::QuestionState::Void,
        _ => return None,
    })
}

/// A question.
///
/// # Errors
/// [`StorageError::InvalidRow`] for a row that was not written here.
pub fn message(row: &customer_question::Model) -> Result<pb::CustomerQuestion, StorageError> {
    let time = |micros| columns::instant(micros, TABLE).map(encode::timestamp);
    let date = |text: &Option<String>| columns::optional_date(text.as_deref(), TABLE);
    let ships =
        |text| Ok::<_, StorageError>(date(text)?.map(|day| zoned_date(day, DateBasis::Ship, &row.promised_zone)));
    let state = state_of(&row.state)
        .ok_or_else(|| StorageError::InvalidRow { table: TABLE, detail: format!("{:?} is no state", row.state) })?;
    let was_answered = !row.actor.is_empty() || !row.reason_code.is_empty();
    Ok(pb::CustomerQuestion {
        name: name_of(row),
        line: line_name(&row.order_id, row.kit_line.unwrap_or(row.line_number)),
        state: state.into(),
        open: row.open,
        wait_limit_date: date(&row.wait_limit_date)?.map(encode::date),
        promised_date: ships(&row.promised_date)?,
        expected_ship_date: ships(&row.expected_ship_date)?,
        ask_time: Some(time(row.asked_at)?),
        answer_deadline: row.answer_by.map(time).transpose()?,
        answer_time: row.answered_at.map(time).transpose()?,
        consent_until: date(&row.consent_until)?.map(encode::date),
        context: was_answered.then(|| WriteContext {
            actor: row.actor.clone(),
            reason_code: row.reason_code.clone(),
            note: row.note.clone(),
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_has_one_name() {
        assert_eq!(of_resource_name(&name("A-17", 3, 2)), Some(("A-17", 3, 2)));
        for wrong in
            ["orders/A/lines/1/questions/0", "orders/A/lines/1/questions/02", "orders/A/lines/1", "questions/1"]
        {
            assert_eq!(of_resource_name(wrong), None, "{wrong}");
        }
    }
}
