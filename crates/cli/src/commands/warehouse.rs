//! `backorder warehouse`: what passes the gate between orders and the warehouse.

use backorder_proto::allocation::v1::{
    AnswerRecallRequest, LineQuantity, ListRecallsRequest, ListRecallsResponse, Recall, RecallReleaseRequest,
    RecallState, ReleaseLinesRequest, ReportShortPickRequest, ShortPick,
};
use clap::Subcommand;

use super::{
    order::{context, line_quantity},
    pages, show,
};
use crate::{
    args::{PageArgs, ReasonArgs},
    client::Session,
    failure::Failure,
    output::{
        Output,
        table::{
            Column::{self, Number, Words},
            render,
        },
        text,
    },
};

const PACKAGE: &str = "backorder.allocation.v1";

const RECALLS: [Column; 7] = [
    Words("recall"),
    Words("line"),
    Number("asked"),
    Number("returned"),
    Number("missed"),
    Words("then"),
    Words("state"),
];

/// What to do at the gate.
#[derive(Debug, Subcommand)]
pub enum WarehouseCommand {
    /// Hand reserved units to the warehouse. From then on nothing else touches them.
    Release {
        /// Lines as ORDER/NUMBER or ORDER/NUMBER=UNITS. Without units all that is reserved.
        #[arg(required = true, value_name = "LINE[=UNITS]")]
        lines: Vec<String>,
        /// Why.
        #[command(flatten)]
        why: ReasonArgs,
    },
    /// Ask the warehouse to give units back. They stay in its hands until it answers.
    Recall {
        /// Lines as ORDER/NUMBER or ORDER/NUMBER=UNITS. Without units all that is handed over and not asked for.
        #[arg(required = true, value_name = "LINE[=UNITS]")]
        lines: Vec<String>,
        /// Cancel what comes back.
        #[arg(long)]
        cancel: bool,
        /// Why.
        #[command(flatten)]
        why: ReasonArgs,
    },
    /// Tell what the warehouse gave back after a recall.
    Answer {
        /// The recall, as `backorder warehouse recalls` lists it.
        recall: String,
        /// Units that came back; 0 when it refuses.
        units: i64,
        /// Why.
        #[command(flatten)]
        why: ReasonArgs,
    },
    /// Tell that the warehouse did not find units: their lines wait again at their old place.
    ShortPick {
        /// Lines as ORDER/NUMBER=UNITS.
        #[arg(required = true, value_name = "LINE=UNITS")]
        lines: Vec<String>,
        /// They are there, but damaged.
        #[arg(long)]
        damaged: bool,
        /// Why.
        #[command(flatten)]
        why: ReasonArgs,
    },
    /// List recalls, oldest first.
    Recalls {
        /// Also those that are answered.
        #[arg(long)]
        all: bool,
        /// How many.
        #[command(flatten)]
        page: PageArgs,
    },
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] when an option is wrong or the service refuses.
pub async fn run(command: WarehouseCommand, session: &Session, output: Output) -> Result<(), Failure> {
    let mut client = session.clients.releases.clone();
    match command {
        WarehouseCommand::Release { lines, why } => {
            let lines = quantities(&lines)?;
            let request = ReleaseLinesRequest { request_id: session.request_id(), lines, context: context(&why) };
            let answer = client.release_lines(request).await?.into_inner();
            output.message(&format!("{PACKAGE}.ReleaseLinesResponse"), &answer, |a| show::order_lines(&a.lines))
        }
        WarehouseCommand::Recall { lines, cancel, why } => {
            let request = RecallReleaseRequest {
                request_id: session.request_id(),
                lines: quantities(&lines)?,
                cancels: cancel,
                context: context(&why),
            };
            let answer = client.recall_release(request).await?.into_inner();
            output.message(&format!("{PACKAGE}.RecallReleaseResponse"), &answer, |a| recalls(&a.recalls))
        }
        WarehouseCommand::Answer { recall, units, why } => {
            let request = AnswerRecallRequest {
                request_id: session.request_id(),
                name: text::named("recalls", &recall),
                returned: units,
                context: context(&why),
            };
            let answer = client.answer_recall(request).await?.into_inner();
            output.message(&format!("{PACKAGE}.AnswerRecallResponse"), &answer, |answer| {
                format!("{}\n\n{}", recalls(&answer.recall), show::order_lines(&answer.line))
            })
        }
        WarehouseCommand::ShortPick { lines, damaged, why } => {
            let short = |LineQuantity { name, quantity }| ShortPick { name, quantity, damaged };
            let request = ReportShortPickRequest {
                request_id: session.request_id(),
                lines: quantities(&lines)?.into_iter().map(short).collect(),
                report_time: None,
                context: context(&why),
            };
            let answer = client.report_short_pick(request).await?.into_inner();
            output.message(&format!("{PACKAGE}.ReportShortPickResponse"), &answer, |answer| {
                let lines = show::order_lines(&answer.lines);
                if answer.recalls.is_empty() {
                    return lines;
                }
                let asked = "the warehouse is asked for what makes no kit any more";
                format!("{lines}\n\n{asked}:\n{}", recalls(&answer.recalls))
            })
        }
        WarehouseCommand::Recalls { all, page } => list(all, &page, session, output).await,
    }
}

async fn list(all: bool, page: &PageArgs, session: &Session, output: Output) -> Result<(), Failure> {
    let state = if all { RecallState::Unspecified } else { RecallState::Pending };
    let found = pages::collect(page.limit, |page_size, page_token| {
        let mut client = session.clients.releases.clone();
        async move {
            let request = ListRecallsRequest { page_size, page_token, state: state.into() };
            let page = client.list_recalls(request).await?.into_inner();
            Ok((page.recalls, page.next_page_token))
        }
    })
    .await?;
    let answer = ListRecallsResponse { recalls: found, next_page_token: String::new() };
    output.message(&format!("{PACKAGE}.ListRecallsResponse"), &answer, |answer| recalls(&answer.recalls))
}

fn quantities(lines: &[String]) -> Result<Vec<LineQuantity>, Failure> {
    lines.iter().map(|line| line_quantity(line)).collect()
}

/// Recalls as a table.
pub(super) fn recalls<'a>(recalls: impl IntoIterator<Item = &'a Recall>) -> String {
    render(
        &RECALLS,
        recalls.into_iter().map(|recall| {
            let state = match recall.state() {
                RecallState::Unspecified => "",
                RecallState::Pending => "pending",
                RecallState::Returned => "returned",
                RecallState::Refused => "refused",
            };
            vec![
                text::id(&recall.name).to_owned(),
                text::line(&recall.line),
                recall.quantity.to_string(),
                recall.returned.to_string(),
                recall.missed.to_string(),
                if recall.cancels { "cancelled" } else { "reserved" }.to_owned(),
                state.to_owned(),
            ]
        }),
    )
}
