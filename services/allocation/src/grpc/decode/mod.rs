//! Requests as commands, with all violations. Nothing here knows what is stored.

pub mod backlog;
pub mod draft;
pub mod exception;
pub mod feed;
pub mod go_live;
pub mod hold;
pub mod order;
pub mod overrides;
pub mod policy;
pub mod release;
pub mod serving;
pub mod shipment;
pub mod shortage;
pub mod wait;
