//! The commands that move stock.

use backorder_proto::{
    common::v1::WriteContext,
    inventory::v1::{
        AdjustStockRequest, CountLine, CountStockRequest, Hold, Position, QuarantineStockRequest,
        ReleaseQuarantineRequest, ShipStockRequest, StockState, TakenAway, TransferStockRequest,
    },
};
use clap::{Subcommand, ValueEnum};
use jiff::civil::Date;

use super::{PACKAGE, PlaceArgs};
use crate::{
    args::{ReasonArgs, UnitArg},
    client::{Session, requests},
    commands::show,
    failure::Failure,
    output::{Output, text},
};

/// Ways to move stock.
#[derive(Debug, Subcommand)]
pub enum StockWrite {
    /// Add units to a state or take them out of it.
    Adjust {
        /// Which stock.
        #[command(flatten)]
        place: PlaceArgs,
        /// Units to add, or, when negative, to take out.
        #[arg(allow_negative_numbers = true)]
        delta: i64,
        /// The unit in which the quantity counts.
        #[command(flatten)]
        unit: UnitArg,
        /// The state that changes.
        #[arg(long, value_enum, default_value = "available")]
        state: AdjustableState,
        /// Why.
        #[command(flatten)]
        why: ReasonArgs,
    },
    /// Set the stock on hand to what was counted.
    Count {
        /// Which stock.
        #[command(flatten)]
        place: PlaceArgs,
        /// Units that are there.
        counted: i64,
        /// The unit in which the quantity counts.
        #[command(flatten)]
        unit: UnitArg,
        /// Which units: available stands for all that can be sold, whatever it is reserved for.
        #[arg(long, value_enum, default_value = "available")]
        state: AdjustableState,
        /// Why.
        #[command(flatten)]
        why: ReasonArgs,
    },
    /// Send free units to another location.
    Transfer {
        /// From where.
        #[command(flatten)]
        place: PlaceArgs,
        /// To where.
        to: String,
        /// Units.
        quantity: i64,
        /// The unit in which the quantity counts.
        #[command(flatten)]
        unit: UnitArg,
        /// The day on which they are expected there, YYYY-MM-DD.
        #[arg(long, value_name = "DATE")]
        expected: Date,
        /// Why.
        #[command(flatten)]
        why: ReasonArgs,
    },
    /// Move units into quality control or among the damaged, reserved ones when too few are free.
    Quarantine {
        /// Which stock.
        #[command(flatten)]
        place: PlaceArgs,
        /// Units.
        quantity: i64,
        /// The unit in which the quantity counts.
        #[command(flatten)]
        unit: UnitArg,
        /// They are damaged, not merely in doubt.
        #[arg(long)]
        damaged: bool,
        /// Why.
        #[command(flatten)]
        why: ReasonArgs,
    },
    /// Make units in quality control free again.
    Release {
        /// Which stock.
        #[command(flatten)]
        place: PlaceArgs,
        /// Units.
        quantity: i64,
        /// The unit in which the quantity counts.
        #[command(flatten)]
        unit: UnitArg,
        /// Why.
        #[command(flatten)]
        why: ReasonArgs,
    },
    /// Ship free units that no line reserved.
    Ship {
        /// Which stock.
        #[command(flatten)]
        place: PlaceArgs,
        /// Units.
        quantity: i64,
        /// The unit in which the quantity counts.
        #[command(flatten)]
        unit: UnitArg,
        /// Why.
        #[command(flatten)]
        why: ReasonArgs,
    },
}

/// States that may be adjusted.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum AdjustableState {
    /// Free.
    Available,
    /// Waiting for a quality decision.
    QualityControl,
    /// Damaged.
    Damaged,
}

impl AdjustableState {
    const fn wire(self) -> StockState {
        match self {
            Self::Available => StockState::Available,
            Self::QualityControl => StockState::QualityControl,
            Self::Damaged => StockState::Damaged,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] with what happened and what to do next.
pub(super) async fn run(command: StockWrite, session: &Session, output: Output) -> Result<(), Failure> {
    match command {
        StockWrite::Adjust { place, delta, unit, state, why } => {
            let request = AdjustStockRequest {
                request_id: session.request_id(),
                item: place.item(),
                location: place.location(),
                state: state.wire().into(),
                delta,
                unit: unit.unit,
                context: context(&why),
                ..AdjustStockRequest::default()
            };
            adjust(request, session, output).await
        }
        StockWrite::Count { place, counted, unit, state, why } => {
            let (item, location, state) = (place.item(), place.location(), state.wire().into());
            let line = CountLine { item, location, counted, state, unit: unit.unit, ..CountLine::default() };
            count(line, &why, session, output).await
        }
        StockWrite::Transfer { place, to, quantity, unit, expected, why } => {
            let request = transfer_request(session, &place, (&to, expected), quantity, unit, &why);
            transfer(request, session, output).await
        }
        StockWrite::Quarantine { place, quantity, unit, damaged, why } => {
            let request = quarantine_request(session, &place, damaged, quantity, unit, &why);
            quarantine(request, session, output).await
        }
        StockWrite::Release { place, quantity, unit, why } => {
            let request = ReleaseQuarantineRequest {
                request_id: session.request_id(),
                item: place.item(),
                location: place.location(),
                quantity,
                unit: unit.unit,
                context: context(&why),
                ..ReleaseQuarantineRequest::default()
            };
            release(request, session, output).await
        }
        StockWrite::Ship { place, quantity, unit, why } => {
            let request = ShipStockRequest {
                request_id: session.request_id(),
                item: place.item(),
                location: place.location(),
                quantity,
                unit: unit.unit,
                context: context(&why),
                ..ShipStockRequest::default()
            };
            ship(request, session, output).await
        }
    }
}

pub(super) fn context(why: &ReasonArgs) -> Option<WriteContext> {
    Some(requests::context(&why.reason, &why.note))
}

/// Positions after a write, who lost units, and what was put aside.
pub(super) fn moved<'a>(
    positions: impl IntoIterator<Item = &'a Position>,
    taken_away: &[TakenAway],
    holds: &[Hold],
) -> String {
    format!("{}{}{}", show::positions(positions), show::taken_away(taken_away), show::holds(holds))
}

async fn adjust(request: AdjustStockRequest, session: &Session, output: Output) -> Result<(), Failure> {
    let answer = session.clients.stock.clone().adjust_stock(request).await?.into_inner();
    output.message(&format!("{PACKAGE}.AdjustStockResponse"), &answer, |answer| {
        moved(&answer.position, &answer.taken_away, &answer.holds)
    })
}

async fn count(line: CountLine, why: &ReasonArgs, session: &Session, output: Output) -> Result<(), Failure> {
    let request = CountStockRequest {
        request_id: session.request_id(),
        lines: vec![line],
        effective_time: None,
        context: context(why),
    };
    let answer = session.clients.stock.clone().count_stock(request).await?.into_inner();
    output.message(&format!("{PACKAGE}.CountStockResponse"), &answer, |answer| {
        moved(&answer.positions, &answer.taken_away, &answer.holds)
    })
}

fn transfer_request(
    session: &Session,
    place: &PlaceArgs,
    (to, expected): (&str, Date),
    quantity: i64,
    unit: UnitArg,
    why: &ReasonArgs,
) -> TransferStockRequest {
    TransferStockRequest {
        request_id: session.request_id(),
        item: place.item(),
        from_location: place.location(),
        to_location: text::named("locations", to),
        quantity,
        unit: unit.unit,
        expected_date: Some(requests::date(expected)),
        context: context(why),
        ..TransferStockRequest::default()
    }
}

async fn transfer(request: TransferStockRequest, session: &Session, output: Output) -> Result<(), Failure> {
    let answer = session.clients.stock.clone().transfer_stock(request).await?.into_inner();
    output.message(&format!("{PACKAGE}.TransferStockResponse"), &answer, |answer| {
        let positions = show::positions(answer.from_position.iter().chain(&answer.to_position));
        format!("{positions}\n{}", show::supplies(&answer.supply))
    })
}

fn quarantine_request(
    session: &Session,
    place: &PlaceArgs,
    damaged: bool,
    quantity: i64,
    unit: UnitArg,
    why: &ReasonArgs,
) -> QuarantineStockRequest {
    QuarantineStockRequest {
        request_id: session.request_id(),
        item: place.item(),
        location: place.location(),
        quantity,
        unit: unit.unit,
        damaged,
        context: context(why),
        ..QuarantineStockRequest::default()
    }
}

async fn quarantine(request: QuarantineStockRequest, session: &Session, output: Output) -> Result<(), Failure> {
    let answer = session.clients.stock.clone().quarantine_stock(request).await?.into_inner();
    output.message(&format!("{PACKAGE}.QuarantineStockResponse"), &answer, |answer| {
        moved(&answer.position, &answer.taken_away, &answer.holds)
    })
}

async fn release(request: ReleaseQuarantineRequest, session: &Session, output: Output) -> Result<(), Failure> {
    let answer = session.clients.stock.clone().release_quarantine(request).await?.into_inner();
    output.message(&format!("{PACKAGE}.ReleaseQuarantineResponse"), &answer, |answer| {
        format!("{}{}", show::positions(&answer.position), show::holds(&answer.holds))
    })
}

async fn ship(request: ShipStockRequest, session: &Session, output: Output) -> Result<(), Failure> {
    let answer = session.clients.stock.clone().ship_stock(request).await?.into_inner();
    output.message(&format!("{PACKAGE}.ShipStockResponse"), &answer, |answer| show::positions(&answer.position))
}
