//! The promise of a line: which quantity can ship on which day, and what covers it.
//!
//! A promise follows from the line's claims: reserved units leave as soon as the location can send what it had when they
//! were reserved, pegged units as soon as it can send what their supply brings, and neither before the day on which they
//! have to; for units that are neither, no date is known, and the whole line has none. Source: domain notes, 2.10 to 2.12.

use jiff::civil::Date;

use crate::{
    ids::{LocationId, SupplyId},
    order::{
        claim::{ClaimCopy, ClaimSums},
        route::{Delivery, LineDates},
    },
    quantity::Quantity,
};

/// What covers a promised quantity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cover {
    /// Units reserved on hand.
    Stock,
    /// Units that are free on the day and not reserved: the line is beyond its item's reservation horizon.
    Unreserved,
    /// Units that are free on hand and kept for nobody: a line of a ship set takes them when the whole set can leave.
    Free,
    /// Dated supply to which the line is pegged.
    Supply(SupplyId),
    /// Nothing yet.
    None,
}

/// A quantity that is promised on a day, and what covers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmation {
    /// Base units.
    pub quantity: Quantity,
    /// The day on which they can ship, in the location's time zone. `None` when no date is known.
    pub ship_date: Option<Date>,
    /// What covers the promise.
    pub cover: Cover,
    /// The location that will ship. `None` when none is known.
    pub location: Option<LocationId>,
    /// When they reach the customer. `None` when no date or no lane is known.
    pub delivery: Option<Delivery>,
}

/// Why a promise changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PromiseReason {
    /// The line was placed or its quote confirmed.
    Placed,
    /// The line was amended or partly cancelled.
    Amended,
    /// Stock was given to the line.
    Served,
    /// Dated supply was created, moved, changed, cancelled or came.
    SupplyChanged,
    /// Reserved stock was taken away.
    StockLost,
    /// The line was taken over with the promise of another system.
    Imported,
    /// The line, taken over from another system, went live.
    GoLive,
}

/// The confirmations of a line, earliest first, those without a date last.
///
/// `previous` are the confirmations before, so that units which stay reserved keep their day.
pub fn confirmations<'a>(
    previous: &[Confirmation],
    parts: impl IntoIterator<Item = &'a ClaimCopy> + Clone,
    dates: &LineDates<'_>,
) -> Vec<Confirmation> {
    let mut confirmations = Vec::new();
    for (location, quantity) in reserved_by_location(parts.clone()) {
        stock_confirmations(previous, &location, quantity, dates, &mut confirmations);
    }
    let mut unpegged = Quantity::ZERO;
    for part in parts {
        let mut uncovered = part.waiting;
        for peg in &part.pegs {
            let quantity = peg.quantity.min(uncovered);
            uncovered = uncovered.saturating_sub(quantity);
            let cover = Cover::Supply(peg.supply.clone());
            let ship_date = dates.supply_leaves(&peg.location, peg.expected_date);
            push(&mut confirmations, leaving(quantity, ship_date, cover, &peg.location, dates));
        }
        unpegged = unpegged.checked_add(uncovered).unwrap_or(unpegged);
    }
    let open = Confirmation { quantity: unpegged, ship_date: None, cover: Cover::None, location: None, delivery: None };
    push(&mut confirmations, open);
    confirmations.sort_by(|a, b| sort_key(a).cmp(&sort_key(b)));
    confirmations
}

/// Promises units that nothing covers out of what is free at a location on their day, as far as `quantity` goes.
pub fn confirm_unreserved(
    confirmations: &mut Vec<Confirmation>,
    quantity: Quantity,
    location: &LocationId,
    dates: &LineDates<'_>,
) {
    let Some(open) = confirmations.iter_mut().find(|confirmation| confirmation.cover == Cover::None) else { return };
    let quantity = quantity.min(open.quantity);
    open.quantity = open.quantity.saturating_sub(quantity);
    confirmations.retain(|confirmation| !confirmation.quantity.is_zero());
    let ship_date = dates.stock_leaves(location);
    push(confirmations, leaving(quantity, ship_date, Cover::Unreserved, location, dates));
    confirmations.sort_by(|a, b| sort_key(a).cmp(&sort_key(b)));
}

/// Parts of one promise in their order: earliest first, those without a date last, equal ones as one, empty ones left out.
pub(super) fn merged(parts: Vec<Confirmation>) -> Vec<Confirmation> {
    let mut confirmations = Vec::with_capacity(parts.len());
    for part in parts {
        push(&mut confirmations, part);
    }
    confirmations.sort_by(|a, b| sort_key(a).cmp(&sort_key(b)));
    confirmations
}

fn sort_key(confirmation: &Confirmation) -> (bool, Option<Date>, &Cover, Option<&LocationId>) {
    let date = confirmation.ship_date;
    (date.is_none(), date, &confirmation.cover, confirmation.location.as_ref())
}

fn reserved_by_location<'a>(parts: impl IntoIterator<Item = &'a ClaimCopy>) -> Vec<(LocationId, Quantity)> {
    let mut by_location: Vec<(LocationId, Quantity)> = Vec::new();
    for reserved in parts.into_iter().flat_map(|part| &part.reservations) {
        match by_location.iter_mut().find(|(location, _)| *location == reserved.location) {
            Some((_, sum)) => *sum = sum.checked_add(reserved.quantity).unwrap_or(*sum),
            None => by_location.push((reserved.location.clone(), reserved.quantity)),
        }
    }
    by_location
}

/// Units that were confirmed out of stock at the location before keep their day; the rest gets the new one.
fn stock_confirmations(
    previous: &[Confirmation],
    location: &LocationId,
    quantity: Quantity,
    dates: &LineDates<'_>,
    confirmations: &mut Vec<Confirmation>,
) {
    let new_date = dates.stock_leaves(location);
    let mut left = quantity;
    let kept = previous.iter().filter(|p| p.cover == Cover::Stock && p.location.as_ref() == Some(location));
    for before in kept {
        let date = before.ship_date.or(new_date);
        let stays = before.quantity.min(left);
        left = left.saturating_sub(stays);
        push(confirmations, leaving(stays, date, Cover::Stock, location, dates));
    }
    push(confirmations, leaving(left, new_date, Cover::Stock, location, dates));
}

fn leaving(
    quantity: Quantity,
    ship_date: Option<Date>,
    cover: Cover,
    location: &LocationId,
    dates: &LineDates<'_>,
) -> Confirmation {
    let delivery = ship_date.and_then(|date| dates.delivery(location, date));
    Confirmation { quantity, ship_date, cover, location: Some(location.clone()), delivery }
}

fn push(confirmations: &mut Vec<Confirmation>, new: Confirmation) {
    if new.quantity.is_zero() {
        return;
    }
    let same = confirmations
        .iter_mut()
        .find(|c| (c.ship_date, &c.cover, &c.location) == (new.ship_date, &new.cover, &new.location));
    match same {
        Some(confirmation) => {
            confirmation.quantity = confirmation.quantity.checked_add(new.quantity).unwrap_or(confirmation.quantity);
        }
        None => confirmations.push(new),
    }
}

/// The day by which all confirmed units can ship, with the confirmation that sets it. `None` when nothing is confirmed or
/// some units have no date.
#[must_use]
pub fn promised(confirmations: &[Confirmation]) -> Option<(Date, &Confirmation)> {
    let mut latest: Option<(Date, &Confirmation)> = None;
    for confirmation in confirmations {
        let date = confirmation.ship_date?;
        if latest.is_none_or(|(last, _)| date > last) {
            latest = Some((date, confirmation));
        }
    }
    latest
}

/// When all confirmed units have reached the customer. `None` when nothing is confirmed, or for some units no day is known.
#[must_use]
pub fn delivered(confirmations: &[Confirmation]) -> Option<&Delivery> {
    let mut latest: Option<&Delivery> = None;
    for confirmation in confirmations {
        let delivery = confirmation.delivery.as_ref()?;
        if latest.is_none_or(|last| delivery.date > last.date) {
            latest = Some(delivery);
        }
    }
    latest
}

/// Whether the customer's promise is another one: other quantities on other days, or out of stock instead of supply. Which
/// supply covers a day, and units that have shipped, make no other promise.
#[must_use]
pub fn is_another(previous: &[Confirmation], next: &[Confirmation]) -> bool {
    profile(previous) != profile(next)
}

/// What is promised, as a customer sees it: the days, whether it is there already, where it ships, how many. Without a
/// day last.
type Promised<'a> = (bool, Option<Date>, bool, Option<&'a LocationId>, Option<&'a Delivery>);

fn profile(confirmations: &[Confirmation]) -> Vec<(Promised<'_>, Quantity)> {
    let mut profile: Vec<(Promised<'_>, Quantity)> = Vec::with_capacity(confirmations.len());
    for c in confirmations {
        // Units that are promised unreserved are there, and when they are reserved the customer hears nothing new.
        let is_there = matches!(c.cover, Cover::Stock | Cover::Unreserved);
        let key = (c.ship_date.is_none(), c.ship_date, is_there, c.location.as_ref(), c.delivery.as_ref());
        match profile.iter_mut().find(|(known, _)| *known == key) {
            Some((_, sum)) => *sum = sum.checked_add(c.quantity).unwrap_or(*sum),
            None => profile.push((key, c.quantity)),
        }
    }
    profile.sort();
    profile
}

/// Why the promise changed when inventory told of it by itself: by what happened to the line's units. `None` when units
/// only shipped, which fulfils the promise and does not change it.
#[must_use]
pub fn reason_of(before: ClaimSums, after: ClaimSums) -> Option<PromiseReason> {
    let left = before.total().zip(after.total()).is_some_and(|(before, after)| after < before);
    if left {
        Some(PromiseReason::Amended)
    } else if after.waiting > before.waiting {
        Some(PromiseReason::StockLost)
    } else if after.waiting < before.waiting {
        Some(PromiseReason::Served)
    } else if after.posted > before.posted {
        None
    } else {
        Some(PromiseReason::SupplyChanged)
    }
}

/// Units that wait for an item that is not released yet: no backorder.
#[must_use]
pub fn preorder_units(confirmations: &[Confirmation], dates: &LineDates<'_>) -> Option<Quantity> {
    if dates.release.is_none() {
        return Some(Quantity::ZERO);
    }
    Quantity::checked_sum(confirmations.iter().filter(|c| c.cover != Cover::Stock).map(|c| c.quantity))
}

/// Units that wait and cannot leave in time for the requested day: what is backordered. Of an item that is not released
/// none are.
#[must_use]
pub fn late_units(confirmations: &[Confirmation], dates: &LineDates<'_>) -> Option<Quantity> {
    if dates.release.is_some() {
        return Some(Quantity::ZERO);
    }
    let waiting = confirmations.iter().filter(|c| c.cover != Cover::Stock);
    Quantity::checked_sum(waiting.filter(|c| !is_in_time(c, dates)).map(|c| c.quantity))
}

/// Units that wait, are wanted later than `today`, and can leave in time: no backorder. What is preordered is counted as
/// that.
#[must_use]
pub fn future_units(confirmations: &[Confirmation], dates: &LineDates<'_>, today: Date) -> Option<Quantity> {
    if dates.requested <= today || dates.release.is_some() {
        return Some(Quantity::ZERO);
    }
    let waiting = confirmations.iter().filter(|c| c.cover != Cover::Stock);
    Quantity::checked_sum(waiting.filter(|c| is_in_time(c, dates)).map(|c| c.quantity))
}

fn is_in_time(confirmation: &Confirmation, dates: &LineDates<'_>) -> bool {
    let leaves = confirmation.ship_date.zip(confirmation.location.as_ref());
    leaves.is_some_and(|(date, location)| date <= dates.due(location))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use jiff::{Timestamp, tz::TimeZone};

    use super::*;
    use crate::{
        calendar::ShipSchedule,
        order::{
            claim::{Pegged, Reserved},
            route::{DateBasis, Route},
        },
    };

    fn units(n: i64) -> Quantity {
        Quantity::try_new(n).unwrap()
    }

    fn day(number: i8) -> Date {
        jiff::civil::date(2026, 11, number)
    }

    fn place(name: &str) -> LocationId {
        LocationId::try_new(name).unwrap()
    }

    fn reserved(location: &str, quantity: i64) -> Reserved {
        Reserved { location: place(location), quantity: units(quantity) }
    }

    fn pegged(supply: &str, quantity: i64, expected: i8) -> Pegged {
        Pegged {
            supply: SupplyId::try_new(supply).unwrap(),
            location: place("main"),
            quantity: units(quantity),
            expected_date: day(expected),
        }
    }

    fn claim(reservations: Vec<Reserved>, waiting: i64, pegs: Vec<Pegged>) -> ClaimCopy {
        let (released, posted) = (Quantity::ZERO, Quantity::ZERO);
        ClaimCopy { reservations, released, waiting: units(waiting), pegs, posted }
    }

    fn plain(_: &LocationId) -> Route {
        Route { schedule: ShipSchedule::every_day(TimeZone::UTC), lane: None }
    }

    fn wanted(requested: i8, today: i8) -> LineDates<'static> {
        let now: Timestamp = format!("{}T12:00:00Z", day(today)).parse().unwrap();
        LineDates { requested: day(requested), basis: DateBasis::Ship, release: None, now, route: &plain }
    }

    fn made(previous: &[Confirmation], claim: &ClaimCopy, requested: i8, today: i8) -> Vec<Confirmation> {
        confirmations(previous, [claim], &wanted(requested, today))
    }

    #[test]
    fn a_line_with_stock_and_supply_is_promised_for_the_last_of_them() {
        let claim = claim(vec![reserved("main", 4)], 6, vec![pegged("PO-1", 6, 28)]);
        let promise = made(&[], &claim, 23, 23);
        assert_eq!(promise.len(), 2);
        assert_eq!(promise[0].ship_date, Some(day(23)));
        let (date, last) = promised(&promise).unwrap();
        assert_eq!((date, last.quantity), (day(28), units(6)));
    }

    #[test]
    fn units_without_supply_leave_the_line_without_a_date() {
        let promise = made(&[], &claim(vec![reserved("main", 4)], 6, vec![pegged("PO-1", 5, 28)]), 23, 23);
        assert_eq!(promise[2].cover, Cover::None);
        assert_eq!(promised(&promise), None);
        assert_eq!(promised(&[]), None);
    }

    #[test]
    fn nothing_is_promised_before_the_requested_day() {
        let promise = made(&[], &claim(vec![reserved("main", 4)], 6, vec![pegged("PO-1", 6, 25)]), 30, 23);
        assert!(promise.iter().all(|c| c.ship_date == Some(day(30))));
    }

    #[test]
    fn units_that_stay_reserved_keep_their_day() {
        let first = made(&[], &claim(vec![reserved("main", 4)], 6, vec![]), 23, 23);
        let later = made(&first, &claim(vec![reserved("main", 7)], 3, vec![]), 23, 26);
        let stock: Vec<_> = later.iter().filter(|c| c.cover == Cover::Stock).collect();
        assert_eq!((stock[0].quantity, stock[0].ship_date), (units(4), Some(day(23))));
        assert_eq!((stock[1].quantity, stock[1].ship_date), (units(3), Some(day(26))));
    }

    #[test]
    fn another_supply_of_the_same_day_is_the_same_promise() {
        let before = made(&[], &claim(vec![], 6, vec![pegged("PO-1", 6, 28)]), 23, 23);
        let after = made(&before, &claim(vec![], 6, vec![pegged("PO-2", 4, 28), pegged("PO-3", 2, 28)]), 23, 24);
        assert!(!is_another(&before, &after));
        let moved = made(&before, &claim(vec![], 6, vec![pegged("PO-1", 6, 29)]), 23, 24);
        assert!(is_another(&before, &moved));
    }

    #[test]
    fn the_reason_is_what_happened_to_the_units() {
        let sums = |waiting, reserved, posted| ClaimSums {
            waiting: units(waiting),
            reserved: units(reserved),
            posted: units(posted),
            ..ClaimSums::default()
        };
        let before = sums(6, 4, 0);
        assert_eq!(reason_of(before, sums(2, 8, 0)), Some(PromiseReason::Served));
        assert_eq!(reason_of(before, sums(8, 2, 0)), Some(PromiseReason::StockLost));
        assert_eq!(reason_of(before, sums(6, 4, 0)), Some(PromiseReason::SupplyChanged));
        assert_eq!(reason_of(before, sums(4, 4, 0)), Some(PromiseReason::Amended));
        assert_eq!(reason_of(before, sums(6, 1, 3)), None);
    }

    #[test]
    fn units_of_an_item_that_is_not_released_are_preordered_and_not_late() {
        let claim = claim(vec![reserved("main", 4)], 6, vec![pegged("PO-1", 2, 25)]);
        let dates = LineDates { release: Some(day(28)), ..wanted(24, 23) };
        let promise = confirmations(&[], [&claim], &dates);
        assert_eq!(preorder_units(&promise, &dates), Some(units(6)));
        assert_eq!(late_units(&promise, &dates), Some(Quantity::ZERO));
        assert_eq!(promise[0].ship_date, Some(day(28)));
        assert_eq!(preorder_units(&promise, &wanted(24, 23)), Some(Quantity::ZERO));
    }

    #[test]
    fn only_units_that_miss_the_requested_day_are_backordered() {
        let claim = claim(vec![reserved("main", 4)], 6, vec![pegged("PO-1", 2, 25), pegged("PO-2", 3, 29)]);
        let promise = made(&[], &claim, 27, 23);
        let dates = wanted(27, 23);
        assert_eq!(late_units(&promise, &dates), Some(units(4)));
        assert_eq!(future_units(&promise, &dates, day(23)), Some(units(2)));
        assert_eq!(future_units(&promise, &dates, day(27)), Some(Quantity::ZERO));
    }
}
