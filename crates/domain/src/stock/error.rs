//! Why a stock command is refused, with the data that a caller needs to see it. Also the checked sums.

use crate::ids::{BatchId, ItemId, LineId, LocationId, SupplyId};
use crate::quantity::Quantity;

use super::claim::ClaimKey;
use super::receipt::ReceiptKey;
use super::state::StockState;

/// A rule of stock that a command would break.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StockError {
    /// A command names no units.
    #[error("the quantity is zero")]
    ZeroQuantity,
    /// A command names more units than one command may.
    #[error("the quantity {0} is above the limit of one command")]
    QuantityTooLarge(Quantity),
    /// A reservation names no location that may serve it.
    #[error("no location may serve {0}")]
    NoCandidates(ClaimKey),
    /// A reservation names a location twice.
    #[error("{claim} names location {location} twice")]
    DuplicateCandidate {
        /// The claim.
        claim: ClaimKey,
        /// The location.
        location: LocationId,
    },
    /// A soft claim has no expiry, or another one has.
    #[error("a soft claim, and only a soft one, has an expiry: {0}")]
    ExpiryMismatch(ClaimKey),
    /// The part of the line was used before.
    #[error("claim {0} exists")]
    ClaimExists(ClaimKey),
    /// No such claim.
    #[error("no claim {0}")]
    ClaimNotFound(ClaimKey),
    /// The line has no claim on the item.
    #[error("no claim of line {0}")]
    LineNotFound(LineId),
    /// The soft claim to take over has ended.
    #[error("the soft claim of line {0} is gone")]
    SoftReservationGone(LineId),
    /// The claim to take over or to expire is not a soft one.
    #[error("claim {0} is not soft")]
    NotSoft(ClaimKey),
    /// A row changed since the caller read it.
    #[error("{what} has version {actual}, expected {expected}")]
    VersionMismatch {
        /// The claim or supply.
        what: String,
        /// The version that the caller named.
        expected: i64,
        /// The version that it has.
        actual: i64,
    },
    /// Fewer units are reserved, or in the warehouse's hands where the command is about those, than it names.
    #[error("claim {claim} has {reserved} such units there, {asked} are asked for")]
    InsufficientReservation {
        /// The claim, or the first part of the line when the command is about all parts.
        claim: ClaimKey,
        /// Units asked for.
        asked: Quantity,
        /// Units that the command could take.
        reserved: Quantity,
    },
    /// Fewer units wait, or are claimed at all, than the command names.
    #[error("claim {claim} waits for {waiting}, {asked} are asked for")]
    InsufficientWaiting {
        /// The claim, or the first part of the line when the command is about all parts.
        claim: ClaimKey,
        /// Units asked for.
        asked: Quantity,
        /// Units that wait; for a release, units that wait or are reserved.
        waiting: Quantity,
    },
    /// Fewer units are in a state than the command names.
    #[error("{there} units are {state} at {location}, {asked} are asked for")]
    InsufficientStock {
        /// The location.
        location: LocationId,
        /// The state.
        state: StockState,
        /// Units asked for.
        asked: Quantity,
        /// Units there.
        there: Quantity,
    },
    /// Fewer units of a batch, or of an owner, can be taken than the command names.
    #[error("{there} units{} can be taken at {location}, {asked} are asked for", of_what(batch.as_ref(), owner))]
    InsufficientBatch {
        /// The location.
        location: LocationId,
        /// The batch; `None` for any.
        batch: Option<BatchId>,
        /// The owner; empty for any.
        owner: String,
        /// Units asked for.
        asked: Quantity,
        /// Units that are there and bound to no reservation of others.
        there: Quantity,
    },
    /// Units of this state are not adjusted: commands of their own move them.
    #[error("stock in state {0} is not adjusted")]
    StateNotAdjustable(StockState),
    /// The units of a claim cannot be given to itself.
    #[error("claim {0} is both giver and taker")]
    SameClaim(ClaimKey),
    /// The location may not serve the claim.
    #[error("location {location} may not serve claim {claim}")]
    NotACandidate {
        /// The claim.
        claim: ClaimKey,
        /// The location.
        location: LocationId,
    },
    /// No such line of a receipt.
    #[error("no receipt line {0}")]
    ReceiptNotFound(ReceiptKey),
    /// More units are named than are left of a receipt's line to reverse, or in review.
    #[error("receipt line {line} has {left} left, {asked} do not fit")]
    BeyondReceipt {
        /// The line.
        line: ReceiptKey,
        /// Units asked for.
        asked: Quantity,
        /// Units left.
        left: Quantity,
    },
    /// No such supply.
    #[error("no supply {0}")]
    SupplyNotFound(SupplyId),
    /// The supply exists already, and is another one.
    #[error("supply {0} exists")]
    SupplyExists(SupplyId),
    /// Nothing is open under the supply.
    #[error("nothing is open under supply {0}")]
    SupplyClosed(SupplyId),
    /// The supply is for another location.
    #[error("supply {supply} is for location {location}")]
    SupplyElsewhere {
        /// The supply.
        supply: SupplyId,
        /// Its location.
        location: LocationId,
    },
    /// More units are named than are open, or fewer would be ordered than are accounted for.
    #[error("supply {supply} has {open} open, {asked} do not fit")]
    SupplyQuantityConflict {
        /// The supply.
        supply: SupplyId,
        /// Units asked for: to cancel or advise, or the new ordered quantity.
        asked: Quantity,
        /// Units open.
        open: Quantity,
    },
    /// The units of a transfer are on the way: they are received, not changed.
    #[error("transfer {0} is under way")]
    TransferUnderWay(SupplyId),
    /// A kind of supply that is made by a command of its own.
    #[error("a supply of kind {0} is not created directly")]
    SupplyKindNotCreated(super::supply::SupplyKind),
    /// Both ends of a transfer are the same location.
    #[error("a transfer from {0} to itself")]
    SameLocation(LocationId),
    /// A sum left the range of a quantity.
    #[error("a quantity overflows")]
    Overflow,
    /// The store did not load what the command needs. A mistake of the store, not of the caller.
    #[error("not loaded: {what} {id} of item {item}")]
    NotLoaded {
        /// What kind of row.
        what: &'static str,
        /// Which.
        id: String,
        /// The item of the book.
        item: ItemId,
    },
    /// Rows contradict each other: the books need `backorder verify`.
    #[error("the books contradict themselves: {0}")]
    Inconsistent(String),
}

/// A batch and an owner, as words after "units".
fn of_what(batch: Option<&BatchId>, owner: &str) -> String {
    let batch = batch.map(|batch| format!(" of batch {batch}")).unwrap_or_default();
    let owner = if owner.is_empty() { String::new() } else { format!(" of owner {owner}") };
    batch + &owner
}

pub(super) fn plus(left: Quantity, right: Quantity) -> Result<Quantity, StockError> {
    left.checked_add(right).ok_or(StockError::Overflow)
}

/// A difference that the rules keep from going below zero; if it does, the rows contradict each other.
pub(super) fn minus(left: Quantity, right: Quantity, what: &str) -> Result<Quantity, StockError> {
    left.checked_sub(right).ok_or_else(|| StockError::Inconsistent(format!("{what}: {left} less {right}")))
}

pub(super) fn sum(quantities: impl IntoIterator<Item = Quantity>) -> Result<Quantity, StockError> {
    Quantity::checked_sum(quantities).ok_or(StockError::Overflow)
}

/// Refuses a quantity that no command may name.
pub(super) fn check_quantity(quantity: Quantity) -> Result<(), StockError> {
    if quantity.is_zero() {
        return Err(StockError::ZeroQuantity);
    }
    if quantity > Quantity::COMMAND_MAX {
        return Err(StockError::QuantityTooLarge(quantity));
    }
    Ok(())
}
