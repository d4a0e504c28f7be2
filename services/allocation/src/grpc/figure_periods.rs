//! `FigurePeriodService`.

use backorder_proto::allocation::v1::{self as pb, figure_period_service_server::FigurePeriodService};
use tonic::{Request, Response, Status, async_trait};

use super::{decode::figures as decode, page, read, write};
use crate::use_cases::{UseCases, figures::PeriodAt};

/// The service.
pub struct FigurePeriods(pub UseCases);

#[async_trait]
impl FigurePeriodService for FigurePeriods {
    async fn close_figure_period(
        &self,
        request: Request<pb::CloseFigurePeriodRequest>,
    ) -> Result<Response<pb::FigurePeriod>, Status> {
        let now = self.0.now();
        let close = move |r: &pb::CloseFigurePeriodRequest, violations: &mut _| decode::close(r, now, violations);
        write(&self.0, request, close, UseCases::close_figure_period).await
    }

    async fn get_figure_period(
        &self,
        request: Request<pb::GetFigurePeriodRequest>,
    ) -> Result<Response<pb::FigurePeriod>, Status> {
        let at: PeriodAt = read(&request, |r, violations| decode::period(&r.name, r.edition, violations))?;
        Ok(Response::new(self.0.get_figure_period(&at).await?))
    }

    async fn list_figure_periods(
        &self,
        request: Request<pb::ListFigurePeriodsRequest>,
    ) -> Result<Response<pb::ListFigurePeriodsResponse>, Status> {
        let r = request.get_ref();
        let (page, binding) = page(&request, r.page_size, &r.page_token, |r| {
            r.page_size = 0;
            r.page_token.clear();
        })?;
        let mut periods = self.0.list_figure_periods(page.after.as_deref(), page.query_limit()).await?;
        let month = |period: &pb::FigurePeriod| decode::month_in(&period.name).to_owned();
        let next_page_token = page.cut(&mut periods, &binding, month);
        Ok(Response::new(pb::ListFigurePeriodsResponse { periods, next_page_token }))
    }

    async fn list_restatements(
        &self,
        request: Request<pb::ListRestatementsRequest>,
    ) -> Result<Response<pb::ListRestatementsResponse>, Status> {
        let at = read(&request, |r, violations| decode::period(&r.name, r.edition, violations))?;
        Ok(Response::new(self.0.list_restatements(&at).await?))
    }
}
