//! Benchmarks against a server of their own.

use backorder_testkit::postgres::Cluster;

use crate::failure::Failure;
use crate::run::{cargo, succeed};
use crate::tools;

/// Where `backorder bench` looks for a server.
const URL_ENV: &str = "BACKORDER_BENCH_POSTGRES";

/// No checkpoint in the middle of a short run. Commits stay durable: `fsync` and `synchronous_commit` are on, as they are by
/// default.
const SETTINGS: [&str; 3] = ["wal_buffers=16MB", "max_wal_size=8GB", "checkpoint_timeout=30min"];

/// A quarter of the memory for the working set, which is what PostgreSQL's documentation begins with for a server of its own.
fn shared_buffers() -> String {
    let told = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = told.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib = total.and_then(|rest| rest.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    format!("shared_buffers={}MB", kib.map_or(1_024, |kib| (kib / 1_024 / 4).max(128)))
}

/// Builds for release, starts the server and runs the benchmark.
pub fn run(arguments: &[String]) -> Result<(), Failure> {
    tools::ensure_postgres()?;
    let mut build = cargo();
    build.args(["build", "--release", "--package", "backorder-cli"]);
    succeed(build, "mend what does not compile")?;
    let buffers = shared_buffers();
    let settings: Vec<&str> = SETTINGS.into_iter().chain([buffers.as_str()]).collect();
    let cluster = Cluster::start_with(&settings)?;
    let mut bench = cargo();
    bench.args(["run", "--quiet", "--release", "--package", "backorder-cli", "--", "bench"]).args(arguments);
    bench.env(URL_ENV, cluster.url());
    succeed(bench, "the figures above say what is missed")
}
