//! Commands on stock, claims and supply: one transaction for a slice of commands.
//!
//! [`UseCases::execute`] is the only way: it begins the requests, locks the items, loads what the commands need, lets
//! them change the books one after the other, and writes everything with one statement per table. Reservations come in
//! batches ([`group`]), other commands alone.

mod adjust;
mod advise_shipment;
mod apply_allocation;
mod assign;
mod at_once;
mod cancel_supply;
mod commit_run;
mod count;
mod cover_sets;
mod create_supplies;
mod desk;
mod group;
mod move_kept;
mod post;
mod preview_serving;
mod put_batches;
mod put_groups;
mod quarantine;
mod reassign;
mod receive;
mod receive_return;
mod release;
mod release_quarantine;
mod repeg_items;
mod reserve;
mod resolve_blind_receipt;
mod reverse_receipt;
mod ship;
mod transfer;
mod units;
mod update_queue;
mod update_supply;
mod victims;
mod warehouse;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use backorder_domain::{
    ids::{ItemId, LineId, LocationId, SupplyId},
    stock::{changes::StockChanges, supply::Supply},
};
use backorder_proto::convert::inventory as wire;
use backorder_storage::{
    Batch, StorageError, WriteTx,
    idempotency::{self, Begun, RequestKey},
    row_ids,
};
use jiff::Timestamp;
use prost::Message;
use sea_orm::{DbErr, RuntimeErr};
use uuid::Uuid;

pub use adjust::Adjust;
pub use advise_shipment::AdviseShipment;
pub use apply_allocation::ApplyAllocation;
pub use assign::AssignByHand;
pub use cancel_supply::CancelSupply;
pub use commit_run::CommitRun;
pub use count::{Count, CountLine};
pub use cover_sets::{CoverSets, SetToCover};
pub use create_supplies::{CreateSupplies, SupplyToCreate};
pub use desk::Desk;
pub use group::Groups;
pub(in crate::use_cases) use move_kept::allocation;
pub use move_kept::{MoveKept, Side};
pub use post::PostReservations;
pub use preview_serving::PreviewServing;
pub use put_batches::PutBatches;
pub use put_groups::PutItemGroups;
pub use quarantine::Quarantine;
pub use reassign::ReassignReservation;
pub use receive::{Receive, ReceiveLine};
pub use receive_return::{ReceiveReturn, ReturnLine};
pub use release::ReleaseClaims;
pub use release_quarantine::ReleaseQuarantine;
pub use repeg_items::RepegItems;
pub use reserve::Reserve;
pub use resolve_blind_receipt::ResolveBlindReceipt;
pub use reverse_receipt::ReverseReceipt;
pub use ship::Ship;
pub use transfer::TransferStock;
pub use units::NamedUnit;
pub use update_queue::UpdateQueue;
pub use update_supply::UpdateSupply;
pub(in crate::use_cases) use victims::Victims;
pub use warehouse::{AtWarehouse, HandOver, Handling, Recall, ShortPick};

use super::{UseCases, stored_answer};
use crate::{
    catalog::Places,
    error::Error,
    events::Events,
    index::Stock,
    known::StockWritten,
    store::{
        audit::{AuditNote, append_notes},
        stock::{LoadError, Loaded, MovementNumbers, Scope, Times, flush, load_in_tx},
    },
    write::{Who, Write},
};

/// A command on stock, decoded and free of contradictions in itself.
pub trait StockCommand: Send + Sync + 'static {
    /// What the caller gets.
    type Answer: Message + Default + Clone + 'static;

    /// The name of the transaction in spans and metrics.
    const NAME: &'static str;
    /// Whether answers tell which holds were made.
    const TELLS_HOLDS: bool = true;

    /// The items and locations that the request names, each with its field.
    fn names(&self) -> Named<'_>;

    /// What has to be loaded.
    fn scope(&self, places: &Places) -> Scope;

    /// What the command is for: a document, a run … Where a command is about one claim, the claim is the cause.
    fn cause(&self) -> String;

    /// Who does it and why.
    fn who(&self) -> &Who;

    /// When it happened; `None` means now.
    fn effective_at(&self) -> Option<Timestamp>;

    /// What the write is noted down for, with who and why, whether it moves units or not.
    fn audit_subjects(&self) -> Vec<AuditSubject> {
        Vec::new()
    }

    /// What a write without subjects is noted down for when it moves no units: no movement says who and why then.
    fn subject_when_unmoved(&self) -> AuditSubject {
        self.cause()
    }

    /// Changes the books, wholly or, when it fails, in any way: the transaction is rolled back then.
    ///
    /// # Errors
    /// What the domain refuses.
    fn apply(&self, desk: &mut Desk<'_>) -> Result<Self::Answer, Error>;
}

/// The resource name that an audit note is kept under.
pub type AuditSubject = String;

/// The master data that a request names, each with the field that names it.
#[derive(Debug, Default)]
pub struct Named<'a> {
    /// Items.
    pub items: Vec<(&'a ItemId, String)>,
    /// Locations.
    pub locations: Vec<(&'a LocationId, String)>,
}

impl<'a> Named<'a> {
    /// One item at one location, in the fields `item` and `location`.
    #[must_use]
    pub fn pair(item: &'a ItemId, location: &'a LocationId) -> Self {
        Self { items: vec![(item, "item".to_owned())], locations: vec![(location, "location".to_owned())] }
    }
}

impl UseCases {
    /// Executes one command.
    ///
    /// # Errors
    /// [`Error`] of the command, or those of [`UseCases::execute_all`].
    pub async fn execute<C: StockCommand>(self, write: Write<C>) -> Result<C::Answer, Error> {
        self.execute_all(&[write]).await?.pop().unwrap_or_else(|| Err(no_answer()))
    }

    /// Executes commands in one transaction, in their order, and answers each. One that is refused has no effect, and the
    /// others are done.
    ///
    /// # Errors
    /// Those of the store, when nothing was done.
    pub async fn execute_all<C: StockCommand>(
        &self,
        writes: &[Write<C>],
    ) -> Result<Vec<Result<C::Answer, Error>>, Error> {
        let mut places = self.places().await?;
        let (mut valid, mut refused) = (Vec::with_capacity(writes.len()), BTreeMap::new());
        for (place, write) in writes.iter().enumerate() {
            let Named { items, locations } = write.command.names();
            match self.check_master_data(&items, &locations).await {
                Ok(latest) => {
                    places = latest;
                    valid.push(write);
                }
                Err(Error::Storage(error)) => return Err(error.into()),
                Err(error) => {
                    refused.insert(place, error);
                }
            }
        }
        let mut answers = Vec::new();
        if !valid.is_empty() {
            let (places, valid) = (places.as_ref(), valid.as_slice());
            let work = self
                .store()
                .write(C::NAME, move |tx| Box::pin(async move { self.execute_in_tx(tx, valid, places).await }));
            answers = work.await?;
        }
        let mut answers = answers.into_iter();
        let answer = |place| match refused.remove(&place) {
            Some(error) => Err(error),
            None => answers.next().unwrap_or_else(|| Err(no_answer())),
        };
        Ok((0..writes.len()).map(answer).collect())
    }

    async fn execute_in_tx<C: StockCommand>(
        &self,
        tx: &WriteTx<'_>,
        writes: &[&Write<C>],
        places: &Places,
    ) -> Result<Vec<Result<C::Answer, Error>>, Error> {
        let now = self.now();
        let mut scope = Scope::default();
        for write in writes {
            scope.add(write.command.scope(places));
        }
        let keys = writes.iter().filter_map(|write| write.key.as_ref()).collect();
        let mut loaded = load_in_tx(tx, scope, keys, &places.dates_at(now)).await?;
        // Under the locks: who did one of the requests before held them, too.
        let mut answers: Vec<Option<Result<C::Answer, Error>>> = match &loaded.look {
            Some(look) if !look.knows_requests => writes.iter().map(|_| None).collect(),
            _ => known_answers_in_tx(tx, writes).await?,
        };
        let mut done = Vec::with_capacity(writes.len());
        for (write, answer) in writes.iter().zip(&mut answers).filter(|(_, answer)| answer.is_none()) {
            let mut desk = Desk::new(&mut loaded, write, places, now).beside_others();
            let result = write.command.apply(&mut desk);
            desk.ended(result.is_ok());
            match &result {
                Ok(message) => done.push((*write, message.encode_to_vec())),
                // Another call may have done it since the look: then it is answered and not refused.
                Err(_) if loaded.look.is_some() => refuse_known_in_tx(tx, write).await?,
                Err(_) => {}
            }
            *answer = Some(result);
        }
        if !done.is_empty() && writes.iter().all(|write| write.key.is_some()) {
            let causes = Causes::of_commands(done.iter().map(|(write, _)| &write.command));
            let traceparent = done.first().and_then(|(write, _)| write.traceparent.clone());
            let mut batch = Batch::new(tx);
            let moved = self.keep_in_tx(tx, &mut batch, loaded, now, &causes, traceparent).await?;
            append_notes(&mut batch, done.iter().flat_map(|(write, _)| notes(*write, &moved, now)).collect());
            let answered = done.into_iter();
            let answered =
                answered.filter_map(|(write, answer)| Some((write.key.as_ref()?, write.hash.as_slice(), answer)));
            batch.answered_all(answered, now);
            batch.run(tx).await.map_err(lost_to_another)?;
        }
        Ok(answers.into_iter().flatten().collect())
    }

    /// Writes what the books changed, with its events. Answers which commands moved units.
    ///
    /// # Errors
    /// [`StorageError::InvalidRow`] when an event is too large; those of the query for the numbers of movements.
    pub async fn keep_in_tx(
        &self,
        tx: &WriteTx<'_>,
        batch: &mut Batch,
        loaded: Loaded,
        now: Timestamp,
        causes: &Causes,
        traceparent: Option<String>,
    ) -> Result<BTreeSet<Uuid>, StorageError> {
        let Loaded { books, times, last_movements: last, look, holders: _, units: _ } = loaded;
        let supplies: BTreeMap<_, _> =
            books.iter().flat_map(|book| book.supplies()).map(|supply| (supply.id.clone(), supply.clone())).collect();
        let mut changes = books.into_changes();
        let events = self.events_of(&changes, &supplies, &times, now, causes, traceparent);
        let moved = moved_by(&changes);
        let mut ids = look.map(|look| look.movement_ids).unwrap_or_default();
        ids.extend(row_ids::next_in_tx(tx, "movement", movements_in(&changes).saturating_sub(ids.len())).await?);
        let mut numbers = MovementNumbers { ids: ids.into(), last };
        let before = numbers.last.clone();
        flush(batch, &mut changes, &mut numbers, &times, now);
        batch.append(events.into_new())?;
        let (this, written) = (self.clone(), stock_written(changes, &before, &numbers));
        tx.after_commit(move || this.remember_written(&written, now));
        Ok(moved)
    }

    /// The events of changes: one for each aggregate that changed.
    fn events_of(
        &self,
        changes: &[StockChanges],
        supplies: &BTreeMap<SupplyId, Supply>,
        times: &Times,
        now: Timestamp,
        causes: &Causes,
        traceparent: Option<String>,
    ) -> Events<'_> {
        let mut events = Events::new(self.parts.ids.as_ref(), now, traceparent);
        for change in changes {
            let item = &change.item;
            // Before the claims that hope for the units: who hears of those knows that a run will decide.
            for hold in &change.holds {
                events.hold(wire::hold(item, hold), hold.version);
            }
            for supply in &change.supplies {
                let (created_at, _) = times.supply_times(supply, now);
                events.supply(wire::supply(item, supply, created_at, now));
            }
            for claim in &change.claims {
                events.claim(wire::claim(item, claim, |id| supplies.get(id)), causes.of(item).to_owned());
            }
            for position in &change.positions {
                events.position(wire::position(item, position, Some(now)));
            }
        }
        events
    }

    /// Remembers what was committed.
    fn remember_written(&self, written: &[StockWritten], now: Timestamp) {
        for stock in written {
            for position in &stock.positions {
                self.index().put_stock(stock.item.as_str(), position.location.as_str(), &Stock::of(position, now));
            }
            self.known().note(stock, now);
        }
    }
}

/// The commands that moved units.
fn moved_by(changes: &[StockChanges]) -> BTreeSet<Uuid> {
    changes.iter().flat_map(|change| &change.movements).map(|movement| movement.command_id).collect()
}

fn movements_in(changes: &[StockChanges]) -> usize {
    changes.iter().map(|change| change.movements.len()).sum()
}

fn stock_written(
    changes: Vec<StockChanges>,
    before: &HashMap<ItemId, i64>,
    numbers: &MovementNumbers,
) -> Vec<StockWritten> {
    let written = changes.into_iter().map(|change| StockWritten {
        last_before: before.get(&change.item).copied().unwrap_or_default(),
        last_now: numbers.last(&change.item),
        is_grouped: change.groups.is_some(),
        positions: change.positions,
        item: change.item,
    });
    written.collect()
}

fn no_answer() -> Error {
    StorageError::Settings("no answer".to_owned()).into()
}

/// What claims changed for: the last command of the transaction about their item.
#[derive(Debug)]
pub struct Causes {
    last: String,
    of_items: HashMap<ItemId, String>,
}

impl Causes {
    /// The same for all.
    #[must_use]
    pub fn all(cause: &str) -> Self {
        Self { last: cause.to_owned(), of_items: HashMap::new() }
    }

    /// What commands are for, in their order. Kept by item only where not all are for the same.
    fn of_commands<'c, C: StockCommand>(commands: impl Iterator<Item = &'c C> + Clone) -> Self {
        let mut causes = Self::all(&commands.clone().last().map(StockCommand::cause).unwrap_or_default());
        if commands.clone().any(|command| command.cause() != causes.last) {
            for command in commands {
                let cause = command.cause();
                let named = command.names().items.into_iter();
                causes.of_items.extend(named.map(|(item, _)| (item.clone(), cause.clone())));
            }
        }
        causes
    }

    fn of(&self, item: &ItemId) -> &str {
        self.of_items.get(item).unwrap_or(&self.last)
    }
}

/// The answers of those requests that were done before.
async fn known_answers_in_tx<C: StockCommand>(
    tx: &WriteTx<'_>,
    writes: &[&Write<C>],
) -> Result<Vec<Option<Result<C::Answer, Error>>>, Error> {
    let keyed: Vec<(usize, &RequestKey)> =
        writes.iter().enumerate().filter_map(|(index, write)| Some((index, write.key.as_ref()?))).collect();
    let requests: Vec<(&RequestKey, &[u8])> =
        keyed.iter().map(|(index, key)| (*key, writes[*index].hash.as_slice())).collect();
    let mut answers: Vec<Option<Result<C::Answer, Error>>> = writes.iter().map(|_| None).collect();
    for (begun, (index, _)) in idempotency::known_in_tx(tx, &requests).await?.into_iter().zip(keyed) {
        match begun {
            Begun::Fresh => {}
            Begun::Reused => answers[index] = Some(Err(Error::RequestIdReused)),
            Begun::Answered(bytes) => answers[index] = Some(Ok(stored_answer(&bytes)?)),
        }
    }
    Ok(answers)
}

/// The error of a race lost when a request is known by now.
async fn refuse_known_in_tx<C: StockCommand>(tx: &WriteTx<'_>, write: &Write<C>) -> Result<(), Error> {
    let known = known_answers_in_tx(tx, &[write]).await?;
    if known.iter().all(Option::is_none) {
        return Ok(());
    }
    let lost = RuntimeErr::Internal("another call did the request".to_owned());
    Err(StorageError::Serialization(DbErr::Exec(lost)).into())
}

/// The error of a transaction that made claims: one whose line another transaction claimed for meanwhile, under the lock of
/// another item, lost a race.
fn lost_to_another(error: StorageError) -> StorageError {
    if error.is_unique_violation_of("pk_claim", "claim.line_id, claim.part")
        && let StorageError::Unique { source, .. } = error
    {
        return StorageError::Serialization(source);
    }
    error
}

/// Who made the write and why, where its movements do not tell.
pub(in crate::use_cases) fn notes<'a, C: StockCommand>(
    write: &'a Write<C>,
    moved: &BTreeSet<Uuid>,
    now: Timestamp,
) -> Vec<AuditNote<'a>> {
    let who = write.command.who();
    let mut subjects = write.command.audit_subjects();
    if subjects.is_empty() && !moved.contains(&write.command_id) {
        subjects.push(write.command.subject_when_unmoved());
    }
    let note = |subject| AuditNote {
        request_id: write.command_id,
        method: C::NAME,
        subject,
        actor: who.actor_or(&write.caller),
        reason_code: &who.reason_code,
        note: &who.note,
        recorded_at: now,
    };
    subjects.into_iter().map(note).collect()
}

impl From<LoadError> for Error {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Storage(error) => Self::Storage(error),
            LoadError::Stock(item, error) => Self::Stock { item, error },
        }
    }
}

/// The name of a claim, where it is not known to be there. Part 0 stands for all parts.
fn claim_subject(line: &LineId, part: i32) -> AuditSubject {
    format!("claims/{line}/parts/{part}")
}

/// The items of lines, each once.
fn distinct<'a, T: Ord + Clone + 'a>(items: impl IntoIterator<Item = &'a T>) -> BTreeSet<T> {
    items.into_iter().cloned().collect()
}
