//! `backorder report`: how well demand was served, and what shortage cost, each figure with what it is.

mod cost;
mod figures;
mod review;

use backorder_proto::{
    allocation::v1::{FigureBasis, FigureGrouping, FigureName, FigureScope},
    convert::encode,
};
use clap::{Args, ValueEnum};
use jiff::{Timestamp, civil::Date};
use prost_types::Timestamp as WireTime;

use crate::{
    args::PageArgs,
    client::{Session, requests},
    failure::Failure,
    output::{Output, text},
};

const PACKAGE: &str = "backorder.allocation.v1";

/// Groups in one call at most, as the service has it.
const GROUPS_PER_CALL: i32 = 200;

/// Which figures of which lines.
#[derive(Debug, Args)]
#[command(after_help = "\
The cohort is the lines whose requested day is from --from to --to. Each row names what is counted (lines, orders, units, \
value, margin), from which day it counts and in what it is measured; `-` means not measured, and says why. A kit counts \
once, refused demand stays in the whole, future demand and preorders are in no figure, and a backorder that ships later \
changes no fill rate.

Examples:
  backorder report --from 2026-03-01 --to 2026-03-31
  backorder report --from 2026-03-01 --by tier --figure fill-rate --figure customer-wait
  backorder report --as-of 2026-04-01T00:00:00Z --by month
  backorder report --cost --by item --assume lost_share=70% --lines 20
  backorder report close 2026-03 --by tier
  backorder report restatements 2026-03
  backorder report target gold-fill --figure fill-rate --at-least 0.95 --tier GOLD")]
#[command(args_conflicts_with_subcommands = true)]
pub struct ReportArgs {
    /// What is kept of figures: closed months and targets. Left out, figures are counted.
    #[command(subcommand)]
    review: Option<review::ReviewCommand>,
    /// Only lines wanted on this day or later, YYYY-MM-DD.
    #[arg(long, value_name = "DATE")]
    from: Option<Date>,
    /// Only lines wanted on this day or before, YYYY-MM-DD.
    #[arg(long, value_name = "DATE")]
    to: Option<Date>,
    /// See everything as it was known at this instant, such as 2026-04-01T00:00:00Z. Left out, now.
    #[arg(long, value_name = "INSTANT")]
    as_of: Option<Timestamp>,
    /// Count each group apart, too.
    #[arg(long, value_enum, value_name = "GROUPING")]
    by: Option<GroupingArg>,
    /// Which of these lines.
    #[command(flatten)]
    lines_of: LinesArgs,
    /// Only this figure; may be repeated. Left out, all of the whole, and of groups the main ones.
    #[arg(long = "figure", value_enum, value_name = "FIGURE", conflicts_with = "cost")]
    figures: Vec<FigureArg>,
    /// A delivery so many days before the requested day is on time. Left out, on any earlier day.
    #[arg(long, value_name = "DAYS", conflicts_with = "cost")]
    days_early: Option<i32>,
    /// A delivery so many days after the requested day is on time.
    #[arg(long, default_value_t = 0, value_name = "DAYS", conflicts_with = "cost")]
    days_late: i32,
    /// Orders are old after so many days.
    #[arg(long, default_value_t = 30, value_name = "DAYS", conflicts_with = "cost")]
    old_days: i32,
    /// Show what shortage cost instead, by cause.
    #[arg(long)]
    cost: bool,
    /// Assume this value, for example lost_share=70% or shipment_cost=4.80; may be repeated.
    #[arg(long = "assume", value_name = "NAME=VALUE", requires = "cost")]
    assume: Vec<String>,
    /// How many of the dearest lines to show, at most 1,000.
    #[arg(long, default_value_t = 10, value_name = "LINES", requires = "cost")]
    lines: i32,
    /// How many groups.
    #[command(flatten)]
    page: PageArgs,
}

/// Of what lines are, all of it together.
#[derive(Debug, Args)]
struct LinesArgs {
    /// Only lines of this item; of a kit, the kit.
    #[arg(long, value_name = "ITEM")]
    item: Option<String>,
    /// Only lines whose item is of this category now.
    #[arg(long, default_value = "", value_name = "TEXT")]
    category: String,
    /// Only orders of this sales channel.
    #[arg(long, default_value = "", value_name = "TEXT")]
    channel: String,
    /// Only orders of customers of this tier.
    #[arg(long, default_value = "", value_name = "TEXT")]
    tier: String,
    /// Only orders of this customer.
    #[arg(long, default_value = "", value_name = "TEXT")]
    customer: String,
    /// Only lines that left this location first, or that only it may serve.
    #[arg(long, value_name = "LOCATION")]
    location: Option<String>,
}

impl LinesArgs {
    /// The scope without days and without a time.
    fn scope(&self) -> FigureScope {
        let named =
            |collection: &str, id: Option<&String>| id.map(|id| text::named(collection, id)).unwrap_or_default();
        FigureScope {
            item: named("items", self.item.as_ref()),
            category: self.category.clone(),
            channel: self.channel.clone(),
            customer_tier: self.tier.clone(),
            customer: self.customer.clone(),
            location: named("locations", self.location.as_ref()),
            ..FigureScope::default()
        }
    }
}

/// By what lines are grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum GroupingArg {
    /// By item.
    Item,
    /// By the category of the item.
    Category,
    /// By sales channel.
    Channel,
    /// By customer tier.
    Tier,
    /// By location.
    Location,
    /// By the month of the requested day.
    Month,
}

impl GroupingArg {
    const fn on_wire(self) -> FigureGrouping {
        match self {
            Self::Item => FigureGrouping::Item,
            Self::Category => FigureGrouping::Category,
            Self::Channel => FigureGrouping::Channel,
            Self::Tier => FigureGrouping::CustomerTier,
            Self::Location => FigureGrouping::Location,
            Self::Month => FigureGrouping::Month,
        }
    }
}

/// A figure by its name on the wire, in small letters with dashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FigureArg {
    figure: FigureName,
    name: &'static str,
}

impl ValueEnum for FigureArg {
    fn value_variants<'a>() -> &'a [Self] {
        &ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.name))
    }
}

const fn named(figure: FigureName, name: &'static str) -> FigureArg {
    FigureArg { figure, name }
}

const ALL: [FigureArg; 26] = [
    named(FigureName::BackorderRate, "backorder-rate"),
    named(FigureName::FillRate, "fill-rate"),
    named(FigureName::RefusedRate, "refused-rate"),
    named(FigureName::FirstTimeFill, "first-time-fill"),
    named(FigureName::SecondaryFill, "secondary-fill"),
    named(FigureName::OnTimeInFull, "on-time-in-full"),
    named(FigureName::PerfectOrder, "perfect-order"),
    named(FigureName::InFull, "in-full"),
    named(FigureName::OnCommitDate, "on-commit-date"),
    named(FigureName::DocumentsCorrect, "documents-correct"),
    named(FigureName::PerfectCondition, "perfect-condition"),
    named(FigureName::OrderCycleTime, "order-cycle-time"),
    named(FigureName::CustomerWait, "customer-wait"),
    named(FigureName::BackorderWait, "backorder-wait"),
    named(FigureName::ReceiptWait, "receipt-wait"),
    named(FigureName::BackorderReceiptWait, "backorder-receipt-wait"),
    named(FigureName::AgeingSinceOrder, "ageing-since-order"),
    named(FigureName::AgeingPastPromise, "ageing-past-promise"),
    named(FigureName::BackorderUnitDays, "backorder-unit-days"),
    named(FigureName::OldOrders, "old-orders"),
    named(FigureName::PromiseSlip, "promise-slip"),
    named(FigureName::PromiseRevisions, "promise-revisions"),
    named(FigureName::NeverRevised, "never-revised"),
    named(FigureName::PromiseCalibration, "promise-calibration"),
    named(FigureName::CancelRate, "cancel-rate"),
    named(FigureName::RecoveredRevenue, "recovered-revenue"),
];

/// Runs the command.
///
/// # Errors
/// [`Failure`] when an option is wrong or the service refuses.
pub async fn run(args: &ReportArgs, session: &Session, output: Output) -> Result<(), Failure> {
    if let Some(command) = &args.review {
        return review::run(command, session, output).await;
    }
    if args.cost { cost::run(args, session, output).await } else { figures::run(args, session, output).await }
}

impl ReportArgs {
    fn scope(&self, as_of: Option<WireTime>) -> FigureScope {
        FigureScope {
            from_date: self.from.map(requests::date),
            until_date: self.to.map(requests::date),
            as_of: as_of.or_else(|| self.as_of.map(encode::timestamp)),
            ..self.lines_of.scope()
        }
    }

    fn group_by(&self) -> i32 {
        self.by.map_or(FigureGrouping::Unspecified, GroupingArg::on_wire).into()
    }

    /// How many of the groups are still wanted after so many.
    fn groups_wanted(&self, found: usize) -> i32 {
        let left = if self.page.limit == 0 { usize::MAX } else { self.page.limit.saturating_sub(found) };
        i32::try_from(left).unwrap_or(i32::MAX).min(GROUPS_PER_CALL)
    }

    const fn has_enough(&self, found: usize) -> bool {
        self.page.limit > 0 && found >= self.page.limit
    }
}

/// What all figures of an answer are counted from.
fn basis(basis: Option<&FigureBasis>) -> String {
    let of = basis.cloned().unwrap_or_default();
    let day = |date: Option<&backorder_proto::common::v1::Date>, open: &str| {
        date.map_or_else(|| open.to_owned(), |date| text::date(Some(date)))
    };
    format!(
        "lines wanted from {} to {}, as known at {}",
        day(of.from_date.as_ref(), "the first"),
        day(of.until_date.as_ref(), "the last"),
        text::time(of.as_of.as_ref())
    )
}

/// The name of a value of the contract in words.
fn words(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).to_lowercase().replace('_', " ")
}

/// A group's key as people read it.
fn key(key: &str) -> &str {
    if key.is_empty() { "(none)" } else { text::id(key) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_of_the_contract_can_be_asked_for_by_its_name() {
        let known = (1..=FigureName::RecoveredRevenue.into()).map(FigureName::try_from);
        assert_eq!(known.collect::<Result<Vec<_>, _>>().ok(), Some(ALL.iter().map(|known| known.figure).collect()));
        for FigureArg { figure, name } in ALL {
            assert_eq!(words(figure.as_str_name(), "FIGURE_NAME_").replace(' ', "-"), name);
        }
    }
}
