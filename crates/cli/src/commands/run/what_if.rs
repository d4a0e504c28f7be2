//! What changes would do: the changes as options, and the answer for people.

use backorder_proto::{
    allocation::v1::{
        ExtraSupply, RunConfirmation, SupplyMoved, TierChanged, WhatIfChange, WhatIfEffect, WhatIfRequest,
        WhatIfResponse, what_if_change::Change,
    },
    convert::encode,
};
use clap::Args;
use jiff::civil::Date;

use super::{RuleArgs, show};
use crate::{
    failure::Failure,
    output::{
        table::{
            Column::{Number, Words},
            render,
        },
        text,
    },
};

/// What happens.
#[derive(Debug, Args)]
pub struct WhatIfArgs {
    /// A supply comes so many days later, for example PO-7=9, or with -2 earlier; may be repeated.
    #[arg(long = "late", value_name = "SUPPLY=DAYS", allow_hyphen_values = true)]
    late: Vec<String>,
    /// An order is cancelled; may be repeated.
    #[arg(long = "cancel", value_name = "ORDER")]
    cancelled: Vec<String>,
    /// A customer has another tier; may be repeated.
    #[arg(long = "tier", value_name = "CUSTOMER=TIER")]
    tiers: Vec<String>,
    /// More comes than is expected, today or on a day; may be repeated.
    #[arg(long = "extra", value_name = "ITEM@LOCATION=UNITS[:DAY]")]
    extra: Vec<String>,
    /// The rules.
    #[command(flatten)]
    rules: RuleArgs,
}

impl WhatIfArgs {
    /// The request.
    ///
    /// # Errors
    /// [`Failure`] for a change that cannot be read, or when there is none.
    pub fn request(&self) -> Result<WhatIfRequest, Failure> {
        let late = self.late.iter().map(|text| late(text));
        let cancelled = self.cancelled.iter().map(|order| Ok(Change::OrderCancelled(text::named("orders", order))));
        let tiers = self.tiers.iter().map(|text| tier(text));
        let extra = self.extra.iter().map(|text| extra(text));
        let changes: Vec<WhatIfChange> = late
            .chain(cancelled)
            .chain(tiers)
            .chain(extra)
            .map(|change| change.map(|change| WhatIfChange { change: Some(change) }))
            .collect::<Result<_, Failure>>()?;
        if changes.is_empty() {
            return Err(Failure::new("no change is named").next("see `backorder run whatif --help`"));
        }
        Ok(WhatIfRequest { changes, rules: Some(self.rules.message()?) })
    }
}

fn unreadable(text: &str, form: &str) -> Failure {
    Failure::new(format!("{text:?} cannot be read")).next(format!("give it as {form}"))
}

fn late(text: &str) -> Result<Change, Failure> {
    let parts = text.rsplit_once('=').and_then(|(supply, days)| Some((supply, days.parse().ok()?)));
    let (supply, days_late) = parts.ok_or_else(|| unreadable(text, "SUPPLY=DAYS, for example PO-7=9"))?;
    Ok(Change::SupplyMoved(SupplyMoved { supply: text::named("supplies", supply), days_late }))
}

fn tier(text: &str) -> Result<Change, Failure> {
    let (customer, tier) = text.rsplit_once('=').ok_or_else(|| unreadable(text, "CUSTOMER=TIER"))?;
    Ok(Change::TierChanged(TierChanged { customer: customer.to_owned(), tier: tier.to_owned() }))
}

fn extra(text: &str) -> Result<Change, Failure> {
    read_extra(text).map(Change::ExtraSupply).ok_or_else(|| {
        unreadable(text, "ITEM@LOCATION=UNITS or ITEM@LOCATION=UNITS:DAY, for example 85123A@main=40:2026-12-01")
    })
}

fn read_extra(text: &str) -> Option<ExtraSupply> {
    let (place, what) = text.rsplit_once('=')?;
    let (item, location) = place.rsplit_once('@')?;
    let (units, day) = match what.split_once(':') {
        Some((units, day)) => (units, Some(day.parse::<Date>().ok()?)),
        None => (what, None),
    };
    Some(ExtraSupply {
        item: text::named("items", item),
        location: text::named("locations", location),
        quantity: units.parse().ok()?,
        expected_date: day.map(encode::date),
    })
}

/// The answer for people.
pub(super) fn people(answer: &WhatIfResponse) -> String {
    let columns = [
        Words("line"),
        Words("item"),
        Words("customer"),
        Words("tier"),
        Words("effect"),
        Words("promised"),
        Words("without"),
        Words("with"),
        Number("units"),
        Number("days"),
    ];
    let rows = answer.lines.iter().map(|line| {
        vec![
            show::part(&line.line, line.part),
            text::id(&line.item).to_owned(),
            line.customer.clone(),
            line.customer_tier.clone(),
            effect(line.effect()).to_owned(),
            text::date(line.promised_date.as_ref()),
            confirmations(&line.without),
            confirmations(&line.with),
            format!("{:+}", line.quantity_change),
            line.days_change.map_or_else(|| "-".to_owned(), |days| format!("{days:+}")),
        ]
    });
    let mut parts = Vec::new();
    if !answer.lines.is_empty() {
        parts.push(render(&columns, rows));
    }
    for exception in &answer.exceptions {
        parts.push(show::exception(exception));
    }
    let items: Vec<&str> = answer.items.iter().map(|item| text::id(item)).collect();
    parts.push(format!(
        "of {} lines of {}: {} promises break, {} lines are worse, {} better; {} units fewer, {} more",
        answer.lines_decided,
        if items.len() > 5 { format!("{} items", items.len()) } else { items.join(", ") },
        answer.promises_broken,
        answer.lines_worsened,
        answer.lines_improved,
        answer.units_lost,
        answer.units_gained
    ));
    let told = i64::try_from(answer.lines.len()).unwrap_or(i64::MAX);
    if answer.lines_total > told {
        parts.push(format!("{told} of {} lines that differ are shown, the worst first", answer.lines_total));
    }
    parts.join("\n")
}

fn confirmations(parts: &[RunConfirmation]) -> String {
    show::confirmations(parts)
}

const fn effect(effect: WhatIfEffect) -> &'static str {
    match effect {
        WhatIfEffect::Unspecified => "-",
        WhatIfEffect::PromiseBreaks => "promise breaks",
        WhatIfEffect::Worsens => "worse",
        WhatIfEffect::Improves => "better",
        WhatIfEffect::Cancelled => "cancelled",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[test]
    fn changes_are_read_from_their_options() {
        let moved = SupplyMoved { supply: "supplies/PO=7".to_owned(), days_late: -2 };
        assert_eq!(late("PO=7=-2").unwrap(), Change::SupplyMoved(moved));
        let more = read_extra("85123A@main=40:2026-12-01").unwrap();
        assert_eq!((more.item.as_str(), more.location.as_str(), more.quantity), ("items/85123A", "locations/main", 40));
        assert_eq!(more.expected_date.unwrap().day, 1);
        assert!(read_extra("85123A@main=x").is_none() && read_extra("85123A=4").is_none() && late("PO").is_err());
    }
}
