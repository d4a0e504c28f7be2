//! From where a wanted quantity is taken: a pure choice among the free units of candidate locations.

use crate::ids::LocationId;
use crate::quantity::Quantity;

/// Chooses locations for `wanted` units out of what each location offers, first choice first.
///
/// Not split: the first location that offers all of it; when none does, the one that offers most (ties: the first).
/// Split: first choice first, none giving fewer than `minimum` (or than all that is wanted, when that is less); where
/// the last piece would be too small, earlier locations give up units so that it is not. Never more than is wanted.
pub(super) fn place(
    wanted: Quantity,
    offers: &[(LocationId, Quantity)],
    split_allowed: bool,
    minimum: Quantity,
) -> Vec<(LocationId, Quantity)> {
    if wanted.is_zero() {
        return Vec::new();
    }
    if split_allowed { place_split(wanted, offers, minimum.min(wanted)) } else { place_whole(wanted, offers) }
}

fn place_whole(wanted: Quantity, offers: &[(LocationId, Quantity)]) -> Vec<(LocationId, Quantity)> {
    let mut best: Option<&(LocationId, Quantity)> = None;
    for offer in offers {
        if offer.1 >= wanted {
            best = Some(offer);
            break;
        }
        if best.is_none_or(|most| offer.1 > most.1) {
            best = Some(offer);
        }
    }
    let chosen = best.filter(|offer| !offer.1.is_zero());
    chosen.map(|(location, free)| (location.clone(), (*free).min(wanted))).into_iter().collect()
}

fn place_split(wanted: Quantity, offers: &[(LocationId, Quantity)], minimum: Quantity) -> Vec<(LocationId, Quantity)> {
    let mut rest = wanted;
    let mut taken: Vec<(LocationId, Quantity)> = Vec::new();
    for (location, free) in offers {
        if rest.is_zero() {
            break;
        }
        let mut piece = (*free).min(rest);
        if piece < minimum && *free >= minimum {
            // What is left is too small a piece: earlier locations give up units, as far as they keep the minimum.
            let moved = give_up(&mut taken, minimum.saturating_sub(piece), minimum);
            rest = rest.checked_add(moved).unwrap_or(rest);
            piece = (*free).min(rest);
        }
        if piece >= minimum && !piece.is_zero() {
            taken.push((location.clone(), piece));
            rest = rest.saturating_sub(piece);
        }
    }
    taken
}

/// Takes up to `wanted` units back from the pieces, last first, each keeping `minimum`; nothing when it is not enough.
fn give_up(taken: &mut [(LocationId, Quantity)], wanted: Quantity, minimum: Quantity) -> Quantity {
    let spare = Quantity::checked_sum(taken.iter().map(|(_, piece)| piece.saturating_sub(minimum)));
    if spare.is_none_or(|spare| spare < wanted) {
        return Quantity::ZERO;
    }
    let mut rest = wanted;
    for (_, piece) in taken.iter_mut().rev() {
        let given = piece.saturating_sub(minimum).min(rest);
        *piece = piece.saturating_sub(given);
        rest = rest.saturating_sub(given);
    }
    wanted
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    fn placed(wanted: i64, offers: &[i64], split: bool, minimum: i64) -> Vec<i64> {
        let name = |i: usize| LocationId::try_new(format!("l{i}")).unwrap();
        let units = |n: i64| Quantity::try_new(n).unwrap();
        let named: Vec<_> = offers.iter().enumerate().map(|(i, free)| (name(i), units(*free))).collect();
        let pieces = place(units(wanted), &named, split, units(minimum));
        let at = |i: usize| pieces.iter().find(|(l, _)| *l == name(i)).map_or(0, |(_, q)| q.get());
        (0..offers.len()).map(at).collect()
    }

    #[test]
    fn an_unsplit_line_takes_the_first_location_that_covers_it_all() {
        assert_eq!(placed(5, &[4, 6, 9], false, 0), [0, 5, 0]);
    }

    #[test]
    fn an_unsplit_line_that_nobody_covers_takes_the_location_with_most() {
        assert_eq!(placed(10, &[3, 7, 7], false, 0), [0, 7, 0]);
        assert_eq!(placed(10, &[0, 0], false, 0), [0, 0]);
    }

    #[test]
    fn a_split_line_takes_first_choice_first() {
        assert_eq!(placed(10, &[3, 4, 9], true, 0), [3, 4, 3]);
    }

    #[test]
    fn no_piece_of_a_split_is_below_the_minimum() {
        assert_eq!(placed(10, &[3, 4, 9], true, 4), [0, 4, 6]);
        assert_eq!(placed(10, &[8, 5], true, 4), [6, 4]);
        assert_eq!(placed(10, &[8, 3], true, 4), [8, 0]);
        assert_eq!(placed(3, &[3], true, 5), [3]);
    }
}
