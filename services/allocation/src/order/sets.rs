//! Ship sets of an order that a transaction has loaded: when all of a set can leave, and what its lines hear of each other.

use std::collections::BTreeSet;

use backorder_domain::{
    ids::LocationId,
    order::{
        claim::{ClaimSums, Reserved},
        eligibility::Barrier,
        promise::{self, Confirmation},
        ship_set::{Gate, SetBroken, check_member, last_day, together, with_free},
    },
    quantity::Quantity,
};
use backorder_storage::columns;
use jiff::civil::Date;

use crate::{
    error::Error,
    events::Events,
    order::{
        Book, Cause, Changes, Command, LineRecord, Moment, OrderRecord, Routes, barriers_of, routes::line_dates,
        settle::confirm_unreserved, texts,
    },
    saga::PlannedLine,
    store::entity::{customer_order, order_line},
};

/// What a line hears of its ship set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetView {
    /// The day on which all of the set can leave. `None` when none is known for some line.
    pub day: Option<Date>,
    /// Whether units of some line wait.
    pub is_incomplete: bool,
    /// Whether days out of stock are counted anew: something waits, or waited until now.
    pub counts_anew: bool,
}

/// The lines of a set of which something is reserved or waits.
pub fn members<'o>(order: &'o OrderRecord, name: &'o str) -> impl Iterator<Item = (i32, &'o LineRecord)> {
    let lines = order.lines.iter().filter(move |(_, line)| line.row.set_name == name);
    let is_active = |line: &LineRecord| line.claims.values().any(|claim| claim.reserved + claim.waiting > 0);
    lines.filter(move |(_, line)| is_active(line)).map(|(number, line)| (*number, line))
}

impl OrderRecord {
    /// What a line hears of its set; `None` for a line that goes alone.
    ///
    /// # Errors
    /// [`Error::Storage`] for rows that were not written here.
    pub fn set_view_of(&mut self, number: i32, moment: Moment<'_>) -> Result<Option<SetView>, Error> {
        let Some(name) = self.lines.get(&number).map(|line| &line.row.set_name).filter(|name| !name.is_empty()) else {
            return Ok(None);
        };
        if let Some(view) = self.set_views.get(name) {
            return Ok(Some(*view));
        }
        let name = name.clone();
        let view = self.view(&name, moment)?;
        self.set_views.insert(name, view);
        Ok(Some(view))
    }

    fn view(&self, name: &str, moment: Moment<'_>) -> Result<SetView, Error> {
        let lines: Vec<&LineRecord> = members(self, name).map(|(_, line)| line).collect();
        let mut was_incomplete = false;
        for line in &lines {
            was_incomplete |= line.barriers()?.contains(Barrier::SetIncomplete);
        }
        let is_incomplete = lines.iter().flat_map(|line| line.claims.values()).any(|claim| claim.waiting > 0);
        let counts_anew = was_incomplete || is_incomplete;
        let days = lines.iter().map(|line| own_day(&self.row, line, counts_anew, moment));
        Ok(SetView { day: last_day(days.collect::<Result<Vec<_>, _>>()?), is_incomplete, counts_anew })
    }
}

/// The day on which a line could leave if it went alone and had what is free for it. `None` when none is known.
///
/// # Errors
/// [`Error::Storage`] for rows that were not written here.
pub fn own_day(
    order: &customer_order::Model,
    line: &LineRecord,
    counts_anew: bool,
    moment: Moment<'_>,
) -> Result<Option<Date>, Error> {
    let zone = moment.places.zone_named(&line.row.time_zone);
    let routes = Routes::of(order, moment.places, &zone);
    let route = |location: &LocationId| routes.from(location);
    let dates = line_dates(&line.row, moment.now, &zone, &route)?;
    let previous = if counts_anew { Vec::new() } else { texts::confirmations_of(&line.row.confirmations)? };
    let mut own = promise::confirmations(&previous, &line.copies()?, &dates);
    confirm_unreserved(&mut own, &line.row, 0, &dates);
    Ok(promise::promised(&with_free(own, &free_of(line)?, &dates)).map(|(day, _)| day))
}

/// What was free for the line when inventory decided about its set last.
///
/// # Errors
/// [`Error::Storage`] for a text that was not written here.
pub fn free_of(line: &LineRecord) -> Result<Vec<Reserved>, Error> {
    let text = line.free_told.as_ref().unwrap_or(&line.row.set_free);
    Ok(texts::reservations_of(text)?)
}

/// The confirmations of a line in view of its set.
///
/// # Errors
/// [`Error::Storage`] for a text that was not written here.
pub fn confirmed_together(
    own: Vec<Confirmation>,
    line: &LineRecord,
    view: Option<SetView>,
    dates: &backorder_domain::order::route::LineDates<'_>,
) -> Result<Vec<Confirmation>, Error> {
    let Some(view) = view else { return Ok(own) };
    Ok(together(with_free(own, &free_of(line)?, dates), view.day, dates))
}

/// Writes into the row what the line heard of its set.
///
/// # Errors
/// [`Error::Storage`] for a row that was not written here.
pub fn put_view(line: &mut LineRecord, view: Option<SetView>, after: ClaimSums) -> Result<(), Error> {
    if let Some(free) = line.free_told.take() {
        line.row.set_free = free;
    }
    let waits = !after.waiting.is_zero();
    if view.is_none() || !waits {
        line.row.set_free.clear();
    }
    let is_barred = waits && view.is_some_and(|view| view.is_incomplete);
    line.row.barriers = barriers_of(&line.row)?.set(Barrier::SetIncomplete, is_barred).bits();
    Ok(())
}

/// The names of the sets of lines.
pub fn names_of(order: &OrderRecord, lines: impl IntoIterator<Item = i32>) -> BTreeSet<String> {
    let rows = lines.into_iter().filter_map(|number| order.lines.get(&number)).map(|line| &line.row.set_name);
    rows.filter(|name| !name.is_empty()).cloned().collect()
}

impl Changes {
    /// The other lines of sets hear of it when `settled` lines changed.
    ///
    /// # Errors
    /// As [`Changes::settle_line`].
    pub fn follow_sets(
        &mut self,
        order: &mut OrderRecord,
        names: &BTreeSet<String>,
        settled: &BTreeSet<i32>,
        command: Command,
        moment: Moment<'_>,
        events: &mut Events<'_>,
    ) -> Result<(), Error> {
        let cause = Cause { reason: None, text: "its ship set changed".to_owned() };
        let in_sets = order.lines.iter().filter(|(_, line)| names.contains(&line.row.set_name));
        let others: Vec<i32> = in_sets.map(|(number, _)| *number).filter(|number| !settled.contains(number)).collect();
        for number in others {
            self.settle_line(order, number, command, &cause, moment, events)?;
        }
        Ok(())
    }

    /// Sets of which something waits are to be decided about.
    pub fn decide_sets(&mut self, order: &OrderRecord, names: &BTreeSet<String>, moment: Moment<'_>) {
        for name in names {
            if order.lines.values().any(|line| line.row.set_name == *name && line.row.open > 0) {
                self.sets.insert((order.row.id.clone(), name.clone()), columns::micros(moment.now));
            }
        }
    }
}

/// Refuses a line of a set of which something waits.
///
/// # Errors
/// [`Error::SetBroken`] that names the line that waits.
pub fn check_complete(book: &Book, order: &str, line: &order_line::Model) -> Result<(), Error> {
    let Some(record) = book.orders.get(order).filter(|_| !line.set_name.is_empty()) else { return Ok(()) };
    // All lines of the set wait then; the one to name is that for which too little is there.
    let waits = || members(record, &line.set_name).filter(|(_, member)| member.row.open > 0);
    let mut missing = None;
    for (number, member) in waits() {
        let free: i64 = free_of(member)?.iter().map(|there| there.quantity.get()).sum();
        if free < member.row.open {
            missing = Some((number, member));
            break;
        }
    }
    match missing.or_else(|| waits().next()) {
        Some((number, member)) => Err(Error::SetBroken {
            order: order.to_owned(),
            line: number,
            set: line.set_name.clone(),
            broken: SetBroken::Waits(Quantity::try_new(member.row.open).unwrap_or_default()),
        }),
        None => Ok(()),
    }
}

/// Refuses to let a part of a set pass a gate.
///
/// # Errors
/// [`Error::SetBroken`] that names the line that would stay behind.
pub fn check_whole(book: &Book, planned: &[PlannedLine], gate: Gate) -> Result<(), Error> {
    for (id, order) in &book.orders {
        let leaving = |number: i32| planned.iter().find(|planned| planned.order == *id && planned.line == number);
        let own = planned.iter().filter(|planned| planned.order == *id).map(|planned| planned.line);
        for set in names_of(order, own) {
            for (number, line) in members(order, &set) {
                let leaves = leaving(number).map_or(0, |planned| planned.quantity);
                let leaves = Quantity::try_new(leaves).unwrap_or_default();
                check_member(gate, &line.vector()?, leaves).map_err(|broken| Error::SetBroken {
                    order: id.clone(),
                    line: number,
                    set: set.clone(),
                    broken,
                })?;
            }
        }
    }
    Ok(())
}

/// Takes over what was free for lines when inventory decided about their sets.
pub fn free_text(units: &[(LocationId, i64)]) -> Result<String, Error> {
    let units = units.iter().map(|(location, quantity)| {
        let quantity = Quantity::try_new(*quantity).map_err(|error| Error::Contract(error.to_string()))?;
        Ok::<_, Error>(Reserved { location: location.clone(), quantity })
    });
    Ok(texts::reservations(&units.collect::<Result<Vec<_>, _>>()?))
}
