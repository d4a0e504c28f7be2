//! The commands about receipts: book them, list them, take them back, and decide about blind ones.

use backorder_proto::inventory::v1::{
    BlindReason, BlindResolution, ListReceiptsRequest, ListReceiptsResponse, ReceiptLine, ReceiveStockRequest,
    ReceivedLine, ResolveBlindReceiptRequest, ReversalLine, ReverseReceiptRequest,
};
use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;

use super::{
    PACKAGE, PlaceArgs,
    write::{context, moved},
};
use crate::{
    args::{PageArgs, ReasonArgs, UnitArg},
    client::{Session, requests},
    commands::{pages, show},
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

/// What to do with receipts.
#[derive(Debug, Subcommand)]
pub enum ReceiptCommand {
    /// Receive units, from a dated supply or unannounced.
    Receive(ReceiveArgs),
    /// List receipts, newest first.
    Receipts {
        /// Only of this item.
        #[arg(long, value_name = "ITEM")]
        item: Option<String>,
        /// Only those that name this supply.
        #[arg(long, value_name = "SUPPLY")]
        supply: Option<String>,
        /// Only those of this document of the sender.
        #[arg(long, default_value = "", value_name = "TEXT")]
        document: String,
        /// Only blind ones that await a decision.
        #[arg(long)]
        in_review: bool,
        /// How many.
        #[command(flatten)]
        page: PageArgs,
    },
    /// Take a receipt back, whole or in part; who loses reserved units is named.
    Reverse {
        /// The receipt.
        receipt: String,
        /// Only this line of it.
        #[arg(long, default_value_t = 0, value_name = "NUMBER")]
        line: i32,
        /// Only so many of the accepted units of the line; 0 means all that is left of it.
        #[arg(long, default_value_t = 0, value_name = "UNITS", requires = "line")]
        accepted: i64,
        /// The units are expected from their supply again.
        #[arg(long)]
        reopen: bool,
        /// Why.
        #[command(flatten)]
        why: ReasonArgs,
    },
    /// Decide about units that came under a supply which is unknown, closed or expected elsewhere.
    Resolve {
        /// The receipt.
        receipt: String,
        /// The line of it.
        #[arg(long, default_value_t = 1, value_name = "NUMBER")]
        line: i32,
        /// What is done with the units.
        #[arg(value_enum)]
        resolution: ResolutionArg,
        /// The supply to attach them to.
        #[arg(long, value_name = "SUPPLY")]
        supply: Option<String>,
        /// How many; 0 means all that are in review.
        #[arg(long, default_value_t = 0, value_name = "UNITS")]
        quantity: i64,
        /// Why.
        #[command(flatten)]
        why: ReasonArgs,
    },
}

/// What arrived.
#[derive(Debug, Args)]
pub struct ReceiveArgs {
    /// Which stock.
    #[command(flatten)]
    place: PlaceArgs,
    /// Units that are good.
    quantity: i64,
    /// The unit in which all quantities count.
    #[command(flatten)]
    unit: UnitArg,
    /// The supply that they were expected from.
    #[arg(long, value_name = "SUPPLY")]
    supply: Option<String>,
    /// Their batch.
    #[arg(long, default_value = "", value_name = "BATCH")]
    batch: String,
    /// The last day on which units of the batch may be sold, YYYY-MM-DD.
    #[arg(long, value_name = "DATE", requires = "batch")]
    best_before: Option<Date>,
    /// Whose stock it is, when it is consigned.
    #[arg(long, default_value = "", value_name = "OWNER")]
    owner: String,
    /// Units that arrived damaged.
    #[arg(long, default_value_t = 0, value_name = "UNITS")]
    damaged: i64,
    /// Units that wait for a quality decision.
    #[arg(long, default_value_t = 0, value_name = "UNITS")]
    quality_hold: i64,
    /// Units that went straight back.
    #[arg(long, default_value_t = 0, value_name = "UNITS")]
    refused: i64,
    /// Nothing more comes from the supply.
    #[arg(long, requires = "supply", conflicts_with = "rest_expected")]
    closes: bool,
    /// When the rest of the supply is expected now, YYYY-MM-DD.
    #[arg(long, value_name = "DATE", requires = "supply")]
    rest_expected: Option<Date>,
    /// The sender's document number.
    #[arg(long, default_value = "", value_name = "TEXT")]
    document: String,
    /// Why.
    #[command(flatten)]
    why: ReasonArgs,
}

/// What is done with units of a blind receipt.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ResolutionArg {
    /// Keep them without a supply.
    Accept,
    /// Receive them from an open supply.
    Attach,
    /// Throw them away.
    Scrap,
    /// Send them back.
    Return,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] with what happened and what to do next.
pub(super) async fn run(command: ReceiptCommand, session: &Session, output: Output) -> Result<(), Failure> {
    match command {
        ReceiptCommand::Receive(args) => receive(args, session, output).await,
        ReceiptCommand::Receipts { item, supply, document, in_review, page } => {
            let request = ListReceiptsRequest {
                item: item.map(|item| text::named("items", &item)).unwrap_or_default(),
                supply: supply.map(|supply| text::named("supplies", &supply)).unwrap_or_default(),
                document,
                in_review_only: in_review,
                ..ListReceiptsRequest::default()
            };
            list(request, page.limit, session, output).await
        }
        ReceiptCommand::Reverse { receipt, line, accepted, reopen, why } => {
            let part = ReversalLine { line, accepted, ..ReversalLine::default() };
            let request = ReverseReceiptRequest {
                request_id: session.request_id(),
                receipt: text::named("receipts", &receipt),
                lines: if line == 0 { Vec::new() } else { vec![part] },
                reopens_supply: reopen,
                effective_time: None,
                context: context(&why),
            };
            reverse(request, session, output).await
        }
        ReceiptCommand::Resolve { receipt, line, resolution, supply, quantity, why } => {
            let resolution = match resolution {
                ResolutionArg::Accept => BlindResolution::Accept,
                ResolutionArg::Attach => BlindResolution::Attach,
                ResolutionArg::Scrap => BlindResolution::Scrap,
                ResolutionArg::Return => BlindResolution::ReturnToSupplier,
            };
            let request = ResolveBlindReceiptRequest {
                request_id: session.request_id(),
                receipt: text::named("receipts", &receipt),
                line,
                quantity,
                resolution: resolution.into(),
                supply: supply.map(|supply| text::named("supplies", &supply)).unwrap_or_default(),
                effective_time: None,
                context: context(&why),
            };
            resolve(request, session, output).await
        }
    }
}

async fn receive(args: ReceiveArgs, session: &Session, output: Output) -> Result<(), Failure> {
    let line = ReceiptLine {
        item: args.place.item(),
        location: args.place.location(),
        supply: args.supply.map(|supply| text::named("supplies", &supply)).unwrap_or_default(),
        accepted: args.quantity,
        damaged: args.damaged,
        quality_hold: args.quality_hold,
        refused: args.refused,
        unit: args.unit.unit,
        batch: args.batch,
        best_before: args.best_before.map(requests::date),
        owner: args.owner,
        closes_supply: args.closes,
        rest_expected_date: args.rest_expected.map(requests::date),
    };
    let request = ReceiveStockRequest {
        request_id: session.request_id(),
        lines: vec![line],
        document: args.document,
        effective_time: None,
        context: context(&args.why),
    };
    let answer = session.clients.stock.clone().receive_stock(request).await?.into_inner();
    output.message(&format!("{PACKAGE}.ReceiveStockResponse"), &answer, |answer| {
        let told: String = answer.lines.iter().map(told).collect();
        let rest: String = answer.supplies.iter().filter(|supply| supply.open > 0).map(rest).collect();
        format!("{}{told}{rest}{}", show::positions(&answer.positions), show::holds(&answer.holds))
    })
}

fn rest(supply: &backorder_proto::inventory::v1::Supply) -> String {
    let (name, expected) = (text::id(&supply.name), text::date(supply.expected_date.as_ref()));
    format!("\n{} of {name} still come, expected {expected}", supply.open)
}

/// The receipt's name, and what of the line was not booked as it should have been.
fn told(line: &ReceivedLine) -> String {
    let mut told = format!("\nreceipt {} line {}", text::id(&line.receipt), line.line);
    if !line.entered_unit.is_empty() {
        told.push_str(&format!(
            ": {}",
            text::entered(line.entered_quantity, &line.entered_unit, line.base_units_per_unit)
        ));
    }
    if line.in_review > 0 {
        let why = blind_reason(line);
        told.push_str(&format!("\n{} are in review in quality control: {why}", line.in_review));
    }
    let parts = [
        (line.over_receipt, "more than expected"),
        (line.quarantined, "beyond the tolerance, in quality control"),
        (line.refused, "refused"),
        (line.closed, "will not come"),
    ];
    for (quantity, what) in parts.into_iter().filter(|(quantity, _)| *quantity > 0) {
        told.push_str(&format!("\n{quantity} {what}"));
    }
    told
}

fn blind_reason(line: &ReceivedLine) -> &'static str {
    match line.blind_reason() {
        BlindReason::Unspecified => "",
        BlindReason::UnknownSupply => "the supply is unknown",
        BlindReason::ClosedSupply => "the supply is closed",
        BlindReason::OtherLocation => "the supply is expected elsewhere",
    }
}

async fn list(filter: ListReceiptsRequest, limit: usize, session: &Session, output: Output) -> Result<(), Failure> {
    let lines = pages::collect(limit, |page_size, page_token| {
        let mut receipts = session.clients.receipts.clone();
        let request = ListReceiptsRequest { page_size, page_token, ..filter.clone() };
        async move {
            let page = receipts.list_receipts(request).await?.into_inner();
            Ok((page.lines, page.next_page_token))
        }
    })
    .await?;
    let answer = ListReceiptsResponse { lines, next_page_token: String::new() };
    output.message(&format!("{PACKAGE}.ListReceiptsResponse"), &answer, |answer| received_lines(&answer.lines))
}

fn received_lines(lines: &[ReceivedLine]) -> String {
    let columns = [
        Words("receipt"),
        Number("line"),
        Words("when"),
        Words("item"),
        Words("location"),
        Words("supply"),
        Words("document"),
        Words("entered"),
        Number("accepted"),
        Number("quality"),
        Number("damaged"),
        Number("refused"),
        Number("left"),
        Number("in review"),
    ];
    render(
        &columns,
        lines.iter().map(|line| {
            let left = line.left_accepted + line.left_quality_control + line.left_damaged;
            let numbers = [line.accepted, line.quality_control, line.damaged, line.refused, left, line.in_review];
            let mut row = vec![
                text::id(&line.receipt).to_owned(),
                line.line.to_string(),
                text::time(line.effective_time.as_ref()),
                text::id(&line.item).to_owned(),
                text::id(&line.location).to_owned(),
                text::id(&line.supply).to_owned(),
                line.document.clone(),
                text::entered(line.entered_quantity, &line.entered_unit, line.base_units_per_unit),
            ];
            row.extend(numbers.map(|number| number.to_string()));
            row
        }),
    )
}

async fn reverse(request: ReverseReceiptRequest, session: &Session, output: Output) -> Result<(), Failure> {
    let answer = session.clients.receipts.clone().reverse_receipt(request).await?.into_inner();
    output.message(&format!("{PACKAGE}.ReverseReceiptResponse"), &answer, |answer| {
        let supplies = if answer.supplies.is_empty() { String::new() } else { show::supplies(&answer.supplies) };
        format!("{}\n{supplies}", moved(&answer.positions, &answer.taken_away, &answer.holds)).trim_end().to_owned()
    })
}

async fn resolve(request: ResolveBlindReceiptRequest, session: &Session, output: Output) -> Result<(), Failure> {
    let answer = session.clients.receipts.clone().resolve_blind_receipt(request).await?.into_inner();
    output.message(&format!("{PACKAGE}.ResolveBlindReceiptResponse"), &answer, |answer| {
        let booked: String = answer.booked_line.iter().map(told).collect();
        let left = answer.line.as_ref().map_or(0, |line| line.in_review);
        let left = if left > 0 { format!("\n{left} are still in review") } else { String::new() };
        format!("{}{booked}{left}{}", show::positions(&answer.position), show::holds(&answer.holds))
    })
}
