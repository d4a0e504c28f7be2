//! Imports with their counts.

use backorder_proto::{allocation::v1 as pb, common::v1::WriteContext, convert::encode};
use backorder_storage::{StorageError, columns};

use crate::{
    error::{Error, Kind},
    store::{
        entity::backlog_import,
        go_live::{self, CONFIRMED, Counts, LIVE, OPEN},
    },
    use_cases::UseCases,
};

impl UseCases {
    /// One import.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn backlog_import(&self, id: &str) -> Result<pb::BacklogImport, Error> {
        let row = go_live::find(self.store().reader(), id).await?.ok_or_else(|| no_import(id))?;
        let counts = go_live::counts(self.store().reader(), id).await?;
        Ok(message(&row, &counts)?)
    }

    /// All imports by name.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn backlog_imports(&self) -> Result<Vec<pb::BacklogImport>, Error> {
        let mut imports = Vec::new();
        for row in go_live::list(self.store().reader()).await? {
            let counts = go_live::counts(self.store().reader(), &row.id).await?;
            imports.push(message(&row, &counts)?);
        }
        Ok(imports)
    }
}

/// No import has this id.
pub(super) fn no_import(id: &str) -> Error {
    Error::missing(Kind::BacklogImport, format!("imports/{id}"))
}

/// An import with its counts.
pub(super) fn message(row: &backlog_import::Model, counts: &Counts) -> Result<pb::BacklogImport, StorageError> {
    let time = |micros| columns::instant(micros, "backlog_import").map(encode::timestamp);
    let state = match row.state.as_str() {
        OPEN => pb::BacklogImportState::Open,
        CONFIRMED => pb::BacklogImportState::Confirmed,
        LIVE => pb::BacklogImportState::Live,
        other => {
            let detail = format!("{other:?} is no state");
            return Err(StorageError::InvalidRow { table: "backlog_import", detail });
        }
    };
    let context = row.confirmed_at.map(|_| WriteContext {
        actor: row.actor.clone(),
        reason_code: row.reason_code.clone(),
        note: row.note.clone(),
    });
    Ok(pb::BacklogImport {
        name: format!("imports/{}", row.id),
        state: state.into(),
        orders: counts.orders,
        lines: counts.lines,
        lines_live: counts.lines_live,
        open: counts.open,
        reserved_before: counts.reserved_before,
        reserved: counts.reserved,
        lines_short: counts.lines_short,
        create_time: Some(time(row.created_at)?),
        confirm_time: row.confirmed_at.map(time).transpose()?,
        live_time: row.live_at.map(time).transpose()?,
        context,
    })
}
