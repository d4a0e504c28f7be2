//! Creating and changing items, locations, working calendars and lanes.

mod kits;
mod put_items;
mod put_record;
mod read;

pub use put_items::ItemChange;
pub use put_record::Change;
pub use read::page_token_invalid;
