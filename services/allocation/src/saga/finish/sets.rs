//! What a step means for ship sets: their other lines hear of it, and inventory is asked about them anew.

use std::collections::{BTreeMap, BTreeSet};

use backorder_domain::ids::LocationId;
use backorder_proto::inventory::v1 as inventory;

use super::Work;
use crate::{
    error::Error,
    order::{
        Book, Command, LineKey,
        sets::{free_text, names_of},
    },
    saga::{CallAnswer, Step, StepKind},
};

/// Names of sets by order.
pub(super) type Sets = BTreeMap<String, BTreeSet<String>>;

/// The sets that a step is about, as they are before it takes effect: of its lines, and of all lines of orders that
/// followed news.
pub(super) fn touched(step: &Step, book: &Book, pending: &BTreeSet<String>) -> Sets {
    let mut sets = Sets::new();
    for (id, order) in &book.orders {
        let planned = step.plan.lines.iter().chain(&step.plan.added).filter(|planned| planned.order == *id);
        let planned = planned.map(|planned| planned.line);
        let names =
            if pending.contains(id) { names_of(order, order.lines.keys().copied()) } else { names_of(order, planned) };
        if !names.is_empty() {
            sets.insert(id.clone(), names);
        }
    }
    sets
}

/// Takes over what inventory tells to be free for lines whose sets it could not cover.
pub(super) fn take_free(book: &mut Book, answers: &[CallAnswer]) -> Result<(), Error> {
    let results = answers.iter().filter_map(CallAnswer::reserved).flat_map(|answer| &answer.results);
    for result in results.filter(|result| !result.free.is_empty()) {
        let Some(key) = LineKey::of_claim(&result.line, result.part) else { continue };
        let Some(order) = book.orders.get_mut(&key.order) else { continue };
        order.set_views.clear();
        if let Some(line) = order.lines.get_mut(&key.line) {
            line.free_told = Some(free_text(&units_of(&result.free)?)?);
        }
    }
    Ok(())
}

/// Units by location.
///
/// # Errors
/// [`Error::Contract`] for a name that is no location's.
pub(crate) fn units_of(units: &[inventory::Reservation]) -> Result<Vec<(LocationId, i64)>, Error> {
    let read = |unit: &inventory::Reservation| {
        let location = unit.location.strip_prefix("locations/").and_then(|id| LocationId::try_new(id).ok());
        let location = location.ok_or_else(|| Error::Contract(format!("{:?} is no location", unit.location)))?;
        Ok((location, unit.quantity))
    };
    units.iter().map(read).collect()
}

impl Work<'_> {
    /// The other lines of the sets follow, and sets of which something waits are to be decided about. A quote's set takes
    /// stock when it is confirmed.
    pub(super) fn follow_sets(&mut self, book: &mut Book, sets: &Sets) -> Result<(), Error> {
        for (id, names) in sets {
            let Some(order) = book.orders.get_mut(id) else { continue };
            let planned = self.step.plan.lines.iter().filter(|planned| planned.order == *id);
            let settled: BTreeSet<i32> = planned.map(|planned| planned.line).collect();
            order.set_views.clear();
            let (moment, events) = (self.moment, &mut self.events);
            self.changes.follow_sets(order, names, &settled, Command::Follow, moment, events)?;
            if self.step.kind != StepKind::Quote {
                self.changes.decide_sets(order, names, moment);
            }
        }
        Ok(())
    }
}
