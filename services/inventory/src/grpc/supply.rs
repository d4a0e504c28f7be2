//! `SupplyService`.

use backorder_proto::{
    convert::inventory as wire,
    inventory::v1::{self as pb, supply_service_server::SupplyService},
};
use tonic::{Request, Response, Status, async_trait};

use super::{SMALL_PAGES, decode::supply as decode, page, read, write};
use crate::use_cases::UseCases;

/// The service.
pub struct Supplies(pub UseCases);

#[async_trait]
impl SupplyService for Supplies {
    async fn get_supply(&self, request: Request<pb::GetSupplyRequest>) -> Result<Response<pb::Supply>, Status> {
        let id = read(&request, |r, v| wire::decode_supply_name(&r.name, "name", v))?;
        Ok(Response::new(self.0.get_supply(&id).await?))
    }

    async fn list_supplies(
        &self,
        request: Request<pb::ListSuppliesRequest>,
    ) -> Result<Response<pb::ListSuppliesResponse>, Status> {
        let filter = read(&request, decode::list)?;
        let r = request.get_ref();
        let (page, binding) = page(&request, SMALL_PAGES, r.page_size, &r.page_token, |r| {
            r.page_size = 0;
            r.page_token.clear();
        })?;
        let (supplies, next_page_token) = self.0.list_supplies(&page, &binding, &filter).await?;
        Ok(Response::new(pb::ListSuppliesResponse { supplies, next_page_token }))
    }

    async fn batch_create_supplies(
        &self,
        request: Request<pb::BatchCreateSuppliesRequest>,
    ) -> Result<Response<pb::BatchCreateSuppliesResponse>, Status> {
        write(&self.0, request, decode::create, UseCases::execute).await
    }

    async fn update_supply(
        &self,
        request: Request<pb::UpdateSupplyRequest>,
    ) -> Result<Response<pb::UpdateSupplyResponse>, Status> {
        write(&self.0, request, decode::update, UseCases::execute).await
    }

    async fn cancel_supply(
        &self,
        request: Request<pb::CancelSupplyRequest>,
    ) -> Result<Response<pb::CancelSupplyResponse>, Status> {
        write(&self.0, request, decode::cancel, UseCases::execute).await
    }

    async fn advise_shipment(
        &self,
        request: Request<pb::AdviseShipmentRequest>,
    ) -> Result<Response<pb::AdviseShipmentResponse>, Status> {
        write(&self.0, request, decode::advise, UseCases::execute).await
    }
}
