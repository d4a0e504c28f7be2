//! `backorder order ship`: reserved units leave as a shipment.

use backorder_proto::{
    allocation::v1::{LineQuantity, PickedLine, ShipOrderLinesRequest, ShipmentDetails},
    common::v1::Money,
};
use clap::Args;
use jiff::Timestamp;

use super::{
    order::{PACKAGE, context, line_name, line_quantity},
    show,
};
use crate::{
    args::ReasonArgs,
    client::{Session, requests},
    decimal::parse_nanos,
    failure::Failure,
    output::{Output, text},
    picked,
};

/// What ships.
#[derive(Debug, Args)]
pub struct ShipArgs {
    /// Lines as ORDER/NUMBER or ORDER/NUMBER=UNITS. Without units all that is reserved or handed over ships.
    #[arg(required = true, value_name = "LINE[=UNITS]")]
    lines: Vec<String>,
    /// Of which batch or owner units of a line are, as ORDER/NUMBER/BATCH=UNITS, ORDER/NUMBER/@OWNER=UNITS or
    /// ORDER/NUMBER/BATCH@OWNER=UNITS. Left out, what expires first goes first.
    #[arg(long, value_name = "LINE/BATCH=UNITS")]
    picked: Vec<String>,
    /// The carrier's or warehouse's reference.
    #[arg(long, default_value = "", value_name = "TEXT")]
    reference: String,
    /// The carrier.
    #[arg(long, default_value = "", value_name = "TEXT")]
    carrier: String,
    /// The carrier's service, for example "next day".
    #[arg(long, default_value = "", value_name = "TEXT")]
    service: String,
    /// The tracking number.
    #[arg(long, default_value = "", value_name = "TEXT")]
    tracking: String,
    /// What the freight costs, with its currency, for example 12.50GBP.
    #[arg(long, value_name = "AMOUNT")]
    freight: Option<String>,
    /// The freight was made faster than usual, at a price.
    #[arg(long)]
    expedited: bool,
    /// When the goods left, an instant such as 2026-01-05T09:30:00Z. Left out, now.
    #[arg(long, value_name = "INSTANT")]
    at: Option<Timestamp>,
    /// Why.
    #[command(flatten)]
    why: ReasonArgs,
}

/// Ships the lines.
///
/// # Errors
/// [`Failure`] when an option is wrong or the service refuses.
pub(super) async fn run(args: ShipArgs, session: &Session, output: Output) -> Result<(), Failure> {
    let lines: Result<Vec<LineQuantity>, Failure> = args.lines.iter().map(|line| line_quantity(line)).collect();
    let picked: Result<Vec<PickedLine>, Failure> = args.picked.iter().map(|picked| picked_line(picked)).collect();
    let request = ShipOrderLinesRequest {
        request_id: session.request_id(),
        lines: lines?,
        picked: picked?,
        ship_time: args.at.map(backorder_proto::convert::encode::timestamp),
        reference: args.reference,
        context: context(&args.why),
        details: Some(ShipmentDetails {
            freight_cost: args.freight.as_deref().map(freight).transpose()?,
            carrier: args.carrier,
            service: args.service,
            tracking_number: args.tracking,
            expedited: args.expedited,
        }),
    };
    let answer = session.clients.orders.clone().ship_order_lines(request).await?.into_inner();
    output.message(&format!("{PACKAGE}.ShipOrderLinesResponse"), &answer, |answer| {
        format!("shipment {}\n{}", text::id(&answer.shipment), show::order_lines(&answer.lines))
    })
}

fn picked_line(text: &str) -> Result<PickedLine, Failure> {
    let wrong = || {
        Failure::new(format!("{text:?} does not say of what units of a line are"))
            .next("write ORDER/NUMBER/BATCH=UNITS, for example A-17/3/L-204=5")
    };
    let mut parts = text.splitn(3, '/');
    let (order, number, what) = (parts.next(), parts.next(), parts.next());
    let (order, number) = order.zip(number).ok_or_else(wrong)?;
    let units = what.and_then(picked::parse).ok_or_else(wrong)?;
    Ok(PickedLine { name: line_name(&format!("{order}/{number}"))?, location: String::new(), units: Some(units) })
}

/// An amount with its currency, as in `12.50GBP`.
fn freight(amount: &str) -> Result<Money, Failure> {
    let split = amount.len().saturating_sub(3);
    let parts = amount.split_at_checked(split).filter(|(_, code)| code.chars().all(|c| c.is_ascii_uppercase()));
    let (number, code) = parts.filter(|(number, code)| !number.is_empty() && code.len() == 3).ok_or_else(|| {
        Failure::new(format!("{amount:?} is no amount with a currency")).next("write it like 12.50GBP")
    })?;
    Ok(requests::money(code, parse_nanos(number)?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[test]
    fn picked_units_name_their_line() {
        let line = picked_line("A-17/3/L-204@acme=5").unwrap();
        let units = line.units.unwrap();
        assert_eq!(
            (&*line.name, &*units.batch, &*units.owner, units.quantity),
            ("orders/A-17/lines/3", "L-204", "acme", 5)
        );
        for wrong in ["A-17/3=5", "A-17/3/red", "A-17", "A-17/x/red=5"] {
            assert!(picked_line(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn freight_has_a_currency() {
        let money = freight("12.50GBP").unwrap();
        assert_eq!((money.currency_code.as_str(), money.units, money.nanos), ("GBP", 12, 500_000_000));
        for wrong in ["", "GBP", "12.50", "12.50gbp", "xGBP", "1€€"] {
            assert!(freight(wrong).is_err(), "{wrong}");
        }
    }
}
