//! Drives an import: reads rows, sends them in chunks with a bounded number of calls in flight, and collects what became
//! of each row. A chunk that is refused is sent again row by row, so that only the rows at fault are refused.

use backorder_service_kit::{
    problem::{reason_name, reason_of},
    retry::{self, RetryPolicy},
};
use futures::stream::{FuturesUnordered, StreamExt as _};
use tonic::{Code, Status};

use super::{
    report::{Outcome, Refusal, Report},
    rows::{Row, Rows},
};
use crate::{
    failure::{Failure, described},
    input::ReadSoFar,
    output::progress::Progress,
};

/// One kind of import of one row at a time or many at once.
pub trait RowImport: Sync {
    /// What a row is read as.
    type Parsed: Clone + Send + Sync;

    /// Rows that one call takes.
    const ROWS_PER_CALL: usize;

    /// Reads a row.
    ///
    /// # Errors
    /// A refusal with every fault of the row.
    fn parse(&self, row: &Row) -> Result<Self::Parsed, Refusal>;

    /// Sends rows in one call; one outcome per row.
    ///
    /// # Errors
    /// The status of the call; nothing of it was done then.
    fn send(&self, rows: &[Self::Parsed]) -> impl Future<Output = Result<Vec<Outcome>, Status>> + Send;
}

/// Where an import shows how far it is.
pub struct Watched {
    /// The bar.
    pub progress: Progress,
    /// How far the file was read.
    pub read: ReadSoFar,
}

impl Watched {
    /// Moves the bar to where the file was read.
    pub fn show(&self, report: &Report) {
        self.progress.at(self.read.bytes(), format!("{} rows, {} refused", report.rows, report.refused()));
    }
}

/// Imports all rows of a file.
///
/// # Errors
/// [`Failure`] when the file cannot be read or a service stays unreachable; what was acknowledged stays done.
pub async fn run<I: RowImport>(
    import: &I,
    mut rows: Rows,
    in_flight_max: usize,
    report: &mut Report,
    watched: &Watched,
) -> Result<(), Failure> {
    let policy = RetryPolicy::default();
    let mut pending = FuturesUnordered::new();
    let mut chunk = Vec::with_capacity(I::ROWS_PER_CALL);
    let mut is_more = true;
    while is_more {
        match rows.next_row()? {
            None => is_more = false,
            Some(Err(refusal)) => report.add(Outcome::Refused(refusal))?,
            Some(Ok(row)) => match import.parse(&row) {
                Err(refusal) => report.add(Outcome::Refused(refusal))?,
                Ok(parsed) => chunk.push((row.line, parsed)),
            },
        }
        let is_full = chunk.len() >= I::ROWS_PER_CALL;
        if is_full || (!is_more && !chunk.is_empty()) {
            pending.push(send_chunk(import, &policy, std::mem::take(&mut chunk)));
        }
        while pending.len() >= in_flight_max.max(1) || (!is_more && !pending.is_empty()) {
            let Some(outcomes) = pending.next().await else { break };
            for outcome in outcomes? {
                report.add(outcome)?;
            }
            watched.show(report);
        }
    }
    report.finish()?;
    Ok(())
}

async fn send_chunk<I: RowImport>(
    import: &I,
    policy: &RetryPolicy,
    chunk: Vec<(u64, I::Parsed)>,
) -> Result<Vec<Outcome>, Failure> {
    let rows: Vec<I::Parsed> = chunk.iter().map(|(_, parsed)| parsed.clone()).collect();
    match retry::call(policy, || import.send(&rows)).await {
        Ok(outcomes) => return Ok(outcomes),
        Err(status) if !is_refusal(&status) => return Err(stopped(chunk.first().map_or(0, |(line, _)| *line), status)),
        Err(status) => {
            if let [(line, _)] = chunk.as_slice() {
                return Ok(vec![refused(*line, &status)]);
            }
        }
    }
    let mut outcomes = Vec::with_capacity(chunk.len());
    for (line, parsed) in chunk {
        match retry::call(policy, || import.send(std::slice::from_ref(&parsed))).await {
            Ok(outcome) => outcomes.extend(outcome),
            Err(status) if is_refusal(&status) => outcomes.push(refused(line, &status)),
            Err(status) => return Err(stopped(line, status)),
        }
    }
    Ok(outcomes)
}

/// Whether a status says that the row is wrong, and not that the service has trouble.
#[must_use]
pub fn is_refusal(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::InvalidArgument | Code::NotFound | Code::AlreadyExists | Code::FailedPrecondition | Code::OutOfRange
    )
}

/// The outcome of a row that a service refused.
#[must_use]
pub fn refused(line: u64, status: &Status) -> Outcome {
    let reason =
        reason_of(status).map_or_else(|| format!("{:?}", status.code()), |reason| reason_name(reason).to_owned());
    Outcome::Refused(Refusal { line, reason, detail: described(status) })
}

/// The failure of an import that cannot go on.
#[must_use]
pub fn stopped(line: u64, status: Status) -> Failure {
    let code = Failure::from(status.clone()).exit_code();
    Failure::new(format!("the import stopped at line {line}: {}", described(&status)))
        .next("run the same command again when the service answers: nothing is done twice")
        .with_exit_code(code)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use std::sync::Mutex;

    use backorder_proto::common::v1::ErrorReason;
    use backorder_service_kit::problem::Problem;

    use super::*;

    /// Refuses every call that holds a 3, and is away from a 9 on.
    #[derive(Default)]
    struct Picky(Mutex<Vec<i64>>);

    impl RowImport for Picky {
        type Parsed = i64;
        const ROWS_PER_CALL: usize = 4;

        fn parse(&self, row: &Row) -> Result<i64, Refusal> {
            let mut fields = row.fields();
            let number = fields.required_whole("n");
            fields.finish()?;
            Ok(number)
        }

        async fn send(&self, rows: &[i64]) -> Result<Vec<Outcome>, Status> {
            if rows.contains(&9) {
                return Err(Problem::new(Code::Internal, ErrorReason::Internal, "away").into());
            }
            if rows.contains(&3) {
                return Err(Problem::not_found(ErrorReason::ItemNotFound, "item", "items/3").into());
            }
            self.0.lock().unwrap().extend(rows);
            Ok(rows.iter().map(|_| Outcome::Applied).collect())
        }
    }

    async fn import(text: &'static str) -> (Picky, Report, Result<(), Failure>) {
        let (picky, mut report) = (Picky::default(), Report::default());
        let rows = Rows::open(Box::new(text.as_bytes()), &["n"]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, text).unwrap();
        let watched = Watched { progress: Progress::hidden(), read: crate::input::open(&path).unwrap().progress };
        let result = run(&picky, rows, 2, &mut report, &watched).await;
        (picky, report, result)
    }

    #[tokio::test]
    async fn only_the_row_at_fault_of_a_chunk_is_refused() {
        let (picky, report, result) = import("n\n1\n2\n3\nx\n4\n5\n6\n").await;
        result.unwrap();
        let mut sent = picky.0.into_inner().unwrap();
        sent.sort_unstable();
        assert_eq!(sent, [1, 2, 4, 5, 6]);
        let lines: Vec<u64> = report.shown().iter().map(|row| row.line).collect();
        assert_eq!((report.rows, report.applied, lines.len()), (7, 5, 2));
        assert!(lines.contains(&4) && lines.contains(&5), "{lines:?}");
    }

    #[tokio::test]
    async fn trouble_of_the_service_stops_the_import_and_says_what_to_do() {
        let (_, _, result) = import("n\n1\n9\n").await;
        let failure = result.unwrap_err().to_string();
        assert!(failure.contains("line 2") && failure.contains("run the same command again"), "{failure}");
    }
}
