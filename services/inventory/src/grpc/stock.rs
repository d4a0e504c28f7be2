//! `StockService`.

use backorder_proto::{
    convert::decode as basic,
    inventory::v1::{self as pb, stock_service_server::StockService},
};
use backorder_service_kit::paging::PageLimits;
use tonic::{Request, Response, Status, async_trait};

use super::{
    SMALL_PAGES,
    decode::{if_set, receipt, stock as decode},
    page, read, write,
};
use crate::use_cases::UseCases;

/// Lists that answered all rows before they had pages.
const ALL_PAGES: PageLimits = PageLimits { default: 1_000, max: 1_000 };

/// The service.
pub struct Stock(pub UseCases);

#[async_trait]
impl StockService for Stock {
    async fn get_position(&self, request: Request<pb::GetPositionRequest>) -> Result<Response<pb::Position>, Status> {
        let (item, location) = read(&request, |r, v| {
            let item = basic::item_name(&r.item, "item", v);
            item.zip(basic::location_name(&r.location, "location", v))
        })?;
        Ok(Response::new(self.0.get_position(&item, &location).await?))
    }

    async fn list_positions(
        &self,
        request: Request<pb::ListPositionsRequest>,
    ) -> Result<Response<pb::ListPositionsResponse>, Status> {
        let (item, location) = read(&request, |r, v| {
            let item = if_set(&r.item, |name| basic::item_name(name, "item", v));
            item.zip(if_set(&r.location, |name| basic::location_name(name, "location", v)))
        })?;
        let r = request.get_ref();
        let (page, binding) = page(&request, SMALL_PAGES, r.page_size, &r.page_token, |r| {
            r.page_size = 0;
            r.page_token.clear();
        })?;
        let listed = self.0.list_positions(&page, &binding, item.as_ref(), location.as_ref()).await?;
        let (positions, next_page_token) = listed;
        Ok(Response::new(pb::ListPositionsResponse { positions, next_page_token }))
    }

    async fn list_movements(
        &self,
        request: Request<pb::ListMovementsRequest>,
    ) -> Result<Response<pb::ListMovementsResponse>, Status> {
        let (item, location) = read(&request, |r, v| {
            let item = basic::item_name(&r.item, "item", v);
            item.zip(if_set(&r.location, |name| basic::location_name(name, "location", v)))
        })?;
        let r = request.get_ref();
        let (page, binding) = page(&request, SMALL_PAGES, r.page_size, &r.page_token, |r| {
            r.page_size = 0;
            r.page_token.clear();
        })?;
        let (movements, next_page_token) = self.0.list_movements(&page, &binding, &item, location.as_ref()).await?;
        Ok(Response::new(pb::ListMovementsResponse { movements, next_page_token }))
    }

    async fn list_stock_by_batch(
        &self,
        request: Request<pb::ListStockByBatchRequest>,
    ) -> Result<Response<pb::ListStockByBatchResponse>, Status> {
        let (item, location) = read(&request, |r, v| {
            let item = basic::item_name(&r.item, "item", v);
            item.zip(if_set(&r.location, |name| basic::location_name(name, "location", v)))
        })?;
        let r = request.get_ref();
        let (page, binding) = page(&request, ALL_PAGES, r.page_size, &r.page_token, |r| {
            r.page_size = 0;
            r.page_token.clear();
        })?;
        Ok(Response::new(self.0.list_stock_by_batch(&page, &binding, &item, location.as_ref()).await?))
    }

    async fn list_batches(
        &self,
        request: Request<pb::ListBatchesRequest>,
    ) -> Result<Response<pb::ListBatchesResponse>, Status> {
        let item = read(&request, |r, v| basic::item_name(&r.item, "item", v))?;
        let r = request.get_ref();
        let (page, binding) = page(&request, SMALL_PAGES, r.page_size, &r.page_token, |r| {
            r.page_size = 0;
            r.page_token.clear();
        })?;
        Ok(Response::new(self.0.list_batches(&page, &binding, &item, r.in_stock_only).await?))
    }

    async fn put_batches(
        &self,
        request: Request<pb::PutBatchesRequest>,
    ) -> Result<Response<pb::PutBatchesResponse>, Status> {
        write(&self.0, request, decode::put_batches, UseCases::execute).await
    }

    async fn receive_stock(
        &self,
        request: Request<pb::ReceiveStockRequest>,
    ) -> Result<Response<pb::ReceiveStockResponse>, Status> {
        let tolerance = self.0.over_receipt();
        write(&self.0, request, |r, v| receipt::receive(r, tolerance, v), UseCases::begin).await
    }

    async fn adjust_stock(
        &self,
        request: Request<pb::AdjustStockRequest>,
    ) -> Result<Response<pb::AdjustStockResponse>, Status> {
        write(&self.0, request, decode::adjust, UseCases::execute).await
    }

    async fn count_stock(
        &self,
        request: Request<pb::CountStockRequest>,
    ) -> Result<Response<pb::CountStockResponse>, Status> {
        write(&self.0, request, decode::count, UseCases::execute).await
    }

    async fn transfer_stock(
        &self,
        request: Request<pb::TransferStockRequest>,
    ) -> Result<Response<pb::TransferStockResponse>, Status> {
        let new_id = || self.0.new_supply_id();
        write(&self.0, request, |r, v| decode::transfer(r, new_id, v), UseCases::execute).await
    }

    async fn quarantine_stock(
        &self,
        request: Request<pb::QuarantineStockRequest>,
    ) -> Result<Response<pb::QuarantineStockResponse>, Status> {
        write(&self.0, request, decode::quarantine, UseCases::execute).await
    }

    async fn release_quarantine(
        &self,
        request: Request<pb::ReleaseQuarantineRequest>,
    ) -> Result<Response<pb::ReleaseQuarantineResponse>, Status> {
        write(&self.0, request, decode::release_quarantine, UseCases::execute).await
    }

    async fn ship_stock(
        &self,
        request: Request<pb::ShipStockRequest>,
    ) -> Result<Response<pb::ShipStockResponse>, Status> {
        write(&self.0, request, decode::ship, UseCases::execute).await
    }

    async fn receive_return(
        &self,
        request: Request<pb::ReceiveReturnRequest>,
    ) -> Result<Response<pb::ReceiveReturnResponse>, Status> {
        write(&self.0, request, decode::receive_return, UseCases::execute).await
    }
}
