//! `backorder override`: a person decides against the rules.

use backorder_proto::{
    allocation::v1::{
        AssignByHandRequest, ChangeQueueTimeRequest, DecideOverrideRequest, EndOverrideRequest, GetOverrideRequest,
        LineShare, ListOverridesRequest, ListOverridesResponse, Override, OverrideState, PinConfirmationRequest,
    },
    common::v1::WriteContext,
};
use clap::Subcommand;
use jiff::Timestamp;

use super::{
    order::{context, line_name, line_quantity},
    pages,
};
use crate::{
    args::{PageArgs, ReasonArgs},
    client::Session,
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

const PACKAGE: &str = "backorder.allocation.v1";

/// What to decide.
#[derive(Debug, Subcommand)]
pub enum OverrideCommand {
    /// Give a line units now. Without --etag it only shows who loses what, and the etag with which the same command does it.
    Assign {
        /// The line and its units, as ORDER/NUMBER=UNITS.
        #[arg(value_name = "LINE=UNITS")]
        line: String,
        /// Where the units are.
        #[arg(long, value_name = "LOCATION")]
        location: String,
        /// What another line gives of what it has reserved there; may be repeated. The rest comes from free units.
        #[arg(long = "from", value_name = "LINE=UNITS")]
        taken: Vec<String>,
        /// The etag that the preview showed.
        #[arg(long, default_value = "", value_name = "ETAG")]
        etag: String,
        /// Who decides it.
        #[command(flatten)]
        who: WhoArgs,
    },
    /// Change when a line joined the queue, and with it its place.
    QueueTime {
        /// The line, for example A-17/3.
        line: String,
        /// The time, for example 2026-11-01T09:00:00Z.
        time: Timestamp,
        /// Who decides it.
        #[command(flatten)]
        who: WhoArgs,
    },
    /// Pin the confirmation of a line: its promise stands, and nobody takes its units by hand.
    Pin {
        /// The line, for example A-17/3.
        line: String,
        /// When the pin ends by itself, for example 2026-12-01T09:00:00Z.
        #[arg(long, value_name = "TIME")]
        until: Option<Timestamp>,
        /// Who decides it.
        #[command(flatten)]
        who: WhoArgs,
    },
    /// End a pin, or withdraw an assignment that waits for approval.
    End {
        /// The override, as `backorder override list` shows it.
        name: String,
        /// Who ends it.
        #[command(flatten)]
        who: WhoArgs,
    },
    /// Approve an assignment that somebody else asked for.
    Approve {
        /// The override, as `backorder override list` shows it.
        name: String,
        /// Who approves it.
        #[command(flatten)]
        who: WhoArgs,
    },
    /// Refuse an assignment that somebody else asked for.
    Refuse {
        /// The override, as `backorder override list` shows it.
        name: String,
        /// Who refuses it.
        #[command(flatten)]
        who: WhoArgs,
    },
    /// Show one override.
    Get {
        /// The override, as `backorder override list` shows it.
        name: String,
    },
    /// List overrides, oldest first.
    List {
        /// Only about lines of this order.
        #[arg(long, value_name = "ORDER")]
        order: Option<String>,
        /// Only those that wait for another person.
        #[arg(long)]
        pending: bool,
        /// How many.
        #[command(flatten)]
        page: PageArgs,
    },
}

/// Who decides, and why.
#[derive(Debug, Clone, clap::Args)]
pub struct WhoArgs {
    /// Who decides. Left out, this program; then nobody else can be told from it.
    #[arg(long = "by", default_value = "", value_name = "PERSON")]
    actor: String,
    /// Why.
    #[command(flatten)]
    why: ReasonArgs,
}

impl WhoArgs {
    fn context(&self) -> Option<WriteContext> {
        context(&self.why).map(|context| WriteContext { actor: self.actor.clone(), ..context })
    }
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] when the service refuses.
pub async fn run(command: OverrideCommand, session: &Session, output: Output) -> Result<(), Failure> {
    let mut client = session.clients.overrides.clone();
    let request_id = session.request_id();
    let answer = match command {
        OverrideCommand::Assign { line, location, taken, etag, who } => {
            let wanted = line_quantity(&line)?;
            let share = |text: &String| line_quantity(text).map(|l| LineShare { line: l.name, quantity: l.quantity });
            let request = AssignByHandRequest {
                request_id,
                line: wanted.name,
                location: text::named("locations", &location),
                quantity: wanted.quantity,
                taken: taken.iter().map(share).collect::<Result<_, _>>()?,
                validate_only: etag.is_empty(),
                etag,
                expire_time: None,
                context: who.context(),
            };
            client.assign_by_hand(request).await?.into_inner()
        }
        OverrideCommand::QueueTime { line, time, who } => {
            let (line, queue_time, context) = (line_name(&line)?, Some(instant(time)), who.context());
            client
                .change_queue_time(ChangeQueueTimeRequest { request_id, line, queue_time, context })
                .await?
                .into_inner()
        }
        OverrideCommand::Pin { line, until, who } => {
            let (line, expire_time, context) = (line_name(&line)?, until.map(instant), who.context());
            client
                .pin_confirmation(PinConfirmationRequest { request_id, line, expire_time, context })
                .await?
                .into_inner()
        }
        OverrideCommand::End { name, who } => {
            let (name, context) = (text::named("overrides", &name), who.context());
            client.end_override(EndOverrideRequest { request_id, name, context }).await?.into_inner()
        }
        OverrideCommand::Approve { name, who } => decide(session, &name, true, &who).await?,
        OverrideCommand::Refuse { name, who } => decide(session, &name, false, &who).await?,
        OverrideCommand::Get { name } => {
            let name = text::named("overrides", &name);
            client.get_override(GetOverrideRequest { name }).await?.into_inner()
        }
        OverrideCommand::List { order, pending, page } => return list(order, pending, &page, session, output).await,
    };
    output.message(&format!("{PACKAGE}.Override"), &answer, people)
}

async fn decide(session: &Session, name: &str, approve: bool, who: &WhoArgs) -> Result<Override, Failure> {
    let (request_id, name, context) = (session.request_id(), text::named("overrides", name), who.context());
    let request = DecideOverrideRequest { request_id, name, approve, context };
    Ok(session.clients.overrides.clone().decide_override(request).await?.into_inner())
}

fn instant(time: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: time.as_second(), nanos: time.subsec_nanosecond() }
}

async fn list(
    order: Option<String>,
    pending: bool,
    page: &PageArgs,
    session: &Session,
    output: Output,
) -> Result<(), Failure> {
    let state = if pending { OverrideState::PendingApproval } else { OverrideState::Unspecified }.into();
    let order = order.map(|order| text::named("orders", &order)).unwrap_or_default();
    let found = pages::collect(page.limit, |page_size, page_token| {
        let mut client = session.clients.overrides.clone();
        let request = ListOverridesRequest { page_size, page_token, order: order.clone(), state };
        async move {
            let page = client.list_overrides(request).await?.into_inner();
            Ok((page.overrides, page.next_page_token))
        }
    })
    .await?;
    let answer = ListOverridesResponse { overrides: found, next_page_token: String::new() };
    output.message(&format!("{PACKAGE}.ListOverridesResponse"), &answer, |answer| table(&answer.overrides))
}

fn kind_word(one: &Override) -> String {
    one.kind().as_str_name().trim_start_matches("OVERRIDE_KIND_").to_lowercase()
}

fn state_word(one: &Override) -> String {
    match one.state() {
        OverrideState::Unspecified => "preview",
        OverrideState::PendingApproval => "pending approval",
        OverrideState::Applied => "applied",
        OverrideState::Refused => "refused",
        OverrideState::Ended => "ended",
        OverrideState::Expired => "expired",
    }
    .to_owned()
}

fn table(overrides: &[Override]) -> String {
    let columns = [
        Words("override"),
        Words("kind"),
        Words("line"),
        Number("units"),
        Words("state"),
        Words("by"),
        Words("reason"),
        Words("at"),
    ];
    render(
        &columns,
        overrides.iter().map(|one| {
            let context = one.context.clone().unwrap_or_default();
            vec![
                text::id(&one.name).to_owned(),
                kind_word(one),
                text::line(&one.line),
                one.quantity.to_string(),
                state_word(one),
                context.actor,
                context.reason_code,
                text::time(one.create_time.as_ref()),
            ]
        }),
    )
}

fn people(one: &Override) -> String {
    let mut parts = vec![table(std::slice::from_ref(one))];
    if !one.effects.is_empty() {
        let columns = [
            Words("line"),
            Words("customer"),
            Number("reserved"),
            Number("put aside lost"),
            Words("promised"),
            Words("expected"),
            Words("then"),
        ];
        parts.push(render(
            &columns,
            one.effects.iter().map(|effect| {
                vec![
                    text::line(&effect.line),
                    effect.customer.clone(),
                    format!("{:+}", effect.reserved_change),
                    effect.put_aside_lost.to_string(),
                    text::date(effect.promised.as_ref()),
                    text::date(effect.expected_before.as_ref()),
                    text::date(effect.expected_after.as_ref()),
                ]
            }),
        ));
    }
    if one.name.is_empty() {
        let then = match one.state() {
            OverrideState::PendingApproval => ", and another person has to approve it",
            OverrideState::Unspecified
            | OverrideState::Applied
            | OverrideState::Refused
            | OverrideState::Ended
            | OverrideState::Expired => "",
        };
        parts.push(format!("nothing is done yet: the same command with --etag {} does it{then}", one.etag));
    }
    if let Some(decision) = &one.decision {
        parts.push(format!("decided by {}: {}", decision.actor, decision.reason_code));
    }
    parts.join("\n")
}
