//! The demand of a profile: what waits for a location without a reservation, with the day on which it is due there.
//!
//! Pure: it reads a book in which all waiting claims, all positions and the open supplies are loaded.

use std::collections::{BTreeMap, BTreeSet};

use backorder_domain::{
    ids::LocationId,
    quantity::Quantity,
    stock::{atp::Dated, book::ItemBook, claim::Claim},
};
use jiff::civil::Date;

/// The demand at a location (domain.md 2.10): what is pegged to supply there, on the day of that supply; what waits
/// without a peg and may be served from there, on its requested day, or today when it has none. Units that HELD covers
/// are left out, as HELD is left out of what is free: holds cover the first eligible claims of the queue. What several
/// locations may serve, and no supply is known for, counts at each, so that it is promised twice at none.
pub fn demand_at(book: &ItemBook, location: &LocationId, today: Date) -> Vec<Dated> {
    let mut held: BTreeMap<&LocationId, Quantity> =
        book.positions().map(|position| (&position.location, position.held)).collect();
    let supplies_here: BTreeMap<_, _> = book
        .supplies()
        .filter(|supply| supply.location == *location && supply.counts_on(today))
        .filter_map(|supply| Some((&supply.id, supply.expected_date?)))
        .collect();
    let countable: BTreeSet<_> = book
        .supplies()
        .filter(|supply| book.today(&supply.location).is_ok_and(|today| supply.counts_on(today)))
        .map(|supply| &supply.id)
        .collect();
    let mut waiting: Vec<&Claim> = book.claims().filter(|claim| !claim.waiting.is_zero()).collect();
    waiting.sort_by(|left, right| left.queue_place().cmp(&right.queue_place()));

    let mut demand = Vec::new();
    for claim in waiting {
        let mut rest = claim.waiting.saturating_sub(cover(claim, &mut held));
        for peg in claim.pegs.iter().filter(|peg| countable.contains(&peg.supply)) {
            let quantity = peg.quantity.min(rest);
            rest = rest.saturating_sub(quantity);
            if let Some(date) = supplies_here.get(&peg.supply) {
                demand.push(Dated { date: *date, quantity });
            }
        }
        if claim.waits_at().contains(location) {
            demand.push(Dated { date: claim.requested_date.unwrap_or(today), quantity: rest });
        }
    }
    demand.retain(|dated| !dated.quantity.is_zero());
    demand
}

/// The part of an eligible claim that HELD covers; those units are taken out of `held`.
fn cover(claim: &Claim, held: &mut BTreeMap<&LocationId, Quantity>) -> Quantity {
    let mut rest = claim.eligible_waiting();
    for location in claim.waits_at() {
        if let Some(there) = held.get_mut(location) {
            let piece = (*there).min(rest);
            *there = there.saturating_sub(piece);
            rest = rest.saturating_sub(piece);
        }
    }
    claim.eligible_waiting().saturating_sub(rest)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use backorder_domain::{
        ids::{ItemId, LineId, SupplyId},
        stock::{
            book::{ItemScope, LocationScope},
            claim::{ClaimKey, Peg, Strength},
            position::Position,
            supply::{Supply, SupplyKind},
        },
    };
    use jiff::{Timestamp, civil::date};

    use super::*;

    const TODAY: Date = date(2026, 3, 2);

    fn units(units: i64) -> Quantity {
        Quantity::try_new(units).unwrap()
    }

    fn place(id: &str) -> LocationId {
        LocationId::try_new(id).unwrap()
    }

    fn waiting(line: &str, quantity: i64, at: &[&str], pegs: &[(&str, i64)]) -> Claim {
        let pegs: Vec<Peg> =
            pegs.iter().map(|(id, q)| Peg { supply: SupplyId::try_new(*id).unwrap(), quantity: units(*q) }).collect();
        Claim {
            key: ClaimKey { line: LineId::try_new(line).unwrap(), part: 1 },
            reserved: Quantity::ZERO,
            waiting: units(quantity),
            pegged: Quantity::checked_sum(pegs.iter().map(|peg| peg.quantity)).unwrap(),
            posted: Quantity::ZERO,
            strength: Strength::Firm,
            expires_at: None,
            eligible: true,
            queue_key: line.to_owned(),
            queue_time: Timestamp::UNIX_EPOCH,
            candidates: at.iter().map(|id| place(id)).collect(),
            split_allowed: true,
            min_per_location: units(1),
            requested_date: None,
            reservations: Vec::new(),
            pegs,
            version: 1,
        }
    }

    fn supply(id: &str, location: &str, open: i64, expected: Date) -> Supply {
        Supply {
            id: SupplyId::try_new(id).unwrap(),
            location: place(location),
            kind: SupplyKind::PurchaseOrderLine,
            ordered: units(open),
            received: Quantity::ZERO,
            cancelled: Quantity::ZERO,
            advised: Quantity::ZERO,
            pegged: Quantity::ZERO,
            agreed_date: None,
            expected_date: Some(expected),
            parent: None,
            sent_from: None,
            supplier: String::new(),
            reference: String::new(),
            version: 1,
        }
    }

    fn book(held: &[(&str, i64)], claims: Vec<Claim>, supplies: Vec<Supply>) -> ItemBook {
        let location = |(id, held): &(&str, i64)| LocationScope {
            position: Position { held: units(*held), ..Position::empty(place(id)) },
            eligible_waiting: Quantity::ZERO,
            today: TODAY,
        };
        ItemBook::load(ItemScope {
            item: ItemId::try_new("i").unwrap(),
            locations: held.iter().map(location).collect(),
            total_waiting: Quantity::checked_sum(claims.iter().map(|claim| claim.waiting)).unwrap(),
            claims,
            holds: Vec::new(),
            supplies,
            all_waiting_loaded: true,
        })
        .unwrap()
    }

    fn due(book: &ItemBook, location: &str) -> Vec<(Date, i64)> {
        demand_at(book, &place(location), TODAY).iter().map(|dated| (dated.date, dated.quantity.get())).collect()
    }

    #[test]
    fn pegged_units_are_due_with_their_supply_and_the_rest_on_the_requested_day() {
        let mut claim = waiting("l", 10, &["a"], &[("po", 4)]);
        claim.requested_date = Some(date(2026, 3, 20));
        let book = book(&[("a", 0)], vec![claim], vec![supply("po", "a", 4, date(2026, 3, 9))]);
        assert_eq!(due(&book, "a"), [(date(2026, 3, 9), 4), (date(2026, 3, 20), 6)]);
    }

    #[test]
    fn units_pegged_elsewhere_are_no_demand_here() {
        let claim = waiting("l", 4, &["a", "b"], &[("po", 4)]);
        let book = book(&[("a", 0), ("b", 0)], vec![claim], vec![supply("po", "b", 4, date(2026, 3, 9))]);
        assert_eq!(due(&book, "a"), []);
        assert_eq!(due(&book, "b"), [(date(2026, 3, 9), 4)]);
    }

    #[test]
    fn what_no_supply_is_known_for_counts_wherever_it_may_be_served() {
        let book = book(&[("a", 0), ("b", 0)], vec![waiting("l", 4, &["a", "b"], &[])], Vec::new());
        assert_eq!(due(&book, "a"), [(TODAY, 4)]);
        assert_eq!(due(&book, "b"), [(TODAY, 4)]);
    }

    #[test]
    fn held_units_cover_the_first_of_the_queue() {
        let mut not_eligible = waiting("a", 5, &["a"], &[]);
        not_eligible.eligible = false;
        let claims = vec![not_eligible, waiting("b", 3, &["a"], &[]), waiting("c", 3, &["a"], &[])];
        let book = book(&[("a", 4)], claims, Vec::new());
        assert_eq!(due(&book, "a"), [(TODAY, 5), (TODAY, 2)]);
    }

    #[test]
    fn a_peg_to_past_due_supply_counts_as_no_peg() {
        let claim = waiting("l", 4, &["a"], &[("po", 4)]);
        let book = book(&[("a", 0)], vec![claim], vec![supply("po", "a", 4, date(2026, 3, 1))]);
        assert_eq!(due(&book, "a"), [(TODAY, 4)]);
    }
}
