//! Bars the lines of customers who are on hold, and no others.

use std::collections::BTreeSet;

use backorder_domain::order::eligibility::HoldTarget;
use backorder_storage::{Batch, WriteTx};
use jiff::Timestamp;

use crate::{
    error::Error,
    order::{Changes, Moment},
    store::{holds, orders::load_lines_in_tx},
    use_cases::UseCases,
};

/// Lines in one transaction.
const LINES_AT_ONCE: u64 = 500;

impl UseCases {
    /// Brings the lines of all orders that are not over to what the holds on their customers say, and frees those of others
    /// whose customers have none any more. What is left to do is
    /// read off the lines. Answers whether some were left, because steps of their orders are under way.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) async fn spread_customer_holds(&self) -> Result<bool, Error> {
        let mut after = None;
        let mut is_left = false;
        loop {
            let lines = holds::misbarred_lines(self.store().reader(), after.as_ref(), LINES_AT_ONCE).await?;
            let Some(last) = lines.last() else { return Ok(is_left) };
            after = Some(last.clone());
            let (lines, now) = (&lines, self.now());
            let busy = self
                .store()
                .write("spread_holds", move |tx| Box::pin(async move { self.bar_lines_in_tx(tx, lines, now).await }))
                .await?;
            is_left |= busy;
        }
    }

    async fn bar_lines_in_tx(
        &self,
        tx: &WriteTx<'_>,
        lines: &BTreeSet<(String, i32)>,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let mut book = load_lines_in_tx(tx, lines).await?;
        let customers: BTreeSet<String> = book.orders.values().map(|order| order.row.customer.clone()).collect();
        let of_customers = holds::of_customers(tx, &customers.iter().map(String::as_str).collect()).await?;
        let places = self.catalog().places_in_tx(tx).await?;
        let moment = Moment { now, places: &places };
        let mut events = self.events(now, None);
        let mut changes = Changes::default();
        let mut is_left = false;
        for order in book.orders.values_mut() {
            if order.row.busy_step.is_some() {
                is_left = true;
                continue;
            }
            let held = of_customers.get(&order.row.customer).map(Vec::as_slice).unwrap_or_default();
            let cause = if held.is_empty() {
                "no hold is on the customer any more".to_owned()
            } else {
                let words: Vec<&str> = held.iter().map(|hold| hold.word()).collect();
                format!("the customer is on hold: {}", words.join(", "))
            };
            let numbers: Vec<i32> = order.lines.keys().copied().collect();
            for number in numbers {
                let Some(line) = order.lines.get(&number) else { continue };
                let blocking = held.iter().map(|hold| hold.blocks_allocation);
                let barriers = line.barriers()?.with_holds(HoldTarget::Customer, blocking);
                changes.bar_line(order, number, barriers, &cause, moment, &mut events)?;
            }
        }
        self.record_in_tx(tx, Batch::new(tx), changes, events).await?;
        Ok(is_left)
    }
}
