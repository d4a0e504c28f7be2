//! All that decides who of an item gets what and when, as it is at one moment: for whoever decides about many lines at once.

use std::collections::BTreeSet;

use backorder_domain::ids::ItemId;
use backorder_proto::{convert::inventory as wire, inventory::v1 as pb};
use backorder_storage::columns;

use super::{UseCases, listing};
use crate::{
    error::Error,
    store::stock::{self, position_of},
};

/// Rows in one message at most.
const ROWS_PER_MESSAGE: usize = 1_000;

impl UseCases {
    /// Positions, open supplies and open claims of items, in messages of some rows each.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn read_items(&self, items: &BTreeSet<ItemId>) -> Result<Vec<pb::ReadItemsResponse>, Error> {
        let items: Vec<&ItemId> = items.iter().collect();
        let (positions, supplies, claims) = self
            .store()
            .snapshot("read_items", move |tx| {
                Box::pin(async move {
                    let connection: &backorder_storage::Transaction = tx;
                    let positions = stock::positions(connection, &items).await?;
                    let supplies = stock::open_supplies(connection, &items).await?;
                    let claims = stock::open_claims(connection, &items).await?;
                    let claims = listing::claim_messages(connection, claims).await?;
                    Ok::<_, Error>((positions, supplies, claims))
                })
            })
            .await?;
        let mut positions = positions
            .iter()
            .map(|row| {
                let item = stock::item_id(&row.item_id, "position")?;
                let updated_at = columns::instant(row.updated_at, "position")?;
                Ok(wire::position(&item, &position_of(row)?, Some(updated_at)))
            })
            .collect::<Result<Vec<_>, Error>>()?;
        positions.sort_by(|a, b| (&a.item, &a.location).cmp(&(&b.item, &b.location)));
        let mut supplies = supplies.iter().map(listing::supply_message).collect::<Result<Vec<_>, _>>()?;
        supplies.sort_by(|a, b| (&a.item, &a.name).cmp(&(&b.item, &b.name)));
        let positions = in_messages(positions, |positions| pb::ReadItemsResponse { positions, ..Default::default() });
        let supplies = in_messages(supplies, |supplies| pb::ReadItemsResponse { supplies, ..Default::default() });
        let claims = in_messages(claims, |claims| pb::ReadItemsResponse { claims, ..Default::default() });
        Ok(positions.into_iter().chain(supplies).chain(claims).collect())
    }
}

fn in_messages<T>(rows: Vec<T>, message: impl Fn(Vec<T>) -> pb::ReadItemsResponse) -> Vec<pb::ReadItemsResponse> {
    let mut messages = Vec::with_capacity(rows.len().div_ceil(ROWS_PER_MESSAGE));
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        messages.push(message(rows.by_ref().take(ROWS_PER_MESSAGE).collect()));
    }
    messages
}
