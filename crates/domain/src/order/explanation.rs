//! What keeps a line from being served sooner.
//!
//! The answer follows from facts that inventory and the order give; it must not guess, and it decides nothing.

use jiff::civil::Date;

use crate::quantity::Quantity;

/// What is known about a line at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Situation {
    /// Units that wait.
    pub waiting: Quantity,
    /// The part of `waiting` that is pegged to dated supply.
    pub pegged: Quantity,
    /// Units reserved on hand that have not shipped.
    pub reserved: Quantity,
    /// The latest day on which pegged supply can leave again. `None` when nothing is pegged.
    pub last_pegged_date: Option<Date>,
    /// Whether the line was taken over from another system, and its go-live is not through.
    pub awaits_go_live: bool,
    /// Whether a hold keeps the line from taking stock.
    pub is_held: bool,
    /// The day on which stock is reserved for the line, while that is later than today.
    pub horizon_opens: Option<Date>,
    /// Whether another line of its ship set can leave only later, or nobody knows when.
    pub is_kept_by_set: bool,
    /// Whether its units must be of a batch.
    pub asks_batch: bool,
    /// Whether its units must have a remaining shelf life.
    pub asks_shelf_life: bool,
    /// Whether supply that the line could use is open and not past due.
    pub has_supply: bool,
    /// The last day on which the goods can leave to be in time for the customer.
    pub requested_date: Date,
    /// The civil day in the line's zone.
    pub today: Date,
}

/// What keeps a line from being served sooner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binding {
    /// Nothing: the line is served.
    Nothing,
    /// The date of the supply to which it is pegged.
    SupplyDate,
    /// There is no open supply that is not past due.
    NoSupply,
    /// There is supply, and the lines ahead take all of it.
    Queue,
    /// A hold on the line.
    Hold,
    /// The go-live of the line, which was taken over from another system, is not through.
    GoLive,
    /// The customer wants the goods later.
    RequestedDate,
    /// The day on which the goods have to leave is beyond the item's reservation horizon.
    Horizon,
    /// Another line of its ship set.
    ShipSet,
    /// Units of the batch that the customer asks for.
    Batch,
    /// Units that can still be sold as long as the customer asks.
    ShelfLife,
}

/// What binds the line, the strongest first: go-live; a hold; a line of its ship set that is later; the batch that it asks
/// for; for units without any cover the horizon, the shelf life that it asks for, the queue or the lack of supply; then the
/// date of the supply or, when the customer wants the goods later than that, the requested date.
#[must_use]
pub fn binding(situation: &Situation) -> Binding {
    let wants_later = situation.requested_date > situation.today;
    if situation.waiting.is_zero() {
        let binds = wants_later && !situation.reserved.is_zero();
        return if binds { Binding::RequestedDate } else { Binding::Nothing };
    }
    if situation.awaits_go_live {
        return Binding::GoLive;
    }
    if situation.is_held {
        return Binding::Hold;
    }
    if situation.is_kept_by_set {
        return Binding::ShipSet;
    }
    if situation.asks_batch {
        return Binding::Batch;
    }
    if situation.pegged < situation.waiting && situation.horizon_opens.is_some() {
        return Binding::Horizon;
    }
    if situation.pegged < situation.waiting && situation.asks_shelf_life {
        return Binding::ShelfLife;
    }
    if situation.pegged < situation.waiting {
        return if situation.has_supply { Binding::Queue } else { Binding::NoSupply };
    }
    let comes_in_time = situation.last_pegged_date.is_none_or(|date| date <= situation.requested_date);
    if wants_later && comes_in_time { Binding::RequestedDate } else { Binding::SupplyDate }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    fn units(number: i64) -> Quantity {
        Quantity::try_new(number).unwrap()
    }

    fn day(day: i8) -> Date {
        jiff::civil::date(2026, 11, day)
    }

    fn waits() -> Situation {
        Situation {
            waiting: units(5),
            pegged: units(5),
            reserved: Quantity::ZERO,
            last_pegged_date: Some(day(28)),
            awaits_go_live: false,
            is_held: false,
            horizon_opens: None,
            is_kept_by_set: false,
            asks_batch: false,
            asks_shelf_life: false,
            has_supply: true,
            requested_date: day(23),
            today: day(23),
        }
    }

    #[test]
    fn a_line_that_is_pegged_whole_is_bound_by_the_date_of_its_supply() {
        assert_eq!(binding(&waits()), Binding::SupplyDate);
    }

    #[test]
    fn a_line_that_is_wanted_after_its_supply_comes_is_bound_by_the_requested_date() {
        let wanted = |requested_date| binding(&Situation { requested_date, ..waits() });
        assert_eq!(wanted(day(28)), Binding::RequestedDate);
        assert_eq!(wanted(day(27)), Binding::SupplyDate);
    }

    #[test]
    fn units_without_cover_wait_for_the_queue_or_for_supply() {
        let uncovered = Situation { pegged: units(4), ..waits() };
        assert_eq!(binding(&uncovered), Binding::Queue);
        assert_eq!(binding(&Situation { has_supply: false, ..uncovered }), Binding::NoSupply);
    }

    #[test]
    fn what_is_asked_of_the_units_binds_more_than_the_queue() {
        let asks = Situation { asks_batch: true, pegged: Quantity::ZERO, ..waits() };
        assert_eq!(binding(&asks), Binding::Batch);
        assert_eq!(binding(&Situation { is_held: true, ..asks }), Binding::Hold);
        let fresh = Situation { asks_shelf_life: true, ..waits() };
        assert_eq!(binding(&fresh), Binding::SupplyDate, "supply is expected to be fresh");
        assert_eq!(binding(&Situation { pegged: units(4), ..fresh }), Binding::ShelfLife);
    }

    #[test]
    fn a_hold_binds_more_than_supply_and_queue() {
        let held = Situation { is_held: true, pegged: Quantity::ZERO, has_supply: false, ..waits() };
        assert_eq!(binding(&held), Binding::Hold);
        assert_eq!(binding(&Situation { awaits_go_live: true, ..held }), Binding::GoLive);
    }

    #[test]
    fn a_line_that_another_one_keeps_is_bound_by_its_set() {
        let kept = Situation { is_kept_by_set: true, ..waits() };
        assert_eq!(binding(&kept), Binding::ShipSet);
        assert_eq!(binding(&Situation { is_held: true, ..kept }), Binding::Hold);
        assert_eq!(binding(&Situation { waiting: Quantity::ZERO, ..kept }), Binding::Nothing);
    }

    #[test]
    fn nothing_binds_a_line_that_is_served_unless_it_is_wanted_later() {
        let served = Situation { waiting: Quantity::ZERO, pegged: Quantity::ZERO, reserved: units(5), ..waits() };
        assert_eq!(binding(&served), Binding::Nothing);
        assert_eq!(binding(&Situation { requested_date: day(24), ..served }), Binding::RequestedDate);
        let shipped = Situation { reserved: Quantity::ZERO, requested_date: day(24), ..served };
        assert_eq!(binding(&shipped), Binding::Nothing);
    }
}
