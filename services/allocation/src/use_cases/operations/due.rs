//! What time alone has made due.

use crate::{
    error::Error,
    store::{holds, orders::promises_to_review, overrides::expired, questions::lines_due, takes::overdue},
    use_cases::UseCases,
};

/// Of each kind so many are counted at most.
const COUNTED_MAX: u64 = 100;

impl UseCases {
    /// Counts promises to look at again, waits and questions whose time is over, takes without an answer in time, holds and
    /// overrides that end by themselves. Their jobs are woken, so that whoever waits for the service to be idle waits no
    /// longer than the work takes.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) async fn due_by_time(&self) -> Result<u64, Error> {
        let (reader, now, wakes) = (self.store().reader(), self.now(), self.wakes());
        let due = [
            (&wakes.reviews, promises_to_review(reader, now, COUNTED_MAX).await?.len()),
            (&wakes.waits, lines_due(reader, now, COUNTED_MAX).await?.len()),
            (&wakes.takes, overdue(reader, now, COUNTED_MAX).await?.len()),
            (&wakes.holds, holds::ended(reader, now, COUNTED_MAX).await?.len()),
            (&wakes.targets, usize::try_from(self.count_targets_to_judge().await?).unwrap_or(usize::MAX)),
            (&wakes.holds, expired(reader, now, COUNTED_MAX).await?.len()),
        ];
        for (job, _) in due.iter().filter(|(_, count)| *count > 0) {
            job.wake();
        }
        Ok(due.iter().map(|(_, count)| *count as u64).sum())
    }
}
