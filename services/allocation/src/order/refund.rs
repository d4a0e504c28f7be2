//! What is to be given back for units that a customer ordered and does not get, or sent back.

use backorder_proto::{
    allocation::v1 as pb,
    convert::{allocation::line_name, encode},
};
use backorder_storage::{StorageError, columns};
use jiff::Timestamp;

use super::{kits, message::money};
use crate::store::entity::{customer_order, order_line, refund_due};

const TABLE: &str = "refund_due";

/// Units that were cancelled before they were shipped.
pub const CANCELLED: &str = "CANCELLED";
/// Units that were shipped, came back and are not replaced.
pub const RETURNED: &str = "RETURNED";

/// Units for which a cheaper item is sent: only the difference is paid back.
pub const SUBSTITUTED: &str = "SUBSTITUTED";

/// What is given back for units of a line, of which as many are told with the amount, because what is sent is cheaper. Why is a
/// reason and a text.
pub fn of_substitute(
    order: &customer_order::Model,
    line: &order_line::Model,
    (quantity, amount_nanos): (i64, i64),
    (reason_code, cause): (&str, &str),
    now_micros: i64,
) -> refund_due::Model {
    refund_due::Model {
        order_id: line.order_id.clone(),
        line_number: line.line_number,
        basis: SUBSTITUTED.to_owned(),
        up_to: line.substituted,
        quantity,
        price_nanos: line.price_nanos,
        amount_nanos: Some(amount_nanos),
        currency_code: order.currency_code.clone(),
        company_rate_nanos: order.company_rate_nanos,
        reason_code: reason_code.to_owned(),
        cause: cause.to_owned(),
        due_at: now_micros,
    }
}

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
    let units =
        [(CANCELLED, given_up(before), given_up(after)), (RETURNED, credited(before), credited(after))].into_iter();
    units.filter(move |(_, before, after)| after > before && !is_quote).map(move |(basis, before, up_to)| {
        refund_due::Model {
            order_id: after.order_id.clone(),
            line_number: after.line_number,
            basis: basis.to_owned(),
            up_to,
            quantity: up_to - before,
            price_nanos: after.price_nanos,
            amount_nanos: part_of_kit(after, before, up_to),
            currency_code: order.currency_code.clone(),
            company_rate_nanos: order.company_rate_nanos,
            reason_code: reason_code.to_owned(),
            cause: cause.to_owned(),
            due_at: columns::micros(now),
        }
    })
}

/// Units that were cancelled and for which no other item is sent: they are paid back.
#[must_use]
pub const fn given_up(line: &order_line::Model) -> i64 {
    line.cancelled - line.substituted
}

/// What units of a component are worth of the kit's price, so that whole kits are worth exactly that. `None` for what is no
/// component, of which each unit has its price.
fn part_of_kit(line: &order_line::Model, before: i64, up_to: i64) -> Option<i64> {
    line.kit_price_nanos?;
    i64::try_from(kits::worth(line, up_to)? - kits::worth(line, before)?).ok()
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
        SUBSTITUTED => pb::RefundBasis::Substituted,
        other => {
            return Err(StorageError::InvalidRow { table: TABLE, detail: format!("{other:?} is no basis") });
        }
    };
    let amount = row.amount_nanos.or_else(|| row.price_nanos.and_then(|price| price.checked_mul(row.quantity)));
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
