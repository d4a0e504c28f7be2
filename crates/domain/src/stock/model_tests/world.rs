//! A book under test beside the model, and the checks after each command.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::ids::{ItemId, LineId, LocationId, SupplyId};
use crate::quantity::Quantity;
use crate::stock::allocate::{AllocationChunk, Gain, GainOutcome, PassedOver};
use crate::stock::book::ItemBook;
use crate::stock::claim::{Claim, ClaimKey, Strength};
use crate::stock::context::CommandContext;
use crate::stock::count::Adjustment;
use crate::stock::error::StockError;
use crate::stock::queue::QueueChange;
use crate::stock::reassign::Reassign;
use crate::stock::receive::{Receipt, ReturnDisposition};
use crate::stock::release::{Post, Release, ReleaseOrder};
use crate::stock::reserve::{ReserveLine, Shortfall};
use crate::stock::state::StockState;
use crate::stock::supply::{NewSupply, ShipmentAdvice, SupplyKind, SupplyUpdate};
use crate::stock::transfer::Transfer;

use super::command::{Command, LOCATIONS, Wish};
use super::oracle;
use super::tables::{Tables, summed};

pub fn item() -> ItemId {
    ItemId::try_new("item").unwrap()
}

pub fn location(number: u8) -> LocationId {
    LocationId::try_new(format!("location-{number}")).unwrap()
}

pub fn all_locations() -> Vec<LocationId> {
    (0..LOCATIONS).map(location).collect()
}

pub fn line(number: u8) -> LineId {
    LineId::try_new(format!("orders/{number}/lines/1")).unwrap()
}

pub fn key(number: u8, part: i32) -> ClaimKey {
    ClaimKey { line: line(number), part }
}

pub fn supply(number: u8) -> SupplyId {
    SupplyId::try_new(format!("supply-{number}")).unwrap()
}

pub fn units(quantity: i64) -> Quantity {
    Quantity::try_new(quantity).unwrap()
}

/// Units in and out of a claim, by the answers that its owner got.
type Account = BTreeMap<ClaimKey, i64>;

pub struct World {
    pub book: ItemBook,
    pub tables: Tables,
    pub today: Date,
    pub step: u32,
    /// Accepted less released, per claim.
    accepted: Account,
    posted: Account,
    /// Units that came in less units that went out, on hand or in transit.
    physical: i64,
}

/// What a command did to the numbers that the model keeps.
#[derive(Default)]
pub struct Effect {
    pub accepted: Vec<(ClaimKey, i64)>,
    pub emptied: Vec<ClaimKey>,
    pub posted: Vec<(ClaimKey, i64)>,
    pub physical: i64,
}

impl World {
    pub fn new() -> Self {
        let (tables, today) = (Tables::default(), date(2026, 3, 1));
        let book = tables.whole_book(&all_locations(), today);
        Self { book, tables, today, step: 0, accepted: BTreeMap::new(), posted: BTreeMap::new(), physical: 0 }
    }

    pub fn context(&self) -> CommandContext {
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_mins(i64::from(self.step));
        CommandContext {
            command_id: Uuid::from_u128(u128::from(self.step)),
            now,
            effective_at: now,
            actor: "tester".to_owned(),
            cause: "cause".to_owned(),
            reason_code: String::new(),
            note: String::new(),
        }
    }

    fn day(&self, days: i8) -> Date {
        self.today + SignedDuration::from_hours(24 * i64::from(days))
    }

    /// Runs a command on the book and checks everything that can be said about the outcome.
    pub fn run(&mut self, command: &Command) -> Result<(), String> {
        self.step += 1;
        match command {
            Command::Flush => return self.flush_and_reload(),
            Command::NextDay => {
                self.flush_and_reload()?;
                self.today = self.day(1);
                self.flush_and_reload()?;
            }
            _ => {}
        }
        let before = self.book.clone();
        let ctx = self.context();
        let mut book = before.clone();
        match apply(&mut book, self, &ctx, command) {
            Ok(effect) => self.account(effect),
            Err(error) => check_refusal(&error, &before, &book)?,
        }
        self.book = book;
        self.check(&before, command)
    }

    fn account(&mut self, effect: Effect) {
        for key in effect.emptied {
            self.accepted.insert(key.clone(), self.posted.get(&key).copied().unwrap_or(0));
        }
        for (key, quantity) in effect.accepted {
            *self.accepted.entry(key).or_default() += quantity;
        }
        for (key, quantity) in effect.posted {
            *self.posted.entry(key).or_default() += quantity;
        }
        self.physical += effect.physical;
    }

    fn check(&self, before: &ItemBook, command: &Command) -> Result<(), String> {
        let broken = self.book.verify().map_err(|error| error.to_string())?;
        if !broken.is_empty() {
            return Err(broken.join("; "));
        }
        self.check_ledger()?;
        for claim in self.book.claims() {
            let booked = claim.reserved.get() + claim.waiting.get() + claim.posted.get();
            let accepted = self.accepted.get(&claim.key).copied().unwrap_or(0);
            let posted = self.posted.get(&claim.key).copied().unwrap_or(0);
            if booked != accepted || posted != claim.posted.get() {
                return Err(format!("{}: {booked} booked of {accepted} accepted, {posted} posted", claim.key));
            }
        }
        oracle::check_versions(before, &self.book)?;
        if oracle::pegs_anew(command) { oracle::check_pegs(&self.book, self.today) } else { Ok(()) }
    }

    fn check_ledger(&self) -> Result<(), String> {
        let mut movements = self.tables.movements.clone();
        movements.extend_from_slice(self.book.movements());
        let mut physical = 0;
        for position in self.book.positions() {
            for state in StockState::ALL {
                let Some(booked) = position.in_state(state) else { continue };
                let expected = summed(&movements, &position.location, state);
                physical += booked.get();
                if booked.get() != expected {
                    return Err(format!("{state} at {}: {booked}, movements say {expected}", position.location));
                }
            }
        }
        if physical != self.physical {
            return Err(format!("{physical} units are booked, {} came in", self.physical));
        }
        Ok(())
    }

    /// Writes what changed into the tables, loads the book anew, and checks that nothing was lost on the way.
    pub fn flush_and_reload(&mut self) -> Result<(), String> {
        let before: Vec<Claim> = self.book.claims().cloned().collect();
        let positions: Vec<_> = self.book.positions().filter(|position| position.version > 0).cloned().collect();
        let supplies: Vec<_> = self.book.supplies().cloned().collect();
        let fresh = self.tables.whole_book(&all_locations(), self.today);
        let flushed = std::mem::replace(&mut self.book, fresh);
        self.tables.apply(flushed.into_changes());
        self.book = self.tables.whole_book(&all_locations(), self.today);
        let after: Vec<Claim> = self.book.claims().cloned().collect();
        let stored_positions: Vec<_> = self.tables.positions.values().cloned().collect();
        let stored_supplies: Vec<_> = self.tables.supplies.values().cloned().collect();
        if before != after || positions != stored_positions || supplies != stored_supplies {
            return Err(format!("a flush lost something: {before:?} became {after:?}"));
        }
        Ok(())
    }
}

fn check_refusal(error: &StockError, before: &ItemBook, after: &ItemBook) -> Result<(), String> {
    if matches!(error, StockError::NotLoaded { .. } | StockError::Inconsistent(_) | StockError::Overflow) {
        return Err(format!("not a refusal: {error}"));
    }
    if oracle::rows_of(before) == oracle::rows_of(after) { Ok(()) } else { Err(format!("half done: {error}")) }
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
        eligible: wish.eligible,
        queue_key: wish.key.to_string(),
        queue_time: ctx.now,
        requested_date: Some(world.today),
        waiting_limit: wish.limit.map(units),
        all_or_nothing_group: wish.group.then(|| "group".to_owned()),
        takes_over: wish.takes_over.map(line),
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
        Command::NextDay => book.repeg(ctx).map(|_| Effect::default()),
        Command::Reserve(_)
        | Command::Post { .. }
        | Command::Release { .. }
        | Command::Expire { .. }
        | Command::Confirm { .. }
        | Command::ChangeQueue { .. }
        | Command::Reassign { .. } => apply_claim_command(book, world, ctx, command),
        Command::CreateSupply { .. }
        | Command::UpdateSupply { .. }
        | Command::CancelSupply { .. }
        | Command::Advise { .. } => apply_supply_command(book, world, ctx, command),
        Command::Allocate { location: at, take_at_most, passes_over, is_final, stale } => {
            let chunk = plan(&world.book, &location(*at), *take_at_most, *passes_over, *is_final, *stale);
            let answer = book.apply_allocation(ctx, &chunk)?;
            assert!(!*stale || answer.outcomes.iter().all(|(_, outcome)| *outcome == GainOutcome::Stale));
            Ok(Effect::default())
        }
        _ => apply_stock_command(book, world, ctx, command),
    }
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
            let outcome = book.reserve(ctx, &wanted)?;
            assert_eq!(Some(&outcome), expected.as_ref(), "the naive decision differs for {wanted:?}");
            if outcome.has_claim() {
                let taken_over = wanted.takes_over.iter().flat_map(|_| {
                    world.book.claims().filter(|claim| Some(&claim.key.line) == wanted.takes_over.as_ref())
                });
                effect.emptied = taken_over.map(|claim| claim.key.clone()).collect();
                let reserved: i64 = outcome.reserved.iter().map(|(_, quantity)| quantity.get()).sum();
                effect.accepted.push((outcome.key, reserved + outcome.waiting.get()));
            }
        }
        Command::Post { line: number, part, location: at, quantity } => {
            let post =
                Post { line: line(*number), part: *part, location: at.map(location), quantity: units(*quantity) };
            effect.posted =
                book.post(ctx, &post)?.into_iter().map(|posted| (posted.key, posted.quantity.get())).collect();
            effect.physical = -quantity;
        }
        Command::Release { line: number, part, quantity, reserved_first } => {
            let order = if *reserved_first { ReleaseOrder::ReservedFirst } else { ReleaseOrder::WaitingFirst };
            let release = Release { line: line(*number), part: *part, quantity: quantity.map(units), order };
            let released = book.release(ctx, &release)?;
            effect.accepted =
                released.into_iter().map(|part| (part.key, -part.waiting.get() - part.reserved.get())).collect();
        }
        Command::Expire { line: number, part } => {
            if book.expire(ctx, &key(*number, *part))? {
                effect.emptied.push(key(*number, *part));
            }
        }
        Command::Confirm { line: number, part } => book.confirm(ctx, &key(*number, *part), Strength::Firm)?,
        Command::ChangeQueue { line: number, part, eligible, key } => {
            let queue_key = key.map(|key| key.to_string());
            let change =
                QueueChange { line: line(*number), part: *part, eligible: *eligible, queue_key, queue_time: None };
            book.change_queue(ctx, &change)?;
        }
        Command::Reassign { from, to, location: at, quantity, stale } => {
            let (from, to) = (key(*from, 1), key(*to, 1));
            let version = |key: &ClaimKey| world.book.claim(key).map_or(0, |claim| claim.version);
            let (from_version, to_version) = (version(&from), version(&to) + i64::from(*stale));
            let (location, quantity) = (location(*at), units(*quantity));
            book.reassign(ctx, &Reassign { from, from_version, to, to_version, location, quantity })?;
            assert!(!*stale, "a stale version was taken");
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
        Command::Receive { location: at, supply: from, accepted, damaged, quality, closes } => {
            let receipt = Receipt {
                location: location(*at),
                supply: from.map(supply),
                accepted: units(*accepted),
                damaged: units(*damaged),
                quality_hold: units(*quality),
                batch: None,
                owner: String::new(),
                closes_supply: *closes,
            };
            let from = receipt.supply.as_ref().and_then(|id| world.book.supply(id));
            let is_transfer = from.is_some_and(|supply| supply.kind == SupplyKind::Transfer);
            let answer = book.receive(ctx, &receipt)?;
            let arrived = accepted + damaged + quality;
            // Units of a transfer are in the books since they left.
            effect.physical = if is_transfer { answer.over_receipt.get() - answer.closed.get() } else { arrived };
        }
        Command::Return { location: at, quantity, disposition } => {
            let disposition = [ReturnDisposition::Restock, ReturnDisposition::Quarantine, ReturnDisposition::Scrap]
                [usize::from(*disposition)];
            book.receive_return(ctx, &location(*at), units(*quantity), disposition, None)?;
            effect.physical = *quantity;
        }
        Command::Adjust { location: at, state, quantity, adds } => {
            let state = [StockState::Available, StockState::QualityControl, StockState::Damaged, StockState::Held]
                [usize::from(*state)];
            let wanted = units(*quantity);
            let adjustment = if *adds { Adjustment::Add(wanted) } else { Adjustment::Remove(wanted) };
            book.adjust(ctx, &location(*at), state, adjustment, None, "")?;
            effect.physical = if *adds { *quantity } else { -quantity };
        }
        Command::Count { location: at, counted } => {
            let answer = book.count(ctx, &location(*at), units(*counted), None)?;
            oracle::check_count(&world.book, &location(*at), &answer);
            effect.physical = answer.found.get() - answer.missing.get();
        }
        Command::Quarantine { location: at, quantity, damaged } => {
            book.quarantine(ctx, &location(*at), units(*quantity), *damaged, None)?;
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
            };
            book.create_supply(ctx, &new)?;
        }
        Command::UpdateSupply { supply: id, ordered, days } => {
            let expected_date = days.map(|days| days.map(|days| world.day(days)));
            let update = SupplyUpdate { ordered: ordered.map(units), expected_date, ..SupplyUpdate::default() };
            book.update_supply(ctx, &supply(*id), &update)?;
        }
        Command::CancelSupply { supply: id, quantity } => {
            book.cancel_supply(ctx, &supply(*id), quantity.map(units))?;
        }
        Command::Advise { supply: id, notice, quantity, days } => {
            let advice = ShipmentAdvice {
                supply: supply(*id),
                notice: supply(*notice),
                quantity: units(*quantity),
                expected_date: world.day(*days),
                reference: String::new(),
            };
            book.advise_shipment(ctx, &advice)?;
        }
        _ => {}
    }
    Ok(Effect::default())
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
