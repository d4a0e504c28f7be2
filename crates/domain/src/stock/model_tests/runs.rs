//! Commits of runs in the random sequences.

use crate::stock::allocate::GainOutcome;
use crate::stock::book::ItemBook;
use crate::stock::claim::ClaimKey;
use crate::stock::commit_run::{ReductionOutcome, RunDecision, RunUnits};
use crate::stock::context::CommandContext;
use crate::stock::error::StockError;

use super::apply::{is_reserved, is_waiting};
use super::command::Commit;
use super::world::{Effect, World, location, units};

/// Has one claim give units and another get some, mostly where the giver has any.
pub fn commit_run(
    book: &mut ItemBook,
    world: &World,
    ctx: &CommandContext,
    commit: &Commit,
) -> Result<Effect, StockError> {
    let (from, to) = (world.claim_named(commit.from, is_reserved), world.claim_named(commit.to, is_waiting));
    let reservations = world.book.claim(&from).map(|claim| claim.reservations.as_slice()).unwrap_or_default();
    let there = reservations.get(usize::from(commit.location)).map(|reservation| reservation.location.clone());
    let place = there.unwrap_or_else(|| location(commit.location));
    let part = |key: &ClaimKey, quantity: i64| RunUnits {
        key: key.clone(),
        expected_version: world.book.claim(key).map_or(0, |claim| claim.version) + i64::from(commit.stale),
        location: place.clone(),
        quantity: units(quantity),
    };
    let decision = RunDecision {
        reductions: vec![part(&from, commit.taken)],
        gains: vec![part(&to, commit.given)],
        ..RunDecision::default()
    };
    let reserved = |book: &ItemBook, key: &ClaimKey| book.claim(key).map_or(0, |claim| claim.reserved.get());
    let before = (reserved(book, &from), reserved(book, &to));
    let answer = book.commit_run(ctx, &decision)?;
    let lost = if answer.reductions == [ReductionOutcome::Applied] { commit.taken } else { 0 };
    let won = if answer.gains == [GainOutcome::Applied] { commit.given } else { 0 };
    let after = (reserved(book, &from), reserved(book, &to));
    if from == to {
        assert_eq!(after.0, before.0 - lost + won);
    } else {
        assert_eq!(after, (before.0 - lost, before.1 + won));
    }
    assert!(!commit.stale || (lost, won) == (0, 0), "a stale version was taken");
    Ok(Effect { pegged_anew: true, ..Effect::default() })
}
