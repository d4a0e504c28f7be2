//! Holds on lines and customers, as rows and messages.

use backorder_domain::order::hold::HoldType;
use backorder_proto::{
    allocation::v1 as pb,
    common::v1 as common,
    convert::{
        allocation::{hold_type, line_name},
        encode,
    },
};
use backorder_storage::{StorageError, columns};

use crate::store::entity::{customer_hold, line_hold};

/// What a hold is on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// All lines of a customer's orders.
    Customer(String),
    /// A line of an order.
    Line(String, i32),
}

impl Target {
    /// The name.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Customer(customer) => customer_name(customer),
            Self::Line(order, line) => line_name(order, *line),
        }
    }
}

/// The name of a customer.
#[must_use]
pub fn customer_name(customer: &str) -> String {
    format!("customers/{customer}")
}

/// A hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// What it is on.
    pub target: Target,
    /// Its type, as rows have it.
    pub hold_type: String,
    /// Whether it keeps lines from taking stock.
    pub blocks_allocation: bool,
    /// Who set it.
    pub actor: String,
    /// Why.
    pub reason_code: String,
    /// Why, for people.
    pub note: String,
    /// When it was set first, in microseconds.
    pub set_at: i64,
    /// When it ends by itself, in microseconds.
    pub until_at: Option<i64>,
}

impl Hold {
    /// A hold on a line.
    #[must_use]
    pub fn of_line(row: line_hold::Model) -> Self {
        Self {
            target: Target::Line(row.order_id, row.line_number),
            hold_type: row.hold_type,
            blocks_allocation: row.blocks_allocation,
            actor: row.actor,
            reason_code: row.reason_code,
            note: row.note,
            set_at: row.set_at,
            until_at: row.until_at,
        }
    }

    /// A hold on a customer.
    #[must_use]
    pub fn of_customer(row: customer_hold::Model) -> Self {
        Self {
            target: Target::Customer(row.customer),
            hold_type: row.hold_type,
            blocks_allocation: row.blocks_allocation,
            actor: row.actor,
            reason_code: row.reason_code,
            note: row.note,
            set_at: row.set_at,
            until_at: row.until_at,
        }
    }

    /// The row of the hold on a line; on a customer it is none.
    #[must_use]
    pub fn line_row(&self) -> Option<line_hold::Model> {
        let Target::Line(order_id, line_number) = &self.target else { return None };
        Some(line_hold::Model {
            order_id: order_id.clone(),
            line_number: *line_number,
            hold_type: self.hold_type.clone(),
            blocks_allocation: self.blocks_allocation,
            actor: self.actor.clone(),
            reason_code: self.reason_code.clone(),
            note: self.note.clone(),
            set_at: self.set_at,
            until_at: self.until_at,
        })
    }

    /// The row of the hold on a customer; on a line it is none.
    #[must_use]
    pub fn customer_row(&self) -> Option<customer_hold::Model> {
        let Target::Customer(customer) = &self.target else { return None };
        Some(customer_hold::Model {
            customer: customer.clone(),
            hold_type: self.hold_type.clone(),
            blocks_allocation: self.blocks_allocation,
            actor: self.actor.clone(),
            reason_code: self.reason_code.clone(),
            note: self.note.clone(),
            set_at: self.set_at,
            until_at: self.until_at,
        })
    }

    /// The word for its type, for people.
    #[must_use]
    pub fn word(&self) -> &'static str {
        let found = HoldType::ALL.into_iter().find(|one| hold_type(*one).as_str_name() == self.hold_type);
        found.map_or("unknown", HoldType::as_str)
    }

    /// Who set it and why.
    #[must_use]
    pub fn context(&self) -> common::WriteContext {
        common::WriteContext {
            actor: self.actor.clone(),
            reason_code: self.reason_code.clone(),
            note: self.note.clone(),
        }
    }

    /// The hold as a message of its own.
    ///
    /// # Errors
    /// [`StorageError::InvalidRow`] for a row that was not written here.
    pub fn message(&self) -> Result<pb::Hold, StorageError> {
        let on_line = self.of_a_line()?;
        Ok(pb::Hold {
            target: self.target.name(),
            r#type: on_line.r#type,
            blocks_allocation: on_line.blocks_allocation,
            context: on_line.context,
            set_time: on_line.set_time,
            until_time: on_line.until_time,
        })
    }

    /// The hold as a line shows it.
    ///
    /// # Errors
    /// [`StorageError::InvalidRow`] for a row that was not written here.
    pub fn of_a_line(&self) -> Result<pb::LineHold, StorageError> {
        let time = |micros| columns::instant(micros, TABLE).map(encode::timestamp);
        let known = pb::HoldType::from_str_name(&self.hold_type).ok_or_else(|| StorageError::InvalidRow {
            table: TABLE,
            detail: format!("{:?} is no type of hold", self.hold_type),
        })?;
        let customer = match &self.target {
            Target::Customer(customer) => customer.clone(),
            Target::Line(..) => String::new(),
        };
        Ok(pb::LineHold {
            r#type: known.into(),
            blocks_allocation: self.blocks_allocation,
            context: Some(self.context()),
            set_time: Some(time(self.set_at)?),
            until_time: self.until_at.map(time).transpose()?,
            customer,
        })
    }
}

const TABLE: &str = "line_hold";
