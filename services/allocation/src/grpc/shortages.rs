//! `ShortageService`.

use backorder_proto::allocation::v1::{self as pb, shortage_service_server::ShortageService};
use tonic::{Request, Response, Status, async_trait};

use super::{decode::shortage as decode, write};
use crate::use_cases::UseCases;

/// The service.
pub struct Shortages(pub UseCases);

#[async_trait]
impl ShortageService for Shortages {
    async fn consent_to_short_shipment(
        &self,
        request: Request<pb::ConsentToShortShipmentRequest>,
    ) -> Result<Response<pb::ConsentToShortShipmentResponse>, Status> {
        write(&self.0, request, decode::consent, UseCases::consent_to_short_shipment).await
    }
}
