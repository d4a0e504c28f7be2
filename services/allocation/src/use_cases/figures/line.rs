//! One row of a line with what became of it, as a demand.

use std::{collections::HashMap, sync::Arc};

use backorder_domain::{
    figures::{
        demand::{Arrival, Demand, Ending, EndingKind, Wanted},
        history::{LineDates, LineHistory, ShippedPart},
        ratio::share_of,
    },
    money::NANOS_PER_UNIT,
    order::promise::Cover,
    quantity::Quantity,
    time::{civil_date_in, time_zone},
};
use backorder_proto::common::v1::DateBasis;
use backorder_storage::{StorageError, columns};
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::{
    order::{
        refund::{CANCELLED, RETURNED},
        texts,
    },
    store::figures::{EndedRow, LineRow, OrderRow, PartRow, PromiseRow},
};

const TABLE: &str = "order_line";

/// A line, and what of it goes into a kit or into the line for which it stands.
pub struct Line<'a> {
    /// Its row.
    pub row: &'a LineRow,
    /// The line as a demand of its own.
    pub demand: Demand,
    /// What was promised when, in microseconds, oldest first.
    pub told: Vec<(i64, Option<Date>)>,
    /// The location from which it left first, or the only one that may serve it.
    pub location: String,
    /// The requested day.
    pub requested_on: Date,
}

/// What happened to one line.
#[derive(Debug, Default)]
pub struct Happened<'a> {
    /// What left.
    pub parts: Vec<&'a PartRow>,
    /// What was cancelled or came back.
    pub ended: Vec<&'a EndedRow>,
    /// What was promised.
    pub promises: Vec<&'a PromiseRow>,
}

/// Reads lines as of one time.
pub struct LineReader {
    as_of: Timestamp,
    seen_at: i64,
    zones: HashMap<String, TimeZone>,
}

impl LineReader {
    /// A reader that sees nothing later.
    #[must_use]
    pub fn new(as_of: Timestamp) -> Self {
        Self { as_of, seen_at: columns::micros(as_of), zones: HashMap::new() }
    }

    /// The demand of a line.
    ///
    /// # Errors
    /// [`StorageError::InvalidRow`] for rows that were not written here.
    pub fn line<'a>(
        &mut self,
        order: &OrderRow,
        row: &'a LineRow,
        happened: &Happened<'_>,
    ) -> Result<Line<'a>, StorageError> {
        let seen_at = self.seen_at;
        let as_of = self.as_of;
        let zone = self.zone(&row.time_zone);
        let day = |micros: i64| Ok::<_, StorageError>(civil_date_in(columns::instant(micros, TABLE)?, zone));
        let ordered_on = day(order.ordered_at)?;
        let requested_on = columns::date(&row.requested_date, TABLE)?;
        let latest = columns::optional_date(row.latest_ship_date.as_deref(), TABLE)?;
        let released_on = columns::optional_date(row.release_date.as_deref(), TABLE)?;
        let due_on = latest.unwrap_or(requested_on).max(ordered_on).max(released_on.unwrap_or(ordered_on));
        let told = told(&happened.promises, seen_at)?;
        let parts: Vec<&PartRow> = happened.parts.iter().copied().filter(|part| part.shipped_at <= seen_at).collect();
        let (shipped, arrivals) = left(order, row, (&parts, seen_at), &day)?;
        let Ended { endings, returned, never_ordered } = ended(order, row, (&happened.ended, seen_at), &day)?;
        let covered_on = row.filled_at.filter(|at| *at <= seen_at).map(day).transpose()?;
        let is_arrival = row.requested_basis == DateBasis::Deliver.as_str_name();
        let promised: Vec<Option<Date>> = told.iter().map(|(_, day)| *day).collect();
        let history = LineHistory {
            order: order.id.as_str().into(),
            line: row.line_number.to_string().into(),
            dates: LineDates::of_order(ordered_on, Some(due_on), promised.iter().flatten().next().copied()),
            ordered: units(row.ordered.saturating_sub(never_ordered)),
            refused: units(row.refused),
            cancelled: Quantity::ZERO,
            cancelled_on: None,
            price_nanos: row.price_nanos.map(|price| company(price, order.company_rate_nanos)),
            cost_nanos: row.cost_nanos,
            parts: shipped,
        };
        let demand = Demand {
            as_of: civil_date_in(as_of, zone),
            due_on,
            released_on,
            wanted: Wanted { on: requested_on.max(ordered_on), is_arrival },
            late_when_ordered: row.backordered,
            at_once: row.filled_at_once,
            covered_on,
            lost: lost(&happened.promises, seen_at)?,
            substituted: row.substituted,
            endings,
            arrivals,
            returned,
            promised,
            history,
        };
        Ok(Line { row, demand, told, location: location(row, &parts), requested_on })
    }

    fn zone(&mut self, name: &str) -> &TimeZone {
        self.zones.entry(name.to_owned()).or_insert_with(|| time_zone(name).unwrap_or(TimeZone::UTC))
    }
}

/// What left of a line, and what is known of its arrival.
fn left(
    order: &OrderRow,
    row: &LineRow,
    (parts, seen_at): (&[&PartRow], i64),
    day: &impl Fn(i64) -> Result<Date, StorageError>,
) -> Result<(Vec<ShippedPart>, Vec<Arrival>), StorageError> {
    let (mut shipped, mut arrivals) = (Vec::with_capacity(parts.len()), Vec::with_capacity(parts.len()));
    for part in parts {
        let left_on = day(part.shipped_at)?;
        shipped.push(shipped_part(order, row, part, left_on));
        let arrived_at = part.delivered_at.filter(|at| *at <= seen_at);
        arrivals.push(arrival(part, left_on, arrived_at.map(day).transpose()?));
    }
    Ok((shipped, arrivals))
}

/// What of a line ended otherwise than by leaving, or came back.
struct Ended {
    endings: Vec<Ending>,
    returned: i64,
    /// Units that were cancelled while they were a quote.
    never_ordered: i64,
}

fn ended(
    order: &OrderRow,
    row: &LineRow,
    (rows, seen_at): (&[&EndedRow], i64),
    day: &impl Fn(i64) -> Result<Date, StorageError>,
) -> Result<Ended, StorageError> {
    let mut found = Ended { endings: Vec::new(), returned: 0, never_ordered: 0 };
    let mut told = 0_i64;
    for ended in rows {
        let (is_seen, units) = (ended.due_at <= seen_at, ended.quantity);
        if ended.basis == CANCELLED {
            told = told.saturating_add(units);
            if is_seen {
                found.endings.push(Ending { on: day(ended.due_at)?, units, kind: EndingKind::Cancelled });
            }
        } else if ended.basis == RETURNED && is_seen {
            found.returned = found.returned.saturating_add(units);
        }
    }
    // What nothing was given back for: cancelled in another system, or while it was a quote and never ordered.
    let untold = row.cancelled.saturating_sub(row.substituted).saturating_sub(told).max(0);
    if order.quote_expires_at.is_some() {
        found.never_ordered = untold;
    } else if untold > 0 {
        found.endings.push(Ending { on: day(order.ordered_at)?, units: untold, kind: EndingKind::Cancelled });
    }
    Ok(found)
}

/// What was promised by the time, oldest first.
fn told(promises: &[&PromiseRow], seen_at: i64) -> Result<Vec<(i64, Option<Date>)>, StorageError> {
    let seen = promises.iter().filter(|promise| promise.promised_at <= seen_at);
    seen.map(|promise| Ok((promise.promised_at, columns::optional_date(promise.promised_date.as_deref(), "promise")?)))
        .collect()
}

/// The most units that waited again after stock was lost, as far as the customer was told so.
fn lost(promises: &[&PromiseRow], seen_at: i64) -> Result<i64, StorageError> {
    let mut most = 0;
    for promise in promises.iter().filter(|promise| promise.promised_at <= seen_at) {
        let confirmed = texts::confirmations_of(&promise.lost_confirmations)?;
        let waiting = confirmed.iter().filter(|part| part.cover != Cover::Stock).map(|part| part.quantity.get());
        most = most.max(waiting.fold(0_i64, i64::saturating_add));
    }
    Ok(most)
}

fn units(units: i64) -> Quantity {
    Quantity::try_new(units).unwrap_or_default()
}

/// An amount of the order's currency in that of the company, in nano-units.
pub fn company(nanos: i64, rate_nanos: i64) -> i64 {
    i64::try_from(share_of(nanos.into(), rate_nanos.into(), NANOS_PER_UNIT.into())).unwrap_or(i64::MAX)
}

fn shipped_part(order: &OrderRow, line: &LineRow, part: &PartRow, on: Date) -> ShippedPart {
    ShippedPart {
        on,
        shipment: Some(Arc::from(part.shipment_id.as_str())),
        units: units(part.quantity),
        freight_nanos: freight(order, line, part),
        expedited: part.expedited,
    }
}

/// The part of the shipment's freight that these units bear, in the company's currency. Not known of a currency that is
/// neither the order's nor, by the line's cost, the company's.
fn freight(order: &OrderRow, line: &LineRow, part: &PartRow) -> Option<i64> {
    let nanos = part.freight_nanos.filter(|_| part.shipment_units > 0)?;
    let own = i64::try_from(share_of(nanos.into(), part.quantity.into(), part.shipment_units.into())).ok()?;
    if !line.cost_currency.is_empty() && part.freight_currency == line.cost_currency {
        Some(own)
    } else if part.freight_currency == order.currency_code {
        Some(company(own, order.company_rate_nanos))
    } else {
        None
    }
}

fn arrival(part: &PartRow, left_on: Date, arrived_on: Option<Date>) -> Arrival {
    let is_known = arrived_on.is_some();
    let documents = match part.documents.as_str() {
        "CORRECT" => Some(true),
        "WRONG" => Some(false),
        _ => None,
    };
    Arrival {
        left_on,
        units: part.quantity,
        arrived_on,
        accepted: if is_known { part.accepted } else { 0 },
        damaged: if is_known { part.damaged } else { 0 },
        documents: documents.filter(|_| is_known),
    }
}

fn location(row: &LineRow, parts: &[&PartRow]) -> String {
    let left = parts.iter().map(|part| part.location_id.as_str()).find(|location| !location.is_empty());
    let mut serving = texts::locations_of(&row.locations);
    let only = serving.next().filter(|_| serving.next().is_none());
    left.or(only).unwrap_or_default().to_owned()
}
