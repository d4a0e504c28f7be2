//! Takes the lines of confirmed imports live, item by item.
//!
//! First inventory is told that the lines of an item may take stock, all at once and in the order of the queue, and pegs
//! what still waits in that order; then runs share what is free; then the barrier of go-live goes, and the promises follow
//! by rule. How far each line is stands in its row, so a crash forgets nothing, and doing a part again changes nothing.

use std::collections::BTreeSet;

use backorder_domain::{
    ids::derived_uuid,
    order::{eligibility::Barrier, promise::PromiseReason, state::OrderCommand},
};
use backorder_proto::inventory::v1 as pb;
use backorder_service_kit::jobs::Woken;
use backorder_storage::{Batch, WriteTx, columns};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::queue_changes::change_of;
use crate::{
    error::Error,
    order::{Cause, Changes, Command, Moment, sets::names_of},
    store::{
        entity::{imported_line, line_claim},
        go_live::{self, LIVE, SERVING, WAITING},
        orders::{load_lines_in_tx, opened_parts, read_lines},
        runs::{self, Pool},
        steps,
    },
    use_cases::{UseCases, claims::ClaimNews},
};

/// Items looked up at once.
const ITEMS_AT_ONCE: u64 = 500;
/// Parts in one call to inventory.
const CHUNK_MAX: usize = 1_000;
/// Lines that go live in one transaction.
const LINES_AT_ONCE: u64 = 500;
/// The name space of the ids of these calls.
const GO_LIVE: Uuid = Uuid::from_u128(0x8a3e_5d10_c6f2_4b97_8e04_19b5_7fd2_6ca3);
const CAUSE: &str = "go-live";

/// Takes confirmed imports live until shutdown.
///
/// # Errors
/// Those of the store and of inventory; the job is started anew then, after a pause.
pub async fn go_live(use_cases: UseCases, shutdown: CancellationToken) -> Result<(), Error> {
    loop {
        let is_going = use_cases.go_live().await?;
        let config = use_cases.config();
        let pause = if is_going { config.job_tick } else { config.hold_tick };
        if use_cases.wakes().go_live.wait(&shutdown, pause).await == Woken::Shutdown {
            return Ok(());
        }
    }
}

type Keys = BTreeSet<(String, i32)>;

fn keys_of(lines: &[imported_line::Model]) -> Keys {
    lines.iter().map(|line| (line.order_id.clone(), line.line_number)).collect()
}

impl UseCases {
    /// Takes the lines of confirmed imports further; answers whether some are still to come.
    async fn go_live(&self) -> Result<bool, Error> {
        let mut is_going = false;
        for import in go_live::confirmed(self.store().reader()).await? {
            self.each_item(&import, WAITING, Self::open_item).await?;
            self.each_item(&import, SERVING, Self::end_item).await?;
            is_going |= !self.end_import(&import).await?;
        }
        Ok(is_going)
    }

    async fn each_item(
        &self,
        import: &str,
        state: &str,
        work: impl AsyncFn(&Self, &str, &str) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut after = String::new();
        loop {
            let items = go_live::items(self.store().reader(), import, &[state], &after, ITEMS_AT_ONCE).await?;
            let Some(last) = items.last() else { return Ok(()) };
            after.clone_from(last);
            for item in &items {
                work(self, import, item).await?;
            }
        }
    }

    /// Tells inventory that the lines of an item may take stock, and asks for runs where units are put aside for them.
    async fn open_item(&self, import: &str, item: &str) -> Result<(), Error> {
        let reader = self.store().reader();
        let lines = go_live::lines_of_item(reader, (import, item), &[WAITING], None).await?;
        let keys = &keys_of(&lines);
        let parts = opened_parts(&read_lines(reader, keys).await?)?;
        let mut claims = Vec::new();
        for chunk in parts.chunks(CHUNK_MAX) {
            let change = |part| (pb::QueueChange { eligible: Some(true), ..change_of(part) }, part.version);
            claims.extend(self.change_queue(GO_LIVE, import, chunk.iter().map(change).collect()).await?);
        }
        claims.extend(self.peg_by_queue(import, item, &parts).await?);
        let name = format!("items/{item}");
        let holds = self.inventory().holds(&name).await.map_err(Error::Unanswered)?;
        let pools: &BTreeSet<Pool> = &holds.iter().filter_map(pool_of).collect();
        let mut news = Vec::new();
        for claim in &claims {
            news.extend(ClaimNews::of(claim, CAUSE)?);
        }
        let (news, now) = (&news, self.now());
        self.store()
            .write("open_imported_lines", move |tx| {
                Box::pin(async move {
                    self.follow_claims_in_tx(tx, news, pools, now, None).await?;
                    let put_off = self.wait_for_planner_in_tx(tx, pools).await?;
                    runs::request_in_tx(tx, pools, &put_off, columns::micros(now)).await?;
                    go_live::put_state_in_tx(tx, keys, SERVING).await?;
                    Ok::<_, Error>(())
                })
            })
            .await?;
        self.wakes().runs.wake();
        Ok(())
    }

    /// What waits was pegged in the order in which it was taken over.
    async fn peg_by_queue(
        &self,
        import: &str,
        item: &str,
        parts: &[line_claim::Model],
    ) -> Result<Vec<pb::Claim>, Error> {
        let decided_on: Vec<String> = parts
            .iter()
            .map(|part| format!("{}/{}/{}/{}", part.order_id, part.line_number, part.part, part.version))
            .collect();
        let request = pb::RepegItemsRequest {
            request_id: derived_uuid(GO_LIVE, &format!("{import} {item} {}", decided_on.join(" "))).to_string(),
            items: vec![format!("items/{item}")],
            context: None,
        };
        let answer = self.inventory().repeg_items(request).await.map_err(Error::Unanswered)?;
        Ok(answer.claims)
    }

    /// Takes the lines of an item live, about which no run is pending any more. Lines of orders that a step is under way
    /// for come later.
    async fn end_item(&self, import: &str, item: &str) -> Result<(), Error> {
        loop {
            let reader = self.store().reader();
            let lines = go_live::lines_of_item(reader, (import, item), &[SERVING], Some(LINES_AT_ONCE)).await?;
            let (keys, now) = (&keys_of(&lines), self.now());
            let done = self
                .store()
                .write("take_lines_live", move |tx| {
                    Box::pin(async move { self.end_lines_in_tx(tx, item, keys, now).await })
                })
                .await?;
            if done == 0 || done < keys.len() {
                return Ok(());
            }
        }
    }

    async fn end_lines_in_tx(&self, tx: &WriteTx<'_>, item: &str, keys: &Keys, now: Timestamp) -> Result<usize, Error> {
        if runs::items_pending(tx).await?.contains(item) {
            return Ok(0);
        }
        let mut book = load_lines_in_tx(tx, keys).await?;
        let places = self.catalog().places_in_tx(tx).await?;
        let moment = Moment { now, places: &places };
        let mut events = self.events(now, None);
        let mut changes = Changes::default();
        let mut done = Keys::new();
        let cause = Cause { reason: Some(PromiseReason::GoLive), text: CAUSE.to_owned() };
        for order in book.orders.values_mut().filter(|order| order.row.busy_step.is_none()) {
            let before = (order.row.lines_active, order.row.lines_shipped);
            let numbers: Vec<i32> = order.lines.keys().copied().collect();
            let sets = names_of(order, numbers.iter().copied());
            for number in numbers {
                let Some(line) = order.lines.get(&number) else { continue };
                if line.barriers()?.contains(Barrier::GoLive) {
                    changes.settle_line(order, number, Command::GoLive, &cause, moment, &mut events)?;
                }
                done.insert((order.row.id.clone(), number));
            }
            // What goes together was in nobody's turn before.
            changes.decide_sets(order, &sets, moment);
            if (order.row.lines_active, order.row.lines_shipped) != before {
                changes.settle_order(order, OrderCommand::Observe, CAUSE, moment, &mut events)?;
            }
        }
        go_live::put_state_in_tx(tx, &done, LIVE).await?;
        self.record_in_tx(tx, Batch::new(tx), changes, events).await?;
        Ok(done.len())
    }

    /// Ends an import of which all lines are live; answers whether it is. Orders of which the taking over was begun before
    /// go-live was confirmed may still come.
    async fn end_import(&self, import: &str) -> Result<bool, Error> {
        let reader = self.store().reader();
        if steps::count_imports(reader).await? > 0
            || !go_live::items(reader, import, &[WAITING, SERVING], "", 1).await?.is_empty()
        {
            return Ok(false);
        }
        let now = columns::micros(self.now());
        self.store()
            .write("end_import", move |tx| {
                Box::pin(async move {
                    if let Some(mut row) = go_live::lock_in_tx(tx, import).await?
                        && row.live_at.is_none()
                    {
                        LIVE.clone_into(&mut row.state);
                        row.live_at = Some(now);
                        go_live::put_in_tx(tx, row).await?;
                    }
                    Ok::<_, Error>(true)
                })
            })
            .await
    }
}

fn pool_of(hold: &pb::Hold) -> Option<Pool> {
    let item = hold.item.strip_prefix("items/")?.to_owned();
    let location = hold.location.strip_prefix("locations/")?.to_owned();
    (hold.quantity > 0).then_some((item, location))
}
