//! Orders as use cases work on them: rows with the rules of `domain` applied to them.
//!
//! A [`Book`] holds the orders, lines and claims that a transaction has loaded; [`settle`] makes a line follow its
//! claims; what changed is collected as rows and events and written by the store. This module must not run a query.

mod book;
mod change;
pub mod exception;
pub mod hold;
pub mod horizon;
pub mod import;
pub mod key;
pub mod kits;
pub mod message;
pub mod overrides;
pub mod picked;
pub mod question;
pub mod recall;
pub mod refund;
pub mod release_day;
pub mod routes;
pub mod sets;
pub mod settle;
pub mod shipment;
pub mod shortage;
pub mod take;
pub mod texts;
pub mod wait;
pub mod warehouse_order;
pub mod wishes;

pub use book::{Book, LineRecord, OrderRecord, barriers_of, put_vector};
pub use change::{Changes, LostUnits, WriteNote};
pub use key::LineKey;
pub use routes::Routes;
pub use settle::{Cause, Command, Moment};
