//! Lists exceptions by value at risk. Lines come from their index, page by page; the other sources are small and read
//! whole.

use std::collections::{BTreeMap, BTreeSet};

use backorder_domain::order::exception::LineException;
use backorder_proto::allocation::v1::{self as pb, ExceptionKind};
use backorder_storage::{StorageError, columns};

use crate::{
    error::Error,
    order::exception::{self, Found, Place},
    store::{
        entity::{exception_note, order_line},
        exceptions as store,
    },
    use_cases::UseCases,
};

/// Lines that are read at once.
const LINES_AT_ONCE: u64 = 500;
/// How often lines are read for one page: what is snoozed, or somebody else's, is passed over.
const READS_MAX: usize = 20;

/// Which exceptions are listed.
#[derive(Debug, Clone, Default)]
pub struct ExceptionFilter {
    /// Only these kinds; none means all.
    pub kinds: BTreeSet<ExceptionKind>,
    /// Only what this owner looks after; empty means all.
    pub owner: String,
    /// Also what is snoozed.
    pub show_snoozed: bool,
}

impl ExceptionFilter {
    pub(super) fn wants(&self, kind: ExceptionKind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }

    fn line_kinds(&self) -> i32 {
        let wanted = LineException::ALL.into_iter().filter(|kind| self.wants(exception::line_kind(*kind)));
        wanted.fold(0, |bits, kind| bits | kind.bit())
    }

    fn shows(&self, note: Option<&exception_note::Model>, now: i64) -> bool {
        let is_snoozed = note.and_then(|note| note.snoozed_until).is_some_and(|until| until > now);
        let owner = note.map_or("", |note| note.owner.as_str());
        (self.show_snoozed || !is_snoozed) && (self.owner.is_empty() || self.owner == owner)
    }
}

/// What one page has looked at.
#[derive(Default)]
struct Page {
    shown: Vec<pb::Exception>,
    /// The last one that was looked at, shown or not.
    last: Option<Place>,
}

impl UseCases {
    /// Exceptions after a place, at most `size`, with the place after which the next page begins.
    ///
    /// # Errors
    /// [`Error::Storage`]; [`Error::Unanswered`] when inventory does not answer about a kind that is asked for.
    pub async fn list_exceptions(
        &self,
        filter: &ExceptionFilter,
        after: Option<Place>,
        size: usize,
    ) -> Result<(Vec<pb::Exception>, Option<Place>), Error> {
        let mut others: BTreeMap<Place, Found> = self.other_exceptions(filter).await?;
        if let Some(after) = &after {
            others.retain(|place, _| place > after);
        }
        let mut page = Page { shown: Vec::new(), last: after };
        for _ in 0..READS_MAX {
            let (found, has_more) = self.next_lines(filter, page.last.as_ref()).await?;
            let mut merged: BTreeMap<Place, Found> = found.into_iter().map(|found| (found.place(), found)).collect();
            // What comes after the last line that was read may come after others that were not.
            let end = merged.keys().next_back().cloned().filter(|_| has_more);
            merged.extend(others.iter().map(|(place, found)| (place.clone(), found.clone())));
            let merged: Vec<(Place, Found)> =
                merged.into_iter().take_while(|(place, _)| end.as_ref().is_none_or(|end| place <= end)).collect();
            let is_full = self.show(&mut page, &merged, filter, size).await?;
            if is_full {
                return Ok((page.shown, page.last));
            }
            if !has_more {
                return Ok((page.shown, None));
            }
            if let Some(last) = &page.last {
                others.retain(|place, _| place > last);
            }
        }
        Ok((page.shown, page.last))
    }

    /// The exceptions of the next lines, and whether there are more lines.
    async fn next_lines(
        &self,
        filter: &ExceptionFilter,
        after: Option<&Place>,
    ) -> Result<(Vec<Found>, bool), StorageError> {
        let kinds = filter.line_kinds();
        if kinds == 0 {
            return Ok((Vec::new(), false));
        }
        let reader = self.store().reader();
        let lines = store::lines(reader, kinds, after, LINES_AT_ONCE).await?;
        let has_more = lines.len() as u64 == LINES_AT_ONCE;
        let mut found = self.of_lines(&lines).await?;
        found.retain(|found| filter.wants(found.kind) && after.is_none_or(|after| found.place() > *after));
        Ok((found, has_more))
    }

    /// The exceptions of lines.
    pub(super) async fn of_lines(&self, lines: &[order_line::Model]) -> Result<Vec<Found>, StorageError> {
        let orders: BTreeSet<String> = lines.iter().map(|line| line.order_id.clone()).collect();
        let customers = store::customers(self.store().reader(), &orders).await?;
        let customer = |line: &order_line::Model| customers.get(&line.order_id).map_or("", String::as_str);
        Ok(lines.iter().flat_map(|line| exception::of_line(line, customer(line))).collect())
    }

    /// Adds what the filter shows. Answers whether the page is full while there is something left.
    async fn show(
        &self,
        page: &mut Page,
        found: &[(Place, Found)],
        filter: &ExceptionFilter,
        size: usize,
    ) -> Result<bool, StorageError> {
        let subjects: BTreeSet<&str> = found.iter().map(|(_, found)| found.subject.as_str()).collect();
        let notes = store::notes(self.store().reader(), &subjects).await?;
        let by_key: BTreeMap<(&str, &str), &exception_note::Model> =
            notes.iter().map(|note| ((note.subject.as_str(), note.kind.as_str()), note)).collect();
        let now = columns::micros(self.now());
        for (place, found) in found {
            let note = by_key.get(&(found.subject.as_str(), exception::word(found.kind))).copied();
            let note = note.filter(|note| found.is_meant_by(note));
            if filter.shows(note, now) {
                if page.shown.len() == size {
                    return Ok(true);
                }
                page.shown.push(exception::message(found, note)?);
            }
            page.last = Some(place.clone());
        }
        Ok(false)
    }
}
