//! A queue of one item that a receipt serves: how it is made, served and proved.

use std::time::Duration;

use backorder_proto::{
    allocation::v1::{
        GetOrderRequest, Order, OrderDraft, OrderLineDraft, PlaceOrderRequest, VerifyOrdersRequest,
        order_service_client::OrderServiceClient,
    },
    inventory::v1::{
        BatchGetAvailabilityRequest, BatchGetClaimsRequest, BatchPutItemsRequest, Item, ItemLocation, ReadConsistency,
        ReceiptLine, ReceiveStockRequest, VerifyBooksRequest, reservation_service_client::ReservationServiceClient,
    },
};
use backorder_service_kit::clients::ServiceChannel;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use prost_types::FieldMask;
use tokio::time::Instant;

use super::stock::{LOCATION, new_id};
use crate::{
    client::{Clients, requests},
    demo::idle,
    failure::Failure,
    output::progress::Progress,
};

/// Lines of an order at most: the claims of so many are looked up in one call.
const LINES_PER_ORDER: u32 = 1_000;
/// Orders that are placed or looked up at once.
const ORDERS_AT_ONCE: usize = 4;
/// Answers of an order with all its lines may be larger than tonic's default.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How often the services are asked whether they are at rest: what is measured takes many times as long.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// An item of which nothing is there, and the lines that wait for it, one unit each.
#[derive(Debug, Clone)]
pub struct Queue {
    item: &'static str,
    lines: u32,
}

impl Queue {
    /// A queue of so many lines for an item of its own.
    #[must_use]
    pub const fn of(item: &'static str, lines: u32) -> Self {
        Self { item, lines }
    }

    /// The orders, each with the number of its lines.
    fn orders(&self) -> impl Iterator<Item = (String, u32)> + use<> {
        let Self { item, lines } = *self;
        (0..lines.div_ceil(LINES_PER_ORDER))
            .map(move |number| (format!("{item}-{number}"), LINES_PER_ORDER.min(lines - number * LINES_PER_ORDER)))
    }

    fn item_name(&self) -> String {
        format!("items/{}", self.item)
    }

    /// Makes the item, and places the orders.
    ///
    /// # Errors
    /// [`Failure`] when a service refuses, or a line does not wait.
    pub async fn make(&self, clients: &Clients, channel: &ServiceChannel) -> Result<(), Failure> {
        let item = Item { name: self.item_name(), description: "a queue".to_owned(), ..Item::default() };
        let items = BatchPutItemsRequest { request_id: new_id(), items: vec![item] };
        clients.catalog.clone().batch_put_items(items).await?;
        let progress = Progress::of("lines", u64::from(self.lines));
        let placing = self.orders().map(|(order, lines)| self.place(channel.clone(), order, lines));
        let mut placing = stream::iter(placing).buffer_unordered(ORDERS_AT_ONCE);
        let mut placed = 0_u64;
        while let Some(lines) = placing.try_next().await? {
            placed += u64::from(lines);
            progress.at(placed, format!("wait for {}", self.item));
        }
        progress.finish();
        Ok(())
    }

    async fn place(&self, channel: ServiceChannel, order: String, lines: u32) -> Result<u32, Failure> {
        let line = |_| OrderLineDraft {
            item: self.item_name(),
            quantity: 1,
            locations: vec![LOCATION.to_owned()],
            ..OrderLineDraft::default()
        };
        let draft = OrderDraft {
            order_id: order.clone(),
            customer: "bench".to_owned(),
            lines: (0..lines).map(line).collect(),
            ..OrderDraft::default()
        };
        let request = PlaceOrderRequest { request_id: new_id(), order: Some(draft), ..PlaceOrderRequest::default() };
        let mut orders = OrderServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX);
        let placed = orders.place_order(request).await?.into_inner().order.unwrap_or_default();
        let waiting = placed.lines.iter().filter(|line| (line.reserved, line.open) == (0, 1)).count();
        if waiting != usize::try_from(lines).unwrap_or_default() {
            return Err(Failure::new(format!("of order {order} only {waiting} lines wait")));
        }
        Ok(lines)
    }

    /// Receives units for all lines, and answers how long it took until both services had nothing left to do.
    ///
    /// # Errors
    /// [`Failure`] when a service refuses.
    pub async fn serve(&self, clients: &Clients) -> Result<Duration, Failure> {
        let begun = self.receive(clients).await?;
        while idle::busy(clients).await?.is_some() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(begun.elapsed())
    }

    /// Receives units for all lines while others give the services no rest, and answers how long it took until no unit was
    /// held and the order that waited last had been told of its units.
    ///
    /// # Errors
    /// [`Failure`] when a service refuses.
    pub async fn serve_beside_others(&self, clients: &Clients) -> Result<Duration, Failure> {
        let begun = self.receive(clients).await?;
        while !(self.is_shared(clients).await? && self.is_told(clients).await?) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(begun.elapsed())
    }

    async fn receive(&self, clients: &Clients) -> Result<Instant, Failure> {
        let line = ReceiptLine {
            item: self.item_name(),
            location: LOCATION.to_owned(),
            accepted: i64::from(self.lines),
            ..ReceiptLine::default()
        };
        let receipt = ReceiveStockRequest {
            request_id: new_id(),
            lines: vec![line],
            document: format!("receipt of {}", self.item),
            effective_time: None,
            context: Some(requests::context("bench", "")),
        };
        let begun = Instant::now();
        clients.stock.clone().receive_stock(receipt).await?;
        Ok(begun)
    }

    /// Whether inventory has given all units to lines.
    async fn is_shared(&self, clients: &Clients) -> Result<bool, Failure> {
        let request = BatchGetAvailabilityRequest {
            pairs: vec![ItemLocation { item: self.item_name(), location: LOCATION.to_owned() }],
            read_mask: Some(FieldMask { paths: vec!["position".to_owned()] }),
            consistency: ReadConsistency::Exact.into(),
        };
        let answer = clients.availability.clone().batch_get_availability(request).await?.into_inner();
        let position = answer.availabilities.into_iter().next().and_then(|found| found.position);
        Ok(position.is_some_and(|position| position.held == 0 && position.reserved == i64::from(self.lines)))
    }

    /// Whether allocation has recorded the units of the order that waited last.
    async fn is_told(&self, clients: &Clients) -> Result<bool, Failure> {
        let Some((order, _)) = self.orders().last() else { return Ok(true) };
        let request = GetOrderRequest { name: format!("orders/{order}") };
        let order: Order = clients.orders.clone().get_order(request).await?.into_inner();
        Ok(order.lines.iter().all(|line| line.reserved == 1))
    }
}

/// What the books say about queues that were served.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Proof {
    /// Lines that waited.
    pub lines: u64,
    /// Of these, lines without their unit, in either service.
    pub unserved: u64,
    /// Of these, lines with more than their unit, in either service.
    pub doubled: u64,
    /// Differences that the books have in themselves or with each other, and orders that could not be compared.
    pub drifted: u64,
}

impl Proof {
    /// Looks each line up in both services, and proves both books.
    ///
    /// # Errors
    /// [`Failure`] when a service cannot answer.
    pub async fn of(clients: &Clients, channel: &ServiceChannel, queues: &[Queue]) -> Result<Self, Failure> {
        let mut proof = Self::default();
        let orders = queues.iter().flat_map(Queue::orders);
        let mut looking = stream::iter(orders.map(|(order, lines)| look_up(channel.clone(), order, lines)))
            .buffer_unordered(ORDERS_AT_ONCE);
        while let Some((lines, units)) = looking.try_next().await? {
            proof.lines += u64::from(lines);
            for units in units {
                proof.count(lines, &units);
            }
        }
        let books = clients.inventory_operations.clone().verify_books(VerifyBooksRequest::default()).await?;
        let orders = clients.allocation_operations.clone().verify_orders(VerifyOrdersRequest {}).await?.into_inner();
        let differences = books.into_inner().differences.len() + orders.differences.len();
        proof.drifted = u64::try_from(differences).unwrap_or(u64::MAX) + orders.orders_left_out.unsigned_abs();
        Ok(proof)
    }

    /// Counts the reserved units of an order's lines in one service. A line that is not told of has none.
    fn count(&mut self, lines: u32, units: &[i64]) {
        let count = |is_so: fn(&&i64) -> bool| u64::try_from(units.iter().filter(is_so).count()).unwrap_or(u64::MAX);
        self.unserved += u64::from(lines).saturating_sub(count(|units| **units >= 1));
        self.doubled += count(|units| **units > 1);
    }
}

/// The reserved units of the lines of an order: by its own service, and by inventory.
async fn look_up(channel: ServiceChannel, order: String, lines: u32) -> Result<(u32, [Vec<i64>; 2]), Failure> {
    let mut orders = OrderServiceClient::new(channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX);
    let name = format!("orders/{order}");
    let told: Order = orders.get_order(GetOrderRequest { name: name.clone() }).await?.into_inner();
    let names = (1..=lines).map(|line| format!("{name}/lines/{line}")).collect();
    let mut claims = ReservationServiceClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX);
    let claims = claims.batch_get_claims(BatchGetClaimsRequest { lines: names }).await?.into_inner().claims;
    let told = told.lines.iter().map(|line| line.reserved).collect();
    Ok((lines, [told, claims.iter().map(|claim| claim.reserved).collect()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_cut_into_orders_that_hold_all_its_lines() {
        let lines = |lines| Queue::of("Q", lines).orders().map(|(_, lines)| lines).collect::<Vec<_>>();
        assert_eq!(lines(2_500), [1_000, 1_000, 500]);
        assert_eq!(lines(1_000), [1_000]);
    }

    #[test]
    fn a_line_without_a_unit_or_not_told_of_is_unserved_and_one_with_two_is_doubled() {
        let mut proof = Proof::default();
        proof.count(4, &[1, 0, 2]);
        assert_eq!((proof.unserved, proof.doubled), (2, 1));
    }
}
