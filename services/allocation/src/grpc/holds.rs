//! `HoldService`.

use backorder_proto::allocation::v1::{self as pb, hold_service_server::HoldService};
use tonic::{Request, Response, Status, async_trait};

use super::{damaged_token, decode::hold as decode, page, read, write};
use crate::{
    error::Error,
    use_cases::{UseCases, holds::HoldPlace},
};

/// The service.
pub struct Holds(pub UseCases);

#[async_trait]
impl HoldService for Holds {
    async fn set_holds(&self, request: Request<pb::SetHoldsRequest>) -> Result<Response<pb::SetHoldsResponse>, Status> {
        write(&self.0, request, decode::set_holds, UseCases::set_holds).await
    }

    async fn clear_holds(
        &self,
        request: Request<pb::ClearHoldsRequest>,
    ) -> Result<Response<pb::ClearHoldsResponse>, Status> {
        write(&self.0, request, decode::clear_holds, UseCases::clear_holds).await
    }

    async fn list_holds(
        &self,
        request: Request<pb::ListHoldsRequest>,
    ) -> Result<Response<pb::ListHoldsResponse>, Status> {
        let filter = read(&request, decode::filter)?;
        let r = request.get_ref();
        let (page, binding) = page(&request, r.page_size, &r.page_token, |r| {
            r.page_size = 0;
            r.page_token.clear();
        })?;
        let after = page.after.as_deref().map(|key| HoldPlace::of_text(key).ok_or_else(damaged_token)).transpose()?;
        let found = self.0.list_holds(&filter, after.as_ref(), page.query_limit()).await;
        let mut found = found.map_err(Error::from)?;
        let next_page_token = page.cut(&mut found, &binding, |(place, _)| place.text());
        let holds = found.into_iter().map(|(_, hold)| hold).collect();
        Ok(Response::new(pb::ListHoldsResponse { holds, next_page_token }))
    }
}
