//! A store that has grown: rows as the public API writes them, made by the database itself, because a million calls take too long.

use super::postgres;
use crate::{failure::Failure, output::progress::Progress};

const SQL: &str = include_str!("sql/grown.sql");
/// Items made in one transaction.
const ITEMS_AT_ONCE: u32 = 500_000;

/// Makes items `first` to `last` in the store of inventory at `url`, each with stock and an open line. Nobody may serve it meanwhile.
///
/// # Errors
/// [`Failure`] when the database refuses.
pub fn fill(url: &str, first: u32, last: u32) -> Result<(), Failure> {
    let progress = Progress::of("items made", u64::from(last));
    let mut next = first;
    while next <= last {
        let through = last.min(next.saturating_add(ITEMS_AT_ONCE - 1));
        let text = SQL.replace("{first}", &next.to_string()).replace("{last}", &through.to_string());
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("grown.sql");
        std::fs::write(&file, text)?;
        postgres::run_file(url, &file)?;
        progress.at(u64::from(through), "");
        next = through.saturating_add(1);
    }
    // What the database does by itself after so many rows would be measured else.
    postgres::query(url, "VACUUM ANALYZE")?;
    progress.finish();
    Ok(())
}
