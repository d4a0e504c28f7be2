//! Typed identifiers.
//!
//! An id is text chosen by the caller or made from a UUID; ids order bytewise, which is the order that the databases
//! use for them, so that locks taken in ascending id order are the same order everywhere.

use std::fmt;

use uuid::Uuid;

/// The longest id in bytes, for every kind of id.
pub const ID_BYTES_MAX: usize = 200;

/// Why a text cannot be an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidId {
    /// Nothing, or only white space, was given.
    #[error("id is empty")]
    Empty,
    /// The text is longer than [`ID_BYTES_MAX`] bytes.
    #[error("id is {0} bytes long, at most {ID_BYTES_MAX} are allowed")]
    TooLong(usize),
    /// The text holds a control character, white space or a character that has a meaning in resource names.
    #[error("id holds the character {0:?}, which is not allowed")]
    Character(char),
}

fn checked(text: String, slash_allowed: bool) -> Result<String, InvalidId> {
    if text.is_empty() {
        return Err(InvalidId::Empty);
    }
    if text.len() > ID_BYTES_MAX {
        return Err(InvalidId::TooLong(text.len()));
    }
    let refused = |c: char| c.is_control() || c.is_whitespace() || (c == '/' && !slash_allowed);
    match text.chars().find(|c| refused(*c)) {
        Some(c) => Err(InvalidId::Character(c)),
        None => Ok(text),
    }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, slash_allowed = $slash:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Checks the text and makes an id of it.
            ///
            /// # Errors
            /// [`InvalidId`] when the text is empty, too long or holds a character that ids may not hold.
            pub fn try_new(text: impl Into<String>) -> Result<Self, InvalidId> {
                checked(text.into(), $slash).map(Self)
            }

            /// Makes an id of a UUID, which is always a valid id.
            #[must_use]
            pub fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid.to_string())
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The id's text, without a copy.
            #[must_use]
            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

text_id!(
    /// An item that is stocked and sold.
    ItemId,
    slash_allowed = false
);
text_id!(
    /// A place that holds or ships stock: warehouse, store or drop-ship supplier.
    LocationId,
    slash_allowed = false
);
text_id!(
    /// A working calendar of a location or a carrier.
    CalendarId,
    slash_allowed = false
);
text_id!(
    /// A lane: the way from a location to a destination zone by one service.
    LaneId,
    slash_allowed = false
);
text_id!(
    /// A demand line, named by whoever owns the demand, for example `orders/A-17/lines/3`. Opaque to stock.
    LineId,
    slash_allowed = true
);
text_id!(
    /// A dated supply element: purchase order line, shipment notice, transfer or production order.
    SupplyId,
    slash_allowed = false
);
text_id!(
    /// A receipt of goods: the write that booked it.
    ReceiptId,
    slash_allowed = false
);
text_id!(
    /// A quantity of free stock held for the queue at one item and location.
    HoldId,
    slash_allowed = false
);
text_id!(
    /// A customer's order.
    OrderId,
    slash_allowed = false
);
text_id!(
    /// A customer, opaque to this system: no name or address stands behind it here.
    CustomerId,
    slash_allowed = false
);
text_id!(
    /// A backorder policy, or an allocation policy.
    PolicyId,
    slash_allowed = false
);
text_id!(
    /// A schedule of allocation runs.
    RunScheduleId,
    slash_allowed = false
);
text_id!(
    /// A batch of an item (lot). Stock without batches uses the empty batch, which is `None` of this type.
    BatchId,
    slash_allowed = false
);

/// Gives ids that were never given before. Tests and the demo seed it, so that a run can be repeated.
pub trait IdProvider: Send + Sync {
    /// The next id.
    fn next_uuid(&self) -> Uuid;
}

/// Derives the id of a step from the id of the whole, so that a step that is done again has the same id.
///
/// The answer is a version 5 UUID (RFC 9562, 5.5) of `step` in the name space `parent`.
#[must_use]
pub fn derived_uuid(parent: Uuid, step: &str) -> Uuid {
    Uuid::new_v5(&parent, step.as_bytes())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[test]
    fn an_id_with_a_slash_is_refused_unless_it_names_a_line() {
        assert_eq!(ItemId::try_new("a/b"), Err(InvalidId::Character('/')));
        assert_eq!(LineId::try_new("orders/a/lines/1").unwrap().as_str(), "orders/a/lines/1");
    }

    #[test]
    fn empty_long_and_blank_texts_are_refused() {
        assert_eq!(ItemId::try_new(""), Err(InvalidId::Empty));
        assert_eq!(ItemId::try_new("x".repeat(201)), Err(InvalidId::TooLong(201)));
        assert_eq!(ItemId::try_new("a b"), Err(InvalidId::Character(' ')));
        assert_eq!(ItemId::try_new("a\0"), Err(InvalidId::Character('\0')));
    }

    #[test]
    fn a_derived_id_is_the_same_each_time_and_differs_by_step() {
        let order = Uuid::from_u128(7);
        assert_eq!(derived_uuid(order, "reserve"), derived_uuid(order, "reserve"));
        assert_ne!(derived_uuid(order, "reserve"), derived_uuid(order, "release"));
    }
}
