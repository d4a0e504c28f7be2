//! Rows of CSV and JSON-lines files as named texts, and their reading as typed fields with every fault named.

use std::{
    collections::BTreeMap,
    io::{BufRead, Lines},
};

use backorder_domain::money::CurrencyCode;
use backorder_proto::{
    common::v1::{Date, Money, TimeOfDay},
    convert::encode,
    inventory::v1::{ItemRelease, ItemUnit},
};
use jiff::{Timestamp, civil};

use super::report::Refusal;
use crate::{client::requests, decimal::parse_nanos, failure::Failure, output::text::named};

/// The reason of rows that do not fit the layout.
pub const REASON_MALFORMED: &str = "malformed row";

/// A row: its line and its fields by column, blanks around the texts cut off, empty fields left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its line in the file, from 1, the header included.
    pub line: u64,
    fields: BTreeMap<String, String>,
}

/// A source of rows.
pub enum Rows {
    /// A file with a header row.
    Csv {
        /// The records after the header.
        records: Box<csv::Reader<Box<dyn BufRead + Send>>>,
        /// The columns that the names in the header mean.
        header: Vec<String>,
        /// What stands between fields.
        separator: u8,
    },
    /// A file with one JSON object per line.
    JsonLines {
        /// The lines.
        lines: Lines<Box<dyn BufRead + Send>>,
        /// Lines read.
        read: u64,
        /// The column that a field's name means.
        named: fn(&str) -> String,
    },
}

/// What may stand between the fields of a CSV file.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];
/// The first bytes of a file in UTF-16, which only spreadsheets write.
const UTF16_MARKS: [[u8; 2]; 2] = [[0xff, 0xfe], [0xfe, 0xff]];

impl Rows {
    /// Starts to read a file. A file whose first character is `{` is JSON lines, any other is CSV.
    ///
    /// # Errors
    /// [`Failure`] when the file cannot be read, or a CSV file lacks one of the required columns.
    pub fn open(reader: Box<dyn BufRead + Send>, required: &[&str]) -> Result<Self, Failure> {
        let rows = Self::open_as(reader, str::to_lowercase)?;
        let has = |name: &&str| rows.header().iter().any(|column| column == name);
        let missing: Vec<&str> = required.iter().copied().filter(|name| !has(name)).collect();
        if missing.is_empty() || rows.separator().is_none() {
            return Ok(rows);
        }
        let message = format!("the file has no column {}", missing.join(", "));
        Err(Failure::new(message).next("see the columns with --help"))
    }

    /// Starts to read a file whose columns have other names: `named` gives the column that a name means.
    ///
    /// # Errors
    /// [`Failure`] when the file cannot be read.
    pub fn open_as(mut reader: Box<dyn BufRead + Send>, named: fn(&str) -> String) -> Result<Self, Failure> {
        let start = reader.fill_buf()?;
        if UTF16_MARKS.iter().any(|mark| start.starts_with(mark)) {
            return Err(Failure::new("the file is UTF-16 text").next("save it as CSV in UTF-8"));
        }
        if start.iter().copied().find(|byte| !byte.is_ascii_whitespace()) == Some(b'{') {
            return Ok(Self::JsonLines { lines: reader.lines(), read: 0, named });
        }
        let separator = separator_of(start);
        let mut records = csv::ReaderBuilder::new().flexible(true).delimiter(separator).from_reader(reader);
        let names = records.headers().map_err(|error| Failure::new(format!("cannot read the header: {error}")))?;
        let header = names.iter().map(|name| named(name.trim_start_matches('\u{feff}').trim())).collect();
        Ok(Self::Csv { records: Box::new(records), header, separator })
    }

    /// The columns of a CSV file; JSON lines have none.
    #[must_use]
    pub fn header(&self) -> &[String] {
        match self {
            Self::Csv { header, .. } => header,
            Self::JsonLines { .. } => &[],
        }
    }

    /// What stands between the fields of a CSV file; `None` for JSON lines.
    #[must_use]
    pub const fn separator(&self) -> Option<u8> {
        match self {
            Self::Csv { separator, .. } => Some(*separator),
            Self::JsonLines { .. } => None,
        }
    }

    /// The next row: `None` at the end, a refusal when the row cannot be read.
    ///
    /// # Errors
    /// [`Failure`] when the file cannot be read further.
    pub fn next_row(&mut self) -> Result<Option<Result<Row, Refusal>>, Failure> {
        match self {
            Self::Csv { records, header, .. } => next_csv(records, header),
            Self::JsonLines { lines, read, named } => next_json(lines, read, *named),
        }
    }
}

/// The separator that stands most often in the first line, outside quotes; a comma when none does.
fn separator_of(start: &[u8]) -> u8 {
    let (mut counts, mut is_quoted) = ([0_usize; SEPARATORS.len()], false);
    for byte in start.iter().take_while(|byte| **byte != b'\n') {
        is_quoted ^= *byte == b'"';
        if let Some(place) = SEPARATORS.iter().position(|separator| separator == byte && !is_quoted) {
            counts[place] += 1;
        }
    }
    let most = counts.into_iter().max().unwrap_or(0);
    counts.iter().position(|count| *count == most).map_or(b',', |place| SEPARATORS[place])
}

type NextRow = Result<Option<Result<Row, Refusal>>, Failure>;

fn next_csv(records: &mut csv::Reader<Box<dyn BufRead + Send>>, header: &[String]) -> NextRow {
    let mut record = csv::ByteRecord::new();
    let more = records.read_byte_record(&mut record);
    if !more.map_err(|error| Failure::new(format!("cannot read the file further: {error}")))? {
        return Ok(None);
    }
    let line = record.position().map_or(0, csv::Position::line);
    if record.len() != header.len() {
        let detail = format!("the row has {} fields, the header has {}", record.len(), header.len());
        return Ok(Some(Err(malformed(line, detail))));
    }
    let mut fields = BTreeMap::new();
    for (name, bytes) in header.iter().zip(record.iter()) {
        match std::str::from_utf8(bytes).map(str::trim) {
            Ok("") => {}
            Ok(text) => drop(fields.insert(name.clone(), text.to_owned())),
            Err(_) => return Ok(Some(Err(malformed(line, format!("{name} is not UTF-8 text"))))),
        }
    }
    Ok(Some(Ok(Row { line, fields })))
}

fn next_json(lines: &mut Lines<Box<dyn BufRead + Send>>, read: &mut u64, named: fn(&str) -> String) -> NextRow {
    for text in lines.by_ref() {
        *read += 1;
        let text = text?;
        if text.trim().is_empty() {
            continue;
        }
        return Ok(Some(json_row(&text, *read, named)));
    }
    Ok(None)
}

fn json_row(text: &str, line: u64, named: fn(&str) -> String) -> Result<Row, Refusal> {
    let value: serde_json::Value = serde_json::from_str(text).map_err(|error| malformed(line, error.to_string()))?;
    let serde_json::Value::Object(object) = value else {
        return Err(malformed(line, "the line is not a JSON object"));
    };
    let mut fields = BTreeMap::new();
    for (name, value) in object {
        let text = match value {
            serde_json::Value::Null => continue,
            serde_json::Value::String(text) => text.trim().to_owned(),
            serde_json::Value::Bool(flag) => flag.to_string(),
            serde_json::Value::Number(number) => number.to_string(),
            nested @ (serde_json::Value::Array(_) | serde_json::Value::Object(_)) => nested.to_string(),
        };
        if !text.is_empty() {
            fields.insert(named(&name), text);
        }
    }
    Ok(Row { line, fields })
}

/// The refusal of a row that does not fit the layout.
#[must_use]
pub fn malformed(line: u64, detail: impl Into<String>) -> Refusal {
    Refusal { line, reason: REASON_MALFORMED.to_owned(), detail: detail.into() }
}

impl Row {
    /// A row with these fields, for rows that stand inside another one.
    #[must_use]
    pub fn of(line: u64, fields: BTreeMap<String, String>) -> Self {
        Self { line, fields }
    }

    /// The text of a column, empty when there is none.
    #[must_use]
    pub fn text(&self, column: &str) -> &str {
        self.fields.get(column).map_or("", String::as_str)
    }

    /// Starts to read the row's fields by type.
    #[must_use]
    pub const fn fields(&self) -> Fields<'_> {
        Fields { row: self, faults: Vec::new() }
    }

    /// The fields by column.
    #[must_use]
    pub const fn columns(&self) -> &BTreeMap<String, String> {
        &self.fields
    }
}

/// Reads typed fields of a row and keeps every fault, so that all of them are reported at once.
#[derive(Debug)]
pub struct Fields<'a> {
    row: &'a Row,
    faults: Vec<String>,
}

impl Fields<'_> {
    /// The text of a column, empty when there is none.
    #[must_use]
    pub fn text(&self, column: &str) -> String {
        self.row.text(column).to_owned()
    }

    /// The text of a column that a row cannot do without.
    pub fn required(&mut self, column: &str) -> String {
        let text = self.text(column);
        if text.is_empty() {
            self.faults.push(format!("{column} is empty"));
        }
        text
    }

    /// A whole number, `default` when the field is empty.
    pub fn whole(&mut self, column: &str, default: i64) -> i64 {
        match self.row.text(column) {
            "" => default,
            text => self.parsed(column, text.parse().ok(), "a whole number").unwrap_or(default),
        }
    }

    /// A whole number, or none.
    pub fn optional_whole(&mut self, column: &str) -> Option<i32> {
        let text = Some(self.row.text(column)).filter(|text| !text.is_empty())?;
        self.parsed(column, text.parse().ok(), "a whole number")
    }

    /// A whole number that a row cannot do without.
    pub fn required_whole(&mut self, column: &str) -> i64 {
        if self.row.text(column).is_empty() {
            self.faults.push(format!("{column} is empty"));
        }
        self.whole(column, 0)
    }

    /// A civil date `YYYY-MM-DD`.
    pub fn date(&mut self, column: &str) -> Option<Date> {
        let text = Some(self.row.text(column)).filter(|text| !text.is_empty())?;
        self.parsed(column, text.parse::<civil::Date>().ok(), "a date such as 2026-01-05").map(requests::date)
    }

    /// Civil dates `YYYY-MM-DD`, separated by bars.
    pub fn dates(&mut self, column: &str) -> Vec<Date> {
        let texts = self.row.text(column).split('|').map(str::trim).filter(|text| !text.is_empty());
        let dates: Option<Vec<civil::Date>> = texts.map(|text| text.parse().ok()).collect();
        let dates = self.parsed(column, dates, "dates such as 2026-12-25|2026-12-28").unwrap_or_default();
        dates.into_iter().map(requests::date).collect()
    }

    /// Release dates, separated by bars: `DATE` for all orders, or `CHANNEL=DATE`, `CHANNEL@ZONE=DATE`, `@ZONE=DATE`.
    pub fn releases(&mut self, column: &str) -> Vec<ItemRelease> {
        let texts = self.row.text(column).split('|').map(str::trim).filter(|text| !text.is_empty());
        let release = |text: &str| {
            let (orders, date) = text.split_once('=').unwrap_or(("", text));
            let (channel, zone) = orders.split_once('@').unwrap_or((orders, ""));
            let release_date = Some(requests::date(date.trim().parse().ok()?));
            let (channel, destination_zone) = (channel.trim().to_owned(), zone.trim().to_owned());
            Some(ItemRelease { release_date, channel, destination_zone })
        };
        let releases: Option<Vec<ItemRelease>> = texts.map(release).collect();
        self.parsed(column, releases, "release dates such as 2027-01-15|web@EU=2027-01-20").unwrap_or_default()
    }

    /// Units of an item, separated by bars: `CODE=BASE_UNITS`, then `/sell`, `/buy` or `/sell+buy`, then `/GTIN`. Without a
    /// use both.
    pub fn units(&mut self, column: &str) -> Vec<ItemUnit> {
        let texts = self.row.text(column).split('|').map(str::trim).filter(|text| !text.is_empty());
        let units: Option<Vec<ItemUnit>> = texts.map(item_unit).collect();
        self.parsed(column, units, "units such as CASE=24/sell+buy/4006381333931|BOX=6/sell").unwrap_or_default()
    }

    /// Several values between bars.
    pub fn several<T>(&mut self, column: &str, read: fn(&str) -> Option<T>, expected: &str) -> Vec<T> {
        let texts = self.row.text(column).split('|').filter(|text| !text.trim().is_empty());
        let values: Option<Vec<T>> = texts.map(read).collect();
        self.parsed(column, values, expected).unwrap_or_default()
    }

    /// A time of the day `HH:MM`.
    pub fn time(&mut self, column: &str) -> Option<TimeOfDay> {
        let text = Some(self.row.text(column)).filter(|text| !text.is_empty())?;
        self.parsed(column, text.parse().ok(), "a time such as 14:30").map(encode::time_of_day)
    }

    /// The resource name of an id, empty when the field is.
    #[must_use]
    pub fn named_if_set(&self, column: &str, collection: &str) -> String {
        let id = self.row.text(column);
        if id.is_empty() { String::new() } else { named(collection, id) }
    }

    /// An instant such as `2026-01-05T09:30:00Z`.
    pub fn instant(&mut self, column: &str) -> Option<Timestamp> {
        let text = Some(self.row.text(column)).filter(|text| !text.is_empty())?;
        self.parsed(column, text.parse().ok(), "an instant such as 2026-01-05T09:30:00Z")
    }

    /// An amount in the currency of another column.
    pub fn money(&mut self, column: &str, currency_column: &str, currency_default: &str) -> Option<Money> {
        let text = Some(self.row.text(column)).filter(|text| !text.is_empty())?;
        let nanos = self.parsed(column, parse_nanos(text).ok(), "a decimal number such as 2.55")?;
        let named = Some(self.row.text(currency_column)).filter(|text| !text.is_empty()).unwrap_or(currency_default);
        let currency = CurrencyCode::try_new(named).ok();
        let currency = self.parsed(currency_column, currency, "a currency code such as GBP")?;
        Some(requests::money(currency.as_str(), nanos))
    }

    /// One of the given words, as its number; `default` when the field is empty.
    pub fn one_of(&mut self, column: &str, words: &[(&str, i32)], default: i32) -> i32 {
        let text = self.row.text(column).to_lowercase();
        if text.is_empty() {
            return default;
        }
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, number)| *number);
        let expected: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        self.parsed(column, found, &format!("one of {}", expected.join(", "))).unwrap_or(default)
    }

    /// Several of the given words, separated by bars, as their numbers.
    pub fn several_of(&mut self, column: &str, words: &[(&str, i32)]) -> Vec<i32> {
        let text = self.row.text(column).to_lowercase();
        let texts = text.split('|').map(str::trim).filter(|text| !text.is_empty());
        let find = |text: &str| words.iter().find(|(word, _)| *word == text).map(|(_, number)| *number);
        let found: Option<Vec<i32>> = texts.map(find).collect();
        let expected: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        self.parsed(column, found, &format!("some of {}", expected.join("|"))).unwrap_or_default()
    }

    /// `true` or `false`, false when the field is empty.
    pub fn flag(&mut self, column: &str) -> bool {
        self.one_of(column, &[("true", 1), ("false", 0), ("yes", 1), ("no", 0), ("1", 1), ("0", 0)], 0) == 1
    }

    /// What was made of a column, or a fault.
    pub(crate) fn parsed<T>(&mut self, column: &str, value: Option<T>, expected: &str) -> Option<T> {
        if value.is_none() {
            self.faults.push(format!("{column} {:?} is not {expected}", self.row.text(column)));
        }
        value
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// A refusal with all faults of the row.
    pub fn finish(self) -> Result<(), Refusal> {
        if self.faults.is_empty() { Ok(()) } else { Err(malformed(self.row.line, self.faults.join("; "))) }
    }
}

/// A unit of an item as files and options write it: `CODE=BASE_UNITS`, `CODE=BASE_UNITS/USES`,
/// `CODE=BASE_UNITS/USES/GTIN`, with uses `sell`, `buy` or `sell+buy`.
#[must_use]
pub fn item_unit(text: &str) -> Option<ItemUnit> {
    let (code, rest) = text.rsplit_once('=')?;
    let mut parts = rest.split('/').map(str::trim);
    let base_units = parts.next()?.parse().ok()?;
    let (sellable, purchasable) = match parts.next() {
        None | Some("" | "sell+buy" | "buy+sell") => (true, true),
        Some("sell") => (true, false),
        Some("buy") => (false, true),
        Some(_) => return None,
    };
    let gtin = parts.next().unwrap_or_default().to_owned();
    parts.next().is_none().then(|| ItemUnit { code: code.trim().to_owned(), base_units, gtin, sellable, purchasable })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    fn open(text: &'static str, required: &[&str]) -> Result<Rows, Failure> {
        Rows::open(Box::new(text.as_bytes()), required)
    }

    fn all(text: &'static str) -> Vec<Result<Row, Refusal>> {
        let mut rows = open(text, &[]).unwrap();
        std::iter::from_fn(|| rows.next_row().unwrap()).collect()
    }

    #[test]
    fn csv_and_json_lines_are_the_same_rows() {
        let csv = all("Item,Quantity,Note\nA,5,\n");
        let json = all("{\"item\": \" A \", \"Quantity\": 5, \"note\": null}\n");
        assert_eq!(csv[0].as_ref().unwrap().columns(), json[0].as_ref().unwrap().columns());
        assert_eq!((csv[0].as_ref().unwrap().line, json[0].as_ref().unwrap().line), (2, 1));
    }

    #[test]
    fn fields_may_stand_between_semicolons_or_tabs() {
        let comma = all("item,note\nA,\"x;y\"\n");
        for text in ["item;note\nA;\"x;y\"\n", "item\tnote\nA\tx;y\n", "\"item\";note\nA;\"x;y\"\n"] {
            assert_eq!(all(text)[0].as_ref().unwrap().columns(), comma[0].as_ref().unwrap().columns(), "{text}");
        }
    }

    #[test]
    fn a_file_in_utf_16_is_named_as_such() {
        let reader: Box<dyn BufRead + Send> = Box::new(&[0xff, 0xfe, b'a', 0][..]);
        assert!(Rows::open(reader, &[]).err().unwrap().to_string().contains("UTF-8"));
    }

    #[test]
    fn a_missing_column_is_named() {
        let failure = open("item,note\n", &["item", "quantity"]).err().unwrap();
        assert!(failure.to_string().contains("quantity"), "{failure}");
    }

    #[test]
    fn a_row_of_another_length_and_broken_json_are_refused_with_their_lines() {
        assert_eq!(all("a,b\n1,2\n1\n")[1].as_ref().unwrap_err().line, 3);
        assert_eq!(all("{\"a\":1}\n\n{\"a\":\n")[1].as_ref().unwrap_err().line, 3);
    }

    #[test]
    fn a_unit_says_what_it_holds_and_what_it_is_for() {
        let read = |text| item_unit(text).map(|u| (u.code, u.base_units, u.sellable, u.purchasable, u.gtin));
        let unit =
            |code: &str, number, sell, buy, gtin: &str| Some((code.to_owned(), number, sell, buy, gtin.to_owned()));
        assert_eq!(read("CASE=24"), unit("CASE", 24, true, true, ""));
        assert_eq!(read("CASE OF 24=24/buy/4006381333931"), unit("CASE OF 24", 24, false, true, "4006381333931"));
        assert_eq!(read("BOX=6/sell"), unit("BOX", 6, true, false, ""));
        for wrong in ["CASE", "CASE=many", "CASE=6/keep", "CASE=6/buy/1/2"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn release_dates_name_the_orders_that_they_are_for() {
        let rows = all("releases\n2027-01-15|web=2027-01-20|@EU=2027-02-01|web@EU=2027-01-25\nsoon\n");
        let releases = rows[0].as_ref().unwrap().fields().releases("releases");
        let read: Vec<_> = releases
            .iter()
            .map(|release| {
                let day = release.release_date.map(|date| (date.month, date.day)).unwrap();
                (day, release.channel.as_str(), release.destination_zone.as_str())
            })
            .collect();
        assert_eq!(read, [((1, 15), "", ""), ((1, 20), "web", ""), ((2, 1), "", "EU"), ((1, 25), "web", "EU")]);
        let mut fields = rows[1].as_ref().unwrap().fields();
        fields.releases("releases");
        assert!(fields.finish().unwrap_err().detail.contains("soon"));
    }

    #[test]
    fn all_faults_of_a_row_are_reported_at_once() {
        let rows = all("item,quantity,date,price,kind\n,x,5.1.2026,1e3,tent\n");
        let row = rows[0].as_ref().unwrap();
        let mut fields = row.fields();
        fields.required("item");
        fields.required_whole("quantity");
        fields.date("date");
        fields.money("price", "currency", "GBP");
        fields.one_of("kind", &[("store", 1)], 0);
        let refusal = fields.finish().unwrap_err();
        for column in ["item", "quantity", "date", "price", "kind"] {
            assert!(refusal.detail.contains(column), "{column} in {}", refusal.detail);
        }
    }
}
