//! What can be had, now and later, from the books of the items: read in one snapshot, changing nothing.

use std::collections::{BTreeMap, BTreeSet};

use backorder_domain::{
    ids::{ItemId, LocationId},
    quantity::Quantity,
    stock::{
        atp::{Dated, Profile},
        book::ItemBook,
        position::Position,
    },
    time::civil_date_in,
};
use backorder_proto::{
    convert::{encode, inventory as wire},
    inventory::v1 as pb,
};
use jiff::{ToSpan, civil::Date};

use super::Pair;
use crate::{
    error::Error,
    store::{
        catalog::safety_stocks,
        stock::{Loaded, Scope, load},
    },
    use_cases::UseCases,
};

/// What `GetAvailabilityProfile` asks for.
#[derive(Debug, Clone)]
pub struct ProfileQuery {
    /// The item.
    pub item: ItemId,
    /// The location.
    pub location: LocationId,
    /// How many days ahead.
    pub horizon_days: i32,
    /// A quantity for which the earliest date is asked.
    pub quantity: Option<Quantity>,
}

impl UseCases {
    /// The availability of pairs that are there, in their order.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) async fn availabilities(&self, pairs: &[Pair]) -> Result<Vec<pb::Availability>, Error> {
        let (loaded, safety) = self.books_of(pairs).await?;
        let now = self.now();
        let of_pair = |(item, location): &Pair| {
            let book = loaded.books.get(item)?;
            let position = book.position(location).ok()?;
            let updated_at = loaded.times.position_updated_at(item, position, now);
            let message = wire::position(item, position, updated_at);
            Some(availability(book, position, message, safety.get(item).copied().unwrap_or_default()))
        };
        Ok(pairs.iter().filter_map(of_pair).collect())
    }

    /// The availability of one pair over time.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn availability_profile(
        &self,
        query: &ProfileQuery,
    ) -> Result<pb::GetAvailabilityProfileResponse, Error> {
        let ProfileQuery { item, location, .. } = query;
        let named = [(location, "location".to_owned())];
        let places = self.check_master_data(&[(item, "item".to_owned())], &named).await?;
        let zone = places.get(location).map(|place| place.zone.clone()).unwrap_or(jiff::tz::TimeZone::UTC);
        let (loaded, safety) = self.books_of(&[(item.clone(), location.clone())]).await?;
        let today = civil_date_in(self.now(), &zone);
        let horizon = today.checked_add(i64::from(query.horizon_days).days()).unwrap_or(Date::MAX);
        let profile = match loaded.books.get(item) {
            Some(book) => profile(book, location, today, horizon, safety.get(item).copied().unwrap_or_default()),
            None => Profile::new(today, horizon, 0, [], []),
        };
        let earliest = query.quantity.and_then(|quantity| profile.promise_date(quantity));
        Ok(pb::GetAvailabilityProfileResponse {
            buckets: profile.buckets().iter().map(bucket_message).collect(),
            earliest_date: earliest.map(encode::date),
            time_zone: zone.iana_name().unwrap_or("UTC").to_owned(),
        })
    }

    async fn books_of(&self, pairs: &[Pair]) -> Result<(Loaded, BTreeMap<ItemId, Quantity>), Error> {
        let scope = Scope {
            items: pairs.iter().map(|(item, _)| item.clone()).collect(),
            locations: pairs.iter().map(|(_, location)| location.clone()).collect(),
            waiting_claims: true,
            ..Scope::default()
        };
        let places = self.places().await?;
        let dates = places.dates_at(self.now());
        self.store()
            .snapshot("availability", move |tx| {
                Box::pin(async move {
                    let connection: &backorder_storage::Transaction = tx;
                    let items: BTreeSet<ItemId> = scope.items.clone();
                    let safety = safety_stocks(connection, &items.iter().collect::<Vec<_>>()).await?;
                    let loaded = load(connection, scope, &dates).await?;
                    Ok::<_, Error>((loaded, safety))
                })
            })
            .await
    }
}

fn availability(
    book: &ItemBook,
    position: &Position,
    message: pb::Position,
    safety_stock: Quantity,
) -> pb::Availability {
    let location = &position.location;
    let today = book.today(location).unwrap_or(Date::MIN);
    let waiting = book.claims().filter(|claim| claim.waits_at().contains(location)).map(|claim| claim.waiting);
    let open = || book.supplies().filter(|supply| supply.location == *location && !supply.open().is_zero());
    let sum = |quantities: Vec<Quantity>| Quantity::checked_sum(quantities).map_or(i64::MAX, Quantity::get);
    let next = open().filter(|supply| supply.counts_on(today)).filter_map(|supply| supply.expected_date).min();
    pb::Availability {
        position: Some(message),
        available_to_sell: position.available.saturating_sub(safety_stock).get(),
        waiting: sum(waiting.collect()),
        inbound: sum(open().filter(|supply| supply.counts_on(today)).map(|supply| supply.open()).collect()),
        inbound_past_due: sum(open().filter(|supply| !supply.counts_on(today)).map(|supply| supply.open()).collect()),
        next_supply_date: next.map(encode::date),
    }
}

/// The profile of one location: HELD counts as free, and the lines that it waits for as demand.
fn profile(book: &ItemBook, location: &LocationId, today: Date, horizon: Date, safety_stock: Quantity) -> Profile {
    let free =
        book.position(location).map_or(0, |position| position.available.get().saturating_add(position.held.get()));
    let here = || book.supplies().filter(|supply| supply.location == *location && supply.counts_on(today));
    let supplies = here().filter_map(|supply| {
        let date = supply.expected_date?;
        Some(Dated { date, quantity: supply.open() })
    });
    let mut demands = Vec::new();
    for claim in book.claims().filter(|claim| claim.waits_at().contains(location)) {
        for peg in &claim.pegs {
            let supply = here().find(|supply| supply.id == peg.supply);
            if let Some(date) = supply.and_then(|supply| supply.expected_date) {
                demands.push(Dated { date, quantity: peg.quantity });
            }
        }
        let date = claim.requested_date.unwrap_or(today);
        demands.push(Dated { date, quantity: claim.unpegged() });
    }
    Profile::new(today, horizon, free.saturating_sub(safety_stock.get()), supplies.collect::<Vec<_>>(), demands)
}

fn bucket_message(bucket: &backorder_domain::stock::atp::Bucket) -> pb::AvailabilityBucket {
    pb::AvailabilityBucket {
        date: Some(encode::date(bucket.date)),
        supply: bucket.supply,
        demand: bucket.demand,
        discrete: bucket.discrete,
        cumulative: bucket.cumulative,
        available_to_promise: bucket.available_to_promise().get(),
    }
}
