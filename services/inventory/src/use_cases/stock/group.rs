//! Reservations that arrive while a transaction is under way form the next one: a hot item costs one update per batch instead
//! of one lock wait per call.

use async_trait::async_trait;
use backorder_domain::ids::ItemId;
use backorder_service_kit::{
    group::{Batches, Group, GroupCall, GroupLimits, join},
    problem::Problem,
};
use backorder_storage::StorageError;
use futures::future::Either;
use sea_orm::DbBackend;
use uuid::Uuid;

use super::{Reserve, StockCommand};
use crate::{error::Error, use_cases::UseCases, write::Write};

type Answer = <Reserve as StockCommand>::Answer;

/// Lines in one batch at most; a single call may have as many.
const LINES_MAX: usize = 2_000;
/// Calls in one batch at most.
const CALLS_MAX: usize = 256;
/// Batches at once on PostgreSQL: while the database works for one, the next is decided. On SQLite there is one writer.
const BATCHES_AT_ONCE: usize = 2;

impl GroupCall for Write<Reserve> {
    /// Reservations of an item are made in the order of arrival, and do not wait for its lock.
    type Subject = ItemId;
    /// The id of the write, which is that of its request.
    type Key = Uuid;

    fn subjects(&self) -> impl Iterator<Item = &ItemId> {
        self.command.lines.iter().map(|line| &line.item)
    }

    fn key(&self) -> &Uuid {
        &self.command_id
    }

    fn lines(&self) -> usize {
        self.command.lines.len()
    }
}

/// Makes reservations in batches.
#[derive(Clone)]
pub struct Reserving(UseCases);

impl Reserving {
    /// A group in which nobody waits.
    #[must_use]
    pub fn group_on(backend: DbBackend) -> Group<Self> {
        let batches_max = if backend == DbBackend::Postgres { BATCHES_AT_ONCE } else { 1 };
        Group::new(GroupLimits { calls_max: CALLS_MAX, lines_max: LINES_MAX, batches_max })
    }
}

#[async_trait]
impl Batches for Reserving {
    type Call = Write<Reserve>;
    type Answer = Answer;
    type Error = Error;
    const NAME: &'static str = "reserve_batch";

    fn group(&self) -> &Group<Self> {
        self.0.reserve_group()
    }

    async fn execute_quickly(&self, writes: &[Write<Reserve>]) -> Vec<Option<Answer>> {
        metrics::histogram!("backorder_inventory_reserve_batch_calls").record(writes.len() as f64);
        self.0.reserve_at_once(writes).await
    }

    async fn execute(&self, writes: &[Write<Reserve>]) -> Result<Vec<Result<Answer, Error>>, Error> {
        Ok(self.0.execute_all(writes).await?.into_iter().map(Ok).collect())
    }

    /// A database that is away is away for all.
    fn problem_of_all(error: Error) -> Option<Problem> {
        matches!(error, Error::Storage(StorageError::Unavailable(_))).then(|| error.into())
    }
}

impl UseCases {
    /// Reserves in a batch with the reservations that wait at the same moment. It is queued at once, before the answer is
    /// waited for: whoever begins first is before others in the line. What keeps nothing is done alone.
    ///
    /// # Errors
    /// As [`UseCases::execute_all`], for this reservation alone.
    pub fn begin_reserve(self, write: Write<Reserve>) -> impl Future<Output = Result<Answer, Error>> + Send + 'static {
        if write.key.is_some() {
            return Either::Left(join(Reserving(self), write));
        }
        // Boxed, because the future of every call is moved on its way into its task, and this one is large.
        Either::Right(Box::pin(self.execute(write)))
    }
}
