//! Rows of one table of a book: what was loaded, what changed, and how to take a change back.
//!
//! It must not know what a row means.

use std::collections::BTreeMap;

/// A row that counts the commands that changed it.
pub(super) trait Row: Clone + PartialEq {
    fn version(&self) -> i64;
    fn set_version(&mut self, version: i64);
}

#[derive(Debug, Clone)]
struct Slot<T> {
    row: T,
    /// The row as it was loaded; `None` when it was not loaded, or not changed yet (then `row` is as loaded).
    original: Option<T>,
    is_stored: bool,
    /// The command that changed it last; 0 when none did.
    changed_in: u64,
}

/// A row that changed, beside the stored one.
#[derive(Debug)]
pub(super) struct Changed<T> {
    pub(super) row: T,
    pub(super) original: Option<T>,
}

#[derive(Debug, Clone)]
pub(super) struct Rows<K, T> {
    slots: BTreeMap<K, Slot<T>>,
    undo: Vec<(K, Option<Slot<T>>)>,
}

impl<K: Ord + Clone, T: Row> Rows<K, T> {
    /// Rows as they are stored.
    pub(super) fn loaded(rows: impl IntoIterator<Item = (K, T)>) -> Self {
        let slot = |row: T| Slot { is_stored: row.version() > 0, row, original: None, changed_in: 0 };
        Self { slots: rows.into_iter().map(|(key, row)| (key, slot(row))).collect(), undo: Vec::new() }
    }

    pub(super) fn get(&self, key: &K) -> Option<&T> {
        self.slots.get(key).map(|slot| &slot.row)
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.slots.values().map(|slot| &slot.row)
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (&K, &T)> {
        self.slots.iter().map(|(key, slot)| (key, &slot.row))
    }

    pub(super) fn range_from<'a>(&'a self, first: &K) -> impl Iterator<Item = &'a T> {
        self.slots.range(first..).map(|(_, slot)| &slot.row)
    }

    /// Writes a row for command number `command`. The version counts once per command; an equal row changes nothing.
    pub(super) fn put(&mut self, command: u64, key: K, mut row: T) {
        let old = self.slots.get(&key);
        let version = old.map_or(0, |slot| slot.row.version());
        row.set_version(version);
        if old.is_some_and(|slot| slot.row == row) {
            return;
        }
        let is_first = old.is_none_or(|slot| slot.changed_in != command);
        row.set_version(if is_first { version + 1 } else { version });
        let slot = match old {
            Some(slot) if slot.changed_in > 0 || !slot.is_stored => {
                Slot { row, original: slot.original.clone(), is_stored: slot.is_stored, changed_in: command }
            }
            Some(slot) => Slot { row, original: Some(slot.row.clone()), is_stored: true, changed_in: command },
            None => Slot { row, original: None, is_stored: false, changed_in: command },
        };
        let replaced = self.slots.insert(key.clone(), slot);
        self.undo.push((key, replaced));
    }

    /// Counts a row as changed by command number `command` though its own values are as before, because something that
    /// it stands for changed.
    pub(super) fn touch(&mut self, command: u64, key: &K) {
        if let Some(slot) = self.slots.get(key).filter(|slot| slot.changed_in != command) {
            let mut touched = slot.clone();
            if touched.changed_in == 0 && touched.is_stored {
                touched.original = Some(slot.row.clone());
            }
            touched.row.set_version(slot.row.version() + 1);
            touched.changed_in = command;
            let replaced = self.slots.insert(key.clone(), touched);
            self.undo.push((key.clone(), replaced));
        }
    }

    /// How many changes can be taken back.
    pub(super) fn mark(&self) -> usize {
        self.undo.len()
    }

    /// Takes back every change since `mark`.
    pub(super) fn roll_back(&mut self, mark: usize) {
        while self.undo.len() > mark {
            match self.undo.pop() {
                Some((key, Some(slot))) => {
                    self.slots.insert(key, slot);
                }
                Some((key, None)) => {
                    self.slots.remove(&key);
                }
                None => {}
            }
        }
    }

    /// Makes all changes so far permanent.
    pub(super) fn forget_undo(&mut self) {
        self.undo.clear();
    }

    /// The rows that changed, in the order of their keys.
    pub(super) fn into_changed(self) -> impl Iterator<Item = Changed<T>> {
        let changed = self.slots.into_values().filter(|slot| slot.changed_in > 0);
        changed.map(|slot| Changed { row: slot.row, original: slot.original })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, PartialEq)]
    struct Note {
        text: &'static str,
        version: i64,
    }

    impl Row for Note {
        fn version(&self) -> i64 {
            self.version
        }
        fn set_version(&mut self, version: i64) {
            self.version = version;
        }
    }

    fn note(text: &'static str) -> Note {
        Note { text, version: 0 }
    }

    #[test]
    fn the_version_counts_once_per_command() {
        let mut rows = Rows::loaded([(1, Note { text: "a", version: 4 })]);
        rows.put(1, 1, note("b"));
        rows.put(1, 1, note("c"));
        assert_eq!(rows.get(&1), Some(&Note { text: "c", version: 5 }));
        rows.put(2, 1, note("d"));
        assert_eq!(rows.get(&1), Some(&Note { text: "d", version: 6 }));
    }

    #[test]
    fn an_equal_row_is_no_change() {
        let mut rows = Rows::loaded([(1, Note { text: "a", version: 4 })]);
        rows.put(1, 1, note("a"));
        assert_eq!(rows.into_changed().count(), 0);
    }

    #[test]
    fn a_change_taken_back_leaves_no_trace() {
        let mut rows = Rows::loaded([(1, Note { text: "a", version: 4 })]);
        let mark = rows.mark();
        rows.put(1, 1, note("b"));
        rows.put(1, 2, note("new"));
        rows.roll_back(mark);
        assert_eq!(rows.get(&1), Some(&Note { text: "a", version: 4 }));
        assert_eq!(rows.get(&2), None);
        assert_eq!(rows.into_changed().count(), 0);
    }

    #[test]
    fn the_original_is_the_stored_row_however_often_it_changes() {
        let mut rows = Rows::loaded([(1, Note { text: "a", version: 4 })]);
        rows.put(1, 1, note("b"));
        rows.put(2, 1, note("c"));
        let changed: Vec<_> = rows.into_changed().collect();
        assert_eq!(changed[0].original, Some(Note { text: "a", version: 4 }));
    }
}
