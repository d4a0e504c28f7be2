//! Queries of lines of receipts: pages of them, and the sums by which they are proved.

use backorder_domain::ids::{ItemId, LocationId, ReceiptId, SupplyId};
use backorder_storage::StorageError;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{entity::receipt_line, stock::is_in_review};

/// Which lines are listed. Conditions add up.
#[derive(Debug, Default)]
pub struct ReceiptFilter {
    /// Only those of this item.
    pub item: Option<ItemId>,
    /// Only those at this location.
    pub location: Option<LocationId>,
    /// Only those that name this supply.
    pub supply: Option<SupplyId>,
    /// Only those of this document of the sender.
    pub document: Option<String>,
    /// Only those of this receipt.
    pub receipt: Option<ReceiptId>,
    /// Only blind ones that await a decision.
    pub in_review_only: bool,
}

/// Lines of receipts, newest first, then by receipt and line.
pub async fn list(
    connection: &impl ConnectionTrait,
    after: Option<(i64, &str, i32)>,
    filter: &ReceiptFilter,
    limit: u64,
) -> Result<Vec<receipt_line::Model>, StorageError> {
    use receipt_line::Column::{Document, ItemId as Item, Line, LocationId as Location, ReceiptId as Id, RecordedAt};
    let mut query =
        receipt_line::Entity::find().order_by_desc(RecordedAt).order_by_asc(Id).order_by_asc(Line).limit(limit);
    let texts = [
        (Item, filter.item.as_ref().map(ItemId::as_str)),
        (Location, filter.location.as_ref().map(LocationId::as_str)),
        (receipt_line::Column::SupplyId, filter.supply.as_ref().map(SupplyId::as_str)),
        (Document, filter.document.as_deref()),
        (Id, filter.receipt.as_ref().map(ReceiptId::as_str)),
    ];
    for (column, text) in texts {
        if let Some(text) = text {
            query = query.filter(column.eq(text));
        }
    }
    if filter.in_review_only {
        query = query.filter(is_in_review());
    }
    if let Some((recorded, receipt, line)) = after {
        let same_receipt = Condition::all().add(Id.eq(receipt)).add(Line.gt(line));
        let same_time =
            Condition::all().add(RecordedAt.eq(recorded)).add(Condition::any().add(Id.gt(receipt)).add(same_receipt));
        query = query.filter(Condition::any().add(RecordedAt.lt(recorded)).add(same_time));
    }
    Ok(query.all(connection).await?)
}
