//! The shipments of an order: which of them backorders caused.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{
    history::{Histories, ShippedPart},
    outcome::Outcome,
};

/// A shipment with its number, or all that left on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum ShipmentKey<'a> {
    OnDay(Date),
    Numbered(&'a str),
}

/// A shipment of one order that backorders caused: it carries backordered units, and it is a further shipment of its
/// order or an expedited one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CausedShipment {
    /// Whether it was expedited; it is a further shipment else.
    pub expedited: bool,
    /// What the carrier charged, in nano-units, as far as it is known of its parts; `None` when nothing is known.
    pub freight_nanos: Option<i128>,
    /// The lines with backordered units in it, by their places, in the order of their names. At least one.
    pub lines: Vec<usize>,
}

#[derive(Debug)]
struct Shipment {
    on: Date,
    freight_nanos: Option<i128>,
    expedited: bool,
    late_lines: Vec<usize>,
}

/// The shipments that backorders caused, of all orders. The first shipment of an order would have been paid for anyway,
/// and so would a shipment with nothing late in it: the customer wanted it apart, or fast.
#[must_use]
pub fn caused_shipments(histories: &Histories, outcomes: &[Outcome], as_of: Date) -> Vec<CausedShipment> {
    let has_late = |lines: &&Vec<usize>| lines.iter().any(|line| outcomes[*line].shipped_late > 0);
    let orders = histories.orders().iter().filter(has_late);
    orders.flat_map(|lines| caused_by_order(lines, histories, outcomes, as_of)).collect()
}

fn caused_by_order(
    lines: &[usize],
    histories: &Histories,
    outcomes: &[Outcome],
    as_of: Date,
) -> impl Iterator<Item = CausedShipment> {
    let mut lines = lines.to_vec();
    lines.sort_unstable_by_key(|line| &histories.lines()[*line].line);
    let mut shipments: BTreeMap<ShipmentKey<'_>, Shipment> = BTreeMap::new();
    for line in lines {
        let outcome = &outcomes[line];
        let parts = histories.lines()[line].parts.iter().filter(|part| part.on <= as_of && !part.units.is_zero());
        for part in parts {
            let is_late = outcome.is_due && part.on > outcome.due_on && outcome.shipped_late > 0;
            join(&mut shipments, part, is_late.then_some(line));
        }
    }
    let first = shipments.iter().min_by_key(|(key, shipment)| (shipment.on, **key)).map(|(key, _)| *key);
    let caused = move |(key, shipment): (ShipmentKey<'_>, Shipment)| {
        let is_caused = !shipment.late_lines.is_empty() && (shipment.expedited || Some(key) != first);
        let Shipment { expedited, freight_nanos, late_lines, .. } = shipment;
        is_caused.then_some(CausedShipment { expedited, freight_nanos, lines: late_lines })
    };
    shipments.into_iter().filter_map(caused).collect::<Vec<_>>().into_iter()
}

fn join<'a>(shipments: &mut BTreeMap<ShipmentKey<'a>, Shipment>, part: &'a ShippedPart, late_line: Option<usize>) {
    let key = part.shipment.as_deref().map_or(ShipmentKey::OnDay(part.on), ShipmentKey::Numbered);
    let new = || Shipment { on: part.on, freight_nanos: None, expedited: false, late_lines: Vec::new() };
    let shipment = shipments.entry(key).or_insert_with(new);
    shipment.on = shipment.on.min(part.on);
    shipment.expedited |= part.expedited;
    if let Some(nanos) = part.freight_nanos {
        shipment.freight_nanos = Some(shipment.freight_nanos.unwrap_or(0) + i128::from(nanos));
    }
    if let Some(line) = late_line.filter(|line| shipment.late_lines.last() != Some(line)) {
        shipment.late_lines.push(line);
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::figures::{
        history::LineHistory,
        outcome::outcomes,
        samples::{VIEW, line, named, shipped},
    };

    fn caused(lines: Vec<LineHistory>) -> Vec<CausedShipment> {
        let histories = Histories::new(lines);
        caused_shipments(&histories, &outcomes(&histories, &VIEW), VIEW.as_of)
    }

    #[test]
    fn a_late_first_shipment_is_no_further_one() {
        assert!(caused(vec![shipped(line(10), 10, date(2026, 1, 9))]).is_empty());
    }

    #[test]
    fn lines_of_an_order_that_left_on_one_day_are_in_one_shipment() {
        let lines = vec![
            shipped(shipped(line(10), 4, date(2026, 1, 5)), 6, date(2026, 1, 9)),
            named(shipped(line(10), 10, date(2026, 1, 9)), "A", "2"),
        ];
        let expected = CausedShipment { expedited: false, freight_nanos: None, lines: vec![0, 1] };
        assert_eq!(caused(lines), [expected]);
    }

    #[test]
    fn a_further_shipment_with_nothing_late_is_not_caused_by_backorders() {
        let lines = vec![shipped(shipped(line(10), 4, date(2026, 1, 3)), 6, date(2026, 1, 5))];
        assert!(caused(lines).is_empty());
    }

    #[test]
    fn numbers_tell_shipments_of_one_day_apart_and_their_freight_is_summed() {
        let mut split = shipped(shipped(line(10), 4, date(2026, 1, 9)), 6, date(2026, 1, 9));
        for (part, number) in split.parts.iter_mut().zip(["S1", "S2"]) {
            (part.shipment, part.freight_nanos) = (Some(number.into()), Some(5));
        }
        let mut second = named(shipped(line(1), 1, date(2026, 1, 9)), "A", "2");
        (second.parts[0].shipment, second.parts[0].freight_nanos) = (Some("S2".into()), Some(2));
        let expected = CausedShipment { expedited: false, freight_nanos: Some(7), lines: vec![0, 1] };
        assert_eq!(caused(vec![split, second]), [expected]);
    }

    #[test]
    fn an_expedited_shipment_of_late_units_counts_even_when_it_is_the_first() {
        let mut late = shipped(line(10), 10, date(2026, 1, 9));
        late.parts[0].expedited = true;
        assert!(caused(vec![late.clone()])[0].expedited);
        late.parts[0].on = date(2026, 1, 5);
        assert!(caused(vec![late]).is_empty());
    }
}
