//! Kits and substitutes, as a catalogue tells of them.

use backorder_proto::{
    allocation::v1::{
        ConfirmQuoteRequest, CustomerTotals, Disposition, GetOrderTotalsRequest, ListRefundsRequest, OrderKit, Refund,
        ReturnOrderLinesRequest, ReturnOrderLinesResponse, ReturnedLine, SubstituteLineRequest, SubstituteLineResponse,
    },
    inventory::v1::{
        CreateItemRequest, Item, KitComponent, ReceiptLine, ReceiveStockRequest, Substitute, UpdateItemRequest,
    },
};
use prost_types::FieldMask;
use tonic::Status;

use crate::world::{World, because, request_id};

impl World {
    /// A kit of so many units of each item.
    pub async fn kit(&self, kit: &str, components: &[(&str, i64)]) -> Result<(), Status> {
        let part = |(item, quantity): &(&str, i64)| KitComponent { item: self.item_name(item), quantity: *quantity };
        let item = Item {
            name: self.item_name(kit),
            category: self.id("kits"),
            components: components.iter().map(part).collect(),
            ..Default::default()
        };
        let request = CreateItemRequest { request_id: request_id(), item: Some(item) };
        self.inventory.catalog.clone().create_item(request).await.map(drop)
    }

    /// Makes a kit of an item that is there.
    pub async fn make_kit(&self, item: &str, components: &[(&str, i64)]) -> Result<(), Status> {
        let part = |(item, quantity): &(&str, i64)| KitComponent { item: self.item_name(item), quantity: *quantity };
        let components = components.iter().map(part).collect();
        let request = UpdateItemRequest {
            request_id: request_id(),
            item: Some(Item { name: self.item_name(item), components, ..Default::default() }),
            update_mask: Some(FieldMask { paths: vec!["components".to_owned()] }),
        };
        self.inventory.catalog.clone().update_item(request).await.map(drop)
    }

    /// A receipt that may be refused.
    pub async fn try_receive(&self, item: &str, location: &str, quantity: i64) -> Result<(), Status> {
        let line = ReceiptLine {
            item: self.item_name(item),
            location: self.location_name(location),
            accepted: quantity,
            ..Default::default()
        };
        let request = ReceiveStockRequest { request_id: request_id(), lines: vec![line], ..Default::default() };
        self.inventory.stock.clone().receive_stock(request).await.map(drop)
    }

    /// Units of a line, or kits, that come back and are as good as new.
    pub async fn take_back(&self, order: &str, line: u32, quantity: i64) -> Result<(), Status> {
        self.take_back_as(order, line, quantity, |_| {}).await.map(drop)
    }

    /// The same, unless something else is said of them.
    pub async fn take_back_as(
        &self,
        order: &str,
        line: u32,
        quantity: i64,
        change: impl FnOnce(&mut ReturnedLine),
    ) -> Result<ReturnOrderLinesResponse, Status> {
        let mut line = ReturnedLine {
            name: self.line_name(order, line),
            quantity,
            location: self.location_name("main"),
            disposition: Disposition::Restock.into(),
            ..Default::default()
        };
        change(&mut line);
        let request = ReturnOrderLinesRequest {
            request_id: request_id(),
            lines: vec![line],
            return_time: None,
            context: because("unwanted"),
        };
        Ok(self.allocation.orders.clone().return_order_lines(request).await?.into_inner())
    }

    /// Confirms a quote.
    pub async fn confirm_quote(&self, order: &str) -> Result<(), Status> {
        let request = ConfirmQuoteRequest { request_id: request_id(), name: self.order_name(order), context: None };
        self.allocation.orders.clone().confirm_quote(request).await.map(drop)
    }

    /// What may be sent in place of an item, unit for unit at the lower price unless it is changed; waits until everyone knows.
    pub async fn may_be_replaced(&self, item: &str, by: &str, change: impl FnOnce(&mut Substitute)) {
        let mut substitute = Substitute { item: self.item_name(by), ..Default::default() };
        change(&mut substitute);
        let request = UpdateItemRequest {
            request_id: request_id(),
            item: Some(Item { name: self.item_name(item), substitutes: vec![substitute], ..Default::default() }),
            update_mask: Some(FieldMask { paths: vec!["substitutes".to_owned()] }),
        };
        self.inventory.catalog.clone().update_item(request).await.expect("update an item");
        self.idle().await;
    }

    /// A request to send another item for what waits of the first line of an order.
    pub fn substitution(&self, order: &str, quantity: i64) -> SubstituteLineRequest {
        SubstituteLineRequest {
            request_id: request_id(),
            name: self.line_name(order, 1),
            quantity,
            context: because("not-there"),
            ..Default::default()
        }
    }

    pub async fn substitute(&self, request: &SubstituteLineRequest) -> Result<SubstituteLineResponse, Status> {
        Ok(self.allocation.orders.clone().substitute_line(request.clone()).await?.into_inner())
    }

    /// A kit `set` of two mugs and a lid, and a warehouse with so many of them.
    pub async fn set_of_mugs_and_a_lid(&self, mugs: i64, lids: i64) {
        self.warehouse("main", 1).await;
        for (item, quantity) in [("mug", mugs), ("lid", lids)] {
            self.item(item).await;
            if quantity > 0 {
                self.receive(item, "main", quantity).await;
            }
        }
        self.kit("set", &[("mug", 2), ("lid", 1)]).await.expect("a kit");
    }

    /// The only kit of an order.
    pub async fn kit_of(&self, order: &str) -> OrderKit {
        self.order(order).await.kits.pop().expect("the order has a kit")
    }

    /// What is ordered of all orders, in which a kit counts once.
    pub async fn ordered_in_all(&self) -> CustomerTotals {
        self.idle().await;
        let answer = self.allocation.operations.clone().get_order_totals(GetOrderTotalsRequest {}).await.expect("sums");
        answer.into_inner().as_ordered.unwrap_or_default()
    }

    /// What is to be given back of a line.
    pub async fn refunds_of(&self, order: &str, line: u32) -> Vec<Refund> {
        let request = ListRefundsRequest { line: self.line_name(order, line), ..Default::default() };
        self.allocation.refunds.clone().list_refunds(request).await.expect("listed").into_inner().refunds
    }
}
