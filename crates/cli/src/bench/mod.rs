//! Benchmarks: the public gRPC API under load, each figure beside a named baseline of the same run.
//!
//! A machine's absolute figures say little, so what counts is the ratio. Rounds of the baseline and of the services take
//! turns, what warms up is thrown away, and the median round is shown, with the load that others put on the machine
//! meanwhile. Nothing is measured that was not checked: each acknowledged call is looked up afterwards, and the books
//! are proved.

pub mod allocate;
pub mod alone;
pub mod bare_rows;
pub mod baseline;
pub mod echo;
pub mod figure;
pub mod grown;
pub mod host;
pub mod kills;
pub mod load;
pub mod machine;
pub mod metric;
pub mod orders;
pub mod postgres;
pub mod reading;
pub mod receipts;
pub mod reserve;
pub mod sqlite_rows;
pub mod stock;
