//! Overrides as rows and messages.

use backorder_proto::{
    allocation::v1 as pb,
    common::v1::WriteContext,
    convert::{allocation::line_name, encode},
};
use backorder_storage::{StorageError, columns};
use jiff::Timestamp;
use prost::Message as _;
use uuid::Uuid;

use crate::store::{entity::line_override, overrides};

const TABLE: &str = "line_override";

/// A new override in a state.
#[must_use]
pub fn new(id: Uuid, line: (&str, i32), state: &str, content: &pb::Override, now: Timestamp) -> line_override::Model {
    let kind = content.kind().as_str_name().trim_start_matches("OVERRIDE_KIND_").to_owned();
    let expires = content.expire_time.as_ref();
    let expires_at = expires.and_then(|at| Timestamp::new(at.seconds, at.nanos).ok()).map(columns::micros);
    line_override::Model {
        id: id.to_string(),
        order_id: line.0.to_owned(),
        line_number: line.1,
        kind,
        state: state.to_owned(),
        actor: content.context.as_ref().map(|context| context.actor.clone()).unwrap_or_default(),
        created_at: columns::micros(now),
        expires_at,
        content: content.encode_to_vec(),
        call: Vec::new(),
        version: 1,
    }
}

/// The override as a message.
///
/// # Errors
/// [`StorageError::InvalidRow`] for a row that was not written here.
pub fn message(row: &line_override::Model) -> Result<pb::Override, StorageError> {
    let invalid = |detail: String| StorageError::InvalidRow { table: TABLE, detail };
    let content = pb::Override::decode(row.content.as_slice()).map_err(|error| invalid(error.to_string()))?;
    let state = pb::OverrideState::from_str_name(&format!("OVERRIDE_STATE_{}", row.state));
    Ok(pb::Override {
        name: format!("overrides/{}", row.id),
        state: state.ok_or_else(|| invalid(format!("{:?} is no state", row.state)))?.into(),
        line: line_name(&row.order_id, row.line_number),
        create_time: Some(encode::timestamp(columns::instant(row.created_at, TABLE)?)),
        etag: row.version.to_string(),
        ..content
    })
}

/// Brings an override to a state by who decided that, if anybody did.
///
/// # Errors
/// As [`message`].
pub fn decide(
    row: &mut line_override::Model,
    state: &str,
    by: Option<&WriteContext>,
    now: Timestamp,
) -> Result<(), StorageError> {
    let mut content = message(row)?;
    if let Some(by) = by {
        content.decision = Some(by.clone());
    }
    if by.is_some() || state == overrides::EXPIRED {
        content.decide_time = Some(encode::timestamp(now));
    }
    row.content = content.encode_to_vec();
    state.clone_into(&mut row.state);
    row.version += 1;
    Ok(())
}

/// What a line hears of an override, for people.
#[must_use]
pub fn cause(what: &str, context: &WriteContext) -> String {
    format!("{what} by {}: {}", context.actor, context.reason_code)
}
