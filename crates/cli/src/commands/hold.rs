//! `backorder hold`: what keeps orders from moving.

use backorder_proto::allocation::v1::{
    ClearHoldsRequest, Hold, HoldType, ListHoldsRequest, ListHoldsResponse, SetHoldsRequest,
};
use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;

use super::{order::context, pages};
use crate::{
    args::{PageArgs, ReasonArgs},
    client::Session,
    failure::Failure,
    output::{
        Output,
        table::{
            Column::{self, Words},
            render,
        },
        text,
    },
};

const PACKAGE: &str = "backorder.allocation.v1";

const HOLDS: [Column; 7] =
    [Words("on"), Words("hold"), Words("blocks"), Words("by"), Words("reason"), Words("since"), Words("until")];

/// What to do about holds.
#[derive(Debug, Subcommand)]
pub enum HoldCommand {
    /// Put orders, lines or customers on hold. They keep their place in the queue and what is reserved for them; no unit
    /// is handed to the warehouse and, where the hold blocks allocation, no stock is taken. A customer's hold covers
    /// later orders too.
    Set {
        /// What is held.
        #[command(flatten)]
        targets: TargetArgs,
        /// What kind of hold it is. Credit, payment and fraud block allocation, the others only release.
        #[arg(long = "type", value_enum, default_value_t = TypeArg::Manual)]
        hold_type: TypeArg,
        /// Block allocation, whatever is usual for the type.
        #[arg(long, conflicts_with = "release_only")]
        block_allocation: bool,
        /// Block only release, whatever is usual for the type.
        #[arg(long)]
        release_only: bool,
        /// When it ends by itself, for example 2026-12-01T09:00:00Z.
        #[arg(long, value_name = "TIME")]
        until: Option<Timestamp>,
        /// Why.
        #[command(flatten)]
        why: ReasonArgs,
    },
    /// Clear holds. What waited behind them is served in its place from what is free.
    Clear {
        /// What is held no longer.
        #[command(flatten)]
        targets: TargetArgs,
        /// Only holds of this type; may be repeated. Without it all.
        #[arg(long = "type", value_enum)]
        types: Vec<TypeArg>,
        /// Why.
        #[command(flatten)]
        why: ReasonArgs,
    },
    /// List holds: first those on customers, then those on lines.
    List {
        /// Only those on this order or line (A-17/3).
        #[arg(value_name = "ORDER|LINE", conflicts_with = "customer")]
        target: Option<String>,
        /// Only those on this customer.
        #[arg(long, value_name = "TEXT")]
        customer: Option<String>,
        /// Only holds of this type.
        #[arg(long = "type", value_enum)]
        hold_type: Option<TypeArg>,
        /// How many.
        #[command(flatten)]
        page: PageArgs,
    },
}

/// What holds are on.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub struct TargetArgs {
    /// Orders as A-17, lines as A-17/3.
    #[arg(value_name = "ORDER|LINE")]
    targets: Vec<String>,
    /// Customers; may be repeated.
    #[arg(long = "customer", value_name = "TEXT")]
    customers: Vec<String>,
}

impl TargetArgs {
    fn names(&self) -> Vec<String> {
        let targets = self.targets.iter().map(|target| target_name(target));
        targets.chain(self.customers.iter().map(|customer| text::named("customers", customer))).collect()
    }
}

/// What kind of hold it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TypeArg {
    /// The customer's credit.
    Credit,
    /// The payment.
    Payment,
    /// Suspicion of fraud.
    Fraud,
    /// Export control.
    Export,
    /// The address.
    Address,
    /// A person's decision.
    Manual,
}

impl TypeArg {
    /// The same on the wire.
    pub(super) const fn hold_type(self) -> HoldType {
        match self {
            Self::Credit => HoldType::Credit,
            Self::Payment => HoldType::Payment,
            Self::Fraud => HoldType::Fraud,
            Self::Export => HoldType::Export,
            Self::Address => HoldType::Address,
            Self::Manual => HoldType::Manual,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] when the service refuses.
pub async fn run(command: HoldCommand, session: &Session, output: Output) -> Result<(), Failure> {
    let mut client = session.clients.holds.clone();
    match command {
        HoldCommand::Set { targets, hold_type, block_allocation, release_only, until, why } => {
            let until = until
                .map(|until| prost_types::Timestamp { seconds: until.as_second(), nanos: until.subsec_nanosecond() });
            let request = SetHoldsRequest {
                request_id: session.request_id(),
                targets: targets.names(),
                r#type: hold_type.hold_type().into(),
                blocks_allocation: (block_allocation || release_only).then_some(block_allocation),
                until_time: until,
                context: context(&why),
            };
            let answer = client.set_holds(request).await?.into_inner();
            output.message(&format!("{PACKAGE}.SetHoldsResponse"), &answer, |answer| holds(&answer.holds))
        }
        HoldCommand::Clear { targets, types, why } => {
            let request = ClearHoldsRequest {
                request_id: session.request_id(),
                targets: targets.names(),
                types: types.into_iter().map(|one| one.hold_type().into()).collect(),
                context: context(&why),
            };
            let answer = client.clear_holds(request).await?.into_inner();
            output.message(&format!("{PACKAGE}.ClearHoldsResponse"), &answer, |answer| {
                match answer.cleared.as_slice() {
                    [] => "no such hold was there".to_owned(),
                    cleared => holds(cleared),
                }
            })
        }
        HoldCommand::List { target, customer, hold_type, page } => {
            let target = match (target, customer) {
                (Some(target), _) => target_name(&target),
                (None, Some(customer)) => text::named("customers", &customer),
                (None, None) => String::new(),
            };
            list(target, hold_type, &page, session, output).await
        }
    }
}

async fn list(
    target: String,
    hold_type: Option<TypeArg>,
    page: &PageArgs,
    session: &Session,
    output: Output,
) -> Result<(), Failure> {
    let r#type = hold_type.map(TypeArg::hold_type).unwrap_or_default().into();
    let found = pages::collect(page.limit, |page_size, page_token| {
        let mut client = session.clients.holds.clone();
        let request = ListHoldsRequest { page_size, page_token, target: target.clone(), r#type };
        async move {
            let page = client.list_holds(request).await?.into_inner();
            Ok((page.holds, page.next_page_token))
        }
    })
    .await?;
    let answer = ListHoldsResponse { holds: found, next_page_token: String::new() };
    output.message(&format!("{PACKAGE}.ListHoldsResponse"), &answer, |answer| holds(&answer.holds))
}

/// The name of an order or a line.
fn target_name(target: &str) -> String {
    text::line_name(target).unwrap_or_else(|| text::named("orders", target))
}

/// The word for a type.
pub(super) fn type_word(hold_type: HoldType) -> String {
    hold_type.as_str_name().trim_start_matches("HOLD_TYPE_").to_lowercase()
}

fn holds(holds: &[Hold]) -> String {
    render(
        &HOLDS,
        holds.iter().map(|hold| {
            let context = hold.context.clone().unwrap_or_default();
            vec![
                text::line(&hold.target),
                type_word(hold.r#type()),
                if hold.blocks_allocation { "allocation" } else { "release" }.to_owned(),
                context.actor,
                context.reason_code,
                text::time(hold.set_time.as_ref()),
                text::time(hold.until_time.as_ref()),
            ]
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_and_lines_are_named_short() {
        assert_eq!(target_name("A-17"), "orders/A-17");
        assert_eq!(target_name("A-17/3"), "orders/A-17/lines/3");
    }
}
