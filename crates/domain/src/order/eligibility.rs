//! What bars a line from taking stock or from being handed to the warehouse.
//!
//! A line that is barred keeps its place in the queue and what is reserved for it; it only takes nothing more. Who sets
//! and clears a barrier is not known here: holds do, the reservation horizon does, ship sets do.

/// One reason for which a line does not move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Barrier {
    /// A hold on the line itself that blocks allocation.
    Hold,
    /// A hold on the line itself that blocks only release.
    ReleaseHold,
    /// A hold on the customer that blocks allocation.
    CustomerHold,
    /// A hold on the customer that blocks only release.
    CustomerReleaseHold,
    /// The day on which the goods have to leave is beyond the item's reservation horizon.
    BeforeHorizon,
    /// The line's ship set cannot be covered as a whole.
    SetIncomplete,
    /// The line was taken over from another system, and its go-live is not through.
    GoLive,
    /// Suppliers are asked to ship all that waits of the line themselves.
    DropShip,
}

impl Barrier {
    /// All barriers, in the order in which they are told.
    pub const ALL: [Self; 8] = [
        Self::Hold,
        Self::ReleaseHold,
        Self::CustomerHold,
        Self::CustomerReleaseHold,
        Self::BeforeHorizon,
        Self::SetIncomplete,
        Self::GoLive,
        Self::DropShip,
    ];

    /// Its bit in [`Barriers::bits`]. A number once given never changes: it is stored.
    const fn bit(self) -> i32 {
        match self {
            Self::Hold => 1,
            Self::ReleaseHold => 1 << 1,
            Self::CustomerHold => 1 << 2,
            Self::CustomerReleaseHold => 1 << 3,
            Self::BeforeHorizon => 1 << 4,
            Self::SetIncomplete => 1 << 5,
            Self::GoLive => 1 << 6,
            Self::DropShip => 1 << 7,
        }
    }

    /// Whether a line behind it takes no stock, and inventory has to be told so.
    #[must_use]
    pub const fn blocks_allocation(self) -> bool {
        match self {
            Self::Hold | Self::CustomerHold | Self::BeforeHorizon | Self::GoLive | Self::DropShip => true,
            // Inventory knows by itself which claims are in a set, and gives them stock only together.
            Self::ReleaseHold | Self::CustomerReleaseHold | Self::SetIncomplete => false,
        }
    }

    /// Whether units of a line behind it are not handed to the warehouse. What blocks allocation for another reason than
    /// a hold lets go what is reserved already.
    #[must_use]
    pub const fn blocks_release(self) -> bool {
        match self {
            Self::Hold | Self::ReleaseHold | Self::CustomerHold | Self::CustomerReleaseHold => true,
            Self::BeforeHorizon | Self::SetIncomplete | Self::GoLive | Self::DropShip => false,
        }
    }
}

/// What a hold is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HoldTarget {
    /// A line.
    Line,
    /// The customer of its order.
    Customer,
}

/// The barriers of a line: a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Barriers {
    bits: i32,
}

impl Barriers {
    /// Nothing bars the line.
    pub const NONE: Self = Self { bits: 0 };

    /// The bits of the barriers that block allocation: a stored set that has none of them may take stock.
    pub const ALLOCATION_BITS: i32 = bits_of(true);

    /// The bit of [`Barrier::GoLive`]: while it is set, going live decides when the line takes stock.
    pub const GO_LIVE_BIT: i32 = Barrier::GoLive.bit();

    /// The set of its stored form; `None` when a bit is no barrier.
    #[must_use]
    pub const fn from_bits(bits: i32) -> Option<Self> {
        if bits & !(Self::ALLOCATION_BITS | bits_of(false)) == 0 { Some(Self { bits }) } else { None }
    }

    /// The bits of the barriers that a hold on the line itself sets.
    pub const LINE_HOLD_BITS: i32 = Barrier::Hold.bit() | Barrier::ReleaseHold.bit();
    /// The bits of the barriers that a hold on the customer sets.
    pub const CUSTOMER_HOLD_BITS: i32 = Barrier::CustomerHold.bit() | Barrier::CustomerReleaseHold.bit();

    /// The bits of the barriers that any hold sets.
    pub const HOLD_BITS: i32 = Self::LINE_HOLD_BITS | Self::CUSTOMER_HOLD_BITS;

    /// The set after the holds of one target changed: for each of them that is there, whether it blocks allocation. What
    /// others set stays.
    #[must_use]
    pub fn with_holds(self, on: HoldTarget, holds: impl IntoIterator<Item = bool>) -> Self {
        let (blocks, releases_not) = match on {
            HoldTarget::Line => (Barrier::Hold, Barrier::ReleaseHold),
            HoldTarget::Customer => (Barrier::CustomerHold, Barrier::CustomerReleaseHold),
        };
        let without = self.set(blocks, false).set(releases_not, false);
        holds
            .into_iter()
            .fold(without, |set, is_blocking| set.set(if is_blocking { blocks } else { releases_not }, true))
    }

    /// The form in which the set is stored.
    #[must_use]
    pub const fn bits(self) -> i32 {
        self.bits
    }

    /// The set with or without one barrier.
    #[must_use]
    pub const fn set(self, barrier: Barrier, is_there: bool) -> Self {
        let bits = if is_there { self.bits | barrier.bit() } else { self.bits & !barrier.bit() };
        Self { bits }
    }

    /// The barriers of both sets.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self { bits: self.bits | other.bits }
    }

    /// Whether a barrier is there.
    #[must_use]
    pub const fn contains(self, barrier: Barrier) -> bool {
        self.bits & barrier.bit() != 0
    }

    /// The barriers, in the order in which they are told.
    pub fn iter(self) -> impl Iterator<Item = Barrier> {
        Barrier::ALL.into_iter().filter(move |barrier| self.contains(*barrier))
    }

    /// Whether the line may take stock: this is what `inventory` calls eligible.
    #[must_use]
    pub const fn may_take_stock(self) -> bool {
        self.bits & Self::ALLOCATION_BITS == 0
    }

    /// Whether reserved units of the line may be handed to the warehouse or shipped.
    #[must_use]
    pub fn may_be_released(self) -> bool {
        !self.iter().any(Barrier::blocks_release)
    }
}

/// The bits of the barriers that do, or do not, block allocation.
const fn bits_of(blocks_allocation: bool) -> i32 {
    let mut bits = 0;
    let mut index = 0;
    while index < Barrier::ALL.len() {
        let barrier = Barrier::ALL[index];
        if barrier.blocks_allocation() == blocks_allocation {
            bits |= barrier.bit();
        }
        index += 1;
    }
    bits
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_without_barriers_takes_stock_and_is_released() {
        assert!(Barriers::NONE.may_take_stock() && Barriers::NONE.may_be_released());
        assert_eq!(Barriers::NONE.iter().count(), 0);
    }

    #[test]
    fn each_barrier_blocks_what_it_says() {
        let told: Vec<_> = Barrier::ALL
            .into_iter()
            .map(|barrier| Barriers::NONE.set(barrier, true))
            .map(|set| (set.may_take_stock(), set.may_be_released()))
            .collect();
        let (both, release, allocation) = ((false, false), (true, false), (false, true));
        assert_eq!(told, [both, release, both, release, allocation, (true, true), allocation, allocation]);
    }

    #[test]
    fn a_bit_that_is_no_barrier_is_no_set() {
        assert_eq!(Barriers::from_bits(1 << 8), None);
        assert_eq!(Barriers::from_bits(-1), None);
    }

    #[test]
    fn holds_of_one_target_leave_the_others_alone() {
        let set = Barriers::NONE.set(Barrier::BeforeHorizon, true).with_holds(HoldTarget::Customer, [false]);
        let held = set.with_holds(HoldTarget::Line, [true, false, true]);
        let told: Vec<_> = held.iter().collect();
        assert_eq!(told, [Barrier::Hold, Barrier::ReleaseHold, Barrier::CustomerReleaseHold, Barrier::BeforeHorizon]);
        assert_eq!(held.with_holds(HoldTarget::Line, []), set);
    }

    fn any_set() -> impl Strategy<Value = Barriers> {
        proptest::sample::subsequence(Barrier::ALL.to_vec(), 0..=Barrier::ALL.len())
            .prop_map(|barriers| barriers.into_iter().fold(Barriers::NONE, |set, barrier| set.set(barrier, true)))
    }

    proptest! {
        #[test]
        fn a_set_comes_back_from_its_stored_form(set in any_set()) {
            prop_assert_eq!(Barriers::from_bits(set.bits()), Some(set));
        }

        #[test]
        fn a_line_moves_again_only_when_its_last_barrier_is_gone(set in any_set()) {
            // A ship set bars its lines only as a whole: inventory knows of it by itself.
            let set = set.set(Barrier::SetIncomplete, false);
            let mut left = set;
            for barrier in set.iter() {
                prop_assert!(left.contains(barrier));
                prop_assert!(!left.may_take_stock() || !left.may_be_released());
                left = left.set(barrier, false);
            }
            prop_assert_eq!(left, Barriers::NONE);
        }

        #[test]
        fn what_two_sets_allow_together_each_allows(a in any_set(), b in any_set()) {
            let both = a.union(b);
            prop_assert_eq!(both.may_take_stock(), a.may_take_stock() && b.may_take_stock());
            prop_assert_eq!(both.may_be_released(), a.may_be_released() && b.may_be_released());
        }
    }
}
