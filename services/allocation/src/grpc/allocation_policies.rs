//! `AllocationPolicyService`.

use backorder_proto::allocation::v1::{self as pb, allocation_policy_service_server::AllocationPolicyService};
use backorder_proto::convert::{allocation::allocation_policy_id, decode::timestamp_if_set};
use backorder_service_kit::paging::PageLimits;
use tonic::{Request, Response, Status, async_trait};

use super::{damaged_token, decode::allocation_policy as decode, page, page_of, read, write};
use crate::use_cases::UseCases;

/// The service.
pub struct AllocationPolicies(pub UseCases);

/// Policies may be large.
const POLICY_PAGES: PageLimits = PageLimits { default: 20, max: 20 };

#[async_trait]
impl AllocationPolicyService for AllocationPolicies {
    async fn get_allocation_policy(
        &self,
        request: Request<pb::GetAllocationPolicyRequest>,
    ) -> Result<Response<pb::AllocationPolicyVersion>, Status> {
        let (name, as_of) = read(&request, decode::get)?;
        Ok(Response::new(self.0.allocation_policy(&name, as_of).await?))
    }

    async fn list_allocation_policies(
        &self,
        request: Request<pb::ListAllocationPoliciesRequest>,
    ) -> Result<Response<pb::ListAllocationPoliciesResponse>, Status> {
        let r = request.get_ref();
        let (page, binding) = page_of(&request, POLICY_PAGES, r.page_size, &r.page_token, |r| {
            r.page_size = 0;
            r.page_token.clear();
        })?;
        let mut policies = self.0.list_allocation_policies(page.after.as_deref(), page.query_limit()).await?;
        let id = |version: &pb::AllocationPolicyVersion| version.name.split('/').nth(1).unwrap_or_default().to_owned();
        let next_page_token = page.cut(&mut policies, &binding, id);
        Ok(Response::new(pb::ListAllocationPoliciesResponse { policies, next_page_token }))
    }

    async fn list_allocation_policy_versions(
        &self,
        request: Request<pb::ListAllocationPolicyVersionsRequest>,
    ) -> Result<Response<pb::ListAllocationPolicyVersionsResponse>, Status> {
        let id = read(&request, |r, violations| allocation_policy_id(&r.name, "name", violations))?;
        let r = request.get_ref();
        let (page, binding) = page_of(&request, POLICY_PAGES, r.page_size, &r.page_token, |r| {
            r.page_size = 0;
            r.page_token.clear();
        })?;
        let before = page.after.as_deref().map(|key| decode::number(key).ok_or_else(damaged_token)).transpose()?;
        let mut versions = self.0.list_allocation_policy_versions(&id, before, page.query_limit()).await?;
        let next_page_token = page.cut(&mut versions, &binding, |version| version.etag.clone());
        Ok(Response::new(pb::ListAllocationPolicyVersionsResponse { versions, next_page_token }))
    }

    async fn put_allocation_policy(
        &self,
        request: Request<pb::PutAllocationPolicyRequest>,
    ) -> Result<Response<pb::AllocationPolicyVersion>, Status> {
        write(&self.0, request, decode::put, UseCases::put_allocation_policy).await
    }

    async fn retire_allocation_policy(
        &self,
        request: Request<pb::RetireAllocationPolicyRequest>,
    ) -> Result<Response<pb::AllocationPolicyVersion>, Status> {
        write(&self.0, request, decode::retire, UseCases::retire_allocation_policy).await
    }

    async fn get_allocation_policy_in_force(
        &self,
        request: Request<pb::GetAllocationPolicyInForceRequest>,
    ) -> Result<Response<pb::AllocationPolicyInForce>, Status> {
        let as_of = read(&request, |r, violations| timestamp_if_set(r.as_of.as_ref(), "as_of", violations))?;
        Ok(Response::new(self.0.allocation_policy_in_force(as_of).await?))
    }

    async fn list_allocation_policies_in_force(
        &self,
        request: Request<pb::ListAllocationPoliciesInForceRequest>,
    ) -> Result<Response<pb::ListAllocationPoliciesInForceResponse>, Status> {
        let r = request.get_ref();
        let (page, binding) = page(&request, r.page_size, &r.page_token, |r| {
            r.page_size = 0;
            r.page_token.clear();
        })?;
        let before = page.after.as_deref().map(|key| decode::number(key).ok_or_else(damaged_token)).transpose()?;
        let mut decisions = self.0.list_policies_in_force(before, page.query_limit()).await?;
        let next_page_token = page.cut(&mut decisions, &binding, |decision| decision.etag.clone());
        Ok(Response::new(pb::ListAllocationPoliciesInForceResponse { decisions, next_page_token }))
    }

    async fn use_allocation_policy(
        &self,
        request: Request<pb::UseAllocationPolicyRequest>,
    ) -> Result<Response<pb::AllocationPolicyInForce>, Status> {
        write(&self.0, request, decode::in_force, UseCases::use_allocation_policy).await
    }
}
