//! `BacklogService`.

use backorder_proto::allocation::v1::{self as pb, backlog_service_server::BacklogService};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, async_trait};

use super::{
    damaged_token,
    decode::{backlog as decode, order::line_of},
    page, read,
};
use crate::{
    error::Error,
    store::backlog::BacklogPlace,
    use_cases::{UseCases, backlog::WatchLimits},
};

/// The service.
pub struct Backlog {
    /// What it calls.
    pub use_cases: UseCases,
    /// How its watches end.
    pub watches: WatchLimits,
}

#[async_trait]
impl BacklogService for Backlog {
    type WatchPromisesStream = ReceiverStream<Result<pb::WatchPromisesResponse, Status>>;

    async fn list_backorders(
        &self,
        request: Request<pb::ListBackordersRequest>,
    ) -> Result<Response<pb::ListBackordersResponse>, Status> {
        let r = request.get_ref();
        let (page, binding) = page(&request, r.page_size, &r.page_token, |r| {
            r.page_size = 0;
            r.page_token.clear();
        })?;
        let filter = read(&request, decode::filter)?;
        let after =
            page.after.as_deref().map(|key| BacklogPlace::of_text(key).ok_or_else(damaged_token)).transpose()?;
        let mut found = self.use_cases.list_backorders(&filter, after.as_ref(), page.query_limit()).await?;
        let next_page_token = page.cut(&mut found, &binding, |waiting| waiting.place().text());
        let backorders: Result<_, _> = found.iter().map(|waiting| self.use_cases.backorder(waiting)).collect();
        Ok(Response::new(pb::ListBackordersResponse { backorders: backorders.map_err(Error::from)?, next_page_token }))
    }

    async fn explain_promise(
        &self,
        request: Request<pb::ExplainPromiseRequest>,
    ) -> Result<Response<pb::ExplainPromiseResponse>, Status> {
        let (order, line) = read(&request, |r, violations| line_of(&r.name, "name", violations))?;
        Ok(Response::new(self.use_cases.explain_promise(&order, line).await?))
    }

    async fn list_lost_demand(
        &self,
        request: Request<pb::ListLostDemandRequest>,
    ) -> Result<Response<pb::ListLostDemandResponse>, Status> {
        let r = request.get_ref();
        let (page, binding) = page(&request, r.page_size, &r.page_token, |r| {
            r.page_size = 0;
            r.page_token.clear();
        })?;
        let item = read(&request, |r, violations| decode::item_filter(&r.item, violations))?;
        let after = page.after.as_deref().map(|key| key.parse().map_err(|_| damaged_token())).transpose()?;
        let mut found = self.use_cases.list_lost_demand(&item, after, page.query_limit()).await?;
        let next_page_token = page.cut(&mut found, &binding, |(id, _)| id.to_string());
        let lost_demand = found.into_iter().map(|(_, lost)| lost).collect();
        Ok(Response::new(pb::ListLostDemandResponse { lost_demand, next_page_token }))
    }

    async fn watch_promises(
        &self,
        request: Request<pb::WatchPromisesRequest>,
    ) -> Result<Response<Self::WatchPromisesStream>, Status> {
        let orders = read(&request, decode::watched_orders)?;
        let token = &request.get_ref().resume_token;
        let messages = self.use_cases.watch_promises(token, orders, self.watches.clone()).await?;
        Ok(Response::new(ReceiverStream::new(messages)))
    }

    async fn get_resume_token(
        &self,
        _request: Request<pb::GetResumeTokenRequest>,
    ) -> Result<Response<pb::GetResumeTokenResponse>, Status> {
        let resume_token = self.use_cases.present_token().await?;
        Ok(Response::new(pb::GetResumeTokenResponse { resume_token }))
    }
}
