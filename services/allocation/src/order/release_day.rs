//! Whether the item of a line is released: before that its units stay here.

use backorder_domain::time::{civil_date_in, time_zone};
use backorder_storage::columns;
use jiff::{Timestamp, tz::TimeZone};

use crate::{error::Error, order::LineRecord};

/// Whether units of the line may be handed over or leave at an instant.
///
/// # Errors
/// [`Error::NotReleased`] before the line's release date, in the zone of its promise.
pub fn check(line: &LineRecord, at: Timestamp) -> Result<(), Error> {
    let row = &line.row;
    let Some(release) = columns::optional_date(row.release_date.as_deref(), "order_line")? else { return Ok(()) };
    let zone = time_zone(&row.promised_zone).unwrap_or(TimeZone::UTC);
    if civil_date_in(at, &zone) < release {
        return Err(Error::NotReleased { order: row.order_id.clone(), line: row.line_number, release });
    }
    Ok(())
}
