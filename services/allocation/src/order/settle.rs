//! Makes a line follow its claims after a command or after news from inventory: quantities, promise and dates.

use backorder_domain::{
    ids::LocationId,
    order::{
        claim::{ClaimCopy, ClaimSums},
        eligibility::Barrier,
        line::{Decision, LineError, LineVector},
        promise::{self, Confirmation, PromiseReason},
        promise_rule::{Expectation, PromiseMove, PromiseRule},
        route::LineDates,
        state::OrderState,
    },
    quantity::Quantity,
    time::civil_date_in,
};
use backorder_proto::convert::allocation as convert;
use backorder_storage::{StorageError, columns};
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::{
    catalog::Places,
    error::Error,
    order::{
        LineRecord, Routes,
        book::{barriers_of, claim_copy, put_vector},
        horizon::put_horizon,
        routes::{line_dates, moved_by},
        sets::{self, SetView},
        take::Moved,
        texts,
        wait::{self, Winding},
    },
    store::entity::{customer_order, order_line, promise as promise_row},
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
    /// Shipped units came back; for those that are replaced the customer gets the same again.
    TakeBack { quantity: Quantity, replaced: Quantity },
    /// Another item is sent for units, which were cancelled.
    Substitute(Quantity),
    /// The warehouse is asked to give units back.
    Recall(Quantity),
    /// The warehouse has answered about units that it was asked for.
    EndRecall(Quantity),
    /// Shipped units have arrived.
    Deliver(Quantity),
    /// The customer agrees that less is shipped.
    Consent,
    /// Inventory has decided about the open units of a line that is taken over from another system, which says what was
    /// reserved at once and what was backordered, if it does.
    Import { filled_at_once: Option<Quantity>, backordered: Option<Quantity> },
    /// The line follows its claims, and stands behind the barrier of go-live no longer.
    GoLive,
    /// What suppliers are asked to ship of the line has changed, or they shipped.
    DropShip(Moved),
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

/// Applies the command and makes a line of the order follow its claims.
///
/// # Errors
/// [`Error::Line`] when the claims and the line disagree, [`Error::Storage`] for rows that were not written here.
pub fn settle(
    order: &customer_order::Model,
    line: &mut LineRecord,
    command: Command,
    cause: &Cause,
    moment: Moment<'_>,
    view: Option<SetView>,
) -> Result<Promised, Error> {
    let copies = line.copies()?;
    let mut vector = line.vector()?;
    let before = sums_before(&vector);
    let after = sums_after(&mut line.row, &copies, command)?;
    let zone = moment.places.zone_named(&line.row.time_zone);
    if matches!(command, Command::GoLive) {
        open_gate(line)?;
    }
    let previous = texts::confirmations_of(&line.row.confirmations)?;
    let routes = Routes::of(order, moment.places, &zone);
    let route = |location: &LocationId| routes.from(location);
    let dates = line_dates(&line.row, moment.now, &zone, &route)?;
    let opens = put_horizon(&mut line.row, civil_date_in(moment.now, &zone))?;
    let kept = if view.is_some_and(|view| view.counts_anew) { &[][..] } else { &previous };
    let mut own = promise::confirmations(kept, &copies, &dates);
    confirm_unreserved(&mut own, &line.row, 0, &dates);
    let next = sets::confirmed_together(own, line, view, &dates)?;
    // A quote that ended and a line that was shipped promise nothing new.
    let reason = cause.reason.or_else(|| promise::reason_of(before, after));
    let review_at = line.row.promise_review_at;
    let is_due = take_review(&mut line.row, &next, moment);
    let is_told = is_told(line, command, is_due || promise::is_another(&previous, &next), &next)?;
    let reason = reason.filter(|_| is_told);
    let awaits_run = matches!(command, Command::AwaitRun) && reason == Some(PromiseReason::SupplyChanged);
    let next = if awaits_run { previous } else { next };
    if awaits_run {
        // The run decides first; then the line is looked at again.
        line.row.promise_review_at = review_at;
    }

    let decided = decided(line, command, view, &dates)?;
    apply(&mut vector, command, decided, after).map_err(|error| disagree(&line.row, error))?;
    let today_here = civil_date_in(moment.now, &zone);
    let future = promise::future_units(&next, &dates, today_here).unwrap_or_default();
    let preorder = promise::preorder_units(&next, &dates).unwrap_or_default();
    vector.tell_apart(future, preorder);
    put_vector(&mut line.row, &vector);
    note(&mut line.row, command, moment);
    bar_by_takes(&mut line.row)?;
    sets::put_view(line, view, after)?;
    put_progress(&mut line.row, &vector, &next, moment, &zone);
    let ships_from = promise::promised(&next).and_then(|(_, last)| last.location.as_ref());
    line.row.latest_ship_date = routes.latest_ship_date(&line.row, ships_from)?.map(columns::date_text);
    let promised = match reason {
        None => Promised::Same,
        Some(_) if awaits_run => Promised::AwaitsRun,
        Some(reason) if follows(&mut line.row, &next, reason, moment)? => {
            let text = format!("{}{}", cause.text, moved_by(&next, &copies, &dates));
            Promised::Revised(revise(&mut line.row, &next, reason, text, moment))
        }
        Some(_) => Promised::Same,
    };
    let has_lost = matches!(promise::reason_of(before, after), Some(PromiseReason::StockLost));
    let is_quote = is_quote(order, command);
    let winding = Winding { zone: &zone, now: moment.now, is_quote, has_lost };
    wait::wind(&mut line.row, order.company_rate_nanos, winding)?;
    if let Some(release) = dates.release.filter(|_| !preorder.is_zero()) {
        review_by(&mut line.row, release, &zone);
    }
    if let Some(opens) = opens.filter(|_| vector.is_active()) {
        review_by(&mut line.row, opens, &zone);
    }
    Ok(promised)
}

/// What a command changes of a line beside its quantities.
fn note(row: &mut order_line::Model, command: Command, moment: Moment<'_>) {
    if let Command::TakeBack { replaced, .. } = command {
        row.replaced += replaced.get();
    }
    if let Command::Substitute(quantity) = command {
        row.substituted += quantity.get();
    }
    if matches!(command, Command::Consent) {
        agree(row, moment);
    }
}

/// Whether the line stays a quote's. A quote that is confirmed at this moment is an order.
fn is_quote(order: &customer_order::Model, command: Command) -> bool {
    let is_confirmed = matches!(command, Command::Confirm { .. });
    let names = [OrderState::Reserving.as_str(), OrderState::Quoted.as_str()];
    order.quote_expires_at.is_some() && !is_confirmed && names.contains(&order.state.as_str())
}

/// Whether another promise may be told. Before go-live it stands; when the line goes live, it is another system's still,
/// and changes when the day does.
fn is_told(line: &LineRecord, command: Command, is_another: bool, next: &[Confirmation]) -> Result<bool, StorageError> {
    if matches!(command, Command::GoLive) {
        return Ok(!next.is_empty() && promised_day(next) != line.row.current_promised_date);
    }
    Ok(is_another && !line.barriers()?.contains(Barrier::GoLive))
}

/// Takes the barrier of go-live off. What was reserved when the line was taken over leaves from now on.
fn open_gate(line: &mut LineRecord) -> Result<(), StorageError> {
    line.row.barriers = barriers_of(&line.row)?.set(Barrier::GoLive, false).bits();
    line.forget_stock_days()
}

/// The customer agrees to less: the line goes alone from now on.
fn agree(row: &mut order_line::Model, moment: Moment<'_>) {
    row.short_agreed_at = row.short_agreed_at.or(Some(columns::micros(moment.now)));
    row.set_name.clear();
}

/// Takes off the time at which the line is to be looked at again; answers whether it has come and something else may be
/// promised now.
fn take_review(row: &mut order_line::Model, next: &[Confirmation], moment: Moment<'_>) -> bool {
    if next.is_empty() {
        // Nothing is left of which something else could be told later.
        (row.better_since, row.promise_review_at) = (None, None);
        return false;
    }
    if row.promise_review_at.is_none_or(|at| at > columns::micros(moment.now)) {
        return false;
    }
    row.promise_review_at = None;
    promised_day(next) != row.current_promised_date
}

/// The day by which all is promised, as it is kept.
fn promised_day(confirmations: &[Confirmation]) -> Option<String> {
    promise::promised(confirmations).map(|(date, _)| columns::date_text(date))
}

/// The line is looked at again when the day begins at the latest: what is preordered is not from then on.
fn review_by(row: &mut order_line::Model, day: Date, zone: &TimeZone) {
    let begins = zone.to_timestamp(day.to_datetime(jiff::civil::Time::midnight())).ok().map(columns::micros);
    row.promise_review_at = match (row.promise_review_at, begins) {
        (Some(at), Some(begins)) => Some(at.min(begins)),
        (at, begins) => at.or(begins),
    };
}

/// Whether the promise follows what is expected now, by the line's rule. Notes when to look again where it does not yet.
fn follows(
    row: &mut order_line::Model,
    next: &[Confirmation],
    reason: PromiseReason,
    moment: Moment<'_>,
) -> Result<bool, StorageError> {
    const TABLE: &str = "order_line";
    let by_rule = match reason {
        // The customer knows of it.
        PromiseReason::Placed | PromiseReason::Amended | PromiseReason::Imported => PromiseMove::Follows,
        // A pinned promise stands whatever comes; the end of the pin has it looked at again.
        _ if !row.pin.is_empty() => PromiseMove::Stands { better_since: None, review_at: None },
        PromiseReason::Served | PromiseReason::SupplyChanged | PromiseReason::StockLost | PromiseReason::GoLive => {
            let zone = moment.places.zone_named(&row.promised_zone);
            rule_of(row).decide(&Expectation {
                promised: columns::optional_date(row.current_promised_date.as_deref(), TABLE)?,
                expected: promise::promised(next).map(|(date, _)| date),
                better_since: columns::optional_instant(row.better_since, TABLE)?,
                now: moment.now,
                zone: &zone,
            })
        }
    };
    let (follows, since, review_at) = match by_rule {
        PromiseMove::Follows => (true, None, None),
        PromiseMove::Stands { better_since, review_at } => (false, better_since, review_at),
    };
    row.better_since = since.map(columns::micros);
    row.promise_review_at = review_at.map(columns::micros);
    Ok(follows)
}

fn rule_of(row: &order_line::Model) -> PromiseRule {
    let number = |number: i32| u16::try_from(number).unwrap_or_default();
    PromiseRule {
        later_days: number(row.promise_later_days),
        earlier_days: number(row.promise_earlier_days),
        stable_hours: number(row.promise_stable_hours),
    }
}

/// What the claims say, with what suppliers shipped, which no claim knows of: what the command moves there is in the row then.
fn sums_after(row: &mut order_line::Model, copies: &[ClaimCopy], command: Command) -> Result<ClaimSums, Error> {
    if let Command::DropShip(moved) = command {
        row.drop_ship_pending += moved.pending;
        row.drop_ship_confirmed += moved.confirmed;
        row.drop_shipped += moved.shipped;
    }
    let shipped = Quantity::try_new(row.drop_shipped).ok();
    let sums = ClaimSums::of(copies).zip(shipped).and_then(|(sums, shipped)| {
        let posted = sums.posted.checked_add(shipped)?;
        Some(ClaimSums { posted, ..sums })
    });
    sums.ok_or_else(|| disagree(row, LineError::Overflow))
}

/// While suppliers are asked for all that waits of a line it takes no stock, so that nothing is served twice.
fn bar_by_takes(row: &mut order_line::Model) -> Result<(), StorageError> {
    let asked = row.drop_ship_pending + row.drop_ship_confirmed;
    let is_barred = asked > 0 && asked >= row.open;
    row.barriers = barriers_of(row)?.set(Barrier::DropShip, is_barred).bits();
    Ok(())
}

fn sums_before(vector: &LineVector) -> ClaimSums {
    let parts = vector.parts();
    ClaimSums { waiting: parts.open, reserved: parts.reserved, released: parts.released, posted: parts.shipped }
}

fn apply(vector: &mut LineVector, command: Command, decided: Decision, after: ClaimSums) -> Result<(), LineError> {
    match command {
        Command::Decide { .. } => vector.decide(decided, after),
        Command::Confirm { .. } => vector.confirm(decided, after),
        Command::Reduce(by) => vector.reduce(by, after),
        Command::TakeBack { quantity, .. } => {
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
        Command::Import { filled_at_once, backordered } => {
            let shipped = vector.parts().shipped;
            let at_once = shipped.checked_add(decided.at_once).ok_or(LineError::Overflow)?;
            vector.take_over(filled_at_once.unwrap_or(at_once), backordered.unwrap_or(decided.late), after)
        }
        Command::Substitute(_)
        | Command::Consent
        | Command::DropShip(_)
        | Command::Follow
        | Command::AwaitRun
        | Command::GoLive => vector.observe(after),
    }
}

/// How inventory decided about the part that a command is about: what it reserved at once, and what of it cannot ship by
/// the requested day.
fn decided(
    line: &LineRecord,
    command: Command,
    view: Option<SetView>,
    dates: &LineDates<'_>,
) -> Result<Decision, Error> {
    let (part, refused) = match command {
        Command::Decide { part, refused } | Command::Confirm { part, refused } => (part, refused),
        Command::Import { .. } => (1, Quantity::ZERO),
        Command::Reduce(_)
        | Command::TakeBack { .. }
        | Command::Substitute(_)
        | Command::Recall(_)
        | Command::EndRecall(_)
        | Command::Deliver(_)
        | Command::Consent
        | Command::DropShip(_)
        | Command::Follow
        | Command::AwaitRun
        | Command::GoLive => return Ok(Decision::default()),
    };
    let copy: Option<ClaimCopy> = line.claims.get(&part).and_then(|row| claim_copy(row).ok());
    let Some(copy) = copy else { return Ok(Decision { refused, ..Decision::default() }) };
    let mut own = promise::confirmations(&[], [&copy], dates);
    // What the other parts do not need of what is promised unreserved.
    let others = line.claims.values().filter(|claim| claim.part != part);
    let others: i64 = others.map(|claim| claim.waiting - claim.pegged).sum();
    confirm_unreserved(&mut own, &line.row, others, dates);
    let confirmed = sets::confirmed_together(own, line, view, dates)?;
    Ok(Decision {
        refused,
        at_once: copy.reserved().unwrap_or_default(),
        late: promise::late_units(&confirmed, dates).unwrap_or_default(),
    })
}

/// Promises what a line beyond its horizon can have without a reservation, but for so many units.
pub(super) fn confirm_unreserved(
    confirmations: &mut Vec<Confirmation>,
    row: &order_line::Model,
    but_for: i64,
    dates: &LineDates<'_>,
) {
    let left = Quantity::try_new(row.unreserved_quantity.saturating_sub(but_for)).unwrap_or_default();
    if let Ok(location) = LocationId::try_new(row.unreserved_location.as_str()) {
        promise::confirm_unreserved(confirmations, left, &location, dates);
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
    row.expected_ship_date = promised_day(next);
    row.confirmations = texts::confirmations(next);
}

fn revise(
    row: &mut order_line::Model,
    next: &[Confirmation],
    reason: PromiseReason,
    cause: String,
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
        cause,
    }
}

fn disagree(row: &order_line::Model, error: LineError) -> Error {
    Error::Line { order: row.order_id.clone(), line: row.line_number, error }
}
