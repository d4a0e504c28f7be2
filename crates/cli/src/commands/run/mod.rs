//! `backorder run`: allocation runs that are simulated, compared, explained and committed, and what changes would do.

mod schedule;
mod show;
mod start;
mod what_if;

use std::cell::RefCell;

use backorder_proto::allocation::v1::{
    CancelRunRequest, CommitRunRequest, CompareRunsRequest, CompareRunsResponse, GetRunRequest, ListRunLinesRequest,
    ListRunLinesResponse, ListRunsRequest, ListRunsResponse, RunState, StartRunRequest, WatchRunRequest,
};
use clap::Subcommand;

use super::{order::context, pages};
use crate::{
    args::{PageArgs, ReasonArgs},
    client::Session,
    failure::Failure,
    output::{Output, json, text},
};
pub use schedule::ScheduleCommand;
pub use start::{RuleArgs, ScopeArgs, StartArgs};
pub use what_if::WhatIfArgs;

const PACKAGE: &str = "backorder.allocation.v1";

/// What to do about runs.
#[derive(Debug, Subcommand)]
pub enum RunCommand {
    /// Simulate: what if all confirmations were decided anew by these rules, on the stock and supply that there are now?
    #[command(
        after_help = "Examples:\n  backorder run start --wait\n  backorder run start --item 85123A --strategy redistribute --wait\n  \
        backorder run start --tier-strategy GOLD=win --tier-strategy STD=fill\n  \
        backorder run start --by value --wait    # what if the most valuable line came first?\n  \
        backorder run start --item 85123A --by tier --tier-order GOLD --strategy redistribute --commit --wait\n\n\
        backorder run start --policy gold-first --wait\n\n\
        Without rules the policy in force decides (`backorder allocation-policy in-force`); where none is, improve.\n\n\
        Strategies, in the order in which they are served:\n  win           all of it on its day, or the run says that it cannot be\n  \
        gain          keeps at least what it has, or the run says that it cannot\n  \
        improve       keeps what it has where it can, and betters it\n  \
        redistribute  gets what is left, and may lose\n  fill          keeps what is left of what it has, and gains nothing\n  \
        lose          loses all of it\n  skip          is left out, and keeps what it has\n\nA simulation changes nothing; `backorder run commit` or --commit does."
    )]
    Start(Box<StartArgs>),
    /// List runs, newest first.
    List {
        /// How many.
        #[command(flatten)]
        page: PageArgs,
    },
    /// Show a run: how far it is, what it found, and which strategies cannot be kept.
    Show {
        /// The run, as `backorder run list` shows it.
        run: String,
    },
    /// List the lines of a run: what each is confirmed now and would be, why, the smallest change that would help, and what
    /// became of it when the run was committed.
    Lines {
        /// The run, as `backorder run list` shows it.
        run: String,
        /// Only lines that would be confirmed otherwise than now.
        #[arg(long)]
        changed: bool,
        /// Only lines of this item.
        #[arg(long, value_name = "ITEM")]
        item: Option<String>,
        /// How many.
        #[command(flatten)]
        page: PageArgs,
    },
    /// Follow a run until it ends.
    Watch {
        /// The run, as `backorder run list` shows it.
        run: String,
    },
    /// Commit a run that is done: lines give and get reserved units as it decided. A line that changed since stays as it is.
    #[command(
        after_help = "Examples:\n  backorder run start --item 85123A --tier-strategy GOLD=win --strategy redistribute --wait\n  \
        backorder run lines 6f1d7c02-9a1b-4a55-9d42-6c1f2ab077e1 --changed    # who would lose, who would gain\n  \
        backorder run commit 6f1d7c02-9a1b-4a55-9d42-6c1f2ab077e1 --wait\n\n\
        What each line came to is in `backorder run lines`, column `committed`. Only reserved units change hands: what is\n\
        expected from supply to come follows the queue. Nothing is taken from a line that was pinned, held, released or\n\
        changed since, and nothing is taken that nobody gets. A second commit does nothing."
    )]
    Commit {
        /// The run, as `backorder run list` shows it.
        run: String,
        /// Follow the run until it ends.
        #[arg(long)]
        wait: bool,
        /// Why.
        #[command(flatten)]
        why: ReasonArgs,
    },
    /// End a run. What it has done is kept; one that is being committed ends after the items that it is at.
    Cancel {
        /// The run, as `backorder run list` shows it.
        run: String,
        /// Why.
        #[command(flatten)]
        why: ReasonArgs,
    },
    /// Have runs start by themselves, at a time of the day.
    #[command(subcommand)]
    Schedule(ScheduleCommand),
    /// Compare two runs: what each does for each tier, and the lines that they confirm differently.
    Compare {
        /// One run.
        first: String,
        /// The other one.
        second: String,
        /// How many differences.
        #[command(flatten)]
        page: PageArgs,
    },
    /// Ask what changes would do, at once and without a trace: a supply that is late, an order that is cancelled, a
    /// customer of another tier, more supply.
    #[command(
        name = "whatif",
        after_help = "Examples:\n  backorder run whatif --late PO-7=9\n  backorder run whatif --cancel A-17\n  \
        backorder run whatif --tier \"Smith & Sons=GOLD\"\n  backorder run whatif --extra 85123A@main=40:2026-12-01 --late PO-7=3\n\n\
        All changes of one question happen together."
    )]
    WhatIf(Box<WhatIfArgs>),
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] when an option is wrong or the service refuses.
pub async fn run(command: RunCommand, session: &Session, output: Output) -> Result<(), Failure> {
    let mut client = session.clients.runs.clone();
    let named = |run: &str| text::named("runs", run);
    match command {
        RunCommand::Start(args) => {
            let request = args.request(session)?;
            start(request, args.wait, session, output).await
        }
        RunCommand::List { page } => list(&page, session, output).await,
        RunCommand::Show { run } => {
            let found = client.get_run(GetRunRequest { name: named(&run) }).await?.into_inner();
            output.message(&format!("{PACKAGE}.AllocationRun"), &found, show::run)
        }
        RunCommand::Lines { run, changed, item, page } => {
            let item = item.map(|item| text::named("items", &item)).unwrap_or_default();
            lines(&named(&run), changed, &item, &page, session, output).await
        }
        RunCommand::Watch { run } => watch(&named(&run), session, output).await,
        RunCommand::Commit { run, wait, why } => {
            let request =
                CommitRunRequest { request_id: session.request_id(), name: named(&run), context: context(&why) };
            let begun = client.commit_run(request).await?.into_inner();
            if wait {
                return watch(&begun.name, session, output).await;
            }
            output.message(&format!("{PACKAGE}.AllocationRun"), &begun, show::run)
        }
        RunCommand::Cancel { run, why } => {
            let request =
                CancelRunRequest { request_id: session.request_id(), name: named(&run), context: context(&why) };
            let ended = client.cancel_run(request).await?.into_inner();
            output.message(&format!("{PACKAGE}.AllocationRun"), &ended, show::run)
        }
        RunCommand::Schedule(command) => schedule::run(command, session, output).await,
        RunCommand::Compare { first, second, page } => {
            compare(&named(&first), &named(&second), &page, session, output).await
        }
        RunCommand::WhatIf(args) => {
            let answer = client.what_if(args.request()?).await?.into_inner();
            output.message(&format!("{PACKAGE}.WhatIfResponse"), &answer, what_if::people)
        }
    }
}

/// Starts a run and shows it, at once or when it has ended.
pub(super) async fn start(
    request: StartRunRequest,
    wait: bool,
    session: &Session,
    output: Output,
) -> Result<(), Failure> {
    let started = session.clients.runs.clone().start_run(request).await?.into_inner();
    if wait {
        return watch(&started.name, session, output).await;
    }
    output.message(&format!("{PACKAGE}.AllocationRun"), &started, show::run)
}

async fn list(page: &PageArgs, session: &Session, output: Output) -> Result<(), Failure> {
    let runs = pages::collect(page.limit, |page_size, page_token| {
        let mut client = session.clients.runs.clone();
        async move {
            let page = client.list_runs(ListRunsRequest { page_size, page_token }).await?.into_inner();
            Ok((page.runs, page.next_page_token))
        }
    })
    .await?;
    let answer = ListRunsResponse { runs, next_page_token: String::new() };
    output.message(&format!("{PACKAGE}.ListRunsResponse"), &answer, |answer| show::runs(&answer.runs))
}

async fn lines(
    name: &str,
    changed_only: bool,
    item: &str,
    page: &PageArgs,
    session: &Session,
    output: Output,
) -> Result<(), Failure> {
    let lines = pages::collect(page.limit, |page_size, page_token| {
        let mut client = session.clients.runs.clone();
        let (name, item) = (name.to_owned(), item.to_owned());
        let request = ListRunLinesRequest { name, page_size, page_token, changed_only, item };
        async move {
            let page = client.list_run_lines(request).await?.into_inner();
            Ok((page.lines, page.next_page_token))
        }
    })
    .await?;
    let answer = ListRunLinesResponse { lines, next_page_token: String::new() };
    output.message(&format!("{PACKAGE}.ListRunLinesResponse"), &answer, |answer| show::lines(&answer.lines))
}

async fn compare(first: &str, second: &str, page: &PageArgs, session: &Session, output: Output) -> Result<(), Failure> {
    let tiers = RefCell::new(Vec::new());
    let differences = pages::collect(page.limit, |page_size, page_token| {
        let mut client = session.clients.runs.clone();
        let (first, second) = (first.to_owned(), second.to_owned());
        let request = CompareRunsRequest { first, second, page_size, page_token };
        let tiers = &tiers;
        async move {
            let page = client.compare_runs(request).await?.into_inner();
            tiers.replace(page.tiers);
            Ok((page.differences, page.next_page_token))
        }
    })
    .await?;
    let answer = CompareRunsResponse { differences, tiers: tiers.into_inner(), next_page_token: String::new() };
    output.message(&format!("{PACKAGE}.CompareRunsResponse"), &answer, show::comparison)
}

/// Shows how a run goes until it has ended, and then the run.
async fn watch(name: &str, session: &Session, output: Output) -> Result<(), Failure> {
    let mut client = session.clients.runs.clone();
    loop {
        let request = WatchRunRequest { name: name.to_owned() };
        let mut stream = client.watch_run(request).await?.into_inner();
        while let Some(message) = stream.message().await? {
            let Some(run) = message.run else { continue };
            let is_running = matches!(run.state(), RunState::Running | RunState::Committing);
            if output.is_json() {
                output.line_of(&json::of(&format!("{PACKAGE}.AllocationRun"), &run)?);
            } else if is_running {
                output.text(&show::progress(&run));
            } else {
                output.text(&show::run(&run));
            }
            if !is_running {
                return Ok(());
            }
        }
    }
}
