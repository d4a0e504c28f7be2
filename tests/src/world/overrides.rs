//! Decisions of people against the rules.

use backorder_proto::{
    allocation::v1::{
        AssignByHandRequest, ChangeQueueTimeRequest, DecideOverrideRequest, EndOverrideRequest, LineShare,
        ListOverridesRequest, Override, PinConfirmationRequest,
    },
    common::v1::WriteContext,
};
use prost_types::Timestamp;
use tonic::Status;

use crate::world::{World, because, request_id};

/// Somebody who decides, with a reason.
pub fn by(actor: &str) -> Option<WriteContext> {
    Some(WriteContext { actor: actor.to_owned(), reason_code: "key-account".to_owned(), note: String::new() })
}

impl World {
    /// The request that gives the first line of an order mugs at `main`, some of them from the first lines of others.
    pub fn assignment(&self, order: &str, quantity: i64, taken: &[(&str, i64)]) -> AssignByHandRequest {
        AssignByHandRequest {
            request_id: request_id(),
            line: self.line_name(order, 1),
            location: self.location_name("main"),
            quantity,
            taken: taken
                .iter()
                .map(|(order, quantity)| LineShare { line: self.line_name(order, 1), quantity: *quantity })
                .collect(),
            validate_only: true,
            etag: String::new(),
            expire_time: None,
            context: by("kim"),
        }
    }

    /// Who would lose what.
    pub async fn preview(&self, request: &AssignByHandRequest) -> Result<Override, Status> {
        let request = AssignByHandRequest { validate_only: true, etag: String::new(), ..request.clone() };
        Ok(self.allocation.overrides.clone().assign_by_hand(request).await?.into_inner())
    }

    /// Does what was shown.
    pub async fn commit_as_shown(&self, request: &AssignByHandRequest, shown: &Override) -> Result<Override, Status> {
        let etag = shown.etag.clone();
        let request = AssignByHandRequest { validate_only: false, etag, ..request.clone() };
        Ok(self.allocation.overrides.clone().assign_by_hand(request).await?.into_inner())
    }

    /// Another person decides.
    pub async fn decide(&self, name: &str, approve: bool, actor: &str) -> Result<Override, Status> {
        let request =
            DecideOverrideRequest { request_id: request_id(), name: name.to_owned(), approve, context: by(actor) };
        Ok(self.allocation.overrides.clone().decide_override(request).await?.into_inner())
    }

    /// Pins the confirmation of the first line of an order.
    pub async fn pin(&self, order: &str, expire_time: Option<Timestamp>) -> Result<Override, Status> {
        let line = self.line_name(order, 1);
        let request = PinConfirmationRequest { request_id: request_id(), line, expire_time, context: by("kim") };
        Ok(self.allocation.overrides.clone().pin_confirmation(request).await?.into_inner())
    }

    /// Ends a pin or withdraws an assignment.
    pub async fn end_override(&self, name: &str) -> Result<Override, Status> {
        let request =
            EndOverrideRequest { request_id: request_id(), name: name.to_owned(), context: because("no-longer") };
        Ok(self.allocation.overrides.clone().end_override(request).await?.into_inner())
    }

    /// Changes when the first line of an order joined the queue.
    pub async fn change_queue_time(&self, order: &str, queue_time: Timestamp) -> Result<Override, Status> {
        let line = self.line_name(order, 1);
        let queue_time = Some(queue_time);
        let request = ChangeQueueTimeRequest { request_id: request_id(), line, queue_time, context: by("kim") };
        Ok(self.allocation.overrides.clone().change_queue_time(request).await?.into_inner())
    }

    /// The overrides about lines of an order.
    pub async fn overrides_of(&self, order: &str) -> Vec<Override> {
        let request = ListOverridesRequest { order: self.order_name(order), ..Default::default() };
        self.allocation.overrides.clone().list_overrides(request).await.expect("listed").into_inner().overrides
    }
}
