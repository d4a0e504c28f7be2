//! The tests with real servers: one throwaway PostgreSQL cluster and one NATS server for the whole run.
//!
//! The servers stop and their folders go when this process ends in any way; `testkit` sees to that.

use std::io::Read as _;
use std::time::{Duration, Instant};

use backorder_testkit::counts::{self, COUNTS_ENV};
use backorder_testkit::nats::NatsServer;
use backorder_testkit::postgres::Cluster;
use backorder_testkit::{SEED_ENV, nats, postgres, seed};

use crate::failure::Failure;
use crate::run::{cargo, output, succeed, works};
use crate::tools;

const TEST_ADVICE: &str = "the failing tests are named above; `cargo xtask test -- NAME` runs one of them again";

/// Which column of the table of case counts a run uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counts {
    /// For every change.
    Quick,
    /// The counts that the project promises.
    Full,
}

impl Counts {
    /// Full when `full`.
    pub const fn from_full(full: bool) -> Self {
        if full { Self::Full } else { Self::Quick }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Full => "full",
        }
    }
}

/// The servers of a run and the settings that lead tests to them.
struct Servers {
    postgres: Cluster,
    nats: NatsServer,
}

impl Servers {
    fn start() -> Result<Self, Failure> {
        tools::ensure_postgres()?;
        tools::ensure_nats_server()?;
        Ok(Self { postgres: Cluster::start()?, nats: NatsServer::start()? })
    }

    fn settings(&self) -> [(&'static str, String); 2] {
        [(postgres::URL_ENV, self.postgres.url()), (nats::URL_ENV, self.nats.url())]
    }
}

/// Runs every test; `runner_arguments` go to the test runner.
pub fn run(counts: Counts, runner_arguments: &[String]) -> Result<(), Failure> {
    let started = Instant::now();
    build()?;
    let built = started.elapsed();
    // One of the tests is a client in another language.
    tools::ensure_python_tools()?;
    let servers = Servers::start()?;
    print_counts(counts);
    let seed = seed();
    let outcome =
        run_doc_tests(&servers, runner_arguments).and_then(|()| run_tests(&servers, counts, seed, runner_arguments));
    drop(servers);
    println!(
        "{} counts, {SEED_ENV}={seed}, {} to build, {} to test",
        counts.name(),
        minutes(built),
        minutes(started.elapsed().saturating_sub(built))
    );
    outcome
}

/// Keeps servers up for tests that are run by hand.
pub fn serve() -> Result<(), Failure> {
    let servers = Servers::start()?;
    for (name, value) in servers.settings() {
        println!("export {name}={value}");
    }
    eprintln!("running until standard input ends or Ctrl-C");
    let mut ignored = Vec::new();
    std::io::stdin().read_to_end(&mut ignored).map_err(|error| Failure::new(format!("standard input: {error}")))?;
    Ok(())
}

/// Builds tests and binaries in one graph of features: tests start the binaries, the demo of `ci` runs one of them.
fn build() -> Result<(), Failure> {
    let mut build = cargo();
    build.args(["build", "--workspace", "--bins", "--tests"]);
    succeed(build, "mend what does not compile")
}

fn run_doc_tests(servers: &Servers, runner_arguments: &[String]) -> Result<(), Failure> {
    if !runner_arguments.is_empty() {
        return Ok(());
    }
    let mut tests = cargo();
    tests.args(["test", "--quiet", "--workspace", "--doc"]).envs(servers.settings());
    succeed(tests, "an example in the documentation does not hold")
}

fn run_tests(servers: &Servers, counts: Counts, seed: u64, runner_arguments: &[String]) -> Result<(), Failure> {
    let mut tests = cargo();
    if has_nextest() {
        let profile = match counts {
            Counts::Quick => "ci",
            Counts::Full => "soak",
        };
        tests.args(["nextest", "run", "--workspace", "--profile", profile]).args(runner_arguments);
    } else {
        println!("cargo-nextest is not installed: plain `cargo test` it is, without time limits per test");
        tests
            .args(["test", "--workspace", "--bins", "--lib", "--tests", "--no-fail-fast", "--"])
            .args(runner_arguments);
    }
    tests.envs(servers.settings()).env(COUNTS_ENV, counts.name()).env(SEED_ENV, seed.to_string());
    succeed(tests, TEST_ADVICE)
}

fn has_nextest() -> bool {
    let mut version = cargo();
    version.args(["nextest", "--version"]);
    works(version)
}

fn print_counts(counts: Counts) {
    let server = |line: Result<String, Failure>| line.map(|text| text.trim().to_owned()).unwrap_or_default();
    let version = |program: Result<std::path::PathBuf, _>| {
        let mut ask = crate::run::command(program.unwrap_or_default());
        ask.arg("--version");
        server(output(ask, ""))
    };
    println!("\n{}", version(backorder_testkit::tools::postgres_bin().map(|folder| folder.join("postgres"))));
    println!("{}", version(backorder_testkit::tools::nats_server()));
    println!("\n{:<30}{:>8}{:>8}  what one case is", "case counts", "quick", "full");
    for row in counts::all() {
        println!("{:<30}{:>8}{:>8}  {}", row.name, row.quick, row.full, row.what);
    }
    println!("this run: {}", counts.name());
}

fn minutes(duration: Duration) -> String {
    format!("{}m{:02}s", duration.as_secs() / 60, duration.as_secs() % 60)
}
