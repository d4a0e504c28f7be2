//! `GetExceptionLimits` and `UpdateExceptionLimits`.

use backorder_domain::order::exception::ExceptionLimits;
use backorder_proto::allocation::v1 as pb;
use backorder_storage::{StorageError, WriteTx, columns};

use crate::{
    error::Error,
    store::exception_limits::{self as store, StoredLimits},
    use_cases::{
        UseCases,
        policies::{RuleWrite, check_etag, note_in_tx},
    },
    write::{Who, Write},
};

/// The name of the limits, in errors and notes.
const NAME: &str = "exceptionLimits";

/// What changes of the limits: what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct LimitsUpdate {
    /// Days for which a hold may stand.
    pub hold_days: Option<u16>,
    /// Hours in which a recall is to be answered.
    pub recall_hours: Option<u16>,
    /// Days for which it is news that a supplier declined.
    pub drop_ship_declined_days: Option<u16>,
    /// Days in which a supplier is to ship what it confirmed without naming a day.
    pub drop_ship_unshipped_days: Option<u16>,
    /// The version that the caller read; empty for any.
    pub etag: String,
    /// Who does it and why.
    pub who: Who,
}

impl LimitsUpdate {
    fn of(&self, old: ExceptionLimits) -> ExceptionLimits {
        ExceptionLimits {
            hold_days: self.hold_days.unwrap_or(old.hold_days),
            recall_hours: self.recall_hours.unwrap_or(old.recall_hours),
            drop_ship_declined_days: self.drop_ship_declined_days.unwrap_or(old.drop_ship_declined_days),
            drop_ship_unshipped_days: self.drop_ship_unshipped_days.unwrap_or(old.drop_ship_unshipped_days),
        }
    }
}

impl UseCases {
    /// The limits.
    ///
    /// # Errors
    /// [`StorageError`] of the query.
    pub async fn exception_limits(&self) -> Result<pb::ExceptionLimits, StorageError> {
        Ok(message(&store::find(self.store().reader()).await?))
    }

    /// Changes the limits. The next list goes by them.
    ///
    /// # Errors
    /// [`Error::VersionMismatch`].
    pub async fn update_exception_limits(self, write: Write<LimitsUpdate>) -> Result<pb::ExceptionLimits, Error> {
        let (this, write) = (&self, &write);
        self.store()
            .write("update_exception_limits", move |tx| {
                Box::pin(async move { this.update_limits_in_tx(tx, write).await })
            })
            .await
    }

    async fn update_limits_in_tx(
        &self,
        tx: &WriteTx<'_>,
        write: &Write<LimitsUpdate>,
    ) -> Result<pb::ExceptionLimits, Error> {
        if let Some(answer) = self.begin_rule_in_tx(tx, write).await? {
            return Ok(answer);
        }
        let old = store::lock_in_tx(tx).await?;
        check_etag(NAME, &write.command.etag, old.version)?;
        let limits = write.command.of(old.limits);
        if limits == old.limits {
            return self.end_rule_in_tx(tx, write, message(&old)).await;
        }
        let (new, now) = (StoredLimits { limits, version: old.version + 1 }, self.now());
        store::put_in_tx(tx, new, columns::micros(now)).await?;
        let note = (RuleWrite::Update, NAME.to_owned(), new.version);
        note_in_tx(tx, write, &write.command.who, note, now).await?;
        self.end_rule_in_tx(tx, write, message(&new)).await
    }
}

fn message(StoredLimits { limits, version }: &StoredLimits) -> pb::ExceptionLimits {
    pb::ExceptionLimits {
        hold_days: Some(limits.hold_days.into()),
        recall_hours: Some(limits.recall_hours.into()),
        drop_ship_declined_days: Some(limits.drop_ship_declined_days.into()),
        drop_ship_unshipped_days: Some(limits.drop_ship_unshipped_days.into()),
        etag: version.to_string(),
    }
}
