//! `WarehouseService`.

use backorder_proto::inventory::v1::{self as pb, warehouse_service_server::WarehouseService};
use tonic::{Request, Response, Status, async_trait};

use super::{decode::warehouse as decode, write};
use crate::use_cases::UseCases;

/// The service.
pub struct Warehouse(pub UseCases);

#[async_trait]
impl WarehouseService for Warehouse {
    async fn release_to_warehouse(
        &self,
        request: Request<pb::ReleaseToWarehouseRequest>,
    ) -> Result<Response<pb::WarehouseAnswer>, Status> {
        write(&self.0, request, decode::release_to_warehouse, UseCases::execute).await
    }

    async fn recall_from_warehouse(
        &self,
        request: Request<pb::RecallFromWarehouseRequest>,
    ) -> Result<Response<pb::WarehouseAnswer>, Status> {
        write(&self.0, request, decode::recall_from_warehouse, UseCases::execute).await
    }

    async fn report_short_pick(
        &self,
        request: Request<pb::ReportShortPickRequest>,
    ) -> Result<Response<pb::WarehouseAnswer>, Status> {
        write(&self.0, request, decode::report_short_pick, UseCases::execute).await
    }
}
