//! The project's own commands, run as `cargo xtask COMMAND`.
//!
//! It starts programs and reads text; it holds no rule of the product and depends on no crate of it but `testkit`.
//! Every failure is a sentence that says what to do next.

mod bench;
mod ci;
mod edges;
mod error_pages;
mod failure;
mod file_sizes;
mod protos;
mod run;
mod steps;
mod tests;
mod tools;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::failure::Failure;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "The project's own commands")]
struct Arguments {
    #[command(subcommand)]
    command: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Passes the tests on SQLite and on PostgreSQL, with throwaway servers
    Test {
        /// Run the full case counts, as `soak` does
        #[arg(long)]
        full: bool,
        /// Handed to the test runner, such as a part of a test's name
        #[arg(last = true)]
        runner_arguments: Vec<String>,
    },
    /// Runs the tests with the full case counts
    Soak,
    /// Runs everything that must hold before a change lands
    Ci,
    /// Finds or installs the programs that the tests need
    Tools,
    /// Starts throwaway servers for tests that are run by hand, until standard input ends or Ctrl-C
    Servers,
    /// Runs `backorder bench` with a release build against a throwaway PostgreSQL that keeps every commit
    Bench {
        /// Handed to `backorder bench`, such as `reserve --clients 64,256`
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Checks which crates depend on which
    Edges,
    /// Checks that no source file has 500 lines or more
    FileSizes,
    /// Checks that every error reason has its page
    ErrorPages,
    /// Lints the protos and checks their format
    Protos {
        /// Also refuse changes that break callers built from this git reference
        #[arg(long, value_name = "REF")]
        against: Option<String>,
    },
}

fn main() -> ExitCode {
    match dispatch(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\nxtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(task: Task) -> Result<(), Failure> {
    match task {
        Task::Test { full, runner_arguments } => tests::run(tests::Counts::from_full(full), &runner_arguments),
        Task::Soak => tests::run(tests::Counts::Full, &[]),
        Task::Ci => ci::run(),
        Task::Tools => tools::ensure_all(),
        Task::Servers => tests::serve(),
        Task::Bench { arguments } => bench::run(&arguments),
        Task::Edges => edges::check(),
        Task::FileSizes => file_sizes::check(),
        Task::ErrorPages => error_pages::check(),
        Task::Protos { against } => protos::check(against.as_deref()),
    }
}
