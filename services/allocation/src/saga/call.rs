//! The calls to inventory that a step consists of, as they are kept in its row.

use backorder_proto::inventory::v1 as pb;

use super::future::Unreserved;

/// One call, without its request id, which is derived from the step.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Call {
    /// What is called with what.
    #[prost(oneof = "Kind", tags = "1, 2, 3, 4, 5, 6, 7, 8, 70")]
    pub kind: Option<Kind>,
}

/// What is called with what.
#[derive(Clone, PartialEq, prost::Oneof)]
pub enum Kind {
    /// Reserves stock for lines.
    #[prost(message, tag = "1")]
    Reserve(pb::ReserveStockRequest),
    /// Gives back what is not wanted.
    #[prost(message, tag = "2")]
    Release(pb::ReleaseClaimsRequest),
    /// Ships reserved units.
    #[prost(message, tag = "3")]
    Post(pb::PostReservationsRequest),
    /// Changes places in the queue.
    #[prost(message, tag = "4")]
    UpdateQueue(pb::UpdateQueueRequest),
    /// Takes shipped units back.
    #[prost(message, tag = "5")]
    TakeBack(pb::ReceiveReturnRequest),
    /// Hands reserved units to the warehouse.
    #[prost(message, tag = "6")]
    HandOver(pb::ReleaseToWarehouseRequest),
    /// Takes units back from the warehouse.
    #[prost(message, tag = "7")]
    Recall(pb::RecallFromWarehouseRequest),
    /// Takes over that the warehouse did not find units.
    #[prost(message, tag = "8")]
    ShortPick(pb::ReportShortPickRequest),
    /// Gives a claim units by a person's decision.
    #[prost(message, tag = "70")]
    Assign(pb::AssignByHandRequest),
}

/// What inventory answered.
#[derive(Debug, Clone, PartialEq)]
pub enum CallAnswer {
    /// To a reservation.
    Reserved(pb::ReserveStockResponse),
    /// To a release.
    Released(pb::ReleaseClaimsResponse),
    /// To a shipment.
    Posted(pb::PostReservationsResponse),
    /// To a change of the queue.
    Requeued(pb::UpdateQueueResponse),
    /// To what passed the gate to the warehouse.
    AtWarehouse(pb::WarehouseAnswer),
    /// To a return: nothing that a line follows.
    TakenBack,
    /// It refused a call that the step can do without, for this reason.
    Refused(RefusedCall),
    /// What lines beyond their horizon can have without a reservation.
    Unreserved(Vec<Unreserved>),
}

/// A call that inventory refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedCall {
    /// The reason's name.
    pub reason: String,
    /// The same for people.
    pub detail: String,
}

impl Call {
    /// A call.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Self { kind: Some(kind) }
    }

    /// The name from which the request id is derived. It must never change.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match &self.kind {
            Some(Kind::Reserve(_)) => "reserve",
            Some(Kind::Release(_)) => "release",
            Some(Kind::Post(_)) => "post",
            Some(Kind::UpdateQueue(_)) => "update queue",
            Some(Kind::TakeBack(_)) => "take back",
            Some(Kind::HandOver(_)) => "hand over",
            Some(Kind::Recall(_)) => "recall",
            Some(Kind::ShortPick(_)) => "short pick",
            Some(Kind::Assign(_)) => "assign",
            None => "nothing",
        }
    }
}

impl CallAnswer {
    /// The answer to a reservation.
    #[must_use]
    pub const fn reserved(&self) -> Option<&pb::ReserveStockResponse> {
        if let Self::Reserved(answer) = self { Some(answer) } else { None }
    }

    /// The answer to a shipment.
    #[must_use]
    pub const fn posted(&self) -> Option<&pb::PostReservationsResponse> {
        if let Self::Posted(answer) = self { Some(answer) } else { None }
    }

    /// The claims that the answer describes.
    pub fn claims(&self) -> Box<dyn Iterator<Item = &pb::Claim> + Send + '_> {
        match self {
            Self::Reserved(answer) => Box::new(answer.results.iter().filter_map(|result| result.claim.as_ref())),
            Self::Released(answer) => Box::new(answer.claims.iter()),
            Self::Posted(answer) => Box::new(answer.claims.iter()),
            Self::Requeued(answer) => Box::new(answer.claims.iter()),
            Self::AtWarehouse(answer) => Box::new(answer.claims.iter()),
            Self::TakenBack | Self::Refused(_) | Self::Unreserved(_) => Box::new(std::iter::empty()),
        }
    }
}
