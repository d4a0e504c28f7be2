//! Reservations, posts, releases and receipts that arrive while a transaction is under way form the next one: a hot item costs
//! one update per batch instead of one lock wait per call.

use std::{hash::Hash, marker::PhantomData};

use async_trait::async_trait;
use backorder_domain::ids::{ItemId, LineId};
use backorder_service_kit::{
    group::{Batches, Group, GroupCall, GroupLimits, Turn, join},
    problem::Problem,
};
use backorder_storage::StorageError;
use futures::future::{Either, ready};
use uuid::Uuid;

use super::{PostReservations, Receive, ReleaseClaims, Reserve, StockCommand};
use crate::{error::Error, use_cases::UseCases, write::Write};

/// Lines in one batch at most; a single call may have as many.
const LINES_MAX: usize = 2_000;
/// Calls in one batch at most.
const CALLS_MAX: usize = 256;
/// Batches of reservations at once: while the database works for one, the next is decided.
const RESERVING_AT_ONCE: usize = 2;

/// A command whose calls are done together.
pub trait Grouped: StockCommand {
    /// What no two batches of such commands may be about at once: calls about it are done in the order of arrival, and do not
    /// wait for each other's locks.
    type Subject: Clone + Eq + Hash + Send + Sync;
    /// What a batch is called in spans and logs.
    const BATCH: &'static str;

    /// What the command is about.
    fn subjects(&self) -> impl Iterator<Item = &Self::Subject>;

    /// How many lines it has.
    fn lines(&self) -> usize;

    /// Where the calls wait.
    fn group(groups: &Groups) -> &Group<Together<Self>>
    where
        Self: Sized;

    /// Whether the others of a batch cost no more for having it among them.
    fn joins(&self) -> bool {
        true
    }

    /// Does those of a batch that a quicker way is open to; see [`Batches::execute_quickly`].
    fn execute_quickly(
        _use_cases: &UseCases,
        _writes: &[Write<Self>],
        _turn: Turn<'_, Together<Self>>,
    ) -> impl Future<Output = Vec<Option<Self::Answer>>> + Send
    where
        Self: Sized,
    {
        ready(Vec::new())
    }
}

impl Grouped for Reserve {
    type Subject = ItemId;
    const BATCH: &'static str = "reserve_batch";

    fn subjects(&self) -> impl Iterator<Item = &ItemId> {
        self.lines.iter().map(|line| &line.item)
    }

    fn lines(&self) -> usize {
        self.lines.len()
    }

    fn group(groups: &Groups) -> &Group<Together<Self>> {
        &groups.reserving
    }

    fn execute_quickly(
        use_cases: &UseCases,
        writes: &[Write<Self>],
        turn: Turn<'_, Together<Self>>,
    ) -> impl Future<Output = Vec<Option<Self::Answer>>> + Send {
        use_cases.reserve_at_once(writes, turn)
    }
}

impl Grouped for PostReservations {
    type Subject = LineId;
    const BATCH: &'static str = "post_batch";

    fn subjects(&self) -> impl Iterator<Item = &LineId> {
        self.lines.iter().map(|(line, _)| &line.line)
    }

    fn lines(&self) -> usize {
        self.lines.len()
    }

    fn group(groups: &Groups) -> &Group<Together<Self>> {
        &groups.posting
    }
}

impl Grouped for ReleaseClaims {
    type Subject = LineId;
    const BATCH: &'static str = "release_batch";

    fn subjects(&self) -> impl Iterator<Item = &LineId> {
        self.lines.iter().map(|line| &line.line)
    }

    fn lines(&self) -> usize {
        self.lines.len()
    }

    fn group(groups: &Groups) -> &Group<Together<Self>> {
        &groups.releasing
    }
}

impl Grouped for Receive {
    type Subject = ItemId;
    const BATCH: &'static str = "receive_batch";

    fn subjects(&self) -> impl Iterator<Item = &ItemId> {
        self.lines.iter().map(|line| &line.item)
    }

    fn lines(&self) -> usize {
        self.lines.len()
    }

    fn group(groups: &Groups) -> &Group<Together<Self>> {
        &groups.receiving
    }

    /// What is told of a supply or a batch needs the queue of its items; in a batch the queues of all would be read.
    fn joins(&self) -> bool {
        self.lines.iter().all(|line| line.receipt.supply.is_none() && line.receipt.batch.is_none())
    }
}

impl<C: Grouped> GroupCall for Write<C> {
    type Subject = C::Subject;
    /// The id of the write, which is that of its request.
    type Key = Uuid;

    fn subjects(&self) -> impl Iterator<Item = &C::Subject> {
        self.command.subjects()
    }

    fn key(&self) -> &Uuid {
        &self.command_id
    }

    fn lines(&self) -> usize {
        self.command.lines()
    }
}

/// The calls that wait for their batch, by what they do.
pub struct Groups {
    reserving: Group<Together<Reserve>>,
    posting: Group<Together<PostReservations>>,
    releasing: Group<Together<ReleaseClaims>>,
    receiving: Group<Together<Receive>>,
}

impl Groups {
    /// Groups in which nobody waits.
    #[must_use]
    pub fn new() -> Self {
        let limits = |batches_max| GroupLimits { calls_max: CALLS_MAX, lines_max: LINES_MAX, batches_max };
        Self {
            reserving: Group::new(limits(RESERVING_AT_ONCE)),
            posting: Group::new(limits(1)),
            releasing: Group::new(limits(1)),
            receiving: Group::new(limits(1)),
        }
    }

    /// The reservations that wait.
    #[must_use]
    pub const fn reserving(&self) -> &Group<Together<Reserve>> {
        &self.reserving
    }
}

/// Does commands of one kind in batches.
pub struct Together<C>(UseCases, PhantomData<C>);

impl<C> Clone for Together<C> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

#[async_trait]
impl<C: Grouped> Batches for Together<C> {
    type Call = Write<C>;
    type Answer = C::Answer;
    type Error = Error;
    const NAME: &'static str = C::BATCH;

    fn group(&self) -> &Group<Self> {
        C::group(self.0.groups())
    }

    async fn execute_quickly(&self, writes: &[Write<C>], turn: Turn<'_, Self>) -> Vec<Option<C::Answer>> {
        metrics::histogram!("backorder_inventory_batch_calls", "command" => C::NAME).record(writes.len() as f64);
        C::execute_quickly(&self.0, writes, turn).await
    }

    async fn execute(&self, writes: &[Write<C>]) -> Result<Vec<Result<C::Answer, Error>>, Error> {
        self.0.execute_all(writes).await
    }

    /// A database that is away is away for all.
    fn problem_of_all(error: Error) -> Option<Problem> {
        matches!(error, Error::Storage(StorageError::Unavailable(_))).then(|| error.into())
    }
}

impl UseCases {
    /// Does a command in a batch with those of its kind that wait at the same moment. It is queued at once, before the answer is
    /// waited for: whoever begins first is before others in the line. What keeps nothing is done alone.
    ///
    /// # Errors
    /// As [`UseCases::execute`].
    pub fn begin<C: Grouped>(self, write: Write<C>) -> impl Future<Output = Result<C::Answer, Error>> + Send + 'static {
        if write.key.is_some() && write.command.joins() {
            return Either::Left(join(Together(self, PhantomData), write));
        }
        // Boxed, because the future of every call is moved on its way into its task, and this one is large.
        Either::Right(Box::pin(self.execute(write)))
    }
}
