//! `GroupService`.

use backorder_proto::inventory::v1::{self as pb, group_service_server::GroupService};
use backorder_service_kit::paging::PageLimits;
use tonic::{Request, Response, Status, async_trait};

use super::{decode::group as decode, page, read, write};
use crate::use_cases::UseCases;

/// Each item comes with all its groups.
const PAGES: PageLimits = PageLimits { default: 20, max: 100 };

/// The service.
pub struct Groups(pub UseCases);

#[async_trait]
impl GroupService for Groups {
    async fn put_item_groups(
        &self,
        request: Request<pb::PutItemGroupsRequest>,
    ) -> Result<Response<pb::PutItemGroupsResponse>, Status> {
        write(&self.0, request, decode::put, UseCases::execute).await
    }

    async fn get_item_groups(
        &self,
        request: Request<pb::GetItemGroupsRequest>,
    ) -> Result<Response<pb::GetItemGroupsResponse>, Status> {
        let item = read(&request, decode::get)?;
        let groups = self.0.get_item_groups(&item).await?;
        Ok(Response::new(pb::GetItemGroupsResponse { groups: Some(groups) }))
    }

    async fn list_item_groups(
        &self,
        request: Request<pb::ListItemGroupsRequest>,
    ) -> Result<Response<pb::ListItemGroupsResponse>, Status> {
        let r = request.get_ref();
        let (page, binding) = page(&request, PAGES, r.page_size, &r.page_token, |r| {
            r.page_size = 0;
            r.page_token.clear();
        })?;
        let (groups, next_page_token) = self.0.list_item_groups(&page, &binding).await?;
        Ok(Response::new(pb::ListItemGroupsResponse { groups, next_page_token }))
    }

    async fn allocate(&self, request: Request<pb::AllocateRequest>) -> Result<Response<pb::AllocateResponse>, Status> {
        write(&self.0, request, decode::allocate, UseCases::execute).await
    }

    async fn unallocate(
        &self,
        request: Request<pb::UnallocateRequest>,
    ) -> Result<Response<pb::UnallocateResponse>, Status> {
        let answer = write(&self.0, request, decode::unallocate, UseCases::execute).await?.into_inner();
        Ok(Response::new(pb::UnallocateResponse { allocation: answer.allocation }))
    }

    async fn reallocate(
        &self,
        request: Request<pb::ReallocateRequest>,
    ) -> Result<Response<pb::ReallocateResponse>, Status> {
        let answer = write(&self.0, request, decode::reallocate, UseCases::execute).await?.into_inner();
        Ok(Response::new(pb::ReallocateResponse { allocation: answer.allocation }))
    }

    async fn query_allocation(
        &self,
        request: Request<pb::QueryAllocationRequest>,
    ) -> Result<Response<pb::QueryAllocationResponse>, Status> {
        let (item, location) = read(&request, decode::query)?;
        let allocation = self.0.query_allocation(&item, &location).await?;
        Ok(Response::new(pb::QueryAllocationResponse { allocation: Some(allocation) }))
    }
}
