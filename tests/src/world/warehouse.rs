//! What passes the gate to the warehouse, and what leaves it.

use backorder_proto::allocation::v1::{
    AnswerRecallRequest, AnswerRecallResponse, CancelOrderLinesRequest, CancelOrderLinesResponse,
    ConfirmDeliveryRequest, ConsentToShortShipmentRequest, DeliveredLine, LineQuantity, ListRecallsRequest, Order,
    Recall, RecallReleaseRequest, RecallState, ReleaseLinesRequest, ReportShortPickRequest, ShipOrderLinesRequest,
    Shipment, ShipmentDetails, ShortPick,
};
use backorder_proto::inventory::v1::{CountLine, CountStockRequest, CountStockResponse};
use tonic::Status;

use crate::world::{World, because, request_id};

impl World {
    /// Hands units of a line to the warehouse; 0 means all that is reserved.
    pub async fn release(&self, order: &str, line: u32, quantity: i64) -> Result<(), Status> {
        let lines = vec![LineQuantity { name: self.line_name(order, line), quantity }];
        let request = ReleaseLinesRequest { request_id: request_id(), lines, context: None };
        self.allocation.releases.clone().release_lines(request).await.map(drop)
    }

    /// Asks the warehouse for units of a line; 0 means all that it has and was not asked for.
    pub async fn recall(&self, order: &str, line: u32, quantity: i64) -> Result<Recall, Status> {
        let request = RecallReleaseRequest {
            request_id: request_id(),
            lines: vec![LineQuantity { name: self.line_name(order, line), quantity }],
            cancels: false,
            context: because("customer-called"),
        };
        let answer = self.allocation.releases.clone().recall_release(request).await?.into_inner();
        Ok(answer.recalls.into_iter().next().expect("a recall"))
    }

    /// The warehouse answers a recall.
    pub async fn answer_recall(&self, recall: &str, returned: i64) -> Result<AnswerRecallResponse, Status> {
        let request = AnswerRecallRequest {
            request_id: request_id(),
            name: recall.to_owned(),
            returned,
            context: because("warehouse"),
        };
        Ok(self.allocation.releases.clone().answer_recall(request).await?.into_inner())
    }

    /// The recalls that the warehouse has not answered.
    pub async fn pending_recalls(&self) -> Vec<Recall> {
        self.recalls_in(RecallState::Pending).await
    }

    /// All recalls, oldest first.
    pub async fn recalls(&self) -> Vec<Recall> {
        self.recalls_in(RecallState::Unspecified).await
    }

    async fn recalls_in(&self, state: RecallState) -> Vec<Recall> {
        let request = ListRecallsRequest { page_size: 1_000, state: state.into(), ..Default::default() };
        self.allocation.releases.clone().list_recalls(request).await.expect("listed").into_inner().recalls
    }

    /// The customer agrees that lines leave without what is missing; no numbers mean all lines.
    pub async fn consent(&self, order: &str, lines: &[u32]) -> Result<Order, Status> {
        let request = ConsentToShortShipmentRequest {
            request_id: request_id(),
            name: self.order_name(order),
            lines: lines.iter().map(|line| self.line_name(order, *line)).collect(),
            context: because("customer-called"),
        };
        let answer = self.allocation.shortages.clone().consent_to_short_shipment(request).await?.into_inner();
        Ok(answer.order.expect("the order is answered"))
    }

    /// The warehouse did not find units.
    pub async fn short_pick(&self, order: &str, line: u32, quantity: i64, damaged: bool) -> Result<(), Status> {
        let request = ReportShortPickRequest {
            request_id: request_id(),
            lines: vec![ShortPick { name: self.line_name(order, line), quantity, damaged }],
            report_time: None,
            context: because("short-pick"),
        };
        self.allocation.releases.clone().report_short_pick(request).await.map(drop)
    }

    /// Sets what is at a location to what was counted.
    pub async fn count(&self, item: &str, location: &str, counted: i64) -> CountStockResponse {
        let (item, location) = (self.item_name(item), self.location_name(location));
        let request = CountStockRequest {
            request_id: request_id(),
            lines: vec![CountLine { item, location, counted, ..Default::default() }],
            effective_time: None,
            context: because("cycle-count"),
        };
        self.inventory.stock.clone().count_stock(request).await.expect("a count is never refused").into_inner()
    }

    /// Cancels units of the first line, and answers what the warehouse was asked for with the rest.
    pub async fn cancel_with_recalls(&self, order: &str, quantity: i64) -> Result<CancelOrderLinesResponse, Status> {
        let request = CancelOrderLinesRequest {
            request_id: request_id(),
            name: self.order_name(order),
            lines: vec![LineQuantity { name: self.line_name(order, 1), quantity }],
            context: because("customer"),
        };
        Ok(self.allocation.orders.clone().cancel_order_lines(request).await?.into_inner())
    }

    /// Ships the first lines of orders together, all that they have; answers the shipment.
    pub async fn ship_together(&self, orders: &[&str], details: ShipmentDetails) -> Result<Shipment, Status> {
        let lines = orders.iter().map(|order| LineQuantity { name: self.line_name(order, 1), quantity: 0 }).collect();
        let details = Some(details);
        let request = ShipOrderLinesRequest { request_id: request_id(), lines, details, ..Default::default() };
        let name = self.allocation.orders.clone().ship_order_lines(request).await?.into_inner().shipment;
        let request = backorder_proto::allocation::v1::GetShipmentRequest { name };
        Ok(self.allocation.shipments.clone().get_shipment(request).await?.into_inner())
    }

    /// Ships lines of an order together, all that they have.
    pub async fn ship_lines(&self, order: &str, lines: &[u32]) -> Result<(), Status> {
        let lines = lines.iter().map(|line| LineQuantity { name: self.line_name(order, *line), quantity: 0 }).collect();
        let request = ShipOrderLinesRequest { request_id: request_id(), lines, ..Default::default() };
        self.allocation.orders.clone().ship_order_lines(request).await.map(drop)
    }

    /// The customers tell what arrived.
    pub async fn deliver(&self, shipment: &str, lines: Vec<DeliveredLine>) -> Result<Shipment, Status> {
        let request =
            ConfirmDeliveryRequest { request_id: request_id(), name: shipment.to_owned(), lines, ..Default::default() };
        Ok(self.allocation.shipments.clone().confirm_delivery(request).await?.into_inner())
    }
}
