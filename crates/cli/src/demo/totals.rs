//! Sums what the services hold at the end: every line of every order, and every unit that came in.

use std::collections::BTreeMap;

use backorder_proto::allocation::v1::{ListOrdersRequest, Order, OrderLine};

use super::{
    buyer::{Buyer, all_positions, all_supplies},
    untidy::Mishaps,
};
use crate::{client::Clients, failure::Failure};

/// Orders of one answer: few, so that the answer does not set the peak of memory.
const PAGE_ORDERS: i32 = 200;

/// Sums over all order lines, in base units unless said otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// Orders.
    pub orders: u64,
    /// Lines.
    pub lines: u64,
    /// Orders of which every line was filled at once.
    pub orders_filled_at_once: u64,
    /// Lines that were filled at once.
    pub lines_filled_at_once: u64,
    /// Units accepted.
    pub units_ordered: i64,
    /// Units reserved when they were ordered, whatever became of them later.
    pub units_filled_at_first_attempt: i64,
    /// Units reserved when they were ordered and not cancelled later.
    pub units_filled_at_once: i64,
    /// Units that waited and were filled.
    pub units_filled_later: i64,
    /// Units that could not ship by their requested day when they were ordered.
    pub units_backordered: i64,
    /// Units refused or cut.
    pub units_refused: i64,
    /// Units cancelled.
    pub units_cancelled: i64,
    /// Units that came back, a part of those filled.
    pub units_returned: i64,
    /// Units that still wait.
    pub units_open: i64,
    /// Seconds from order to fill, to units, of the units filled later whose line is filled to the end.
    pub waits: BTreeMap<i64, i64>,
    /// Per item name: units that left or are promised to leave, less those that came back.
    pub taken_by_item: BTreeMap<String, i64>,
    /// Per item name: units that left, less those that came back.
    pub gone_by_item: BTreeMap<String, i64>,
}

impl Totals {
    /// Reads all orders.
    ///
    /// # Errors
    /// [`Failure`] when the service cannot answer.
    pub async fn load(clients: &Clients) -> Result<Self, Failure> {
        let mut totals = Self::default();
        let mut request = ListOrdersRequest { page_size: PAGE_ORDERS, ..ListOrdersRequest::default() };
        loop {
            let page = clients.orders.clone().list_orders(request.clone()).await?.into_inner();
            page.orders.iter().for_each(|order| totals.add(order));
            if page.next_page_token.is_empty() {
                return Ok(totals);
            }
            request.page_token = page.next_page_token;
        }
    }

    fn add(&mut self, order: &Order) {
        let ordered_at = order.order_time.as_ref().map_or(0, |time| time.seconds);
        let mut is_filled = !order.lines.is_empty();
        for line in &order.lines {
            is_filled &= self.add_line(line, ordered_at);
        }
        self.orders += 1;
        self.orders_filled_at_once += u64::from(is_filled);
    }

    fn add_line(&mut self, line: &OrderLine, ordered_at: i64) -> bool {
        let filled = line.reserved + line.released + line.shipped;
        let at_once = line.filled_at_once.min(filled);
        let later = filled - at_once;
        let is_filled = line.filled_at_once == line.requested;
        self.lines += 1;
        self.lines_filled_at_once += u64::from(is_filled);
        self.units_ordered += line.ordered;
        self.units_filled_at_first_attempt += line.filled_at_once;
        self.units_filled_at_once += at_once;
        self.units_filled_later += later;
        self.units_backordered += line.backordered;
        self.units_refused += line.refused;
        self.units_cancelled += line.cancelled;
        self.units_returned += line.returned;
        self.units_open += line.open;
        if let Some(filled_at) = line.fill_time.as_ref().filter(|_| later > 0) {
            *self.waits.entry(filled_at.seconds - ordered_at).or_default() += later;
        }
        *self.taken_by_item.entry(line.item.clone()).or_default() += filled - line.returned;
        *self.gone_by_item.entry(line.item.clone()).or_default() += line.shipped - line.returned;
        is_filled
    }

    /// Whether every accepted unit is filled, cancelled or open.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.units_ordered
            == self.units_filled_at_once + self.units_filled_later + self.units_cancelled + self.units_open
    }
}

/// Compares what left with what came in, item by item, from the answers of both services.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flow {
    /// Units taken by orders beyond what ever came in. Above zero means oversold.
    pub units_oversold: i64,
    /// Items whose stock on hand is not what came in less what left.
    pub items_unbalanced: u64,
}

impl Flow {
    /// Compares all items: opening stock, receipts and what counts found or missed against orders and stock on hand.
    ///
    /// # Errors
    /// [`Failure`] when a service cannot answer.
    pub async fn load(
        clients: &Clients,
        totals: &Totals,
        buyer: &Buyer,
        mishaps: Option<&Mishaps>,
    ) -> Result<Self, Failure> {
        let mut came_in: BTreeMap<String, i64> = BTreeMap::new();
        for (item, plan) in buyer.model().plans().iter().enumerate() {
            came_in.insert(format!("items/{}", plan.code), buyer.model().opening_stock(item));
        }
        for supply in all_supplies(clients).await? {
            *came_in.entry(supply.item).or_default() += supply.received;
        }
        for (item, off) in mishaps.iter().flat_map(|mishaps| &mishaps.corrections) {
            *came_in.entry(item.clone()).or_default() += off;
        }
        let mut on_hand: BTreeMap<String, i64> = BTreeMap::new();
        for position in all_positions(clients).await? {
            *on_hand.entry(position.item).or_default() += position.on_hand;
        }
        let mut flow = Self::default();
        for (item, units) in came_in {
            let sum_of = |sums: &BTreeMap<String, i64>| sums.get(&item).copied().unwrap_or(0);
            flow.units_oversold += (sum_of(&totals.taken_by_item) - units).max(0);
            flow.items_unbalanced += u64::from(units - sum_of(&totals.gone_by_item) != sum_of(&on_hand));
        }
        Ok(flow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Option<prost_types::Timestamp> {
        Some(prost_types::Timestamp { seconds, nanos: 0 })
    }

    #[test]
    fn every_accepted_unit_is_counted_once_also_when_reserved_units_are_cancelled() {
        let line = OrderLine {
            requested: 17,
            ordered: 15,
            refused: 2,
            filled_at_once: 10,
            backordered: 5,
            reserved: 1,
            shipped: 7,
            returned: 3,
            cancelled: 4,
            open: 3,
            ..OrderLine::default()
        };
        let mut totals = Totals::default();
        totals.add(&Order { lines: vec![line], ..Order::default() });
        assert_eq!((totals.units_filled_at_once, totals.units_filled_later), (8, 0));
        assert_eq!((totals.units_filled_at_first_attempt, totals.lines_filled_at_once), (10, 0));
        assert!(totals.is_complete());
    }

    #[test]
    fn the_wait_of_a_line_counts_for_its_units_that_were_filled_later() {
        let line = OrderLine {
            requested: 5,
            ordered: 5,
            filled_at_once: 2,
            shipped: 5,
            fill_time: at(1_000),
            ..OrderLine::default()
        };
        let mut totals = Totals::default();
        totals.add(&Order { order_time: at(400), lines: vec![line], ..Order::default() });
        assert_eq!(totals.waits, BTreeMap::from([(600, 3)]));
    }
}
