//! Exceptions about what suppliers ship themselves: reports that are stale, and takes that came to nothing.

use std::collections::BTreeSet;

use backorder_domain::{
    order::exception::{ExceptionLimits, value_at_risk},
    time::civil_date_in,
};
use backorder_proto::{
    allocation::v1::ExceptionKind,
    convert::{Violations, allocation::line_name, decode},
};
use backorder_storage::{StorageError, columns};
use jiff::tz::TimeZone;

use super::{
    list::ExceptionFilter,
    sources::{days_before, id_of},
};
use crate::{
    error::Error,
    order::{
        exception::Found,
        kits,
        take::{name, to_ship},
    },
    store::{
        entity::{drop_ship_take, order_line},
        exceptions as store,
        takes::{self, REFUSED},
    },
    use_cases::UseCases,
};

/// Takes of each kind at most.
const TAKES_MAX: u64 = 1_000;

impl UseCases {
    /// The exceptions of the wanted kinds about what suppliers ship themselves.
    ///
    /// # Errors
    /// [`Error::Storage`]; [`Error::Unanswered`] when inventory does not answer.
    pub(super) async fn drop_ship_exceptions(
        &self,
        filter: &ExceptionFilter,
        limits: &ExceptionLimits,
    ) -> Result<Vec<Found>, Error> {
        let (now, reader) = (self.now(), self.store().reader());
        let mut found = Vec::new();
        if filter.wants(ExceptionKind::StaleDropShip) {
            found.extend(self.of_stale_reports().await?);
        }
        if filter.wants(ExceptionKind::DropShipDeclined) {
            let since = days_before(now, limits.drop_ship_declined_days);
            let declined = takes::declined(reader, since, TAKES_MAX).await?;
            found.extend(self.of_takes(declined, ExceptionKind::DropShipDeclined).await?);
        }
        if filter.wants(ExceptionKind::DropShipLate) {
            let today = civil_date_in(now, &TimeZone::UTC);
            let answered = days_before(now, limits.drop_ship_unshipped_days);
            let late = takes::confirmed_for_before(reader, today, answered, TAKES_MAX).await?;
            found.extend(self.of_takes(late, ExceptionKind::DropShipLate).await?);
        }
        Ok(found)
    }

    async fn of_stale_reports(&self) -> Result<Vec<Found>, Error> {
        let stale = self.inventory().stale_drop_ship_stock().await.map_err(Error::Unanswered)?;
        let items = stale.iter().map(|report| id_of(&report.item)).collect();
        let waiting = store::waiting_for(self.store().reader(), &items).await?;
        let found = stale.iter().filter_map(|report| {
            let item = id_of(&report.item);
            let waits = waiting.get(&item)?;
            // Of what waits, as much as was reported, at the mean value of what waits.
            let quantity = report.quantity.min(waits.open);
            let value = i128::from(waits.risk_nanos) * i128::from(quantity) / i128::from(waits.open.max(1));
            let expired = decode::timestamp_if_set(report.expire_time.as_ref(), "", &mut Violations::new());
            let (supplier, reported) = (&report.supplier, report.quantity);
            (quantity > 0).then(|| Found {
                kind: ExceptionKind::StaleDropShip,
                subject: format!("dropShipStock/{item}/suppliers/{supplier}"),
                customer: String::new(),
                quantity,
                value: i64::try_from(value).unwrap_or(i64::MAX),
                since: expired.flatten().map_or(0, columns::micros),
                detail: format!("{supplier} reported {reported} units, which holds no more; {} wait", waits.open),
                command: format!("backorder dropship report {supplier:?} {item}=UNITS"),
                item,
            })
        });
        Ok(found.collect())
    }

    async fn of_takes(
        &self,
        takes: Vec<drop_ship_take::Model>,
        kind: ExceptionKind,
    ) -> Result<Vec<Found>, StorageError> {
        let keys: BTreeSet<_> = takes.iter().map(|take| (take.order_id.clone(), take.line_number)).collect();
        let lines = self.lines_of(&keys).await?;
        let found = takes.iter().filter_map(|take| {
            let (line, order) = lines.get(&take.order_id, take.line_number)?;
            let is_late = kind == ExceptionKind::DropShipLate;
            let told = if is_late { told_late(take) } else { told_declined(take, line) };
            Some(Found {
                kind,
                subject: name(&take.id),
                item: take.item_id.clone(),
                customer: order.customer.clone(),
                quantity: told.quantity,
                value: value_at_risk(kits::worth(line, told.quantity), order.company_rate_nanos),
                since: take.answered_at.unwrap_or(take.asked_at),
                detail: told.detail,
                command: told.command,
            })
        });
        Ok(found.collect())
    }
}

/// What there is to say about a take.
struct Told {
    quantity: i64,
    detail: String,
    command: String,
}

fn told_declined(take: &drop_ship_take::Model, line: &order_line::Model) -> Told {
    let quantity = take.quantity.min(line.open - line.drop_ship_pending - line.drop_ship_confirmed);
    let did = if take.state == REFUSED { "refused to ship" } else { "did not answer in time about" };
    let of = line_name(&take.order_id, take.line_number);
    Told {
        quantity,
        detail: format!("{} {did} {} units of {of}", take.supplier, take.quantity),
        command: format!("backorder dropship take {}/{}={quantity} SUPPLIER", take.order_id, take.line_number),
    }
}

fn told_late(take: &drop_ship_take::Model) -> Told {
    let (quantity, of) = (to_ship(take), line_name(&take.order_id, take.line_number));
    let by = take.ship_date.as_ref().map_or_else(|| "and named no day".to_owned(), |day| format!("for {day}"));
    Told {
        quantity,
        detail: format!("{} confirmed {quantity} units of {of} {by}, and has not shipped", take.supplier),
        command: format!("backorder dropship ship {}", take.id),
    }
}
