//! `backorder order return`: shipped units come back.

use backorder_proto::allocation::v1::{
    Disposition, LineQuantity, ReturnOrderLinesRequest, ReturnedComponent, ReturnedLine,
};
use clap::{Args, ValueEnum};

use super::{
    order::{PACKAGE, context, line_quantity},
    show,
};
use crate::{
    args::{ReasonArgs, UnitArg},
    client::Session,
    failure::Failure,
    output::{Output, text},
};

/// What comes back.
#[derive(Debug, Args)]
pub struct ReturnArgs {
    /// Lines as ORDER/NUMBER=UNITS, kits as ORDER/NUMBER=KITS.
    #[arg(required = true, value_name = "LINE=UNITS")]
    lines: Vec<String>,
    /// Where they arrive.
    #[arg(long, value_name = "LOCATION")]
    location: String,
    /// What is done with them.
    #[arg(long, value_enum, default_value = "restock")]
    disposition: DispositionArg,
    /// Units of a component of the only kit that comes back with which something else is done, as
    /// ORDER/NUMBER=UNITS:DISPOSITION, and `@LOCATION` behind it where they arrive elsewhere. May be given many times.
    #[arg(long = "component", value_name = "LINE=UNITS:DISPOSITION")]
    components: Vec<String>,
    /// The unit in which the lines count.
    #[command(flatten)]
    unit: UnitArg,
    /// Send the same again: a line or kit that replaces them is added to the order.
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

impl DispositionArg {
    const fn message(self) -> Disposition {
        match self {
            Self::Restock => Disposition::Restock,
            Self::Quarantine => Disposition::Quarantine,
            Self::Scrap => Disposition::Scrap,
        }
    }
}

/// A component of a returned kit, as LINE=UNITS:DISPOSITION, with `@LOCATION` where it arrived elsewhere.
fn component(given: &str) -> Result<ReturnedComponent, Failure> {
    let wrong = || {
        let next = "write LINE=UNITS:DISPOSITION or LINE=UNITS:DISPOSITION@LOCATION";
        Failure::new(format!("{given:?} does not say what is done with a component")).next(next)
    };
    let (line, rest) = given.rsplit_once(':').ok_or_else(wrong)?;
    let (disposition, location) = rest.split_once('@').unwrap_or((rest, ""));
    let disposition = DispositionArg::from_str(disposition, false).map_err(|_| wrong())?;
    let LineQuantity { name, quantity } = line_quantity(line)?;
    let location = if location.is_empty() { String::new() } else { text::named("locations", location) };
    Ok(ReturnedComponent { name, quantity, location, disposition: disposition.message().into() })
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] with what happened and what to do next.
pub async fn run(args: ReturnArgs, session: &Session, output: Output) -> Result<(), Failure> {
    let location = text::named("locations", &args.location);
    let components = args.components.iter().map(|given| component(given)).collect::<Result<Vec<_>, _>>()?;
    if !components.is_empty() && args.lines.len() != 1 {
        return Err(Failure::new("--component is about one kit").next("give one LINE"));
    }
    let returned = |line: &String| -> Result<ReturnedLine, Failure> {
        let LineQuantity { name, quantity } = line_quantity(line)?;
        Ok(ReturnedLine {
            name,
            quantity,
            location: location.clone(),
            disposition: args.disposition.message().into(),
            replace: args.replace,
            batch: args.batch.clone(),
            owner: args.owner.clone(),
            components: components.clone(),
            unit: args.unit.unit.clone(),
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
