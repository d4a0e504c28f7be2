//! Reads items as they are now: stock, supply and claims from inventory, each item at one moment, and from the orders here
//! what inventory does not know of a line.
//!
//! Claims come from inventory and not from the copies here: copies lag behind, and know nothing of the claims of others.
//! What orders add was frozen at order time, or decides nothing about stock.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use backorder_domain::allocation::filter::Attribute;
use backorder_proto::inventory::v1 as inventory;

use super::{
    live::{LineFacts, LiveItem},
    rules::Rules,
};
use crate::{error::Error, store::orders, use_cases::UseCases};

/// Items in one question to inventory at most.
pub const ITEMS_AT_ONCE: usize = 100;
/// Lines looked up at once.
const LINES_AT_ONCE: usize = 1_000;

impl UseCases {
    /// The items of the ids, in their order.
    ///
    /// # Errors
    /// [`Error::Unanswered`] when inventory does not answer; those of the store.
    pub(crate) async fn read_live(&self, items: &BTreeSet<String>) -> Result<Vec<LiveItem>, Error> {
        let mut live: Vec<LiveItem> = Vec::with_capacity(items.len());
        let mut numbers: HashMap<String, usize> = HashMap::with_capacity(items.len());
        for item in items {
            numbers.insert(format!("items/{item}"), live.len());
            live.push(LiveItem::new(item));
        }
        let names: Vec<&String> = items.iter().collect();
        for names in names.chunks(ITEMS_AT_ONCE) {
            let items = names.iter().map(|item| format!("items/{item}")).collect();
            let mut messages = self.inventory().items_now(items).await.map_err(Error::Unanswered)?;
            while let Some(message) = messages.message().await.map_err(Error::Unanswered)? {
                take(&mut live, &numbers, message)?;
            }
        }
        for item in &mut live {
            self.add_facts(item).await?;
        }
        Ok(live)
    }

    /// The same, with what rules read of the items themselves.
    ///
    /// # Errors
    /// As of [`Self::read_live`].
    pub(crate) async fn read_live_for(&self, rules: &Rules, items: &BTreeSet<String>) -> Result<Vec<LiveItem>, Error> {
        let mut live = self.read_live(items).await?;
        if rules.reads().contains(&Attribute::ItemCategory) {
            let wanted = items.iter().map(|item| (item.as_str(), "items".to_owned())).collect();
            let copies = self.catalog().items(&wanted).await?;
            for item in &mut live {
                item.category = copies.get(&item.item).map(|copy| copy.category.clone()).unwrap_or_default();
            }
        }
        Ok(live)
    }

    /// Adds what the orders know of the lines.
    async fn add_facts(&self, item: &mut LiveItem) -> Result<(), Error> {
        let (now, places, reader) = (self.now(), self.catalog().places().await?, self.store().reader());
        for claims in item.claims.chunks_mut(LINES_AT_ONCE) {
            let keys = claims.iter().filter_map(|claim| claim.key());
            let keys: BTreeSet<(String, i32)> = keys.map(|key| (key.order, key.line)).collect();
            if keys.is_empty() {
                continue;
            }
            let rows = orders::lines_by_key(reader, &keys).await?;
            let ids: BTreeSet<&str> = keys.iter().map(|(order, _)| order.as_str()).collect();
            let found = orders::orders_by_id(reader, ids.into_iter()).await?;
            let found: HashMap<&str, _> = found.iter().map(|order| (order.id.as_str(), order)).collect();
            let mut facts: HashMap<(String, i32), Option<Arc<LineFacts>>> = HashMap::with_capacity(rows.len());
            for (key, row) in rows {
                if let Some(order) = found.get(key.0.as_str()) {
                    facts.insert(key, LineFacts::of(order, &row, &places, now)?.map(Arc::new));
                }
            }
            for claim in claims {
                let key = claim.key().map(|key| (key.order, key.line));
                claim.facts = key.and_then(|key| facts.get(&key).cloned().flatten());
            }
        }
        Ok(())
    }
}

fn take(
    live: &mut [LiveItem],
    numbers: &HashMap<String, usize>,
    message: inventory::ReadItemsResponse,
) -> Result<(), Error> {
    let number =
        |item: &str| numbers.get(item).copied().ok_or_else(|| Error::Contract(format!("{item} was not asked for")));
    for position in &message.positions {
        live[number(&position.item)?].take_position(position)?;
    }
    for supply in &message.supplies {
        live[number(&supply.item)?].take_supply(supply)?;
    }
    for claim in message.claims {
        live[number(&claim.item)?].take_claim(claim)?;
    }
    Ok(())
}
