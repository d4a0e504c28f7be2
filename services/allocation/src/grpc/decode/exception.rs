//! Requests of `ExceptionService`.

use std::collections::BTreeSet;

use backorder_proto::{
    allocation::v1::{self as pb, ExceptionKind},
    common::v1::WriteContext,
    convert::{Violations, decode},
};

use crate::{
    order::exception,
    use_cases::exceptions::{Annotate, Annotation, ExceptionFilter, LimitsUpdate},
    write::Who,
};

const OWNER_BYTES_MAX: usize = 200;
const NOTE_BYTES_MAX: usize = 1_000;
/// The most days of a limit.
const DAYS_MAX: u16 = 366;

/// Which exceptions are listed.
pub fn filter(r: &pb::ListExceptionsRequest, violations: &mut Violations) -> Option<ExceptionFilter> {
    let kinds = r.kinds.iter().enumerate().map(|(index, kind)| {
        decode::required_enum::<ExceptionKind>(*kind, &decode::path("kinds", index, ""), violations)
    });
    let kinds: Vec<Option<ExceptionKind>> = kinds.collect();
    let owner = decode::text(&r.owner, OWNER_BYTES_MAX, "owner", violations);
    let kinds: Option<BTreeSet<ExceptionKind>> = kinds.into_iter().collect();
    Some(ExceptionFilter { kinds: kinds?, owner: owner?, show_snoozed: r.show_snoozed })
}

/// Who looks after an exception.
pub fn assign(r: &pb::AssignExceptionRequest, violations: &mut Violations) -> Option<Annotate> {
    let owner = decode::text(&r.owner, OWNER_BYTES_MAX, "owner", violations).map(Annotation::Owner);
    annotate(&r.name, owner, r.validate_only, r.context.as_ref(), violations)
}

/// Until when an exception is not listed.
pub fn snooze(r: &pb::SnoozeExceptionRequest, violations: &mut Violations) -> Option<Annotate> {
    let until = decode::timestamp_if_set(r.until_time.as_ref(), "until_time", violations);
    annotate(&r.name, until.map(Annotation::SnoozedUntil), r.validate_only, r.context.as_ref(), violations)
}

/// A note to an exception.
pub fn note(r: &pb::NoteExceptionRequest, violations: &mut Violations) -> Option<Annotate> {
    let note = decode::text(&r.note, NOTE_BYTES_MAX, "note", violations).map(Annotation::Note);
    annotate(&r.name, note, r.validate_only, r.context.as_ref(), violations)
}

/// What changes of the limits.
pub fn limits(r: &pb::UpdateExceptionLimitsRequest, violations: &mut Violations) -> Option<LimitsUpdate> {
    let message = decode::required(r.limits.as_ref(), "limits", violations);
    let who = Who::decode(r.context.as_ref(), violations);
    let message = message?;
    let hold = limit(message.hold_days, DAYS_MAX, "limits.hold_days", violations);
    let recall = limit(message.recall_hours, 24 * DAYS_MAX, "limits.recall_hours", violations);
    let declined = limit(message.drop_ship_declined_days, DAYS_MAX, "limits.drop_ship_declined_days", violations);
    let unshipped = limit(message.drop_ship_unshipped_days, DAYS_MAX, "limits.drop_ship_unshipped_days", violations);
    Some(LimitsUpdate {
        hold_days: hold?,
        recall_hours: recall?,
        drop_ship_declined_days: declined?,
        drop_ship_unshipped_days: unshipped?,
        etag: message.etag.clone(),
        who: who?,
    })
}

#[expect(clippy::option_option, reason = "outside: decoded or refused, inside: given or absent")]
fn limit(given: Option<i32>, max: u16, field: &str, violations: &mut Violations) -> Option<Option<u16>> {
    let Some(given) = given else { return Some(None) };
    let made = u16::try_from(given).ok().filter(|limit| (1..=max).contains(limit));
    if made.is_none() {
        violations.push(field, format!("must be between 1 and {max}"));
    }
    made.map(Some)
}

fn annotate(
    name: &str,
    annotation: Option<Annotation>,
    validate_only: bool,
    context: Option<&WriteContext>,
    violations: &mut Violations,
) -> Option<Annotate> {
    let named = exception::of_resource_name(name);
    if named.is_none() {
        violations.push("name", "must have the form {subject}/exceptions/{kind}");
    }
    let who = Who::decode(context, violations);
    let (subject, kind) = named?;
    Some(Annotate { subject: subject.to_owned(), kind, annotation: annotation?, validate_only, who: who? })
}
