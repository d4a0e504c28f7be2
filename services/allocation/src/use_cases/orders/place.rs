//! Places an order, or quotes it.

use std::{collections::BTreeMap, sync::Arc};

use backorder_proto::allocation::v1 as pb;
use jiff::{SignedDuration, Timestamp};

use super::{
    Draft,
    prepare::{Placing, Prepared},
};
use crate::{
    error::Error,
    order::{Book, LineRecord, OrderRecord, key::QUOTE_PART},
    saga::{Call, NewOrder, Plan, PlannedLine, StepKind, call::Kind},
    use_cases::UseCases,
    write::{Who, Write},
};

/// An order to place.
#[derive(Debug, Clone)]
pub struct Place {
    /// The order.
    pub draft: Draft,
    /// Who does it and why.
    pub who: Who,
}

/// An order to quote.
#[derive(Debug, Clone)]
pub struct Quote {
    /// The order.
    pub draft: Draft,
    /// How long the stock stays reserved.
    pub time_to_live: SignedDuration,
    /// Who does it and why.
    pub who: Who,
}

impl UseCases {
    /// Places an order: what is there is reserved, what is not there waits where policy allows it, the rest is refused.
    ///
    /// # Errors
    /// Those of the contract; [`Error::Unanswered`] when inventory does not answer, and the order is finished later.
    pub async fn place_order(self, write: Write<Place>) -> Result<pb::PlaceOrderResponse, Error> {
        let Place { draft, who } = &write.command;
        let order = self.new_order(&write, draft, who, Placing::Firm, StepKind::Place).await?;
        self.run_new_order(order).await
    }

    /// Places an order as a quote: stock is reserved softly for a time.
    ///
    /// # Errors
    /// As [`UseCases::place_order`].
    pub async fn quote_order(self, write: Write<Quote>) -> Result<pb::QuoteOrderResponse, Error> {
        let Quote { draft, time_to_live, who } = &write.command;
        let expires_at = self.quote_end(*time_to_live)?;
        let order = self.new_order(&write, draft, who, Placing::Quote { expires_at }, StepKind::Quote).await?;
        self.run_new_order(order).await
    }

    fn quote_end(&self, time_to_live: SignedDuration) -> Result<Timestamp, Error> {
        let end = self.now().checked_add(time_to_live);
        end.map_err(|_| Error::invalid("time_to_live", "must not lead beyond the end of time"))
    }

    async fn new_order<C>(
        &self,
        write: &Write<C>,
        draft: &Draft,
        who: &Who,
        placing: Placing,
        kind: StepKind,
    ) -> Result<Arc<NewOrder>, Error> {
        // The same request names the same order, also when it gives no id.
        let order_id = draft.order_id.as_ref().map_or_else(|| write.step_id.to_string(), ToString::to_string);
        let who = who.clone().or_caller(&write.key.caller);
        let mut prepared = self.prepare(draft, &order_id, placing, &who).await?;
        // A quote is not the same as the order, though it has the same lines.
        prepared.order.draft_hash.extend_from_slice(kind.as_str().as_bytes());
        prepared.order.busy_step = Some(write.step_id.to_string());
        Ok(Arc::new(NewOrder {
            key: write.key.clone(),
            hash: write.hash.clone(),
            step: write.step_id,
            kind,
            traceparent: write.traceparent.clone(),
            plan: plan(&prepared, kind, &who),
            prepared,
        }))
    }
}

/// What is to be done for an order: its stock is reserved.
fn plan(prepared: &Prepared, kind: StepKind, who: &Who) -> Plan {
    let part = if kind == StepKind::Quote { QUOTE_PART } else { 1 };
    let planned = prepared.lines.iter().map(|line| PlannedLine {
        order: line.order_id.clone(),
        line: line.line_number,
        part,
        quantity: line.ordered,
    });
    Plan {
        calls: vec![Call::new(Kind::Reserve(prepared.call.clone()))],
        lines: planned.collect(),
        context: Some(who.message()),
        ..Plan::default()
    }
}

impl Prepared {
    /// The order as it is when it was written.
    pub(crate) fn book(&self) -> Book {
        let lines = self.lines.iter().map(|row| (row.line_number, LineRecord::new(row.clone())));
        let record = OrderRecord { lines: lines.collect(), ..OrderRecord::new(self.order.clone()) };
        Book { orders: BTreeMap::from([(self.order.id.clone(), record)]) }
    }
}
