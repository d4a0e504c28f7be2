//! `backorder import`: files through the public RPCs.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use backorder_domain::ids::IdProvider;
use backorder_proto::inventory::v1::{Item, LocationKind};
use backorder_service_kit::ids::RandomIds;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    backlog_files::{self, TakenOver},
    catalog::all_locations,
};
use crate::{
    client::Session,
    failure::Failure,
    import::{
        backlog,
        calendars::{self, CalendarImport},
        drive::{self, RowImport, Watched},
        items::{self, ItemImport},
        journal::Journal,
        lanes::{self, LaneImport},
        locations::{self, LocationImport},
        orders,
        place::OrderSender,
        report::Report,
        retail_orders,
        rows::Rows,
        stock::{self, StockImport, StockImportKind},
        supply::{self, SupplyImport},
    },
    input::{self, Input},
    output::{
        Output,
        progress::Progress,
        table::{
            Column::{Number, Words},
            render,
        },
    },
    retail::{class::RowClass, report::RetailReport, reversal::MATCHING_RULE, row::is_header},
};

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Items, or the items that an Online Retail file sells.
    Items,
    /// Locations.
    Locations,
    /// Working calendars. Import them before the locations and lanes that name them.
    Calendars,
    /// Lanes: how long goods travel from a location to a destination zone.
    Lanes,
    /// Stock: counts or receipts.
    Stock,
    /// Dated supply.
    Supply,
    /// Orders, ours or those of an Online Retail file.
    Orders,
    /// The open orders of another system, which `backorder golive` then makes live. See docs/go-live.md.
    Backlog,
}

/// What to import.
#[derive(Debug, Args)]
#[command(after_long_help = columns_help(), after_help = "Use --help for the columns of each kind.")]
pub struct ImportArgs {
    /// What the file holds.
    #[arg(value_enum)]
    kind: Kind,
    /// The file: CSV with a header or JSON lines, plain or gzip; for items and orders also the Online Retail layout.
    pub(super) file: PathBuf,
    /// Write every refused row to this file as CSV.
    #[arg(long, value_name = "FILE")]
    refused: Option<PathBuf>,
    /// Append every acknowledged order to this file, on the disk before the next; rows it holds are not sent again.
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    /// How many calls may be under way at once.
    #[arg(long, default_value_t = 8, value_name = "CALLS")]
    pub(super) in_flight: usize,
    /// What the quantities of a stock file are.
    #[arg(long = "as", value_enum, default_value = "count")]
    stock_kind: StockImportKind,
    /// The document's name: rows of the same document are booked once. Left out, the file's name and content.
    #[arg(long, value_name = "TEXT")]
    document: Option<String>,
    /// Where reversed units that were shipped come back to. Left out, the first warehouse by rank.
    #[arg(long, value_name = "LOCATION")]
    return_to: Option<String>,
    /// The import that the orders of a backlog belong to. Left out, the file's name without its ending.
    #[arg(long, value_name = "ID")]
    pub(super) import: Option<String>,
    /// A supply file with the open purchase orders, imported before the orders of a backlog.
    #[arg(long, value_name = "FILE")]
    pub(super) purchase_orders: Option<PathBuf>,
}

fn columns_help() -> String {
    let kinds = [
        ("items", items::COLUMNS),
        ("locations", locations::COLUMNS),
        ("calendars", calendars::COLUMNS),
        ("lanes", lanes::COLUMNS),
        ("stock", stock::COLUMNS),
        ("supply", supply::COLUMNS),
        ("orders", orders::COLUMNS),
        ("backlog", backlog::COLUMNS),
    ];
    let columns: String = kinds.iter().map(|(kind, columns)| format!("\n  {kind}: {columns}")).collect();
    format!(
        "Columns of CSV files and names of JSON fields:{columns}\n\nAn import that was stopped may be run again with the same \
         file: what was acknowledged is not done twice."
    )
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] with what happened and what to do next.
pub async fn run(args: &ImportArgs, session: &Session, output: Output) -> Result<(), Failure> {
    let mut input = input::open(&args.file)?;
    let is_retail = starts_with_retail_header(&mut input)?;
    let mut report = Report::try_new(args.refused.as_deref())?;
    let watched = watched(&input, output);
    let result = import(args, is_retail, input, session, &mut report, &watched).await;
    watched.progress.finish();
    report.finish()?;
    match result {
        Ok(Found::Backlog(taken)) => {
            backlog_files::show(&report, &taken, output);
            Ok(())
        }
        Ok(Found::Rows(retail)) => {
            show(&report, retail.as_deref(), output);
            Ok(())
        }
        Err(failure) => {
            output.text(&report.to_text());
            Err(failure)
        }
    }
}

/// What an import found beside the rows that its report counts.
enum Found {
    /// What an Online Retail file holds, when it was one.
    Rows(Option<Box<RetailReport>>),
    /// What became of a backlog.
    Backlog(TakenOver),
}

/// Shows how far a file is read, on a terminal.
fn watched(input: &Input, output: Output) -> Watched {
    let progress =
        if output.is_json() { Progress::hidden() } else { Progress::of("importing", input.progress.bytes_total) };
    Watched { progress, read: input.progress.clone() }
}

fn starts_with_retail_header(input: &mut Input) -> Result<bool, Failure> {
    let start = input.reader.fill_buf()?;
    let line = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
    Ok(std::str::from_utf8(line).is_ok_and(|line| is_header(line.trim().split(','))))
}

async fn import(
    args: &ImportArgs,
    is_retail: bool,
    input: Input,
    session: &Session,
    report: &mut Report,
    watched: &Watched,
) -> Result<Found, Failure> {
    let clients = session.clients.clone();
    let ids: Arc<dyn IdProvider> = Arc::new(RandomIds);
    match args.kind {
        Kind::Items if is_retail => {
            retail_items(retail_orders::items_of(input.reader)?, ItemImport { clients, ids }, report).await?;
        }
        Kind::Items => rows(&ItemImport { clients, ids }, &items::REQUIRED, args, input, report, watched).await?,
        Kind::Locations => {
            rows(&LocationImport { clients, ids }, &locations::REQUIRED, args, input, report, watched).await?;
        }
        Kind::Calendars => {
            rows(&CalendarImport { clients, ids }, &calendars::REQUIRED, args, input, report, watched).await?;
        }
        Kind::Lanes => rows(&LaneImport { clients, ids }, &lanes::REQUIRED, args, input, report, watched).await?,
        Kind::Stock => {
            let import = StockImport { clients, kind: args.stock_kind, document: document(args)? };
            rows(&import, &stock::REQUIRED, args, input, report, watched).await?;
        }
        Kind::Supply => {
            let import = SupplyImport { clients, ids, document: document(args)? };
            rows(&import, &supply::REQUIRED, args, input, report, watched).await?;
        }
        Kind::Orders => {
            return import_orders(args, is_retail, input, session, report, watched)
                .await
                .map(|retail| Found::Rows(retail.map(Box::new)));
        }
        Kind::Backlog => {
            return backlog_files::take_over(args, input, session, report, watched).await.map(Found::Backlog);
        }
    }
    Ok(Found::Rows(None))
}

async fn rows<I: RowImport>(
    import: &I,
    required: &[&str],
    args: &ImportArgs,
    input: Input,
    report: &mut Report,
    watched: &Watched,
) -> Result<(), Failure> {
    drive::run(import, Rows::open(input.reader, required)?, args.in_flight, report, watched).await
}

async fn retail_items(items: Vec<Item>, import: ItemImport, report: &mut Report) -> Result<(), Failure> {
    for chunk in items.chunks(ItemImport::ROWS_PER_CALL) {
        for outcome in import.send(chunk).await? {
            report.add(outcome)?;
        }
    }
    Ok(())
}

async fn import_orders(
    args: &ImportArgs,
    is_retail: bool,
    input: Input,
    session: &Session,
    report: &mut Report,
    watched: &Watched,
) -> Result<Option<RetailReport>, Failure> {
    let journal = args.journal.as_deref().map(Journal::open).transpose()?;
    let return_to = match &args.return_to {
        Some(location) => crate::output::text::named("locations", location),
        None => first_warehouse(session).await?,
    };
    let mut sender = OrderSender::new(session.clients.clone(), journal, return_to, args.in_flight, report);
    if is_retail {
        return retail_orders::run(input.reader, &mut sender, watched).await.map(Some);
    }
    orders::run(Rows::open(input.reader, &orders::REQUIRED)?, &mut sender, watched).await?;
    Ok(None)
}

async fn first_warehouse(session: &Session) -> Result<String, Failure> {
    let locations = all_locations(session).await?;
    let warehouse = locations.into_iter().find(|location| location.kind == i32::from(LocationKind::Warehouse));
    let missing = || {
        Failure::new("there is no warehouse")
            .next("create one: `backorder catalog create-location MAIN --kind warehouse --time-zone Europe/London`")
    };
    warehouse.map(|location| location.name).ok_or_else(missing)
}

/// The name under which the rows of a file are booked once.
fn document(args: &ImportArgs) -> Result<String, Failure> {
    match &args.document {
        Some(document) => Ok(document.clone()),
        None => content_name(&args.file),
    }
}

pub(super) fn content_name(path: &Path) -> Result<String, Failure> {
    let mut reader = input::open(path)?.reader;
    let (mut hash, mut buffer) = (Sha256::new(), vec![0_u8; 64 * 1024]);
    loop {
        let read = reader.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
    }
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let digest: String = hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{name}@{digest}"))
}

fn show(report: &Report, retail: Option<&RetailReport>, output: Output) {
    if output.is_json() {
        let mut value = report.to_json();
        value["online_retail"] = retail.map_or(Value::Null, RetailReport::to_json);
        output.value(&json!(value));
        return;
    }
    match retail {
        Some(retail) => {
            output.text(&format!("{} rows written, {} there already", report.applied, report.unchanged));
            output.text(&retail_text(retail));
        }
        None => output.text(&report.to_text()),
    }
}

/// The classes and traps of an Online Retail file, for people.
#[must_use]
pub fn retail_text(retail: &RetailReport) -> String {
    let columns = [Number("class"), Words("key"), Words("rule: the first class that matches counts"), Number("rows")];
    let row = |(number, class): (usize, RowClass)| {
        vec![
            (number + 1).to_string(),
            class.key().to_owned(),
            class.rule().to_owned(),
            retail.counts.of(class).to_string(),
        ]
    };
    let total = vec![String::new(), String::new(), "all rows".to_owned(), retail.counts.total().to_string()];
    let classes = render(&columns, RowClass::ALL.into_iter().enumerate().map(row).chain([total]));
    let traps = render(
        &[Words("also found"), Number("how many")],
        retail.traps.lines().into_iter().map(|(what, count)| vec![what, count]),
    );
    format!("{classes}\nreversals: {MATCHING_RULE}\n{traps}")
}
