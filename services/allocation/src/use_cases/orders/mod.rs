//! Orders: placed, quoted, confirmed, amended, cancelled, agreed to short, shipped, returned, read.

mod amend;
mod cancel;
mod choices;
mod confirm;
mod consent;
mod draft;
mod inquire;
mod kits;
mod place;
mod prepare;
mod read;
mod replacement;
mod returned;
mod ship;
mod substitute;
mod take_back;

pub use amend::Amend;
pub use cancel::Cancel;
pub use confirm::Confirm;
pub use consent::ConsentToShort;
pub use draft::{Draft, DraftHold, DraftLine, RequestedDate};
pub(crate) use kits::of_components;
pub use place::{Place, Quote};
pub(crate) use prepare::{Placing, Prepared, characteristics_of, queue_key, reserve_line};
pub use returned::{ReturnedApart, ReturnedUnits};
pub use ship::{LineAmount, PickedOfLine, Ship};
pub(crate) use ship::{allowed_line, balances};
pub use substitute::{Consent, Substitute};
pub use take_back::TakeBack;
