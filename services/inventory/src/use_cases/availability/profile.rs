//! `GetAvailabilityProfile`: one item at one location over time.

use std::collections::BTreeSet;

use backorder_domain::{
    ids::{ItemId, LocationId},
    quantity::Quantity,
    stock::{
        atp::{Dated, Profile},
        book::ItemBook,
    },
};
use jiff::{ToSpan, civil::Date};

use super::{super::UseCases, demand::demand_at};
use crate::{
    error::Error,
    store::{
        availability::safety_stocks,
        stock::{Scope, load},
    },
};

/// What is asked of a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileQuestion {
    /// The item.
    pub item: ItemId,
    /// The location.
    pub location: LocationId,
    /// How many days ahead, at least 1.
    pub horizon_days: i32,
    /// A quantity for which the earliest day is asked.
    pub quantity: Option<Quantity>,
}

/// A profile with the answer to what was asked.
#[derive(Debug, Clone)]
pub struct ProfileAnswer {
    /// The days on which something changes.
    pub profile: Profile,
    /// The earliest day on which the asked quantity can be had in one piece.
    pub earliest_date: Option<Date>,
    /// The time zone in which the days are read.
    pub time_zone: String,
}

impl UseCases {
    /// The availability of one item at one location over time (domain.md 2.10).
    ///
    /// # Errors
    /// [`Error::Missing`] when the item or the location does not exist.
    pub async fn availability_profile(&self, question: &ProfileQuestion) -> Result<ProfileAnswer, Error> {
        let (item, location) = (&question.item, &question.location);
        let named = |field: &str| field.to_owned();
        let places = self.check_master_data(&[(item, named("item"))], &[(location, named("location"))]).await?;
        let dates = &places.dates_at(self.now());
        let today = dates.get(location).copied().unwrap_or(Date::MIN);
        let (book, safety_stock) = self
            .store()
            .snapshot("availability_profile", move |tx| {
                Box::pin(async move {
                    let scope = Scope {
                        items: BTreeSet::from([item.clone()]),
                        locations: BTreeSet::from([location.clone()]),
                        waiting_claims: true,
                        ..Scope::default()
                    };
                    let loaded = load(&**tx, scope, dates).await?;
                    let safety_stock = safety_stocks(&**tx, &[item]).await?.get(item).copied().unwrap_or_default();
                    Ok::<_, Error>((loaded.books.get(item).cloned(), safety_stock))
                })
            })
            .await?;
        let horizon = today.checked_add(question.horizon_days.days()).unwrap_or(Date::MAX);
        let profile = match &book {
            Some(book) => profile_of(book, location, safety_stock, today, horizon),
            None => Profile::new(today, horizon, -safety_stock.get(), [], []),
        };
        let earliest_date = question.quantity.and_then(|quantity| profile.promise_date(quantity));
        let zone = places.get(location).and_then(|place| place.zone.iana_name());
        Ok(ProfileAnswer { profile, earliest_date, time_zone: zone.unwrap_or("UTC").to_owned() })
    }
}

fn profile_of(book: &ItemBook, location: &LocationId, safety_stock: Quantity, today: Date, horizon: Date) -> Profile {
    let available = book.position(location).map_or(0, |position| position.available.get());
    let supplies = book.supplies().filter(|supply| supply.location == *location).filter_map(|supply| {
        let date = supply.expected_date?;
        Some(Dated { date, quantity: supply.open() })
    });
    Profile::new(today, horizon, available - safety_stock.get(), supplies, demand_at(book, location, today))
}
