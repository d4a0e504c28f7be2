//! `WarehouseFeedService`.

use backorder_proto::inventory::v1::{self as pb, warehouse_feed_service_server::WarehouseFeedService};
use tonic::{Request, Response, Status, async_trait};

use super::{SMALL_PAGES, decode::feed as decode, page, read, write};
use crate::use_cases::UseCases;

/// The service.
pub struct WarehouseFeed(pub UseCases);

#[async_trait]
impl WarehouseFeedService for WarehouseFeed {
    async fn advise_receipt(
        &self,
        request: Request<pb::AdviseReceiptRequest>,
    ) -> Result<Response<pb::AdviseReceiptResponse>, Status> {
        let tolerance = self.0.over_receipt();
        let decode = |request: &_, violations: &mut _| decode::receipt(request, tolerance, violations);
        write(&self.0, request, decode, UseCases::advise_receipt).await
    }

    async fn advise_adjustment(
        &self,
        request: Request<pb::AdviseAdjustmentRequest>,
    ) -> Result<Response<pb::AdviseAdjustmentResponse>, Status> {
        write(&self.0, request, decode::adjustment, UseCases::advise_adjustment).await
    }

    async fn compare_stock(
        &self,
        request: Request<pb::CompareStockRequest>,
    ) -> Result<Response<pb::CompareStockResponse>, Status> {
        write(&self.0, request, decode::compare, UseCases::compare_stock).await
    }

    async fn list_stock_differences(
        &self,
        request: Request<pb::ListStockDifferencesRequest>,
    ) -> Result<Response<pb::ListStockDifferencesResponse>, Status> {
        let (location, state) = read(&request, decode::list)?;
        let r = request.get_ref();
        let (page, binding) = page(&request, SMALL_PAGES, r.page_size, &r.page_token, |r| {
            r.page_size = 0;
            r.page_token.clear();
        })?;
        let found = self.0.list_stock_differences(&page, &binding, location.as_ref(), state).await?;
        let (differences, next_page_token) = found;
        Ok(Response::new(pb::ListStockDifferencesResponse { differences, next_page_token }))
    }

    async fn book_stock_differences(
        &self,
        request: Request<pb::BookStockDifferencesRequest>,
    ) -> Result<Response<pb::BookStockDifferencesResponse>, Status> {
        write(&self.0, request, decode::book, UseCases::book_stock_differences).await
    }
}
