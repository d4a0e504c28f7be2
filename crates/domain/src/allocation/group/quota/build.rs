//! Building quotas: plans are checked and laid out flat, so that asking for a line follows numbers only.

use super::{Group, GroupIndex, InvalidQuota, Object, Period, Plan, QuotaPlan, Quotas};

impl Quotas {
    /// Gives an object its sequence of plans: when the first is exhausted, the next one is taken from.
    ///
    /// # Errors
    /// [`InvalidQuota`]; nothing is added then.
    pub fn add(&mut self, object: Object, sequence: Vec<QuotaPlan>) -> Result<(), InvalidQuota> {
        if self.objects.contains_key(&object) {
            return Err(InvalidQuota::ObjectTwice(object));
        }
        let (groups_before, periods_before) = (self.groups.len(), self.periods.len());
        let added = sequence.into_iter().enumerate().map(|(place, plan)| self.add_plan(place, plan));
        match added.collect::<Result<Vec<_>, _>>() {
            Ok(plans) => {
                self.objects.insert(object, plans);
                Ok(())
            }
            Err(error) => {
                self.groups.truncate(groups_before);
                self.periods.truncate(periods_before);
                Err(error)
            }
        }
    }

    fn add_plan(&mut self, place: usize, plan: QuotaPlan) -> Result<Plan, InvalidQuota> {
        let combinations: Vec<_> = plan.groups.iter().map(|group| group.combination).collect();
        let index =
            GroupIndex::try_new(&combinations).map_err(|source| InvalidQuota::Groups { plan: place, source })?;
        let first_group = self.groups.len();
        for (number, group) in plan.groups.into_iter().enumerate() {
            let mut periods = group.periods;
            periods.sort_by_key(|period| period.from_day);
            check_periods(place, number, &periods)?;
            let start = self.periods.len();
            self.periods.append(&mut periods);
            self.groups.push(Group {
                periods: start..self.periods.len(),
                backward: usize::try_from(plan.backward_periods).unwrap_or(usize::MAX),
                forward: usize::try_from(plan.forward_periods).unwrap_or(usize::MAX),
            });
        }
        // Consumptions number periods in 32 bits.
        u32::try_from(self.periods.len()).map_err(|_| InvalidQuota::TooMany)?;
        Ok(Plan { index, first_group })
    }
}

fn check_periods(plan: usize, group: usize, sorted: &[Period]) -> Result<(), InvalidQuota> {
    for Period { from_day, until_day, .. } in sorted.iter().copied() {
        if until_day <= from_day {
            return Err(InvalidQuota::EmptyPeriod { plan, group, from_day, until_day });
        }
    }
    match sorted.windows(2).find(|pair| pair[1].from_day < pair[0].until_day) {
        Some(pair) => Err(InvalidQuota::PeriodsOverlap { plan, group, day: pair[1].from_day }),
        None => Ok(()),
    }
}
