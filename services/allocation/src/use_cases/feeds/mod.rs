//! Documents of warehouses' and carriers' systems: what goes out to them, and what comes in, each with one effect.

mod carrier_status;
mod confirm_shipment;
mod warehouse_orders;

use backorder_proto::common::v1::DocumentLineResult;
use backorder_service_kit::problem::reason_name;
use backorder_storage::{
    WriteTx,
    documents::{self, DocumentKey, Known},
};
use jiff::Timestamp;

pub use carrier_status::{ReportCarrierStatus, Reported, What};
pub use confirm_shipment::{ConfirmShipment, Confirmed};
pub use warehouse_orders::Acknowledge;

use crate::error::{Error, problem};

/// A document that is taken.
#[derive(Debug, Clone)]
pub struct Document {
    /// Its name.
    pub key: DocumentKey,
    /// The hash of its content.
    pub hash: Vec<u8>,
}

/// Begins a document; answers its outcome when it was taken before. `step` takes it, empty for this transaction.
///
/// # Errors
/// [`Error::DocumentReused`]; [`Error::Busy`] for `order` while another step takes the document.
async fn begin_in_tx(
    tx: &WriteTx<'_>,
    document: &Document,
    step: &str,
    order: &str,
    now: Timestamp,
) -> Result<Option<Vec<u8>>, Error> {
    let key = &document.key;
    match documents::begin_in_tx(tx, key, &document.hash, step, now).await? {
        Known::Fresh => Ok(None),
        Known::Taken(outcome) => Ok(Some(outcome)),
        Known::UnderWay(step) => Err(Error::Busy { order: order.to_owned(), step }),
        Known::Reused => Err(Error::DocumentReused { sender: key.sender.clone(), number: key.number.clone() }),
    }
}

fn taken(line: i32) -> DocumentLineResult {
    DocumentLineResult { line, taken: true, ..DocumentLineResult::default() }
}

/// The refusal of a line for which the error is to blame.
///
/// # Errors
/// The error, when it is not about the line alone.
fn refused(line: i32, error: Error) -> Result<DocumentLineResult, Error> {
    match error {
        Error::Missing { .. }
        | Error::State { .. }
        | Error::Line { .. }
        | Error::ShortNotAgreed { .. }
        | Error::SetBroken { .. }
        | Error::OnHold { .. }
        | Error::NotReleased { .. } => {
            let problem = problem(error);
            let (reason, detail) = (reason_name(problem.reason()).to_owned(), problem.message().to_owned());
            Ok(DocumentLineResult { line, taken: false, reason, detail })
        }
        other @ (Error::Invalid(_)
        | Error::RequestIdReused
        | Error::DocumentReused { .. }
        | Error::ReportStale { .. }
        | Error::ReportTooSmall { .. }
        | Error::Exists { .. }
        | Error::VersionMismatch { .. }
        | Error::ResumeTokenExpired { .. }
        | Error::Busy { .. }
        | Error::Closed { .. }
        | Error::InKit { .. }
        | Error::NotSubstitutable { .. }
        | Error::QuoteGone { .. }
        | Error::Pinned { .. }
        | Error::SamePerson { .. }
        | Error::Refused(_)
        | Error::Unanswered(_)
        | Error::Contract(_)
        | Error::Stopped(_)
        | Error::Storage(_)
        | Error::Kit(_)) => Err(other),
    }
}
