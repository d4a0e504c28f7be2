//! Kits: what customers order as one thing and the warehouse knows only as its components. How the price of a kit is shared
//! among them, and how many kits are what, by the least complete component.
//!
//! Source: domain notes, 2.14: a kit line explodes at order time; figures count the kit once, supply counts components.

use crate::quantity::Quantity;

/// A component, as far as the price of the kit goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worth<'a> {
    /// Base units in each kit.
    pub units: i64,
    /// The list price of one of them in nano-units, with its currency.
    pub price: Option<(i64, &'a str)>,
    /// The cost of one of them in nano-units, with its currency.
    pub cost: Option<(i64, &'a str)>,
}

/// The part of a kit's price, in nano-units, that the units of each component have in each kit. The parts sum exactly to the
/// price.
///
/// Shared by list prices where each component has one in the same currency, else by costs, else by units. What the division
/// leaves goes nano by nano to the largest remainders, of equal ones to the first.
#[must_use]
pub fn shares(price: i64, components: &[Worth<'_>]) -> Vec<i64> {
    let by_units = || components.iter().map(|component| i128::from(component.units)).collect::<Vec<_>>();
    let weights = weights(components, |component| component.price)
        .or_else(|| weights(components, |component| component.cost))
        .unwrap_or_else(by_units);
    let all: i128 = weights.iter().sum();
    if all == 0 {
        return vec![0; components.len()];
    }
    let exact: Vec<i128> = weights.iter().map(|weight| i128::from(price) * weight).collect();
    let mut shares: Vec<i128> = exact.iter().map(|part| part / all).collect();
    let left = i128::from(price) - shares.iter().sum::<i128>();
    let mut by_remainder: Vec<usize> = (0..components.len()).collect();
    by_remainder.sort_by_key(|index| std::cmp::Reverse(exact[*index] % all));
    for index in by_remainder.into_iter().take(usize::try_from(left).unwrap_or_default()) {
        shares[index] += 1;
    }
    // Each is at most the price, which is a whole number of 64 bits.
    shares.into_iter().map(|share| i64::try_from(share).unwrap_or(price)).collect()
}

fn weights<'a>(components: &[Worth<'a>], money: impl Fn(&Worth<'a>) -> Option<(i64, &'a str)>) -> Option<Vec<i128>> {
    let (_, currency) = components.first().and_then(&money)?;
    let each = components.iter().map(|component| {
        let (nanos, _) = money(component).filter(|(_, own)| *own == currency)?;
        Some(i128::from(nanos) * i128::from(component.units))
    });
    each.collect::<Option<Vec<_>>>().filter(|weights| weights.iter().sum::<i128>() > 0)
}

/// What units of a component are worth, in nano-units, by its part of the price of each kit. Whole kits are worth exactly
/// their part; what lies between is rounded down. `None` when it is more than can be kept.
#[must_use]
pub fn value(share: i64, units_per_kit: i64, units: i64) -> Option<i64> {
    i64::try_from(i128::from(share) * i128::from(units) / i128::from(units_per_kit.max(1))).ok()
}

/// The quantities of one component, in its base units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Component {
    /// Base units in each kit.
    pub per_kit: i64,
    /// See [`VectorParts`](super::line::VectorParts).
    pub ordered: i64,
    /// Reserved or in the warehouse's hands.
    pub covered: i64,
    /// Shipped.
    pub shipped: i64,
    /// The part of the shipped ones that came back.
    pub returned: i64,
    /// Cancelled.
    pub cancelled: i64,
    /// Refused.
    pub refused: i64,
    /// Reserved at once.
    pub filled_at_once: i64,
    /// Backordered.
    pub backordered: i64,
}

/// How many kits are what. Always: ordered = open + covered + shipped + cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KitFigures {
    /// Asked for: ordered and refused.
    pub requested: i64,
    /// Accepted.
    pub ordered: i64,
    /// Something of them is missing.
    pub open: i64,
    /// All of them is reserved or in the warehouse's hands.
    pub covered: i64,
    /// They left whole.
    pub shipped: i64,
    /// The part of the shipped ones that came back whole.
    pub returned: i64,
    /// Something of them was cancelled.
    pub cancelled: i64,
    /// Refused.
    pub refused: i64,
    /// All of them was reserved at once.
    pub filled_at_once: i64,
    /// Something of them could not ship in time.
    pub backordered: i64,
}

impl KitFigures {
    /// The figures of a kit with these components. A kit is what its least complete component is.
    #[must_use]
    pub fn of(components: &[Component]) -> Self {
        let whole = |units: fn(&Component) -> i64| {
            components.iter().map(|component| units(component) / component.per_kit.max(1)).min().unwrap_or_default()
        };
        let begun = |units: fn(&Component) -> i64| {
            let kits = components.iter().map(|component| {
                let per_kit = component.per_kit.max(1);
                (units(component) + per_kit - 1) / per_kit
            });
            kits.max().unwrap_or_default()
        };
        let requested = whole(|component| component.ordered + component.refused);
        let ordered = whole(|component| component.ordered);
        let shipped = whole(|component| component.shipped).min(ordered);
        let cancelled = begun(|component| component.cancelled).min(ordered - shipped);
        let there = whole(|component| component.shipped + component.covered) - shipped;
        let covered = there.min(ordered - shipped - cancelled);
        Self {
            requested,
            ordered,
            open: ordered - shipped - cancelled - covered,
            covered,
            shipped,
            returned: whole(|component| component.returned).min(shipped),
            cancelled,
            refused: requested - ordered,
            filled_at_once: whole(|component| component.filled_at_once),
            backordered: begun(|component| component.backordered).min(ordered),
        }
    }
}

/// Units of each component that make no whole kit with the others, each given as its units per kit and those that are there.
/// Without them all are in proportion.
#[must_use]
pub fn surplus(parts: &[(i64, i64)]) -> Vec<i64> {
    let whole = parts.iter().map(|(per_kit, there)| there / (*per_kit).max(1)).min().unwrap_or_default();
    parts.iter().map(|(per_kit, there)| there - whole * (*per_kit).max(1)).collect()
}

/// What became of the units of a component that passed the gate, or were cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passed {
    /// Base units in each kit.
    pub per_kit: i64,
    /// In the warehouse's hands.
    pub in_hands: i64,
    /// Left for the customer.
    pub left: i64,
    /// Cancelled.
    pub cancelled: i64,
}

/// Units of each component in the warehouse's hands or gone that make no whole kit with the others. A kit of which each
/// component has left or was cancelled is done with: what left of it waits for nothing.
#[must_use]
pub fn surplus_of_passed(parts: &[Passed]) -> Vec<i64> {
    let done = parts.iter().map(|part| (part.left + part.cancelled) / part.per_kit.max(1)).min().unwrap_or_default();
    let rest = parts.iter().map(|part| {
        let of_done = (done * part.per_kit.max(1) - part.cancelled).max(0);
        (part.per_kit, part.in_hands + part.left - of_done)
    });
    surplus(&rest.collect::<Vec<_>>())
}

/// Units of a component that no whole kit can be made of any more: of the others too few are left. Each component is given
/// as its units per kit and those that are neither shipped nor cancelled, `own` by its place among them.
#[must_use]
pub fn left_over(parts: &[(i64, i64)], own: usize) -> i64 {
    let others = parts.iter().enumerate().filter(|(place, _)| *place != own);
    let kits = others.map(|(_, (per_kit, there))| there / (*per_kit).max(1)).min();
    let Some((kits, (per_kit, there))) = kits.zip(parts.get(own)) else { return 0 };
    (there - kits * per_kit.max(&1)).max(0)
}

/// How many kits wait of which each component waits whole, each component given as its units per kit and those that wait.
/// `None` when there are none, or something waits beside them: then the components are out of proportion.
#[must_use]
pub fn waits_whole(parts: &[(i64, i64)]) -> Option<i64> {
    let kits = parts.iter().map(|(per_kit, waiting)| waiting / (*per_kit).max(1)).min().filter(|kits| *kits > 0)?;
    surplus(parts).iter().all(|units| *units == 0).then_some(kits)
}

/// Units of a component in so many kits; `None` when that is more than a command may take.
#[must_use]
pub fn units_of(kits: Quantity, per_kit: i64) -> Option<Quantity> {
    kits.checked_mul(per_kit).filter(|units| *units <= Quantity::COMMAND_MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn worth(units: i64, price: Option<i64>, cost: Option<i64>) -> Worth<'static> {
        Worth { units, price: price.map(|nanos| (nanos, "EUR")), cost: cost.map(|nanos| (nanos, "EUR")) }
    }

    #[test]
    fn a_price_is_shared_by_list_prices_else_by_costs_else_by_units() {
        let listed = [worth(1, Some(30), Some(1)), worth(2, Some(5), Some(9))];
        assert_eq!(shares(20, &listed), [15, 5]);
        let one_without = [worth(1, Some(30), Some(1)), worth(2, None, Some(2))];
        assert_eq!(shares(20, &one_without), [4, 16]);
        let unknown = [worth(1, None, None), worth(3, Some(7), None)];
        assert_eq!(shares(20, &unknown), [5, 15]);
        let abroad = [worth(1, Some(30), None), Worth { price: Some((30, "USD")), ..worth(1, None, None) }];
        assert_eq!(shares(10, &abroad), [5, 5], "money of two currencies is not compared");
        let free = [worth(1, Some(0), Some(3)), worth(1, Some(0), Some(1))];
        assert_eq!(shares(4, &free), [3, 1], "prices of nothing tell nothing");
    }

    #[test]
    fn what_a_division_leaves_goes_to_the_largest_remainder_and_then_to_the_first() {
        let thirds = [worth(1, None, None), worth(1, None, None), worth(1, None, None)];
        assert_eq!(shares(10, &thirds), [4, 3, 3]);
        assert_eq!(shares(11, &thirds), [4, 4, 3]);
        let uneven = [worth(1, Some(1), None), worth(1, Some(2), None)];
        assert_eq!(shares(10, &uneven), [3, 7]);
    }

    #[test]
    fn a_kit_is_what_its_least_complete_component_is() {
        let mug = Component { per_kit: 2, ordered: 10, covered: 10, ..Component::default() };
        let lid = Component { per_kit: 1, ordered: 5, covered: 3, ..Component::default() };
        let kit = KitFigures::of(&[mug, lid]);
        assert_eq!((kit.ordered, kit.covered, kit.open), (5, 3, 2));
        let broken = KitFigures::of(&[mug, Component { cancelled: 1, covered: 4, ..lid }]);
        assert_eq!((broken.cancelled, broken.covered, broken.open), (1, 4, 0));
        let half = KitFigures::of(&[Component { shipped: 3, covered: 7, ..mug }, Component { shipped: 2, ..lid }]);
        assert_eq!((half.shipped, half.covered, half.open), (1, 4, 0), "a mug of the second kit is here");
        assert_eq!(KitFigures::of(&[]), KitFigures::default());
    }

    #[test]
    fn what_left_of_a_kit_whose_rest_was_cancelled_waits_for_nothing() {
        let part = |per_kit, in_hands, left, cancelled| Passed { per_kit, in_hands, left, cancelled };
        assert_eq!(surplus_of_passed(&[part(2, 0, 2, 0), part(1, 0, 0, 0)]), [2, 0], "the lid may follow");
        assert_eq!(surplus_of_passed(&[part(2, 0, 2, 0), part(1, 0, 0, 1)]), [0, 0], "no lid follows");
        assert_eq!(surplus_of_passed(&[part(2, 4, 0, 0), part(1, 1, 0, 1)]), [2, 0], "two mugs are still to come back");
        assert_eq!(surplus_of_passed(&[part(2, 0, 4, 2), part(1, 0, 2, 1)]), [0, 0], "one whole kit was cancelled");
        assert_eq!(surplus_of_passed(&[part(2, 0, 2, 2), part(1, 0, 0, 1)]), [2, 0], "and another has lost its lid");
    }

    #[test]
    fn what_is_left_over_makes_no_whole_kit_with_what_is_left_of_the_others() {
        assert_eq!(left_over(&[(2, 0), (1, 1)], 1), 1);
        assert_eq!((left_over(&[(2, 4), (1, 2)], 0), left_over(&[(2, 4), (1, 2)], 1)), (0, 0));
        assert_eq!((left_over(&[(2, 5), (1, 1)], 0), left_over(&[(2, 5), (1, 1)], 1)), (3, 0));
        assert_eq!(left_over(&[(3, 7)], 0), 0, "a kit of one component is never without the others");
    }

    fn component() -> impl Strategy<Value = (i64, Option<i64>, Option<i64>)> {
        (1_i64..50, proptest::option::of(0_i64..1_000_000_000_000), proptest::option::of(0_i64..1_000_000_000_000))
    }

    proptest! {
        #[test]
        fn shares_sum_to_the_price_and_none_is_negative(
            price in 0_i64..1_000_000_000_000_000,
            components in prop::collection::vec(component(), 1..50),
        ) {
            let components: Vec<_> = components.into_iter().map(|(units, price, cost)| worth(units, price, cost)).collect();
            let shares = shares(price, &components);
            prop_assert_eq!(shares.iter().sum::<i64>(), price);
            prop_assert!(shares.iter().all(|share| *share >= 0));
        }

        #[test]
        fn what_is_given_back_in_any_parts_sums_to_the_value_of_the_whole(
            share in 0_i64..1_000_000_000_000,
            per_kit in 1_i64..1_000,
            kits in 1_i64..100,
            cuts in prop::collection::vec(0_i64..100_000, 0..8),
        ) {
            let all = per_kit * kits;
            let mut cuts: Vec<i64> = cuts.into_iter().map(|cut| cut % (all + 1)).chain([0, all]).collect();
            cuts.sort_unstable();
            let worth = |units| value(share, per_kit, units).unwrap_or_default();
            let parts: i64 = cuts.windows(2).map(|cut| worth(cut[1]) - worth(cut[0])).sum();
            prop_assert_eq!(parts, share * kits);
        }

        #[test]
        fn kits_always_add_up(components in prop::collection::vec(
            (1_i64..6, 0_i64..6, 0_i64..6, 0_i64..6, 0_i64..6), 1..5,
        ), kits in 0_i64..20) {
            let components: Vec<Component> = components
                .into_iter()
                .map(|(per_kit, covered, shipped, cancelled, refused)| {
                    let ordered = kits * per_kit;
                    let shipped = shipped.min(ordered);
                    let covered = covered.min(ordered - shipped);
                    let cancelled = cancelled.min(ordered - shipped - covered);
                    Component { per_kit, ordered, covered, shipped, cancelled, refused, ..Component::default() }
                })
                .collect();
            let kit = KitFigures::of(&components);
            prop_assert_eq!(kit.ordered, kits);
            prop_assert_eq!(kit.open + kit.covered + kit.shipped + kit.cancelled, kit.ordered);
            for part in [kit.open, kit.covered, kit.shipped, kit.cancelled, kit.refused] {
                prop_assert!(part >= 0);
            }
        }
    }
}
