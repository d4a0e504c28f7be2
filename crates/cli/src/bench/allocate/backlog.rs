//! A backlog through the services: items that standard customers have reserved and gold ones wait for, with one supply each
//! that will not serve all of them.

use std::time::Duration;

use backorder_domain::time::{Clock as _, civil_date_in};
use backorder_proto::{
    allocation::v1::{
        CommitRunRequest, OrderDraft, OrderLineDraft, PlaceOrderRequest, RunRules, RunScope, RunState, RunStrategy,
        StartRunRequest, SupplyMoved, TierStrategy, WatchRunRequest, WhatIfChange, WhatIfRequest, WhatIfResponse,
        order_service_client::OrderServiceClient, what_if_change::Change,
    },
    inventory::v1::{
        BatchCreateSuppliesRequest, BatchPutItemsRequest, Item, ReceiptLine, ReceiveStockRequest, Supply, SupplyKind,
    },
};
use backorder_service_kit::{clients::ServiceChannel, time::SystemClock};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::{ToSpan as _, civil::Date, tz::TimeZone};
use tokio::time::Instant;

use crate::{
    bench::stock::{LOCATION, new_id},
    client::{Clients, requests},
    failure::Failure,
    output::progress::Progress,
};

/// Lines of each item, one unit each: the first half is reserved by standard customers, gold ones wait for the other half.
pub const LINES_PER_ITEM: u32 = 20;
/// Units of an item that come later: half of what waits.
const UNITS_TO_COME: i64 = 5;
/// In so many days.
const COMES_IN_DAYS: i64 = 10;
/// By so many days a supply is late.
const DAYS_LATE: i32 = 9;
/// Items, and lines of an order, in one call.
const PER_CALL: u32 = 1_000;
/// Orders that are placed at once.
const ORDERS_AT_ONCE: usize = 4;
/// Answers of an order with all its lines may be larger than tonic's default.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Which lines there are.
#[derive(Debug, Clone, Copy)]
pub struct Backlog {
    items: u32,
}

/// One order of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct OrderOf {
    /// Its items, from 0: so many from this one on.
    first: u32,
    items: u32,
    /// Which of an item's lines, from 0.
    line: u32,
}

impl Backlog {
    /// At least so many lines.
    #[must_use]
    pub const fn of(lines: u32) -> Self {
        Self { items: lines.div_ceil(LINES_PER_ITEM) }
    }

    /// How many lines there are.
    #[must_use]
    pub const fn lines(self) -> u32 {
        self.items * LINES_PER_ITEM
    }

    /// How many items there are.
    #[must_use]
    pub const fn items(self) -> u32 {
        self.items
    }

    fn orders(self) -> impl Iterator<Item = OrderOf> {
        let of_line = move |line| {
            let firsts = (0..self.items).step_by(PER_CALL as usize);
            firsts.map(move |first| OrderOf { first, items: PER_CALL.min(self.items - first), line })
        };
        (0..LINES_PER_ITEM).flat_map(of_line)
    }

    /// Makes items, stock, supplies and orders. The location must be there.
    ///
    /// # Errors
    /// [`Failure`] when a service refuses.
    pub async fn make(self, clients: &Clients, channel: &ServiceChannel) -> Result<(), Failure> {
        let comes_on = today().saturating_add(COMES_IN_DAYS.days());
        let progress = Progress::of("lines", self.lines().into());
        for first in (0..self.items).step_by(PER_CALL as usize) {
            let numbers = first..(first + PER_CALL).min(self.items);
            progress.at(0, format!("items, from {first} of {}", self.items));
            stocked(clients, numbers, comes_on).await?;
        }
        let (standard, gold): (Vec<_>, Vec<_>) = self.orders().partition(|order| !order.is_gold());
        let mut placed = 0_u64;
        // All of the first half stand, before anybody of the second comes.
        for half in [standard, gold] {
            let placing = half.into_iter().map(|order| order.place(channel.clone()));
            let mut placing = stream::iter(placing).buffer_unordered(ORDERS_AT_ONCE);
            while let Some(lines) = placing.try_next().await? {
                placed += u64::from(lines);
                progress.at(placed, "ordered");
            }
        }
        progress.finish();
        Ok(())
    }

    /// Asks what would happen if an item's supply came late, and answers how long that took.
    ///
    /// # Errors
    /// [`Failure`] when the service refuses, or nothing would happen.
    pub async fn what_if(self, clients: &Clients, item: u32) -> Result<Duration, Failure> {
        let moved = SupplyMoved { supply: supply_name(item), days_late: DAYS_LATE };
        let request = WhatIfRequest {
            changes: vec![WhatIfChange { change: Some(Change::SupplyMoved(moved)) }],
            ..WhatIfRequest::default()
        };
        let begun = Instant::now();
        let answer: WhatIfResponse = clients.runs.clone().what_if(request).await?.into_inner();
        let took = begun.elapsed();
        if answer.lines_total != UNITS_TO_COME {
            let lines = answer.lines_total;
            return Err(Failure::new(format!("a late supply of {UNITS_TO_COME} units would touch {lines} lines")));
        }
        Ok(took)
    }

    /// Runs over the whole backlog, gold customers first, and answers the run's name and how long it took.
    ///
    /// # Errors
    /// [`Failure`] when the service refuses, or the run ends otherwise than done.
    pub async fn run(self, clients: &Clients) -> Result<(String, Duration), Failure> {
        let gold = TierStrategy { tier: GOLD.to_owned(), strategy: RunStrategy::Improve.into() };
        let rules = RunRules {
            default_strategy: RunStrategy::Redistribute.into(),
            tier_strategies: vec![gold],
            ..RunRules::default()
        };
        let request = StartRunRequest {
            request_id: new_id(),
            scope: Some(RunScope::default()),
            rules: Some(rules),
            context: Some(requests::context("bench", "")),
            ..StartRunRequest::default()
        };
        let begun = Instant::now();
        let name = clients.runs.clone().start_run(request).await?.into_inner().name;
        let run = watched(clients, &name, RunState::Done).await?;
        let took = begun.elapsed();
        let changed = run.progress.unwrap_or_default().lines_changed;
        if changed != i64::from(self.lines()) {
            return Err(Failure::new(format!("{name} would change {changed} of {} lines", self.lines())));
        }
        Ok((name, took))
    }

    /// Commits a run that changes the whole backlog, and answers how long it took until all lines were recorded.
    ///
    /// # Errors
    /// [`Failure`] when the service refuses, or not every line was applied.
    pub async fn commit(self, clients: &Clients, run: &str) -> Result<Duration, Failure> {
        let context = Some(requests::context("bench", ""));
        let request = CommitRunRequest { request_id: new_id(), name: run.to_owned(), context };
        let begun = Instant::now();
        clients.runs.clone().commit_run(request).await?;
        let committed = watched(clients, run, RunState::Committed).await?;
        let took = begun.elapsed();
        let applied = committed.progress.unwrap_or_default().commit.unwrap_or_default().lines_committed;
        if applied != i64::from(self.lines()) {
            return Err(Failure::new(format!("{run} applied {applied} of {} lines", self.lines())));
        }
        Ok(took)
    }
}

/// The run, when it has ended well.
///
/// # Errors
/// [`Failure`] when it ended otherwise.
async fn watched(
    clients: &Clients,
    name: &str,
    state: RunState,
) -> Result<backorder_proto::allocation::v1::AllocationRun, Failure> {
    let request = WatchRunRequest { name: name.to_owned() };
    let mut watched = clients.runs.clone().watch_run(request).await?.into_inner();
    let mut last = None;
    while let Some(told) = watched.message().await? {
        last = told.run.or(last);
    }
    last.filter(|run| run.state() == state)
        .ok_or_else(|| Failure::new(format!("{name} ended otherwise than {}", state.as_str_name())))
}

const GOLD: &str = "GOLD";
const STANDARD: &str = "STANDARD";

impl OrderOf {
    const fn is_gold(self) -> bool {
        self.line >= LINES_PER_ITEM / 2
    }

    async fn place(self, channel: ServiceChannel) -> Result<u32, Failure> {
        let line = |number| OrderLineDraft {
            item: item_name(number),
            quantity: 1,
            locations: vec![LOCATION.to_owned()],
            ..OrderLineDraft::default()
        };
        let id = format!("backlog-{}-{}", self.line, self.first);
        let draft = OrderDraft {
            order_id: id.clone(),
            customer: format!("bench-{}", self.line),
            customer_tier: if self.is_gold() { GOLD } else { STANDARD }.to_owned(),
            lines: (self.first..self.first + self.items).map(line).collect(),
            ..OrderDraft::default()
        };
        let request = PlaceOrderRequest { request_id: new_id(), order: Some(draft), ..PlaceOrderRequest::default() };
        let mut orders = OrderServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX);
        let placed = orders.place_order(request).await?.into_inner().order.unwrap_or_default();
        let wanted = if self.is_gold() { (0, 1) } else { (1, 0) };
        let as_wanted = placed.lines.iter().filter(|line| (line.reserved, line.open) == wanted).count();
        if u32::try_from(as_wanted) != Ok(self.items) {
            return Err(Failure::new(format!("of order {id} only {as_wanted} lines stand as they should")));
        }
        Ok(self.items)
    }
}

async fn stocked(clients: &Clients, numbers: std::ops::Range<u32>, comes_on: Date) -> Result<(), Failure> {
    let item = |number| Item { name: item_name(number), description: "of a backlog".to_owned(), ..Item::default() };
    let items = BatchPutItemsRequest { request_id: new_id(), items: numbers.clone().map(item).collect() };
    clients.catalog.clone().batch_put_items(items).await?;
    let line = |number| ReceiptLine {
        item: item_name(number),
        location: LOCATION.to_owned(),
        accepted: i64::from(LINES_PER_ITEM / 2),
        ..ReceiptLine::default()
    };
    let receipt = ReceiveStockRequest {
        request_id: new_id(),
        lines: numbers.clone().map(line).collect(),
        document: "opening stock of a backlog".to_owned(),
        effective_time: None,
        context: Some(requests::context("bench", "")),
    };
    clients.stock.clone().receive_stock(receipt).await?;
    let supply = |number| Supply {
        name: supply_name(number),
        item: item_name(number),
        location: LOCATION.to_owned(),
        kind: SupplyKind::PurchaseOrderLine.into(),
        ordered: UNITS_TO_COME,
        expected_date: Some(requests::date(comes_on)),
        ..Supply::default()
    };
    let supplies = BatchCreateSuppliesRequest {
        request_id: new_id(),
        supplies: numbers.map(supply).collect(),
        context: Some(requests::context("bench", "")),
    };
    clients.supply.clone().batch_create_supplies(supplies).await?;
    Ok(())
}

fn item_name(number: u32) -> String {
    format!("items/R{number:07}")
}

fn supply_name(number: u32) -> String {
    format!("supplies/R{number:07}")
}

fn today() -> Date {
    civil_date_in(SystemClock.now(), &TimeZone::UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_item_has_all_its_lines_in_orders_of_a_thousand_at_most() {
        let backlog = Backlog::of(30_001);
        assert_eq!((backlog.items(), backlog.lines()), (1_501, 30_020));
        let orders: Vec<OrderOf> = backlog.orders().collect();
        assert_eq!(orders.iter().map(|order| order.items).sum::<u32>(), 30_020);
        assert!(orders.iter().all(|order| order.items <= PER_CALL));
        assert_eq!(orders.iter().filter(|order| order.is_gold()).map(|order| order.items).sum::<u32>(), 15_010);
    }
}
