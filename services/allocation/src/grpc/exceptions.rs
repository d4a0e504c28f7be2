//! `ExceptionService`.

use backorder_proto::allocation::v1::{self as pb, exception_service_server::ExceptionService};
use tonic::{Request, Response, Status, async_trait};

use super::{damaged_token, decode::exception as decode, page, read, write};
use crate::{error::Error, order::exception::Place, use_cases::UseCases};

/// The service.
pub struct Exceptions(pub UseCases);

#[async_trait]
impl ExceptionService for Exceptions {
    async fn list_exceptions(
        &self,
        request: Request<pb::ListExceptionsRequest>,
    ) -> Result<Response<pb::ListExceptionsResponse>, Status> {
        let filter = read(&request, decode::filter)?;
        let r = request.get_ref();
        let (page, binding) = page(&request, r.page_size, &r.page_token, |r| {
            r.page_size = 0;
            r.page_token.clear();
        })?;
        let after = page.after.as_deref().map(|key| Place::of_text(key).ok_or_else(damaged_token)).transpose()?;
        let (exceptions, next) = self.0.list_exceptions(&filter, after, page.size as usize).await?;
        let next_page_token = next.map(|place| binding.token(&place.text())).unwrap_or_default();
        Ok(Response::new(pb::ListExceptionsResponse { exceptions, next_page_token }))
    }

    async fn assign_exception(
        &self,
        request: Request<pb::AssignExceptionRequest>,
    ) -> Result<Response<pb::Exception>, Status> {
        write(&self.0, request, decode::assign, UseCases::annotate_exception).await
    }

    async fn snooze_exception(
        &self,
        request: Request<pb::SnoozeExceptionRequest>,
    ) -> Result<Response<pb::Exception>, Status> {
        write(&self.0, request, decode::snooze, UseCases::annotate_exception).await
    }

    async fn note_exception(
        &self,
        request: Request<pb::NoteExceptionRequest>,
    ) -> Result<Response<pb::Exception>, Status> {
        write(&self.0, request, decode::note, UseCases::annotate_exception).await
    }

    async fn get_exception_limits(
        &self,
        _request: Request<pb::GetExceptionLimitsRequest>,
    ) -> Result<Response<pb::ExceptionLimits>, Status> {
        Ok(Response::new(self.0.exception_limits().await.map_err(Error::from)?))
    }

    async fn update_exception_limits(
        &self,
        request: Request<pb::UpdateExceptionLimitsRequest>,
    ) -> Result<Response<pb::ExceptionLimits>, Status> {
        write(&self.0, request, decode::limits, UseCases::update_exception_limits).await
    }
}
