//! What warehouses are asked for, and that they have taken it over.

use std::collections::HashMap;

use backorder_proto::allocation::v1 as pb;
use backorder_storage::{Batch, StorageError, WriteTx, idempotency};
use prost::Message as _;

use crate::{
    error::{Error, Kind},
    order::warehouse_order::{message, name},
    store::warehouse_orders::{self as table, Filter, WholeWarehouseOrder},
    use_cases::UseCases,
    write::Write,
};

/// Orders that a warehouse has taken over.
#[derive(Debug, Clone)]
pub struct Acknowledge {
    /// Their ids, each once.
    pub ids: Vec<String>,
    /// The warehouse's own number for them.
    pub reference: String,
}

impl UseCases {
    /// Orders to warehouses by the time at which they were written, after a place in this order, each with its place.
    ///
    /// # Errors
    /// [`StorageError`] of the queries.
    pub async fn list_warehouse_orders(
        &self,
        filter: &Filter,
        after: Option<(i64, &str)>,
        limit: u64,
    ) -> Result<Vec<(String, pb::WarehouseOrder)>, StorageError> {
        let found = table::list(self.store().reader(), filter, after, limit).await?;
        found.iter().map(|one| Ok((format!("{} {}", one.row.created_at, one.row.id), message(one)?))).collect()
    }

    /// Records that a warehouse has taken orders over: all or none. One that is acknowledged already stays as it is.
    ///
    /// # Errors
    /// Those of the contract.
    pub async fn acknowledge_warehouse_orders(
        self,
        write: Write<Acknowledge>,
    ) -> Result<pb::AcknowledgeWarehouseOrdersResponse, Error> {
        let (use_cases, write) = (&self, &write);
        self.store()
            .write("acknowledge_warehouse_orders", move |tx| {
                Box::pin(async move { use_cases.acknowledge_in_tx(tx, write).await })
            })
            .await
    }

    async fn acknowledge_in_tx(
        &self,
        tx: &WriteTx<'_>,
        write: &Write<Acknowledge>,
    ) -> Result<pb::AcknowledgeWarehouseOrdersResponse, Error> {
        let now = self.now();
        match idempotency::begin_in_tx(tx, &write.key, &write.hash, now).await? {
            idempotency::Begun::Fresh => {}
            idempotency::Begun::Reused => return Err(Error::RequestIdReused),
            idempotency::Begun::Answered(bytes) => {
                let answer = pb::AcknowledgeWarehouseOrdersResponse::decode(bytes.as_slice());
                return answer.map_err(|error| Error::Contract(error.to_string()));
            }
        }
        let Acknowledge { ids, reference } = &write.command;
        let acknowledged = table::acknowledge_in_tx(tx, ids, reference, now).await?;
        let mut events = self.events(now, write.traceparent.clone());
        let found = table::find(tx, ids).await?;
        let mut by_id: HashMap<String, WholeWarehouseOrder> =
            found.into_iter().map(|order| (order.row.id.clone(), order)).collect();
        let mut answer = pb::AcknowledgeWarehouseOrdersResponse::default();
        for id in ids {
            let order = by_id.remove(id).ok_or_else(|| Error::missing(Kind::WarehouseOrder, name(id)))?;
            if acknowledged.contains(id) {
                events.warehouse_order(&order.row)?;
            }
            answer.warehouse_orders.push(message(&order)?);
        }
        let mut batch = Batch::new(tx);
        batch.append(events.into_new())?;
        batch.answer(&write.key, &answer.encode_to_vec());
        batch.run(tx).await?;
        Ok(answer)
    }
}
