//! `backorder order return`: shipped units come back.

use backorder_proto::allocation::v1::{Disposition, LineQuantity, ReturnOrderLinesRequest, ReturnedLine};
use clap::{Args, ValueEnum};

use super::{
    order::{PACKAGE, context, line_quantity},
    show,
};
use crate::{
    args::ReasonArgs,
    client::Session,
    failure::Failure,
    output::{Output, text},
};

/// What comes back.
#[derive(Debug, Args)]
pub struct ReturnArgs {
    /// Lines as ORDER/NUMBER=UNITS.
    #[arg(required = true, value_name = "LINE=UNITS")]
    lines: Vec<String>,
    /// Where they arrive.
    #[arg(long, value_name = "LOCATION")]
    location: String,
    /// What is done with them.
    #[arg(long, value_enum, default_value = "restock")]
    disposition: DispositionArg,
    /// Send the same again: a line that replaces them is added to the order.
    #[arg(long)]
    replace: bool,
    /// The batch of the units. Left out with the owner: that of what left for the line, where all was of one.
    #[arg(long, default_value = "", value_name = "BATCH")]
    batch: String,
    /// The owner of the units, as they left.
    #[arg(long, default_value = "", value_name = "OWNER")]
    owner: String,
    /// Why.
    #[command(flatten)]
    why: ReasonArgs,
}

/// What is done with units that came back.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum DispositionArg {
    /// They become free.
    Restock,
    /// They wait for a quality decision.
    Quarantine,
    /// They are damaged and stay so.
    Scrap,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] with what happened and what to do next.
pub async fn run(args: ReturnArgs, session: &Session, output: Output) -> Result<(), Failure> {
    let disposition = match args.disposition {
        DispositionArg::Restock => Disposition::Restock,
        DispositionArg::Quarantine => Disposition::Quarantine,
        DispositionArg::Scrap => Disposition::Scrap,
    };
    let location = text::named("locations", &args.location);
    let returned = |line: &String| -> Result<ReturnedLine, Failure> {
        let LineQuantity { name, quantity } = line_quantity(line)?;
        Ok(ReturnedLine {
            name,
            quantity,
            location: location.clone(),
            disposition: disposition.into(),
            replace: args.replace,
            batch: args.batch.clone(),
            owner: args.owner.clone(),
        })
    };
    let lines: Result<Vec<ReturnedLine>, Failure> = args.lines.iter().map(returned).collect();
    let request = ReturnOrderLinesRequest {
        request_id: session.request_id(),
        lines: lines?,
        return_time: None,
        context: context(&args.why),
    };
    let answer = session.clients.orders.clone().return_order_lines(request).await?.into_inner();
    output.message(&format!("{PACKAGE}.ReturnOrderLinesResponse"), &answer, |answer| {
        let lines: Vec<_> = answer.lines.iter().chain(&answer.replacements).cloned().collect();
        show::order_lines(&lines)
    })
}
