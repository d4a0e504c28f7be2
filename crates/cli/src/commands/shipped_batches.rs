//! `backorder shipment batches` and `owners`: what left of named batches, and of whose stock.

use backorder_domain::money::NANOS_PER_UNIT;
use backorder_proto::{
    allocation::v1::{
        LeftUnits, ListShippedBatchesRequest, ListShippedBatchesResponse, ShippedOfOwner, SummarizeShippedOwnersRequest,
    },
    common::v1::Money,
    convert::encode,
};
use clap::Args;
use jiff::Timestamp;

use super::pages;
use crate::{
    args::PageArgs,
    client::Session,
    decimal::format_nanos,
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

/// Which units.
#[derive(Debug, Args)]
pub struct BatchesArgs {
    /// Only units of this item.
    #[arg(long, value_name = "ITEM")]
    item: Option<String>,
    /// Only units of this batch: who has them.
    #[arg(long, default_value = "", value_name = "BATCH")]
    batch: String,
    /// Only units of this owner.
    #[arg(long, default_value = "", value_name = "OWNER")]
    owner: String,
    /// Only units of other owners.
    #[arg(long)]
    consigned: bool,
    /// When they left.
    #[command(flatten)]
    time: TimeArgs,
    /// How many.
    #[command(flatten)]
    page: PageArgs,
}

/// A time in which units left.
#[derive(Debug, Args)]
pub struct TimeArgs {
    /// Only what left at this instant or later.
    #[arg(long, value_name = "INSTANT")]
    from: Option<Timestamp>,
    /// Only what left before this instant.
    #[arg(long, value_name = "INSTANT")]
    until: Option<Timestamp>,
}

/// Lists units of named batches and owners that left.
///
/// # Errors
/// [`Failure`] when the service refuses.
pub(super) async fn batches(args: BatchesArgs, session: &Session, output: Output) -> Result<(), Failure> {
    let request = ListShippedBatchesRequest {
        item: args.item.map(|item| text::named("items", &item)).unwrap_or_default(),
        batch: args.batch,
        owner: args.owner,
        consigned_only: args.consigned,
        from_time: args.time.from.map(encode::timestamp),
        until_time: args.time.until.map(encode::timestamp),
        ..ListShippedBatchesRequest::default()
    };
    let units = all(&request, args.page.limit, session).await?;
    let answer = ListShippedBatchesResponse { units, next_page_token: String::new() };
    output.message(&format!("{PACKAGE}.ListShippedBatchesResponse"), &answer, |answer| table(&answer.units))
}

/// Up to `limit` units that left; 0 means all.
///
/// # Errors
/// [`Failure`] when the service refuses.
pub(super) async fn all(
    request: &ListShippedBatchesRequest,
    limit: usize,
    session: &Session,
) -> Result<Vec<LeftUnits>, Failure> {
    let units = pages::collect(limit, |page_size, page_token| {
        let mut client = session.clients.shipments.clone();
        let request = ListShippedBatchesRequest { page_size, page_token, ..request.clone() };
        async move {
            let page = client.list_shipped_batches(request).await?.into_inner();
            Ok((page.units, page.next_page_token))
        }
    });
    Ok(units.await?)
}

/// Sums up what left, by owner.
///
/// # Errors
/// [`Failure`] when the service refuses.
pub(super) async fn owners(time: TimeArgs, session: &Session, output: Output) -> Result<(), Failure> {
    let request = SummarizeShippedOwnersRequest {
        from_time: time.from.map(encode::timestamp),
        until_time: time.until.map(encode::timestamp),
    };
    let answer = session.clients.shipments.clone().summarize_shipped_owners(request).await?.into_inner();
    output.message(&format!("{PACKAGE}.SummarizeShippedOwnersResponse"), &answer, |answer| sums(&answer.sums))
}

fn amount(money: &Money) -> String {
    let nanos = money.units.saturating_mul(NANOS_PER_UNIT).saturating_add(money.nanos.into());
    format!("{} {}", format_nanos(nanos), money.currency_code)
}

fn table(units: &[LeftUnits]) -> String {
    let columns = [
        Words("left"),
        Words("shipment"),
        Words("line"),
        Words("item"),
        Words("location"),
        Words("batch"),
        Words("owner"),
        Number("quantity"),
        Number("returned"),
        Number("unit cost"),
    ];
    render(
        &columns,
        units.iter().map(|left| {
            let units = left.units.clone().unwrap_or_default();
            vec![
                text::time(left.ship_time.as_ref()),
                text::id(&left.shipment).to_owned(),
                text::line(&left.line),
                text::id(&left.item).to_owned(),
                text::id(&left.location).to_owned(),
                units.batch,
                units.owner,
                units.quantity.to_string(),
                left.returned.to_string(),
                left.unit_cost.as_ref().map_or_else(|| "-".to_owned(), amount),
            ]
        }),
    )
}

fn sums(sums: &[ShippedOfOwner]) -> String {
    let columns =
        [Words("owner"), Words("item"), Number("left"), Number("returned"), Number("cost of what stayed away")];
    render(
        &columns,
        sums.iter().map(|sum| {
            let owner = if sum.owner.is_empty() { "(own)".to_owned() } else { sum.owner.clone() };
            let numbers = [
                sum.quantity.to_string(),
                sum.returned.to_string(),
                sum.cost.as_ref().map_or_else(|| "-".to_owned(), amount),
            ];
            let mut row = vec![owner, text::id(&sum.item).to_owned()];
            row.extend(numbers);
            row
        }),
    )
}
