//! `PolicyService`.

use backorder_proto::allocation::v1::{self as pb, policy_service_server::PolicyService};
use tonic::{Request, Response, Status, async_trait};

use super::{decode::policy as decode, page, read, write};
use crate::use_cases::UseCases;

/// The service.
pub struct Policies(pub UseCases);

#[async_trait]
impl PolicyService for Policies {
    async fn get_backorder_policy(
        &self,
        request: Request<pb::GetBackorderPolicyRequest>,
    ) -> Result<Response<pb::BackorderPolicy>, Status> {
        let id = read(&request, |r, violations| decode::name(&r.name, "name", violations))?;
        Ok(Response::new(self.0.get_policy(&id).await?))
    }

    async fn list_backorder_policies(
        &self,
        request: Request<pb::ListBackorderPoliciesRequest>,
    ) -> Result<Response<pb::ListBackorderPoliciesResponse>, Status> {
        let r = request.get_ref();
        let (page, binding) = page(&request, r.page_size, &r.page_token, |r| {
            r.page_size = 0;
            r.page_token.clear();
        })?;
        let mut policies = self.0.list_policies(page.after.as_deref(), page.query_limit()).await?;
        let id = |policy: &pb::BackorderPolicy| policy.name.strip_prefix("policies/").unwrap_or_default().to_owned();
        let next_page_token = page.cut(&mut policies, &binding, id);
        Ok(Response::new(pb::ListBackorderPoliciesResponse { policies, next_page_token }))
    }

    async fn create_backorder_policy(
        &self,
        request: Request<pb::CreateBackorderPolicyRequest>,
    ) -> Result<Response<pb::BackorderPolicy>, Status> {
        write(&self.0, request, decode::create, UseCases::create_policy).await
    }

    async fn update_backorder_policy(
        &self,
        request: Request<pb::UpdateBackorderPolicyRequest>,
    ) -> Result<Response<pb::BackorderPolicy>, Status> {
        write(&self.0, request, decode::update, UseCases::update_policy).await
    }

    async fn delete_backorder_policy(
        &self,
        request: Request<pb::DeleteBackorderPolicyRequest>,
    ) -> Result<Response<pb::DeleteBackorderPolicyResponse>, Status> {
        write(&self.0, request, decode::delete, UseCases::delete_policy).await
    }

    async fn resolve_policy(
        &self,
        request: Request<pb::ResolvePolicyRequest>,
    ) -> Result<Response<pb::ResolvePolicyResponse>, Status> {
        let subject = read(&request, decode::subject)?;
        Ok(Response::new(self.0.resolve_policy(subject).await?))
    }

    async fn get_serving_sequence(
        &self,
        _request: Request<pb::GetServingSequenceRequest>,
    ) -> Result<Response<pb::ServingSequence>, Status> {
        Ok(Response::new(self.0.get_sequence().await?))
    }

    async fn update_serving_sequence(
        &self,
        request: Request<pb::UpdateServingSequenceRequest>,
    ) -> Result<Response<pb::ServingSequence>, Status> {
        write(&self.0, request, decode::sequence, UseCases::update_sequence).await
    }
}
