//! Orders as a story writes them.

use backorder_proto::{
    allocation::v1::{
        InquireOrderRequest, Order, OrderDraft, OrderLineDraft, PlaceOrderRequest, PlaceOrderResponse,
        QuoteOrderRequest, ShortageInstruction,
    },
    common::v1::{DateBasis, ZonedDate},
};
use jiff::civil;
use tonic::Status;

use crate::world::{World, money, request_id, ship_date};

/// An order that is being written.
#[derive(Clone)]
pub struct Draft {
    world: World,
    order: OrderDraft,
    request_id: String,
}

impl Draft {
    pub fn new(world: World, order: &str) -> Self {
        let order = OrderDraft { order_id: world.id(order), customer: "a-customer".to_owned(), ..Default::default() };
        Self { world, order, request_id: request_id() }
    }

    /// A customer of this story alone.
    #[must_use]
    pub fn customer(mut self, customer: &str) -> Self {
        self.order.customer = self.world.id(customer);
        self
    }

    #[must_use]
    pub fn tier(mut self, tier: &str) -> Self {
        self.order.customer_tier = tier.to_owned();
        self
    }

    #[must_use]
    pub fn channel(mut self, channel: &str) -> Self {
        self.order.channel = channel.to_owned();
        self
    }

    #[must_use]
    pub fn line(mut self, item: &str, quantity: i64) -> Self {
        self.order.lines.push(OrderLineDraft {
            item: self.world.item_name(item),
            quantity,
            unit_price: Some(money(5)),
            ..Default::default()
        });
        self
    }

    /// The locations that may serve the last line.
    #[must_use]
    pub fn from(mut self, locations: &[&str]) -> Self {
        let names = locations.iter().map(|location| self.world.location_name(location)).collect();
        self.last().locations = names;
        self
    }

    /// The zone to which the goods go.
    #[must_use]
    pub fn to(mut self, zone: &str) -> Self {
        self.order.destination_zone = zone.to_owned();
        self
    }

    /// The day on which the goods of the last line shall arrive.
    #[must_use]
    pub fn delivered(mut self, day: civil::Date) -> Self {
        let wanted = ZonedDate { basis: DateBasis::Deliver.into(), ..ship_date(day) };
        self.last().requested_date = Some(wanted);
        self
    }

    /// The day for which the last line is requested.
    #[must_use]
    pub fn requested(mut self, day: civil::Date) -> Self {
        self.last().requested_date = Some(ship_date(day));
        self
    }

    /// What the customer of the last line wants on shortage.
    #[must_use]
    pub fn on_shortage(mut self, instruction: ShortageInstruction) -> Self {
        self.last().shortage_instruction = instruction.into();
        self
    }

    fn last(&mut self) -> &mut OrderLineDraft {
        self.order.lines.last_mut().expect("the draft has a line")
    }

    /// The draft as a message, for stories that change it by hand.
    pub fn order(&mut self) -> &mut OrderDraft {
        &mut self.order
    }

    pub fn request(&self) -> PlaceOrderRequest {
        PlaceOrderRequest { request_id: self.request_id.clone(), order: Some(self.order.clone()), context: None }
    }

    /// The same draft in the world of a cluster that was started anew.
    #[must_use]
    pub fn in_world(self, world: &World) -> Self {
        Self { world: world.clone(), ..self }
    }

    /// Sends the draft, each time with the same request id.
    pub async fn send(&self) -> Result<PlaceOrderResponse, Status> {
        self.world.moment();
        Ok(self.world.allocation.orders.clone().place_order(self.request()).await?.into_inner())
    }

    pub async fn place(&self) -> Result<Order, Status> {
        Ok(self.send().await?.order.expect("the order is answered"))
    }

    pub async fn inquire(&self) -> Result<Order, Status> {
        let request = InquireOrderRequest { order: Some(self.order.clone()) };
        let answer = self.world.allocation.orders.clone().inquire_order(request).await?.into_inner();
        Ok(answer.order.expect("the order is answered"))
    }

    pub fn quote_request(&self, seconds: i64) -> QuoteOrderRequest {
        QuoteOrderRequest {
            request_id: self.request_id.clone(),
            order: Some(self.order.clone()),
            time_to_live: Some(prost_types::Duration { seconds, nanos: 0 }),
            context: None,
        }
    }

    pub async fn quote(&self, seconds: i64) -> Result<Order, Status> {
        let answer = self.world.allocation.orders.clone().quote_order(self.quote_request(seconds)).await?.into_inner();
        Ok(answer.order.expect("the order is answered"))
    }
}
