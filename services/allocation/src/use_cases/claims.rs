//! Makes orders follow claims that inventory tells of: by event, or in the answer to a run.
//!
//! A claim that is not newer than the copy changes nothing, so the same news may come twice and in any order.

use std::collections::{BTreeMap, BTreeSet};

use backorder_domain::order::state::{OrderCommand, OrderState};
use backorder_proto::convert::allocation::{ClaimOfLine, claim_of_line};
use backorder_proto::inventory::v1 as inventory;
use backorder_storage::{Batch, WriteTx, columns};
use jiff::Timestamp;

use crate::{
    error::Error,
    order::{Book, Cause, Changes, Command, LineKey, Moment, OrderRecord},
    store::orders::{load_lines_in_tx, mark_claims_pending_in_tx, write_changes},
    use_cases::UseCases,
};

/// A claim that changed.
#[derive(Debug, Clone)]
pub struct ClaimNews {
    /// Whose claim it is.
    pub key: LineKey,
    /// The claim.
    pub claim: ClaimOfLine,
    /// What changed it, for people.
    pub cause: String,
}

impl ClaimNews {
    /// The news of a claim; `None` for demand that is not an order's.
    ///
    /// # Errors
    /// [`Error::Contract`] for a claim that breaks the contract.
    pub fn of(claim: &inventory::Claim, cause: &str) -> Result<Option<Self>, Error> {
        let Some(key) = LineKey::of_claim(&claim.line, claim.part) else { return Ok(None) };
        let claim = claim_of_line(claim).map_err(|violations| Error::Contract(violations.to_string()))?;
        Ok(Some(Self { key, claim, cause: cause.to_owned() }))
    }
}

impl UseCases {
    /// Takes over claims and makes their orders follow. Orders that are busy only copy them: the end of their step makes
    /// them follow. Demand of orders that are not there is passed over.
    ///
    /// # Errors
    /// [`Error::Storage`], or [`Error::Line`] when a claim and its line disagree.
    pub(crate) async fn follow_claims_in_tx(
        &self,
        tx: &WriteTx<'_>,
        news: &[ClaimNews],
        now: Timestamp,
        traceparent: Option<String>,
    ) -> Result<(), Error> {
        let keys: BTreeSet<_> = news.iter().map(|one| (one.key.order.clone(), one.key.line)).collect();
        let mut book = load_lines_in_tx(tx, &keys).await?;
        let places = self.catalog().places_now();
        let moment = Moment { now, places: &places };
        let mut changes = Changes::default();
        let mut events = self.events(now, traceparent);
        let taken = take(&mut book, news, &mut changes);
        let mut pending: Vec<&str> = Vec::new();
        for (id, order) in &mut book.orders {
            let Some(causes) = taken.get(id.as_str()) else { continue };
            if order.row.busy_step.is_some() {
                pending.push(id);
                continue;
            }
            let before = (order.row.lines_active, order.row.lines_shipped);
            for (line, text) in causes {
                let cause = Cause { reason: None, text: (*text).to_owned() };
                changes.settle_line(order, *line, Command::Follow, &cause, moment, &mut events)?;
            }
            if (order.row.lines_active, order.row.lines_shipped) != before {
                let command = command(order, now)?;
                changes.settle_order(order, command, "stock or supply changed", moment, &mut events)?;
            }
        }
        mark_claims_pending_in_tx(tx, &pending).await?;
        let mut batch = Batch::new(tx);
        write_changes(&mut batch, changes, events.into_new())?;
        batch.run(tx).await?;
        Ok(())
    }
}

/// Copies the claims that are newer; answers their lines by order, each with the last cause.
fn take<'n>(
    book: &mut Book,
    news: &'n [ClaimNews],
    changes: &mut Changes,
) -> BTreeMap<&'n str, BTreeMap<i32, &'n str>> {
    let mut taken: BTreeMap<&str, BTreeMap<i32, &str>> = BTreeMap::new();
    for one in news {
        if book.take_claim(&one.key, &one.claim) {
            if let Some(line) = book.line(&one.key.order, one.key.line) {
                changes.claim(line, &one.key);
            }
            taken.entry(&one.key.order).or_default().insert(one.key.line, &one.cause);
        }
    }
    taken
}

/// What the news means for the order: a quote of which nothing is left after its time has expired.
fn command(order: &OrderRecord, now: Timestamp) -> Result<OrderCommand, Error> {
    let is_over = order.row.quote_expires_at.is_some_and(|end| end <= columns::micros(now));
    let ended = order.state()? == OrderState::Quoted && is_over && order.row.lines_active == 0;
    Ok(if ended { OrderCommand::Expire } else { OrderCommand::Observe })
}
