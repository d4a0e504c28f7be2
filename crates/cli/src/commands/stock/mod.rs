//! `backorder stock`: look at stock and move it.

mod batch;
mod read;
mod receipt;
mod write;

use clap::{Args, Subcommand};

pub use batch::BatchCommand;
pub use read::StockRead;
pub use receipt::{ReceiptCommand, ResolutionArg};
pub use write::{AdjustableState, StockWrite};

use crate::{
    client::Session,
    failure::Failure,
    output::{Output, text},
};

const PACKAGE: &str = "backorder.inventory.v1";

/// What to do with stock.
#[derive(Debug, Subcommand)]
pub enum StockCommand {
    /// Look at it.
    #[command(flatten)]
    Read(StockRead),
    /// Look after batches and owners.
    #[command(flatten)]
    Batch(BatchCommand),
    /// Receive it, and look after receipts.
    #[command(flatten)]
    Receipt(ReceiptCommand),
    /// Move it.
    #[command(flatten)]
    Write(StockWrite),
}

/// An item at a location.
#[derive(Debug, Args)]
pub struct PlaceArgs {
    /// The item.
    item: String,
    /// The location.
    location: String,
}

impl PlaceArgs {
    pub(super) fn item(&self) -> String {
        text::named("items", &self.item)
    }

    pub(super) fn location(&self) -> String {
        text::named("locations", &self.location)
    }
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] with what happened and what to do next.
pub async fn run(command: StockCommand, session: &Session, output: Output) -> Result<(), Failure> {
    match command {
        StockCommand::Read(command) => read::run(command, session, output).await,
        StockCommand::Batch(command) => batch::run(command, session, output).await,
        StockCommand::Receipt(command) => receipt::run(command, session, output).await,
        StockCommand::Write(command) => write::run(command, session, output).await,
    }
}
