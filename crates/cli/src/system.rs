//! All services in one process, on embedded SQLite or any other store: what `serve`, `demo`, `verify --data` and the
//! tests start.
//!
//! The lead is writing this module now (struct `System`: start from `SystemOptions`, clients over in-process channels,
//! `register` for a server, `stop`); use it, do not write it again.
