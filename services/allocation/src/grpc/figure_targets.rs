//! `FigureTargetService`.

use backorder_proto::allocation::v1::{self as pb, figure_target_service_server::FigureTargetService};
use tonic::{Request, Response, Status, async_trait};

use super::{decode::figures as decode, read, write};
use crate::use_cases::UseCases;

/// The service.
pub struct FigureTargets(pub UseCases);

#[async_trait]
impl FigureTargetService for FigureTargets {
    async fn put_figure_target(
        &self,
        request: Request<pb::PutFigureTargetRequest>,
    ) -> Result<Response<pb::FigureTarget>, Status> {
        let now = self.0.now();
        let put = move |r: &pb::PutFigureTargetRequest, violations: &mut _| decode::put_target(r, now, violations);
        write(&self.0, request, put, UseCases::put_figure_target).await
    }

    async fn get_figure_target(
        &self,
        request: Request<pb::GetFigureTargetRequest>,
    ) -> Result<Response<pb::FigureTarget>, Status> {
        let id = read(&request, |r, violations| decode::target_id(&r.name, "name", violations))?;
        Ok(Response::new(self.0.get_figure_target(&id).await?))
    }

    async fn list_figure_targets(
        &self,
        _request: Request<pb::ListFigureTargetsRequest>,
    ) -> Result<Response<pb::ListFigureTargetsResponse>, Status> {
        Ok(Response::new(pb::ListFigureTargetsResponse { targets: self.0.list_figure_targets().await? }))
    }

    async fn delete_figure_target(
        &self,
        request: Request<pb::DeleteFigureTargetRequest>,
    ) -> Result<Response<pb::DeleteFigureTargetResponse>, Status> {
        write(&self.0, request, decode::delete_target, UseCases::delete_figure_target).await
    }
}
