//! Notes of who made a write and why, for writes that leave no movement behind.

use backorder_storage::{Batch, bulk, columns};
use jiff::Timestamp;
use sea_orm::ActiveValue::Set;
use uuid::Uuid;

use super::entity::audit_note;

/// A note.
pub struct AuditNote<'a> {
    /// The write, as its movements name it.
    pub request_id: Uuid,
    /// The use case.
    pub method: &'static str,
    /// The resource that was written.
    pub subject: String,
    /// Who did it.
    pub actor: &'a str,
    /// The reason as a short code.
    pub reason_code: &'a str,
    /// A note for people.
    pub note: &'a str,
    /// When it was written.
    pub recorded_at: Timestamp,
}

/// Appends notes.
pub fn append_notes(batch: &mut Batch, notes: Vec<AuditNote<'_>>) {
    let rows = notes.into_iter().map(|note| audit_note::ActiveModel {
        request_id: Set(note.request_id.to_string()),
        method: Set(note.method.to_owned()),
        subject: Set(note.subject),
        actor: Set(note.actor.to_owned()),
        reason_code: Set(note.reason_code.to_owned()),
        note: Set(note.note.to_owned()),
        recorded_at: Set(columns::micros(note.recorded_at)),
    });
    let key = [audit_note::Column::RequestId, audit_note::Column::Method, audit_note::Column::Subject];
    batch.upsert(rows.collect(), &bulk::keeping(key));
}
