//! Running systems for tests: all services in one process, or each in a process of its own.

pub mod in_process;
pub mod processes;
