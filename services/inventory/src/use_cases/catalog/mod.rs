//! Creating and changing items and locations.

mod put_items;
mod put_location;
mod read;

pub use put_items::ItemChange;
pub use put_location::LocationChange;
pub use read::page_token_invalid;
