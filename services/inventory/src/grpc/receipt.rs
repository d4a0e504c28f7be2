//! `ReceiptService`.

use backorder_proto::inventory::v1::{self as pb, receipt_service_server::ReceiptService};
use tonic::{Request, Response, Status, async_trait};

use super::{SMALL_PAGES, decode::receipt as decode, page, read, write};
use crate::use_cases::UseCases;

/// The service.
pub struct Receipts(pub UseCases);

#[async_trait]
impl ReceiptService for Receipts {
    async fn list_receipts(
        &self,
        request: Request<pb::ListReceiptsRequest>,
    ) -> Result<Response<pb::ListReceiptsResponse>, Status> {
        let filter = read(&request, decode::list)?;
        let r = request.get_ref();
        let (page, binding) = page(&request, SMALL_PAGES, r.page_size, &r.page_token, |r| {
            r.page_size = 0;
            r.page_token.clear();
        })?;
        let (lines, next_page_token) = self.0.list_receipts(&page, &binding, &filter).await?;
        Ok(Response::new(pb::ListReceiptsResponse { lines, next_page_token }))
    }

    async fn reverse_receipt(
        &self,
        request: Request<pb::ReverseReceiptRequest>,
    ) -> Result<Response<pb::ReverseReceiptResponse>, Status> {
        write(&self.0, request, decode::reverse, UseCases::execute).await
    }

    async fn resolve_blind_receipt(
        &self,
        request: Request<pb::ResolveBlindReceiptRequest>,
    ) -> Result<Response<pb::ResolveBlindReceiptResponse>, Status> {
        write(&self.0, request, decode::resolve, UseCases::execute).await
    }
}
