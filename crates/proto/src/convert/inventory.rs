//! Conversions between the wire types of inventory and the domain's stock types. It must not decide a business rule.

use backorder_domain::{
    ids::{BatchId, HoldId, ItemId, LineId, LocationId, SupplyId},
    stock::{
        claim::{Claim, Strength},
        hold::Hold,
        movement::Movement,
        position::Position,
        state::StockState,
        supply::{Supply, SupplyKind, SupplyState},
        wish::Wish,
    },
};
use jiff::Timestamp;
use uuid::Uuid;

pub use groups::{characteristics, decode_characteristics, decode_item_groups, group_limit, item_groups};
pub use receipt::{decode_over_receipt_tolerance, decode_receipt_name, receipt_name, received_line};

mod groups;
mod receipt;

use super::{
    Violations,
    decode::{self, resource_name},
    encode,
};
use crate::{common::v1 as common, inventory::v1 as pb};

/// The longest text that names a demand line.
const LINE_BYTES_MAX: usize = 200;

/// The resource name of a supply: `supplies/{supply}`.
#[must_use]
pub fn supply_name(supply: &SupplyId) -> String {
    format!("supplies/{supply}")
}

/// The resource name of a hold: `holds/{hold}`.
#[must_use]
pub fn hold_name(hold: &HoldId) -> String {
    format!("holds/{hold}")
}

/// The id in a supply's name, `supplies/{supply}`.
pub fn decode_supply_name(name: &str, field: &str, violations: &mut Violations) -> Option<SupplyId> {
    resource_name(name, "supplies", SupplyId::try_new, field, violations)
}

/// The id in a hold's name, `holds/{hold}`.
pub fn decode_hold_name(name: &str, field: &str, violations: &mut Violations) -> Option<HoldId> {
    resource_name(name, "holds", HoldId::try_new, field, violations)
}

/// A demand line: an opaque text of 1 to 200 bytes without white space and control characters.
pub fn decode_line(line: &str, field: &str, violations: &mut Violations) -> Option<LineId> {
    if line.len() > LINE_BYTES_MAX {
        violations.push(field, format!("must be at most {LINE_BYTES_MAX} bytes"));
        return None;
    }
    decode::checked(LineId::try_new(line), field, violations)
}

/// A position with the time of its last change.
#[must_use]
pub fn position(item: &ItemId, position: &Position, updated_at: Option<Timestamp>) -> pb::Position {
    pb::Position {
        item: encode::item_name(item),
        location: encode::location_name(&position.location),
        available: position.available.get(),
        reserved: position.reserved.get(),
        released: position.released.get(),
        held: position.held.get(),
        quality_control: position.quality_control.get(),
        damaged: position.damaged.get(),
        on_hand: position.on_hand().map_or(i64::MAX, |units| units.get()),
        in_transit: position.in_transit.get(),
        version: position.version,
        update_time: updated_at.map(encode::timestamp),
    }
}

/// A movement with the id of its write, its number in it, and the time at which it was written.
#[must_use]
pub fn movement(
    item: &ItemId,
    movement: &Movement,
    request_id: Uuid,
    ordinal: i32,
    recorded_at: Timestamp,
) -> pb::Movement {
    let location = |location: Option<&LocationId>| location.map(encode::location_name).unwrap_or_default();
    pb::Movement {
        request_id: request_id.to_string(),
        ordinal,
        item: encode::item_name(item),
        from_location: location(movement.from.location.as_ref()),
        from_state: i32::from(stock_state(movement.from.state)),
        to_location: location(movement.to.location.as_ref()),
        to_state: i32::from(stock_state(movement.to.state)),
        quantity: movement.quantity.get(),
        batch: movement.batch.as_ref().map(ToString::to_string).unwrap_or_default(),
        owner: movement.owner.clone(),
        cause: movement.cause.clone(),
        effective_time: Some(encode::timestamp(movement.effective_at)),
        record_time: Some(encode::timestamp(recorded_at)),
        context: Some(common::WriteContext {
            actor: movement.actor.clone(),
            reason_code: movement.reason_code.clone(),
            note: movement.note.clone(),
        }),
    }
}

/// A stock state.
#[must_use]
pub const fn stock_state(state: StockState) -> pb::StockState {
    match state {
        StockState::External => pb::StockState::External,
        StockState::Available => pb::StockState::Available,
        StockState::Reserved => pb::StockState::Reserved,
        StockState::Released => pb::StockState::Released,
        StockState::Held => pb::StockState::Held,
        StockState::QualityControl => pb::StockState::QualityControl,
        StockState::Damaged => pb::StockState::Damaged,
        StockState::InTransit => pb::StockState::InTransit,
    }
}

/// A stock state that must be given.
pub fn decode_stock_state(state: i32, field: &str, violations: &mut Violations) -> Option<StockState> {
    let state = decode::required_enum::<pb::StockState>(state, field, violations)?;
    match state {
        pb::StockState::Unspecified => None,
        pb::StockState::External => Some(StockState::External),
        pb::StockState::Available => Some(StockState::Available),
        pb::StockState::Reserved => Some(StockState::Reserved),
        pb::StockState::Released => Some(StockState::Released),
        pb::StockState::Held => Some(StockState::Held),
        pb::StockState::QualityControl => Some(StockState::QualityControl),
        pb::StockState::Damaged => Some(StockState::Damaged),
        pb::StockState::InTransit => Some(StockState::InTransit),
    }
}

/// A claim with its reservations and pegs. `supply_of` answers the supplies that it is pegged to.
#[must_use]
pub fn claim<'a>(item: &ItemId, claim: &Claim, supply_of: impl Fn(&SupplyId) -> Option<&'a Supply>) -> pb::Claim {
    let reservations = claim.reservations.iter().map(|reservation| pb::Reservation {
        location: encode::location_name(&reservation.location),
        quantity: reservation.quantity.get(),
        batch: reservation.batch.as_ref().map(ToString::to_string).unwrap_or_default(),
        released: reservation.released.get(),
    });
    let pegs = claim.pegs.iter().map(|peg| {
        let supply = supply_of(&peg.supply);
        pb::Peg {
            supply: supply_name(&peg.supply),
            location: supply.map(|supply| encode::location_name(&supply.location)).unwrap_or_default(),
            quantity: peg.quantity.get(),
            expected_date: supply.and_then(|supply| supply.expected_date).map(encode::date),
        }
    });
    pb::Claim {
        line: claim.key.line.to_string(),
        part: claim.key.part,
        item: encode::item_name(item),
        reserved: claim.reserved.get(),
        waiting: claim.waiting.get(),
        pegged: claim.pegged.get(),
        posted: claim.posted.get(),
        strength: i32::from(strength(claim.strength)),
        expire_time: claim.expires_at.map(encode::timestamp),
        eligible: claim.eligible,
        queue_key: claim.queue_key.clone(),
        queue_time: Some(encode::timestamp(claim.queue_time)),
        locations: claim.candidates.iter().map(encode::location_name).collect(),
        reservations: reservations.collect(),
        pegs: pegs.collect(),
        requested_date: claim.requested_date.map(encode::date),
        version: claim.version,
        released: claim.released().get(),
        in_set: claim.in_set,
        wish: (!claim.wish.is_none()).then(|| wish(&claim.wish)),
        takeable: None,
    }
}

/// What a claim asks of its units.
#[must_use]
pub fn wish(wish: &Wish) -> pb::BatchWish {
    pb::BatchWish {
        batch: wish.batch.as_ref().map(ToString::to_string).unwrap_or_default(),
        min_remaining_shelf_life_days: i32::from(wish.shelf_life_days),
    }
}

/// The longest remaining shelf life that may be asked, in days.
pub const SHELF_LIFE_DAYS_MAX: u16 = 3_650;

/// What a line asks of its units.
pub fn decode_wish(message: Option<&pb::BatchWish>, field: &str, violations: &mut Violations) -> Option<Wish> {
    let Some(message) = message else { return Some(Wish::default()) };
    let batch = if message.batch.is_empty() {
        Some(None)
    } else {
        decode::checked(BatchId::try_new(message.batch.as_str()), &format!("{field}.batch"), violations).map(Some)
    };
    let days = u16::try_from(message.min_remaining_shelf_life_days).ok().filter(|days| *days <= SHELF_LIFE_DAYS_MAX);
    if days.is_none() {
        let text = format!("must be between 0 and {SHELF_LIFE_DAYS_MAX}");
        violations.push(format!("{field}.min_remaining_shelf_life_days"), text);
    }
    Some(Wish { batch: batch?, shelf_life_days: days? })
}

/// The strength of a reservation.
#[must_use]
pub const fn strength(strength: Strength) -> pb::ReservationStrength {
    match strength {
        Strength::Soft => pb::ReservationStrength::Soft,
        Strength::Firm => pb::ReservationStrength::Firm,
        Strength::Hard => pb::ReservationStrength::Hard,
    }
}

/// The strength of a reservation; unspecified means firm.
pub fn decode_strength(strength: i32, field: &str, violations: &mut Violations) -> Option<Strength> {
    decode::known_enum::<pb::ReservationStrength>(strength, field, violations).map(|strength| match strength {
        pb::ReservationStrength::Soft => Strength::Soft,
        pb::ReservationStrength::Unspecified | pb::ReservationStrength::Firm => Strength::Firm,
        pb::ReservationStrength::Hard => Strength::Hard,
    })
}

/// A hold.
#[must_use]
pub fn hold(item: &ItemId, hold: &Hold) -> pb::Hold {
    pb::Hold {
        name: hold_name(&hold.id),
        item: encode::item_name(item),
        location: encode::location_name(&hold.location),
        quantity: hold.quantity.get(),
        cause: hold.cause.clone(),
        create_time: Some(encode::timestamp(hold.created_at)),
    }
}

/// A supply with the times of its creation and last change.
#[must_use]
pub fn supply(item: &ItemId, supply: &Supply, created_at: Timestamp, updated_at: Timestamp) -> pb::Supply {
    pb::Supply {
        name: supply_name(&supply.id),
        item: encode::item_name(item),
        location: encode::location_name(&supply.location),
        kind: i32::from(supply_kind(supply.kind)),
        ordered: supply.ordered.get(),
        open: supply.open().get(),
        received: supply.received.get(),
        cancelled: supply.cancelled.get(),
        advised: supply.advised.get(),
        pegged: supply.pegged.get(),
        agreed_date: supply.agreed_date.map(encode::date),
        expected_date: supply.expected_date.map(encode::date),
        supplier: supply.supplier.clone(),
        reference: supply.reference.clone(),
        parent: supply.parent.as_ref().map(supply_name).unwrap_or_default(),
        state: i32::from(supply_state(supply.state())),
        version: supply.version,
        over_receipt_tolerance: supply.over_receipt.map(|tolerance| pb::OverReceiptTolerance {
            percent: i32::from(tolerance.percent),
            units: tolerance.units.get(),
        }),
        create_time: Some(encode::timestamp(created_at)),
        update_time: Some(encode::timestamp(updated_at)),
        ordered_unit: supply.entered.as_ref().map(|entered| entered.unit.clone()).unwrap_or_default(),
        ordered_unit_quantity: supply.entered.as_ref().map_or(0, |entered| entered.quantity.get()),
        base_units_per_unit: supply.entered.as_ref().map_or(0, |entered| entered.base_units_per_unit),
    }
}

const fn supply_kind(kind: SupplyKind) -> pb::SupplyKind {
    match kind {
        SupplyKind::PurchaseOrderLine => pb::SupplyKind::PurchaseOrderLine,
        SupplyKind::ShipmentNotice => pb::SupplyKind::ShipmentNotice,
        SupplyKind::Transfer => pb::SupplyKind::Transfer,
        SupplyKind::Production => pb::SupplyKind::Production,
    }
}

/// The kind of a supply, which must be given.
pub fn decode_supply_kind(kind: i32, field: &str, violations: &mut Violations) -> Option<SupplyKind> {
    match decode::required_enum::<pb::SupplyKind>(kind, field, violations)? {
        pb::SupplyKind::Unspecified => None,
        pb::SupplyKind::PurchaseOrderLine => Some(SupplyKind::PurchaseOrderLine),
        pb::SupplyKind::ShipmentNotice => Some(SupplyKind::ShipmentNotice),
        pb::SupplyKind::Transfer => Some(SupplyKind::Transfer),
        pb::SupplyKind::Production => Some(SupplyKind::Production),
    }
}

const fn supply_state(state: SupplyState) -> pb::SupplyState {
    match state {
        SupplyState::Open => pb::SupplyState::Open,
        SupplyState::Received => pb::SupplyState::Received,
        SupplyState::Cancelled => pb::SupplyState::Cancelled,
    }
}
