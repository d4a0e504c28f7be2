//! Batches and owners of stock.

use std::cell::Cell;

use backorder_proto::inventory::v1::{
    Batch, BatchStock, BatchSum, ListBatchesRequest, ListBatchesResponse, ListStockByBatchRequest,
    ListStockByBatchResponse, PutBatchesRequest,
};
use clap::Subcommand;
use jiff::civil::Date;

use super::{PACKAGE, write::context};
use crate::{
    args::{PageArgs, ReasonArgs},
    client::{Session, requests},
    commands::pages,
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
        /// How many.
        #[command(flatten)]
        page: PageArgs,
    },
    /// Show the batches of an item with what there is of them over all locations.
    BatchSums {
        /// The item.
        item: String,
        /// Only batches of which units are there or on the way.
        #[arg(long)]
        in_stock: bool,
        /// How many.
        #[command(flatten)]
        page: PageArgs,
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
        BatchCommand::Batches { item, location, page } => {
            let location = location.map(|location| text::named("locations", &location)).unwrap_or_default();
            let answer = by_batch(&text::named("items", &item), &location, page.limit, session).await?;
            output.message(&format!("{PACKAGE}.ListStockByBatchResponse"), &answer, |answer| {
                let (own, consigned) = (answer.own_quantity, answer.consigned_quantity);
                format!("{}\n{own} own, {consigned} consigned", stocks(&answer.stocks))
            })
        }
        BatchCommand::BatchSums { item, in_stock, page } => {
            let item = text::named("items", &item);
            let batches = pages::collect(page.limit, |page_size, page_token| {
                let mut stock = session.clients.stock.clone();
                let request = ListBatchesRequest { item: item.clone(), page_size, page_token, in_stock_only: in_stock };
                async move {
                    let page = stock.list_batches(request).await?.into_inner();
                    Ok((page.batches, page.next_page_token))
                }
            })
            .await?;
            let answer = ListBatchesResponse { batches, next_page_token: String::new() };
            output.message(&format!("{PACKAGE}.ListBatchesResponse"), &answer, |answer| sums(&answer.batches))
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

/// The stock by batch, page by page, with the sums of all of it.
async fn by_batch(
    item: &str,
    location: &str,
    limit: usize,
    session: &Session,
) -> Result<ListStockByBatchResponse, Failure> {
    let sums = Cell::new((0, 0));
    let stocks = pages::collect(limit, |page_size, page_token| {
        let mut stock = session.clients.stock.clone();
        let (item, location) = (item.to_owned(), location.to_owned());
        let (request, sums) = (ListStockByBatchRequest { item, location, page_size, page_token }, &sums);
        async move {
            let page = stock.list_stock_by_batch(request).await?.into_inner();
            sums.set((page.own_quantity, page.consigned_quantity));
            Ok((page.stocks, page.next_page_token))
        }
    })
    .await?;
    let (own_quantity, consigned_quantity) = sums.get();
    Ok(ListStockByBatchResponse { stocks, own_quantity, consigned_quantity, next_page_token: String::new() })
}

fn sums(sums: &[BatchSum]) -> String {
    let columns = [
        Words("batch"),
        Words("best before"),
        Words("lot"),
        Number("sellable"),
        Number("bound"),
        Number("quality"),
        Number("damaged"),
        Number("in transit"),
        Number("consigned"),
    ];
    render(
        &columns,
        sums.iter().map(|sum| {
            let batch = sum.batch.clone().unwrap_or_default();
            let numbers = [sum.sellable, sum.bound, sum.quality_control, sum.damaged, sum.in_transit, sum.consigned];
            let mut row = vec![batch.batch, text::date(batch.best_before.as_ref()), batch.supplier_lot];
            row.extend(numbers.map(|number| number.to_string()));
            row
        }),
    )
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
