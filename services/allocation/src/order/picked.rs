//! What somebody says that units which leave are of: on the way to inventory, and beside what is booked.

use std::collections::BTreeMap;

use backorder_domain::quantity::Quantity;
use backorder_proto::{allocation::v1 as pb, convert::allocation::line_name, inventory::v1 as inventory};

use super::LineKey;

/// Units of one batch and owner. At least one of the two is not empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picked {
    /// The batch; empty when nobody looked.
    pub batch: String,
    /// Whose they are; empty when nobody looked.
    pub owner: String,
    /// Base units, at least 1.
    pub quantity: Quantity,
}

/// The units of a line that ship, as inventory takes them: those that are told with their locations, then the rest. `None`
/// when more is told than ships.
#[must_use]
pub fn post_lines<'p>(
    all: &inventory::PostLine,
    picked: impl IntoIterator<Item = (&'p Picked, String)>,
    seen: bool,
) -> Option<Vec<inventory::PostLine>> {
    let mut rest = all.quantity;
    let mut lines = Vec::new();
    for (picked, location) in picked {
        rest -= picked.quantity.get();
        lines.push(inventory::PostLine {
            location,
            quantity: picked.quantity.get(),
            batch: picked.batch.clone(),
            owner: picked.owner.clone(),
            seen,
            ..all.clone()
        });
    }
    if rest > 0 {
        lines.push(inventory::PostLine { quantity: rest, ..all.clone() });
    }
    (rest >= 0).then_some(lines)
}

/// Units by batch and owner.
type Units<'a> = BTreeMap<(&'a str, &'a str), i64>;

/// By demand line: how what is booked differs from what somebody saw, for people.
#[must_use]
pub fn differences(told: &[inventory::PostLine], left: &[inventory::PostedUnits]) -> BTreeMap<String, String> {
    let mut seen: BTreeMap<&str, Units<'_>> = BTreeMap::new();
    for told in told.iter().filter(|told| told.seen) {
        *seen.entry(&told.line).or_default().entry((&told.batch, &told.owner)).or_default() += told.quantity;
    }
    let mut booked: BTreeMap<&str, Units<'_>> = BTreeMap::new();
    for left in left {
        *booked.entry(&left.line).or_default().entry((&left.batch, &left.owner)).or_default() += left.quantity;
    }
    let mut differences = BTreeMap::new();
    for (line, seen) in seen {
        let booked = booked.remove(line).unwrap_or_default();
        if !has_all(&seen, booked.clone()) {
            let detail = format!("booked are {}, seen were {}", words(&booked), words(&seen));
            differences.insert(line.to_owned(), detail);
        }
    }
    differences
}

/// By demand line: how many units left that are not what the line asks for, and what that is, for people.
#[must_use]
pub fn unfit(asked: &[pb::OrderLine], left: &[inventory::PostedUnits]) -> BTreeMap<String, String> {
    let mut unfit: BTreeMap<&str, (i32, i64)> = BTreeMap::new();
    for left in left.iter().filter(|left| left.unfit) {
        unfit.entry(&left.line).or_insert((left.part, 0)).1 += left.quantity;
    }
    let told = unfit.into_iter().filter_map(|(claim, (part, quantity))| {
        let key = LineKey::of_claim(claim, part)?;
        let name = line_name(&key.order, key.line);
        let line = asked.iter().find(|line| line.name == name)?;
        let batch = (!line.batch.is_empty()).then(|| format!("batch {}", line.batch));
        let days = line.min_remaining_shelf_life_days;
        let days = (days > 0).then(|| format!("{days} days of remaining shelf life"));
        let wish = batch.into_iter().chain(days).collect::<Vec<_>>().join(", ");
        let detail = format!("{quantity} of the units that left are not what the line asks for: {wish}");
        Some((claim.to_owned(), detail))
    });
    told.collect()
}

/// Whether what was seen is among what is booked. What says more is looked for first.
fn has_all(seen: &Units<'_>, mut booked: Units<'_>) -> bool {
    let mut seen: Vec<_> = seen.iter().collect();
    seen.sort_by_key(|((batch, owner), _)| (batch.is_empty(), owner.is_empty()));
    seen.into_iter().all(|((batch, owner), quantity)| {
        let mut rest = *quantity;
        for ((of, whose), there) in &mut booked {
            if (batch.is_empty() || batch == of) && (owner.is_empty() || owner == whose) {
                let taken = rest.min(*there);
                rest -= taken;
                *there -= taken;
            }
        }
        rest == 0
    })
}

fn words(units: &Units<'_>) -> String {
    let words = units.iter().map(|((batch, owner), quantity)| {
        let batch = if batch.is_empty() { "no named batch".to_owned() } else { format!("batch {batch}") };
        let owner = if owner.is_empty() { String::new() } else { format!(" and owner {owner}") };
        format!("{quantity} of {batch}{owner}")
    });
    words.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    fn told(batch: &str, owner: &str, quantity: i64) -> inventory::PostLine {
        let (batch, owner) = (batch.to_owned(), owner.to_owned());
        inventory::PostLine { line: "a".to_owned(), batch, owner, quantity, seen: true, ..Default::default() }
    }

    fn left(batch: &str, owner: &str, quantity: i64) -> inventory::PostedUnits {
        let (batch, owner) = (batch.to_owned(), owner.to_owned());
        inventory::PostedUnits { line: "a".to_owned(), batch, owner, quantity, ..Default::default() }
    }

    #[test]
    fn what_was_seen_and_is_booked_differs_in_nothing() {
        let seen = [told("red", "", 3), told("", "acme", 2), told("red", "acme", 1)];
        let booked = [left("red", "acme", 3), left("red", "", 1), left("blue", "acme", 2), left("", "", 4)];
        assert_eq!(differences(&seen, &booked), BTreeMap::new());
    }

    #[test]
    fn units_that_are_booked_in_the_place_of_others_are_named() {
        let found = differences(&[told("red", "", 3)], &[left("red", "", 2), left("", "acme", 1)]);
        let detail = "booked are 1 of no named batch and owner acme, 2 of batch red, seen were 3 of batch red";
        assert_eq!(found.get("a").unwrap(), detail);
    }

    #[test]
    fn what_nobody_told_of_is_what_has_to_go_first() {
        let all = inventory::PostLine { line: "a".to_owned(), quantity: 5, ..Default::default() };
        let picked = |quantity| Picked {
            batch: "red".to_owned(),
            owner: String::new(),
            quantity: Quantity::try_new(quantity).unwrap(),
        };
        let lines = |quantity| post_lines(&all, [(&picked(quantity), String::new())], true);
        let said: Vec<_> = lines(3).unwrap().into_iter().map(|l| (l.batch, l.quantity, l.seen)).collect();
        assert_eq!(said, [("red".to_owned(), 3, true), (String::new(), 2, false)]);
        assert_eq!((lines(5).unwrap().len(), lines(6)), (1, None));
    }
}
