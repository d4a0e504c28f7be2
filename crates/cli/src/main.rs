//! The `backorder` binary.

fn main() {}
