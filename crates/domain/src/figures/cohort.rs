//! The sums of a cohort: lines wanted in a window, or the lines of one group among them.
//!
//! Orders go by one after the other and only sums are kept, so that a million lines need no more room than a hundred. What
//! the sums mean is named in [`super::named`].

use super::{
    ageing::{Ageing, age_of},
    demand::{Demand, Fate},
    outcome::days_between,
    shares::{Mean, Share, Shares},
    survival::WaitCounts,
    verdicts::{DeliveryWindow, Verdict, Verdicts},
};

/// What the figures of a cohort depend on beside its lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// When a delivery is on time.
    pub window: DeliveryWindow,
    /// After how many days since the order an order that has not left whole is old.
    pub old_days: i64,
}

/// The sums of a cohort. Lines that are not due are only counted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CohortSums {
    /// Lines that are judged: due, and something was asked for.
    pub lines: u64,
    /// Lines that are future demand.
    pub lines_future: u64,
    /// Lines whose item is not released yet.
    pub lines_preorder: u64,
    /// Backordered of what was asked for.
    pub backordered: Shares,
    /// Filled at the first attempt of what was asked for.
    pub filled: Shares,
    /// Refused or cut of what was asked for.
    pub refused: Shares,
    /// Of what was asked for that which could leave in time, as was known when it was ordered.
    pub first_time: Shares,
    /// Of what was asked for that which left as a backorder or as a substitute.
    pub secondary: Shares,
    /// Cancelled of what was backordered.
    pub cancelled: Shares,
    /// Left and not come back of what was backordered.
    pub recovered: Shares,
    /// Orders filled at the first attempt.
    pub orders_filled: Share,
    /// Orders on time in full.
    pub orders_on_time: Share,
    /// Lines on time in full.
    pub lines_on_time: Share,
    /// Units that arrived on time.
    pub units_on_time: Share,
    /// Perfect orders.
    pub orders_perfect: Share,
    /// Lines in full, by the promised day, with right documents, in good condition.
    pub components: [Share; 4],
    /// Days from the order, or the day that was wanted, to the receipt of orders.
    pub cycle: Mean,
    /// Waits until all lines left, and those of backordered lines alone.
    pub waits: [WaitCounts; 2],
    /// The same until they were received.
    pub receipts: [WaitCounts; 2],
    /// Lines of which a receipt was confirmed, of all and of the backordered ones.
    pub received: [u64; 2],
    /// Lines of which any arrival was confirmed.
    pub lines_arrived: u64,
    /// What is open by days since the order, and by days past the first promise.
    pub ageing: [Ageing; 2],
    /// What is open in lines, units and value.
    pub open: OpenSums,
    /// Backordered units times days.
    pub unit_days: i128,
    /// Orders that are open longer than the limit, of those that are open.
    pub orders_old: Share,
    /// Days from the first promise to the latest.
    pub slip: Mean,
    /// Times that the promised day changed.
    pub revisions: Mean,
    /// Lines whose promised day never changed.
    pub never_revised: Share,
}

/// Backordered units that still wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OpenSums {
    /// Lines.
    pub lines: u64,
    /// Base units.
    pub units: i128,
    /// Their value in nano-units, of the lines with a price.
    pub value_nanos: i128,
    /// Lines without a price.
    pub unpriced: u64,
}

impl CohortSums {
    /// Adds the lines of one order. Of an order whose lines are in several groups each group counts an order with its lines.
    pub fn add_order<'a>(&mut self, lines: impl IntoIterator<Item = (&'a Demand, &'a Fate)>, terms: &Terms) {
        let mut order = OrderSum::default();
        for (demand, fate) in lines {
            self.add_line(demand, fate, terms, &mut order);
        }
        self.close_order(&order, terms);
    }

    fn add_line(&mut self, demand: &Demand, fate: &Fate, terms: &Terms, order: &mut OrderSum) {
        let asked = demand.history.ordered.get().saturating_add(demand.history.refused.get());
        if !fate.outcome.is_due || asked == 0 {
            self.lines_preorder += u64::from(demand.is_preorder());
            self.lines_future += u64::from(!fate.outcome.is_due && !demand.is_preorder());
            return;
        }
        self.lines += 1;
        self.add_fill(demand, fate, asked);
        self.add_wait(demand, fate);
        self.add_open(demand, fate);
        self.add_promises(demand, fate);
        let filled = fate.outcome.is_filled();
        order.filled = Some(order.filled.unwrap_or(true) && filled);
        order.open(demand, fate);
        self.lines_arrived += u64::from(demand.arrivals.iter().any(|arrival| arrival.arrived_on.is_some()));
        if let Some(verdicts) = Verdicts::of(demand, fate, terms.window) {
            self.add_verdicts(&verdicts);
            order.on_time.push(verdicts.on_time_in_full);
            order.perfect.push(verdicts.perfect());
        }
    }

    fn add_fill(&mut self, demand: &Demand, fate: &Fate, asked: i64) {
        let (line, outcome) = (&demand.history, &fate.outcome);
        let backordered = outcome.backordered();
        let first = (line.ordered.get() - demand.late_when_ordered).max(0);
        let kept = (outcome.shipped_late - demand.returned).max(0);
        self.backordered.add(line, backordered, asked, backordered > 0);
        self.filled.add(line, outcome.filled, asked, outcome.filled == asked);
        self.refused.add(line, outcome.refused, asked, outcome.refused > 0);
        self.first_time.add(line, first, asked, first == asked);
        self.secondary.add(line, outcome.shipped_late, asked, outcome.shipped_late > 0);
        self.cancelled.add(line, outcome.cancelled_waiting, backordered, outcome.cancelled_waiting > 0);
        self.recovered.add(line, kept, backordered, kept > 0);
    }

    fn add_wait(&mut self, demand: &Demand, fate: &Fate) {
        let (wait, receipt) = (fate.outcome.wait, fate.wait_until_received(demand));
        let kinds = [true, fate.outcome.backordered() > 0];
        for (kind, _) in kinds.into_iter().enumerate().filter(|(_, is_of_kind)| *is_of_kind) {
            if let Some(wait) = wait {
                self.waits[kind].add(wait);
            }
            if let Some(receipt) = receipt {
                self.receipts[kind].add(receipt);
                self.received[kind] += u64::from(receipt.has_ended);
            }
        }
        self.unit_days = self.unit_days.saturating_add(fate.outcome.unit_days);
    }

    fn add_open(&mut self, demand: &Demand, fate: &Fate) {
        let open = fate.outcome.open;
        if open == 0 {
            return;
        }
        let value = demand.history.value(open);
        self.open.lines += 1;
        self.open.units = self.open.units.saturating_add(open.into());
        self.open.value_nanos = self.open.value_nanos.saturating_add(value.unwrap_or(0));
        self.open.unpriced += u64::from(value.is_none());
        let promised = demand.promised.iter().flatten().next().copied().filter(|day| *day < demand.as_of);
        for (ageing, since) in self.ageing.iter_mut().zip([demand.history.dates.ordered(), promised]) {
            let age = since.and_then(|day| age_of(days_between(day, demand.as_of)));
            if let Some(group) = age.and_then(|age| ageing.get_mut(age)) {
                group.lines += 1;
                group.units = group.units.saturating_add(open.into());
                group.value_nanos = group.value_nanos.saturating_add(value.unwrap_or(0));
            }
        }
    }

    fn add_promises(&mut self, demand: &Demand, fate: &Fate) {
        let mut told = demand.promised.iter().skip_while(|day| day.is_none());
        let Some(first) = told.next().copied().flatten() else {
            for share in [&mut self.slip.sum, &mut self.revisions.sum, &mut self.never_revised] {
                share.leave_out();
            }
            return;
        };
        let (mut before, mut changes) = (Some(first), 0_i64);
        for day in told {
            changes += i64::from(*day != before);
            before = *day;
        }
        let is_open_ended = before.is_none() && fate.outstanding() > 0;
        let latest = before.or_else(|| demand.promised.iter().rev().flatten().next().copied()).unwrap_or(first);
        let latest = if is_open_ended { latest.max(demand.as_of) } else { latest };
        self.slip.add(days_between(first, latest), is_open_ended);
        self.revisions.add(changes, false);
        self.never_revised.add_one(changes == 0);
    }

    fn add_verdicts(&mut self, verdicts: &Verdicts) {
        let parts = [verdicts.in_full, verdicts.on_commit_date, verdicts.documents, verdicts.condition];
        for (share, verdict) in self.components.iter_mut().zip(parts) {
            judge(share, verdict);
        }
        judge(&mut self.lines_on_time, verdicts.on_time_in_full);
        if verdicts.units_known > 0 {
            self.units_on_time.add(verdicts.units_on_time.into(), verdicts.units_known.into());
        } else {
            self.units_on_time.leave_out();
        }
    }

    fn close_order(&mut self, order: &OrderSum, terms: &Terms) {
        if let Some(filled) = order.filled {
            self.orders_filled.add_one(filled);
        }
        if !order.on_time.is_empty() {
            judge(&mut self.orders_on_time, Verdict::all(order.on_time.iter().copied()));
            judge(&mut self.orders_perfect, Verdict::all(order.perfect.iter().copied()));
        }
        if let Some(age) = order.age {
            self.orders_old.add_one(age > terms.old_days);
        }
        match (order.cycle, order.is_received) {
            (Some(days), true) => self.cycle.add(days, false),
            (_, false) => self.cycle.sum.leave_out(),
            (None, true) => {}
        }
    }
}

fn judge(share: &mut Share, verdict: Verdict) {
    match verdict {
        Verdict::Yes => share.add_one(true),
        Verdict::No => share.add_one(false),
        Verdict::Unknown => share.leave_out(),
    }
}

/// What an order's due lines come to.
struct OrderSum {
    filled: Option<bool>,
    on_time: Vec<Verdict>,
    perfect: Vec<Verdict>,
    /// Days since the order, while something of it has not left.
    age: Option<i64>,
    /// Days until the last receipt, of what was received.
    cycle: Option<i64>,
    /// Whether all that left was received, and nothing is to leave.
    is_received: bool,
}

impl Default for OrderSum {
    fn default() -> Self {
        Self { filled: None, on_time: Vec::new(), perfect: Vec::new(), age: None, cycle: None, is_received: true }
    }
}

impl OrderSum {
    /// Source: RS.1.1, mean of customer receipt less order accepted, less the delay that the customer asked for: from the
    /// order, or from the day that was wanted when that is later, and never below zero.
    fn open(&mut self, demand: &Demand, fate: &Fate) {
        let Some(ordered_on) = demand.history.dates.ordered() else { return };
        if fate.outstanding() > 0 {
            self.age = Some(days_between(ordered_on, demand.as_of));
        }
        self.is_received &= fate.outstanding() == 0;
        let begun = ordered_on.max(demand.wanted.on);
        for arrival in &demand.arrivals {
            match arrival.arrived_on {
                Some(day) => self.cycle = self.cycle.max(Some(days_between(begun, day).max(0))),
                None => self.is_received = false,
            }
        }
    }
}

#[cfg(test)]
#[path = "cohort_tests.rs"]
mod tests;
