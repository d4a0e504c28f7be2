//! `backorder exceptions limits`: how long what nobody answers or ends may stand before the planner's list names it.

use backorder_proto::allocation::v1::{ExceptionLimits, GetExceptionLimitsRequest, UpdateExceptionLimitsRequest};
use clap::Args;

use super::order::context;
use crate::{args::ReasonArgs, client::Session, failure::Failure, output::Output};

/// What to change; without any of them the limits are shown.
#[derive(Debug, Args)]
pub struct LimitsArgs {
    /// Days for which a hold on a line or a customer may stand.
    #[arg(long, value_name = "DAYS")]
    hold_days: Option<i32>,
    /// Hours in which the warehouse is to answer a recall.
    #[arg(long, value_name = "HOURS")]
    recall_hours: Option<i32>,
    /// Days for which it is news that a supplier declined to ship itself.
    #[arg(long, value_name = "DAYS")]
    drop_ship_declined_days: Option<i32>,
    /// Days in which a supplier is to ship what it confirmed without naming a day.
    #[arg(long, value_name = "DAYS")]
    drop_ship_unshipped_days: Option<i32>,
    /// Why.
    #[command(flatten)]
    why: ReasonArgs,
}

/// Shows or sets the limits.
///
/// # Errors
/// [`Failure`] when the service refuses.
pub async fn limits(args: &LimitsArgs, session: &Session, output: Output) -> Result<(), Failure> {
    let wanted = ExceptionLimits {
        hold_days: args.hold_days,
        recall_hours: args.recall_hours,
        drop_ship_declined_days: args.drop_ship_declined_days,
        drop_ship_unshipped_days: args.drop_ship_unshipped_days,
        etag: String::new(),
    };
    let mut exceptions = session.clients.exceptions.clone();
    let limits = if wanted == ExceptionLimits::default() {
        exceptions.get_exception_limits(GetExceptionLimitsRequest {}).await?.into_inner()
    } else {
        let (request_id, context) = (session.request_id(), context(&args.why));
        let request = UpdateExceptionLimitsRequest { request_id, limits: Some(wanted), context };
        exceptions.update_exception_limits(request).await?.into_inner()
    };
    output.message("backorder.allocation.v1.ExceptionLimits", &limits, |limits| {
        format!(
            "the list names a hold after {} days, a recall without an answer after {} hours, what a supplier declined \
             for {} days,\nand what a supplier confirmed and did not ship after {} days",
            limits.hold_days(),
            limits.recall_hours(),
            limits.drop_ship_declined_days(),
            limits.drop_ship_unshipped_days()
        )
    })
}
