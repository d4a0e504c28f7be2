//! What the demand does not say and a comparison of policies needs: tiers of customers and costs of items, derived from
//! the orders alone, so that the same orders always have the same.
//!
//! Everything here is an assumption, and every report of it says so.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use jiff::civil::Date;

use crate::{
    demand::{DemandEvent, DemandOrder},
    demand_summary::DemandSummary,
    model::delivery::later,
};

/// The part of the stream's days in which revenue makes tiers: one of so many.
const WINDOW_ONE_OF: i64 = 4;
/// Of 100 customers that ordered in the window so many are gold.
const GOLD_OF_100: usize = 10;
/// Of 100 customers that ordered in the window so many are gold or silver.
const SILVER_OF_100: usize = 40;
/// What an item costs, of 100 of its average price.
const COST_OF_100: i128 = 60;
/// From this quantity on a line of a generated world is cheaper.
const DISCOUNT_FROM_UNITS: i64 = 10;
/// What it then pays, of 100.
const DISCOUNTED_OF_100: i64 = 85;

/// The assumption about tiers, in words.
pub const TIERS: &str = "tiers are assumed: customers that ordered in the first quarter of the days, by their revenue in it, \
                         before reversals: the first 10 % are GOLD, the next 30 % SILVER; all others, and orders without a \
                         customer, are STANDARD; the same all the time";
/// The assumption about costs, in words.
pub const COSTS: &str = "unit costs are assumed: 60 % of the average price of the item's ordered units; the margin of a \
                         line is its price less this cost";
/// The assumption about prices of a generated world, in words.
pub const PRICES: &str = "prices are generated: lines of 10 units and more pay 15 % less, as wholesale orders do";

/// The tier of a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// The customers with the highest revenue.
    Gold,
    /// Those after them.
    Silver,
    /// All others.
    Standard,
}

impl Tier {
    /// All tiers, best first.
    pub const ALL: [Self; 3] = [Self::Gold, Self::Silver, Self::Standard];

    /// The tier as orders carry it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gold => "GOLD",
            Self::Silver => "SILVER",
            Self::Standard => "STANDARD",
        }
    }

    /// The names of all tiers, for a message.
    #[must_use]
    pub fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }
}

/// What is assumed of customers and items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    tiers: HashMap<Arc<str>, Tier>,
    costs: HashMap<Arc<str>, i64>,
    /// The last day whose orders make tiers.
    pub window_end: Date,
}

impl Terms {
    /// Derives them from a stream.
    #[must_use]
    pub fn of(events: &[DemandEvent], summary: &DemandSummary) -> Self {
        let days_after_first = (summary.days() - 1).max(0) / WINDOW_ONE_OF;
        let window_end = later(summary.first_day, days_after_first);
        let is_seen = |order: &&DemandOrder| summary.day_of(order.placed_at) <= window_end;
        Self { tiers: tiers(orders(events).filter(is_seen)), costs: costs(orders(events)), window_end }
    }

    /// The tier of an order's customer.
    #[must_use]
    pub fn tier(&self, customer: Option<&str>) -> Tier {
        customer.and_then(|customer| self.tiers.get(customer)).copied().unwrap_or(Tier::Standard)
    }

    /// What a unit of an item costs, in nano-units; `None` for an item that nobody orders.
    #[must_use]
    pub fn cost_nanos(&self, item: &str) -> Option<i64> {
        self.costs.get(item).copied()
    }

    /// How many customers have a tier above STANDARD.
    #[must_use]
    pub fn customers(&self, tier: Tier) -> usize {
        self.tiers.values().filter(|known| **known == tier).count()
    }
}

fn orders(events: &[DemandEvent]) -> impl Iterator<Item = &DemandOrder> {
    events.iter().filter_map(|event| match event {
        DemandEvent::Ordered(order) => Some(order),
        DemandEvent::Reversed(_) => None,
    })
}

fn tiers<'a>(orders: impl Iterator<Item = &'a DemandOrder>) -> HashMap<Arc<str>, Tier> {
    let mut revenue: BTreeMap<Arc<str>, i128> = BTreeMap::new();
    for order in orders {
        let Some(customer) = &order.customer else { continue };
        let value = order.lines.iter().map(|line| i128::from(line.quantity) * i128::from(line.price_nanos));
        let sum = revenue.entry(customer.clone()).or_default();
        *sum = value.fold(*sum, i128::saturating_add);
    }
    let mut ranked: Vec<(Arc<str>, i128)> = revenue.into_iter().collect();
    // The sort is stable: of customers with equal revenue the first by name is ahead.
    ranked.sort_by_key(|(_, revenue)| Reverse(*revenue));
    let last_of = |percent: usize| ranked.len().saturating_mul(percent).div_ceil(100);
    let (gold, silver) = (last_of(GOLD_OF_100), last_of(SILVER_OF_100));
    let tier = |rank: usize| {
        if rank < gold {
            Tier::Gold
        } else if rank < silver {
            Tier::Silver
        } else {
            Tier::Standard
        }
    };
    ranked.into_iter().enumerate().map(|(rank, (customer, _))| (customer, tier(rank))).collect()
}

fn costs<'a>(orders: impl Iterator<Item = &'a DemandOrder>) -> HashMap<Arc<str>, i64> {
    let mut sold: HashMap<Arc<str>, (i128, i128)> = HashMap::new();
    for line in orders.flat_map(|order| &order.lines) {
        let (value, units) = sold.entry(line.item.clone()).or_default();
        *value = value.saturating_add(i128::from(line.quantity) * i128::from(line.price_nanos));
        *units = units.saturating_add(line.quantity.into());
    }
    let cost =
        |(value, units): (i128, i128)| i64::try_from(value / units.max(1) * COST_OF_100 / 100).unwrap_or(i64::MAX);
    sold.into_iter().map(|(item, sold)| (item, cost(sold))).collect()
}

/// Gives the lines of a generated world the prices that quantities have: without, no margin differs within an item.
pub fn discount(events: &mut [DemandEvent]) {
    for event in events {
        let DemandEvent::Ordered(order) = event else { continue };
        for line in order.lines.iter_mut().filter(|line| line.quantity >= DISCOUNT_FROM_UNITS) {
            line.price_nanos = (line.price_nanos / 100 * DISCOUNTED_OF_100).max(1);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use jiff::Timestamp;

    use super::*;
    use crate::demand::DemandLine;

    fn order(day: i64, customer: Option<&str>, quantity: i64, price_nanos: i64) -> DemandEvent {
        DemandEvent::Ordered(DemandOrder {
            id: "1".into(),
            placed_at: Timestamp::from_second(day * 86_400 + 43_200).unwrap(),
            customer: customer.map(Arc::from),
            country: "x".into(),
            lines: vec![DemandLine { number: 1, item: "I".into(), quantity, price_nanos }],
        })
    }

    fn terms(events: &[DemandEvent]) -> Terms {
        Terms::of(events, &DemandSummary::of(events).unwrap())
    }

    #[test]
    fn revenue_of_the_first_quarter_makes_tiers_and_equal_revenue_goes_by_name() {
        let mut events: Vec<DemandEvent> =
            (0..10).map(|number| order(0, Some(&format!("c{number}")), 1, 100 + number / 9)).collect();
        events.push(order(0, None, 1, 1_000_000));
        events.push(order(7, Some("late"), 1, 1_000_000));
        let terms = terms(&events);
        assert_eq!((terms.tier(Some("c9")), terms.tier(Some("c0"))), (Tier::Gold, Tier::Silver));
        assert_eq!((terms.tier(Some("c2")), terms.tier(Some("c3"))), (Tier::Silver, Tier::Standard));
        assert_eq!((terms.tier(Some("late")), terms.tier(None)), (Tier::Standard, Tier::Standard));
        assert_eq!(Tier::ALL.map(|tier| terms.customers(tier)), [1, 3, 6]);
    }

    #[test]
    fn an_item_costs_sixty_percent_of_its_average_price() {
        let terms = terms(&[order(0, None, 3, 100), order(1, None, 1, 500)]);
        assert_eq!((terms.cost_nanos("I"), terms.cost_nanos("J")), (Some(120), None));
    }

    #[test]
    fn only_large_lines_are_cheaper() {
        let mut events = [order(0, None, 9, 200), order(0, None, 10, 200)];
        discount(&mut events);
        let prices: Vec<i64> = orders(&events).map(|order| order.lines[0].price_nanos).collect();
        assert_eq!(prices, [200, 170]);
    }
}
