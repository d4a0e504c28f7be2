//! The tables as SeaORM entities, one per file. They hold columns and nothing else: no rule and no query.

pub mod audit_note;
pub mod claim;
pub mod claim_location;
pub mod hold;
pub mod item;
pub mod item_substitute;
pub mod item_unit;
pub mod location;
pub mod movement;
pub mod peg;
pub mod position;
pub mod reservation;
pub mod supply;
