//! `ReverseReceipt`: what was booked as received is taken back, whatever became of it.

use std::collections::{BTreeMap, BTreeSet};

use backorder_domain::{
    ids::{ItemId, LocationId, ReceiptId, SupplyId},
    stock::{
        error::StockError,
        receipt::{Booked, ReceiptKey},
        reversal::Reversal,
    },
};
use backorder_proto::{convert::inventory as wire, inventory::v1 as pb};
use jiff::Timestamp;

use super::{AuditSubject, Desk, Named, StockCommand, victims::Victims};
use crate::{
    catalog::Places,
    error::{Error, Kind},
    store::stock::Scope,
    write::Who,
};

/// A receipt that was booked wrongly.
#[derive(Debug, Clone)]
pub struct ReverseReceipt {
    /// The receipt.
    pub receipt: ReceiptId,
    /// The lines to take back, by number, with the units; `None` means all that are left. Empty means every line.
    pub lines: BTreeMap<i32, Option<Booked>>,
    /// Whether the units are expected from their supplies again.
    pub reopens_supply: bool,
    /// When the units left; `None` means now.
    pub effective_at: Option<Timestamp>,
    /// Who does it and why.
    pub who: Who,
}

impl StockCommand for ReverseReceipt {
    type Answer = pb::ReverseReceiptResponse;
    const NAME: &'static str = "reverse_receipt";

    fn names(&self) -> Named<'_> {
        Named::default()
    }

    fn scope(&self, _places: &Places) -> Scope {
        Scope {
            receipts: [self.receipt.clone()].into(),
            receipts_in_review: true,
            waiting_claims: true,
            reserved_claims: true,
            holds: true,
            ..Scope::default()
        }
    }

    fn cause(&self) -> String {
        "receipt reversed".to_owned()
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
        let mut victims = Victims::default();
        let mut pairs: BTreeSet<(ItemId, LocationId)> = BTreeSet::new();
        let mut supplies: BTreeSet<(ItemId, SupplyId)> = BTreeSet::new();
        let reversed = self.lines_to_reverse(desk)?;
        for (item, key) in &reversed {
            let parts = self.lines.get(&key.line).copied().flatten();
            let reversal = Reversal { key: key.clone(), parts, reopens_supply: self.reopens_supply };
            let answer = desk.on_book(item, |book, context| book.reverse_receipt(context, &reversal))?;
            let Some(line) = desk.books.get(item).and_then(|book| book.received_line(key)) else { continue };
            let location = line.location.clone();
            supplies.extend(line.supply.clone().map(|supply| (item.clone(), supply)));
            victims.add(item, &location, &answer.taken_away);
            pairs.insert((item.clone(), location));
        }
        let (reduced_claims, taken_away) = victims.messages(desk);
        Ok(pb::ReverseReceiptResponse {
            lines: reversed.iter().filter_map(|(item, key)| desk.received_line(item, key)).collect(),
            positions: pairs.iter().filter_map(|(item, location)| desk.position(item, location)).collect(),
            supplies: supplies.iter().filter_map(|(item, supply)| desk.supply(item, supply)).collect(),
            reduced_claims,
            taken_away,
            holds: desk.new_holds(),
        })
    }
}

impl ReverseReceipt {
    /// The named lines, or of all lines those of which something is left.
    fn lines_to_reverse(&self, desk: &Desk<'_>) -> Result<Vec<(ItemId, ReceiptKey)>, Error> {
        let there = desk.lines_of_receipt(&self.receipt);
        let missing = || Error::missing(Kind::Receipt, wire::receipt_name(&self.receipt), "");
        let (item, first) = there.first().ok_or_else(missing)?;
        let refuse = |error| Error::Stock { item: item.clone(), error };
        if let Some(unknown) = self.lines.keys().find(|line| there.iter().all(|(_, key)| key.line != **line)) {
            let key = ReceiptKey { receipt: self.receipt.clone(), line: *unknown };
            return Err(refuse(StockError::ReceiptNotFound(key)));
        }
        let is_left = |(item, key): &(ItemId, ReceiptKey)| {
            let line = desk.books.get(item).and_then(|book| book.received_line(key));
            line.is_some_and(|line| line.left != Booked::default())
        };
        let is_meant = |line: &(ItemId, ReceiptKey)| {
            if self.lines.is_empty() { is_left(line) } else { self.lines.contains_key(&line.1.line) }
        };
        let meant: Vec<_> = there.iter().filter(|line| is_meant(line)).cloned().collect();
        if meant.is_empty() {
            let (asked, left) = Default::default();
            return Err(refuse(StockError::BeyondReceipt { line: first.clone(), asked, left }));
        }
        Ok(meant)
    }
}
