//! `backorder assess`: what backorders cost in another system, from an extract of its orders and shipments.

use std::{
    fs,
    path::{Path, PathBuf},
};

use backorder_domain::{
    figures::assumption::Assumptions,
    time::{Clock as _, civil_date_in},
};
use backorder_service_kit::time::SystemClock;
use clap::Args;
use jiff::{civil::Date, tz::TimeZone};

use crate::{
    assess::{
        assessment::{Assessment, Question},
        columns::COLUMNS,
        extract::{self, FreightOf},
        given,
        html::render_html,
        json::render_json,
        text::render_text,
        values::{DateOrder, Style},
    },
    failure::Failure,
    import::report::Report,
    input,
    output::{Output, progress::Progress},
};

/// What to assess.
#[derive(Debug, Args)]
#[command(after_long_help = columns_help(), after_help = "Use --help for the columns.")]
pub struct AssessArgs {
    /// The extract: CSV with a header (comma, semicolon or tab) or JSON lines, plain or gzip.
    file: PathBuf,
    /// The day from whose end everything is seen, YYYY-MM-DD. Left out, the last day in the file, but at most today.
    #[arg(long, value_name = "DATE")]
    as_of: Option<Date>,
    /// Assume this value, for example lost_share=70% or shipment_cost=4.80; may be repeated.
    #[arg(long = "assume", value_name = "NAME=VALUE")]
    assume: Vec<String>,
    /// Assume the values of this file, a JSON object of names and values.
    #[arg(long, value_name = "FILE")]
    assumptions: Option<PathBuf>,
    /// Also write the report as JSON to this file; `-` is standard output.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Also write the report as one HTML file with charts.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write every refused row to this file as CSV.
    #[arg(long, value_name = "FILE")]
    refused: Option<PathBuf>,
    /// How days with slashes are written.
    #[arg(long, value_enum, default_value = "ymd")]
    dates: DateOrder,
    /// Whether freight is that of the row's part, or that of the whole shipment repeated on each of its rows.
    #[arg(long, value_enum, default_value = "row")]
    freight_of: FreightOf,
    /// The name of the currency, where the file has none.
    #[arg(long, default_value = "", value_name = "CODE")]
    currency: String,
}

fn columns_help() -> String {
    let columns: String = COLUMNS
        .iter()
        .map(|column| format!("\n  {}{}", column.name, if column.is_required() { " (required)" } else { "" }))
        .collect();
    format!(
        "Columns of CSV files and names of JSON fields, one row per order line and shipment:{columns}\n\nWith \
         requested_date, order_date may be left out. docs/assess.md has their other names, the assumptions, and how \
         everything is counted."
    )
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] with what happened and what to do next.
pub fn run(args: &AssessArgs) -> Result<(), Failure> {
    let to_stdout = args.json.as_deref() == Some(Path::new("-"));
    let output = Output::new(to_stdout);
    let assumptions = given::assumptions(args.assumptions.as_deref(), &args.assume)?;
    let report = assessed(args, assumptions)?;
    output.text(&render_text(&report));
    match args.json.as_deref() {
        Some(_) if to_stdout => output.value(&render_json(&report)),
        Some(path) => fs::write(path, format!("{:#}\n", render_json(&report)))?,
        None => {}
    }
    if let Some(path) = &args.html {
        fs::write(path, render_html(&report))?;
        output.text(&format!("\nwrote {}", path.display()));
    }
    Ok(())
}

fn assessed(args: &AssessArgs, assumptions: Assumptions) -> Result<Assessment, Failure> {
    let input = input::open(&args.file)?;
    // The bar draws on standard error, and only where that is a terminal.
    let progress = Progress::of("reading", input.progress.bytes_total);
    let style = Style { dates: args.dates, decimal_comma: false };
    let rows = Report::try_new(args.refused.as_deref())?;
    let extract = extract::read(input, style, args.freight_of, rows, &progress);
    progress.finish();
    let file = args.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let today = civil_date_in(SystemClock.now(), &TimeZone::UTC);
    let currency = args.currency.clone();
    Assessment::of(extract?, Question { file, currency, as_of: args.as_of, today, assumptions })
}
