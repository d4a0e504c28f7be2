//! `backorder order`: place, inquire, quote, confirm, get, list, amend, cancel, consent, ship, return, substitute.

use backorder_proto::allocation::v1::{
    AmendOrderLineRequest, CancelOrderLinesRequest, ConfirmQuoteRequest, ConsentToShortShipmentRequest,
    GetOrderRequest, HoldDraft, InquireOrderRequest, LineQuantity, ListOrdersRequest, ListOrdersResponse, OrderDraft,
    OrderLineDraft, OrderState, PlaceOrderRequest, QuoteOrderRequest,
};
use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;

use super::{
    hold::TypeArg,
    pages,
    ship::{self, ShipArgs},
    show,
};
use crate::{
    args::{PageArgs, ReasonArgs, UnitArg},
    client::{Session, requests},
    decimal::parse_nanos,
    failure::Failure,
    import::orders::SHORTAGE,
    output::{Output, text},
};

pub(super) const PACKAGE: &str = "backorder.allocation.v1";

/// What to do with orders.
#[derive(Debug, Subcommand)]
pub enum OrderCommand {
    /// Place an order: what is there is reserved, the rest waits where policy allows it.
    Place(DraftArgs),
    /// Ask what placing the order would answer now, and keep nothing.
    Inquire(DraftArgs),
    /// Place the order as a quote: stock is reserved for a time.
    Quote {
        /// The order.
        #[command(flatten)]
        draft: DraftArgs,
        /// How long the stock stays reserved, in seconds.
        #[arg(long, default_value_t = 3_600, value_name = "SECONDS")]
        seconds: i64,
    },
    /// Turn a quote into an order.
    Confirm {
        /// The order, for example A-17.
        order: String,
        /// Why.
        #[command(flatten)]
        why: ReasonArgs,
    },
    /// Show an order with its lines.
    Get {
        /// The order, for example A-17.
        order: String,
    },
    /// List orders by order time.
    List(ListArgs),
    /// Change the quantity or the requested day of a line. A kit is changed in all its components.
    Amend(AmendArgs),
    /// Cancel lines in part or in whole: what waits first, then what is reserved. What the warehouse has in hands is asked
    /// for, and cancelled when it gives it back. Kits are named by their number and counted in kits.
    Cancel {
        /// The order, for example A-17.
        order: String,
        /// Lines as NUMBER or NUMBER=UNITS. None means everything that is not shipped.
        #[arg(value_name = "LINE[=UNITS]")]
        lines: Vec<String>,
        /// Why.
        #[command(flatten)]
        why: ReasonArgs,
    },
    /// Record that the customer agrees that lines leave without what is missing. It cannot be taken back.
    Consent {
        /// The order, for example A-17.
        order: String,
        /// Numbers of lines. None means all lines.
        #[arg(value_name = "LINE")]
        lines: Vec<String>,
        /// How the customer said so: the reason is required.
        #[command(flatten)]
        why: ReasonArgs,
    },
    /// Ship reserved units of lines.
    Ship(ShipArgs),
    /// Take back shipped units of lines.
    Return(super::take_back::ReturnArgs),
    /// Send another item for what waits of a line.
    Substitute(super::substitute::SubstituteArgs),
}

/// An order to place.
#[derive(Debug, Args)]
pub struct DraftArgs {
    /// Lines as ITEM=UNITS or ITEM=UNITS@PRICE, for example 85123A=6@2.55. In a unit of the item, by its code or GTIN:
    /// 85123A=2:CASE. The price is that of one base unit.
    #[arg(required = true, value_name = "ITEM=UNITS[:UNIT][@PRICE]")]
    lines: Vec<String>,
    /// The order's id, unique for ever. Left out, the service gives one.
    #[arg(long, default_value = "", value_name = "ID")]
    order: String,
    /// The customer, an opaque text.
    #[arg(long, default_value = "", value_name = "TEXT")]
    customer: String,
    /// The customer's tier, for example GOLD.
    #[arg(long, default_value = "", value_name = "TIER")]
    tier: String,
    /// The sales channel, for example web.
    #[arg(long, default_value = "", value_name = "CHANNEL")]
    channel: String,
    /// The zone to which the goods go.
    #[arg(long, default_value = "", value_name = "ZONE")]
    destination_zone: String,
    /// The carrier's service, as lanes name it. Left out, the usual one.
    #[arg(long, default_value = "", value_name = "SERVICE")]
    service: String,
    /// Locations that may serve, first choice first; may be repeated. None means those of the policy.
    #[arg(long = "location", value_name = "LOCATION")]
    locations: Vec<String>,
    /// The day on which the customer wants the goods, YYYY-MM-DD. Left out, the day of the order.
    #[arg(long, value_name = "DATE")]
    requested_date: Option<Date>,
    /// That day is the day of arrival, not of leaving.
    #[arg(long)]
    delivered: bool,
    /// The time zone in which that day is read.
    #[arg(long, default_value = "UTC", value_name = "ZONE")]
    time_zone: String,
    /// What the customer wants when not all is there: back_order, no_back_order, ship_partial_back_order,
    /// ship_partial_cancel, ship_complete, ship_item_complete, ship_as_soon_as_possible.
    #[arg(long, default_value = "back_order", value_name = "INSTRUCTION", verbatim_doc_comment)]
    shortage: String,
    /// The lines go together under this name: they take stock and leave only together.
    #[arg(long, default_value = "", value_name = "TEXT")]
    ship_set: String,
    /// Ask the customer before less is shipped: nothing leaves short before `order consent`.
    #[arg(long)]
    notify_before_short: bool,
    /// Another item may be sent instead: see `backorder order substitute`.
    #[arg(long)]
    substitution_allowed: bool,
    /// The batch that all units must be of. What is not there waits for more of it, without a date.
    #[arg(long, default_value = "", value_name = "BATCH")]
    batch: String,
    /// Days for which all units can still be sold after the day on which they leave.
    #[arg(long, default_value_t = 0, value_name = "DAYS")]
    min_remaining_shelf_life: i32,
    /// A hold with which the order begins; may be repeated.
    #[arg(long = "hold", value_enum, value_name = "TYPE")]
    holds: Vec<TypeArg>,
    /// The currency of the prices.
    #[arg(long, default_value = "GBP", value_name = "CODE")]
    currency: String,
    /// Why.
    #[command(flatten)]
    why: ReasonArgs,
}

/// Which orders to list.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only orders of this customer.
    #[arg(long, default_value = "", value_name = "TEXT")]
    customer: String,
    /// Only orders in this state.
    #[arg(long, value_enum)]
    state: Option<State>,
    /// How many.
    #[command(flatten)]
    page: PageArgs,
}

/// States of orders.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum State {
    /// Stock is being reserved.
    Reserving,
    /// Stock is reserved softly.
    Quoted,
    /// Something is open, reserved or released.
    Open,
    /// Everything is shipped or cancelled, something is shipped.
    Completed,
    /// Everything is cancelled or refused.
    Cancelled,
    /// The quote ended by itself.
    Expired,
}

/// A change of a line.
#[derive(Debug, Args)]
pub struct AmendArgs {
    /// The line, for example A-17/3.
    line: String,
    /// The new quantity; of a kit so many kits.
    #[arg(long, value_name = "UNITS")]
    quantity: Option<i64>,
    /// The unit in which the quantity counts.
    #[command(flatten)]
    unit: UnitArg,
    /// The new requested day, YYYY-MM-DD.
    #[arg(long, value_name = "DATE")]
    requested_date: Option<Date>,
    /// That day is the day of arrival, not of leaving.
    #[arg(long)]
    delivered: bool,
    /// The time zone in which that day is read.
    #[arg(long, default_value = "UTC", value_name = "ZONE")]
    time_zone: String,
    /// Why.
    #[command(flatten)]
    why: ReasonArgs,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] with what happened and what to do next.
pub async fn run(command: OrderCommand, session: &Session, output: Output) -> Result<(), Failure> {
    match command {
        OrderCommand::Place(args) => place(&args, session, output).await,
        OrderCommand::Inquire(args) => inquire(&args, session, output).await,
        OrderCommand::Quote { draft, seconds } => quote(&draft, seconds, session, output).await,
        OrderCommand::Confirm { order, why } => confirm(&order, &why, session, output).await,
        OrderCommand::Get { order } => get(&order, session, output).await,
        OrderCommand::List(args) => list(args, session, output).await,
        OrderCommand::Amend(args) => amend(args, session, output).await,
        OrderCommand::Cancel { order, lines, why } => cancel(&order, &lines, &why, session, output).await,
        OrderCommand::Consent { order, lines, why } => consent(&order, &lines, &why, session, output).await,
        OrderCommand::Ship(args) => ship::run(args, session, output).await,
        OrderCommand::Return(args) => super::take_back::run(args, session, output).await,
        OrderCommand::Substitute(args) => super::substitute::run(args, session, output).await,
    }
}

pub(super) fn context(why: &ReasonArgs) -> Option<backorder_proto::common::v1::WriteContext> {
    Some(requests::context(&why.reason, &why.note))
}

fn draft(args: &DraftArgs) -> Result<OrderDraft, Failure> {
    let known = SHORTAGE.iter().find(|(word, _)| *word == args.shortage);
    let (_, shortage) = known.ok_or_else(|| {
        Failure::new(format!("{:?} is no shortage instruction", args.shortage))
            .next("see `backorder order place --help`")
    })?;
    let lines: Result<Vec<OrderLineDraft>, Failure> =
        args.lines.iter().map(|line| line_draft(line, *shortage, args)).collect();
    Ok(OrderDraft {
        order_id: args.order.clone(),
        customer: args.customer.clone(),
        customer_tier: args.tier.clone(),
        channel: args.channel.clone(),
        destination_zone: args.destination_zone.clone(),
        service: args.service.clone(),
        lines: lines?,
        holds: args
            .holds
            .iter()
            .map(|hold| HoldDraft { r#type: hold.hold_type().into(), ..HoldDraft::default() })
            .collect(),
        ..OrderDraft::default()
    })
}

fn line_draft(line: &str, shortage: i32, args: &DraftArgs) -> Result<OrderLineDraft, Failure> {
    let wrong = || {
        Failure::new(format!("{line:?} is no line"))
            .next("write ITEM=UNITS, ITEM=UNITS@PRICE or ITEM=UNITS:UNIT, for example 85123A=6@2.55")
    };
    let (item, rest) = line.split_once('=').ok_or_else(wrong)?;
    let (units, price) = rest.split_once('@').map_or((rest, None), |(units, price)| (units, Some(price)));
    let (units, unit) = units.split_once(':').unwrap_or((units, ""));
    let unit_price = price.map(parse_nanos).transpose()?.map(|nanos| requests::money(&args.currency, nanos));
    Ok(OrderLineDraft {
        item: text::named("items", item),
        ordered_unit: unit.to_owned(),
        quantity: units.parse().map_err(|_| wrong())?,
        locations: args.locations.iter().map(|location| text::named("locations", location)).collect(),
        requested_date: args.requested_date.map(|date| requests::wanted_date(date, args.delivered, &args.time_zone)),
        unit_price,
        shortage_instruction: shortage,
        ship_set: args.ship_set.clone(),
        notify_before_short: args.notify_before_short,
        substitution_allowed: args.substitution_allowed,
        batch: args.batch.clone(),
        min_remaining_shelf_life_days: args.min_remaining_shelf_life,
        ..OrderLineDraft::default()
    })
}

async fn place(args: &DraftArgs, session: &Session, output: Output) -> Result<(), Failure> {
    let request =
        PlaceOrderRequest { request_id: session.request_id(), order: Some(draft(args)?), context: context(&args.why) };
    let answer = session.clients.orders.clone().place_order(request).await?.into_inner();
    output.message(&format!("{PACKAGE}.PlaceOrderResponse"), &answer, |answer| {
        answered(answer.order.as_ref(), &answer.lost_demand)
    })
}

async fn inquire(args: &DraftArgs, session: &Session, output: Output) -> Result<(), Failure> {
    let request = InquireOrderRequest { order: Some(draft(args)?) };
    let answer = session.clients.orders.clone().inquire_order(request).await?.into_inner();
    output.message(&format!("{PACKAGE}.InquireOrderResponse"), &answer, |answer| {
        answered(answer.order.as_ref(), &answer.lost_demand)
    })
}

async fn quote(args: &DraftArgs, seconds: i64, session: &Session, output: Output) -> Result<(), Failure> {
    let request = QuoteOrderRequest {
        request_id: session.request_id(),
        order: Some(draft(args)?),
        time_to_live: Some(prost_types::Duration { seconds, nanos: 0 }),
        context: context(&args.why),
    };
    let answer = session.clients.orders.clone().quote_order(request).await?.into_inner();
    output.message(&format!("{PACKAGE}.QuoteOrderResponse"), &answer, |answer| {
        answered(answer.order.as_ref(), &answer.lost_demand)
    })
}

async fn confirm(order: &str, why: &ReasonArgs, session: &Session, output: Output) -> Result<(), Failure> {
    let request = ConfirmQuoteRequest {
        request_id: session.request_id(),
        name: text::named("orders", order),
        context: context(why),
    };
    let answer = session.clients.orders.clone().confirm_quote(request).await?.into_inner();
    output.message(&format!("{PACKAGE}.ConfirmQuoteResponse"), &answer, |answer| {
        answered(answer.order.as_ref(), &answer.lost_demand)
    })
}

fn answered(
    order: Option<&backorder_proto::allocation::v1::Order>,
    lost: &[backorder_proto::allocation::v1::LostDemand],
) -> String {
    let order = order.map(show::order).unwrap_or_default();
    [order, show::lost_demand(lost)].join("\n").trim_end().to_owned()
}

async fn get(order: &str, session: &Session, output: Output) -> Result<(), Failure> {
    let request = GetOrderRequest { name: text::named("orders", order) };
    let order = session.clients.orders.clone().get_order(request).await?.into_inner();
    output.message(&format!("{PACKAGE}.Order"), &order, show::order)
}

async fn list(args: ListArgs, session: &Session, output: Output) -> Result<(), Failure> {
    let state: OrderState = args.state.map_or(OrderState::Unspecified, Into::into);
    let orders = pages::collect(args.page.limit, |page_size, page_token| {
        let mut orders = session.clients.orders.clone();
        let request = ListOrdersRequest { page_size, page_token, state: state.into(), customer: args.customer.clone() };
        async move {
            let page = orders.list_orders(request).await?.into_inner();
            Ok((page.orders, page.next_page_token))
        }
    })
    .await?;
    let answer = ListOrdersResponse { orders, next_page_token: String::new() };
    output.message(&format!("{PACKAGE}.ListOrdersResponse"), &answer, |answer| show::orders(&answer.orders))
}

impl From<State> for OrderState {
    fn from(state: State) -> Self {
        match state {
            State::Reserving => Self::Reserving,
            State::Quoted => Self::Quoted,
            State::Open => Self::Open,
            State::Completed => Self::Completed,
            State::Cancelled => Self::Cancelled,
            State::Expired => Self::Expired,
        }
    }
}

async fn amend(args: AmendArgs, session: &Session, output: Output) -> Result<(), Failure> {
    let request = AmendOrderLineRequest {
        request_id: session.request_id(),
        name: line_name(&args.line)?,
        quantity: args.quantity,
        requested_date: args.requested_date.map(|date| requests::wanted_date(date, args.delivered, &args.time_zone)),
        context: context(&args.why),
        unit: args.unit.unit,
    };
    let answer = session.clients.orders.clone().amend_order_line(request).await?.into_inner();
    output.message(&format!("{PACKAGE}.AmendOrderLineResponse"), &answer, |answer| {
        answered(answer.order.as_ref(), &answer.lost_demand)
    })
}

async fn cancel(
    order: &str,
    lines: &[String],
    why: &ReasonArgs,
    session: &Session,
    output: Output,
) -> Result<(), Failure> {
    let lines: Result<Vec<LineQuantity>, Failure> =
        lines.iter().map(|line| line_quantity(&format!("{}/{line}", text::id(order)))).collect();
    let request = CancelOrderLinesRequest {
        request_id: session.request_id(),
        name: text::named("orders", order),
        lines: lines?,
        context: context(why),
    };
    let answer = session.clients.orders.clone().cancel_order_lines(request).await?.into_inner();
    output.message(&format!("{PACKAGE}.CancelOrderLinesResponse"), &answer, |answer| {
        let order = answered(answer.order.as_ref(), &[]);
        if answer.recalls.is_empty() {
            return order;
        }
        format!("{order}\n\nthe warehouse is asked for the rest:\n{}", super::warehouse::recalls(&answer.recalls))
    })
}

async fn consent(
    order: &str,
    lines: &[String],
    why: &ReasonArgs,
    session: &Session,
    output: Output,
) -> Result<(), Failure> {
    let named = lines.iter().map(|line| line_name(&format!("{}/{line}", text::id(order))));
    let request = ConsentToShortShipmentRequest {
        request_id: session.request_id(),
        name: text::named("orders", order),
        lines: named.collect::<Result<_, _>>()?,
        context: context(why),
    };
    let answer = session.clients.shortages.clone().consent_to_short_shipment(request).await?.into_inner();
    output.message(&format!("{PACKAGE}.ConsentToShortShipmentResponse"), &answer, |answer| {
        answered(answer.order.as_ref(), &[])
    })
}

/// The full name of a line.
///
/// # Errors
/// [`Failure`] when the text names no line.
pub(super) fn line_name(text: &str) -> Result<String, Failure> {
    text::line_name(text)
        .ok_or_else(|| Failure::new(format!("{text:?} is no line")).next("write ORDER/NUMBER, for example A-17/3"))
}

pub(super) fn line_quantity(text: &str) -> Result<LineQuantity, Failure> {
    let (line, units) = text.split_once('=').map_or((text, None), |(line, units)| (line, Some(units)));
    let wrong = || Failure::new(format!("{text:?} has no whole number of units")).next("write LINE or LINE=UNITS");
    let quantity = units.map(str::parse).transpose().map_err(|_| wrong())?.unwrap_or(0);
    Ok(LineQuantity { name: line_name(line)?, quantity })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[test]
    fn a_line_may_name_its_units() {
        let line = line_quantity("A-17/3=5").unwrap();
        assert_eq!((line.name.as_str(), line.quantity), ("orders/A-17/lines/3", 5));
        assert_eq!(line_quantity("A-17/3").unwrap().quantity, 0);
        assert!(line_quantity("A-17/3=many").is_err() && line_quantity("A-17").is_err());
    }
}
