//! `ReserveStock`: what each demand line gets of what is free, what waits, and what is refused.

use std::collections::{BTreeMap, BTreeSet};

use backorder_domain::{
    ids::{ItemId, LocationId},
    quantity::Quantity,
    stock::{
        claim::ClaimKey,
        error::StockError,
        groups::GroupLimit,
        reserve::{Refusal, ReserveLine, ReserveOutcome, Shortfall},
        ship_set::ShipSet,
    },
};
use backorder_proto::{
    convert::{decode::path, inventory as wire},
    inventory::v1 as pb,
};
use backorder_service_kit::problem::Problem;
use jiff::Timestamp;

use super::{AuditSubject, Desk, Named, StockCommand, claim_subject, cover_sets::free_for, distinct};
use crate::{catalog::Places, error::Error, store::stock::Scope, write::Who};

/// Lines that want stock. Lines without candidates are served by every warehouse and store.
#[derive(Debug, Clone)]
pub struct Reserve {
    /// The lines, keys distinct.
    pub lines: Vec<ReserveLine>,
    /// When the demand arose; `None` means now.
    pub effective_at: Option<Timestamp>,
    /// Who does it and why.
    pub who: Who,
}

impl Reserve {
    /// Whether all that the lines do is to take free units, so that where their first locations have these nothing else is
    /// looked at.
    pub(super) fn only_takes(&self, takes: &BTreeMap<ItemId, Vec<(LocationId, Quantity)>>) -> bool {
        self.lines.iter().all(|line| takes.contains_key(&line.item) && line.batch.is_none())
    }

    /// What the lines take of which location first, for items of which no line can wait while that is there: a line that
    /// takes over another's units, belongs to a group, or is not eligible may do more than take.
    pub(super) fn takes(&self, places: &Places) -> BTreeMap<ItemId, Vec<(LocationId, Quantity)>> {
        let mut takes: BTreeMap<ItemId, Vec<(LocationId, Quantity)>> = BTreeMap::new();
        let only_takes = |line: &ReserveLine| {
            line.takes_over.is_none()
                && line.all_or_nothing_group.is_none()
                && line.take_at_most.is_none()
                && line.wish.is_none()
                && (line.eligible || line.shortfall != Shortfall::Backorder)
        };
        let others: BTreeSet<&ItemId> =
            self.lines.iter().filter(|line| !only_takes(line)).map(|line| &line.item).collect();
        for line in self.lines.iter().filter(|line| !others.contains(&line.item)) {
            let candidates = if line.candidates.is_empty() { places.default_candidates() } else { &line.candidates };
            if let Some(first) = candidates.first() {
                takes.entry(line.item.clone()).or_default().push((first.clone(), line.quantity));
            }
        }
        takes
    }

    /// The lines with their candidates filled in.
    fn lines_with_candidates(&self, places: &Places) -> Vec<ReserveLine> {
        let mut lines = self.lines.clone();
        for line in lines.iter_mut().filter(|line| line.candidates.is_empty()) {
            line.candidates = places.default_candidates().to_vec();
        }
        lines
    }
}

impl StockCommand for Reserve {
    type Answer = pb::ReserveStockResponse;
    const NAME: &'static str = "reserve_stock";
    const TELLS_HOLDS: bool = false;

    fn names(&self) -> Named<'_> {
        let mut named = Named::default();
        for (index, line) in self.lines.iter().enumerate() {
            named.items.push((&line.item, path("lines", index, "item")));
            for (choice, location) in line.candidates.iter().enumerate() {
                named.locations.push((location, format!("lines[{index}].locations[{choice}]")));
            }
        }
        named
    }

    fn scope(&self, places: &Places) -> Scope {
        let uses_default = self.lines.iter().any(|line| line.candidates.is_empty());
        let default: &[LocationId] = if uses_default { places.default_candidates() } else { &[] };
        Scope {
            items: distinct(self.lines.iter().map(|line| &line.item)),
            locations: distinct(self.lines.iter().flat_map(|line| &line.candidates).chain(default)),
            lines: self.lines.iter().flat_map(|line| line.takes_over.iter().chain([&line.key.line])).cloned().collect(),
            open_supplies: self.lines.iter().any(|line| line.shortfall == Shortfall::Backorder),
            total_waiting: self.lines.iter().any(|line| line.waiting_limit.is_some()),
            takes: self.takes(places),
            movements: self.lines.len(),
            names_items: self.lines.iter().all(|line| line.takes_over.is_none()),
            ..Scope::default()
        }
    }

    fn cause(&self) -> String {
        "reserve".to_owned()
    }

    fn who(&self) -> &Who {
        &self.who
    }

    fn effective_at(&self) -> Option<Timestamp> {
        self.effective_at
    }

    /// The first claim stands for all of the request.
    fn subject_when_unmoved(&self) -> AuditSubject {
        let first = self.lines.first();
        first.map_or_else(|| self.cause(), |line| claim_subject(&line.key.line, line.key.part))
    }

    fn apply(&self, desk: &mut Desk<'_>) -> Result<Self::Answer, Error> {
        let lines = self.lines_with_candidates(desk.places);
        refuse_claims_of_other_items(desk, &lines)?;
        // What is told of a group is looked for when it has been reserved.
        for line in lines.iter().filter(|line| line.all_or_nothing_group.is_some()) {
            desk.changes(&line.item);
        }
        let context = desk.context.clone();
        let outcomes = match desk.books.reserve(&context, &lines) {
            Ok(outcomes) => outcomes,
            Err(error) => return Err(of_line(&lines, error)),
        };
        let made = lines.iter().zip(&outcomes).filter(|(_, outcome)| outcome.has_claim());
        desk.holders.extend(made.map(|(line, _)| (line.key.clone(), line.item.clone())));
        let mut free = free_for_groups(desk, &lines, &outcomes)?;
        let results = lines.iter().zip(outcomes).map(|(line, outcome)| {
            let claim = if outcome.has_claim() { desk.claim(&line.item, &line.key) } else { None };
            pb::ReserveResult {
                line: line.key.line.to_string(),
                part: line.key.part,
                claim,
                refused: outcome.refused.get(),
                refusal_reason: i32::from(refusal_reason(outcome.refusal)),
                free: free.remove(&line.key).unwrap_or_default(),
                limited_by: i32::from(wire::group_limit(outcome.limited)),
            }
        });
        Ok(pb::ReserveStockResponse { results: results.collect() })
    }
}

/// What is free for lines that wait because their group could not be covered.
fn free_for_groups(
    desk: &Desk<'_>,
    lines: &[ReserveLine],
    outcomes: &[ReserveOutcome],
) -> Result<BTreeMap<ClaimKey, Vec<pb::Reservation>>, Error> {
    let waits = lines
        .iter()
        .zip(outcomes)
        .filter(|(line, outcome)| line.all_or_nothing_group.is_some() && !outcome.waiting.is_zero());
    let set = ShipSet {
        lines: waits.map(|(line, _)| (line.item.clone(), line.key.line.clone())).collect(),
        days: 0,
        keep_held: BTreeSet::new(),
        keeps_part: false,
    };
    if set.lines.is_empty() {
        return Ok(BTreeMap::new());
    }
    let keyed = lines.iter().map(|line| ((line.key.line.to_string(), line.key.part), line.key.clone()));
    let keys: BTreeMap<(String, i32), ClaimKey> = keyed.collect();
    let free = free_for(desk, &set)?.into_iter();
    Ok(free.filter_map(|free| Some((keys.get(&(free.line, free.part))?.clone(), free.units))).collect())
}

/// Line and part are used once for ever, whatever the item.
fn refuse_claims_of_other_items(desk: &Desk<'_>, lines: &[ReserveLine]) -> Result<(), Error> {
    match lines.iter().find(|line| desk.holders.get(&line.key).is_some_and(|item| *item != line.item)) {
        Some(line) => Err(Error::Stock { item: line.item.clone(), error: StockError::ClaimExists(line.key.clone()) }),
        None => Ok(()),
    }
}

/// The error with the item of the line that it is about, where it can be told.
fn of_line(lines: &[ReserveLine], error: StockError) -> Error {
    let first = lines.first().map(|line| line.item.clone());
    let about = if let StockError::ClaimExists(key) | StockError::NoCandidates(key) = &error {
        lines.iter().find(|line| line.key == *key).map(|line| line.item.clone())
    } else {
        None
    };
    match about.or(first) {
        Some(item) => Error::Stock { item, error },
        None => Problem::internal(error).into(),
    }
}

const fn refusal_reason(refusal: Option<Refusal>) -> pb::RefusalReason {
    match refusal {
        None => pb::RefusalReason::Unspecified,
        Some(Refusal::NotAvailable) => pb::RefusalReason::NotAvailable,
        Some(Refusal::WaitingLimit) => pb::RefusalReason::WaitingLimit,
        Some(Refusal::Group) => pb::RefusalReason::Group,
        Some(Refusal::Limited(GroupLimit::Quota)) => pb::RefusalReason::Quota,
        Some(Refusal::Limited(GroupLimit::Protection)) => pb::RefusalReason::Protection,
    }
}
