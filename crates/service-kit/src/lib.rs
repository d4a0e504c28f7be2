//! What every server shares: problems and their statuses, the server builder with its layers, health and drain,
//! telemetry, typed clients, owned tasks and jobs, the providers of time and ids.
//!
//! It must not know a service's rules, and it must not touch a database.

pub mod clients;
pub mod context;
pub mod crash_point;
pub mod group;
pub mod idempotency;
pub mod ids;
pub mod jobs;
pub mod layer;
pub mod metrics_server;
pub mod paging;
pub mod problem;
pub mod readiness;
pub mod retry;
pub mod server;
pub mod shutdown;
pub mod tasks;
pub mod telemetry;
pub mod time;
pub mod trace;
pub mod violations;

mod hex;

/// Of every program that serves or calls. An order makes thousands of small texts and rows that go from thread to thread;
/// the system's allocator spent a fifth of the processor's time on them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub use backorder_proto::convert::decode;
