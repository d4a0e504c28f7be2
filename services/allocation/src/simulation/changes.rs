//! What may happen to an item: supply that moves, orders that are cancelled, customers of another tier, more supply.
//!
//! Each change is made in the numbers that were read. What rests on a supply moves with it, as it would in truth.

use std::sync::Arc;

use backorder_domain::{
    allocation::sequence::ServingSequence,
    ids::{ItemId, LocationId},
    quantity::Quantity,
};
use jiff::{ToSpan as _, civil::Date};

use super::live::{LineFacts, LiveItem};
use crate::error::Error;

/// Something that may happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A supply comes so many days later, or earlier when below 0.
    SupplyMoved {
        /// `supplies/{supply}`.
        supply: String,
        /// Days.
        days: i32,
    },
    /// All that is open or reserved of an order is cancelled.
    OrderCancelled {
        /// The order's id.
        order: String,
    },
    /// A customer has another tier.
    TierChanged {
        /// The customer.
        customer: String,
        /// The tier; empty for none.
        tier: String,
    },
    /// More comes than is expected.
    ExtraSupply {
        /// The item.
        item: ItemId,
        /// Where.
        location: LocationId,
        /// Base units.
        quantity: Quantity,
        /// The day; `None` is today.
        expected: Option<Date>,
    },
}

impl Change {
    /// Makes the change in an item. `sequence` is the one in force, for whoever stands elsewhere in the queue by it; `today` is
    /// the day at a location.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a day that no calendar has.
    pub fn apply(
        &self,
        live: &mut LiveItem,
        sequence: &ServingSequence,
        today: impl Fn(&LocationId) -> Date,
        field: &str,
    ) -> Result<(), Error> {
        match self {
            Self::SupplyMoved { supply, days } => {
                if let Some(supply) = live.supply_named(supply) {
                    let supply = &mut live.supplies[supply as usize];
                    let moved = supply.expected.map(|day| day.checked_add(i64::from(*days).days())).transpose();
                    supply.expected = moved
                        .map_err(|_| Error::invalid(format!("{field}.supply_moved.days_late"), "leads to no day"))?;
                }
            }
            Self::OrderCancelled { order } => cancel(live, order),
            Self::TierChanged { customer, tier } => change_tier(live, customer, tier, sequence),
            Self::ExtraSupply { item, location, quantity, expected } => {
                if item.as_str() == live.item {
                    let expected = expected.unwrap_or_else(|| today(location));
                    live.add_supply(field, &format!("locations/{location}"), quantity.get(), Some(expected))?;
                }
            }
        }
        Ok(())
    }
}

/// What the order has reserved is free, and nobody of it waits.
fn cancel(live: &mut LiveItem, order: &str) {
    let (gone, kept): (Vec<_>, Vec<_>) = std::mem::take(&mut live.claims)
        .into_iter()
        .partition(|claim| claim.key().is_some_and(|key| key.order == order));
    live.claims = kept;
    for (place, units) in gone.iter().flat_map(|claim| &claim.reserved) {
        let place = &mut live.places[*place as usize];
        place.free = place.free.saturating_add(*units);
    }
}

fn change_tier(live: &mut LiveItem, customer: &str, tier: &str, sequence: &ServingSequence) {
    for claim in &mut live.claims {
        let Some(facts) = claim.facts.as_deref().filter(|facts| &*facts.customer == customer) else { continue };
        let facts = LineFacts { tier: tier.into(), ..facts.clone() };
        claim.queue_key = facts.queue_key(sequence, claim.queue_time);
        claim.facts = Some(Arc::new(facts));
    }
}
