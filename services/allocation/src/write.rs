//! What every writing call brings with it: its key for idempotency, its time, who does it and why.

use backorder_domain::ids::derived_uuid;
use backorder_proto::{
    allocation::v1 as pb,
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
}

macro_rules! write_requests {
    ($($message:ident),+ $(,)?) => {
        $(impl WriteRequest for pb::$message {
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
    AcknowledgeWarehouseOrdersRequest,
    AmendOrderLineRequest,
    AnswerRecallRequest,
    AssignExceptionRequest,
    AssignByHandRequest,
    CancelOrderLinesRequest,
    CancelRunRequest,
    ChangeQueueTimeRequest,
    DecideOverrideRequest,
    EndOverrideRequest,
    PinConfirmationRequest,
    CancelTakeRequest,
    CloseFigurePeriodRequest,
    DeleteFigureTargetRequest,
    PutFigureTargetRequest,
    ClearHoldsRequest,
    CommitRunRequest,
    CommitHeldRequest,
    ConfirmDeliveryRequest,
    ConfirmGoLiveRequest,
    ConfirmDropShipmentRequest,
    ConfirmQuoteRequest,
    ConfirmShipmentRequest,
    ConfirmTakeRequest,
    CreateBackorderPolicyRequest,
    DeleteBackorderPolicyRequest,
    DeleteRunScheduleRequest,
    ImportOpenOrdersRequest,
    NoteExceptionRequest,
    PlaceOrderRequest,
    PutAllocationPolicyRequest,
    PutRunScheduleRequest,
    QuoteOrderRequest,
    RecallReleaseRequest,
    RefuseTakeRequest,
    ConsentToShortShipmentRequest,
    RecordAnswerRequest,
    ReleaseLinesRequest,
    ReportCarrierStatusRequest,
    ReportShortPickRequest,
    RetireAllocationPolicyRequest,
    ReturnOrderLinesRequest,
    SetHoldsRequest,
    SetServingModeRequest,
    ShipOrderLinesRequest,
    SnoozeExceptionRequest,
    StartRunRequest,
    SubstituteLineRequest,
    TakeFromDropShipRequest,
    UpdateBackorderPolicyRequest,
    UpdateExceptionLimitsRequest,
    UpdateServingSequenceRequest,
    UseAllocationPolicyRequest,
);

/// A command with what makes it one write.
#[derive(Debug, Clone)]
pub struct Write<C> {
    /// Under which the answer is kept.
    pub key: RequestKey,
    /// The hash of the command without its id.
    pub hash: Vec<u8>,
    /// The id of this write's step, derived from the key: callers and methods share no ids.
    pub step_id: Uuid,
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
        let request_id = decode::request_id(request.request_id(), "request_id", &mut violations);
        let command = decode_command(request, &mut violations);
        let (request_id, command) = violations.finish_with(request_id.zip(command))?;
        let RequestContext { caller, method, traceparent, .. } = context;
        let step_id = derived_uuid(request_id, &format!("{caller} {method}"));
        let key = RequestKey { caller, method, request_id: request_id.to_string() };
        Ok(Self { key, hash: command_hash(request, R::clear_request_id), step_id, traceparent, command })
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

    /// The same with the caller's name where no actor is given.
    #[must_use]
    pub fn or_caller(mut self, caller: &str) -> Self {
        if self.actor.is_empty() {
            caller.clone_into(&mut self.actor);
        }
        self
    }

    /// The context as it is passed on and shown.
    #[must_use]
    pub fn message(&self) -> WriteContext {
        WriteContext { actor: self.actor.clone(), reason_code: self.reason_code.clone(), note: self.note.clone() }
    }
}
