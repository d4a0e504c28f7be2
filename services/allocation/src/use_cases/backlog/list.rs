//! Lists lines that wait, and demand that was lost.

use backorder_proto::{allocation::v1 as pb, convert::encode};
use backorder_storage::{StorageError, columns};
use jiff::{Timestamp, civil::Date};

use crate::{
    catalog::PlaceKind,
    error::Error,
    order::message,
    store::backlog::{self, BacklogPlace, BacklogQuery, WaitingLine},
    use_cases::UseCases,
};

const MICROS_PER_DAY: i64 = 24 * 60 * 60 * 1_000_000;

/// Which waiting lines are listed. Empty fields mean all.
#[derive(Debug, Clone, Default)]
pub struct BackorderFilter {
    /// Only this item's id.
    pub item: String,
    /// Only this customer.
    pub customer: String,
    /// Only lines that this location's id may serve.
    pub location: String,
    /// Only lines that wait so many whole days.
    pub age_days_min: i32,
    /// Only lines promised before this day.
    pub promised_before: Option<Date>,
    /// Only lines for which no date is known.
    pub without_date: bool,
    /// Only lines that a hold keeps.
    pub on_hold: bool,
    /// Only lines that a hold of this type keeps, as rows have it.
    pub hold_type: String,
}

impl UseCases {
    /// Lines that wait, in the order of each item's queue, after a place in this order.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn list_backorders(
        &self,
        filter: &BackorderFilter,
        after: Option<&BacklogPlace>,
        limit: u64,
    ) -> Result<Vec<WaitingLine>, Error> {
        let places = self.catalog().places().await?;
        let kind = places.get(&filter.location).map(|place| place.kind);
        let age = i64::from(filter.age_days_min).saturating_mul(MICROS_PER_DAY);
        let query = BacklogQuery {
            item: filter.item.clone(),
            customer: filter.customer.clone(),
            location: filter.location.clone(),
            location_serves_all: matches!(kind, Some(PlaceKind::Warehouse | PlaceKind::Store)),
            queued_until: (filter.age_days_min > 0).then(|| columns::micros(self.now()).saturating_sub(age)),
            promised_before: filter.promised_before.map(columns::date_text),
            without_date: filter.without_date,
            on_hold: filter.on_hold,
            hold_type: filter.hold_type.clone(),
        };
        Ok(backlog::waiting_lines(self.store().reader(), &query, after, limit).await?)
    }

    /// A waiting line as a message.
    ///
    /// # Errors
    /// [`StorageError::InvalidRow`] for rows that were not written here.
    pub fn backorder(&self, waiting: &WaitingLine) -> Result<pb::Backorder, StorageError> {
        let WaitingLine { order, line, holds } = waiting;
        let queued = columns::instant(line.queue_time, "order_line")?;
        Ok(pb::Backorder {
            line: Some(message::line(&order.currency_code, line, holds.clone())?),
            customer: order.customer.clone(),
            customer_tier: order.customer_tier.clone(),
            channel: order.channel.clone(),
            order_time: Some(encode::timestamp(columns::instant(order.ordered_at, "customer_order")?)),
            age_days: age_days(queued, self.now()),
        })
    }

    /// Lost demand after a row, with the number of each row.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn list_lost_demand(
        &self,
        item: &str,
        after: Option<i64>,
        limit: u64,
    ) -> Result<Vec<(i64, pb::LostDemand)>, Error> {
        let rows = backlog::lost_demand(self.store().reader(), item, after, limit).await?;
        Ok(rows.iter().map(|row| (row.id, message::lost_demand(row))).collect())
    }
}

fn age_days(queued: Timestamp, now: Timestamp) -> i32 {
    let waited = columns::micros(now).saturating_sub(columns::micros(queued)).max(0);
    i32::try_from(waited / MICROS_PER_DAY).unwrap_or(i32::MAX)
}
