//! The quantities of an order line: a vector that always adds up.
//!
//! `ordered = open + reserved + released + shipped + cancelled`. Delivered and returned are parts of shipped. Refused
//! stands beside: it was asked for and never accepted. Source: domain notes, section 2.11.
//!
//! Open, reserved and shipped units follow the line's claims in inventory. Units that a claim accounted for and that are
//! in it no longer were cancelled, unless an amendment took them out of what is ordered.

use crate::{order::claim::ClaimSums, quantity::Quantity};

/// The numbers of a line, for rows and messages. Base units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VectorParts {
    /// Units that were accepted.
    pub ordered: Quantity,
    /// Accepted units that wait.
    pub open: Quantity,
    /// Units reserved on hand.
    pub reserved: Quantity,
    /// Units handed to the warehouse.
    pub released: Quantity,
    /// The part of released that the warehouse is asked to give back.
    pub recalling: Quantity,
    /// Units shipped.
    pub shipped: Quantity,
    /// Units cancelled.
    pub cancelled: Quantity,
    /// The part of shipped that is known to be delivered.
    pub delivered: Quantity,
    /// The part of shipped that came back.
    pub returned: Quantity,
    /// Units that were refused or cut.
    pub refused: Quantity,
    /// Units that were reserved at once when they were ordered. Frozen.
    pub filled_at_once: Quantity,
    /// Accepted units that could not ship by the requested date, counted when they were ordered. Frozen.
    pub backordered: Quantity,
    /// The part of open that is wanted later than today and is covered by then: no backorder.
    pub future: Quantity,
    /// The part of open whose item is not released yet.
    pub preorder: Quantity,
}

/// The quantity vector of a line, which always adds up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineVector(VectorParts);

/// How inventory decided about units that were asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Decision {
    /// Units that were refused or cut.
    pub refused: Quantity,
    /// Units that were reserved at once.
    pub at_once: Quantity,
    /// Accepted units that cannot ship by the requested date.
    pub late: Quantity,
}

/// Why a command cannot be done to a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// The line has fewer units of the kind that the command takes.
    #[error("{present} units are {kind}, {wanted} are wanted")]
    TooFew {
        /// What the command takes: `open or reserved`, `reserved`, `shipped and not returned`, `ordered`.
        kind: &'static str,
        /// How many there are.
        present: Quantity,
        /// How many are wanted.
        wanted: Quantity,
    },
    /// The claims account for more units than were ordered, or for fewer shipped units than before.
    #[error(
        "claims account for {claimed} units and {posted} shipped, the line has {ordered} ordered and {shipped} shipped"
    )]
    ClaimsDisagree {
        /// Units of all claims of the line.
        claimed: Quantity,
        /// Shipped units of all claims.
        posted: Quantity,
        /// Units ordered.
        ordered: Quantity,
        /// Units shipped before.
        shipped: Quantity,
    },
    /// The numbers do not add up.
    #[error("quantities of the line do not add up")]
    NotBalanced,
    /// A sum would leave the range of quantities.
    #[error("a sum leaves the range of quantities")]
    Overflow,
}

impl LineVector {
    /// A line that was asked for and about which inventory has not decided: all of it waits.
    #[must_use]
    pub fn wanted(quantity: Quantity) -> Self {
        Self(VectorParts { ordered: quantity, open: quantity, ..VectorParts::default() })
    }

    /// The vector of a row.
    ///
    /// # Errors
    /// [`LineError::NotBalanced`] when the numbers do not add up, or a part is more than its whole.
    pub fn try_from_parts(parts: VectorParts) -> Result<Self, LineError> {
        let kept = [parts.open, parts.reserved, parts.released, parts.shipped, parts.cancelled];
        let adds_up = Quantity::checked_sum(kept) == Some(parts.ordered);
        let parts_fit = parts.returned <= parts.shipped
            && parts.delivered <= parts.shipped
            && parts.recalling <= parts.released
            && parts.future.checked_add(parts.preorder).is_some_and(|apart| apart <= parts.open);
        if adds_up && parts_fit { Ok(Self(parts)) } else { Err(LineError::NotBalanced) }
    }

    /// The numbers.
    #[must_use]
    pub fn parts(&self) -> &VectorParts {
        &self.0
    }

    /// Units that the customer asked for: ordered and refused.
    ///
    /// # Errors
    /// [`LineError::Overflow`].
    pub fn requested(&self) -> Result<Quantity, LineError> {
        self.0.ordered.checked_add(self.0.refused).ok_or(LineError::Overflow)
    }

    /// Units that may still move: open, reserved or released.
    #[must_use]
    pub fn is_active(&self) -> bool {
        !(self.0.open.is_zero() && self.0.reserved.is_zero() && self.0.released.is_zero())
    }

    /// Takes over how inventory decided about the units that the line was placed with or raised by.
    ///
    /// # Errors
    /// [`LineError::TooFew`] when more is refused than was asked for, and as [`LineVector::observe`].
    pub fn decide(&mut self, decision: Decision, claims: ClaimSums) -> Result<(), LineError> {
        let mut next = self.0;
        next.ordered = take("ordered", next.ordered, decision.refused)?;
        next.refused = next.refused.checked_add(decision.refused).ok_or(LineError::Overflow)?;
        next.filled_at_once = next.filled_at_once.checked_add(decision.at_once).ok_or(LineError::Overflow)?;
        next.backordered = next.backordered.checked_add(decision.late).ok_or(LineError::Overflow)?;
        self.0 = following(next, claims)?;
        Ok(())
    }

    /// Takes over how inventory decided about a quote that is confirmed: what counts is the time of the confirmation.
    ///
    /// # Errors
    /// As [`LineVector::decide`].
    pub fn confirm(&mut self, decision: Decision, claims: ClaimSums) -> Result<(), LineError> {
        let mut next = *self;
        next.0.filled_at_once = Quantity::ZERO;
        next.0.backordered = Quantity::ZERO;
        next.decide(decision, claims)?;
        *self = next;
        Ok(())
    }

    /// Takes over a line of another system, after inventory has made its claim: what was reserved at once and what was
    /// backordered when it was ordered is what that system says.
    ///
    /// # Errors
    /// As [`LineVector::observe`].
    pub fn take_over(
        &mut self,
        filled_at_once: Quantity,
        backordered: Quantity,
        claims: ClaimSums,
    ) -> Result<(), LineError> {
        self.0 = following(VectorParts { filled_at_once, backordered, ..self.0 }, claims)?;
        Ok(())
    }

    /// Asks for more: the added units wait until inventory has decided about them, see [`LineVector::decide`].
    ///
    /// # Errors
    /// [`LineError::Overflow`].
    pub fn raise(&mut self, by: Quantity) -> Result<(), LineError> {
        let ordered = self.0.ordered.checked_add(by).ok_or(LineError::Overflow)?;
        let open = self.0.open.checked_add(by).ok_or(LineError::Overflow)?;
        self.0 = VectorParts { ordered, open, ..self.0 };
        Ok(())
    }

    /// Takes units out of what is ordered, after inventory has given them back.
    ///
    /// # Errors
    /// As [`LineVector::may_reduce`] and [`LineVector::observe`].
    pub fn reduce(&mut self, by: Quantity, claims: ClaimSums) -> Result<(), LineError> {
        let ordered = take("ordered", self.0.ordered, by)?;
        self.0 = following(VectorParts { ordered, ..self.0 }, claims)?;
        Ok(())
    }

    /// Follows what the claims say now. Units that they account for no longer are cancelled.
    ///
    /// # Errors
    /// [`LineError::ClaimsDisagree`] when the claims account for more than is ordered, or shipped units vanished.
    pub fn observe(&mut self, claims: ClaimSums) -> Result<(), LineError> {
        self.0 = following(self.0, claims)?;
        Ok(())
    }

    /// Says which open units are no backorder though they wait.
    pub fn tell_apart(&mut self, future: Quantity, preorder: Quantity) {
        self.0.future = future.min(self.0.open);
        self.0.preorder = preorder.min(self.0.open.saturating_sub(self.0.future));
    }

    /// Whether `quantity` can be cancelled: it is open or reserved.
    ///
    /// # Errors
    /// [`LineError::TooFew`] when not.
    pub fn may_cancel(&self, quantity: Quantity) -> Result<(), LineError> {
        take("open or reserved", self.cancellable(), quantity).map(|_| ())
    }

    /// Units that can be cancelled.
    #[must_use]
    pub fn cancellable(&self) -> Quantity {
        self.0.open.checked_add(self.0.reserved).unwrap_or(self.0.ordered)
    }

    /// How a cancellation of `quantity` is done: so many units at once, and so many when the warehouse gives them back.
    ///
    /// # Errors
    /// [`LineError::TooFew`] when fewer are open, reserved, or released and not recalled.
    pub fn split_cancellation(&self, quantity: Quantity) -> Result<(Quantity, Quantity), LineError> {
        let at_once = self.cancellable().min(quantity);
        let rest = quantity.saturating_sub(at_once);
        if rest <= self.recallable() {
            return Ok((at_once, rest));
        }
        let present = self.cancellable().checked_add(self.recallable()).unwrap_or(self.0.ordered);
        Err(LineError::TooFew { kind: "open, reserved or released", present, wanted: quantity })
    }

    /// Whether what is ordered can be reduced by `quantity`: so many units are neither released, shipped nor cancelled.
    ///
    /// # Errors
    /// [`LineError::TooFew`] when not.
    pub fn may_reduce(&self, quantity: Quantity) -> Result<(), LineError> {
        self.may_cancel(quantity)
    }

    /// Units that can ship: reserved, in the warehouse's hands or not.
    #[must_use]
    pub fn shippable(&self) -> Quantity {
        self.0.reserved.checked_add(self.0.released).unwrap_or(self.0.ordered)
    }

    /// Whether `quantity` can ship.
    ///
    /// # Errors
    /// [`LineError::TooFew`] when not.
    pub fn may_ship(&self, quantity: Quantity) -> Result<(), LineError> {
        take("reserved or released", self.shippable(), quantity).map(|_| ())
    }

    /// Whether `quantity` can be handed to the warehouse: it is reserved.
    ///
    /// # Errors
    /// [`LineError::TooFew`] when not.
    pub fn may_release(&self, quantity: Quantity) -> Result<(), LineError> {
        take("reserved", self.0.reserved, quantity).map(|_| ())
    }

    /// Whether the warehouse can have failed to find `quantity`: it is in its hands.
    ///
    /// # Errors
    /// [`LineError::TooFew`] when not.
    pub fn may_be_short(&self, quantity: Quantity) -> Result<(), LineError> {
        take("released", self.0.released, quantity).map(|_| ())
    }

    /// Units that the warehouse has in hands and was not asked to give back.
    #[must_use]
    pub fn recallable(&self) -> Quantity {
        self.0.released.saturating_sub(self.0.recalling)
    }

    /// Asks the warehouse to give units back.
    ///
    /// # Errors
    /// [`LineError::TooFew`] when it has fewer in hands that it was not asked for.
    pub fn recall(&mut self, quantity: Quantity) -> Result<(), LineError> {
        take("released and not recalled", self.recallable(), quantity)?;
        self.0.recalling = self.0.recalling.checked_add(quantity).ok_or(LineError::Overflow)?;
        Ok(())
    }

    /// The warehouse has answered about units that it was asked for; what it gave back, the claims tell.
    pub fn end_recall(&mut self, asked: Quantity) {
        self.0.recalling = self.0.recalling.saturating_sub(asked);
    }

    /// Records that shipped units have arrived.
    ///
    /// # Errors
    /// [`LineError::TooFew`] when fewer are on the way.
    pub fn deliver(&mut self, quantity: Quantity) -> Result<(), LineError> {
        take("shipped and not delivered", self.0.shipped.saturating_sub(self.0.delivered), quantity)?;
        self.0.delivered = self.0.delivered.checked_add(quantity).ok_or(LineError::Overflow)?;
        Ok(())
    }

    /// Whether `quantity` can come back: it was shipped and did not come back before.
    ///
    /// # Errors
    /// [`LineError::TooFew`] when not.
    pub fn may_return(&self, quantity: Quantity) -> Result<(), LineError> {
        let out = self.0.shipped.saturating_sub(self.0.returned);
        take("shipped and not returned", out, quantity).map(|_| ())
    }

    /// Records that shipped units came back.
    ///
    /// # Errors
    /// As [`LineVector::may_return`].
    pub fn take_back(&mut self, quantity: Quantity) -> Result<(), LineError> {
        self.may_return(quantity)?;
        self.0.returned = self.0.returned.checked_add(quantity).ok_or(LineError::Overflow)?;
        Ok(())
    }
}

fn take(kind: &'static str, present: Quantity, wanted: Quantity) -> Result<Quantity, LineError> {
    present.checked_sub(wanted).ok_or(LineError::TooFew { kind, present, wanted })
}

fn following(mut parts: VectorParts, claims: ClaimSums) -> Result<VectorParts, LineError> {
    let claimed = claims.total().ok_or(LineError::Overflow)?;
    let disagree =
        LineError::ClaimsDisagree { claimed, posted: claims.posted, ordered: parts.ordered, shipped: parts.shipped };
    if claims.posted < parts.shipped {
        return Err(disagree);
    }
    parts.cancelled = parts.ordered.checked_sub(claimed).ok_or(disagree)?;
    parts.open = claims.waiting;
    parts.reserved = claims.reserved;
    parts.released = claims.released;
    // What left the warehouse's hands for good cannot be given back any more.
    parts.recalling = parts.recalling.min(parts.released);
    parts.shipped = claims.posted;
    parts.future = parts.future.min(parts.open);
    parts.preorder = parts.preorder.min(parts.open.saturating_sub(parts.future));
    Ok(parts)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    fn units(n: i64) -> Quantity {
        Quantity::try_new(n).unwrap()
    }

    fn sums(waiting: i64, reserved: i64, posted: i64) -> ClaimSums {
        ClaimSums { waiting: units(waiting), reserved: units(reserved), posted: units(posted), ..ClaimSums::default() }
    }

    fn placed(quantity: i64, reserved: i64, waiting: i64) -> LineVector {
        let mut line = LineVector::wanted(units(quantity));
        let refused = units(quantity - reserved - waiting);
        let decision = Decision { refused, at_once: units(reserved), late: units(waiting) };
        line.decide(decision, sums(waiting, reserved, 0)).unwrap();
        line
    }

    #[test]
    fn what_is_refused_is_not_ordered_and_stands_beside() {
        let line = placed(10, 4, 3);
        assert_eq!(line.parts().ordered, units(7));
        assert_eq!(line.parts().refused, units(3));
        assert_eq!(line.requested().unwrap(), units(10));
        assert_eq!(line.parts().filled_at_once, units(4));
        assert_eq!(line.parts().backordered, units(3));
    }

    #[test]
    fn a_confirmed_quote_counts_from_its_confirmation() {
        let mut line = placed(10, 6, 4);
        let decision = Decision { refused: units(2), at_once: units(8), late: units(0) };
        line.confirm(decision, sums(0, 8, 0)).unwrap();
        assert_eq!((line.parts().filled_at_once, line.parts().backordered), (units(8), units(0)));
        assert_eq!((line.parts().ordered, line.parts().refused), (units(8), units(2)));
    }

    #[test]
    fn what_leaves_the_claims_is_cancelled() {
        let mut line = placed(10, 6, 4);
        line.observe(sums(0, 5, 1)).unwrap();
        assert_eq!(line.parts().cancelled, units(4));
        assert_eq!(line.parts().shipped, units(1));
    }

    #[test]
    fn a_reduction_is_no_cancellation() {
        let mut line = placed(10, 6, 4);
        line.reduce(units(5), sums(0, 5, 0)).unwrap();
        assert_eq!((line.parts().ordered, line.parts().cancelled), (units(5), units(0)));
    }

    #[test]
    fn shipped_units_cannot_be_cancelled_or_shipped_again() {
        let mut line = placed(10, 10, 0);
        line.observe(sums(0, 0, 10)).unwrap();
        assert!(matches!(line.may_cancel(units(1)), Err(LineError::TooFew { .. })));
        assert!(matches!(line.may_ship(units(1)), Err(LineError::TooFew { .. })));
        assert!(matches!(line.may_reduce(units(1)), Err(LineError::TooFew { .. })));
    }

    #[test]
    fn no_more_comes_back_than_was_shipped() {
        let mut line = placed(10, 10, 0);
        line.observe(sums(0, 6, 4)).unwrap();
        line.take_back(units(3)).unwrap();
        assert!(matches!(line.take_back(units(2)), Err(LineError::TooFew { .. })));
        assert_eq!(line.parts().shipped, units(4), "a return does not change what was shipped");
    }

    #[test]
    fn claims_for_more_than_was_ordered_are_refused() {
        let mut line = placed(10, 6, 4);
        assert!(matches!(line.observe(sums(5, 6, 0)), Err(LineError::ClaimsDisagree { .. })));
        line.observe(sums(0, 0, 10)).unwrap();
        assert!(matches!(line.observe(sums(1, 0, 9)), Err(LineError::ClaimsDisagree { .. })));
    }

    #[test]
    fn released_units_are_frozen_until_they_ship_or_come_back() {
        let mut line = placed(10, 10, 0);
        let in_hands =
            |reserved, released, posted| ClaimSums { released: units(released), ..sums(0, reserved, posted) };
        line.observe(in_hands(4, 6, 0)).unwrap();
        assert!(matches!(line.may_cancel(units(5)), Err(LineError::TooFew { present, .. }) if present == units(4)));
        assert!(matches!(line.may_reduce(units(5)), Err(LineError::TooFew { .. })));
        line.may_ship(units(10)).unwrap();
        assert_eq!(line.split_cancellation(units(9)), Ok((units(4), units(5))));
        line.recall(units(5)).unwrap();
        assert!(line.split_cancellation(units(6)).is_err(), "what is recalled is not cancelled twice");
        assert!(matches!(line.recall(units(2)), Err(LineError::TooFew { present, .. }) if present == units(1)));
        line.observe(in_hands(4, 3, 3)).unwrap();
        assert_eq!(line.parts().recalling, units(3), "what shipped meanwhile is not given back");
        line.end_recall(units(5));
        line.observe(in_hands(7, 0, 3)).unwrap();
        assert_eq!((line.parts().recalling, line.parts().reserved), (units(0), units(7)));
    }

    #[test]
    fn no_more_arrives_than_was_shipped() {
        let mut line = placed(10, 10, 0);
        line.observe(sums(0, 6, 4)).unwrap();
        line.deliver(units(3)).unwrap();
        assert!(matches!(line.deliver(units(2)), Err(LineError::TooFew { .. })));
    }

    #[test]
    fn a_row_that_does_not_add_up_is_refused() {
        let parts = VectorParts { ordered: units(3), open: units(2), ..VectorParts::default() };
        assert_eq!(LineVector::try_from_parts(parts), Err(LineError::NotBalanced));
        let parts = VectorParts { ordered: units(2), open: units(2), returned: units(1), ..VectorParts::default() };
        assert_eq!(LineVector::try_from_parts(parts), Err(LineError::NotBalanced));
    }
}
