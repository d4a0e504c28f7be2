//! `AllocationRunService`.

use backorder_proto::allocation::v1::{self as pb, allocation_run_service_server::AllocationRunService};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, async_trait};

use super::{
    damaged_token,
    decode::{run as decode, run_schedule as schedule},
    page, read, write,
};
use crate::{
    error::Error,
    store::simulated_runs::LinePlace,
    use_cases::{UseCases, backlog::WatchLimits},
};

/// The service.
pub struct Runs {
    /// What it calls.
    pub use_cases: UseCases,
    /// How its watches end.
    pub watches: WatchLimits,
}

#[async_trait]
impl AllocationRunService for Runs {
    type WatchRunStream = ReceiverStream<Result<pb::WatchRunResponse, Status>>;

    async fn start_run(&self, request: Request<pb::StartRunRequest>) -> Result<Response<pb::AllocationRun>, Status> {
        write(&self.use_cases, request, decode::start, UseCases::start_run).await
    }

    async fn get_run(&self, request: Request<pb::GetRunRequest>) -> Result<Response<pb::AllocationRun>, Status> {
        let id = read(&request, |r, violations| decode::id(&r.name, "name", violations))?;
        Ok(Response::new(self.use_cases.simulated_run(&id).await?))
    }

    async fn list_runs(&self, request: Request<pb::ListRunsRequest>) -> Result<Response<pb::ListRunsResponse>, Status> {
        let r = request.get_ref();
        let (page, binding) = page(&request, r.page_size, &r.page_token, |r| {
            r.page_size = 0;
            r.page_token.clear();
        })?;
        let after = page.after.as_deref().map(|key| decode::run_place(key).ok_or_else(damaged_token)).transpose()?;
        let mut found = self.use_cases.list_runs(after, page.query_limit()).await.map_err(Error::from)?;
        let next_page_token = page.cut(&mut found, &binding, |(place, _)| place.clone());
        let runs = found.into_iter().map(|(_, run)| run).collect();
        Ok(Response::new(pb::ListRunsResponse { runs, next_page_token }))
    }

    async fn list_run_lines(
        &self,
        request: Request<pb::ListRunLinesRequest>,
    ) -> Result<Response<pb::ListRunLinesResponse>, Status> {
        let (id, filter) = read(&request, decode::lines)?;
        let r = request.get_ref();
        let (page, binding) = page(&request, r.page_size, &r.page_token, |r| {
            r.page_size = 0;
            r.page_token.clear();
        })?;
        let after = page.after.as_deref().map(|key| LinePlace::of_text(key).ok_or_else(damaged_token)).transpose()?;
        let mut found = self.use_cases.list_run_lines(&id, &filter, after.as_ref(), page.query_limit()).await?;
        let next_page_token = page.cut(&mut found, &binding, |(place, _)| place.text());
        let lines = found.into_iter().map(|(_, line)| line).collect();
        Ok(Response::new(pb::ListRunLinesResponse { lines, next_page_token }))
    }

    async fn watch_run(&self, request: Request<pb::WatchRunRequest>) -> Result<Response<Self::WatchRunStream>, Status> {
        let id = read(&request, |r, violations| decode::id(&r.name, "name", violations))?;
        let messages = self.use_cases.watch_run(id, self.watches.clone()).await?;
        Ok(Response::new(ReceiverStream::new(messages)))
    }

    async fn commit_run(&self, request: Request<pb::CommitRunRequest>) -> Result<Response<pb::AllocationRun>, Status> {
        write(&self.use_cases, request, decode::commit, UseCases::commit_run).await
    }

    async fn cancel_run(&self, request: Request<pb::CancelRunRequest>) -> Result<Response<pb::AllocationRun>, Status> {
        write(&self.use_cases, request, decode::cancel, UseCases::cancel_run).await
    }

    async fn put_run_schedule(
        &self,
        request: Request<pb::PutRunScheduleRequest>,
    ) -> Result<Response<pb::RunSchedule>, Status> {
        write(&self.use_cases, request, schedule::put, UseCases::put_run_schedule).await
    }

    async fn get_run_schedule(
        &self,
        request: Request<pb::GetRunScheduleRequest>,
    ) -> Result<Response<pb::RunSchedule>, Status> {
        let id = read(&request, |r, violations| schedule::id(&r.name, "name", violations))?;
        Ok(Response::new(self.use_cases.run_schedule(id.as_str()).await?))
    }

    async fn list_run_schedules(
        &self,
        _request: Request<pb::ListRunSchedulesRequest>,
    ) -> Result<Response<pb::ListRunSchedulesResponse>, Status> {
        Ok(Response::new(self.use_cases.list_run_schedules().await?))
    }

    async fn delete_run_schedule(
        &self,
        request: Request<pb::DeleteRunScheduleRequest>,
    ) -> Result<Response<pb::DeleteRunScheduleResponse>, Status> {
        write(&self.use_cases, request, schedule::delete, UseCases::delete_run_schedule).await
    }

    async fn compare_runs(
        &self,
        request: Request<pb::CompareRunsRequest>,
    ) -> Result<Response<pb::CompareRunsResponse>, Status> {
        let (first, second) = read(&request, decode::compared)?;
        let r = request.get_ref();
        let (page, binding) = page(&request, r.page_size, &r.page_token, |r| {
            r.page_size = 0;
            r.page_token.clear();
        })?;
        let after = page.after.as_deref().map(|key| LinePlace::of_text(key).ok_or_else(damaged_token)).transpose()?;
        // A page asks for one row more than it holds, to see whether there is a next one; here the walk knows.
        let limit = usize::try_from(page.query_limit().saturating_sub(1)).unwrap_or(usize::MAX).max(1);
        let (mut answer, next) = self.use_cases.compare_runs((&first, &second), after.as_ref(), limit).await?;
        answer.next_page_token = next.map(|place| binding.token(&place.text())).unwrap_or_default();
        Ok(Response::new(answer))
    }

    async fn what_if(&self, request: Request<pb::WhatIfRequest>) -> Result<Response<pb::WhatIfResponse>, Status> {
        let wanted = read(&request, decode::what_if)?;
        Ok(Response::new(self.use_cases.what_if(wanted).await?))
    }
}
