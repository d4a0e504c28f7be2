//! `ListStockByBatch`: the stock of an item by batch and owner.

use backorder_domain::{
    ids::{BatchId, ItemId, LocationId},
    quantity::Quantity,
    stock::{
        batch::{BatchInfo, BatchScope, Shelf},
        position::Position,
        state::StockState,
    },
};
use backorder_proto::{
    convert::{encode, inventory as wire},
    inventory::v1 as pb,
};
use backorder_storage::{StorageError, Transaction};

use super::UseCases;
use crate::{
    error::Error,
    store::stock::{self, batches_of, position_of},
};

impl UseCases {
    /// The stock of an item by batch and owner, on one snapshot: named units, and the rest of each position.
    ///
    /// # Errors
    /// [`Error::Missing`] for an unknown item or location; those of the store.
    pub async fn list_stock_by_batch(
        &self,
        item: &ItemId,
        location: Option<&LocationId>,
    ) -> Result<pb::ListStockByBatchResponse, Error> {
        let locations: Vec<_> = location.map(|location| (location, "location".to_owned())).into_iter().collect();
        self.check_master_data(&[(item, "item".to_owned())], &locations).await?;
        let (positions, batches) = self
            .store()
            .snapshot("list_stock_by_batch", move |tx| {
                Box::pin(async move {
                    let connection: &Transaction = tx;
                    let rows = stock::positions(connection, &[item]).await?;
                    let batches = batches_of(connection, &[item]).await?.remove(item).unwrap_or_default();
                    let positions = rows.iter().map(position_of).collect::<Result<Vec<_>, _>>()?;
                    Ok::<_, StorageError>((positions, batches))
                })
            })
            .await?;
        let here = positions.iter().filter(|position| location.is_none_or(|location| position.location == *location));
        let stocks: Vec<pb::BatchStock> = here.flat_map(|position| stocks_at(item, position, &batches)).collect();
        let owned = |is_own: bool| {
            let stocks = stocks.iter().filter(|stock| stock.owner.is_empty() == is_own);
            stocks.map(|stock| stock.quantity).fold(0, i64::saturating_add)
        };
        let (own_quantity, consigned_quantity) = (owned(true), owned(false));
        Ok(pb::ListStockByBatchResponse { stocks, own_quantity, consigned_quantity })
    }
}

/// The stock at one place: what has to go first comes first, the units of no named batch last.
fn stocks_at(item: &ItemId, position: &Position, batches: &BatchScope) -> Vec<pb::BatchStock> {
    let mut stocks = Vec::new();
    for shelf in Shelf::ALL {
        let here =
            batches.stock.iter().filter(|row| row.place.location == position.location && row.place.shelf == shelf);
        let mut named: Vec<_> = here.collect();
        let info = |batch: Option<&BatchId>| batches.known.iter().find(|info| Some(&info.batch) == batch);
        let best_before = |batch| info(batch).and_then(|info: &BatchInfo| info.best_before);
        named.sort_by_cached_key(|row| {
            let best_before = best_before(row.place.batch.as_ref());
            (best_before.is_none(), best_before, row.place.batch.clone(), row.place.owner.clone())
        });
        let mut rest = shelf.units(position);
        for row in named {
            rest = rest.saturating_sub(row.quantity);
            let batch = row.place.batch.as_ref();
            let bound = batches
                .bound
                .iter()
                .filter(|(at, of, _)| shelf == Shelf::Sellable && *at == position.location && Some(of) == batch);
            stocks.push(pb::BatchStock {
                batch: batch.map(ToString::to_string).unwrap_or_default(),
                owner: row.place.owner.clone(),
                quantity: row.quantity.get(),
                best_before: best_before(batch).map(encode::date),
                supplier_lot: info(batch).map(|info| info.supplier_lot.clone()).unwrap_or_default(),
                bound: bound.map(|(_, _, units)| units.get()).sum(),
                ..stock_at(item, position, shelf)
            });
        }
        if rest > Quantity::ZERO {
            stocks.push(pb::BatchStock { quantity: rest.get(), ..stock_at(item, position, shelf) });
        }
    }
    stocks
}

fn stock_at(item: &ItemId, position: &Position, shelf: Shelf) -> pb::BatchStock {
    let state = match shelf {
        Shelf::Sellable => StockState::Available,
        Shelf::QualityControl => StockState::QualityControl,
        Shelf::Damaged => StockState::Damaged,
        Shelf::InTransit => StockState::InTransit,
    };
    pb::BatchStock {
        item: encode::item_name(item),
        location: encode::location_name(&position.location),
        state: wire::stock_state(state).into(),
        ..pb::BatchStock::default()
    }
}
