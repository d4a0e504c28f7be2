//! What a buyer orders: opening stock, orders under way, and a reorder point with whole lots per item.
//!
//! Per item: `reorder point = demand per day x (usual lead time + safety days)`, `lot = demand per day x lot days`, both
//! at least a pack; when stock + on order - open demand is at or below the reorder point, whole lots are ordered until
//! it is above. Demand per day is the item's mean over the whole stream with each line cut to [`LINE_UNITS_MAX`]: the
//! modelled buyer knows the item's mean but none of its swings, so shortages come from swings, lots and late suppliers.

use std::sync::Arc;

use jiff::civil::Date;
use rand::RngExt;

use super::delivery::{DeliveryDates, delivery, later, usual_lead_days};
use crate::draw::source_of;

/// Days of demand in a lot.
pub const LOT_DAYS: i64 = 45;
/// Units of a line beyond these do not count as demand to plan for.
pub const LINE_UNITS_MAX: i64 = 144;
/// Lots are whole packs of so many units.
pub const PACK_UNITS: i64 = 6;

/// The model in words, as the demo prints it.
pub const MODEL: &str = "MODELLED, seeded: opening stock and purchase orders are invented (reorder point = mean demand x (lead + safety days), \
     lots of 45 days' demand, safety days scaled so that about a tenth of the units wait); lead times and lateness are drawn from USAID SCMS Delivery History without stock transfers";

/// An item's demand over a stream, for planning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemDemand {
    /// The item.
    pub code: Arc<str>,
    /// Units over the whole stream, each line cut to [`LINE_UNITS_MAX`].
    pub units: i64,
}

/// How an item is bought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemPlan {
    /// The item.
    pub code: Arc<str>,
    /// Days from order to agreed delivery.
    pub lead_days: i64,
    /// At or below this position the buyer orders.
    pub reorder_point: i64,
    /// Units of a lot.
    pub lot: i64,
    opening_position: i64,
    lots_under_way: i64,
}

/// A purchase order line as the model knows it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PlannedSupply {
    /// The line's id, unique for ever: item and number.
    pub id: String,
    /// The item's position in the model.
    pub item: usize,
    /// Units ordered.
    pub quantity: i64,
    /// Its dates.
    pub dates: DeliveryDates,
}

/// The buyer of all items.
#[derive(Debug, Clone)]
pub struct SupplyModel {
    seed: u64,
    safety_days: i64,
    plans: Vec<ItemPlan>,
}

impl SupplyModel {
    /// Plans the items of a stream that lasts `days` days. The buyer covers `safety_days` beyond the lead time.
    #[must_use]
    pub fn new(seed: u64, demand: &[ItemDemand], days: i64, safety_days: i64) -> Self {
        let plans = demand.iter().map(|item| ItemPlan::new(seed, item, days.max(1), safety_days)).collect();
        Self { seed, safety_days, plans }
    }

    /// Days of demand beyond the lead time that the buyer covers.
    #[must_use]
    pub const fn safety_days(&self) -> i64 {
        self.safety_days
    }

    /// The plans, in the order in which the items were given.
    #[must_use]
    pub fn plans(&self) -> &[ItemPlan] {
        &self.plans
    }

    /// Units of an item that are in stock when the stream starts.
    #[must_use]
    pub fn opening_stock(&self, item: usize) -> i64 {
        let plan = &self.plans[item];
        (plan.opening_position - plan.lots_under_way * plan.lot).max(0)
    }

    /// The purchase orders of an item that are under way when the stream starts: one lot every lot's days.
    #[must_use]
    pub fn under_way(&self, item: usize, start: Date) -> Vec<PlannedSupply> {
        let plan = &self.plans[item];
        let supply = |number: i64| {
            let sent_on = later(start, -plan.lead_days + number * plan.lead_days / (plan.lots_under_way + 1));
            self.planned(item, number, plan.lot, sent_on, start)
        };
        (1..=plan.lots_under_way).map(supply).collect()
    }

    /// What the buyer orders of an item at the end of a day, `None` when its position is above the reorder point.
    ///
    /// `position` is stock + on order - open demand in units; `number` is the count of the item's earlier orders + 1.
    #[must_use]
    pub fn reorder(&self, item: usize, position: i64, number: i64, today: Date) -> Option<PlannedSupply> {
        let plan = &self.plans[item];
        if position > plan.reorder_point {
            return None;
        }
        let lots = (plan.reorder_point - position) / plan.lot + 1;
        Some(self.planned(item, number, lots.saturating_mul(plan.lot), today, today))
    }

    /// The order of that number again, from what the service keeps of it: quantity and agreed day.
    #[must_use]
    pub fn recalled(&self, item: usize, number: i64, quantity: i64, agreed_on: Date, start: Date) -> PlannedSupply {
        let plan = &self.plans[item];
        let sent_on = later(agreed_on, -plan.lead_days);
        self.planned(item, number, quantity, sent_on, sent_on.max(start))
    }

    /// Orders of an item that are under way when the stream starts.
    #[must_use]
    pub fn lots_under_way(&self, item: usize) -> i64 {
        self.plans[item].lots_under_way
    }

    fn planned(&self, item: usize, number: i64, quantity: i64, sent_on: Date, known_on: Date) -> PlannedSupply {
        let plan = &self.plans[item];
        let mut source = source_of(self.seed, &["delivery", &plan.code, &number.to_string()]);
        let mut dates = delivery(&mut source, sent_on, later(sent_on, plan.lead_days));
        dates.arrives_on = dates.arrives_on.max(later(known_on, 1));
        dates.delay_told_on = dates.delay_told_on.map(|told| told.max(later(known_on, 1)));
        PlannedSupply { id: format!("PO-{}-{number}", plan.code), item, quantity, dates }
    }
}

impl ItemPlan {
    fn new(seed: u64, demand: &ItemDemand, days: i64, safety_days: i64) -> Self {
        let mut source = source_of(seed, &["plan", &demand.code]);
        let lead_days = usual_lead_days(&mut source);
        let over_days = |covered: i64| demand.units.saturating_mul(covered) / days;
        let lot = whole_packs(over_days(LOT_DAYS));
        let reorder_point = over_days(lead_days + safety_days);
        Self {
            code: demand.code.clone(),
            lead_days,
            reorder_point,
            lot,
            opening_position: reorder_point + source.random_range(1..=lot),
            lots_under_way: over_days(lead_days) / lot,
        }
    }
}

fn whole_packs(units: i64) -> i64 {
    (units.max(1) + PACK_UNITS - 1) / PACK_UNITS * PACK_UNITS
}
