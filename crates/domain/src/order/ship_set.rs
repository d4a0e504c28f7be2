//! Ship sets: which lines of an order go together, on which day all of a set can leave, and what may pass the gate of it.
//!
//! Source: domain notes, 2.11. Whether a set gets stock is decided by inventory; this module must not know stock.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::{
    order::{
        claim::Reserved,
        line::LineVector,
        policy::ShortageInstruction,
        promise::{Confirmation, Cover, merged},
        route::LineDates,
    },
    quantity::Quantity,
};

/// The set of the lines that ship complete, whatever else their order has.
pub const COMPLETE: &str = "complete";

/// What a line says about going with others.
#[derive(Debug, Clone, Copy)]
pub struct LineWish<'a> {
    /// The number of the line.
    pub number: i32,
    /// Lines of the order with the same text go together; empty when the customer named none.
    pub ship_set: &'a str,
    /// What the customer wants on shortage.
    pub instruction: ShortageInstruction,
    /// The number of the kit of which the line is a component.
    pub kit: Option<i32>,
}

/// The set of a kit that is in no other.
#[must_use]
pub fn of_kit(kit: i32) -> String {
    format!("kit {kit}")
}

/// The name of the set of each line that is in one.
///
/// All lines with SC are one set, and so are lines with the same `ship_set`; where a line is in both, both are one. The
/// components of a kit that is in no other set are a set, and so is a line with SE.
#[must_use]
pub fn sets_of(lines: &[LineWish<'_>]) -> BTreeMap<i32, String> {
    let is_complete = |line: &&LineWish<'_>| line.instruction == ShortageInstruction::ShipComplete;
    let joined: BTreeSet<&str> = lines.iter().filter(is_complete).map(|line| line.ship_set).collect();
    let mut sets = BTreeMap::new();
    for line in lines {
        let named = !line.ship_set.is_empty();
        let set = match line.instruction {
            ShortageInstruction::ShipComplete => COMPLETE.to_owned(),
            _ if named && joined.contains(line.ship_set) => COMPLETE.to_owned(),
            _ if named => format!("set {}", line.ship_set),
            _ if let Some(kit) = line.kit => of_kit(kit),
            ShortageInstruction::ShipItemComplete => format!("line {}", line.number),
            ShortageInstruction::NoBackOrder
            | ShortageInstruction::BackOrder
            | ShortageInstruction::ShipPartialBackOrder
            | ShortageInstruction::ShipPartialCancel
            | ShortageInstruction::ShipAsSoonAsPossible => continue,
        };
        sets.insert(line.number, set);
    }
    sets
}

/// The confirmations of a line when units that are free now count as there: they stand for what is expected last.
#[must_use]
pub fn with_free(own: Vec<Confirmation>, free: &[Reserved], dates: &LineDates<'_>) -> Vec<Confirmation> {
    let mut parts = own;
    for there in free {
        let ship_date = dates.stock_leaves(&there.location);
        let mut left = there.quantity;
        for part in parts.iter_mut().rev().filter(|part| !matches!(part.cover, Cover::Stock | Cover::Free)) {
            let replaced = part.quantity.min(left);
            part.quantity = part.quantity.saturating_sub(replaced);
            left = left.saturating_sub(replaced);
        }
        let quantity = there.quantity.saturating_sub(left);
        let delivery = ship_date.and_then(|date| dates.delivery(&there.location, date));
        let location = Some(there.location.clone());
        parts.push(Confirmation { quantity, ship_date, cover: Cover::Free, location, delivery });
        parts = merged(parts);
    }
    parts
}

/// The confirmations of a line that leaves together with others on `day`: none of it leaves before. `None` means that no day
/// is known for some line of the set, and so for none.
#[must_use]
pub fn together(own: Vec<Confirmation>, day: Option<Date>, dates: &LineDates<'_>) -> Vec<Confirmation> {
    let moved = own.into_iter().map(|part| {
        let ship_date = day.zip(part.ship_date).map(|(day, own)| day.max(own));
        let delivery =
            ship_date.zip(part.location.as_ref()).and_then(|(date, location)| dates.delivery(location, date));
        Confirmation { ship_date, delivery, ..part }
    });
    merged(moved.collect())
}

/// The day on which all lines can leave: the latest of theirs. `None` when it is not known for one, or there is none.
#[must_use]
pub fn last_day(days: impl IntoIterator<Item = Option<Date>>) -> Option<Date> {
    days.into_iter().try_fold(None, |latest: Option<Date>, day| Some(latest.max(Some(day?))))?
}

/// Which gate units pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// Into the warehouse's hands.
    Release,
    /// Out of the house.
    Ship,
}

/// Why a set may not pass a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SetBroken {
    /// Units of the line wait.
    #[error("{0} units of it wait")]
    Waits(Quantity),
    /// Units of the line could pass the gate and would stay behind.
    #[error("{0} units of it would stay behind")]
    StaysBehind(Quantity),
}

/// Whether a line lets its set pass a gate when `leaving` units of the line do: nothing of it waits, and all that it has on
/// this side of the gate leaves.
///
/// # Errors
/// [`SetBroken`] when not.
pub fn check_member(gate: Gate, line: &LineVector, leaving: Quantity) -> Result<(), SetBroken> {
    let parts = line.parts();
    if !parts.open.is_zero() {
        return Err(SetBroken::Waits(parts.open));
    }
    let there = match gate {
        Gate::Release => parts.reserved,
        Gate::Ship => line.shippable(),
    };
    let behind = there.saturating_sub(leaving);
    if behind.is_zero() { Ok(()) } else { Err(SetBroken::StaysBehind(behind)) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use proptest::prelude::*;

    use super::*;
    use crate::order::line::VectorParts;
    use ShortageInstruction as Wants;

    fn wish(number: i32, ship_set: &str, instruction: Wants) -> LineWish<'_> {
        LineWish { number, ship_set, instruction, kit: None }
    }

    fn sets(lines: &[LineWish<'_>]) -> Vec<(i32, String)> {
        sets_of(lines).into_iter().collect()
    }

    #[test]
    fn lines_that_ship_complete_are_one_set_and_others_are_not_in_it() {
        let lines = [wish(1, "", Wants::ShipComplete), wish(2, "", Wants::BackOrder), wish(3, "", Wants::ShipComplete)];
        assert_eq!(sets(&lines), [(1, "complete".to_owned()), (3, "complete".to_owned())]);
    }

    #[test]
    fn a_named_set_with_a_line_that_ships_complete_is_one_with_it() {
        let lines = [
            wish(1, "a", Wants::BackOrder),
            wish(2, "a", Wants::ShipComplete),
            wish(3, "b", Wants::ShipItemComplete),
            wish(4, "", Wants::ShipItemComplete),
            wish(5, "", Wants::ShipComplete),
        ];
        let named: Vec<String> = sets(&lines).into_iter().map(|(_, set)| set).collect();
        assert_eq!(named, ["complete", "complete", "set b", "line 4", "complete"]);
    }

    #[test]
    fn the_components_of_a_kit_are_a_set_unless_the_kit_is_in_a_larger_one() {
        let of_kit = |number, kit, wish: LineWish<'static>| LineWish { number, kit: Some(kit), ..wish };
        let lines = [
            of_kit(3, 1, wish(0, "", Wants::BackOrder)),
            of_kit(4, 1, wish(0, "", Wants::BackOrder)),
            of_kit(5, 2, wish(0, "", Wants::ShipComplete)),
            of_kit(6, 2, wish(0, "", Wants::ShipComplete)),
            wish(7, "", Wants::ShipComplete),
            of_kit(8, 9, wish(0, "a", Wants::BackOrder)),
            of_kit(10, 11, wish(0, "", Wants::ShipItemComplete)),
        ];
        let named: Vec<String> = sets(&lines).into_iter().map(|(_, set)| set).collect();
        assert_eq!(named, ["kit 1", "kit 1", "complete", "complete", "complete", "set a", "kit 11"]);
    }

    #[test]
    fn a_customer_s_text_is_never_a_set_of_another_kind() {
        let lines = [wish(1, "complete", Wants::BackOrder), wish(2, "", Wants::ShipComplete)];
        assert_eq!(sets(&lines), [(1, "set complete".to_owned()), (2, "complete".to_owned())]);
    }

    #[test]
    fn a_set_leaves_on_the_day_of_its_last_line() {
        let day = |day| Some(jiff::civil::date(2026, 11, day));
        assert_eq!(last_day([day(3), day(9), day(4)]), day(9));
        assert_eq!(last_day([day(3), None]), None);
        assert_eq!(last_day([]), None);
    }

    #[test]
    fn a_set_passes_a_gate_only_whole() {
        let units = |number| Quantity::try_new(number).unwrap();
        let line = |open, reserved, released| {
            let (open, reserved, released) = (units(open), units(reserved), units(released));
            let ordered = Quantity::checked_sum([open, reserved, released]).unwrap();
            LineVector::try_from_parts(VectorParts { ordered, open, reserved, released, ..VectorParts::default() })
                .unwrap()
        };
        assert_eq!(check_member(Gate::Ship, &line(1, 4, 0), units(4)), Err(SetBroken::Waits(units(1))));
        assert_eq!(check_member(Gate::Ship, &line(0, 3, 1), units(3)), Err(SetBroken::StaysBehind(units(1))));
        assert_eq!(check_member(Gate::Ship, &line(0, 3, 1), units(4)), Ok(()));
        assert_eq!(check_member(Gate::Release, &line(0, 3, 1), units(3)), Ok(()));
        assert_eq!(check_member(Gate::Release, &line(0, 0, 4), units(0)), Ok(()), "it passed before");
    }

    proptest! {
        #[test]
        fn lines_go_together_exactly_when_wishes_chain_them(
            drawn in prop::collection::vec((0..4_u8, 0..7_u8), 1..8)
        ) {
            const ALL: [Wants; 7] = [
                Wants::NoBackOrder, Wants::BackOrder, Wants::ShipPartialBackOrder, Wants::ShipPartialCancel,
                Wants::ShipComplete, Wants::ShipItemComplete, Wants::ShipAsSoonAsPossible,
            ];
            let texts: Vec<String> = drawn.iter().map(|(set, _)| if *set == 0 { String::new() } else { set.to_string() }).collect();
            let lines: Vec<LineWish<'_>> = (1..).zip(&drawn).zip(&texts)
                .map(|((number, (_, wants)), text)| wish(number, text, ALL[usize::from(*wants)]))
                .collect();
            let sets = sets_of(&lines);
            // The naive model: lines are tied by a text or by SC, and what is tied to what is tied is tied.
            let tied = |a: &LineWish<'_>, b: &LineWish<'_>| {
                let both_complete = a.instruction == Wants::ShipComplete && b.instruction == Wants::ShipComplete;
                both_complete || (!a.ship_set.is_empty() && a.ship_set == b.ship_set)
            };
            let mut group: Vec<usize> = (0..lines.len()).collect();
            for _ in 0..lines.len() {
                for a in 0..lines.len() {
                    for b in 0..lines.len() {
                        if tied(&lines[a], &lines[b]) {
                            let least = group[a].min(group[b]);
                            (group[a], group[b]) = (least, least);
                        }
                    }
                }
            }
            for a in 0..lines.len() {
                for b in 0..lines.len() {
                    let (set_a, set_b) = (sets.get(&lines[a].number), sets.get(&lines[b].number));
                    let together = a == b || (set_a.is_some() && set_a == set_b);
                    prop_assert_eq!(together, group[a] == group[b], "{:?}", &lines);
                }
            }
        }
    }
}
