//! `backorder serving`: when units that are held for the queue are shared.

use backorder_proto::{
    allocation::v1::{
        CommitHeldRequest, CommitHeldResponse, ListServingModesRequest, ServingMode, ServingModeKind,
        SetServingModeRequest, SetShare, SetShareOutcome,
    },
    convert::encode,
};
use clap::{Subcommand, ValueEnum};
use jiff::civil::Time;

use super::order::context;
use crate::{
    args::ReasonArgs,
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

const MODES: [Column; 3] = [Words("category"), Words("served"), Words("at the latest")];
const SHARES: [Column; 3] = [Words("line"), Number("units"), Words("ship set")];
const SETS: [Column; 3] = [Words("order"), Words("ship set"), Words("has")];

/// What to do about serving.
#[derive(Debug, Subcommand)]
pub enum ServingCommand {
    /// List the categories whose items a planner serves. All others are served at once.
    List,
    /// Set how items of a category are served.
    Set {
        /// The category; an empty one means items without a category.
        category: String,
        /// How they are served.
        #[arg(value_enum)]
        mode: Mode,
        /// When what is held is shared though nobody has committed it, as HH:MM in the zone of the location.
        #[arg(long, value_name = "HH:MM")]
        at: Option<Time>,
        /// Why.
        #[command(flatten)]
        why: ReasonArgs,
    },
    /// Share what is held of an item at a location now, and show who gets what.
    Commit {
        /// The item.
        item: String,
        /// The location.
        location: String,
        /// Only show who would get what.
        #[arg(long)]
        dry_run: bool,
        /// Why.
        #[command(flatten)]
        why: ReasonArgs,
    },
}

/// How items are served.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Mode {
    /// As soon as units are free.
    Automatic,
    /// When a planner commits what is held, or at an hour of the day.
    ByPlanner,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] when an option is wrong or the service refuses.
pub async fn run(command: ServingCommand, session: &Session, output: Output) -> Result<(), Failure> {
    let mut client = session.clients.serving.clone();
    match command {
        ServingCommand::List => {
            let answer = client.list_serving_modes(ListServingModesRequest {}).await?.into_inner();
            output.message(&format!("{PACKAGE}.ListServingModesResponse"), &answer, |answer| modes(&answer.modes))
        }
        ServingCommand::Set { category, mode, at, why } => {
            let kind = match mode {
                Mode::Automatic => ServingModeKind::Automatic,
                Mode::ByPlanner => ServingModeKind::ByPlanner,
            };
            let mode = ServingMode { category, kind: kind.into(), run_time: at.map(encode::time_of_day) };
            let (request_id, context) = (session.request_id(), context(&why));
            let request = SetServingModeRequest { request_id, mode: Some(mode), context };
            let mode = client.set_serving_mode(request).await?.into_inner();
            output.message(&format!("{PACKAGE}.ServingMode"), &mode, |mode| modes(std::slice::from_ref(mode)))
        }
        ServingCommand::Commit { item, location, dry_run, why } => {
            let request = CommitHeldRequest {
                request_id: session.request_id(),
                item: text::named("items", &item),
                location: text::named("locations", &location),
                validate_only: dry_run,
                context: context(&why),
            };
            let answer = client.commit_held(request).await?.into_inner();
            output.message(&format!("{PACKAGE}.CommitHeldResponse"), &answer, shares)
        }
    }
}

fn modes(modes: &[ServingMode]) -> String {
    render(
        &MODES,
        modes.iter().map(|mode| {
            let served = match mode.kind() {
                ServingModeKind::Unspecified => "",
                ServingModeKind::Automatic => "automatic",
                ServingModeKind::ByPlanner => "by planner",
            };
            let at = mode.run_time.as_ref().map(|time| format!("{:02}:{:02}", time.hours, time.minutes));
            vec![mode.category.clone(), served.to_owned(), at.unwrap_or_else(|| "-".to_owned())]
        }),
    )
}

fn shares(answer: &CommitHeldResponse) -> String {
    if answer.held == 0 {
        return "nothing is held".to_owned();
    }
    let or_none = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
    let rows = answer.shares.iter();
    let rows = rows.map(|share| vec![text::line(&share.line), share.quantity.to_string(), or_none(&share.ship_set)]);
    let shares = render(&SHARES, rows);
    let sets = if answer.sets.is_empty() { String::new() } else { format!("\n\n{}", sets(&answer.sets)) };
    format!("{shares}{sets}\n\n{} units are held; nobody may take {} of them", answer.held, answer.left)
}

fn sets(sets: &[SetShare]) -> String {
    render(
        &SETS,
        sets.iter().map(|set| {
            let has = match set.outcome() {
                SetShareOutcome::Unspecified => "",
                SetShareOutcome::Complete => "all of it",
                SetShareOutcome::Expected => "what is there; the rest is expected",
                SetShareOutcome::Incomplete => "nothing: it is not all there",
            };
            let order = set.order.strip_prefix("orders/").unwrap_or(&set.order);
            vec![order.to_owned(), set.ship_set.clone(), has.to_owned()]
        }),
    )
}
