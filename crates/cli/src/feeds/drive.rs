//! Drives a file of documents: gathers the rows of each, sends it, and collects what became of each row.

use std::collections::BTreeMap;

use backorder_proto::common::v1::{DocumentLineResult, DocumentRef};
use backorder_service_kit::retry::{self, RetryPolicy};
use tonic::Status;

use crate::{
    failure::{Failure, violations},
    import::{
        drive::{Watched, is_refusal, refused, stopped},
        report::{Outcome, Refusal, Report},
        rows::{Row, Rows, malformed},
    },
};

/// The reason of rows that can be read, in a document that cannot.
const REASON_DOCUMENT: &str = "document not sent";
/// Rows of one document at most: as many lines as the largest type of document may have.
const ROWS_MAX: usize = 5_000;

/// Documents of one type.
pub trait Feed: Sync {
    /// What all rows of a document say of it.
    type Head: Clone + PartialEq + Send + Sync;
    /// What a row says of its line.
    type Line: Clone + Send + Sync;

    /// Reads a row.
    ///
    /// # Errors
    /// A refusal with every fault of the row.
    fn parse(&self, row: &Row) -> Result<(Self::Head, Self::Line), Refusal>;

    /// Sends a document; what became of each line, in their order.
    ///
    /// # Errors
    /// The status of the call; nothing of it was done then.
    fn send(
        &self,
        request_id: String,
        document: DocumentRef,
        head: &Self::Head,
        lines: &[Self::Line],
    ) -> impl Future<Output = Result<Vec<DocumentLineResult>, Status>> + Send;
}

/// What a run did with documents; its report tells of rows.
#[derive(Debug, Default, Clone, Copy)]
pub struct Documents {
    /// Documents that were taken, wholly or in part.
    pub taken: u64,
    /// Documents of which nothing was taken.
    pub refused: u64,
}

/// How documents are sent.
#[derive(Clone, Copy)]
pub struct Sending<'a> {
    /// Who sent those of which the rows do not say so.
    pub sender: &'a str,
    /// A request id for each document. What was sent before is known by its name, not by the id of its request.
    pub new_request_id: &'a (dyn Fn() -> String + Sync),
}

/// The rows of one document, as far as they were read.
struct Gathered<F: Feed> {
    document: DocumentRef,
    head: Option<F::Head>,
    lines: Vec<(u64, F::Line)>,
    faults: Vec<Refusal>,
    /// Whether it has more rows than were gathered.
    is_too_long: bool,
}

/// Sends all documents of a file, one after the other.
///
/// # Errors
/// [`Failure`] when the file cannot be read or a service stays unreachable; what was acknowledged stays done.
pub async fn run<F: Feed>(
    feed: &F,
    mut rows: Rows,
    sending: Sending<'_>,
    report: &mut Report,
    watched: &Watched,
) -> Result<Documents, Failure> {
    let mut documents = Documents::default();
    let mut gathered: Option<Gathered<F>> = None;
    while let Some(row) = rows.next_row()? {
        let row = match row {
            Ok(row) => row,
            // A row that cannot be read belongs to the document around it.
            Err(refusal) => {
                match gathered.as_mut().filter(|gathered| !gathered.is_full()) {
                    Some(gathered) => gathered.faults.push(refusal),
                    None => report.add(Outcome::Refused(refusal))?,
                }
                continue;
            }
        };
        let document = match document_of(&row, sending.sender) {
            Ok(document) => document,
            Err(refusal) => {
                report.add(Outcome::Refused(refusal))?;
                continue;
            }
        };
        let is_next = gathered.as_ref().is_none_or(|gathered| gathered.document != document);
        if is_next {
            let ended = gathered.replace(Gathered::begun(document));
            if let Some(ended) = ended {
                send(feed, ended, sending, report, &mut documents).await?;
                watched.show(report);
            }
        }
        if let Some(gathered) = &mut gathered {
            if gathered.is_full() {
                gathered.is_too_long = true;
                report.add(Outcome::Refused(malformed(row.line, too_long())))?;
            } else {
                gathered.take(feed, &row);
            }
        }
    }
    if let Some(ended) = gathered {
        send(feed, ended, sending, report, &mut documents).await?;
    }
    report.finish()?;
    Ok(documents)
}

fn document_of(row: &Row, sender: &str) -> Result<DocumentRef, Refusal> {
    let mut fields = row.fields();
    let number = fields.required("document");
    let named = fields.text("sender");
    let sender = if named.is_empty() { sender.to_owned() } else { named };
    fields.finish()?;
    if sender.is_empty() {
        return Err(malformed(row.line, "sender is empty: fill the column or name it with --sender"));
    }
    Ok(DocumentRef { sender, number })
}

fn too_long() -> String {
    format!("the document has more than {ROWS_MAX} rows")
}

impl<F: Feed> Gathered<F> {
    const fn begun(document: DocumentRef) -> Self {
        Self { document, head: None, lines: Vec::new(), faults: Vec::new(), is_too_long: false }
    }

    const fn is_full(&self) -> bool {
        self.lines.len() + self.faults.len() >= ROWS_MAX
    }

    fn take(&mut self, feed: &F, row: &Row) {
        match feed.parse(row) {
            Err(refusal) => self.faults.push(refusal),
            Ok((head, _)) if self.head.as_ref().is_some_and(|known| *known != head) => {
                let detail = "what the row says of the whole document differs from the rows before";
                self.faults.push(malformed(row.line, detail));
            }
            Ok((head, line)) => {
                self.head = Some(head);
                self.lines.push((row.line, line));
            }
        }
    }
}

async fn send<F: Feed>(
    feed: &F,
    gathered: Gathered<F>,
    sending: Sending<'_>,
    report: &mut Report,
    documents: &mut Documents,
) -> Result<(), Failure> {
    let Gathered { document, head, lines, faults, is_too_long } = gathered;
    let Some(head) = head.filter(|_| faults.is_empty() && !is_too_long) else {
        documents.refused += 1;
        let unsent = lines.into_iter().map(|(line, _)| unsent(line, &document.number));
        for refusal in faults.into_iter().chain(unsent) {
            report.add(Outcome::Refused(refusal))?;
        }
        return Ok(());
    };
    let request_id = (sending.new_request_id)();
    let (numbers, lines): (Vec<u64>, Vec<F::Line>) = lines.into_iter().unzip();
    let call = || feed.send(request_id.clone(), document.clone(), &head, &lines);
    match retry::call(&RetryPolicy::default(), call).await {
        Ok(results) => {
            documents.taken += 1;
            for (line, result) in numbers.iter().zip(results) {
                report.add(outcome(*line, result))?;
            }
        }
        Err(status) if is_refusal(&status) => {
            documents.refused += 1;
            for outcome in refused_rows(&numbers, &status, &document.number) {
                report.add(outcome)?;
            }
        }
        Err(status) => return Err(stopped(numbers.first().copied().unwrap_or(0), status)),
    }
    Ok(())
}

/// A row that could be read, of a document that has others that could not.
fn unsent(line: u64, document: &str) -> Refusal {
    let detail = format!("document {document} has rows that cannot be read: mend them and send it again");
    Refusal { line, reason: REASON_DOCUMENT.to_owned(), detail }
}

/// What became of the rows of a document that was refused as a whole. A fault of one line is told of its row alone; the others
/// could be read. What is wrong with the document is told of every row.
fn refused_rows(rows: &[u64], status: &Status, document: &str) -> Vec<Outcome> {
    let mut of_rows: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for fault in violations(status) {
        let Some((place, fault)) = fault_of_line(&fault) else {
            return rows.iter().map(|row| refused(*row, status)).collect();
        };
        of_rows.entry(place).or_default().push(fault.to_owned());
    }
    if of_rows.is_empty() {
        return rows.iter().map(|row| refused(*row, status)).collect();
    }
    let outcome = |(place, row): (usize, &u64)| match of_rows.get(&place) {
        Some(faults) => Outcome::Refused(malformed(*row, faults.join("; "))),
        None => Outcome::Refused(unsent(*row, document)),
    };
    rows.iter().enumerate().map(outcome).collect()
}

/// The place of a line in its document, from 0, and what is wrong with it, of a fault such as `lines[3].shipped: must be ...`.
fn fault_of_line(fault: &str) -> Option<(usize, &str)> {
    let (list, rest) = fault.split_once('[')?;
    let (place, fault) = rest.split_once(']')?;
    let is_line = matches!(list, "lines" | "events");
    Some((place.parse().ok().filter(|_| is_line)?, fault.trim_start_matches(['.', ':', ' '])))
}

/// A line of which a part was not taken is told as refused too: somebody must look at it.
fn outcome(line: u64, result: DocumentLineResult) -> Outcome {
    if result.taken && result.reason.is_empty() {
        return Outcome::Applied;
    }
    Outcome::Refused(Refusal { line, reason: result.reason, detail: result.detail })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use std::sync::Mutex;

    use backorder_proto::convert::Violations;
    use backorder_service_kit::problem::Problem;

    use super::*;
    use crate::output::progress::Progress;

    const SENDING: Sending<'static> = Sending { sender: "me", new_request_id: &String::new };

    /// Refuses lines with a 3.
    #[derive(Default)]
    struct Picky(Mutex<Vec<(String, Vec<i64>)>>);

    impl Feed for Picky {
        type Head = String;
        type Line = i64;

        fn parse(&self, row: &Row) -> Result<(String, i64), Refusal> {
            let mut fields = row.fields();
            let (head, line) = (fields.text("head"), fields.required_whole("n"));
            fields.finish()?;
            Ok((head, line))
        }

        async fn send(
            &self,
            _request_id: String,
            document: DocumentRef,
            _head: &String,
            lines: &[i64],
        ) -> Result<Vec<DocumentLineResult>, Status> {
            self.0.lock().unwrap().push((format!("{} {}", document.sender, document.number), lines.to_vec()));
            let result = |n: &i64| DocumentLineResult {
                taken: *n != 3,
                reason: if *n == 3 { "ITEM_NOT_FOUND".to_owned() } else { String::new() },
                ..DocumentLineResult::default()
            };
            Ok(lines.iter().map(result).collect())
        }
    }

    #[tokio::test]
    async fn rows_of_a_document_are_sent_together_and_one_that_cannot_be_read_keeps_only_its_own_back() {
        let text = "sender,document,head,n\na,1,h,1\na,1,h,3\n,2,h,x\n,2,h,4\nb,1,h,5\nb,1,other,6\nb,2,h,7\n";
        let (picky, mut report) = (Picky::default(), Report::default());
        let rows = Rows::open(Box::new(text.as_bytes()), &["document"]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, text).unwrap();
        let watched = Watched { progress: Progress::hidden(), read: crate::input::open(&path).unwrap().progress };

        let documents = run(&picky, rows, SENDING, &mut report, &watched).await.unwrap();

        let sent = picky.0.into_inner().unwrap();
        assert_eq!(sent, [("a 1".to_owned(), vec![1, 3]), ("b 2".to_owned(), vec![7])]);
        assert_eq!((documents.taken, documents.refused), (2, 2));
        let lines: Vec<u64> = report.shown().iter().map(|refusal| refusal.line).collect();
        assert_eq!(lines, [3, 4, 5, 7, 6]);
        assert_eq!((report.rows, report.applied), (7, 2));
    }

    fn wrong(faults: &[(&str, &str)]) -> Status {
        let mut wrong = Violations::new();
        faults.iter().for_each(|(field, fault)| wrong.push(*field, *fault));
        Problem::invalid(wrong).into()
    }

    #[test]
    fn a_fault_of_a_line_is_told_of_its_row_and_one_of_the_document_of_all_rows() {
        let told = |faults: &[(&str, &str)]| -> Vec<(u64, String)> {
            let outcomes = refused_rows(&[2, 3, 5], &wrong(faults), "947-1");
            let refusal = |outcome| match outcome {
                Outcome::Refused(refusal) => (refusal.line, refusal.detail),
                Outcome::Applied | Outcome::Unchanged => (0, String::new()),
            };
            outcomes.into_iter().map(refusal).collect()
        };
        let of_lines = told(&[
            ("lines[1].quantity", "must be at least 1"),
            ("lines[1].reason", "must be set"),
            ("lines[2]", "has no units"),
        ]);
        assert!(of_lines[0].1.contains("rows that cannot be read"), "{of_lines:?}");
        assert_eq!(
            of_lines[1..],
            [(3, "quantity: must be at least 1; reason: must be set".to_owned()), (5, "has no units".to_owned()),]
        );
        let of_document = told(&[("lines", "must have at most 1000 elements"), ("lines[1].quantity", "must be set")]);
        assert!(of_document.iter().all(|(_, detail)| detail.contains("at most 1000")), "{of_document:?}");
    }

    #[tokio::test]
    async fn a_document_that_is_too_long_is_not_gathered_whole_and_the_next_one_is_sent() {
        let rows = ROWS_MAX + 3;
        let text = format!("document,head,n\n{}2,h,7\n", "1,h,1\n".repeat(rows));
        let (picky, mut report) = (Picky::default(), Report::default());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, &text).unwrap();
        let input = crate::input::open(&path).unwrap();
        let watched = Watched { progress: Progress::hidden(), read: input.progress };
        let rows_of_file = Rows::open(input.reader, &["document"]).unwrap();

        let documents = run(&picky, rows_of_file, SENDING, &mut report, &watched).await.unwrap();

        assert_eq!(picky.0.into_inner().unwrap(), [("me 2".to_owned(), vec![7])]);
        assert_eq!((documents.taken, documents.refused), (1, 1));
        assert_eq!((report.rows, report.applied), (rows as u64 + 1, 1));
        assert_eq!(report.refused_by_reason()[REASON_DOCUMENT], ROWS_MAX as u64);
    }
}
