//! Benchmarks against a server of their own.

use backorder_testkit::postgres::Cluster;

use crate::failure::Failure;
use crate::run::{cargo, succeed};
use crate::tools;

/// Where `backorder bench` looks for a server.
const URL_ENV: &str = "BACKORDER_BENCH_POSTGRES";

/// Room for the working set, and no checkpoint in the middle of a short run. Commits stay durable: `fsync` and
/// `synchronous_commit` are on, as they are by default.
const SETTINGS: [&str; 4] = ["shared_buffers=1GB", "wal_buffers=16MB", "max_wal_size=8GB", "checkpoint_timeout=30min"];

/// Builds for release, starts the server and runs the benchmark.
pub fn run(arguments: &[String]) -> Result<(), Failure> {
    tools::ensure_postgres()?;
    let mut build = cargo();
    build.args(["build", "--release", "--package", "backorder-cli"]);
    succeed(build, "mend what does not compile")?;
    let cluster = Cluster::start_with(&SETTINGS)?;
    let mut bench = cargo();
    bench.args(["run", "--quiet", "--release", "--package", "backorder-cli", "--", "bench"]).args(arguments);
    bench.env(URL_ENV, cluster.url());
    succeed(bench, "the figures above say what is missed")
}
