//! What can be had, now and later. It changes nothing.
//!
//! What a position tells is answered from memory where the caller allows it and memory is young enough ([`crate::index`]);
//! everything else is read from the database.

mod books;
mod wanted;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use backorder_domain::{
    ids::{ItemId, LocationId},
    quantity::Quantity,
};
use backorder_proto::{convert::encode, inventory::v1 as pb};
use backorder_storage::{Reads, StorageError, columns};

pub use books::ProfileQuery;
pub use wanted::Wanted;

use super::UseCases;
use crate::{
    error::Error,
    index::Stock,
    store::{catalog::safety_stocks, snapshot::stock_of_pairs},
};

/// An item at a location.
pub type Pair = (ItemId, LocationId);

/// What `BatchGetAvailability` asks for.
#[derive(Debug, Clone)]
pub struct AvailabilityQuery {
    /// The pairs.
    pub pairs: Vec<Pair>,
    /// The wanted fields.
    pub wanted: Wanted,
    /// Whether the answer must be the present one, so that only the database can give it.
    pub must_be_exact: bool,
}

impl UseCases {
    /// The availability of pairs, in their order.
    ///
    /// # Errors
    /// [`Error::Missing`] with every pair's missing item or location.
    pub async fn read_availability(
        &self,
        query: &AvailabilityQuery,
    ) -> Result<pb::BatchGetAvailabilityResponse, Error> {
        let reason = match self.answer_of_index(query)? {
            Ok(answer) => {
                metrics::counter!("backorder_inventory_availability_reads_total", "from" => "index", "reason" => "")
                    .increment(1);
                return Ok(answer);
            }
            Err(reason) => reason.word(),
        };
        metrics::counter!("backorder_inventory_availability_reads_total", "from" => "database", "reason" => reason)
            .increment(1);
        let AvailabilityQuery { pairs, wanted, .. } = query;
        let field = |index: usize, name: &str| format!("pairs[{index}].{name}");
        let items: Vec<_> = pairs.iter().enumerate().map(|(n, (item, _))| (item, field(n, "item"))).collect();
        let locations: Vec<_> =
            pairs.iter().enumerate().map(|(n, (_, location))| (location, field(n, "location"))).collect();
        self.check_master_data(&items, &locations).await?;
        let availabilities = if wanted.is_told_by_position() {
            self.read_positions(query).await?
        } else {
            self.availabilities(pairs).await?.into_iter().map(|whole| wanted.of(whole)).collect()
        };
        Ok(pb::BatchGetAvailabilityResponse { availabilities, age: None })
    }

    /// The answer from memory, or why there is none.
    fn answer_of_index(
        &self,
        query: &AvailabilityQuery,
    ) -> Result<Result<pb::BatchGetAvailabilityResponse, NotFromIndex>, StorageError> {
        if query.must_be_exact {
            return Ok(Err(NotFromIndex::Exact));
        }
        if !query.wanted.is_told_by_position() {
            return Ok(Err(NotFromIndex::Fields));
        }
        let index = self.index();
        // Before the positions: what is in them now may be newer, never older.
        let Some(complete_at) = index.complete_at() else { return Ok(Err(NotFromIndex::Old)) };
        let mut availabilities = Vec::with_capacity(query.pairs.len());
        for pair in &query.pairs {
            let Some(found) = index.find(&pair.0, &pair.1) else { return Ok(Err(NotFromIndex::Missing)) };
            availabilities.push(availability(query.wanted, pair, &found.stock, found.safety_stock)?);
        }
        let age = complete_at.elapsed();
        if age > self.parts.availability_age_max {
            return Ok(Err(NotFromIndex::Old));
        }
        let age = prost_types::Duration::try_from(age).unwrap_or_default();
        Ok(Ok(pb::BatchGetAvailabilityResponse { availabilities, age: Some(age) }))
    }

    /// The answer from rows of positions, all in one snapshot.
    async fn read_positions(&self, query: &AvailabilityQuery) -> Result<Vec<pb::Availability>, Error> {
        let AvailabilityQuery { pairs, wanted, .. } = query;
        let (stocks, safety) = if wanted.needs_safety_stock() {
            self.store()
                .snapshot("availability_positions", move |tx| {
                    Box::pin(async move {
                        let connection: &backorder_storage::Transaction = tx;
                        let items: BTreeSet<&ItemId> = pairs.iter().map(|(item, _)| item).collect();
                        let safety = safety_stocks(connection, &items.into_iter().collect::<Vec<_>>()).await?;
                        Ok::<_, StorageError>((stocks_of(connection, pairs).await?, safety))
                    })
                })
                .await?
        } else {
            // One statement is a snapshot by itself.
            (stocks_of(self.store().reader(), pairs).await?, BTreeMap::new())
        };
        let of_pair = |pair: &Pair| {
            let stock = stocks.get(pair).copied().unwrap_or_default();
            availability(*wanted, pair, &stock, safety.get(&pair.0).copied().map_or(0, Quantity::get))
        };
        Ok(pairs.iter().map(of_pair).collect::<Result<_, _>>()?)
    }
}

/// Why memory does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NotFromIndex {
    /// The caller wants the present answer.
    Exact,
    /// The caller wants fields that memory does not have.
    Fields,
    /// It is older than its bound, or not complete yet.
    Old,
    /// A pair is not in it.
    Missing,
}

impl NotFromIndex {
    const fn word(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Fields => "fields",
            Self::Old => "old",
            Self::Missing => "missing",
        }
    }
}

async fn stocks_of(connection: &impl Reads, pairs: &[Pair]) -> Result<HashMap<Pair, Stock>, StorageError> {
    let distinct: BTreeSet<&Pair> = pairs.iter().collect();
    stock_of_pairs(connection, &distinct.into_iter().collect::<Vec<_>>()).await
}

/// What a position and its item's safety stock tell. Memory and database go through here alike.
fn availability(
    wanted: Wanted,
    (item, location): &Pair,
    stock: &Stock,
    safety_stock: i64,
) -> Result<pb::Availability, StorageError> {
    let updated_at = (stock.version > 0).then(|| columns::instant(stock.updated_at, "position")).transpose()?;
    let (item, location) = if wanted.needs_names() {
        (encode::item_name(item), encode::location_name(location))
    } else {
        (String::new(), String::new())
    };
    let position = pb::Position {
        item,
        location,
        available: stock.available,
        reserved: stock.reserved,
        released: stock.released,
        held: stock.held,
        quality_control: stock.quality_control,
        damaged: stock.damaged,
        on_hand: stock.on_hand(),
        in_transit: stock.in_transit,
        version: stock.version,
        update_time: updated_at.map(encode::timestamp),
    };
    let available_to_sell = stock.available.saturating_sub(safety_stock).max(0);
    Ok(wanted.of(pb::Availability { position: Some(position), available_to_sell, ..pb::Availability::default() }))
}
