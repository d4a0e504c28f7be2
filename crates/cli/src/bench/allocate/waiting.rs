//! An item for which a thousand lines wait, each of an order of its own, and receipts that serve some of them.

use std::{collections::VecDeque, time::Duration};

use backorder_proto::{
    allocation::v1::{GetOrderRequest, OrderDraft, OrderLineDraft, PlaceOrderRequest},
    inventory::v1::{BatchPutItemsRequest, Item, ReceiptLine, ReceiveStockRequest},
};
use tokio::time::Instant;

use crate::{
    bench::stock::{LOCATION, new_id},
    client::{Clients, requests},
    failure::Failure,
};

/// A line that is not confirmed after so long has been forgotten.
const PATIENCE: Duration = Duration::from_secs(60);

/// The lines that wait for an item, one unit each, the longest first.
#[derive(Debug)]
pub struct Waiting {
    item: String,
    /// Orders that wait, the first one first.
    orders: VecDeque<String>,
}

impl Waiting {
    /// Makes the item, and orders of one line each.
    ///
    /// # Errors
    /// [`Failure`] when a service refuses.
    pub async fn make(clients: &Clients, item: String, lines: u32) -> Result<Self, Failure> {
        let one = Item { name: item.clone(), description: "waited for".to_owned(), ..Item::default() };
        clients
            .catalog
            .clone()
            .batch_put_items(BatchPutItemsRequest { request_id: new_id(), items: vec![one] })
            .await?;
        let mut this = Self { item, orders: VecDeque::new() };
        this.refill(clients, lines).await?;
        Ok(this)
    }

    /// Places orders until so many wait.
    ///
    /// # Errors
    /// [`Failure`] when a service refuses.
    pub async fn refill(&mut self, clients: &Clients, lines: u32) -> Result<(), Failure> {
        // One after the other, so that they wait in this order.
        while self.orders.len() < lines as usize {
            self.orders.push_back(place(clients, &self.item).await?);
        }
        Ok(())
    }

    /// Receives units, and answers how long it took from the call until the order that is served last had been confirmed its
    /// unit. It is asked again and again meanwhile, so an answer takes part in the time.
    ///
    /// # Errors
    /// [`Failure`] when a service refuses, nobody waits, or the units do not reach the order.
    pub async fn serve(&mut self, clients: &Clients, units: u32) -> Result<Duration, Failure> {
        let last = self.orders.drain(..(units as usize).min(self.orders.len())).next_back();
        let last = last.ok_or_else(|| Failure::new(format!("nobody waits for {}", self.item)))?;
        let line = ReceiptLine {
            item: self.item.clone(),
            location: LOCATION.to_owned(),
            accepted: units.into(),
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
        while !is_confirmed(clients, &last).await? {
            if begun.elapsed() > PATIENCE {
                return Err(Failure::new(format!("{last} was not confirmed the unit that came for it")));
            }
        }
        Ok(begun.elapsed())
    }
}

async fn is_confirmed(clients: &Clients, order: &str) -> Result<bool, Failure> {
    let request = GetOrderRequest { name: order.to_owned() };
    let order = clients.orders.clone().get_order(request).await?.into_inner();
    Ok(order.lines.iter().all(|line| line.reserved == 1))
}

/// Places an order of one unit that has to wait, and answers its name.
async fn place(clients: &Clients, item: &str) -> Result<String, Failure> {
    let line = OrderLineDraft {
        item: item.to_owned(),
        quantity: 1,
        locations: vec![LOCATION.to_owned()],
        ..OrderLineDraft::default()
    };
    let draft = OrderDraft {
        order_id: format!("waits-{}", new_id()),
        customer: "bench".to_owned(),
        lines: vec![line],
        ..OrderDraft::default()
    };
    let request = PlaceOrderRequest { request_id: new_id(), order: Some(draft), ..PlaceOrderRequest::default() };
    let order = clients.orders.clone().place_order(request).await?.into_inner().order.unwrap_or_default();
    if order.lines.iter().any(|line| (line.reserved, line.open) != (0, 1)) {
        return Err(Failure::new(format!("{} does not wait", order.name)));
    }
    Ok(order.name)
}
