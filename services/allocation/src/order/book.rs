//! The orders, lines and claims that a transaction has loaded.

use std::collections::BTreeMap;

use backorder_domain::{
    order::{
        claim::ClaimCopy,
        eligibility::Barriers,
        line::{LineVector, VectorParts},
        promise::Cover,
        state::OrderState,
    },
    quantity::Quantity,
};
use backorder_proto::convert::allocation::ClaimOfLine;
use backorder_storage::{StorageError, columns};

use crate::{
    order::{
        key::{LineKey, QUOTE_PART},
        sets::SetView,
        texts,
    },
    store::entity::{customer_order, line_claim, order_line},
};

/// Orders by id. The order of ids is the order in which rows are locked.
#[derive(Debug, Clone, Default)]
pub struct Book {
    pub orders: BTreeMap<String, OrderRecord>,
}

/// An order with those of its lines that were loaded.
#[derive(Debug, Clone)]
pub struct OrderRecord {
    pub row: customer_order::Model,
    pub lines: BTreeMap<i32, LineRecord>,
    /// What was found out about its ship sets, until a claim of theirs changes.
    pub set_views: BTreeMap<String, SetView>,
}

/// A line with all its claims.
#[derive(Debug, Clone)]
pub struct LineRecord {
    pub row: order_line::Model,
    /// By part.
    pub claims: BTreeMap<i32, line_claim::Model>,
    /// What inventory told to be free for the line, as text, when it decided about its ship set; the row has it when the
    /// line follows.
    pub free_told: Option<String>,
    /// The item about which a run is pending that decides about the line's ship set.
    pub awaited_item: Option<String>,
}

impl Book {
    /// A line that was loaded.
    pub fn line(&self, order: &str, line: i32) -> Option<&LineRecord> {
        self.orders.get(order)?.lines.get(&line)
    }

    /// Takes over a claim when it is newer than the copy; answers whether it was, and `false` for lines not loaded.
    pub fn take_claim(&mut self, key: &LineKey, claim: &ClaimOfLine) -> bool {
        let Some(order) = self.orders.get_mut(&key.order) else { return false };
        let is_newer = order.lines.get_mut(&key.line).is_some_and(|line| line.take_claim(key, claim));
        if is_newer {
            order.set_views.clear();
        }
        is_newer
    }
}

impl OrderRecord {
    /// An order of which no lines are loaded yet.
    #[must_use]
    pub fn new(row: customer_order::Model) -> Self {
        Self { row, lines: BTreeMap::new(), set_views: BTreeMap::new() }
    }

    /// The state in the order's life.
    ///
    /// # Errors
    /// [`StorageError::InvalidRow`] for a name that is no state.
    pub fn state(&self) -> Result<OrderState, StorageError> {
        OrderState::from_name(&self.row.state).ok_or_else(|| StorageError::InvalidRow {
            table: "customer_order",
            detail: format!("{:?} is no state", self.row.state),
        })
    }
}

impl LineRecord {
    /// A line of which no claims are loaded yet.
    #[must_use]
    pub fn new(row: order_line::Model) -> Self {
        Self { row, claims: BTreeMap::new(), free_told: None, awaited_item: None }
    }

    /// Takes over a claim when it is newer than the copy; answers whether it was.
    pub fn take_claim(&mut self, key: &LineKey, claim: &ClaimOfLine) -> bool {
        if self.claims.get(&key.part).is_some_and(|known| known.version >= claim.version) {
            return false;
        }
        self.claims.insert(key.part, claim_row(key, claim));
        true
    }

    /// The claims of all parts. A quote's claim that was taken over has nothing any more.
    ///
    /// # Errors
    /// [`StorageError::InvalidRow`] for texts that were not written here.
    pub fn copies(&self) -> Result<Vec<ClaimCopy>, StorageError> {
        self.claims.values().map(claim_copy).collect()
    }

    /// Forgets the days of units out of stock, which they keep otherwise: they are counted anew when the line follows.
    ///
    /// # Errors
    /// [`StorageError::InvalidRow`] for texts that were not written here.
    pub fn forget_stock_days(&mut self) -> Result<(), StorageError> {
        let mut confirmations = texts::confirmations_of(&self.row.confirmations)?;
        confirmations.retain(|confirmation| confirmation.cover != Cover::Stock);
        self.row.confirmations = texts::confirmations(&confirmations);
        Ok(())
    }

    /// Empties the copy of the quote's claim, whose units a confirmed order has taken over. Its version stays, so that
    /// the news of it is still taken.
    pub fn close_quote(&mut self) {
        if let Some(claim) = self.claims.get_mut(&QUOTE_PART) {
            claim.reserved = 0;
            claim.released = 0;
            claim.waiting = 0;
            claim.pegged = 0;
            claim.reservations.clear();
            claim.pegs.clear();
        }
    }

    /// What bars the line.
    ///
    /// # Errors
    /// [`StorageError::InvalidRow`] for a set that was not written here.
    pub fn barriers(&self) -> Result<Barriers, StorageError> {
        barriers_of(&self.row)
    }

    /// The quantities of the row.
    ///
    /// # Errors
    /// [`StorageError::InvalidRow`] when they do not add up.
    pub fn vector(&self) -> Result<LineVector, StorageError> {
        vector_of(&self.row)
    }
}

/// The row of a claim.
pub fn claim_row(key: &LineKey, claim: &ClaimOfLine) -> line_claim::Model {
    let copy = &claim.copy;
    let pegged = copy.pegs.iter().map(|peg| peg.quantity.get()).sum::<i64>();
    line_claim::Model {
        order_id: key.order.clone(),
        line_number: key.line,
        part: key.part,
        reserved: copy.reserved().map_or(0, Quantity::get),
        released: copy.released.get(),
        waiting: copy.waiting.get(),
        pegged: pegged.min(copy.waiting.get()),
        posted: copy.posted.get(),
        queue_key: claim.queue_key.clone(),
        queue_time: columns::micros(claim.queue_time),
        reservations: texts::reservations(&copy.reservations),
        pegs: texts::pegs(&copy.pegs),
        eligible: claim.eligible,
        version: claim.version,
    }
}

/// The copy in a row.
pub fn claim_copy(row: &line_claim::Model) -> Result<ClaimCopy, StorageError> {
    Ok(ClaimCopy {
        reservations: texts::reservations_of(&row.reservations)?,
        released: units(row.released, "line_claim")?,
        waiting: units(row.waiting, "line_claim")?,
        pegs: texts::pegs_of(&row.pegs)?,
        posted: units(row.posted, "line_claim")?,
    })
}

fn units(number: i64, table: &'static str) -> Result<Quantity, StorageError> {
    Quantity::try_new(number).map_err(|error| StorageError::InvalidRow { table, detail: error.to_string() })
}

/// What bars the line of a row.
pub fn barriers_of(row: &order_line::Model) -> Result<Barriers, StorageError> {
    Barriers::from_bits(row.barriers).ok_or_else(|| StorageError::InvalidRow {
        table: "order_line",
        detail: format!("{} {}: {} is no set of barriers", row.order_id, row.line_number, row.barriers),
    })
}

/// The quantities of a row.
pub fn vector_of(row: &order_line::Model) -> Result<LineVector, StorageError> {
    const TABLE: &str = "order_line";
    let parts = VectorParts {
        ordered: units(row.ordered, TABLE)?,
        open: units(row.open, TABLE)?,
        reserved: units(row.reserved, TABLE)?,
        released: units(row.released, TABLE)?,
        recalling: units(row.recalling, TABLE)?,
        shipped: units(row.shipped, TABLE)?,
        cancelled: units(row.cancelled, TABLE)?,
        delivered: units(row.delivered, TABLE)?,
        returned: units(row.returned, TABLE)?,
        refused: units(row.refused, TABLE)?,
        filled_at_once: units(row.filled_at_once, TABLE)?,
        backordered: units(row.backordered, TABLE)?,
        future: units(row.future, TABLE)?,
        preorder: units(row.preorder, TABLE)?,
    };
    LineVector::try_from_parts(parts).map_err(|error| StorageError::InvalidRow {
        table: TABLE,
        detail: format!("{} {}: {error}", row.order_id, row.line_number),
    })
}

/// Writes quantities into a row.
pub fn put_vector(row: &mut order_line::Model, vector: &LineVector) {
    let parts = vector.parts();
    row.ordered = parts.ordered.get();
    row.open = parts.open.get();
    row.reserved = parts.reserved.get();
    row.released = parts.released.get();
    row.recalling = parts.recalling.get();
    row.shipped = parts.shipped.get();
    row.cancelled = parts.cancelled.get();
    row.delivered = parts.delivered.get();
    row.returned = parts.returned.get();
    row.refused = parts.refused.get();
    row.filled_at_once = parts.filled_at_once.get();
    row.backordered = parts.backordered.get();
    row.future = parts.future.get();
    row.preorder = parts.preorder.get();
}
