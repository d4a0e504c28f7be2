//! Applies a reversal to the orders it takes back from: what is unshipped is cancelled, what is shipped is returned.
//!
//! Nothing is taken back twice, also after a crash between the steps: what is cancelled or returned already counts, and
//! every call is named after its own content. Units that one call frees may go to a line that the next call cancels, so
//! whoever wants the same books each time waits between the calls.

use std::collections::BTreeMap;

use backorder_domain::ids::derived_uuid;
use backorder_proto::allocation::v1::{
    CancelOrderLinesRequest, Disposition, GetOrderRequest, LineQuantity, Order, OrderLine, ReturnOrderLinesRequest,
    ReturnedLine,
};
use jiff::Timestamp;
use prost::Message;
use tonic::Status;

use crate::{
    client::{Clients, requests},
    demand::{Reversal, ReversedPart},
    import::import_id,
};

/// What a reversal changed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Undone {
    /// Units cancelled, per item name.
    pub cancelled: Vec<(String, i64)>,
    /// Units returned, per item name.
    pub returned: Vec<(String, i64)>,
    /// The orders of which lines were cancelled, as they stand now.
    pub orders: Vec<Order>,
}

/// Applies the reversal. What comes back arrives at `return_to` at `returned_at`, or now. `rest` is awaited after each
/// call that changed something.
///
/// # Errors
/// The status of the call that failed, or what `rest` fails with; what was done before stays done and is not done again.
pub async fn apply<E: From<Status>>(
    clients: &Clients,
    reversal: &Reversal,
    return_to: &str,
    returned_at: Option<Timestamp>,
    rest: impl AsyncFn() -> Result<(), E>,
) -> Result<Undone, E> {
    let mut undone = Undone::default();
    for (order, parts) in parts_by_order(reversal) {
        let name = format!("orders/{order}");
        let present = clients.orders.clone().get_order(GetOrderRequest { name: name.clone() }).await?.into_inner();
        let split = Split::of(&present, &parts, return_to);
        if !split.cancelled.is_empty() {
            let answer = cancel(clients, reversal, name, split.cancelled).await?;
            undone.cancelled.extend(split.items_cancelled);
            undone.orders.extend(answer);
            rest().await?;
        }
        if !split.returned.is_empty() {
            give_back(clients, reversal, split.returned, returned_at).await?;
            undone.returned.extend(split.items_returned);
            rest().await?;
        }
    }
    Ok(undone)
}

async fn cancel(
    clients: &Clients,
    reversal: &Reversal,
    name: String,
    lines: Vec<LineQuantity>,
) -> Result<Option<Order>, Status> {
    let context = Some(requests::context("reversed", &reversal.id));
    let mut request = CancelOrderLinesRequest { request_id: String::new(), name, lines, context };
    request.request_id = content_id("cancel", &reversal.id, &request);
    Ok(clients.orders.clone().cancel_order_lines(request).await?.into_inner().order)
}

async fn give_back(
    clients: &Clients,
    reversal: &Reversal,
    lines: Vec<ReturnedLine>,
    returned_at: Option<Timestamp>,
) -> Result<(), Status> {
    let mut request = ReturnOrderLinesRequest {
        request_id: String::new(),
        lines,
        return_time: returned_at.map(backorder_proto::convert::encode::timestamp),
        context: Some(requests::context("returned", &reversal.id)),
    };
    request.request_id = content_id("return", &reversal.id, &request);
    clients.orders.clone().return_order_lines(request).await.map(drop)
}

/// The request id of a call, named after what it does and for which document.
#[must_use]
pub fn content_id<M: Message>(kind: &str, document: &str, request: &M) -> String {
    let bytes: String = request.encode_to_vec().iter().map(|byte| format!("{byte:02x}")).collect();
    derived_uuid(import_id(&[kind, document]), &bytes).to_string()
}

fn parts_by_order(reversal: &Reversal) -> BTreeMap<&str, Vec<&ReversedPart>> {
    let mut by_order: BTreeMap<&str, Vec<&ReversedPart>> = BTreeMap::new();
    for part in &reversal.parts {
        by_order.entry(&part.order).or_default().push(part);
    }
    by_order
}

/// What is taken back from the lines of one order, shared between cancelling and returning.
#[derive(Debug, Default)]
struct Split {
    cancelled: Vec<LineQuantity>,
    items_cancelled: Vec<(String, i64)>,
    returned: Vec<ReturnedLine>,
    items_returned: Vec<(String, i64)>,
}

impl Split {
    fn of(present: &Order, parts: &[&ReversedPart], return_to: &str) -> Self {
        let mut split = Self::default();
        for line in &present.lines {
            let is_of_line = |part: &&&ReversedPart| line.name == format!("{}/lines/{}", present.name, part.line);
            let of_line: Vec<&&ReversedPart> = parts.iter().filter(is_of_line).collect();
            if !of_line.is_empty() {
                split.add(line, &of_line, return_to);
            }
        }
        split
    }

    fn add(&mut self, line: &OrderLine, parts: &[&&ReversedPart], return_to: &str) {
        let joined = ReversedPart {
            order: "".into(),
            line: 0,
            quantity: parts.iter().map(|part| part.quantity).sum(),
            reversed_in_all: parts.iter().map(|part| part.reversed_in_all).max().unwrap_or(0),
        };
        let units = joined.units_left(line.cancelled + line.returned);
        let cancel = units.min(line.open + line.reserved);
        let give_back = (units - cancel).min(line.shipped - line.returned);
        if cancel > 0 {
            self.cancelled.push(LineQuantity { name: line.name.clone(), quantity: cancel });
            self.items_cancelled.push((line.item.clone(), cancel));
        }
        if give_back > 0 {
            self.returned.push(ReturnedLine {
                name: line.name.clone(),
                quantity: give_back,
                location: return_to.to_owned(),
                disposition: Disposition::Restock.into(),
                ..ReturnedLine::default()
            });
            self.items_returned.push((line.item.clone(), give_back));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(line: u32, quantity: i64, reversed_in_all: i64) -> ReversedPart {
        ReversedPart { order: "1".into(), line, quantity, reversed_in_all }
    }

    fn split(lines: Vec<OrderLine>, parts: &[ReversedPart]) -> (Vec<i64>, Vec<i64>) {
        let order = Order { name: "orders/1".to_owned(), lines, ..Order::default() };
        let split = Split::of(&order, &parts.iter().collect::<Vec<&ReversedPart>>(), "locations/W");
        let cancelled = split.cancelled.iter().map(|line| line.quantity).collect();
        (cancelled, split.returned.iter().map(|line| line.quantity).collect())
    }

    fn line(number: u32, open: i64, reserved: i64, shipped: i64) -> OrderLine {
        OrderLine { name: format!("orders/1/lines/{number}"), open, reserved, shipped, ..OrderLine::default() }
    }

    #[test]
    fn unshipped_units_are_cancelled_and_shipped_units_come_back() {
        let lines = vec![line(1, 3, 2, 10), line(2, 9, 0, 0), line(3, 1, 1, 1)];
        assert_eq!(split(lines, &[part(1, 4, 4), part(1, 7, 11), part(2, 9, 9)]), (vec![5, 9], vec![6]));
    }

    #[test]
    fn what_was_taken_back_before_a_crash_is_not_taken_back_again() {
        let mut cancelled = line(1, 0, 0, 6);
        cancelled.cancelled = 4;
        assert_eq!(split(vec![cancelled], &[part(1, 4, 4)]), (vec![], vec![]));
    }

    #[test]
    fn calls_of_other_content_have_other_ids() {
        let request = |quantity| LineQuantity { name: "orders/1/lines/1".to_owned(), quantity };
        assert_eq!(content_id("cancel", "C1", &request(1)), content_id("cancel", "C1", &request(1)));
        assert_ne!(content_id("cancel", "C1", &request(1)), content_id("cancel", "C1", &request(2)));
    }
}
