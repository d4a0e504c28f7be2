//! `GoLiveService`.

use backorder_proto::allocation::v1::{self as pb, go_live_service_server::GoLiveService};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, async_trait};

use super::{decode::go_live as decode, read, write};
use crate::use_cases::UseCases;

/// The service.
pub struct GoLives(pub UseCases);

#[async_trait]
impl GoLiveService for GoLives {
    type PreviewGoLiveStream = ReceiverStream<Result<pb::PreviewGoLiveResponse, Status>>;

    async fn get_backlog_import(
        &self,
        request: Request<pb::GetBacklogImportRequest>,
    ) -> Result<Response<pb::BacklogImport>, Status> {
        let import = read(&request, |r, violations| decode::import_id(&r.name, "name", violations))?;
        Ok(Response::new(self.0.backlog_import(&import).await?))
    }

    async fn list_backlog_imports(
        &self,
        _request: Request<pb::ListBacklogImportsRequest>,
    ) -> Result<Response<pb::ListBacklogImportsResponse>, Status> {
        let imports = self.0.backlog_imports().await?;
        Ok(Response::new(pb::ListBacklogImportsResponse { imports }))
    }

    async fn import_open_orders(
        &self,
        request: Request<pb::ImportOpenOrdersRequest>,
    ) -> Result<Response<pb::ImportOpenOrdersResponse>, Status> {
        write(&self.0, request, decode::import_open_orders, UseCases::import_open_orders).await
    }

    async fn preview_go_live(
        &self,
        request: Request<pb::PreviewGoLiveRequest>,
    ) -> Result<Response<Self::PreviewGoLiveStream>, Status> {
        let import = read(&request, |r, violations| decode::import_id(&r.name, "name", violations))?;
        let messages = self.0.clone().preview_go_live(import).await?;
        Ok(Response::new(ReceiverStream::new(messages)))
    }

    async fn confirm_go_live(
        &self,
        request: Request<pb::ConfirmGoLiveRequest>,
    ) -> Result<Response<pb::BacklogImport>, Status> {
        write(&self.0, request, decode::confirm_go_live, UseCases::confirm_go_live).await
    }
}
