//! The events of one transaction: what changed, encoded, one event per aggregate.

use backorder_domain::ids::IdProvider;
use backorder_proto::{
    allocation::v1 as pb,
    convert::{allocation::line_name, encode},
};
use backorder_storage::{StorageError, columns, outbox::NewEvent};
use jiff::Timestamp;
use prost::Message;

use crate::{
    order::{
        hold::{Hold, customer_name},
        message, overrides, question as questions, recall as recalls, refund as refunds, shipment as shipments,
        take as takes, warehouse_order as warehouse_orders,
    },
    store::{
        entity::{
            customer_order, customer_question, drop_ship_take, line_override, order_line, promise, recall, refund_due,
            warehouse_order,
        },
        shipments::WholeShipment,
    },
};

/// The package of the messages.
pub const PACKAGE: &str = "backorder.allocation.v1";

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

    /// An order was placed, or its state changed.
    ///
    /// # Errors
    /// [`StorageError::InvalidRow`] for a row that was not written here.
    pub fn order(&mut self, order: &customer_order::Model, cause: &str) -> Result<(), StorageError> {
        let message = pb::OrderChanged { order: Some(message::order(order, Vec::new())?), cause: cause.to_owned() };
        self.add(format!("orders/{}", order.id), order.version, "OrderChanged", &message);
        Ok(())
    }

    /// A line changed.
    ///
    /// # Errors
    /// [`StorageError::InvalidRow`] for a row that was not written here.
    pub fn line(
        &mut self,
        order: &customer_order::Model,
        line: &order_line::Model,
        cause: &str,
    ) -> Result<(), StorageError> {
        let message = pb::OrderLineChanged {
            line: Some(message::line(&order.currency_code, line, Vec::new())?),
            cause: cause.to_owned(),
        };
        self.add(line_name(&line.order_id, line.line_number), line.version, "OrderLineChanged", &message);
        Ok(())
    }

    /// The promise of a line changed.
    ///
    /// # Errors
    /// [`StorageError::InvalidRow`] for a row that was not written here.
    pub fn promise(&mut self, promise: &promise::Model) -> Result<(), StorageError> {
        let line = line_name(&promise.order_id, promise.line_number);
        let aggregate = format!("{line}/promise");
        let message = pb::PromiseChanged { line, promise: Some(message::promise(promise)?) };
        self.add(aggregate, i64::from(promise.revision), "PromiseChanged", &message);
        Ok(())
    }

    /// An override was made, decided or ended.
    ///
    /// # Errors
    /// [`StorageError::InvalidRow`] for a row that was not written here.
    pub fn override_changed(&mut self, row: &line_override::Model) -> Result<(), StorageError> {
        let message = pb::OverrideChanged { r#override: Some(overrides::message(row)?) };
        self.add(format!("overrides/{}", row.id), row.version, "OverrideChanged", &message);
        Ok(())
    }

    /// Holds of a line were set or ended.
    ///
    /// # Errors
    /// [`StorageError::InvalidRow`] for a row that was not written here.
    pub fn line_holds(&mut self, line: &order_line::Model, holds: &[Hold], cause: &str) -> Result<(), StorageError> {
        let name = line_name(&line.order_id, line.line_number);
        let aggregate = format!("{name}/holds");
        let holds = holds.iter().map(Hold::message).collect::<Result<_, _>>()?;
        let message = pb::LineHoldsChanged { line: name, holds, cause: cause.to_owned() };
        self.add(aggregate, line.version, "LineHoldsChanged", &message);
        Ok(())
    }

    /// Holds of a customer were set or ended, for the `version`th time.
    ///
    /// # Errors
    /// [`StorageError::InvalidRow`] for a row that was not written here.
    pub fn customer_holds(
        &mut self,
        customer: &str,
        version: i64,
        holds: &[Hold],
        cause: &str,
    ) -> Result<(), StorageError> {
        let aggregate = format!("{}/holds", customer_name(customer));
        let holds = holds.iter().map(Hold::message).collect::<Result<_, _>>()?;
        let message = pb::CustomerHoldsChanged { customer: customer.to_owned(), holds, cause: cause.to_owned() };
        self.add(aggregate, version, "CustomerHoldsChanged", &message);
        Ok(())
    }

    /// The warehouse was asked to give units back, or has answered.
    ///
    /// # Errors
    /// [`StorageError::InvalidRow`] for a row that was not written here.
    pub fn recall(&mut self, row: &recall::Model) -> Result<(), StorageError> {
        let message = pb::RecallChanged { recall: Some(recalls::message(row)?) };
        self.add(format!("recalls/{}", row.id), row.version, "RecallChanged", &message);
        Ok(())
    }

    /// Goods left, or it is known what arrived.
    ///
    /// # Errors
    /// [`StorageError::InvalidRow`] for a row that was not written here.
    pub fn shipment(&mut self, shipment: &WholeShipment) -> Result<(), StorageError> {
        let message = pb::ShipmentChanged { shipment: Some(shipments::message(shipment)?) };
        self.add(format!("shipments/{}", shipment.row.id), shipment.row.version, "ShipmentChanged", &message);
        Ok(())
    }

    /// A customer is asked, or the question ended.
    ///
    /// # Errors
    /// [`StorageError::InvalidRow`] for a row that was not written here.
    pub fn question(&mut self, row: &customer_question::Model) -> Result<(), StorageError> {
        let message = pb::CustomerQuestionChanged { question: Some(questions::message(row)?) };
        let aggregate = questions::name_of(row);
        self.add(aggregate, row.version, "CustomerQuestionChanged", &message);
        Ok(())
    }

    /// A planner has to decide about a line that waits too long.
    ///
    /// # Errors
    /// [`StorageError::InvalidRow`] for a row that was not written here.
    pub fn escalated(&mut self, row: &order_line::Model, cause: &str) -> Result<(), StorageError> {
        self.wait_escalated(row, row.line_number, (row.open, row.version), cause)
    }

    /// A planner has to decide about a kit of which so many wait too long; `part` is a component of it that waits.
    ///
    /// # Errors
    /// [`StorageError::InvalidRow`] for a row that was not written here.
    pub fn kit_escalated(
        &mut self,
        part: &order_line::Model,
        open: i64,
        version: i64,
        cause: &str,
    ) -> Result<(), StorageError> {
        self.wait_escalated(part, part.kit_line.unwrap_or(part.line_number), (open, version), cause)
    }

    fn wait_escalated(
        &mut self,
        row: &order_line::Model,
        number: i32,
        (open, version): (i64, i64),
        cause: &str,
    ) -> Result<(), StorageError> {
        let line = line_name(&row.order_id, number);
        let aggregate = format!("{line}/wait");
        let limit = columns::optional_date(row.wait_limit_date.as_deref(), "order_line")?;
        let message =
            pb::WaitEscalated { line, wait_limit_date: limit.map(encode::date), open, cause: cause.to_owned() };
        self.add(aggregate, version, "WaitEscalated", &message);
        Ok(())
    }

    /// Something is to be given back.
    ///
    /// # Errors
    /// [`StorageError::InvalidRow`] for a row that was not written here.
    pub fn refund(&mut self, row: &refund_due::Model) -> Result<(), StorageError> {
        let message = pb::RefundDue { refund: Some(refunds::message(row)?) };
        self.add(refunds::name(row), 1, "RefundDue", &message);
        Ok(())
    }

    /// A supplier is asked to ship units itself, or has answered.
    ///
    /// # Errors
    /// [`StorageError::InvalidRow`] for a row that was not written here.
    pub fn take(&mut self, row: &drop_ship_take::Model) -> Result<(), StorageError> {
        let message = pb::DropShipTakeChanged { take: Some(takes::message(row)?) };
        self.add(takes::name(&row.id), row.version, "DropShipTakeChanged", &message);
        Ok(())
    }

    /// A warehouse is asked for something, or has acknowledged it.
    ///
    /// # Errors
    /// [`StorageError::InvalidRow`] for a row that was not written here.
    pub fn warehouse_order(&mut self, row: &warehouse_order::Model) -> Result<(), StorageError> {
        let message = pb::WarehouseOrderChanged { warehouse_order: Some(warehouse_orders::head(row, Vec::new())?) };
        let (aggregate, sequence) = (warehouse_orders::name(&row.id), warehouse_orders::version(row));
        self.add(aggregate, sequence, "WarehouseOrderChanged", &message);
        Ok(())
    }

    /// A figure stands otherwise to its target than before.
    pub fn target_judged(&mut self, target: pb::FigureTarget, state_before: i32, sequence: i64) {
        let aggregate = target.name.clone();
        let message = pb::FigureTargetJudged { target: Some(target), state_before };
        self.add(aggregate, sequence, "FigureTargetJudged", &message);
    }

    /// Adds events of another write of the same transaction, about other aggregates.
    pub fn append(&mut self, other: Self) {
        self.events.extend(other.events);
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use backorder_service_kit::ids::SeededIds;

    use super::*;

    #[test]
    fn a_planner_hears_of_the_kit_and_not_of_the_component_that_waits() {
        let ids = SeededIds::new(1);
        let part = order_line::Model {
            order_id: "A-17".to_owned(),
            line_number: 3,
            kit_line: Some(1),
            open: 4,
            version: 2,
            ..order_line::Model::default()
        };
        let mut events = Events::new(&ids, Timestamp::UNIX_EPOCH, None);
        events.kit_escalated(&part, 2, 5, "late").unwrap();
        events.escalated(&part, "late").unwrap();
        let events = events.into_new();
        let told = pb::WaitEscalated::decode(events[0].payload.as_slice()).unwrap();
        assert_eq!((told.line.as_str(), told.open), ("orders/A-17/lines/1", 2));
        assert_eq!((events[0].aggregate.as_str(), events[0].sequence), ("orders/A-17/lines/1/wait", 5));
        assert_eq!(events[1].aggregate, "orders/A-17/lines/3/wait");
    }
}
