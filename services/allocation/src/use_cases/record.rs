//! Writes what a transaction changed, with its events, and wakes the jobs that have to do with it. Nothing else writes
//! [`Changes`], so no write can forget to wake.

use backorder_storage::{Batch, StorageError, WriteTx, outbox::NewEvent};
use sea_orm::IntoActiveModel as _;

use super::UseCases;
use crate::{
    events::Events,
    order::Changes,
    store::{
        entity::{order_write, promise, refund_due},
        go_live, orders, overrides, questions, recalls, runs, sets, shipments, shipped_batches, takes,
        warehouse_orders,
    },
};

impl UseCases {
    /// Writes the batch with everything that changed. After the commit the jobs are woken that tell inventory what may take
    /// stock, and that decide about ship sets, where they have something to do.
    ///
    /// # Errors
    /// Those of the store; [`StorageError::InvalidRow`] when an event is too large.
    pub(crate) async fn record_in_tx(
        &self,
        tx: &WriteTx<'_>,
        mut batch: Batch,
        changes: Changes,
        events: Events<'_>,
    ) -> Result<(), StorageError> {
        self.wake_after(tx, &changes);
        put(&mut batch, changes, events.into_new())?;
        batch.run(tx).await?;
        Ok(())
    }

    fn wake_after(&self, tx: &WriteTx<'_>, changes: &Changes) {
        let (decides_sets, tells_eligibility) = (!changes.sets.is_empty(), changes.tells_eligibility);
        if decides_sets || tells_eligibility {
            let use_cases = self.clone();
            tx.after_commit(move || {
                let wakes = use_cases.wakes();
                decides_sets.then(|| wakes.sets.wake());
                tells_eligibility.then(|| wakes.eligibility.wake());
            });
        }
    }
}

fn put(batch: &mut Batch, changes: Changes, events: Vec<NewEvent>) -> Result<(), StorageError> {
    let Changes {
        orders,
        lines,
        claims,
        promises,
        promises_put_off,
        lost,
        recalls,
        questions,
        refunds,
        shipments,
        returned_batches,
        warehouse_orders,
        takes,
        kits,
        notes,
        overrides,
        reason_code: _,
        imported,
        sets,
        tells_eligibility: _,
    } = changes;
    orders::update_orders(batch, orders);
    orders::update_kits(batch, kits);
    orders::update_lines(batch, lines);
    orders::put_claims(batch, claims);
    batch.insert(promises.into_iter().map(promise::Model::into_active_model).collect());
    runs::put_promises_off(batch, promises_put_off);
    orders::put_lost(batch, lost);
    recalls::put(batch, recalls);
    questions::put(batch, questions);
    batch.insert(refunds.into_iter().map(refund_due::Model::into_active_model).collect());
    takes::put(batch, takes);
    shipments::put(batch, shipments);
    shipped_batches::put_returned(batch, &returned_batches);
    warehouse_orders::insert(batch, warehouse_orders);
    go_live::insert_lines(batch, imported);
    sets::put_due(batch, sets);
    batch.insert(notes.into_iter().map(order_write::Model::into_active_model).collect());
    overrides::put(batch, overrides);
    batch.append(events)
}
