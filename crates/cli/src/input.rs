//! Opens input files: plain or gzip, told by the first two bytes, with a count of the bytes read for progress.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use flate2::bufread::MultiGzDecoder;

/// The first bytes of every gzip member (RFC 1952, 2.3.1).
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const BUFFER_BYTES: usize = 64 * 1024;

/// An input file could not be opened or read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}: {source}", path.display())]
pub struct InputError {
    /// The file.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// How far an input was read. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ReadSoFar {
    bytes: Arc<AtomicU64>,
    /// Size of the file as stored, in bytes.
    pub bytes_total: u64,
}

impl ReadSoFar {
    /// Bytes of the stored file that were read.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// An opened input.
pub struct Input {
    /// The text, already decompressed.
    pub reader: Box<dyn BufRead + Send>,
    /// How far the stored file was read.
    pub progress: ReadSoFar,
}

struct Counting<R> {
    inner: R,
    bytes: Arc<AtomicU64>,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.bytes.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// Opens a file for reading, decompressing it when it is gzip.
///
/// # Errors
/// [`InputError`] when the file cannot be opened or its first bytes cannot be read.
pub fn open(path: &Path) -> Result<Input, InputError> {
    let failed = |source| InputError { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let bytes_total = file.metadata().map_err(failed)?.len();
    let bytes = Arc::new(AtomicU64::new(0));
    let counting = Counting { inner: file, bytes: bytes.clone() };
    let mut stored = BufReader::with_capacity(BUFFER_BYTES, counting);
    let is_gzip = stored.fill_buf().map_err(failed)?.starts_with(&GZIP_MAGIC);
    let reader: Box<dyn BufRead + Send> = if is_gzip {
        Box::new(BufReader::with_capacity(BUFFER_BYTES, MultiGzDecoder::new(stored)))
    } else {
        Box::new(stored)
    };
    Ok(Input { reader, progress: ReadSoFar { bytes, bytes_total } })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    #[test]
    fn plain_and_gzip_files_read_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let (plain, packed) = (folder.path().join("a.csv"), folder.path().join("a.csv.gz"));
        std::fs::write(&plain, "one,two\n").unwrap();
        let mut encoder = GzEncoder::new(File::create(&packed).unwrap(), Compression::fast());
        encoder.write_all(b"one,two\n").unwrap();
        encoder.finish().unwrap();
        for path in [plain, packed] {
            let mut text = String::new();
            let mut input = open(&path).unwrap();
            input.reader.read_to_string(&mut text).unwrap();
            assert_eq!(text, "one,two\n");
            assert_eq!(input.progress.bytes(), input.progress.bytes_total);
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let message = open(Path::new("/nowhere/x.csv")).err().unwrap().to_string();
        assert!(message.starts_with("cannot read /nowhere/x.csv"), "{message}");
    }
}
