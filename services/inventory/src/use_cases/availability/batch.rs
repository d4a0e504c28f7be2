//! `BatchGetAvailability`: many pairs of item and location, in one snapshot.

use std::collections::BTreeSet;

use backorder_domain::{
    ids::{ItemId, LocationId},
    quantity::Quantity,
    stock::position::Position,
};
use backorder_proto::convert::decode::path;
use jiff::{Timestamp, civil::Date};

use super::super::UseCases;
use crate::{
    error::Error,
    store::availability::{self as table, AvailabilityRows, Inbound, Pair},
};

/// What can be had of one item at one location. Quantities are base units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Availability {
    /// The item.
    pub item: ItemId,
    /// The stock.
    pub position: Position,
    /// When the stock was changed last; `None` when it never was.
    pub updated_at: Option<Timestamp>,
    /// Free units less safety stock, at least 0.
    pub available_to_sell: Quantity,
    /// Eligible units that wait for the location.
    pub waiting: Quantity,
    /// Open supply with a date that is not past.
    pub inbound: Quantity,
    /// Open supply with a date that is past.
    pub inbound_past_due: Quantity,
    /// The next day on which supply is expected.
    pub next_supply_date: Option<Date>,
}

impl UseCases {
    /// What can be had of each pair now, in the order of the pairs.
    ///
    /// # Errors
    /// [`Error::Missing`] with every item and location that does not exist.
    pub async fn availability(&self, pairs: &[Pair]) -> Result<Vec<Availability>, Error> {
        let named = |index: usize, field: &str| path("pairs", index, field);
        let items: Vec<(&ItemId, String)> =
            pairs.iter().enumerate().map(|(index, (item, _))| (item, named(index, "item"))).collect();
        let locations: Vec<(&LocationId, String)> =
            pairs.iter().enumerate().map(|(index, (_, location))| (location, named(index, "location"))).collect();
        let places = self.check_master_data(&items, &locations).await?;

        let distinct: &Vec<&ItemId> = &pairs.iter().map(|(item, _)| item).collect::<BTreeSet<_>>().into_iter().collect();
        let rows: AvailabilityRows = self
            .store()
            .snapshot("availability", move |tx| {
                Box::pin(async move { Ok::<_, Error>(table::read(&**tx, distinct).await?) })
            })
            .await?;
        let dates = places.dates_at(self.now());
        let today = |location: &LocationId| dates.get(location).copied().unwrap_or(Date::MIN);
        Ok(pairs.iter().map(|pair| of_pair(pair, &rows, today(&pair.1))).collect())
    }
}

fn of_pair(pair: &Pair, rows: &AvailabilityRows, today: Date) -> Availability {
    let stored = rows.positions.get(pair);
    let position = stored.map_or_else(|| Position::empty(pair.1.clone()), |(position, _)| position.clone());
    let safety_stock = rows.safety_stock.get(&pair.0).copied().unwrap_or_default();
    let inbound = rows.inbound.get(pair).map(Vec::as_slice).unwrap_or_default();
    let is_coming = |supply: &Inbound| supply.expected_date.is_some_and(|date| date >= today);
    let is_past_due = |supply: &Inbound| supply.expected_date.is_some_and(|date| date < today);
    Availability {
        item: pair.0.clone(),
        updated_at: stored.map(|(_, updated_at)| *updated_at),
        available_to_sell: position.available.saturating_sub(safety_stock),
        waiting: rows.waiting.get(pair).copied().unwrap_or_default(),
        inbound: open_units(inbound, is_coming),
        inbound_past_due: open_units(inbound, is_past_due),
        next_supply_date: inbound.iter().filter(|s| is_coming(s)).filter_map(|s| s.expected_date).min(),
        position,
    }
}

/// The open units of the chosen supplies. A sum beyond the range of a quantity is shown as the largest one.
fn open_units(supplies: &[Inbound], is_chosen: impl Fn(&Inbound) -> bool) -> Quantity {
    let chosen = supplies.iter().filter(|supply| is_chosen(supply)).map(|supply| supply.open);
    Quantity::checked_sum(chosen).unwrap_or(Quantity::MAX)
}
