//! The command line: every command, its options and their help.

use std::{path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand};
use uuid::Uuid;

use crate::{
    client::Addresses,
    commands::{
        allocation_policy::AllocationPolicyCommand, assess::AssessArgs, backlog::BacklogArgs, bench::BenchCommand,
        catalog::CatalogCommand, demo::DemoArgs, dropship::DropShipCommand, exceptions::ExceptionsCommand,
        explain::ExplainArgs, export::ExportCommand, feed::FeedCommand, golive::GoLiveCommand, group::GroupCommand,
        hold::HoldCommand, import::ImportArgs, order::OrderCommand, overrides::OverrideCommand, policy::PolicyCommand,
        question::QuestionCommand, refund::RefundCommand, report::ReportArgs, run::RunCommand, serve::ServeArgs,
        serving::ServingCommand, shipment::ShipmentCommand, stock::StockCommand, supply::SupplyCommand,
        verify::VerifyArgs, warehouse::WarehouseCommand,
    },
};

/// Where `backorder serve` listens, and where every other command looks for it.
pub const ADDRESS_DEFAULT: &str = "127.0.0.1:50051";

/// Backorder management over gRPC: take orders, reserve what is there, promise what comes, serve the queue by rule.
#[derive(Debug, Parser)]
#[command(name = "backorder", version, propagate_version = true, arg_required_else_help = true)]
#[command(
    after_help = "Try it: `backorder demo`. See what backorders cost you today: `backorder assess --help`. Then: `backorder serve` in one terminal, `backorder import --help` and \
    `backorder order place --help` in another. Every command takes --json."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// A command with commands of its own, as a client of the services.
#[derive(Debug, Args)]
pub struct Group<C: Subcommand> {
    /// What to do.
    #[command(subcommand)]
    pub command: C,
    /// What every client command takes.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// A command that is a client of the services.
#[derive(Debug, Args)]
pub struct Single<A: Args> {
    /// Its own options.
    #[command(flatten)]
    pub args: A,
    /// What every client command takes.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// Options of every client command.
#[derive(Debug, Clone, Args)]
pub struct ClientArgs {
    /// Show results as JSON on standard output, everything else on standard error.
    #[arg(long, global = true)]
    pub json: bool,
    /// Where the services answer.
    #[arg(long, global = true, env = "BACKORDER_URL", default_value = "http://127.0.0.1:50051", value_name = "URL")]
    pub address: String,
    /// Where inventory answers, when it is not where the other services are.
    #[arg(long, global = true, env = "BACKORDER_INVENTORY_URL", value_name = "URL")]
    pub inventory_address: Option<String>,
    /// How long to wait for an answer, in seconds.
    #[arg(long, global = true, default_value_t = 30, value_name = "SECONDS")]
    pub timeout: u64,
    /// The UUID that names this write. Give the same one to ask again after an answer was lost.
    #[arg(long, global = true, value_name = "UUID")]
    pub request_id: Option<Uuid>,
}

impl ClientArgs {
    /// Where the services are.
    #[must_use]
    pub fn addresses(&self) -> Addresses {
        Addresses { all: self.address.clone(), inventory: self.inventory_address.clone() }
    }

    /// How long to wait for an answer.
    #[must_use]
    pub const fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout)
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run all services in one process on one port, with their data in one folder.
    Serve(ServeArgs),
    /// Run the main job on a made or a real world: orders, shortages, receipts, the queue, and the books at the end.
    Demo(Box<DemoArgs>),
    /// Report what backorders cost today, from an extract of orders and shipments of the system that is used now.
    Assess(Box<AssessArgs>),
    /// Measure what the services reach on this machine, beside baselines of the same run.
    Bench {
        /// What is measured.
        #[command(subcommand)]
        command: BenchCommand,
    },
    /// Import items, locations, stock, supply, orders or the backlog of another system from CSV or JSON lines, plain or gzip.
    Import(Single<ImportArgs>),
    /// Write what the services hold to files for other programs.
    Export(Group<ExportCommand>),
    /// What suppliers report that they could ship themselves, and what they are asked to ship.
    Dropship(Group<DropShipCommand>),
    /// What groups of customers may take of items at most, and what is kept for them.
    #[command(name = "group")]
    Groups(Group<GroupCommand>),
    /// Exchange documents with warehouses' and carriers' own systems, as CSV or JSON lines.
    Feed(Group<FeedCommand>),
    /// Place, look at and change orders.
    Order(Group<OrderCommand>),
    /// Look at and move stock.
    Stock(Group<StockCommand>),
    /// Look at and change what is expected from suppliers.
    Supply(Group<SupplyCommand>),
    /// List, create and look at items and locations.
    Catalog(Group<CatalogCommand>),
    /// Who may wait, and who is served first.
    Policy(Group<PolicyCommand>),
    /// Policies of allocation runs: segments with filters, strategies and sorts, in versions; a dry run; which is in force.
    AllocationPolicy(Group<AllocationPolicyCommand>),
    /// The planner's list: what needs a person, ranked by value at risk, each with the command that resolves it.
    Exceptions(Group<ExceptionsCommand>),
    /// When units that are held for the queue are shared: at once, by a planner, or at an hour of the day.
    Serving(Group<ServingCommand>),
    /// What customers are asked about lines that wait too long, and what they say.
    Question(Group<QuestionCommand>),
    /// What is to be given back for units that were cancelled or came back.
    Refund(Group<RefundCommand>),
    /// How well demand was served and what shortage cost: fill, waits, promises, each figure with what it is.
    Report(Box<Single<ReportArgs>>),
    /// Simulate allocation runs by other rules, compare and explain them, and ask what changes would do.
    Run(Group<RunCommand>),
    /// Go live with the open orders of another system: what would change, the confirmation, and how far it is.
    Golive(Group<GoLiveCommand>),
    /// Keep orders, lines and customers from moving, or let them go again.
    Hold(Group<HoldCommand>),
    /// Decide against the rules: assign units by hand, move a line in the queue, pin a confirmation, approve.
    Override(Group<OverrideCommand>),
    /// The gate to the warehouse: hand units over, ask for them back, tell what was not found.
    Warehouse(Group<WarehouseCommand>),
    /// What left together, and what arrived.
    Shipment(Group<ShipmentCommand>),
    /// List the lines that wait, in the order of the queue.
    Backlog(Single<BacklogArgs>),
    /// Explain the promise of a line: what binds it, which supply covers it, who is ahead.
    Explain(Single<ExplainArgs>),
    /// Prove the books: every position equals its movements, every line adds up. Ends with code 4 when not.
    Verify(Single<VerifyArgs>),
    /// Write the completions for a shell to standard output.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// Why a write is done. Kept with everything that it changes.
#[derive(Debug, Clone, Args)]
pub struct ReasonArgs {
    /// The reason as a short code of your own, for example cycle-count.
    #[arg(long, default_value = "manual", value_name = "CODE")]
    pub reason: String,
    /// A note for people.
    #[arg(long, default_value = "", value_name = "TEXT")]
    pub note: String,
}

/// The unit in which quantities count.
#[derive(Debug, Clone, Args)]
pub struct UnitArg {
    /// The unit in which quantities count: the code or GTIN of one of the item's units. Left out, base units.
    #[arg(long, default_value = "", value_name = "UNIT")]
    pub unit: String,
}

/// Which page of a list.
#[derive(Debug, Clone, Args)]
pub struct PageArgs {
    /// The most rows to show; 0 means all.
    #[arg(long, default_value_t = 100, value_name = "ROWS")]
    pub limit: usize,
}

/// A folder for data.
#[derive(Debug, Clone, Args)]
pub struct DataArgs {
    /// The folder of the data; it is made when it is not there.
    #[arg(long, env = "BACKORDER_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_and_option_has_help() {
        fn check(command: &clap::Command) {
            assert!(command.get_about().is_some(), "{} has no help", command.get_name());
            for argument in command.get_arguments().filter(|argument| argument.get_id() != "help") {
                assert!(argument.get_help().is_some(), "{} of {} has no help", argument.get_id(), command.get_name());
            }
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
    }
}
