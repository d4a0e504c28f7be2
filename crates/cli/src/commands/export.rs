//! `backorder export`: what the services hold, as files for other programs, through the public RPCs.
//!
//! The extract is the file that `backorder assess` reads. Orders and shipments come from allocation; when reserved units
//! were given up comes from the ledger of inventory, which names the demand line of every movement.

use std::{
    collections::{BTreeSet, HashMap},
    path::{Path, PathBuf},
};

use backorder_domain::{
    money::NANOS_PER_UNIT,
    time::{civil_date_in, time_zone},
};
use backorder_proto::{
    allocation::v1::{ListOrdersRequest, ListShipmentsRequest, Order, OrderLine, OrderState, Shipment},
    common::v1::Money,
    inventory::v1::{ListItemsRequest, ListMovementsRequest, Movement, StockState},
};
use clap::Subcommand;
use jiff::{Timestamp, tz::TimeZone};
use serde_json::json;

mod batches;
mod kits;

use super::pages;
use crate::{
    client::{Session, requests},
    decimal::format_nanos,
    failure::Failure,
    output::{Output, progress::Progress, text},
};

/// Orders of one answer: few, so that the answer does not set the peak of memory.
const PAGE_ORDERS: i32 = 200;
/// Shipments of one answer.
const PAGE_SHIPMENTS: i32 = 200;

/// What to export.
#[derive(Debug, Subcommand)]
pub enum ExportCommand {
    /// Write every order line with its shipments as CSV, as `backorder assess` reads it.
    Extract {
        /// The file to write.
        file: PathBuf,
    },
    /// Write what left of named batches and of other owners' stock as CSV, a row for each line, batch and owner of a shipment.
    Batches {
        /// The file to write.
        file: PathBuf,
    },
}

/// The columns of the extract, in their order.
const COLUMNS: [&str; 20] = [
    "order",
    "line",
    "item",
    "item_name",
    "customer",
    "order_date",
    "requested_date",
    "promised_date",
    "ordered_quantity",
    "shipped_quantity",
    "ship_date",
    "cancelled_quantity",
    "cancel_date",
    "refused_quantity",
    "unit_price",
    "unit_cost",
    "currency",
    "shipment",
    "freight",
    "expedited",
];

/// Runs the command.
///
/// # Errors
/// [`Failure`] with what happened and what to do next.
pub async fn run(command: ExportCommand, session: &Session, output: Output) -> Result<(), Failure> {
    match command {
        ExportCommand::Extract { file } => extract(&file, session, output).await,
        ExportCommand::Batches { file } => batches::write(&file, session, output).await,
    }
}

async fn extract(path: &Path, session: &Session, output: Output) -> Result<(), Failure> {
    let mut file = csv::Writer::from_path(path).map_err(|error| unwritable(path, &error))?;
    file.write_record(COLUMNS).map_err(|error| unwritable(path, &error))?;
    let mut orders = orders(session).await?;
    let lines = orders.iter().flat_map(|order| &order.lines);
    let items: BTreeSet<&str> = lines.map(|line| line.item.as_str()).collect();
    let (names, mut left) = (item_names(session).await?, movements(session, &items).await?);
    shipments(session, &mut left).await?;
    let (mut rows, mut lines) = (0_u64, 0_u64);
    kits::count_once(&mut orders, &mut left);
    for order in &orders {
        // What is sent in place of something else is no demand of its own.
        for line in order.lines.iter().filter(|line| line.substitutes.is_empty()) {
            let name = names.get(&line.item).map_or("", String::as_str);
            lines += 1;
            for row in line_rows(order, line, name, left.get(&line.name)) {
                rows += 1;
                file.write_record(row).map_err(|error| unwritable(path, &error))?;
            }
        }
    }
    file.flush()?;
    if output.is_json() {
        output
            .value(&json!({"file": path.display().to_string(), "orders": orders.len(), "lines": lines, "rows": rows}));
    } else {
        let orders = orders.len();
        output.text(&format!("{orders} orders, {lines} lines, {rows} rows written to {}", path.display()));
    }
    Ok(())
}

fn unwritable(path: &Path, error: &csv::Error) -> Failure {
    Failure::new(format!("cannot write {}: {error}", path.display())).next("check that the folder is there")
}

/// All orders that were accepted.
async fn orders(session: &Session) -> Result<Vec<Order>, Failure> {
    let mut request = ListOrdersRequest { page_size: PAGE_ORDERS, ..ListOrdersRequest::default() };
    let mut orders = Vec::new();
    loop {
        let page = session.clients.orders.clone().list_orders(request.clone()).await?.into_inner();
        orders.extend(page.orders.into_iter().filter(is_accepted));
        if page.next_page_token.is_empty() {
            return Ok(orders);
        }
        request.page_token = page.next_page_token;
    }
}

fn is_accepted(order: &Order) -> bool {
    match OrderState::try_from(order.state).unwrap_or_default() {
        OrderState::Open | OrderState::Completed | OrderState::Cancelled => true,
        OrderState::Unspecified | OrderState::Reserving | OrderState::Quoted | OrderState::Expired => false,
    }
}

async fn item_names(session: &Session) -> Result<HashMap<String, String>, Failure> {
    let items = pages::collect(0, |page_size, page_token| {
        let mut catalog = session.clients.catalog.clone();
        let request = ListItemsRequest { page_size, page_token, category: String::new() };
        async move {
            let page = catalog.list_items(request).await?.into_inner();
            Ok((page.items, page.next_page_token))
        }
    })
    .await?;
    Ok(items.into_iter().map(|item| (item.name, item.description)).collect())
}

/// What became of a line's units: those that left, and the last time at which reserved ones were given up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Left {
    shipped: Vec<Shipped>,
    given_up_at: Option<Timestamp>,
}

/// Units of a line that left in one shipment.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Shipped {
    at: Timestamp,
    units: i64,
    shipment: String,
    /// The units' share of the shipment's freight, in the shipment's currency.
    freight: Option<Money>,
    expedited: bool,
}

/// Adds what left to the lines.
async fn shipments(session: &Session, lines: &mut HashMap<String, Left>) -> Result<(), Failure> {
    let mut request = ListShipmentsRequest { page_size: PAGE_SHIPMENTS, ..ListShipmentsRequest::default() };
    loop {
        let page = session.clients.shipments.clone().list_shipments(request.clone()).await?.into_inner();
        for shipment in &page.shipments {
            add_shipment(lines, shipment);
        }
        if page.next_page_token.is_empty() {
            return Ok(());
        }
        request.page_token = page.next_page_token;
    }
}

/// Freight is shared by units, to the nano-unit: what a share rounds off, the next one gets.
fn add_shipment(lines: &mut HashMap<String, Left>, shipment: &Shipment) {
    let Some(at) = timestamp(shipment.ship_time.as_ref()) else { return };
    let details = shipment.details.clone().unwrap_or_default();
    let all: i128 = shipment.lines.iter().map(|line| i128::from(line.quantity)).sum();
    let (mut before, mut shared) = (0_i128, 0_i128);
    for line in &shipment.lines {
        before += i128::from(line.quantity);
        let freight = details.freight_cost.as_ref().map(|cost| {
            let nanos = i128::from(cost.units) * i128::from(NANOS_PER_UNIT) + i128::from(cost.nanos);
            let share = nanos * before / all.max(1) - shared;
            shared += share;
            requests::money(&cost.currency_code, i64::try_from(share).unwrap_or(i64::MAX))
        });
        lines.entry(line.line.clone()).or_default().shipped.push(Shipped {
            at,
            units: line.quantity,
            shipment: text::id(&shipment.name).to_owned(),
            freight,
            expedited: details.expedited,
        });
    }
}

/// Per name of a line what the ledger says of it.
async fn movements(session: &Session, items: &BTreeSet<&str>) -> Result<HashMap<String, Left>, Failure> {
    let mut lines: HashMap<String, Left> = HashMap::new();
    let progress = Progress::of("ledger", items.len() as u64);
    for (place, item) in (0_u64..).zip(items) {
        let movements = pages::collect(0, |page_size, page_token| {
            let mut stock = session.clients.stock.clone();
            let item = (*item).to_owned();
            let request = ListMovementsRequest { item, location: String::new(), page_size, page_token };
            async move {
                let page = stock.list_movements(request).await?.into_inner();
                Ok((page.movements, page.next_page_token))
            }
        })
        .await?;
        movements.iter().for_each(|movement| add(&mut lines, movement));
        progress.at(place, text::id(item));
    }
    progress.finish();
    Ok(lines)
}

/// Adds a movement to its line; the ledger's cause is a part of the line, `orders/A/lines/1/parts/0`.
fn add(lines: &mut HashMap<String, Left>, movement: &Movement) {
    let Some((line, _)) = movement.cause.split_once("/parts/") else { return };
    let state = |state: i32| StockState::try_from(state).unwrap_or_default();
    let at = movement.effective_time.as_ref().and_then(|time| Timestamp::from_second(time.seconds).ok());
    let is_from_line = matches!(state(movement.from_state), StockState::Reserved | StockState::Released);
    let Some(at) = at.filter(|_| is_from_line) else { return };
    let left = lines.entry(line.to_owned()).or_default();
    match state(movement.to_state) {
        StockState::Available => left.given_up_at = left.given_up_at.max(Some(at)),
        StockState::Unspecified
        | StockState::External
        | StockState::Reserved
        | StockState::Released
        | StockState::Held
        | StockState::QualityControl
        | StockState::Damaged
        | StockState::InTransit => {}
    }
}

/// The rows of a line: one per shipment, one when none left.
fn line_rows(order: &Order, line: &OrderLine, name: &str, left: Option<&Left>) -> Vec<[String; 20]> {
    let zone_name = line.requested_date.as_ref().map_or("UTC", |date| date.time_zone.as_str());
    let zone = time_zone(zone_name).unwrap_or(TimeZone::UTC);
    let row = |shipped: Option<&Shipped>| {
        [
            text::id(&order.name).to_owned(),
            text::id(&line.name).to_owned(),
            text::id(&line.item).to_owned(),
            name.to_owned(),
            order.customer.clone(),
            day(timestamp(order.order_time.as_ref()), &zone),
            known(text::zoned_date(line.requested_date.as_ref())),
            known(text::zoned_date(line.original_promised_date.as_ref())),
            line.ordered.to_string(),
            shipped.map_or(0, |shipped| shipped.units).to_string(),
            day(shipped.map(|shipped| shipped.at), &zone),
            line.cancelled.to_string(),
            day(cancelled_at(order, line, left), &zone),
            line.refused.to_string(),
            money(line.unit_price.as_ref()),
            money(line.unit_cost.as_ref()),
            order.currency_code.clone(),
            shipped.map(|shipped| shipped.shipment.clone()).unwrap_or_default(),
            money(shipped.and_then(|shipped| shipped.freight.as_ref())),
            shipped.map(|shipped| shipped.expedited.to_string()).unwrap_or_default(),
        ]
    };
    let shipped = left.map(|left| left.shipped.as_slice()).unwrap_or_default();
    if shipped.is_empty() { vec![row(None)] } else { shipped.iter().map(|shipped| row(Some(shipped))).collect() }
}

/// When the line's units were cancelled, as far as it can be known: the last change of an order that was cancelled as a
/// whole, else the last time at which reserved units of the line were given up.
fn cancelled_at(order: &Order, line: &OrderLine, left: Option<&Left>) -> Option<Timestamp> {
    if line.cancelled == 0 {
        return None;
    }
    if order.state == i32::from(OrderState::Cancelled) {
        return timestamp(order.update_time.as_ref());
    }
    left.and_then(|left| left.given_up_at)
}

fn timestamp(time: Option<&prost_types::Timestamp>) -> Option<Timestamp> {
    time.and_then(|time| Timestamp::from_second(time.seconds).ok())
}

fn day(at: Option<Timestamp>, zone: &TimeZone) -> String {
    at.map_or_else(String::new, |at| civil_date_in(at, zone).to_string())
}

fn known(text: String) -> String {
    if text == "-" { String::new() } else { text }
}

fn money(money: Option<&Money>) -> String {
    money.map_or_else(String::new, |money| {
        format_nanos(money.units.saturating_mul(NANOS_PER_UNIT).saturating_add(money.nanos.into()))
    })
}

#[cfg(test)]
mod tests {
    use backorder_proto::allocation::v1::{ShipmentDetails, ShipmentLine};

    use super::*;

    fn at(text: &str) -> Option<prost_types::Timestamp> {
        text.parse::<Timestamp>().ok().map(|at| prost_types::Timestamp { seconds: at.as_second(), nanos: 0 })
    }

    fn movement(to: StockState, quantity: i64, time: &str) -> Movement {
        Movement {
            cause: "orders/A/lines/1/parts/0".to_owned(),
            from_state: StockState::Reserved.into(),
            to_state: to.into(),
            quantity,
            effective_time: at(time),
            ..Movement::default()
        }
    }

    #[test]
    fn a_line_has_one_row_for_each_shipment_with_its_day_in_its_own_zone_and_its_share_of_the_freight() {
        let zoned = backorder_proto::common::v1::ZonedDate { time_zone: "Asia/Tokyo".to_owned(), ..Default::default() };
        let line = OrderLine {
            name: "orders/A/lines/1".to_owned(),
            ordered: 9,
            cancelled: 1,
            requested_date: Some(zoned),
            ..OrderLine::default()
        };
        let order = Order { name: "orders/A".to_owned(), order_time: at("2026-01-01T16:00:00Z"), ..Order::default() };
        let mut lines = HashMap::new();
        for (time, units) in [("2026-01-01T10:00:00Z", 3), ("2026-01-01T16:00:00Z", 5)] {
            let of_line = |line: &str, quantity| ShipmentLine { line: line.to_owned(), quantity, ..Default::default() };
            let details = ShipmentDetails { freight_cost: Some(requests::money("GBP", 10)), ..Default::default() };
            let shipment = Shipment {
                name: format!("shipments/{units}"),
                ship_time: at(time),
                details: Some(details),
                lines: vec![of_line("orders/A/lines/1", units), of_line("orders/B/lines/1", 4)],
                ..Shipment::default()
            };
            add_shipment(&mut lines, &shipment);
        }
        let freight = |line: &str, place: usize| lines[line].shipped[place].freight.as_ref().map(|money| money.nanos);
        assert_eq!((freight("orders/A/lines/1", 0), freight("orders/B/lines/1", 0)), (Some(4), Some(6)));
        for moved in [
            movement(StockState::External, 9, "2026-01-01T10:00:00Z"),
            movement(StockState::Available, 1, "2026-01-05T01:00:00Z"),
            movement(StockState::Held, 1, "2026-01-09T01:00:00Z"),
        ] {
            add(&mut lines, &moved);
        }
        let rows = line_rows(&order, &line, "thing", lines.get("orders/A/lines/1"));
        let shown: Vec<_> = rows.iter().map(|row| [&*row[5], &*row[9], &*row[10], &*row[12]]).collect();
        assert_eq!(
            shown,
            [["2026-01-02", "3", "2026-01-01", "2026-01-05"], ["2026-01-02", "5", "2026-01-02", "2026-01-05"]],
            "what left for other reasons than a shipment is none"
        );
    }

    #[test]
    fn a_line_that_never_shipped_has_one_row_without_a_day() {
        let rows = line_rows(&Order::default(), &OrderLine { ordered: 4, ..OrderLine::default() }, "", None);
        assert_eq!((rows.len(), rows[0][9].as_str(), rows[0][10].as_str()), (1, "0", ""));
    }
}
