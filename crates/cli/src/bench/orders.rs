//! Clients that place orders, and the proof that each acknowledged order is in the books of both services once.

use std::collections::HashMap;

use backorder_proto::{
    allocation::v1::{
        GetOrderRequest, Order, OrderDraft, OrderLineDraft, PlaceOrderRequest, PlaceOrderResponse, VerifyOrdersRequest,
        order_service_client::OrderServiceClient,
    },
    inventory::v1::{BatchGetClaimsRequest, VerifyBooksRequest, reservation_service_client::ReservationServiceClient},
};
use backorder_service_kit::clients::ServiceChannel;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use tonic::Code;

use super::{
    baseline::Shape,
    load::Client,
    stock::{LOCATION, item_name, new_id},
};
use crate::{client::Clients, demo::idle::until_idle, failure::Failure};

/// Orders that are looked up at once.
const LOOKED_UP_AT_ONCE: usize = 16;
/// Lines whose claims are asked for together.
const CLAIMS_PER_CALL: usize = 1_000;
/// Lines of an order at most: so many claims are answered at once.
pub const LINES_MAX: u32 = 1_000;

/// A client that places orders of one unit a line, and what was acknowledged to it.
pub struct Placing {
    client: OrderServiceClient<ServiceChannel>,
    /// A prefix that no other client uses, ever.
    name: String,
    items: u32,
    lines: u32,
    /// Orders sent, which were all acknowledged but for the last one when it was not.
    sent: u64,
    acknowledged: u64,
    /// The last order that was acknowledged, with its answer.
    last: Option<(PlaceOrderRequest, PlaceOrderResponse)>,
}

impl Placing {
    /// `name` must be its own; `items` are drawn evenly.
    #[must_use]
    pub fn new(channel: ServiceChannel, name: String, shape: Shape, items: u32, lines: u32) -> Self {
        let items = if shape == Shape::Hot { 1 } else { items };
        Self { client: OrderServiceClient::new(channel), name, items, lines, sent: 0, acknowledged: 0, last: None }
    }

    fn order_id(&self, number: u64) -> String {
        format!("{}-{number}", self.name)
    }

    fn next_request(&mut self) -> PlaceOrderRequest {
        let line = |_| OrderLineDraft {
            item: item_name(1 + rand::random_range(0..self.items)),
            quantity: 1,
            locations: vec![LOCATION.to_owned()],
            ..OrderLineDraft::default()
        };
        let order = OrderDraft {
            order_id: self.order_id(self.sent),
            customer: "bench".to_owned(),
            lines: (0..self.lines).map(line).collect(),
            ..OrderDraft::default()
        };
        self.sent += 1;
        PlaceOrderRequest { request_id: new_id(), order: Some(order), ..PlaceOrderRequest::default() }
    }

    fn acknowledged(&self) -> impl Iterator<Item = String> + '_ {
        (0..self.acknowledged).map(|number| self.order_id(number))
    }
}

impl Client for Placing {
    async fn call(&mut self) -> Result<u64, Failure> {
        let request = self.next_request();
        let answer = self.client.place_order(request.clone()).await?.into_inner();
        let reserved = answer.order.iter().flat_map(|order| &order.lines).filter(|line| line.reserved == 1).count();
        if reserved != usize::try_from(self.lines).unwrap_or_default() {
            return Err(Failure::new(format!("an order of {} got {reserved} units only", self.name)));
        }
        self.acknowledged += 1;
        self.last = Some((request, answer));
        Ok(u64::from(self.lines))
    }
}

/// What the books say about what was acknowledged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Proof {
    /// Acknowledged orders.
    pub orders: u64,
    /// Their lines without their unit, in either service.
    pub lost: u64,
    /// Their lines with more than their unit, in either service.
    pub doubled: u64,
    /// Orders that were answered otherwise when they were sent once more with the same request id.
    pub answered_otherwise: u64,
    /// Differences that the books have in themselves or with each other, and orders that could not be compared.
    pub drifted: u64,
}

impl Proof {
    /// Sends the last order of each client once more, looks each acknowledged one up by its key, and proves both books.
    ///
    /// # Errors
    /// [`Failure`] when a service cannot answer.
    pub async fn of(
        inventory: &ServiceChannel,
        allocation: &ServiceChannel,
        placed: &[Placing],
    ) -> Result<Self, Failure> {
        let clients = Clients::over(inventory, allocation);
        let mut proof = Self { answered_otherwise: sent_again(placed).await?, ..Self::default() };
        until_idle(&clients).await?;
        for client in placed {
            let ids: Vec<String> = client.acknowledged().collect();
            proof.orders += u64::try_from(ids.len()).unwrap_or_default();
            let orders_per_call = CLAIMS_PER_CALL / usize::try_from(client.lines).unwrap_or(1).max(1);
            for chunk in ids.chunks(orders_per_call.max(1)) {
                proof.look_up(&clients, inventory, chunk, client.lines).await?;
            }
        }
        let books =
            clients.inventory_operations.clone().verify_books(VerifyBooksRequest::default()).await?.into_inner();
        let orders = clients.allocation_operations.clone().verify_orders(VerifyOrdersRequest {}).await?.into_inner();
        proof.drifted = u64::try_from(books.differences.len() + orders.differences.len()).unwrap_or(u64::MAX);
        proof.drifted += orders.orders_left_out.unsigned_abs();
        Ok(proof)
    }

    async fn look_up(
        &mut self,
        clients: &Clients,
        inventory: &ServiceChannel,
        ids: &[String],
        lines: u32,
    ) -> Result<(), Failure> {
        let orders = stream::iter(ids.iter().map(|id| order(clients, id))).buffer_unordered(LOOKED_UP_AT_ONCE);
        let orders: Vec<Option<Order>> = orders.try_collect().await?;
        let found = orders.iter().flatten().flat_map(|order| &order.lines);
        self.count(ids, lines, found.map(|line| (line.name.as_str(), line.reserved + line.open)));
        let names: Vec<String> = ids.iter().flat_map(|id| line_names(id, lines)).collect();
        let mut reservations = ReservationServiceClient::new(inventory.clone());
        let claims = reservations.batch_get_claims(BatchGetClaimsRequest { lines: names }).await?.into_inner().claims;
        self.count(ids, lines, claims.iter().map(|claim| (claim.line.as_str(), claim.reserved + claim.waiting)));
        Ok(())
    }

    /// Counts the units of one service's lines: each was ordered with one.
    fn count<'a>(&mut self, ids: &[String], lines: u32, found: impl Iterator<Item = (&'a str, i64)>) {
        let mut units: HashMap<String, i64> =
            ids.iter().flat_map(|id| line_names(id, lines)).map(|name| (name, 0)).collect();
        for (line, quantity) in found {
            *units.entry(line.to_owned()).or_insert(1) += quantity;
        }
        self.lost += u64::try_from(units.values().filter(|units| **units < 1).count()).unwrap_or_default();
        self.doubled += u64::try_from(units.values().filter(|units| **units > 1).count()).unwrap_or_default();
    }
}

fn line_names(order: &str, lines: u32) -> impl Iterator<Item = String> + use<> {
    let order = order.to_owned();
    (1..=lines).map(move |line| format!("orders/{order}/lines/{line}"))
}

async fn order(clients: &Clients, id: &str) -> Result<Option<Order>, Failure> {
    match clients.orders.clone().get_order(GetOrderRequest { name: format!("orders/{id}") }).await {
        Ok(order) => Ok(Some(order.into_inner())),
        Err(status) if status.code() == Code::NotFound => Ok(None),
        Err(status) => Err(status.into()),
    }
}

/// How many of the clients get another answer to their last order.
async fn sent_again(placed: &[Placing]) -> Result<u64, Failure> {
    let mut otherwise = 0;
    for client in placed {
        let Some((request, answer)) = &client.last else { continue };
        let again = client.client.clone().place_order(request.clone()).await?.into_inner();
        otherwise += u64::from(again != *answer);
    }
    Ok(otherwise)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_not_there_is_lost_and_one_that_nobody_ordered_doubled() {
        let ids = ["a".to_owned()];
        let mut proof = Proof::default();
        proof.count(&ids, 3, [("orders/a/lines/1", 1), ("orders/a/lines/2", 2), ("orders/a/lines/4", 1)].into_iter());
        assert_eq!((proof.lost, proof.doubled), (1, 2));
    }
}
