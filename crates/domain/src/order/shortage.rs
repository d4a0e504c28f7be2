//! What may leave short: the wish of a customer to be asked before less than ordered is shipped.
//!
//! Source: domain notes 3.7, the line-level wishes beside element 563. Nothing here knows who was asked, or how.

use crate::{order::line::LineVector, quantity::Quantity};

/// The wish of a line and the answer to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShortWish {
    /// The customer wants to be asked before less is shipped.
    pub asks_first: bool,
    /// The customer was asked and agreed.
    pub has_agreed: bool,
}

/// A line that would leave short though its customer was not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{missing} units would stay behind, and the customer wants to be asked before less is shipped")]
pub struct NotAgreed {
    /// Ordered units that would not have left.
    pub missing: Quantity,
}

impl ShortWish {
    /// Whether `leaving` units may pass the gate, of which `gone` units of the line have passed before. What is cancelled
    /// is not missing: its customer knows.
    ///
    /// # Errors
    /// [`NotAgreed`] when units would stay behind and nobody has agreed.
    pub fn check(self, vector: &LineVector, gone: Quantity, leaving: Quantity) -> Result<(), NotAgreed> {
        if !self.asks_first || self.has_agreed {
            return Ok(());
        }
        let parts = vector.parts();
        let wanted = parts.ordered.saturating_sub(parts.cancelled);
        let missing = wanted.saturating_sub(gone).saturating_sub(leaving);
        if missing.is_zero() { Ok(()) } else { Err(NotAgreed { missing }) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;
    use crate::order::line::VectorParts;

    fn units(number: i64) -> Quantity {
        Quantity::try_new(number).unwrap()
    }

    /// Ten ordered: one is cancelled, two shipped, one released, four reserved, two wait.
    fn line() -> LineVector {
        LineVector::try_from_parts(VectorParts {
            ordered: units(10),
            open: units(2),
            reserved: units(4),
            released: units(1),
            shipped: units(2),
            cancelled: units(1),
            ..VectorParts::default()
        })
        .unwrap()
    }

    const ASKS: ShortWish = ShortWish { asks_first: true, has_agreed: false };

    #[test]
    fn what_would_stay_behind_needs_an_answer() {
        let released = units(3);
        assert_eq!(ASKS.check(&line(), released, units(4)), Err(NotAgreed { missing: units(2) }));
        assert_eq!(ASKS.check(&line(), released, units(6)), Ok(()), "the cancelled one is not missing");
    }

    #[test]
    fn who_does_not_ask_or_has_agreed_lets_it_go() {
        let answered = ShortWish { has_agreed: true, ..ASKS };
        let silent = ShortWish { asks_first: false, ..ASKS };
        for wish in [answered, silent] {
            assert_eq!(wish.check(&line(), Quantity::ZERO, units(1)), Ok(()));
        }
    }
}
