//! `FigureService`.

use backorder_proto::allocation::v1::{self as pb, figure_service_server::FigureService};
use backorder_service_kit::paging::PageLimits;
use tonic::{Request, Response, Status, async_trait};

use super::{decode::figures as decode, page_of, read};
use crate::use_cases::{
    UseCases,
    figures::{GroupPage, grouping},
};

/// A group has many figures.
const PAGES: PageLimits = PageLimits { default: 50, max: 200 };

/// The service.
pub struct Figures(pub UseCases);

#[async_trait]
impl FigureService for Figures {
    async fn get_service_figures(
        &self,
        request: Request<pb::GetServiceFiguresRequest>,
    ) -> Result<Response<pb::GetServiceFiguresResponse>, Status> {
        let now = self.0.now();
        let (command, by) = read(&request, |r, violations| {
            let by = grouping(r.group_by, violations);
            decode::figures(r, now, violations).zip(by)
        })?;
        let r = request.get_ref();
        let (page, binding) = page_of(&request, PAGES, r.page_size, &r.page_token, |r| {
            r.page_size = 0;
            r.page_token.clear();
        })?;
        let groups = GroupPage { by, after: page.after.clone(), max: usize::try_from(page.size).unwrap_or(usize::MAX) };
        let (mut answer, next) = self.0.get_service_figures(command, groups).await?;
        answer.next_page_token = next.map(|key| binding.token(&key)).unwrap_or_default();
        Ok(Response::new(answer))
    }

    async fn get_shortage_cost(
        &self,
        request: Request<pb::GetShortageCostRequest>,
    ) -> Result<Response<pb::GetShortageCostResponse>, Status> {
        let now = self.0.now();
        let (command, by) = read(&request, |r, violations| {
            let by = grouping(r.group_by, violations);
            decode::cost(r, now, violations).zip(by)
        })?;
        let r = request.get_ref();
        let (page, binding) = page_of(&request, PAGES, r.page_size, &r.page_token, |r| {
            r.page_size = 0;
            r.page_token.clear();
        })?;
        let groups = GroupPage { by, after: page.after.clone(), max: usize::try_from(page.size).unwrap_or(usize::MAX) };
        let (mut answer, next) = self.0.get_shortage_cost(command, groups).await?;
        answer.next_page_token = next.map(|key| binding.token(&key)).unwrap_or_default();
        Ok(Response::new(answer))
    }
}
