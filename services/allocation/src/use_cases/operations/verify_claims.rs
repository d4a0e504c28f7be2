//! The proof of the copies of claims against inventory, which has the claims.
//!
//! A step changes claims before their copies. So what differs is looked at once more, and is a difference only if no step
//! stood between the two all the while; else the order is left out, which is told.

use std::collections::{BTreeMap, BTreeSet};

use backorder_proto::{convert::allocation::claim_of_line, inventory::v1 as inventory};
use backorder_storage::{StorageError, Transaction};

use super::verify::{Proof, Units, units_of_copy};
use crate::{
    error::Error,
    order::{
        LineKey,
        key::{HISTORY_PART, QUOTE_PART, demand_line},
    },
    store::{
        entity::{customer_order, line_claim, order_line},
        orders::find_order,
        totals,
    },
    use_cases::UseCases,
};

/// Orders that are compared at once.
const ORDERS_AT_ONCE: u64 = 200;
/// Lines whose claims are asked for at once.
const LINES_AT_ONCE: usize = 1_000;

/// The copies of the claims of some orders, on one snapshot.
#[derive(PartialEq)]
struct Copies {
    orders: Vec<customer_order::Model>,
    lines: Vec<order_line::Model>,
    claims: Vec<line_claim::Model>,
}

impl Copies {
    /// Those of the orders after an id; `None` after the last.
    async fn after(tx: &Transaction, after: &str) -> Result<Option<Self>, StorageError> {
        let orders = totals::orders_after(tx, after, ORDERS_AT_ONCE).await?;
        let Some((first, last)) = orders.first().zip(orders.last()) else { return Ok(None) };
        let (first, last) = (first.id.clone(), last.id.clone());
        Ok(Some(Self::of(tx, orders, &first, &last).await?))
    }

    /// Those of one order.
    async fn of_order(tx: &Transaction, id: &str) -> Result<Self, StorageError> {
        let orders = find_order(tx, id).await?.into_iter().collect();
        Self::of(tx, orders, id, id).await
    }

    async fn of(
        tx: &Transaction,
        orders: Vec<customer_order::Model>,
        first: &str,
        last: &str,
    ) -> Result<Self, StorageError> {
        let lines = totals::lines_between(tx, first, last).await?;
        let claims = totals::claims_between(tx, first, last).await?;
        Ok(Self { orders, lines, claims })
    }

    fn is_busy(&self) -> bool {
        self.orders.iter().any(|order| order.busy_step.is_some())
    }

    /// The demand lines under which inventory may have claims.
    fn demand_lines(&self) -> Vec<String> {
        let lines = self.lines.iter().map(|line| demand_line(&line.order_id, line.line_number, false));
        let quotes = self.claims.iter().filter(|claim| claim.part == QUOTE_PART);
        lines.chain(quotes.map(|claim| demand_line(&claim.order_id, claim.line_number, true))).collect()
    }

    /// Each claim with what its copy says and what inventory has, where these differ. A closed claim without a copy is
    /// found here, an open one by the listing.
    fn differences(&self, truth: &BTreeMap<LineKey, Units>) -> Vec<(LineKey, Units, Units)> {
        // What left in another system never had a claim.
        let copies = self.claims.iter().filter(|copy| copy.part != HISTORY_PART);
        let mut found: Vec<_> = copies
            .map(|copy| {
                let key = key_of(copy);
                let expected = truth.get(&key).copied().unwrap_or_default();
                (key, units_of_copy(copy), expected)
            })
            .collect();
        let copied: BTreeSet<LineKey> = self.claims.iter().map(key_of).collect();
        let is_closed = |[reserved, waiting, ..]: &Units| reserved + waiting == 0;
        let closed = truth.iter().filter(|(key, units)| is_closed(units) && !copied.contains(*key));
        found.extend(closed.map(|(key, expected)| (key.clone(), Units::default(), *expected)));
        found.retain(|(_, booked, expected)| booked != expected);
        found
    }
}

impl UseCases {
    /// Compares every copy with what inventory has. Each page is read on one snapshot, which ends before inventory is
    /// asked.
    pub(super) async fn compare_copies(&self, proof: &mut Proof) -> Result<(), Error> {
        let mut after = String::new();
        loop {
            let from = after.as_str();
            let page = self.store().snapshot("verify_claims", move |tx| Box::pin(Copies::after(tx, from))).await?;
            let Some(page) = page else { return Ok(()) };
            let truth = self.claims_of_copies(&page).await?;
            let differing: BTreeSet<String> = page.differences(&truth).into_iter().map(|(key, ..)| key.order).collect();
            for order in differing {
                self.compare_again(proof, &order).await?;
            }
            after = page.orders.last().map(|order| order.id.clone()).unwrap_or_default();
        }
    }

    /// Compares the copies of one order that differed. An order that a step is under way for, or that changes while
    /// inventory is asked, is left out.
    async fn compare_again(&self, proof: &mut Proof, order: &str) -> Result<(), Error> {
        let before = self.copies_of(order).await?;
        let truth = self.claims_of_copies(&before).await?;
        let after = self.copies_of(order).await?;
        if before.is_busy() || before != after {
            proof.leave_out(order);
            return Ok(());
        }
        for (key, booked, expected) in before.differences(&truth) {
            proof.compare_one(&key, booked, expected);
        }
        Ok(())
    }

    async fn copies_of(&self, order: &str) -> Result<Copies, StorageError> {
        self.store().snapshot("verify_order", move |tx| Box::pin(Copies::of_order(tx, order))).await
    }

    async fn claims_of_copies(&self, copies: &Copies) -> Result<BTreeMap<LineKey, Units>, Error> {
        let mut claims = BTreeMap::new();
        for lines in copies.demand_lines().chunks(LINES_AT_ONCE) {
            claims.extend(units_of(&self.inventory().claims_of(lines.to_vec()).await.map_err(Error::Unanswered)?)?);
        }
        Ok(claims)
    }

    /// Finds open claims in inventory without a copy here. Those of an order that a step is under way for are still to be
    /// recorded.
    pub(super) async fn find_orphans(&self, proof: &mut Proof) -> Result<(), Error> {
        let mut page_token = String::new();
        loop {
            let (claims, next) = self.inventory().open_claims(page_token).await.map_err(Error::Unanswered)?;
            let open = units_of(&claims)?;
            let orders: &BTreeSet<String> = &open.keys().map(|key| key.order.clone()).collect();
            // Busy first: a step that ends in between has recorded its claims.
            let busy = totals::busy_among(self.store().reader(), orders).await?;
            let copies = totals::claims_of(self.store().reader(), orders).await?;
            let copied: BTreeSet<LineKey> = copies.iter().map(key_of).collect();
            for (key, units) in open.iter().filter(|(key, _)| !busy.contains(&key.order) && !copied.contains(*key)) {
                proof.compare_one(key, Units::default(), *units);
            }
            if next.is_empty() {
                return Ok(());
            }
            page_token = next;
        }
    }
}

/// The units of claims of orders; other demand is left out.
fn units_of(claims: &[inventory::Claim]) -> Result<BTreeMap<LineKey, Units>, Error> {
    let mut units = BTreeMap::new();
    for claim in claims {
        let Some(key) = LineKey::of_claim(&claim.line, claim.part) else { continue };
        let claim = claim_of_line(claim).map_err(|violations| Error::Contract(violations.to_string()))?;
        let reserved = claim.copy.reserved().map_or(0, |quantity| quantity.get());
        let copy = &claim.copy;
        let eligible = if claim.eligible { copy.waiting.get() } else { 0 };
        units.insert(key, [reserved, copy.waiting.get(), copy.posted.get(), copy.released.get(), eligible]);
    }
    Ok(units)
}

fn key_of(copy: &line_claim::Model) -> LineKey {
    LineKey { order: copy.order_id.clone(), line: copy.line_number, part: copy.part }
}
