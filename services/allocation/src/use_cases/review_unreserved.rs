//! Looks again at what lines beyond their horizon are promised without a reservation: what was free on their day may have
//! gone to others, and may have come back. The customer hears of it now and not when the horizon opens.

use std::collections::{BTreeMap, BTreeSet};

use backorder_domain::order::horizon::{WantedLater, shares_later};
use backorder_storage::WriteTx;
use jiff::Timestamp;

use super::claims::{Causes, Following};
use crate::{
    error::Error,
    order::{Book, Changes, LineRecord, horizon::leaves},
    saga::available_by_day,
    store::{
        orders::{UnreservedLine, load_lines_in_tx, read_lines, unreserved_lines},
        runs,
    },
    use_cases::UseCases,
};

/// Lines that are read at once. Those of one item that do not fit are looked at by themselves.
const LINES_AT_ONCE: u64 = 2_000;
/// Lines that are written in one transaction.
const WRITTEN_AT_ONCE: usize = 500;
/// What changes such a promise, for people.
const CAUSE: &str = "what is free on its day was looked at again";

type Key = (String, i32);
/// An item and a location.
type Pool = (String, String);

impl UseCases {
    /// Brings what lines are promised without a reservation to what they can have now.
    ///
    /// # Errors
    /// Those of the store; [`Error::Unanswered`] when inventory does not answer.
    pub(crate) async fn review_unreserved(&self) -> Result<(), Error> {
        let mut after: Option<UnreservedLine> = None;
        loop {
            let from = after.as_ref().map(|line| (line.item_id.as_str(), line.order_id.as_str(), line.line_number));
            let lines = unreserved_lines(self.store().reader(), from, LINES_AT_ONCE).await?;
            let Some(last) = lines.last().cloned() else { return Ok(()) };
            let keys = lines.into_iter().map(|line| (line.order_id, line.line_number)).collect();
            let book = read_lines(self.store().reader(), &keys).await?;
            let mut changed = BTreeMap::new();
            for (pool, lines) in by_pool(&book) {
                changed.extend(self.other_shares(&pool, lines).await?);
            }
            let changed: Vec<(Key, i64)> = changed.into_iter().collect();
            for shares in changed.chunks(WRITTEN_AT_ONCE) {
                self.put_shares(&shares.iter().cloned().collect()).await?;
            }
            after = Some(last);
        }
    }

    /// The lines of a pool that can have more or fewer units than they are promised, in the order of the queue.
    async fn other_shares(&self, (item, location): &Pool, lines: Vec<&LineRecord>) -> Result<Vec<(Key, i64)>, Error> {
        let (item, location) = (format!("items/{item}"), format!("locations/{location}"));
        let available = available_by_day(self, &item, &location).await.map_err(Error::Unanswered)?;
        let later =
            |line: &&LineRecord| Ok::<_, Error>(WantedLater { day: leaves(&line.row)?, wanted: wanted_of(line) });
        let wanted = lines.iter().map(later).collect::<Result<Vec<_>, _>>()?;
        let shares = shares_later(&wanted, &available);
        let of_lines = lines.iter().zip(wanted).zip(shares);
        let other =
            of_lines.filter(|((line, wanted), share)| line.row.unreserved_quantity.min(wanted.wanted) != *share);
        Ok(other.map(|((line, _), share)| ((line.row.order_id.clone(), line.row.line_number), share)).collect())
    }

    async fn put_shares(&self, shares: &BTreeMap<Key, i64>) -> Result<(), Error> {
        let now = self.now();
        self.store()
            .write("review_unreserved", move |tx| Box::pin(async move { self.put_shares_in_tx(tx, shares, now).await }))
            .await
    }

    /// Lines that came into their horizon meanwhile, or of orders that a step is under way for, are passed over: they are
    /// looked at next time.
    async fn put_shares_in_tx(
        &self,
        tx: &WriteTx<'_>,
        shares: &BTreeMap<Key, i64>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut book = load_lines_in_tx(tx, &shares.keys().cloned().collect()).await?;
        let mut causes = Causes::new();
        for order in book.orders.values_mut().filter(|order| order.row.busy_step.is_none()) {
            for (number, line) in &mut order.lines {
                let share = shares.get(&(order.row.id.clone(), *number));
                let Some(share) = share.filter(|_| !line.row.unreserved_location.is_empty()) else { continue };
                line.row.unreserved_quantity = *share;
                causes.entry(order.row.id.clone()).or_default().insert(*number, CAUSE.to_owned());
            }
        }
        let undecided = runs::items_pending(tx).await?;
        let (news, changes) = (BTreeSet::new(), Changes::default());
        self.follow_in_tx(tx, Following { book, causes, undecided, news, changes }, now, None).await
    }
}

/// Units of a line that no supply is expected for.
fn wanted_of(line: &LineRecord) -> i64 {
    line.claims.values().map(|claim| claim.waiting - claim.pegged).sum()
}

/// The lines by item and location, each pool in the order of the queue.
fn by_pool(book: &Book) -> BTreeMap<Pool, Vec<&LineRecord>> {
    let mut pools: BTreeMap<Pool, Vec<&LineRecord>> = BTreeMap::new();
    for line in book.orders.values().flat_map(|order| order.lines.values()) {
        let pool = (line.row.item_id.clone(), line.row.unreserved_location.clone());
        pools.entry(pool).or_default().push(line);
    }
    for lines in pools.values_mut() {
        lines.sort_by(|a, b| place(a).cmp(&place(b)));
    }
    pools
}

fn place(line: &LineRecord) -> (&str, i64, &str, i32) {
    (&line.row.queue_key, line.row.queue_time, &line.row.order_id, line.row.line_number)
}
