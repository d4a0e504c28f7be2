//! Whether a line is beyond its item's reservation horizon.

use backorder_domain::order::{
    eligibility::{Barrier, Barriers},
    horizon::opens,
};
use backorder_storage::{StorageError, columns};
use jiff::civil::Date;

use super::barriers_of;
use crate::store::entity::order_line;

/// The day on which the goods of a line have to leave: not before the item may.
///
/// # Errors
/// [`StorageError::InvalidRow`] for a row that was not written here.
pub fn leaves(line: &order_line::Model) -> Result<Date, StorageError> {
    let wanted = columns::date(line.latest_ship_date.as_ref().unwrap_or(&line.requested_date), "order_line")?;
    let release = columns::optional_date(line.release_date.as_deref(), "order_line")?;
    Ok(release.map_or(wanted, |release| wanted.max(release)))
}

/// The day on which the line comes into its horizon, when that is later than `today`.
///
/// # Errors
/// [`StorageError::InvalidRow`] for a row that was not written here.
pub fn opens_later(line: &order_line::Model, today: Date) -> Result<Option<Date>, StorageError> {
    let days = line.reservation_horizon_days.and_then(|days| u16::try_from(days).ok());
    let Some(days) = days else { return Ok(None) };
    Ok(Some(opens(leaves(line)?, days)).filter(|opens| *opens > today))
}

/// Sets or clears the barrier of the horizon; answers the day on which it opens when that is later than `today`.
///
/// # Errors
/// [`StorageError::InvalidRow`] for a row that was not written here.
pub fn put_horizon(line: &mut order_line::Model, today: Date) -> Result<Option<Date>, StorageError> {
    let opens = opens_later(line, today)?;
    let barriers: Barriers = barriers_of(line)?;
    line.barriers = barriers.set(Barrier::BeforeHorizon, opens.is_some()).bits();
    if opens.is_none() {
        line.unreserved_quantity = 0;
        line.unreserved_location.clear();
    }
    Ok(opens)
}
