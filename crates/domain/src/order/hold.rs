//! Holds: what kinds there are, and what each does when nobody says otherwise.

/// What kind of hold it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HoldType {
    /// The customer's credit.
    Credit,
    /// The payment.
    Payment,
    /// Suspicion of fraud.
    Fraud,
    /// Export control.
    Export,
    /// The address.
    Address,
    /// A person's decision.
    Manual,
}

impl HoldType {
    /// All types.
    pub const ALL: [Self; 6] = [Self::Credit, Self::Payment, Self::Fraud, Self::Export, Self::Address, Self::Manual];

    /// Whether it keeps lines from taking stock when nobody says otherwise: where it is open whether the customer will
    /// ever get the goods, stock goes to who can have it. What will most likely be settled keeps only the goods in the
    /// house.
    #[must_use]
    pub const fn blocks_allocation(self) -> bool {
        match self {
            Self::Credit | Self::Payment | Self::Fraud => true,
            Self::Export | Self::Address | Self::Manual => false,
        }
    }

    /// The word for people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Credit => "credit",
            Self::Payment => "payment",
            Self::Fraud => "fraud",
            Self::Export => "export",
            Self::Address => "address",
            Self::Manual => "manual",
        }
    }
}
