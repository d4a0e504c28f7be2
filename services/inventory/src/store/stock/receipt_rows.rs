//! Rows of lines of receipts: to domain values and back, and the queries by which commands find them.

use std::collections::BTreeSet;

use backorder_domain::{
    ids::{ItemId, ReceiptId},
    stock::receipt::{BlindReason, Booked, ReceiptKey, ReceivedLine},
};
use backorder_storage::{StorageError, columns};
use jiff::Timestamp;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::Expr};

use super::rows::{batch_column, batch_id, entered_of, entered_unit, invalid, location_id, supply_id, units};
use crate::store::entity::receipt_line;

const TABLE: &str = "receipt_line";

/// Keys in one list at most.
const KEYS_PER_QUERY_MAX: usize = 500;

/// The line of a receipt's row.
pub fn received_line_of(row: &receipt_line::Model) -> Result<ReceivedLine, StorageError> {
    let booked = |accepted, quality, damaged| {
        Ok::<_, StorageError>(Booked {
            accepted: units(accepted, TABLE)?,
            quality: units(quality, TABLE)?,
            damaged: units(damaged, TABLE)?,
        })
    };
    let receipt = ReceiptId::try_new(row.receipt_id.as_str()).map_err(|e| invalid(TABLE, e))?;
    let blind = row.blind_reason.as_deref().map(str::parse::<BlindReason>).transpose();
    Ok(ReceivedLine {
        key: ReceiptKey { receipt, line: row.line },
        location: location_id(&row.location_id, TABLE)?,
        supply: row.supply_id.as_deref().map(|id| supply_id(id, TABLE)).transpose()?,
        blind: blind.map_err(|e| invalid(TABLE, e))?,
        booked: booked(row.accepted, row.quality_control, row.damaged)?,
        left: booked(row.left_accepted, row.left_quality_control, row.left_damaged)?,
        refused: units(row.refused, TABLE)?,
        over_receipt: units(row.over_receipt, TABLE)?,
        quarantined: units(row.quarantined, TABLE)?,
        closed: units(row.closed, TABLE)?,
        in_review: units(row.in_review, TABLE)?,
        document: row.document.clone(),
        batch: batch_id(&row.batch, TABLE)?,
        owner: row.owner.clone(),
        entered: entered_of(&row.entered_unit, row.entered_quantity, row.base_units_per_unit, TABLE)?,
        effective_at: columns::instant(row.effective_at, TABLE)?,
        version: row.version,
    })
}

/// The row of a line of a receipt. `now` counts only when the row is new.
pub fn received_line_row(item: &ItemId, line: &ReceivedLine, now: Timestamp) -> receipt_line::ActiveModel {
    receipt_line::ActiveModel {
        item_id: Set(item.as_str().to_owned()),
        receipt_id: Set(line.key.receipt.as_str().to_owned()),
        line: Set(line.key.line),
        location_id: Set(line.location.as_str().to_owned()),
        supply_id: Set(line.supply.as_ref().map(|id| id.as_str().to_owned())),
        blind_reason: Set(line.blind.map(|reason| reason.as_str().to_owned())),
        accepted: Set(line.booked.accepted.get()),
        quality_control: Set(line.booked.quality.get()),
        damaged: Set(line.booked.damaged.get()),
        left_accepted: Set(line.left.accepted.get()),
        left_quality_control: Set(line.left.quality.get()),
        left_damaged: Set(line.left.damaged.get()),
        refused: Set(line.refused.get()),
        over_receipt: Set(line.over_receipt.get()),
        quarantined: Set(line.quarantined.get()),
        closed: Set(line.closed.get()),
        in_review: Set(line.in_review.get()),
        document: Set(line.document.clone()),
        batch: Set(batch_column(line.batch.as_ref())),
        owner: Set(line.owner.clone()),
        entered_unit: Set(entered_unit(line.entered.as_ref())),
        entered_quantity: Set(line.entered.as_ref().map_or(0, |entered| entered.quantity.get())),
        base_units_per_unit: Set(line.entered.as_ref().map_or(0, |entered| entered.base_units_per_unit)),
        effective_at: Set(columns::micros(line.effective_at)),
        version: Set(line.version),
        recorded_at: Set(columns::micros(now)),
    }
}

/// The lines of receipts.
pub async fn lines_of_receipts(
    connection: &impl ConnectionTrait,
    receipts: &BTreeSet<ReceiptId>,
) -> Result<Vec<receipt_line::Model>, StorageError> {
    let ids: Vec<&str> = receipts.iter().map(ReceiptId::as_str).collect();
    let mut rows = Vec::new();
    for chunk in ids.chunks(KEYS_PER_QUERY_MAX) {
        let by_receipt = receipt_line::Column::ReceiptId.is_in(chunk.iter().copied());
        rows.extend(receipt_line::Entity::find().filter(by_receipt).all(connection).await?);
    }
    Ok(rows)
}

/// The lines of the items' receipts that await a decision.
pub async fn lines_in_review(
    connection: &impl ConnectionTrait,
    items: &[&ItemId],
) -> Result<Vec<receipt_line::Model>, StorageError> {
    let mut rows = Vec::new();
    for chunk in items.chunks(KEYS_PER_QUERY_MAX) {
        let by_item = receipt_line::Column::ItemId.is_in(chunk.iter().map(|item| item.as_str()));
        rows.extend(receipt_line::Entity::find().filter(by_item).filter(is_in_review()).all(connection).await?);
    }
    Ok(rows)
}

/// The condition of the index of lines in review, with its number written out: a bound number would hide the index.
pub fn is_in_review() -> Expr {
    Expr::cust("in_review > 0")
}
