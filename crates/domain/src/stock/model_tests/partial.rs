//! A store loads only what a command says it needs. A book of those rows must decide as a book of all rows.

use std::collections::BTreeSet;

use crate::ids::{LineId, LocationId};
use crate::stock::awaited::Awaited;
use crate::stock::book::{ItemBook, ItemScope};
use crate::stock::claim::Claim;
use crate::stock::hold::Hold;
use crate::stock::receipt::ReceivedLine;
use crate::stock::supply::Supply;

use super::apply::{apply, is_open, is_open_soft, is_released, is_reserved, is_waiting, plan, reserve_line};
use super::command::Command;
use super::world::{World, all_locations, item, line, location};

/// Runs the command on a book of all rows and on one of few, and compares what both would write.
pub fn compare(world: &World, command: &Command) -> Result<(), String> {
    let Some(mut few) = book_of_few(world, command) else { return Ok(()) };
    let mut all = world.tables.whole_book(&all_locations(), world.today);
    let ctx = world.next_context();
    let of_all = apply(&mut all, world, &ctx, command).map(|_| ());
    let of_few = apply(&mut few, world, &ctx, command).map(|_| ());
    let (written_all, written_few) = (format!("{:?}", all.into_changes()), format!("{:?}", few.into_changes()));
    if of_all == of_few && written_all == written_few {
        return Ok(());
    }
    Err(format!("{command:?}: all rows {of_all:?} {written_all}\nfew rows {of_few:?} {written_few}"))
}

/// The rows that the command's doc comment names; `None` for commands that need all waiting claims.
fn book_of_few(world: &World, command: &Command) -> Option<ItemBook> {
    let mut locations: BTreeSet<LocationId> = BTreeSet::new();
    let mut lines: BTreeSet<LineId> = BTreeSet::new();
    let mut holds: Vec<Hold> = Vec::new();
    let mut receipts: Vec<ReceivedLine> = Vec::new();
    match command {
        Command::Reserve(wish) => {
            locations.extend(wish.candidates.iter().map(|number| location(*number)));
            lines.insert(line(wish.line));
            lines.extend(reserve_line(world, &world.next_context(), wish).takes_over);
        }
        Command::Recall { line, .. } | Command::ShortPick { line, .. } => {
            lines.insert(world.claim_named(*line, is_released).line);
        }
        Command::Post { line, .. } | Command::HandOver { line, .. } => {
            lines.insert(world.claim_named(*line, is_reserved).line);
        }
        Command::Release { line, .. } => {
            lines.insert(world.claim_named(*line, is_open).line);
        }
        Command::Expire { line } | Command::Confirm { line } => {
            lines.insert(world.claim_named(*line, is_open_soft).line);
        }
        Command::ChangeQueue { line, .. } => {
            lines.insert(world.claim_named(*line, is_waiting).line);
        }
        Command::Reassign { from, to, location: at, .. } => {
            lines.extend([world.claim_named(*from, is_reserved).line, world.claim_named(*to, is_waiting).line]);
            locations.insert(location(*at));
        }
        Command::Receive { location: at, supply: None, .. }
        | Command::Return { location: at, .. }
        | Command::Adjust { location: at, adds: true, .. } => {
            locations.insert(location(*at));
        }
        Command::ReleaseQuarantine { location: at, .. } | Command::CountApart { location: at, .. } => {
            let there = |line: &&ReceivedLine| line.location == location(*at) && !line.in_review.is_zero();
            receipts.extend(world.tables.receipts.values().filter(there).cloned());
            locations.insert(location(*at));
        }
        Command::Adjust { location: at, adds: false, .. }
        | Command::Count { location: at, .. }
        | Command::Quarantine { location: at, .. } => {
            let has_units = |claim: &&Claim| claim.reservations.iter().any(|r| r.location == location(*at));
            let claims = world.book.claims().filter(has_units);
            lines.extend(claims.map(|claim| claim.key.line.clone()));
            receipts.extend(world.tables.receipts.values().filter(|line| !line.in_review.is_zero()).cloned());
            holds.extend(world.tables.holds.values().filter(|hold| !hold.quantity.is_zero()).cloned());
            locations.insert(location(*at));
        }
        Command::Allocate { location: at, take_at_most, passes_over, is_final: false, stale } => {
            let chunk = plan(&world.book, &location(*at), *take_at_most, *passes_over, false, *stale);
            lines.extend(chunk.gains.into_iter().map(|gain| gain.key.line));
            lines.extend(chunk.passed_over.into_iter().map(|passed| passed.key.line));
            holds.extend(world.tables.holds.values().filter(|hold| !hold.quantity.is_zero()).cloned());
            locations.insert(location(*at));
        }
        _ => return None,
    }
    let claims: Vec<Claim> =
        world.tables.whole_claims().into_iter().filter(|claim| lines.contains(&claim.key.line)).collect();
    locations.extend(claims.iter().flat_map(|claim| claim.candidates.clone()));
    locations.extend(claims.iter().flat_map(|claim| claim.reservations.iter().map(|r| r.location.clone())));
    if world.tables.groups.is_some() {
        // What one group takes anywhere changes what the others may take.
        locations.extend(all_locations());
    }
    let is_needed = |supply: &&Supply| {
        let is_pegged = claims.iter().any(|claim| claim.pegs.iter().any(|peg| peg.supply == supply.id));
        is_pegged || (locations.contains(&supply.location) && !supply.open().is_zero())
    };
    let supplies = world.tables.supplies.values().filter(is_needed).cloned().collect();
    let gives_only = matches!(command, Command::Allocate { .. });
    let scope_of = |location: &LocationId| {
        let mut scope = world.tables.scope_of(location, world.today);
        // What the others wait for need not be known.
        if gives_only
            && world.tables.groups.is_none()
            && claims.iter().all(|claim| claim.eligible || claim.waiting.is_zero())
        {
            scope.awaited = Awaited::default();
            let there = claims.iter().filter(|claim| claim.waits_at().contains(location));
            there.for_each(|claim| scope.awaited.add(claim));
        }
        scope
    };
    let groups = world.tables.group_scope(|key| lines.contains(&key.line));
    let scope = ItemScope {
        groups,
        item: item(),
        locations: locations.iter().map(scope_of).collect(),
        claims,
        holds,
        supplies,
        receipts,
        batches: crate::stock::batch::BatchScope::default(),
        total_waiting: world.tables.total_waiting(),
        all_waiting_loaded: false,
    };
    ItemBook::load(scope).ok()
}
