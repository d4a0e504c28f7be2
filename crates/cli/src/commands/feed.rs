//! `backorder feed`: documents that warehouses' and carriers' own systems send and pull.

use std::{
    fs::File,
    io::{self, BufWriter},
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use backorder_proto::{
    allocation::v1::{AcknowledgeWarehouseOrdersRequest, ListWarehouseOrdersRequest, WarehouseOrder},
    inventory::v1::{
        BookStockDifferencesRequest, ListStockDifferencesRequest, ListStockDifferencesResponse, StockDifference,
        StockDifferenceKind, StockDifferenceState, StockState,
    },
};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{order::context, pages};
use crate::{
    args::{PageArgs, ReasonArgs},
    client::{Session, requests},
    failure::Failure,
    feeds::{
        adjust::{self, Adjust},
        carrier::{self, Carrier},
        compare::{self, Compare},
        drive::{self, Documents, Feed, Sending},
        out::{self, Format},
        receive::{self, Receive},
        ship::{self, Ship},
    },
    import::{drive::Watched, report::Report, rows::Rows},
    input,
    output::{
        Output, json,
        progress::Progress,
        table::{
            Column::{self, Number, Words},
            render,
        },
        text,
    },
};

const ALLOCATION: &str = "backorder.allocation.v1";
const INVENTORY: &str = "backorder.inventory.v1";

const DIFFERENCES: [Column; 9] = [
    Words("difference"),
    Words("item"),
    Words("stock"),
    Words("kind"),
    Number("ours"),
    Number("theirs"),
    Number("in flight"),
    Number("unexplained"),
    Words("state"),
];

/// Which documents.
#[derive(Debug, Subcommand)]
pub enum FeedCommand {
    /// Write the orders that a warehouse has not acknowledged, one row per line (shaped like X12 940).
    #[command(
        after_help = "The columns are described in docs/feeds.md. Pull again as often as needed: what is not acknowledged comes again."
    )]
    Out(OutArgs),
    /// Take shipment confirmations: what left, and what was not found (shaped like X12 945).
    #[command(after_help = format!("Columns: {}", ship::COLUMNS))]
    Ship(FileArgs),
    /// Take receipt advices (shaped like X12 944). A line of an unknown supply is booked blind.
    #[command(after_help = format!("Columns: {}", receive::COLUMNS))]
    Receive(FileArgs),
    /// Take stock adjustments (shaped like X12 947), each between two states.
    #[command(after_help = format!("Columns: {}", adjust::COLUMNS))]
    Adjust(FileArgs),
    /// Compare a warehouse's figures with the books (shaped like X12 846). Nothing is booked.
    #[command(after_help = format!("Columns: {}", compare::COLUMNS))]
    Compare(FileArgs),
    /// Take status messages of a carrier (shaped like X12 214).
    #[command(after_help = format!("Columns: {}", carrier::COLUMNS))]
    Carrier(FileArgs),
    /// List differences that comparisons showed, newest first.
    Differences {
        /// Only those at this location.
        #[arg(long, value_name = "LOCATION")]
        location: Option<String>,
        /// Also those that are booked or superseded.
        #[arg(long)]
        all: bool,
        /// How many.
        #[command(flatten)]
        page: PageArgs,
    },
    /// Book open differences as counts: the books move by what is unexplained.
    Book {
        /// Differences, as `backorder feed differences` lists them.
        #[arg(required = true, value_name = "DIFFERENCE")]
        differences: Vec<String>,
        /// Why.
        #[command(flatten)]
        why: ReasonArgs,
    },
}

/// What is written of the orders to a warehouse.
#[derive(Debug, Args)]
pub struct OutArgs {
    /// Only those to this warehouse.
    #[arg(long, value_name = "LOCATION")]
    location: Option<String>,
    /// The file to write. Left out, standard output.
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// How rows are written.
    #[arg(long, value_enum, default_value = "csv")]
    format: Format,
    /// Acknowledge what was written, under the warehouse's own number.
    #[arg(long, value_name = "REFERENCE")]
    acknowledge: Option<String>,
}

/// A file of documents.
#[derive(Debug, Args)]
pub struct FileArgs {
    /// The file: CSV with a header or JSON lines, plain or gzip; rows of one document stand together.
    file: PathBuf,
    /// Who sent it, where rows do not say so.
    #[arg(long, default_value = "", value_name = "NAME")]
    sender: String,
    /// Write every refused row to this file as CSV.
    #[arg(long, value_name = "FILE")]
    refused: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] with what happened and what to do next.
pub async fn run(command: FeedCommand, session: &Session, output: Output) -> Result<(), Failure> {
    let clients = session.clients.clone();
    match command {
        FeedCommand::Out(args) => write_out(&args, session, output).await,
        FeedCommand::Ship(args) => take(&Ship(clients), &ship::REQUIRED, &args, session, output).await.map(drop),
        FeedCommand::Receive(args) => {
            take(&Receive(clients), &receive::REQUIRED, &args, session, output).await.map(drop)
        }
        FeedCommand::Adjust(args) => take(&Adjust(clients), &adjust::REQUIRED, &args, session, output).await.map(drop),
        FeedCommand::Carrier(args) => {
            take(&Carrier(clients), &carrier::REQUIRED, &args, session, output).await.map(drop)
        }
        FeedCommand::Compare(args) => {
            let feed = Compare { clients, found: Mutex::default() };
            take(&feed, &compare::REQUIRED, &args, session, output).await?;
            if !output.is_json() {
                let found = feed.found.into_inner().unwrap_or_else(PoisonError::into_inner);
                output.text(&differences(&found));
            }
            Ok(())
        }
        FeedCommand::Differences { location, all, page } => {
            list(location.as_deref(), all, &page, session, output).await
        }
        FeedCommand::Book { differences: names, why } => {
            let request = BookStockDifferencesRequest {
                request_id: session.request_id(),
                names: names.iter().map(|name| text::named("stockDifferences", name)).collect(),
                context: context(&why),
            };
            let answer = session.clients.warehouse_feed.clone().book_stock_differences(request).await?.into_inner();
            output.message(&format!("{INVENTORY}.BookStockDifferencesResponse"), &answer, |answer| {
                differences(&answer.differences)
            })
        }
    }
}

async fn take<F: Feed>(
    feed: &F,
    required: &[&str],
    args: &FileArgs,
    session: &Session,
    output: Output,
) -> Result<Documents, Failure> {
    let input = input::open(&args.file)?;
    let mut report = Report::try_new(args.refused.as_deref())?;
    let progress =
        if output.is_json() { Progress::hidden() } else { Progress::of("taking", input.progress.bytes_total) };
    let watched = Watched { progress, read: input.progress.clone() };
    let rows = Rows::open(input.reader, required)?;
    let sending = Sending { sender: &args.sender, new_request_id: &|| session.new_request_id() };
    let result = drive::run(feed, rows, sending, &mut report, &watched).await;
    watched.progress.finish();
    report.finish()?;
    let documents = match result {
        Ok(documents) => documents,
        Err(failure) => {
            output.text(&report.to_text());
            return Err(failure);
        }
    };
    if output.is_json() {
        let mut value = report.to_json();
        value["documents"] = json!({"taken": documents.taken, "refused": documents.refused});
        output.value(&value);
    } else {
        let Documents { taken, refused } = documents;
        output.text(&format!("{taken} documents taken, {refused} not; {}", report.to_text()));
    }
    Ok(documents)
}

async fn write_out(args: &OutArgs, session: &Session, output: Output) -> Result<(), Failure> {
    let location = args.location.as_deref().map(|location| text::named("locations", location)).unwrap_or_default();
    let orders = pages::collect(0, |page_size, page_token| {
        let mut client = session.clients.fulfilment_feed.clone();
        let location = location.clone();
        async move {
            let request = ListWarehouseOrdersRequest { page_size, page_token, location, with_acknowledged: false };
            let page = client.list_warehouse_orders(request).await?.into_inner();
            Ok((page.warehouse_orders, page.next_page_token))
        }
    })
    .await?;
    match (&args.to, output.is_json()) {
        (Some(path), _) => out::write(BufWriter::new(File::create(path)?), args.format, &orders)?,
        (None, false) => out::write(io::stdout().lock(), args.format, &orders)?,
        (None, true) => {}
    }
    if let Some(reference) = &args.acknowledge {
        acknowledge(&orders, reference, session).await?;
    }
    if output.is_json() {
        let name = format!("{ALLOCATION}.WarehouseOrder");
        let orders = orders.iter().map(|order| json::of(&name, order)).collect::<Result<Vec<Value>, _>>()?;
        output.value(&json!({ "warehouseOrders": orders }));
    } else if args.to.is_some() {
        output.text(&format!("{} orders written", orders.len()));
    }
    Ok(())
}

async fn acknowledge(orders: &[WarehouseOrder], reference: &str, session: &Session) -> Result<(), Failure> {
    /// Orders of one call.
    const AT_ONCE: usize = 1_000;
    for orders in orders.chunks(AT_ONCE) {
        let request = AcknowledgeWarehouseOrdersRequest {
            request_id: session.new_request_id(),
            names: orders.iter().map(|order| order.name.clone()).collect(),
            reference: reference.to_owned(),
            context: Some(requests::context("pulled", "")),
        };
        session.clients.fulfilment_feed.clone().acknowledge_warehouse_orders(request).await?;
    }
    Ok(())
}

async fn list(
    location: Option<&str>,
    all: bool,
    page: &PageArgs,
    session: &Session,
    output: Output,
) -> Result<(), Failure> {
    let location = location.map(|location| text::named("locations", location)).unwrap_or_default();
    let state = if all { StockDifferenceState::Unspecified } else { StockDifferenceState::Open };
    let found = pages::collect(page.limit, |page_size, page_token| {
        let mut client = session.clients.warehouse_feed.clone();
        let request =
            ListStockDifferencesRequest { page_size, page_token, location: location.clone(), state: state.into() };
        async move {
            let page = client.list_stock_differences(request).await?.into_inner();
            Ok((page.differences, page.next_page_token))
        }
    })
    .await?;
    let answer = ListStockDifferencesResponse { differences: found, next_page_token: String::new() };
    output.message(&format!("{INVENTORY}.ListStockDifferencesResponse"), &answer, |answer| {
        differences(&answer.differences)
    })
}

fn differences(differences: &[StockDifference]) -> String {
    render(
        &DIFFERENCES,
        differences.iter().map(|difference| {
            let kind = match difference.kind() {
                StockDifferenceKind::Unspecified => "",
                StockDifferenceKind::MissingHere => "missing here",
                StockDifferenceKind::MissingThere => "missing there",
                StockDifferenceKind::Quantity => "quantity",
                StockDifferenceKind::State => "state",
            };
            let state = match difference.difference_state() {
                StockDifferenceState::Unspecified => "",
                StockDifferenceState::Open => "open",
                StockDifferenceState::Booked => "booked",
                StockDifferenceState::Superseded => "superseded",
            };
            let stock = match difference.state() {
                StockState::QualityControl => "quality",
                StockState::Damaged => "damaged",
                StockState::Unspecified
                | StockState::External
                | StockState::Available
                | StockState::Reserved
                | StockState::Released
                | StockState::Held
                | StockState::InTransit => "available",
            };
            vec![
                text::id(&difference.name).to_owned(),
                text::id(&difference.item).to_owned(),
                stock.to_owned(),
                kind.to_owned(),
                difference.ours.to_string(),
                difference.theirs.to_string(),
                difference.in_flight.to_string(),
                difference.unexplained.to_string(),
                state.to_owned(),
            ]
        }),
    )
}
