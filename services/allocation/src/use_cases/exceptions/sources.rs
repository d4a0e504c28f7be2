//! The sources of exceptions beside lines: recalls and holds of this service, supplies and receipts of inventory.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use backorder_domain::{ids::LocationId, money::NANOS_PER_UNIT, order::exception::value_at_risk, time::civil_date_in};
use backorder_proto::{
    allocation::v1::ExceptionKind,
    common::v1::Date as WireDate,
    convert::{Violations, allocation::line_name, decode, encode},
    inventory::v1 as inventory,
};
use backorder_storage::{StorageError, columns};
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};

use super::list::ExceptionFilter;
use crate::{
    catalog::Places,
    error::Error,
    order::{
        exception::{Found, Place},
        kits,
        recall::open as asked_for,
    },
    store::{
        entity::{customer_hold, customer_order, line_hold, order_line, recall},
        exception_limits, exceptions as store,
        orders::{find_orders, lines_by_key},
    },
    use_cases::UseCases,
};

/// Lines with their orders.
pub(super) struct LinesOf {
    lines: HashMap<(String, i32), order_line::Model>,
    orders: HashMap<String, customer_order::Model>,
}

impl LinesOf {
    pub(super) fn get(&self, order: &str, line: i32) -> Option<(&order_line::Model, &customer_order::Model)> {
        Some((self.lines.get(&(order.to_owned(), line))?, self.orders.get(order)?))
    }
}

impl UseCases {
    /// The exceptions of the wanted kinds that are not of lines, by place.
    ///
    /// # Errors
    /// [`Error::Storage`]; [`Error::Unanswered`] when inventory does not answer.
    pub(super) async fn other_exceptions(&self, filter: &ExceptionFilter) -> Result<BTreeMap<Place, Found>, Error> {
        let (now, reader) = (self.now(), self.store().reader());
        let limits = exception_limits::find(reader).await?.limits;
        let mut found = Vec::new();
        if filter.wants(ExceptionKind::RecallPending) {
            let asked_before = hours_before(now, limits.recall_hours);
            found.extend(self.of_recalls(store::old_recalls(reader, asked_before).await?).await?);
        }
        if filter.wants(ExceptionKind::UnresolvedHold) {
            let set_before = days_before(now, limits.hold_days);
            found.extend(self.of_holds(store::old_holds(reader, set_before, now).await?).await?);
            let holds = store::old_customer_holds(reader, set_before, now).await?;
            found.extend(self.of_customer_holds(&holds).await?);
        }
        if filter.wants(ExceptionKind::OverdueInbound) {
            // A day later than UTC's covers every zone; which ones are past is decided where they are.
            let bound = civil_date_in(now, &TimeZone::UTC).tomorrow().unwrap_or(Date::MAX);
            let supplies = self.inventory().supplies_before(encode::date(bound)).await.map_err(Error::Unanswered)?;
            found.extend(self.of_supplies(supplies).await?);
        }
        if filter.wants(ExceptionKind::BlindReceipt) {
            let lines = self.inventory().receipts_in_review("").await.map_err(Error::Unanswered)?;
            found.extend(self.of_receipts(&lines).await?);
        }
        found.extend(self.drop_ship_exceptions(filter, &limits).await?);
        Ok(found.into_iter().map(|found| (found.place(), found)).collect())
    }

    pub(super) async fn lines_of(&self, keys: &BTreeSet<(String, i32)>) -> Result<LinesOf, StorageError> {
        let ids: BTreeSet<String> = keys.iter().map(|(order, _)| order.clone()).collect();
        let orders = find_orders(self.store().reader(), &ids).await?;
        Ok(LinesOf {
            lines: lines_by_key(self.store().reader(), keys).await?,
            orders: orders.into_iter().map(|order| (order.id.clone(), order)).collect(),
        })
    }

    pub(super) async fn of_recalls(&self, recalls: Vec<recall::Model>) -> Result<Vec<Found>, StorageError> {
        let keys = recalls.iter().map(|recall| (recall.order_id.clone(), recall.line_number)).collect();
        let lines = self.lines_of(&keys).await?;
        let found = recalls.iter().filter_map(|recall| {
            let (line, order) = lines.get(&recall.order_id, recall.line_number)?;
            let quantity = asked_for(recall);
            let name = line_name(&recall.order_id, recall.line_number);
            Some(Found {
                kind: ExceptionKind::RecallPending,
                subject: format!("recalls/{}", recall.id),
                item: line.item_id.clone(),
                customer: order.customer.clone(),
                quantity,
                value: value_at_risk(kits::worth(line, quantity), order.company_rate_nanos),
                since: recall.asked_at,
                detail: format!("the warehouse has not answered about {quantity} units of {name}"),
                command: format!("backorder warehouse answer {} UNITS", recall.id),
            })
        });
        Ok(found.collect())
    }

    pub(super) async fn of_holds(&self, holds: Vec<line_hold::Model>) -> Result<Vec<Found>, StorageError> {
        let keys = holds.iter().map(|hold| (hold.order_id.clone(), hold.line_number)).collect();
        let lines = self.lines_of(&keys).await?;
        // Several holds of a line are one exception, as old as the first of them.
        let mut of_line: BTreeMap<(&str, i32), Found> = BTreeMap::new();
        for hold in &holds {
            let Some((line, order)) = lines.get(&hold.order_id, hold.line_number) else { continue };
            let quantity = line.open + line.reserved;
            if quantity == 0 || of_line.contains_key(&(hold.order_id.as_str(), hold.line_number)) {
                continue;
            }
            let found = Found {
                kind: ExceptionKind::UnresolvedHold,
                subject: line_name(&hold.order_id, hold.line_number),
                item: line.item_id.clone(),
                customer: order.customer.clone(),
                quantity,
                value: value_at_risk(kits::worth(line, quantity), order.company_rate_nanos),
                since: hold.set_at,
                detail: format!("{} by {}: {}", hold.hold_type, hold.actor, hold.reason_code),
                command: format!("backorder hold clear {}/{}", hold.order_id, hold.line_number),
            };
            of_line.insert((&hold.order_id, hold.line_number), found);
        }
        Ok(of_line.into_values().collect())
    }

    /// Several holds on a customer are one exception, as old as the first of them.
    async fn of_customer_holds(&self, holds: &[customer_hold::Model]) -> Result<Vec<Found>, StorageError> {
        let customers = holds.iter().map(|hold| hold.customer.clone()).collect();
        let waiting = store::waiting_of(self.store().reader(), &customers).await?;
        let mut of_customer: BTreeMap<&str, Found> = BTreeMap::new();
        for hold in holds {
            let waits = waiting.get(&hold.customer).copied().unwrap_or_default();
            of_customer.entry(&hold.customer).or_insert_with(|| Found {
                kind: ExceptionKind::UnresolvedHold,
                subject: format!("customers/{}", hold.customer),
                item: String::new(),
                customer: hold.customer.clone(),
                quantity: waits.open,
                value: waits.risk_nanos,
                since: hold.set_at,
                detail: format!("{} by {}: {}", hold.hold_type, hold.actor, hold.reason_code),
                command: format!("backorder hold clear --customer {:?}", hold.customer),
            });
        }
        Ok(of_customer.into_values().collect())
    }

    pub(super) async fn of_supplies(&self, supplies: Vec<inventory::Supply>) -> Result<Vec<Found>, Error> {
        let places = self.catalog().places().await?;
        let overdue: Vec<(inventory::Supply, Timestamp)> = supplies
            .into_iter()
            .filter_map(|supply| overdue_since(&supply, &places, self.now()).map(|since| (supply, since)))
            .collect();
        let items = overdue.iter().map(|(supply, _)| id_of(&supply.item)).collect();
        let waiting = store::waiting_for(self.store().reader(), &items).await?;
        let found = overdue.iter().filter_map(|(supply, since)| {
            let item = id_of(&supply.item);
            let waits = waiting.get(&item)?;
            // Of what waits, as much as the supply could serve, at the mean value of what waits.
            let quantity = supply.open.min(waits.open);
            let value = i128::from(waits.risk_nanos) * i128::from(quantity) / i128::from(waits.open.max(1));
            let day = supply.expected_date.as_ref().map_or_else(String::new, day_text);
            Some(Found {
                kind: ExceptionKind::OverdueInbound,
                subject: supply.name.clone(),
                customer: String::new(),
                quantity,
                value: i64::try_from(value).unwrap_or(i64::MAX),
                since: columns::micros(*since),
                detail: format!("{} units were expected on {day}, and {} wait for the item", supply.open, waits.open),
                command: format!("backorder supply update {} --expected DATE", id_of(&supply.name)),
                item,
            })
        });
        Ok(found.collect())
    }

    pub(super) async fn of_receipts(&self, lines: &[inventory::ReceivedLine]) -> Result<Vec<Found>, Error> {
        let names: BTreeMap<&str, String> =
            lines.iter().map(|line| (line.item.trim_start_matches("items/"), String::new())).collect();
        let items = self.catalog().items(&names).await?;
        let found = lines.iter().map(|line| {
            let item = id_of(&line.item);
            let cost = items.get(&item).and_then(|item| item.cost.as_ref()).map(|(nanos, _)| *nanos);
            let worth = cost.map(|cost| i128::from(cost) * i128::from(line.in_review));
            let time = decode::timestamp_if_set(line.effective_time.as_ref(), "", &mut Violations::new());
            Found {
                kind: ExceptionKind::BlindReceipt,
                subject: format!("{}/lines/{}", line.receipt, line.line),
                customer: String::new(),
                quantity: line.in_review,
                value: value_at_risk(worth, NANOS_PER_UNIT),
                since: time.flatten().map_or(0, columns::micros),
                detail: format!("{} units could not be booked against {}", line.in_review, id_of(&line.supply)),
                command: format!(
                    "backorder stock resolve {} --line {} RESOLUTION",
                    line.receipt.trim_start_matches("receipts/"),
                    line.line
                ),
                item,
            }
        });
        Ok(found.collect())
    }
}

/// The instant so many hours before another.
fn hours_before(now: Timestamp, hours: u16) -> Timestamp {
    now.checked_sub(SignedDuration::from_hours(hours.into())).unwrap_or(Timestamp::MIN)
}

/// The instant so many times 24 hours before another.
pub(super) fn days_before(now: Timestamp, days: u16) -> Timestamp {
    now.checked_sub(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MIN)
}

/// Since when a supply is past its day, where it is expected; `None` when it is not.
fn overdue_since(supply: &inventory::Supply, places: &Places, now: Timestamp) -> Option<Timestamp> {
    let expected = decode::date(supply.expected_date.as_ref(), "", &mut Violations::new())?;
    let location = LocationId::try_new(supply.location.strip_prefix("locations/")?).ok()?;
    let zone = places.zone_named(places.zone_name_of(&location).unwrap_or("UTC"));
    let over = zone.to_timestamp(expected.tomorrow().ok()?.to_datetime(jiff::civil::Time::midnight())).ok()?;
    (supply.open > 0 && over <= now).then_some(over)
}

pub(super) fn id_of(name: &str) -> String {
    name.split_once('/').map_or(name, |(_, id)| id).to_owned()
}

fn day_text(date: &WireDate) -> String {
    format!("{:04}-{:02}-{:02}", date.year, date.month, date.day)
}
