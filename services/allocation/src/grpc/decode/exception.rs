//! Requests of `ExceptionService`.

use std::collections::BTreeSet;

use backorder_proto::{
    allocation::v1::{self as pb, ExceptionKind},
    common::v1::WriteContext,
    convert::{Violations, decode},
};

use crate::{
    order::exception,
    use_cases::exceptions::{Annotate, Annotation, ExceptionFilter},
    write::Who,
};

const OWNER_BYTES_MAX: usize = 200;
const NOTE_BYTES_MAX: usize = 1_000;

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
