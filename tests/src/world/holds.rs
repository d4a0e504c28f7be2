//! What keeps orders from moving.

use backorder_proto::allocation::v1::{ClearHoldsRequest, Hold, HoldType, ListHoldsRequest, SetHoldsRequest};
use prost_types::Timestamp;
use tonic::Status;

use crate::world::{World, because, request_id};

impl World {
    /// Sets a hold with the effect that is usual for its type.
    pub async fn hold(&self, target: &str, hold_type: HoldType) -> Vec<Hold> {
        self.try_hold(target, hold_type, None).await.expect("a hold that may be set")
    }

    /// Sets a hold with the effect that is usual for its type, until a time.
    pub async fn try_hold(
        &self,
        target: &str,
        hold_type: HoldType,
        until_time: Option<Timestamp>,
    ) -> Result<Vec<Hold>, Status> {
        let request = SetHoldsRequest {
            request_id: request_id(),
            targets: vec![target.to_owned()],
            r#type: hold_type.into(),
            blocks_allocation: None,
            until_time,
            context: because("over-limit"),
        };
        Ok(self.allocation.holds.clone().set_holds(request).await?.into_inner().holds)
    }

    /// Clears all holds of a target; answers those that were there.
    pub async fn clear_holds(&self, target: &str) -> Vec<Hold> {
        let request = ClearHoldsRequest {
            request_id: request_id(),
            targets: vec![target.to_owned()],
            types: Vec::new(),
            context: because("paid"),
        };
        self.allocation.holds.clone().clear_holds(request).await.expect("cleared").into_inner().cleared
    }

    /// The holds on a target.
    pub async fn holds_on(&self, target: &str) -> Vec<Hold> {
        let request = ListHoldsRequest { target: target.to_owned(), page_size: 1_000, ..Default::default() };
        self.allocation.holds.clone().list_holds(request).await.expect("listed").into_inner().holds
    }

    /// The name of a customer of this story alone.
    pub fn customer_name(&self, customer: &str) -> String {
        format!("customers/{}", self.id(customer))
    }
}
