//! Collects the rows of one document while it is open, and lets documents go in the order of their first row.
//!
//! A document is closed when the file's time has moved more than [`OPEN_WINDOW`] past its last row, so memory is bounded
//! by the documents of a few minutes.

use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};

use super::row::{DocumentKind, RetailRow};
use crate::demand::{DemandEvent, DemandLine, DemandOrder, Reversal, ReversedPart};

/// How long after its last row a document stays open, in the file's own time.
pub const OPEN_WINDOW: SignedDuration = SignedDuration::from_mins(5);

/// A document whose rows still arrive.
#[derive(Debug)]
pub struct OpenDocument {
    id: Arc<str>,
    kind: DocumentKind,
    pub(super) first_at: Timestamp,
    pub(super) last_at: Timestamp,
    customer: Option<Arc<str>>,
    country: Arc<str>,
    lines: Vec<DemandLine>,
    parts: Vec<ReversedPart>,
    rows_applied: u64,
    seen: HashSet<Vec<u8>>,
    pub(super) spans_minutes: bool,
    pub(super) interleaved: bool,
}

impl OpenDocument {
    fn of(row: &RetailRow) -> Self {
        Self {
            id: row.invoice.clone(),
            kind: row.kind,
            first_at: row.at,
            last_at: row.at,
            customer: row.customer.clone(),
            country: row.country.clone(),
            lines: Vec::new(),
            parts: Vec::new(),
            rows_applied: 0,
            seen: HashSet::new(),
            spans_minutes: false,
            interleaved: false,
        }
    }

    /// Notes the row's fields; answers whether the document already holds an equal row.
    pub(super) fn is_repeated(&mut self, record: &csv::ByteRecord) -> bool {
        !self.seen.insert(fields_with_lengths(record))
    }

    /// Adds an order line and answers its number.
    pub(super) fn add_line(&mut self, row: &RetailRow) -> u32 {
        let number = u32::try_from(self.lines.len() + 1).unwrap_or(u32::MAX);
        let (item, quantity, price_nanos) = (row.item.clone(), row.quantity, row.price_nanos);
        self.lines.push(DemandLine { number, item, quantity, price_nanos });
        number
    }

    /// Adds what a reversal row takes back.
    pub(super) fn add_parts(&mut self, parts: Vec<ReversedPart>) {
        self.rows_applied += u64::from(!parts.is_empty());
        self.parts.extend(parts);
    }

    fn into_event(self) -> Option<DemandEvent> {
        match self.kind {
            DocumentKind::Reversal if !self.parts.is_empty() => Some(DemandEvent::Reversed(Reversal {
                id: self.id,
                reversed_at: self.first_at,
                rows: self.rows_applied,
                parts: self.parts,
            })),
            DocumentKind::Invoice if !self.lines.is_empty() => Some(DemandEvent::Ordered(DemandOrder {
                id: self.id,
                placed_at: self.first_at,
                customer: self.customer,
                country: self.country,
                lines: self.lines,
            })),
            DocumentKind::Reversal | DocumentKind::Invoice | DocumentKind::Adjustment => None,
        }
    }
}

/// The record as bytes from which each field can be told apart, so that equal bytes mean equal fields.
fn fields_with_lengths(record: &csv::ByteRecord) -> Vec<u8> {
    record.iter().flat_map(|field| field.len().to_le_bytes().into_iter().chain(field.iter().copied())).collect()
}

/// What became of the search for a row's document.
pub(super) enum Found<'a> {
    /// The open document that the row belongs to.
    Open(&'a mut OpenDocument),
    /// The document was closed before this row.
    Closed,
}

/// The open documents, oldest first, and the ids of the closed ones (one short text per document of the file).
#[derive(Debug, Default)]
pub struct OpenDocuments {
    open: VecDeque<OpenDocument>,
    closed: HashSet<Arc<str>>,
    last_written: Option<Arc<str>>,
}

impl OpenDocuments {
    /// The document of a row; it is opened when this is its first row.
    pub(super) fn of(&mut self, row: &RetailRow) -> Found<'_> {
        if self.closed.contains(&row.invoice) {
            return Found::Closed;
        }
        let is_continued = self.last_written.replace(row.invoice.clone()).as_ref() == Some(&row.invoice);
        let position = match self.open.iter().rposition(|document| document.id == row.invoice) {
            Some(position) => position,
            None => {
                self.open.push_back(OpenDocument::of(row));
                self.open.len() - 1
            }
        };
        let document = &mut self.open[position];
        document.interleaved |= !is_continued && !document.seen.is_empty();
        document.spans_minutes |= row.at != document.first_at;
        document.last_at = document.last_at.max(row.at);
        Found::Open(document)
    }

    /// Lets the oldest document go when the file's time has moved past it, or when the file has ended (`now` is `None`).
    pub(super) fn close_oldest(&mut self, now: Option<Timestamp>) -> Option<OpenDocument> {
        let oldest = self.open.front()?;
        let is_over = now.is_none_or(|now| now.duration_since(oldest.last_at) > OPEN_WINDOW);
        if !is_over {
            return None;
        }
        let document = self.open.pop_front()?;
        self.closed.insert(document.id.clone());
        Some(document)
    }
}

impl From<OpenDocument> for Option<DemandEvent> {
    fn from(document: OpenDocument) -> Self {
        document.into_event()
    }
}
