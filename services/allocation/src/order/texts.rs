//! Short lists as text columns: one entry per line, fields between blanks. Ids hold no white space, so this is exact.

use backorder_domain::{
    ids::{LocationId, SupplyId},
    order::{
        claim::{Pegged, Reserved},
        promise::{Confirmation, Cover},
        route::Delivery,
    },
    quantity::Quantity,
};
use backorder_storage::{StorageError, columns};
use jiff::civil::Date;

use super::warehouse_order::Bound;

const STOCK: &str = "stock";
const SUPPLY: &str = "supply";
const UNRESERVED: &str = "unreserved";
const FREE: &str = "free";
const NONE: &str = "none";
const NO_VALUE: &str = "-";

/// Reservations as text.
#[must_use]
pub fn reservations(reservations: &[Reserved]) -> String {
    joined(reservations.iter().map(|r| format!("{} {}", r.quantity, r.location)))
}

/// Reservations of a text.
///
/// # Errors
/// [`StorageError::InvalidRow`] for a text that was not made here.
pub fn reservations_of(text: &str) -> Result<Vec<Reserved>, StorageError> {
    entries(text, "line_claim", |fields| match fields {
        [quantity, location] => Some(Reserved { quantity: units(quantity)?, location: place(location)? }),
        _ => None,
    })
}

/// Units of batches as text.
#[must_use]
pub fn bound(bound: &[Bound]) -> String {
    joined(bound.iter().map(|b| format!("{} {}", b.quantity, b.batch)))
}

/// Units of batches of a text.
///
/// # Errors
/// [`StorageError::InvalidRow`] for a text that was not made here.
pub fn bound_of(text: &str) -> Result<Vec<Bound>, StorageError> {
    entries(text, "warehouse_order_line", |fields| match fields {
        [quantity, batch] => Some(Bound { batch: (*batch).to_owned(), quantity: quantity.parse().ok()? }),
        _ => None,
    })
}

/// Pegs as text.
#[must_use]
pub fn pegs(pegs: &[Pegged]) -> String {
    joined(
        pegs.iter()
            .map(|p| format!("{} {} {} {}", p.quantity, columns::date_text(p.expected_date), p.location, p.supply)),
    )
}

/// Pegs of a text.
///
/// # Errors
/// [`StorageError::InvalidRow`] for a text that was not made here.
pub fn pegs_of(text: &str) -> Result<Vec<Pegged>, StorageError> {
    entries(text, "line_claim", |fields| match fields {
        [quantity, date, location, supply] => Some(Pegged {
            quantity: units(quantity)?,
            expected_date: day(date)?,
            location: place(location)?,
            supply: SupplyId::try_new(*supply).ok()?,
        }),
        _ => None,
    })
}

/// Confirmations as text. The day of arrival and its zone stand at the end where a lane is known.
#[must_use]
pub fn confirmations(confirmations: &[Confirmation]) -> String {
    joined(confirmations.iter().map(|c| {
        let date = c.ship_date.map_or_else(|| NO_VALUE.to_owned(), columns::date_text);
        let (kind, supply) = match &c.cover {
            Cover::Stock => (STOCK, NO_VALUE),
            Cover::Unreserved => (UNRESERVED, NO_VALUE),
            Cover::Supply(supply) => (SUPPLY, supply.as_str()),
            Cover::Free => (FREE, NO_VALUE),
            Cover::None => (NONE, NO_VALUE),
        };
        let location = c.location.as_ref().map_or(NO_VALUE, LocationId::as_str);
        let arrives = c
            .delivery
            .as_ref()
            .map_or_else(String::new, |delivery| format!(" {} {}", columns::date_text(delivery.date), delivery.zone));
        format!("{} {date} {kind} {location} {supply}{arrives}", c.quantity)
    }))
}

/// Confirmations of a text.
///
/// # Errors
/// [`StorageError::InvalidRow`] for a text that was not made here.
pub fn confirmations_of(text: &str) -> Result<Vec<Confirmation>, StorageError> {
    entries(text, "order_line", |fields| {
        let (fields, delivery) = match fields {
            [fields @ .., date, zone] if fields.len() == 5 => {
                (fields, Some(Delivery { date: day(date)?, zone: (*zone).to_owned() }))
            }
            fields => (fields, None),
        };
        let [quantity, date, kind, location, supply] = fields else { return None };
        let cover = match *kind {
            STOCK => Cover::Stock,
            SUPPLY => Cover::Supply(SupplyId::try_new(*supply).ok()?),
            UNRESERVED => Cover::Unreserved,
            FREE => Cover::Free,
            NONE => Cover::None,
            _ => return None,
        };
        let location = if cover == Cover::None { None } else { Some(place(location)?) };
        let ship_date = if *date == NO_VALUE { None } else { Some(day(date)?) };
        Some(Confirmation { quantity: units(quantity)?, ship_date, cover, location, delivery })
    })
}

/// Locations as text: each between blanks, so that one can be searched for with its blanks. Empty when there are none.
#[must_use]
pub fn locations<'a>(locations: impl IntoIterator<Item = &'a LocationId>) -> String {
    let mut text = String::new();
    for location in locations {
        text.push(' ');
        text.push_str(location.as_str());
    }
    if !text.is_empty() {
        text.push(' ');
    }
    text
}

/// The ids in a text of locations.
pub fn locations_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(' ').filter(|id| !id.is_empty())
}

fn joined(entries: impl Iterator<Item = String>) -> String {
    let mut text = String::new();
    for entry in entries {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&entry);
    }
    text
}

fn entries<T>(text: &str, table: &'static str, read: impl Fn(&[&str]) -> Option<T>) -> Result<Vec<T>, StorageError> {
    text.split('\n')
        .filter(|entry| !entry.is_empty())
        .map(|entry| {
            let fields: Vec<&str> = entry.split(' ').collect();
            read(&fields).ok_or_else(|| StorageError::InvalidRow { table, detail: format!("{entry:?} is no entry") })
        })
        .collect()
}

fn units(text: &str) -> Option<Quantity> {
    Quantity::try_new(text.parse().ok()?).ok()
}

fn day(text: &str) -> Option<Date> {
    text.parse().ok()
}

fn place(text: &str) -> Option<LocationId> {
    LocationId::try_new(text).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[test]
    fn confirmations_come_back_as_they_went() {
        let place = || LocationId::try_new("-").unwrap();
        let written = vec![
            Confirmation {
                quantity: Quantity::try_new(4).unwrap(),
                ship_date: Some(jiff::civil::date(2026, 11, 23)),
                cover: Cover::Stock,
                location: Some(place()),
                delivery: None,
            },
            Confirmation {
                quantity: Quantity::try_new(6).unwrap(),
                ship_date: Some(jiff::civil::date(2026, 11, 28)),
                cover: Cover::Supply(SupplyId::try_new("stock").unwrap()),
                location: Some(place()),
                delivery: Some(Delivery { date: jiff::civil::date(2026, 12, 1), zone: "Europe/Berlin".to_owned() }),
            },
            Confirmation {
                quantity: Quantity::try_new(2).unwrap(),
                ship_date: Some(jiff::civil::date(2026, 12, 24)),
                cover: Cover::Unreserved,
                location: Some(place()),
                delivery: None,
            },
            Confirmation {
                quantity: Quantity::try_new(1).unwrap(),
                ship_date: None,
                cover: Cover::None,
                location: None,
                delivery: None,
            },
        ];
        assert_eq!(confirmations_of(&confirmations(&written)).unwrap(), written);
        assert_eq!(confirmations_of("").unwrap(), vec![]);
        assert!(confirmations_of("4 2026-11-23 gone main -").is_err());
    }

    #[test]
    fn a_location_is_found_between_its_blanks() {
        let ids: Vec<LocationId> = ["a", "ab"].into_iter().map(|id| LocationId::try_new(id).unwrap()).collect();
        let text = locations(&ids);
        assert!(text.contains(" a ") && text.contains(" ab ") && !text.contains(" b "));
        assert_eq!(locations_of(&text).collect::<Vec<_>>(), ["a", "ab"]);
        assert_eq!(locations([]), "");
    }
}
