//! Streams the demand, business day by business day: in the morning news and receipts from suppliers, then the orders
//! and reversals at their own times, in the evening shipments and the buyer's orders.

use std::{collections::BTreeSet, path::PathBuf, sync::Arc, time::Duration};

use backorder_proto::{
    allocation::v1::{LineQuantity, OrderDraft, OrderLine, PlaceOrderRequest, ShipOrderLinesRequest},
    inventory::v1::{ReceiptLine, ReceiveStockRequest, Supply, UpdateSupplyRequest},
};
use backorder_service_kit::time::ManualClock;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::{Timestamp, civil::Date};
use prost_types::FieldMask;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    book::Book,
    buyer::{Buyer, civil_date},
    calendar::{evening, morning},
    idle::until_idle,
    setup::{WAREHOUSE, order_supplies},
    state::DemoState,
    tiers::Terms,
};
use crate::{
    client::{Clients, requests},
    demand::{DemandEvent, DemandOrder, Reversal},
    demand_summary::DemandSummary,
    failure::Failure,
    import::{import_id, retail_orders::draft},
    model::{delivery::later, supply::PlannedSupply},
    output::{progress::Progress, text::named},
    undo::{self, content_id},
};

/// The most lines of one receipt.
const RECEIPT_LINES_MAX: usize = 1_000;
/// The most lines of one shipment call.
const SHIPPED_LINES_MAX: usize = 500;
/// Shipment calls under way at once.
const SHIPMENTS_IN_FLIGHT: usize = 3;

/// How a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// All demand is in the system.
    Complete,
    /// It was asked to stop; the same command goes on.
    Stopped,
}

/// A stream on its way.
pub struct Stream<'a> {
    /// The services.
    pub clients: Clients,
    /// The business clock of the services.
    pub clock: Arc<ManualClock>,
    /// What the planner knows of the demand.
    pub summary: &'a DemandSummary,
    /// The demand in the order of time.
    pub events: &'a [DemandEvent],
    /// The modelled buyer.
    pub buyer: Buyer,
    /// Lines under way.
    pub book: Book,
    /// Where the run stands.
    pub state: DemoState,
    /// The folder that keeps the state.
    pub folder: PathBuf,
    /// Whether the first day may have been begun before the program was stopped.
    pub is_resumed: bool,
    /// Whether an order was placed since the services were idle last.
    pub has_placed: bool,
    /// Items that were ordered today, by name, where something may go wrong.
    pub ordered_today: BTreeSet<String>,
    /// What is assumed of customers, where the run has a policy.
    pub terms: Option<&'a Terms>,
    /// How far it is.
    pub progress: Progress,
    /// The wish to stop.
    pub stop: CancellationToken,
}

impl Stream<'_> {
    /// Streams from the day that comes next to the last one.
    ///
    /// # Errors
    /// [`Failure`] when a service refuses or cannot answer; the same command goes on from the last complete day.
    pub async fn run(&mut self) -> Result<Ended, Failure> {
        let mut day = self.state.next_day().unwrap_or(self.summary.first_day);
        let mut rest = &self.events[self.events.partition_point(|event| self.summary.day_of(event.at()) < day)..];
        let mut lines = 0;
        while day <= self.summary.last_day {
            if self.stop.is_cancelled() {
                return Ok(Ended::Stopped);
            }
            let begun = Instant::now();
            let of_day = rest.partition_point(|event| self.summary.day_of(event.at()) <= day);
            lines += lines_of(&rest[..of_day]);
            self.day(day, &rest[..of_day]).await?;
            rest = &rest[of_day..];
            day = later(day, 1);
            self.state.next_day = day.to_string();
            self.state.stream_seconds += begun.elapsed().as_secs_f64();
            self.state.save(&self.folder)?;
            self.show(day, lines);
        }
        Ok(Ended::Complete)
    }

    async fn day(&mut self, day: Date, events: &[DemandEvent]) -> Result<(), Failure> {
        let mut touched = self.morning(day).await?;
        for event in events {
            match event {
                DemandEvent::Ordered(order) => self.place(order).await?,
                DemandEvent::Reversed(reversal) => self.reverse(reversal, &mut touched).await?,
            }
        }
        self.evening(day, touched).await
    }

    /// News of delays and receipts. Answers the items of which stock became free.
    async fn morning(&mut self, day: Date) -> Result<BTreeSet<String>, Failure> {
        self.set_clock(morning(day, self.summary.zone()));
        until_idle(&self.clients).await?;
        self.let_go(day).await?;
        for supply in self.buyer.take_delays(day) {
            self.delay(&supply, day).await?;
        }
        until_idle(&self.clients).await?;
        let arrived = self.buyer.take_arrivals(day);
        for chunk in arrived.chunks(RECEIPT_LINES_MAX) {
            self.receive(chunk, day).await?;
            until_idle(&self.clients).await?;
        }
        Ok(arrived.iter().map(|supply| named("items", self.buyer.code(supply.item))).collect())
    }

    async fn delay(&self, supply: &PlannedSupply, day: Date) -> Result<(), Failure> {
        let changed = Supply {
            name: named("supplies", &supply.id),
            expected_date: Some(requests::date(supply.dates.arrives_on)),
            ..Supply::default()
        };
        let request = UpdateSupplyRequest {
            request_id: import_id(&["demo", "delay", &supply.id]).to_string(),
            supply: Some(changed),
            update_mask: Some(FieldMask { paths: vec!["expected_date".to_owned()] }),
            expected_version: 0,
            context: Some(requests::context("supplier-delay", &format!("told on {day}, modelled"))),
        };
        self.clients.supply.clone().update_supply(request).await?;
        Ok(())
    }

    async fn receive(&self, supplies: &[PlannedSupply], day: Date) -> Result<(), Failure> {
        let line = |supply: &PlannedSupply| ReceiptLine {
            item: named("items", self.buyer.code(supply.item)),
            location: WAREHOUSE.to_owned(),
            supply: named("supplies", &supply.id),
            accepted: supply.quantity,
            ..ReceiptLine::default()
        };
        let mut request = ReceiveStockRequest {
            request_id: String::new(),
            lines: supplies.iter().map(line).collect(),
            document: format!("modelled receipt of {day}"),
            effective_time: None,
            context: Some(requests::context("receipt", "modelled")),
        };
        request.request_id = content_id("receipt", &day.to_string(), &request);
        self.clients.stock.clone().receive_stock(request).await?;
        Ok(())
    }

    async fn place(&mut self, order: &DemandOrder) -> Result<(), Failure> {
        self.set_clock(order.placed_at);
        let request = PlaceOrderRequest {
            request_id: import_id(&["order", &order.id]).to_string(),
            order: Some(self.draft(order)),
            context: Some(requests::context("demo", "")),
        };
        let asked = Instant::now();
        let answer = self.clients.orders.clone().place_order(request).await?.into_inner();
        self.state.place_order_us.push(microseconds(asked.elapsed()));
        self.has_placed = true;
        let placed = answer.order.unwrap_or_default();
        placed.lines.iter().for_each(|line| self.buyer.moved(&line.item, -line.ordered));
        if let Some(mishaps) = &mut self.state.mishaps {
            self.ordered_today.extend(placed.lines.iter().map(|line| line.item.clone()));
            let today = self.summary.day_of(order.placed_at);
            let is_ahead = |line: &&OrderLine| civil_date(line.release_date.as_ref()).is_some_and(|day| day > today);
            mishaps.lines_preordered += placed.lines.iter().filter(is_ahead).count() as u64;
        }
        self.book.note(&placed);
        self.hold(&placed, self.summary.day_of(order.placed_at)).await
    }

    /// The order with its customer's tier, where tiers are assumed.
    fn draft(&self, order: &DemandOrder) -> OrderDraft {
        let tier = self.terms.map(|terms| terms.tier(order.customer.as_deref()).name());
        OrderDraft { customer_tier: tier.unwrap_or_default().to_owned(), ..draft(order) }
    }

    async fn reverse(&mut self, reversal: &Reversal, touched: &mut BTreeSet<String>) -> Result<(), Failure> {
        // After another reversal the services are idle already.
        if self.has_placed {
            until_idle(&self.clients).await?;
            self.has_placed = false;
        }
        self.set_clock(reversal.reversed_at);
        let rest = async || until_idle(&self.clients).await;
        let undone = undo::apply(&self.clients, reversal, WAREHOUSE, None, rest).await?;
        undone.orders.iter().for_each(|order| self.book.note(order));
        for (item, units) in undone.cancelled.into_iter().chain(undone.returned) {
            self.buyer.moved(&item, units);
            touched.insert(item);
        }
        Ok(())
    }

    async fn evening(&mut self, day: Date, mut touched: BTreeSet<String>) -> Result<(), Failure> {
        self.set_clock(evening(day, self.summary.zone()));
        until_idle(&self.clients).await?;
        let counted = self.count_shelves(day).await?;
        self.ordered_today.clear();
        touched.extend(counted);
        if std::mem::take(&mut self.is_resumed) {
            self.reload(day).await?;
        } else {
            for item in &touched {
                self.book.refresh(&self.clients, item).await?;
            }
        }
        let shipping = self.book.take_reserved(day);
        let this = &*self;
        // The next call begins while stock posts the one before; whatever their order, the books end the same.
        stream::iter(shipping.chunks(SHIPPED_LINES_MAX))
            .map(|lines| this.ship(lines, day))
            .buffered(SHIPMENTS_IN_FLIGHT)
            .try_collect::<()>()
            .await?;
        let ordered = self.buyer.reorders(day);
        order_supplies(&self.clients, &self.buyer, &ordered, &day.to_string()).await?;
        ordered.into_iter().for_each(|supply| self.buyer.expect(supply));
        until_idle(&self.clients).await
    }

    /// After a day that may have been begun twice, only the services know how lines and stock stand.
    async fn reload(&mut self, day: Date) -> Result<(), Failure> {
        self.book = Book::load(&self.clients).await?;
        self.state.mishaps.iter().flat_map(|mishaps| mishaps.held.keys()).for_each(|order| self.book.hold(order));
        let model = self.buyer.model().clone();
        self.buyer = Buyer::load(model, &self.clients, self.summary.first_day, later(day, 1)).await?;
        for (item, units) in self.book.units_open_when_loaded() {
            self.buyer.moved(item, -units);
        }
        Ok(())
    }

    async fn ship(&self, lines: &[(String, i64)], day: Date) -> Result<(), Failure> {
        let line = |(name, quantity): &(String, i64)| LineQuantity { name: name.clone(), quantity: *quantity };
        let mut request = ShipOrderLinesRequest {
            request_id: String::new(),
            lines: lines.iter().map(line).collect(),
            reference: format!("evening of {day}"),
            context: Some(requests::context("shipment", "")),
            ..ShipOrderLinesRequest::default()
        };
        request.request_id = content_id("ship", &day.to_string(), &request);
        self.clients.orders.clone().ship_order_lines(request).await?;
        Ok(())
    }

    /// Moves the business clock on; it never goes back inside a run.
    fn set_clock(&self, instant: Timestamp) {
        use backorder_domain::time::Clock as _;
        self.clock.set(instant.max(self.clock.now()));
    }

    fn show(&self, day: Date, lines: u64) {
        let done = (day - self.summary.first_day).get_days();
        let waiting = self.book.lines_waiting();
        self.progress.at(u64::try_from(done).unwrap_or(0), format!("{day}: {lines} lines, {waiting} wait"));
    }
}

fn lines_of(events: &[DemandEvent]) -> u64 {
    let lines = |event: &DemandEvent| match event {
        DemandEvent::Ordered(order) => order.lines.len() as u64,
        DemandEvent::Reversed(_) => 0,
    };
    events.iter().map(lines).sum()
}

fn microseconds(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}
