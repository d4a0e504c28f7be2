//! Recalls: what the warehouse was asked to give back, and how that ends.

use backorder_domain::{ids::derived_uuid, quantity::Quantity};
use backorder_proto::{
    allocation::v1 as pb,
    common::v1::WriteContext,
    convert::{allocation::line_name, encode},
};
use backorder_storage::{StorageError, columns};
use jiff::Timestamp;
use uuid::Uuid;

use crate::store::{
    entity::recall,
    recalls::{PENDING, REFUSED, RETURNED},
};

/// Units of a line that the warehouse is to give back.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct WantedBack {
    /// The order's id.
    #[prost(string, tag = "1")]
    pub order: String,
    /// The line's number.
    #[prost(int32, tag = "2")]
    pub line: i32,
    /// Base units that it is not asked for yet.
    #[prost(int64, tag = "3")]
    pub quantity: i64,
    /// Base units that it is asked for already, to have them back for the line: they are cancelled instead.
    #[prost(int64, tag = "4")]
    pub coming: i64,
}

/// The recall of units by a write, which names it.
#[must_use]
pub fn asked(write: Uuid, wanted: &WantedBack, cancels: bool, who: &WriteContext, now: Timestamp) -> recall::Model {
    recall::Model {
        id: derived_uuid(write, &format!("recall {} {}", wanted.order, wanted.line)).to_string(),
        order_id: wanted.order.clone(),
        line_number: wanted.line,
        quantity: wanted.quantity,
        returned: 0,
        missed: 0,
        cancels,
        cancelling: 0,
        state: PENDING.to_owned(),
        asked_at: columns::micros(now),
        answered_at: None,
        actor: who.actor.clone(),
        reason_code: who.reason_code.clone(),
        note: who.note.clone(),
        version: 1,
    }
}

/// Units about which the warehouse has still to answer.
#[must_use]
pub fn open(recall: &recall::Model) -> i64 {
    if recall.state == PENDING { recall.quantity - recall.returned - recall.missed } else { 0 }
}

/// Units about which the warehouse has still to answer, and that go back to their line when they come.
#[must_use]
pub fn kept(recall: &recall::Model) -> i64 {
    if recall.cancels { 0 } else { (open(recall) - recall.cancelling).max(0) }
}

/// So many of the units that come back are cancelled.
#[must_use]
pub fn cancelled_of(recall: &recall::Model, returned: i64) -> i64 {
    if recall.cancels { returned } else { returned.min(recall.cancelling) }
}

/// Of units that go back to their line when they come, so many are cancelled instead. Answers the recalls that change.
#[must_use]
pub fn cancel_instead(pending: Vec<recall::Model>, mut units: i64) -> Vec<recall::Model> {
    let mut changed = Vec::new();
    for mut recall in pending {
        let taken = kept(&recall).min(units);
        if taken > 0 {
            units -= taken;
            recall.cancelling += taken;
            recall.version += 1;
            changed.push(recall);
        }
    }
    changed
}

/// The warehouse gives so many units back, at most those that are open, and keeps the rest.
pub fn answer(recall: &mut recall::Model, returned: i64, now: Timestamp) {
    recall.returned += returned;
    end(recall, now);
}

/// Units left the warehouse's hands for good before it answered. Ends the recall when none is open any more.
pub fn miss(recall: &mut recall::Model, missed: i64, now: Timestamp) {
    recall.missed += missed;
    if open(recall) == 0 {
        end(recall, now);
    } else {
        recall.version += 1;
    }
}

fn end(recall: &mut recall::Model, now: Timestamp) {
    let state = if recall.returned > 0 { RETURNED } else { REFUSED };
    state.clone_into(&mut recall.state);
    recall.answered_at = Some(columns::micros(now));
    recall.version += 1;
}

/// A quantity of a row.
pub fn units(number: i64) -> Result<Quantity, StorageError> {
    Quantity::try_new(number).map_err(|error| StorageError::InvalidRow { table: "recall", detail: error.to_string() })
}

/// A recall.
///
/// # Errors
/// [`StorageError::InvalidRow`] for a row that was not written here.
pub fn message(row: &recall::Model) -> Result<pb::Recall, StorageError> {
    let time = |micros| columns::instant(micros, "recall").map(encode::timestamp);
    let state = match row.state.as_str() {
        PENDING => pb::RecallState::Pending,
        RETURNED => pb::RecallState::Returned,
        REFUSED => pb::RecallState::Refused,
        other => {
            return Err(StorageError::InvalidRow { table: "recall", detail: format!("{other:?} is no state") });
        }
    };
    Ok(pb::Recall {
        name: format!("recalls/{}", row.id),
        line: line_name(&row.order_id, row.line_number),
        quantity: row.quantity,
        returned: row.returned,
        missed: row.missed,
        cancels: row.cancels,
        cancelling: if row.cancels { row.quantity } else { row.cancelling },
        state: state.into(),
        create_time: Some(time(row.asked_at)?),
        answer_time: row.answered_at.map(time).transpose()?,
        context: Some(WriteContext {
            actor: row.actor.clone(),
            reason_code: row.reason_code.clone(),
            note: row.note.clone(),
        }),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    fn recall(quantity: i64) -> recall::Model {
        asked_by(quantity, true)
    }

    fn asked_by(quantity: i64, cancels: bool) -> recall::Model {
        let wanted = WantedBack { order: "A".to_owned(), line: 1, quantity, coming: 0 };
        asked(Uuid::nil(), &wanted, cancels, &WriteContext::default(), Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn units_that_come_back_are_cancelled_instead_first_those_that_come_to_be_cancelled_never() {
        let changed = cancel_instead(vec![recall(9), asked_by(2, false), asked_by(3, false)], 4);
        assert_eq!(
            changed.iter().map(|recall| (recall.cancelling, kept(recall))).collect::<Vec<_>>(),
            [(2, 0), (2, 1)]
        );
        assert_eq!(
            (cancelled_of(&changed[1], 1), cancelled_of(&changed[1], 3), cancelled_of(&recall(9), 3)),
            (1, 2, 3)
        );
        assert!(cancel_instead(changed, 0).is_empty());
    }

    #[test]
    fn a_recall_ends_with_the_answer_or_when_nothing_is_left_to_answer_about() {
        let now = Timestamp::UNIX_EPOCH;
        let mut answered = recall(5);
        miss(&mut answered, 2, now);
        assert_eq!((open(&answered), answered.state.as_str(), answered.version), (3, PENDING, 2));
        answer(&mut answered, 1, now);
        assert_eq!((open(&answered), answered.state.as_str(), answered.version), (0, RETURNED, 3));
        let mut gone = recall(5);
        miss(&mut gone, 5, now);
        assert_eq!((open(&gone), gone.state.as_str()), (0, REFUSED));
        assert_eq!(message(&gone).unwrap().state(), pb::RecallState::Refused);
    }
}
