//! `ConsentService` and `RefundService`.

use backorder_proto::allocation::v1::{
    self as pb, consent_service_server::ConsentService, refund_service_server::RefundService,
};
use tonic::{Request, Response, Status, async_trait};

use super::{damaged_token, decode::wait as decode, page, read, write};
use crate::{error::Error, use_cases::UseCases};

/// What customers say about their waits.
pub struct Consents(pub UseCases);

/// What is to be given back.
pub struct Refunds(pub UseCases);

#[async_trait]
impl ConsentService for Consents {
    async fn record_answer(
        &self,
        request: Request<pb::RecordAnswerRequest>,
    ) -> Result<Response<pb::RecordAnswerResponse>, Status> {
        write(&self.0, request, decode::answer, UseCases::record_answer).await
    }

    async fn list_questions(
        &self,
        request: Request<pb::ListQuestionsRequest>,
    ) -> Result<Response<pb::ListQuestionsResponse>, Status> {
        let filter = read(&request, decode::questions)?;
        let r = request.get_ref();
        let (page, binding) = page(&request, r.page_size, &r.page_token, |r| {
            r.page_size = 0;
            r.page_token.clear();
        })?;
        let after =
            page.after.as_deref().map(|key| decode::question_place(key).ok_or_else(damaged_token)).transpose()?;
        let mut found = self.0.list_questions(&filter, after, page.query_limit()).await.map_err(Error::from)?;
        let next_page_token = page.cut(&mut found, &binding, |(place, _)| place.clone());
        let questions = found.into_iter().map(|(_, question)| question).collect();
        Ok(Response::new(pb::ListQuestionsResponse { questions, next_page_token }))
    }
}

#[async_trait]
impl RefundService for Refunds {
    async fn list_refunds(
        &self,
        request: Request<pb::ListRefundsRequest>,
    ) -> Result<Response<pb::ListRefundsResponse>, Status> {
        let filter = read(&request, decode::refunds)?;
        let r = request.get_ref();
        let (page, binding) = page(&request, r.page_size, &r.page_token, |r| {
            r.page_size = 0;
            r.page_token.clear();
        })?;
        let after = page.after.as_deref().map(|key| decode::refund_place(key).ok_or_else(damaged_token)).transpose()?;
        let mut found = self.0.list_refunds(&filter, after, page.query_limit()).await.map_err(Error::from)?;
        let next_page_token = page.cut(&mut found, &binding, |(place, _)| place.clone());
        let refunds = found.into_iter().map(|(_, refund)| refund).collect();
        Ok(Response::new(pb::ListRefundsResponse { refunds, next_page_token }))
    }
}
