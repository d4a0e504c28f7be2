//! What a reader found: rows per class, named traps, and the first refused rows of each class with their line numbers.

use serde_json::{Value, json};

use super::{
    class::{ClassCounts, RowClass},
    reversal::{HUGE_UNITS_MIN, HugeReversal, MATCHING_RULE, SOON},
};

/// Refused rows kept per class as examples. The counts are complete, the examples are bounded.
pub const EXAMPLES_PER_CLASS_MAX: usize = 5;
/// Huge reversals kept as examples.
pub const HUGE_REVERSALS_MAX: usize = 100;

/// A refused row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRow {
    /// The line in the file, from 1, the header included.
    pub line: u64,
    /// Its class.
    pub class: RowClass,
    /// What exactly is wrong.
    pub detail: String,
}

/// Things that are no class of their own, but that a reader must name. Counted over the rows of all classes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traps {
    /// Rows whose code is spelled with small letters.
    pub lower_case_code_rows: u64,
    /// Goods that appear in more than one letter case.
    pub items_in_two_cases: u64,
    /// Rows without a customer.
    pub empty_customer_rows: u64,
    /// Clean sale lines without a customer: they are ordered by an unnamed customer.
    pub empty_customer_sale_lines: u64,
    /// Rows without a description.
    pub empty_description_rows: u64,
    /// Documents whose rows carry more than one minute: the first counts.
    pub documents_over_two_minutes: u64,
    /// Documents with rows of another document between theirs.
    pub interleaved_documents: u64,
    /// Units that reversals matched to sales.
    pub units_reversed: i64,
    /// Units of reversals for which no sale was found.
    pub units_not_reversed: i64,
    /// Huge orders reversed soon after, the first ones.
    pub huge_reversals: Vec<HugeReversal>,
}

/// The report of one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RetailReport {
    /// Rows per class.
    pub counts: ClassCounts,
    /// Named traps.
    pub traps: Traps,
    /// The first refused rows of each class.
    pub examples: Vec<RefusedRow>,
    examples_per_class: [usize; RowClass::ALL.len()],
}

impl RetailReport {
    /// Counts a row, and keeps it as an example when it is refused and its class has few yet.
    pub fn count(&mut self, class: RowClass, line: u64, detail: impl FnOnce() -> String) {
        self.counts.add(class);
        let kept = &mut self.examples_per_class[class as usize];
        if class != RowClass::CleanSaleLine && *kept < EXAMPLES_PER_CLASS_MAX {
            *kept += 1;
            self.examples.push(RefusedRow { line, class, detail: detail() });
        }
    }

    /// Refused rows per reason, classes without rows left out.
    #[must_use]
    pub fn refused(&self) -> Vec<(RowClass, u64)> {
        let refused = RowClass::ALL.into_iter().filter(|class| !class.is_applied());
        refused.map(|class| (class, self.counts.of(class))).filter(|(_, rows)| *rows > 0).collect()
    }

    /// The report as JSON: `rows`, `classes` in the order in which they are tried, `traps`, `examples`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let classes: Vec<Value> = RowClass::ALL
            .into_iter()
            .map(|class| json!({"class": class.key(), "rule": class.rule(), "rows": self.counts.of(class)}))
            .collect();
        let examples: Vec<Value> = self
            .examples
            .iter()
            .map(|row| json!({"line": row.line, "class": row.class.key(), "detail": row.detail}))
            .collect();
        json!({
            "rows": self.counts.total(),
            "classes": classes,
            "matching_rule": MATCHING_RULE,
            "traps": self.traps.to_json(),
            "examples": examples,
        })
    }
}

impl Traps {
    fn to_json(&self) -> Value {
        let huge: Vec<Value> = self
            .huge_reversals
            .iter()
            .map(|one| {
                json!({"order": &*one.order, "reversal": &*one.reversal, "item": &*one.item, "units": one.units,
                       "minutes_after": one.minutes_after})
            })
            .collect();
        json!({
            "lower_case_code_rows": self.lower_case_code_rows,
            "items_in_two_cases": self.items_in_two_cases,
            "empty_customer_rows": self.empty_customer_rows,
            "empty_customer_sale_lines": self.empty_customer_sale_lines,
            "empty_description_rows": self.empty_description_rows,
            "documents_over_two_minutes": self.documents_over_two_minutes,
            "interleaved_documents": self.interleaved_documents,
            "units_reversed": self.units_reversed,
            "units_not_reversed": self.units_not_reversed,
            "huge_orders_soon_reversed": huge,
        })
    }

    /// The traps as (what, how many) for a table.
    #[must_use]
    pub fn lines(&self) -> Vec<(String, String)> {
        let mut lines: Vec<(String, String)> = [
            ("rows whose item code has small letters (joined with the capital spelling)", self.lower_case_code_rows),
            ("goods that appear in more than one letter case", self.items_in_two_cases),
            ("rows without CustomerID", self.empty_customer_rows),
            ("order lines without CustomerID (ordered by an unnamed customer)", self.empty_customer_sale_lines),
            ("rows without Description", self.empty_description_rows),
            ("documents that carry more than one minute (the first counts)", self.documents_over_two_minutes),
            ("documents with another document's rows between theirs", self.interleaved_documents),
        ]
        .map(|(what, count)| (what.to_owned(), count.to_string()))
        .into();
        lines.push(("units reversed from earlier sales".to_owned(), self.units_reversed.to_string()));
        lines.push(("units of reversals without a sale".to_owned(), self.units_not_reversed.to_string()));
        let rule = format!("lines of {HUGE_UNITS_MIN} or more units reversed within {} hours", SOON.as_hours());
        lines.push((rule, self.huge_reversals.len().to_string()));
        for huge in &self.huge_reversals {
            let what = format!("  {} reversed by {} after {} min", huge.order, huge.reversal, huge.minutes_after);
            lines.push((what, format!("{} units", huge.units)));
        }
        lines
    }
}
