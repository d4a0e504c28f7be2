//! `backorder backlog`: who waits, what was lost, and how promises change.

use backorder_proto::allocation::v1::{
    GetResumeTokenRequest, ListBackordersRequest, ListBackordersResponse, ListLostDemandRequest,
    ListLostDemandResponse, WatchPromisesRequest, WatchPromisesResponse,
};
use backorder_service_kit::shutdown::Shutdown;
use clap::Args;
use jiff::civil::Date;

use super::{
    hold::TypeArg,
    pages, show,
    watch::{Change, follow},
};
use crate::{
    args::PageArgs,
    client::{Session, requests},
    failure::Failure,
    output::{
        Output, json,
        table::{
            Column::{Number, Words},
            render,
        },
        text,
    },
};

const PACKAGE: &str = "backorder.allocation.v1";

/// Which lines.
#[derive(Debug, Args)]
pub struct BacklogArgs {
    /// Only lines of this item.
    #[arg(long, value_name = "ITEM")]
    item: Option<String>,
    /// Only lines of this customer.
    #[arg(long, default_value = "", value_name = "TEXT")]
    customer: String,
    /// Only lines that this location may serve.
    #[arg(long, value_name = "LOCATION")]
    location: Option<String>,
    /// Only lines that wait at least this many days.
    #[arg(long, default_value_t = 0, value_name = "DAYS")]
    age_days: i32,
    /// Only lines promised before this day, YYYY-MM-DD.
    #[arg(long, value_name = "DATE", conflicts_with = "without_date")]
    promised_before: Option<Date>,
    /// Only lines for which no date is known.
    #[arg(long)]
    without_date: bool,
    /// Only lines that a hold on them or on their customer keeps.
    #[arg(long)]
    on_hold: bool,
    /// Only lines that a hold of this type keeps.
    #[arg(long, value_enum, value_name = "TYPE")]
    hold: Option<TypeArg>,
    /// Show demand that was refused or cut instead.
    #[arg(long)]
    lost: bool,
    /// Show every promise that changes from now on, or after --resume-token, until it is stopped.
    #[arg(long, conflicts_with = "lost")]
    watch: bool,
    /// The token after which to watch, as an earlier watch showed it.
    #[arg(long, requires = "watch", default_value = "", value_name = "TOKEN")]
    resume_token: String,
    /// How many.
    #[command(flatten)]
    page: PageArgs,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] with what happened and what to do next.
pub async fn run(args: BacklogArgs, session: &Session, output: Output) -> Result<(), Failure> {
    if args.watch {
        return watch(args.resume_token, session, output).await;
    }
    if args.lost { lost(&args, session, output).await } else { list(&args, session, output).await }
}

fn optional_name(collection: &str, id: Option<&String>) -> String {
    id.map(|id| text::named(collection, id)).unwrap_or_default()
}

async fn list(args: &BacklogArgs, session: &Session, output: Output) -> Result<(), Failure> {
    let backorders = pages::collect(args.page.limit, |page_size, page_token| {
        let mut backlog = session.clients.backlog.clone();
        let request = ListBackordersRequest {
            page_size,
            page_token,
            item: optional_name("items", args.item.as_ref()),
            customer: args.customer.clone(),
            location: optional_name("locations", args.location.as_ref()),
            age_days_min: args.age_days,
            promised_before: args.promised_before.map(requests::date),
            without_date: args.without_date,
            on_hold: args.on_hold,
            hold_type: args.hold.map(TypeArg::hold_type).unwrap_or_default().into(),
        };
        async move {
            let page = backlog.list_backorders(request).await?.into_inner();
            Ok((page.backorders, page.next_page_token))
        }
    })
    .await?;
    let answer = ListBackordersResponse { backorders, next_page_token: String::new() };
    output.message(&format!("{PACKAGE}.ListBackordersResponse"), &answer, people)
}

fn people(answer: &ListBackordersResponse) -> String {
    let columns = [
        Words("line"),
        Words("item"),
        Words("customer"),
        Words("tier"),
        Number("waits for"),
        Number("reserved"),
        Number("days"),
        Words("promised"),
        Words("kept by"),
    ];
    render(
        &columns,
        answer.backorders.iter().map(|backorder| {
            let line = backorder.line.clone().unwrap_or_default();
            vec![
                text::line(&line.name),
                text::id(&line.item).to_owned(),
                backorder.customer.clone(),
                backorder.customer_tier.clone(),
                line.open.to_string(),
                line.reserved.to_string(),
                backorder.age_days.to_string(),
                text::zoned_date(line.current_promised_date.as_ref()),
                show::kept_by(&line),
            ]
        }),
    )
}

async fn lost(args: &BacklogArgs, session: &Session, output: Output) -> Result<(), Failure> {
    let lost_demand = pages::collect(args.page.limit, |page_size, page_token| {
        let mut backlog = session.clients.backlog.clone();
        let item = optional_name("items", args.item.as_ref());
        let request = ListLostDemandRequest { page_size, page_token, item };
        async move {
            let page = backlog.list_lost_demand(request).await?.into_inner();
            Ok((page.lost_demand, page.next_page_token))
        }
    })
    .await?;
    let answer = ListLostDemandResponse { lost_demand, next_page_token: String::new() };
    output.message(&format!("{PACKAGE}.ListLostDemandResponse"), &answer, |answer| {
        match answer.lost_demand.as_slice() {
            [] => "nothing was refused or cut".to_owned(),
            lost => show::lost_demand(lost),
        }
    })
}

async fn watch(resume_token: String, session: &Session, output: Output) -> Result<(), Failure> {
    let shutdown = Shutdown::on_signals()?;
    let backlog = &session.clients.backlog;
    let resume_token = if resume_token.is_empty() {
        backlog.clone().get_resume_token(GetResumeTokenRequest {}).await?.into_inner().resume_token
    } else {
        resume_token
    };
    let open = |resume_token| {
        let (mut backlog, request) = (backlog.clone(), WatchPromisesRequest { resume_token, orders: Vec::new() });
        async move { Ok(backlog.watch_promises(request).await?.into_inner()) }
    };
    follow(resume_token, &shutdown, output, open, |change| show_change(change, output)).await
}

impl Change for WatchPromisesResponse {
    fn resume_token(&self) -> &str {
        &self.resume_token
    }
}

fn show_change(change: &WatchPromisesResponse, output: Output) -> Result<(), Failure> {
    if output.is_json() {
        output.line_of(&json::of(&format!("{PACKAGE}.WatchPromisesResponse"), change)?);
    } else if !change.line.is_empty() {
        let promise = change.promise.clone().unwrap_or_default();
        let promised = text::zoned_date(promise.promised_date.as_ref());
        output.text(&format!("{} promised {promised} ({})", text::line(&change.line), promise.cause));
    }
    Ok(())
}
