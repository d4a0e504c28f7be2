//! The `backorder` binary: reads the command line, runs the command, ends with its exit code.

use std::process::ExitCode;

use backorder_cli::{args::Cli, commands, failure::Failure};
use clap::Parser as _;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

fn run(cli: Cli) -> Result<(), Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(commands::run(cli))
}
