//! One file per command: read the options, call the services, show the answer. No rule of the business stands here.

pub mod allocation_policy;
pub mod assess;
pub mod backlog;
pub mod bench;
pub mod catalog;
pub mod demo;
pub mod dropship;
pub mod exception_limits;
pub mod exceptions;
pub mod explain;
pub mod export;
pub mod feed;
pub mod golive;
pub mod group;
pub mod hold;
pub mod import;
pub mod order;
pub mod overrides;
pub mod policy;
pub mod question;
pub mod refund;
pub mod report;
pub mod run;
pub mod serve;
pub mod serving;
pub mod shipment;
pub mod stock;
pub mod supply;
pub mod verify;
pub mod warehouse;

mod backlog_files;
mod pages;
mod ship;
mod shipped_batches;
mod show;
mod substitute;
mod take_back;
mod watch;

use std::sync::Arc;

use backorder_service_kit::ids::RandomIds;
use clap::CommandFactory as _;

use crate::{
    args::{Cli, ClientArgs, Command},
    client::Session,
    failure::Failure,
    output::Output,
};

/// Runs the command.
///
/// # Errors
/// [`Failure`] with what happened and what to do next.
pub async fn run(cli: Cli) -> Result<(), Failure> {
    match cli.command {
        Command::Serve(args) => serve::run(&args).await,
        Command::Demo(args) => demo::run(&args).await,
        Command::Assess(args) => assess::run(&args),
        Command::Bench { command } => bench::run(command).await,
        Command::Import(import) => import::run(&import.args, &session(&import.client)?, output(&import.client)).await,
        Command::Export(export) => export::run(export.command, &session(&export.client)?, output(&export.client)).await,
        Command::Groups(asked) => group::run(asked.command, &session(&asked.client)?, output(&asked.client)).await,
        Command::Dropship(asked) => dropship::run(asked.command, &session(&asked.client)?, output(&asked.client)).await,
        Command::Feed(feed) => feed::run(feed.command, &session(&feed.client)?, output(&feed.client)).await,
        Command::Order(order) => order::run(order.command, &session(&order.client)?, output(&order.client)).await,
        Command::Stock(stock) => stock::run(stock.command, &session(&stock.client)?, output(&stock.client)).await,
        Command::Supply(supply) => supply::run(supply.command, &session(&supply.client)?, output(&supply.client)).await,
        Command::Catalog(catalog) => {
            catalog::run(catalog.command, &session(&catalog.client)?, output(&catalog.client)).await
        }
        Command::Policy(policy) => policy::run(policy.command, &session(&policy.client)?, output(&policy.client)).await,
        Command::AllocationPolicy(policy) => {
            allocation_policy::run(policy.command, &session(&policy.client)?, output(&policy.client)).await
        }
        Command::Exceptions(list) => exceptions::run(list.command, &session(&list.client)?, output(&list.client)).await,
        Command::Serving(serving) => {
            serving::run(serving.command, &session(&serving.client)?, output(&serving.client)).await
        }
        Command::Question(question) => {
            question::run(question.command, &session(&question.client)?, output(&question.client)).await
        }
        Command::Refund(refund) => refund::run(refund.command, &session(&refund.client)?, output(&refund.client)).await,
        Command::Report(report) => report::run(&report.args, &session(&report.client)?, output(&report.client)).await,
        Command::Run(run) => run::run(run.command, &session(&run.client)?, output(&run.client)).await,
        Command::Golive(golive) => golive::run(golive.command, &session(&golive.client)?, output(&golive.client)).await,
        Command::Override(one) => overrides::run(one.command, &session(&one.client)?, output(&one.client)).await,
        Command::Hold(hold) => hold::run(hold.command, &session(&hold.client)?, output(&hold.client)).await,
        Command::Warehouse(gate) => warehouse::run(gate.command, &session(&gate.client)?, output(&gate.client)).await,
        Command::Shipment(shipment) => {
            shipment::run(shipment.command, &session(&shipment.client)?, output(&shipment.client)).await
        }
        Command::Backlog(backlog) => {
            backlog::run(backlog.args, &session(&backlog.client)?, output(&backlog.client)).await
        }
        Command::Explain(explain) => {
            explain::run(&explain.args, &session(&explain.client)?, output(&explain.client)).await
        }
        Command::Verify(verify) => verify::run(&verify.args, &session(&verify.client)?, output(&verify.client)).await,
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "backorder", &mut std::io::stdout());
            Ok(())
        }
    }
}

fn session(client: &ClientArgs) -> Result<Session, Failure> {
    Ok(Session::connect(&client.addresses(), client.timeout(), Arc::new(RandomIds), client.request_id)?)
}

const fn output(client: &ClientArgs) -> Output {
    Output::new(client.json)
}
