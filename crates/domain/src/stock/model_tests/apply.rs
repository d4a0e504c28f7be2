//! Gives the commands of the random sequences to a book, and says what each did to the numbers that the model keeps.

use jiff::SignedDuration;

use crate::ids::LocationId;
use crate::stock::allocate::{AllocationChunk, Gain, GainOutcome, PassedOver};
use crate::stock::book::ItemBook;
use crate::stock::books::StockBooks;
use crate::stock::claim::{Claim, ClaimKey, Strength};
use crate::stock::context::CommandContext;
use crate::stock::count::Adjustment;
use crate::stock::error::StockError;
use crate::stock::queue::QueueChange;
use crate::stock::reassign::Reassign;
use crate::stock::receive::ReturnDisposition;
use crate::stock::release::{LineUnits, Release, ReleaseOrder};
use crate::stock::reserve::{ReserveLine, Shortfall};
use crate::stock::ship_set::{SetCover, ShipSet};
use crate::stock::state::StockState;
use crate::stock::supply::{NewSupply, ShipmentAdvice, SupplyKind, SupplyUpdate};
use crate::stock::transfer::Transfer;
use crate::stock::warehouse::Shortage;

use super::command::{Command, Named, Wish};
use super::groups::{check_within_groups, rules};
use super::oracle;
use super::receipts::apply_receipt_command;
use super::runs::commit_run;
use super::world::{Effect, World, item, key, location, supply, units};

pub fn is_open_soft(claim: &Claim) -> bool {
    claim.strength == Strength::Soft && !claim.is_resolved()
}

pub fn is_reserved(claim: &Claim) -> bool {
    !claim.reserved.is_zero()
}

pub fn is_released(claim: &Claim) -> bool {
    !claim.released().is_zero()
}

pub fn is_waiting(claim: &Claim) -> bool {
    !claim.waiting.is_zero()
}

pub fn is_open(claim: &Claim) -> bool {
    !claim.is_resolved()
}

pub fn reserve_line(world: &World, ctx: &CommandContext, wish: &Wish) -> ReserveLine {
    ReserveLine {
        item: item(),
        key: key(wish.line, wish.part),
        quantity: units(wish.quantity),
        candidates: wish.candidates.iter().map(|number| location(*number)).collect(),
        split_allowed: wish.split,
        min_per_location: units(wish.minimum),
        shortfall: match wish.shortfall {
            0 => Shortfall::Refuse,
            1 => Shortfall::Keep,
            _ => Shortfall::Backorder,
        },
        strength: if wish.soft { Strength::Soft } else { Strength::Firm },
        expires_at: wish.soft.then(|| ctx.now + SignedDuration::from_mins(5)),
        batch: None,
        wish: crate::stock::wish::Wish::default(),
        eligible: wish.eligible,
        queue_key: wish.key.to_string(),
        queue_time: ctx.now,
        requested_date: Some(world.today),
        waiting_limit: wish.limit.map(units),
        take_at_most: None,
        all_or_nothing_group: wish.group.then(|| "group".to_owned()),
        wait_whole: false,
        takes_over: wish.takes_over.map(|number| world.claim_named(Named::Fitting(number), is_open_soft).line),
        characteristics: world.characteristics(wish.line).into(),
    }
}

/// Gives a command to a book. The world is only read: for versions, dates and what an allocation run would decide.
pub fn apply(
    book: &mut ItemBook,
    world: &World,
    ctx: &CommandContext,
    command: &Command,
) -> Result<Effect, StockError> {
    match command {
        Command::Flush => Ok(Effect::default()),
        Command::PutGroups(number) => {
            book.put_groups(ctx, &rules(*number, world.today), Some(book.groups_version())).map(|_| Effect::default())
        }
        Command::NextDay => book.repeg(ctx).map(|_| pegged_anew()),
        Command::CommitRun(commit) => commit_run(book, world, ctx, commit),
        Command::Reserve(_)
        | Command::Post { .. }
        | Command::Release { .. }
        | Command::Expire { .. }
        | Command::Confirm { .. }
        | Command::ChangeQueue { .. }
        | Command::CoverSet { .. }
        | Command::Reassign { .. } => apply_claim_command(book, world, ctx, command),
        Command::HandOver { .. } | Command::Recall { .. } | Command::ShortPick { .. } => {
            apply_warehouse_command(book, world, ctx, command)
        }
        Command::CreateSupply { .. }
        | Command::UpdateSupply { .. }
        | Command::CancelSupply { .. }
        | Command::Advise { .. } => apply_supply_command(book, world, ctx, command),
        Command::Allocate { location: at, take_at_most, passes_over, is_final, stale } => {
            let chunk = plan(&world.book, &location(*at), *take_at_most, *passes_over, *is_final, *stale);
            let answer = book.apply_allocation(ctx, &chunk)?;
            let (held, awaited) = (book.position(&chunk.location)?.held, book.awaited_at(&chunk.location)?);
            let awaited = units(awaited.alone.get() + awaited.in_sets.get());
            assert!(!*is_final || held <= awaited, "{held} stay held after the run though {awaited} are awaited");
            assert!(!*stale || answer.outcomes.iter().all(|(_, outcome)| *outcome == GainOutcome::Stale));
            Ok(Effect { pegged_anew: *is_final, ..Effect::default() })
        }
        Command::Receive { .. } | Command::ReverseReceipt { .. } | Command::ResolveBlind { .. } => {
            apply_receipt_command(book, world, ctx, command)
        }
        _ => apply_stock_command(book, world, ctx, command),
    }
}

fn pegged_anew() -> Effect {
    Effect { pegged_anew: true, ..Effect::default() }
}

fn apply_claim_command(
    book: &mut ItemBook,
    world: &World,
    ctx: &CommandContext,
    command: &Command,
) -> Result<Effect, StockError> {
    let mut effect = Effect::default();
    match command {
        Command::Reserve(wish) => {
            let wanted = reserve_line(world, ctx, wish);
            let expected = oracle::expected_outcome(book, &wanted);
            let outcome = book.reserve(ctx, &wanted).inspect_err(|error| {
                let refusals = matches!(
                    error,
                    StockError::ClaimExists(_) | StockError::SoftReservationGone(_) | StockError::NotSoft(_)
                );
                assert!(refusals, "too little stock is an outcome, not {error}");
            })?;
            if book.groups_version() == 0 {
                assert_eq!(Some(&outcome), expected.as_ref(), "the naive decision differs for {wanted:?}");
            } else {
                check_within_groups(&outcome, expected.as_ref());
            }
            if outcome.has_claim() {
                let taken_over = wanted.takes_over.iter().flat_map(|_| {
                    world.book.claims().filter(|claim| Some(&claim.key.line) == wanted.takes_over.as_ref())
                });
                effect.emptied = taken_over.map(|claim| claim.key.clone()).collect();
                let reserved: i64 = outcome.reserved.iter().map(|(_, quantity)| quantity.get()).sum();
                effect.accepted.push((outcome.key, reserved + outcome.waiting.get()));
            }
        }
        Command::Post { line, part, location: at, quantity } => {
            let post = LineUnits {
                line: world.claim_named(*line, is_reserved).line,
                part: *part,
                location: at.map(location),
                quantity: units(*quantity),
            };
            effect.posted =
                book.post(ctx, &post)?.into_iter().map(|posted| (posted.key, posted.quantity.get())).collect();
            effect.physical = -quantity;
        }
        Command::Release { line, part, quantity, reserved_first } => {
            let order = if *reserved_first { ReleaseOrder::ReservedFirst } else { ReleaseOrder::WaitingFirst };
            let release = Release {
                line: world.claim_named(*line, is_open).line,
                part: *part,
                quantity: quantity.map(units),
                order,
            };
            let released = book.release(ctx, &release)?;
            effect.accepted =
                released.into_iter().map(|part| (part.key, -part.waiting.get() - part.reserved.get())).collect();
        }
        Command::Expire { line } => {
            let key = world.claim_named(*line, is_open_soft);
            if book.expire(ctx, &key)? {
                effect.emptied.push(key);
            }
        }
        Command::Confirm { line } => book.confirm(ctx, &world.claim_named(*line, is_open_soft), Strength::Firm)?,
        Command::ChangeQueue { line, part, eligible, in_set, key } => {
            let queue_key = key.map(|key| key.to_string());
            let change = QueueChange {
                line: world.claim_named(*line, is_waiting).line,
                part: *part,
                eligible: *eligible,
                in_set: *in_set,
                queue_key,
                queue_time: None,
            };
            book.change_queue(ctx, &change)?;
        }
        Command::CoverSet { lines, days } => cover_set(book, world, ctx, *lines, *days)?,
        Command::Reassign { from, to, location: at, quantity, stale } => {
            let (from, to) = (world.claim_named(*from, is_reserved), world.claim_named(*to, is_waiting));
            let version = |key: &ClaimKey| world.book.claim(key).map_or(0, |claim| claim.version);
            let (from_version, to_version) = (version(&from), version(&to) + i64::from(*stale));
            // Mostly a location at which the giver has units.
            let given = world.book.claim(&from).and_then(|claim| claim.reservations.get(usize::from(*at)));
            let location = given.map_or_else(|| location(*at), |reservation| reservation.location.clone());
            let quantity = units(*quantity);
            book.reassign(ctx, &Reassign { from, from_version, to, to_version, location, quantity })?;
            assert!(!*stale, "a stale version was taken");
        }
        _ => {}
    }
    Ok(effect)
}

/// Covers a set of one or two lines, and compares with what is there unit by unit.
fn cover_set(
    book: &mut ItemBook,
    world: &World,
    ctx: &CommandContext,
    lines: [Named; 2],
    days: u16,
) -> Result<(), StockError> {
    let mut named = lines.map(|named| world.claim_named(named, is_waiting).line).to_vec();
    named.dedup();
    let set = ShipSet {
        lines: named.iter().map(|line| (item(), line.clone())).collect(),
        days,
        keep_held: std::collections::BTreeSet::new(),
        keeps_part: false,
    };
    let mut books = StockBooks::default();
    books.insert(book.clone());
    let cover = books.cover_set(ctx, &set)?;
    if book.groups_version() == 0 {
        oracle::check_cover(book, &named, days, cover);
    }
    *book = books.book_mut(&item())?.clone();
    let members: Vec<&Claim> = book.claims().filter(|claim| named.contains(&claim.key.line)).collect();
    let waits = members.iter().any(|claim| is_waiting(claim));
    match cover {
        SetCover::Complete => assert!(!waits),
        SetCover::Expected => assert!(waits && members.iter().all(|claim| claim.waiting == claim.pegged)),
        SetCover::Incomplete => assert!(waits && members.iter().all(|claim| claim.unreleased().is_zero())),
    }
    Ok(())
}

fn apply_warehouse_command(
    book: &mut ItemBook,
    world: &World,
    ctx: &CommandContext,
    command: &Command,
) -> Result<Effect, StockError> {
    let mut effect = Effect::default();
    let wanted = |line: Named, part, at: Option<u8>, quantity: i64, fits: fn(&Claim) -> bool| LineUnits {
        line: world.claim_named(line, fits).line,
        part,
        location: at.map(location),
        quantity: units(quantity),
    };
    match command {
        Command::HandOver { line, part, location: at, quantity } => {
            let moved = book.release_to_warehouse(ctx, &wanted(*line, *part, *at, *quantity, is_reserved))?;
            let is_firm = |key: &ClaimKey| world.book.claim(key).is_some_and(|claim| claim.strength != Strength::Soft);
            assert!(moved.iter().all(|units| is_firm(&units.key)), "a soft claim was handed over");
        }
        Command::Recall { line, part, quantity } => {
            book.recall_from_warehouse(ctx, &wanted(*line, *part, None, *quantity, is_released))?;
        }
        Command::ShortPick { line, location: at, quantity, damaged } => {
            let shortage = if *damaged { Shortage::Damaged } else { Shortage::Missing };
            book.short_pick(ctx, &wanted(*line, None, *at, *quantity, is_released), shortage)?;
            effect.physical = if *damaged { 0 } else { -quantity };
        }
        _ => {}
    }
    Ok(effect)
}

fn apply_stock_command(
    book: &mut ItemBook,
    world: &World,
    ctx: &CommandContext,
    command: &Command,
) -> Result<Effect, StockError> {
    let mut effect = Effect::default();
    match command {
        Command::Return { location: at, quantity, disposition } => {
            let disposition = [ReturnDisposition::Restock, ReturnDisposition::Quarantine, ReturnDisposition::Scrap]
                [usize::from(*disposition)];
            book.receive_return(ctx, &location(*at), units(*quantity), disposition, (None, ""))?;
            effect.physical = *quantity;
        }
        Command::Adjust { location: at, state, quantity, adds } => {
            let state = [StockState::Available, StockState::QualityControl, StockState::Damaged, StockState::Held]
                [usize::from(*state)];
            let wanted = units(*quantity);
            let adjustment = if *adds { Adjustment::Add(wanted) } else { Adjustment::Remove(wanted) };
            let taken_away = book.adjust(ctx, &location(*at), state, adjustment, None, "")?;
            let lost = if *adds || state != StockState::Available { 0 } else { *quantity };
            oracle::check_loss(&world.book, &location(*at), lost, &taken_away);
            effect.physical = if *adds { *quantity } else { -quantity };
        }
        Command::Count { location: at, counted } => {
            let answer = book.count(ctx, &location(*at), units(*counted), None)?;
            oracle::check_loss(&world.book, &location(*at), answer.missing.get(), &answer.taken_away);
            effect.physical = answer.found.get() - answer.missing.get();
        }
        Command::CountApart { location: at, counted, damaged } => {
            let state = if *damaged { StockState::Damaged } else { StockState::QualityControl };
            let answer = book.count_apart(ctx, &location(*at), state, units(*counted), None)?;
            assert_eq!(book.position(&location(*at))?.in_state(state), Some(units(*counted)), "a count is the truth");
            effect.physical = answer.found.get() - answer.missing.get();
        }
        Command::Quarantine { location: at, quantity, damaged } => {
            let taken_away = book.quarantine(ctx, &location(*at), units(*quantity), *damaged, None)?;
            oracle::check_loss(&world.book, &location(*at), *quantity, &taken_away);
        }
        Command::ReleaseQuarantine { location: at, quantity } => {
            book.release_quarantine(ctx, &location(*at), units(*quantity), None)?;
        }
        Command::Transfer { supply: id, from, to, quantity, days } => {
            let transfer = Transfer {
                supply: supply(*id),
                from: location(*from),
                to: location(*to),
                quantity: units(*quantity),
                expected_date: world.day(*days),
                batch: None,
            };
            book.send_transfer(ctx, &transfer)?;
            effect.pegged_anew = true;
        }
        _ => {}
    }
    Ok(effect)
}

fn apply_supply_command(
    book: &mut ItemBook,
    world: &World,
    ctx: &CommandContext,
    command: &Command,
) -> Result<Effect, StockError> {
    match command {
        Command::CreateSupply { supply: id, location: at, quantity, days } => {
            let new = NewSupply {
                id: supply(*id),
                location: location(*at),
                kind: SupplyKind::PurchaseOrderLine,
                ordered: units(*quantity),
                agreed_date: None,
                expected_date: days.map(|days| world.day(days)),
                supplier: String::new(),
                reference: String::new(),
                over_receipt: None,
                entered: None,
            };
            let is_new = book.supply(&new.id).is_none();
            book.create_supply(ctx, &new)?;
            return Ok(if is_new { pegged_anew() } else { Effect::default() });
        }
        Command::UpdateSupply { supply: id, ordered, days } => {
            let expected_date = days.map(|days| days.map(|days| world.day(days)));
            let update = SupplyUpdate { ordered: ordered.map(units), expected_date, ..SupplyUpdate::default() };
            book.update_supply(ctx, &world.supply_named(*id), &update)?;
        }
        Command::CancelSupply { supply: id, quantity } => {
            book.cancel_supply(ctx, &world.supply_named(*id), quantity.map(units))?;
        }
        Command::Advise { supply: id, notice, quantity, days } => {
            let advice = ShipmentAdvice {
                supply: world.supply_named(*id),
                notice: supply(*notice),
                quantity: units(*quantity),
                expected_date: world.day(*days),
                reference: String::new(),
                entered: None,
            };
            book.advise_shipment(ctx, &advice)?;
        }
        _ => {}
    }
    Ok(pegged_anew())
}

/// What a simple run would decide for a location: the queue in its order, each as much as is left, up to a limit.
pub fn plan(
    book: &ItemBook,
    location: &LocationId,
    take_at_most: i64,
    passes_over: bool,
    is_final: bool,
    stale: bool,
) -> AllocationChunk {
    let holds: Vec<_> = book.holds().filter(|hold| hold.location == *location).collect();
    let mut left = take_at_most;
    let mut waiting: Vec<&Claim> =
        book.claims().filter(|claim| !claim.waiting.is_zero() && claim.waits_at().contains(location)).collect();
    waiting.sort_by(|a, b| a.queue_place().cmp(&b.queue_place()));
    let mut gains = Vec::new();
    let mut passed_over = Vec::new();
    for claim in waiting {
        let (key, expected_version) = (claim.key.clone(), claim.version + i64::from(stale));
        let quantity = claim.waiting.get().min(left);
        left -= quantity;
        if quantity > 0 {
            gains.push(Gain { key: key.clone(), expected_version, quantity: units(quantity) });
        }
        if passes_over && quantity < claim.waiting.get() {
            passed_over.push(PassedOver { key, expected_version });
        }
    }
    let holds = holds.into_iter().map(|hold| hold.id.clone()).collect();
    AllocationChunk { location: location.clone(), holds, gains, passed_over, final_chunk: is_final }
}
