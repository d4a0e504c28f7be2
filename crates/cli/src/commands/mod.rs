//! One file per command: read the options, call the services, show the answer. No rule of the business stands here.

pub mod backlog;
pub mod catalog;
pub mod explain;
pub mod import;
pub mod order;
pub mod policy;
pub mod stock;
pub mod supply;
pub mod verify;

mod pages;
mod show;

use std::sync::Arc;

use backorder_service_kit::ids::RandomIds;
use clap::CommandFactory as _;

use crate::{
    args::{Cli, Command, GlobalArgs},
    client::Session,
    failure::Failure,
    output::Output,
};

/// Runs the command.
///
/// # Errors
/// [`Failure`] with what happened and what to do next.
pub async fn run(cli: Cli) -> Result<(), Failure> {
    let global = &cli.global;
    let output = Output::new(global.json);
    match cli.command {
        Command::Import(args) => import::run(&args, &session(global)?, output).await,
        Command::Order(command) => order::run(command, &session(global)?, output).await,
        Command::Stock(command) => stock::run(command, &session(global)?, output).await,
        Command::Supply(command) => supply::run(command, &session(global)?, output).await,
        Command::Catalog(command) => catalog::run(command, &session(global)?, output).await,
        Command::Policy(command) => policy::run(command, &session(global)?, output).await,
        Command::Backlog(args) => backlog::run(args, &session(global)?, output).await,
        Command::Explain(args) => explain::run(&args, &session(global)?, output).await,
        Command::Verify(args) => verify::run(&args, &session(global)?, output).await,
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "backorder", &mut std::io::stdout());
            Ok(())
        }
    }
}

fn session(global: &GlobalArgs) -> Result<Session, Failure> {
    Ok(Session::connect(&global.addresses(), global.timeout(), Arc::new(RandomIds), global.request_id)?)
}
