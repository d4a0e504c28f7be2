//! `backorder dropship`: what suppliers report, and what they are asked to ship to customers themselves.

use backorder_proto::{
    allocation::v1::{
        CancelTakeRequest, ConfirmDropShipmentRequest, ConfirmDropShipmentResponse, ConfirmTakeRequest, DropShipTake,
        DropShipTakeResponse, DropShipTakeState, ListDropShipTakesRequest, ListDropShipTakesResponse,
        RefuseTakeRequest, ShipmentDetails, TakeFromDropShipRequest,
    },
    convert::encode,
    inventory::v1::{
        DropShipStock, ListDropShipStockRequest, ListDropShipStockResponse, ReportDropShipStockRequest, ReportedStock,
    },
};
use clap::{Args, Subcommand};
use jiff::{Timestamp, civil};

use super::{
    order::{context, line_quantity},
    pages, show,
};
use crate::{
    args::{PageArgs, ReasonArgs, UnitArg},
    client::{Session, requests},
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

const ALLOCATION: &str = "backorder.allocation.v1";
const INVENTORY: &str = "backorder.inventory.v1";

const STOCK: [Column; 5] = [Words("item"), Words("supplier"), Number("reported"), Words("as of"), Words("holds until")];

const TAKES: [Column; 8] = [
    Words("take"),
    Words("line"),
    Words("supplier"),
    Number("asked"),
    Number("confirmed"),
    Number("shipped"),
    Words("answer by"),
    Words("state"),
];

/// What to do.
#[derive(Debug, Subcommand)]
pub enum DropShipCommand {
    /// Take over what a supplier reports. It is never stock of ours, and goes stale.
    Report(ReportArgs),
    /// List what suppliers reported, what is stale too.
    Stock {
        /// Only of this item.
        #[arg(long, value_name = "ITEM")]
        item: Option<String>,
        /// Only of this supplier.
        #[arg(long, default_value = "", value_name = "NAME")]
        supplier: String,
        /// Only what is stale.
        #[arg(long)]
        stale: bool,
        /// How many.
        #[command(flatten)]
        page: PageArgs,
    },
    /// Ask a supplier to ship units of a waiting line itself. They keep their place in the queue.
    Take {
        /// The line as ORDER/NUMBER or ORDER/NUMBER=UNITS. Without units all that is open and not asked for.
        #[arg(value_name = "LINE[=UNITS]")]
        line: String,
        /// The supplier, as it names itself in its reports.
        supplier: String,
        /// The unit in which the line counts.
        #[command(flatten)]
        unit: UnitArg,
        /// For how many hours it may think.
        #[arg(long, default_value_t = 24, value_name = "HOURS")]
        answer_within: i32,
        /// Why.
        #[command(flatten)]
        why: ReasonArgs,
    },
    /// Tell that the supplier will ship, all or a part.
    Confirm {
        /// The take, as `backorder dropship list` lists it.
        take: String,
        /// Units. Left out, all that was asked for.
        #[arg(long, default_value_t = 0, value_name = "UNITS")]
        units: i64,
        /// The unit in which they count.
        #[command(flatten)]
        unit: UnitArg,
        /// The day on which it ships, YYYY-MM-DD.
        #[arg(long, value_name = "DATE")]
        ship_date: Option<civil::Date>,
        /// Why.
        #[command(flatten)]
        why: ReasonArgs,
    },
    /// Tell that the supplier will not ship: the units wait as before.
    Refuse {
        /// The take.
        take: String,
        /// Why.
        #[command(flatten)]
        why: ReasonArgs,
    },
    /// Take a take back, but for what was shipped.
    Cancel {
        /// The take.
        take: String,
        /// Why.
        #[command(flatten)]
        why: ReasonArgs,
    },
    /// Tell that the supplier shipped what it confirmed.
    Ship {
        /// The take.
        take: String,
        /// Units. Left out, all that is confirmed and has not left.
        #[arg(long, default_value_t = 0, value_name = "UNITS")]
        units: i64,
        /// The unit in which they count.
        #[command(flatten)]
        unit: UnitArg,
        /// The supplier's reference.
        #[arg(long, default_value = "", value_name = "TEXT")]
        reference: String,
        /// The carrier.
        #[arg(long, default_value = "", value_name = "NAME")]
        carrier: String,
        /// The tracking number.
        #[arg(long, default_value = "", value_name = "NUMBER")]
        tracking: String,
        /// Why.
        #[command(flatten)]
        why: ReasonArgs,
    },
    /// List takes, oldest first: those that are open.
    List {
        /// Also those that ended.
        #[arg(long)]
        all: bool,
        /// Only of this supplier.
        #[arg(long, default_value = "", value_name = "NAME")]
        supplier: String,
        /// How many.
        #[command(flatten)]
        page: PageArgs,
    },
}

/// What a supplier reports.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// The supplier.
    supplier: String,
    /// Items as ITEM=UNITS, in a unit of the item as ITEM=UNITS:UNIT, by its code or GTIN.
    #[arg(required = true, value_name = "ITEM=UNITS")]
    items: Vec<String>,
    /// When it took its figures. Left out, now.
    #[arg(long, value_name = "TIME")]
    as_of: Option<Timestamp>,
    /// For how many hours they hold.
    #[arg(long, default_value_t = 24, value_name = "HOURS")]
    valid_hours: i32,
    /// Why.
    #[command(flatten)]
    why: ReasonArgs,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] when an option is wrong or the service refuses.
pub async fn run(command: DropShipCommand, session: &Session, output: Output) -> Result<(), Failure> {
    let request_id = session.request_id();
    let mut client = session.clients.drop_ship.clone();
    let name = |take: &str| text::named("dropShipTakes", take);
    let answer = match command {
        DropShipCommand::Report(args) => return report(&args, session, output).await,
        DropShipCommand::Stock { item, supplier, stale, page } => {
            return stock(item.as_deref(), &supplier, stale, &page, session, output).await;
        }
        DropShipCommand::List { all, supplier, page } => return list(all, &supplier, &page, session, output).await,
        DropShipCommand::Ship { take, units, unit, reference, carrier, tracking, why } => {
            let request = ConfirmDropShipmentRequest {
                request_id,
                name: name(&take),
                quantity: units,
                unit: unit.unit,
                ship_time: None,
                reference,
                details: Some(ShipmentDetails { carrier, tracking_number: tracking, ..ShipmentDetails::default() }),
                context: context(&why),
            };
            let answer = client.confirm_drop_shipment(request).await?.into_inner();
            return output.message(&format!("{ALLOCATION}.ConfirmDropShipmentResponse"), &answer, shipped);
        }
        DropShipCommand::Take { line, supplier, unit, answer_within, why } => {
            let wanted = line_quantity(&line)?;
            let request = TakeFromDropShipRequest {
                request_id,
                line: wanted.name,
                quantity: wanted.quantity,
                unit: unit.unit,
                supplier,
                answer_hours: answer_within,
                context: context(&why),
            };
            client.take_from_drop_ship(request).await?
        }
        DropShipCommand::Confirm { take, units, unit, ship_date, why } => {
            let ship_date = ship_date.map(requests::date);
            let request = ConfirmTakeRequest {
                request_id,
                name: name(&take),
                confirmed: units,
                unit: unit.unit,
                ship_date,
                context: context(&why),
            };
            client.confirm_take(request).await?
        }
        DropShipCommand::Refuse { take, why } => {
            client.refuse_take(RefuseTakeRequest { request_id, name: name(&take), context: context(&why) }).await?
        }
        DropShipCommand::Cancel { take, why } => {
            client.cancel_take(CancelTakeRequest { request_id, name: name(&take), context: context(&why) }).await?
        }
    };
    output.message(&format!("{ALLOCATION}.DropShipTakeResponse"), &answer.into_inner(), answered)
}

fn answered(answer: &DropShipTakeResponse) -> String {
    format!("{}\n\n{}", takes(&answer.take), show::order_lines(&answer.line))
}

fn shipped(answer: &ConfirmDropShipmentResponse) -> String {
    let shipment = text::id(&answer.shipment);
    format!("{}\n\n{}\nshipment {shipment}", takes(&answer.take), show::order_lines(&answer.line))
}

async fn report(args: &ReportArgs, session: &Session, output: Output) -> Result<(), Failure> {
    let line = |text: &String| {
        let parsed = text.split_once('=').and_then(|(item, units)| {
            let (units, unit) = units.split_once(':').unwrap_or((units, ""));
            Some((item, units.parse().ok()?, unit.to_owned()))
        });
        let (item, quantity, unit) = parsed.ok_or_else(|| {
            Failure::new(format!("{text:?} is not ITEM=UNITS")).next("name an item with its units, such as MUG=12")
        })?;
        Ok::<_, Failure>(ReportedStock { item: text::named("items", item), quantity, unit })
    };
    let request = ReportDropShipStockRequest {
        request_id: session.request_id(),
        supplier: args.supplier.clone(),
        lines: args.items.iter().map(line).collect::<Result<_, _>>()?,
        as_of_time: args.as_of.map(encode::timestamp),
        valid_hours: args.valid_hours,
        context: context(&args.why),
    };
    let answer = session.clients.drop_ship_stock.clone().report_drop_ship_stock(request).await?.into_inner();
    output.message(&format!("{INVENTORY}.ReportDropShipStockResponse"), &answer, |answer| reported(&answer.stock))
}

async fn stock(
    item: Option<&str>,
    supplier: &str,
    stale_only: bool,
    page: &PageArgs,
    session: &Session,
    output: Output,
) -> Result<(), Failure> {
    let item = item.map(|item| text::named("items", item)).unwrap_or_default();
    let found = pages::collect(page.limit, |page_size, page_token| {
        let mut client = session.clients.drop_ship_stock.clone();
        let (item, supplier) = (item.clone(), supplier.to_owned());
        async move {
            let request = ListDropShipStockRequest { page_size, page_token, item, supplier, stale_only };
            let page = client.list_drop_ship_stock(request).await?.into_inner();
            Ok((page.stock, page.next_page_token))
        }
    })
    .await?;
    let answer = ListDropShipStockResponse { stock: found, next_page_token: String::new() };
    output.message(&format!("{INVENTORY}.ListDropShipStockResponse"), &answer, |answer| reported(&answer.stock))
}

async fn list(all: bool, supplier: &str, page: &PageArgs, session: &Session, output: Output) -> Result<(), Failure> {
    let states: &[DropShipTakeState] = if all {
        &[DropShipTakeState::Unspecified]
    } else {
        &[DropShipTakeState::Pending, DropShipTakeState::Confirmed]
    };
    let mut found = Vec::new();
    for state in states {
        found.extend(
            pages::collect(page.limit, |page_size, page_token| {
                let mut client = session.clients.drop_ship.clone();
                let supplier = supplier.to_owned();
                let request = ListDropShipTakesRequest { page_size, page_token, state: (*state).into(), supplier };
                async move {
                    let page = client.list_drop_ship_takes(request).await?.into_inner();
                    Ok((page.takes, page.next_page_token))
                }
            })
            .await?,
        );
    }
    let answer = ListDropShipTakesResponse { takes: found, next_page_token: String::new() };
    output.message(&format!("{ALLOCATION}.ListDropShipTakesResponse"), &answer, |answer| takes(&answer.takes))
}

fn reported(stock: &[DropShipStock]) -> String {
    render(
        &STOCK,
        stock.iter().map(|one| {
            let until = text::time(one.expire_time.as_ref());
            vec![
                text::id(&one.item).to_owned(),
                one.supplier.clone(),
                one.quantity.to_string(),
                text::time(one.as_of_time.as_ref()),
                if one.stale { format!("{until}, stale") } else { until },
            ]
        }),
    )
}

fn takes<'a>(takes: impl IntoIterator<Item = &'a DropShipTake>) -> String {
    render(
        &TAKES,
        takes.into_iter().map(|take| {
            let state = match take.state() {
                DropShipTakeState::Unspecified => "",
                DropShipTakeState::Pending => "pending",
                DropShipTakeState::Confirmed => "confirmed",
                DropShipTakeState::Refused => "refused",
                DropShipTakeState::Expired => "expired",
                DropShipTakeState::Cancelled => "cancelled",
                DropShipTakeState::Shipped => "shipped",
            };
            vec![
                text::id(&take.name).to_owned(),
                text::line(&take.line),
                take.supplier.clone(),
                take.quantity.to_string(),
                take.confirmed.to_string(),
                take.shipped.to_string(),
                text::time(take.answer_by_time.as_ref()),
                state.to_owned(),
            ]
        }),
    )
}
