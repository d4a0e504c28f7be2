//! What is to be given back for units that a customer ordered and does not get, or sent back.

use backorder_proto::{
    allocation::v1 as pb,
    convert::{allocation::line_name, encode},
};
use backorder_storage::{StorageError, columns};
use jiff::Timestamp;

use super::message::money;
use crate::store::entity::{customer_order, order_line, refund_due};

const TABLE: &str = "refund_due";

/// Units that were cancelled before they were shipped.
pub const CANCELLED: &str = "CANCELLED";
/// Units that were shipped, came back and are not replaced.
pub const RETURNED: &str = "RETURNED";

/// The refunds of what became of a line since `before`. Nothing was paid for a quote.
pub fn due(
    order: &customer_order::Model,
    before: &order_line::Model,
    after: &order_line::Model,
    reason_code: &str,
    cause: &str,
    now: Timestamp,
) -> impl Iterator<Item = refund_due::Model> {
    let is_quote = order.state == backorder_domain::order::state::OrderState::Quoted.as_str();
    let given_up =
        [(CANCELLED, before.cancelled, after.cancelled), (RETURNED, credited(before), credited(after))].into_iter();
    given_up.filter(move |(_, before, after)| after > before && !is_quote).map(move |(basis, before, up_to)| {
        refund_due::Model {
            order_id: after.order_id.clone(),
            line_number: after.line_number,
            basis: basis.to_owned(),
            up_to,
            quantity: up_to - before,
            price_nanos: after.price_nanos,
            currency_code: order.currency_code.clone(),
            company_rate_nanos: order.company_rate_nanos,
            reason_code: reason_code.to_owned(),
            cause: cause.to_owned(),
            due_at: columns::micros(now),
        }
    })
}

/// Units that came back and are not replaced: they are paid back.
#[must_use]
pub const fn credited(line: &order_line::Model) -> i64 {
    line.returned - line.replaced
}

/// The resource name of a refund.
#[must_use]
pub fn name(row: &refund_due::Model) -> String {
    format!("{}/refunds/{}-{}", line_name(&row.order_id, row.line_number), row.basis.to_lowercase(), row.up_to)
}

/// A refund.
///
/// # Errors
/// [`StorageError::InvalidRow`] for a row that was not written here.
pub fn message(row: &refund_due::Model) -> Result<pb::Refund, StorageError> {
    let basis = match row.basis.as_str() {
        CANCELLED => pb::RefundBasis::Cancelled,
        RETURNED => pb::RefundBasis::Returned,
        other => {
            return Err(StorageError::InvalidRow { table: TABLE, detail: format!("{other:?} is no basis") });
        }
    };
    let amount = row.price_nanos.and_then(|price| price.checked_mul(row.quantity));
    Ok(pb::Refund {
        name: name(row),
        line: line_name(&row.order_id, row.line_number),
        basis: basis.into(),
        quantity: row.quantity,
        unit_price: money(&row.currency_code, row.price_nanos),
        amount: money(&row.currency_code, amount),
        company_rate_nanos: row.company_rate_nanos,
        reason_code: row.reason_code.clone(),
        cause: row.cause.clone(),
        due_time: Some(encode::timestamp(columns::instant(row.due_at, TABLE)?)),
    })
}
