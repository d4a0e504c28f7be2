//! Going live with the open orders of another system: taking them over, looking ahead, confirming, serving.
//!
//! An order is taken over as it is placed: written, its claims made by inventory, recorded. Its lines stand behind the
//! barrier of go-live, which pins their promises. Behind it inventory is told that they may take stock, item by item and
//! in the order of the queue; when the runs about the item are done, the barrier goes, and the promise follows by rule.

mod confirm;
mod import;
mod preview;
mod read;

pub use confirm::ConfirmGoLive;
pub use import::{ImportOpenOrders, OpenLine, OpenOrder, Taken};
