//! `backorder golive`: from the open orders of another system to lines like all others.

use std::time::Duration;

use backorder_domain::money::NANOS_PER_UNIT;
use backorder_proto::{
    allocation::v1::{
        BacklogImport, BacklogImportState, ConfirmGoLiveRequest, GetBacklogImportRequest, GoLiveChange, GoLiveCount,
        GoLiveLine, GoLiveSummary, ListBacklogImportsRequest, PreviewGoLiveRequest, PreviewGoLiveResponse,
    },
    common::v1::Money,
};
use clap::Subcommand;
use tonic::{Code, Status};

use super::order::context;
use crate::{
    args::{PageArgs, ReasonArgs},
    client::Session,
    decimal::format_nanos,
    failure::Failure,
    output::{
        Output,
        progress::Progress,
        table::{
            Column::{self, Number, Words},
            pairs, render,
        },
        text,
    },
};

const PACKAGE: &str = "backorder.allocation.v1";
/// How often it is asked how far going live is.
const POLL: Duration = Duration::from_millis(200);

const IMPORTS: [Column; 9] = [
    Words("import"),
    Words("state"),
    Number("orders"),
    Number("lines"),
    Number("live"),
    Number("open"),
    Number("reserved before"),
    Number("reserved"),
    Number("lines short"),
];

const LINES: [Column; 11] = [
    Words("line"),
    Words("item"),
    Words("customer"),
    Number("open"),
    Number("reserved before"),
    Number("now"),
    Number("then"),
    Number("gains or loses"),
    Words("promised"),
    Words("then"),
    Words("promise"),
];

/// What to do with an import of open orders.
#[derive(Debug, Subcommand)]
pub enum GoLiveCommand {
    /// Show line by line what going live would change now: promised dates, and who gets or loses units. Changes nothing.
    Preview {
        /// The import, as `backorder golive status` lists it.
        import: String,
        /// How many lines to show; the summary and --json have all.
        #[command(flatten)]
        page: PageArgs,
    },
    /// Go live: the lines take stock in the order of the queue, and their promises follow. Waits until all are live.
    Confirm {
        /// The import, as `backorder golive status` lists it.
        import: String,
        /// Do not wait: `backorder golive status` shows how far it is.
        #[arg(long)]
        no_wait: bool,
        /// Why.
        #[command(flatten)]
        why: ReasonArgs,
    },
    /// Show how far an import is, or all imports.
    Status {
        /// The import. Left out, all.
        import: Option<String>,
    },
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] when there is no such import or the service refuses.
pub async fn run(command: GoLiveCommand, session: &Session, output: Output) -> Result<(), Failure> {
    let mut client = session.clients.go_live.clone();
    match command {
        GoLiveCommand::Preview { import, page } => {
            let answer = preview(session, text::named("imports", &import)).await?;
            output.message(&format!("{PACKAGE}.PreviewGoLiveResponse"), &answer, |answer| shown(answer, page.limit))
        }
        GoLiveCommand::Confirm { import, no_wait, why } => {
            let name = text::named("imports", &import);
            let request = ConfirmGoLiveRequest { request_id: session.request_id(), name, context: context(&why) };
            let confirmed = client.confirm_go_live(request).await.map_err(failed)?.into_inner();
            let import = if no_wait { confirmed } else { until_live(confirmed, session, output).await? };
            output.message(&format!("{PACKAGE}.BacklogImport"), &import, |import| imports([import]))
        }
        GoLiveCommand::Status { import: Some(import) } => {
            let request = GetBacklogImportRequest { name: text::named("imports", &import) };
            let import = client.get_backlog_import(request).await.map_err(failed)?.into_inner();
            output.message(&format!("{PACKAGE}.BacklogImport"), &import, |import| imports([import]))
        }
        GoLiveCommand::Status { import: None } => {
            let found = client.list_backlog_imports(ListBacklogImportsRequest {}).await?.into_inner();
            output.message(&format!("{PACKAGE}.ListBacklogImportsResponse"), &found, |found| imports(&found.imports))
        }
    }
}

fn failed(status: Status) -> Failure {
    let is_unknown = status.code() == Code::NotFound;
    let failure = Failure::from(status);
    if is_unknown { failure.next("see all imports: `backorder golive status`") } else { failure }
}

/// The whole answer as one message.
async fn preview(session: &Session, name: String) -> Result<PreviewGoLiveResponse, Failure> {
    let request = PreviewGoLiveRequest { name };
    let mut parts = session.clients.go_live.clone().preview_go_live(request).await.map_err(failed)?.into_inner();
    let mut whole = PreviewGoLiveResponse::default();
    while let Some(part) = parts.message().await? {
        whole.lines.extend(part.lines);
        whole.summary = part.summary.or(whole.summary);
    }
    Ok(whole)
}

async fn until_live(mut import: BacklogImport, session: &Session, output: Output) -> Result<BacklogImport, Failure> {
    let lines = u64::try_from(import.lines).unwrap_or_default();
    let progress = if output.is_json() { Progress::hidden() } else { Progress::of("going live", lines) };
    let mut client = session.clients.go_live.clone();
    while import.state() == BacklogImportState::Confirmed {
        let done = format!("{} of {lines} lines", import.lines_live);
        progress.at(u64::try_from(import.lines_live).unwrap_or_default(), done);
        tokio::time::sleep(POLL).await;
        let request = GetBacklogImportRequest { name: import.name.clone() };
        let gone_on = |status| {
            let next =
                format!("it is confirmed and goes on by itself: `backorder golive status {}`", text::id(&import.name));
            Failure::from(status).next(next)
        };
        import = client.get_backlog_import(request).await.map_err(gone_on)?.into_inner();
    }
    progress.finish();
    Ok(import)
}

fn imports<'a>(imports: impl IntoIterator<Item = &'a BacklogImport>) -> String {
    let row = |import: &BacklogImport| {
        let state = match import.state() {
            BacklogImportState::Unspecified => "",
            BacklogImportState::Open => "open",
            BacklogImportState::Confirmed => "going live",
            BacklogImportState::Live => "live",
        };
        let counts = [
            import.orders,
            import.lines,
            import.lines_live,
            import.open,
            import.reserved_before,
            import.reserved,
            import.lines_short,
        ];
        let names = [text::id(&import.name).to_owned(), state.to_owned()];
        names.into_iter().chain(counts.iter().map(ToString::to_string)).collect()
    };
    render(&IMPORTS, imports.into_iter().map(row))
}

fn shown(preview: &PreviewGoLiveResponse, limit: usize) -> String {
    let most = if limit == 0 { preview.lines.len() } else { limit };
    let mut said = render(&LINES, preview.lines.iter().take(most).map(line));
    let hidden = preview.lines.len().saturating_sub(most);
    if hidden > 0 {
        said.push_str(&format!("\nand {hidden} more lines: --limit 0 shows all"));
    }
    if let Some(summary) = &preview.summary {
        said.push_str(&format!("\n\n{}", summarised(summary)));
    }
    said
}

fn line(line: &GoLiveLine) -> Vec<String> {
    vec![
        text::line(&line.line),
        text::id(&line.item).to_owned(),
        line.customer.clone(),
        line.open.to_string(),
        line.reserved_before.to_string(),
        line.reserved.to_string(),
        line.reserved_after.to_string(),
        gained(line.reserved_after - line.reserved_before),
        text::date(line.promised_date.as_ref()),
        text::date(line.new_promised_date.as_ref()),
        word(line.change()).to_owned(),
    ]
}

fn gained(units: i64) -> String {
    if units == 0 { "-".to_owned() } else { format!("{units:+}") }
}

fn summarised(summary: &GoLiveSummary) -> String {
    let columns = [Words("promise"), Number("lines"), Number("units"), Words("value")];
    let row = |count: &GoLiveCount| {
        let values: Vec<String> = count.values.iter().map(amount).collect();
        let what = word(count.change()).to_owned();
        vec![what, count.lines.to_string(), count.units.to_string(), values.join(", ")]
    };
    let counts = render(&columns, summary.counts.iter().map(row));
    let units = [
        ("units that would be reserved in addition", summary.units_gained),
        ("lines with fewer units than were reserved before", summary.lines_short),
        ("units that were reserved before and would not be", summary.units_short),
    ];
    format!("{counts}\n{}", pairs(units.map(|(what, units)| (what, units.to_string()))))
}

const fn word(change: GoLiveChange) -> &'static str {
    match change {
        GoLiveChange::Unspecified => "",
        GoLiveChange::None => "stays",
        GoLiveChange::Earlier => "earlier",
        GoLiveChange::Later => "later",
        GoLiveChange::Lost => "lost",
        GoLiveChange::First => "first date",
    }
}

fn amount(money: &Money) -> String {
    let nanos = money.units.saturating_mul(NANOS_PER_UNIT).saturating_add(money.nanos.into());
    format!("{} {}", format_nanos(nanos), money.currency_code)
}
