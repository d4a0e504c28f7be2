//! Sends orders and reversals to the order service, with a bounded number of orders in flight, and writes the journal.
//!
//! Orders are placed side by side; a reversal waits until every order before it was acknowledged. The request id of each
//! document is derived from its id, so a document that is sent again is the same write.

use backorder_proto::allocation::v1::{OrderDraft, PlaceOrderRequest};
use backorder_service_kit::retry::{self, RetryPolicy};
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
    demand::Reversal,
    failure::Failure,
    undo,
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
        let result = undo::apply(&self.clients, reversal, &self.return_to, None, async || Ok(())).await.map(drop);
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
}
