//! Dated inbound supply: what is expected where and when, and what changes it.
//!
//! Every change pegs the waiting claims anew in the order of the queue, so pegged <= open holds after each command. The
//! commands need all waiting claims of the item loaded, with the locations of all loaded supplies; where nothing waits
//! for the item, no claim.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;

use crate::ids::{LocationId, SupplyId};
use crate::quantity::Quantity;
use crate::units::Entered;

use super::book::ItemBook;
use super::claim::ClaimKey;
use super::context::CommandContext;
use super::error::{StockError, check_quantity, minus, plus};
use super::receipt::OverReceiptTolerance;
use super::rows::Row;

/// What kind of dated supply it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SupplyKind {
    /// A line of a purchase order.
    PurchaseOrderLine,
    /// A line of a shipment notice, whose units were taken out of a purchase order line.
    ShipmentNotice,
    /// A transfer between two locations: its open units are IN_TRANSIT on the destination's position.
    Transfer,
    /// A production order.
    Production,
}

impl SupplyKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::PurchaseOrderLine, Self::ShipmentNotice, Self::Transfer, Self::Production];

    /// The name that tables use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PurchaseOrderLine => "PURCHASE_ORDER_LINE",
            Self::ShipmentNotice => "SHIPMENT_NOTICE",
            Self::Transfer => "TRANSFER",
            Self::Production => "PRODUCTION",
        }
    }
}

impl fmt::Display for SupplyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no kind of supply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a kind of supply")]
pub struct UnknownSupplyKind(pub String);

impl FromStr for SupplyKind {
    type Err = UnknownSupplyKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| UnknownSupplyKind(text.to_owned()))
    }
}

/// Whether anything still comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SupplyState {
    /// More is expected.
    Open,
    /// All that comes has come, or moved to a shipment notice.
    Received,
    /// It was cancelled before anything came.
    Cancelled,
}

/// A quantity expected at a location on a date. Quantities are base units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supply {
    /// Its id, a natural key.
    pub id: SupplyId,
    /// Where it will arrive.
    pub location: LocationId,
    /// What kind it is.
    pub kind: SupplyKind,
    /// Units ordered in all.
    pub ordered: Quantity,
    /// Units received; more than ordered after an over-receipt.
    pub received: Quantity,
    /// Units that will not come.
    pub cancelled: Quantity,
    /// Units that a shipment notice took over.
    pub advised: Quantity,
    /// The part of the open units that claims are pegged to: the sum of the pegs.
    pub pegged: Quantity,
    /// The day that the supplier agreed to. It changes only when the agreement does.
    pub agreed_date: Option<Date>,
    /// The day on which it is expected now, in the location's time zone. Without one nothing is pegged to it.
    pub expected_date: Option<Date>,
    /// The supply out of which a shipment notice took its units.
    pub parent: Option<SupplyId>,
    /// The location that sent a transfer.
    pub sent_from: Option<LocationId>,
    /// Who supplies, opaque; may be empty.
    pub supplier: String,
    /// The supplier's or buyer's own reference; may be empty.
    pub reference: String,
    /// How much more than ordered is booked as it arrived; `None` means what the service does by default.
    pub over_receipt: Option<OverReceiptTolerance>,
    /// `ordered` as it was entered; `None` when in base units.
    pub entered: Option<Entered>,
    /// Counts the commands that changed the supply; 0 before its first write.
    pub version: i64,
}

impl Supply {
    /// Units that still come: ordered - received - cancelled - advised, none after an over-receipt.
    #[must_use]
    pub fn open(&self) -> Quantity {
        self.ordered.saturating_sub(self.received).saturating_sub(self.cancelled).saturating_sub(self.advised)
    }

    /// Units that still come and that no claim is pegged to.
    #[must_use]
    pub fn free(&self) -> Quantity {
        self.open().saturating_sub(self.pegged)
    }

    /// Whether it counts as availability: open, with a date that is not past.
    #[must_use]
    pub fn counts_on(&self, today: Date) -> bool {
        !self.open().is_zero() && self.expected_date.is_some_and(|date| date >= today)
    }

    /// Whether anything still comes.
    #[must_use]
    pub fn state(&self) -> SupplyState {
        if !self.open().is_zero() {
            SupplyState::Open
        } else if self.received.is_zero() && self.advised.is_zero() && !self.cancelled.is_zero() {
            SupplyState::Cancelled
        } else {
            SupplyState::Received
        }
    }
}

impl Row for Supply {
    fn version(&self) -> i64 {
        self.version
    }

    fn set_version(&mut self, version: i64) {
        self.version = version;
    }
}

/// A supply to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSupply {
    /// Its id.
    pub id: SupplyId,
    /// Where it will arrive.
    pub location: LocationId,
    /// What kind it is: purchase order line or production. The others have commands of their own.
    pub kind: SupplyKind,
    /// Units, at least 1.
    pub ordered: Quantity,
    /// The day agreed with the supplier.
    pub agreed_date: Option<Date>,
    /// The day on which it is expected.
    pub expected_date: Option<Date>,
    /// Who supplies; may be empty.
    pub supplier: String,
    /// A reference; may be empty.
    pub reference: String,
    /// How much more than ordered is booked as it arrived; `None` means what the service does by default.
    pub over_receipt: Option<OverReceiptTolerance>,
    /// `ordered` as it was entered; `None` when in base units.
    pub entered: Option<Entered>,
}

/// What changes about a supply; `None` leaves a field as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SupplyUpdate {
    /// The new ordered quantity: at least what is received, cancelled and advised.
    pub ordered: Option<Quantity>,
    /// The new ordered quantity as it was entered; `None` when in base units.
    pub entered: Option<Entered>,
    /// The new agreed day, or none.
    pub agreed_date: Option<Option<Date>>,
    /// The new expected day, or none known.
    pub expected_date: Option<Option<Date>>,
    /// The new reference.
    pub reference: Option<String>,
    /// The new tolerance, or none of its own.
    pub over_receipt: Option<Option<OverReceiptTolerance>>,
    /// The version that the supply must have.
    pub expected_version: Option<i64>,
}

/// Units of a supply that are under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShipmentAdvice {
    /// The supply they belong to.
    pub supply: SupplyId,
    /// The id of the shipment notice to create.
    pub notice: SupplyId,
    /// Units, at least 1 and at most what is open.
    pub quantity: Quantity,
    /// The day on which they are expected.
    pub expected_date: Date,
    /// The sender's reference; may be empty.
    pub reference: String,
    /// `quantity` as it was entered; `None` when in base units.
    pub entered: Option<Entered>,
}

impl ItemBook {
    /// Creates a supply. One that exists with the same location, kind and ordered quantity is left as it is: the id is a
    /// natural key, so an import that is done again changes nothing. Answers the claims whose pegs changed.
    ///
    /// # Errors
    /// [`StockError::SupplyExists`], [`StockError::SupplyKindNotCreated`], or [`StockError::NotLoaded`].
    pub fn create_supply(&mut self, ctx: &CommandContext, new: &NewSupply) -> Result<Vec<ClaimKey>, StockError> {
        check_quantity(new.ordered)?;
        if matches!(new.kind, SupplyKind::Transfer | SupplyKind::ShipmentNotice) {
            return Err(StockError::SupplyKindNotCreated(new.kind));
        }
        if let Some(old) = self.supplies.get(&new.id) {
            let is_same = old.location == new.location && old.kind == new.kind && old.ordered == new.ordered;
            return if is_same { Ok(Vec::new()) } else { Err(StockError::SupplyExists(new.id.clone())) };
        }
        self.command(ctx, |book| {
            book.put_supply(new_supply(new));
            book.repeg_all()
        })
    }

    /// Changes the ordered quantity, the dates, the reference or the tolerance of an open supply. A shipment notice takes more units out
    /// of the supply that it belongs to, or gives some back. Answers the claims whose pegs, or whose pegged supply's date, changed.
    ///
    /// # Errors
    /// [`StockError::SupplyNotFound`], [`StockError::VersionMismatch`], [`StockError::SupplyClosed`],
    /// [`StockError::SupplyQuantityConflict`], [`StockError::TransferUnderWay`] for the quantity of a transfer.
    pub fn update_supply(
        &mut self,
        ctx: &CommandContext,
        id: &SupplyId,
        update: &SupplyUpdate,
    ) -> Result<Vec<ClaimKey>, StockError> {
        let mut supply = self.supply_or_refuse(id)?.clone();
        check_version(id, update.expected_version, supply.version)?;
        if supply.open().is_zero() {
            return Err(StockError::SupplyClosed(id.clone()));
        }
        if let Some(ordered) = update.ordered.filter(|ordered| *ordered != supply.ordered) {
            if supply.kind == SupplyKind::Transfer {
                return Err(StockError::TransferUnderWay(id.clone()));
            }
            supply.ordered = self.check_new_ordered(&supply, ordered)?;
        }
        if update.ordered.is_some() {
            supply.entered.clone_from(&update.entered);
        }
        let old_date = supply.expected_date;
        supply.agreed_date = update.agreed_date.unwrap_or(supply.agreed_date);
        supply.expected_date = update.expected_date.unwrap_or(supply.expected_date);
        supply.over_receipt = update.over_receipt.unwrap_or(supply.over_receipt);
        if let Some(reference) = &update.reference {
            supply.reference.clone_from(reference);
        }
        let is_date_moved = supply.expected_date != old_date;
        let parent = self.parent_after(&supply)?;
        self.command(ctx, |book| {
            book.put_supply(supply);
            if let Some(parent) = parent {
                book.put_supply(parent);
            }
            if is_date_moved { book.repeg_all_with_moved(id) } else { book.repeg_all() }
        })
    }

    fn check_new_ordered(&self, supply: &Supply, ordered: Quantity) -> Result<Quantity, StockError> {
        check_quantity(ordered)?;
        let accounted = plus(plus(supply.received, supply.cancelled)?, supply.advised)?;
        if ordered < accounted {
            let (supply, open) = (supply.id.clone(), supply.open());
            return Err(StockError::SupplyQuantityConflict { supply, asked: ordered, open });
        }
        Ok(ordered)
    }

    /// The supply out of which a shipment notice takes its units, after the notice's ordered quantity changed: more is
    /// taken out of what is open there, less is given back.
    fn parent_after(&self, notice: &Supply) -> Result<Option<Supply>, StockError> {
        let Some(id) = &notice.parent else { return Ok(None) };
        let old = self.supply_or_refuse(&notice.id)?;
        let mut parent = self.supplies.get(id).ok_or_else(|| self.not_loaded("supply", id))?.clone();
        let (added, open) = (notice.ordered.saturating_sub(old.ordered), parent.open());
        if added > open {
            return Err(StockError::SupplyQuantityConflict { supply: id.clone(), asked: added, open });
        }
        let given_back = old.ordered.saturating_sub(notice.ordered);
        parent.advised = minus(plus(parent.advised, added)?, given_back, "supply.advised")?;
        Ok(Some(parent))
    }

    /// Cancels open units of a supply; `None` means all that are open. What a shipment notice loses is open again under
    /// the supply that it was taken from. Answers the claims whose pegs changed.
    ///
    /// # Errors
    /// [`StockError::SupplyNotFound`], [`StockError::SupplyClosed`], [`StockError::SupplyQuantityConflict`],
    /// [`StockError::TransferUnderWay`].
    pub fn cancel_supply(
        &mut self,
        ctx: &CommandContext,
        id: &SupplyId,
        quantity: Option<Quantity>,
    ) -> Result<Vec<ClaimKey>, StockError> {
        let supply = self.supply_or_refuse(id)?;
        let open = supply.open();
        if open.is_zero() {
            return Err(StockError::SupplyClosed(id.clone()));
        }
        if supply.kind == SupplyKind::Transfer {
            return Err(StockError::TransferUnderWay(id.clone()));
        }
        let asked = quantity.unwrap_or(open);
        check_quantity(asked)?;
        if asked > open {
            return Err(StockError::SupplyQuantityConflict { supply: id.clone(), asked, open });
        }
        self.command(ctx, |book| {
            book.close_open_units(id, asked)?;
            book.repeg_all()
        })
    }

    /// Records that open units of a supply are under way: they move to a new supply of kind shipment notice with a date
    /// of its own. Answers the claims whose pegs changed.
    ///
    /// # Errors
    /// [`StockError::SupplyNotFound`], [`StockError::SupplyClosed`], [`StockError::SupplyExists`],
    /// [`StockError::SupplyQuantityConflict`], [`StockError::SupplyKindNotCreated`] when the units are under way already.
    pub fn advise_shipment(
        &mut self,
        ctx: &CommandContext,
        advice: &ShipmentAdvice,
    ) -> Result<Vec<ClaimKey>, StockError> {
        check_quantity(advice.quantity)?;
        let mut parent = self.supply_or_refuse(&advice.supply)?.clone();
        let open = parent.open();
        if matches!(parent.kind, SupplyKind::Transfer | SupplyKind::ShipmentNotice) {
            return Err(StockError::SupplyKindNotCreated(parent.kind));
        }
        if self.supplies.get(&advice.notice).is_some() {
            return Err(StockError::SupplyExists(advice.notice.clone()));
        }
        if open.is_zero() {
            return Err(StockError::SupplyClosed(advice.supply.clone()));
        }
        if advice.quantity > open {
            let (supply, asked) = (advice.supply.clone(), advice.quantity);
            return Err(StockError::SupplyQuantityConflict { supply, asked, open });
        }
        parent.advised = plus(parent.advised, advice.quantity)?;
        let mut notice = new_supply(&NewSupply {
            id: advice.notice.clone(),
            location: parent.location.clone(),
            kind: SupplyKind::ShipmentNotice,
            ordered: advice.quantity,
            agreed_date: parent.agreed_date,
            expected_date: Some(advice.expected_date),
            supplier: parent.supplier.clone(),
            reference: advice.reference.clone(),
            over_receipt: parent.over_receipt,
            entered: advice.entered.clone(),
        });
        notice.parent = Some(advice.supply.clone());
        self.command(ctx, |book| {
            book.put_supply(parent);
            book.put_supply(notice);
            book.repeg_all()
        })
    }

    /// Takes open units of a supply off the books: cancelled, and, for a shipment notice, open again under its parent.
    pub(super) fn close_open_units(&mut self, id: &SupplyId, quantity: Quantity) -> Result<(), StockError> {
        let mut supply = self.supply_or_refuse(id)?.clone();
        supply.cancelled = plus(supply.cancelled, quantity)?;
        let parent = supply.parent.clone();
        self.put_supply(supply);
        if let Some(parent) = parent {
            let mut parent = self.supplies.get(&parent).ok_or_else(|| self.not_loaded("supply", &parent))?.clone();
            parent.advised = minus(parent.advised, quantity, "supply.advised")?;
            self.put_supply(parent);
        }
        Ok(())
    }

    pub(super) fn supply_or_refuse(&self, id: &SupplyId) -> Result<&Supply, StockError> {
        self.supplies.get(id).ok_or_else(|| StockError::SupplyNotFound(id.clone()))
    }
}

pub(super) fn new_supply(new: &NewSupply) -> Supply {
    Supply {
        id: new.id.clone(),
        location: new.location.clone(),
        kind: new.kind,
        ordered: new.ordered,
        received: Quantity::ZERO,
        cancelled: Quantity::ZERO,
        advised: Quantity::ZERO,
        pegged: Quantity::ZERO,
        agreed_date: new.agreed_date,
        expected_date: new.expected_date,
        parent: None,
        sent_from: None,
        supplier: new.supplier.clone(),
        reference: new.reference.clone(),
        over_receipt: new.over_receipt,
        entered: new.entered.clone(),
        version: 0,
    }
}

pub(super) fn check_version(what: &impl ToString, expected: Option<i64>, actual: i64) -> Result<(), StockError> {
    match expected {
        Some(expected) if expected != actual => {
            Err(StockError::VersionMismatch { what: what.to_string(), expected, actual })
        }
        Some(_) | None => Ok(()),
    }
}
