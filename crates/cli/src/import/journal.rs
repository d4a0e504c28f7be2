//! The journal of an import of orders: one line per acknowledged document, on the disk before the next one is counted.
//!
//! It is the importer's own proof of what the service acknowledged; the service must know every order in it. Resuming
//! skips what it holds; without it resuming is right too, only slower.

use std::{
    collections::HashSet,
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, Seek, SeekFrom, Write},
    path::Path,
};

/// An open journal.
#[derive(Debug)]
pub struct Journal {
    file: File,
    acknowledged: HashSet<String>,
}

impl Journal {
    /// Opens a journal, reads what it holds, and cuts off a last line that a crash left unfinished.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let mut acknowledged = HashSet::new();
        let mut end = 0_u64;
        let mut reader = BufReader::new(&file);
        let mut line = String::new();
        while reader.read_line(&mut line)? > 0 {
            if !line.ends_with('\n') {
                break;
            }
            end += line.len() as u64;
            acknowledged.insert(line.trim_end().to_owned());
            line.clear();
        }
        file.set_len(end)?;
        file.seek(SeekFrom::Start(end))?;
        Ok(Self { file, acknowledged })
    }

    /// Whether a document was acknowledged before.
    #[must_use]
    pub fn holds(&self, document: &str) -> bool {
        self.acknowledged.contains(document)
    }

    /// Appends a document and waits until the disk has it.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn append(&mut self, document: &str) -> io::Result<()> {
        self.file.write_all(format!("{document}\n").as_bytes())?;
        self.file.sync_data()?;
        self.acknowledged.insert(document.to_owned());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[test]
    fn an_unfinished_last_line_is_cut_off_and_the_rest_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        std::fs::write(&path, "orders/1\norders/2\norders/3-unfin").unwrap();
        let mut journal = Journal::open(&path).unwrap();
        assert!(journal.holds("orders/2") && !journal.holds("orders/3-unfin"));
        journal.append("orders/3").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "orders/1\norders/2\norders/3\n");
    }
}
