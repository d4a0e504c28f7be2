//! `ResolveBlindReceipt`: somebody decides what becomes of units that came under a supply that does not fit.

use backorder_domain::{
    ids::ReceiptId,
    quantity::Quantity,
    stock::{receipt::ReceiptKey, review::Resolution},
};
use backorder_proto::{convert::inventory as wire, inventory::v1 as pb};
use jiff::Timestamp;

use super::{AuditSubject, Desk, Named, StockCommand};
use crate::{
    catalog::Places,
    error::{Error, Kind},
    store::stock::Scope,
    write::Who,
};

/// A decision about a blind line of a receipt.
#[derive(Debug, Clone)]
pub struct ResolveBlindReceipt {
    /// The receipt.
    pub receipt: ReceiptId,
    /// The number of the line in it.
    pub line: i32,
    /// The units; `None` means all that are in review.
    pub quantity: Option<Quantity>,
    /// What is done with them.
    pub resolution: Resolution,
    /// When it happened; `None` means now.
    pub effective_at: Option<Timestamp>,
    /// Who does it and why.
    pub who: Who,
}

impl StockCommand for ResolveBlindReceipt {
    type Answer = pb::ResolveBlindReceiptResponse;
    const NAME: &'static str = "resolve_blind_receipt";

    fn names(&self) -> Named<'_> {
        Named::default()
    }

    fn scope(&self, _places: &Places) -> Scope {
        let attached = match &self.resolution {
            Resolution::Attach(supply) => Some(supply.clone()),
            Resolution::Accept | Resolution::Scrap | Resolution::ReturnToSupplier => None,
        };
        Scope {
            receipts: [self.receipt.clone()].into(),
            waiting_claims: attached.is_some(),
            supplies: attached.into_iter().collect(),
            ..Scope::default()
        }
    }

    fn cause(&self) -> String {
        let what = match self.resolution {
            Resolution::Accept => "accepted",
            Resolution::Attach(_) => "attached",
            Resolution::Scrap => "scrapped",
            Resolution::ReturnToSupplier => "returned to supplier",
        };
        format!("blind receipt {what}")
    }

    fn who(&self) -> &Who {
        &self.who
    }

    fn effective_at(&self) -> Option<Timestamp> {
        self.effective_at
    }

    fn audit_subjects(&self) -> Vec<AuditSubject> {
        vec![wire::receipt_name(&self.receipt)]
    }

    fn apply(&self, desk: &mut Desk<'_>) -> Result<Self::Answer, Error> {
        let key = ReceiptKey { receipt: self.receipt.clone(), line: self.line };
        let found = desk.lines_of_receipt(&self.receipt).into_iter().find(|(_, there)| *there == key);
        let missing =
            || Error::missing(Kind::Receipt, format!("{}/lines/{}", wire::receipt_name(&key.receipt), key.line), "");
        let (item, key) = found.ok_or_else(missing)?;
        let answer = desk.on_book(&item, |book, context| {
            book.resolve_blind_receipt(context, &key, self.quantity, &self.resolution)
        })?;
        let location =
            desk.books.get(&item).and_then(|book| book.received_line(&key)).map(|line| line.location.clone());
        let supply = match &self.resolution {
            Resolution::Attach(supply) => desk.supply(&item, supply),
            Resolution::Accept | Resolution::Scrap | Resolution::ReturnToSupplier => None,
        };
        Ok(pb::ResolveBlindReceiptResponse {
            line: desk.received_line(&item, &key),
            booked_line: answer.receipt.and_then(|booked| desk.received_line(&item, &booked)),
            position: location.and_then(|location| desk.position(&item, &location)),
            supply,
            holds: desk.new_holds(),
        })
    }
}
