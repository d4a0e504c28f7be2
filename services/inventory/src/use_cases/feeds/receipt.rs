//! A receipt advice of a warehouse, shaped like X12 944.

use std::collections::BTreeSet;

use backorder_domain::{
    ids::{ItemId, ReceiptId},
    stock::receipt::ReceiptKey,
};
use backorder_proto::{common::v1 as common, inventory::v1 as pb};
use jiff::Timestamp;

use super::{Document, on_book_alone, refused, refused_missing, taken};
use crate::{
    catalog::Places,
    error::Error,
    store::stock::Scope,
    use_cases::{
        UseCases,
        stock::{Desk, Named, Receive, ReceiveLine, StockCommand},
    },
    write::{Who, Write},
};

/// What a warehouse says has arrived.
#[derive(Debug, Clone)]
pub struct AdviseReceipt {
    /// The document.
    pub document: Document,
    /// What arrived. The number of each line is its place in the document.
    pub receipt: Receive,
    /// Lines that are refused already, because they name what is not there.
    pub refused: Vec<common::DocumentLineResult>,
}

impl UseCases {
    /// Takes a receipt advice: lines of unknown items, locations or units are refused, the others are booked.
    ///
    /// # Errors
    /// Those of the contract.
    pub async fn advise_receipt(self, mut write: Write<AdviseReceipt>) -> Result<pb::AdviseReceiptResponse, Error> {
        let mut known = Vec::with_capacity(write.command.receipt.lines.len());
        for line in std::mem::take(&mut write.command.receipt.lines) {
            match self.first_missing(&line.item, &line.receipt.location).await? {
                Some(missing) => write.command.refused.push(refused_missing(line.receipt.number, missing)?),
                None => known.push(line),
            }
        }
        write.command.receipt.lines = known;
        let places = self.places().await?;
        self.take_document(&write, &write.command.document, &places).await
    }
}

impl StockCommand for AdviseReceipt {
    type Answer = pb::AdviseReceiptResponse;
    const NAME: &'static str = "advise_receipt";

    fn names(&self) -> Named<'_> {
        self.receipt.names()
    }

    fn scope(&self, places: &Places) -> Scope {
        self.receipt.scope(places)
    }

    fn cause(&self) -> String {
        self.document.key.number.clone()
    }

    fn who(&self) -> &Who {
        &self.receipt.who
    }

    fn effective_at(&self) -> Option<Timestamp> {
        self.receipt.effective_at
    }

    fn apply(&self, desk: &mut Desk<'_>) -> Result<Self::Answer, Error> {
        let mut results = self.refused.clone();
        let mut booked: BTreeSet<(i32, &ItemId)> = BTreeSet::new();
        for line in &self.receipt.lines {
            let ReceiveLine { item, receipt, .. } = line;
            let booked_line = line
                .in_base_units(desk)
                .and_then(|receipt| on_book_alone(desk, item, |book, context| book.receive(context, &receipt)));
            match booked_line {
                Ok(_) => {
                    booked.insert((receipt.number, item));
                    results.push(taken(receipt.number));
                }
                Err(error) => results.push(refused(receipt.number, error)?),
            }
        }
        self.receipt.exchange_unfit(desk)?;
        results.sort_by_key(|result| result.line);
        let receipt = ReceiptId::from_uuid(desk.context.command_id);
        let received = booked
            .into_iter()
            .filter_map(|(line, item)| desk.received_line(item, &ReceiptKey { receipt: receipt.clone(), line }));
        Ok(pb::AdviseReceiptResponse { received: received.collect(), results, holds: desk.new_holds() })
    }
}
