//! Requests of `ConsentService` and `RefundService`.

use backorder_domain::ids::OrderId;
use backorder_proto::{
    allocation::v1::{self as pb, record_answer_request::Answer as Wire},
    convert::{Violations, decode},
};
use backorder_storage::columns;

use super::order::line_of;
use crate::{
    order::{key, question},
    store::{
        questions::{QuestionFilter, QuestionPlace},
        refunds::{RefundFilter, RefundPlace},
    },
    use_cases::waits::{Answer, RecordAnswer, Subject},
    write::Who,
};

/// What a customer says.
pub fn answer(r: &pb::RecordAnswerRequest, violations: &mut Violations) -> Option<RecordAnswer> {
    let subject = subject(&r.name, violations);
    let answer = match &r.answer {
        Some(Wire::ConsentUntil(date)) => decode::date(Some(date), "consent_until", violations).map(Answer::Consent),
        Some(Wire::Decline(true)) => Some(Answer::Decline),
        Some(Wire::Decline(false)) => {
            violations.push("decline", "must be true, or consent_until must be set");
            None
        }
        None => {
            violations.push("answer", "must be set: consent_until or decline");
            None
        }
    };
    let who = Who::decode_with_reason(r.context.as_ref(), violations);
    Some(RecordAnswer { subject: subject?, answer: answer?, who: who? })
}

fn subject(name: &str, violations: &mut Violations) -> Option<Subject> {
    let of_question = question::of_resource_name(name).map(|(order, line, number)| (order, line, Some(number)));
    let named = of_question.or_else(|| key::of_resource_name(name).map(|(order, line)| (order, line, None)));
    let named = named.and_then(|(order, line, question)| {
        Some(Subject { order: OrderId::try_new(order).ok()?.into_string(), line, question })
    });
    if named.is_none() {
        violations.push(
            "name",
            "must have the form orders/{order}/lines/{line}/questions/{number} or orders/{order}/lines/{line}",
        );
    }
    named
}

/// Which questions are listed.
pub fn questions(r: &pb::ListQuestionsRequest, violations: &mut Violations) -> Option<QuestionFilter> {
    let state = decode::known_enum::<pb::QuestionState>(r.state, "state", violations);
    let line = line_if_set(&r.line, violations);
    let state = match state? {
        pb::QuestionState::Unspecified => None,
        pb::QuestionState::Pending => Some(question::PENDING),
        pb::QuestionState::Consented => Some(question::CONSENTED),
        pb::QuestionState::Declined => Some(question::DECLINED),
        pb::QuestionState::Expired => Some(question::EXPIRED),
        pb::QuestionState::Void => Some(question::VOID),
    };
    Some(QuestionFilter { state, line: line? })
}

/// Which refunds are listed.
pub fn refunds(r: &pb::ListRefundsRequest, violations: &mut Violations) -> Option<RefundFilter> {
    let from = decode::timestamp_if_set(r.due_from.as_ref(), "due_from", violations);
    let line = line_if_set(&r.line, violations);
    Some(RefundFilter { due_from: from?.map(columns::micros), line: line? })
}

#[expect(clippy::option_option, reason = "outside: decoded or refused, inside: one line or all")]
fn line_if_set(name: &str, violations: &mut Violations) -> Option<Option<(String, i32)>> {
    if name.is_empty() { Some(None) } else { line_of(name, "line", violations).map(Some) }
}

/// The place after which a page of questions begins.
pub fn question_place(key: &str) -> Option<QuestionPlace<'_>> {
    let parts: Vec<&str> = key.split(' ').collect();
    let [time, order, line, number] = parts[..] else { return None };
    Some((time.parse().ok()?, order, line.parse().ok()?, number.parse().ok()?))
}

/// The place after which a page of refunds begins.
pub fn refund_place(key: &str) -> Option<RefundPlace<'_>> {
    let parts: Vec<&str> = key.split(' ').collect();
    let [time, order, line, basis, up_to] = parts[..] else { return None };
    Some((time.parse().ok()?, order, line.parse().ok()?, basis, up_to.parse().ok()?))
}
