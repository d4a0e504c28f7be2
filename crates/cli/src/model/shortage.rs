//! Scales the modelled supply so that real shortages happen: not none, and not everywhere.
//!
//! The buyer's safety days are chosen by playing the stream through by hand, first come, first served, without any
//! service. The system under test then meets about the same shortage, and may do better or worse than this yardstick.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

use jiff::civil::Date;

use super::supply::{PlannedSupply, SupplyModel};
use crate::{demand::DemandEvent, demand_summary::DemandSummary};

/// The share of units that wait under the yardstick, per mille, at most.
pub const SHORT_PER_MILLE_TARGET: i64 = 100;
/// The most safety days that are tried.
const SAFETY_DAYS_MAX: i64 = 256;

/// The model with the fewest safety days that leave at most [`SHORT_PER_MILLE_TARGET`] of the units short.
#[must_use]
pub fn scaled_model(seed: u64, events: &[DemandEvent], summary: &DemandSummary) -> SupplyModel {
    let model = |safety_days| SupplyModel::new(seed, &summary.items, summary.days(), safety_days);
    let (mut too_few, mut enough) = (-1, SAFETY_DAYS_MAX);
    while enough - too_few > 1 {
        let tried = (too_few + enough) / 2;
        if units_short_per_mille(&model(tried), events, summary) <= SHORT_PER_MILLE_TARGET {
            enough = tried;
        } else {
            too_few = tried;
        }
    }
    model(enough)
}

/// The share of units, per mille of those ordered, that could not be served at once, first come, first served.
#[must_use]
pub fn units_short_per_mille(model: &SupplyModel, events: &[DemandEvent], summary: &DemandSummary) -> i64 {
    let index: HashMap<Arc<str>, usize> =
        summary.items.iter().enumerate().map(|(position, item)| (item.code.clone(), position)).collect();
    let mut shop = Shop::open(model, summary.first_day);
    let mut day = summary.first_day;
    let mut rest = events.iter().peekable();
    while day <= summary.last_day {
        shop.receive(day);
        while let Some(event) = rest.next_if(|event| summary.day_of(event.at()) <= day) {
            if let DemandEvent::Ordered(order) = event {
                for line in &order.lines {
                    if let Some(item) = index.get(&line.item) {
                        shop.order(*item, line.quantity);
                    }
                }
            }
        }
        shop.reorder(model, day);
        day = super::delivery::later(day, 1);
    }
    shop.units_short.saturating_mul(1_000) / shop.units_ordered.max(1)
}

#[derive(Default)]
struct Shelf {
    free: i64,
    position: i64,
    orders: i64,
    waiting: VecDeque<i64>,
}

#[derive(Default)]
struct Shop {
    shelves: Vec<Shelf>,
    inbound: BTreeMap<Date, Vec<(usize, i64)>>,
    units_ordered: i64,
    units_short: i64,
}

impl Shop {
    fn open(model: &SupplyModel, start: Date) -> Self {
        let mut shop = Self::default();
        for item in 0..model.plans().len() {
            let free = model.opening_stock(item);
            shop.shelves.push(Shelf { free, position: free, ..Shelf::default() });
            model.under_way(item, start).into_iter().for_each(|supply| shop.expect(&supply));
        }
        shop
    }

    fn expect(&mut self, supply: &PlannedSupply) {
        let shelf = &mut self.shelves[supply.item];
        shelf.position += supply.quantity;
        shelf.orders += 1;
        self.inbound.entry(supply.dates.arrives_on).or_default().push((supply.item, supply.quantity));
    }

    fn receive(&mut self, day: Date) {
        while let Some(due) = self.inbound.first_entry().filter(|entry| *entry.key() <= day) {
            for (item, quantity) in due.remove() {
                self.shelves[item].receive(quantity);
            }
        }
    }

    fn order(&mut self, item: usize, quantity: i64) {
        let shelf = &mut self.shelves[item];
        let taken = shelf.free.min(quantity);
        shelf.free -= taken;
        shelf.position -= quantity;
        if taken < quantity {
            shelf.waiting.push_back(quantity - taken);
        }
        self.units_ordered += quantity;
        self.units_short += quantity - taken;
    }

    fn reorder(&mut self, model: &SupplyModel, day: Date) {
        for item in 0..self.shelves.len() {
            let shelf = &self.shelves[item];
            if let Some(supply) = model.reorder(item, shelf.position, shelf.orders + 1, day) {
                self.expect(&supply);
            }
        }
    }
}

impl Shelf {
    /// Serves the waiting first; what is left is free, so nothing is free while anyone waits.
    fn receive(&mut self, quantity: i64) {
        self.free += quantity;
        while let Some(wanted) = self.waiting.front_mut() {
            let taken = self.free.min(*wanted);
            self.free -= taken;
            *wanted -= taken;
            if *wanted > 0 {
                break;
            }
            self.waiting.pop_front();
        }
    }
}
