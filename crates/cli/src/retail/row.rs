//! One row of the layout as typed fields, and the layout's header.

use std::sync::Arc;

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use super::codes;
use crate::decimal::{InvalidDecimal, parse_nanos};

/// The columns of the layout, in their order.
pub const HEADER: [&str; 8] =
    ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"];

/// The zone in which the file's local times are written.
pub const ZONE: &str = "Europe/London";

/// The forms in which `InvoiceDate` appears in the wild: the ISO form of our copy, and the original's US form.
const DATE_FORMS: [&str; 4] = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%m/%d/%Y %H:%M", "%Y-%m-%dT%H:%M"];

/// Whether a header row is this layout's.
#[must_use]
pub fn is_header<'a>(fields: impl IntoIterator<Item = &'a str>) -> bool {
    let names: Vec<&str> = fields.into_iter().map(|field| field.trim().trim_start_matches('\u{feff}')).collect();
    names.len() == HEADER.len() && names.iter().zip(HEADER).all(|(found, name)| found.eq_ignore_ascii_case(name))
}

/// Which document a row belongs to, told by the first letter of its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentKind {
    /// A sale or a stock note.
    Invoice,
    /// `C…`: a cancellation.
    Reversal,
    /// `A…`: bookkeeping.
    Adjustment,
}

/// Why a row cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnreadableRow {
    /// The row has another number of fields than the header.
    #[error("the row has {0} fields instead of 8")]
    FieldCount(usize),
    /// A field that a row cannot do without is empty.
    #[error("{0} is empty")]
    Missing(&'static str),
    /// The quantity is not a whole number.
    #[error("Quantity {0:?} is not a whole number")]
    Quantity(String),
    /// The date has none of the known forms.
    #[error("InvoiceDate {0:?} is not a local time such as 2010-12-01T08:26:00")]
    Date(String),
    /// The price is not a decimal number.
    #[error("UnitPrice {0}")]
    Price(#[from] InvalidDecimal),
    /// A field that names something is not UTF-8.
    #[error("{0} is not UTF-8 text")]
    Encoding(&'static str),
}

/// A row with its fields in their types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetailRow {
    /// The document's number.
    pub invoice: Arc<str>,
    /// What kind of document it is.
    pub kind: DocumentKind,
    /// The item's code in its one spelling.
    pub item: Arc<str>,
    /// Whether the file spelled the code with small letters.
    pub lower_case_code: bool,
    /// What the file calls the item, may be empty.
    pub description: String,
    /// Units; negative in reversals and write-offs.
    pub quantity: i64,
    /// When, as an instant.
    pub at: Timestamp,
    /// Net price of a unit in nano-units of GBP.
    pub price_nanos: i64,
    /// The customer, `None` when the field is empty.
    pub customer: Option<Arc<str>>,
    /// The country as spelled.
    pub country: Arc<str>,
}

impl RetailRow {
    /// Reads the eight fields of a record.
    ///
    /// A local time that the clocks skipped or repeated is read as the zone rules' compatible choice: the later instant
    /// of a gap, the earlier of a repetition.
    ///
    /// # Errors
    /// [`UnreadableRow`] names the first field that cannot be read.
    pub fn try_from_record(record: &csv::ByteRecord, zone: &TimeZone) -> Result<Self, UnreadableRow> {
        if record.len() != HEADER.len() {
            return Err(UnreadableRow::FieldCount(record.len()));
        }
        let text = |column: usize| {
            std::str::from_utf8(&record[column]).map(str::trim).map_err(|_| UnreadableRow::Encoding(HEADER[column]))
        };
        let required = |column: usize| match text(column)? {
            "" => Err(UnreadableRow::Missing(HEADER[column])),
            found => Ok(found),
        };
        let invoice = required(0)?;
        let code = required(1)?;
        let quantity = required(3)?;
        let customer = text(6)?;
        Ok(Self {
            kind: kind_of(invoice),
            invoice: invoice.into(),
            item: codes::normalised(code),
            lower_case_code: code.chars().any(char::is_lowercase),
            description: String::from_utf8_lossy(&record[2]).trim().to_owned(),
            quantity: quantity.parse().map_err(|_| UnreadableRow::Quantity(quantity.to_owned()))?,
            at: instant(required(4)?, zone)?,
            price_nanos: parse_nanos(required(5)?)?,
            customer: (!customer.is_empty()).then(|| customer_id(customer)),
            country: text(7)?.into(),
        })
    }
}

fn kind_of(invoice: &str) -> DocumentKind {
    match invoice.as_bytes().first() {
        Some(b'C' | b'c') => DocumentKind::Reversal,
        Some(b'A' | b'a') => DocumentKind::Adjustment,
        Some(_) | None => DocumentKind::Invoice,
    }
}

/// Spreadsheets turn `17850` into `17850.0`: both are the same customer.
fn customer_id(text: &str) -> Arc<str> {
    text.strip_suffix(".0").unwrap_or(text).into()
}

fn instant(text: &str, zone: &TimeZone) -> Result<Timestamp, UnreadableRow> {
    let wrong = || UnreadableRow::Date(text.to_owned());
    let local = DATE_FORMS.iter().find_map(|form| DateTime::strptime(form, text).ok()).ok_or_else(wrong)?;
    zone.to_ambiguous_timestamp(local).compatible().map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    fn read(fields: [&str; 8]) -> Result<RetailRow, UnreadableRow> {
        let zone = TimeZone::get(ZONE).unwrap();
        RetailRow::try_from_record(&csv::ByteRecord::from(fields.to_vec()), &zone)
    }

    const SALE: [&str; 8] =
        ["536365", "85123a", "HOLDER", "6", "2011-07-01T08:26:00", "2.55", "17850.0", "United Kingdom"];

    #[test]
    fn a_local_summer_time_is_an_hour_behind_in_utc() {
        let row = read(SALE).unwrap();
        assert_eq!(row.at.to_string(), "2011-07-01T07:26:00Z");
        assert_eq!((&*row.item, row.lower_case_code, row.customer.as_deref()), ("85123A", true, Some("17850")));
    }

    #[test]
    fn the_original_date_form_is_the_same_instant() {
        let mut original = SALE;
        original[4] = "7/1/2011 8:26";
        assert_eq!(read(original).unwrap().at, read(SALE).unwrap().at);
    }

    #[test]
    fn an_unreadable_field_is_named() {
        for (column, value, expected) in [
            (0, "", UnreadableRow::Missing("InvoiceNo")),
            (1, " ", UnreadableRow::Missing("StockCode")),
            (3, "six", UnreadableRow::Quantity("six".to_owned())),
            (4, "yesterday", UnreadableRow::Date("yesterday".to_owned())),
            (5, "2,55", UnreadableRow::Price(InvalidDecimal::Malformed("2,55".to_owned()))),
        ] {
            let mut fields = SALE;
            fields[column] = value;
            assert_eq!(read(fields), Err(expected));
        }
    }

    #[test]
    fn the_header_is_recognised_whatever_its_case() {
        assert!(is_header(
            "invoiceno,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country".split(',')
        ));
        assert!(!is_header("order,item,quantity".split(',')));
    }
}
