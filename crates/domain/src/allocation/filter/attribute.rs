//! What a filter may ask of a line: the attributes of the line, its order, its customer and its item, each with its
//! kind. An attribute that is not in this table is unknown to every filter, sort key and column.

use std::fmt;

/// What values an attribute has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttributeKind {
    /// Text.
    Text,
    /// A civil date.
    Date,
    /// A whole number.
    Number,
    /// An amount of company currency.
    Amount,
}

macro_rules! attributes {
    ($($(#[$doc:meta])* $name:ident = $path:literal, $kind:ident;)*) => {
        /// An attribute of a line, as filters and sort keys name it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Attribute {
            $($(#[$doc])* $name,)*
        }

        impl Attribute {
            /// All attributes, in the order of [`Attribute::place`].
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The name in an expression, for example `customer.tier`.
            #[must_use]
            pub const fn path(self) -> &'static str {
                match self {
                    $(Self::$name => $path,)*
                }
            }

            /// What its values are.
            #[must_use]
            pub const fn kind(self) -> AttributeKind {
                match self {
                    $(Self::$name => AttributeKind::$kind,)*
                }
            }
        }
    };
}

attributes! {
    /// The customer's id.
    CustomerId = "customer.id", Text;
    /// The customer's tier, frozen at order time; empty when unknown.
    CustomerTier = "customer.tier", Text;
    /// The item's id.
    ItemId = "item.id", Text;
    /// The item's category; empty when it has none.
    ItemCategory = "item.category", Text;
    /// The order's id.
    OrderId = "order.id", Text;
    /// The sales channel; empty when unknown.
    OrderChannel = "order.channel", Text;
    /// The day of the order, in the line's time zone.
    OrderDate = "order.date", Date;
    /// Where the order goes; empty when unknown.
    OrderShipTo = "order.ship_to", Text;
    /// The zone that the order goes to; empty when unknown.
    OrderDestinationZone = "order.destination_zone", Text;
    /// The carrier's service that was asked for; empty when none was.
    OrderService = "order.service", Text;
    /// The location that is to serve the line; empty when any may.
    LineLocation = "line.location", Text;
    /// The line's ship set; empty when it has none.
    LineShipSet = "line.ship_set", Text;
    /// The buyer's instruction on shortage, as X12 element 563 writes it.
    LineShortageInstruction = "line.shortage_instruction", Text;
    /// The tier in which this run serves the line: the customer's, or one better after a long wait. Derived from
    /// `customer.tier` and the policy's promotion, never a column of its own.
    LineTier = "line.tier", Text;
    /// The requested day.
    LineRequestedDate = "line.requested_date", Date;
    /// The day that is promised now.
    LinePromisedDate = "line.promised_date", Date;
    /// The last day that the customer accepts.
    LineLatestDate = "line.latest_date", Date;
    /// The day from which the customer waits.
    LineWaitingSince = "line.waiting_since", Date;
    /// Base units ordered.
    LineOrdered = "line.ordered", Number;
    /// Base units that are open.
    LineOpen = "line.open", Number;
    /// The margin of one unit.
    LineMargin = "line.margin", Amount;
    /// The value of the line: price times units, its revenue.
    LineValue = "line.value", Amount;
    /// The value that is lost when the customer does not wait.
    LineValueAtRisk = "line.value_at_risk", Amount;
    /// What a further day of waiting costs.
    LineCostOfDelay = "line.cost_of_delay", Amount;
}

impl Attribute {
    /// The attribute of that name.
    #[must_use]
    pub fn named(path: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|attribute| attribute.path() == path)
    }

    /// Its place in [`Attribute::ALL`].
    #[must_use]
    pub const fn place(self) -> usize {
        self as usize
    }

    /// All names, for a message to whoever wrote an unknown one.
    #[must_use]
    pub fn known() -> String {
        let paths: Vec<_> = Self::ALL.iter().map(|attribute| attribute.path()).collect();
        paths.join(", ")
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path())
    }
}
