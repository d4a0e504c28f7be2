//! `PutBatches`: what is known of batches of items. Claims that ask for days of shelf life are looked at with it.

use backorder_domain::{ids::ItemId, stock::batch::BatchInfo};
use backorder_proto::{
    convert::{decode::path, encode},
    inventory::v1 as pb,
};
use jiff::Timestamp;

use super::{AuditSubject, Desk, Named, StockCommand, distinct};
use crate::{catalog::Places, error::Error, store::stock::Scope, write::Who};

/// Facts of batches to keep.
#[derive(Debug, Clone)]
pub struct PutBatches {
    /// Each with its item.
    pub batches: Vec<(ItemId, BatchInfo)>,
    /// Who does it and why.
    pub who: Who,
}

impl StockCommand for PutBatches {
    type Answer = pb::PutBatchesResponse;
    const NAME: &'static str = "put_batches";

    fn names(&self) -> Named<'_> {
        let items = self.batches.iter().enumerate();
        Named {
            items: items.map(|(index, (item, _))| (item, path("batches", index, "item"))).collect(),
            locations: Vec::new(),
        }
    }

    fn scope(&self, _places: &Places) -> Scope {
        Scope {
            items: distinct(self.batches.iter().map(|(item, _)| item)),
            batches: true,
            bound_to: self.batches.iter().map(|(item, info)| (item.clone(), info.batch.clone())).collect(),
            open_supplies: true,
            ..Scope::default()
        }
    }

    fn cause(&self) -> String {
        "batch facts".to_owned()
    }

    fn who(&self) -> &Who {
        &self.who
    }

    fn effective_at(&self) -> Option<Timestamp> {
        None
    }

    fn audit_subjects(&self) -> Vec<AuditSubject> {
        self.batches.iter().map(|(item, info)| format!("items/{item}/batches/{}", info.batch)).collect()
    }

    fn apply(&self, desk: &mut Desk<'_>) -> Result<Self::Answer, Error> {
        for (item, info) in &self.batches {
            desk.on_book(item, |book, context| book.put_batch(context, info.clone()))?;
            desk.exchange_unfit_of(item, &info.batch)?;
        }
        let batches = self.batches.iter().map(|(item, info)| pb::Batch {
            item: encode::item_name(item),
            batch: info.batch.to_string(),
            best_before: info.best_before.map(encode::date),
            supplier_lot: info.supplier_lot.clone(),
        });
        Ok(pb::PutBatchesResponse { batches: batches.collect() })
    }
}
