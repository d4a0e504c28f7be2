//! What going live would change now, line by line: a look ahead that keeps nothing.
//!
//! Inventory answers how the claims of an item would stand; the lines follow them in memory by the rules by which they
//! would follow in truth.

use std::collections::BTreeSet;

use backorder_domain::{
    money::CurrencyCode,
    order::{
        go_live::{GoLiveSummary, LineChange, PromiseChange},
        promise::PromiseReason,
    },
    quantity::Quantity,
};
use backorder_proto::{
    allocation::v1 as pb,
    common::v1::Money,
    convert::{
        allocation::{claim_of_line, line_name},
        encode,
    },
    inventory::v1 as inventory,
};
use backorder_storage::columns;
use tokio::sync::mpsc;
use tonic::Status;

use super::read::no_import;
use crate::{
    error::Error,
    order::{Book, Cause, Command, LineKey, LineRecord, Moment, message::money, settle::settle},
    store::{
        entity::customer_order,
        go_live::{self, SERVING, WAITING},
        orders::{opened_parts, read_lines},
    },
    use_cases::UseCases,
};

/// Items looked up at once.
const ITEMS_AT_ONCE: u64 = 500;
/// Lines in one message at most.
const LINES_PER_MESSAGE: usize = 500;
/// Messages that wait for the reader at most.
const MESSAGES_WAITING: usize = 4;

type Sender = mpsc::Sender<Result<pb::PreviewGoLiveResponse, Status>>;

impl UseCases {
    /// What going live would change, in messages of some lines each; the last one has the summary.
    ///
    /// # Errors
    /// [`Error::Missing`]. What fails later ends the stream.
    pub async fn preview_go_live(
        self,
        import: String,
    ) -> Result<mpsc::Receiver<Result<pb::PreviewGoLiveResponse, Status>>, Error> {
        let found = go_live::find(self.store().reader(), &import).await?;
        found.ok_or_else(|| no_import(&import))?;
        let (sender, receiver) = mpsc::channel(MESSAGES_WAITING);
        tokio::spawn(async move {
            // A reader that is gone wants no more.
            if let Err(error) = self.send_preview(&import, &sender).await {
                let _ = sender.send(Err(error.into())).await;
            }
        });
        Ok(receiver)
    }

    async fn send_preview(&self, import: &str, sender: &Sender) -> Result<(), Error> {
        let mut summary = GoLiveSummary::default();
        let mut lines = Vec::new();
        let mut after = String::new();
        loop {
            let states = [WAITING, SERVING];
            let items = go_live::items(self.store().reader(), import, &states, &after, ITEMS_AT_ONCE).await?;
            let Some(last) = items.last() else { break };
            after.clone_from(last);
            for item in &items {
                for (line, change) in self.preview_item(import, item).await? {
                    summary.add(&change);
                    lines.push(line);
                    if lines.len() == LINES_PER_MESSAGE {
                        let part = pb::PreviewGoLiveResponse { lines: std::mem::take(&mut lines), summary: None };
                        if sender.send(Ok(part)).await.is_err() {
                            return Ok(());
                        }
                    }
                }
            }
        }
        let last = pb::PreviewGoLiveResponse { lines, summary: Some(summary_message(&summary)) };
        let _ = sender.send(Ok(last)).await;
        Ok(())
    }

    /// The lines of one item, in the order of its queue.
    async fn preview_item(&self, import: &str, item: &str) -> Result<Vec<(pb::GoLiveLine, LineChange)>, Error> {
        let reader = self.store().reader();
        let imported = go_live::lines_of_item(reader, (import, item), &[WAITING, SERVING], None).await?;
        let keys: BTreeSet<_> = imported.iter().map(|line| (line.order_id.clone(), line.line_number)).collect();
        let mut book = read_lines(reader, &keys).await?;
        let opened: BTreeSet<String> =
            opened_parts(&book)?.iter().map(|part| LineKey::of(part).demand_line()).collect();
        let request = inventory::PreviewServingRequest {
            item: format!("items/{item}"),
            lines: opened.into_iter().collect(),
            ..inventory::PreviewServingRequest::default()
        };
        for claim in self.inventory().preview_serving(request).await.map_err(Error::Unanswered)?.claims {
            if let Some(key) = LineKey::of_claim(&claim.line, claim.part) {
                let claim = claim_of_line(&claim).map_err(|violations| Error::Contract(violations.to_string()))?;
                book.take_claim(&key, &claim);
            }
        }
        let places = self.catalog().places().await?;
        let moment = Moment { now: self.now(), places: &places };
        let mut found = Vec::with_capacity(imported.len());
        for line in &imported {
            if let Some((order, record)) = taken(&mut book, &line.order_id, line.line_number) {
                let place = (record.row.queue_key.clone(), record.row.queue_time);
                found.push((place, change_of(order, record, line.reserved_before, moment)?));
            }
        }
        found.sort_by(|(a, (x, _)), (b, (y, _))| (a, &x.line).cmp(&(b, &y.line)));
        Ok(found.into_iter().map(|(_, change)| change).collect())
    }
}

fn taken<'b>(book: &'b mut Book, order: &str, line: i32) -> Option<(&'b customer_order::Model, LineRecord)> {
    let order = book.orders.get_mut(order)?;
    let line = order.lines.remove(&line)?;
    Some((&order.row, line))
}

fn change_of(
    order: &customer_order::Model,
    mut record: LineRecord,
    reserved_before: i64,
    moment: Moment<'_>,
) -> Result<(pb::GoLiveLine, LineChange), Error> {
    const TABLE: &str = "order_line";
    let before = record.row.clone();
    let cause = Cause { reason: Some(PromiseReason::GoLive), text: String::new() };
    settle(order, &mut record, Command::GoLive, &cause, moment, None)?;
    let day = |text: &Option<String>| columns::optional_date(text.as_deref(), TABLE);
    let (promised, promised_after) = (day(&before.current_promised_date)?, day(&record.row.current_promised_date)?);
    let expected = day(&record.row.expected_ship_date)?;
    let change = PromiseChange::between(promised, promised_after);
    let units = |number: i64| Quantity::try_new(number).unwrap_or_default();
    let reserved = |row: &crate::store::entity::order_line::Model| units(row.reserved + row.released);
    let open = units(before.open + before.reserved + before.released);
    let price = before.price_nanos.zip(CurrencyCode::try_new(&order.currency_code).ok());
    let change = LineChange {
        change,
        open,
        price: price.map(|(nanos, currency)| (currency, nanos)),
        reserved_before: units(reserved_before),
        reserved: reserved(&before),
        reserved_after: reserved(&record.row),
    };
    let value = before.price_nanos.and_then(|price| price.checked_mul(open.get()));
    let line = pb::GoLiveLine {
        line: line_name(&before.order_id, before.line_number),
        item: format!("items/{}", before.item_id),
        customer: order.customer.clone(),
        open: open.get(),
        reserved_before,
        reserved: change.reserved.get(),
        reserved_after: change.reserved_after.get(),
        promised_date: promised.map(encode::date),
        expected_date: expected.map(encode::date),
        new_promised_date: promised_after.map(encode::date),
        change: change_message(change.change).into(),
        value: money(&order.currency_code, value),
    };
    Ok((line, change))
}

const fn change_message(change: PromiseChange) -> pb::GoLiveChange {
    match change {
        PromiseChange::None => pb::GoLiveChange::None,
        PromiseChange::Earlier => pb::GoLiveChange::Earlier,
        PromiseChange::Later => pb::GoLiveChange::Later,
        PromiseChange::Lost => pb::GoLiveChange::Lost,
        PromiseChange::First => pb::GoLiveChange::First,
    }
}

fn summary_message(summary: &GoLiveSummary) -> pb::GoLiveSummary {
    let counts = summary.counts.iter().map(|(change, count)| pb::GoLiveCount {
        change: change_message(*change).into(),
        lines: count.lines,
        units: count.units,
        values: count.values.iter().map(|(currency, nanos)| amount(currency, *nanos)).collect(),
    });
    pb::GoLiveSummary {
        counts: counts.collect(),
        units_gained: summary.units_gained,
        lines_short: summary.lines_short,
        units_short: summary.units_short,
    }
}

/// An amount that may be more than one line can be worth.
fn amount(currency: &str, nanos: i128) -> Money {
    const PER_UNIT: i128 = 1_000_000_000;
    Money {
        currency_code: currency.to_owned(),
        units: i64::try_from(nanos / PER_UNIT).unwrap_or(i64::MAX),
        nanos: i32::try_from(nanos % PER_UNIT).unwrap_or_default(),
    }
}
