//! Master data: items, locations, working calendars and lanes as this service keeps them, and what is remembered of
//! them.
//!
//! These types hold values that were checked when they were decoded. They must not know a table or a message.

mod gtin;
mod memory;
mod shipping;

pub use gtin::is_valid_gtin;
pub use memory::{Memory, Place, Places};
pub use shipping::{Calendar, Lane};

use backorder_domain::{
    calendar::DayCount,
    ids::{CalendarId, ItemId, LocationId},
    money::Money,
    order::{release::ItemRelease, substitute::PriceRule},
    quantity::Quantity,
    units::{ItemUnit, PackRounding},
};
use jiff::{
    Timestamp,
    civil::{Date, Time},
};

/// Something that is stocked and sold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its id.
    pub id: ItemId,
    /// What people call it.
    pub description: String,
    /// The unit that quantities count.
    pub base_unit: String,
    /// The smallest number of base units that is sold or bought at once, at least 1.
    pub pack_size: i64,
    /// What happens to an ordered quantity that is no whole number of packs.
    pub pack_rounding: PackRounding,
    /// The category that policies and figures may select by; may be empty.
    pub category: String,
    /// The cost of one base unit.
    pub unit_cost: Option<Money>,
    /// The list price of one base unit, net of tax.
    pub unit_price: Option<Money>,
    /// Items that may be sent in place of this one, best first.
    pub substitutes: Vec<Substitute>,
    /// Other units in which the item may be ordered or bought.
    pub units: Vec<ItemUnit>,
    /// Free units per location that are never promised to the future.
    pub safety_stock: Quantity,
    /// From when it may leave.
    pub releases: Vec<ItemRelease>,
    /// How many days before goods have to leave stock is reserved for them; `None` means at once.
    pub reservation_horizon_days: Option<u16>,
    /// What a kit is made of; empty for what is no kit.
    pub components: Vec<Component>,
}

/// What each kit holds of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// The item.
    pub item: ItemId,
    /// Base units, at least 1.
    pub quantity: i64,
}

/// An item that may be sent in place of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Substitute {
    /// The item that may be sent.
    pub item: ItemId,
    /// This many of the substitute …
    pub ratio_numerator: i64,
    /// … stand for this many of the original.
    pub ratio_denominator: i64,
    /// The first day of its validity; `None` means from the beginning.
    pub valid_from: Option<Date>,
    /// The last day of its validity; `None` means without end.
    pub valid_to: Option<Date>,
    /// What the customer pays for it.
    pub price_rule: PriceRule,
    /// Customers who do not get it.
    pub excluded_customers: Vec<String>,
}

/// A place that holds stock or ships it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// Its id.
    pub id: LocationId,
    /// What people call it.
    pub display_name: String,
    /// What kind of place it is.
    pub kind: LocationKind,
    /// The IANA name of its time zone; known to the time zone database.
    pub time_zone: String,
    /// Lower ranks are used first where a caller names no candidates.
    pub rank: i32,
    /// The days on which it takes in, picks and ships; `None` means every day.
    pub calendar: Option<CalendarId>,
    /// The local time at which it is too late to count on a day, to the minute.
    pub order_cut_off: Option<Time>,
    /// Working days from the arrival of a supply until its units can be picked.
    pub dock_to_stock_days: DayCount,
    /// Working days from then until the goods leave.
    pub handling_days: DayCount,
}

/// What kind of place a location is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocationKind {
    /// A warehouse of the company.
    Warehouse,
    /// A store that also ships.
    Store,
    /// A supplier who ships to the customer.
    DropShipSupplier,
}

impl LocationKind {
    const ALL: [Self; 3] = [Self::Warehouse, Self::Store, Self::DropShipSupplier];

    /// The name that tables use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warehouse => "WAREHOUSE",
            Self::Store => "STORE",
            Self::DropShipSupplier => "DROP_SHIP_SUPPLIER",
        }
    }

    /// The kind of a name in a table.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Whether a line that names no candidates may be served from here.
    #[must_use]
    pub const fn serves_by_default(self) -> bool {
        match self {
            Self::Warehouse | Self::Store => true,
            Self::DropShipSupplier => false,
        }
    }
}

/// Master data as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored<T> {
    /// The content.
    pub value: T,
    /// Counts its changes: 1, 2, 3 …; the etag.
    pub version: i64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}
