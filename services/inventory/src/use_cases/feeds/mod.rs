//! Documents of warehouses' systems: each has one effect, in one transaction with its row.
//!
//! What becomes of each line is decided here: a line that does not fit the books is refused with its reason and leaves
//! them as they were, the others are taken.

mod adjustment;
mod book;
mod compare;
mod receipt;

use backorder_domain::ids::ItemId;
use backorder_proto::common::v1 as common;
use backorder_service_kit::{
    problem::{Problem, reason_name},
    violations::Violations,
};
use backorder_storage::{
    Batch, WriteTx,
    documents::{self, DocumentKey, Known},
};
use prost::Message as _;
use tonic::Code;

pub use adjustment::{AdjustedLine, AdviseAdjustment};
pub use book::BookDifferences;
pub use compare::{Compare, ComparedLine};
pub use receipt::AdviseReceipt;

use super::{
    UseCases,
    stock::{Causes, Desk, StockCommand, notes},
    stored_answer,
};
use crate::{
    catalog::Places,
    error::{Error, Missing},
    store::{audit::append_notes, stock::load_in_tx},
    write::Write,
};

/// A document that is taken.
#[derive(Debug, Clone)]
pub struct Document {
    /// Its name.
    pub key: DocumentKey,
    /// The hash of its content.
    pub hash: Vec<u8>,
}

impl UseCases {
    /// Takes a document as a command on stock.
    async fn take_document<C: StockCommand>(
        &self,
        write: &Write<C>,
        document: &Document,
        places: &Places,
    ) -> Result<C::Answer, Error> {
        self.store()
            .write(C::NAME, move |tx| {
                Box::pin(async move {
                    if let Some(answer) = self.begin_in_tx(tx, write).await? {
                        return Ok(answer);
                    }
                    if let Some(outcome) = self.known_in_tx(tx, document).await? {
                        let mut batch = Batch::new(tx);
                        write.key.iter().for_each(|key| batch.answer(key, &outcome));
                        batch.run(tx).await?;
                        return Ok(stored_answer(&outcome)?);
                    }
                    let mut batch = Batch::new(tx);
                    let answer = self.apply_in_tx(tx, &mut batch, write, places).await?;
                    batch.end_document(&document.key, &answer.encode_to_vec());
                    batch.run(tx).await?;
                    Ok(answer)
                })
            })
            .await
    }

    /// Begins a document; answers its outcome when it was taken before.
    async fn known_in_tx(&self, tx: &WriteTx<'_>, document: &Document) -> Result<Option<Vec<u8>>, Error> {
        let key = &document.key;
        match documents::begin_in_tx(tx, key, &document.hash, "", self.now()).await? {
            Known::Fresh => Ok(None),
            Known::Taken(outcome) => Ok(Some(outcome)),
            Known::Reused => Err(Error::DocumentReused { sender: key.sender.clone(), number: key.number.clone() }),
            // Here a document is taken in one transaction, so none is ever seen under way.
            Known::UnderWay(_) => Err(Problem::contention().into()),
        }
    }

    /// Applies a command on stock that was begun, and adds all that it writes to the batch.
    async fn apply_in_tx<C: StockCommand>(
        &self,
        tx: &WriteTx<'_>,
        batch: &mut Batch,
        write: &Write<C>,
        places: &Places,
    ) -> Result<C::Answer, Error> {
        let now = self.now();
        let mut loaded = load_in_tx(tx, write.command.scope(places), Vec::new(), &places.dates_at(now)).await?;
        let mut desk = Desk::new(&mut loaded, write, places, now);
        let answer = write.command.apply(&mut desk)?;
        let cause = write.command.cause();
        let moved = self.keep_in_tx(tx, batch, loaded, now, &Causes::all(&cause), write.traceparent.clone()).await?;
        append_notes(batch, notes(write, &moved, now));
        if let Some(key) = &write.key {
            batch.answer(key, &answer.encode_to_vec());
        }
        Ok(answer)
    }
}

fn taken(line: i32) -> common::DocumentLineResult {
    common::DocumentLineResult { line, taken: true, ..common::DocumentLineResult::default() }
}

/// The refusal of a line for which the error is to blame.
///
/// # Errors
/// The error, when it is a fault of the program and not of the line.
fn refused(line: i32, error: Error) -> Result<common::DocumentLineResult, Error> {
    let problem = match error {
        Error::Stock { item, error } => Problem::from(Error::Stock { item, error }),
        Error::Missing(missing) => Problem::from(Error::Missing(missing)),
        // A unit that the item has not: what else can be read wrong was refused with the whole document.
        Error::Invalid(violations) => return Ok(refused_invalid(line, violations)),
        other @ (Error::RequestIdReused
        | Error::DocumentReused { .. }
        | Error::Exists { .. }
        | Error::Closed { .. }
        | Error::VersionMismatch { .. }
        | Error::ResumeTokenExpired { .. }
        | Error::Storage(_)
        | Error::Kit(_)) => return Err(other),
    };
    if problem.code() == Code::Internal {
        return Err(problem.into());
    }
    let (reason, detail) = (reason_name(problem.reason()).to_owned(), problem.message().to_owned());
    Ok(common::DocumentLineResult { line, taken: false, reason, detail })
}

fn refused_invalid(line: i32, violations: Violations) -> common::DocumentLineResult {
    let detail = violations.into_list().into_iter().next();
    let detail = detail.map(|violation| format!("{}: {}", violation.field, violation.description)).unwrap_or_default();
    let reason = reason_name(common::ErrorReason::InvalidRequest).to_owned();
    common::DocumentLineResult { line, taken: false, reason, detail }
}

/// The refusal of a line that names what is not there, without the field: the line's number says where it stands.
fn refused_missing(line: i32, missing: Missing) -> Result<common::DocumentLineResult, Error> {
    refused(line, Error::Missing(vec![Missing { field: String::new(), ..missing }]))
}

/// Runs a line's command on the book of its item; a line that is refused leaves it as it was.
fn on_book_alone<T>(
    desk: &mut Desk<'_>,
    item: &ItemId,
    work: impl FnOnce(
        &mut backorder_domain::stock::book::ItemBook,
        &backorder_domain::stock::context::CommandContext,
    ) -> Result<T, backorder_domain::stock::error::StockError>,
) -> Result<T, Error> {
    let context = &desk.context;
    let result = desk.books.atomically([item], |books| work(books.book_mut(item)?, context));
    result.map_err(|error| Error::Stock { item: item.clone(), error })
}
