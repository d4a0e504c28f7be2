//! `backorder allocation-policy`: the policies of allocation runs, their versions, a dry run, and which one is in force.

mod file;
mod show;

use std::path::PathBuf;

use backorder_proto::{
    allocation::v1::{
        AllocationPolicyInForce, GetAllocationPolicyInForceRequest, GetAllocationPolicyRequest,
        ListAllocationPoliciesInForceRequest, ListAllocationPoliciesInForceResponse, ListAllocationPoliciesRequest,
        ListAllocationPoliciesResponse, ListAllocationPolicyVersionsRequest, ListAllocationPolicyVersionsResponse,
        PutAllocationPolicyRequest, RetireAllocationPolicyRequest, RunRules, UseAllocationPolicyRequest,
    },
    convert::encode,
};
use clap::{Args, Subcommand};
use jiff::{
    Timestamp,
    civil::{Date, Time},
    tz::TimeZone,
};
use prost_types::Timestamp as Instant;

use self::file::COLLECTION;
use super::{
    order::context,
    pages,
    run::{self, ScopeArgs},
};
use crate::{
    args::{PageArgs, ReasonArgs},
    client::Session,
    failure::Failure,
    output::{Output, text},
};

const PACKAGE: &str = "backorder.allocation.v1";

/// What to do with policies of runs.
#[derive(Debug, Subcommand)]
pub enum AllocationPolicyCommand {
    /// Write a new version of a policy from a file.
    #[command(after_help = "\
A policy file is JSON, in the format of `backorder demo --policy` with segments. Each segment claims the lines that its filter \
matches and no segment before it; its strategy says what they may gain and lose; keys say who comes first.

  {\"name\": \"gold-first\",
   \"tier_order\": [\"GOLD\", \"SILVER\", \"STANDARD\"],
   \"keys\": [\"tier\", \"requested_date\"],
   \"promotion_days\": 30,
   \"segments\": [
     {\"name\": \"late gold\", \"strategy\": \"win\",
      \"include\": \"customer.tier == 'GOLD' && line.requested_date < today\"},
     {\"name\": \"others\", \"strategy\": \"redistribute\", \"keys\": [\"value\", {\"by\": \"item.category\", \"values\": [\"china\"]}]}]}

keys: tier, channel, requested_date, promised_date, order_time, age, margin, value, value_at_risk, queue, or an object with \
by, direction (ascending, descending) and, for an attribute such as item.category, values. Also: channel_order, global \
{include, exclude}, exceptions (stop-failed, stop-all), fallback with fallback_scope (failed, all); a segment may have \
exclude, evaluation_seq (its place among those that are asked) and check_seq (among those of its strategy that are served).

Filters are CEL over customer.id, customer.tier, item.id, item.category, order.id, order.channel, order.date, order.ship_to, \
order.destination_zone, order.service, line.location, line.tier, line.requested_date, line.promised_date, \
line.waiting_since, line.ordered, line.open, line.margin, line.value, line.value_at_risk, line.shortage_instruction, today: \
&& || ! == < in + -, has(line.promised_date), date(\"2026-12-24\"), duration_days(7), startsWith, endsWith, contains.

Examples:
  backorder allocation-policy dry-run gold-first.json --wait    # what would it do today?
  backorder allocation-policy put gold-first.json --reason spring
  backorder allocation-policy use gold-first --from 2026-12-01 --reason spring")]
    Put {
        /// The file; crates/cli/policies holds some.
        file: PathBuf,
        /// From when on it holds: a day (at midnight, UTC) or a time. Left out, from now on.
        #[arg(long, value_name = "DAY|TIME", value_parser = instant)]
        from: Option<Timestamp>,
        /// Refuse it unless this is the newest version; 0 for none.
        #[arg(long, default_value = "", value_name = "VERSION")]
        after_version: String,
        /// Only check it: nothing is written.
        #[arg(long)]
        check: bool,
        /// Why.
        #[command(flatten)]
        why: ReasonArgs,
    },
    /// Show a policy as it holds now or held at a time, or a version of it.
    Get {
        /// The policy.
        policy: String,
        /// The version of that number.
        #[arg(long, value_name = "VERSION", conflicts_with = "as_of")]
        number: Option<i64>,
        /// The version that holds on a day (at midnight, UTC) or at a time.
        #[arg(long, value_name = "DAY|TIME", value_parser = instant)]
        as_of: Option<Timestamp>,
    },
    /// List the policies.
    List {
        /// How many.
        #[command(flatten)]
        page: PageArgs,
    },
    /// List the versions of a policy: what holds from when, who wrote it and why.
    Versions {
        /// The policy.
        policy: String,
        /// How many.
        #[command(flatten)]
        page: PageArgs,
    },
    /// End a policy.
    Retire {
        /// The policy.
        policy: String,
        /// From when on: a day (at midnight, UTC) or a time. Left out, from now on.
        #[arg(long, value_name = "DAY|TIME", value_parser = instant)]
        from: Option<Timestamp>,
        /// Why.
        #[command(flatten)]
        why: ReasonArgs,
    },
    /// Simulate a run by a policy that is not kept, on the backlog as it is now. Compare it with `backorder run compare`.
    DryRun(Box<DryRunArgs>),
    /// Decide which policy is in force: runs that name no rules go by it.
    Use {
        /// The policy.
        #[arg(required_unless_present = "none")]
        policy: Option<String>,
        /// None: each line keeps what it has and betters it where it can.
        #[arg(long, conflicts_with = "policy")]
        none: bool,
        /// From when on: a day (at midnight, UTC) or a time. Left out, from now on.
        #[arg(long, value_name = "DAY|TIME", value_parser = instant)]
        from: Option<Timestamp>,
        /// Why.
        #[command(flatten)]
        why: ReasonArgs,
    },
    /// Show which policy is in force.
    InForce {
        /// On which day (at midnight, UTC) or at which time. Left out, now.
        #[arg(long, value_name = "DAY|TIME", value_parser = instant, conflicts_with = "history")]
        as_of: Option<Timestamp>,
        /// All decisions about it, newest first.
        #[arg(long)]
        history: bool,
    },
}

/// A policy to try.
#[derive(Debug, Args)]
pub struct DryRunArgs {
    /// The file, as for `put`.
    file: PathBuf,
    /// What it is about.
    #[command(flatten)]
    scope: ScopeArgs,
    /// Follow the run until it ends.
    #[arg(long)]
    wait: bool,
    /// Why.
    #[command(flatten)]
    why: ReasonArgs,
}

/// A time, or the beginning of a day in UTC.
fn instant(text: &str) -> Result<Timestamp, String> {
    let day = || TimeZone::UTC.to_timestamp(text.parse::<Date>().ok()?.to_datetime(Time::midnight())).ok();
    let read = text.parse::<Timestamp>().ok().or_else(day);
    read.ok_or_else(|| "give a day, 2026-12-01, or a time, 2026-12-01T08:00:00Z".to_owned())
}

fn wire(time: Option<Timestamp>) -> Option<Instant> {
    time.map(encode::timestamp)
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] when a file or an option is wrong or the service refuses.
pub async fn run(command: AllocationPolicyCommand, session: &Session, output: Output) -> Result<(), Failure> {
    let mut client = session.clients.allocation_policies.clone();
    let named = |policy: &str| text::named(COLLECTION, policy);
    let version_message = format!("{PACKAGE}.AllocationPolicyVersion");
    match command {
        AllocationPolicyCommand::Put { file, from, after_version, check, why } => {
            let request = PutAllocationPolicyRequest {
                request_id: session.request_id(),
                policy: Some(file::read(&file)?),
                effective_time: wire(from),
                etag: after_version,
                validate_only: check,
                context: context(&why),
            };
            let written = client.put_allocation_policy(request).await?.into_inner();
            output.message(&version_message, &written, show::version)
        }
        AllocationPolicyCommand::Get { policy, number, as_of } => {
            let name = named(&policy);
            let name = number.map_or_else(|| name.clone(), |number| format!("{name}/versions/{number}"));
            let request = GetAllocationPolicyRequest { name, as_of: wire(as_of) };
            let found = client.get_allocation_policy(request).await?.into_inner();
            output.message(&version_message, &found, show::version)
        }
        AllocationPolicyCommand::List { page } => list(&page, session, output).await,
        AllocationPolicyCommand::Versions { policy, page } => versions(&named(&policy), &page, session, output).await,
        AllocationPolicyCommand::Retire { policy, from, why } => {
            let request = RetireAllocationPolicyRequest {
                request_id: session.request_id(),
                name: named(&policy),
                effective_time: wire(from),
                etag: String::new(),
                context: context(&why),
            };
            let retired = client.retire_allocation_policy(request).await?.into_inner();
            output.message(&version_message, &retired, show::version)
        }
        AllocationPolicyCommand::DryRun(args) => {
            let policy_draft = Some(file::read(&args.file)?);
            let rules = RunRules { policy_draft, ..RunRules::default() };
            let request = args.scope.request(rules, &args.why, session);
            run::start(request, args.wait, session, output).await
        }
        AllocationPolicyCommand::Use { policy, none: _, from, why } => {
            let policy = policy.as_deref().map(named).unwrap_or_default();
            use_policy(policy, from, &why, session, output).await
        }
        AllocationPolicyCommand::InForce { history: true, .. } => history(session, output).await,
        AllocationPolicyCommand::InForce { as_of, history: false } => in_force(as_of, session, output).await,
    }
}

async fn use_policy(
    policy: String,
    from: Option<Timestamp>,
    why: &ReasonArgs,
    session: &Session,
    output: Output,
) -> Result<(), Failure> {
    let request = UseAllocationPolicyRequest {
        request_id: session.request_id(),
        policy,
        effective_time: wire(from),
        etag: String::new(),
        context: context(why),
    };
    let decided = session.clients.allocation_policies.clone().use_allocation_policy(request).await?.into_inner();
    show_in_force(&decided, output)
}

async fn in_force(as_of: Option<Timestamp>, session: &Session, output: Output) -> Result<(), Failure> {
    let request = GetAllocationPolicyInForceRequest { as_of: wire(as_of) };
    let mut client = session.clients.allocation_policies.clone();
    let found = client.get_allocation_policy_in_force(request).await?.into_inner();
    show_in_force(&found, output)
}

fn show_in_force(decision: &AllocationPolicyInForce, output: Output) -> Result<(), Failure> {
    output.message(&format!("{PACKAGE}.AllocationPolicyInForce"), decision, |decision| {
        show::in_force(std::slice::from_ref(decision))
    })
}

async fn list(page: &PageArgs, session: &Session, output: Output) -> Result<(), Failure> {
    let policies = pages::collect(page.limit, |page_size, page_token| {
        let mut client = session.clients.allocation_policies.clone();
        async move {
            let request = ListAllocationPoliciesRequest { page_size, page_token };
            let page = client.list_allocation_policies(request).await?.into_inner();
            Ok((page.policies, page.next_page_token))
        }
    })
    .await?;
    let answer = ListAllocationPoliciesResponse { policies, next_page_token: String::new() };
    output.message(&format!("{PACKAGE}.ListAllocationPoliciesResponse"), &answer, |answer| {
        show::versions(&answer.policies)
    })
}

async fn versions(name: &str, page: &PageArgs, session: &Session, output: Output) -> Result<(), Failure> {
    let versions = pages::collect(page.limit, |page_size, page_token| {
        let mut client = session.clients.allocation_policies.clone();
        let request = ListAllocationPolicyVersionsRequest { name: name.to_owned(), page_size, page_token };
        async move {
            let page = client.list_allocation_policy_versions(request).await?.into_inner();
            Ok((page.versions, page.next_page_token))
        }
    })
    .await?;
    let answer = ListAllocationPolicyVersionsResponse { versions, next_page_token: String::new() };
    output.message(&format!("{PACKAGE}.ListAllocationPolicyVersionsResponse"), &answer, |answer| {
        show::versions(&answer.versions)
    })
}

async fn history(session: &Session, output: Output) -> Result<(), Failure> {
    let decisions = pages::collect(0, |page_size, page_token| {
        let mut client = session.clients.allocation_policies.clone();
        async move {
            let request = ListAllocationPoliciesInForceRequest { page_size, page_token };
            let page = client.list_allocation_policies_in_force(request).await?.into_inner();
            Ok((page.decisions, page.next_page_token))
        }
    })
    .await?;
    let answer = ListAllocationPoliciesInForceResponse { decisions, next_page_token: String::new() };
    output.message(&format!("{PACKAGE}.ListAllocationPoliciesInForceResponse"), &answer, |answer| {
        show::in_force(&answer.decisions)
    })
}
