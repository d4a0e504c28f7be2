//! Sends orders and reversals to the order service, with a bounded number of orders in flight, and writes the journal.
//!
//! Orders are placed side by side; a reversal waits until every order before it was acknowledged. The request id of each
//! document is derived from its id, so a document that is sent again is the same write.

use std::collections::BTreeMap;

use backorder_proto::{
    allocation::v1::{
        CancelOrderLinesRequest, Disposition, GetOrderRequest, LineQuantity, OrderDraft, OrderLine, PlaceOrderRequest,
        ReturnOrderLinesRequest, ReturnedLine,
    },
    common::v1::ErrorReason,
};
use backorder_service_kit::{
    problem::reason_of,
    retry::{self, RetryPolicy},
};
use futures::{
    future::BoxFuture,
    stream::{FuturesUnordered, StreamExt as _},
};
use tonic::Status;

use super::{
    drive::{is_refusal, refused, stopped},
    import_id,
    journal::Journal,
    report::{Outcome, Report},
};
use crate::{
    client::{Clients, requests},
    demand::{Reversal, ReversedPart},
    failure::Failure,
};

/// A document that the order service acknowledged or refused.
struct Answered {
    document: String,
    lines: Vec<u64>,
    result: Result<(), Status>,
}

/// The sender of orders and reversals.
pub struct OrderSender<'a> {
    clients: Clients,
    policy: RetryPolicy,
    journal: Option<Journal>,
    return_to: String,
    in_flight_max: usize,
    pending: FuturesUnordered<BoxFuture<'static, Answered>>,
    report: &'a mut Report,
}

impl<'a> OrderSender<'a> {
    /// A sender that restocks what comes back at the location `return_to`.
    #[must_use]
    pub fn new(
        clients: Clients,
        journal: Option<Journal>,
        return_to: String,
        in_flight_max: usize,
        report: &'a mut Report,
    ) -> Self {
        let in_flight_max = in_flight_max.max(1);
        let pending = FuturesUnordered::new();
        Self { clients, policy: RetryPolicy::default(), journal, return_to, in_flight_max, pending, report }
    }

    /// What was done so far.
    #[must_use]
    pub fn report(&mut self) -> &mut Report {
        self.report
    }

    /// Places an order that stands in the given lines of the file. It is counted when it is acknowledged.
    ///
    /// # Errors
    /// [`Failure`] when the service stays unreachable or the journal cannot be written.
    pub async fn place(&mut self, order: OrderDraft, lines: Vec<u64>) -> Result<(), Failure> {
        let document = format!("orders/{}", order.order_id);
        if self.is_done_before(&document, &lines)? {
            return Ok(());
        }
        while self.pending.len() >= self.in_flight_max {
            self.settle_one().await?;
        }
        let request = PlaceOrderRequest {
            request_id: import_id(&["order", &order.order_id]).to_string(),
            order: Some(order),
            context: Some(requests::context("import", "")),
        };
        let (orders, policy) = (self.clients.orders.clone(), self.policy.clone());
        self.pending.push(Box::pin(async move {
            let call = || {
                let (mut orders, request) = (orders.clone(), request.clone());
                async move { orders.place_order(request).await }
            };
            let result = retry::call(&policy, call).await.map(drop);
            Answered { document, lines, result }
        }));
        Ok(())
    }

    /// Applies a reversal: what is unshipped is cancelled, what is shipped is returned and restocked.
    ///
    /// # Errors
    /// [`Failure`] when the service stays unreachable or the journal cannot be written.
    pub async fn reverse(&mut self, reversal: &Reversal) -> Result<(), Failure> {
        let document = format!("reversals/{}", reversal.id);
        let lines = vec![0; usize::try_from(reversal.rows).unwrap_or(0)];
        if self.is_done_before(&document, &lines)? {
            return Ok(());
        }
        self.settle().await?;
        let mut result = Ok(());
        for (order, parts) in parts_by_order(reversal) {
            result = result.and(self.reverse_order(&reversal.id, order, &parts).await);
        }
        self.count(Answered { document, lines, result })
    }

    /// Waits until everything that was sent is acknowledged.
    ///
    /// # Errors
    /// [`Failure`] when the service stays unreachable or the journal cannot be written.
    pub async fn settle(&mut self) -> Result<(), Failure> {
        while !self.pending.is_empty() {
            self.settle_one().await?;
        }
        Ok(())
    }

    async fn settle_one(&mut self) -> Result<(), Failure> {
        match self.pending.next().await {
            Some(answered) => self.count(answered),
            None => Ok(()),
        }
    }

    fn is_done_before(&mut self, document: &str, lines: &[u64]) -> Result<bool, Failure> {
        let is_done = self.journal.as_ref().is_some_and(|journal| journal.holds(document));
        for _ in lines.iter().filter(|_| is_done) {
            self.report.add(Outcome::Unchanged)?;
        }
        Ok(is_done)
    }

    fn count(&mut self, answered: Answered) -> Result<(), Failure> {
        match answered.result {
            Ok(()) => {
                if let Some(journal) = &mut self.journal {
                    journal.append(&answered.document)?;
                }
                for _ in &answered.lines {
                    self.report.add(Outcome::Applied)?;
                }
            }
            Err(status) if is_refusal(&status) => {
                for line in &answered.lines {
                    self.report.add(refused(*line, &status))?;
                }
            }
            Err(status) => return Err(stopped(answered.lines.first().copied().unwrap_or(0), status)),
        }
        Ok(())
    }

    async fn reverse_order(&self, reversal: &str, order: &str, parts: &[&ReversedPart]) -> Result<(), Status> {
        let name = format!("orders/{order}");
        let mut orders = self.clients.orders.clone();
        let present = orders.get_order(GetOrderRequest { name: name.clone() }).await?.into_inner();
        let (cancelled, returned) = split_parts(&name, &present.lines, parts, &self.return_to);
        if !cancelled.is_empty() {
            let request = CancelOrderLinesRequest {
                request_id: import_id(&["cancel", reversal, order]).to_string(),
                name,
                lines: cancelled,
                context: Some(requests::context("reversed", reversal)),
            };
            done_before(orders.cancel_order_lines(request).await.map(drop))?;
        }
        if !returned.is_empty() {
            let request = ReturnOrderLinesRequest {
                request_id: import_id(&["return", reversal, order]).to_string(),
                lines: returned,
                return_time: None,
                context: Some(requests::context("returned", reversal)),
            };
            done_before(orders.return_order_lines(request).await.map(drop))?;
        }
        Ok(())
    }
}

/// A reversal that a crash interrupted is sent again with the same id; when the order has moved on meanwhile, its content
/// differs, and the id says that the first one was done.
fn done_before(result: Result<(), Status>) -> Result<(), Status> {
    match result {
        Err(status) if reason_of(&status) == Some(ErrorReason::RequestIdReused) => Ok(()),
        other => other,
    }
}

fn parts_by_order(reversal: &Reversal) -> BTreeMap<&str, Vec<&ReversedPart>> {
    let mut by_order: BTreeMap<&str, Vec<&ReversedPart>> = BTreeMap::new();
    for part in &reversal.parts {
        by_order.entry(&part.order).or_default().push(part);
    }
    by_order
}

/// Shares what is taken back from each line between a cancellation of unshipped and a return of shipped units.
fn split_parts(
    order_name: &str,
    present: &[OrderLine],
    parts: &[&ReversedPart],
    return_to: &str,
) -> (Vec<LineQuantity>, Vec<ReturnedLine>) {
    let mut wanted: BTreeMap<String, i64> = BTreeMap::new();
    for part in parts {
        *wanted.entry(format!("{order_name}/lines/{}", part.line)).or_default() += part.quantity;
    }
    let (mut cancelled, mut returned) = (Vec::new(), Vec::new());
    for (name, units) in wanted {
        let Some(line) = present.iter().find(|line| line.name == name) else { continue };
        let cancel = units.min(line.open + line.reserved);
        let give_back = (units - cancel).min(line.shipped - line.returned);
        if cancel > 0 {
            cancelled.push(LineQuantity { name: name.clone(), quantity: cancel });
        }
        if give_back > 0 {
            let disposition = Disposition::Restock.into();
            returned.push(ReturnedLine { name, quantity: give_back, location: return_to.to_owned(), disposition });
        }
    }
    (cancelled, returned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(line: u32, quantity: i64) -> ReversedPart {
        ReversedPart { order: "1".into(), line, quantity }
    }

    #[test]
    fn unshipped_units_are_cancelled_and_shipped_units_come_back() {
        let name = |line: u32| format!("orders/1/lines/{line}");
        let present = [
            OrderLine { name: name(1), open: 3, reserved: 2, shipped: 10, returned: 4, ..OrderLine::default() },
            OrderLine { name: name(2), open: 9, ..OrderLine::default() },
        ];
        let (first, again, other) = (part(1, 4), part(1, 100), part(2, 9));
        let (cancelled, returned) = split_parts("orders/1", &present, &[&first, &again, &other], "locations/W");
        assert_eq!(cancelled.iter().map(|line| line.quantity).collect::<Vec<i64>>(), [5, 9]);
        assert_eq!(returned.iter().map(|line| line.quantity).collect::<Vec<i64>>(), [6]);
    }
}
