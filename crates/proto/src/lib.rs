//! The contracts as Rust types: generated messages, clients and servers, the descriptor set for reflection, and the
//! conversions between wire types and domain types. It must not decide anything.

pub mod convert;

/// The encoded descriptor set of all contracts, comments left out, for server reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// Types, error reasons and the event envelope that all contracts use.
pub mod common {
    /// Version 1.
    #[allow(missing_docs, clippy::all, clippy::pedantic, reason = "generated; the comments stand in the proto files")]
    pub mod v1 {
        tonic::include_proto!("backorder.common.v1");
    }
}

/// Items, locations, stock, dated supply, claims and availability.
pub mod inventory {
    /// Version 1.
    #[allow(
        missing_docs,
        clippy::all,
        clippy::pedantic,
        clippy::wildcard_enum_match_arm,
        reason = "generated; the comments stand in the proto files"
    )]
    pub mod v1 {
        tonic::include_proto!("backorder.inventory.v1");
    }
}

/// Orders, policies, promises and the sharing of scarce stock.
pub mod allocation {
    /// Version 1.
    #[allow(
        missing_docs,
        clippy::all,
        clippy::pedantic,
        clippy::wildcard_enum_match_arm,
        reason = "generated; the comments stand in the proto files"
    )]
    pub mod v1 {
        tonic::include_proto!("backorder.allocation.v1");
    }
}
