//! Gives the commands about receipts to a book: what arrives, what is taken back, and what is decided about blind units.

use crate::quantity::Quantity;
use crate::stock::book::ItemBook;
use crate::stock::context::CommandContext;
use crate::stock::error::StockError;
use crate::stock::receipt::{Booked, OverReceiptTolerance, ReceivedLine};
use crate::stock::receive::Receipt;
use crate::stock::reversal::Reversal;
use crate::stock::review::Resolution;
use crate::stock::supply::{Supply, SupplyKind};

use super::command::{Command, Named};
use super::oracle;
use super::world::{Effect, World, location, units};

/// Beyond two more units than ordered, what arrives goes to quality control.
const TOLERANCE: i64 = 2;

pub fn apply_receipt_command(
    book: &mut ItemBook,
    world: &World,
    ctx: &CommandContext,
    command: &Command,
) -> Result<Effect, StockError> {
    match command {
        Command::Receive { location: at, supply: from, accepted, damaged, quality, closes, rest_days } => {
            let from = from.map(|named| world.supply_named(named));
            // Mostly at the location for which the supply is meant.
            let meant = from.as_ref().and_then(|id| world.book.supply(id)).filter(|_| *at > 0);
            let receipt = Receipt {
                number: 1,
                location: meant.map_or_else(|| location(*at), |supply| supply.location.clone()),
                supply: from,
                accepted: units(*accepted),
                damaged: units(*damaged),
                quality_hold: units(*quality),
                refused: units(0),
                batch: None,
                best_before: None,
                owner: String::new(),
                closes_supply: *closes,
                rest_expected: rest_days.map(|days| world.day(days)),
                tolerance: OverReceiptTolerance { percent: 0, units: units(TOLERANCE) },
                entered: None,
            };
            receive(book, world, ctx, &receipt)
        }
        Command::ReverseReceipt { receipt, parts, reopens } => reverse(book, world, ctx, *receipt, *parts, *reopens),
        Command::ResolveBlind { receipt, quantity, resolution, supply } => {
            resolve(book, world, ctx, *receipt, *quantity, *resolution, *supply)
        }
        _ => Ok(Effect::default()),
    }
}

fn receive(book: &mut ItemBook, world: &World, ctx: &CommandContext, receipt: &Receipt) -> Result<Effect, StockError> {
    let from = receipt.supply.as_ref().and_then(|id| world.book.supply(id));
    let open = from.filter(|supply| supply.location == receipt.location).map_or(Quantity::ZERO, Supply::open);
    let is_blind = receipt.supply.is_some() && open.is_zero();
    let is_transfer = from.is_some_and(|supply| supply.kind == SupplyKind::Transfer);
    let answer = book.receive(ctx, receipt)?;
    let arrived = receipt.accepted.get() + receipt.damaged.get() + receipt.quality_hold.get();
    assert_eq!(answer.blind.is_some(), is_blind, "{:?} of {open} open", answer.blind);
    let before = world.book.position(&receipt.location).unwrap();
    let after = book.position(&receipt.location).unwrap();
    let into_quality = after.quality_control.get() - before.quality_control.get();
    let mut effect = Effect { physical: arrived, ..Effect::default() };
    if is_blind {
        assert_eq!(into_quality, receipt.accepted.get() + receipt.quality_hold.get(), "blind units await a decision");
        return Ok(effect);
    }
    if receipt.supply.is_some() {
        let over = (arrived - open.get()).max(0);
        let quarantined = (over - TOLERANCE).max(0).min(receipt.accepted.get());
        assert_eq!((answer.over_receipt.get(), answer.quarantined.get()), (over, quarantined));
        assert_eq!(into_quality, receipt.quality_hold.get() + quarantined);
        let left_open = receipt.supply.as_ref().and_then(|id| book.supply(id)).map_or(Quantity::ZERO, Supply::open);
        assert_eq!(answer.still_open, left_open);
        assert!(!receipt.closes_supply || left_open.is_zero(), "a closed supply has nothing open");
        effect.pegged_anew = true;
    }
    if is_transfer {
        // Units of a transfer are in the books since they left.
        effect.physical = answer.over_receipt.get() - answer.closed.get();
    }
    Ok(effect)
}

fn reverse(
    book: &mut ItemBook,
    world: &World,
    ctx: &CommandContext,
    receipt: u8,
    parts: Option<(i64, i64, i64)>,
    reopens: bool,
) -> Result<Effect, StockError> {
    let is_left = |line: &ReceivedLine| line.left != Booked::default();
    let Some(line) = world.received_line_named(receipt, is_left) else { return Ok(Effect::default()) };
    // Mostly no more than is left, so that reversals happen.
    let wished = parts.map(|(accepted, quality, damaged)| Booked {
        accepted: units(accepted).min(line.left.accepted),
        quality: units(quality).min(line.left.quality),
        damaged: units(damaged).min(line.left.damaged),
    });
    let parts = wished.filter(|parts| *parts != Booked::default());
    let answer = book.reverse_receipt(ctx, &Reversal { key: line.key.clone(), parts, reopens_supply: reopens })?;
    let reversed = answer.reversed.total()?.get();
    let after = book.received_line(&line.key).unwrap();
    assert_eq!(after.left.total()?.get(), line.left.total()?.get() - reversed);
    let supply = line.supply.as_ref().filter(|_| line.blind.is_none()).and_then(|id| world.book.supply(id));
    assert!(reopens || answer.reopened.is_zero());
    let is_transfer = supply.is_some_and(|supply| supply.kind == SupplyKind::Transfer);
    let on_the_way = if is_transfer { answer.reopened.get() } else { 0 };
    let sellable = |book: &ItemBook| {
        let position = book.position(&line.location).unwrap();
        [position.available, position.held, position.reserved, position.released].map(Quantity::get).iter().sum::<i64>()
    };
    oracle::check_loss(&world.book, &line.location, sellable(&world.book) - sellable(book), &answer.taken_away);
    Ok(Effect { physical: on_the_way - reversed, pegged_anew: supply.is_some(), ..Effect::default() })
}

fn resolve(
    book: &mut ItemBook,
    world: &World,
    ctx: &CommandContext,
    receipt: u8,
    quantity: Option<i64>,
    resolution: u8,
    supply: Named,
) -> Result<Effect, StockError> {
    let is_in_review = |line: &ReceivedLine| !line.in_review.is_zero();
    let Some(line) = world.received_line_named(receipt, is_in_review) else { return Ok(Effect::default()) };
    let supply = world.supply_named(supply);
    let is_transfer = world.book.supply(&supply).is_some_and(|supply| supply.kind == SupplyKind::Transfer);
    let resolution = match resolution {
        0 => Resolution::Accept,
        1 => Resolution::Attach(supply),
        2 => Resolution::Scrap,
        _ => Resolution::ReturnToSupplier,
    };
    let answer = book.resolve_blind_receipt(ctx, &line.key, quantity.map(units), &resolution)?;
    let decided = answer.quantity.get();
    assert_eq!(book.received_line(&line.key).unwrap().in_review.get(), line.in_review.get() - decided);
    let physical = match &resolution {
        Resolution::Accept => 0,
        Resolution::Attach(_) => -decided * i64::from(is_transfer),
        Resolution::Scrap | Resolution::ReturnToSupplier => -decided,
    };
    Ok(Effect { physical, pegged_anew: matches!(resolution, Resolution::Attach(_)), ..Effect::default() })
}
