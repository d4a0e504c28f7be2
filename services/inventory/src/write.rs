//! What every writing call brings with it: its key for idempotency, its time, who does it and why.

use backorder_domain::ids::derived_uuid;
use backorder_proto::{
    common::v1::WriteContext,
    convert::{Violations, decode},
};
use backorder_service_kit::{context::RequestContext, idempotency::command_hash};
use backorder_storage::idempotency::RequestKey;
use prost::Message;
use uuid::Uuid;

/// A request message of a writing call.
pub trait WriteRequest: Message + Clone + Default + 'static {
    /// The caller's id of this write.
    fn request_id(&self) -> &str;
    /// Takes the id out, which is no part of the command.
    fn clear_request_id(&mut self);
    /// Whether the call keeps nothing, and so needs no id.
    fn is_only_validated(&self) -> bool {
        false
    }
}

macro_rules! write_requests {
    ($($message:ident),+ $(,)?) => {
        $(impl WriteRequest for backorder_proto::inventory::v1::$message {
            fn request_id(&self) -> &str {
                &self.request_id
            }
            fn clear_request_id(&mut self) {
                self.request_id.clear();
            }
        })+
    };
}

write_requests!(
    AdjustStockRequest,
    AdviseAdjustmentRequest,
    AdviseReceiptRequest,
    AdviseShipmentRequest,
    AllocateRequest,
    ApplyAllocationRequest,
    BatchCreateSuppliesRequest,
    BatchPutItemsRequest,
    BookStockDifferencesRequest,
    CancelSupplyRequest,
    CommitRunRequest,
    CompareStockRequest,
    CountStockRequest,
    CoverSetsRequest,
    CreateItemRequest,
    CreateLaneRequest,
    CreateLocationRequest,
    CreateWorkingCalendarRequest,
    PostReservationsRequest,
    QuarantineStockRequest,
    ReallocateRequest,
    ReassignReservationRequest,
    RecallFromWarehouseRequest,
    ReceiveReturnRequest,
    PutBatchesRequest,
    PutItemGroupsRequest,
    ReceiveStockRequest,
    ReleaseClaimsRequest,
    ReleaseQuarantineRequest,
    ReleaseToWarehouseRequest,
    RepegItemsRequest,
    ReportDropShipStockRequest,
    ReportShortPickRequest,
    ResolveBlindReceiptRequest,
    ReverseReceiptRequest,
    ShipStockRequest,
    TransferStockRequest,
    UnallocateRequest,
    UpdateItemRequest,
    UpdateLaneRequest,
    UpdateLocationRequest,
    UpdateQueueRequest,
    UpdateSupplyRequest,
    UpdateWorkingCalendarRequest,
);

impl WriteRequest for backorder_proto::inventory::v1::ReserveStockRequest {
    fn request_id(&self) -> &str {
        &self.request_id
    }
    fn clear_request_id(&mut self) {
        self.request_id.clear();
    }
    fn is_only_validated(&self) -> bool {
        self.validate_only
    }
}

impl WriteRequest for backorder_proto::inventory::v1::PreviewServingRequest {
    fn request_id(&self) -> &str {
        ""
    }
    fn clear_request_id(&mut self) {}
    fn is_only_validated(&self) -> bool {
        true
    }
}

impl WriteRequest for backorder_proto::inventory::v1::AssignByHandRequest {
    fn request_id(&self) -> &str {
        &self.request_id
    }
    fn clear_request_id(&mut self) {
        self.request_id.clear();
    }
    fn is_only_validated(&self) -> bool {
        self.validate_only
    }
}

/// A command with what makes it one write.
#[derive(Debug, Clone)]
pub struct Write<C> {
    /// Under which the answer is kept. `None` for a call that keeps nothing.
    pub key: Option<RequestKey>,
    /// The hash of the command without its id.
    pub hash: Vec<u8>,
    /// The id of this write in the books, derived from the key: callers and methods share no ids.
    pub command_id: Uuid,
    /// Who calls.
    pub caller: String,
    /// The trace in which the write happens.
    pub traceparent: Option<String>,
    /// What is to be done.
    pub command: C,
}

impl<C> Write<C> {
    /// Decodes a request with all its violations.
    ///
    /// # Errors
    /// All violations of the request, among them those of the request id.
    pub fn decode<R: WriteRequest>(
        context: RequestContext,
        request: &R,
        decode_command: impl FnOnce(&R, &mut Violations) -> Option<C>,
    ) -> Result<Self, Violations> {
        let mut violations = Violations::new();
        let request_id = if request.is_only_validated() && request.request_id().is_empty() {
            Some(Uuid::nil())
        } else {
            decode::request_id(request.request_id(), "request_id", &mut violations)
        };
        let command = decode_command(request, &mut violations);
        let (request_id, command) = violations.finish_with(request_id.zip(command))?;
        let RequestContext { caller, method, traceparent, .. } = context;
        let command_id = derived_uuid(request_id, &format!("{caller} {method}"));
        let key = (!request.is_only_validated()).then(|| RequestKey {
            caller: caller.clone(),
            method,
            request_id: request_id.to_string(),
        });
        let hash = command_hash(request, R::clear_request_id);
        Ok(Self { key, hash, command_id, caller, traceparent, command })
    }
}

/// Who does a write and why, with the caller's own name where none is given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Who {
    /// Who acts; empty means the caller.
    pub actor: String,
    /// The reason as a short code; may be empty.
    pub reason_code: String,
    /// A note for people; may be empty.
    pub note: String,
}

impl Who {
    /// Decodes the context of a write.
    pub fn decode(context: Option<&WriteContext>, violations: &mut Violations) -> Option<Self> {
        let Some(context) = context else { return Some(Self::default()) };
        let actor = decode::text(&context.actor, 200, "context.actor", violations);
        let reason_code = decode::text(&context.reason_code, 100, "context.reason_code", violations);
        let note = decode::text(&context.note, 1_000, "context.note", violations);
        Some(Self { actor: actor?, reason_code: reason_code?, note: note? })
    }

    /// Decodes the context of a write whose reason must be given.
    pub fn decode_with_reason(context: Option<&WriteContext>, violations: &mut Violations) -> Option<Self> {
        let who = Self::decode(context, violations)?;
        if who.reason_code.is_empty() {
            violations.push("context.reason_code", "must be set");
            return None;
        }
        Some(who)
    }

    /// The name of who acts.
    #[must_use]
    pub fn actor_or<'a>(&'a self, caller: &'a str) -> &'a str {
        if self.actor.is_empty() { caller } else { &self.actor }
    }
}
