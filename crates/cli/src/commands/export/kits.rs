//! Kits in an extract: figures count what customers ordered, so a kit is one line, and what left are kits.

use std::collections::HashMap;

use backorder_proto::allocation::v1::{Order, OrderKit, OrderLine};

use super::{Left, Shipped};

/// Puts each kit in the place of its components.
pub(super) fn count_once(orders: &mut [Order], left: &mut HashMap<String, Left>) {
    for order in orders.iter_mut().filter(|order| !order.kits.is_empty()) {
        let (components, own): (Vec<OrderLine>, Vec<OrderLine>) =
            std::mem::take(&mut order.lines).into_iter().partition(|line| !line.kit.is_empty());
        order.lines = own;
        for kit in &order.kits {
            let parts: Vec<&OrderLine> = components.iter().filter(|line| line.kit == kit.name).collect();
            left.insert(kit.name.clone(), left_of(&parts, left));
            order.lines.push(line_of(kit, &parts));
        }
        order.lines.sort_by_key(|line| line.name.rsplit('/').next().and_then(|number| number.parse::<u32>().ok()));
    }
}

/// The kit as a line.
fn line_of(kit: &OrderKit, parts: &[&OrderLine]) -> OrderLine {
    OrderLine {
        name: kit.name.clone(),
        item: kit.item.clone(),
        ordered: kit.ordered,
        shipped: kit.shipped,
        cancelled: kit.cancelled,
        refused: kit.refused,
        unit_price: kit.unit_price.clone(),
        unit_cost: kit.unit_cost.clone(),
        requested_date: kit.requested_date.clone(),
        original_promised_date: kit.original_promised_date.clone(),
        ..parts.first().map(|line| (*line).clone()).unwrap_or_default()
    }
}

/// What left of a kit: after each shipment as many kits as its least complete component makes, with the freight of all.
fn left_of(parts: &[&OrderLine], left: &HashMap<String, Left>) -> Left {
    let of_part = |line: &OrderLine| left.get(&line.name).cloned().unwrap_or_default();
    let lefts: Vec<(i64, Left)> = parts.iter().map(|line| (line.units_per_kit.max(1), of_part(line))).collect();
    let all = || lefts.iter().flat_map(|(_, left)| &left.shipped);
    let mut shipments: Vec<(jiff::Timestamp, &str)> = all().map(|part| (part.at, part.shipment.as_str())).collect();
    shipments.sort_unstable();
    shipments.dedup();
    let mut before = 0;
    let mut shipped = Vec::with_capacity(shipments.len());
    for (at, shipment) in shipments {
        let until = |left: &Left| -> i64 {
            left.shipped
                .iter()
                .filter(|part| (part.at, part.shipment.as_str()) <= (at, shipment))
                .map(|part| part.units)
                .sum()
        };
        let whole = lefts.iter().map(|(per_kit, left)| until(left) / per_kit).min().unwrap_or_default();
        let of_it = || all().filter(|part| part.at == at && part.shipment == shipment);
        let freight = of_it().filter_map(|part| part.freight.clone()).reduce(|sum, next| {
            let nanos = i64::from(sum.nanos) + i64::from(next.nanos);
            let (units, nanos) = (sum.units + next.units + nanos / 1_000_000_000, nanos % 1_000_000_000);
            backorder_proto::common::v1::Money { units, nanos: i32::try_from(nanos).unwrap_or_default(), ..sum }
        });
        let expedited = of_it().any(|part| part.expedited);
        shipped.push(Shipped { at, units: whole - before, shipment: shipment.to_owned(), freight, expedited });
        before = whole;
    }
    Left { shipped, given_up_at: lefts.iter().filter_map(|(_, left)| left.given_up_at).max() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped(at: i64, units: i64, shipment: &str) -> Shipped {
        let at = jiff::Timestamp::from_second(at).unwrap_or_default();
        Shipped { at, units, shipment: shipment.to_owned(), freight: None, expedited: false }
    }

    #[test]
    fn a_kit_is_one_line_of_which_whole_kits_left() {
        let kit = OrderKit { name: "orders/A/lines/1".to_owned(), ordered: 3, shipped: 2, ..OrderKit::default() };
        let part = |number: u32, units_per_kit| OrderLine {
            name: format!("orders/A/lines/{number}"),
            kit: kit.name.clone(),
            units_per_kit,
            ..OrderLine::default()
        };
        let other = OrderLine { name: "orders/A/lines/2".to_owned(), ..OrderLine::default() };
        let lines = vec![other, part(3, 2), part(4, 1)];
        let mut orders = [Order { kits: vec![kit.clone()], lines, ..Order::default() }];
        let of = |shipped| Left { shipped, given_up_at: None };
        let mut left = HashMap::from([
            ("orders/A/lines/3".to_owned(), of(vec![shipped(1, 3, "a"), shipped(2, 1, "b")])),
            ("orders/A/lines/4".to_owned(), of(vec![shipped(1, 2, "a")])),
        ]);
        count_once(&mut orders, &mut left);
        let names: Vec<&str> = orders[0].lines.iter().map(|line| line.name.as_str()).collect();
        assert_eq!(names, ["orders/A/lines/1", "orders/A/lines/2"]);
        assert_eq!(orders[0].lines[0].ordered, 3);
        let units: Vec<i64> = left[&kit.name].shipped.iter().map(|part| part.units).collect();
        assert_eq!(units, [1, 1], "the second mug of the second kit left a day later");
    }
}
