//! `backorder order substitute`: another item is sent for what waits.

use backorder_proto::allocation::v1::{
    SubstituteChoice, SubstituteConsent, SubstituteLineRequest, SubstituteLineResponse,
};
use clap::Args;

use super::{
    order::{PACKAGE, context},
    show,
};
use crate::{
    args::ReasonArgs,
    client::Session,
    decimal::format_nanos,
    failure::Failure,
    output::{
        Output,
        table::{Column::Number, Column::Words, render},
        text,
    },
};

/// For which line what is sent.
#[derive(Debug, Args)]
pub struct SubstituteArgs {
    /// The line as ORDER/NUMBER. Its customer must have allowed it, and units of it must wait.
    #[arg(value_name = "LINE")]
    line: String,
    /// The item to send, one of the substitutes of the line's item. Left out, the first of them that fits.
    #[arg(long = "with", default_value = "", value_name = "ITEM")]
    with: String,
    /// For how many of the units that were ordered. Left out, for all that wait and can be exchanged.
    #[arg(long, default_value_t = 0, value_name = "UNITS")]
    units: i64,
    /// Let it wait for stock at the line's place in the queue. Otherwise only what is free is sent.
    #[arg(long)]
    may_wait: bool,
    /// How the customer agreed to the price, for items that are sent only then.
    #[arg(long, default_value = "", value_name = "TEXT")]
    consent: String,
    /// Only show what would happen: what fits and what does not, how many, at what price, on which day.
    #[arg(long)]
    preview: bool,
    /// Why.
    #[command(flatten)]
    why: ReasonArgs,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] with what happened and what to do next.
pub async fn run(args: SubstituteArgs, session: &Session, output: Output) -> Result<(), Failure> {
    let name = text::line_name(&args.line).ok_or_else(|| {
        Failure::new(format!("{:?} is no line", args.line)).next("write ORDER/NUMBER, for example A-17/1")
    })?;
    let substitute = if args.with.is_empty() { String::new() } else { text::named("items", &args.with) };
    let consent = Some(args.consent).filter(|note| !note.is_empty());
    let request = SubstituteLineRequest {
        request_id: session.request_id(),
        name,
        substitute,
        quantity: args.units,
        may_wait: args.may_wait,
        consent: consent.map(|note| SubstituteConsent { consent_time: None, note }),
        validate_only: args.preview,
        context: context(&args.why),
    };
    let answer = session.clients.orders.clone().substitute_line(request).await?.into_inner();
    output.message(&format!("{PACKAGE}.SubstituteLineResponse"), &answer, |answer| shown(answer, args.preview))
}

fn shown(answer: &SubstituteLineResponse, is_preview: bool) -> String {
    if is_preview {
        let Some(substitute) = &answer.substitute else {
            return format!("{}\nnothing fits", choices(&answer.choices));
        };
        let day = text::zoned_date(substitute.current_promised_date.as_ref());
        let item = text::id(&substitute.item);
        return format!("{}\nwould send {} of {item}, leaving on {day}", choices(&answer.choices), substitute.ordered);
    }
    let lines = answer.line.iter().chain(&answer.substitute);
    format!("{}\n{}", show::order_lines(lines), choices(answer.exchanged.as_slice()))
}

fn choices(choices: &[SubstituteChoice]) -> String {
    let columns = [
        Words("substitute"),
        Number("units"),
        Number("for"),
        Number("free"),
        Number("price"),
        Number("given back"),
        Words("why not"),
    ];
    let money = |money: Option<&backorder_proto::common::v1::Money>| {
        money.map_or_else(String::new, |money| {
            let nanos = money.units.saturating_mul(backorder_domain::money::NANOS_PER_UNIT) + i64::from(money.nanos);
            format!("{} {}", format_nanos(nanos), money.currency_code)
        })
    };
    render(
        &columns,
        choices.iter().map(|choice| {
            vec![
                text::id(&choice.item).to_owned(),
                choice.substitute_quantity.to_string(),
                choice.original_quantity.to_string(),
                choice.free.to_string(),
                money(choice.unit_price.as_ref()),
                money(choice.refund.as_ref()),
                choice.why_not.clone(),
            ]
        }),
    )
}
