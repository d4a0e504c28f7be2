//! `backorder policy`: who may wait, and who is served first.

use backorder_proto::allocation::v1::{
    AfterSilence, AfterWait, BackorderPolicy, CreateBackorderPolicyRequest, DeleteBackorderPolicyRequest,
    GetServingSequenceRequest, ListBackorderPoliciesRequest, ListBackorderPoliciesResponse, PromiseRule,
    ResolvePolicyRequest, SequenceKey, ServingSequence, UpdateServingSequenceRequest, WaitDayType, WaitStart,
};
use clap::{Args, Subcommand, ValueEnum};

use super::pages;
use crate::{
    args::ReasonArgs,
    client::{Session, requests},
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

/// What to do with policies.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// List the policies.
    List,
    /// Create a policy.
    Create(CreateArgs),
    /// Delete a policy.
    Delete {
        /// The policy.
        policy: String,
        /// Why.
        #[command(flatten)]
        why: ReasonArgs,
    },
    /// Show which policy would decide about a line.
    Resolve {
        /// The item.
        item: String,
        /// The channel.
        #[arg(long, default_value = "", value_name = "CHANNEL")]
        channel: String,
        /// The location that serves it first.
        #[arg(long, value_name = "LOCATION")]
        location: Option<String>,
        /// The customer's tier.
        #[arg(long, default_value = "", value_name = "TIER")]
        tier: String,
    },
    /// Show the sequence in which waiting lines are served, or set it.
    Sequence {
        /// The new sort keys, one after the other. None shows the present ones.
        #[arg(value_enum)]
        keys: Vec<Key>,
        /// The tiers in the order in which they are served; may be repeated.
        #[arg(long = "tier", value_name = "TIER")]
        tiers: Vec<String>,
        /// The channels in the order in which they are served; may be repeated.
        #[arg(long = "channel", value_name = "CHANNEL")]
        channels: Vec<String>,
        /// Why.
        #[command(flatten)]
        why: ReasonArgs,
    },
}

/// A policy to create.
#[derive(Debug, Args)]
pub struct CreateArgs {
    /// The policy's id.
    policy: String,
    /// Only for this item.
    #[arg(long, value_name = "ITEM")]
    item: Option<String>,
    /// Only for items of this category.
    #[arg(long, default_value = "", value_name = "CATEGORY")]
    category: String,
    /// Only for this channel.
    #[arg(long, default_value = "", value_name = "CHANNEL")]
    channel: String,
    /// Only for lines that this location serves first.
    #[arg(long, value_name = "LOCATION")]
    location: Option<String>,
    /// Only for customers of this tier.
    #[arg(long, default_value = "", value_name = "TIER")]
    tier: String,
    /// What is not there is refused.
    #[arg(long)]
    no_backorders: bool,
    /// Lines may not be served from several locations.
    #[arg(long)]
    no_split: bool,
    /// The most units of an item that may wait in all.
    #[arg(long, value_name = "UNITS")]
    waiting_limit: Option<i64>,
    /// How many days the customer accepts to wait.
    #[arg(long, value_name = "DAYS")]
    acceptable_wait_days: Option<i32>,
    /// What happens when the wait is over.
    #[arg(long, value_enum, default_value = "ask")]
    after_wait: After,
    /// So many days before the end of the wait the customer is asked already, when no day within it is expected.
    #[arg(long, default_value_t = 0, value_name = "DAYS")]
    ask_days_before: i32,
    /// How many days the customer has to answer.
    #[arg(long, default_value_t = 7, value_name = "DAYS")]
    answer_days: i32,
    /// What happens when the customer does not answer in time.
    #[arg(long, value_enum, default_value = "escalate")]
    after_silence: Silence,
    /// So many days before the end of the wait the planner's list names the line.
    #[arg(long, default_value_t = 2, value_name = "DAYS")]
    wait_near_days: i32,
    /// Only working days (Monday to Friday) count towards the wait.
    #[arg(long)]
    wait_working_days: bool,
    /// The wait counts from the requested day instead of the time of the order.
    #[arg(long)]
    wait_from_requested_date: bool,
    /// A promise does not move to a day that is later by at most so many days, before the promised day has come.
    #[arg(long, default_value_t = 0, value_name = "DAYS")]
    promise_later_days: i32,
    /// A promise does not move to a day that is earlier by less than so many days.
    #[arg(long, default_value_t = 0, value_name = "DAYS")]
    promise_earlier_days: i32,
    /// A promise moves to an earlier day when it has been expected for so many hours.
    #[arg(long, default_value_t = 0, value_name = "HOURS")]
    promise_stable_hours: i32,
    /// A ship set takes what is there when the rest of it is expected within so many days. 0: only when all of it is
    /// there.
    #[arg(long, default_value_t = 0, value_name = "DAYS")]
    ship_set_days: i32,
    /// Why.
    #[command(flatten)]
    why: ReasonArgs,
}

/// What happens when a wait is over.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum After {
    /// The customer is asked.
    Ask,
    /// What waits is cancelled.
    Cancel,
    /// A planner is told.
    Escalate,
}

/// What happens when a customer does not answer.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Silence {
    /// What waits is cancelled.
    Cancel,
    /// The line waits on.
    Keep,
    /// A planner is told.
    Escalate,
}

/// Sort keys of a serving sequence.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Key {
    /// The customer's tier, in the given order.
    Tier,
    /// The requested date, earliest first.
    RequestedDate,
    /// The time at which the demand joined the queue, earliest first.
    OrderTime,
    /// The channel, in the given order.
    Channel,
    /// The margin of one unit, highest first.
    Margin,
    /// The value of the line, highest first.
    Value,
    /// The day of the order, oldest first.
    Age,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] with what happened and what to do next.
pub async fn run(command: PolicyCommand, session: &Session, output: Output) -> Result<(), Failure> {
    match command {
        PolicyCommand::List => list(session, output).await,
        PolicyCommand::Create(args) => create(&args, session, output).await,
        PolicyCommand::Delete { policy, why } => delete(&policy, &why, session, output).await,
        PolicyCommand::Resolve { item, channel, location, tier } => {
            let location = location.map(|location| text::named("locations", &location)).unwrap_or_default();
            let item = text::named("items", &item);
            let request = ResolvePolicyRequest { item, channel, location, customer_tier: tier, date: None };
            resolve(request, session, output).await
        }
        PolicyCommand::Sequence { keys, tiers, channels, why } => {
            let keys = keys.into_iter().map(|key| SequenceKey::from(key).into()).collect();
            let sequence = ServingSequence { keys, tier_order: tiers, channel_order: channels, etag: String::new() };
            sequence_of(sequence, &why, session, output).await
        }
    }
}

fn table(policies: &[BackorderPolicy]) -> String {
    let columns = [
        Words("policy"),
        Words("fits"),
        Words("backorders"),
        Number("waiting limit"),
        Number("acceptable days"),
        Words("split"),
    ];
    let fits = |policy: &BackorderPolicy| {
        let parts = [&policy.item, &policy.category, &policy.channel, &policy.location, &policy.customer_tier];
        let named: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).map(String::as_str).collect();
        if named.is_empty() { "everything".to_owned() } else { named.join(", ") }
    };
    render(
        &columns,
        policies.iter().map(|policy| {
            vec![
                text::id(&policy.name).to_owned(),
                fits(policy),
                if policy.allowed { "allowed" } else { "refused" }.to_owned(),
                policy.waiting_limit.map_or_else(|| "-".to_owned(), |limit| limit.to_string()),
                policy.acceptable_wait_days.map_or_else(|| "-".to_owned(), |days| days.to_string()),
                if policy.split_allowed { "allowed" } else { "not allowed" }.to_owned(),
            ]
        }),
    )
}

async fn list(session: &Session, output: Output) -> Result<(), Failure> {
    let policies = pages::collect(0, |page_size, page_token| {
        let mut policies = session.clients.policies.clone();
        async move {
            let request = ListBackorderPoliciesRequest { page_size, page_token };
            let page = policies.list_backorder_policies(request).await?.into_inner();
            Ok((page.policies, page.next_page_token))
        }
    })
    .await?;
    let answer = ListBackorderPoliciesResponse { policies, next_page_token: String::new() };
    output.message(&format!("{PACKAGE}.ListBackorderPoliciesResponse"), &answer, |answer| table(&answer.policies))
}

async fn create(args: &CreateArgs, session: &Session, output: Output) -> Result<(), Failure> {
    let after_wait = match args.after_wait {
        After::Ask => AfterWait::Ask,
        After::Cancel => AfterWait::Cancel,
        After::Escalate => AfterWait::Escalate,
    };
    let policy = BackorderPolicy {
        name: text::named("policies", &args.policy),
        item: args.item.as_ref().map(|item| text::named("items", item)).unwrap_or_default(),
        category: args.category.clone(),
        channel: args.channel.clone(),
        location: args.location.as_ref().map(|location| text::named("locations", location)).unwrap_or_default(),
        customer_tier: args.tier.clone(),
        allowed: !args.no_backorders,
        split_allowed: !args.no_split,
        waiting_limit: args.waiting_limit,
        acceptable_wait_days: args.acceptable_wait_days,
        after_wait: after_wait.into(),
        wait_day_type: if args.wait_working_days { WaitDayType::Working } else { WaitDayType::Calendar }.into(),
        wait_start: if args.wait_from_requested_date { WaitStart::RequestedDate } else { WaitStart::OrderTime }.into(),
        ask_days_before: args.ask_days_before,
        answer_days: args.answer_days,
        after_silence: match args.after_silence {
            Silence::Cancel => AfterSilence::Cancel,
            Silence::Keep => AfterSilence::Keep,
            Silence::Escalate => AfterSilence::Escalate,
        }
        .into(),
        wait_near_days: Some(args.wait_near_days),
        promise_rule: Some(PromiseRule {
            later_days: args.promise_later_days,
            earlier_days: args.promise_earlier_days,
            stable_hours: args.promise_stable_hours,
        }),
        ship_set_days: args.ship_set_days,
        ..BackorderPolicy::default()
    };
    let request = CreateBackorderPolicyRequest {
        request_id: session.request_id(),
        policy: Some(policy),
        context: Some(requests::context(&args.why.reason, &args.why.note)),
    };
    let policy = session.clients.policies.clone().create_backorder_policy(request).await?.into_inner();
    output.message(&format!("{PACKAGE}.BackorderPolicy"), &policy, |policy| table(std::slice::from_ref(policy)))
}

async fn delete(policy: &str, why: &ReasonArgs, session: &Session, output: Output) -> Result<(), Failure> {
    let request = DeleteBackorderPolicyRequest {
        request_id: session.request_id(),
        name: text::named("policies", policy),
        context: Some(requests::context(&why.reason, &why.note)),
    };
    let answer = session.clients.policies.clone().delete_backorder_policy(request).await?.into_inner();
    output.message(&format!("{PACKAGE}.DeleteBackorderPolicyResponse"), &answer, |_| format!("deleted {policy}"))
}

async fn resolve(request: ResolvePolicyRequest, session: &Session, output: Output) -> Result<(), Failure> {
    let answer = session.clients.policies.clone().resolve_policy(request).await?.into_inner();
    output.message(&format!("{PACKAGE}.ResolvePolicyResponse"), &answer, |answer| match answer.policies.as_slice() {
        [] => "no policy fits: backorders are allowed without limit, lines may be split".to_owned(),
        policies => table(policies),
    })
}

async fn sequence_of(
    sequence: ServingSequence,
    why: &ReasonArgs,
    session: &Session,
    output: Output,
) -> Result<(), Failure> {
    let mut policies = session.clients.policies.clone();
    let is_question = sequence.keys.is_empty() && sequence.tier_order.is_empty() && sequence.channel_order.is_empty();
    let sequence = if is_question {
        policies.get_serving_sequence(GetServingSequenceRequest {}).await?.into_inner()
    } else {
        let request = UpdateServingSequenceRequest {
            request_id: session.request_id(),
            sequence: Some(sequence),
            context: Some(requests::context(&why.reason, &why.note)),
        };
        policies.update_serving_sequence(request).await?.into_inner()
    };
    output.message(&format!("{PACKAGE}.ServingSequence"), &sequence, |sequence| {
        let keys: Vec<String> = sequence.keys.iter().map(|key| key_text(*key, sequence)).collect();
        format!("waiting lines are served by {}, then the line's name", keys.join(", "))
    })
}

/// A sort key with the order of its values, where the sequence gives one.
fn key_text(key: i32, sequence: &ServingSequence) -> String {
    let key = SequenceKey::try_from(key).unwrap_or_default();
    let word = key.as_str_name().trim_start_matches("SEQUENCE_KEY_");
    let values = match key {
        SequenceKey::Tier => sequence.tier_order.as_slice(),
        SequenceKey::Channel => &sequence.channel_order,
        SequenceKey::Unspecified
        | SequenceKey::RequestedDate
        | SequenceKey::OrderTime
        | SequenceKey::Margin
        | SequenceKey::Value
        | SequenceKey::Age => &[],
    };
    if values.is_empty() { word.to_owned() } else { format!("{word} ({})", values.join(", ")) }
}

impl From<Key> for SequenceKey {
    fn from(key: Key) -> Self {
        match key {
            Key::Tier => Self::Tier,
            Key::RequestedDate => Self::RequestedDate,
            Key::OrderTime => Self::OrderTime,
            Key::Channel => Self::Channel,
            Key::Margin => Self::Margin,
            Key::Value => Self::Value,
            Key::Age => Self::Age,
        }
    }
}
