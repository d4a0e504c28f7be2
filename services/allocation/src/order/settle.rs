//! Makes a line follow its claims after a command or after news from inventory: quantities, promise and dates.

use backorder_domain::{
    ids::LocationId,
    order::{
        claim::{ClaimCopy, ClaimSums},
        line::{Decision, LineError, LineVector},
        promise::{self, Confirmation, PromiseReason},
    },
    quantity::Quantity,
    time::civil_date_in,
};
use backorder_proto::convert::allocation as convert;
use backorder_storage::columns;
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::{
    catalog::Places,
    error::Error,
    order::{
        LineRecord,
        book::{claim_copy, put_vector},
        texts,
    },
    store::entity::{order_line, promise as promise_row},
};

/// When and where a change happens.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// The business time.
    pub now: Timestamp,
    /// The time zones of locations.
    pub places: &'a Places,
}

/// Why a line changes.
#[derive(Debug, Clone)]
pub struct Cause {
    /// The reason of a new promise. `None` means that what happened to the units tells.
    pub reason: Option<PromiseReason>,
    /// What changed it, for people.
    pub text: String,
}

/// What happens to a line.
#[derive(Debug, Clone, Copy)]
pub enum Command {
    /// Inventory has decided about the line's first part, or about the added part `part`.
    Decide { part: i32, refused: Quantity },
    /// Inventory has decided about the line of a confirmed quote.
    Confirm { part: i32, refused: Quantity },
    /// Less is ordered.
    Reduce(Quantity),
    /// Shipped units came back.
    TakeBack(Quantity),
    /// The warehouse is asked to give units back.
    Recall(Quantity),
    /// The warehouse has answered about units that it was asked for.
    EndRecall(Quantity),
    /// Shipped units have arrived.
    Deliver(Quantity),
    /// The line follows its claims.
    Follow,
    /// The line follows its claims, of which a pending run will decide: units that were put aside for it have lost their
    /// pegs and are not reserved yet. What only supply did to its promise is told after the run, by [`Command::Follow`].
    AwaitRun,
}

/// What became of a line's promise.
#[derive(Debug)]
pub enum Promised {
    /// It is as it was.
    Same,
    /// It is another one.
    Revised(promise_row::Model),
    /// It would be another one, and stands until the pending run has decided.
    AwaitsRun,
}

/// Applies the command and makes the line follow its claims.
///
/// # Errors
/// [`Error::Line`] when the claims and the line disagree, [`Error::Storage`] for rows that were not written here.
pub fn settle(line: &mut LineRecord, command: Command, cause: &Cause, moment: Moment<'_>) -> Result<Promised, Error> {
    let copies = line.copies()?;
    let mut vector = line.vector()?;
    let before = sums_before(&vector);
    let after = ClaimSums::of(&copies).ok_or_else(|| disagree(&line.row, LineError::Overflow))?;
    let requested = columns::date(&line.row.requested_date, "order_line")?;
    let zone = moment.places.zone_named(&line.row.time_zone);
    let previous = texts::confirmations_of(&line.row.confirmations)?;
    let today = |location: &LocationId| moment.places.today_at(location, moment.now, &zone);
    let next = promise::confirmations(&previous, &copies, requested, today);
    // A quote that ended and a line that was shipped promise nothing new.
    let reason = cause.reason.or_else(|| promise::reason_of(before, after));
    let reason = reason.filter(|_| promise::is_another(&previous, &next));
    let awaits_run = matches!(command, Command::AwaitRun) && reason == Some(PromiseReason::SupplyChanged);
    let next = if awaits_run { previous } else { next };

    apply(&mut vector, line, command, after, requested, &today).map_err(|error| disagree(&line.row, error))?;
    let today_here = civil_date_in(moment.now, &zone);
    let future = promise::future_units(&next, requested, today_here).unwrap_or_default();
    vector.tell_apart(future, Quantity::ZERO);
    put_vector(&mut line.row, &vector);
    put_progress(&mut line.row, &vector, &next, moment, &zone);
    Ok(match reason {
        None => Promised::Same,
        Some(_) if awaits_run => Promised::AwaitsRun,
        Some(reason) => Promised::Revised(revise(&mut line.row, &next, reason, cause, moment)),
    })
}

fn sums_before(vector: &LineVector) -> ClaimSums {
    let parts = vector.parts();
    ClaimSums { waiting: parts.open, reserved: parts.reserved, released: parts.released, posted: parts.shipped }
}

fn apply(
    vector: &mut LineVector,
    line: &LineRecord,
    command: Command,
    after: ClaimSums,
    requested: Date,
    today: &impl Fn(&LocationId) -> Date,
) -> Result<(), LineError> {
    match command {
        Command::Decide { part, refused } => vector.decide(decision(line, part, refused, requested, today), after),
        Command::Confirm { part, refused } => vector.confirm(decision(line, part, refused, requested, today), after),
        Command::Reduce(by) => vector.reduce(by, after),
        Command::TakeBack(quantity) => {
            vector.observe(after)?;
            vector.take_back(quantity)
        }
        Command::Recall(quantity) => {
            vector.observe(after)?;
            vector.recall(quantity)
        }
        Command::EndRecall(asked) => {
            vector.end_recall(asked);
            vector.observe(after)
        }
        Command::Deliver(quantity) => {
            vector.observe(after)?;
            vector.deliver(quantity)
        }
        Command::Follow | Command::AwaitRun => vector.observe(after),
    }
}

/// How inventory decided about one part: what it reserved at once, and what of it cannot ship by the requested day.
fn decision(
    line: &LineRecord,
    part: i32,
    refused: Quantity,
    requested: Date,
    today: &impl Fn(&LocationId) -> Date,
) -> Decision {
    let copy: Option<ClaimCopy> = line.claims.get(&part).and_then(|row| claim_copy(row).ok());
    let Some(copy) = copy else { return Decision { refused, ..Decision::default() } };
    let confirmed = promise::confirmations(&[], [&copy], requested, today);
    Decision {
        refused,
        at_once: copy.reserved().unwrap_or_default(),
        late: promise::late_units(&confirmed, requested).unwrap_or_default(),
    }
}

/// When all units were reserved, when the last one shipped, and when the rest is expected.
fn put_progress(
    row: &mut order_line::Model,
    vector: &LineVector,
    next: &[Confirmation],
    moment: Moment<'_>,
    zone: &TimeZone,
) {
    let parts = vector.parts();
    let is_filled = parts.open.is_zero() && parts.cancelled < parts.ordered;
    row.filled_at = is_filled.then(|| row.filled_at.unwrap_or(columns::micros(moment.now)));
    let is_shipped = !vector.is_active() && !parts.shipped.is_zero();
    if !is_shipped {
        row.actual_ship_date = None;
    } else if row.actual_ship_date.is_none() {
        row.actual_ship_date = Some(columns::date_text(civil_date_in(moment.now, zone)));
    }
    row.expected_ship_date = promise::promised(next).map(|(date, _)| columns::date_text(date));
    row.confirmations = texts::confirmations(next);
}

fn revise(
    row: &mut order_line::Model,
    next: &[Confirmation],
    reason: PromiseReason,
    cause: &Cause,
    moment: Moment<'_>,
) -> promise_row::Model {
    let promised = promise::promised(next);
    let location = promised.and_then(|(_, confirmation)| confirmation.location.as_ref());
    let zone = location.and_then(|location| moment.places.zone_name_of(location));
    row.promised_zone = zone.map_or_else(|| row.time_zone.clone(), str::to_owned);
    row.current_promised_date = promised.map(|(date, _)| columns::date_text(date));
    if row.original_promised_date.is_none() {
        row.original_promised_date.clone_from(&row.current_promised_date);
    }
    row.promise_revision += 1;
    promise_row::Model {
        order_id: row.order_id.clone(),
        line_number: row.line_number,
        revision: row.promise_revision,
        promised_at: columns::micros(moment.now),
        promised_date: row.current_promised_date.clone(),
        time_zone: row.promised_zone.clone(),
        confirmations: row.confirmations.clone(),
        reason: convert::promise_reason(reason).as_str_name().to_owned(),
        cause: cause.text.clone(),
    }
}

fn disagree(row: &order_line::Model, error: LineError) -> Error {
    Error::Line { order: row.order_id.clone(), line: row.line_number, error }
}
