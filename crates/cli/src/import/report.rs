//! What an import did: counts, and every refused row with its reason.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
};

use serde_json::{Value, json};

/// Refused rows that are kept to be shown. All of them go to the file of refused rows, when there is one.
pub const SHOWN_MAX: usize = 1_000;

/// A row that was not imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its line in the file, from 1, the header included.
    pub line: u64,
    /// The kind of reason, the same text for all rows of the kind.
    pub reason: String,
    /// What exactly is wrong.
    pub detail: String,
}

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was written.
    Applied,
    /// It was there already.
    Unchanged,
    /// It was not imported.
    Refused(Refusal),
}

/// The report of one import.
#[derive(Debug, Default)]
pub struct Report {
    /// Rows read.
    pub rows: u64,
    /// Rows written.
    pub applied: u64,
    /// Rows that were there already.
    pub unchanged: u64,
    refused: BTreeMap<String, u64>,
    shown: Vec<Refusal>,
    file: Option<BufWriter<File>>,
}

impl Report {
    /// An empty report; every refused row goes to the file as CSV when one is named.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn try_new(refused_rows_file: Option<&Path>) -> io::Result<Self> {
        let mut report = Self::default();
        if let Some(path) = refused_rows_file {
            let mut file = BufWriter::new(File::create(path)?);
            writeln!(file, "line,reason,detail")?;
            report.file = Some(file);
        }
        Ok(report)
    }

    /// Counts what became of a row.
    ///
    /// # Errors
    /// When the file of refused rows cannot be written.
    pub fn add(&mut self, outcome: Outcome) -> io::Result<()> {
        self.rows += 1;
        match outcome {
            Outcome::Applied => self.applied += 1,
            Outcome::Unchanged => self.unchanged += 1,
            Outcome::Refused(refusal) => self.refuse(refusal)?,
        }
        Ok(())
    }

    fn refuse(&mut self, refusal: Refusal) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            writeln!(file, "{},{},{}", refusal.line, quoted(&refusal.reason), quoted(&refusal.detail))?;
        }
        *self.refused.entry(refusal.reason.clone()).or_default() += 1;
        if self.shown.len() < SHOWN_MAX {
            self.shown.push(refusal);
        }
        Ok(())
    }

    /// Writes what is still in memory to the file of refused rows.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }

    /// Refused rows.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused.values().sum()
    }

    /// How many rows were refused for each reason.
    #[must_use]
    pub const fn refused_by_reason(&self) -> &BTreeMap<String, u64> {
        &self.refused
    }

    /// The first refused rows.
    #[must_use]
    pub fn shown(&self) -> &[Refusal] {
        &self.shown
    }

    /// The report as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let one = |row: &Refusal| json!({"line": row.line, "reason": row.reason, "detail": row.detail});
        json!({
            "rows": self.rows,
            "applied": self.applied,
            "unchanged": self.unchanged,
            "refused": self.refused(),
            "refused_by_reason": self.refused,
            "refused_rows": self.shown.iter().map(one).collect::<Vec<Value>>(),
        })
    }

    /// The report for people.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!(
            "{} rows: {} written, {} there already, {} refused",
            self.rows,
            self.applied,
            self.unchanged,
            self.refused()
        );
        for (reason, rows) in &self.refused {
            text.push_str(&format!("\n  {rows} x {reason}"));
        }
        for row in &self.shown {
            text.push_str(&format!("\n  line {}: {}", row.line, row.detail));
        }
        let hidden = self.refused().saturating_sub(self.shown.len() as u64);
        if hidden > 0 {
            text.push_str(&format!("\n  and {hidden} more: name a file with --refused to get all of them"));
        }
        text
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\"").replace('\n', " "))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[test]
    fn every_refused_row_is_in_the_file_even_when_few_are_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("refused.csv");
        let mut report = Report::try_new(Some(&path)).unwrap();
        for line in 0..1_500 {
            let refusal = Refusal { line, reason: "wrong \"field\"".to_owned(), detail: "x".to_owned() };
            report.add(Outcome::Refused(refusal)).unwrap();
        }
        report.add(Outcome::Applied).unwrap();
        report.finish().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 1_501);
        assert_eq!((report.shown().len(), report.refused(), report.rows), (SHOWN_MAX, 1_500, 1_501));
        assert!(report.to_text().contains("and 500 more"));
    }
}
