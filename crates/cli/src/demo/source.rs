//! Where the demo's demand comes from: an Online Retail file, or the seeded generator.

use std::path::Path;

use crate::{
    demand::{CatalogueItem, DemandEvent},
    failure::Failure,
    input,
    output::progress::Progress,
    retail::{reader::RetailReader, report::RetailReport},
    world::{WorldSize, generate},
};

/// How many events are read between two moves of the bar.
const EVENTS_PER_MOVE: usize = 100;

/// The demand of a run.
#[derive(Debug)]
pub struct Source {
    /// What it is, in words; two runs of the same source have the same words.
    pub name: String,
    /// Orders and reversals in the order of time.
    pub events: Vec<DemandEvent>,
    /// The items.
    pub catalogue: Vec<CatalogueItem>,
    /// What the reader found, for a file.
    pub report: Option<RetailReport>,
}

/// Reads an Online Retail file.
///
/// # Errors
/// [`Failure`] when the file cannot be read or is of another layout.
pub fn read(path: &Path, progress: &Progress) -> Result<Source, Failure> {
    let input = input::open(path)?;
    let read_so_far = input.progress.clone();
    let mut reader = RetailReader::try_new(input.reader)?;
    let mut events = Vec::new();
    for event in reader.by_ref() {
        events.push(event?);
        if events.len() % EVENTS_PER_MOVE == 0 {
            progress.at(read_so_far.bytes(), format!("{} documents", events.len()));
        }
    }
    // A file that is not sorted by time is brought into order here; documents of one minute keep the file's order.
    events.sort_by_key(DemandEvent::at);
    let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let report = reader.report();
    let name = format!("{file} ({} bytes, {} rows)", read_so_far.bytes_total, report.counts.total());
    Ok(Source { name, events, catalogue: reader.catalogue(), report: Some(report) })
}

/// Generates a world.
#[must_use]
pub fn generated(seed: u64, size: WorldSize) -> Source {
    let world = generate(seed, size);
    let name = format!("generated world of {} lines, {} days, {} items", size.lines, size.days, size.items);
    Source { name, events: world.events, catalogue: world.catalogue, report: None }
}
