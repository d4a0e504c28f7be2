//! `GetRunSchedule` and `ListRunSchedules`.

use backorder_proto::allocation::v1 as pb;

use super::{message, no_schedule};
use crate::{error::Error, store::run_schedules as table, use_cases::UseCases};

impl UseCases {
    /// One schedule.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn run_schedule(&self, id: &str) -> Result<pb::RunSchedule, Error> {
        let row = table::find(self.store().reader(), id).await?.ok_or_else(|| no_schedule(id))?;
        Ok(message(&row)?)
    }

    /// All schedules, by name.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn list_run_schedules(&self) -> Result<pb::ListRunSchedulesResponse, Error> {
        let rows = table::all(self.store().reader()).await?;
        let schedules = rows.iter().map(message).collect::<Result<_, _>>()?;
        Ok(pb::ListRunSchedulesResponse { schedules })
    }
}
