//! Drives a file of documents: gathers the rows of each, sends it, and collects what became of each row.

use backorder_proto::common::v1::{DocumentLineResult, DocumentRef};
use backorder_service_kit::retry::{self, RetryPolicy};
use tonic::Status;

use crate::{
    failure::Failure,
    import::{
        drive::{Watched, is_refusal, refused, stopped},
        import_id,
        report::{Outcome, Refusal, Report},
        rows::{Row, Rows, malformed},
    },
};

/// The reason of rows that can be read, in a document that cannot.
const REASON_DOCUMENT: &str = "document not sent";

/// Documents of one type.
pub trait Feed: Sync {
    /// What all rows of a document say of it.
    type Head: Clone + PartialEq + Send + Sync;
    /// What a row says of its line.
    type Line: Clone + Send + Sync;

    /// The type, as part of request ids.
    const KIND: &'static str;

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

/// The rows of one document, as far as they were read.
struct Gathered<F: Feed> {
    document: DocumentRef,
    head: Option<F::Head>,
    lines: Vec<(u64, F::Line)>,
    faults: Vec<Refusal>,
}

/// Sends all documents of a file, one after the other. `sender` stands for the column of that name.
///
/// # Errors
/// [`Failure`] when the file cannot be read or a service stays unreachable; what was acknowledged stays done.
pub async fn run<F: Feed>(
    feed: &F,
    mut rows: Rows,
    sender: &str,
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
                match &mut gathered {
                    Some(gathered) => gathered.faults.push(refusal),
                    None => report.add(Outcome::Refused(refusal))?,
                }
                continue;
            }
        };
        let document = match document_of(&row, sender) {
            Ok(document) => document,
            Err(refusal) => {
                report.add(Outcome::Refused(refusal))?;
                continue;
            }
        };
        let is_next = gathered.as_ref().is_none_or(|gathered| gathered.document != document);
        if is_next {
            let ended = gathered.replace(Gathered { document, head: None, lines: Vec::new(), faults: Vec::new() });
            if let Some(ended) = ended {
                send(feed, ended, report, &mut documents).await?;
                watched.show(report);
            }
        }
        if let Some(gathered) = &mut gathered {
            gathered.take(feed, &row);
        }
    }
    if let Some(ended) = gathered {
        send(feed, ended, report, &mut documents).await?;
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

impl<F: Feed> Gathered<F> {
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
    report: &mut Report,
    documents: &mut Documents,
) -> Result<(), Failure> {
    let Gathered { document, head, lines, faults } = gathered;
    let name = document.number.clone();
    let Some(head) = head.filter(|_| faults.is_empty()) else {
        documents.refused += 1;
        let unsent = lines.into_iter().map(|(line, _)| Refusal {
            line,
            reason: REASON_DOCUMENT.to_owned(),
            detail: format!("document {name} has rows that cannot be read: mend them and send it again"),
        });
        for refusal in faults.into_iter().chain(unsent) {
            report.add(Outcome::Refused(refusal))?;
        }
        return Ok(());
    };
    let request_id = import_id(&["feed", F::KIND, &document.sender, &document.number]).to_string();
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
            for line in numbers {
                report.add(refused(line, &status))?;
            }
        }
        Err(status) => return Err(stopped(numbers.first().copied().unwrap_or(0), status)),
    }
    Ok(())
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

    use super::*;
    use crate::output::progress::Progress;

    /// Refuses lines with a 3.
    #[derive(Default)]
    struct Picky(Mutex<Vec<(String, Vec<i64>)>>);

    impl Feed for Picky {
        type Head = String;
        type Line = i64;
        const KIND: &'static str = "test";

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

        let documents = run(&picky, rows, "me", &mut report, &watched).await.unwrap();

        let sent = picky.0.into_inner().unwrap();
        assert_eq!(sent, [("a 1".to_owned(), vec![1, 3]), ("b 2".to_owned(), vec![7])]);
        assert_eq!((documents.taken, documents.refused), (2, 2));
        let lines: Vec<u64> = report.shown().iter().map(|refusal| refusal.line).collect();
        assert_eq!(lines, [3, 4, 5, 7, 6]);
        assert_eq!((report.rows, report.applied), (7, 2));
    }
}
