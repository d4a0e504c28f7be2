//! Compares what a warehouse says is there with the books, item by item: what differs, of what kind, and how much of it
//! may be in flight. It must not book anything.

use super::state::StockState;
use crate::quantity::Quantity;

/// Units of an item as a warehouse tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// All that can be sold, whatever it is reserved for.
    pub sellable: Quantity,
    /// Waiting for a quality decision.
    pub quality_control: Quantity,
    /// Damaged.
    pub damaged: Quantity,
}

impl Figures {
    /// The states that are compared, as the books name them: AVAILABLE stands for all that can be sold.
    pub const STATES: [StockState; 3] = [StockState::Available, StockState::QualityControl, StockState::Damaged];

    const fn parts(&self) -> [Quantity; 3] {
        [self.sellable, self.quality_control, self.damaged]
    }

    fn total(&self) -> i128 {
        self.parts().into_iter().map(|part| i128::from(part.get())).sum()
    }
}

/// Kinds of differences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DifferenceKind {
    /// The warehouse has units of an item of which the books have none.
    MissingHere,
    /// The books have units of an item of which the warehouse has none.
    MissingThere,
    /// Both have units, and not the same number.
    Quantity,
    /// Both have the same number, in other states.
    State,
}

impl DifferenceKind {
    /// The name that tables use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MissingHere => "MISSING_HERE",
            Self::MissingThere => "MISSING_THERE",
            Self::Quantity => "QUANTITY",
            Self::State => "STATE",
        }
    }
}

/// One state of an item in which warehouse and books differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Difference {
    /// The state.
    pub state: StockState,
    /// The kind.
    pub kind: DifferenceKind,
    /// Units in the books.
    pub ours: Quantity,
    /// Units at the warehouse.
    pub theirs: Quantity,
    /// The part of a shortfall that may have left without a confirmation yet.
    pub in_flight: Quantity,
    /// Theirs less ours, without what is in flight.
    pub unexplained: i64,
}

/// The differences of one item at one location. `released` are the units of `ours.sellable` in the warehouse's hands for
/// picking: each of them may have left without a confirmation yet.
#[must_use]
pub fn differences(ours: &Figures, released: Quantity, theirs: &Figures) -> Vec<Difference> {
    let kind = match (ours.total(), theirs.total()) {
        (0, _) => DifferenceKind::MissingHere,
        (_, 0) => DifferenceKind::MissingThere,
        (here, there) if here == there => DifferenceKind::State,
        _ => DifferenceKind::Quantity,
    };
    let pairs = Figures::STATES.into_iter().zip(ours.parts().into_iter().zip(theirs.parts()));
    let differing = pairs.filter(|(_, (ours, theirs))| ours != theirs);
    differing
        .map(|(state, (ours, theirs))| {
            let may_fly = if state == StockState::Available { released } else { Quantity::ZERO };
            let in_flight = ours.saturating_sub(theirs).min(may_fly);
            // Both are never negative, so their difference is always in range, and what is in flight only brings it nearer
            // to zero.
            let unexplained = theirs.get() - ours.get() + in_flight.get();
            Difference { state, kind, ours, theirs, in_flight, unexplained }
        })
        .collect()
}

/// What a count says after a difference is booked: the books as they are now, moved by what was unexplained.
#[must_use]
pub fn counted(now: Quantity, unexplained: i64) -> Quantity {
    let counted = now.get().saturating_add(unexplained).max(0);
    Quantity::try_new(counted).unwrap_or(Quantity::ZERO)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use proptest::prelude::*;

    use super::*;

    fn units(number: i64) -> Quantity {
        Quantity::try_new(number).unwrap()
    }

    fn figures(sellable: i64, quality_control: i64, damaged: i64) -> Figures {
        Figures { sellable: units(sellable), quality_control: units(quality_control), damaged: units(damaged) }
    }

    fn kinds(ours: Figures, theirs: Figures) -> Vec<(StockState, DifferenceKind, i64)> {
        let found = differences(&ours, Quantity::ZERO, &theirs);
        found.into_iter().map(|one| (one.state, one.kind, one.unexplained)).collect()
    }

    #[test]
    fn each_difference_has_the_name_of_its_kind() {
        use DifferenceKind::{MissingHere, MissingThere, Quantity as Number, State};
        use StockState::{Available, Damaged};
        assert_eq!(kinds(figures(5, 1, 0), figures(5, 1, 0)), []);
        assert_eq!(kinds(figures(0, 0, 0), figures(4, 0, 0)), [(Available, MissingHere, 4)]);
        assert_eq!(kinds(figures(4, 0, 0), figures(0, 0, 0)), [(Available, MissingThere, -4)]);
        assert_eq!(kinds(figures(4, 0, 1), figures(7, 0, 1)), [(Available, Number, 3)]);
        assert_eq!(kinds(figures(4, 0, 1), figures(3, 0, 2)), [(Available, State, -1), (Damaged, State, 1)]);
    }

    #[test]
    fn units_in_the_warehouse_s_hands_explain_a_shortfall_and_no_surplus() {
        let short = differences(&figures(10, 0, 0), units(3), &figures(5, 0, 0));
        assert_eq!((short[0].in_flight, short[0].unexplained), (units(3), -2));
        let explained = differences(&figures(10, 0, 0), units(3), &figures(8, 0, 0));
        assert_eq!((explained[0].in_flight, explained[0].unexplained), (units(2), 0));
        let more = differences(&figures(10, 0, 0), units(3), &figures(12, 0, 0));
        assert_eq!((more[0].in_flight, more[0].unexplained), (Quantity::ZERO, 2));
    }

    fn some_figures() -> impl Strategy<Value = Figures> {
        (0..50_i64, 0..5_i64, 0..5_i64).prop_map(|(sellable, quality, damaged)| figures(sellable, quality, damaged))
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: backorder_testkit::counts::cases("stock_comparisons"),
            rng_seed: proptest::test_runner::RngSeed::Fixed(backorder_testkit::seed()),
            ..ProptestConfig::default()
        })]

        /// Once what is in flight has left and the rest is booked, the books say what the warehouse says.
        #[test]
        fn what_is_booked_and_what_flies_make_the_books_equal(
            ours in some_figures(), theirs in some_figures(), released in 0..50_i64,
        ) {
            let released = units(released.min(ours.sellable.get()));
            let found = differences(&ours, released, &theirs);
            for (state, (before, there)) in Figures::STATES.into_iter().zip(ours.parts().into_iter().zip(theirs.parts())) {
                let of_state = found.iter().find(|one| one.state == state);
                let flown = of_state.map_or(0, |one| one.in_flight.get());
                let unexplained = of_state.map_or(0, |one| one.unexplained);
                prop_assert_eq!(counted(units(before.get() - flown), unexplained), there);
                prop_assert!(flown <= released.get());
            }
        }
    }
}
