//! A step: what is wanted, by whom, and the calls that bring it about.

use std::collections::BTreeSet;

use backorder_domain::order::state::OrderCommand;
use backorder_proto::{
    allocation::v1::{OpenOrderResult, Override},
    common::v1::{DocumentLineResult, WriteContext},
};
use backorder_storage::{StorageError, columns, documents::DocumentKey, idempotency::RequestKey};
use jiff::Timestamp;
use prost::Message as _;
use uuid::Uuid;

use super::{Call, call::Kind as CallKind};
use crate::{
    order::{import::PlannedImport, recall::WantedBack, shipment::PlannedShipment},
    store::entity::unfinished_step,
};

/// Which use case the step belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepKind {
    /// An order is placed.
    Place,
    /// An order is quoted.
    Quote,
    /// A quote is confirmed.
    Confirm,
    /// A line is amended.
    Amend,
    /// Lines are cancelled.
    Cancel,
    /// Lines are handed to the warehouse.
    Release,
    /// The warehouse answers a recall.
    Recall,
    /// The warehouse did not find units.
    ShortPick,
    /// The customer agrees that less is shipped.
    Consent,
    /// Lines are shipped.
    Ship,
    /// A warehouse says what it shipped and what it did not find.
    ShipmentAdvice,
    /// A supplier shipped units of a take itself.
    DropShip,
    /// Shipped units come back.
    Return,
    /// Open orders of another system are taken over.
    Import,
    /// A person decides against the rules.
    Override,
    /// Another item is sent for units of a line.
    Substitute,
}

/// What is kept of a step beside who asked for it.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Plan {
    /// The calls, in their order.
    #[prost(message, repeated, tag = "1")]
    pub calls: Vec<Call>,
    /// The lines that are meant, in the order of the caller's request.
    #[prost(message, repeated, tag = "2")]
    pub lines: Vec<PlannedLine>,
    /// Who does it and why.
    #[prost(message, optional, tag = "3")]
    pub context: Option<WriteContext>,
    /// For an amendment: what changes of each line.
    #[prost(message, repeated, tag = "4")]
    pub amendments: Vec<Amendment>,
    /// For a shipment: what is known of it.
    #[prost(message, optional, tag = "5")]
    pub shipment: Option<PlannedShipment>,
    /// For a cancellation: what the warehouse is asked to give back.
    #[prost(message, repeated, tag = "6")]
    pub wanted_back: Vec<WantedBack>,
    /// For an answer of the warehouse: the id of the recall.
    #[prost(string, tag = "7")]
    pub recall: String,
    /// For a cancellation that a customer's answer or silence is: how the question about its only line, or kit, ends.
    #[prost(message, optional, tag = "8")]
    pub ending: Option<PlannedEnding>,
    /// For orders that are taken over: the id of the import.
    #[prost(string, tag = "100")]
    pub import: String,
    /// For orders that are taken over: what their lines were.
    #[prost(message, repeated, tag = "101")]
    pub imported: Vec<PlannedImport>,
    /// For orders that are taken over: what became of each order of the request so far.
    #[prost(message, repeated, tag = "102")]
    pub import_results: Vec<OpenOrderResult>,
    /// For a decision of a person: the override that it is.
    #[prost(message, optional, tag = "70")]
    pub planned_override: Option<PlannedOverride>,
    /// For a document of another system: its name, and what became of its lines.
    #[prost(message, optional, tag = "120")]
    pub document: Option<PlannedDocument>,
    /// Lines that the step adds to its orders.
    #[prost(message, repeated, tag = "20")]
    pub added: Vec<PlannedLine>,
    /// The kits of those orders of which the step changes them.
    #[prost(message, repeated, tag = "200")]
    pub kits: Vec<PlannedKits>,
    /// For a substitution: what is sent.
    #[prost(message, optional, tag = "110")]
    pub substitution: Option<PlannedSubstitution>,
    /// For a supplier's shipment: the id of the take.
    #[prost(string, tag = "130")]
    pub take: String,
}

/// The kits of an order as they will be.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct PlannedKits {
    /// The order's id.
    #[prost(string, tag = "1")]
    pub order: String,
    /// The kits as the order's row keeps them.
    #[prost(string, tag = "2")]
    pub kits: String,
}

/// What is sent in place of something else.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct PlannedSubstitution {
    /// The item's id.
    #[prost(string, tag = "1")]
    pub item: String,
    /// What is given back because it is cheaper, in nano-units of the order's currency.
    #[prost(int64, tag = "2")]
    pub refund_nanos: i64,
    /// Base units of it that were free, at most as many as are sent.
    #[prost(int64, tag = "3")]
    pub free: i64,
}

/// The override that a step does: a new one, or one that was approved.
#[derive(Clone, PartialEq, prost::Message)]
pub struct PlannedOverride {
    /// The id of one that was approved; empty for a new one.
    #[prost(string, tag = "1")]
    pub id: String,
    /// What a new one decides.
    #[prost(message, optional, tag = "2")]
    pub content: Option<Override>,
}

/// How a question ends.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct PlannedEnding {
    /// The question's number.
    #[prost(int32, tag = "1")]
    pub number: i32,
    /// The state after it.
    #[prost(string, tag = "2")]
    pub state: String,
    /// The number of the kit that it is about; 0 when it is about a line.
    #[prost(int32, tag = "3")]
    pub kit: i32,
}

/// A document of another system that a step takes.
#[derive(Clone, PartialEq, prost::Message)]
pub struct PlannedDocument {
    /// Who sent it.
    #[prost(string, tag = "1")]
    pub sender: String,
    /// Its type.
    #[prost(string, tag = "2")]
    pub kind: String,
    /// The sender's number.
    #[prost(string, tag = "3")]
    pub number: String,
    /// What became of each line, when inventory refuses nothing.
    #[prost(message, repeated, tag = "4")]
    pub results: Vec<DocumentLineResult>,
    /// The numbers of the lines that each call is about.
    #[prost(message, repeated, tag = "5")]
    pub calls: Vec<LinesOfCall>,
}

/// The lines of a document that one call is about.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct LinesOfCall {
    /// Their numbers in the document.
    #[prost(int32, repeated, tag = "1")]
    pub lines: Vec<i32>,
}

impl PlannedDocument {
    /// The document's name.
    #[must_use]
    pub fn key(&self) -> DocumentKey {
        DocumentKey { sender: self.sender.clone(), kind: self.kind.clone(), number: self.number.clone() }
    }
}

/// A line that a step is about.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct PlannedLine {
    /// The order's id.
    #[prost(string, tag = "1")]
    pub order: String,
    /// The line's number.
    #[prost(int32, tag = "2")]
    pub line: i32,
    /// The part of the line that is new; 0 for a quote, or when no part is new.
    #[prost(int32, tag = "3")]
    pub part: i32,
    /// Base units.
    #[prost(int64, tag = "4")]
    pub quantity: i64,
}

/// What changes of a line.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Amendment {
    /// Units that are ordered more.
    #[prost(int64, tag = "1")]
    pub raised: i64,
    /// Units that are ordered less.
    #[prost(int64, tag = "2")]
    pub reduced: i64,
    /// The new requested date, `YYYY-MM-DD`; empty when it stays.
    #[prost(string, tag = "3")]
    pub requested_date: String,
    /// The basis of the new date.
    #[prost(string, tag = "4")]
    pub requested_basis: String,
    /// The zone of the new date.
    #[prost(string, tag = "5")]
    pub time_zone: String,
    /// The new place in the queue; empty when it stays.
    #[prost(string, tag = "6")]
    pub queue_key: String,
    /// The unit in which the new quantity was said; empty for base units.
    #[prost(string, tag = "200")]
    pub unit: String,
    /// The new quantity in that unit; 0 when the quantity stays.
    #[prost(int64, tag = "201")]
    pub unit_quantity: i64,
    /// Base units in one of that unit.
    #[prost(int64, tag = "202")]
    pub base_units: i64,
}

/// A step that is begun.
#[derive(Debug, Clone)]
pub struct Step {
    /// The id, from which the ids of the calls are derived.
    pub id: Uuid,
    /// The caller's request, under which the answer is kept.
    pub key: RequestKey,
    /// The hash of the caller's command.
    pub hash: Vec<u8>,
    /// Which use case it is.
    pub kind: StepKind,
    /// What is to be done.
    pub plan: Plan,
    /// The business time at which it was begun.
    pub began_at: Timestamp,
    /// The trace of the caller.
    pub traceparent: Option<String>,
}

impl StepKind {
    const ALL: [Self; 16] = [
        Self::Place,
        Self::Quote,
        Self::Confirm,
        Self::Amend,
        Self::Cancel,
        Self::Release,
        Self::Recall,
        Self::ShortPick,
        Self::Consent,
        Self::Ship,
        Self::ShipmentAdvice,
        Self::DropShip,
        Self::Return,
        Self::Import,
        Self::Override,
        Self::Substitute,
    ];

    /// The name in rows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Place => "place",
            Self::Quote => "quote",
            Self::Confirm => "confirm",
            Self::Amend => "amend",
            Self::Cancel => "cancel",
            Self::Release => "release",
            Self::Recall => "recall",
            Self::ShortPick => "short pick",
            Self::Consent => "consent",
            Self::Ship => "ship",
            Self::ShipmentAdvice => "shipment advice",
            Self::DropShip => "drop shipment",
            Self::Return => "return",
            Self::Import => "import",
            Self::Override => "override",
            Self::Substitute => "substitute",
        }
    }

    /// The points at which a test may stop it: begun, decided, recorded.
    #[must_use]
    pub const fn crash_points(self) -> [&'static str; 3] {
        match self {
            Self::Place => ["place.begun", "place.decided", "place.recorded"],
            Self::Quote => ["quote.begun", "quote.decided", "quote.recorded"],
            Self::Confirm => ["confirm.begun", "confirm.decided", "confirm.recorded"],
            Self::Amend => ["amend.begun", "amend.decided", "amend.recorded"],
            Self::Cancel => ["cancel.begun", "cancel.decided", "cancel.recorded"],
            Self::Release => ["release.begun", "release.decided", "release.recorded"],
            Self::Recall => ["recall.begun", "recall.decided", "recall.recorded"],
            Self::ShortPick => ["short.begun", "short.decided", "short.recorded"],
            Self::Consent => ["consent.begun", "consent.decided", "consent.recorded"],
            Self::Ship => ["ship.begun", "ship.decided", "ship.recorded"],
            Self::ShipmentAdvice => ["advice.begun", "advice.decided", "advice.recorded"],
            Self::DropShip => ["dropship.begun", "dropship.decided", "dropship.recorded"],
            Self::Return => ["return.begun", "return.decided", "return.recorded"],
            Self::Import => ["import.begun", "import.decided", "import.recorded"],
            Self::Override => ["override.begun", "override.decided", "override.recorded"],
            Self::Substitute => ["substitute.begun", "substitute.decided", "substitute.recorded"],
        }
    }

    /// The command that the order takes with it.
    #[must_use]
    pub const fn command(self) -> OrderCommand {
        match self {
            Self::Place => OrderCommand::Accept,
            Self::Quote => OrderCommand::AcceptQuote,
            Self::Confirm => OrderCommand::Confirm,
            Self::Amend | Self::Override | Self::Substitute => OrderCommand::Amend,
            Self::Cancel => OrderCommand::Cancel,
            Self::Release => OrderCommand::Release,
            Self::Recall => OrderCommand::Recall,
            Self::ShortPick => OrderCommand::ShortPick,
            Self::Consent => OrderCommand::Consent,
            Self::Ship | Self::ShipmentAdvice | Self::DropShip => OrderCommand::Ship,
            Self::Return => OrderCommand::Return,
            Self::Import => OrderCommand::Accept,
        }
    }

    /// Whether the step is about all lines of its orders.
    #[must_use]
    pub const fn is_about_whole_orders(self) -> bool {
        match self {
            Self::Place
            | Self::Quote
            | Self::Confirm
            | Self::Amend
            | Self::Cancel
            | Self::Consent
            | Self::Import
            | Self::Substitute => true,
            Self::Release
            | Self::Recall
            | Self::ShortPick
            | Self::Ship
            | Self::ShipmentAdvice
            | Self::DropShip
            | Self::Return
            | Self::Override => false,
        }
    }

    /// Whether the step goes on when inventory refuses a call at a place: what a warehouse says it did not find comes after
    /// what it says has left, and is refused alone.
    #[must_use]
    pub const fn can_do_without(self, call: &Call, place: usize) -> bool {
        place > 0 && matches!(self, Self::ShipmentAdvice) && matches!(call.kind, Some(CallKind::ShortPick(_)))
    }

    /// Whether the step makes the order, so that without it there is none.
    #[must_use]
    pub const fn makes_the_order(self) -> bool {
        matches!(self, Self::Place | Self::Quote | Self::Import)
    }
}

impl Step {
    /// The ids of the orders that the step is about.
    #[must_use]
    pub fn orders(&self) -> BTreeSet<String> {
        self.plan.lines.iter().map(|line| line.order.clone()).collect()
    }

    /// The orders and numbers of the lines that the step is about, those that it adds among them.
    #[must_use]
    pub fn lines(&self) -> BTreeSet<(&str, i32)> {
        let lines = self.plan.lines.iter().chain(&self.plan.added);
        lines.map(|line| (line.order.as_str(), line.line)).collect()
    }

    /// The row.
    #[must_use]
    pub fn row(&self) -> unfinished_step::Model {
        unfinished_step::Model {
            id: self.id.to_string(),
            caller: self.key.caller.clone(),
            method: self.key.method.clone(),
            request_id: self.key.request_id.clone(),
            kind: self.kind.as_str().to_owned(),
            command_hash: self.hash.clone(),
            plan: self.plan.encode_to_vec(),
            began_at: columns::micros(self.began_at),
            traceparent: self.traceparent.clone(),
        }
    }

    /// The step of a row.
    ///
    /// # Errors
    /// [`StorageError::InvalidRow`] for a row that was not written here.
    pub fn of_row(row: unfinished_step::Model) -> Result<Self, StorageError> {
        const TABLE: &str = "unfinished_step";
        let invalid = |detail: String| StorageError::InvalidRow { table: TABLE, detail };
        let kind = StepKind::ALL.into_iter().find(|kind| kind.as_str() == row.kind);
        Ok(Self {
            id: Uuid::parse_str(&row.id).map_err(|_| invalid(format!("{:?} is no UUID", row.id)))?,
            key: RequestKey { caller: row.caller, method: row.method, request_id: row.request_id },
            hash: row.command_hash,
            kind: kind.ok_or_else(|| invalid(format!("{:?} is no kind", row.kind)))?,
            plan: Plan::decode(row.plan.as_slice()).map_err(|error| invalid(error.to_string()))?,
            began_at: columns::instant(row.began_at, TABLE)?,
            traceparent: row.traceparent,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use backorder_proto::inventory::v1::ReserveStockRequest;

    use super::*;
    use crate::saga::{CRASH_POINTS, call::Kind};

    #[test]
    fn a_step_survives_its_row() {
        let step = Step {
            id: Uuid::from_u128(7),
            key: RequestKey { caller: "c".to_owned(), method: "m".to_owned(), request_id: "r".to_owned() },
            hash: vec![1],
            kind: StepKind::Cancel,
            plan: Plan {
                calls: vec![Call::new(Kind::Reserve(ReserveStockRequest::default()))],
                lines: vec![PlannedLine { order: "A".to_owned(), line: 1, part: 1, quantity: 5 }],
                ..Plan::default()
            },
            began_at: Timestamp::UNIX_EPOCH,
            traceparent: None,
        };
        let back = Step::of_row(step.row()).unwrap();
        assert_eq!((back.id, back.kind, &back.plan), (step.id, step.kind, &step.plan));
        assert_eq!(back.row(), step.row());
    }

    #[test]
    fn every_crash_point_is_listed() {
        let all: Vec<&str> = StepKind::ALL.iter().flat_map(|kind| kind.crash_points()).collect();
        assert_eq!(all, CRASH_POINTS);
    }
}
