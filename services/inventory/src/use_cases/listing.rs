//! Reading positions, movements, claims, holds and supplies: single rows and pages.

use std::collections::{BTreeSet, HashMap};

use backorder_domain::{
    ids::{ItemId, LineId, LocationId, SupplyId},
    stock::{claim::Claim, position::Position, supply::Supply},
};
use backorder_proto::{convert::inventory as wire, inventory::v1 as pb};
use backorder_service_kit::paging::{PageBinding, PageRequest};
use backorder_storage::{StorageError, columns};

use super::{UseCases, groups::Takeable, page_token_invalid};
use crate::{
    error::{Error, Kind},
    store::{
        entity::{claim, supply},
        listing::{self as table, WaitingFilter},
        movements,
        receipts::{self, ReceiptFilter},
        stock::{self, complete_claims, hold_of, movement_of, position_of, received_line_of, supply_of},
    },
};

/// Separates the parts of a page's key. No id and no queue key holds it.
const SEPARATOR: char = '\u{1f}';

/// A page of messages with the token of the next one.
pub type Page<T> = (Vec<T>, String);

impl UseCases {
    /// One position; zeros for a pair that never had stock.
    ///
    /// # Errors
    /// [`Error::Missing`] when item or location do not exist.
    pub async fn get_position(&self, item: &ItemId, location: &LocationId) -> Result<pb::Position, Error> {
        self.check_master_data(&[(item, "item".to_owned())], &[(location, "location".to_owned())]).await?;
        match table::find_position(self.store().reader(), item, location).await? {
            Some(row) => {
                let updated_at = columns::instant(row.updated_at, "position")?;
                Ok(wire::position(item, &position_of(&row)?, Some(updated_at)))
            }
            None => Ok(wire::position(item, &Position::empty(location.clone()), None)),
        }
    }

    /// Positions by item, then location.
    ///
    /// # Errors
    /// Those of the store, or of a page token.
    pub async fn list_positions(
        &self,
        page: &PageRequest,
        binding: &PageBinding,
        item: Option<&ItemId>,
        location: Option<&LocationId>,
    ) -> Result<Page<pb::Position>, Error> {
        let after = page.after.as_deref().map(key_parts::<2>).transpose()?;
        let reader = self.store().reader();
        let mut rows = table::list_positions(reader, after, item, location, page.query_limit()).await?;
        let token = page.cut(&mut rows, binding, |row| page_key([&row.item_id, &row.location_id]));
        let positions = rows.iter().map(|row| {
            let item = stock::item_id(&row.item_id, "position")?;
            let updated_at = columns::instant(row.updated_at, "position")?;
            Ok(wire::position(&item, &position_of(row)?, Some(updated_at)))
        });
        Ok((positions.collect::<Result<_, StorageError>>()?, token))
    }

    /// Movements of an item, newest first.
    ///
    /// # Errors
    /// Those of the store, or of a page token.
    pub async fn list_movements(
        &self,
        page: &PageRequest,
        binding: &PageBinding,
        item: &ItemId,
        location: Option<&LocationId>,
    ) -> Result<Page<pb::Movement>, Error> {
        let before = page.after.as_deref().map(number).transpose()?;
        let reader = self.store().reader();
        let mut rows = movements::list(reader, before, item, location, page.query_limit()).await?;
        let token = page.cut(&mut rows, binding, |row| row.id.to_string());
        let movements = rows.iter().map(|row| {
            let movement = movement_of(row)?;
            let recorded_at = columns::instant(row.recorded_at, "movement")?;
            Ok(wire::movement(item, &movement, movement.command_id, row.ordinal, recorded_at))
        });
        Ok((movements.collect::<Result<_, StorageError>>()?, token))
    }

    /// The claims of lines, all parts, in the order of the lines.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn claims_of(&self, lines: &[LineId]) -> Result<Vec<pb::Claim>, Error> {
        let names: Vec<&LineId> = lines.iter().collect();
        let claims = self
            .store()
            .snapshot("claims_of", move |tx| {
                Box::pin(async move {
                    let connection: &backorder_storage::Transaction = tx;
                    let rows = stock::claims_of_lines(connection, &names).await?;
                    claim_messages(connection, rows).await
                })
            })
            .await?;
        let mut by_line: HashMap<String, Vec<pb::Claim>> = HashMap::new();
        for claim in claims {
            by_line.entry(claim.line.clone()).or_default().push(claim);
        }
        Ok(lines.iter().filter_map(|line| by_line.remove(line.as_str())).flatten().collect())
    }

    /// Claims on an item that wait, in the order of the queue.
    ///
    /// # Errors
    /// [`Error::Missing`] for the item; those of the store, or of a page token.
    pub async fn list_waiting_claims(
        &self,
        page: &PageRequest,
        binding: &PageBinding,
        filter: &WaitingFilter,
    ) -> Result<Page<pb::Claim>, Error> {
        let named = filter.location.iter().map(|location| (location, "location".to_owned()));
        self.check_master_data(&[(&filter.item, "item".to_owned())], &named.collect::<Vec<_>>()).await?;
        let after = page.after.as_deref().map(key_parts::<4>).transpose()?;
        let after = match after {
            Some([key, time, line, part]) => Some((key, number(time)?, line, number(part)?)),
            None => None,
        };
        let limit = page.query_limit();
        let dates = self.places().await?.dates_at(self.now());
        self.store()
            .snapshot("list_waiting_claims", move |tx| {
                Box::pin(async move {
                    let connection: &backorder_storage::Transaction = tx;
                    let mut rows = table::list_waiting(connection, after, filter, limit).await?;
                    let token = page.cut(&mut rows, binding, |row| {
                        let (time, part) = (row.queue_time.to_string(), row.part.to_string());
                        page_key([&row.queue_key, &time, &row.line_id, &part])
                    });
                    let order: Vec<(String, i32)> = rows.iter().map(|row| (row.line_id.clone(), row.part)).collect();
                    let takeable = Takeable::read(connection, &filter.item, &rows, dates.clone()).await?;
                    let location = filter.location.as_ref();
                    let messages = claim_messages_with(connection, rows, |claim| {
                        Some(takeable.as_ref()?.by(claim, location).get())
                    })
                    .await?;
                    let mut by_key: HashMap<(String, i32), pb::Claim> =
                        messages.into_iter().map(|claim| ((claim.line.clone(), claim.part), claim)).collect();
                    Ok((order.iter().filter_map(|key| by_key.remove(key)).collect(), token))
                })
            })
            .await
    }

    /// Claims of which units are reserved or wait, by line and part.
    ///
    /// # Errors
    /// Those of the store, or of a page token.
    pub async fn list_open_claims(&self, page: &PageRequest, binding: &PageBinding) -> Result<Page<pb::Claim>, Error> {
        let after = page.after.as_deref().map(key_parts::<2>).transpose()?;
        let after = match after {
            Some([line, part]) => Some((line, number(part)?)),
            None => None,
        };
        self.store()
            .snapshot("list_open_claims", move |tx| {
                Box::pin(async move {
                    let connection: &backorder_storage::Transaction = tx;
                    let mut rows = table::list_open_claims(connection, after, page.query_limit()).await?;
                    let token = page.cut(&mut rows, binding, |row| page_key([&row.line_id, &row.part.to_string()]));
                    Ok((claim_messages(connection, rows).await?, token))
                })
            })
            .await
    }

    /// Open holds, oldest first.
    ///
    /// # Errors
    /// Those of the store, or of a page token.
    pub async fn list_holds(
        &self,
        page: &PageRequest,
        binding: &PageBinding,
        item: Option<&ItemId>,
    ) -> Result<Page<pb::Hold>, Error> {
        let after = page.after.as_deref().map(key_parts::<2>).transpose()?;
        let after = match after {
            Some([created, hold]) => Some((number(created)?, hold)),
            None => None,
        };
        let mut rows = table::list_holds(self.store().reader(), after, item, page.query_limit()).await?;
        let token = page.cut(&mut rows, binding, |row| page_key([&row.created_at.to_string(), &row.hold_id]));
        let holds = rows.iter().map(|row| {
            let item = stock::item_id(&row.item_id, "hold")?;
            Ok(wire::hold(&item, &hold_of(row)?))
        });
        Ok((holds.collect::<Result<_, StorageError>>()?, token))
    }

    /// Lines of receipts, newest first.
    ///
    /// # Errors
    /// Those of the store, or of a page token.
    pub async fn list_receipts(
        &self,
        page: &PageRequest,
        binding: &PageBinding,
        filter: &ReceiptFilter,
    ) -> Result<Page<pb::ReceivedLine>, Error> {
        let after = page.after.as_deref().map(key_parts::<3>).transpose()?;
        let after = match after {
            Some([recorded, receipt, line]) => Some((number(recorded)?, receipt, number(line)?)),
            None => None,
        };
        let mut rows = receipts::list(self.store().reader(), after, filter, page.query_limit()).await?;
        let token = page.cut(&mut rows, binding, |row| {
            page_key([&row.recorded_at.to_string(), &row.receipt_id, &row.line.to_string()])
        });
        let lines = rows.iter().map(|row| {
            let item = stock::item_id(&row.item_id, "receipt_line")?;
            let recorded_at = columns::instant(row.recorded_at, "receipt_line")?;
            Ok(wire::received_line(&item, &received_line_of(row)?, recorded_at))
        });
        Ok((lines.collect::<Result<_, StorageError>>()?, token))
    }

    /// One supply.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub async fn get_supply(&self, id: &SupplyId) -> Result<pb::Supply, Error> {
        match table::find_supply(self.store().reader(), id).await? {
            Some(row) => Ok(supply_message(&row)?),
            None => Err(Error::missing(Kind::Supply, wire::supply_name(id), "")),
        }
    }

    /// Supplies by item, expected date and id; those without a date last.
    ///
    /// # Errors
    /// Those of the store, or of a page token.
    pub async fn list_supplies(
        &self,
        page: &PageRequest,
        binding: &PageBinding,
        filter: &table::SupplyFilter,
    ) -> Result<Page<pb::Supply>, Error> {
        let after = page.after.as_deref().map(key_parts::<3>).transpose()?;
        let mut rows = table::list_supplies(self.store().reader(), after, filter, page.query_limit()).await?;
        let token = page.cut(&mut rows, binding, |row| {
            page_key([&row.item_id, row.expected_date.as_deref().unwrap_or(table::NO_DATE), &row.supply_id])
        });
        Ok((rows.iter().map(supply_message).collect::<Result<_, _>>()?, token))
    }
}

/// The message of a supply's row.
///
/// # Errors
/// [`StorageError::InvalidRow`].
pub fn supply_message(row: &supply::Model) -> Result<pb::Supply, StorageError> {
    let item = stock::item_id(&row.item_id, "supply")?;
    let created_at = columns::instant(row.created_at, "supply")?;
    let updated_at = columns::instant(row.updated_at, "supply")?;
    Ok(wire::supply(&item, &supply_of(row)?, created_at, updated_at))
}

/// Claims with all that belongs to them, in the order of line and part.
pub(super) async fn claim_messages(
    connection: &impl backorder_storage::Reads,
    rows: Vec<claim::Model>,
) -> Result<Vec<pb::Claim>, Error> {
    claim_messages_with(connection, rows, |_| None).await
}

/// The same, with how many of their waiting units the groups of their items let them take.
async fn claim_messages_with(
    connection: &impl backorder_storage::Reads,
    rows: Vec<claim::Model>,
    takeable: impl Fn(&Claim) -> Option<i64>,
) -> Result<Vec<pb::Claim>, Error> {
    let mut claims = complete_claims(connection, rows).await?;
    let pegged: BTreeSet<&SupplyId> = claims.iter().flat_map(|(_, claim)| &claim.pegs).map(|peg| &peg.supply).collect();
    let pegged: Vec<&SupplyId> = pegged.into_iter().collect();
    let mut supplies: HashMap<SupplyId, Supply> = HashMap::new();
    for row in stock::supplies_and_parents(connection, &pegged).await? {
        let supply = supply_of(&row)?;
        supplies.insert(supply.id.clone(), supply);
    }
    stock::sort_pegs(claims.iter_mut().map(|(_, claim)| claim), &supplies.values().collect::<Vec<_>>());
    let messages = claims.iter().map(|(row, claim)| {
        let item = stock::item_id(&row.item_id, "claim")?;
        Ok(pb::Claim { takeable: takeable(claim), ..wire::claim(&item, claim, |id| supplies.get(id)) })
    });
    Ok(messages.collect::<Result<_, StorageError>>()?)
}

fn page_key<const N: usize>(parts: [&str; N]) -> String {
    parts.join(&SEPARATOR.to_string())
}

fn key_parts<const N: usize>(key: &str) -> Result<[&str; N], Error> {
    let parts: Vec<&str> = key.split(SEPARATOR).collect();
    parts.try_into().map_err(|_| page_token_invalid().into())
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, Error> {
    text.parse().map_err(|_| page_token_invalid().into())
}
