//! Imports the open orders of another system: one row per line, with what became of it there; in JSON lines an order may
//! also be one object with its lines inside. Rows of an order may stand anywhere in the file. Orders are sent in the order
//! of the queue, one call after the other, so that what is there goes to those who had waited longest.
//!
//! An order that was taken over is left as it is, so each run asks anew: an order that was refused is taken over by a run
//! after its fault was put right, also when its row is the same.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use backorder_domain::ids::IdProvider;
use backorder_proto::{
    allocation::v1::{
        ImportOpenOrdersRequest, OpenLine, OpenOrder, OpenOrderFault, OpenOrderOutcome, OpenOrderResult, OrderDraft,
        ReservationShortage,
    },
    convert::encode::timestamp,
};
use backorder_service_kit::{
    problem::reason_name,
    retry::{self, RetryPolicy},
};

use super::{
    drive::{Watched, stopped},
    orders::{REASON_WITH_ITS_ORDER, read_row, unfold},
    report::{Outcome, Refusal, Report},
    rows::{Row, Rows, malformed},
};
use crate::{
    client::{Clients, requests},
    failure::Failure,
    output::text::named,
};

/// The columns beside those of orders, as the help prints them.
pub const COLUMNS: &str = "those of orders, order_time being required and quantity what was accepted, and, in base units or in open_unit (a code or GTIN), of a kit in kits, shipped, ship_date (required when units are shipped), shipped_from, cancelled, returned, reserved, waiting, queue_time (2026-01-05T09:30:00Z), original_promised_date, promised_date, filled_at_once, backordered";

/// Columns that a file cannot do without.
pub const REQUIRED: [&str; 4] = ["order", "item", "quantity", "order_time"];

/// Lines in one call; an order with more lines goes alone.
const LINES_PER_CALL: usize = 500;

/// The import of open orders.
pub struct BacklogImporter {
    /// The services.
    pub clients: Clients,
    /// The source of request ids: orders are natural keys, so these need not repeat.
    pub ids: Arc<dyn IdProvider>,
    /// The name of the import, `imports/{import}`.
    pub import: String,
    /// The document's name, kept as the note of the write.
    pub document: String,
}

/// An order whose rows were read.
#[derive(Debug, Default)]
struct Collected {
    order: OpenOrder,
    rows: Vec<u64>,
    refusals: Vec<Refusal>,
}

impl BacklogImporter {
    /// Takes over every order of the file. Answers lines of which not all that was reserved before is there.
    ///
    /// # Errors
    /// [`Failure`] when the file cannot be read, the import takes no more orders or a service stays unreachable; what was
    /// acknowledged stays done.
    pub async fn run(
        &self,
        rows: Rows,
        report: &mut Report,
        watched: &Watched,
    ) -> Result<Vec<ReservationShortage>, Failure> {
        let mut orders = read(rows, report)?;
        let mut shortages = Vec::new();
        for order in orders.iter().filter(|order| !order.refusals.is_empty()) {
            refuse(order, &order.refusals, report)?;
        }
        orders.retain(|order| order.refusals.is_empty());
        orders.sort_by_cached_key(|order| (order.joined_queue_at(), order.id().to_owned()));
        for call in calls(&orders) {
            for (order, result) in call.iter().zip(self.send(call).await?) {
                count(order, &result, report)?;
                shortages.extend(result.shortages);
            }
            watched.show(report);
        }
        report.finish()?;
        Ok(shortages)
    }

    async fn send(&self, orders: &[Collected]) -> Result<Vec<OpenOrderResult>, Failure> {
        let request = ImportOpenOrdersRequest {
            request_id: self.ids.next_uuid().to_string(),
            import: self.import.clone(),
            orders: orders.iter().map(|order| order.order.clone()).collect(),
            context: Some(requests::context("import", &self.document)),
        };
        let call = || {
            let (mut client, request) = (self.clients.go_live.clone(), request.clone());
            async move { client.import_open_orders(request).await }
        };
        let first = orders.iter().flat_map(|order| &order.rows).min().copied().unwrap_or(0);
        let answer = retry::call(&RetryPolicy::default(), call).await.map_err(|status| stopped(first, status))?;
        Ok(answer.into_inner().results)
    }
}

/// Reads the whole file: what waited longest may stand last.
fn read(mut rows: Rows, report: &mut Report) -> Result<Vec<Collected>, Failure> {
    let mut orders: Vec<Collected> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    while let Some(row) = rows.next_row()? {
        match row.and_then(|row| unfold(&row)) {
            Err(refusal) => report.add(Outcome::Refused(refusal))?,
            Ok(line_rows) => {
                for row in line_rows {
                    let place = *places.entry(row.text("order").to_owned()).or_insert(orders.len());
                    if place == orders.len() {
                        orders.push(Collected::default());
                    }
                    orders[place].add(&row);
                }
            }
        }
    }
    Ok(orders)
}

/// The orders in calls of as many lines as one call takes.
fn calls(orders: &[Collected]) -> Vec<&[Collected]> {
    let (mut calls, mut start, mut lines) = (Vec::new(), 0, 0);
    for (place, order) in orders.iter().enumerate() {
        if place > start && lines + order.rows.len() > LINES_PER_CALL {
            calls.push(&orders[start..place]);
            (start, lines) = (place, 0);
        }
        lines += order.rows.len();
    }
    if start < orders.len() {
        calls.push(&orders[start..]);
    }
    calls
}

impl Collected {
    fn id(&self) -> &str {
        self.order.order.as_ref().map_or("", |draft| draft.order_id.as_str())
    }

    fn joined_queue_at(&self) -> Option<(i64, i32)> {
        let ordered = self.order.order.as_ref().and_then(|draft| draft.order_time);
        let joined = self.order.lines.iter().filter_map(|line| line.queue_time.or(ordered));
        joined.map(|at| (at.seconds, at.nanos)).min()
    }

    fn add(&mut self, row: &Row) {
        self.rows.push(row.line);
        let (head, mut line, mut open) = match read_open_row(row) {
            Ok(read) => read,
            Err(refusal) => return self.refusals.push(refusal),
        };
        let draft = self.order.order.get_or_insert_with(|| head.clone());
        if (OrderDraft { lines: Vec::new(), ..draft.clone() }) != head {
            let detail = "customer, tier, channel, ship_to, destination_zone, service or order_time differ from another row of the order";
            self.refusals.push(malformed(row.line, detail));
        }
        if line.line_number == 0 {
            line.line_number = i32::try_from(self.rows.len()).unwrap_or(i32::MAX);
        }
        open.line_number = line.line_number;
        draft.lines.push(line);
        self.order.lines.push(open);
    }
}

type OpenRow = (OrderDraft, backorder_proto::allocation::v1::OrderLineDraft, OpenLine);

fn read_open_row(row: &Row) -> Result<OpenRow, Refusal> {
    let mut fields = row.fields();
    fields.required("order_time");
    let open = OpenLine {
        line_number: 0,
        shipped: fields.whole("shipped", 0),
        cancelled: fields.whole("cancelled", 0),
        reserved: fields.whole("reserved", 0),
        waiting: fields.optional_whole("waiting").map(i64::from),
        returned: fields.whole("returned", 0),
        queue_time: fields.instant("queue_time").map(timestamp),
        original_promised_date: fields.date("original_promised_date"),
        promised_date: fields.date("promised_date"),
        ship_date: fields.date("ship_date"),
        shipped_from: fields.named_if_set("shipped_from", "locations"),
        filled_at_once: fields.optional_whole("filled_at_once").map(i64::from),
        backordered: fields.optional_whole("backordered").map(i64::from),
        unit: fields.text("open_unit"),
    };
    match (read_row(row), fields.finish()) {
        (Ok((head, line)), Ok(())) => Ok((head, line, open)),
        (Err(ordered), Err(became)) => Err(malformed(row.line, format!("{}; {}", ordered.detail, became.detail))),
        (Err(refusal), Ok(())) | (Ok(_), Err(refusal)) => Err(refusal),
    }
}

fn count(order: &Collected, result: &OpenOrderResult, report: &mut Report) -> Result<(), Failure> {
    let outcome = match result.outcome() {
        OpenOrderOutcome::Imported => Outcome::Applied,
        OpenOrderOutcome::Unchanged => Outcome::Unchanged,
        OpenOrderOutcome::Refused | OpenOrderOutcome::Unspecified => {
            let refusals: Vec<Refusal> = result.faults.iter().map(|fault| refusal(order, fault)).collect();
            return refuse(order, &refusals, report);
        }
    };
    for _ in &order.rows {
        report.add(outcome.clone())?;
    }
    Ok(())
}

/// The refusal of the row at fault; a fault of the whole order is that of its first row.
fn refusal(order: &Collected, fault: &OpenOrderFault) -> Refusal {
    let field = fault.field.trim_start_matches("order.");
    let in_line = field.strip_prefix("lines[").and_then(|rest| rest.split_once(']'));
    let (place, column) = match in_line {
        Some((place, column)) => (place.parse().unwrap_or(0), column.trim_start_matches('.')),
        None => (0, field),
    };
    let line = order.rows.get(place).or(order.rows.first()).copied().unwrap_or(0);
    let detail = format!("order {}: {column}: {}", order.id(), fault.description);
    Refusal { line, reason: reason_name(fault.reason()).to_owned(), detail }
}

/// Counts all rows of an order as refused: those at fault with all that is wrong, the others with their order.
fn refuse(order: &Collected, refusals: &[Refusal], report: &mut Report) -> Result<(), Failure> {
    let mut by_row: BTreeMap<u64, Refusal> = BTreeMap::new();
    for refusal in refusals {
        let merged = by_row.entry(refusal.line);
        merged
            .and_modify(|first| first.detail = format!("{}; {}", first.detail, refusal.detail))
            .or_insert(refusal.clone());
    }
    for line in &order.rows {
        let refusal = by_row.get(line).cloned().unwrap_or_else(|| Refusal {
            line: *line,
            reason: REASON_WITH_ITS_ORDER.to_owned(),
            detail: "another row of the order is at fault".to_owned(),
        });
        report.add(Outcome::Refused(refusal))?;
    }
    Ok(())
}

/// The name of an import: the given id, or the name of the file without what such ids may not have, so that the same
/// file, put right, goes on with the same import.
#[must_use]
pub fn import_name(given: Option<&str>, file: &std::path::Path) -> String {
    let stem = || {
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let stem = name.split('.').next().unwrap_or_default().to_owned();
        stem.split_whitespace().collect::<Vec<_>>().join("-")
    };
    named("imports", &given.map_or_else(stem, ToOwned::to_owned))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    fn orders(text: &'static str) -> (Vec<Collected>, Report) {
        let mut report = Report::default();
        let read = read(Rows::open(Box::new(text.as_bytes()), &REQUIRED).unwrap(), &mut report).unwrap();
        (read, report)
    }

    #[test]
    fn rows_of_an_order_may_stand_anywhere_and_keep_their_numbers() {
        let (orders, _) = orders(
            "order,line,item,quantity,order_time,waiting\nA,,X,5,2026-01-05T09:30:00Z,5\nB,7,X,1,2026-01-04T09:30:00Z,\nA,,Y,1,2026-01-05T09:30:00Z,\n",
        );
        let numbers: Vec<(Vec<i32>, Vec<u64>)> = orders
            .iter()
            .map(|order| (order.order.lines.iter().map(|line| line.line_number).collect(), order.rows.clone()))
            .collect();
        assert_eq!(numbers, [(vec![1, 2], vec![2, 4]), (vec![7], vec![3])]);
        assert_eq!(orders[0].order.lines[0].waiting, Some(5));
        assert!(orders[1].joined_queue_at() < orders[0].joined_queue_at());
    }

    #[test]
    fn an_object_with_its_lines_inside_is_the_same_order_as_its_rows() {
        let (csv, _) = orders(
            "order,customer,item,quantity,order_time,shipped,ship_date\nA,c,X,5,2026-01-05T09:30:00Z,2,2026-01-09\nA,c,Y,1,2026-01-05T09:30:00Z,,\n",
        );
        let (json, _) = orders(
            "{\"order\":\"A\",\"customer\":\"c\",\"order_time\":\"2026-01-05T09:30:00Z\",\"lines\":[{\"item\":\"X\",\"quantity\":5,\"shipped\":2,\"ship_date\":\"2026-01-09\"},{\"item\":\"Y\",\"quantity\":1,\"shipped\":null,\"ship_date\":\" \"}]}\n",
        );
        assert_eq!(json[0].order, csv[0].order);
        assert!(json[0].refusals.is_empty(), "{:?}", json[0].refusals);
    }

    #[test]
    fn everything_that_is_wrong_with_a_row_is_named_and_the_rest_of_its_order_with_it() {
        let (orders, mut report) =
            orders("order,item,quantity,order_time,shipped\nA,X,many,,some\nA,Y,1,2026-01-05T09:30:00Z,\n");
        refuse(&orders[0], &orders[0].refusals, &mut report).unwrap();
        assert_eq!((report.refused(), report.shown()[0].line, report.shown()[1].line), (2, 2, 3));
        for column in ["quantity", "order_time", "shipped"] {
            assert!(report.shown()[0].detail.contains(column), "{column} in {}", report.shown()[0].detail);
        }
        assert_eq!(report.shown()[1].reason, REASON_WITH_ITS_ORDER);
    }

    #[test]
    fn a_call_takes_whole_orders_of_at_most_so_many_lines() {
        let of = |lines: usize| Collected { rows: vec![0; lines], ..Collected::default() };
        let orders = [of(300), of(200), of(1), of(900), of(2)];
        let sizes: Vec<usize> = calls(&orders).into_iter().map(<[Collected]>::len).collect();
        assert_eq!(sizes, [2, 1, 1, 1]);
        assert!(calls(&[]).is_empty());
    }

    #[test]
    fn an_import_is_named_after_its_file() {
        assert_eq!(import_name(None, "/x/open orders.csv.gz".as_ref()), "imports/open-orders");
        assert_eq!(import_name(Some("spring"), "/x/y.csv".as_ref()), "imports/spring");
    }
}
