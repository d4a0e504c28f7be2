//! What a transaction changed: rows to write and events to tell.

use std::collections::BTreeMap;

use backorder_domain::order::{
    eligibility::{Barrier, Barriers},
    policy::LossReason,
    state::{LinesAfter, OrderCommand},
};
use backorder_proto::common::v1::WriteContext;
use backorder_proto::convert::allocation as convert;
use backorder_storage::columns;
use uuid::Uuid;

use crate::{
    error::Error,
    events::Events,
    order::{
        LineKey, LineRecord, OrderRecord, barriers_of,
        hold::Hold,
        kits, refund,
        settle::{Cause, Command, Moment, Promised, settle},
    },
    store::{
        entity::{
            customer_order, customer_question, drop_ship_take, imported_line, line_claim, line_override, lost_demand,
            order_line, order_write, pending_promise, promise, recall, refund_due, shipped_batch,
        },
        sets::SetKey,
        shipments::WholeShipment,
        warehouse_orders::WholeWarehouseOrder,
    },
};

/// Units of a line that were refused or cut.
#[derive(Debug, Clone, Copy)]
pub struct LostUnits {
    /// The part of the line that wanted them.
    pub part: i32,
    /// How many base units; nothing is recorded for none.
    pub quantity: i64,
    /// Why.
    pub reason: LossReason,
}

/// Rows to write and events to tell, in the order in which they came about.
#[derive(Debug, Default)]
pub struct Changes {
    pub orders: Vec<customer_order::Model>,
    pub lines: Vec<order_line::Model>,
    pub claims: Vec<line_claim::Model>,
    pub promises: Vec<promise::Model>,
    pub promises_put_off: Vec<pending_promise::Model>,
    pub lost: Vec<lost_demand::Model>,
    pub recalls: Vec<recall::Model>,
    pub questions: Vec<customer_question::Model>,
    pub refunds: Vec<refund_due::Model>,
    pub shipments: Vec<WholeShipment>,
    pub returned_batches: Vec<shipped_batch::Model>,
    pub warehouse_orders: Vec<WholeWarehouseOrder>,
    pub takes: Vec<drop_ship_take::Model>,
    /// The kits of an order, where they change, by its id.
    pub kits: BTreeMap<String, String>,
    pub notes: Vec<order_write::Model>,
    pub overrides: Vec<line_override::Model>,
    /// Why the write is done, for the refunds that come of it. Empty where nobody said.
    pub reason_code: String,
    pub imported: Vec<imported_line::Model>,
    /// Ship sets about which inventory is to be asked, each from a time on.
    pub sets: BTreeMap<SetKey, i64>,
    /// Whether inventory is to be told that some waiting part may take stock now, or may no longer.
    pub tells_eligibility: bool,
}

/// A write to an order: which, of what kind, by whom and why.
#[derive(Debug, Clone, Copy)]
pub struct WriteNote<'a> {
    /// The write's step.
    pub step: Uuid,
    /// What it does, for people.
    pub kind: &'a str,
    /// Who does it and why.
    pub context: &'a WriteContext,
}

impl Changes {
    /// Adds what another write of the same transaction changed, to other orders.
    pub fn append(&mut self, other: Self) {
        let Self {
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
            tells_eligibility,
        } = other;
        self.orders.extend(orders);
        self.lines.extend(lines);
        self.claims.extend(claims);
        self.promises.extend(promises);
        self.promises_put_off.extend(promises_put_off);
        self.lost.extend(lost);
        self.recalls.extend(recalls);
        self.questions.extend(questions);
        self.refunds.extend(refunds);
        self.shipments.extend(shipments);
        self.returned_batches.extend(returned_batches);
        self.warehouse_orders.extend(warehouse_orders);
        self.takes.extend(takes);
        self.kits.extend(kits);
        self.notes.extend(notes);
        self.overrides.extend(overrides);
        self.imported.extend(imported);
        self.sets.extend(sets);
        self.tells_eligibility |= tells_eligibility;
    }

    /// Records that a copy of a claim was replaced.
    pub fn claim(&mut self, line: &LineRecord, key: &LineKey) {
        self.claims.extend(line.claims.get(&key.part).cloned());
    }

    /// Settles one line of the book and records what changed. A line that stays as it was is not written.
    ///
    /// # Errors
    /// As [`settle`].
    pub fn settle_line(
        &mut self,
        order: &mut OrderRecord,
        number: i32,
        command: Command,
        cause: &Cause,
        moment: Moment<'_>,
        events: &mut Events<'_>,
    ) -> Result<(), Error> {
        let surplus = kits::surplus_of(order, number);
        let view = if matches!(command, Command::Consent) { None } else { order.set_view_of(number, moment)? };
        let OrderRecord { row, lines, .. } = order;
        let Some(line) = lines.get_mut(&number) else {
            return Err(Error::no_line(&row.id, number));
        };
        let before = line.row.clone();
        line.row.kit_surplus = surplus;
        let promised = settle(row, line, command, cause, moment, view)?;
        self.tells_eligibility |= is_told_otherwise(line)?;
        let awaited_item = line.awaited_item.take();
        if matches!(promised, Promised::AwaitsRun) {
            self.promises_put_off.push(pending_promise::Model {
                item_id: awaited_item.unwrap_or_else(|| line.row.item_id.clone()),
                order_id: line.row.order_id.clone(),
                line_number: number,
            });
        }
        if line.row == before {
            return Ok(());
        }
        line.row.version += 1;
        line.row.updated_at = columns::micros(moment.now);
        row.lines_active += i64::from(is_active(&line.row)) - i64::from(is_active(&before));
        row.lines_shipped += i64::from(line.row.shipped > 0) - i64::from(before.shipped > 0);
        self.lines.push(line.row.clone());
        events.line(row, &line.row, &cause.text)?;
        for refund in refund::due(row, &before, &line.row, &self.reason_code, &cause.text, moment.now) {
            events.refund(&refund)?;
            self.refunds.push(refund);
        }
        if let Promised::Revised(revision) = promised {
            events.promise(&revision)?;
            self.promises.push(revision);
        }
        Ok(())
    }

    /// Sets what bars a line of the book, and records it. A line that is barred as before is not written.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a line that is not loaded, [`Error::Storage`] for rows that were not written here.
    pub fn bar_line(
        &mut self,
        order: &mut OrderRecord,
        number: i32,
        barriers: Barriers,
        cause: &str,
        moment: Moment<'_>,
        events: &mut Events<'_>,
    ) -> Result<(), Error> {
        let OrderRecord { row, lines, .. } = order;
        let Some(line) = lines.get_mut(&number) else {
            return Err(Error::no_line(&row.id, number));
        };
        if line.barriers()? == barriers {
            return Ok(());
        }
        line.row.barriers = barriers.bits();
        self.tells_eligibility |= is_told_otherwise(line)?;
        self.touch_line(row, &mut line.row, cause, moment, events)
    }

    /// Records a line of which something else than its quantities and its promise was changed.
    ///
    /// # Errors
    /// [`StorageError::InvalidRow`](backorder_storage::StorageError) for a row that was not written here.
    pub fn touch_line(
        &mut self,
        order: &customer_order::Model,
        row: &mut order_line::Model,
        cause: &str,
        moment: Moment<'_>,
        events: &mut Events<'_>,
    ) -> Result<(), Error> {
        row.version += 1;
        row.updated_at = columns::micros(moment.now);
        self.lines.push(row.clone());
        Ok(events.line(order, row, cause)?)
    }

    /// Records a question that was asked or ended.
    ///
    /// # Errors
    /// [`StorageError::InvalidRow`](backorder_storage::StorageError) for a row that was not written here.
    pub fn question(&mut self, question: customer_question::Model, events: &mut Events<'_>) -> Result<(), Error> {
        events.question(&question)?;
        self.questions.push(question);
        Ok(())
    }

    /// Records that a line of the book has other holds of its own now.
    ///
    /// # Errors
    /// As [`Changes::bar_line`].
    pub fn holds_changed(
        &mut self,
        order: &mut OrderRecord,
        number: i32,
        holds: &[Hold],
        cause: &str,
        events: &mut Events<'_>,
    ) -> Result<(), Error> {
        let Some(line) = order.lines.get_mut(&number) else {
            return Err(Error::no_line(&order.row.id, number));
        };
        line.row.version += 1;
        self.lines.push(line.row.clone());
        Ok(events.line_holds(&line.row, holds, cause)?)
    }

    /// Pins the confirmation of a line of the book by an override, or by an empty id takes the pin off.
    ///
    /// # Errors
    /// As [`Changes::bar_line`].
    pub fn pin_line(
        &mut self,
        order: &mut OrderRecord,
        number: i32,
        pin: &str,
        cause: &str,
        events: &mut Events<'_>,
    ) -> Result<(), Error> {
        let OrderRecord { row, lines, .. } = order;
        let Some(line) = lines.get_mut(&number) else {
            return Err(Error::no_line(&row.id, number));
        };
        pin.clone_into(&mut line.row.pin);
        line.row.version += 1;
        self.lines.push(line.row.clone());
        Ok(events.line(row, &line.row, cause)?)
    }

    /// Records an override that was made or changed.
    ///
    /// # Errors
    /// [`StorageError::InvalidRow`](backorder_storage::StorageError) for a row that was not written here.
    pub fn override_changed(&mut self, row: line_override::Model, events: &mut Events<'_>) -> Result<(), Error> {
        events.override_changed(&row)?;
        self.overrides.push(row);
        Ok(())
    }

    /// Records demand that was lost.
    pub fn lose(&mut self, row: &order_line::Model, lost: LostUnits, moment: Moment<'_>) {
        if lost.quantity == 0 {
            return;
        }
        let names_policy = lost.reason != LossReason::CustomerInstruction;
        self.lost.push(lost_demand::Model {
            id: 0,
            order_id: row.order_id.clone(),
            line_number: row.line_number,
            part: lost.part,
            item_id: row.item_id.clone(),
            quantity: lost.quantity,
            reason: convert::loss_reason(lost.reason).as_str_name().to_owned(),
            policy_id: if names_policy { row.policy_id.clone() } else { String::new() },
            lost_at: columns::micros(moment.now),
        });
    }

    /// Notes who wrote to an order and why.
    pub fn note(&mut self, order: &str, note: WriteNote<'_>, moment: Moment<'_>) {
        self.notes.push(order_write::Model {
            order_id: order.to_owned(),
            step_id: note.step.to_string(),
            kind: note.kind.to_owned(),
            actor: note.context.actor.clone(),
            reason_code: note.context.reason_code.clone(),
            note: note.context.note.clone(),
            written_at: columns::micros(moment.now),
        });
    }

    /// Records a recall that was made or changed.
    ///
    /// # Errors
    /// [`StorageError::InvalidRow`](backorder_storage::StorageError) for a row that was not written here.
    pub fn recall(&mut self, recall: recall::Model, events: &mut Events<'_>) -> Result<(), Error> {
        events.recall(&recall)?;
        self.recalls.push(recall);
        Ok(())
    }

    /// Records a shipment that left or arrived.
    ///
    /// # Errors
    /// [`StorageError::InvalidRow`](backorder_storage::StorageError) for a row that was not written here.
    pub fn shipment(&mut self, shipment: WholeShipment, events: &mut Events<'_>) -> Result<(), Error> {
        events.shipment(&shipment)?;
        self.shipments.push(shipment);
        Ok(())
    }

    /// Records a take that was asked or changed.
    ///
    /// # Errors
    /// [`StorageError::InvalidRow`](backorder_storage::StorageError) for a row that was not written here.
    pub fn take(&mut self, take: drop_ship_take::Model, events: &mut Events<'_>) -> Result<(), Error> {
        events.take(&take)?;
        self.takes.push(take);
        Ok(())
    }

    /// Records what warehouses are asked for from now on.
    ///
    /// # Errors
    /// [`StorageError::InvalidRow`](backorder_storage::StorageError) for a row that was not written here.
    pub fn order_of_warehouses(
        &mut self,
        orders: Vec<WholeWarehouseOrder>,
        events: &mut Events<'_>,
    ) -> Result<(), Error> {
        for order in &orders {
            events.warehouse_order(&order.row)?;
        }
        self.warehouse_orders.extend(orders);
        Ok(())
    }

    /// Brings an order to the state after a command, and records it.
    ///
    /// # Errors
    /// [`Error::State`] when the order's state does not allow the command.
    pub fn settle_order(
        &mut self,
        order: &mut OrderRecord,
        command: OrderCommand,
        cause: &str,
        moment: Moment<'_>,
        events: &mut Events<'_>,
    ) -> Result<(), Error> {
        let state = order.state()?;
        let lines = LinesAfter { active: order.row.lines_active > 0, shipped: order.row.lines_shipped > 0 };
        let next =
            state.after(command, lines).map_err(|conflict| Error::State { order: order.row.id.clone(), conflict })?;
        let is_new = order.row.version == 0;
        order.row.updated_at = columns::micros(moment.now);
        if next != state || is_new {
            next.as_str().clone_into(&mut order.row.state);
            order.row.version += 1;
            events.order(&order.row, cause)?;
        }
        self.orders.push(order.row.clone());
        Ok(())
    }
}

/// Whether inventory was told otherwise of a waiting part than what bars the line. Of a line that waits for go-live, going
/// live says when it is told.
fn is_told_otherwise(line: &LineRecord) -> Result<bool, Error> {
    let barriers = barriers_of(&line.row)?;
    let differs = |claim: &line_claim::Model| claim.waiting > 0 && claim.eligible != barriers.may_take_stock();
    Ok(!barriers.contains(Barrier::GoLive) && line.claims.values().any(differs))
}

fn is_active(row: &order_line::Model) -> bool {
    row.open > 0 || row.reserved > 0 || row.released > 0
}
