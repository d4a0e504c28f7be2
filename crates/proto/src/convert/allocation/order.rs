//! Enums of orders and promises, in both directions.

use backorder_domain::order::{
    eligibility::Barrier,
    hold::HoldType,
    policy::{LossReason, ShortageInstruction},
    promise::{Cover, PromiseReason},
    state::OrderState,
};

use crate::{allocation::v1 as pb, convert::Violations, convert::decode};

/// The state of an order on the wire.
#[must_use]
pub fn order_state(state: OrderState) -> pb::OrderState {
    match state {
        OrderState::Reserving => pb::OrderState::Reserving,
        OrderState::Quoted => pb::OrderState::Quoted,
        OrderState::Open => pb::OrderState::Open,
        OrderState::Completed => pb::OrderState::Completed,
        OrderState::Cancelled => pb::OrderState::Cancelled,
        OrderState::Expired => pb::OrderState::Expired,
    }
}

/// The state of an order from the wire; `None` for unspecified.
#[must_use]
pub fn order_state_of(state: pb::OrderState) -> Option<OrderState> {
    match state {
        pb::OrderState::Unspecified => None,
        pb::OrderState::Reserving => Some(OrderState::Reserving),
        pb::OrderState::Quoted => Some(OrderState::Quoted),
        pb::OrderState::Open => Some(OrderState::Open),
        pb::OrderState::Completed => Some(OrderState::Completed),
        pb::OrderState::Cancelled => Some(OrderState::Cancelled),
        pb::OrderState::Expired => Some(OrderState::Expired),
    }
}

/// The type of a hold on the wire.
#[must_use]
pub fn hold_type(hold_type: HoldType) -> pb::HoldType {
    match hold_type {
        HoldType::Credit => pb::HoldType::Credit,
        HoldType::Payment => pb::HoldType::Payment,
        HoldType::Fraud => pb::HoldType::Fraud,
        HoldType::Export => pb::HoldType::Export,
        HoldType::Address => pb::HoldType::Address,
        HoldType::Manual => pb::HoldType::Manual,
    }
}

/// The type of a hold from the wire.
pub fn hold_type_of(value: i32, field: &str, violations: &mut Violations) -> Option<HoldType> {
    let found = decode::required_enum::<pb::HoldType>(value, field, violations)?;
    HoldType::ALL.into_iter().find(|one| hold_type(*one) == found)
}

/// What bars a line on the wire.
#[must_use]
pub fn line_barrier(barrier: Barrier) -> pb::LineBarrier {
    match barrier {
        Barrier::Hold => pb::LineBarrier::Hold,
        Barrier::ReleaseHold => pb::LineBarrier::ReleaseHold,
        Barrier::CustomerHold => pb::LineBarrier::CustomerHold,
        Barrier::CustomerReleaseHold => pb::LineBarrier::CustomerReleaseHold,
        Barrier::BeforeHorizon => pb::LineBarrier::BeforeHorizon,
        Barrier::SetIncomplete => pb::LineBarrier::SetIncomplete,
        Barrier::GoLive => pb::LineBarrier::GoLive,
        Barrier::DropShip => pb::LineBarrier::DropShip,
    }
}

/// The buyer's instruction on the wire.
#[must_use]
pub fn shortage_instruction(instruction: ShortageInstruction) -> pb::ShortageInstruction {
    match instruction {
        ShortageInstruction::NoBackOrder => pb::ShortageInstruction::NoBackOrder,
        ShortageInstruction::BackOrder => pb::ShortageInstruction::BackOrder,
        ShortageInstruction::ShipPartialBackOrder => pb::ShortageInstruction::ShipPartialBackOrder,
        ShortageInstruction::ShipPartialCancel => pb::ShortageInstruction::ShipPartialCancel,
        ShortageInstruction::ShipComplete => pb::ShortageInstruction::ShipComplete,
        ShortageInstruction::ShipItemComplete => pb::ShortageInstruction::ShipItemComplete,
        ShortageInstruction::ShipAsSoonAsPossible => pb::ShortageInstruction::ShipAsSoonAsPossible,
    }
}

/// The buyer's instruction from the wire; unspecified means Y, back order.
pub fn shortage_instruction_of(value: i32, field: &str, violations: &mut Violations) -> Option<ShortageInstruction> {
    let instruction = decode::known_enum::<pb::ShortageInstruction>(value, field, violations)?;
    Some(match instruction {
        pb::ShortageInstruction::NoBackOrder => ShortageInstruction::NoBackOrder,
        pb::ShortageInstruction::Unspecified | pb::ShortageInstruction::BackOrder => ShortageInstruction::BackOrder,
        pb::ShortageInstruction::ShipPartialBackOrder => ShortageInstruction::ShipPartialBackOrder,
        pb::ShortageInstruction::ShipPartialCancel => ShortageInstruction::ShipPartialCancel,
        pb::ShortageInstruction::ShipComplete => ShortageInstruction::ShipComplete,
        pb::ShortageInstruction::ShipItemComplete => ShortageInstruction::ShipItemComplete,
        pb::ShortageInstruction::ShipAsSoonAsPossible => ShortageInstruction::ShipAsSoonAsPossible,
    })
}

/// What covers a confirmation, on the wire: its source and the supply's name.
#[must_use]
pub fn cover(cover: &Cover) -> (pb::ConfirmationSource, String) {
    match cover {
        Cover::Stock => (pb::ConfirmationSource::Stock, String::new()),
        Cover::Unreserved => (pb::ConfirmationSource::Unreserved, String::new()),
        Cover::Supply(supply) => (pb::ConfirmationSource::Supply, format!("supplies/{supply}")),
        Cover::Free => (pb::ConfirmationSource::FreeStock, String::new()),
        Cover::None => (pb::ConfirmationSource::None, String::new()),
    }
}

/// Why a promise changed, on the wire.
#[must_use]
pub fn promise_reason(reason: PromiseReason) -> pb::PromiseReason {
    match reason {
        PromiseReason::Placed => pb::PromiseReason::Placed,
        PromiseReason::Amended => pb::PromiseReason::Amended,
        PromiseReason::Served => pb::PromiseReason::Served,
        PromiseReason::SupplyChanged => pb::PromiseReason::SupplyChanged,
        PromiseReason::StockLost => pb::PromiseReason::StockLost,
        PromiseReason::Imported => pb::PromiseReason::Imported,
        PromiseReason::GoLive => pb::PromiseReason::GoLive,
    }
}

/// Why demand was lost, on the wire.
#[must_use]
pub fn loss_reason(reason: LossReason) -> pb::LostDemandReason {
    match reason {
        LossReason::PolicyNotAllowed => pb::LostDemandReason::PolicyNotAllowed,
        LossReason::PolicyCap => pb::LostDemandReason::PolicyCap,
        LossReason::CustomerInstruction => pb::LostDemandReason::CustomerInstruction,
    }
}
