//! `ReleaseService`.

use backorder_proto::allocation::v1::{self as pb, release_service_server::ReleaseService};
use tonic::{Request, Response, Status, async_trait};

use super::{
    damaged_token,
    decode::{order::order_place, release as decode},
    page, read, write,
};
use crate::{error::Error, use_cases::UseCases};

/// The service.
pub struct Releases(pub UseCases);

#[async_trait]
impl ReleaseService for Releases {
    async fn release_lines(
        &self,
        request: Request<pb::ReleaseLinesRequest>,
    ) -> Result<Response<pb::ReleaseLinesResponse>, Status> {
        write(&self.0, request, decode::release_lines, UseCases::release_lines).await
    }

    async fn recall_release(
        &self,
        request: Request<pb::RecallReleaseRequest>,
    ) -> Result<Response<pb::RecallReleaseResponse>, Status> {
        write(&self.0, request, decode::recall_release, UseCases::recall_release).await
    }

    async fn answer_recall(
        &self,
        request: Request<pb::AnswerRecallRequest>,
    ) -> Result<Response<pb::AnswerRecallResponse>, Status> {
        write(&self.0, request, decode::answer_recall, UseCases::answer_recall).await
    }

    async fn report_short_pick(
        &self,
        request: Request<pb::ReportShortPickRequest>,
    ) -> Result<Response<pb::ReportShortPickResponse>, Status> {
        write(&self.0, request, decode::short_pick, UseCases::report_short_pick).await
    }

    async fn list_recalls(
        &self,
        request: Request<pb::ListRecallsRequest>,
    ) -> Result<Response<pb::ListRecallsResponse>, Status> {
        let state = read(&request, decode::recall_state)?;
        let r = request.get_ref();
        let (page, binding) = page(&request, r.page_size, &r.page_token, |r| {
            r.page_size = 0;
            r.page_token.clear();
        })?;
        let after = page.after.as_deref().map(|key| order_place(key).ok_or_else(damaged_token)).transpose()?;
        let mut found = self.0.list_recalls(state, after, page.query_limit()).await.map_err(Error::from)?;
        let next_page_token = page.cut(&mut found, &binding, |(place, _)| place.clone());
        Ok(Response::new(pb::ListRecallsResponse {
            recalls: found.into_iter().map(|(_, recall)| recall).collect(),
            next_page_token,
        }))
    }
}
