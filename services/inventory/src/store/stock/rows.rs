//! Rows of stock tables to domain values and back.

use backorder_domain::{
    ids::{BatchId, HoldId, ItemId, LineId, LocationId, SupplyId},
    quantity::Quantity,
    stock::{
        claim::{Claim, ClaimKey, Peg, Reservation},
        hold::Hold,
        movement::{Movement, Place},
        position::Position,
        receipt::OverReceiptTolerance,
        supply::Supply,
        wish::Wish,
    },
    units::Entered,
};
use backorder_storage::{StorageError, columns};
use jiff::Timestamp;
use sea_orm::ActiveValue::Set;

use crate::store::entity::{claim, claim_location, hold, movement, peg, position, reservation, supply};

/// A row that holds what it must never hold.
pub fn invalid(table: &'static str, detail: impl ToString) -> StorageError {
    StorageError::InvalidRow { table, detail: detail.to_string() }
}

pub(super) fn units(value: i64, table: &'static str) -> Result<Quantity, StorageError> {
    Quantity::try_new(value).map_err(|e| invalid(table, e))
}

pub fn item_id(text: &str, table: &'static str) -> Result<ItemId, StorageError> {
    ItemId::try_new(text).map_err(|e| invalid(table, e))
}

pub fn location_id(text: &str, table: &'static str) -> Result<LocationId, StorageError> {
    LocationId::try_new(text).map_err(|e| invalid(table, e))
}

pub fn line_id(text: &str, table: &'static str) -> Result<LineId, StorageError> {
    LineId::try_new(text).map_err(|e| invalid(table, e))
}

pub fn supply_id(text: &str, table: &'static str) -> Result<SupplyId, StorageError> {
    SupplyId::try_new(text).map_err(|e| invalid(table, e))
}

pub(super) fn batch_id(text: &str, table: &'static str) -> Result<Option<BatchId>, StorageError> {
    if text.is_empty() { Ok(None) } else { BatchId::try_new(text).map(Some).map_err(|e| invalid(table, e)) }
}

fn batch_text(batch: Option<&BatchId>) -> String {
    batch.map(|batch| batch.as_str().to_owned()).unwrap_or_default()
}

/// The position of a row.
pub fn position_of(row: &position::Model) -> Result<Position, StorageError> {
    const TABLE: &str = "position";
    Ok(Position {
        location: location_id(&row.location_id, TABLE)?,
        available: units(row.available, TABLE)?,
        reserved: units(row.reserved, TABLE)?,
        released: units(row.released, TABLE)?,
        held: units(row.held, TABLE)?,
        quality_control: units(row.quality_control, TABLE)?,
        damaged: units(row.damaged, TABLE)?,
        in_transit: units(row.in_transit, TABLE)?,
        named: units(row.named, TABLE)?,
        version: row.version,
    })
}

/// The row of a position.
pub fn position_row(item: &ItemId, position: &Position, now: Timestamp) -> position::ActiveModel {
    position::ActiveModel {
        item_id: Set(item.as_str().to_owned()),
        location_id: Set(position.location.as_str().to_owned()),
        available: Set(position.available.get()),
        reserved: Set(position.reserved.get()),
        released: Set(position.released.get()),
        held: Set(position.held.get()),
        quality_control: Set(position.quality_control.get()),
        damaged: Set(position.damaged.get()),
        in_transit: Set(position.in_transit.get()),
        named: Set(position.named.get()),
        version: Set(position.version),
        updated_at: Set(columns::micros(now)),
    }
}

/// The key of a claim from its columns.
pub fn claim_key(line: &str, part: i32, table: &'static str) -> Result<ClaimKey, StorageError> {
    Ok(ClaimKey { line: line_id(line, table)?, part })
}

/// The claim of a row, still without its reservations and pegs.
pub fn claim_of(row: &claim::Model) -> Result<Claim, StorageError> {
    const TABLE: &str = "claim";
    let candidates = row.locations.split(' ').filter(|id| !id.is_empty()).map(|id| location_id(id, TABLE));
    Ok(Claim {
        key: claim_key(&row.line_id, row.part, TABLE)?,
        reserved: units(row.reserved, TABLE)?,
        waiting: units(row.waiting, TABLE)?,
        pegged: units(row.pegged, TABLE)?,
        posted: units(row.posted, TABLE)?,
        strength: row.strength.parse().map_err(|e| invalid(TABLE, e))?,
        expires_at: columns::optional_instant(row.expires_at, TABLE)?,
        eligible: row.eligible,
        in_set: row.in_set,
        queue_key: row.queue_key.clone(),
        queue_time: columns::instant(row.queue_time, TABLE)?,
        candidates: candidates.collect::<Result<_, _>>()?,
        split_allowed: row.split_allowed,
        min_per_location: units(row.min_per_location, TABLE)?,
        requested_date: columns::optional_date(row.requested_date.as_deref(), TABLE)?,
        wish: Wish {
            batch: batch_id(&row.wished_batch, TABLE)?,
            shelf_life_days: u16::try_from(row.shelf_life_days).map_err(|e| invalid(TABLE, e))?,
        },
        fits_until: columns::optional_date(row.fits_until.as_deref(), TABLE)?,
        reservations: Vec::new(),
        pegs: Vec::new(),
        version: row.version,
    })
}

/// The row of a claim.
pub fn claim_row(item: &ItemId, claim: &Claim) -> claim::ActiveModel {
    let locations: Vec<&str> = claim.candidates.iter().map(LocationId::as_str).collect();
    // The index of expiries holds only what may still expire.
    let expires_at = if claim.is_resolved() { None } else { claim.expires_at };
    claim::ActiveModel {
        item_id: Set(item.as_str().to_owned()),
        line_id: Set(claim.key.line.as_str().to_owned()),
        part: Set(claim.key.part),
        reserved: Set(claim.reserved.get()),
        waiting: Set(claim.waiting.get()),
        pegged: Set(claim.pegged.get()),
        posted: Set(claim.posted.get()),
        strength: Set(claim.strength.as_str().to_owned()),
        expires_at: Set(expires_at.map(columns::micros)),
        eligible: Set(claim.eligible),
        in_set: Set(claim.in_set),
        queue_key: Set(claim.queue_key.clone()),
        queue_time: Set(columns::micros(claim.queue_time)),
        locations: Set(locations.join(" ")),
        split_allowed: Set(claim.split_allowed),
        min_per_location: Set(claim.min_per_location.get()),
        requested_date: Set(claim.requested_date.map(columns::date_text)),
        wished_batch: Set(batch_column(claim.wish.batch.as_ref())),
        shelf_life_days: Set(i32::from(claim.wish.shelf_life_days)),
        fits_until: Set(claim.fits_until.map(columns::date_text)),
        version: Set(claim.version),
    }
}

/// The rows of the eligible units of a claim that wait, one per location where they do.
pub fn waiting_rows<'a>(item: &'a ItemId, claim: &'a Claim) -> impl Iterator<Item = claim_location::ActiveModel> + 'a {
    let quantity = if claim.eligible { claim.waiting.get() } else { 0 };
    let locations = if quantity > 0 { claim.waits_at() } else { &[] };
    locations.iter().map(move |location| claim_location::ActiveModel {
        item_id: Set(item.as_str().to_owned()),
        location_id: Set(location.as_str().to_owned()),
        line_id: Set(claim.key.line.as_str().to_owned()),
        part: Set(claim.key.part),
        quantity: Set(quantity),
        in_set: Set(!claim.is_served_alone()),
    })
}

/// The reservation of a row.
pub fn reservation_of(row: &reservation::Model) -> Result<Reservation, StorageError> {
    const TABLE: &str = "reservation";
    Ok(Reservation {
        location: location_id(&row.location_id, TABLE)?,
        batch: batch_id(&row.batch, TABLE)?,
        quantity: units(row.quantity, TABLE)?,
        released: units(row.released, TABLE)?,
    })
}

/// The row of a reservation. `taken` orders the claim's reservations as they were taken; it counts only when the row is
/// new.
pub fn reservation_row(
    item: &ItemId,
    key: &ClaimKey,
    reservation: &Reservation,
    taken: i64,
) -> reservation::ActiveModel {
    reservation::ActiveModel {
        item_id: Set(item.as_str().to_owned()),
        line_id: Set(key.line.as_str().to_owned()),
        part: Set(key.part),
        location_id: Set(reservation.location.as_str().to_owned()),
        batch: Set(batch_text(reservation.batch.as_ref())),
        taken: Set(taken),
        quantity: Set(reservation.quantity.get()),
        released: Set(reservation.released.get()),
    }
}

/// The batch column of a reservation.
pub fn batch_column(batch: Option<&BatchId>) -> String {
    batch_text(batch)
}

/// The peg of a row.
pub fn peg_of(row: &peg::Model) -> Result<Peg, StorageError> {
    const TABLE: &str = "peg";
    Ok(Peg { supply: supply_id(&row.supply_id, TABLE)?, quantity: units(row.quantity, TABLE)? })
}

/// The row of a peg.
pub fn peg_row(item: &ItemId, key: &ClaimKey, peg: &Peg) -> peg::ActiveModel {
    peg::ActiveModel {
        item_id: Set(item.as_str().to_owned()),
        line_id: Set(key.line.as_str().to_owned()),
        part: Set(key.part),
        supply_id: Set(peg.supply.as_str().to_owned()),
        quantity: Set(peg.quantity.get()),
    }
}

/// The hold of a row.
pub fn hold_of(row: &hold::Model) -> Result<Hold, StorageError> {
    const TABLE: &str = "hold";
    Ok(Hold {
        id: HoldId::try_new(row.hold_id.as_str()).map_err(|e| invalid(TABLE, e))?,
        location: location_id(&row.location_id, TABLE)?,
        quantity: units(row.quantity, TABLE)?,
        cause: row.cause.clone(),
        created_at: columns::instant(row.created_at, TABLE)?,
        version: row.version,
    })
}

/// The row of an open hold.
pub fn hold_row(item: &ItemId, hold: &Hold) -> hold::ActiveModel {
    hold::ActiveModel {
        item_id: Set(item.as_str().to_owned()),
        hold_id: Set(hold.id.as_str().to_owned()),
        location_id: Set(hold.location.as_str().to_owned()),
        quantity: Set(hold.quantity.get()),
        cause: Set(hold.cause.clone()),
        version: Set(hold.version),
        created_at: Set(columns::micros(hold.created_at)),
    }
}

/// The supply of a row.
pub fn supply_of(row: &supply::Model) -> Result<Supply, StorageError> {
    const TABLE: &str = "supply";
    Ok(Supply {
        id: supply_id(&row.supply_id, TABLE)?,
        location: location_id(&row.location_id, TABLE)?,
        kind: row.kind.parse().map_err(|e| invalid(TABLE, e))?,
        ordered: units(row.ordered, TABLE)?,
        received: units(row.received, TABLE)?,
        cancelled: units(row.cancelled, TABLE)?,
        advised: units(row.advised, TABLE)?,
        pegged: units(row.pegged, TABLE)?,
        agreed_date: columns::optional_date(row.agreed_date.as_deref(), TABLE)?,
        expected_date: columns::optional_date(row.expected_date.as_deref(), TABLE)?,
        parent: row.parent_supply_id.as_deref().map(|id| supply_id(id, TABLE)).transpose()?,
        sent_from: row.sent_from_location_id.as_deref().map(|id| location_id(id, TABLE)).transpose()?,
        supplier: row.supplier.clone(),
        reference: row.reference.clone(),
        over_receipt: tolerance_of(row)?,
        entered: entered_of(&row.ordered_unit, row.ordered_unit_quantity, row.base_units_per_unit, TABLE)?,
        version: row.version,
    })
}

/// A quantity as it was entered; no unit means in base units.
pub fn entered_of(
    unit: &str,
    quantity: i64,
    base_units_per_unit: i64,
    table: &'static str,
) -> Result<Option<Entered>, StorageError> {
    Ok(Entered::of(unit, units(quantity, table)?, base_units_per_unit))
}

/// The column of the unit in which a quantity was entered.
pub fn entered_unit(entered: Option<&Entered>) -> String {
    entered.map(|entered| entered.unit.clone()).unwrap_or_default()
}

fn tolerance_of(row: &supply::Model) -> Result<Option<OverReceiptTolerance>, StorageError> {
    const TABLE: &str = "supply";
    let Some((percent, number)) = row.over_receipt_percent.zip(row.over_receipt_units) else { return Ok(None) };
    let percent = u16::try_from(percent).map_err(|e| invalid(TABLE, e))?;
    Ok(Some(OverReceiptTolerance { percent, units: units(number, TABLE)? }))
}

/// The row of a supply. `created_at` counts only when the row is new.
pub fn supply_row(item: &ItemId, supply: &Supply, now: Timestamp) -> supply::ActiveModel {
    supply::ActiveModel {
        item_id: Set(item.as_str().to_owned()),
        supply_id: Set(supply.id.as_str().to_owned()),
        location_id: Set(supply.location.as_str().to_owned()),
        kind: Set(supply.kind.as_str().to_owned()),
        ordered: Set(supply.ordered.get()),
        open: Set(supply.open().get()),
        received: Set(supply.received.get()),
        cancelled: Set(supply.cancelled.get()),
        advised: Set(supply.advised.get()),
        pegged: Set(supply.pegged.get()),
        agreed_date: Set(supply.agreed_date.map(columns::date_text)),
        expected_date: Set(supply.expected_date.map(columns::date_text)),
        supplier: Set(supply.supplier.clone()),
        reference: Set(supply.reference.clone()),
        parent_supply_id: Set(supply.parent.as_ref().map(|id| id.as_str().to_owned())),
        sent_from_location_id: Set(supply.sent_from.as_ref().map(|id| id.as_str().to_owned())),
        over_receipt_percent: Set(supply.over_receipt.map(|tolerance| i64::from(tolerance.percent))),
        over_receipt_units: Set(supply.over_receipt.map(|tolerance| tolerance.units.get())),
        ordered_unit: Set(entered_unit(supply.entered.as_ref())),
        ordered_unit_quantity: Set(supply.entered.as_ref().map_or(0, |entered| entered.quantity.get())),
        base_units_per_unit: Set(supply.entered.as_ref().map_or(0, |entered| entered.base_units_per_unit)),
        version: Set(supply.version),
        created_at: Set(columns::micros(now)),
        updated_at: Set(columns::micros(now)),
    }
}

/// The movement of a row.
pub fn movement_of(row: &movement::Model) -> Result<Movement, StorageError> {
    const TABLE: &str = "movement";
    let place = |location: Option<&str>, state: &str| {
        Ok::<_, StorageError>(Place {
            location: location.map(|id| location_id(id, TABLE)).transpose()?,
            state: state.parse().map_err(|e| invalid(TABLE, e))?,
        })
    };
    Ok(Movement {
        command_id: row.request_id.parse().map_err(|e| invalid(TABLE, e))?,
        from: place(row.from_location_id.as_deref(), &row.from_state)?,
        to: place(row.to_location_id.as_deref(), &row.to_state)?,
        quantity: units(row.quantity, TABLE)?,
        batch: batch_id(&row.batch, TABLE)?,
        owner: row.owner.clone(),
        cause: row.cause.clone(),
        reason_code: row.reason_code.clone(),
        note: row.note.clone(),
        actor: row.actor.clone(),
        effective_at: columns::instant(row.effective_at, TABLE)?,
    })
}

/// Where a movement stands among all others.
#[derive(Debug, Clone, Copy)]
pub struct MovementPlace {
    /// Its number in the order of writing.
    pub id: i64,
    /// The item's movement before it; 0 for the first.
    pub previous: i64,
    /// Its number among those of its command, from 0.
    pub ordinal: i32,
}

/// The row of a movement.
pub fn movement_row(item: &ItemId, movement: Movement, place: MovementPlace, now: Timestamp) -> movement::ActiveModel {
    let location = |place: &Place| place.location.as_ref().map(|id| id.as_str().to_owned());
    movement::ActiveModel {
        id: Set(place.id),
        previous: Set(place.previous),
        item_id: Set(item.as_str().to_owned()),
        request_id: Set(movement.command_id.to_string()),
        ordinal: Set(place.ordinal),
        from_location_id: Set(location(&movement.from)),
        from_state: Set(movement.from.state.as_str().to_owned()),
        to_location_id: Set(location(&movement.to)),
        to_state: Set(movement.to.state.as_str().to_owned()),
        quantity: Set(movement.quantity.get()),
        balanced: Set(movement.batch.is_some() || !movement.owner.is_empty()),
        batch: Set(batch_text(movement.batch.as_ref())),
        owner: Set(movement.owner),
        cause: Set(movement.cause),
        reason_code: Set(movement.reason_code),
        note: Set(movement.note),
        actor: Set(movement.actor),
        effective_at: Set(columns::micros(movement.effective_at)),
        recorded_at: Set(columns::micros(now)),
    }
}
