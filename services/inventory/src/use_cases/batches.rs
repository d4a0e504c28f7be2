//! `ListStockByBatch` and `ListBatches`: the stock of an item by batch and owner, and its batches with what there is of them.

use std::collections::BTreeMap;

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
use backorder_service_kit::paging::{PageBinding, PageRequest};
use backorder_storage::{StorageError, Transaction};
use jiff::civil::Date;

use super::UseCases;
use crate::{
    error::Error,
    store::stock::{self, batches_of, position_of},
};

/// Separates the parts of a page's key. No id and no owner holds it.
const SEPARATOR: &str = "\u{1f}";

/// Rows, each with the key by which it is ordered bytewise and found again.
type Keyed<T> = Vec<(String, T)>;

impl UseCases {
    /// The stock of an item by batch and owner, on one snapshot: named units, and the rest of each position. Sums are of all
    /// rows, whatever the page.
    ///
    /// # Errors
    /// [`Error::Missing`] for an unknown item or location; those of the store.
    pub async fn list_stock_by_batch(
        &self,
        page: &PageRequest,
        binding: &PageBinding,
        item: &ItemId,
        location: Option<&LocationId>,
    ) -> Result<pb::ListStockByBatchResponse, Error> {
        let (positions, batches) = self.batches_at(item, location).await?;
        let here = positions.iter().filter(|position| location.is_none_or(|location| position.location == *location));
        let mut stocks: Keyed<pb::BatchStock> = here.flat_map(|position| stocks_at(item, position, &batches)).collect();
        let owned = |is_own: bool| {
            let stocks = stocks.iter().filter(|(_, stock)| stock.owner.is_empty() == is_own);
            stocks.map(|(_, stock)| stock.quantity).fold(0, i64::saturating_add)
        };
        let (own_quantity, consigned_quantity) = (owned(true), owned(false));
        let next_page_token = cut(&mut stocks, page, binding);
        let stocks = stocks.into_iter().map(|(_, stock)| stock).collect();
        Ok(pb::ListStockByBatchResponse { stocks, own_quantity, consigned_quantity, next_page_token })
    }

    /// The batches of an item: those that somebody described, and those of which units are there.
    ///
    /// # Errors
    /// [`Error::Missing`] for an unknown item; those of the store.
    pub async fn list_batches(
        &self,
        page: &PageRequest,
        binding: &PageBinding,
        item: &ItemId,
        in_stock_only: bool,
    ) -> Result<pb::ListBatchesResponse, Error> {
        let (_, batches) = self.batches_at(item, None).await?;
        let mut sums = sums_of(item, &batches);
        sums.retain(|(_, sum)| !in_stock_only || on_hand(sum) + sum.in_transit > 0);
        let next_page_token = cut(&mut sums, page, binding);
        let batches = sums.into_iter().map(|(_, sum)| sum).collect();
        Ok(pb::ListBatchesResponse { batches, next_page_token })
    }

    async fn batches_at(
        &self,
        item: &ItemId,
        location: Option<&LocationId>,
    ) -> Result<(Vec<Position>, BatchScope), Error> {
        let locations: Vec<_> = location.map(|location| (location, "location".to_owned())).into_iter().collect();
        self.check_master_data(&[(item, "item".to_owned())], &locations).await?;
        let found = self.store().snapshot("list_batches", move |tx| {
            Box::pin(async move {
                let connection: &Transaction = tx;
                let rows = stock::positions(connection, &[item]).await?;
                let batches = batches_of(connection, &[item]).await?.remove(item).unwrap_or_default();
                let positions = rows.iter().map(position_of).collect::<Result<Vec<_>, _>>()?;
                Ok::<_, StorageError>((positions, batches))
            })
        });
        Ok(found.await?)
    }
}

/// Puts rows in their order and cuts them to the page; the token of the next one.
fn cut<T>(rows: &mut Keyed<T>, page: &PageRequest, binding: &PageBinding) -> String {
    rows.sort_by(|(left, _), (right, _)| left.cmp(right));
    if let Some(after) = &page.after {
        rows.retain(|(key, _)| key > after);
    }
    page.cut(rows, binding, |(key, _)| key.clone())
}

/// A best-before date as a part of a key: what never expires comes last.
fn dated(best_before: Option<Date>) -> String {
    best_before.map_or_else(|| "~".to_owned(), |date| date.to_string())
}

fn on_hand(sum: &pb::BatchSum) -> i64 {
    sum.sellable + sum.quality_control + sum.damaged
}

fn sums_of(item: &ItemId, batches: &BatchScope) -> Keyed<pb::BatchSum> {
    let mut sums: BTreeMap<&BatchId, pb::BatchSum> = BTreeMap::new();
    for info in &batches.known {
        sums.entry(&info.batch).or_default();
    }
    for row in &batches.stock {
        let Some(batch) = &row.place.batch else { continue };
        let (sum, units) = (sums.entry(batch).or_default(), row.quantity.get());
        match row.place.shelf {
            Shelf::Sellable => sum.sellable += units,
            Shelf::QualityControl => sum.quality_control += units,
            Shelf::Damaged => sum.damaged += units,
            Shelf::InTransit => sum.in_transit += units,
        }
        if !row.place.owner.is_empty() {
            sum.consigned += units;
        }
    }
    for (_, batch, units) in &batches.bound {
        if let Some(sum) = sums.get_mut(batch) {
            sum.bound += units.get();
        }
    }
    let keyed = |(batch, sum): (&BatchId, pb::BatchSum)| {
        let info = batches.known.iter().find(|info| info.batch == *batch);
        let best_before = info.and_then(|info| info.best_before);
        let described = pb::Batch {
            item: encode::item_name(item),
            batch: batch.to_string(),
            best_before: best_before.map(encode::date),
            supplier_lot: info.map(|info| info.supplier_lot.clone()).unwrap_or_default(),
        };
        let key = [dated(best_before).as_str(), batch.as_str()].join(SEPARATOR);
        (key, pb::BatchSum { batch: Some(described), ..sum })
    };
    sums.into_iter().map(keyed).collect()
}

/// The stock at one place: what has to go first comes first, the units of no named batch last.
fn stocks_at(item: &ItemId, position: &Position, batches: &BatchScope) -> Keyed<pb::BatchStock> {
    let mut stocks = Vec::new();
    for (number, shelf) in Shelf::ALL.into_iter().enumerate() {
        let place = [position.location.as_str(), &number.to_string()].join(SEPARATOR);
        let here =
            batches.stock.iter().filter(|row| row.place.location == position.location && row.place.shelf == shelf);
        let info = |batch: Option<&BatchId>| batches.known.iter().find(|info| Some(&info.batch) == batch);
        let mut rest = shelf.units(position);
        for row in here {
            rest = rest.saturating_sub(row.quantity);
            let batch = row.place.batch.as_ref();
            let bound = batches
                .bound
                .iter()
                .filter(|(at, of, _)| shelf == Shelf::Sellable && *at == position.location && Some(of) == batch);
            let (known, owner) = (info(batch), row.place.owner.clone());
            let best_before = known.and_then(|info: &BatchInfo| info.best_before);
            let name = batch.map(ToString::to_string).unwrap_or_default();
            let key = [place.as_str(), "0", &dated(best_before), &name, &owner].join(SEPARATOR);
            let stock = pb::BatchStock {
                batch: name,
                owner,
                quantity: row.quantity.get(),
                best_before: best_before.map(encode::date),
                supplier_lot: known.map(|info| info.supplier_lot.clone()).unwrap_or_default(),
                bound: bound.map(|(_, _, units)| units.get()).sum(),
                ..stock_at(item, position, shelf)
            };
            stocks.push((key, stock));
        }
        if rest > Quantity::ZERO {
            let key = [place.as_str(), "1"].join(SEPARATOR);
            stocks.push((key, pb::BatchStock { quantity: rest.get(), ..stock_at(item, position, shelf) }));
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
