//! Ends holds whose time is over.

use std::collections::BTreeSet;

use backorder_storage::{Batch, WriteTx};
use jiff::Timestamp;

use super::change::HoldWork;
use crate::{
    error::Error,
    order::{
        Moment,
        hold::{Hold, Target},
    },
    store::{holds, orders::load_lines_in_tx},
    use_cases::UseCases,
};

/// Holds in one transaction.
const HOLDS_AT_ONCE: u64 = 500;

impl UseCases {
    /// Ends holds whose time is over, as far as no step of their orders is under way.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) async fn end_holds(&self) -> Result<(), Error> {
        loop {
            let now = self.now();
            if holds::ended(self.store().reader(), now, 1).await?.is_empty() {
                return Ok(());
            }
            let ended = self
                .store()
                .write("end_holds", move |tx| Box::pin(async move { self.end_holds_in_tx(tx, now).await }))
                .await?;
            if ended.is_empty() {
                return Ok(());
            }
            if ended.iter().any(|hold| matches!(hold.target, Target::Customer(_))) {
                self.rules().forget();
                self.spread_customer_holds().await?;
            }
        }
    }

    async fn end_holds_in_tx(&self, tx: &WriteTx<'_>, now: Timestamp) -> Result<Vec<Hold>, Error> {
        let over = holds::ended(tx, now, HOLDS_AT_ONCE).await?;
        let customers: BTreeSet<String> = over
            .iter()
            .filter_map(|hold| match &hold.target {
                Target::Customer(customer) => Some(customer.clone()),
                Target::Line(..) => None,
            })
            .collect();
        let names: BTreeSet<&str> = customers.iter().map(String::as_str).collect();
        let versions = holds::count_changes_in_tx(tx, &names).await?;
        let keys: BTreeSet<(String, i32)> = over
            .iter()
            .filter_map(|hold| match &hold.target {
                Target::Line(order, line) => Some((order.clone(), *line)),
                Target::Customer(_) => None,
            })
            .collect();
        let mut book = load_lines_in_tx(tx, &keys).await?;
        // What was set anew before the locks were there goes on.
        let over = holds::ended(tx, now, HOLDS_AT_ONCE).await?;
        let places = self.catalog().places_in_tx(tx).await?;
        let mut work = HoldWork::new(self.events(now, None), Moment { now, places: &places });
        let of_customers = holds::of_customers(tx, &names).await?;
        for customer in &customers {
            let all = of_customers.get(customer).cloned().unwrap_or_default();
            let (ended, after): (Vec<Hold>, Vec<Hold>) = all.into_iter().partition(|hold| over.contains(hold));
            if !ended.is_empty() {
                let version = versions.get(customer).copied().unwrap_or_default();
                work.customer(customer, version, &after, &cause(&ended))?;
                work.answered.extend(ended);
            }
        }
        let ids: BTreeSet<&str> = keys.iter().map(|(order, _)| order.as_str()).collect();
        let of_lines = holds::of_orders(tx, &ids.into_iter().collect::<Vec<_>>()).await?;
        for (order, line) in &keys {
            if book.orders.get(order).is_none_or(|order| order.row.busy_step.is_some()) {
                continue;
            }
            let all = of_lines.get(&(order.clone(), *line)).cloned().unwrap_or_default();
            let (ended, after): (Vec<Hold>, Vec<Hold>) = all.into_iter().partition(|hold| over.contains(hold));
            if !ended.is_empty() {
                work.line(&mut book, order, *line, &after, &cause(&ended))?;
                work.answered.extend(ended);
            }
        }
        let mut batch = Batch::new(tx);
        holds::remove(&mut batch, &work.answered);
        self.record_in_tx(tx, batch, work.changes, work.events).await?;
        Ok(work.answered)
    }
}

fn cause(ended: &[Hold]) -> String {
    let words: Vec<&str> = ended.iter().map(Hold::word).collect();
    format!("{} hold ended by itself", words.join(", "))
}
