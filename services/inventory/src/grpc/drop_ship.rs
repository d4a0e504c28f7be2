//! `DropShipStockService`.

use backorder_proto::inventory::v1::{self as pb, drop_ship_stock_service_server::DropShipStockService};
use tonic::{Request, Response, Status, async_trait};

use super::{SMALL_PAGES, decode::drop_ship as decode, page, read, write};
use crate::use_cases::UseCases;

/// The service.
pub struct DropShipStocks(pub UseCases);

#[async_trait]
impl DropShipStockService for DropShipStocks {
    async fn report_drop_ship_stock(
        &self,
        request: Request<pb::ReportDropShipStockRequest>,
    ) -> Result<Response<pb::ReportDropShipStockResponse>, Status> {
        write(&self.0, request, decode::report, UseCases::report_drop_ship_stock).await
    }

    async fn list_drop_ship_stock(
        &self,
        request: Request<pb::ListDropShipStockRequest>,
    ) -> Result<Response<pb::ListDropShipStockResponse>, Status> {
        let filter = read(&request, decode::list)?;
        let r = request.get_ref();
        let (page, binding) = page(&request, SMALL_PAGES, r.page_size, &r.page_token, |r| {
            r.page_size = 0;
            r.page_token.clear();
        })?;
        let (stock, next_page_token) = self.0.list_drop_ship_stock(&page, &binding, &filter).await?;
        Ok(Response::new(pb::ListDropShipStockResponse { stock, next_page_token }))
    }
}
