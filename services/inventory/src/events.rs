//! The events of one transaction: what changed, encoded, one event per aggregate.

use backorder_domain::ids::IdProvider;
use backorder_proto::inventory::v1 as pb;
use backorder_storage::outbox::NewEvent;
use jiff::Timestamp;
use prost::Message;

/// The package of the messages.
pub const PACKAGE: &str = "backorder.inventory.v1";

/// Collects the events of one transaction.
pub struct Events<'a> {
    ids: &'a dyn IdProvider,
    now: Timestamp,
    traceparent: Option<String>,
    events: Vec<NewEvent>,
}

impl<'a> Events<'a> {
    /// No event yet.
    #[must_use]
    pub fn new(ids: &'a dyn IdProvider, now: Timestamp, traceparent: Option<String>) -> Self {
        Self { ids, now, traceparent, events: Vec::new() }
    }

    /// An item was created or changed.
    pub fn item(&mut self, item: pb::Item, version: i64) {
        self.add(item.name.clone(), version, "ItemChanged", &pb::ItemChanged { item: Some(item) });
    }

    /// A location was created or changed.
    pub fn location(&mut self, location: pb::Location, version: i64) {
        self.add(location.name.clone(), version, "LocationChanged", &pb::LocationChanged { location: Some(location) });
    }

    /// A working calendar was created or changed.
    pub fn calendar(&mut self, calendar: pb::WorkingCalendar, version: i64) {
        let changed = pb::WorkingCalendarChanged { working_calendar: Some(calendar.clone()) };
        self.add(calendar.name, version, "WorkingCalendarChanged", &changed);
    }

    /// A lane was created or changed.
    pub fn lane(&mut self, lane: pb::Lane, version: i64) {
        self.add(lane.name.clone(), version, "LaneChanged", &pb::LaneChanged { lane: Some(lane) });
    }

    /// A position changed.
    pub fn position(&mut self, position: pb::Position) {
        let id = |name: &str| name.split_once('/').map_or_else(|| name.to_owned(), |(_, id)| id.to_owned());
        let aggregate = format!("positions/{}/{}", id(&position.item), id(&position.location));
        self.add(aggregate, position.version, "PositionChanged", &pb::PositionChanged { position: Some(position) });
    }

    /// A claim changed because of `cause`.
    pub fn claim(&mut self, claim: pb::Claim, cause: String) {
        let aggregate = format!("claims/{}/parts/{}", claim.line, claim.part);
        self.add(aggregate, claim.version, "ClaimChanged", &pb::ClaimChanged { claim: Some(claim), cause });
    }

    /// A hold was made, shrank or ended.
    pub fn hold(&mut self, hold: pb::Hold, version: i64) {
        self.add(hold.name.clone(), version, "HoldChanged", &pb::HoldChanged { hold: Some(hold) });
    }

    /// A supply changed.
    pub fn supply(&mut self, supply: pb::Supply) {
        self.add(supply.name.clone(), supply.version, "SupplyChanged", &pb::SupplyChanged { supply: Some(supply) });
    }

    /// The events, in the order in which they were added.
    #[must_use]
    pub fn into_new(self) -> Vec<NewEvent> {
        self.events
    }

    fn add(&mut self, aggregate: String, sequence: i64, message_name: &str, message: &impl Message) {
        self.events.push(NewEvent {
            event_id: self.ids.next_uuid(),
            aggregate,
            sequence,
            event_type: format!("{PACKAGE}.{message_name}"),
            payload: message.encode_to_vec(),
            occurred_at: self.now,
            traceparent: self.traceparent.clone(),
        });
    }
}
