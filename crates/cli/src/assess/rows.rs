//! One row of an extract as typed fields, with every fault named.

use backorder_domain::money::CurrencyCode;
use jiff::civil::Date;

use super::values::{Fault, Style, flag};
use crate::import::{
    report::Refusal,
    rows::{REASON_MALFORMED, Row},
};

/// The reason of rows with a number below zero.
pub const REASON_NEGATIVE: &str = "negative number";
/// The reason of rows that say that units left, and not when.
pub const REASON_UNDATED: &str = "shipped without a date";

/// A row with its fields in their types; what is empty is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtractRow<'a> {
    /// Its line in the file.
    pub line_number: u64,
    /// The order.
    pub order: &'a str,
    /// The line of the order.
    pub line: Option<&'a str>,
    /// The item.
    pub item: Option<&'a str>,
    /// What the item is called.
    pub item_name: Option<&'a str>,
    /// The customer.
    pub customer: Option<&'a str>,
    /// The currency of its amounts.
    pub currency: Option<&'a str>,
    /// The day of the order.
    pub ordered_on: Option<Date>,
    /// The requested day.
    pub requested_on: Option<Date>,
    /// The promised day.
    pub promised_on: Option<Date>,
    /// The day of the cancellation.
    pub cancelled_on: Option<Date>,
    /// Units ordered.
    pub ordered: Option<i64>,
    /// Units cancelled.
    pub cancelled: Option<i64>,
    /// Units refused.
    pub refused: Option<i64>,
    /// Price of a unit in nano-units.
    pub price_nanos: Option<i64>,
    /// Cost of a unit in nano-units.
    pub cost_nanos: Option<i64>,
    /// What left, when something did.
    pub part: Option<RowPart<'a>>,
}

/// What left with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowPart<'a> {
    /// The day.
    pub on: Date,
    /// Units; `None` means the whole line.
    pub units: Option<i64>,
    /// The shipment's number.
    pub shipment: Option<&'a str>,
    /// Its freight in nano-units.
    pub freight_nanos: Option<i64>,
    /// Whether it was expedited, where the row says.
    pub expedited: Option<bool>,
}

impl<'a> ExtractRow<'a> {
    /// Reads a row.
    ///
    /// # Errors
    /// A refusal with all faults of the row.
    pub fn try_of(row: &'a Row, style: Style, has_shipped_column: bool) -> Result<Self, Refusal> {
        let mut fields = Reading { row, style, faults: Vec::new(), has_negative: false };
        let part = fields.part(has_shipped_column)?;
        let read = Self {
            line_number: row.line,
            order: row.text("order"),
            line: fields.text("line"),
            item: fields.text("item"),
            item_name: fields.text("item_name"),
            customer: fields.text("customer"),
            currency: fields.text("currency"),
            ordered_on: fields.day("order_date"),
            requested_on: fields.day("requested_date"),
            promised_on: fields.day("promised_date"),
            cancelled_on: fields.day("cancel_date"),
            ordered: fields.units("ordered_quantity"),
            cancelled: fields.units("cancelled_quantity"),
            refused: fields.units("refused_quantity"),
            price_nanos: fields.amount("unit_price"),
            cost_nanos: fields.amount("unit_cost"),
            part,
        };
        if let Some(currency) = read.currency.filter(|currency| CurrencyCode::try_new(currency).is_err()) {
            fields.faults.push(format!("currency {currency:?} is not three capital letters"));
        }
        if read.order.is_empty() {
            fields.faults.push("order is empty".to_owned());
        }
        fields.finish()?;
        Ok(read)
    }
}

struct Reading<'a> {
    row: &'a Row,
    style: Style,
    faults: Vec<String>,
    has_negative: bool,
}

impl<'a> Reading<'a> {
    fn text(&self, column: &str) -> Option<&'a str> {
        Some(self.row.text(column)).filter(|text| !text.is_empty())
    }

    fn value<T>(&mut self, column: &str, read: impl FnOnce(&str) -> Result<T, Fault>) -> Option<T> {
        let text = self.text(column)?;
        match read(text) {
            Ok(value) => Some(value),
            Err(Fault::Malformed(expected)) => {
                self.faults.push(format!("{column} {text:?} is not {expected}"));
                None
            }
            Err(Fault::Negative) => {
                self.has_negative = true;
                self.faults.push(format!("{column} {text:?} is below zero"));
                None
            }
        }
    }

    fn day(&mut self, column: &str) -> Option<Date> {
        let style = self.style;
        self.value(column, |text| style.day(text))
    }

    fn units(&mut self, column: &str) -> Option<i64> {
        let style = self.style;
        self.value(column, |text| style.units(text))
    }

    fn amount(&mut self, column: &str) -> Option<i64> {
        let style = self.style;
        self.value(column, |text| style.amount(text))
    }

    fn part(&mut self, has_shipped_column: bool) -> Result<Option<RowPart<'a>>, Refusal> {
        let (on, units) = (self.day("ship_date"), self.units("shipped_quantity"));
        let (freight_nanos, expedited) = (self.amount("freight"), self.value("expedited", flag));
        let has_date = self.text("ship_date").is_some();
        if !has_date && units.is_some_and(|units| units > 0) {
            let detail = "shipped_quantity is above zero and ship_date is empty".to_owned();
            return Err(Refusal { line: self.row.line, reason: REASON_UNDATED.to_owned(), detail });
        }
        if has_date && has_shipped_column && self.text("shipped_quantity").is_none() {
            self.faults.push("ship_date has a day and shipped_quantity is empty".to_owned());
        }
        let shipment = self.text("shipment");
        Ok(on.filter(|_| units != Some(0)).map(|on| RowPart { on, units, shipment, freight_nanos, expedited }))
    }

    fn finish(self) -> Result<(), Refusal> {
        if self.faults.is_empty() {
            return Ok(());
        }
        let reason = if self.has_negative { REASON_NEGATIVE } else { REASON_MALFORMED };
        Err(Refusal { line: self.row.line, reason: reason.to_owned(), detail: self.faults.join("; ") })
    }
}
