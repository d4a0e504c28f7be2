//! An order as a customer gives it, decoded.

use std::collections::BTreeMap;

use backorder_domain::{
    ids::{ItemId, LocationId, OrderId},
    money::Money,
    order::{hold::HoldType, policy::ShortageInstruction},
    quantity::Quantity,
    stock::wish::Wish,
    units::in_base_units,
};
use backorder_proto::{
    allocation::v1 as pb,
    common::v1::DateBasis,
    convert::{Violations, decode},
};
use jiff::{SignedDuration, Timestamp, civil::Date};

use crate::{catalog::ItemCopy, error::Error, order::kits::Part};

/// How much later than now an order time may be.
const LATER_MAX: SignedDuration = SignedDuration::from_hours(24);

/// An order as a customer gives it.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The order's id; `None` asks for a new one.
    pub order_id: Option<OrderId>,
    /// The customer.
    pub customer: String,
    /// The customer's tier.
    pub tier: String,
    /// The sales channel.
    pub channel: String,
    /// Where the goods go.
    pub ship_to: String,
    /// The zone to which they go.
    pub destination_zone: String,
    /// The carrier's service; empty is the usual one.
    pub service: String,
    /// When the customer ordered; `None` means now.
    pub order_time: Option<Timestamp>,
    /// Units of company currency for one unit of the prices' currency, times 10⁹.
    pub company_rate_nanos: i64,
    /// The lines, numbers distinct.
    pub lines: Vec<DraftLine>,
    /// Whether the quantities were accepted before: they stand, whole packs or not.
    pub quantities_stand: bool,
    /// Holds with which each line begins.
    pub holds: Vec<DraftHold>,
    /// The message, whose hash tells whether the same order is placed again.
    pub message: pb::OrderDraft,
}

/// A hold with which an order begins.
#[derive(Debug, Clone, Copy)]
pub struct DraftHold {
    /// What kind of hold it is.
    pub hold_type: HoldType,
    /// Whether it keeps lines from taking stock.
    pub blocks_allocation: bool,
    /// When it ends by itself.
    pub until: Option<Timestamp>,
}

/// A line as a customer gives it.
#[derive(Debug, Clone)]
pub struct DraftLine {
    /// The number, from 1.
    pub number: i32,
    /// The item.
    pub item: ItemId,
    /// The unit; empty means the base unit.
    pub unit: String,
    /// The quantity in that unit.
    pub quantity: Quantity,
    /// The locations that may serve, first choice first.
    pub locations: Vec<LocationId>,
    /// The requested date; `None` means the day of the order.
    pub requested: Option<RequestedDate>,
    /// The price of one base unit.
    pub price: Option<Money>,
    /// The cost of one base unit; `None` means the item's.
    pub cost: Option<Money>,
    /// What the customer wants when not all is there.
    pub instruction: ShortageInstruction,
    /// Lines with the same text go together.
    pub ship_set: String,
    /// Whether another item may be sent instead.
    pub substitution_allowed: bool,
    /// Whether the customer wants to be asked before less is shipped.
    pub notify_before_short: bool,
    /// Of which kit the line is a component.
    pub part: Option<Part>,
    /// What the customer asks of the units.
    pub wish: Wish,
}

/// A requested date with its basis and zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestedDate {
    /// The day.
    pub date: Date,
    /// What it is the day of.
    pub basis: DateBasis,
    /// The IANA name of the zone in which it is read; empty means the location's.
    pub time_zone: String,
}

impl Draft {
    /// The items of the lines with the fields that name them.
    #[must_use]
    pub fn items(&self) -> BTreeMap<&str, String> {
        let named = self.lines.iter().enumerate().rev();
        named.map(|(index, line)| (line.item.as_str(), decode::path("order.lines", index, "item"))).collect()
    }

    /// The locations of the lines with the fields that name them.
    #[must_use]
    pub fn locations(&self) -> BTreeMap<&str, String> {
        let mut named = BTreeMap::new();
        for (index, line) in self.lines.iter().enumerate() {
            for location in &line.locations {
                named.entry(location.as_str()).or_insert_with(|| decode::path("order.lines", index, "locations"));
            }
        }
        named
    }

    /// When the customer ordered.
    ///
    /// # Errors
    /// [`Error::Invalid`] when that is too far in the future.
    pub fn ordered_at(&self, now: Timestamp) -> Result<Timestamp, Error> {
        let ordered_at = self.order_time.unwrap_or(now);
        if ordered_at.duration_since(now) > LATER_MAX {
            return Err(Error::invalid("order.order_time", "must not be later than now by more than a day"));
        }
        Ok(ordered_at)
    }
}

impl DraftLine {
    /// The quantity in whole packs and base units, the code of the ordered unit, and the base units in one of it.
    ///
    /// # Errors
    /// The violation, when customers cannot order in the unit or the quantity is too large or no whole number of packs.
    pub fn base_quantity<'a>(
        &'a self,
        item: &'a ItemCopy,
        quantities_stand: bool,
        index: usize,
        violations: &mut Violations,
    ) -> Option<(Quantity, &'a str, i64)> {
        let at = |field: &str| decode::path("order.lines", index, field);
        let found = item.unit(&self.unit).map_err(|unknown| violations.push(at("ordered_unit"), unknown.to_string()));
        let (code, base_units) = found.ok()?;
        let Some(quantity) = in_base_units(self.quantity, base_units) else {
            violations.push(at("quantity"), format!("must be at most {} base units", Quantity::COMMAND_MAX));
            return None;
        };
        if quantities_stand {
            return Some((quantity, code, base_units));
        }
        let whole = item.pack_rounding.whole_packs(quantity, item.pack_size);
        let whole = whole.map_err(|refused| violations.push(at("quantity"), refused.to_string()));
        Some((whole.ok()?, code, base_units))
    }
}
