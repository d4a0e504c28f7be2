//! A seeded world of demand for a machine without a data file, drawn from the statistics of the Online Retail file.
//!
//! Items, orders and reversals are invented; their skew, sizes, days and hours are those of the file
//! ([`statistics`]). Same seed and size, same world.

pub mod statistics;

use std::{collections::BTreeSet, sync::Arc};

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, date},
    tz::TimeZone,
};
use rand::RngExt;

use crate::{
    demand::{CatalogueItem, DemandEvent, DemandLine, DemandOrder, Reversal, ReversedPart},
    draw::{Source, happens, source_of, weighted},
    model::delivery::later,
};
use statistics::{
    COUNTRIES, HOURS_UNTIL_REVERSED, ITEM_POPULARITY, LINES_PER_ORDER, ORDERS_BY_HOUR, ORDERS_BY_WEEKDAY,
    ORDERS_PER_CUSTOMER_TIMES_10, PRICE_PENCE, REVERSED_LINES_PER_10_000, UNITS_PER_LINE, UNNAMED_ORDERS_PER_10_000,
    WHOLE_REVERSALS_PER_100,
};

/// The first day of every generated world.
const FIRST_DAY: Date = date(2026, 1, 5);
const NANOS_PER_PENNY: i64 = 10_000_000;
const PERMILLE_MAX: u32 = 10_000;

/// How large the world is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorldSize {
    /// Order lines, at least; the last order may go beyond it.
    pub lines: u64,
    /// Calendar days over which the orders are spread.
    pub days: u16,
    /// Items on offer.
    pub items: u16,
}

impl Default for WorldSize {
    fn default() -> Self {
        Self { lines: 20_000, days: 90, items: 600 }
    }
}

/// The generated world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct World {
    /// Orders and reversals in the order of time.
    pub events: Vec<DemandEvent>,
    /// Every item that was sold.
    pub catalogue: Vec<CatalogueItem>,
}

/// Makes a world.
#[must_use]
pub fn generate(seed: u64, size: WorldSize) -> World {
    let offer = offer(seed, usize::from(size.items.max(1)));
    let sizes = order_sizes(seed, size.lines);
    let mut source = source_of(seed, &["orders"]);
    let times = order_times(&mut source, sizes.len(), size.days.max(1));
    let customers =
        u32::try_from(sizes.len()).unwrap_or(u32::MAX).saturating_mul(10) / ORDERS_PER_CUSTOMER_TIMES_10 + 1;
    let mut events = Vec::with_capacity(sizes.len());
    for (number, (lines, placed_at)) in sizes.into_iter().zip(times).enumerate() {
        let order = order(&mut source, number + 1, lines, placed_at, customers, &offer);
        events.extend(reversals(&mut source, &order).into_iter().map(DemandEvent::Reversed));
        events.push(DemandEvent::Ordered(order));
    }
    let last = events.iter().filter(|event| matches!(event, DemandEvent::Ordered(_))).map(DemandEvent::at).max();
    events.retain(|event| Some(event.at()) <= last);
    events.sort_by_key(|event| (event.at(), is_reversal(event)));
    let catalogue = sold(&events, &offer);
    World { events, catalogue }
}

struct Offer {
    items: Vec<CatalogueItem>,
    weights: Vec<u32>,
}

fn offer(seed: u64, count: usize) -> Offer {
    let mut source = source_of(seed, &["offer"]);
    let item = |number: usize, source: &mut Source| CatalogueItem {
        code: format!("G{:05}", number + 1).into(),
        description: format!("generated item {}", number + 1),
        price_nanos: PRICE_PENCE.draw(source) * NANOS_PER_PENNY,
    };
    let items = (0..count).map(|number| item(number, &mut source)).collect();
    let weight = |rank: usize| u32::try_from(ITEM_POPULARITY.at_rank(rank, count)).unwrap_or(1);
    Offer { items, weights: (0..count).map(weight).collect() }
}

fn order_sizes(seed: u64, lines: u64) -> Vec<usize> {
    let mut source = source_of(seed, &["sizes"]);
    let mut sizes = Vec::new();
    let mut drawn = 0;
    while drawn < lines {
        let size = u64::try_from(LINES_PER_ORDER.draw(&mut source)).unwrap_or(1).max(1);
        drawn += size;
        sizes.push(usize::try_from(size).unwrap_or(1));
    }
    sizes
}

/// Times of the orders, sorted, whole minutes in UTC, so that the generated world has no repeated hour.
fn order_times(source: &mut Source, count: usize, days: u16) -> Vec<Timestamp> {
    let weight = |day: u16| {
        let weekday = later(FIRST_DAY, i64::from(day)).weekday().to_monday_zero_offset();
        ORDERS_BY_WEEKDAY.0[usize::from(weekday.unsigned_abs())]
    };
    let weights: Vec<u32> = (0..days).map(weight).collect();
    let mut time = || {
        let day = later(FIRST_DAY, i64::try_from(weighted(weights.iter().copied(), source)).unwrap_or(0));
        let hour = i8::try_from(ORDERS_BY_HOUR.draw(source)).unwrap_or(12);
        let local = day.at(hour, source.random_range(0..60), 0, 0);
        TimeZone::UTC.to_timestamp(local).unwrap_or(Timestamp::UNIX_EPOCH)
    };
    let mut times: Vec<Timestamp> = (0..count).map(|_| time()).collect();
    times.sort_unstable();
    times
}

fn order(
    source: &mut Source,
    number: usize,
    lines: usize,
    placed_at: Timestamp,
    customers: u32,
    offer: &Offer,
) -> DemandOrder {
    let is_unnamed = happens(source, UNNAMED_ORDERS_PER_10_000, PERMILLE_MAX);
    let most = source.random_range(0..customers);
    let customer = (!is_unnamed).then(|| Arc::from(format!("K{:05}", source.random_range(0..=most) + 1)));
    let country = COUNTRIES[weighted(COUNTRIES.iter().map(|(_, orders)| *orders), source)].0;
    let line = |number: usize, source: &mut Source| {
        let item = &offer.items[weighted(offer.weights.iter().copied(), source)];
        DemandLine {
            number: u32::try_from(number).unwrap_or(u32::MAX),
            item: item.code.clone(),
            quantity: UNITS_PER_LINE.draw(source),
            price_nanos: item.price_nanos,
        }
    };
    DemandOrder {
        id: format!("G{number:06}").into(),
        placed_at,
        customer,
        country: country.into(),
        lines: (1..=lines).map(|number| line(number, source)).collect(),
    }
}

/// The reversals of an order's lines, at most one per line, each its own document.
fn reversals(source: &mut Source, order: &DemandOrder) -> Vec<Reversal> {
    let mut found = Vec::new();
    for line in &order.lines {
        if order.customer.is_none() || !happens(source, REVERSED_LINES_PER_10_000, PERMILLE_MAX) {
            continue;
        }
        let is_whole = happens(source, WHOLE_REVERSALS_PER_100, 100);
        let quantity = if is_whole { line.quantity } else { source.random_range(1..=line.quantity) };
        let minutes = HOURS_UNTIL_REVERSED.draw(source) * 60 + source.random_range(1..60);
        let reversed_at = order.placed_at.checked_add(SignedDuration::from_mins(minutes)).unwrap_or(order.placed_at);
        found.push(Reversal {
            id: format!("C{}-{}", order.id, line.number).into(),
            reversed_at,
            rows: 1,
            parts: vec![ReversedPart {
                order: order.id.clone(),
                line: line.number,
                quantity,
                reversed_in_all: quantity,
            }],
        });
    }
    found
}

const fn is_reversal(event: &DemandEvent) -> bool {
    matches!(event, DemandEvent::Reversed(_))
}

fn sold(events: &[DemandEvent], offer: &Offer) -> Vec<CatalogueItem> {
    let orders = events.iter().filter_map(|event| match event {
        DemandEvent::Ordered(order) => Some(order),
        DemandEvent::Reversed(_) => None,
    });
    let codes: BTreeSet<&str> = orders.flat_map(|order| order.lines.iter().map(|line| &*line.item)).collect();
    offer.items.iter().filter(|item| codes.contains(&*item.code)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn orders(world: &World) -> Vec<&DemandOrder> {
        let mut orders = Vec::new();
        for event in &world.events {
            if let DemandEvent::Ordered(order) = event {
                orders.push(order);
            }
        }
        orders
    }

    fn large() -> World {
        generate(11, WorldSize { lines: 200_000, days: 270, items: 3_500 })
    }

    #[test]
    fn the_same_seed_makes_the_same_world_and_another_seed_another() {
        let size = WorldSize { lines: 500, days: 10, items: 50 };
        assert_eq!(generate(1, size), generate(1, size));
        assert_ne!(generate(1, size), generate(2, size));
    }

    #[test]
    fn lines_per_order_and_sizes_have_the_figures_of_the_file() {
        let world = large();
        let mut lines: Vec<usize> = orders(&world).iter().map(|order| order.lines.len()).collect();
        lines.sort_unstable();
        let mean = lines.iter().sum::<usize>() * 10 / lines.len();
        assert!((235..=260).contains(&mean), "mean {mean} tenths");
        assert!((14..=16).contains(&lines[lines.len() / 2]), "median {}", lines[lines.len() / 2]);
        let mut units: Vec<i64> =
            orders(&world).iter().flat_map(|order| &order.lines).map(|line| line.quantity).collect();
        units.sort_unstable();
        assert_eq!(units[units.len() / 2], 3);
        assert!((80..=144).contains(&units[units.len() * 99 / 100]));
    }

    #[test]
    fn the_tenth_of_the_items_that_sells_most_has_45_percent_of_the_lines() {
        let world = large();
        let mut sold = std::collections::HashMap::<&str, usize>::new();
        for line in orders(&world).iter().flat_map(|order| &order.lines) {
            *sold.entry(&line.item).or_default() += 1;
        }
        let mut counts: Vec<usize> = sold.into_values().collect();
        counts.sort_unstable_by(|one, other| other.cmp(one));
        let share = counts[..350].iter().sum::<usize>() * 100 / counts.iter().sum::<usize>();
        assert!((42..=48).contains(&share), "{share} %");
    }

    #[test]
    fn events_are_in_order_of_time_and_no_order_falls_on_a_saturday() {
        let world = large();
        assert!(world.events.is_sorted_by_key(DemandEvent::at));
        let saturday = |order: &&DemandOrder| {
            TimeZone::UTC.to_datetime(order.placed_at).date().weekday() == jiff::civil::Weekday::Saturday
        };
        assert_eq!(orders(&world).iter().filter(|order| saturday(order)).count(), 0);
    }
}
