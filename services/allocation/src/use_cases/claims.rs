//! Makes orders follow claims that inventory tells of: by event, or in the answer to a run.
//!
//! A claim that is not newer than the copy changes nothing, so the same news may come twice and in any order.

use std::collections::{BTreeMap, BTreeSet};

use backorder_domain::{
    ids::LocationId,
    order::{
        release::release_date,
        state::{OrderCommand, OrderState},
    },
};
use backorder_proto::convert::allocation::{ClaimOfLine, claim_of_line};
use backorder_proto::inventory::v1 as inventory;
use backorder_storage::{Batch, WriteTx, columns};
use jiff::Timestamp;

use crate::{
    catalog::ItemCopy,
    error::Error,
    order::{
        Book, Cause, Changes, Command, LineKey, Moment, OrderRecord,
        sets::{free_text, members, names_of},
    },
    saga::{Recalled, miss_in_tx},
    store::{
        orders::{
            load_lines_in_tx, mark_claims_pending_in_tx, promises_to_review, put_horizon_in_tx, put_release_date_in_tx,
            unshipped_lines,
        },
        runs::{self, Pool},
    },
    use_cases::UseCases,
};

/// What changes a promise when the item's release date does, for people.
const RELEASED: &str = "the item's release date changed";
/// What changes a promise when the item's reservation horizon does, for people.
const HORIZON: &str = "the item's reservation horizon changed";
/// What changes a promise that is looked at again, for people.
const REVIEWED: &str = "the promise was looked at again: it could be kept no longer, or a better day has stood";
/// Promises that waited for a run, or for their time, and are told in one transaction.
const PROMISES_AT_ONCE: u64 = 500;

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

/// Lines that follow their claims in one transaction.
pub(super) struct Following {
    /// The orders, with the lines and their claims.
    pub(super) book: Book,
    /// The lines of each order, each with what changed its claims, for people.
    pub(super) causes: Causes,
    /// Items about which a run is pending.
    pub(super) undecided: BTreeSet<String>,
    /// Lines of which claims changed: their ship sets are to be decided about.
    pub(super) news: BTreeSet<(String, i32)>,
    pub(super) changes: Changes,
}

/// Units that are free for lines of ship sets that could not be covered.
pub(crate) type FreeForLines = BTreeMap<(String, i32), Vec<(LocationId, i64)>>;

/// What changes a promise when what is free for a ship set does, for people.
const FREE_CHANGED: &str = "what is free for its ship set changed";

/// Lines by order and number, each with what changes it, for people.
pub(super) type Causes = BTreeMap<String, BTreeMap<i32, String>>;

impl UseCases {
    /// Takes over claims and makes their orders follow. Orders that are busy only copy them: the end of their step makes
    /// them follow. Demand of orders that are not there is passed over.
    ///
    /// Where a run is pending about the item, or is among `requested`, what only supply did to a promise waits for it: a
    /// receipt takes the pegs of the units that are put aside, and only the run gives the units.
    ///
    /// # Errors
    /// [`Error::Storage`], or [`Error::Line`] when a claim and its line disagree.
    pub(crate) async fn follow_claims_in_tx(
        &self,
        tx: &WriteTx<'_>,
        news: &[ClaimNews],
        requested: &BTreeSet<Pool>,
        now: Timestamp,
        traceparent: Option<String>,
    ) -> Result<(), Error> {
        let keys: BTreeSet<_> = news.iter().map(|one| (one.key.order.clone(), one.key.line)).collect();
        let mut book = load_lines_in_tx(tx, &keys).await?;
        let mut changes = Changes::default();
        let causes = take(&mut book, news, &mut changes);
        let mut undecided = runs::items_pending(tx).await?;
        undecided.extend(requested.iter().map(|(item, _)| item.clone()));
        self.follow_in_tx(tx, Following { book, causes, undecided, news: keys, changes }, now, traceparent).await
    }

    /// Makes lines follow what inventory decided about their ship sets: their claims, and what is free for those that were
    /// not covered.
    ///
    /// # Errors
    /// As [`UseCases::follow_claims_in_tx`].
    pub(crate) async fn follow_covered_in_tx(
        &self,
        tx: &WriteTx<'_>,
        news: &[ClaimNews],
        free: &FreeForLines,
        now: Timestamp,
    ) -> Result<(), Error> {
        let claimed: BTreeSet<_> = news.iter().map(|one| (one.key.order.clone(), one.key.line)).collect();
        let keys = claimed.iter().chain(free.keys()).cloned().collect();
        let mut book = load_lines_in_tx(tx, &keys).await?;
        let mut changes = Changes::default();
        let mut causes = take(&mut book, news, &mut changes);
        take_free(&mut book, free, &mut causes)?;
        let undecided = runs::items_pending(tx).await?;
        self.follow_in_tx(tx, Following { book, causes, undecided, news: claimed, changes }, now, None).await
    }

    /// Tells the promises that waited for runs which are done now.
    ///
    /// # Errors
    /// As [`UseCases::follow_claims_in_tx`].
    pub(crate) async fn tell_promises_put_off(&self) -> Result<(), Error> {
        while !runs::promises_due(self.store().reader(), 1).await?.is_empty() {
            let now = self.now();
            self.store()
                .write("tell_promises", move |tx| {
                    Box::pin(async move {
                        let due = runs::promises_due(tx, PROMISES_AT_ONCE).await?;
                        let keys = due.iter().map(|promise| (promise.order_id.clone(), promise.line_number)).collect();
                        let book = load_lines_in_tx(tx, &keys).await?;
                        let mut causes = Causes::new();
                        for (order, line) in keys {
                            causes.entry(order).or_default().insert(line, "supply changed".to_owned());
                        }
                        let (undecided, news, changes) = (BTreeSet::new(), BTreeSet::new(), Changes::default());
                        let following = Following { book, causes, undecided, news, changes };
                        self.follow_in_tx(tx, following, now, None).await?;
                        runs::promises_told_in_tx(tx, &due).await?;
                        Ok::<_, Error>(())
                    })
                })
                .await?;
        }
        Ok(())
    }

    /// Looks again at promises that stood against what is expected and may follow it now, some at a time.
    ///
    /// # Errors
    /// As [`UseCases::follow_claims_in_tx`].
    pub(crate) async fn review_promises(&self) -> Result<(), Error> {
        let now = self.now();
        if promises_to_review(self.store().reader(), now, 1).await?.is_empty() {
            return Ok(());
        }
        self.store()
            .write("review_promises", move |tx| {
                Box::pin(async move {
                    let keys = promises_to_review(tx, now, PROMISES_AT_ONCE).await?;
                    let book = load_lines_in_tx(tx, &keys).await?;
                    let mut causes = Causes::new();
                    for (order, line) in keys {
                        causes.entry(order).or_default().insert(line, REVIEWED.to_owned());
                    }
                    let (undecided, news, changes) =
                        (runs::items_pending(tx).await?, BTreeSet::new(), Changes::default());
                    self.follow_in_tx(tx, Following { book, causes, undecided, news, changes }, now, None).await
                })
            })
            .await
    }

    /// Lets lines follow the release dates and horizons of their items, of which these are the new copies.
    ///
    /// # Errors
    /// As [`UseCases::follow_claims_in_tx`].
    pub(crate) async fn follow_releases_in_tx(
        &self,
        tx: &WriteTx<'_>,
        items: &[ItemCopy],
        now: Timestamp,
        traceparent: Option<String>,
    ) -> Result<(), Error> {
        let by_id: BTreeMap<&str, &ItemCopy> = items.iter().map(|item| (item.id.as_str(), item)).collect();
        let keys = unshipped_lines(tx, by_id.keys().copied()).await?;
        let mut book = load_lines_in_tx(tx, &keys).await?;
        let mut causes = Causes::new();
        for order in book.orders.values_mut() {
            let (channel, zone) = (order.row.channel.clone(), order.row.destination_zone.clone());
            for (number, line) in &mut order.lines {
                let Some(item) = by_id.get(line.row.item_id.as_str()) else { continue };
                let release = release_date(&item.releases, &channel, &zone).map(columns::date_text);
                let horizon = item.reservation_horizon_days.map(i32::from);
                if horizon != line.row.reservation_horizon_days {
                    put_horizon_in_tx(tx, &order.row.id, *number, horizon).await?;
                    line.row.reservation_horizon_days = horizon;
                    causes.entry(order.row.id.clone()).or_default().insert(*number, HORIZON.to_owned());
                }
                if release != line.row.release_date {
                    put_release_date_in_tx(tx, &order.row.id, *number, release.as_deref()).await?;
                    line.row.release_date = release;
                    line.forget_stock_days()?;
                    causes.entry(order.row.id.clone()).or_default().insert(*number, RELEASED.to_owned());
                }
            }
        }
        let (undecided, news, changes) = (runs::items_pending(tx).await?, BTreeSet::new(), Changes::default());
        self.follow_in_tx(tx, Following { book, causes, undecided, news, changes }, now, traceparent).await
    }

    pub(super) async fn follow_in_tx(
        &self,
        tx: &WriteTx<'_>,
        following: Following,
        now: Timestamp,
        traceparent: Option<String>,
    ) -> Result<(), Error> {
        let Following { mut book, causes, undecided, news, mut changes } = following;
        let places = self.catalog().places_in_tx(tx).await?;
        let moment = Moment { now, places: &places };
        let mut events = self.events(now, traceparent);
        let mut pending: Vec<&str> = Vec::new();
        let mut recalled = Recalled::new();
        for (id, order) in &mut book.orders {
            let Some(causes) = causes.get(id.as_str()) else { continue };
            if order.row.busy_step.is_some() {
                pending.push(id);
                continue;
            }
            let before = (order.row.lines_active, order.row.lines_shipped);
            let sets = names_of(order, causes.keys().copied());
            let awaited = await_runs(order, &sets, &undecided);
            for (number, text) in causes {
                let awaits_run = order
                    .lines
                    .get(number)
                    .is_some_and(|line| undecided.contains(&line.row.item_id) || awaited.contains(&line.row.set_name));
                let command = if awaits_run { Command::AwaitRun } else { Command::Follow };
                if let Some(recalling) = order.lines.get(number).map(|line| line.row.recalling).filter(|n| *n > 0) {
                    recalled.insert((id.clone(), *number), recalling);
                }
                let cause = Cause { reason: None, text: text.clone() };
                changes.settle_line(order, *number, command, &cause, moment, &mut events)?;
            }
            let settled: BTreeSet<i32> = causes.keys().copied().collect();
            for set in &sets {
                let command = if awaited.contains(set) { Command::AwaitRun } else { Command::Follow };
                let set = BTreeSet::from([set.clone()]);
                changes.follow_sets(order, &set, &settled, command, moment, &mut events)?;
            }
            let changed = settled.into_iter().filter(|number| news.contains(&(id.clone(), *number)));
            let changed = names_of(order, changed);
            if order.state()? == OrderState::Open {
                changes.decide_sets(order, &changed, moment);
            }
            if (order.row.lines_active, order.row.lines_shipped) != before {
                let command = command(order, now)?;
                changes.settle_order(order, command, "stock or supply changed", moment, &mut events)?;
            }
        }
        mark_claims_pending_in_tx(tx, &pending).await?;
        miss_in_tx(tx, &book, &recalled, now, &mut changes, &mut events).await?;
        self.record_in_tx(tx, Batch::new(tx), changes, events).await?;
        Ok(())
    }
}

/// Of ship sets, those of which a run is pending about an item of some line: what it decides is told of all their lines
/// together. Their lines note which item that is.
fn await_runs(order: &mut OrderRecord, sets: &BTreeSet<String>, undecided: &BTreeSet<String>) -> BTreeSet<String> {
    let mut awaited = BTreeSet::new();
    for set in sets {
        let item =
            members(order, set).map(|(_, line)| &line.row.item_id).find(|item| undecided.contains(*item)).cloned();
        let Some(item) = item else { continue };
        for line in order.lines.values_mut().filter(|line| line.row.set_name == *set) {
            line.awaited_item = Some(item.clone());
        }
        awaited.insert(set.clone());
    }
    awaited
}

/// Takes over what is free for lines; those of which it changed follow. Of an order that is busy the end of its step would
/// write it as it was.
fn take_free(book: &mut Book, free: &FreeForLines, causes: &mut Causes) -> Result<(), Error> {
    for ((id, number), units) in free {
        let Some(order) = book.orders.get_mut(id).filter(|order| order.row.busy_step.is_none()) else { continue };
        let Some(line) = order.lines.get_mut(number) else { continue };
        let text = free_text(units)?;
        if line.row.set_free != text {
            line.free_told = Some(text);
            order.set_views.clear();
            causes.entry(id.clone()).or_default().entry(*number).or_insert_with(|| FREE_CHANGED.to_owned());
        }
    }
    Ok(())
}

/// Copies the claims that are newer; answers their lines by order, each with the cause that tells most.
fn take(book: &mut Book, news: &[ClaimNews], changes: &mut Changes) -> Causes {
    let mut told: BTreeMap<(&str, i32), Vec<(i64, &str)>> = BTreeMap::new();
    for one in news {
        let LineKey { order, line: number, part } = &one.key;
        let known = book.line(order, *number).and_then(|line| line.claims.get(part));
        let waited = known.map_or(0, |claim| claim.waiting);
        if book.take_claim(&one.key, &one.claim) {
            if let Some(line) = book.line(order, *number) {
                changes.claim(line, &one.key);
            }
            let more = one.claim.copy.waiting.get() - waited;
            told.entry((order, *number)).or_default().push((more, &one.cause));
        }
    }
    let mut causes = Causes::new();
    for ((order, line), changes) in told {
        causes.entry(order.to_owned()).or_default().insert(line, telling_cause(&changes).to_owned());
    }
    causes
}

/// The cause to name for changes of a line that came at once, each with the units that wait since: where the line lost
/// units over all, what took them last; else the last one.
fn telling_cause<'a>(changes: &[(i64, &'a str)]) -> &'a str {
    let lost = changes.iter().map(|(more, _)| more).sum::<i64>() > 0;
    let told = changes.iter().rev().find(|(more, _)| !lost || *more > 0);
    told.map_or("", |(_, cause)| cause)
}

/// What the news means for the order: a quote of which nothing is left after its time has expired.
fn command(order: &OrderRecord, now: Timestamp) -> Result<OrderCommand, Error> {
    let is_over = order.row.quote_expires_at.is_some_and(|end| end <= columns::micros(now));
    let ended = order.state()? == OrderState::Quoted && is_over && order.row.lines_active == 0;
    Ok(if ended { OrderCommand::Expire } else { OrderCommand::Observe })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_is_told_though_news_of_its_pegs_came_with_it() {
        assert_eq!(telling_cause(&[(3, "damage"), (0, "supplies/po changed")]), "damage");
        assert_eq!(telling_cause(&[(1, "count"), (2, "damage"), (-1, "run")]), "damage");
        assert_eq!(telling_cause(&[(2, "damage"), (-2, "run")]), "run");
        assert_eq!(telling_cause(&[(0, "supplies/po changed")]), "supplies/po changed");
    }
}
