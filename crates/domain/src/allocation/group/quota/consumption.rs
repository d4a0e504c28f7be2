//! What a confirmation took of its quotas: consumed when it is confirmed, given back when it is cancelled, moved when its
//! date moves.

use crate::quantity::Quantity;

use super::{Quotas, Route};

/// Units that one period gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// The number of the period, see [`Quotas::period`].
    pub period: u32,
    /// Base units, at least 1.
    pub units: Quantity,
}

/// What one confirmation (a quantity at a date) took, from which period.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Consumption {
    quantity: Quantity,
    /// In the order in which it was taken: of the item's quotas, of those of the item at the location.
    taken: [Vec<Taken>; 2],
}

impl Consumption {
    /// The units that are confirmed, whether or not a quota restricts them.
    #[must_use]
    pub const fn quantity(&self) -> Quantity {
        self.quantity
    }

    /// What was taken of the item's quotas. The units sum to [`Self::quantity`], or are none where nothing restricts.
    #[must_use]
    pub fn of_item(&self) -> &[Taken] {
        &self.taken[0]
    }

    /// What was taken of the quotas of the item at the location, likewise.
    #[must_use]
    pub fn of_location(&self) -> &[Taken] {
        &self.taken[1]
    }
}

/// Why quotas are not consumed or given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConsumptionError {
    /// The quotas do not allow so much on that day.
    #[error("{asked} are asked for on day {day}, the quotas leave {available}")]
    Exhausted {
        /// Units asked for.
        asked: Quantity,
        /// The day.
        day: i32,
        /// What they allow.
        available: Quantity,
    },
    /// More would be given back than was consumed.
    #[error("{asked} would be given back, {consumed} are consumed")]
    BeyondConsumed {
        /// Units to give back.
        asked: Quantity,
        /// Units consumed.
        consumed: Quantity,
    },
    /// What is said to be taken is neither the whole quantity nor nothing, or is more than its period has consumed.
    #[error("a consumption of {quantity} does not fit what its periods have consumed")]
    Inconsistent {
        /// Units confirmed.
        quantity: Quantity,
    },
}

impl Quotas {
    /// Consumes units on a day.
    ///
    /// # Errors
    /// [`ConsumptionError::Exhausted`] when the quotas do not allow all of them; nothing is consumed then.
    pub fn consume(&mut self, route: &Route, day: i32, asked: Quantity) -> Result<Consumption, ConsumptionError> {
        if let Some(available) = self.available(route, day).filter(|available| *available < asked) {
            return Err(ConsumptionError::Exhausted { asked, day, available });
        }
        let taken = route.sequences().map(|sequence| self.take(sequence, day, asked));
        Ok(Consumption { quantity: asked, taken })
    }

    /// Consumes units on a day though the quotas may not allow all of them: somebody may decide so. What is beyond them is
    /// consumed in the period of the day, of the first plan that has one.
    pub fn consume_anyway(&mut self, route: &Route, day: i32, units: Quantity) -> Consumption {
        let taken = route.sequences().map(|sequence| {
            let mut taken = self.take(sequence, day, units);
            let within = Quantity::checked_sum(taken.iter().map(|taken| taken.units)).unwrap_or(units);
            let beyond = units.saturating_sub(within);
            let first = sequence.iter().find_map(|group| self.period_of(*group, day));
            if let Some(period) = first.and_then(|place| u32::try_from(place).ok()).filter(|_| !beyond.is_zero()) {
                self.book(period, beyond);
                taken.push(Taken { period, units: beyond });
            }
            taken
        });
        Consumption { quantity: units, taken }
    }

    /// A consumption that was stored, whose units its periods have among their consumed ones. Nothing is consumed by this.
    ///
    /// # Errors
    /// [`ConsumptionError::Inconsistent`] when a period is unknown or has consumed less, or the units do not sum.
    pub fn restored(
        &self,
        quantity: Quantity,
        of_item: Vec<Taken>,
        of_location: Vec<Taken>,
    ) -> Result<Consumption, ConsumptionError> {
        let taken = [of_item, of_location];
        let is_whole = |taken: &Vec<Taken>| {
            taken.is_empty() || Quantity::checked_sum(taken.iter().map(|taken| taken.units)) == Some(quantity)
        };
        let is_consumed = |taken: &Taken| {
            !taken.units.is_zero() && self.period(taken.period).is_some_and(|period| taken.units <= period.consumed)
        };
        if taken.iter().all(is_whole) && taken.iter().flatten().all(is_consumed) {
            Ok(Consumption { quantity, taken })
        } else {
            Err(ConsumptionError::Inconsistent { quantity })
        }
    }

    /// Gives units back, those that were taken last first: so what stays consumed is what consuming less had taken.
    ///
    /// # Errors
    /// [`ConsumptionError::BeyondConsumed`].
    pub fn release(&mut self, consumption: &mut Consumption, units: Quantity) -> Result<(), ConsumptionError> {
        let consumed = consumption.quantity;
        let left = consumed.checked_sub(units).ok_or(ConsumptionError::BeyondConsumed { asked: units, consumed })?;
        consumption.quantity = left;
        for taken in &mut consumption.taken {
            let mut to_give = units;
            while let Some(last) = taken.last_mut().filter(|_| !to_give.is_zero()) {
                let given = last.units.min(to_give);
                to_give = to_give.saturating_sub(given);
                last.units = last.units.saturating_sub(given);
                self.give_back(last.period, given);
                if last.units.is_zero() {
                    taken.pop();
                }
            }
        }
        Ok(())
    }

    /// Moves a consumption to another day: its units are given back and consumed there.
    ///
    /// # Errors
    /// [`ConsumptionError::Exhausted`] when the quotas do not allow all of them on that day; all stays as it is then.
    pub fn move_to(&mut self, consumption: &mut Consumption, route: &Route, day: i32) -> Result<(), ConsumptionError> {
        let mut before = std::mem::take(consumption);
        let (kept, asked) = (before.clone(), before.quantity);
        // Exactly what was consumed, so this cannot fail.
        self.release(&mut before, asked)?;
        match self.consume(route, day, asked) {
            Ok(moved) => {
                *consumption = moved;
                Ok(())
            }
            Err(error) => {
                for taken in kept.taken.iter().flatten() {
                    self.book(taken.period, taken.units);
                }
                *consumption = kept;
                Err(error)
            }
        }
    }

    fn take(&mut self, sequence: &[usize], day: i32, asked: Quantity) -> Vec<Taken> {
        let (mut taken, mut left) = (Vec::new(), asked.get());
        for group in sequence {
            let Some(first) = self.period_of(*group, day) else { continue };
            for place in self.order_of(*group, first) {
                let units = Quantity::try_new(self.left_of(place).min(left)).unwrap_or_default();
                // The plans were refused when a number did not fit.
                if let Some(period) = u32::try_from(place).ok().filter(|_| !units.is_zero()) {
                    self.book(period, units);
                    taken.push(Taken { period, units });
                    left -= units.get();
                }
            }
        }
        taken
    }

    fn book(&mut self, period: u32, units: Quantity) {
        if let Some(period) = usize::try_from(period).ok().and_then(|place| self.periods.get_mut(place)) {
            // It fits: it is within the maximum, or it was booked before.
            period.consumed = period.consumed.checked_add(units).unwrap_or(period.maximum);
        }
    }

    /// Gives units back to the period that gave them. A number that no period has is passed over.
    pub fn give_back(&mut self, period: u32, units: Quantity) {
        if let Some(period) = usize::try_from(period).ok().and_then(|place| self.periods.get_mut(place)) {
            period.consumed = period.consumed.saturating_sub(units);
        }
    }
}
