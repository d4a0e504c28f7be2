//! Streams a file of the layout as demand events, and counts every row into exactly one class on the way.
//!
//! Events come in the order of the documents' first rows, which is the order of time when the file is sorted by time.

use std::{
    collections::{BTreeMap, VecDeque},
    io::Read,
    sync::Arc,
};

use jiff::{Timestamp, tz::TimeZone};

use super::{
    class::RowClass,
    codes,
    invoice::{Found, OpenDocument, OpenDocuments},
    report::{HUGE_REVERSALS_MAX, RefusedRow, RetailReport},
    reversal::{SalesBook, SoldLine},
    row::{DocumentKind, RetailRow, ZONE, is_header},
};
use crate::demand::{CatalogueItem, DemandEvent};

/// Why a file cannot be read as this layout.
#[derive(Debug, thiserror::Error)]
pub enum RetailError {
    /// The first row is not the layout's header.
    #[error("the header is not InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country")]
    Header,
    /// The zone of the file's local times is unknown to this program.
    #[error(transparent)]
    Zone(#[from] backorder_domain::time::UnknownTimeZone),
    /// The file cannot be read further.
    #[error("cannot read the file further: {0}")]
    Csv(#[from] csv::Error),
}

#[derive(Debug, Default)]
struct ItemSeen {
    description: String,
    price_nanos: i64,
    upper: bool,
    lower: bool,
    sold: bool,
}

/// The reader: an iterator over demand events.
pub struct RetailReader<R> {
    records: csv::Reader<R>,
    record: csv::ByteRecord,
    zone: TimeZone,
    documents: OpenDocuments,
    sales: SalesBook,
    items: BTreeMap<Arc<str>, ItemSeen>,
    ready: VecDeque<DemandEvent>,
    report: RetailReport,
    refused: Option<Vec<RefusedRow>>,
    at_end: bool,
}

impl<R: Read> RetailReader<R> {
    /// Starts to read a decompressed file.
    ///
    /// # Errors
    /// [`RetailError::Header`] when the file is not of this layout, otherwise what stopped the reading.
    pub fn try_new(reader: R) -> Result<Self, RetailError> {
        let mut records = csv::ReaderBuilder::new().flexible(true).from_reader(reader);
        let header = records.byte_headers()?;
        let names: Vec<String> = header.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
        if !is_header(names.iter().map(String::as_str)) {
            return Err(RetailError::Header);
        }
        Ok(Self {
            records,
            record: csv::ByteRecord::new(),
            zone: backorder_domain::time::time_zone(ZONE)?,
            documents: OpenDocuments::default(),
            sales: SalesBook::default(),
            items: BTreeMap::new(),
            ready: VecDeque::new(),
            report: RetailReport::default(),
            refused: None,
            at_end: false,
        })
    }

    /// Keeps every refused row until [`Self::drain_refused`] takes it.
    #[must_use]
    pub fn keeping_refused(mut self) -> Self {
        self.refused = Some(Vec::new());
        self
    }

    /// Takes the rows that were refused since the last call. Call it after each event, so that they do not pile up.
    pub fn drain_refused(&mut self) -> Vec<RefusedRow> {
        self.refused.as_mut().map(std::mem::take).unwrap_or_default()
    }

    fn count(&mut self, class: RowClass, line: u64, detail: impl Fn() -> String) {
        self.report.count(class, line, &detail);
        if let Some(refused) = self.refused.as_mut().filter(|_| !class.is_applied()) {
            refused.push(RefusedRow { line, class, detail: detail() });
        }
    }

    /// The report so far; complete after the last event.
    #[must_use]
    pub fn report(&self) -> RetailReport {
        let mut report = self.report.clone();
        report.traps.items_in_two_cases = self.items.values().filter(|item| item.upper && item.lower).count() as u64;
        report
    }

    /// The items that were sold so far, by code.
    #[must_use]
    pub fn catalogue(&self) -> Vec<CatalogueItem> {
        let sold = self.items.iter().filter(|(_, item)| item.sold);
        sold.map(|(code, item)| CatalogueItem {
            code: code.clone(),
            description: item.description.clone(),
            price_nanos: item.price_nanos,
        })
        .collect()
    }

    fn read_row(&mut self) -> Result<(), RetailError> {
        if !self.records.read_byte_record(&mut self.record)? {
            self.at_end = true;
            return Ok(());
        }
        let line = self.record.position().map_or(0, csv::Position::line);
        match RetailRow::try_from_record(&self.record, &self.zone) {
            Err(unreadable) => self.count(RowClass::Unreadable, line, || unreadable.to_string()),
            Ok(row) => {
                self.close_documents(Some(row.at));
                self.note_traps(&row);
                let (class, detail) = self.classify(&row);
                self.count(class, line, || detail.clone().unwrap_or_else(|| described(&row)));
            }
        }
        Ok(())
    }

    fn classify(&mut self, row: &RetailRow) -> (RowClass, Option<String>) {
        let Found::Open(document) = self.documents.of(row) else {
            return (RowClass::LateForItsInvoice, None);
        };
        if document.is_repeated(&self.record) {
            return (RowClass::ExactDuplicate, None);
        }
        match row.kind {
            DocumentKind::Adjustment => (RowClass::AccountingAdjustment, None),
            DocumentKind::Reversal => classify_reversal(row, document, &mut self.sales, &mut self.report),
            DocumentKind::Invoice => (classify_sale(row, document, &mut self.sales, &mut self.items), None),
        }
    }

    fn note_traps(&mut self, row: &RetailRow) {
        let traps = &mut self.report.traps;
        traps.lower_case_code_rows += u64::from(row.lower_case_code);
        traps.empty_customer_rows += u64::from(row.customer.is_none());
        traps.empty_description_rows += u64::from(row.description.is_empty());
        if codes::is_not_goods(&row.item) {
            return;
        }
        let item = self.items.entry(row.item.clone()).or_default();
        item.lower |= row.lower_case_code;
        item.upper |= !row.lower_case_code;
    }

    fn close_documents(&mut self, now: Option<Timestamp>) {
        while let Some(document) = self.documents.close_oldest(now) {
            let traps = &mut self.report.traps;
            traps.documents_over_two_minutes += u64::from(document.spans_minutes);
            traps.interleaved_documents += u64::from(document.interleaved);
            if let Some(DemandEvent::Ordered(order)) = self.push_event(document) {
                let unnamed_lines = if order.customer.is_none() { order.lines.len() as u64 } else { 0 };
                self.report.traps.empty_customer_sale_lines += unnamed_lines;
            }
        }
    }

    fn push_event(&mut self, document: OpenDocument) -> Option<&DemandEvent> {
        let event: Option<DemandEvent> = document.into();
        self.ready.push_back(event?);
        self.ready.back()
    }
}

fn classify_reversal(
    row: &RetailRow,
    document: &mut OpenDocument,
    sales: &mut SalesBook,
    report: &mut RetailReport,
) -> (RowClass, Option<String>) {
    if codes::is_not_goods(&row.item) {
        return (RowClass::ReversalOfNonGoods, None);
    }
    if row.quantity >= 0 {
        return (RowClass::ReversalNotNegative, None);
    }
    let units = row.quantity.saturating_neg();
    let Some(customer) = &row.customer else {
        report.traps.units_not_reversed += units;
        return (RowClass::ReversalWithoutCustomer, None);
    };
    let matched = sales.reverse(customer, &row.item, units, &row.invoice, row.at);
    let traps = &mut report.traps;
    traps.units_reversed += units - matched.units_unmatched;
    traps.units_not_reversed += matched.units_unmatched;
    let room = HUGE_REVERSALS_MAX.saturating_sub(traps.huge_reversals.len());
    traps.huge_reversals.extend(matched.huge.into_iter().take(room));
    let class = match (matched.parts.is_empty(), matched.units_unmatched) {
        (false, 0) => RowClass::ReversalMatched,
        (false, _) => RowClass::ReversalMatchedInPart,
        (true, _) => RowClass::ReversalUnmatched,
    };
    document.add_parts(matched.parts);
    let detail = (matched.units_unmatched > 0)
        .then(|| format!("{}: {} of {units} units have no sale", described(row), matched.units_unmatched));
    (class, detail)
}

fn classify_sale(
    row: &RetailRow,
    document: &mut OpenDocument,
    sales: &mut SalesBook,
    items: &mut BTreeMap<Arc<str>, ItemSeen>,
) -> RowClass {
    if row.quantity < 0 {
        return RowClass::NegativeWriteOff;
    }
    if codes::is_not_goods(&row.item) {
        return RowClass::NonGoodsCode;
    }
    if row.quantity == 0 {
        return RowClass::ZeroQuantity;
    }
    if row.price_nanos <= 0 {
        return RowClass::PriceNotPositive;
    }
    let line = document.add_line(row);
    if let Some(customer) = &row.customer {
        let sold = SoldLine { order: row.invoice.clone(), line, units: row.quantity };
        sales.sold(customer, &row.item, sold, row.at);
    }
    let item = items.entry(row.item.clone()).or_default();
    item.sold = true;
    item.price_nanos = row.price_nanos;
    if !row.description.is_empty() {
        item.description.clone_from(&row.description);
    }
    RowClass::CleanSaleLine
}

fn described(row: &RetailRow) -> String {
    let RetailRow { invoice, item, quantity, .. } = row;
    format!("{invoice} {item} x {quantity}")
}

impl<R: Read> Iterator for RetailReader<R> {
    type Item = Result<DemandEvent, RetailError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(Ok(event));
            }
            if self.at_end {
                return None;
            }
            if let Err(error) = self.read_row() {
                self.at_end = true;
                return Some(Err(error));
            }
            if self.at_end {
                self.close_documents(None);
            }
        }
    }
}
