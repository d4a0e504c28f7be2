//! A book under test beside the model, and the checks after each command.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::ids::{ItemId, LineId, LocationId, SupplyId};
use crate::quantity::Quantity;
use crate::stock::book::ItemBook;
use crate::stock::claim::{Claim, ClaimKey};
use crate::stock::context::CommandContext;
use crate::stock::error::StockError;
use crate::stock::groups::Characteristics;
use crate::stock::receipt::ReceivedLine;
use crate::stock::state::StockState;

use super::apply::apply;
use super::command::{Command, LOCATIONS, Named};
use super::groups::check_limits;
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
    /// Whether all waiting claims were pegged anew at its end.
    pub pegged_anew: bool,
}

impl World {
    pub fn new() -> Self {
        let (tables, today) = (Tables::default(), date(2026, 3, 1));
        let book = tables.whole_book(&all_locations(), today);
        Self { book, tables, today, step: 0, accepted: BTreeMap::new(), posted: BTreeMap::new(), physical: 0 }
    }

    /// The context of the command that is run now.
    pub fn context(&self) -> CommandContext {
        self.context_of(self.step)
    }

    /// The context of the command that would be run next: ids of writes never repeat.
    pub fn next_context(&self) -> CommandContext {
        self.context_of(self.step + 1)
    }

    fn context_of(&self, step: u32) -> CommandContext {
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_mins(i64::from(step));
        CommandContext {
            command_id: Uuid::from_u128(u128::from(step)),
            now,
            effective_at: now,
            actor: "tester".to_owned(),
            cause: "cause".to_owned(),
            reason_code: String::new(),
            note: String::new(),
        }
    }

    /// The claim that a command means: one of those that fit, while there are any.
    pub fn claim_named(&self, named: Named, fits: impl Fn(&Claim) -> bool) -> ClaimKey {
        match named {
            Named::Any(number) => key(number, 1),
            Named::Fitting(number) => {
                let fitting: Vec<&Claim> = self.book.claims().filter(|claim| fits(claim)).collect();
                let chosen = fitting.get(usize::from(number) % fitting.len().max(1));
                chosen.map_or_else(|| key(number, 1), |claim| claim.key.clone())
            }
        }
    }

    /// The supply that a command means: one of the open ones, while there are any.
    pub fn supply_named(&self, named: Named) -> SupplyId {
        match named {
            Named::Any(number) => supply(number),
            Named::Fitting(number) => {
                let open: Vec<_> = self.book.supplies().filter(|supply| !supply.open().is_zero()).collect();
                let chosen = open.get(usize::from(number) % open.len().max(1));
                chosen.map_or_else(|| supply(number), |supply| supply.id.clone())
            }
        }
    }

    /// The line of a receipt that a command means: one of those that fit, while there are any.
    pub fn received_line_named(&self, number: u8, fits: impl Fn(&ReceivedLine) -> bool) -> Option<ReceivedLine> {
        let fitting: Vec<&ReceivedLine> = self.book.received_lines().filter(|line| fits(line)).collect();
        fitting.get(usize::from(number) % fitting.len().max(1)).map(|line| (*line).clone())
    }

    pub fn day(&self, days: i8) -> Date {
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
        let mut pegged_anew = false;
        match apply(&mut book, self, &ctx, command) {
            Ok(effect) => {
                pegged_anew = effect.pegged_anew;
                self.account(effect);
            }
            Err(error) => check_refusal(&error, &before, &book)?,
        }
        self.book = book;
        self.check(&before)?;
        check_limits(&before, &self.book, command)?;
        if pegged_anew { oracle::check_pegs(&self.book, self.today) } else { Ok(()) }
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

    fn check(&self, before: &ItemBook) -> Result<(), String> {
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
        oracle::check_holding(before, &self.book)?;
        oracle::check_advised(&self.book)?;
        if before.groups_version() == self.book.groups_version() {
            oracle::check_versions(before, &self.book)?;
        }
        Ok(())
    }

    /// What a line says of itself: of some lines nothing.
    pub fn characteristics(&self, number: u8) -> Characteristics {
        let tier = ["", "GOLD", "STANDARD", "GOLD"][usize::from(number % 4)];
        let channel = if number.is_multiple_of(3) { "web" } else { "shop" };
        let values = [("tier", tier), ("channel", channel)].into_iter().filter(|_| !tier.is_empty());
        values.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
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
        let consumed = self.book.consumed_of_groups();
        let flushed = std::mem::replace(&mut self.book, fresh);
        self.tables.apply(flushed.into_changes());
        self.book = self.tables.whole_book(&all_locations(), self.today);
        let after: Vec<Claim> = self.book.claims().cloned().collect();
        let stored_positions: Vec<_> = self.tables.positions.values().cloned().collect();
        let stored_supplies: Vec<_> = self.tables.supplies.values().cloned().collect();
        if before != after || positions != stored_positions || supplies != stored_supplies {
            return Err(format!("a flush lost something: {before:?} became {after:?}"));
        }
        if consumed != self.book.consumed_of_groups() {
            return Err(format!("a flush lost something of {consumed:?}"));
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
