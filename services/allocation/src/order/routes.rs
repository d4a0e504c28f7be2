//! The routes of an order's lines: where the goods leave, by which lane they go, and by when they have to leave.

use backorder_domain::{
    ids::LocationId,
    order::{
        claim::ClaimCopy,
        promise::{self, Confirmation, Cover},
        route::{DateBasis, DateStepKind, LineDates, Route, date_steps},
    },
    time::civil_date_in,
};
use backorder_proto::common::v1 as common;
use backorder_storage::{StorageError, columns};
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::{
    catalog::{Places, Way},
    order::texts,
    store::entity::{customer_order, order_line},
};

/// The routes by which the lines of an order reach the customer.
#[derive(Debug, Clone, Copy)]
pub struct Routes<'a> {
    places: &'a Places,
    destination_zone: &'a str,
    service: &'a str,
    /// The zone in which the days of an unknown location are read.
    otherwise: &'a TimeZone,
}

impl<'a> Routes<'a> {
    /// The routes of an order's line, whose dates are read in `zone` where a location is not known.
    #[must_use]
    pub fn of(order: &'a customer_order::Model, places: &'a Places, zone: &'a TimeZone) -> Self {
        Self { places, destination_zone: &order.destination_zone, service: &order.service, otherwise: zone }
    }

    /// The route from a location.
    #[must_use]
    pub fn from(&self, location: &LocationId) -> Route {
        let schedule = self.places.schedule_of(location, self.otherwise);
        // Where there are no lanes, they need not be looked up for each line.
        let lane = (self.places.has_lanes() && !self.destination_zone.is_empty()).then(|| {
            self.places.lane_of(&Way {
                location: location.to_string(),
                destination_zone: self.destination_zone.to_owned(),
                service: self.service.to_owned(),
            })
        });
        Route { schedule, lane: lane.flatten() }
    }

    /// The last day on which goods can leave `location` to arrive on the day that the line asks for. `None` when it asks
    /// for a day of leaving, or no lane is known from there. Where no location is known yet, it is the one that serves
    /// the line first.
    ///
    /// # Errors
    /// [`StorageError::InvalidRow`] for a row that was not written here.
    pub fn latest_ship_date(
        &self,
        line: &order_line::Model,
        location: Option<&LocationId>,
    ) -> Result<Option<Date>, StorageError> {
        if basis_of(line) == DateBasis::Ship {
            return Ok(None);
        }
        let Some(location) = location.cloned().or_else(|| self.first_location(line)) else { return Ok(None) };
        Ok(self.from(&location).latest_ship_day(columns::date(&line.requested_date, "order_line")?))
    }

    /// The location that serves a line first, as far as one is named or ranked.
    #[must_use]
    pub fn first_location(&self, line: &order_line::Model) -> Option<LocationId> {
        let named = texts::locations_of(&line.locations).next().and_then(|id| LocationId::try_new(id).ok());
        named.or_else(|| self.places.first_serving().cloned())
    }
}

/// What moved the last promised day but the customer's wish, for people: `; closed until 2026-11-30, handling until …`.
/// Empty when nothing did, or the day was promised before and is kept.
#[must_use]
pub fn moved_by(promise: &[Confirmation], copies: &[ClaimCopy], dates: &LineDates<'_>) -> String {
    let Some((promised, last)) = promise::promised(promise) else { return String::new() };
    let Some(location) = &last.location else { return String::new() };
    let expected = match &last.cover {
        Cover::Stock | Cover::Unreserved | Cover::Free | Cover::None => None,
        Cover::Supply(supply) => {
            let peg = copies.iter().flat_map(|copy| &copy.pegs).find(|peg| peg.supply == *supply);
            peg.map(|peg| peg.expected_date)
        }
    };
    let mut steps = date_steps(&(dates.route)(location), expected, dates.release, dates.now, promised);
    if steps.iter().any(|step| step.kind != DateStepKind::Transit && step.to > promised) {
        return String::new();
    }
    steps.retain(|step| step.kind != DateStepKind::RequestedDate);
    let steps: Vec<String> = steps.iter().map(|step| format!("{} until {}", step.kind.as_str(), step.to)).collect();
    if steps.is_empty() { String::new() } else { format!("; {}", steps.join(", ")) }
}

/// What a line's requested date is the date of.
#[must_use]
pub fn basis_of(line: &order_line::Model) -> DateBasis {
    match common::DateBasis::from_str_name(&line.requested_basis) {
        Some(common::DateBasis::Deliver) => DateBasis::Deliver,
        Some(common::DateBasis::Ship | common::DateBasis::Unspecified) | None => DateBasis::Ship,
    }
}

/// What the dates of a line's promise are counted from and by. In `zone` is read whether its item is released.
///
/// # Errors
/// [`StorageError::InvalidRow`] for a row that was not written here.
pub fn line_dates<'a>(
    line: &order_line::Model,
    now: Timestamp,
    zone: &TimeZone,
    route: &'a dyn Fn(&LocationId) -> Route,
) -> Result<LineDates<'a>, StorageError> {
    let requested = columns::date(&line.requested_date, "order_line")?;
    let release = columns::optional_date(line.release_date.as_deref(), "order_line")?;
    let release = release.filter(|release| *release > civil_date_in(now, zone));
    Ok(LineDates { requested, basis: basis_of(line), release, now, route })
}
