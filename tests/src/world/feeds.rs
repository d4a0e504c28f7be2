//! Documents of warehouses' and carriers' own systems.

use backorder_proto::{
    allocation::v1::{
        AcknowledgeWarehouseOrdersRequest, CarrierStatus, ConfirmShipmentRequest, ConfirmShipmentResponse,
        ConfirmedLine, ListWarehouseOrdersRequest, ReportCarrierStatusRequest, ReportCarrierStatusResponse,
        ReportedEvent, ShipmentDetails, WarehouseOrder,
    },
    common::v1::{DocumentLineResult, DocumentRef},
    inventory::v1::{
        AdjustmentLine, AdviseAdjustmentRequest, AdviseAdjustmentResponse, AdviseReceiptRequest, AdviseReceiptResponse,
        BookStockDifferencesRequest, BookStockDifferencesResponse, CompareStockRequest, CompareStockResponse,
        ComparedLine, ListStockDifferencesRequest, ReceiptLine, StockDifference, StockDifferenceState, StockState,
    },
};
use jiff::Timestamp;
use tonic::Status;

use crate::world::{World, because, request_id};

impl World {
    /// The document of this story's warehouse or carrier.
    pub fn document(&self, number: &str) -> Option<DocumentRef> {
        Some(DocumentRef { sender: self.id("acme"), number: number.to_owned() })
    }

    /// The orders to a warehouse that it has not acknowledged, oldest first.
    pub async fn warehouse_orders(&self, location: &str) -> Vec<WarehouseOrder> {
        let request =
            ListWarehouseOrdersRequest { location: self.location_name(location), page_size: 200, ..Default::default() };
        self.allocation.feed.clone().list_warehouse_orders(request).await.expect("listed").into_inner().warehouse_orders
    }

    /// The warehouse acknowledges an order.
    pub async fn acknowledge(&self, order: &str, reference: &str) -> Result<WarehouseOrder, Status> {
        let request = AcknowledgeWarehouseOrdersRequest {
            request_id: request_id(),
            names: vec![order.to_owned()],
            reference: reference.to_owned(),
            context: None,
        };
        let answer = self.allocation.feed.clone().acknowledge_warehouse_orders(request).await?.into_inner();
        Ok(answer.warehouse_orders.into_iter().next().expect("an order"))
    }

    /// A line of a shipment confirmation: shipped, not found, damaged.
    pub fn confirmed(&self, order: &str, [shipped, not_found, damaged]: [i64; 3]) -> ConfirmedLine {
        ConfirmedLine { line: self.line_name(order, 1), shipped, not_found, damaged, picked: Vec::new() }
    }

    /// The warehouse `main` tells what it shipped.
    pub async fn confirm_shipment(
        &self,
        number: &str,
        lines: Vec<ConfirmedLine>,
    ) -> Result<ConfirmShipmentResponse, Status> {
        let request = ConfirmShipmentRequest {
            request_id: request_id(),
            document: self.document(number),
            location: self.location_name("main"),
            lines,
            reference: format!("van {number}"),
            details: Some(ShipmentDetails {
                carrier: "fast".to_owned(),
                service: "next-day".to_owned(),
                tracking_number: self.id(number),
                ..Default::default()
            }),
            ..Default::default()
        };
        Ok(self.allocation.feed.clone().confirm_shipment(request).await?.into_inner())
    }

    /// The warehouse tells what arrived.
    pub async fn advise_receipt(&self, number: &str, lines: Vec<ReceiptLine>) -> Result<AdviseReceiptResponse, Status> {
        let document = self.document(number);
        let request = AdviseReceiptRequest { request_id: request_id(), document, lines, ..Default::default() };
        Ok(self.inventory.feed.clone().advise_receipt(request).await?.into_inner())
    }

    /// An adjustment at `main`.
    pub fn adjusted(&self, item: &str, from: StockState, to: StockState, quantity: i64) -> AdjustmentLine {
        AdjustmentLine {
            item: self.item_name(item),
            location: self.location_name("main"),
            from_state: from.into(),
            to_state: to.into(),
            quantity,
            reason_code: "05".to_owned(),
            batch: String::new(),
            unit: String::new(),
        }
    }

    /// The warehouse tells what it adjusted.
    pub async fn advise_adjustment(
        &self,
        number: &str,
        lines: Vec<AdjustmentLine>,
    ) -> Result<AdviseAdjustmentResponse, Status> {
        let document = self.document(number);
        let request = AdviseAdjustmentRequest { request_id: request_id(), document, lines, ..Default::default() };
        Ok(self.inventory.feed.clone().advise_adjustment(request).await?.into_inner())
    }

    /// The warehouse `main` tells all that it has, by item and state.
    pub async fn compare(&self, number: &str, lines: &[(&str, StockState, i64)]) -> CompareStockResponse {
        let line = |(item, state, quantity): &(&str, StockState, i64)| ComparedLine {
            item: self.item_name(item),
            state: (*state).into(),
            quantity: *quantity,
            unit: String::new(),
        };
        let request = CompareStockRequest {
            request_id: request_id(),
            document: self.document(number),
            location: self.location_name("main"),
            lines: lines.iter().map(line).collect(),
            whole: true,
            ..Default::default()
        };
        self.inventory.feed.clone().compare_stock(request).await.expect("compared").into_inner()
    }

    /// The differences at `main` that are open.
    pub async fn open_differences(&self) -> Vec<StockDifference> {
        let request = ListStockDifferencesRequest {
            location: self.location_name("main"),
            state: StockDifferenceState::Open.into(),
            ..Default::default()
        };
        self.inventory.feed.clone().list_stock_differences(request).await.expect("listed").into_inner().differences
    }

    /// Books differences.
    pub async fn book(&self, differences: &[&StockDifference]) -> Result<BookStockDifferencesResponse, Status> {
        let request = BookStockDifferencesRequest {
            request_id: request_id(),
            names: differences.iter().map(|difference| difference.name.clone()).collect(),
            context: because("daily-comparison"),
        };
        Ok(self.inventory.feed.clone().book_stock_differences(request).await?.into_inner())
    }

    /// The carrier tells one event of what it knows under a tracking number, with when it expects to deliver.
    pub async fn carrier_says(
        &self,
        number: &str,
        tracked: &str,
        (status, at): (CarrierStatus, Timestamp),
        expected: Option<Timestamp>,
    ) -> ReportCarrierStatusResponse {
        let event = ReportedEvent {
            tracking_number: self.id(tracked),
            status: status.into(),
            event_time: Some(backorder_proto::convert::encode::timestamp(at)),
            expected_delivery_time: expected.map(backorder_proto::convert::encode::timestamp),
            ..Default::default()
        };
        let document = self.document(number);
        let request =
            ReportCarrierStatusRequest { request_id: request_id(), document, events: vec![event], context: None };
        self.allocation.feed.clone().report_carrier_status(request).await.expect("taken").into_inner()
    }
}

/// The numbers of the lines that were refused, with their reasons.
pub fn refused(results: &[DocumentLineResult]) -> Vec<(i32, &str)> {
    results.iter().filter(|result| !result.taken).map(|result| (result.line, result.reason.as_str())).collect()
}
