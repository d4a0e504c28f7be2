//! What suppliers report that they could ship themselves: kept beside the books, never in them.

use std::collections::{BTreeSet, HashMap};

use backorder_domain::{ids::ItemId, quantity::Quantity};
use backorder_proto::{convert::decode::path, convert::encode, inventory::v1 as pb};
use backorder_service_kit::paging::{PageBinding, PageRequest};
use backorder_storage::{StorageError, WriteTx, columns};
use jiff::{SignedDuration, Timestamp};

use super::{UseCases, listing::Page, page_token_invalid, stock::NamedUnit};
use crate::{
    error::Error,
    store::{
        audit::{AuditNote, append_notes},
        catalog::units_of_items,
        drop_ship::{self as table, Filter},
        entity::drop_ship_stock as row,
    },
    write::{Who, Write},
};

/// Separates the parts of a page's key. No id holds it.
const SEPARATOR: char = '\u{1f}';

/// What a supplier reports.
#[derive(Debug, Clone)]
pub struct ReportStock {
    /// The supplier.
    pub supplier: String,
    /// What it says of items, each once.
    pub lines: Vec<ReportedLine>,
    /// When it took its figures; `None` means now.
    pub as_of: Option<Timestamp>,
    /// For how long they hold.
    pub valid_for: SignedDuration,
    /// Who does it and why.
    pub who: Who,
}

/// What a supplier reports of one item.
#[derive(Debug, Clone)]
pub struct ReportedLine {
    /// The item.
    pub item: ItemId,
    /// Units.
    pub quantity: Quantity,
    /// The unit of the quantity.
    pub unit: NamedUnit,
}

impl UseCases {
    /// Takes a report: all lines or none. One that is older than what is there changes nothing.
    ///
    /// # Errors
    /// Those of the contract.
    pub async fn report_drop_ship_stock(
        self,
        write: Write<ReportStock>,
    ) -> Result<pb::ReportDropShipStockResponse, Error> {
        let items: Vec<(&ItemId, String)> =
            write.command.lines.iter().enumerate().map(|(at, line)| (&line.item, path("lines", at, "item"))).collect();
        self.check_master_data(&items, &[]).await?;
        drop(items);
        let now = self.now();
        let (use_cases, write) = (&self, &write);
        self.store()
            .write("report_drop_ship_stock", move |tx| {
                Box::pin(async move {
                    if let Some(answer) = use_cases.begin_in_tx(tx, write).await? {
                        return Ok(answer);
                    }
                    let rows = rows_in_tx(tx, &write.command, now).await?;
                    table::put_in_tx(tx, &rows).await?;
                    let ids: Vec<&str> = rows.iter().map(|row| row.item_id.as_str()).collect();
                    let found = table::of_supplier(tx, &write.command.supplier, &ids).await?;
                    let mut by_item: HashMap<String, row::Model> =
                        found.into_iter().map(|row| (row.item_id.clone(), row)).collect();
                    let stock = rows.iter().filter_map(|row| by_item.remove(&row.item_id));
                    let stock = stock.map(|row| message(&row, now)).collect::<Result<_, _>>()?;
                    let answer = pb::ReportDropShipStockResponse { stock };
                    let mut batch = backorder_storage::Batch::new(tx);
                    append_notes(&mut batch, vec![note(write, now)]);
                    batch.run(tx).await?;
                    use_cases.end_in_tx(tx, write, use_cases.events(write.traceparent.clone()), &answer).await?;
                    Ok(answer)
                })
            })
            .await
    }

    /// Reported stock by item, then supplier.
    ///
    /// # Errors
    /// Those of the store, or of a page token.
    pub async fn list_drop_ship_stock(
        &self,
        page: &PageRequest,
        binding: &PageBinding,
        filter: &Filter,
    ) -> Result<Page<pb::DropShipStock>, Error> {
        let after = page.after.as_deref().map(|key| key.split_once(SEPARATOR).ok_or_else(page_token_invalid));
        let now = self.now();
        let mut rows = table::list(self.store().reader(), filter, after.transpose()?, now, page.query_limit()).await?;
        let token = page.cut(&mut rows, binding, |row| format!("{}{SEPARATOR}{}", row.item_id, row.supplier));
        Ok((rows.iter().map(|row| message(row, now)).collect::<Result<_, _>>()?, token))
    }
}

/// The rows of a report in base units: a unit is that of the item as it is now.
async fn rows_in_tx(tx: &WriteTx<'_>, report: &ReportStock, now: Timestamp) -> Result<Vec<row::Model>, Error> {
    let named = report.lines.iter().filter(|line| line.unit.is_named());
    let items: BTreeSet<&ItemId> = named.map(|line| &line.item).collect();
    let units = units_of_items(tx, &items.into_iter().collect::<Vec<_>>()).await?;
    let as_of = report.as_of.unwrap_or(now);
    let expires = as_of.checked_add(report.valid_for).map_err(|error| StorageError::Settings(error.to_string()))?;
    let row = |(index, line): (usize, &ReportedLine)| {
        let unit = line.unit.find(&line.item, &units)?;
        Ok(row::Model {
            item_id: line.item.to_string(),
            supplier: report.supplier.clone(),
            quantity: unit.base(line.quantity, &path("lines", index, "quantity"))?.get(),
            as_of: columns::micros(as_of),
            expires_at: columns::micros(expires),
            recorded_at: columns::micros(now),
        })
    };
    report.lines.iter().enumerate().map(row).collect()
}

fn note(write: &Write<ReportStock>, now: Timestamp) -> AuditNote<'_> {
    let who = &write.command.who;
    AuditNote {
        request_id: write.command_id,
        method: "report_drop_ship_stock",
        subject: format!("dropShipStock/{}", write.command.supplier),
        actor: who.actor_or(&write.caller),
        reason_code: &who.reason_code,
        note: &who.note,
        recorded_at: now,
    }
}

fn message(row: &row::Model, now: Timestamp) -> Result<pb::DropShipStock, StorageError> {
    let time = |micros| columns::instant(micros, "drop_ship_stock").map(encode::timestamp);
    Ok(pb::DropShipStock {
        supplier: row.supplier.clone(),
        item: format!("items/{}", row.item_id),
        quantity: row.quantity,
        as_of_time: Some(time(row.as_of)?),
        expire_time: Some(time(row.expires_at)?),
        stale: row.expires_at <= columns::micros(now),
        record_time: Some(time(row.recorded_at)?),
    })
}
