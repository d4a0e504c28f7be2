//! `backorder refund`: what is to be given back for units that were cancelled or came back.

use backorder_domain::money::NANOS_PER_UNIT;
use backorder_proto::{
    allocation::v1::{ListRefundsRequest, ListRefundsResponse, Refund, RefundBasis},
    common::v1::Money,
    convert::encode,
};
use clap::Subcommand;
use jiff::Timestamp;

use super::{order::line_name, pages};
use crate::{
    args::PageArgs,
    client::Session,
    decimal::format_nanos,
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

const REFUNDS: [Column; 6] =
    [Words("refund"), Words("due"), Number("units"), Number("amount"), Words("because"), Words("reason")];

/// What to do with refunds.
#[derive(Debug, Subcommand)]
pub enum RefundCommand {
    /// List refunds, oldest first. Each unit is in one of them, and none ever changes.
    List {
        /// Only of this line, as ORDER/NUMBER.
        #[arg(long, value_name = "LINE")]
        line: Option<String>,
        /// Only those that became due at this instant or later, such as 2026-01-05T09:30:00Z.
        #[arg(long, value_name = "INSTANT")]
        from: Option<Timestamp>,
        /// How many.
        #[command(flatten)]
        page: PageArgs,
    },
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] when an option is wrong or the service refuses.
pub async fn run(command: RefundCommand, session: &Session, output: Output) -> Result<(), Failure> {
    let RefundCommand::List { line, from, page } = command;
    let line = line.as_deref().map(line_name).transpose()?.unwrap_or_default();
    let due_from = from.map(encode::timestamp);
    let found = pages::collect(page.limit, |page_size, page_token| {
        let mut client = session.clients.refunds.clone();
        let line = line.clone();
        async move {
            let request = ListRefundsRequest { page_size, page_token, due_from, line };
            let page = client.list_refunds(request).await?.into_inner();
            Ok((page.refunds, page.next_page_token))
        }
    })
    .await?;
    let answer = ListRefundsResponse { refunds: found, next_page_token: String::new() };
    output.message(&format!("{PACKAGE}.ListRefundsResponse"), &answer, |answer| refunds(&answer.refunds))
}

fn refunds(refunds: &[Refund]) -> String {
    render(
        &REFUNDS,
        refunds.iter().map(|refund| {
            let because = match refund.basis() {
                RefundBasis::Unspecified => "",
                RefundBasis::Cancelled => "cancelled",
                RefundBasis::Returned => "returned",
                RefundBasis::Substituted => "substituted",
            };
            vec![
                text::line(&refund.name),
                text::time(refund.due_time.as_ref()),
                refund.quantity.to_string(),
                refund.amount.as_ref().map_or_else(|| "-".to_owned(), amount),
                because.to_owned(),
                refund.reason_code.clone(),
            ]
        }),
    )
}

fn amount(money: &Money) -> String {
    let nanos = money.units.saturating_mul(NANOS_PER_UNIT).saturating_add(money.nanos.into());
    format!("{} {}", format_nanos(nanos), money.currency_code)
}
