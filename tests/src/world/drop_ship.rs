//! What suppliers ship to customers themselves.

use backorder_proto::{
    allocation::v1::{
        CancelTakeRequest, ConfirmDropShipmentRequest, ConfirmDropShipmentResponse, ConfirmTakeRequest, DropShipTake,
        ListDropShipTakesRequest, RefuseTakeRequest, TakeFromDropShipRequest,
    },
    convert::encode,
    inventory::v1::{DropShipStock, ListDropShipStockRequest, ReportDropShipStockRequest, ReportedStock},
};
use jiff::SignedDuration;
use tonic::Status;

use crate::world::{World, because, date, request_id};

impl World {
    /// The supplier reports what it had so many hours ago, which holds for a day.
    pub async fn report(&self, supplier: &str, item: &str, quantity: i64, hours_ago: i64) -> DropShipStock {
        let request = ReportDropShipStockRequest {
            request_id: request_id(),
            supplier: self.id(supplier),
            lines: vec![ReportedStock { item: self.item_name(item), quantity, unit: String::new() }],
            as_of_time: Some(encode::timestamp(self.now() - SignedDuration::from_hours(hours_ago))),
            valid_hours: 24,
            context: None,
        };
        let answer = self.inventory.drop_ship_stock.clone().report_drop_ship_stock(request).await.expect("taken");
        answer.into_inner().stock.remove(0)
    }

    /// The reports of the supplier that are stale.
    pub async fn stale_reports(&self, supplier: &str) -> Vec<DropShipStock> {
        let request = ListDropShipStockRequest { supplier: self.id(supplier), stale_only: true, ..Default::default() };
        self.inventory.drop_ship_stock.clone().list_drop_ship_stock(request).await.expect("listed").into_inner().stock
    }

    /// Asks a supplier for units of the first line of an order; 0 means all that is open.
    pub async fn take(&self, order: &str, quantity: i64, supplier: &str) -> Result<DropShipTake, Status> {
        self.take_of_line(order, 1, quantity, supplier).await
    }

    /// The same of any line.
    pub async fn take_of_line(
        &self,
        order: &str,
        line: u32,
        quantity: i64,
        supplier: &str,
    ) -> Result<DropShipTake, Status> {
        let request = TakeFromDropShipRequest {
            request_id: request_id(),
            line: self.line_name(order, line),
            quantity,
            supplier: self.id(supplier),
            answer_hours: 4,
            ..Default::default()
        };
        let answer = self.allocation.drop_ship.clone().take_from_drop_ship(request).await?.into_inner();
        Ok(answer.take.expect("the take"))
    }

    /// All takes, oldest first.
    pub async fn takes(&self) -> Vec<DropShipTake> {
        let request = ListDropShipTakesRequest { page_size: 1_000, ..Default::default() };
        self.allocation.drop_ship.clone().list_drop_ship_takes(request).await.expect("listed").into_inner().takes
    }

    /// The supplier will ship so many in three days; 0 means all.
    pub async fn confirm_take(&self, take: &DropShipTake, confirmed: i64) -> Result<DropShipTake, Status> {
        let request = ConfirmTakeRequest {
            request_id: request_id(),
            name: take.name.clone(),
            confirmed,
            ship_date: Some(date(self.day(3))),
            ..Default::default()
        };
        let answer = self.allocation.drop_ship.clone().confirm_take(request).await?.into_inner();
        Ok(answer.take.expect("the take"))
    }

    /// The supplier will not ship.
    pub async fn refuse_take(&self, take: &DropShipTake) -> Result<DropShipTake, Status> {
        let request = RefuseTakeRequest { request_id: request_id(), name: take.name.clone(), context: None };
        let answer = self.allocation.drop_ship.clone().refuse_take(request).await?.into_inner();
        Ok(answer.take.expect("the take"))
    }

    /// Takes a take back.
    pub async fn cancel_take(&self, take: &DropShipTake) -> Result<DropShipTake, Status> {
        let request =
            CancelTakeRequest { request_id: request_id(), name: take.name.clone(), context: because("not-needed") };
        let answer = self.allocation.drop_ship.clone().cancel_take(request).await?.into_inner();
        Ok(answer.take.expect("the take"))
    }

    /// The supplier shipped; 0 means all that it confirmed.
    pub async fn drop_ship(&self, take: &DropShipTake, quantity: i64) -> Result<ConfirmDropShipmentResponse, Status> {
        let request = ConfirmDropShipmentRequest {
            request_id: request_id(),
            name: take.name.clone(),
            quantity,
            reference: "their-1".to_owned(),
            ..Default::default()
        };
        Ok(self.allocation.drop_ship.clone().confirm_drop_shipment(request).await?.into_inner())
    }
}
