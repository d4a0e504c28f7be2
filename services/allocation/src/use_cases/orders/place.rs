//! Places an order, or quotes it.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use backorder_proto::allocation::v1 as pb;
use backorder_storage::{Batch, StorageError, WriteTx};
use jiff::{SignedDuration, Timestamp};
use prost::Message as _;
use uuid::Uuid;

use super::{
    Draft,
    prepare::{Placing, Prepared},
};
use crate::{
    error::Error,
    order::{Book, LineRecord, OrderRecord, key::QUOTE_PART, message},
    saga::{Call, Plan, Planned, PlannedLine, StepCommand, StepKind, call::Kind},
    store::{
        holds,
        orders::{find_order, insert_lines, insert_order_in_tx, load_orders_in_tx, lost_demand_of},
    },
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
        let command = self.placing(&write, draft, who, Placing::Firm, StepKind::Place).await?;
        self.run_step(&write, &command).await
    }

    /// Places an order as a quote: stock is reserved softly for a time.
    ///
    /// # Errors
    /// As [`UseCases::place_order`].
    pub async fn quote_order(self, write: Write<Quote>) -> Result<pb::QuoteOrderResponse, Error> {
        let Quote { draft, time_to_live, who } = &write.command;
        let expires_at = self.quote_end(*time_to_live)?;
        let command = self.placing(&write, draft, who, Placing::Quote { expires_at }, StepKind::Quote).await?;
        self.run_step(&write, &command).await
    }

    fn quote_end(&self, time_to_live: SignedDuration) -> Result<Timestamp, Error> {
        let end = self.now().checked_add(time_to_live);
        end.map_err(|_| Error::invalid("time_to_live", "must not lead beyond the end of time"))
    }

    async fn placing<C>(
        &self,
        write: &Write<C>,
        draft: &Draft,
        who: &Who,
        placing: Placing,
        kind: StepKind,
    ) -> Result<Placed, Error> {
        // The same request names the same order, also when it gives no id.
        let order_id = draft.order_id.as_ref().map_or_else(|| write.step_id.to_string(), ToString::to_string);
        let who = who.clone().or_caller(&write.key.caller);
        let mut prepared = self.prepare(draft, &order_id, placing, &who).await?;
        // A quote is not the same as the order, though it has the same lines.
        prepared.order.draft_hash.extend_from_slice(kind.as_str().as_bytes());
        Ok(Placed { prepared, who, kind })
    }
}

struct Placed {
    prepared: Prepared,
    who: Who,
    kind: StepKind,
}

#[async_trait]
impl StepCommand for Placed {
    fn kind(&self) -> StepKind {
        self.kind
    }

    async fn begin_in_tx(&self, tx: &WriteTx<'_>, step: Uuid, batch: &mut Batch) -> Result<Planned, Error> {
        let mut order = self.prepared.order.clone();
        order.busy_step = Some(step.to_string());
        if !insert_order_in_tx(tx, order.clone()).await? {
            return self.placed_before_in_tx(tx).await;
        }
        insert_lines(batch, self.prepared.lines.clone());
        holds::put(batch, &self.prepared.holds);
        let part = if self.kind == StepKind::Quote { QUOTE_PART } else { 1 };
        let planned = self.prepared.lines.iter().map(|line| PlannedLine {
            order: line.order_id.clone(),
            line: line.line_number,
            part,
            quantity: line.ordered,
        });
        let plan = Plan {
            calls: vec![Call::new(Kind::Reserve(self.prepared.call.clone()))],
            lines: planned.collect(),
            context: Some(self.who.message()),
            ..Plan::default()
        };
        let lines = self.prepared.lines.iter().map(|row| (row.line_number, LineRecord::new(row.clone())));
        let record = OrderRecord { lines: lines.collect(), ..OrderRecord::new(order.clone()) };
        Ok(Planned::Step(Box::new(plan), Book { orders: BTreeMap::from([(order.id, record)]) }))
    }
}

impl Placed {
    /// An order id names one order for ever: the same content is answered with the order.
    async fn placed_before_in_tx(&self, tx: &WriteTx<'_>) -> Result<Planned, Error> {
        let wanted = &self.prepared.order;
        let Some(order) = find_order(tx, &wanted.id).await? else {
            let detail = format!("order {} is there and is not", wanted.id);
            return Err(StorageError::InvalidRow { table: "customer_order", detail }.into());
        };
        if order.draft_hash != wanted.draft_hash {
            return Err(Error::Exists { kind: "order", name: format!("orders/{}", wanted.id) });
        }
        if let Some(step) = order.busy_step {
            return Err(Error::Busy { order: order.id, step });
        }
        let book = load_orders_in_tx(tx, &BTreeSet::from([order.id.clone()])).await?;
        let record = book.orders.get(&order.id).ok_or_else(|| Error::no_order(&order.id))?;
        let order = Some(message::whole_order(record)?);
        let lost = lost_demand_of(tx, &wanted.id).await?;
        let lost_demand = lost.iter().map(message::lost_demand).collect();
        Ok(Planned::Done(if self.kind == StepKind::Quote {
            pb::QuoteOrderResponse { order, lost_demand }.encode_to_vec()
        } else {
            pb::PlaceOrderResponse { order, lost_demand }.encode_to_vec()
        }))
    }
}
