//! Batches and owners of stock.

use backorder_proto::inventory::v1::{Batch, BatchStock, ListStockByBatchRequest, PutBatchesRequest};
use clap::Subcommand;
use jiff::civil::Date;

use super::{PACKAGE, write::context};
use crate::{
    args::ReasonArgs,
    client::{Session, requests},
    failure::Failure,
    output::{
        Output,
        table::{
            Column::{Number, Words},
            render,
        },
        text,
    },
};

/// What to do with batches.
#[derive(Debug, Subcommand)]
pub enum BatchCommand {
    /// Show the stock of an item by batch and owner: what has to go first comes first.
    Batches {
        /// The item.
        item: String,
        /// Only at this location.
        #[arg(long, value_name = "LOCATION")]
        location: Option<String>,
    },
    /// Keep what is known of a batch. The day after its best-before date what can be sold of it goes to quality control.
    PutBatch {
        /// The item.
        item: String,
        /// The batch.
        batch: String,
        /// The last day on which its units may be sold, YYYY-MM-DD. Left out, it never expires.
        #[arg(long, value_name = "DATE")]
        best_before: Option<Date>,
        /// What the supplier calls it.
        #[arg(long, default_value = "", value_name = "TEXT")]
        lot: String,
        /// Why.
        #[command(flatten)]
        why: ReasonArgs,
    },
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] with what happened and what to do next.
pub(super) async fn run(command: BatchCommand, session: &Session, output: Output) -> Result<(), Failure> {
    match command {
        BatchCommand::Batches { item, location } => {
            let request = ListStockByBatchRequest {
                item: text::named("items", &item),
                location: location.map(|location| text::named("locations", &location)).unwrap_or_default(),
            };
            let answer = session.clients.stock.clone().list_stock_by_batch(request).await?.into_inner();
            output.message(&format!("{PACKAGE}.ListStockByBatchResponse"), &answer, |answer| {
                let (own, consigned) = (answer.own_quantity, answer.consigned_quantity);
                format!("{}\n{own} own, {consigned} consigned", stocks(&answer.stocks))
            })
        }
        BatchCommand::PutBatch { item, batch, best_before, lot, why } => {
            let batch = Batch {
                item: text::named("items", &item),
                batch,
                best_before: best_before.map(requests::date),
                supplier_lot: lot,
            };
            let request =
                PutBatchesRequest { request_id: session.request_id(), batches: vec![batch], context: context(&why) };
            let answer = session.clients.stock.clone().put_batches(request).await?.into_inner();
            output.message(&format!("{PACKAGE}.PutBatchesResponse"), &answer, |answer| {
                let kept = answer.batches.iter();
                let said =
                    kept.map(|batch| format!("{} until {}", batch.batch, text::date(batch.best_before.as_ref())));
                said.collect::<Vec<_>>().join("\n")
            })
        }
    }
}

fn stocks(stocks: &[BatchStock]) -> String {
    let columns = [
        Words("location"),
        Words("state"),
        Words("batch"),
        Words("best before"),
        Words("lot"),
        Words("owner"),
        Number("quantity"),
        Number("bound"),
    ];
    render(
        &columns,
        stocks.iter().map(|stock| {
            vec![
                text::id(&stock.location).to_owned(),
                stock.state().as_str_name().trim_start_matches("STOCK_STATE_").to_owned(),
                if stock.batch.is_empty() { "-".to_owned() } else { stock.batch.clone() },
                text::date(stock.best_before.as_ref()),
                stock.supplier_lot.clone(),
                stock.owner.clone(),
                stock.quantity.to_string(),
                stock.bound.to_string(),
            ]
        }),
    )
}
