//! The evening's counts of an untidy demo: some shelves are looked at, and what is found is booked.

use std::collections::{BTreeMap, BTreeSet};

use backorder_proto::{
    allocation::v1::GetOrderRequest,
    inventory::v1::{CountLine, CountStockRequest, CountStockResponse, GetPositionRequest},
};
use jiff::civil::Date;

use super::{
    setup::WAREHOUSE,
    state::DemoState,
    stream::Stream,
    untidy::{DecidedCount, is_counted, units_off},
};
use crate::{client::requests, failure::Failure, import::import_id, output::text::named};

impl Stream<'_> {
    /// Counts some shelves in the evening. Answers the items of which stock became free or was lost.
    pub(super) async fn count_shelves(&mut self, day: Date) -> Result<BTreeSet<String>, Failure> {
        if self.state.mishaps.is_none() {
            return Ok(BTreeSet::new());
        }
        let decided = match decided_before(&self.state, day) {
            Some(decided) => decided,
            None => self.decide_count(day).await?,
        };
        if decided.found.is_empty() {
            return Ok(BTreeSet::new());
        }
        let booked = self.book_count(&decided).await?;
        decided.off.iter().for_each(|(item, off)| self.buyer.moved(item, *off));
        self.note_losses(&booked).await?;
        if let Some(mishaps) = &mut self.state.mishaps {
            mishaps.counted(&decided);
        }
        Ok(decided.off.into_iter().filter(|(_, off)| *off != 0).map(|(item, _)| item).collect())
    }

    /// Looks at the shelves and keeps what was found before it is booked, so that a kill in between changes nothing.
    async fn decide_count(&mut self, day: Date) -> Result<DecidedCount, Failure> {
        let mut decided = DecidedCount { day: day.to_string(), found: BTreeMap::new(), off: BTreeMap::new() };
        let items = self.buyer.model().plans().len();
        for item in 0..items {
            let code = self.buyer.code(item);
            let name = named("items", code);
            if !is_counted(self.state.seed, day, code, items, self.ordered_today.contains(&name)) {
                continue;
            }
            let request = GetPositionRequest { item: name.clone(), location: WAREHOUSE.to_owned() };
            let position = match self.clients.stock.clone().get_position(request).await {
                Ok(answer) => answer.into_inner(),
                // An item that never came in has no shelf.
                Err(status) if status.code() == tonic::Code::NotFound => continue,
                Err(status) => return Err(status.into()),
            };
            let on_shelf = position.on_hand - position.quality_control - position.damaged;
            let off = units_off(self.state.seed, day, code, position.available, on_shelf);
            decided.found.insert(name.clone(), on_shelf + off);
            decided.off.insert(name, off);
        }
        if let Some(mishaps) = &mut self.state.mishaps {
            mishaps.count = decided.clone();
        }
        self.state.save(&self.folder)?;
        Ok(decided)
    }

    async fn book_count(&self, decided: &DecidedCount) -> Result<CountStockResponse, Failure> {
        let line = |(item, found): (&String, &i64)| CountLine {
            item: item.clone(),
            location: WAREHOUSE.to_owned(),
            counted: *found,
            ..CountLine::default()
        };
        let request = CountStockRequest {
            request_id: import_id(&["demo", "count", &decided.day]).to_string(),
            lines: decided.found.iter().map(line).collect(),
            effective_time: None,
            context: Some(requests::context("count", "modelled")),
        };
        let booked = self.clients.stock.clone().count_stock(request).await?.into_inner();
        super::idle::until_idle(&self.clients).await?;
        Ok(booked)
    }

    /// Asks how the orders stand that lost reserved units.
    async fn note_losses(&mut self, booked: &CountStockResponse) -> Result<(), Failure> {
        let order_of = |line: &str| line.rsplit_once("/lines/").map(|(order, _)| order.to_owned());
        let orders: BTreeSet<String> = booked.taken_away.iter().filter_map(|taken| order_of(&taken.line)).collect();
        for name in orders {
            let order = self.clients.orders.clone().get_order(GetOrderRequest { name }).await?.into_inner();
            self.book.note(&order);
        }
        if let Some(mishaps) = &mut self.state.mishaps {
            mishaps.losses_of_lines += booked.taken_away.len() as u64;
            mishaps.reserved_units_lost += booked.taken_away.iter().map(|taken| taken.quantity).sum::<i64>();
        }
        Ok(())
    }
}

/// The count of a day that was decided before a kill.
fn decided_before(state: &DemoState, day: Date) -> Option<DecidedCount> {
    let count = &state.mishaps.as_ref()?.count;
    (count.day == day.to_string()).then(|| count.clone())
}
