//! Reads an extract into the histories of its order lines; every row that cannot be right is refused with its reason.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Arc,
};

use backorder_domain::{
    figures::history::{LineDates, LineHistory, ShippedPart},
    quantity::Quantity,
};
use clap::ValueEnum;
use jiff::civil::Date;

use super::{
    columns::{COLUMNS, named},
    rows::{ExtractRow, RowPart},
    values::Style,
};
use crate::{
    failure::Failure,
    import::{
        report::{Outcome, Refusal, Report},
        rows::{Row, Rows},
    },
    input::Input,
    output::progress::Progress,
};

/// How many rows are read between two moves of the bar.
const ROWS_PER_MOVE: u64 = 5_000;

/// What the freight of a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FreightOf {
    /// That of the row's own part of the shipment: rows are summed.
    Row,
    /// That of the whole shipment, repeated on each of its rows: it is counted once.
    Shipment,
}

/// One order line of an extract.
#[derive(Debug, Clone)]
pub struct ExtractLine {
    /// What happened to it.
    pub history: LineHistory,
    /// The item, where the file says.
    pub item: Option<Arc<str>>,
    /// The customer, where the file says.
    pub customer: Option<Arc<str>>,
}

/// What an extract holds.
#[derive(Debug, Default)]
pub struct Extract {
    /// The order lines.
    pub lines: Vec<ExtractLine>,
    /// The names of items, where the file has them.
    pub item_names: HashMap<Arc<str>, Arc<str>>,
    /// Rows read, used and refused.
    pub report: Report,
    /// The columns with a value in at least one used row.
    pub seen: BTreeSet<&'static str>,
    /// The currency that the file names.
    pub currency: Option<String>,
    /// The last day on which something happened.
    pub last_day: Option<Date>,
    /// Whether all shipments of several rows have the same freight on each row: it may be that of the shipment.
    pub freight_repeats: bool,
}

/// Reads a file.
///
/// # Errors
/// [`Failure`] when the file cannot be read, or lacks a column that every extract must have.
pub fn read(
    input: Input,
    style: Style,
    freight_of: FreightOf,
    report: Report,
    progress: &Progress,
) -> Result<Extract, Failure> {
    let mut rows = Rows::open_as(input.reader, named)?;
    check_columns(&rows)?;
    let style = Style { decimal_comma: rows.separator() == Some(b';'), ..style };
    let has_shipped_column = rows.header().iter().any(|name| name == "shipped_quantity");
    let mut reader = Reader { freight_of, extract: Extract { report, ..Extract::default() }, ..Reader::default() };
    while let Some(row) = rows.next_row()? {
        let used = row.and_then(|row| reader.take(&row, style, has_shipped_column));
        let outcome = used.map_or_else(Outcome::Refused, |()| Outcome::Applied);
        reader.extract.report.add(outcome)?;
        if reader.extract.report.rows.is_multiple_of(ROWS_PER_MOVE) {
            progress.at(input.progress.bytes(), format!("{} rows", reader.extract.report.rows));
        }
    }
    reader.extract.report.finish()?;
    Ok(reader.finish())
}

fn check_columns(rows: &Rows) -> Result<(), Failure> {
    let next = "see docs/assess.md, or `backorder assess --help`, for the columns and their other names";
    let header = rows.header();
    for column in COLUMNS {
        if header.iter().filter(|name| **name == column.name).count() > 1 {
            return Err(Failure::new(format!("two columns of the file mean {}", column.name)).next(next));
        }
    }
    let has = |name: &str| header.iter().any(|column| column == name);
    let mut missing: Vec<&str> =
        ["order", "ordered_quantity", "ship_date"].into_iter().filter(|name| !has(name)).collect();
    if !has("order_date") && !has("requested_date") {
        missing.push("order_date or requested_date");
    }
    if rows.separator().is_none() || missing.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("the file has no column {}", missing.join(", "))).next(next))
}

type ShipmentKey = (Arc<str>, Option<Arc<str>>, Date);

/// The freight of a shipment's rows so far.
struct FreightSeen {
    nanos: i64,
    rows: u64,
    is_same: bool,
}

struct Reader {
    freight_of: FreightOf,
    extract: Extract,
    lines: HashMap<(Arc<str>, Arc<str>), usize>,
    texts: HashSet<Arc<str>>,
    rows: HashSet<[u64; 2]>,
    freights: HashMap<ShipmentKey, FreightSeen>,
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            freight_of: FreightOf::Row,
            extract: Extract::default(),
            lines: HashMap::new(),
            texts: HashSet::new(),
            rows: HashSet::new(),
            freights: HashMap::new(),
        }
    }
}

impl Reader {
    fn take(&mut self, row: &Row, style: Style, has_shipped_column: bool) -> Result<(), Refusal> {
        let read = ExtractRow::try_of(row, style, has_shipped_column)?;
        if !self.rows.insert(fingerprint(row)) {
            return Err(refusal(&read, "duplicate row", "every field equals those of an earlier row"));
        }
        self.check_currency(&read)?;
        let key = (self.text(read.order), self.text(read.line.or(read.item).unwrap_or_default()));
        let known = self.lines.get(&key).copied();
        let line = match known {
            Some(place) => self.merged(&self.extract.lines[place], &read)?,
            None => self.begun(&key, &read)?,
        };
        check_cancellation(&line.history, &read)?;
        let part = self.part(&line.history, &read)?;
        let place = known.unwrap_or(self.extract.lines.len());
        match known {
            Some(_) => self.extract.lines[place] = line,
            None => {
                self.extract.lines.push(line);
                self.lines.insert(key, place);
            }
        }
        self.extract.lines[place].history.parts.extend(part);
        self.note(row, &read);
        Ok(())
    }

    fn check_currency(&mut self, row: &ExtractRow<'_>) -> Result<(), Refusal> {
        let Some(currency) = row.currency else { return Ok(()) };
        let known = self.extract.currency.get_or_insert_with(|| currency.to_owned());
        if known == currency {
            return Ok(());
        }
        Err(refusal(row, "other currency", &format!("{currency}, the rows before it are in {known}")))
    }

    /// A line as its first row tells it, without what the row shipped.
    fn begun(&mut self, key: &(Arc<str>, Arc<str>), row: &ExtractRow<'_>) -> Result<ExtractLine, Refusal> {
        let malformed = |detail: &str| refusal(row, crate::import::rows::REASON_MALFORMED, detail);
        let dates = LineDates::of(row.ordered_on, row.requested_on, row.promised_on)
            .ok_or_else(|| malformed("order_date and requested_date are empty"))?;
        let ordered = row.ordered.ok_or_else(|| malformed("ordered_quantity is empty on the line's first row"))?;
        if ordered == 0 && row.refused.unwrap_or(0) == 0 {
            return Err(refusal(row, "nothing ordered", "ordered_quantity is zero"));
        }
        let history = LineHistory {
            order: key.0.clone(),
            line: key.1.clone(),
            dates,
            ordered: units(ordered),
            refused: units(row.refused.unwrap_or(0)),
            cancelled: units(row.cancelled.unwrap_or(0)),
            cancelled_on: row.cancelled_on,
            price_nanos: row.price_nanos,
            cost_nanos: row.cost_nanos,
            parts: Vec::new(),
        };
        let (item, customer) = (row.item.map(|item| self.text(item)), row.customer.map(|name| self.text(name)));
        Ok(ExtractLine { history, item, customer })
    }

    /// The line with what a further row of it says; what both say must be the same.
    fn merged(&self, line: &ExtractLine, row: &ExtractRow<'_>) -> Result<ExtractLine, Refusal> {
        let mut merged = line.clone();
        let (history, mut differing) = (&mut merged.history, Vec::new());
        let mut same = |name: &'static str, is_same: bool| {
            if !is_same {
                differing.push(name);
            }
        };
        same("ordered_quantity", row.ordered.is_none_or(|units| units == history.ordered.get()));
        same("item", row.item.is_none() || row.item == line.item.as_deref() || line.item.is_none());
        same("order_date", agrees(row.ordered_on, history.dates.ordered()));
        same("requested_date", agrees(row.requested_on, history.dates.requested()));
        same("promised_date", agrees(row.promised_on, history.dates.promised));
        same("cancel_date", agrees(row.cancelled_on, history.cancelled_on));
        same("unit_price", agrees(row.price_nanos, history.price_nanos));
        same("unit_cost", agrees(row.cost_nanos, history.cost_nanos));
        same("cancelled_quantity", agrees_unless_none(row.cancelled, history.cancelled));
        same("refused_quantity", agrees_unless_none(row.refused, history.refused));
        if !differing.is_empty() {
            let detail = format!("{} not as on an earlier row of the line", differing.join(", "));
            return Err(refusal(row, "differs from its line", &detail));
        }
        let ordered_on = history.dates.ordered().or(row.ordered_on);
        let requested_on = history.dates.requested().or(row.requested_on);
        let promised_on = history.dates.promised.or(row.promised_on);
        history.dates = LineDates::of(ordered_on, requested_on, promised_on).unwrap_or(history.dates);
        history.cancelled = history.cancelled.max(units(row.cancelled.unwrap_or(0)));
        history.refused = history.refused.max(units(row.refused.unwrap_or(0)));
        history.cancelled_on = history.cancelled_on.or(row.cancelled_on);
        history.price_nanos = history.price_nanos.or(row.price_nanos);
        history.cost_nanos = history.cost_nanos.or(row.cost_nanos);
        Ok(merged)
    }

    fn part(&mut self, line: &LineHistory, row: &ExtractRow<'_>) -> Result<Option<ShippedPart>, Refusal> {
        let Some(part) = &row.part else { return Ok(None) };
        if let Some(ordered_on) = line.dates.ordered().filter(|day| *day > part.on) {
            let detail = format!("ship_date {} is before order_date {ordered_on}", part.on);
            return Err(refusal(row, "shipped before ordered", &detail));
        }
        let shipment = part.shipment.map(|number| self.text(number));
        let is_first = self.note_freight(&(line.order.clone(), shipment.clone(), part.on), part);
        let is_counted = is_first || self.freight_of == FreightOf::Row;
        Ok(Some(ShippedPart {
            on: part.on,
            shipment,
            units: part.units.map_or(line.ordered, units),
            freight_nanos: part.freight_nanos.filter(|_| is_counted),
            expedited: part.expedited.unwrap_or(false),
        }))
    }

    /// Remembers the freight of a shipment; answers whether it is the shipment's first row with one.
    fn note_freight(&mut self, key: &ShipmentKey, part: &RowPart<'_>) -> bool {
        let Some(nanos) = part.freight_nanos else { return true };
        // A number names a shipment also when it left over two days.
        let day = if key.1.is_some() { Date::ZERO } else { key.2 };
        let new = FreightSeen { nanos, rows: 0, is_same: true };
        let seen = self.freights.entry((key.0.clone(), key.1.clone(), day)).or_insert(new);
        seen.rows += 1;
        seen.is_same &= seen.nanos == nanos;
        seen.rows == 1
    }

    fn note(&mut self, row: &Row, read: &ExtractRow<'_>) {
        let has_value = |column: &&super::columns::Column| !row.text(column.name).is_empty();
        self.extract.seen.extend(COLUMNS.iter().filter(has_value).map(|column| column.name));
        let days = [read.ordered_on, read.cancelled_on, read.part.as_ref().map(|part| part.on)];
        self.extract.last_day = self.extract.last_day.max(days.into_iter().flatten().max());
        if let (Some(item), Some(name)) = (read.item, read.item_name) {
            let (item, name) = (self.text(item), self.text(name));
            self.extract.item_names.entry(item).or_insert(name);
        }
    }

    fn text(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return known.clone();
        }
        let new: Arc<str> = text.into();
        self.texts.insert(new.clone());
        new
    }

    fn finish(mut self) -> Extract {
        let mut shared = self.freights.values().filter(|seen| seen.rows > 1 && seen.nanos > 0).peekable();
        let has_shared = shared.peek().is_some();
        self.extract.freight_repeats =
            self.freight_of == FreightOf::Row && has_shared && shared.all(|seen| seen.is_same);
        self.extract
    }
}

fn check_cancellation(line: &LineHistory, row: &ExtractRow<'_>) -> Result<(), Refusal> {
    match (line.dates.ordered(), row.cancelled_on) {
        (Some(ordered_on), Some(cancelled_on)) if cancelled_on < ordered_on => {
            let detail = format!("cancel_date {cancelled_on} is before order_date {ordered_on}");
            Err(refusal(row, "cancelled before ordered", &detail))
        }
        (_, _) => Ok(()),
    }
}

fn agrees<T: PartialEq>(new: Option<T>, known: Option<T>) -> bool {
    new.is_none() || known.is_none() || new == known
}

/// Zero says no more than an empty field: a line's cancelled units may stand on one of its rows only.
fn agrees_unless_none(new: Option<i64>, known: Quantity) -> bool {
    new.is_none_or(|new| new == 0 || known.is_zero() || new == known.get())
}

fn units(units: i64) -> Quantity {
    Quantity::try_new(units).unwrap_or_default()
}

fn refusal(row: &ExtractRow<'_>, reason: &str, detail: &str) -> Refusal {
    let line = row.line.or(row.item).unwrap_or("1");
    let detail = format!("order {:?} line {line:?}: {detail}", row.order);
    Refusal { line: row.line_number, reason: reason.to_owned(), detail }
}

/// Two independent hashes of all fields: 128 bits, so that different rows are not taken for one.
fn fingerprint(row: &Row) -> [u64; 2] {
    [0_u8, 1].map(|salt| {
        let mut hasher = DefaultHasher::new();
        salt.hash(&mut hasher);
        row.columns().hash(&mut hasher);
        hasher.finish()
    })
}
