//! The proof of kits, of which every component was ordered in proportion and the parts of the price make the kit's price, and of
//! substitutes.

use std::collections::BTreeMap;

use backorder_domain::order::kit::KitFigures;
use backorder_proto::convert::allocation::line_name;

use super::verify::Proof;
use crate::{
    order::kits,
    store::entity::{customer_order, order_line},
};

impl Proof {
    /// Each kit has components, as many units of each were asked for and accepted as go with its kits, and what they have of
    /// its price is all of it. A component has its kit.
    pub(super) fn prove_kits(&mut self, orders: &[customer_order::Model], lines: &[order_line::Model]) {
        let mut components: BTreeMap<(&str, i32), Vec<&order_line::Model>> = BTreeMap::new();
        for line in lines {
            if let Some(kit) = line.kit_line {
                components.entry((&line.order_id, kit)).or_default().push(line);
            }
        }
        for order in orders.iter().filter(|order| !order.kits.is_empty()) {
            let name = |kit: i32| line_name(&order.id, kit);
            let Ok(all) = kits::of(order) else {
                self.expect(&format!("orders/{}", order.id), "kits that can be read", 0, 1);
                continue;
            };
            for kit in all {
                let parts = components.remove(&(order.id.as_str(), kit.number)).unwrap_or_default();
                self.expect(&name(kit.number), "components", i64::from(!parts.is_empty()), 1);
                let whole = KitFigures::of(&parts.iter().map(|line| kits::component(line)).collect::<Vec<_>>());
                for line in &parts {
                    let part = line_name(&line.order_id, line.line_number);
                    let requested = line.ordered + line.refused;
                    self.expect(&part, "requested of its kit", requested, whole.requested * line.kit_units);
                    self.expect(&part, "ordered of its kit", line.ordered, whole.ordered * line.kit_units);
                }
                if let Some(price) = kit.price_nanos {
                    let shared = parts.iter().filter_map(|line| line.kit_price_nanos).sum();
                    self.expect(&name(kit.number), "price of its components", shared, price);
                }
            }
        }
        for (order, kit) in components.into_keys() {
            self.expect(&line_name(order, kit), "kit of its components", 0, 1);
        }
    }

    /// What was cancelled because another item is sent is what the lines that stand for it stand for.
    pub(super) fn prove_substitutes(&mut self, lines: &[order_line::Model]) {
        let mut stood_for: BTreeMap<(&str, i32), i64> = BTreeMap::new();
        for line in lines {
            if let Some(original) = line.substitutes_line {
                *stood_for.entry((&line.order_id, original)).or_default() += line.substitutes_units;
            }
        }
        for line in lines {
            let units = stood_for.remove(&(line.order_id.as_str(), line.line_number)).unwrap_or_default();
            self.expect(&line_name(&line.order_id, line.line_number), "substituted", line.substituted, units);
        }
        for ((order, line), units) in stood_for {
            self.expect(&line_name(order, line), "substituted", 0, units);
        }
    }
}
