//! What is to be given back.

use backorder_storage::StorageError;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};

use super::entity::refund_due;

/// Which refunds are listed.
#[derive(Debug, Clone, Default)]
pub struct RefundFilter {
    /// Only those that became due at this time or later, in microseconds.
    pub due_from: Option<i64>,
    /// Only of this line.
    pub line: Option<(String, i32)>,
}

/// The place of a refund in a list: due time, order, line, basis, units up to it.
pub type RefundPlace<'a> = (i64, &'a str, i32, &'a str, i64);

/// Refunds by the time at which they became due, after a place in this order.
pub async fn list(
    connection: &impl ConnectionTrait,
    filter: &RefundFilter,
    after: Option<RefundPlace<'_>>,
    limit: u64,
) -> Result<Vec<refund_due::Model>, StorageError> {
    use refund_due::Column as C;
    let mut query = refund_due::Entity::find();
    if let Some(from) = filter.due_from {
        query = query.filter(C::DueAt.gte(from));
    }
    if let Some((order, line)) = &filter.line {
        query = query.filter(C::OrderId.eq(order.as_str())).filter(C::LineNumber.eq(*line));
    }
    if let Some((time, order, line, basis, up_to)) = after {
        let at = || Condition::all().add(C::DueAt.eq(time));
        let of_order = || at().add(C::OrderId.eq(order));
        let of_line = || of_order().add(C::LineNumber.eq(line));
        let later = Condition::any()
            .add(C::DueAt.gt(time))
            .add(at().add(C::OrderId.gt(order)))
            .add(of_order().add(C::LineNumber.gt(line)))
            .add(of_line().add(C::Basis.gt(basis)))
            .add(of_line().add(C::Basis.eq(basis)).add(C::UpTo.gt(up_to)));
        // The bound alone lets the index begin where the page does.
        query = query.filter(C::DueAt.gte(time)).filter(later);
    }
    let ordered = query
        .order_by_asc(C::DueAt)
        .order_by_asc(C::OrderId)
        .order_by_asc(C::LineNumber)
        .order_by_asc(C::Basis)
        .order_by_asc(C::UpTo)
        .limit(limit);
    Ok(ordered.all(connection).await?)
}

/// The refunds of the lines of the orders from `first` to `last`.
pub async fn between(
    connection: &impl ConnectionTrait,
    first: &str,
    last: &str,
) -> Result<Vec<refund_due::Model>, StorageError> {
    let query = refund_due::Entity::find().filter(refund_due::Column::OrderId.between(first, last));
    Ok(query.all(connection).await?)
}
